"""Programs with closed standard streams, foreign code in the working folder, or no working folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from netsci.io.sandbox import isolation, surroundings
from tests.io.samples import FC1, write_npz, write_torch

pytestmark = pytest.mark.skipif(not isolation.AVAILABLE, reason="this system cannot fork")

ROOT = str(Path(isolation.__file__).parents[3])
LINKS = "from netsci.io import load\nlinks = load({name!r}).graph.n_links\n"


def run(script: str, folder: Path, before: str = "") -> subprocess.CompletedProcess:
    """Run `python -c script` by a shell, in a folder, with this package on its path."""
    return subprocess.run(
        ["sh", "-c", f'{before} exec "$0" -c "$1"', sys.executable, script],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams(tmp_path, closed):
    write_torch(tmp_path / "net.pt")
    script = LINKS.format(name="net.pt") + "open('said', 'w').write(str(links))"
    done = run(script, tmp_path, f"exec {closed};")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "said").read_text() == "10"


def test_the_files_of_the_reader_have_numbers_of_their_own(tmp_path):
    write_npz(tmp_path / "net.npz")
    script = LINKS.format(name="net.npz") + (
        "from netsci.io.sandbox import isolation as i\n"
        "open('said', 'w').write(str(min(i._reader.requests, i._reader.answers, i._reader.result.fileno())))"
    )
    assert run(script, tmp_path, "exec <&- >&- 2>&-;").returncode == 0
    assert int((tmp_path / "said").read_text()) > 2


def test_code_beside_the_file_does_not_run(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("layers/dense/vars/0", data=FC1)
    in_reader = "import os\nif os.environ.get('CUDA_VISIBLE_DEVICES') == '': "
    for name in ("h5py", "torch", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(f"{in_reader}open({str(tmp_path / 'ran')!r}, 'w')\n")
    done = run(LINKS.format(name="x.h5") + "print(links)", tmp_path)
    assert (done.stdout, done.stderr) == ("6\n", "")
    assert not (tmp_path / "ran").exists()


def test_a_working_folder_that_is_gone(tmp_path):
    path, folder = write_npz(tmp_path / "net.npz"), tmp_path / "gone"
    folder.mkdir()
    script = f"import os; os.rmdir({str(folder)!r})\n" + LINKS.format(name=str(path)) + "print(links)"
    done = run(script, folder)
    assert (done.stdout, done.stderr) == ("10\n", "")


def test_the_module_path_is_handed_on_without_the_working_folder(tmp_path, monkeypatch):
    here = tmp_path / "here"
    (here / "lib").mkdir(parents=True)
    (tmp_path / "link").symlink_to(here)
    monkeypatch.chdir(here)
    given = ["", ".", str(here), str(tmp_path / "link"), "lib", "/elsewhere", 7]
    monkeypatch.setattr(sys, "path", given)
    handed = surroundings.environment()["PYTHONPATH"].split(os.pathsep)
    assert handed == [str(here / "lib"), "/elsewhere"]
    monkeypatch.chdir(ROOT)  # the package lies here: without its folder the reader could not start
    monkeypatch.setattr(sys, "path", [""])
    assert surroundings.environment()["PYTHONPATH"] == ROOT
