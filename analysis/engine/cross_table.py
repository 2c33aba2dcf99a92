"""A cross as people read it: rows by columns, mean and interval over seeds, and why a cell is empty.

tables of a cross -> Pivot: "57.80 (57.1 to 58.5)", "diverged", "stopped early"; -> what is not run yet
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.engine.exhibit import Missing, Tables
from analysis.engine.page import Pivot, PivotCell
from analysis.engine.sheet import Key, Sheet, write_number

STOPPED = "stopped early"
NOT_PLANNED = "not part of the plan"
EARLY = "Stopped early: accuracy rose in the last fifth of the epochs by more than chance (95 %)."
CHANCE = 1.96  # standard errors that an accuracy may rise by chance


def rise(accuracy: NDArray[np.float64], images: int) -> tuple[float, float]:
    """Return how much accuracy rose at a run's end, and the standard error of an accuracy, both in points.

        mean over the last fifth of the epochs - mean over the fifth before; sqrt(p (1 - p) / images)

    accuracy : in percent, after each epoch [epochs]. p is that after the last one, as a share. NaN where
    there are fewer than two epochs.
    """
    fifth = max(1, len(accuracy) // 5)
    if len(accuracy) < 2:
        return np.nan, np.nan
    gain = float(accuracy[-fifth:].mean() - accuracy[-2 * fifth : -fifth].mean())
    return gain, float(np.sqrt(accuracy[-1] * (100.0 - accuracy[-1]) / images))


def stopped(ends: pd.DataFrame, names: tuple[str, str]) -> set[Key]:
    """Return the cells whose accuracy still rose at the end by more than chance, in the mean over seeds."""
    means = ends.groupby(list(names), sort=False)[["rise", "error"]].mean()
    return set(means.index[means["rise"] > CHANCE * means["error"]])


def pivot(
    names: tuple[str, str], planned: Mapping[str, Mapping[str, str]], tables: Tables, sheet: Sheet
) -> tuple[Pivot, Missing]:
    """Return the table of a cross, and (reason, cells) of what is not run.

    planned : of each row, the columns that are planned, and why one of them may be empty. sheet : of the same
    tables.
    """
    early = stopped(tables["ends"], names)
    failed = tables["table"][tables["table"]["value"].isna()].groupby(list(names)).size()
    columns = list(dict.fromkeys(column for own in planned.values() for column in own))
    rows: list[tuple[str, tuple[PivotCell, ...]]] = []
    missing: dict[str, list[str]] = {}
    for row, own in planned.items():
        cells = []
        for column in columns:
            key = (row, column)
            ours = _say(sheet, key, int(failed.get(key, 0)), key in early)
            reason = "" if ours else own.get(column, NOT_PLANNED)
            printed = write_number(sheet.printed.get(key, np.nan), "percent")
            cells.append(PivotCell(printed, ours, reason))
            if reason and column in own:
                missing.setdefault(reason, []).append(f"{row}, {column}")
        rows.append((row, tuple(cells)))
    unit = "In percent, after the last epoch; in brackets the 95 % interval of the mean over seeds."
    if early:
        unit += f" {EARLY}"
    return Pivot(tuple(columns), tuple(rows), unit), tuple(
        (reason, "; ".join(cells)) for reason, cells in missing.items()
    )


def _say(sheet: Sheet, key: Key, failed: int, early: bool) -> str:
    """Return what a cell came to; "" where nothing of it was run."""
    seen = sheet.by_seed(key)
    if not len(seen):
        return ""
    if failed:
        return "diverged" if failed == len(seen) else f"{failed} of {len(seen)} diverged"
    found = sheet.estimate(key)
    said = write_number(found.mean, "percent")
    if found.n > 1:
        said += f" ({write_number(found.low, 'percent')} to {write_number(found.high, 'percent')})"
    return f"{said}, {STOPPED}" if early else said
