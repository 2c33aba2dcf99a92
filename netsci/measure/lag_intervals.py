"""Intervals of time lags and of rank effects, with pairs as the units that vary.

The dense and the sparse network of a pair share their setting, so their lags are not independent: what is
drawn with replacement are pairs, each with all its lags. Lags come as [pair, network], NaN where a pair has
none; intervals are NaN without a generator, below two pairs and where the resamples do not vary.

From FEW = 20 pairs on the interval is the percentile one. Below, it would be too narrow: of 5 pairs a 95 %
interval of the mean holds the true one in 83 % of all cases. There a mean has Student's interval with pairs
as clusters, a median that of the order statistics, an effect the bias-corrected and accelerated one (BCa).

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 13 and 14; Thompson, Annals of
Mathematical Statistics 7, 122 (1936), for the median.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import as_count, check_generator, check_number

_Floats = NDArray[np.float64]
FEW = 20  # pairs


class Interval(NamedTuple):
    """The ends of an interval, and what to know about it ("" if there is nothing)."""

    low: float
    high: float
    note: str = ""


UNKNOWN = Interval(math.nan, math.nan)
CONSTANT = Interval(math.nan, math.nan, "no interval: resamples do not vary")


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
        self.confidence = float(confidence)

    def estimates(self, lags: _Floats) -> list[dict[str, Any]]:
        """Return mean and median of all lags [pair, network], with their intervals."""
        lags = _pairs_with_any(lags)
        centres = _centres(lags.reshape(1, -1))
        if self.rng is None or len(lags) < 2:
            found = [UNKNOWN, UNKNOWN]
        elif len(lags) < FEW:
            found = [_student(lags, self.confidence), _order_statistics(lags, self.confidence)]
        else:
            drawn = self.rng.integers(len(lags), size=(self.resamples, len(lags)))
            found = [self._percentiles(spread) for spread in _centres(lags[drawn].reshape(len(drawn), -1))]
        return [
            {"measure": name, "value": float(centre[0]), "low": of.low, "high": of.high, "note": of.note}
            for name, centre, of in zip(("mean", "median"), centres, found, strict=True)
        ]

    def signed_effect(self, lags: _Floats, *, zero_method: str) -> Interval:
        """Return the interval of the rank-biserial effect of a signed-rank test of all lags."""
        lags = _pairs_with_any(lags)
        values = np.nan_to_num(lags)
        # T+ - T- is the sum of sign(x_i + x_j) over i <= j; the copies of a resample all at once, by counts
        sign = np.sign(values)
        used = np.abs(sign)
        both = np.zeros((len(lags), len(lags)))
        for a in range(lags.shape[1]):
            for b in range(lags.shape[1]):
                apart = np.sign(values[:, a, None] + values[None, :, b])
                both += apart * used[:, a, None] * used[None, :, b]

        def effect(counts: _Floats) -> _Floats:
            balance, size = counts @ sign.sum(axis=1), counts @ used.sum(axis=1)
            difference = (np.einsum("ri,ri->r", counts @ both, counts) + balance) / 2
            total = size * (size + 1) / 2
            if zero_method == "pratt":  # the zeros take the lowest ranks, which lifts all others
                zeros = counts @ ((lags == 0).sum(axis=1).astype(np.float64))
                difference, total = difference + zeros * balance, total + zeros * size
            return _ratio(difference, total)

        return self._effect(effect, len(lags))

    def sum_effect(self, lags: _Floats) -> Interval:
        """Return the interval of the rank-biserial effect of the second network's lags over the first's."""
        lags = _pairs_with_any(lags)
        known = (~np.isnan(lags)).astype(np.float64)
        values = np.nan_to_num(lags)
        over = np.sign(values[:, 1, None] - values[None, :, 0]) * known[:, 1, None] * known[None, :, 0]

        def effect(counts: _Floats) -> _Floats:
            total = (counts @ known[:, 0]) * (counts @ known[:, 1])
            return _ratio(np.einsum("ri,ri->r", counts @ over, counts), total)

        return self._effect(effect, len(lags))

    def _effect(self, effect: Callable[[_Floats], _Floats], pairs: int) -> Interval:
        """Return the interval of a function of how often each pair is held, float64 [resample, pair]."""
        if self.rng is None or pairs < 2:
            return UNKNOWN
        drawn = self.rng.integers(pairs, size=(self.resamples, pairs))
        places = drawn + pairs * np.arange(len(drawn))[:, None]
        counts = np.bincount(places.ravel(), minlength=len(drawn) * pairs).reshape(len(drawn), pairs)
        spread = effect(counts.astype(np.float64))
        own = float(effect(np.ones((1, pairs)))[0])
        return self.interval(spread, own, effect(1.0 - np.eye(pairs)) if pairs < FEW else spread, pairs)

    def interval(
        self, spread: _Floats, own: float, without_one: _Floats, number: int, units: str = "pairs"
    ) -> Interval:
        """Return the percentile interval of resamples of `number` units, BCa if they are few.

        own : the value itself. without_one : it without each unit, read where they are few.
        """
        if number >= FEW:
            return self._percentiles(spread)
        return self._bca(spread, own, without_one, few(number, units))

    def _percentiles(self, values: _Floats) -> Interval:
        """Return the quantiles of the resamples in which the value is defined."""
        known = values[~np.isnan(values)]
        if not len(known):
            return UNKNOWN
        if _is_constant(known):
            return CONSTANT
        low, high = np.quantile(known, [(1 - self.confidence) / 2, (1 + self.confidence) / 2])
        return Interval(float(low), float(high))

    def _bca(self, values: _Floats, own: float, without_one: _Floats, note: str) -> Interval:
        """Return the quantiles that bias and skewness of the resamples move: BCa."""
        from scipy.stats import norm

        known, left = values[~np.isnan(values)], without_one[~np.isnan(without_one)]
        if not len(known) or math.isnan(own):
            return UNKNOWN
        if _is_constant(known):
            return CONSTANT
        # Where resamples tie with the value itself, one half of them counts as below.
        below = np.mean(known < own) + np.mean(known == own) / 2
        bias = norm.ppf(np.clip(below, 0.5 / len(known), 1 - 0.5 / len(known)))
        away = left.mean() - left if len(left) else np.zeros(1)
        size = float((away**2).sum()) ** 1.5
        skew = float((away**3).sum()) / (6 * size) if size > 0 else 0.0
        z = bias + norm.ppf([(1 - self.confidence) / 2, (1 + self.confidence) / 2])
        low, high = np.quantile(known, norm.cdf(bias + z / (1 - skew * z)))
        return Interval(float(low), float(high), note)


def _student(lags: _Floats, confidence: float) -> Interval:
    """Return Student's interval of the mean of all lags, pairs as clusters of one or two."""
    from scipy.stats import t

    pairs, number = len(lags), (~np.isnan(lags)).sum(axis=1)
    mean = float(np.nansum(lags) / number.sum())
    rest = np.nansum(lags, axis=1) - mean * number
    error = math.sqrt(pairs / (pairs - 1) * float(rest @ rest)) / int(number.sum())
    if error <= 1e-12 * max(1.0, abs(mean)):
        return CONSTANT
    half = error * float(t.ppf((1 + confidence) / 2, pairs - 1))
    return Interval(mean - half, mean + half, few(pairs))


