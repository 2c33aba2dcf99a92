"""The controls of the time lag: the same comparison under other rules, curves, networks and by chance.

pairs -> `Control` by `Control` -> one row each (`analysis.s2.lag_rows.Compared`)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from analysis.s2 import lag_networks as nets
from analysis.s2.lag_grid import DENSE, EARLIER, GRID, OTHER_STARTS, SNM, START_LEVEL, STARTS
from analysis.s2.lag_networks import Member, Rule, drop_repeats, find_times, make_pairs
from analysis.s2.lag_rows import Compared, compare
from netsci.measure import (
    compare_windows,
    drop_floor,
    floor_shares,
    match_accuracy,
    saturation_floor,
    shuffle_pairs,
    swap_connectivity,
    swap_times,
)

PRINTED = "as S2: window 10, 1 %"
WITHIN = 0.5  # points of accuracy
SHORT = 5  # S1's window
RULES = {
    "one-sided": "Rule of saturation (window in steps, tolerance)",
    "two-sided": "Rule of saturation, of a rise or fall (±)",
}
TOLERANCES = (0.002, 0.005, 0.01, 0.02)
CHANCE = 72  # purpose of generators
CHANCE_ALONE, SAME = "chance", "same"
ROW = ["heading", "name", "null", "kind", *(one.name for one in fields(Compared)), "verdict", "order"]


@dataclass(frozen=True, eq=False)
class Control:
    """A row: under which heading it stands, its name, and the saturation times that it compares.

    kind : CHANCE_ALONE where it says what chance or arithmetic does alone, SAME where its lags, or their
    means, are those of another row by construction; in both its sign is no verdict on the claim.
    """

    heading: str
    name: str
    times: pd.DataFrame
    kind: str = ""

    @property
    def row(self) -> str:
        """Its name with its heading."""
        return f"{self.heading}|{self.name}"


def list_controls(members: Sequence[Member], seed: int) -> Iterator[Control]:
    """Yield S2's own comparison, then every control of which there are pairs."""
    pairs, _ = make_pairs(members)
    base = find_times(pairs, members, Rule())
    yield Control("Setting of S2", PRINTED, base)
    yield from _rules(pairs, members)
    yield from _noise(pairs, members)
    yield from _curves(pairs, members)
    yield from _parts(base)
    yield from _networks(members, base)
    yield from _by_chance(base, seed)


def _rules(pairs: pd.DataFrame, members: Sequence[Member]) -> Iterator[Control]:
    """Yield other windows, tolerances, ends and the two-sided rule."""
    for sides in ("one-sided", "two-sided"):
        for window in (nets.WINDOW, SHORT):
            for tolerance in TOLERANCES:
                rule = Rule(window=window, tolerance=tolerance, rule=sides)
                if rule != Rule():
                    named = f"window {window}, {100 * tolerance:g} %"
                    named += "" if sides == "one-sided" else ", ±"
                    times = find_times(pairs, members, rule)
                    yield Control(RULES[sides], named, times)
        if sides == "one-sided":
            start = find_times(pairs, members, Rule(at="start"))
            yield Control(RULES[sides], "start of the window", start, SAME)  # both times move by the window


