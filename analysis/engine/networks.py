"""The networks that runs leave beside their records: found, or made again.

    results/kept/<cell>/network.safetensors          after the last epoch
    results/kept/<cell>/network-0005.safetensors     after the fifth

They are not committed. A clean clone trains again, and compares what it gets with the committed record.

A cell may start from a network that another cell leaves:
`recipe_cell(recipe, **start_from(source, results))`.
Its name has that of the source and not the content of a file, so that it is known before anything is run.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from analysis.engine.verdict import compare
from netsci.sweep import Cell, find_kept, find_record, load_record, run_cells
from netsci.train.cells import DIVERGED


class LostNetworkError(ValueError):
    """A run that diverged, and so left no network; its text is the run's own."""


def find_networks(cell: Cell, results: Path) -> dict[int, Path]:
    """Return the networks of a run by epoch, the last one as epoch -1; train it again if they are not here.

    A cell leaves networks if its recipe was given with `networks` (`netsci.train.recipe_cell`).

    Raises LostNetworkError if the run diverged. Raises ValueError for a cell that leaves no networks, and
    where a run that is made again does not agree with its committed record.
    """
    if "networks" not in dict(cell.aside):
        raise ValueError(f"{cell.name} leaves no networks: give its recipe's cell the argument networks")
    place = find_kept(results, cell)
    if place is None:
        place = _make_again(cell, results)
    found = {_epoch(path): path for path in sorted(place.glob("network*.safetensors"))}
    return dict(sorted(found.items(), key=lambda pair: pair[0] % sys.maxsize))


def start_from(source: Cell, results: Path, epoch: int = -1) -> dict[str, str]:
    """Return the arguments `network` and `origin` of a cell that starts from a network of another one.

    epoch : after which the source left it, -1 for its last one. The file need not be there yet.

    Raises ValueError if the source leaves no network after that epoch.
    """
    every = dict(source.aside).get("networks")
    if every is None or (epoch != -1 and (epoch < 1 or not every or epoch % every)):
        raise ValueError(
            f"{source.name} leaves no network after epoch {epoch}: give its recipe's cell the argument "
            "networks"
        )
    stem = "network" if epoch == -1 else f"network-{epoch:04d}"
    place = find_kept(results, source) or results / "kept" / source.name
    return {"network": str(place / f"{stem}.safetensors"), "origin": f"{source.name}/{stem}"}


def make_starts(cells: Sequence[Cell], results: Path, run: Callable[[list[Cell]], object]) -> None:
    """Make the networks that cells without a record start from and that are not there, by `run` of sources.

    run : runs cells that have no record. Networks of a source with a record are trained again.

    Raises ValueError if a source is not among the cells, or a network is not what its record says.
    """
    make_starts_of([cell for cell in cells if find_record(results, cell) is None], cells, results, run)


def make_starts_of(
    wanted: Sequence[Cell], cells: Sequence[Cell], results: Path, run: Callable[[list[Cell]], object]
) -> None:
    """Make the networks that some of the cells start from and that are not there, as `make_starts` does."""
    by_name = name_cells(cells)

    def prepare(wanted: Sequence[Cell]) -> None:
        sources = list(dict.fromkeys(filter(None, (find_source(cell, by_name) for cell in wanted))))
        if sources:
            prepare(sources)  # which may start from others, in turn
            run([cell for cell in sources if find_record(results, cell) is None])
        for cell in sources:
            find_networks(cell, results)

    prepare(wanted)


def name_cells(cells: Iterable[Cell]) -> dict[str, Cell]:
    """Return cells by all their names. Of two that make one record, that which leaves networks is taken."""
    leaving = sorted(cells, key=lambda cell: "networks" in dict(cell.aside))
    return {name: cell for cell in leaving for name in cell.all_names}


def find_source(cell: Cell, by_name: Mapping[str, Cell]) -> Cell | None:
    """Return the cell that leaves the network which a cell starts from; None if it is there, or none needed.

    Raises ValueError if that cell is not among those of `by_name`.
    """
    if not _lacks_start(cell):
        return None
    name = str(dict(cell.parameters).get("origin", "")).rpartition("/")[0]
    if name not in by_name:
        raise ValueError(
            f"{cell.name} starts from {dict(cell.aside)['network']}, which is not there, and the cell that "
            f"leaves it, {name or 'of no name'}, is not among those to be run: add it"
        )
    return by_name[name]


def _lacks_start(cell: Cell) -> bool:
    network = dict(cell.aside).get("network")
    return network is not None and not Path(network).exists()


def _epoch(path: Path) -> int:
    number = path.stem.removeprefix("network").removeprefix("-")
    return int(number) if number else -1


def _make_again(cell: Cell, results: Path) -> Path:
    """Run a cell, compare its record with the committed one if there is one, and keep what it leaves."""
    if find_record(results, cell) is None:
        run_cells([cell], results)
        _check_end(cell, results)
    else:
        _check_end(cell, results)
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


def _check_end(cell: Cell, results: Path) -> None:
    """Raise LostNetworkError if the record of a cell says that its run diverged."""
    notes = load_record(results, cell).notes
    if DIVERGED in notes:
        raise LostNetworkError(str(notes[DIVERGED]))
