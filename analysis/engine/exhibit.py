"""An Exhibit turns the records of its cells into tables and a figure, and both into a page.

    Cell -> Record (`netsci.sweep`) -> Exhibit.tabulate -> tidy tables -> Exhibit.draw -> figure
    tables -> Sheet -> rulings on claims, numbers of the note, verdict -> Page

Drawing, ruling and the page need the tables only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.engine.claims import Claim, rulings
from analysis.engine.notes import Note, fill, read_note
from analysis.engine.page import VERDICT_WORDS, Facts, Page, Pivot, Ruling
from analysis.engine.sheet import Sheet
from netsci.sweep import Cell, Record

Tables = dict[str, pd.DataFrame]
Missing = tuple[tuple[str, str], ...]  # (reason, the cells not run for it)
HOLDS = {
    **{"yes": "holds", "corrected": "holds with a correction", "no": "does not hold"},
    **{"undecided": "is undecided", "not run": "was not run"},
}
ANALYSIS = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class Exhibit(Facts):
    """One table or figure: its cells, how to tabulate their records, how to draw and judge the tables.

    tabulate(records by cell) -> tidy tables; the first, "table", holds seed, measure, value, unit ...
    draw(tables, backend) -> a matplotlib or plotly figure. sheet(tables) -> values by row and column, what
    claims and the note speak of. verdict : what is to be seen, with {{row|column}} filled in; the ruling on
    the main claim if it is "". summarise(tables) -> what the figure shows, as one table (the first by
    default). pivot(tables) -> the table as printed, and what was not run.
    Raise `version` when tabulating changes the numbers: stored tables of another version are made anew.
    needs : the environment variable without which the cells cannot run. tolerance : how far numbers of a
    single run may differ, relatively, between machines. seconds(cell) : about what a run takes on one core,
    infinity if it needs a GPU; the runs of an exhibit that has it are made only when asked for. printed : it
    shows printed values even while none of its runs is finished.
    """

    cells: tuple[Cell, ...]
    tabulate: Callable[[Mapping[Cell, Record]], Tables]
    draw: Callable[[Tables, str], Any]
    sheet: Callable[[Tables], Sheet]
    claims: tuple[Claim, ...] = ()
    verdict: str = ""
    summarise: Callable[[Tables], pd.DataFrame] = lambda tables: next(iter(tables.values()))
    pivot: Callable[[Tables], tuple[Pivot, Missing]] | None = None
    version: int = 1
    needs: str | None = None
    tolerance: float = 1e-6
    seconds: Callable[[Cell], float] | None = None
    printed: bool = False

    @property
    def note_path(self) -> Path:
        """Where its note lies."""
        return ANALYSIS / self.paper.lower() / "notes" / f"{self.id}.md"

    def note(self) -> Note | None:
        """Return its note; None where there is none, and at other scales than desk, of which notes speak."""
        return read_note(self.note_path) if self.scale == "desk" else None

    def rulings(self, tables: Tables) -> pd.DataFrame:
        """Return whether its claims hold, a row a claim."""
        return rulings(self.claims, self.sheet(tables))


def say_verdict(exhibit: Exhibit, tables: Tables) -> str:
    """Return what came out, in at most 25 words: its own words, or the ruling on the main claim."""
    sheet = exhibit.sheet(tables)
    return _say_verdict(exhibit, sheet, rulings(exhibit.claims, sheet))


def _say_verdict(exhibit: Exhibit, sheet: Sheet, found: pd.DataFrame) -> str:
    """Return what came out, from the sheet and the rulings."""
    start = "Smoke scale, on digits: " if exhibit.scale == "smoke" else ""
    if sheet.values["value"].notna().sum() == 0:
        return f"{start}None of it was run here; the table says why."
    if exhibit.verdict or found.empty:
        return start + fill(exhibit.verdict, sheet)
    chosen = found[found["main"]] if found["main"].any() else found
    line = chosen.iloc[0]
    said = f"{start}{line['claim']}: {HOLDS[line['holds']]}"
    numbers = [f"{name} {line[name]}" for name in ("printed", "ours") if line[name]]
    whole = f"{said} ({', '.join(numbers)})." if numbers else f"{said}."
    return whole if len(whole.split()) <= VERDICT_WORDS else f"{said}."


def page_of(exhibit: Exhibit, tables: Tables, provenance: Mapping[str, Any], source: str = "") -> Page:
    """Return the page of an exhibit. provenance : of `store`. source : the text of its file."""
    from analysis.engine.store import describe

    table, missing = exhibit.pivot(tables) if exhibit.pivot else (None, ())
    note, sheet = exhibit.note(), exhibit.sheet(tables)
    found = rulings(exhibit.claims, sheet)
    stale = note is not None and note.stale(tables)
    extra = {"rulings": found} if len(found) else {}
    return Page(
        **exhibit.facts,
        verdict=_say_verdict(exhibit, sheet, found),
        figure=partial(exhibit.draw, tables),
        tables={"table": exhibit.summarise(tables), **{f"tidy {k}": v for k, v in tables.items()}, **extra},
        pivot=table,
        missing=missing,
        rulings=tuple(Ruling(**{str(k): v for k, v in row.items()}) for row in found.to_dict("records")),
        note="" if note is None else fill(note.text, sheet, strict=not stale),
        note_stale=stale,
        provenance=describe(provenance),
        source=source,
        seeds=_count(exhibit, found, provenance),
    )


def _count(exhibit: Exhibit, found: pd.DataFrame, provenance: Mapping[str, Any]) -> int:
    """Return how many seeds an exhibit has, or how many of its replicates its main claim is judged by."""
    if exhibit.replicate == "seed":
        return len([seed for seed in provenance["seeds"] if seed != "none"])
    return int(found.loc[found["main"], "seeds"].max())
