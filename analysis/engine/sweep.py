"""Run the cells that have no record yet: one after another in this process, or one on each worker.

A worker that dies takes nobody with it: its cell is run again, and reported failed, by name, when a second
worker dies of it. A worker whose cell nobody wants any more (its client or scheduler is gone) ends itself.
Two clients on one folder share the work: each run holds the lock of its partial folder.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
import threading
import time
import traceback
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.engine.cells import (
    FOLDERS,
    Cell,
    Record,
    find_record,
    load_record,
    make_record,
    record_path,
    run_and_save,
)
from analysis.engine.cluster import PATIENCE, ClusterError, open_client
from analysis.engine.progress import Progress, show_progress
from netsci.io.lock import LOCK, FolderHeldError, FolderLock, FolderLostError

if TYPE_CHECKING:
    from distributed import Client, Future

DEATHS = 2  # of workers under one cell, then it has failed
HELD_PAUSE = 2.0  # seconds until a cell that another process runs is looked at again
UNWANTED = 3  # looks, a second apart, that find a worker's cell unwanted before the worker ends itself
Outcome = tuple[str, Any]  # ("done", None), ("record", Record), ("held", by whom), ("failed", why)


class FailedCellsError(RuntimeError):
    """Some cells have failed; all others have their records."""


def run_cells(
    cells: Iterable[Cell],
    results: Path,
    *,
    jobs: int = 1,
    cluster: str = "local",
    seconds: Mapping[Cell, float] | None = None,
    done: Callable[[Cell], None] = lambda cell: None,
) -> dict[Cell, Record]:
    """Run the cells that have no record yet, and return the records of all.

    jobs : workers of this machine ("local"; one is this process), or jobs to ask for ("slurm:...").
    cluster : "local", a scheduler's address, or "slurm:" with options; see `open_client`.
    seconds : what runs are expected to take, for the estimate of the time left on stderr.
    done : called with each cell that has a record.

    Raises FailedCellsError, after all others are done, if cells failed, and ClusterError if there is no such
    cluster, or it ends.
    """
    wanted = list(dict.fromkeys(cells))
    missing = []
    for cell in wanted:
        if find_record(results, cell):
            done(cell)
        else:
            missing.append(cell)
    if missing:
        with show_progress(missing, seconds or {}) as progress:
            sweep = Sweep(results.resolve(), missing, progress, done)
            if cluster == "local" and (jobs <= 1 or len(missing) == 1):
                sweep.run_here()
            else:
                with open_client(cluster, min(jobs, len(missing))) as client:
                    sweep.run_on(client, shared=cluster == "local")
        if sweep.failed:
            counted = f"{len(sweep.failed)} of {len(wanted)} runs failed; the others are done"
            lines = [f"- {cell.name}: {why}" for cell, why in sweep.failed.items()]
            raise FailedCellsError("\n".join([f"{counted}. Start again to try these anew:", *lines]))
    return {cell: load_record(results, cell) for cell in wanted}


@dataclass
class Sweep:
    """The cells still to be run, and why others failed.

    later : when to look again at cells that other processes run. deaths : of workers, by the cell they ran.
    """

    results: Path
    missing: Sequence[Cell]
    progress: Progress
    done: Callable[[Cell], None]
    failed: dict[Cell, str] = field(default_factory=dict)
    later: dict[Cell, float] = field(default_factory=dict)
    deaths: dict[Cell, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.waiting = deque(self.missing)

    def next_cell(self) -> Cell | None:
        """Return a cell to run now, None if there is none; count those that another client has run."""
        for _ in range(len(self.waiting)):
            cell = self.waiting.popleft()
            if self.later.get(cell, 0) > time.monotonic():
                self.waiting.append(cell)
            elif find_record(self.results, cell):
                self.take(cell, ("done", None))
            else:
                self.progress.start(cell)
                return cell
        return None

    def take(self, cell: Cell, outcome: Outcome) -> None:
        """Take what a run returned."""
        kind, value = outcome
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
        if kind == "record" and find_record(self.results, cell) is None:
            value.save(record_path(self.results, cell))
        self.done(cell)

    def run_here(self) -> None:
        """Run the cells in this process, one after another."""
        while (cell := self.next_cell()) or self.waiting:
            if cell is None:
                time.sleep(0.1)
            else:
                self.take(cell, run_one(partial(run_and_save, cell, self.results)))

    def run_on(self, client: Client, *, shared: bool) -> None:
        """Run the cells on a cluster's workers, one at a time on each.

        shared : whether the workers are known to see the results folder; else each looks for a file there.
        """
        from distributed import wait

        marker = None if shared else make_marker(self.results)
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
                    if (cell := self.next_cell()) is None:
                        break
                    arguments = (cell, self.results, marker, self.deaths.get(cell, 0), environment, topic)
                    where = {"workers": [worker], "allow_other_workers": False}
                    name = f"{cell.name}-{uuid.uuid4().hex}"
                    running[worker] = (cell, client.submit(run_on_worker, *arguments, key=name, **where))
                self.progress.tick(len(workers))
                if running:
                    with contextlib.suppress(TimeoutError):
                        wait([future for _, future in running.values()], 0.5, "FIRST_COMPLETED")
                else:
                    time.sleep(0.5)
        finally:
            if marker is not None:
                marker.unlink(missing_ok=True)

    def collect(self, worker: str, cell: Cell, future: Future) -> None:
        """Take the outcome of a run that has ended, or count the death of its worker."""
        from distributed import KilledWorker

        if future.status == "finished":
            with contextlib.suppress(OSError):  # the worker died while the outcome was on its way
                self.take(cell, future.result(timeout=PATIENCE))
                return
        problem = future.exception() if future.status == "error" else None
        future.cancel()
        if problem is not None and not isinstance(problem, KilledWorker):
            self.take(cell, ("failed", f"{type(problem).__name__}: {problem}"))
            return
        self.deaths[cell] = self.deaths.get(cell, 0) + 1
        if self.deaths[cell] >= DEATHS:
            self.take(cell, ("failed", f"its worker died {DEATHS} times, the last one at {worker}"))
        else:
            self.progress.say(f"{cell.name}: its worker at {worker} died; it is run again")
            self.progress.stop(cell)
            self.waiting.appendleft(cell)


def find_workers(client: Client) -> set[str]:
    """Return the addresses of a cluster's workers."""
    try:
        return set(client.nthreads())
    except OSError as error:
        raise ClusterError(
            f"the scheduler does not answer any more ({error}): the records made so far stay; start again"
        ) from error


