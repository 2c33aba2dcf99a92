"""S2's Table 1: the values over which it searches, and those that the exhibits of S2 have here.

plans of s2-figure3 and s2-table2 -> Way (network, method, rate, batch, L) -> sets of values -> lines
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.engine.converted import Tuning, read_plain, source_of
from analysis.engine.names import RUN_NAMES
from analysis.engine.recipe_table import Line, compare, describe_recipes, make_record
from analysis.engine.sheet import Key
from analysis.s2 import energy
from analysis.s2.lag_grid import GRID, OTHER_STARTS
from analysis.s2.lag_plan import plan_conversions
from netsci.sweep import Cell, Record, Task
from netsci.train.activation_options import OPTIONS
from netsci.train.fine_tuning import FINE_TUNING

TASK = Task("s2-table-1", "analysis.s2.recipe_tables:state_1", RUN_NAMES)
SOURCE = "none: recipes of this library, printed values, analysis/expected/s2.table1.csv"
STRAY = (("method1/cs-qcfs", "lr_stray"),)
ROWS = {"cs_qcfs": "method1/cs-qcfs", "snm": "method2/snm", "aec": "method3/aec"}
FIELDS = {"cs_qcfs": ("lr", "bs", "L"), "snm": ("bs",), "aec": ("lr", "bs")}
STARTS = {"p999": "99.9 % of the activations", **OTHER_STARTS}
PERCEPTRONS, VGG = "mlp", "vgg16"


@dataclass(frozen=True)
class Way:
    """A conversion of the plan: of which model, by which method, with which values of Table 1's columns."""

    model: str
    method: str
    values: Mapping[str, float]


def describe() -> dict[str, Any]:
    """Return cells and functions of the exhibit."""
    return describe_recipes(Cell.of(TASK, version=1, data=SOURCE))


def state_1() -> Record:
    """State Table 1: the grid of the perceptrons of s2-figure3; AEC, and VGG-16 in notes, where else."""
    grid = [one for one, place in plan_conversions("desk", 0).items() if place.purpose == GRID]
    coded = [one for one, place in plan_conversions("desk", 0).items() if place.purpose != GRID]
    single = list(energy.plan_networks("desk", 0).values())
    lag, table2 = list(read_ways(grid)), list(read_ways(single))
    aec = [one for one in [*table2, *read_ways(coded)] if one.method == "aec"]
    ran: dict[Key, str] = {}
    notes: dict[Key, str] = {}
    for method, row in ROWS.items():
        for name in FIELDS[method]:
            key = (row, name)
            ran[key] = write_set(pick(aec if method == "aec" else lag, PERCEPTRONS, method, name))
            vgg = write_set(pick(aec if method == "aec" else lag, VGG, method, name))
            notes[key] = f"VGG-16: {vgg}"
            if method != "aec":
                notes[key] += f"; Table 2: {write_set(pick(table2, PERCEPTRONS, method, name))}"
    lines = compare(("s2.table1",), ran | state_more(), stray=STRAY)
    return make_record(_add(lines, notes))


def read_ways(cells: Iterable[Cell]) -> Iterator[Way]:
    """Yield the conversions of cells with the values that their last fine-tuning has, or their network."""
    for cell in cells:
        source = source_of(cell)
        for one in map(read_plain, cell["conversions"]):
            given: dict[str, Any] = {name: source[name] for name in ("lr", "batch")}
            for tuning in one.tunings:
                given |= read_values(tuning)
            levels = dict(given.get("activation_options", ())).get("levels")
            values = {"lr": given["lr"], "bs": given["batch"]} | ({"L": levels} if levels else {})
            yield Way(source["model"], one.method, values)


def read_values(tuning: Tuning) -> dict[str, Any]:
    """Return the values of the recipe of a fine-tuning that are not those of its network."""
    return {**FINE_TUNING[tuning.name][1], **dict(tuning.changes)}


def pick(ways: Iterable[Way], model: str, method: str, name: str) -> list[float]:
    """Return the values of a column of Table 1 that conversions of a model by a method have."""
    found = {one.values[name] for one in ways if (one.model, one.method) == (model, method)}
    return sorted(found, reverse=name == "lr")


def write_set(values: Iterable[float]) -> str:
    """Return values as S2 writes those it searches over.

    Examples
    --------
    >>> write_set([0.05, 1e-5]), write_set([64])
    ('(0.05, 0.00001)', '(64)')
    """
    return f"({', '.join(np.format_float_positional(float(one), trim='-') for one in values)})"


def state_more() -> dict[Key, str]:
    """Return what S2 does not print: lengths, and the readings that CS-QCFS needs."""
    cells = list(energy.plan_networks("desk", 0).values())
    tunings = {one.method: one.tunings for one in map(read_plain, cells[0]["conversions"])}
    lag = [read_plain(one) for one in next(iter(plan_conversions("desk", 0)))["conversions"]]
    tuned = {one.method: one.tunings for one in lag}["cs_qcfs"]
    qcfs, aec = ROWS["cs_qcfs"], ROWS["aec"]
    return {
        (qcfs, "train_epochs"): f"{tuned[0].epochs} (Table 2: {tunings['cs_qcfs'][0].epochs})",
        (qcfs, "momentum"): f"{read_values(tuned[0])['momentum']:g}",
        (qcfs, "first_threshold"): STARTS[OPTIONS["sqcfs"]["theta"]],
        (aec, "train_epochs"): f"{tunings['aec'][0].epochs}",
        (aec, "optimizer"): str(read_values(tunings["aec"][0])["optimizer"]),
    }


def _add(lines: Iterable[Line], notes: Mapping[Key, str]) -> list[Line]:
    """Return lines with our notes in place of the number of values, which the lists show themselves."""
    return [replace(one, note=notes.get((one.row, one.column), one.note)) for one in lines]
