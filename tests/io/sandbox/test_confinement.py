"""What the process that reads files may take, see and do."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from netsci.io import CheckpointError, load
from netsci.io.sandbox import isolation, memory, surroundings
from netsci.io.sandbox.isolation import last_usage, stop
from tests.io.samples import write_npz

pytestmark = [
    pytest.mark.skipif(not isolation.AVAILABLE, reason="this system cannot fork"),
    pytest.mark.skipif(sys.platform != "linux", reason="asks Linux"),
]
ROOT = str(Path(isolation.__file__).parents[3])


def run(script: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


LIMIT = """
import sys, resource
from pathlib import Path
from netsci.io.sandbox import _reader
free = int(sys.argv[2])
if free:
    _reader.free_memory = lambda: free
path = Path(sys.argv[1])
print(_reader._limit(path, path.stat().st_size, 60, 15))
"""


def test_a_file_takes_no_more_than_is_free_whatever_it_claims(tmp_path):
    path = tmp_path / "claim.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("w.npy", os.urandom(3_000_000))
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x01\x02") + 24
    content[place : place + 4] = (2**32 - 2).to_bytes(4, "little")  # it claims to unpack to 4 GiB
    path.write_bytes(content)
    assert int(run(LIMIT, path, 0)) <= memory.free_memory() * 1.1
    assert int(run(LIMIT, path, 2**30)) == int(0.9 * 2**30)
    wide = int(run(LIMIT, path, 2**50))  # an archive of 3 MB cannot hold more than 500 times as much
    assert wide == 2**30 + 32 * (500 * path.stat().st_size + 2**24)
    assert int(run(LIMIT, write_npz(tmp_path / "small.npz"), 2**50)) < 1.1 * 2**30


@pytest.mark.parametrize("dtype", ["?", "i1", "f4"])
def test_a_mask_of_zeros_that_shrinks_a_thousandfold_is_read(tmp_path, dtype):
    path, mask = tmp_path / "zeros.npz", np.zeros((6000, 5000), dtype)
    mask[7, 3] = 1
    np.savez_compressed(path, **{"fc.mask" if dtype == "?" else "fc": mask})
    assert mask.nbytes > 500 * path.stat().st_size
    assert load(path).graph.n_links == 1


def test_a_full_mask_that_shrinks_as_much_is_read(tmp_path):
    np.savez_compressed(tmp_path / "ones.npz", **{"fc.mask": np.ones((7000, 6000), np.int8)})
    assert load(tmp_path / "ones.npz").graph.n_links == 42_000_000


def _write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_what_is_left_in_containers(tmp_path):
    groups = tmp_path / "cgroup"
    groups.write_text("0::/a/b\n")
    names = {"memory__max": "1000", "memory__current": "900", "memory__stat": "anon 1\ninactive_file 300\n"}
    _write(tmp_path / "v2", memory__max="max", memory__current="5", memory__stat="inactive_file 0\n")
    _write(tmp_path / "v2" / "a", **names)
    _write(tmp_path / "v2" / "a" / "b", **{**names, "memory__max": "max"})
    assert list(memory._free_in_groups(groups, tmp_path / "v2")) == [400]
    groups.write_text("9:cpu,memory:/docker/x\n3:cpu:/\n")
    limits = {"memory__limit_in_bytes": "5000", "memory__usage_in_bytes": "4500"}
    _write(tmp_path / "v1" / "memory", **limits, memory__stat="inactive_file 7\ntotal_inactive_file 250\n")
    assert list(memory._free_in_groups(groups, tmp_path / "v1")) == [750]  # the path is that of the host
    assert list(memory._free_in_groups(tmp_path / "none", tmp_path)) == []
    assert 0 < memory.free_memory() < 2**50


def test_memory_is_counted_where_it_cannot_be_limited(tmp_path):
    assert 2**20 < memory.resident_memory(os.getpid()) < 2**40
    assert memory.resident_memory(2**22 + 1) is None
    library = tmp_path / "library"
    _write(
        library,
        safetensors__py="import time\ndef safe_open(*_, **__):\n    _ = b'x' * 2**31\n    time.sleep(9)",
    )
    header = b'{"a.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}'
    path = tmp_path / "net.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    script = (
        "import os, sys\n"
        "from netsci.io.sandbox import _reader\n"
        "_reader._address_space = lambda: 0\n"
        "requests, _ = os.pipe()\n"
        "reader = _reader._Reader(requests, os.memfd_create('x'))\n"
        "request = {'path': sys.argv[1], 'size': 71, 'seconds': 30, 'cpu': 15, 'sha256': '', 'options': {}}\n"
        "answer = reader.serve(request)\n"
        "print(answer['signal'], answer['late'], answer['seconds'] < 8, answer['unlimited'])"
    )
    script = f"import sys; sys.path.insert(0, {str(library)!r})\n" + script
    assert run(script, path).split() == ["9", "False", "True", "False"]
    blind = script.replace("requests, _", "_reader.resident_memory = lambda _: None\nrequests, _")
    assert run(blind.replace("'cpu': 15", "'cpu': 1").replace("2**31", "1"), path).split()[-1] == "True"


def test_what_is_not_limited_is_said(tmp_path, monkeypatch):
    path, usual = write_npz(tmp_path / "net.npz"), isolation._ask

    def answer(*arguments):
        found, reader = usual(*arguments)
        return {**found, "unlimited": True}, reader

    assert not any("memory was not limited" in note for note in load(path).notes)
    monkeypatch.setattr(isolation, "_ask", answer)
    assert any("memory was not limited" in note for note in load(path).notes)


CONFINED = """
import os, socket, sys
from pathlib import Path
from netsci.io.sandbox.confine import confine
path = Path(sys.argv[1])
version = confine([path])
said = [str(version), Path("/proc/self/status").exists() and "?"]
def attempt(what):
    try:
        what()
        return "done"
    except OSError as error:
        return type(error).__name__
