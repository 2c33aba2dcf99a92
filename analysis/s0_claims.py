"""What a claim of S0 is judged by: means with intervals, differences beyond error, printed values.

A claim about an order of accuracies holds if every difference it speaks of is positive beyond error, does not
hold if one is negative beyond error, and is not decided otherwise, or while choices of its row are missing.
The error is the interval over seeds; with one seed, the sampling error of the test set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.runs import Tables
from analysis.s0_entries import compared
from analysis.s0_explanations import explanations
from analysis.s0_names import choice
from analysis.statistics import mean_and_interval

OPENING = {
    "smoke": "Smoke scale, on digits: what is said of claims shows that they are judged, not how they fare.",
    "desk": "",
    "paper": "",
}
TEST_IMAGES = {"cifar10-dvs": 1_000, "dvs-gesture": 264}  # others have 10,000, digits at the smoke scale 100


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


class Values(dict[tuple[str, str], Value]):
    """What was run of an exhibit, by row and column, at a scale."""

    scale: str = "desk"

    def tests(self, row: str) -> int:
        """Return the number of test images of a row."""
        dataset = row.split("/")[0]
        if self.scale == "desk" and dataset == "n-mnist":
            return 1_100  # the real recordings at hand
        return 100 if self.scale == "smoke" else TEST_IMAGES.get(dataset, 10_000)


Judge = Callable[[Values, Tables], list[str]]
Key = tuple[str, str]


@dataclass(frozen=True)
class Judged:
    """A judge that knows its exhibit ("s0.table1"), so that `verdict` can explain differences."""

    exhibit: str
    judge: Judge

    def __call__(self, values: Values, tables: Tables) -> list[str]:
        """Return what the judge says."""
        return self.judge(values, tables)


def verdict(judge: Judge | None, scale: str, tables: Tables) -> str:
    """Say what an exhibit shows: what judge(values, tables) says of what was run, how much that is, and why.

    A line for each thing that is said. The explanations speak of the desk scale, and of rows that were run.
    """
    both = compared(tables)
    run = both[both["mean"].notna()]
    counted = f"{len(run)} of {len(both)} cells were run"
    if run.empty or judge is None:
        reasons = "; ".join(dict.fromkeys(reason for reason in both["reason"] if reason))
        begins = (
            f"none of {len(both)} cells was run" if run.empty else f"{counted}, no claim is judged by them"
        )
        return _lines([OPENING[scale], f"{begins}{f': {reasons}' if reasons else ''}"])
    exhibit = judge.exhibit if isinstance(judge, Judged) else ""
    values = Values(
        {
            (line.row, line.column): Value(line.mean, line.low, line.high, int(line.n), line.printed)
            for line in run.itertuples()
        }
    )
    values.scale = scale
    found = judge(values, tables) or ["no comparison is complete yet"]
    why = explanations(exhibit, scale, tables)
    return _lines([OPENING[scale], *found, *why, counted])


def _lines(texts: Sequence[str]) -> str:
    """Return texts as sentences, each on a line of its own."""
    return "\n".join(f"{text[0].upper()}{text[1:].removesuffix('.')}." for text in texts if text)


def paired(tables: Tables, ours: str, other: str, column: str) -> Value:
    """Return the difference of two rows, seed by seed, and the printed one."""
    return difference(tables, (ours, column), (other, column))


def difference(tables: Tables, ours: Key, other: Key) -> Value:
    """Return the difference of two cells (row, column), seed by seed, and the printed one."""
    printed = [printed_value(tables, key) for key in (ours, other)]
    return interval(by_seed(tables, ours) - by_seed(tables, other), printed[0] - printed[1])


def by_seed(tables: Tables, key: Key) -> pd.Series[float]:
    """Return the values of a cell (row, column) by seed."""
    table = tables["table"]
    return table[(table["row"] == key[0]) & (table["column"] == key[1])].set_index("seed")["value"]


def printed_value(tables: Tables, key: Key) -> float:
    """Return the printed value of a cell (row, column), run or not; NaN where there is none."""
    entries = tables["entries"]
    return float(entries.loc[(entries["row"] == key[0]) & (entries["column"] == key[1]), "printed"].mean())


def interval(by_seed: pd.Series[float], printed: float = np.nan) -> Value:
    """Return the mean of values by seed with its interval; n = 0 and NaN where there are none."""
    gap = by_seed.dropna()
    if gap.empty:
        return Value(np.nan, np.nan, np.nan, 0, printed)
    found = mean_and_interval(pd.DataFrame({"seed": gap.index, "value": gap.to_numpy(), "of": "one"}))
    line = found.iloc[0]
    return Value(line["mean"], line["low"], line["high"], int(line["n"]), printed)


def sampling_error(p: float, q: float, n: int) -> float:
    """Return two standard errors of the difference of two accuracies on n test images.

        2 sqrt((p (1 - p) + q (1 - q)) / n), p and q as shares

    p, q : accuracies in percent. n : test images, > 0. The result is in percentage points. The images count
    as drawn anew for each network; that both see the same ones makes it cautious.

    Raises
    ------
    ValueError
        If an accuracy is not within 0 to 100, or n is not positive.

    Examples
    --------
    >>> round(sampling_error(97.0, 96.0, 10_000), 3)
    0.52
    """
    if not (0 <= p <= 100 and 0 <= q <= 100 and n > 0):
        raise ValueError(f"accuracies must be percentages and n positive; got p={p}, q={q}, n={n}")
    return float(2 * np.sqrt((p * (100 - p) + q * (100 - q)) / n))


def apart(values: Values, tables: Tables, ours: Key, other: Key) -> Value:
    """Return the difference of two accuracies with its error: low > 0 shows an order, high < 0 the contrary.

    Over several seeds that both have, the interval of the paired differences; over one, the sampling error
    of the test set. Without a common seed the means are compared, by the sampling error.
    """
    gap = difference(tables, ours, other)
    if gap.n > 1:
        return gap
    mean = gap.mean if gap.n else values[ours].mean - values[other].mean
    error = sampling_error(values[ours].mean, values[other].mean, values.tests(ours[0]))
    return Value(mean, mean - error, mean + error, gap.n, gap.printed)


def ruling(gaps: Sequence[Value], of: str = "the difference") -> str:
    """Return how the claim that every difference is positive fares, with the smallest of the open ones."""
    if any(gap.high < 0 for gap in gaps):
        return "does not hold"
    unsure = [gap for gap in gaps if not gap.low > 0]
    if not unsure:
        return "holds"
    gap = min(unsure, key=lambda gap: abs(gap.mean))
    of = "the smallest difference" if len(unsure) > 1 else of
    error = gap.mean - gap.low
    source = "sampling error" if gap.n < 2 else "the interval over seeds"
    return f"is not decided: {of}, {_signed(gap.mean)} points, is within {error:.2f} points of {source}"


def less_than(limit: float, gap: Value) -> Value:
    """Return by how much a difference stays below a limit, with its error."""
    return replace(gap, mean=limit - gap.mean, low=limit - gap.high, high=limit - gap.low)


def choices(tables: Tables, row: str) -> list[float]:
    """Return the choices that a row of the table has, run or not, in its order."""
    entries = tables["entries"]
    found = [choice(column) for column in entries.loc[entries["row"] == row, "column"]]
    return list(dict.fromkeys(value for value in found if not np.isnan(value)))


def incomplete(values: Values, tables: Tables, row: str) -> str:
    """Return that a claim over a row's choices is not decided, "" if every choice was run."""
    n, of = len(over(values, row)), len(choices(tables, row))
    if n == of:
        return ""
    return f"is not decided: {n} of {of} choices {'was' if n == 1 else 'were'} run"


