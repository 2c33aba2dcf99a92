"""What a sweep does with the outcomes of its workers, and where these work."""

import os
import shutil
from concurrent.futures import CancelledError

import pytest

from netsci.sweep import ClusterError, Record, record_path, running, worker
from netsci.sweep.progress import show_progress
from tests.sweep.cluster_tasks import make_cell as cell


class Ended:
    """A future of a run that has ended."""

    def __init__(self, outcome, status="finished"):
        self.outcome, self.status = outcome, status

    def result(self, timeout):
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def cancel(self):
        pass


@pytest.fixture
def one_sweep(tmp_path):
    """A sweep of a cell that this client holds for a worker that cannot see the results folder."""

    def fail(made):
        raise OSError("a full disk")

    made = cell(0, tmp_path)
    with show_progress([made], {}) as progress:
        swept = running.Sweep(tmp_path / "out", [made], progress, fail)
        assert swept.next_cell(hold=True) == made
        yield swept, made
        for held in list(swept.locks):  # as Sweep.run does at its end, whatever happened
            swept.release(held)


def test_an_error_of_the_disk_is_no_death_of_a_worker(one_sweep, monkeypatch):
    swept, made = one_sweep
    with pytest.raises(OSError, match="a full disk"):
        swept.collect("tcp://a", made, Ended(("done", None)))
    assert list(swept.locks) == [made]  # until the sweep ends

    def refuse(record, path):
        raise OSError("no space left")

    monkeypatch.setattr(Record, "save", refuse)
    swept.collect("tcp://a", made, Ended(("record", Record({}))))
    assert swept.failed == {made: "OSError: no space left"}
    assert swept.deaths == {}
    assert swept.locks == {}


@pytest.mark.parametrize("error", [OSError("closed"), TimeoutError()])
def test_an_outcome_that_does_not_arrive_is_a_death(one_sweep, error):
    swept, made = one_sweep
    swept.collect("tcp://a", made, Ended(error))
    assert swept.deaths == {made: 1}
    assert list(swept.waiting) == [made]


def test_an_outcome_that_was_lost_with_the_scheduler_is_told(one_sweep):
    swept, made = one_sweep
    with pytest.raises(ClusterError, match="the scheduler does not answer any more"):
        swept.collect("tcp://a", made, Ended(CancelledError()))


def test_a_client_whose_cell_was_taken_over_writes_no_record(one_sweep):
    swept, made = one_sweep
    shutil.rmtree(swept.locks[made].folder)
    swept.collect("tcp://a", made, Ended(("record", Record({}))))
    assert not record_path(swept.folder, made).exists()
    assert list(swept.waiting) == [made]  # and looks later whether the other has written it


def test_a_worker_that_lost_its_folder_sends_no_record(tmp_path, monkeypatch):
    def lose_folder(made, kept):
        shutil.rmtree(kept)
        return Record({})

    monkeypatch.setattr(worker, "make_record", lose_folder)
    kind, _ = worker.run_one(lambda: worker.run_unseen(cell(0, tmp_path), tmp_path / "kept"))
    assert kind == "held"


def test_a_private_folder_belongs_to_this_user_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    own = worker.find_private_folder()
    assert own.stat().st_mode & 0o777 == 0o700
    assert worker.find_private_folder() == own
    own.chmod(0o777)  # where others can write
    assert worker.find_private_folder() != own
    own.rmdir()
    (tmp_path / "another's").mkdir()
    own.symlink_to(tmp_path / "another's")
    assert worker.find_private_folder() not in (own, tmp_path / "another's")
    own.unlink()
    own.mkdir(mode=0o700)
    monkeypatch.setattr("os.getuid", lambda: own.stat().st_uid + 1)
    (tmp_path / f"netsci-cells-{os.getuid()}").mkdir(mode=0o700)  # whose owner is another user
    assert worker.find_private_folder().name.startswith(f"netsci-cells-{os.getuid()}-")
