"""The folder of a sweep: where the records of cells lie, and how a cell is run and written once.

    <folder>/records/<name>.npz      of cells that are kept: commit them
    <folder>/runs/<name>.npz         of the others
    <folder>/kept/<name>/            files that runs leave beside their records, such as networks
    <folder>/.../<name>.partial/     what lets a stopped run go on, with its lock

A cell is known by its name; a record or a partial folder under an earlier name is found, too.
"""

from __future__ import annotations

import inspect
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from netsci.arguments import check_instance, check_path
from netsci.io.lock import FolderLock
from netsci.sweep.cells import Cell
from netsci.sweep.records import DamagedRecordError, Record, describe_origin, read_clock, read_sums

FOLDERS = ("records", "runs")  # of records that are committed, and of the others
KEPT = "kept"  # the folder of what runs leave beside their records, and of that in a partial folder


def record_path(folder: Path, cell: Cell) -> Path:
    """Return where the record of a cell is written."""
    check_path(folder, "folder")
    check_instance(cell, Cell, "cell", "a netsci.sweep.Cell, which Cell.of makes")
    return Path(folder) / FOLDERS[not cell.kept] / f"{cell.name}.npz"


def find_record(folder: Path, cell: Cell) -> Path | None:
    """Return where the record of a cell lies, under its name or an earlier one; None if there is none."""
    return next((path for path in _places(folder, cell, ".npz") if path.exists()), None)


def partial_path(folder: Path, cell: Cell) -> Path:
    """Return the folder of what lets a stopped run go on: that of an earlier name if one is there."""
    new = record_path(folder, cell).with_suffix(".partial")
    return next((path for path in _places(folder, cell, ".partial") if path.is_dir()), new)


def find_kept(folder: Path, cell: Cell) -> Path | None:
    """Return the folder of what the run of a cell left beside its record, None if there is none."""
    check_path(folder, "folder")
    check_instance(cell, Cell, "cell", "a netsci.sweep.Cell, which Cell.of makes")
    places = (Path(folder) / KEPT / name for name in cell.all_names)
    return next((place for place in places if place.is_dir()), None)


def _keep(folder: Path, cell: Cell, partial: Path) -> None:
    """Move what a run left under "kept" to its place, instead of what an earlier run left there."""
    if (partial / KEPT).is_dir():
        place = Path(folder) / KEPT / cell.name
        shutil.rmtree(place, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        (partial / KEPT).rename(place)


def _places(folder: Path, cell: Cell, suffix: str) -> list[Path]:
    """Return where something of a cell may lie, the likeliest place first."""
    rooms = dict.fromkeys([record_path(folder, cell).parent, *(Path(folder) / room for room in FOLDERS)])
    return [room / f"{name}{suffix}" for name in cell.all_names for room in rooms]


def load_record(folder: Path, cell: Cell) -> Record:
    """Read the record of a cell.

    Raises
    ------
    FileNotFoundError
        If there is none.
    DamagedRecordError
        If it is damaged, or is the record of another cell.
    """
    path = find_record(folder, cell)
    if path is None:
        raise FileNotFoundError(f"there is no record of {cell.name} in {folder}: run the cell")
    record = Record.load(path, listed=read_sums(folder).get(f"{path.parent.name}/{path.name}"))
    key = record.notes.get("cell", cell.key)
    if cell.task.names.resolve(str(key)) != cell.key:
        raise DamagedRecordError(path, f"it holds the record of the run {key}, not of {cell.key}")
    return record


def take_record(folder: Path, cell: Cell, say: Callable[[str], None]) -> Record | None:
    """Return the record of a cell, None if there is none; one that is damaged is put aside, and said.

    It is renamed and not deleted, and the run is made again. A record that is kept takes hours to make: then
    nothing is touched.

    Raises DamagedRecordError for a damaged record of a cell that is kept.
    """
    try:
        return load_record(folder, cell)
    except FileNotFoundError:
        return None
    except DamagedRecordError as error:
        if cell.kept:
            raise
        aside = error.path.with_suffix(".damaged")
        error.path.rename(aside)
        say(f"{cell.name}: its record is damaged ({error.why}); it is made again, the old one is {aside}")
        return None


def run_and_save(cell: Cell, folder: Path) -> None:
    """Run a cell and write its record, unless another process has written it meanwhile.

    Raises FolderHeldError while another process runs the cell.
    """
    path, partial = record_path(folder, cell), partial_path(folder, cell)
    try:
        with FolderLock(partial) as lock:
            if find_record(folder, cell) is None:
                record = make_record(cell, partial)
                lock.check()
                _keep(folder, cell, partial)
                record.save(path)
            shutil.rmtree(partial, ignore_errors=True)
    finally:
        with suppress(OSError):
            partial.rmdir()  # unless it holds what lets the run go on


def make_record(cell: Cell, partial: Path) -> Record:
    """Run a cell, and add to its record's notes what made it."""
    start = time.perf_counter()
    record = cell.run(partial)
    seconds = round(time.perf_counter() - start, 3)
    origin = describe_origin(inspect.getfile(cell.task.load()))
    record.notes.update(cell=cell.key, seconds=seconds, run_at=read_clock(), **origin)
    return record
