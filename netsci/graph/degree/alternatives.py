"""Heavy-tailed alternatives to a power law, compared with it by likelihood on the same tail.

The lognormal and the exponential are fitted by the powerlaw package. The power law with exponential cut-off,
p(x) ~ x^-alpha exp(-rate x), is fitted here: its likelihood is concave in (alpha, rate), so its maximum is
one and certain, and takes milliseconds where a general optimiser over arbitrary-precision sums takes seconds.
"""

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALPHA_RANGE = (1.01, 10.0)
GAUSS_NODES, GAUSS_WEIGHTS = np.polynomial.legendre.leggauss(192)
ALTERNATIVES = ("lognormal", "exponential", "truncated_power_law")


def likelihood_ratios(tail: NDArray[np.int64], gamma: float, xmin: float) -> dict[str, tuple[float, float]]:
    """Return for each alternative the normalised log-likelihood ratio R and its p-value.

    R = sum(l)/(s sqrt n), l the difference of the log-likelihoods of each degree, power law minus
    alternative, and s its standard deviation; p = erfc(|R|/sqrt 2), or for the power law with cut-off, which
    contains the pure one, the chi-square tail of 2 |sum(l)| with one degree of freedom. R > 0 favours the
    power law.

    Parameters
    ----------
    tail : int64 [n], degrees, all at least xmin. gamma, xmin : the fitted power law.

    Returns
    -------
    dict from lognormal, exponential, truncated_power_law to (R, p); both NaN where either fit is undefined,
    as on fewer than 2 distinct degrees.

    Source: Vuong (1989); Clauset, Shalizi and Newman, SIAM Review 51, 661 (2009), appendix C.
    """
    undefined = dict.fromkeys(ALTERNATIVES, (math.nan, math.nan))
    values, counts = np.unique(tail, return_counts=True)
    if len(values) < 2 or not gamma > 1:
        return undefined
    from scipy.special import zeta

    power_law = -gamma * np.log(values) - np.log(zeta(gamma, xmin))
    logs = _powerlaw_package_logs(tail, values, xmin) | {
        "truncated_power_law": _cut_off_logs(values, counts, gamma, xmin)
    }
    nested = "truncated_power_law"
    return undefined | {
        name: _compare(power_law - log, counts, nested=name == nested) for name, log in logs.items()
    }


def _compare(
    difference: NDArray[np.float64], counts: NDArray[np.int64], *, nested: bool
) -> tuple[float, float]:
    from scipy.special import erfc

    if not np.isfinite(difference).all():
        return math.nan, math.nan
    n, total = int(counts.sum()), float(counts @ difference)
    spread = math.sqrt(counts @ (difference - total / n) ** 2 / n)
    if nested and abs(total) < 1e-9:
        return 0.0, 1.0  # the cut-off vanished: the two laws are one
    if spread == 0:
        return math.nan, math.nan
    ratio = total / (spread * math.sqrt(n))
    # erfc(sqrt t) is the upper tail of chi-square, one degree of freedom, at 2 t
    return ratio, float(erfc(math.sqrt(abs(total)) if nested else abs(ratio) / math.sqrt(2)))


def _powerlaw_package_logs(
    tail: NDArray[np.int64], values: NDArray[np.int64], xmin: float
) -> dict[str, NDArray[np.float64]]:
    """Return log-probabilities of the values under the fits of the powerlaw package.

    The only place that calls it. Its defaults are unfit here: it caps alpha at 3, approximates discrete
    data, and warns about every difficult fit; failed fits show as non-finite likelihoods, or as errors.
    """
    import powerlaw

    found = {}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        fit: Any = powerlaw.Fit(
            tail,
            xmin=xmin,
            discrete=True,
            estimate_discrete=False,
            parameter_ranges={"alpha": list(ALPHA_RANGE)},
            verbose=0,
        )
        for name in ("lognormal", "exponential"):
            try:
                logs = np.asarray(
                    getattr(fit, name).loglikelihoods(values.astype(np.float64)), dtype=np.float64
                )
            except (ValueError, FloatingPointError, ZeroDivisionError, OverflowError, IndexError):
                logs = np.full(len(values), math.nan)
            found[name] = logs
    return found


def _cut_off_logs(
    values: NDArray[np.int64], counts: NDArray[np.int64], gamma: float, xmin: float
) -> NDArray[np.float64]:
    """Return log-probabilities of the values under the likeliest power law with exponential cut-off.

    The outer root is the rate whose mean degree is the data's, the inner one the alpha whose mean logarithm
    is; both slopes are monotone. Where even a rate of 0 leaves too small a mean the pure law is likeliest.
    """
    from scipy.optimize import brentq
    from scipy.special import zeta

    weights = counts / counts.sum()
    logs, excess = np.log(values / xmin), values - xmin
    mean_log, mean_excess = float(weights @ logs), float(weights @ excess)

    def likeliest_alpha(rate: float) -> float:
        def slope(alpha: float) -> float:
            return _cut_off_sums(alpha, rate, xmin)[1] - mean_log

        low, high = ALPHA_RANGE
        if slope(low) <= 0:
            return low
        return high if slope(high) >= 0 else float(brentq(slope, low, high, xtol=1e-10))

    def rate_slope(rate: float) -> float:
        return _cut_off_sums(likeliest_alpha(rate), rate, xmin)[2] - mean_excess

    pure = math.inf if gamma <= 2 else float(zeta(gamma - 1, xmin) / zeta(gamma, xmin)) - xmin
    floor = 1e-9 / mean_excess
    if pure <= mean_excess or rate_slope(floor) <= 0:
        return np.asarray(-gamma * np.log(values) - np.log(zeta(gamma, xmin)))
    ceiling = 1.0 / mean_excess
    while rate_slope(ceiling) > 0:
        ceiling *= 2
    rate = float(brentq(rate_slope, floor, ceiling, xtol=floor, rtol=1e-10))
    alpha = likeliest_alpha(rate)
    return np.asarray(-alpha * logs - rate * excess - math.log(_cut_off_sums(alpha, rate, xmin)[0]))


def _cut_off_sums(alpha: float, rate: float, xmin: float) -> tuple[float, float, float]:
    """Return S = sum of f over x >= xmin, and the means of ln(x/xmin) and x - xmin under f/S, rate > 0.

    f(x) = (x/xmin)^-alpha exp(-rate (x - xmin)). The first 256 terms are added one by one; the rest is the
    Euler-Maclaurin formula, its integral over ln x by Gauss-Legendre up to where exp(-rate x) has died out.
    """
    head = xmin + np.arange(256.0)
    start = xmin + 256.0
    span = math.log1p(45.0 / (rate * start))
    x = start * np.exp(span * (GAUSS_NODES + 1) / 2)
    measure = np.concatenate([np.ones(len(head)), [0.5], GAUSS_WEIGHTS * x * span / 2])
    x = np.concatenate([head, [start], x])
    f = measure * np.exp(-alpha * np.log(x / xmin) - rate * (x - xmin))
    logs, excess = np.log(x / xmin), x - xmin
    edge = 2 * f[len(head)]  # f(start); -f'(start)/12 is the next term of the formula
    decay = alpha / start + rate
    total = f.sum() + edge * decay / 12
    log_sum = f @ logs + edge * (decay * logs[len(head)] - 1 / start) / 12
    excess_sum = f @ excess + edge * (decay * excess[len(head)] - 1) / 12
    return float(total), float(log_sum / total), float(excess_sum / total)
