"""What a paper claims of its numbers, and whether our runs show it: claims are data, rulings rows of a table.

    Order  some cells are larger than others      Trend  a row rises or falls along its columns
    Bound  a cell, or a spread, keeps to a limit  Sign   a cell is above or below zero

Every claim says that some contrasts are positive. It holds if each is beyond error, does not hold if one is
negative beyond error, and is undecided otherwise. The error is the 95 % interval over seeds, or what `Sheet`
knows of a single one; where one of k comparisons is enough to refute, the interval is that of 1 - 0.05 / k,
and it is the one shown wherever the 95 % interval alone would refute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any

import numpy as np
import pandas as pd

from analysis.engine.sheet import Estimate, Key, Sheet, write_number

COLUMNS = ("claim", "place", "main", "holds", "printed", "ours", "gap", "low", "high", "unit", "seeds")


@dataclass(frozen=True)
class Contrast:
    """sign (value of `key` - times value of `minus`) + offset, positive where the claim is right.

    rival : take the printed value of one of the two where it was not run.
    """

    key: Key
    minus: Key | None = None
    times: float = 1.0
    sign: int = 1
    offset: float = 0.0
    rival: bool = False

    def of(self, found: Estimate) -> Estimate:
        """Return the contrast of an estimate of the difference."""
        ends = sorted(self.offset + self.sign * end for end in (found.low, found.high))
        return Estimate(self.offset + self.sign * found.mean, ends[0], ends[1], found.n)

    def estimate(self, sheet: Sheet, confidence: float = 0.95) -> Estimate:
        """Return the contrast with its interval; NaN where a cell was not run."""
        if self.rival and self.minus is not None:
            if borrows(self.minus, sheet):
                found = sheet.interval(self.key, None, 1.0, confidence)
                return self.of(_shift(found, -self.times * sheet.printed[self.minus]))
            if borrows(self.key, sheet):
                found = sheet.interval(self.minus, None, 1.0, confidence)
                ends = (-self.times * found.high, -self.times * found.low)
                return self.of(
                    _shift(Estimate(-self.times * found.mean, *ends, found.n), sheet.printed[self.key])
                )
        return self.of(sheet.interval(self.key, self.minus, self.times, confidence))


def borrows(key: Key, sheet: Sheet) -> bool:
    """Return whether a cell was not run but is printed."""
    return not len(sheet.by_seed(key)) and key in sheet.printed


def _shift(found: Estimate, by: float) -> Estimate:
    return Estimate(found.mean + by, found.low + by, found.high + by, found.n)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim in our words, with its place in the paper; `main` marks the one that stands for the exhibit.

    among : how many claims are judged together; all their intervals are those of 1 - 0.05 / among.
    """

    words: str
    place: str
    main: bool = False
    among: int = 1

    @property
    def comparisons(self) -> int:
        """How many comparisons could refute it."""
        return len(self.contrasts)

    def refuted(self, found: Estimate) -> bool:
        """Return whether one contrast refutes the claim."""
        return found.high < 0

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """What must be positive."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Order(Claim):
    """In every pair (more, less) the first cell is larger: by a factor of `times`, or by more than `by`.

    rivals : "printed" to compare our runs with printed values of what was not run.
    """

    pairs: tuple[tuple[Key, Key], ...]
    times: float = 1.0
    by: float = 0.0
    rivals: str = ""

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """More - times less - by, of every pair."""
        rival = self.rivals == "printed"
        return tuple(
            Contrast(more, less, self.times, offset=-self.by, rival=rival) for more, less in self.pairs
        )


@dataclass(frozen=True, kw_only=True)
class Bound(Claim):
    """Every cell is above or below a limit; with `spread`, any two of a row differ by less than `below`."""

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
            pairs = ((a, b) for a, b in permutations(self.cells, 2) if a[0] == b[0])
            return tuple(Contrast(a, b, 1.0, -1, below) for a, b in pairs)
        over = () if above is None else tuple(Contrast(cell, offset=-above) for cell in self.cells)
        under = () if below is None else tuple(Contrast(cell, sign=-1, offset=below) for cell in self.cells)
        return (*over, *under)

    @property
    def comparisons(self) -> int:
        """Two orders of a pair are one comparison."""
        return len(self.contrasts) // (2 if self.spread else 1)


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

    def refuted(self, found: Estimate) -> bool:
        """Return whether one contrast refutes the claim; a cell that is 0 in every run has no sign."""
        return found.high < 0 or (found.n > 0 and found.mean == 0 and not found.high > 0)


def ruling(claim: Claim, sheet: Sheet) -> dict[str, Any]:
    """Return whether a claim holds in our runs, as a row of `COLUMNS`.

    holds : "yes", "no", "corrected" (it holds with a correction, which `ours` says), "undecided", or "not
    run" where no contrast has its cells. A contrast with a cell that failed decides nothing. gap, low, high :
    the smallest contrast that decides, with the interval that decided. seeds : behind it. printed, ours : its
    cells.
    """
    contrasts = claim.contrasts
    usual = 1 - 0.05 / claim.among
    strict = 1 - 0.05 / (claim.among * claim.comparisons)
    found = [contrast.estimate(sheet, usual) for contrast in contrasts]
    # what alone would refute is judged, and shown, by the interval for all comparisons together
    found = [
        contrast.estimate(sheet, strict) if one.high < 0 else one
        for contrast, one in zip(contrasts, found, strict=True)
    ]
    failed = [bool(sheet.failed.intersection(_cells(contrast))) for contrast in contrasts]
    found = [Estimate() if lost else one for lost, one in zip(failed, found, strict=True)]
    run = [pair for pair in zip(contrasts, found, strict=True) if pair[1].n]
    against = [pair for pair in run if claim.refuted(pair[1])]
    unsure = [pair for pair in zip(contrasts, found, strict=True) if not pair[1].low > 0]
    holds = "no" if against else "undecided" if unsure else "yes"
    known = [pair for pair in unsure if pair[1].n] or run
    row: dict[str, Any] = {"claim": claim.words, "place": claim.place, "main": claim.main}
    if not run:
        none = {"gap": np.nan, "low": np.nan, "high": np.nan, "unit": "", "seeds": 0}
        said = ("undecided", "a run diverged") if any(failed) else ("not run", "")
        printed = _write_printed(contrasts[0], sheet)
        return row | {"holds": said[0], "printed": printed, "ours": said[1], **none}
    contrast, gap = min(against or known, key=lambda pair: pair[1].mean)
    judged_strictly = contrast.estimate(sheet, usual).high < 0
    unit = {"percent": "points", "1": "", "yes/no": ""}.get(of := sheet.unit(contrast.key), of)
    if contrast.offset and gap.high > gap.low:  # the gap is no difference of the values beside it
        unit = f"{unit} from the limit".strip()
    gap = Estimate(n=gap.n) if of == "yes/no" else gap  # how far yes is from no says nothing
    remark = sheet.remarks.get(contrast.key, "")
    correction = sheet.corrections.get(contrast.key, "") if holds == "no" else ""
    return row | {
        "holds": "corrected" if correction else holds,
        "printed": _write_printed(contrast, sheet),
        "ours": (correction or _ours(contrast, sheet, strict if judged_strictly else usual)) + remark,
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


def _write_printed(contrast: Contrast, sheet: Sheet) -> str:
    """Return the printed values of a contrast; "" where one is missing."""
    values = [sheet.printed.get(key, np.nan) for key in _cells(contrast)]
    if np.isnan(values).any():
        return ""
    said = []
    for value, key in zip(values, _cells(contrast), strict=True):
        mark = " (implied)" if key in sheet.implied else ""
        said.append(_write_signed(value, sheet, key, contrast) + mark)
    return " against ".join(said)


def _ours(contrast: Contrast, sheet: Sheet, confidence: float) -> str:
    """Return our means of a contrast; of a single cell with its interval, or in how many seeds it is true."""
    keys = _cells(contrast)
    found = [sheet.interval(key, None, 1.0, confidence) for key in keys]
    words = [_write_signed(one.mean, sheet, key, contrast) for one, key in zip(found, keys, strict=True)]
    for number, key in enumerate(keys):
        if contrast.rival and borrows(key, sheet):
            words[number] = f"{_write_signed(sheet.printed[key], sheet, key, contrast)} (printed)"
    one, several = found[0], len(keys) == 1 and found[0].n > 1
    if several and sheet.unit(keys[0]) == "yes/no":
        return f"{one.mean * one.n:.0f} of {one.n}"
    if several and one.high > one.low:
        low, high = (_write_signed(end, sheet, keys[0], contrast) for end in (one.low, one.high))
        words[0] += f" ({low} to {high})"
    return " against ".join(words)


def _write_signed(value: float, sheet: Sheet, key: Key, contrast: Contrast) -> str:
    """Return a value as it is written, with its sign where that is what is claimed."""
    return write_number(value, sheet.unit(key), signed=contrast.minus is None and contrast.offset == 0)
