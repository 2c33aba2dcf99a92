"""Compute rank tests: p-values are exact for small samples and do not underflow for large ones.

Signed ranks: T+ = sum of the ranks of |x| with x > 0. Rank sums: U = number of pairs with x > y, ties half.
T+ and its z are scipy's; scipy gives no z of U. The p-values are ours. Up to EXACT observations, count the
null distribution of the given ranks: the p-value is exact, also with ties, where scipy's is not. Above,
use the normal law and keep the logarithm of p, which does not underflow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netsci.arguments import check_choice, read_array

EXACT = 50  # scipy's bound for signed ranks
SIDES = ("two-sided", "greater", "less")


@dataclass(frozen=True)
class RankTest:
    """The result of a rank test. If it is undefined, numbers are NaN and `note` says why.

    statistic : T+ or U. n : number of observations. n_other : that of the second sample, 0 for signed ranks.
    zeros : differences of zero. method : "exact" or "asymptotic", "" if undefined.
    z : standardised statistic, with the sign of the effect (also if the p-value is exact).
    p_value : in [0, 1]; 0.0 if it is below the smallest double. log10_p : its decimal logarithm, never -inf.
    rank_biserial : (favourable - unfavourable) / (all), in [-1, 1].
    common_language : probability that a difference is positive, or that x exceeds y; ties half, in [0, 1].
    """

    statistic: float
    n: int
    n_other: int
    zeros: int
    method: str
    z: float
    p_value: float
    log10_p: float
    rank_biserial: float
    common_language: float
    note: str = ""

    @property
    def p_text(self) -> str:
        """The p-value as text with four digits, such as "6.119e-62" or "1.000e-412"; "" if undefined."""
        if math.isnan(self.log10_p):
            return ""
        if self.p_value > 1e-300:
            return f"{self.p_value:.3e}"
        exponent = math.floor(self.log10_p)
        digits = f"{10 ** (self.log10_p - exponent):.3f}"
        if digits == "10.000":
            digits, exponent = "1.000", exponent + 1
        return f"{digits}e{exponent:+03d}"


def signed_rank_test(
    differences: ArrayLike, *, alternative: str = "greater", zero_method: str = "wilcox"
) -> RankTest:
    """Test by Wilcoxon's signed ranks whether differences are symmetric about zero.

    The statistic T+ is the sum of the ranks of the positive differences, ranked by size. Up to 50 differences
    other than zero the p-value is exact; above, it is that of the normal law with mean (sum of r) / 2 and
    variance (sum of r^2) / 4 over these ranks r, without a continuity correction.

    Parameters
    ----------
    differences : [pair], finite numbers. alternative : "greater" (they are positive), "less" or "two-sided".
    zero_method : "wilcox" drops zeros before ranking; "pratt" ranks them, then drops their ranks.

    Returns
    -------
    RankTest. If all differences are zero or there is none, its numbers are NaN and its `note` says why.

    Raises
    ------
    ValueError
        If alternative or zero_method is unknown, or differences are not a finite vector.
    TypeError
        If they are not numbers.

    Examples
    --------
    >>> found = signed_rank_test([1.0, 2.0, 3.0, 4.0, 0.0])
    >>> found.statistic, found.p_value, found.zeros, found.method
    (10.0, 0.0625, 1, 'exact')

    Source: Wilcoxon (1945); Pratt (1959); S2 section 3.3.
    """
    from scipy.stats import rankdata, wilcoxon

    _check_side(alternative)
    check_choice(zero_method, ("wilcox", "pratt"), "zero_method")
    x = _sample(differences, "differences")
    zeros = int(np.sum(x == 0))
    used = x[x != 0]
    if not len(used):
        note = "no pairs" if not len(x) else f"all {len(x)} differences are zero"
        return _undefined(0, 0, zeros, note)
    # With this alternative scipy returns T+ itself, not the smaller of T+ and T-.
    found = wilcoxon(x, zero_method=zero_method, correction=False, alternative="greater", method="asymptotic")
    statistic, z = float(found.statistic), float(found.zstatistic)
    ranked = x if zero_method == "pratt" else used
    ranks = rankdata(np.abs(ranked))[ranked != 0]
    total = float(ranks.sum())
    if len(used) <= EXACT:
        method, (p, log_p) = "exact", _exact_tail(statistic, _count_signs(ranks), alternative)
    else:
        method, (p, log_p) = "asymptotic", _normal_tail(z, alternative)
    return RankTest(
        statistic,
        len(used),
        0,
        zeros,
        method,
        z,
        p,
        log_p / math.log(10),
        (2 * statistic - total) / total,
        float(np.mean((x > 0) + 0.5 * (x == 0))),
    )


def rank_sum_test(first: ArrayLike, second: ArrayLike, *, alternative: str = "two-sided") -> RankTest:
    """Test by Mann and Whitney's U whether values of one sample exceed those of another.

    U = sum of the ranks of the first sample - n (n + 1)/2, with n and m values in the samples. Up to n + m =
    50 the p-value is exact; above, it is that of the normal law with mean n m/2, the variance of the pooled
    ranks r, n m/((n + m)(n + m - 1)) sum (r - mean r)^2, and a continuity correction of 1/2.

    Parameters
    ----------
    first, second : [n], [m], finite numbers. alternative : "greater" (first exceeds), "less", "two-sided".

    Returns
    -------
    RankTest. If a sample is empty or all values are equal, its numbers are NaN and its `note` says why.

    Raises
    ------
    ValueError, TypeError
        As `signed_rank_test`.

    Examples
    --------
    >>> found = rank_sum_test([4.0, 5.0, 6.0], [1.0, 2.0, 3.0])
    >>> found.statistic, found.p_value, found.common_language
    (9.0, 0.1, 1.0)

    Source: Mann and Whitney (1947); S2 section 3.3.
    """
    from scipy.stats import rankdata

    _check_side(alternative)
    x, y = _sample(first, "first"), _sample(second, "second")
    n, m = len(x), len(y)
    if not n or not m:
        return _undefined(n, m, 0, "the " + " and the ".join(_empty(n, m)) + " sample is empty")
    ranks = rankdata(np.concatenate([x, y]))
    statistic = float(ranks[:n].sum()) - n * (n + 1) / 2
    share = statistic / (n * m)
    deviation = float(np.sum((ranks - ranks.mean()) ** 2))
    if deviation == 0:
        return _undefined(n, m, 0, "all values are equal")
    spread = math.sqrt(n * m / ((n + m) * (n + m - 1)) * deviation)
    centre = n * m / 2
    z = (statistic - centre) / spread
    if n + m <= EXACT:
        method, (p, log_p) = "exact", _exact_tail(statistic, _count_subsets(ranks, n), alternative)
    else:
        corrected = _correct(z, 0.5 / spread, alternative)
        method, (p, log_p) = "asymptotic", _normal_tail(corrected, alternative)
    return RankTest(statistic, n, m, 0, method, z, p, log_p / math.log(10), 2 * share - 1, share)


def _empty(n: int, m: int) -> list[str]:
    return [name for name, size in (("first", n), ("second", m)) if not size]


def _count_signs(ranks: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the values of T+ and their probabilities if each rank counts with probability 1/2."""
    doubled = np.rint(2 * ranks).astype(np.int64)  # mid-ranks are halves
    chance = np.zeros(int(doubled.sum()) + 1)
    chance[0] = 1.0
    for rank in doubled:
        chance[rank:] = (chance[rank:] + chance[: len(chance) - rank]) / 2
        chance[:rank] /= 2
    return np.arange(len(chance)) / 2, chance


