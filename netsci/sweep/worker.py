"""One run in a worker: in the sweep's folder where it is seen, else in a private folder of that machine.

A worker whose cell nobody wants any more (its client or scheduler is gone) ends itself.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import stat
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from netsci.io.lock import LOCK, FolderHeldError, FolderLock, FolderLostError
from netsci.sweep.cells import Cell
from netsci.sweep.records import Record
from netsci.sweep.store import make_record, partial_path, run_and_save

UNWANTED = 3  # looks, a second apart, that find a worker's cell unwanted before the worker ends itself
Outcome = tuple[
    str, Any
]  # ("done", None), ("record", Record), ("unseen", None), ("held", by whom), ("failed", why)


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
    cell: Cell,
    folder: Path,
    marker: Path | None,
    held: bool,
    deaths: int,
    environment: Mapping[str, str],
    topic: str,
) -> Outcome:
    """Run a cell in a worker; write its record, or return it where the folder of the sweep cannot be seen.

    marker : a file that is in the folder of the sweep; None if the worker is known to see it.
    held : whether the client holds the cell's partial folder. A worker that cannot see the folder runs a cell
    only then; else it says so at once, and runs nothing.
    deaths : how many workers have died of this cell: then say whether it goes on or begins anew.
    environment : variables to set for the run, but for those that the worker has.
    """
    from distributed import get_worker

    worker = get_worker()
    seen = not held and (marker is None or marker.exists())
    if not (seen or held):
        return "unseen", None
    kept = partial_path(folder if seen else find_private_folder(), cell)
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
        return run_one(lambda: run_and_save(cell, folder) if seen else run_unseen(cell, kept))
    finally:
        ended.set()
        for name in added:
            del os.environ[name]


def run_unseen(cell: Cell, kept: Path) -> Record:
    """Run a cell with a partial folder of this machine, and return its record; what it would keep is lost.

    Raises FolderHeldError while another process of this machine runs it, and FolderLostError if another one
    has taken the folder over.
    """
    with FolderLock(kept) as lock:
        record = make_record(cell, kept)
        lock.check()
        shutil.rmtree(kept, ignore_errors=True)
    return record


def find_private_folder() -> Path:
    """Return a folder of this machine where only this user can write, each time the same one.

    If somebody else has made a folder of its name, return a new one each time.
    """
    folder = Path(tempfile.gettempdir()) / f"netsci-cells-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()  # of a link, and not of where it leads
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
    return folder if own else Path(tempfile.mkdtemp(prefix=f"{folder.name}-"))


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
