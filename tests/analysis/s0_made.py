"""Records and tables of S0 that were made up, for tests."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.engine.cells import Cell, Record
from analysis.runs import Tables

MEASURES = {"accuracy": 0.9, "link sparsity": 0.95, "node sparsity": 0.02, "SOPs": 2e6, "loss": 0.25}
KINDS = ("bit-flip", "false-spike", "spike-dropout")


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
        "table_value": np.array(list(values.values()), dtype=np.float64),
        "noise_p": noise,
        "noise_kind": np.array(KINDS),
        "noise_accuracy": values["accuracy"] * np.exp(-np.outer((1, 0.8, 0.9), noise)),
        "total_names": np.array(list(totals)),
        "total_values": np.array(list(totals.values())),
    }
    return Record(arrays, {"run_at": "2026-01-01T00:00:00+00:00"})


def tables(
    ours: Mapping[tuple[str, str], float | list[float]],
    printed: Mapping[tuple[str, str], float] | None = None,
) -> Tables:
    """Return the tables of an exhibit from (row, column) -> value, or values by seed, and printed values."""
    printed = printed or {}
    rows = [
        {"row": row, "column": column, "seed": seed, "measure": "value", "value": value, "unit": "percent"}
        for (row, column), values in ours.items()
        for seed, value in enumerate(values if isinstance(values, list) else [values])
    ]
    entries = [
        {
            "row": row,
            "column": column,
            "unit": "percent",
            "printed": printed.get((row, column), np.nan),
            "note": "",
            "reason": "" if (row, column) in ours else "not at hand",
        }
        for row, column in dict.fromkeys([*ours, *printed])
    ]
    columns = ["row", "column", "seed", "measure", "value", "unit"]
    return {"table": pd.DataFrame(rows, columns=columns), "entries": pd.DataFrame(entries)}
