"""What a claim of S0 is judged by: means with intervals, differences paired by seed, printed values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.runs import Tables
from analysis.s0_entries import compared
from analysis.s0_names import choice
from analysis.statistics import mean_and_interval

OPENING = {"smoke": "Smoke scale, on digits, nothing of it to be compared with S0: ", "desk": "", "paper": ""}


@dataclass(frozen=True)
class Value:
    """Mean of n seeds with its interval, and the printed value; NaN where there is none."""

    mean: float
    low: float
    high: float
    n: int
    printed: float

    def text(self, form: str = ".2f", unit: str = " %") -> str:
        """Return the mean, with its interval where there is one."""
        if self.n < 2:
            return f"{self.mean:{form}}{unit}"
        return f"{self.mean:{form}}{unit} ({self.low:{form}} to {self.high:{form}})"


Values = dict[tuple[str, str], Value]
Judge = Callable[[Values, Tables], list[str]]


def verdict(judge: Judge | None, scale: str, tables: Tables) -> str:
    """Say what an exhibit shows: what judge(values, tables) says of what was run, and how much that is."""
    both = compared(tables)
    run = both[both["mean"].notna()]
    if run.empty or judge is None:
        reasons = "; ".join(dict.fromkeys(both["reason"]))
        said = f"{OPENING[scale]}none of {len(both)} cells was run: {reasons}."
        return said[0].upper() + said[1:]
    values = {
        (line.row, line.column): Value(line.mean, line.low, line.high, int(line.n), line.printed)
        for line in run.itertuples()
    }
    found = judge(values, tables) or ["no comparison is complete yet"]
    said = OPENING[scale] + "; ".join(found)
    return f"{said[0].upper()}{said[1:]}; {len(run)} of {len(both)} cells were run."


def paired(tables: Tables, ours: str, other: str, column: str) -> Value:
    """Return the difference of two rows, seed by seed, and the printed one."""
    table, entries = tables["table"], tables["entries"]
    seeds = {
        row: table[(table["row"] == row) & (table["column"] == column)].set_index("seed")["value"]
        for row in (ours, other)
    }
    printed = {
        row: entries.loc[(entries["row"] == row) & (entries["column"] == column), "printed"].mean()
        for row in (ours, other)
    }
    return interval(seeds[ours] - seeds[other], printed[ours] - printed[other])


def interval(by_seed: pd.Series[float], printed: float = np.nan) -> Value:
    """Return the mean of values by seed with its interval."""
    gap = by_seed.dropna()
    found = mean_and_interval(pd.DataFrame({"seed": gap.index, "value": gap.to_numpy(), "of": "one"}))
    line = found.iloc[0]
    return Value(line["mean"], line["low"], line["high"], int(line["n"]), printed)


def judged(gain: Value) -> str:
    """Say what a difference is worth, and whether it agrees with the printed one."""
    if gain.n < 2:
        words = "one seed"
    elif gain.low > 0:
        words = "a gain beyond the spread of the seeds"
    elif gain.high < 0:
        words = "a loss beyond the spread of the seeds"
    else:
        words = "no difference beyond the spread of the seeds"
    if np.isnan(gain.printed):
        return words
    same = np.sign(round(gain.mean, 2)) == np.sign(round(gain.printed, 2))
    words += f"; printed {gain.printed:+.2f}, {'the same' if same else 'not the same'} sign"
    if gain.n > 1:
        inside = gain.low <= gain.printed <= gain.high
        words += f" and {'inside' if inside else 'outside'} the interval"
    return words


def ratio(more: float, less: float) -> str:
    """Return how many times `more` is `less`, in words."""
    return f"{more / less:.1f} times" if less > 0 else "infinitely many times"


def over(values: Values, row: str) -> dict[float, Value]:
    """Return the values of a row by the choice of the column."""
    return {choice(column): value for (r, column), value in values.items() if r == row}


def datasets(values: Values) -> list[str]:
    """Return the datasets, in the order of the table."""
    return list(dict.fromkeys(row.split("/")[0] for row, _ in values))


def holds(true: bool) -> str:
    """Return how a claim fares."""
    return "holds" if true else "does not hold"


def if_printed(form: str, *values: float) -> str:
    """Return the printed values in words; nothing where one is missing."""
    return "" if np.isnan(values).any() else form.format(*values)


def one_seed(values: Iterable[Value]) -> str:
    """Say that differences are untested where there is one seed."""
    return " (one seed: no test of the differences)" if all(value.n < 2 for value in values) else ""
