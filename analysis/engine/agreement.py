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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.engine.exhibit import Exhibit, Tables
from analysis.engine.make import find_lacking
from analysis.engine.statistics import disagreements, same
from analysis.engine.store import load_tables
from netsci.sweep import Cell, find_record, load_record

LONGEST = timedelta(hours=6)  # a run of seconds or minutes that is older than this was not made anew


@dataclass(frozen=True)
class Outcome:
    """What the check of an exhibit came to.

    same : whether its tables are the same; None where nothing was compared. problems : means that disagree,
    and what should have been compared and could not. left_out : what was not compared, and need not be.
    """

    same: bool | None = None
    problems: tuple[str, ...] = ()
    left_out: str = ""


def check(exhibit: Exhibit, fresh: Path, committed: Path) -> Outcome:
    """Compare an exhibit's tables: all of them, or, of long runs, what those say that were made anew."""
    if exhibit.seconds is None and (variable := find_lacking(exhibit, fresh)):
        return Outcome(left_out=f"skipped, {variable} is not set: its runs were not made anew")
    cells, reasons = choose_cells(exhibit, fresh, committed)
    told = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
    both: list[Tables | None]
    if exhibit.seconds is not None:
        if not cells:
            return Outcome(left_out=f"skipped, no run to compare ({told})")
        both = [exhibit.tabulate({c: load_record(root, c) for c in cells}) for root in (fresh, committed)]
        told = f"{len(cells)} of {len(exhibit.cells)} runs compared ({told})" if told else ""
    elif told:
        return Outcome(False, (f"of {len(exhibit.cells)} runs {told}",))
    else:
        both = [load_tables(exhibit, root) for root in (fresh, committed)]
    ours, theirs = both
    if ours is None or theirs is None:
        where = "fresh" if ours is None else "committed"
        return Outcome(False, (f"the {where} tables are missing or were made from other cells",))
    return replace(compare_tables(exhibit, ours, theirs), left_out=told)


def compare_tables(exhibit: Exhibit, ours: Tables, theirs: Tables) -> Outcome:
    """Return whether two sets of an exhibit's tables are the same, and where means over seeds disagree."""
    if ours.keys() == theirs.keys() and all(same(ours[name], theirs[name]) for name in ours):
        return Outcome(True)
    last = [last_epoch(tables["table"]) for tables in (ours, theirs)]
    differing = disagreements(*last, tolerance=exhibit.tolerance)
    if exhibit.seconds is not None:  # of one long run nothing says how far another may lie from it
        differing = differing[(differing["n"] > 1) | (differing["found"] != "both")]
    return Outcome(False, tuple(differing.to_string().splitlines()) if len(differing) else ())


def choose_cells(exhibit: Exhibit, fresh: Path, committed: Path) -> tuple[list[Cell], Counter[str]]:
    """Return the cells that were made anew and can be compared, and why how many others cannot."""
    chosen, reasons = [], Counter[str]()
    for cell in exhibit.cells:
        there = [root if find_record(root, cell) else None for root in (fresh, committed)]
        ours, theirs = (root and load_record(root, cell).notes for root in there)
        if exhibit.seconds is None:  # only tables of these are committed
            made = ours and datetime.now(UTC) - datetime.fromisoformat(ours["run_at"]) <= LONGEST
            reason = "" if made else "not made anew"
        elif not (ours and theirs):
            reason = "not made on both sides"
        elif ours["run_at"] == theirs["run_at"]:
            reason = "a copy"
        else:
            reason = "" if find_device(ours) == find_device(theirs) else "made on other devices"
        if reason:
            reasons[reason] += 1
        else:
            chosen.append(cell)
    return chosen, reasons


def find_device(notes: Mapping[str, Any]) -> str:
    """Return the kind of device of a run: the name of the GPU, or "cpu" with any number of threads."""
    name = str(notes.get("device", "cpu"))
    return "cpu" if name.startswith("cpu") else name


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
    outcomes = {exhibit.id: check(exhibit, fresh / "results", committed) for exhibit in exhibits}
    for id_, outcome in outcomes.items():
        for line in (*filter(None, [outcome.left_out]), *outcome.problems):
            print(f"{id_}: {line}")
    compared = [outcome for outcome in outcomes.values() if outcome.same is not None]
    equal, problems = sum(bool(one.same) for one in compared), sum(len(one.problems) for one in compared)
    print(f"agreement: {len(compared)} exhibits, {equal} with the same tables, {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    figures = import_module("analysis.figures")  # it stands above the engine: named, not imported
    sys.exit(main(Path(sys.argv[1]), figures.catalogue(), figures.ROOT / "analysis/results"))
