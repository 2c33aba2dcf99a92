"""Time lags with intervals that resample trained ANNs: networks converted from one ANN are no new draws.

One ANN gives several spiking networks (thresholds, levels, methods), and their lags agree. What is drawn with
replacement are ANNs, each with all its networks. Where every dense ANN shares its pairs with one sparse ANN,
both are drawn together; otherwise dense and sparse ones are drawn apart, and a pair counts as often as the
product of both (Owen, Annals of Applied Statistics 1, 386 (2007)).

    lag difference = accuracy later - rate later, sparse less dense, over complete pairs
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsci.measure.lag_intervals import CONSTANT, FEW, UNKNOWN, Bootstrap, Interval, few
from netsci.measure.lag_table import GROUPS, find_lags

if TYPE_CHECKING:
    import pandas as pd

_Floats = NDArray[np.float64]
UNITS = "ANNs"


class _Weights(NamedTuple):
    """How often each dense network, sparse network and pair counts, float64 [resample, network or pair]."""

    dense: _Floats
    sparse: _Floats
    pairs: _Floats


_Statistic = Callable[[_Weights], _Floats]


class _Design:
    """Which ANN each network comes from, and what a draw of ANNs makes of networks and pairs."""

    def __init__(self, kept: pd.DataFrame) -> None:
        of = {name: kept[kept["connectivity"] == name].reset_index(drop=True) for name in GROUPS}
        self.lags = {name: rows["lag"].to_numpy(np.float64) for name, rows in of.items()}
        codes = {name: rows["ann"].astype("category").cat.codes.to_numpy() for name, rows in of.items()}
        self.number = {name: len(set(found.tolist())) for name, found in codes.items()}
        places = {name: dict(zip(rows["pair"], range(len(rows)), strict=True)) for name, rows in of.items()}
        both = [pair for pair in places["dense"] if pair in places["sparse"]]
        self.pairs = {name: np.array([places[name][p] for p in both], dtype=np.int64) for name in GROUPS}
        times = {
            name: rows[["accuracy_time", "rate_time", "lag"]].to_numpy(np.float64)[self.pairs[name]]
            for name, rows in of.items()
        }
        self.accuracy_later, self.rate_later, self.difference = (times["sparse"] - times["dense"]).T
        met = {(codes["dense"][i], codes["sparse"][j]) for i, j in zip(*self.pairs.values(), strict=True)}
        first, second = [a for a, _ in met], [b for _, b in met]
        self.together = len(set(first)) == len(first) and len(set(second)) == len(second)
        n = self.number["dense"]
        unit = {("dense", k): k for k in range(n)}
        unit |= {("sparse", k): n + k for k in range(self.number["sparse"])}
        if self.together:
            unit |= {("sparse", b): unit["dense", a] for a, b in met}
        numbers = {old: new for new, old in enumerate(sorted(set(unit.values())))}
        self.units = len(numbers)
        self.unit = {
            name: np.array([numbers[unit[name, int(k)]] for k in codes[name]], dtype=np.int64)
            for name in GROUPS
        }

    def weigh(self, counts: _Floats) -> _Weights:
        """Return what counts of the drawn units, [resample, unit], make of networks and pairs."""
        dense, sparse = (counts[:, self.unit[name]] for name in GROUPS)
        first = dense[:, self.pairs["dense"]]
        return _Weights(dense, sparse, first if self.together else first * sparse[:, self.pairs["sparse"]])

    def parts(self, group: str) -> list[NDArray[np.int64]]:
        """Return the units that a group's statistics come from: one list, or two that are drawn apart."""
        if group in GROUPS:
            return [np.unique(self.unit[group])]
        whole = group == "sparse against dense"
        both = [np.unique(self.unit[k] if whole else self.unit[k][self.pairs[k]]) for k in GROUPS]
        return [np.unique(np.concatenate(both))] if self.together else both

    def draw(self, rng: np.random.Generator, resamples: int) -> _Floats:
        """Draw units with replacement: all of them, or dense and sparse ones apart."""
        n = self.number["dense"]
        parts = [(0, self.units)] if self.together else [(0, n), (n, self.units - n)]
        counts = np.zeros((resamples, self.units))
        for start, size in parts:
            if size:
                drawn = start + rng.integers(size, size=(resamples, size))
                np.add.at(counts, (np.arange(resamples)[:, None], drawn), 1.0)
        return counts


