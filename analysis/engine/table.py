"""A paper's table as an exhibit: one literal says what is printed, which runs answer it and what is claimed.

TableExhibit -> Entry (row, column, printed, runs | reason) -> tidy tables (`analysis.engine.entries`)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from analysis.engine import entries
from analysis.engine.claims import Claim
from analysis.engine.derived import Derived
from analysis.engine.drawing import SCALES, Draw
from analysis.engine.exhibit import Exhibit
from analysis.engine.printed import Entry
from analysis.engine.sheet import Key, Spread
from analysis.engine.training import Answer

SMOKE = ("Digits stand in for the paper's data and layers are narrow: no printed value is compared.",)
DRAWN = "Filled: means of our runs, with 95 % intervals over seeds. Hollow: printed."
TITLED = {"smoke": " (smoke scale, digits)", "desk": "", "paper": " (paper scale)"}


@dataclass(frozen=True, kw_only=True)
class TableExhibit:
    """All that a paper's table needs.

    rows, columns : patterns of their names, such as "{dataset}/{method}" and "lr_{lr}". What a cell's names
    say goes to answer(scale, seeds, **said), which returns its runs or why there are none.
    printed : its entries, and those that we add. claims : the paper's, about rows and columns.
    draw, look : one of `DRAWINGS` and its templates, or a function of their kind.
    deviations : how our runs differ from the paper's, at the desk scale. seeds : how many at that scale.
    remark(row) : a note on the entries of a row that was run.
    derived, beside : cells that claims and notes speak of besides (`analysis.engine.derived`).
    """

    id: str
    title: str
    paper: str
    place: str
    caption: str
    rows: tuple[str, ...]
    columns: str
    printed: tuple[Entry, ...]
    answer: Answer
    draw: Draw
    look: Mapping[str, Any] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    deviations: tuple[str, ...] = ()
    seeds: int = 1
    remark: Callable[[str], str] = lambda row: ""
    doubles: str = ""
    derived: tuple[Derived, ...] = ()
    beside: tuple[Entry, ...] = ()
    version: int = 1

    @classmethod
    def of(cls, literal: Mapping[str, Any], **functions: Any) -> TableExhibit:
        """Make one of a literal of exhibits.toml, which names some of the functions."""
        given = {**literal, **functions, "rows": tuple(literal["rows"])}
        look = {name: given.pop(name) for name in LOOK if name in given}
        return cls(**given, look=look)

    def said(self, row: str, column: str) -> dict[str, str]:
        """Return what a cell's names say, by the patterns.

        Raises ValueError for a row or column of no pattern.
        """
        of_row = next(filter(None, (re.fullmatch(_pattern(rows), row) for rows in self.rows)), None)
        of_column = re.fullmatch(_pattern(self.columns), column)
        if of_row is None or of_column is None:
            raise ValueError(f"{self.id}: {row!r} or {column!r} fits none of {self.rows}, {self.columns!r}")
        return of_row.groupdict() | of_column.groupdict()

    def answered(self, scale: str, first_seed: int = 0) -> tuple[Entry, ...]:
        """Return the entries with their runs at a scale, or the reason why there are none."""
        several = {"paper": 3, "desk": self.seeds, "smoke": 1}[scale]
        seeds, done = range(first_seed, first_seed + several), []
        for entry in self.printed:
            found = self.answer(scale, seeds, **self.said(entry.row, entry.column))
            if scale == "smoke":
                entry = replace(entry, printed=np.nan, note="printed value not compared")
            elif not isinstance(found, str):
                notes = (entry.note, self.remark(entry.row))
                entry = replace(entry, note="; ".join(filter(None, notes)))
            if isinstance(found, str):
                done.append(replace(entry, reason=found))
            else:
                done.append(replace(entry, source=found))
        return tuple(done)

    def exhibit(
        self,
        scale: str,
        first_seed: int,
        *,
        seconds: entries.Cost,
        error: Callable[[str], Spread],
        parts: Callable[[Key], Sequence[Key]] = lambda key: (key,),
    ) -> Exhibit:
        """Return the exhibit at a scale.

        seconds(cell) : a run's time. error(scale) : that of one seed. parts : as of `Sheet`.
        """
        answered = self.answered(scale, first_seed)
        groups = [group for entry in answered if entry.source for group in entry.source.cells]
        cells = tuple(dict.fromkeys(cell for group in groups for cell in group))
        long, smoke = bool(cells) and scale != "smoke", scale == "smoke"
        same = {
            name: getattr(self, name) for name in ("id", "paper", "place", "claims", "version", "doubles")
        }
        return Exhibit(
            title=self.title + TITLED[scale],
            caption=f"{self.caption} {DRAWN}",
            cells=cells,
            tabulate=partial(entries.tabulate, answered, seconds),
            draw=partial(self.draw, self.said, {**self.look, "title": SCALES[scale], "scale": scale}),
            sheet=partial(
                entries.sheet,
                error(scale),
                parts=parts,
                derived=self.derived,
                beside=() if smoke else self.beside,
            ),
            deviations=SMOKE if smoke else self.deviations if scale == "desk" else (),
            summarise=entries.beside,
            pivot=entries.pivot,
            needs="NETSCI_DATA" if long else None,
            seconds=seconds if long else None,
            printed=True,
            scale=scale,
            **same,
        )


LOOK = ("panel", "hue", "spot", "label", "log", "share")


def _pattern(names: str) -> str:
    """Return the regular expression of a pattern.

    >>> _pattern("{dataset}/lr_{lr}")
    '(?P<dataset>[^/]+)/lr_(?P<lr>[^/]+)'
    """
    return re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", names)
