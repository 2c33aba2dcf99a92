"""One run at a time holds a folder: real processes, killed and stopped; a lock made old by its time."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from netsci.io.lock import LOCK, FolderHeldError, FolderLock, FolderLostError, check_lock, find_holder
from tests.io.sandbox.processes import alive, wait_until

# Holds the folder, says so, and after a line on its input says whether it holds it still.
HOLDER = """
import sys
from netsci.io.lock import FolderLock, check_lock
with FolderLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.readline()
    try:
        check_lock(sys.argv[1])
        print("still", flush=True)
    except ValueError as error:
        print(type(error).__name__, error, flush=True)
"""


def start_holder(folder):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


@pytest.fixture
def holder(tmp_path):
    process = start_holder(tmp_path)
    yield process
    process.kill()
    process.communicate()


def make_old(folder, seconds):
    then = time.time() - seconds
    os.utime(folder / LOCK, (then, then))


def test_a_folder_is_held_and_released(tmp_path):
    folder = tmp_path / "new" / "run"
    with FolderLock(folder) as lock:
        said = json.loads((folder / LOCK).read_text())
        assert {"host", "process", "start", "beat"} <= said.keys()
        assert said["process"] == os.getpid()
        with FolderLock(folder) as inner:  # a block inside of a block
            assert inner is lock
        assert find_holder(folder).process == os.getpid()
    assert list(folder.iterdir()) == []
    with pytest.raises(ZeroDivisionError), FolderLock(folder):
        raise ZeroDivisionError
    assert list(folder.iterdir()) == []


def test_another_process_is_named_with_the_mend(tmp_path, holder):
    with pytest.raises(FolderHeldError, match=rf"host .*, process {holder.pid}, .*Wait until it ends"):
        FolderLock(tmp_path).__enter__()
    make_old(tmp_path, 50)
    with pytest.raises(FolderHeldError, match=r"last sign of life (49|50|51) s ago"):
        FolderLock(tmp_path).__enter__()
    assert holder.communicate("\n")[0] == "still\n"
    with FolderLock(tmp_path):
        pass


def test_another_thread_of_the_process_is_another_run(tmp_path):
    met = []

    def enter():
        try:
            FolderLock(tmp_path).__enter__()
        except ValueError as error:
            met.append(error)

    with FolderLock(tmp_path):
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
    assert isinstance(met[0], FolderHeldError)


def test_a_thread_whose_folder_another_thread_took_over_releases_nothing(tmp_path):
    entered, leave = threading.Event(), threading.Event()

    def take_over():
        with FolderLock(tmp_path):
            entered.set()
            leave.wait(60)
            check_lock(tmp_path)

    thread = threading.Thread(target=take_over)
    with FolderLock(tmp_path) as lost:
        make_old(tmp_path, 61)
        thread.start()
        assert entered.wait(60)
        with pytest.raises(FolderLostError):
            check_lock(tmp_path)
        with FolderLock(tmp_path) as inner:  # still a block inside of a block
            assert inner is lost
    assert not find_holder(tmp_path).gone
    with pytest.raises(FolderHeldError):
        FolderLock(tmp_path).__enter__()
    leave.set()
    thread.join()
    assert list(tmp_path.iterdir()) == []


def test_who_holds_a_folder_is_read_where_nothing_can_be_written(tmp_path, holder, monkeypatch):
    def refuse(number):
        def make(**_):
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr("tempfile.TemporaryFile", make)

    make_old(tmp_path, 50)
    for number in (errno.EROFS, errno.EACCES):
        refuse(number)
        found = find_holder(tmp_path)
        assert found.process == holder.pid
        assert 49 < found.age < 55
    refuse(errno.ENOSPC)  # there one can write: its clock decides, not that of this machine
    with pytest.raises(OSError, match="No space left"):
        find_holder(tmp_path)


def test_the_lock_of_a_killed_process_is_taken_at_once(tmp_path, holder):
    holder.kill()  # and not waited for: a zombie is dead too
    assert wait_until(lambda: not alive(holder.pid))
    with FolderLock(tmp_path):
        assert find_holder(tmp_path).process == os.getpid()


def test_a_killed_process_of_another_machine_is_waited_for(tmp_path, holder):
    said = json.loads((tmp_path / LOCK).read_text())
    holder.kill()
    holder.wait()
    (tmp_path / LOCK).write_text(json.dumps({**said, "machine": "another"}))
    with pytest.raises(FolderHeldError):
        FolderLock(tmp_path).__enter__()
    make_old(tmp_path, 61)
    with FolderLock(tmp_path):
        pass


def test_a_process_with_the_number_of_a_dead_one_is_not_the_holder(tmp_path, holder):
    said = json.loads((tmp_path / LOCK).read_text())
    (tmp_path / LOCK).write_text(json.dumps({**said, "birth": "1"}))
    assert find_holder(tmp_path).gone


def test_a_stopped_process_loses_the_folder_and_notices_before_it_writes(tmp_path, holder):
    holder.send_signal(signal.SIGSTOP)
    make_old(tmp_path, 59)
    with pytest.raises(FolderHeldError):
        FolderLock(tmp_path).__enter__()
    make_old(tmp_path, 61)
    with FolderLock(tmp_path):
        before = (tmp_path / LOCK).read_text()
        holder.send_signal(signal.SIGCONT)
        said = holder.communicate("\n")[0]
        assert said.startswith(f"FolderLostError folder {str(tmp_path)!r} is not held by this run any more")
        assert f"process {os.getpid()} on" in said
        assert (tmp_path / LOCK).read_text() == before  # not touched by the loser's heartbeat or release
        check_lock(tmp_path)


def test_sigterm_releases(tmp_path, holder):
    holder.terminate()
    holder.communicate()
    assert holder.returncode == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    with FolderLock(tmp_path):
        assert signal.getsignal(signal.SIGTERM) != signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_heartbeats_make_a_lock_young_again(tmp_path, monkeypatch):
    monkeypatch.setattr("netsci.io.lock.BEAT", 0.01)
    with FolderLock(tmp_path) as lock:
        make_old(tmp_path, 55)
        assert wait_until(lambda: find_holder(tmp_path).age < 5)
        lock.check()


def test_a_deleted_lock_is_a_lost_one(tmp_path):
    with FolderLock(tmp_path / "run") as lock:
        shutil.rmtree(tmp_path / "run")
        with pytest.raises(FolderLostError, match="now nobody's"):
            lock.check()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"process": "x"}'])
def test_a_lock_that_cannot_be_read_counts_until_it_is_old(tmp_path, monkeypatch, text):
    monkeypatch.setattr("netsci.io.lock._PAUSE", 0)
    (tmp_path / LOCK).write_text(text)
    with pytest.raises(FolderHeldError, match="unknown host"):
        FolderLock(tmp_path).__enter__()
    make_old(tmp_path, 61)
    with FolderLock(tmp_path):
        pass


def test_a_removal_that_was_killed_blocks_for_a_minute_only(tmp_path):
    with FolderLock(tmp_path):
        pass
    (tmp_path / LOCK).write_text("")
    (tmp_path / f"{LOCK}-removal").touch()
    for name in ("", "-removal"):
        then = time.time() - 61
        os.utime(tmp_path / f"{LOCK}{name}", (then, then))
    with FolderLock(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [LOCK]


# Takes folders over as soon as they are there; says whether it was alone inside.
TAKER = """
import os, sys, time
from pathlib import Path
from netsci.io.lock import FolderHeldError, FolderLock, check_lock
for turn in range(int(sys.argv[2])):
    folder = Path(sys.argv[1]) / str(turn)
    while not folder.exists():
        time.sleep(0.0002)
    try:
        with FolderLock(folder):
            os.close(os.open(folder / "inside", os.O_CREAT | os.O_EXCL))
            time.sleep(0.02)
            check_lock(folder)
            (folder / "inside").unlink()
            print("won", flush=True)
    except FolderHeldError:
        print("held", flush=True)
