"""Bootstrap percentile intervals of time lags and of rank effects, over resamples of whole pairs.

The dense and the sparse network of a pair share their setting, so their lags are not independent: what is
drawn with replacement are pairs, each with all its lags. Lags come as [pair, network], NaN where a pair has
none; intervals are NaN without a generator and below two pairs.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import as_count, check_number
from netsci.measure.lag_table import check_generator

Interval = tuple[float, float]
_Floats = NDArray[np.float64]
UNKNOWN = (math.nan, math.nan)


class Bootstrap:
    """How intervals are drawn: resamples and confidence, and the generator they come from (or None)."""

    def __init__(self, rng: np.random.Generator | None, resamples: Any, confidence: Any) -> None:
        """Check the arguments; TypeError or ValueError as `time_lag_tests`."""
        if rng is not None:
            check_generator(rng)
        resamples = as_count(resamples, "bootstrap")
        if isinstance(confidence, bool):
            raise TypeError(f"confidence must be a number; got {confidence!r}")
        check_number(confidence, "confidence")
        if not 0 < confidence < 1:
            raise ValueError(f"confidence must lie between 0 and 1; got {confidence!r}")
        self.rng, self.resamples = rng, int(resamples)
        self.ends = [(1 - confidence) / 2, (1 + confidence) / 2]

    def estimates(self, lags: _Floats) -> list[dict[str, Any]]:
        """Return mean and median of all lags [pair, network], with their intervals."""
        lags = _pairs_with_any(lags)
        centres = _centres(lags.reshape(1, -1))
        drawn = self._draw(len(lags))
        spread = None if drawn is None else _centres(lags[drawn].reshape(len(drawn), -1))
        rows = []
        for k, name in enumerate(("mean", "median")):
            low, high = UNKNOWN if spread is None else self._ends(spread[k])
            rows.append({"measure": name, "value": float(centres[k][0]), "low": low, "high": high})
        return rows

    def signed_effect(self, lags: _Floats, *, zero_method: str) -> Interval:
        """Return the interval of the rank-biserial effect of a signed-rank test of all lags."""
        lags = _pairs_with_any(lags)
        counts = self._counts(len(lags))
        if counts is None:
            return UNKNOWN
        values = np.nan_to_num(lags)
        # T+ - T- is the sum of sign(x_i + x_j) over i <= j; the copies of a resample all at once, by counts
        sign = np.sign(values)
        used = np.abs(sign)
        balance, size = counts @ sign.sum(axis=1), counts @ used.sum(axis=1)
        zeros = counts @ ((lags == 0).sum(axis=1).astype(np.float64))
        both = np.zeros((len(lags), len(lags)))
        for a in range(lags.shape[1]):
            for b in range(lags.shape[1]):
                apart = np.sign(values[:, a, None] + values[None, :, b])
                both += apart * used[:, a, None] * used[None, :, b]
        difference = (np.einsum("ri,ri->r", counts @ both, counts) + balance) / 2
        total = size * (size + 1) / 2
        if zero_method == "pratt":  # the zeros take the lowest ranks, which lifts all others
            difference, total = difference + zeros * balance, total + zeros * size
        return self._ends(_ratio(difference, total))

    def sum_effect(self, lags: _Floats) -> Interval:
        """Return the interval of the rank-biserial effect of the second network's lags over the first's."""
        lags = _pairs_with_any(lags)
        counts = self._counts(len(lags))
        if counts is None:
            return UNKNOWN
        known = (~np.isnan(lags)).astype(np.float64)
        values = np.nan_to_num(lags)
        over = np.sign(values[:, 1, None] - values[None, :, 0]) * known[:, 1, None] * known[None, :, 0]
        total = (counts @ known[:, 0]) * (counts @ known[:, 1])
        return self._ends(_ratio(np.einsum("ri,ri->r", counts @ over, counts), total))

    def _draw(self, pairs: int) -> NDArray[np.int64] | None:
        if self.rng is None or pairs < 2:
            return None
        return self.rng.integers(pairs, size=(self.resamples, pairs))

    def _counts(self, pairs: int) -> _Floats | None:
        """Return how often every resample holds every pair, float64 [resample, pair]."""
        drawn = self._draw(pairs)
        if drawn is None:
            return None
        places = drawn + pairs * np.arange(len(drawn))[:, None]
        counts = np.bincount(places.ravel(), minlength=len(drawn) * pairs)
        return counts.reshape(len(drawn), pairs).astype(np.float64)

    def _ends(self, values: _Floats) -> Interval:
        """Return the quantiles of the resamples in which the value is defined."""
        known = values[~np.isnan(values)]
        if not len(known):
            return UNKNOWN
        low, high = np.quantile(known, self.ends)
        return float(low), float(high)


def _pairs_with_any(lags: _Floats) -> _Floats:
    return lags[~np.isnan(lags).all(axis=1)]


def _ratio(part: _Floats, whole: _Floats) -> _Floats:
    return np.asarray(np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0))


def _centres(rows: _Floats) -> tuple[_Floats, _Floats]:
    """Return mean and median of the numbers in every row, NaN in a row without one."""
    if not rows.shape[1]:
        return np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    ordered = np.sort(rows, axis=1)  # NaN goes last
    count = (~np.isnan(ordered)).sum(axis=1)
    mean = _ratio(np.nansum(ordered, axis=1), count.astype(np.float64))
    line = np.arange(len(rows))
    lower, upper = np.maximum(count - 1, 0) // 2, count // 2
    return mean, (ordered[line, lower] + ordered[line, np.minimum(upper, rows.shape[1] - 1)]) / 2
