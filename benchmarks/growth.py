"""How the cost of Cannistraci-Hebb scores and draws grows with a layer: n x n units, 40 links a unit.

Exact CH3-L3 (all missing links scored) costs the paths of length three; 10,000 missing links by CH2-L3n,
drawn without a score, cost the links. One thread, processor time, medians. ns a path and ns a link stay where
they are if cost grows with the work and nothing else.

    python benchmarks/growth.py [--repeat 3] [--units 1024 2048 ...] [--out FOLDER] [--json]

--out writes growth.csv and growth.svg. Exits with status 1 if a goal is missed: ns a path within 1.5 of the
least, and at most 2.6 times the time of half as many units for the draws.
"""

import argparse
import json
import statistics
import sys
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from benchmarks.dst import PER_DOUBLING, SIZES, sampled_links, seconds
from benchmarks.dst_step import LINKS, MOST_APART, measure_paths
from netsci.plot import lines

SCORED = 8192  # units up to which every missing link is scored: twice as many would hold 2 GB of scores
LEAST = 256
SCORES, DRAWS = "exact CH3-L3, a path", "10,000 draws by CH2-L3n, a link"


def measure(units: int, repeat: int) -> dict[str, Any]:
    """Return milliseconds of both, and nanoseconds by the work."""
    draw = sampled_links(units)
    draw(0)  # compile
    spent = statistics.median(seconds(partial(draw, seed)) for seed in range(1, repeat + 1))
    links = LINKS * units
    found = {"units": units, "links": links, "draws_ms": 1e3 * spent, "ns_a_link": 1e9 * spent / links}
    if units <= SCORED:
        scored = measure_paths(units, repeat)
        found |= {"scores_ms": scored["ms"], "ns_a_path": scored["ns"]}
    return found


def find_missed(table: pd.DataFrame) -> list[str]:
    """Return a line for each goal that was not met."""
    missed = []
    by_path = table.dropna(subset=["ns_a_path"])
    for _, row in by_path.iterrows():
        times = row["ns_a_path"] / by_path["ns_a_path"].min()
        if times > MOST_APART:
            missed.append(f"exact CH3-L3, {row['units']:.0f} units: {times:.2f} times the least ns a path")
    for (_, less), (_, more) in pairwise(table.iterrows()):
        times = more["draws_ms"] / less["draws_ms"]
        if more["units"] == 2 * less["units"] and times > PER_DOUBLING:
            missed.append(f"10,000 draws, {more['units']:.0f} units: {times:.2f} times half as many")
    return missed


def draw(table: pd.DataFrame, path: Path) -> None:
    least = table[["ns_a_path", "ns_a_link"]].min()
    shown = table.assign(**{name: table[name] / least[name] for name in least.index})
    tidy = shown.melt(["units"], list(least.index), "work", "times the least").dropna()
    tidy = tidy.replace({"work": {"ns_a_path": SCORES, "ns_a_link": DRAWS}})
    figure = lines(
        tidy,
        x="units",
        y="times the least",
        hue="work",
        order=[SCORES, DRAWS],
        labels={"times the least": "time by the work / the least", "units": "units on each side"},
        title="Cost of n x n layers of 40 links a unit",
        log="x",
    )
    figure.axes[0].set_ylim(bottom=0)
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--units", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--out", type=Path, help="folder for growth.csv and growth.svg")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if min(options.units) < LEAST:
        parser.error(f"--units must be at least {LEAST}: 10,000 links are drawn, and none twice")
    torch.set_num_threads(1)
    table = pd.DataFrame([measure(units, options.repeat) for units in sorted(options.units)])
    table = table.reindex(columns=["units", "links", "scores_ms", "ns_a_path", "draws_ms", "ns_a_link"])
    if options.json:
        print(json.dumps(table.to_dict("records"), indent=1))
    else:
        print(table.to_string(index=False, float_format=lambda value: f"{value:.4g}"))
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        table.to_csv(options.out / "growth.csv", index=False, float_format="%.4g")
        draw(table, options.out / "growth.svg")
    missed = find_missed(table)
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