def make_marker(results: Path) -> Path:
    """Make a file in the results folder, by which a worker knows whether it sees the folder."""
    folder = results / FOLDERS[1]
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / f".sweep-{uuid.uuid4().hex}"
    marker.touch()
    return marker


def run_one(run: Callable[[], Record | None]) -> Outcome:
    """Call what runs a cell, and return its outcome."""
    try:
        record = run()
    except FolderHeldError as error:
        return "held", f"process {error.holder.process} on {error.holder.host}"
    except FolderLostError:
        return "held", "a process that took its folder over"
    except Exception:
        return "failed", traceback.format_exc()
    return ("done", None) if record is None else ("record", record)


def run_on_worker(
    cell: Cell, results: Path, marker: Path | None, deaths: int, environment: Mapping[str, str], topic: str
) -> Outcome:
    """Run a cell in a worker; write its record, or return it where the results folder cannot be seen.

    marker : a file that is in the results folder; None if the worker is known to see it.
    deaths : how many workers have died of this cell: then say whether it goes on or begins anew.
    environment : variables to set for the run, but for those that the worker has.
    """
    from distributed import get_worker

    worker = get_worker()
    seen = marker is None or marker.exists()
    here = results if seen else Path(tempfile.gettempdir()) / f"netsci-cells-{os.getuid()}"
    kept = record_path(here, cell).with_suffix(".partial")
    if deaths:
        some = kept.is_dir() and any(not path.name.startswith(LOCK) for path in kept.iterdir())
        how = "goes on from its partial folder" if some else f"begins anew, nothing is kept in {kept}"
        worker.log_event(topic, f"{cell.name}: {how} (on {socket.gethostname()})")
    added = {name: value for name, value in environment.items() if name not in os.environ}
    os.environ.update(added)
    ended = threading.Event()
    arguments = (worker, worker.get_current_task(), ended)
    threading.Thread(target=end_unwanted, args=arguments, daemon=True).start()
    try:
        return run_one(lambda: run_and_save(cell, results) if seen else run_unseen(cell, kept))
    finally:
        ended.set()
        for name in added:
            del os.environ[name]


def run_unseen(cell: Cell, kept: Path) -> Record:
    """Run a cell with a partial folder of this machine, and return its record."""
    with FolderLock(kept):
        record = make_record(cell, kept)
        shutil.rmtree(kept, ignore_errors=True)
    return record


def end_unwanted(worker: Any, key: str, ended: threading.Event) -> None:
    """End the worker's process when nobody wants its run: the client has gone, or the scheduler.

    A thread that computes cannot be stopped in another way. A nanny starts a new worker where one is wanted.
    """
    unwanted = 0
    while not ended.wait(1):
        task = worker.state.tasks.get(key)
        wanted = task is not None and task.state in ("executing", "long-running", "resumed")
        unwanted = 0 if wanted and worker.status.name == "running" else unwanted + 1
        if unwanted >= UNWANTED:
            os._exit(1)
