"""S0 (CH-SNN): an exhibit for each of its tables, for Figures 2 and 3, and for the grids behind them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from analysis import s0_comparisons, s0_figures
from analysis.engine.cells import Cell
from analysis.runs import Exhibit
from analysis.s0_additions import entries_of
from analysis.s0_answers import ANSWERS, seeds_of
from analysis.s0_captions import caption, remarked
from analysis.s0_claims import verdict
from analysis.s0_cost import seconds
from analysis.s0_entries import (
    Entry,
    Source,
    answered,
    beside,
    joined,
    not_compared,
    tabulate,
)
from analysis.s0_grid import grid_exhibits
from analysis.s0_verdicts import JUDGES

TITLES = {
    "s0.table1": "S0 Table 1: accuracy and link sparsity",
    "s0.table2": "S0 Table 2: spikes, operations and energy under S-TP",
    "s0.table3": "S0 Table 3: delta",
    "s0.table4": "S0 Table 4: ablation of SSCTI and SSWI",
    "s0.table5": "S0 Table 5: learning rate",
    "s0.table6": "S0 Table 6: batch size",
    "s0.table7": "S0 Table 7: start of a falling zeta",
    "s0.table8": "S0 Table 8: constant zeta",
    "s0.table9": "S0 Table 9: node sparsity",
    "s0.table10": "S0 Table 10: noise on MNIST",
    "s0.table11": "S0 Table 11: noise on N-MNIST",
    "s0.table12": "S0 Table 12: noise on CIFAR-10",
    "s0.table13": "S0 Table 13: noise on DVS-Gesture",
    "s0.table14": "S0 Table 14: relative loss of accuracy by noise",
    "s0.table15": "S0 Table 15: number of time steps",
    "s0.table16": "S0 Table 16: ResNet-18 on ImageNet",
}
FIGURES = {
    "s0.figure2": "S0 Figure 2: accuracy against link sparsity",
    "s0.figure3": "S0 Figure 3: firing rate, accuracy and energy under S-TP",
}
TITLED = {"smoke": " (smoke scale, digits)", "desk": "", "paper": " (paper scale)"}
VERSION = 3  # of the tables


def exhibits(first_seed: int = 0, scale: str = "desk") -> list[Exhibit]:
    """Return the exhibits of S0 at a scale ("smoke", "desk" or "paper")."""
    tables = [_table(table, scale, first_seed) for table in TITLES]
    return [*grid_exhibits(scale, first_seed), *tables, *(_figure(f, scale, first_seed) for f in FIGURES)]


def _table(table: str, scale: str, first_seed: int) -> Exhibit:
    """Return the exhibit of a printed table."""
    answer = _answer(table, scale, first_seed)
    return _exhibit(table, TITLES[table], scale, *answered(entries_of(table), answer))


def _figure(figure: str, scale: str, first_seed: int) -> Exhibit:
    """Return the exhibit of a printed figure, from the runs of the tables behind it."""
    wanted = s0_comparisons.entries(figure)
    found = [answered([e], _answer(table, scale, first_seed)) for table, e in wanted]
    return _exhibit(figure, FIGURES[figure], scale, *joined(found))


def _exhibit(id_: str, title: str, scale: str, entries: list[Entry], cells: tuple[Cell, ...]) -> Exhibit:
    entries = not_compared(entries) if scale == "smoke" else remarked(id_, entries)
    long = bool(cells) and scale != "smoke"
    captioned = partial(caption, id_, scale=scale)
    return Exhibit(
        id_.replace(".", "-"),
        title + TITLED[scale],
        captioned(cells),
        cells,
        tabulate=partial(tabulate, entries),
        draw=partial(s0_figures.draw, id_, scale),
        verdict=partial(verdict, _JUDGES.get(id_), scale),
        summarise=beside,
        version=VERSION,
        needs="NETSCI_DATA" if long else None,
        seconds=seconds if long else None,
        printed=True,
        captioned=captioned,
    )


def _answer(table: str, scale: str, first_seed: int) -> Callable[[Entry], Source | str]:
    seeds = seeds_of(scale, first_seed, table)
    return lambda entry: ANSWERS[table](entry, scale, seeds)


_JUDGES = JUDGES | {"s0.figure2": s0_comparisons.figure2, "s0.figure3": s0_comparisons.figure3}
