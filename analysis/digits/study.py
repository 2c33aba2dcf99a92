"""The exhibits on digits, from exhibits.toml and the functions that tabulate and draw them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from analysis.digits import drawing, tables
from analysis.engine.derived import Derived, derive
from analysis.engine.digits_runs import NAMES, cells_of, sheet_of
from analysis.engine.exhibit import Exhibit, Tables
from analysis.engine.literals import read_exhibits
from analysis.engine.sheet import Sheet
from analysis.engine.statistics import average

FUNCTIONS = {
    "digits-accuracy": (tables.accuracy, drawing.accuracy),
    "digits-topology": (tables.topology, drawing.topology),
    "digits-degrees": (tables.degrees, drawing.degrees),
    "digits-disk": (tables.disk, drawing.disk),
    "digits-ch-scores": (tables.ch_scores_of_links, drawing.ch_scores_of_links),
}


def exhibits(first_seed: int = 0) -> list[Exhibit]:
    """Return the exhibits, each over three seeds."""
    made = []
    for id_, literal in read_exhibits(Path(__file__).parent).items():
        tabulate, draw = FUNCTIONS[id_]
        derived = literal.pop("derived", ())
        cells = cells_of(("chts",) if id_ == "digits-ch-scores" else tuple(NAMES), first_seed)
        made.append(
            Exhibit(
                **literal,
                cells=cells,
                tabulate=tabulate,
                draw=draw,
                sheet=partial(_sheet, derived),
                summarise=average,
            )
        )
    return made


def _sheet(derived: Sequence[Derived], tables: Tables) -> Sheet:
    """Return the sheet of the tables, with the cells that follow from others."""
    return derive(sheet_of(tables), derived)
