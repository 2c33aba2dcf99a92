"""A cross as people read it: rows by columns, mean and interval over seeds, and why a cell is empty.

tables of a cross -> Pivot: "57.80 (57.1 to 58.5)", "diverged", "stopped early"; -> what is not run yet
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.engine.exhibit import Missing, Tables
from analysis.engine.page import Pivot, PivotCell
from analysis.engine.sheet import Key, Sheet, write_diverged, write_number
from netsci.sweep import Record

STOPPED = "stopped early"
EARLY = (
    "Stopped early: accuracy on the test images rose from the fifth of the epochs before the last to the "
    "last by more than 1.96 standard errors of one accuracy. The rate falls to the end, which alone makes "
    "accuracy rise."
)
LEAST = 1.96  # standard errors of one accuracy that it must rise by


class Planned(NamedTuple):
    """What is planned of a cell: why it may be empty, and its number of seeds."""

    reason: str
    seeds: int


NOTHING = Planned("not part of the plan", 0)


def read_accuracies(record: Record) -> NDArray[np.float64]:
    """Return the accuracy of a run in percent after each epoch [epochs], without that before the first."""
    a = record.arrays
    trained = (a["table_measure"] == "accuracy") & (a["table_epoch"] > 0)
    return np.asarray(100.0 * a["table_value"][trained])


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


def find_stopped(ends: pd.DataFrame, names: tuple[str, str]) -> set[Key]:
    """Return the cells whose accuracy still rose at the end, in the mean over seeds."""
    means = ends.groupby(list(names), sort=False)[["rise", "error"]].mean()
    return set(means.index[means["rise"] > LEAST * means["error"]])


def pivot(
    names: tuple[str, str],
    columns: Sequence[str],
    planned: Mapping[str, Mapping[str, Planned]],
    tables: Tables,
    sheet: Sheet,
) -> tuple[Pivot, Missing]:
    """Return the table of a cross, and (reason, cells) of what is not run.

    columns : in their order. planned : what is planned of each row, by column. sheet : of the same tables.
    """
    early = find_stopped(tables["ends"], names)
    failed = tables["table"][tables["table"]["value"].isna()].groupby(list(names)).size()
    columns = [column for column in columns if any(column in own for own in planned.values())]
    rows: list[tuple[str, tuple[PivotCell, ...]]] = []
    missing: dict[str, list[str]] = {}
    for row, own in planned.items():
        cells = []
        for column in columns:
            key = (row, column)
            plan = own.get(column, NOTHING)
            ours = _say(sheet, key, int(failed.get(key, 0)), plan.seeds, key in early)
            reason = "" if ours else plan.reason
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


def _say(sheet: Sheet, key: Key, failed: int, seeds: int, early: bool) -> str:
    """Return what a cell came to; "" where nothing of it was run."""
    if failed:
        return write_diverged(failed, seeds)
    if not len(sheet.by_seed(key)):
        return ""
    found = sheet.estimate(key)
    said = write_number(found.mean, "percent")
    if found.n > 1:
        said += f" ({write_number(found.low, 'percent')} to {write_number(found.high, 'percent')})"
    said += f", {found.n} of {seeds} seeds" if found.n < seeds else ""
    return f"{said}, {STOPPED}" if early else said


def estimate_cells(
    names: tuple[str, str], panels: Mapping[str, str], tables: Tables, sheet: Sheet
) -> pd.DataFrame:
    """Return a line for each run of several, and one for each cell: its mean and interval, or its one run.

    Columns: the first of `names`, "column", "panel", "value", and "low" and "high", which are NaN in a run of
    several, or beside some that diverged, and the value itself in the only run of a cell. In a panel a column
    is called what its name says beside that of the panel. Runs that diverged are left out, and the mean of
    their cell.
    """
    rows, columns = names
    runs = tables["table"][[rows, columns, "value"]].dropna()
    means = []
    for key in dict.fromkeys(zip(runs[rows], runs[columns], strict=True)):
        found = sheet.estimate(key)
        if key not in sheet.failed:
            low, high = (found.low, found.high) if found.n > 1 else (found.mean, found.mean)
            means.append({rows: key[0], columns: key[1], "value": found.mean, "low": low, "high": high})
    lost = [key in sheet.failed for key in zip(runs[rows], runs[columns], strict=True)]
    several = runs.duplicated([rows, columns], keep=False) | np.array(lost, dtype=bool)
    shown = runs[several].assign(low=np.nan, high=np.nan)
    shown = pd.concat([shown, pd.DataFrame(means)], ignore_index=True)
    panel = [panels.get(column, "") for column in shown[columns]]
    column = [name.removeprefix(f"{of}, ") for name, of in zip(shown[columns], panel, strict=True)]
    return shown.assign(panel=panel, column=column)
