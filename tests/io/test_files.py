"""Files written whole: permissions, links, special files, text that UTF-8 lacks."""

import os
import stat

import pytest

from netsci.io import load
from netsci.io.files import write_atomically
from tests.io.samples import write_npz


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_new_file_has_the_permissions_of_the_umask(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "new", b"1")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o666 & ~mask


def test_an_old_file_keeps_its_permissions(tmp_path):
    old = tmp_path / "old"
    old.write_bytes(b"1")
    old.chmod(0o640)
    write_atomically(old, b"2")
    assert (old.read_bytes(), stat.S_IMODE(old.stat().st_mode)) == (b"2", 0o640)


def test_a_symbolic_link_stays_and_its_target_is_written(tmp_path):
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "target", tmp_path / "link"
    link.symlink_to(target)
    for content in (b"1", b"2"):  # first dangling, then not
        assert write_atomically(link, content) == link
        assert link.is_symlink()
        assert target.read_bytes() == content


def test_a_pipe_is_refused_and_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="not a regular file: give the name of a new file"):
        write_atomically(pipe, b"1")
    assert pipe.is_fifo()
    assert len(list(tmp_path.iterdir())) == 1


def test_names_that_are_no_text(tmp_path):
    path = tmp_path / os.fsdecode(b"bad\xff2.npz")
    try:
        write_npz(path)
    except OSError:
        pytest.skip("this file system takes no such names")
    assert load(path).name == "bad?2.npz"
    assert write_atomically(tmp_path / "page", f"{path.name} é").read_bytes() == "bad?2.npz é".encode()