def _difference(pairs: pd.DataFrame, long: pd.DataFrame, short: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose lag is that of a long window less that of a short one."""
    moved = compare_windows(long, short)
    both = pairs.merge(moved, on=["pair", "connectivity"], how="left")
    return both.rename(columns={"lag_long": "accuracy_time", "lag_short": "rate_time"})


def _noise(pairs: pd.DataFrame, members: Sequence[Member]) -> Iterator[Control]:
    """Yield what a longer window and more test images change."""
    first = Rule(accuracy=nets.read_first_accuracy, rate=nets.read_first_rate)
    images = {one.curves.first_images for one in members if one.curves is not None}
    named = f"first {max(images, default=0):,} test images"
    yield Control("Noise", named, find_times(pairs, members, first))
    long, short = (find_times(pairs, members, Rule(window=w)) for w in (nets.WINDOW, SHORT))
    yield Control("Noise", "window 10 less window 5", _difference(pairs, long, short), CHANCE_ALONE)


def _curves(pairs: pd.DataFrame, members: Sequence[Member]) -> Iterator[Control]:
    """Yield other curves of the same networks."""
    heading = "What the running mean does"
    step = find_times(pairs, members, Rule(rate=nets.read_step_rate))
    yield Control(heading, "rate of each step", step)
    null = find_times(pairs, members, Rule(rate=nets.read_null))
    yield Control(heading, "onset, then constant", null, CHANCE_ALONE)
    live = find_times(pairs, members, Rule(rate=nets.read_connected_rate))
    yield Control(heading, "per connected neuron", live, SAME)  # one factor for all steps
    for curve in ("rate", "either"):
        base = find_times(pairs, members, Rule())
        kept = drop_floor(base, floor=saturation_floor(nets.WINDOW), curve=curve)
        named = {"rate": "no rate at step 11", "either": "neither at step 11"}[curve]
        yield Control("Without networks that settle at the earliest step", named, kept)


def _parts(base: pd.DataFrame) -> Iterator[Control]:
    """Yield methods and data sets apart."""
    snm = nets.is_snm(base)
    yield Control("Method", SNM, base[snm])
    yield Control("Method", "CS-QCFS, all L", base[~snm])
    for method in sorted(base.loc[~snm, "method"].unique(), key=lambda name: int(name.partition("=")[2])):
        yield Control("Method", method, base[base["method"] == method])
    for (data, sparsity), rows in base.groupby(["data", "sparsity"], sort=False):
        yield Control("Data", f"{data}, {sparsity}", rows)


def _networks(members: Sequence[Member], base: pd.DataFrame) -> Iterator[Control]:
    """Yield other starts of thresholds, and pairs of one accuracy."""
    level = f"CS-QCFS L={START_LEVEL}"
    starts, _ = make_pairs(members, STARTS)
    used = set(zip(starts["data"], starts["rate_of_learning"], starts["batch"], strict=True))
    of = zip(base["data"], base["rate_of_learning"], base["batch"], strict=True)
    same = np.array([key in used for key in of], dtype=bool) & (base["method"] == level).to_numpy()
    heading = f"Start of the thresholds, L = {START_LEVEL}, the same networks"
    if same.any():
        yield Control(heading, "thresholds: 99.9 %", base[same])
    for words in OTHER_STARTS.values():
        rows = starts[starts["method"] == f"{level}, {words}"]
        if len(rows):
            yield Control(heading, f"thresholds: {words}", find_times(rows, members, Rule()))
    matched = match_members(members)
    if len(matched):
        named = f"accuracy within {WITHIN:g}"
        yield Control(
            "Pairs of one accuracy (points of accuracy apart)", named, find_times(matched, members, Rule())
        )


def match_members(members: Sequence[Member]) -> pd.DataFrame:
    """Return pairs of a dense and a sparse network of one accuracy, data set and method, each used once.

    Dense networks of earlier epochs of the same runs are offered too. Accuracy is that at the last step.
    """
    rows = []
    for number, one in enumerate(members):
        if one.place.purpose in (GRID, EARLIER) and not one.at_chance and one.curves is not None:
            p = one.place
            kind = "dense" if p.links == DENSE else "sparse"
            rows.append(
                {
                    "connectivity": kind,
                    "ann": one.ann,
                    "data": p.data,
                    "sparsity": p.links,
                    "rate_of_learning": p.rate,
                    "batch": p.batch,
                    "method": one.method,
                    "member": number,
                    "accuracy": 100.0 * float(one.curves.accuracy[-1]),
                }
            )
    if not rows:
        return pd.DataFrame(columns=[*nets.COLUMNS, "accuracy", "accuracy_gap"])
    return match_accuracy(pd.DataFrame(rows), within=WITHIN, by=("data", "method"))


def measure_floors(members: Sequence[Member]) -> pd.DataFrame:
    """Return the share of networks whose times sit on the earliest one that the window of S2 allows."""
    base = find_times(drop_repeats(make_pairs(members)[0]), members, Rule())
    return floor_shares(base, floor=saturation_floor(nets.WINDOW))


def _by_chance(base: pd.DataFrame, seed: int) -> Iterator[Control]:
    """Yield the comparison with names that are dealt at random."""
    dealt: Mapping[str, object] = {
        "accuracy, rate swapped": swap_times,
        "dense, sparse swapped": swap_connectivity,
        "pairs shuffled": shuffle_pairs,
    }
    for number, (name, deal) in enumerate(dealt.items()):
        rng = np.random.default_rng([seed, CHANCE, number])
        # shuffled pairs keep the mean of each kind: their p by pair alone can differ
        kind = SAME if deal is shuffle_pairs else CHANCE_ALONE
        yield Control("By chance", name, deal(base, rng=rng), kind)  # type: ignore[operator]


def compare_controls(members: Sequence[Member], seed: int, *, bootstrap: int = 2000) -> pd.DataFrame:
    """Return a row for each control: heading, name, null, kind, the fields of `Compared`, both verdicts.

    null : whether it has a kind, and so no verdict on the claim.
    """
    rows = []
    for one in list_controls(members, seed):
        found: Compared | None = None
        if len(one.times):
            found = compare(one.times, seed, bootstrap=bootstrap)
        if found is not None and found.pairs:
            said = {"heading": one.heading, "name": one.name, "null": bool(one.kind), "kind": one.kind}
            rows.append({**said, **found.row()})
    return pd.DataFrame(rows, columns=ROW)