import colorsys, ctypes
with socket.socket() as listening:
    print(version)
    print(attempt(path.read_bytes))
    print(attempt((path.parent / "other").read_bytes))
    print(attempt(lambda: os.listdir(path.parent)))
    print(attempt(lambda: path.write_bytes(b"")))
    print(attempt((path.parent / "new").touch))
    print(attempt(path.unlink))
    print(attempt(lambda: os.kill(os.getppid(), 0)))
    print(attempt(lambda: listening.bind(("127.0.0.1", 0))))
    print(ctypes.CDLL(None).prctl(39, 0, 0, 0, 0))
"""


def test_a_confined_process_reads_its_file_and_no_other(tmp_path):
    for name in ("net", "other"):
        (tmp_path / name).write_bytes(b"1")
    version, *said, privileges = run(CONFINED, tmp_path / "net").split()
    assert privileges == "1"  # it can gain none
    if version == "0":
        pytest.skip("this kernel has no Landlock")
    assert said[:6] == ["done", *["PermissionError"] * 5]
    assert said[6] == ("PermissionError" if int(version) >= 6 else "done")
    assert said[7] == ("PermissionError" if int(version) >= 4 else "done")
    assert (tmp_path / "net").read_bytes() == b"1"


def test_the_reader_gets_no_keys(monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "abc")
    monkeypatch.setenv("LANG", "C.UTF-8")
    found = surroundings.environment()
    assert "SECRET_TOKEN" not in found
    assert found["LANG"] == "C.UTF-8"
    assert found["CUDA_VISIBLE_DEVICES"] == ""
    stop()
    np.save("/dev/null", 1)  # nothing of the program's own changes
    assert os.environ["SECRET_TOKEN"] == "abc"


@pytest.mark.parametrize("suffix", ["graphml", "gexf"])
def test_one_tag_is_bounded_and_a_long_text_is_not(tmp_path, suffix):
    path, name = tmp_path / f"x.{suffix}", "a" * 4_000_000
    start = {
        "graphml": '<graphml><graph edgedefault="directed">',
        "gexf": '<gexf><graph defaultedgetype="directed"><nodes>',
    }[suffix]
    end = {"graphml": "</graph></graphml>", "gexf": "</nodes></graph></gexf>"}[suffix]
    for long in (f'<node id="{name}"/>', f"<!-- {name} --><node id='b'/>"):
        path.write_text(start + long + end)
        with pytest.raises(CheckpointError, match=r"a tag, comment or instruction .* 1,048,576"):
            load(path)
        assert last_usage().cpu_seconds < 3
    short = name[:300_000]
    path.write_text(f'{start}<node id="{short}"/><node id="b"/><!-- {short} -->{" " * 3_000_000}{end}')
    assert load(path).graph.n_nodes == 2


def test_the_time_for_many_arrays_grows_as_their_number(tmp_path):
    from safetensors.numpy import save_file

    seconds = []
    for count in (3_000, 12_000):
        arrays = {f"layers.{i}.weight": np.eye(2, dtype="f4") for i in range(count)}
        save_file(arrays, tmp_path / "many.safetensors")
        assert len(load(tmp_path / "many.safetensors").graph.projections) == count
        seconds.append(last_usage().cpu_seconds)
    assert seconds[1] < 10 * seconds[0]  # 16 times where each is compared with all; on a busy machine 7
