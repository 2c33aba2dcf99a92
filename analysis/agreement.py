"""Check that freshly made results agree with the committed ones: `python -m analysis.agreement FRESH`.

FRESH is the folder that `python -m analysis.figures --out FRESH` filled. Every cell must have been run anew,
but for exhibits whose data are not on this machine or whose runs take hours.
On a machine that computes as the one of the committed results did, every table is the same; elsewhere
rounding sends training along other paths, and the means over seeds must agree within their intervals.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from analysis.figures import ROOT, catalogue, finished, lacking
from analysis.runs import Exhibit, Record, load_tables, record_path
from analysis.statistics import disagreements, same

LONGEST = timedelta(hours=6)  # a run older than this was not made anew


def check(exhibit: Exhibit, fresh: Path, committed: Path) -> tuple[bool, list[str]]:
    """Return whether an exhibit's tables are the same, and what is wrong with them, in sentences."""
    paths = [record_path(fresh, cell) for cell in exhibit.cells]
    missing = [path.name for path in paths if not path.exists()]
    if missing:
        return False, [f"{exhibit.id}: no fresh run of {len(missing)} of {len(paths)} cells"]
    made = [datetime.fromisoformat(Record.load(path).notes["run_at"]) for path in paths]
    if made and datetime.now(UTC) - min(made) > LONGEST:
        return False, [f"{exhibit.id}: its oldest run is of {min(made).isoformat()}, not made anew"]
    ours, theirs = load_tables(exhibit, fresh), load_tables(exhibit, committed)
    if ours is None or theirs is None:
        where = "fresh" if ours is None else "committed"
        return False, [f"{exhibit.id}: the {where} tables are missing or were made from other cells"]
    if ours.keys() == theirs.keys() and all(same(ours[name], theirs[name]) for name in ours):
        return True, []
    differing = disagreements(
        last_epoch(ours["table"]), last_epoch(theirs["table"]), tolerance=exhibit.tolerance
    )
    return False, [f"{exhibit.id}: {line}" for line in differing.to_string().splitlines()] if len(
        differing
    ) else []


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


def main(fresh: Path) -> int:
    """Check every exhibit and say the result; the exit status is 0 if all agree."""
    exhibits = []
    for exhibit in catalogue():
        if variable := lacking(exhibit, fresh / "results"):
            print(f"{exhibit.id}: skipped, {variable} is not set: its runs were not made anew")
        elif exhibit.hours and not finished(exhibit, fresh / "results").cells:
            print(f"{exhibit.id}: skipped, its runs take {exhibit.hours:g} hours and were not made anew")
        else:
            exhibits.append(exhibit)
    checked = [check(exhibit, fresh / "results", ROOT / "analysis/results") for exhibit in exhibits]
    problems = [line for _, lines in checked for line in lines]
    for line in problems:
        print(line)
    equal = sum(identical for identical, _ in checked)
    print(f"agreement: {len(exhibits)} exhibits, {equal} with the same tables, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
