"""What a page shows of an exhibit, as plain records: an exhibit is turned into a Page, a site draws Pages.

    Exhibit, tables, provenance -> Page -> `analysis.engine.site.write` -> index.html and a page an exhibit

All texts are plain text but `Page.note`, which is Markdown; the templates escape them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

HOLDS = {  # what a ruling can say, in words; "" where an exhibit rules on nothing
    "yes": "holds",
    "corrected": "holds with a correction",
    "no": "does not hold",
    "undecided": "undecided",
    "not run": "not run",
    "": "no claim",
}
VERDICT_WORDS = 25
CAPTION_WORDS = 60


@dataclass(frozen=True)
class Ruling:
    """Whether one claim of a paper holds in our runs.

    claim : in our words. place : where the paper makes it, such as "Table 1, p. 9".
    holds : yes, corrected, no, undecided or not run.
    printed, ours : the numbers compared, as written, "" where there is none. seeds : runs behind each.
    gap, low, high : our difference and its interval, NaN where undefined; unit is theirs.
    main : whether this is the claim that the scoreboard shows for the exhibit; others fold out.

    Raises ValueError for another `holds`.

    >>> Ruling("A beats B", "Table 1, p. 9", "yes", gap=1.25, low=0.5, high=2.0, unit="points").interval
    '1.2 points (0.5 to 2.0)'
    """

    claim: str
    place: str
    holds: str
    printed: str = ""
    ours: str = ""
    gap: float = math.nan
    low: float = math.nan
    high: float = math.nan
    unit: str = ""
    seeds: int = 0
    main: bool = False

    def __post_init__(self) -> None:
        if not self.holds or self.holds not in HOLDS:
            said = ", ".join(filter(None, HOLDS))
            raise ValueError(f"holds must be one of {said}; got {self.holds!r}")

    @property
    def interval(self) -> str:
        """The gap with its unit and interval, to two digits of the interval's width; "" where undefined.

        It has no fewer decimals than the values beside it; where it is the value itself, it is not repeated.
        """
        if "against" not in self.ours and self.ours.split(" ")[0].lstrip("+-") in (
            f"{abs(self.gap):.2f}",
            f"{abs(self.gap):.3g}",
        ):
            return ""
        unit = f" {self.unit}" if self.unit else ""
        width = self.high - self.low
        if math.isnan(self.gap) or (width == 0 and not unit):  # exact, and a number without a meaning
            return ""
        if math.isnan(width) or width <= 0:
            return f"{self.gap:.3g}{unit}"
        shown = [len(of) for of in re.findall(r"\d\.(\d+)(?!\d*e)", self.ours)]
        digits = max(0, 1 - math.floor(math.log10(width)), *shown)
        if digits > 6:
            return f"{self.gap:.3g}{unit} ({self.low:.3g} to {self.high:.3g})"
        return f"{self.gap:.{digits}f}{unit} ({self.low:.{digits}f} to {self.high:.{digits}f})"


@dataclass(frozen=True)
class PivotCell:
    """One cell of a table as the paper prints it: the printed value, ours beside it, or why there is none.

    Where `ours` is "", `reason` may say why; `note` explains the cell (shown when pointed at). text : words
    about the row, which are neither printed nor a value of ours.
    """

    printed: str = ""
    ours: str = ""
    reason: str = ""
    note: str = ""
    text: str = ""


@dataclass(frozen=True)
class Pivot:
    """A table in the paper's own arrangement.

    columns : header texts. rows : (label, cells); a label "a|b" puts row b under a heading a. unit : one line
    below.

    Raises ValueError where a row has not one cell a column.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[PivotCell, ...]], ...]
    unit: str = ""

    def __post_init__(self) -> None:
        for label, cells in self.rows:
            if len(cells) != len(self.columns):
                raise ValueError(
                    f"row {label!r} has {len(cells)} cells for {len(self.columns)} columns; give one a column"
                )

    @property
    def compares(self) -> bool:
        """Whether it holds a printed value."""
        return any(cell.printed for _, cells in self.rows for cell in cells)

    @property
    def groups(self) -> tuple[tuple[str, tuple[tuple[str, tuple[PivotCell, ...]], ...]], ...]:
        """The rows by heading: (heading, rows), "" for the heading of rows without one."""
        found: list[tuple[str, list[tuple[str, tuple[PivotCell, ...]]]]] = []
        for label, cells in self.rows:
            first, middle, second = label.partition("|")
            heading, name = (first, second) if middle else ("", label)
            if not found or found[-1][0] != heading:
                found.append((heading, []))
            found[-1][1].append((name, cells))
        return tuple((heading, tuple(rows)) for heading, rows in found)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What an exhibit is, and its page says.

    id : of the exhibit, the name of its folder.
    paper : "S0" to "S3", or the name of our own study ("digits"). place : where in it ("Table 1, p. 9").
    caption : at most 60 words; also what a reader who cannot see the figure is told.
    deviations : from the paper's setup. scale : such as "desk".
    replicate : what takes the place of a seed in its claims ("network").
    doubles : the exhibit that shows the same runs, as people call it ("S0 Table 1"), or "".
    """

    id: str
    title: str
    paper: str
    place: str
    caption: str
    deviations: tuple[str, ...] = ()
    scale: str = "desk"
    replicate: str = "seed"
    doubles: str = ""

    @property
    def facts(self) -> dict[str, Any]:
        """These facts by name, without what a page or an exhibit holds besides."""
        return {one.name: getattr(self, one.name) for one in fields(Facts)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Page(Facts):
    """All that is shown of one exhibit.

    verdict : what came out, at most 25 words.
    figure : takes "plotly" or "matplotlib" and returns a figure.
    tables : tidy tables to download; the first is what the figure shows, written as table.csv.
    pivot : the table as printed, or None. missing : (reason, the cells not run for it), a line each.
    note : Markdown. note_stale : whether it was written for an earlier run.
    provenance : label -> text. source : the text of provenance.json, written beside the figure unless "".
    seeds : runs behind each number, or how many of what takes their place.

    Raises ValueError where the verdict or the caption is too long.
    """

    verdict: str
    figure: Callable[[str], Any]
    tables: Mapping[str, pd.DataFrame]
    pivot: Pivot | None = None
    missing: tuple[tuple[str, str], ...] = ()
    rulings: tuple[Ruling, ...] = ()
    note: str = ""
    note_stale: bool = False
    provenance: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    seeds: int = 0

    def __post_init__(self) -> None:
        for name, most in (("verdict", VERDICT_WORDS), ("caption", CAPTION_WORDS)):
            words = len(getattr(self, name).split())
            if words > most:
                raise ValueError(
                    f"{name} of page {self.id!r} has {words} words; at most {most} are allowed: shorten it"
                )

    @property
    def label(self) -> str:
        """A short name: that of the paper's table or figure, where it is one; else the title."""
        return self.title.partition(":")[0] if self.in_print else self.title

    @property
    def in_print(self) -> bool:
        """Whether it is a table or figure of the paper."""
        return re.search("Table|Figure", self.place) is not None

    @property
    def main(self) -> Ruling | None:
        """The ruling that the scoreboard shows: the one called main, else the first, None without any."""
        return next((ruling for ruling in self.rulings if ruling.main), next(iter(self.rulings), None))

    @property
    def holds(self) -> str:
        """What the main ruling says; "" without one."""
        return self.main.holds if self.main else ""

    @property
    def refuted(self) -> bool:
        """Whether one of the claims does not hold."""
        return any(ruling.holds == "no" for ruling in self.rulings)

    @property
    def runs(self) -> str:
        """Scale and seeds, and the exhibit that shows the same runs."""
        seeds = f"{self.seeds} {self.replicate}{'' if self.seeds == 1 else 's'}" if self.seeds else ""
        same = f"runs of {self.doubles}" if self.doubles else ""
        return ", ".join(text for text in (self.scale, seeds, same) if text)

    @property
    def others(self) -> tuple[Ruling, ...]:
        """The rulings beside the main one."""
        return tuple(ruling for ruling in self.rulings if ruling is not self.main)


@dataclass(frozen=True)
class Paper:
    """A paper, or a study of our own, that exhibits belong to.

    short : the name used everywhere ("S0"). authors is "" for a study of our own. about : one sentence.
    """

    short: str
    title: str
    about: str
    authors: str = ""
    year: int | None = None
    venue: str = ""
    link: str = ""
