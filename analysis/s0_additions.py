"""The entries of S0's tables: those that are printed, and those that this library adds to them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analysis.s0_answers import VARIANTS
from analysis.s0_entries import Entry, printed

NOT_PRINTED = "not in the paper"
LEARNT = (  # networks of Table 1 that are run at desk scale
    "mnist/2fc/ch-snn",
    "fashion-mnist/2fc/ch-snn",
    "mnist/2conv2fc/ch-snn",
    "n-mnist/2conv2fc/ch-snn",
    "cifar-10/6conv2fc/ch-snn",
)


def entries_of(table: str) -> list[Entry]:
    """Return the printed entries of a table and those that we add to it."""
    return [*printed(table), *_ADDED.get(table, list)()]


def _more(rows: tuple[str, ...], columns: dict[str, str]) -> list[Entry]:
    """Return entries without a printed value; columns: the unit of each."""
    return [Entry(row, column, unit, np.nan, NOT_PRINTED) for row in rows for column, unit in columns.items()]


def _more_of_table1() -> list[Entry]:
    """Operations a sample, Fashion-MNIST, which the paper does not have, and how far training got.

    Under direct encoding the first layer reads real values: a multiply-accumulate a link, once an image.
    """
    columns = (
        "link_sparsity_percent",
        "accuracy_percent",
        "accuracy_improvement_percent",
        "dense_accuracy_percent",
    )
    kinds = ("sops", "dense_sops", "macs", "dense_macs")
    sops = {f"{kind}_per_sample": "count" for kind in kinds}
    return [
        *_more(LEARNT[:1], sops),
        *_more(LEARNT[1:2], dict.fromkeys(columns, "percent") | sops),
        *_more(LEARNT, {"training_loss": "1", "dense_training_loss": "1"}),
    ]


def _more_of_table2() -> list[Entry]:
    """How far training got."""
    return _more(("mnist/3fc/ch-snn", "mnist/3fc/dense"), {"training_loss": "1"})


def _more_of_table4() -> list[Entry]:
    """The correlation as printed, and SSWI scaled to a firing rate."""
    ours = tuple(f"mnist/{name}" for name in VARIANTS if name.startswith("both_"))
    columns = [entry.column for entry in printed("s0.table4") if entry.row == "mnist/both"]
    return _more(ours, dict.fromkeys(columns, "percent"))


def _more_of_table8() -> list[Entry]:
    """The falling zeta of Table 7, with which S0 compares a constant one."""
    columns = [entry.column for entry in printed("s0.table8") if entry.row == "mnist"]
    printed_falling = {e.column: e for e in printed("s0.table7") if e.row == "mnist"}
    return [
        Entry("mnist/falling", column, "percent", printed_falling[column].printed, "of Table 7")
        for column in columns
        if column in printed_falling
    ]


def _more_of_table9() -> list[Entry]:
    """Units without a path before training, so that what evolution adds is seen."""
    return _more(LEARNT[:1], {"first_node_sparsity_percent": "percent"})


_ADDED: dict[str, Callable[[], list[Entry]]] = {
    "s0.table1": _more_of_table1,
    "s0.table2": _more_of_table2,
    "s0.table4": _more_of_table4,
    "s0.table8": _more_of_table8,
    "s0.table9": _more_of_table9,
}