def ann_intervals(
    table: pd.DataFrame,
    *,
    rng: np.random.Generator | None = None,
    bootstrap: int = 2000,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return mean lags, their decomposition and rank effects, with intervals that resample trained ANNs.

    table : as in `time_lag_tests`, and a column ann, the trained network that each row was converted from;
    names of dense and of sparse ANNs are apart.
    rng, bootstrap, confidence : as in `time_lag_tests`; without a generator intervals are NaN.

    Columns: group, measure, n (networks or complete pairs), anns (how many units were drawn), value, low,
    high, note. Groups and measures: "dense" and "sparse": "mean lag", "rank-biserial" (of the signed-rank
    test, zeros dropped). "sparse minus dense", over complete pairs: "lag difference" = "accuracy later" -
    "rate later", and "rank-biserial". "sparse against dense": "rank-biserial, all lags" and "rank-biserial,
    positive lags" (of the Mann-Whitney test). Below 20 ANNs, means have Student's interval with the
    jackknife's error, effects the BCa one, and the note says so.

    Raises TypeError and ValueError as `time_lag_tests`, and ValueError if ann is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [(i, c, i // 2, 12 + (c == "sparse"), 9) for i in range(6) for c in ("dense", "sparse")]
    >>> table = pd.DataFrame(rows, columns=["pair", "connectivity", "ann", "accuracy_time", "rate_time"])
    >>> found = ann_intervals(table).set_index(["group", "measure"])["value"]
    >>> found["sparse minus dense"].to_dict()
    {'lag difference': 1.0, 'accuracy later': 1.0, 'rate later': 0.0, 'rank-biserial': 1.0}

    Source: S2 section 3.3, where grid points that share a network count as independent.
    """
    import pandas as pd

    intervals = Bootstrap(rng, bootstrap, confidence)
    lags, _ = find_lags(table)
    if "ann" not in table.columns:
        raise ValueError("table lacks the column ann, the trained network that each row was converted from")
    known = table[["accuracy_time", "rate_time"]].notna().all(axis=1).to_numpy()
    anns = table["ann"][known].reset_index(drop=True)
    if anns.isna().any():
        raise ValueError("ann must not be missing: name the trained network that each row was converted from")
    design = _Design(lags.assign(ann=anns.map(str)))
    counts = None if rng is None else design.draw(rng, intervals.resamples)
    rows = [_row(design, intervals, counts, *one) for one in _statistics(design)]
    return pd.DataFrame(rows)


def _statistics(design: _Design) -> list[tuple[str, str, int, bool, _Statistic]]:
    """Return group, measure, n, whether it is a mean, and the statistic of weights."""
    found: list[tuple[str, str, int, bool, _Statistic]] = []
    for name in GROUPS:
        x = design.lags[name]
        found.append((name, "mean lag", len(x), True, _mean(x, name)))
        found.append((name, "rank-biserial", len(x), False, _balance(x, name)))
    group, n = "sparse minus dense", len(design.difference)
    for measure, x in (
        ("lag difference", design.difference),
        ("accuracy later", design.accuracy_later),
        ("rate later", design.rate_later),
    ):
        found.append((group, measure, n, True, _mean(x, "pairs")))
    found.append((group, "rank-biserial", n, False, _balance(design.difference, "pairs")))
    for lags in ("all", "positive"):
        dense, sparse = (
            design.lags[name] if lags == "all" else np.where(design.lags[name] > 0, design.lags[name], np.nan)
            for name in GROUPS
        )
        n = int((~np.isnan(dense)).sum() + (~np.isnan(sparse)).sum())
        measure = f"rank-biserial, {lags} lags"
        found.append(("sparse against dense", measure, n, False, _over(dense, sparse)))
    return found


def _row(
    design: _Design,
    intervals: Bootstrap,
    counts: _Floats | None,
    group: str,
    measure: str,
    n: int,
    is_mean: bool,
    of: _Statistic,
) -> dict[str, Any]:
    """Return the row of one statistic, with its interval."""
    own = float(of(design.weigh(np.ones((1, design.units))))[0]) if n else math.nan
    parts = design.parts(group)
    units = min(map(len, parts))
    interval = UNKNOWN
    if counts is not None and units > 1 and not math.isnan(own):
        without = of(design.weigh(1.0 - np.eye(design.units)))
        if is_mean and units < FEW:
            interval = _student([without[part] for part in parts], own, intervals.confidence)
        else:
            left = without[np.concatenate(parts)]
            interval = intervals.interval(of(design.weigh(counts)), own, left, units, UNITS)
    return {
        "group": group,
        "measure": measure,
        "n": n,
        "anns": units,
        "value": own,
        "low": interval.low,
        "high": interval.high,
        "note": interval.note,
    }


def _student(without: list[_Floats], own: float, confidence: float) -> Interval:
    """Return Student's interval with the jackknife's error; units that are drawn apart add up."""
    from scipy.stats import t

    variance, units = 0.0, min(map(len, without))
    for part in without:
        moved = part[~np.isnan(part)]
        if len(moved) > 1:
            variance += (len(moved) - 1) / len(moved) * float(((moved - moved.mean()) ** 2).sum())
    if math.sqrt(variance) <= 1e-12 * max(1.0, abs(own)):
        return CONSTANT
    half = math.sqrt(variance) * float(t.ppf((1 + confidence) / 2, units - 1))
    return Interval(own - half, own + half, few(units, UNITS))


def _mean(x: _Floats, kind: str) -> _Statistic:
    def mean(weights: _Weights) -> _Floats:
        w = getattr(weights, kind)
        return _ratio(w @ x, w.sum(axis=1))

    return mean


def _balance(x: _Floats, kind: str) -> _Statistic:
    """Return T+ - T- over its largest value; zeros are dropped."""
    sign = np.sign(x)
    used = np.abs(sign)
    both = np.sign(x[:, None] + x[None, :]) * used[:, None] * used[None, :]

    def effect(weights: _Weights) -> _Floats:
        w = getattr(weights, kind)
        size = w @ used
        difference = (np.einsum("ri,ri->r", w @ both, w) + w @ sign) / 2
        return _ratio(difference, size * (size + 1) / 2)

    return effect


def _over(dense: _Floats, sparse: _Floats) -> _Statistic:
    """Return the share of pairs in which sparse is larger, less that in which dense is; NaN is left out."""
    known = [(~np.isnan(x)).astype(np.float64) for x in (dense, sparse)]
    a, b = np.nan_to_num(dense), np.nan_to_num(sparse)
    larger = np.sign(b[:, None] - a[None, :]) * known[1][:, None] * known[0][None, :]

    def effect(weights: _Weights) -> _Floats:
        total = (weights.dense @ known[0]) * (weights.sparse @ known[1])
        return _ratio(np.einsum("ri,ri->r", weights.sparse @ larger, weights.dense), total)

    return effect


def _ratio(part: _Floats, whole: _Floats) -> _Floats:
    return np.asarray(np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0))
