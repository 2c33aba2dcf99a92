"""Thresholds of DCGS: the one at which quantising a Gaussian pre-activation costs least.

    k(theta) = [ mu/theta (1 - 1/N sum erf z_i) + sigma/(theta sqrt(pi/2)) 1/N sum exp(-z_i^2) ]
               / [ 1 - sum (2i-1)/N^2 erf z_i ]
    z_i = (c_i - mu) / (sqrt(2) sigma),   c_i = (2i-1) theta / 2N,   i = 1 .. N,   N = T 2^n

The best threshold has k(theta) = 1. As the weights (2i-1)/N^2 add up to 1, both sides are sums of 1 - erf z_i
= erfc z_i here: the printed form takes the difference of two numbers that are nearly equal where mu lies far
below 0. All is float64.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfc, erfcx

from netsci.arguments import as_count, read_numbers

Floats = NDArray[np.float64]
CELLS = 1 << 21  # values at once in a sum over levels: 16 MB


def threshold_ratio(theta: ArrayLike, mean: ArrayLike, variance: ArrayLike, *, levels: int) -> Floats:
    """Return k(theta), float64 of their common shape; NaN where it is 0 / 0.

    theta : above 0. levels : N, how many values from 0 to theta the code can say.

    Raises
    ------
    TypeError, ValueError
        If these are no numbers, the variance is below 0, theta not above 0 or levels no whole number above 0.

    Examples
    --------
    >>> threshold_ratio([1.0, 3.0], 0.0, 1.0, levels=64).round(3).tolist()
    [1.323, 1.002]

    Source: S1 eq. 8.
    """
    levels = as_count(levels, "levels")
    mu, var = _read_moments(mean, variance)
    at = read_numbers(theta, "theta")
    if not bool((at > 0).all()):
        raise ValueError(f"theta must be above 0 everywhere; its smallest value is {np.min(at)}")
    at, mu, var = np.broadcast_arrays(at, mu, var)
    return _ratio(at.ravel(), mu.ravel(), np.sqrt(var).ravel(), levels).reshape(at.shape)


def solve_threshold(
    mean: ArrayLike, variance: ArrayLike, *, levels: int, iterations: int | None = None
) -> Floats:
    """Return theta with k(theta) = 1 for each unit, float64 of the shape of the mean; 0 for a silent unit.

    levels : N = T 2^n. iterations : None finds the root, which lies in (0, max(mean, 0) + 12 sigma); a number
    takes so many steps theta <- theta k(theta) from theta = 1, as released (100, which has not converged for
    N >= 64); a step that gives 0 / 0 changes nothing. Where sigma = 0, the root is max(mean, 0), and 0 says
    that the unit never fires.

    Raises
    ------
    TypeError, ValueError
        If these are no finite numbers, the variance is below 0, or a count no whole number above 0.

    Examples
    --------
    >>> solve_threshold([0.0, 2.0], [1.0, 0.0], levels=256).round(3).tolist()
    [4.216, 2.0]
    >>> solve_threshold([0.0], [1.0], levels=256, iterations=100).round(3).tolist()
    [3.217]

    Source: S1 eq. 8.
    """
    levels = as_count(levels, "levels")
    mu, var = _read_moments(mean, variance)
    sigma = np.sqrt(var)
    if iterations is not None:
        return _iterate(mu, sigma, levels, as_count(iterations, "iterations"))
    theta = np.array(np.maximum(mu, 0.0))  # an array for one unit too
    varied = sigma > 0
    theta[varied] = _find_root(mu[varied], sigma[varied], levels)
    return theta


def _iterate(mu: Floats, sigma: Floats, levels: int, iterations: int) -> Floats:
    theta = np.ones_like(mu)
    for _ in range(iterations):
        ratio = _ratio(theta.ravel(), mu.ravel(), sigma.ravel(), levels).reshape(theta.shape)
        theta = np.where(np.isfinite(ratio) & (ratio > 0), theta * ratio, theta)
    return theta


def _find_root(mu: Floats, sigma: Floats, levels: int) -> Floats:
    """Return the roots of ln k as a function of ln theta, in units of sigma."""
    from scipy.optimize.elementwise import find_root

    if not mu.size:
        return mu
    place = mu / sigma  # k depends on theta / sigma and on this alone
    low = 1e-3 * np.minimum(1.0, 1.0 / np.maximum(np.abs(place), 1.0))

    def excess(log_theta: Floats, m: Floats) -> Floats:
        flat = _ratio(np.exp(log_theta).ravel(), m.ravel(), np.ones(m.size), levels)
        logarithm: Floats = np.log(flat).reshape(log_theta.shape)
        return logarithm

    high = np.maximum(place, 0.0) + 12.0
    for _ in range(60):
        # Far above 4 sigma and with few levels, theta = 2 mean says the mean as well: stay below such roots.
        above = excess(np.log(high), place) >= 0
        if not bool(above.any()):
            break
        high = np.where(above, place + (high - place) / 2, high)

    found = find_root(excess, (np.log(low), np.log(high)), args=(place,))
    if not bool(np.all(found.success)):
        worst = place[~found.success][0]
        raise ValueError(
            f"mean / sigma = {worst:.3g} has no threshold with k = 1 in (0, {12 + max(worst, 0):.3g} sigma]: "
            "pass iterations=100, or take quantiles"
        )
    theta: Floats = np.exp(found.x) * sigma
    return theta


def _ratio(theta: Floats, mu: Floats, sigma: Floats, levels: int) -> Floats:
    """Return k for flat arrays, in blocks that bound the memory."""
    found = np.empty(theta.shape)
    block = max(1, CELLS // levels)
    for start in range(0, len(theta), block):
        cut = slice(start, start + block)
        found[cut] = _ratio_of_block(theta[cut], mu[cut], sigma[cut], levels)
    return found


def _ratio_of_block(theta: Floats, mu: Floats, sigma: Floats, levels: int) -> Floats:
    odd = 2.0 * np.arange(1, levels + 1) - 1.0
    with np.errstate(divide="ignore", invalid="ignore", under="ignore"):
        z = (odd * (theta / (2 * levels))[:, None] - mu[:, None]) / (np.sqrt(2.0) * sigma)[:, None]
        # All terms share exp(-lowest^2), which is 0 in float64 once the mean is 38 sigma below: leave it out.
        lowest = np.where(np.isfinite(z[:, :1]), np.maximum(z[:, :1], 0.0), 0.0)
        bell = np.exp(lowest**2 - z**2)
        tail = erfcx(np.maximum(z, 0.0)) * bell
        below = z <= 0
        tail[below] = erfc(z[below])
        above = mu / theta * tail.mean(1) + sigma / (theta * np.sqrt(np.pi / 2)) * bell.mean(1)
        ratio: Floats = above / (tail @ (odd / levels**2))
        return ratio


def _read_moments(mean: ArrayLike, variance: ArrayLike) -> tuple[Floats, Floats]:
    mu, var = read_numbers(mean, "mean"), read_numbers(variance, "variance")
    for name, values in (("mean", mu), ("variance", var)):
        if not bool(np.isfinite(values).all()):
            raise ValueError(
                f"{name} must be finite; got {int((~np.isfinite(values)).sum())} NaN or infinite"
            )
    if bool((var < 0).any()):
        raise ValueError(f"variance must not be below 0; its smallest value is {var.min()}")
    mu, var = np.broadcast_arrays(mu, var)
    return mu.copy(), var.copy()
