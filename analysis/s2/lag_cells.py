"""Rows and columns of the exhibits of the time lag, with the intervals that resample settings.

numbers -> "table" (row, column, seed, measure, value, unit, low, high, n) -> Sheet
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.engine.sheet import Estimate, Key, Sheet

COLUMNS = ["row", "column", "seed", "measure", "value", "unit", "low", "high", "n"]
STEPS, P, COUNT = "steps", "p", "count"


def cell(
    row: str, column: str, value: float, unit: str, n: int, ends: tuple[float, float] = (np.nan, np.nan)
) -> dict[str, Any]:
    """Return a line of the table. n : networks, pairs or settings behind the value; ends : its interval."""
    line = (row, column, 0, "value", float(value), unit, *map(float, ends), int(n))
    return dict(zip(COLUMNS, line, strict=True))


def estimate(row: str, column: str, found: Mapping[str, Any], name: str, unit: str = STEPS) -> dict[str, Any]:
    """Return the line of a field of `analysis.s2.lag_rows.Compared` that has an interval."""
    ends = (found[f"{name}_low"], found[f"{name}_high"])
    return cell(row, column, found[name], unit, int(found["settings"]), ends)


def make_sheet(
    table: pd.DataFrame, printed: Mapping[Key, float] | None = None, remarks: Mapping[Key, str] | None = None
) -> Sheet:
    """Return the sheet of a table: a value with an interval has that one, another is exact.

    A mean without interval, of a single setting, is neither: it decides nothing.
    """
    known: dict[Key, Estimate] = {}
    for line in table.itertuples():
        if not np.isnan(line.value):
            ends = (line.low, line.high)
            if np.isnan(line.low) and line.unit in (P, COUNT):
                ends = (line.value, line.value)
            known[line.row, line.column] = Estimate(line.value, *ends, int(line.n))
    units = {(line.row, line.column): WRITTEN.get(line.unit, line.unit) for line in table.itertuples()}
    values = table[["row", "column", "seed", "value"]]
    return Sheet(values, dict(printed or {}), units, known=known, remarks=dict(remarks or {}))


WRITTEN = {P: "1"}  # units as the sheet writes them


def tabulate(lines: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return lines as a table, with its columns also where there is none."""
    return pd.DataFrame(list(lines), columns=COLUMNS)


def write_p(value: float) -> str:
    """Return a p-value as people write it, "" for none.

    >>> write_p(0.0421), write_p(2e-9)
    ('0.042', '2.0e-09')
    """
    return "" if np.isnan(value) else f"{value:.2g}" if value >= 1e-3 else f"{value:.1e}"


def write_steps(value: float, low: float = np.nan, high: float = np.nan, digits: int = 1) -> str:
    """Return a mean with its interval, "" for none.

    >>> write_steps(1.25, 0.5, 2.0), write_steps(1.25)
    ('+1.2 (+0.5 to +2.0)', '+1.2')
    """
    if np.isnan(value):
        return ""
    ends = "" if np.isnan(low) else f" ({low:+.{digits}f} to {high:+.{digits}f})"
    return f"{value:+.{digits}f}{ends}"
