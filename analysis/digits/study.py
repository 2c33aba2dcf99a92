"""The exhibits on digits, from exhibits.toml and the functions that tabulate and draw them."""

from __future__ import annotations

from pathlib import Path

from analysis.digits import drawing, tables
from analysis.engine.digits_runs import NAMES, cells_of, sheet_of
from analysis.engine.exhibit import Exhibit
from analysis.engine.literals import make_exhibits
from analysis.engine.statistics import average
from analysis.engine.table import Answers

FUNCTIONS = {
    "digits-accuracy": (tables.accuracy, drawing.accuracy),
    "digits-topology": (tables.topology, drawing.topology),
    "digits-degrees": (tables.degrees, drawing.degrees),
    "digits-disk": (tables.disk, drawing.disk),
    "digits-ch-scores": (tables.ch_scores_of_links, drawing.ch_scores_of_links),
}


def exhibits(first_seed: int = 0) -> list[Exhibit]:
    """Return the exhibits, each over three seeds."""
    made = {}
    for id_, (tabulate, draw) in FUNCTIONS.items():
        cells = cells_of(("chts",) if id_ == "digits-ch-scores" else tuple(NAMES), first_seed)
        kept = {"cells": cells, "sheet": sheet_of, "summarise": average}
        made[id_] = {"tabulate": tabulate, "draw": draw, **kept}
    return make_exhibits(Path(__file__).parent, made, Answers())
