"""Check that freshly made results agree with the committed ones: `python -m analysis.engine.agreement FRESH`.

FRESH is the folder that `python -m analysis.figures --out FRESH` filled. Every cell must have been run anew,
but for exhibits whose data are not on this machine. Where runs take hours, those are compared that were made
anew, however long ago, on the same kind of device as the committed ones.
On a machine that computes as the one of the committed results did, every table is the same; elsewhere
rounding sends training along other paths, and the means over seeds must agree within their intervals.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pandas as pd

from analysis.engine.exhibit import Exhibit, Tables
from analysis.engine.make import find_lacking
from analysis.engine.statistics import disagreements, same
from analysis.engine.store import load_tables
from netsci.sweep import Cell, Record, find_record, load_record

LONGEST = timedelta(hours=6)  # a run of seconds or minutes that is older than this was not made anew
Pairs = dict[Cell, tuple[Record, Record]]


def check(exhibit: Exhibit, fresh: Path, committed: Path) -> tuple[bool, list[str]]:
    """Return whether an exhibit's tables are the same, and what is wrong with them, in sentences."""
    paths = [path for cell in exhibit.cells if (path := find_record(fresh, cell))]
    if missing := len(exhibit.cells) - len(paths):
        return False, [f"{exhibit.id}: no fresh run of {missing} of {len(exhibit.cells)} cells"]
    made = [datetime.fromisoformat(load_record(fresh, cell).notes["run_at"]) for cell in exhibit.cells]
    if made and datetime.now(UTC) - min(made) > LONGEST:
        return False, [f"{exhibit.id}: its oldest run is of {min(made).isoformat()}, not made anew"]
    ours, theirs = load_tables(exhibit, fresh), load_tables(exhibit, committed)
    if ours is None or theirs is None:
        where = "fresh" if ours is None else "committed"
        return False, [f"{exhibit.id}: the {where} tables are missing or were made from other cells"]
    return compare_tables(exhibit, ours, theirs)


def compare_tables(exhibit: Exhibit, ours: Tables, theirs: Tables) -> tuple[bool, list[str]]:
    """Return whether two sets of an exhibit's tables are the same, and where means over seeds disagree."""
    if ours.keys() == theirs.keys() and all(same(ours[name], theirs[name]) for name in ours):
        return True, []
    differing = disagreements(
        last_epoch(ours["table"]), last_epoch(theirs["table"]), tolerance=exhibit.tolerance
    )
    if exhibit.seconds is not None:  # of one long run nothing says how far another may lie from it
        differing = differing[(differing["n"] > 1) | (differing["found"] != "both")]
    return False, [f"{exhibit.id}: {line}" for line in differing.to_string().splitlines()] if len(
        differing
    ) else []


def pairs(exhibit: Exhibit, fresh: Path, committed: Path) -> tuple[Pairs, str]:
    """Return the fresh and the committed record of the long runs to be compared, and what is left out."""
    found: Pairs = {}
    left: Counter[str] = Counter()
    for cell in exhibit.cells:
        paths = [path for results in (fresh, committed) if (path := find_record(results, cell))]
        if len(paths) < 2:
            left["not made on both sides"] += 1
            continue
        ours, theirs = (load_record(results, cell) for results in (fresh, committed))
        if ours.notes["run_at"] == theirs.notes["run_at"]:
            left["a copy"] += 1
        elif device(ours) != device(theirs):
            left["made on other devices"] += 1
        else:
            found[cell] = ours, theirs
    return found, ", ".join(f"{count} {reason}" for reason, count in left.items())


def device(record: Record) -> str:
    """Return the kind of device of a run: the name of the GPU, or "cpu" with any number of threads."""
    name = str(record.notes.get("device", "cpu"))
    return "cpu" if name.startswith("cpu") else name


def check_long(exhibit: Exhibit, found: Pairs) -> tuple[bool, list[str]]:
    """Return what `check` does of an exhibit of long runs, tabulated on both sides from the same cells."""
    ours, theirs = (exhibit.tabulate({cell: pair[i] for cell, pair in found.items()}) for i in (0, 1))
    return compare_tables(exhibit, ours, theirs)


def last_epoch(table: pd.DataFrame) -> pd.DataFrame:
    """Keep a measure's last epoch, where the table has epochs: a curve's points are not independent.

    Probabilities and likelihood ratios of single fits are left out: their spread over seeds is not normal.
    """
    kept = table[~table["measure"].str.contains(r"^(?:p|R) against|(?:bootstrap|permutation) p|xmin|n_tail")]
    if "epoch" not in kept:
        return kept
    known = kept.dropna(subset="value")
    keys = [name for name in known.columns if name not in ("seed", "value", "epoch")]
    return known[known["epoch"] == known.groupby(keys, dropna=False)["epoch"].transform("max")]


def main(fresh: Path, exhibits: Iterable[Exhibit], committed: Path) -> int:
    """Check every exhibit and say the result; the exit status is 0 if all agree."""
    new = fresh / "results"
    checked = []
    for exhibit in exhibits:
        if exhibit.seconds is not None:
            found, left = pairs(exhibit, new, committed)
            if found:
                checked.append(check_long(exhibit, found))
            if left:
                skipped = f"{len(found)} of {len(exhibit.cells)} runs compared"
                print(f"{exhibit.id}: {skipped if found else 'skipped, no run to compare'} ({left})")
        elif variable := find_lacking(exhibit, new):
            print(f"{exhibit.id}: skipped, {variable} is not set: its runs were not made anew")
        else:
            checked.append(check(exhibit, new, committed))
    problems = [line for _, lines in checked for line in lines]
    for line in problems:
        print(line)
    equal = sum(identical for identical, _ in checked)
    print(f"agreement: {len(checked)} exhibits, {equal} with the same tables, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    figures = import_module("analysis.figures")  # it stands above the engine: named, not imported
    sys.exit(main(Path(sys.argv[1]), figures.catalogue(), figures.ROOT / "analysis/results"))
