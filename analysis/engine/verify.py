"""Make committed runs again and compare every number: `python -m analysis.figures --verify N --seed S`.

N committed records are drawn at random, of those that take less than ten minutes to make again (--long: of
all; --only: of some exhibits), and made again in a folder of their own (`analysis.engine.verdict` says
what counts as the same). A run that starts from the network of another one gets it first: where the network
is not here, the other run is made again too and its own record compared.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from analysis.engine.exhibit import Exhibit
from analysis.engine.networks import find_source, make_starts_of, name_cells
from analysis.engine.verdict import compare
from netsci.sweep import Cell, find_record, load_record, run_cells
from netsci.train.cells import DIVERGED

LONGEST = 600.0  # seconds that a run may have taken, with those that it starts from and that are made again
Say = Callable[[object], None]


def draw_cells(
    cells: Iterable[Cell],
    results: Path,
    count: int,
    seed: int,
    *,
    among: Iterable[Cell] | None = None,
    longest: float | None = None,
) -> list[Cell]:
    """Return `count` of the cells whose committed record can be made again soon enough, at random.

    among : the cells that are drawn from, all if None. longest : seconds that it may take, LONGEST if None.
    """
    limit = LONGEST if longest is None else longest
    known = sorted(set(cells), key=lambda one: one.name)
    by_name = name_cells(known)
    drawn_from = set(known if among is None else among)
    committed = [c for c in known if c.kept and c in drawn_from and find_record(results, c) is not None]
    short = [cell for cell in committed if _seconds_again(cell, results, by_name) < limit]
    chosen = np.random.default_rng(seed).permutation(len(short))[:count]
    return [short[place] for place in sorted(chosen)]


def _seconds_again(cell: Cell, results: Path, by_name: Mapping[str, Cell]) -> float:
    """Return how long it took to make a record, and all that it starts from and that is made again.

    Infinity where a record says nothing, or is not here.
    """
    if find_record(results, cell) is None:
        return math.inf
    taken = float(load_record(results, cell).notes.get("seconds", math.inf))
    aside = dict(cell.aside)
    dense = aside.get("dense") or aside.get("source")  # of a pruned or converted one: trained again, always
    try:
        source = dense or find_source(cell, by_name)
    except ValueError:
        return math.inf
    return taken + (_seconds_again(source, results, by_name) if source else 0.0)


def verify(
    cells: Iterable[Cell],
    results: Path,
    count: int,
    seed: int,
    say: Say,
    *,
    among: Iterable[Cell] | None = None,
    longest: float | None = None,
) -> bool:
    """Make some committed runs again, say what came out, and return whether all records stand.

    among, longest : as of `draw_cells`.
    """
    known = list(cells)
    chosen = draw_cells(known, results, count, seed, among=among, longest=longest)
    if not chosen:
        say("no committed record took less than ten minutes" if longest is None else "no committed record")
        return True
    kept = True
    for cell in chosen:
        try:
            make_starts_of([cell], known, results, partial(run_cells, folder=results))
        except ValueError as error:
            say(f"{cell.name}: DOES NOT STAND: {error}")
            kept = False
            continue
        with tempfile.TemporaryDirectory() as folder:
            again = run_cells([cell], folder)[cell]
        initial = str(dict(cell.parameters).get("initial", ""))
        verdict = compare(load_record(results, cell), again, initial=initial)
        kept &= verdict.holds
        say(f"{cell.name}: {'stands' if verdict.holds else 'DOES NOT STAND'}: {verdict}")
    return kept


def find_hasty(exhibits: Iterable[Exhibit], results: Path) -> dict[str, tuple[float, float]]:
    """Return the committed records whose run took less than a tenth of what its work costs.

    By name: the seconds that the record tells, and those that the exhibit expects. No run is so fast: such a
    record was not made by the work that it names. A run that diverged ends when it does.
    """
    found = {}
    for exhibit in exhibits:
        for cell in exhibit.cells if exhibit.seconds else ():
            if find_record(results, cell) is None:
                continue
            notes = load_record(results, cell).notes
            taken = math.nan if DIVERGED in notes else float(notes.get("seconds", math.nan))
            expected = exhibit.seconds(cell) if exhibit.seconds else math.inf
            if math.isfinite(expected) and taken < expected / 10.0:
                found[cell.name] = (taken, expected)
    return found
