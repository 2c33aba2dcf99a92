"""The spiking networks of the time lag as tables: which pairs they make, and when their curves settle.

    records -> Member (a place and its curves) -> pairs: one row a network -> saturation times -> lags

A network at chance, or whose training diverged, is counted and makes no pair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.engine.conversions import Curves, list_labels, read_curves, running_rate
from analysis.s2.lag_grid import DENSE, GRID, PERCEPTRON, SNM, Place
from netsci.measure import onset_null, saturation_times
from netsci.sweep import Cell, Record

Floats = NDArray[np.float64]
Reader = Callable[[Curves], Floats]
WINDOW, TOLERANCE = 10, 0.01  # S2 2.3
CHANCE = 3.0  # standard errors above chance that an accuracy must lie
CLASSES = 10
_SETTING = ("setting", "data", "sparsity", "rate_of_learning", "batch")
COLUMNS = ("pair", "connectivity", "ann", *_SETTING, "method", "member")
TIMES = ["accuracy_time", "rate_time"]


@dataclass(frozen=True, eq=False)
class Member:
    """A spiking network: where its trained network stands, how it was converted, what it did.

    ann : the run that trained it. method : the label of the conversion. curves : None if a training diverged.
    """

    place: Place
    ann: str
    method: str
    curves: Curves | None

    @property
    def at_chance(self) -> bool:
        """Whether it, or the network that it was converted from, answers no better than at random."""
        if self.curves is None:
            return True
        p, n = 1.0 / CLASSES, self.curves.images
        limit = p + CHANCE * np.sqrt(p * (1 - p) / n)
        return bool(min(self.curves.ann_accuracy, float(self.curves.accuracy[-1])) <= limit)


def read_members(plan: Mapping[Cell, Place], records: Mapping[Cell, Record]) -> list[Member]:
    """Return the spiking networks of all records, in the order of the plan."""
    found = []
    for cell, place in plan.items():
        if cell in records:
            for label in list_labels(records[cell]):
                curves = read_curves(records[cell], label)
                found.append(Member(place, cell["origin"], label, curves))
    return found


def name_setting(place: Place) -> str:
    """Return the name of a setting: data set, learning rate, batch."""
    return f"{place.data}, {place.rate:g}, {place.batch}"


def make_pairs(
    members: Sequence[Member], purpose: str = GRID, kind: str = PERCEPTRON
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the networks of a kind that make a pair, a row each, and how many networks and pairs there are.

    Columns: pair, connectivity, ann, setting (data, rate, batch), data, sparsity, rate_of_learning, batch,
    method, member (its number among the members). Dense and sparse of a pair share setting, sparsity and
    method; a dense network stands once for each sparsity. Intervals resample settings: the column ann names
    the dense network of a setting, or its sparse ones, so that they are drawn together.

    Counts: "networks", "trained networks", "at chance" (networks), "pairs at chance" and "pairs".
    """
    own = [
        (n, one) for n, one in enumerate(members) if (one.place.purpose, one.place.kind) == (purpose, kind)
    ]
    shares = {one.place.data: {} for _, one in own}  # type: dict[str, dict[str, None]]
    for _, one in own:
        if one.place.links != DENSE:
            shares[one.place.data][one.place.links] = None
    rows = []
    for number, one in own:
        p, setting = one.place, name_setting(one.place)
        connectivity = "dense" if p.links == DENSE else "sparse"
        for sparsity in shares[p.data] if p.links == DENSE else (p.links,):
            rows.append(
                {
                    "pair": f"{setting}, {sparsity}, {one.method}",
                    "connectivity": connectivity,
                    "ann": f"{setting}, {connectivity}",
                    "setting": setting,
                    "data": p.data,
                    "sparsity": sparsity,
                    "rate_of_learning": p.rate,
                    "batch": p.batch,
                    "method": one.method,
                    "member": number,
                    "lost": one.at_chance,
                }
            )
    table = pd.DataFrame(rows, columns=[*COLUMNS, "lost"])
    by_pair = table.groupby("pair", sort=False)
    whole = by_pair["connectivity"].transform("nunique") == 2
    lost = by_pair["lost"].transform("any").astype(bool)
    kept = table[whole & ~lost].drop(columns="lost").reset_index(drop=True)
    counts = {
        "networks": len(own),
        "at chance": sum(one.at_chance for _, one in own),
        "pairs at chance": int((whole & lost).sum()) // 2,
        "pairs": len(kept) // 2,
        "trained networks": len({one.ann for _, one in own}),
    }
    return kept, counts