def _count_subsets(ranks: NDArray[np.float64], n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the values of U and their probabilities if n of the ranks are drawn at random."""
    doubled = np.rint(2 * ranks).astype(np.int64)
    ways = np.zeros((n + 1, int(doubled.sum()) + 1))
    ways[0, 0] = 1.0
    for rank in doubled:
        for size in range(n, 0, -1):
            ways[size, rank:] += ways[size - 1, : ways.shape[1] - rank]
    return np.arange(ways.shape[1]) / 2 - n * (n + 1) / 2, ways[n] / ways[n].sum()


def _exact_tail(
    statistic: float, distribution: tuple[NDArray[np.float64], NDArray[np.float64]], alternative: str
) -> tuple[float, float]:
    """Return the probability of a statistic at least as extreme, and its natural logarithm."""
    values, chance = distribution
    above, below = chance[values >= statistic].sum(), chance[values <= statistic].sum()
    tail = {"greater": above, "less": below, "two-sided": 2 * min(above, below)}[alternative]
    p = min(1.0, float(tail))
    return p, math.log(p)


def _normal_tail(z: float, alternative: str) -> tuple[float, float]:
    """Return the tail of the normal law and its logarithm. Near z = 38 only the tail underflows."""
    from scipy.special import log_ndtr

    if alternative == "two-sided":
        log_p = min(0.0, math.log(2) + float(log_ndtr(-abs(z))))
    else:
        log_p = float(log_ndtr(-z if alternative == "greater" else z))
    return math.exp(log_p), log_p


def _correct(z: float, half: float, alternative: str) -> float:
    """Apply the continuity correction to z: it makes every tail larger."""
    if alternative == "two-sided":
        return max(abs(z) - half, 0.0)
    return z - half if alternative == "greater" else z + half


def _undefined(n: int, n_other: int, zeros: int, note: str) -> RankTest:
    nan = math.nan
    return RankTest(nan, n, n_other, zeros, "", nan, nan, nan, nan, nan, note)


def _check_side(alternative: str) -> None:
    check_choice(alternative, SIDES, "alternative")


def _sample(values: Any, name: str) -> NDArray[np.float64]:
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{name} is a numpy masked array; pass its .compressed()")
    vector = read_array(values, name)
    if vector.size and vector.dtype.kind not in "iuf":
        raise TypeError(
            f"{name} must hold real numbers, integers or floats; its dtype is {vector.dtype}: convert it"
        )
    if vector.ndim != 1:
        raise ValueError(
            f"{name} must be one-dimensional; its shape is {vector.shape}: pass one sample, or its .ravel()"
        )
    if vector.size and not np.isfinite(vector).all():
        raise ValueError(f"{name} holds NaN or infinite values; drop those observations first")
    return vector.astype(np.float64)
