"""Check that freshly made results agree with the committed ones: `python -m analysis.agreement FRESH`.

FRESH is the folder that `python -m analysis.figures --out FRESH` filled. The runs must be there, made anew
one for every cell; the tables must agree with the committed ones within the intervals over seeds.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from analysis.figures import ROOT, catalogue
from analysis.runs import Exhibit, Record, load_tables, record_path
from analysis.statistics import disagreements


def check(exhibit: Exhibit, fresh: Path, committed: Path) -> list[str]:
    """Return what is wrong with an exhibit, in sentences; nothing if all is well."""
    missing = [cell.key for cell in exhibit.cells if not record_path(fresh, cell).exists()]
    if missing:
        return [f"{exhibit.id}: no fresh run of {len(missing)} of {len(exhibit.cells)} cells"]
    slow = [Record.load(record_path(fresh, cell)).notes.get("seconds", 0.0) for cell in exhibit.cells]
    if not all(seconds > 0 for seconds in slow):
        return [f"{exhibit.id}: a run took no time, so it was not a run"]
    ours, theirs = load_tables(exhibit, fresh), load_tables(exhibit, committed)
    if ours is None or theirs is None:
        where = "fresh" if ours is None else "committed"
        return [f"{exhibit.id}: the {where} table is missing or was made from other cells"]
    differing = disagreements(last_epoch(ours["table"]), last_epoch(theirs["table"]))
    return [f"{exhibit.id}: {line}" for line in differing.to_string().splitlines()] if len(differing) else []


def last_epoch(table: pd.DataFrame) -> pd.DataFrame:
    """Keep a measure's last epoch, where the table has epochs: a curve's points are not independent."""
    if "epoch" not in table:
        return table
    known = table.dropna(subset="value")
    keys = [name for name in table.columns if name not in ("seed", "value", "epoch")]
    last = known.groupby(keys, dropna=False)["epoch"].transform("max")
    return known[known["epoch"] == last]


def main(fresh: Path) -> int:
    """Check every exhibit and say the result; the exit status is 0 if all agree."""
    exhibits = catalogue()
    problems = [
        line for exhibit in exhibits for line in check(exhibit, fresh / "results", ROOT / "analysis/results")
    ]
    for line in problems:
        print(line)
    print(f"agreement: {len(exhibits)} exhibits, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
