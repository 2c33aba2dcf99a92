"""The process that reads files: what goes wrong in it stays in it, and it goes when it should."""

from __future__ import annotations

import ast
import json
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from netsci.io import CheckpointError
from netsci.io.files import sha256
from netsci.io.loaded import Loaded
from netsci.io.parse import parse
from netsci.io.sandbox import isolation
from netsci.io.sandbox.isolation import last_usage, load_isolated, stop
from tests.io.samples import FC1, WRITERS, write_npy, write_npz, write_torch
from tests.io.sandbox.processes import alive, children, wait_until

pytestmark = pytest.mark.skipif(not isolation.AVAILABLE, reason="this system cannot fork")

# In place of the safetensors library: does what the file is called after.
BROKEN = """
import os, signal, sys, time

def is_open(number):
    try:
        return bool(os.fstat(number))
    except OSError:
        return False

def safe_open(path, framework):
    what = os.path.basename(path)
    if what.startswith("SIG"):
        os.kill(os.getpid(), getattr(signal, what))
    elif what == "memory":
        bytearray(2**31)
    elif what == "torch_memory":
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 2 TB")
    elif what == "spin":
        while True:
            pass
    elif what == "sleep":
        time.sleep(60)
    elif what == "close":
        os.closerange(0, 64)
        time.sleep(60)
    elif what == "exit":
        os._exit(3)
    elif what == "noise":
        print("not an answer")
        os.write(1, b"nor this\\n")
        os.write(2, b"nor this\\n")
        sys.stdin.read()
    elif what == "leftover":
        if os.fork() == 0:
            time.sleep(60)
    elif what == "limits":
        import resource
        names = ("RLIMIT_CORE", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_CPU", "RLIMIT_AS", "RLIMIT_FSIZE")
        found = {name: resource.getrlimit(getattr(resource, name)) for name in names}
        open_files = [number for number in range(4096) if is_open(number)]
        raise type(repr((found, open_files)), (Exception,), {})
    import contextlib
    return contextlib.nullcontext()
"""


def read(path: Path, **options) -> Loaded:
    return load_isolated(path, sha256(path), **options)


def refused(path: Path, pattern: str) -> CheckpointError:
    with pytest.raises(CheckpointError, match=pattern) as caught:
        read(path)
    assert caught.value.path == path
    return caught.value


def reader_pid() -> int:
    assert isolation._reader
    return isolation._reader.process.pid


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """Return a function that writes a safetensors file whose reading does what its name says."""
    library, files = tmp_path_factory.mktemp("library"), tmp_path_factory.mktemp("files")
    (library / "safetensors.py").write_text(BROKEN)
    usual = isolation.environment

    def environment() -> dict[str, str]:
        found = usual()
        return {**found, "PYTHONPATH": f"{library}{os.pathsep}{found['PYTHONPATH']}"}

    stop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(isolation, "environment", environment)
        yield lambda what: write_safetensors_here(files / what)
        stop()


def write_safetensors_here(path: Path) -> Path:
    header = json.dumps({"fc.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + np.arange(6, dtype=np.float32).tobytes())
    return path


@pytest.mark.parametrize("format", WRITERS)
def test_a_file_read_by_the_process_is_the_file_read_here(tmp_path, format):
    path = WRITERS[format](tmp_path / "net.bin")
    loaded, here = read(path), parse(path, sha256(path))
    assert loaded.graph == here.graph
    assert loaded.path == path
    assert (loaded.kind, loaded.notes, loaded.sha256) == (here.kind, here.notes, here.sha256)


def test_refusals_are_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, content in {"page": b"<!DOCTYPE html><html>", "cut": b"PK\x03\x04", "text": bytes(99)}.items():
        path = Path(name)  # relative: the process has a working folder of its own
        path.write_bytes(content)
        with pytest.raises(CheckpointError) as expected:
            parse(path, "")
        error = refused(path, ".")
        assert (error.reason, error.mend) == (expected.value.reason, expected.value.mend)
    path = write_torch(Path("whole"), {"fc.weight": Path("x")})
    refused(path, "pickles pathlib")


def test_paths_that_are_no_text(tmp_path):
    path = tmp_path / os.fsdecode(b"net \xff\n\xe2\x82\xac.npy")
    assert np.array_equal(read(write_npy(path)).graph.projections[0].weights.toarray(), FC1)


def test_one_process_serves_all(tmp_path):
    path = write_npz(tmp_path / "net.npz")
    read(path)
    pid = reader_pid()
    for _ in range(3):
        read(path)
    assert reader_pid() == pid
    assert children(pid) == []  # no zombies either
    usage = last_usage()
    assert 0 < usage.cpu_seconds < usage.seconds < 30
    assert 2**24 < usage.baseline_bytes <= usage.peak_bytes < 2**30


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("SIGSEGV", r"crashed the process that read it \(SIGSEGV\)"),
        ("SIGABRT", r"crashed the process that read it \(SIGABRT\)"),
        ("SIGKILL", "needs more memory than there is"),
        ("SIGXCPU", "takes more than 15 s of the processor's time, its limit"),
        ("memory", "needs more memory than 1.0 GiB, its limit"),
        ("torch_memory", "needs more memory than 1.0 GiB, its limit"),
        ("exit", r"crashed the process that read it \(no answer\)"),
    ],
)
def test_what_goes_wrong_in_a_parser_stays_there(broken, what, pattern):
    calm = broken("calm")
    assert read(calm).graph.n_links == 5
    pid = reader_pid()
    refused(broken(what), pattern)
    assert read(calm).graph.n_links == 5
    assert reader_pid() == pid
    assert children(pid) == []


