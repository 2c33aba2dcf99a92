"""A table as rows and columns: what was run, seed by seed, beside what is printed. Claims and notes read it.

exhibit's tables -> Sheet: (row, column) -> values by seed, printed value, unit
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from netsci.train.cells import DIVERGED

Key = tuple[str, str]  # row, column
Floats = NDArray[np.float64]
Spread = Callable[[Sequence[Key], Sequence[float]], float]


def expand(texts: Sequence[str]) -> list[Key]:
    """Return the cells of texts "row|column", each alternative in braces as one of its own.

    >>> expand(["mnist/{dense,ch-snn}|p_5"])
    [('mnist/dense', 'p_5'), ('mnist/ch-snn', 'p_5')]
    """
    found: list[Key] = []
    for text in texts:
        start, brace, rest = text.partition("{")
        if brace:
            inside, _, end = rest.partition("}")
            found += expand([start + one + end for one in inside.split(",")])
        else:
            row, _, column = text.partition("|")
            found.append((row, column))
    return found


def unknown(keys: Sequence[Key], means: Sequence[float]) -> float:
    """Return NaN: nothing says how far one run may lie from another."""
    return np.nan


def exact(keys: Sequence[Key], means: Sequence[float]) -> float:
    """Return 0, the error of what is computed and not drawn at random."""
    return 0.0


def sample_error(images: Callable[[str], int]) -> Spread:
    """Return the standard error of accuracies, or of a difference of two, by the images they were tested on.

        sqrt(sum p (1 - p) / n), p as a share

    images(row) : test images. The images count as drawn anew for each network; that both see the same ones
    makes it cautious. NaN for a value that is not within 0 to 100 percent.

    >>> round(sample_error(lambda row: 10_000)([("a", "x"), ("b", "x")], [97.0, 96.0]), 3)
    0.26
    """

    def error(keys: Sequence[Key], means: Sequence[float]) -> float:
        if not all(0 <= mean <= 100 for mean in means):
            return np.nan
        pairs = zip(keys, means, strict=True)
        return float(np.sqrt(sum(mean * (100 - mean) / images(row) for (row, _), mean in pairs)))

    return error


@dataclass(frozen=True)
class Estimate:
    """A mean over n seeds and its interval; NaN where it is unknown, n = 0 where nothing was run."""

    mean: float = np.nan
    low: float = np.nan
    high: float = np.nan
    n: int = 0


@dataclass(frozen=True, eq=False)
class Sheet:
    """Values by row and column. `error` says what a single seed leaves open: a standard error, NaN, or 0.

    values : row, column, seed, value of what was run. printed : by (row, column), where something is.
    implied : printed values that the paper does not print, but that follow from those it does.
    parts(key) : the cells whose errors make up that of a cell; of a difference of two accuracies, both.
    corrections : how a cell's claim must be corrected to hold. failed : cells of which a run gave no value;
    they decide no claim. known : 95 % intervals of cells whose error is no matter of seeds, such as of those
    that resample networks. remarks : what a claim says beside a cell's value, such as when it turns.
    left_out : by cell and seed the values without each block of test images, the same blocks in all cells;
    where there are some they say what a single seed leaves open.
    """

    values: pd.DataFrame
    printed: Mapping[Key, float] = field(default_factory=dict)
    units: Mapping[Key, str] = field(default_factory=dict)
    error: Spread = unknown
    implied: frozenset[Key] = frozenset()
    parts: Callable[[Key], Sequence[Key]] = lambda key: (key,)
    corrections: Mapping[Key, str] = field(default_factory=dict)
    failed: frozenset[Key] = frozenset()
    known: Mapping[Key, Estimate] = field(default_factory=dict)
    remarks: Mapping[Key, str] = field(default_factory=dict)
    left_out: Mapping[Key, Mapping[Any, Floats]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = self.values.dropna(subset="value")
        by_seed = pd.Series(
            known["value"].to_numpy(float), index=pd.Index(known["seed"], name="seed"), name="value"
        )
        places = known.groupby(["row", "column"]).indices
        keys = dict.fromkeys(zip(known["row"], known["column"], strict=True))  # in the order of the table
        found = {key: by_seed.iloc[places[key]] for key in keys}
        object.__setattr__(self, "_by_seed", found)

    @property
    def keys(self) -> list[Key]:
        """Everything that was run or is printed."""
        return list(dict.fromkeys([*self._by_seed, *self.printed]))  # type: ignore[attr-defined]

    def by_seed(self, key: Key) -> pd.Series[float]:
        """Return the values of a cell by seed; none where it was not run."""
        nothing = pd.Series(dtype=float)
        return self._by_seed.get(key, nothing)  # type: ignore[attr-defined]

    def unit(self, key: Key) -> str:
        """Return the unit of a cell, "1" where none is known."""
        return self.units.get(key, "1")

    def estimate(self, key: Key, *, minus: Key | None = None, times: float = 1.0) -> Estimate:
        """Return the mean of a cell, or of its difference to `times` another, seed by seed, with 95 %."""
        return self.interval(key, minus, times, 0.95)

    def interval(self, key: Key, minus: Key | None, times: float, confidence: float) -> Estimate:
        """Return `estimate` at a confidence: Student's over several seeds, by `left_out` or `error` in one.

        A known interval is that of 95 %; at another confidence both sides grow as those of the normal law.
        """
        if minus is None and key in self.known:
            found, wider = self.known[key], float(ndtri((1 + confidence) / 2) / ndtri(0.975))
            low, high = (found.mean + wider * (end - found.mean) for end in (found.low, found.high))
            return Estimate(found.mean, low, high, found.n)
        ours, other = self.by_seed(key), None if minus is None else self.by_seed(minus)
        gap = (ours if other is None else ours - times * other).dropna()
        n = len(gap)
        if not n:
            return Estimate()
        mean = float(gap.mean())
        if n > 1:
            half = stdtrit(n - 1, (1 + confidence) / 2) * gap.std() / np.sqrt(n)
        elif len(without := self._leave_out(key, minus, times, gap.index[0])) > 1:
            half = stdtrit(len(without) - 1, (1 + confidence) / 2) * jackknife_error(without)
        else:
            seen = [key, *([] if minus is None else [minus])]
            seen = [part for one in seen for part in self.parts(one)]
            means = [float(self.by_seed(one).get(gap.index[0], np.nan)) for one in seen]
            half = ndtri((1 + confidence) / 2) * self.error(seen, means)
        return Estimate(mean, mean - float(half), mean + float(half), n)

    def _leave_out(self, key: Key, minus: Key | None, times: float, seed: Any) -> Floats:
        """Return the values of a cell, or of a difference, without each block; none where one has none."""
        own = [self.left_out.get(one, {}).get(seed, np.zeros(0)) for one in (key, minus) if one is not None]
        if len({len(one) for one in own}) > 1 or not np.isfinite(np.concatenate(own)).all():
            return np.zeros(0)
        return np.asarray(own[0] if minus is None else own[0] - times * own[1])


def jackknife_error(without: Floats) -> float:
    """Return the standard error of a value from those without each of its equal blocks, by the jackknife.

    >>> parts = np.array([1.0, 2.0, 6.0])  # the error of their mean
    >>> without = np.array([4.0, 3.5, 1.5])
    >>> bool(np.isclose(jackknife_error(without), parts.std(ddof=1) / np.sqrt(3)))
    True
    """
    n = len(without)
    return float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()))


def write_diverged(lost: int, seeds: int) -> str:
    """Return what stands in a cell of whose seeds some diverged: no mean, which only the others would have.

    >>> write_diverged(1, 1), write_diverged(1, 3)
    ('diverged', '1 of 3 diverged')
    """
    return DIVERGED if seeds == 1 else f"{lost} of {seeds} {DIVERGED}"


def write_number(value: float, unit: str, *, signed: bool = False) -> str:
    """Return a number of a unit as people write it: percentages with 2 decimals, others with 3 digits.

    Counts are whole, and from a thousand on links and nodes are too; those of ten millions and more have four
    digits. NaN is "".

    >>> write_number(98.1, "percent"), write_number(43240.2, "count"), write_number(4.2e-5, "1")
    ('98.10', '43,240', '4.2e-05')
    >>> write_number(0.1, "percent", signed=True)
    '+0.10'
    """
    sign = "+" if signed else ""
    if np.isnan(value):
        return ""
    if unit == "yes/no":
        return "yes" if value > 0.5 else "no"
    if unit in ("percent", "points"):
        return f"{round(value, 2) + 0.0:{sign}.2f}"  # and never -0.00
    if (unit == "count" and abs(value) < 1e7) or (unit in ("links", "nodes") and 1e3 <= abs(value) < 1e7):
        return f"{round(value) + 0:{sign},}"
    return f"{value:{sign}.{4 if unit == 'count' else 3}g}"