"""


def test_of_takers_of_a_stale_lock_one_wins(tmp_path):
    turns = 10
    takers = [
        subprocess.Popen(
            [sys.executable, "-c", TAKER, str(tmp_path), str(turns)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    time.sleep(1)
    for turn in range(turns):
        (tmp_path / "next").mkdir()
        (tmp_path / "next" / LOCK).write_text("")
        make_old(tmp_path / "next", 61)
        (tmp_path / "next").rename(tmp_path / str(turn))
        time.sleep(0.1)
    said = [taker.communicate()[0].split() for taker in takers]
    assert [len(words) for words in said] == [turns] * 3  # else one died inside: it was not alone
    assert all("won" in words for words in zip(*said, strict=True))


def test_a_taker_who_comes_late_leaves_the_new_lock(tmp_path, monkeypatch):
    (tmp_path / LOCK).write_text("")
    make_old(tmp_path, 61)
    faster = []

    def find_then_wait(folder):
        found = find_holder(folder)
        if not faster:  # this one has seen the old lock; another takes the folder over before it goes on
            faster.append(start_holder(tmp_path))
        return found

    monkeypatch.setattr("netsci.io.lock.find_holder", find_then_wait)
    with pytest.raises(FolderHeldError, match="is in use by another run"):
        FolderLock(tmp_path).__enter__()
    assert faster[0].communicate("\n")[0] == "still\n"


def test_while_one_removes_an_old_lock_no_other_does(tmp_path, monkeypatch):
    monkeypatch.setattr("netsci.io.lock._PAUSE", 0)
    (tmp_path / LOCK).write_text("old")
    (tmp_path / f"{LOCK}-removal").touch()
    make_old(tmp_path, 61)
    with pytest.raises(FolderHeldError):
        FolderLock(tmp_path).__enter__()
    assert (tmp_path / LOCK).read_text() == "old"


def test_a_removal_whose_process_died_blocks_nobody(tmp_path, holder):
    (tmp_path / f"{LOCK}-removal").write_text((tmp_path / LOCK).read_text())
    holder.kill()
    holder.wait()
    with FolderLock(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_a_disk_without_links(tmp_path, holder, monkeypatch):
    def link(source, target):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", link)
    with pytest.raises(FolderHeldError):
        FolderLock(tmp_path).__enter__()
    holder.kill()
    holder.wait()
    with FolderLock(tmp_path) as lock:
        lock.check()
        assert find_holder(tmp_path).process == os.getpid()
    assert list(tmp_path.iterdir()) == []
