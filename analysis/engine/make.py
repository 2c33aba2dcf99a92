"""Making exhibits: which runs are missing, and tables from those that are there."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from analysis.engine.exhibit import Exhibit, Tables, page_of
from analysis.engine.networks import make_starts
from analysis.engine.notes import fill, fingerprint, read_text, write_note
from analysis.engine.page import Page
from analysis.engine.store import list_cells, load_tables, save_tables
from netsci.sweep import Cell, find_record, run_cells

Say = Callable[[str], None]


def find_lacking(exhibit: Exhibit, results: Path) -> str:
    """Return the variable that is not set and that the exhibit's missing runs need, "" if none."""
    if not exhibit.needs or os.environ.get(exhibit.needs):
        return ""
    return "" if all(find_record(results, cell) for cell in exhibit.cells) else exhibit.needs


def drop_unfinished(exhibit: Exhibit, results: Path) -> Exhibit:
    """Return an exhibit of long runs with those of its cells that have a record; any other as it is."""
    return _keep(exhibit, lambda cell: find_record(results, cell) is not None)


def keep_stored(exhibit: Exhibit, results: Path) -> Exhibit:
    """Return an exhibit of long runs with those of its cells that its stored tables were made from.

    More of them may be finished since: another exhibit has the same runs.
    """
    keys = list_cells(exhibit.id, results)
    return _keep(exhibit, lambda cell: cell.key in keys)


def _keep(exhibit: Exhibit, kept: Callable[[Cell], bool]) -> Exhibit:
    if exhibit.seconds is None:
        return exhibit
    cells = tuple(cell for cell in exhibit.cells if kept(cell))
    if len(cells) == len(exhibit.cells):
        return exhibit
    so_far = f"So far {len(cells)} of {len(exhibit.cells)} planned runs are finished."
    return replace(exhibit, cells=cells, deviations=(*exhibit.deviations, so_far))


def describe_unfinished(exhibit: Exhibit, results: Path) -> str:
    """Return how many of an exhibit's long runs are missing and what they take, "" if none is."""
    if exhibit.seconds is None:
        return ""
    missing = [exhibit.seconds(cell) for cell in exhibit.cells if not find_record(results, cell)]
    if not missing:
        return ""
    hours = sum(taken for taken in missing if math.isfinite(taken)) / 3600
    on_gpu = sum(math.isinf(taken) for taken in missing)
    needs = [f"about {max(hours, 0.1):.{1 if hours < 10 else 0}f} hours of one core"] if hours else []
    needs += [f"{on_gpu} {'needs' if on_gpu == 1 else 'need'} a GPU"] if on_gpu else []
    said = f"{len(missing)} of {len(exhibit.cells)} runs are not finished"
    return f"{said} ({', '.join(needs)}); --long makes them"


def make_tables(
    exhibits: Sequence[Exhibit],
    results: Path,
    jobs: int,
    say: Say,
    *,
    long: bool = False,
    cluster: str = "local",
) -> dict[str, Tables]:
    """Return the tables of the exhibits: those there, and those made from runs, new ones where needed.

    Runs that take hours are made only if asked for; their exhibits are tabulated from those that are there,
    also from none if they have printed values. An exhibit that then has nothing to show, or whose runs need
    data that are not there, is left out, with a line that says so.
    """
    planned = list(exhibits)
    if not long:
        planned = []
        for plan in exhibits:
            exhibit = drop_unfinished(plan, results)
            shown = bool(exhibit.cells or exhibit.printed or plan.seconds is None)
            if missing := describe_unfinished(plan, results):
                say(f"{plan.id}: {'' if shown else 'skipped, '}{missing}")
            if shown:
                planned.append(exhibit)
    made = {exhibit.id: load_tables(exhibit, results) for exhibit in planned}
    pending = [exhibit for exhibit in planned if made[exhibit.id] is None]
    for exhibit in list(pending):
        if variable := find_lacking(exhibit, results):
            say(f"{exhibit.id}: skipped, {variable} is not set")
            del made[exhibit.id]
            pending.remove(exhibit)
    if pending:
        cells = list(dict.fromkeys(cell for exhibit in pending for cell in exhibit.cells))
        seconds = {cell: plan.seconds(cell) for plan in pending if plan.seconds for cell in plan.cells}
        how: Any = {"jobs": jobs, "cluster": cluster, "seconds": seconds}
        make_starts(cells, results, partial(run_cells, folder=results, **how))
        records = run_cells(cells, results, **how)
        for exhibit in pending:
            tables = exhibit.tabulate({cell: records[cell] for cell in exhibit.cells})
            save_tables(exhibit, tables, records, results)
    # read back even what was just made: what is drawn is what is stored
    wanted = [exhibit for exhibit in planned if exhibit.id in made]
    return {exhibit.id: made[exhibit.id] or load_tables(exhibit, results) or {} for exhibit in wanted}


def make_page(exhibit: Exhibit, tables: Tables, results: Path) -> Page:
    """Return the page of an exhibit from its stored tables."""
    source = (results / exhibit.id / "provenance.json").read_text()
    return page_of(keep_stored(exhibit, results), tables, json.loads(source), source)


def describe_note(exhibit: Exhibit, results: Path) -> str:
    """Return what is to be done about an exhibit's note: "" unless it is missing, or of another table.

    An exhibit of which nothing was run, or at another scale than desk, needs none.
    """
    tables = load_tables(keep_stored(exhibit, results), results)
    if tables is None or exhibit.scale != "desk" or exhibit.sheet(tables).values.empty:
        return ""
    note, path = exhibit.note(), exhibit.note_path
    writes = f"`./run figures --note {exhibit.id}` writes 'table: {fingerprint(tables)}'"
    if note is None or not note.text:
        return f"{path} says nothing yet: {writes}; say below why numbers differ"
    return f"{path} is of another table: mend what has moved, then {writes}" if note.stale(tables) else ""


def begin_note(exhibit: Exhibit, results: Path) -> Path:
    """Write the first lines of an exhibit's note for its stored tables, keep its text, and return its path.

    Raises ValueError where no tables are stored, or the text names a cell that they do not have.
    """
    tables = load_tables(keep_stored(exhibit, results), results)
    if tables is None:
        raise ValueError(f"{exhibit.id} has no tables: `./run figures --only {exhibit.id}` makes them")
    text = read_text(exhibit.note_path)
    fill(text, exhibit.sheet(tables))
    write_note(exhibit.note_path, text, tables)
    return exhibit.note_path