def drop_repeats(table: pd.DataFrame) -> pd.DataFrame:
    """Return each network once: a dense one that two sparsities share stands in the first of its pairs."""
    return table.drop_duplicates("member").reset_index(drop=True)


def read_accuracy(curves: Curves) -> Floats:
    """Return the share of right answers at each T."""
    return curves.accuracy


def read_monotone_accuracy(curves: Curves) -> Floats:
    """Return the rising curve that is nearest to the share of right answers, in least squares.

    Chance moves the share of right answers up and down from step to step; this curve never falls.
    """
    from sklearn.isotonic import IsotonicRegression

    return np.asarray(IsotonicRegression().fit_transform(curves.steps, curves.accuracy))


def read_rate(curves: Curves) -> Floats:
    """Return MASFR, the running mean of the firing rate, at each T."""
    return curves.running_rate


def read_step_rate(curves: Curves) -> Floats:
    """Return the firing rate of each step alone."""
    return np.asarray(curves.spikes.sum(axis=0) / (float(curves.units.sum()) * curves.images))


def read_null(curves: Curves) -> Floats:
    """Return the running mean of layers that are silent until their onset and constant after it."""
    neurons = curves.units > 0
    return onset_null(np.nan_to_num(curves.rates[neurons]), units=curves.units[neurons])


def read_first_accuracy(curves: Curves) -> Floats:
    """Return the share of right answers among the first images."""
    return np.asarray(curves.first_correct / float(curves.first_images))


def read_first_rate(curves: Curves) -> Floats:
    """Return MASFR over the first images."""
    return running_rate(curves.first_spikes, int(curves.units.sum()), curves.first_images)


def read_connected_rate(curves: Curves) -> Floats:
    """Return MASFR whose N are the neurons that are connected to input and output; all spikes count."""
    return running_rate(curves.spikes, int(curves.live_units.sum()), curves.images)


def read_unchanged(curves: Curves) -> Floats:
    """Return the share of images whose answer is that of the step before; 0 at the first step."""
    share = 1.0 - curves.answers_changed / float(curves.images)
    share[0] = 0.0  # there is no step before
    return np.asarray(share)


@dataclass(frozen=True)
class Rule:
    """When a curve counts as settled, and which curves are looked at."""

    window: int = WINDOW
    tolerance: float = TOLERANCE
    at: str = "end"
    rule: str = "one-sided"
    accuracy: Reader = field(default=read_accuracy)
    rate: Reader = field(default=read_rate)

    @property
    def how(self) -> dict[str, Any]:
        """The arguments of `netsci.measure.saturation_times`."""
        return {"window": self.window, "tolerance": self.tolerance, "at": self.at, "rule": self.rule}


def find_times(table: pd.DataFrame, members: Sequence[Member], rule: Rule) -> pd.DataFrame:
    """Return the table of `make_pairs` with accuracy_time and rate_time (steps; NaN where never)."""
    numbers = table["member"].unique()
    found = {}
    for name in ("accuracy", "rate"):
        times = settle([members[n] for n in numbers], getattr(rule, name), rule)
        found[f"{name}_time"] = table["member"].map(dict(zip(numbers, times, strict=True)))
    return table.assign(**found)


def settle_late(table: pd.DataFrame, members: Sequence[Member]) -> pd.DataFrame:
    """Return the table of `find_times` with one step after the last in place of a time that is missing."""
    curves = (members[number].curves for number in table["member"])
    late = pd.Series([0 if one is None else len(one.correct) + 1 for one in curves], table.index, float)
    return table.assign(**{name: table[name].fillna(late) for name in TIMES})


def settle(members: Sequence[Member], read: Reader, rule: Rule) -> Floats:
    """Return the step at which a curve of each network settles."""
    curves = [one.curves for one in members]
    if not curves:
        return np.empty(0)
    read_all = [read(one) for one in curves if one is not None]
    return saturation_times(np.stack(read_all), **rule.how)


def is_snm(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows are networks of signed neurons."""
    return np.asarray(table["method"] == SNM)
