"""The networks that runs leave beside their records: found, or made again.

    results/kept/<cell>/network.safetensors          after the last epoch
    results/kept/<cell>/network-0005.safetensors     after the fifth

They are not committed. A clean clone trains again, and compares what it gets with the committed record.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from analysis.engine.verify import compare
from netsci.sweep import Cell, find_kept, find_record, load_record, run_cells


def find_networks(cell: Cell, results: Path) -> dict[int, Path]:
    """Return the networks of a run by epoch, the last one as epoch -1; train it again if they are not here.

    A cell leaves networks if its recipe was given with `networks` (`netsci.train.recipe_cell`).

    Raises ValueError for a cell that leaves none, and where a run that is made again does not agree with its
    committed record.
    """
    if "networks" not in dict(cell.aside):
        raise ValueError(f"{cell.name} leaves no networks: give its recipe's cell the argument networks")
    place = find_kept(results, cell)
    if place is None:
        place = _make_again(cell, results)
    found = {_epoch(path): path for path in sorted(place.glob("network*.safetensors"))}
    return dict(sorted(found.items(), key=lambda pair: pair[0] % sys.maxsize))


def _epoch(path: Path) -> int:
    number = path.stem.removeprefix("network").removeprefix("-")
    return int(number) if number else -1


def _make_again(cell: Cell, results: Path) -> Path:
    """Run a cell, compare its record with the committed one if there is one, and keep what it leaves."""
    if find_record(results, cell) is None:
        run_cells([cell], results)
    else:
        with tempfile.TemporaryDirectory() as folder:
            again = run_cells([cell], folder)[cell]
            verdict = compare(load_record(results, cell), again)
            if not verdict.holds:
                raise ValueError(
                    f"{cell.name} was trained again and does not agree with its record: {verdict}"
                )
            if verdict.differing:
                print(f"{cell.name}: trained again on another processor: {verdict}", file=sys.stderr)
            made, place = find_kept(Path(folder), cell), results / "kept" / cell.name
            if made is not None:
                place.parent.mkdir(exist_ok=True)
                shutil.move(made, place)
    kept = find_kept(results, cell)
    if kept is None:
        raise ValueError(f"{cell.name} has left no networks")
    return kept
