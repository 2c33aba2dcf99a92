"""The controls of the time lag: the same comparison under other rules, curves, networks and by chance.

pairs -> `Control` by `Control` -> one row each (`analysis.s2.lag_rows.Compared`)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from analysis.s2 import lag_networks as nets
from analysis.s2.lag_chance import shuffle_settings
from analysis.s2.lag_grid import OTHER_STARTS, SNM, START_LEVEL, STARTS, VGG_NET
from analysis.s2.lag_matching import match_members
from analysis.s2.lag_networks import Member, Rule, drop_repeats, find_times, make_pairs, settle_late
from analysis.s2.lag_rows import Compared, compare, compare_swapped, compare_swapped_times
from netsci.measure import compare_windows, drop_floor, floor_shares, saturation_floor

PRINTED = "as S2: window 10, 1 %"
MATCHED = "accuracy matched"
LATE = "never: last step plus 1"
SHORT = 5  # S1's window
RULES = {
    "one-sided": "Rule of saturation (window in steps, tolerance)",
    "two-sided": "Rule of saturation, of a rise or fall (±)",
}
TOLERANCES = (0.002, 0.005, 0.01, 0.02)
CHANCE_ALONE, SAME, OTHER = "chance", "same", "other"
ROW = ["heading", "name", "null", "kind", *(one.name for one in fields(Compared)), "verdict", "order"]


@dataclass(frozen=True, eq=False)
class Control:
    """A row: under which heading it stands, its name, and the saturation times that it compares.

    kind : "" where it asks the same question as S2. CHANCE_ALONE where dense and sparse, or both times, are
    dealt at random. SAME where its lags, or their means, are those of another row by construction. OTHER
    where its lags are another quantity: a difference of two lags, or against a rate that is not the
    network's. Rows of a kind have no verdict on the claim. compare : what makes its row.
    """

    heading: str
    name: str
    times: pd.DataFrame
    kind: str = ""
    compare: Callable[..., Compared] = compare

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
    yield from _noise(pairs, members, base)
    yield from _curves(pairs, members)
    yield from _extremes(members, base)
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


def _noise(pairs: pd.DataFrame, members: Sequence[Member], base: pd.DataFrame) -> Iterator[Control]:
    """Yield what a longer window, more test images, and an accuracy that never falls change."""
    heading = "Noise of the accuracy"
    first = Rule(accuracy=nets.read_first_accuracy, rate=nets.read_first_rate)
    images = {one.curves.first_images for one in members if one.curves is not None}
    named = f"first {max(images, default=0):,} test images"
    yield Control(heading, named, find_times(pairs, members, first))
    monotone = find_times(pairs, members, Rule(accuracy=nets.read_monotone_accuracy))
    yield Control(heading, "accuracy: monotone fit", monotone)
    yield Control(heading, "measured less monotone", _difference(pairs, base, monotone), OTHER)
    short = find_times(pairs, members, Rule(window=SHORT))
    yield Control(heading, "window 10 less window 5", _difference(pairs, base, short), OTHER)


def _curves(pairs: pd.DataFrame, members: Sequence[Member]) -> Iterator[Control]:
    """Yield other curves of the rate; the accuracy is the measured one."""
    heading = "What the running mean does: accuracy as measured"
    step = find_times(pairs, members, Rule(rate=nets.read_step_rate))
    yield Control(heading, "rate of each step", step)
    null = find_times(pairs, members, Rule(rate=nets.read_null))
    yield Control(heading, "rate: onset, then constant", null, OTHER)
    live = find_times(pairs, members, Rule(rate=nets.read_connected_rate))
    yield Control(heading, "per connected neuron", live, SAME)  # one factor for all steps


def _extremes(members: Sequence[Member], base: pd.DataFrame) -> Iterator[Control]:
    """Yield the comparison without networks at the earliest step, and with those that never settle."""
    for curve in ("rate", "either"):
        kept = drop_floor(base, floor=saturation_floor(nets.WINDOW), curve=curve)
        named = {"rate": "no rate at step 11", "either": "neither at step 11"}[curve]
        yield Control("Without networks that settle at the earliest step", named, kept)
    late = settle_late(base, members)
    kind = "" if base[nets.TIMES].isna().any(axis=None) else SAME  # nothing is missing
    yield Control("With networks that never settle", LATE, late, kind)


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
        yield Control("Pairs of one accuracy", MATCHED, find_times(matched, members, Rule()))
    vgg, _ = make_pairs(members, kind=VGG_NET)
    if len(vgg):
        images = {members[number].curves.images for number in vgg["member"]}
        heading = f"Another network, {max(images):,} test images"
        yield Control(heading, VGG_NET, find_times(vgg, members, Rule()))


def measure_floors(members: Sequence[Member]) -> pd.DataFrame:
    """Return the share of networks whose times sit on the earliest one that the window of S2 allows."""
    base = find_times(drop_repeats(make_pairs(members)[0]), members, Rule())
    return floor_shares(base, floor=saturation_floor(nets.WINDOW))


def _by_chance(base: pd.DataFrame, seed: int) -> Iterator[Control]:
    """Yield the comparison with whole settings, or trained networks, dealt at random."""
    heading = "By chance"
    yield Control(heading, "accuracy, rate swapped", base, CHANCE_ALONE, compare_swapped_times)
    yield Control(heading, "dense, sparse swapped", base, CHANCE_ALONE, compare_swapped)
    # settings of a data set keep the mean of each kind: their p by pair alone can differ
    yield Control(heading, "settings shuffled", shuffle_settings(base, seed), SAME)


def compare_controls(members: Sequence[Member], seed: int, *, bootstrap: int = 2000) -> pd.DataFrame:
    """Return a row for each control: heading, name, null, kind, the fields of `Compared`, both verdicts.

    null : whether it has a kind, and so no verdict on the claim.
    """
    rows = []
    for one in list_controls(members, seed):
        found: Compared | None = None
        if len(one.times):
            found = one.compare(one.times, seed, bootstrap=bootstrap)
        if found is not None and found.pairs:
            said = {"heading": one.heading, "name": one.name, "null": bool(one.kind), "kind": one.kind}
            rows.append({**said, **found.row()})
    return pd.DataFrame(rows, columns=ROW)
