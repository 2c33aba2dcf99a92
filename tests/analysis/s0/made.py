"""S0's exhibits at every scale, and records of them that were made up, for tests."""

from typing import Any

import numpy as np
import pytest

from analysis import s0
from analysis.engine.exhibit import ANALYSIS
from analysis.engine.literals import read_exhibits
from analysis.engine.printed import Entry
from analysis.engine.store import load_tables, save_tables
from analysis.engine.table import answer_entries
from analysis.s0 import recipes
from analysis.s0.tables import ANSWERS
from netsci.sweep import Cell, Record

MEASURES = {"accuracy": 0.9, "link sparsity": 0.95, "node sparsity": 0.02, "SOPs": 2e6, "loss": 0.25}
TABLES = {id_: literal for id_, literal in read_exhibits(ANALYSIS / "s0").items() if "answer" in literal}
KINDS = ("bit-flip", "false-spike", "spike-dropout")


def entries_of(id_: str, scale: str) -> tuple[Entry, ...]:
    """Return the entries of a table with the runs that answer them."""
    return answer_entries(TABLES[id_], ANSWERS, scale)


def record(cell: Cell | None = None, **changes: Any) -> Record:
    """Return a record with every measure; its accuracy differs from cell to cell."""
    values: dict[str, Any] = dict(MEASURES)
    given = dict(cell.parameters) if cell else {}
    if cell:
        values["accuracy"] = 0.8 + int(cell.key[:4], 16) / 65536 / 6
    if given.get("dense"):
        del values["node sparsity"]
        values |= {"link sparsity": 0.0, "SOPs": 8e7}
    values |= changes
    layers = ["all"] * len(values)
    if not given.get("dense"):
        values["links"], layers = 12_294.0, [*layers, "layers.0"]
    noise = np.array(given.get("noise", (0.0, 0.1)))
    totals = {"spikes": 3e8, "SOPs": 10_000 * values["SOPs"], "MACs": 0.0, "firing rate": 0.2}
    arrays = {
        "table_measure": np.array(list(values)),
        "table_layer": np.array(layers),
        "table_epoch": np.ones(len(values), dtype=np.int64),
        "table_value": np.array(list(values.values()), dtype=np.float64),
        "noise_p": noise,
        "noise_kind": np.array(KINDS),
        "noise_accuracy": values["accuracy"] * np.exp(-np.outer((1, 0.8, 0.9), noise)),
        "total_names": np.array(list(totals)),
        "total_values": np.array(list(totals.values())),
    }
    return Record(arrays, {"run_at": "2026-01-01T00:00:00+00:00"})


with pytest.MonkeyPatch.context() as everything:
    everything.setattr(recipes, "at_hand", lambda name: True)  # the paper scale with all data there
    SCALES = {scale: {e.id: e for e in s0.exhibits(0, scale)} for scale in ("smoke", "desk", "paper")}
DESK = SCALES["desk"]


def entry(table: str, row: str, column: str, scale: str = "desk") -> Entry:
    return next(e for e in entries_of(table, scale) if (e.row, e.column) == (row, column))


def stored(id_: str, scale: str, folder):
    """An exhibit's tables from made-up records, written and read back."""
    exhibit = SCALES[scale][id_]
    records = {cell: record(cell) for cell in exhibit.cells}
    save_tables(exhibit, exhibit.tabulate(records), records, folder)
    return exhibit, load_tables(exhibit, folder)