def _order_statistics(lags: _Floats, confidence: float) -> Interval:
    """Return the k-th smallest and k-th largest lag, k the largest that keeps the confidence of the median.

    k is that of as many single lags as there are pairs; two lags of a pair stand at one place in the order.
    """
    from scipy.stats import binom

    pairs, every = len(lags), np.sort(lags[~np.isnan(lags)])
    k = max(1, int(binom.ppf((1 - confidence) / 2, pairs, 0.5)))
    while k > 1 and 2 * binom.cdf(k - 1, pairs, 0.5) > 1 - confidence:
        k -= 1
    share = (k - 1) / (pairs - 1)
    low = float(np.quantile(every, share, method="lower"))
    high = float(np.quantile(every, 1 - share, method="higher"))
    if low == high:
        return CONSTANT
    held = 1 - 2 * float(binom.cdf(k - 1, pairs, 0.5))
    short = f", whose median has no wider interval than {100 * held:.0f} %" if held < confidence else ""
    return Interval(low, high, few(pairs) + short)


def few(number: int, units: str = "pairs") -> str:
    """Return the note of an interval of few units."""
    return f"interval of only {number} {units}"


def _is_constant(values: _Floats) -> bool:
    """Return whether resamples differ by rounding at most."""
    return bool(np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())))


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
