"""What a paper claims of its numbers, and whether our runs show it: claims are data, rulings rows of a table.

    Order  some cells are larger than others      Trend  a row rises or falls along its columns
    Bound  a cell, or a spread, keeps to a limit  Sign   a cell is above or below zero

Every claim says that some contrasts are positive. It holds if each is beyond error, does not hold if one is
negative beyond error, and is undecided otherwise. The error is the 95 % interval over seeds, or what `Sheet`
knows of a single one; where one of k contrasts is enough to refute, the interval is that of 1 - 0.05 / k.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any

import numpy as np
import pandas as pd

from analysis.engine.sheet import Estimate, Key, Sheet, written

COLUMNS = ("claim", "place", "main", "holds", "printed", "ours", "gap", "low", "high", "unit", "seeds")


@dataclass(frozen=True)
class Contrast:
    """sign (value of `key` - times value of `minus`) + offset, positive where the claim is right."""

    key: Key
    minus: Key | None = None
    times: float = 1.0
    sign: int = 1
    offset: float = 0.0

    def of(self, found: Estimate) -> Estimate:
        """Return the contrast of an estimate of the difference."""
        ends = sorted(self.offset + self.sign * end for end in (found.low, found.high))
        return Estimate(self.offset + self.sign * found.mean, ends[0], ends[1], found.n)

    def estimate(self, sheet: Sheet, confidence: float = 0.95) -> Estimate:
        """Return the contrast with its interval; NaN where a cell was not run."""
        return self.of(sheet.interval(self.key, self.minus, self.times, confidence))


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim in our words, with its place in the paper; `main` marks the one that stands for the exhibit."""

    words: str
    place: str
    main: bool = False

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """What must be positive."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Order(Claim):
    """In every pair (more, less) the first cell is larger, by a factor of `times` where it is given."""

    pairs: tuple[tuple[Key, Key], ...]
    times: float = 1.0

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """More - times less, of every pair."""
        return tuple(Contrast(more, less, self.times) for more, less in self.pairs)


@dataclass(frozen=True, kw_only=True)
class Bound(Claim):
    """Every cell is above or below a limit; with `spread`, any two of them differ by less than `below`."""

    cells: tuple[Key, ...]
    above: float | None = None
    below: float | None = None
    spread: bool = False

    def __post_init__(self) -> None:
        if (self.above is None and self.below is None) or (self.spread and self.below is None):
            raise ValueError(f"a bound needs above or below, a spread needs below; {self.words!r} has none")

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """Distances from the limits, on the right side."""
        above, below = self.above, self.below
        if self.spread and below is not None:
            return tuple(Contrast(a, b, 1.0, -1, below) for a, b in permutations(self.cells, 2))
        over = () if above is None else tuple(Contrast(cell, offset=-above) for cell in self.cells)
        under = () if below is None else tuple(Contrast(cell, sign=-1, offset=below) for cell in self.cells)
        return (*over, *under)


@dataclass(frozen=True, kw_only=True)
class Trend(Claim):
    """The cells rise, or fall, in their order: every step does, and no two stand the other way round."""

    cells: tuple[Key, ...]
    rises: bool

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """All differences of a later and an earlier cell: many small steps can make a fall."""
        sign = 1 if self.rises else -1
        return tuple(Contrast(b, a, sign=sign) for a, b in combinations(self.cells, 2))


@dataclass(frozen=True, kw_only=True)
class Sign(Claim):
    """Every cell is positive, or negative."""

    cells: tuple[Key, ...]
    positive: bool = True

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """The cells with the sign."""
        return tuple(Contrast(cell, sign=1 if self.positive else -1) for cell in self.cells)


def ruling(claim: Claim, sheet: Sheet) -> dict[str, Any]:
    """Return whether a claim holds in our runs, as a row of `COLUMNS`.

    holds : "yes", "no", "undecided", or "not run" where no contrast has its cells. gap, low, high : the
    smallest contrast that decides, with its 95 % interval. seeds : behind it. printed, ours : its cells.
    """
    contrasts = claim.contrasts
    found = [contrast.estimate(sheet) for contrast in contrasts]
    strict = 1 - 0.05 / len(contrasts)
    run = [pair for pair in zip(contrasts, found, strict=True) if pair[1].n]
    against = [pair for pair in run if pair[0].estimate(sheet, strict).high < 0]
    unsure = [pair for pair in zip(contrasts, found, strict=True) if not pair[1].low > 0]
    holds = "no" if against else "undecided" if unsure else "yes"
    known = [pair for pair in unsure if pair[1].n] or run
    row: dict[str, Any] = {"claim": claim.words, "place": claim.place, "main": claim.main}
    if not run:
        none = {"gap": np.nan, "low": np.nan, "high": np.nan, "unit": "", "seeds": 0}
        return row | {"holds": "not run", "printed": _printed(contrasts[0], sheet), "ours": "", **none}
    contrast, gap = min(against or known, key=lambda pair: pair[1].mean)
    unit = {"percent": "points", "1": "", "yes/no": ""}.get(of := sheet.unit(contrast.key), of)
    gap = Estimate(n=gap.n) if of == "yes/no" else gap  # how far yes is from no says nothing
    return row | {
        "holds": holds,
        "printed": _printed(contrast, sheet),
        "ours": _ours(contrast, sheet),
        "gap": gap.mean,
        "low": gap.low,
        "high": gap.high,
        "unit": unit,
        "seeds": gap.n,
    }


def rulings(claims: Sequence[Claim], sheet: Sheet) -> pd.DataFrame:
    """Return the rulings of an exhibit, a row a claim."""
    return pd.DataFrame([ruling(claim, sheet) for claim in claims], columns=list(COLUMNS))


def _cells(contrast: Contrast) -> list[Key]:
    return [contrast.key, *([] if contrast.minus is None else [contrast.minus])]


def _printed(contrast: Contrast, sheet: Sheet) -> str:
    """Return the printed values of a contrast; "" where one is missing."""
    values = [sheet.printed.get(key, np.nan) for key in _cells(contrast)]
    if np.isnan(values).any():
        return ""
    return " against ".join(
        _signed(value, sheet, key, contrast) for value, key in zip(values, _cells(contrast), strict=True)
    )


def _ours(contrast: Contrast, sheet: Sheet) -> str:
    """Return our means of a contrast; of a single cell with its interval, or in how many seeds it is true."""
    keys = _cells(contrast)
    found = [sheet.estimate(key) for key in keys]
    words = [_signed(one.mean, sheet, key, contrast) for one, key in zip(found, keys, strict=True)]
    one, several = found[0], len(keys) == 1 and found[0].n > 1
    if several and sheet.unit(keys[0]) == "yes/no":
        return f"{one.mean * one.n:.0f} of {one.n}"
    if several and one.high > one.low:
        low, high = (_signed(end, sheet, keys[0], contrast) for end in (one.low, one.high))
        words[0] += f" ({low} to {high})"
    return " against ".join(words)


def _signed(value: float, sheet: Sheet, key: Key, contrast: Contrast) -> str:
    """Return a value as it is written, with its sign where that is what is claimed."""
    return written(value, sheet.unit(key), signed=contrast.minus is None and contrast.offset == 0)