@pytest.mark.parametrize("what", ["sleep", "spin", "close"])
def test_time_is_limited(broken, monkeypatch, what):
    calm = broken("calm")
    read(calm)
    pid = reader_pid()
    monkeypatch.setattr(isolation, "BASE_SECONDS", 0.4)
    begin = time.monotonic()
    refused(broken(what), "takes more than 0 s, its limit")
    assert time.monotonic() - begin < 30
    monkeypatch.undo()
    assert read(calm).graph.n_links == 5
    assert reader_pid() == pid
    assert children(pid) == []


def test_time_of_the_processor_is_limited_more(broken, monkeypatch):
    monkeypatch.setattr(isolation, "BASE_CPU_SECONDS", 0.9)
    refused(broken("spin"), "takes more than 1 s of the processor's time, its limit")
    assert 0.8 < last_usage().cpu_seconds < 5


def test_what_a_parser_prints_is_no_answer(broken, capfd):
    assert read(broken("noise")).graph.n_links == 5
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_limits_that_a_parser_meets(broken):
    reason = refused(broken("limits"), "damaged").reason
    found, open_files = ast.literal_eval(reason[len("it is damaged or truncated (") : -1])
    assert found["RLIMIT_CORE"] == (0, 0)
    assert found["RLIMIT_NOFILE"] == (64, 64)
    assert found["RLIMIT_NPROC"] == (0, 0)
    assert 15 <= found["RLIMIT_CPU"][0] <= 16
    assert 2**30 < found["RLIMIT_AS"][1] < 2**33
    assert 2**30 < found["RLIMIT_FSIZE"][1] < 2**31
    assert len(open_files) <= 6  # three that are nothing, the network, the pipe and the file


def test_a_process_that_is_gone_is_replaced(tmp_path):
    path = write_npz(tmp_path / "net.npz")
    graph = read(path).graph
    pid = reader_pid()
    os.kill(pid, signal.SIGKILL)
    assert read(path).graph == graph
    assert reader_pid() != pid
    stop()
    stop()
    assert read(path).graph == graph


def test_a_process_that_cannot_start(tmp_path, monkeypatch):
    path = write_npz(tmp_path / "net.npz")
    stop()
    for program in ("/nowhere/python", "", None, "/bin/false"):
        monkeypatch.setattr(sys, "executable", program)
        error = refused(path, "cannot be started")
        assert "isolate=False" in error.mend
    assert isolation._reader is None


def test_threads_get_their_own_networks(tmp_path):
    paths = []
    for size in range(1, 9):
        path = tmp_path / f"{size}.npy"
        np.save(path, np.eye(size, size + 1))
        paths.append(path)
    with ThreadPoolExecutor(8) as pool:
        loaded = list(pool.map(read, paths * 2))
    assert [found.graph.n_links for found in loaded] == list(range(1, 9)) * 2
    assert [found.graph.projections[0].shape for found in loaded[:2]] == [(1, 2), (2, 3)]


def test_an_interrupt_takes_the_parser_with_it(broken):
    calm, slow = broken("calm"), broken("sleep")
    read(calm)
    pid, seen = reader_pid(), []

    def press():
        assert wait_until(lambda: seen.extend(children(pid)) or seen)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    # a shell starts what it puts in the background deaf to interrupts
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            read(slow)
        thread.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert wait_until(lambda: not any(map(alive, seen)))
    assert not alive(pid)
    assert read(calm).graph.n_links == 5


def test_without_fork_the_notes_say_so(tmp_path, monkeypatch):
    path = write_npz(tmp_path / "net.npz")
    usual = read(path)
    monkeypatch.setattr(isolation, "AVAILABLE", False)
    monkeypatch.setattr(isolation, "_ask", None)
    loaded = read(path)
    assert loaded.graph == usual.graph
    assert loaded.notes[:-1] == usual.notes
    assert "read in this process" in loaded.notes[-1]