def printed_over(tables: Tables, row: str) -> dict[float, float]:
    """Return all printed values of a row by the choice of the column, run or not."""
    entries = tables["entries"]
    lines = entries[(entries["row"] == row) & entries["printed"].notna()].itertuples()
    return {choice(line.column): line.printed for line in lines if not np.isnan(choice(line.column))}


def judged(gain: Value) -> str:
    """Say what a gain over dense is worth, and whether it agrees with the printed one."""
    if gain.n < 2:
        words = "one seed"
        if gain.high < 0 or gain.low > 0:
            words += ", beyond sampling error"
        elif gain.low <= 0 <= gain.high:
            words += ", within sampling error"
    elif gain.high < 0:
        words = "a loss beyond the spread of the seeds"
    elif gain.low > 0:
        words = "a gain beyond the spread of the seeds"
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


def _signed(points: float) -> str:
    return f"{points:+.2f}" if abs(points) >= 0.005 else "0.00"


def ratio(more: float, less: float) -> str:
    """Return how many times `more` is `less`, in words."""
    return f"{more / less:.1f} times" if less > 0 else "infinitely many times"


def over(values: Values, row: str) -> dict[float, Value]:
    """Return the values of a row by the choice of the column."""
    return {choice(column): value for (r, column), value in values.items() if r == row}


def columns(values: Values, row: str) -> dict[float, str]:
    """Return the columns of a row that were run, by their choice, rising."""
    return dict(sorted((choice(column), column) for r, column in values if r == row))


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
    """Say so where there is one seed, so that differences are tested by sampling error only."""
    return " (one seed)" if all(value.n < 2 for value in values) else ""
