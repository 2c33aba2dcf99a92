"""The discrete power law nearest to the tail of a sample of positive integers, and draws from it.

p(k) = k^-gamma / zeta(gamma, xmin) for k >= xmin, zeta(gamma, x) = sum over j >= 0 of (x + j)^-gamma. For
each candidate xmin (every distinct degree but the largest) gamma maximises the likelihood within [1.01, 10];
the xmin kept is the one whose law is nearest to the data, the smallest of equals, by
KS = max over all integers x > xmin of |P_data(X < x) - P_fit(X < x)|, as in Clauset's plfit. The powerlaw
package and igraph look only at integers that occur, and powerlaw leaves out laws at a bound of gamma and the
two largest degrees: where the tail has gaps or the law is no good fit, their xmin can be another.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LOWEST, HIGHEST = 1.01, 10.0  # bounds of gamma; a narrower range (3 is a common cap) fakes scale-free fits
WIDTH = 3.841458820694124  # 95 % quantile of chi-square, one degree of freedom
LARGEST_DRAW = 1e15  # beyond it float64 no longer separates neighbouring integers well


@dataclass(frozen=True)
class TailFit:
    """Exponent, smallest value and KS distance of one fit."""

    gamma: float
    xmin: int
    ks: float


def best_fit(positive: NDArray[np.int64], *, grid: bool, xmin: int | None = None) -> TailFit | None:
    """Return the fit of smallest KS distance over all xmin; None with fewer than 2 distinct values.

    positive : int64, all at least 1. grid : round gamma to the likelier multiple of .01 first. xmin : the
    only one to try, whether it occurs or not.
    """
    from scipy.special import zeta

    kept = positive if xmin is None else positive[positive >= xmin]
    values, counts = np.unique(kept, return_counts=True)
    if len(values) < 2:
        return None
    tails = np.cumsum(counts[::-1])[::-1]
    mean_log = (np.cumsum((counts * np.log(values))[::-1])[::-1] / tails)[:-1]
    starts = values[:-1]
    if xmin is not None:
        starts, mean_log = np.array([xmin]), mean_log[:1]
    gammas = _most_likely(starts, mean_log)
    if grid:
        gammas = _on_grid(gammas, starts, mean_log)
    # Between two degrees only the fit moves, so the maximum sits at v or at v + 1.
    points = np.unique(np.concatenate([values, values + 1])).astype(np.float64)
    above = np.append(tails, 0)[np.searchsorted(values, points)]
    best = TailFit(math.nan, 0, math.inf)
    for index, (start, gamma) in enumerate(zip(starts.tolist(), gammas.tolist(), strict=True)):
        x = points[np.searchsorted(points, start) :]
        ks = np.abs(zeta(gamma, x) / zeta(gamma, start) - above[-len(x) :] / tails[index]).max()
        if ks < best.ks:
            best = TailFit(gamma, start, float(ks))
    return best


def standard_error(gamma: float, xmin: int, count: int) -> float:
    """Return the standard error of gamma from a tail of `count` values, by the law's Fisher information.

    1/sqrt(n I), I = d^2 ln zeta(gamma, xmin) / d gamma^2; (gamma - 1)/sqrt(n) is its limit for large xmin.

    Examples
    --------
    >>> round(standard_error(3.0, 1, 1000), 4), round(standard_error(3.0, 1000, 1000), 4)
    (0.0762, 0.0632)
    """
    step = 1e-3 * (gamma - 1)
    at = np.array([gamma - step, gamma, gamma + step])
    below, middle, above = _log_zeta(at, np.full(3, xmin))
    return float(step / math.sqrt(count * (below - 2 * middle + above)))


def likelihood_interval(gamma: float, xmin: int, tail: NDArray[np.int64]) -> tuple[float, float]:
    """Return the exponents whose likelihood falls short of gamma's by no more than chance of 5 % allows.

    2 (l(gamma) - l(end)) = 3.84, the 95 % quantile of chi-square with one degree of freedom; xmin is taken
    as known. The lower end is above 1.
    """
    from scipy.optimize import brentq

    mean_log = float(np.log(tail).mean())

    def short(g: float) -> float:
        gap = (g - gamma) * mean_log + _log_zeta(np.array([g, gamma]), np.full(2, xmin)) @ [1, -1]
        return float(2 * len(tail) * gap - WIDTH)

    low, high = 1 + 1e-9, 2 * gamma
    while short(high) < 0:
        high *= 2
    start = float(brentq(short, low, gamma)) if short(low) > 0 else low
    return start, float(brentq(short, gamma, high))


def _most_likely(xmin: NDArray[np.int64], mean_log: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return gamma in [1.01, 10] where the likelihood, a concave function, peaks; one for each xmin."""
    low, high = np.full(len(xmin), LOWEST), np.full(len(xmin), HIGHEST)
    for _ in range(40):  # 9 / 2^40 is below the rounding of the slope
        middle = (low + high) / 2
        rising = _slope(middle, xmin, mean_log) > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    peak = (low + high) / 2
    peak[_slope(np.full_like(peak, LOWEST), xmin, mean_log) <= 0] = LOWEST
    peak[_slope(np.full_like(peak, HIGHEST), xmin, mean_log) >= 0] = HIGHEST
    return np.asarray(peak)


def _slope(
    gamma: NDArray[np.float64], xmin: NDArray[np.int64], mean_log: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the derivative of the log-likelihood per degree, by central differences (error about 1e-9)."""
    step = 1e-4
    return np.asarray(
        -mean_log - (_log_zeta(gamma + step, xmin) - _log_zeta(gamma - step, xmin)) / (2 * step)
    )


def _log_zeta(gamma: NDArray[np.float64], xmin: NDArray[np.int64]) -> NDArray[np.float64]:
    from scipy.special import zeta

    return np.asarray(np.log(zeta(gamma, xmin.astype(np.float64))))


def _on_grid(
    gamma: NDArray[np.float64], xmin: NDArray[np.int64], mean_log: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the likelier of the two multiples of .01 around the peak: the likelihood is concave."""
    lower = np.clip(np.floor(gamma * 100), 101, 999)
    below, above = lower / 100, (lower + 1) / 100
    gain = -(above - below) * mean_log - _log_zeta(above, xmin) + _log_zeta(below, xmin)
    return np.where(gain > 0, above, below)


def draw(found: TailFit, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return int64 draws from the fitted law, by inverting P(X >= x) exactly with doubling and bisection.

    Draws above 1e15 are cut to it: for gamma near 1 some have no place in any integer type.
    """
    from scipy.special import zeta

    level = 1.0 - rng.random(size)  # in (0, 1]: the largest x with P(X >= x) >= level
    total = zeta(found.gamma, found.xmin)
    # Nearly all draws fall into the first stretch, where a table answers at once.
    table = zeta(found.gamma, found.xmin + np.arange(1.0, 2049.0)) / total
    x = (found.xmin + np.searchsorted(-table, -level, side="right")).astype(np.float64)
    far = np.flatnonzero(level <= table[-1])
    low, wanted = x[far], level[far]
    high = 2 * low
    while (open_end := (zeta(found.gamma, high) / total >= wanted) & (high < LARGEST_DRAW)).any():
        high[open_end] *= 2
    while (wide := high - low > 1).any():
        middle = np.floor((low + high) / 2)
        inside = zeta(found.gamma, middle) / total >= wanted
        low, high = np.where(wide & inside, middle, low), np.where(wide & ~inside, middle, high)
    x[far] = low
    return np.minimum(x, LARGEST_DRAW).astype(np.int64)
