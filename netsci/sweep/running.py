"""Run the cells that have no record yet: one after another in this process, or one on each worker.

A worker that dies takes nobody with it: its cell is run again, and reported failed, by name, when a second
worker dies of it. Two clients on one folder share the work: each run holds the lock of its partial folder.
For a worker that cannot see the folder of the sweep, the client holds it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from netsci.arguments import (
    as_whole,
    check_callable,
    check_iterable,
    check_mapping,
    check_path,
    check_text,
    shorten,
)
from netsci.io.lock import FolderLock
from netsci.sweep.cells import Cell
from netsci.sweep.cluster import PATIENCE, ClusterError, open_client
from netsci.sweep.progress import Progress, show_progress
from netsci.sweep.records import DamagedRecordError, Record
from netsci.sweep.store import (
    FOLDERS,
    find_record,
    load_record,
    partial_path,
    record_path,
    run_and_save,
    take_record,
)
from netsci.sweep.worker import Outcome, run_on_worker, run_one

if TYPE_CHECKING:
    from distributed import Client, Future

DEATHS = 2  # of workers under one cell, then it has failed
HELD_PAUSE = 2.0  # seconds until a cell that another process runs is looked at again
Seconds = Mapping[Cell, float]
Done = Callable[[Cell], None]


class FailedCellsError(RuntimeError):
    """Some cells have failed; all others have their records."""


class DamagedRecordsError(RuntimeError):
    """Records that take hours to make are damaged: nothing was run, so that none is made again unasked."""

    def __init__(self, errors: Sequence[DamagedRecordError]) -> None:
        lines = [f"- {error.path}: {error.why}" for error in errors]
        mend = "Restore each from a copy (git checkout), or delete it and ask for its run"
        super().__init__("\n".join([f"{len(lines)} records of long runs are damaged. {mend}:", *lines]))


def run_cells(
    cells: Iterable[Cell],
    folder: str | Path,
    *,
    jobs: int = 1,
    cluster: str = "local",
    seconds: Seconds | None = None,
    done: Done | None = None,
) -> dict[Cell, Record]:
    """Run the cells that have no record yet, and return the records of all.

    folder : of the records. Start again with the same folder after a fault: what is there is not run again.
    jobs : workers of this machine ("local"; one is this process), or jobs to ask for ("slurm:...").
    cluster : "local", a scheduler's address, or "slurm:" with options; see `open_client`.
    seconds : what runs are expected to take, for the estimate of the time left on stderr.
    done : called with each cell that has a record.

    A damaged record is put aside, named, and made again; DamagedRecordsError names all that are kept, which
    take hours, and nothing is run.

    Raises FailedCellsError, after all others are done, if cells failed, ClusterError if there is no such
    cluster, or it ends, TypeError for what is no cell, and ValueError for jobs below 1.
    """
    if as_whole(jobs, "jobs") < 1:
        raise ValueError(f"jobs must be at least 1, the number of workers; got {jobs}")
    check_path(folder, "folder")
    check_text(cluster, "cluster")
    check_mapping(seconds, "seconds")
    if done is not None:
        check_callable(done, "done", "a function of a cell, or None")
    check_iterable(cells, "cells", "a list of Cells, which Cell.of and netsci.train.recipe_cell make")
    folder, wanted = Path(folder).resolve(), list(cells)
    if strange := [one for one in wanted if not isinstance(one, Cell)]:
        raise TypeError(
            f"cells must be Cells, which Cell.of and netsci.train.recipe_cell make; got {shorten(strange[0])}"
        )
    wanted = list(dict.fromkeys(wanted))
    missing, found, lost = [], {}, []
    for cell in wanted:
        try:
            record = take_record(folder, cell, lambda line: print(line, file=sys.stderr))
        except DamagedRecordError as error:
            lost.append(error)
            continue
        if record is None:
            missing.append(cell)
        else:
            found[cell] = record
            if done:
                done(cell)
    if lost:
        raise DamagedRecordsError(lost)
    if missing:
        with show_progress(missing, seconds or {}) as progress:
            sweep = Sweep(folder, missing, progress, done)
            if cluster == "local" and (jobs <= 1 or len(missing) == 1):
                sweep.run_here()
            else:
                with open_client(cluster, min(jobs, len(missing))) as client:
                    sweep.run_on(client, shared=cluster == "local")
        if sweep.failed:
            counted = f"{len(sweep.failed)} of {len(wanted)} runs failed; the others are done"
            lines = [f"- {cell.name}: {why}" for cell, why in sweep.failed.items()]
            raise FailedCellsError("\n".join([f"{counted}. Start again to try these anew:", *lines]))
    return {cell: found[cell] if cell in found else load_record(folder, cell) for cell in wanted}


@dataclass
class Sweep:
    """The cells still to be run, and why others failed.

    later : when to look again at cells that other processes run. deaths : of workers, by the cell they ran.
    blind : addresses of workers that cannot see the folder of the sweep. locks : of the cells that they run.
    """

    folder: Path
    missing: Sequence[Cell]
    progress: Progress
    done: Done | None
    failed: dict[Cell, str] = field(default_factory=dict)
    later: dict[Cell, float] = field(default_factory=dict)
    deaths: dict[Cell, int] = field(default_factory=dict)
    blind: set[str] = field(default_factory=set)
    locks: dict[Cell, FolderLock] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.waiting = deque(self.missing)

    def next_cell(self, *, hold: bool = False) -> Cell | None:
        """Return a cell to run now, None if there is none; count those that another client has run.

        hold : hold the cell's partial folder, until `release`.
        """
        for _ in range(len(self.waiting)):
            cell = self.waiting.popleft()
            if self.later.get(cell, 0) > time.monotonic():
                self.waiting.append(cell)
                continue
            outcome = run_one(partial(self.hold, cell)) if hold else ("done", None)
            if outcome[0] != "done" or find_record(self.folder, cell):
                self.take(cell, outcome)
                self.release(cell)
                continue
            self.progress.start(cell)
            return cell
        return None

    def hold(self, cell: Cell) -> None:
        """Hold the partial folder of a cell, for a worker that cannot see it."""
        self.locks[cell] = FolderLock(partial_path(self.folder, cell)).__enter__()

    def release(self, cell: Cell) -> None:
        """Release the partial folder of a cell if this client holds it."""
        if (lock := self.locks.pop(cell, None)) is not None:
            lock.__exit__()
            with contextlib.suppress(OSError):
                lock.folder.rmdir()  # unless it holds what lets the run go on

    def save(self, cell: Cell, record: Record) -> None:
        """Write the record that a worker sent, unless there is one. The client must hold the cell."""
        self.locks[cell].check()
        if find_record(self.folder, cell) is None:
            record.save(record_path(self.folder, cell))
        shutil.rmtree(self.locks[cell].folder, ignore_errors=True)

    def take(self, cell: Cell, outcome: Outcome) -> None:
        """Take what a run returned."""
        kind, value = outcome
        if kind == "record":
            kind, value = run_one(partial(self.save, cell, value))
        if kind == "held":
            if cell not in self.later:
                self.progress.say(f"{cell.name}: waiting for {value}, which runs it")
            self.later[cell] = time.monotonic() + HELD_PAUSE
            self.waiting.append(cell)
            self.progress.stop(cell)
            return
        self.progress.end(cell)
        if kind == "failed":
            self.failed[cell] = value.rstrip().splitlines()[-1]
            self.progress.say(f"{cell.name} {dict(cell.parameters)} failed: {value}")
            return
        if self.done:
            self.done(cell)

    def run_again(self, cell: Cell) -> None:
        """Put a cell first in the line: its run came to nothing."""
        self.progress.stop(cell)
        self.waiting.appendleft(cell)

    def run_here(self) -> None:
        """Run the cells in this process, one after another."""
        while (cell := self.next_cell()) or self.waiting:
            if cell is None:
                time.sleep(0.1)
            else:
                self.take(cell, run_one(partial(run_and_save, cell, self.folder)))

    def run_on(self, client: Client, *, shared: bool) -> None:
        """Run the cells on a cluster's workers, one at a time on each.

        shared : whether the workers are known to see the sweep's folder; else each looks for a file there.

        Raises ClusterError if the scheduler dies, or does not answer for PATIENCE seconds.
        """
        marker = None if shared else make_marker(self.folder)
        topic = f"cells-{client.id}"
        running: dict[str, tuple[Cell, Future]] = {}
        environment = {name: value for name, value in os.environ.items() if name.startswith("NETSCI_")}
        client.subscribe_topic(topic, lambda event: self.progress.say(event[1]))
        try:
            while running or self.waiting:
                workers = find_workers(client)
                for worker in list(running):
                    if running[worker][1].done() or worker not in workers:
                        self.collect(worker, *running.pop(worker))
                for worker in sorted(workers - set(running)):
                    if (cell := self.next_cell(hold=worker in self.blind)) is None:
                        break
                    held, deaths = cell in self.locks, self.deaths.get(cell, 0)
                    arguments = (cell, self.folder, marker, held, deaths, environment, topic)
                    where = {"workers": [worker], "allow_other_workers": False}
                    name = f"{cell.name}-{uuid.uuid4().hex}"
                    running[worker] = (cell, client.submit(run_on_worker, *arguments, key=name, **where))
                self.progress.tick(len(workers))
                wait_for_one([future for _, future in running.values()])
        finally:
            for cell in list(self.locks):
                self.release(cell)
            if marker is not None:
                marker.unlink(missing_ok=True)

    def collect(self, worker: str, cell: Cell, future: Future) -> None:
        """Take the outcome of a run that has ended, or count the death of its worker."""
        outcome = find_outcome(future)
        future.cancel()
        if outcome is None:
            self.deaths[cell] = self.deaths.get(cell, 0) + 1
            if self.deaths[cell] < DEATHS:
                self.progress.say(f"{cell.name}: its worker at {worker} died; it is run again")
                self.run_again(cell)
            else:
                why = f"its worker died {DEATHS} times, the last one at {worker}"
                self.take(cell, ("failed", why))
        elif outcome[0] == "unseen":
            self.blind.add(worker)
            self.run_again(cell)
        else:
            self.take(cell, outcome)
        self.release(cell)


def find_outcome(future: Future) -> Outcome | None:
    """Return what a run that has ended came to, None if its worker died."""
    from distributed import KilledWorker

    if future.status == "finished":
        try:
            outcome: Outcome = future.result(timeout=PATIENCE)
        except OSError:  # the worker died while the outcome was on its way
            return None
        except CancelledError as error:
            raise lost_scheduler(error) from error
        return outcome
    problem = future.exception() if future.status == "error" else None
    if problem is None or isinstance(problem, KilledWorker):
        return None
    return "failed", f"{type(problem).__name__}: {problem}"


def find_workers(client: Client) -> set[str]:
    """Return the addresses of a cluster's workers.

    Raises ClusterError if the scheduler does not answer for PATIENCE seconds.
    """
    try:
        return set(client.sync(client.scheduler.ncores, callback_timeout=PATIENCE))
    except OSError as error:
        raise lost_scheduler(error) from error


def wait_for_one(futures: Sequence[Future]) -> None:
    """Wait until one of the runs has ended, half a second at most.

    Raises ClusterError if the scheduler dies.
    """
    from distributed import wait

    if not futures:
        time.sleep(0.5)
        return
    try:
        wait(futures, 0.5, "FIRST_COMPLETED")
    except TimeoutError:
        pass
    except CancelledError as error:  # this client never cancels a run that it waits for
        raise lost_scheduler(error) from error


def lost_scheduler(error: Exception) -> ClusterError:
    """Return the error of a scheduler that has died, or hangs."""
    why = str(error).strip().splitlines()[-1] if str(error).strip() else f"no answer in {PATIENCE} s"
    return ClusterError(
        f"the scheduler does not answer any more ({why}): the records made so far stay; start again"
    )


def make_marker(folder: Path) -> Path:
    """Make a file in the folder of the sweep, by which a worker knows whether it sees the folder."""
    room = folder / FOLDERS[1]
    room.mkdir(parents=True, exist_ok=True)
    marker = room / f".sweep-{uuid.uuid4().hex}"
    marker.touch()
    return marker
