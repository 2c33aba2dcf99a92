"""Schedules: how the share of removed links, the density and delta change over training.

All functions count steps (mostly epochs) from 0 to `steps`. A schedule ends at step T = until * steps: from
there on the share to remove is 0, and density and delta have their final values.
"""

from collections.abc import Callable

import numpy as np

from netsci.arguments import check_number
from netsci.graph.checks import check_fraction


def cosine(zeta: float, step: float, steps: float, until: float = 1.0) -> float:
    """Return the share of links to remove, which falls along half a cosine: zeta / 2 (1 + cos(pi step / T)).

    T = until * steps is the step at which the schedule ends. Returns a float in [0, zeta]; 0 from step T on.

    Parameters
    ----------
    zeta : share of links to remove at step 0, in [0, 1].
    step : the step now, at least 0. steps : number of all steps, above 0.
    until : share of all steps that the schedule takes, in [0, 1].

    Raises ValueError if a parameter is out of range.

    Examples
    --------
    >>> [round(cosine(0.3, step, 100), 3) for step in (0, 25, 50, 100)]
    [0.3, 0.256, 0.15, 0.0]

    Source: S0 eq. 26.
    Reading: zeta on the right side of eq. 26 is the initial value.
    """
    check_fraction(zeta, "zeta")
    elapsed = _elapsed(step, steps, until)
    return zeta / 2.0 * (1.0 + float(np.cos(np.pi * elapsed))) if elapsed < 1.0 else 0.0


def static(zeta: float, step: float, steps: float, until: float = 1.0) -> float:
    """Return the share of links to remove: zeta before step T = until * steps, 0 from there on.

    Parameters and errors are those of `cosine`.

    Examples
    --------
    >>> [static(0.3, step, 100, until=0.75) for step in (0, 74, 75)]
    [0.3, 0.3, 0.0]

    Source: S0 table 8 (static removal rate); S1 appendix C (first 75 % of the epochs).
    """
    check_fraction(zeta, "zeta")
    return zeta if _elapsed(step, steps, until) < 1.0 else 0.0


def linear(initial: float, final: float, step: float, steps: float, until: float = 1.0) -> float:
    """Return the density (or sparsity) on the straight line from initial to final.

    It has the value `final` at step T = until * steps, and from there on.

    Parameters
    ----------
    initial, final : densities (or sparsities) at step 0 and at step T, in [0, 1].
    step, steps, until : as in `cosine`.

    Raises ValueError if a parameter is out of range.

    Examples
    --------
    >>> [round(linear(0.5, 0.9, step, 80), 3) for step in (0, 40, 80)]
    [0.5, 0.7, 0.9]
    """
    _check_ends(initial, final)
    return _between(initial, final, _elapsed(step, steps, until))


def linear_exponent(initial: float, final: float, step: float, steps: float, until: float = 1.0) -> float:
    """Return the delta whose exponent x = delta / (1 - delta) changes linearly from initial to final.

    delta = x / (1 + x),  x = x_0 + (x_1 - x_0) min(1, step / (until * steps)),  x_i = delta_i / (1 - delta_i)

    initial, final : deltas at step 0 and from step until * steps on, in [0, 1): at 1 the exponent is
    infinite. step, steps, until : as in `cosine`. Raises ValueError if one is out of range.

    Examples
    --------
    >>> [round(linear_exponent(0.5, 0.9, step, 80), 3) for step in (0, 40, 80)]
    [0.5, 0.833, 0.9]

    Source: CHTs of the CHT laboratory, which removes with odds |w|^x, x from 1 to 9.
    """
    _check_ends(initial, final)
    if max(initial, final) == 1.0:
        raise ValueError(
            f"initial and final delta must lie below 1 for 'linear_exponent'; got {initial!r} and {final!r}: "
            "take the schedule 'linear', or an end such as 0.99"
        )
    begin, end = (delta / (1.0 - delta) for delta in (initial, final))
    exponent = _between(begin, end, _elapsed(step, steps, until))
    return exponent / (1.0 + exponent)


def sigmoid(
    initial: float, final: float, step: float, steps: float, until: float = 1.0, *, steepness: float = 6.0
) -> float:
    """Return the density (or sparsity) on a sigmoid from initial to final, scaled to reach both exactly.

    initial + (final - initial) (s(x) - s(-1)) / (s(1) - s(-1)),  s(x) = 1 / (1 + exp(-steepness x)),
    x = 2 step / T - 1 up to step T = until * steps, where the value is `final`, and 1 from there on

    initial, final, step, steps, until : as in `linear`. steepness : above 0; 1 is nearly a line. S1's k, a
    steepness for each step, is k T / 2 here. Raises ValueError if a parameter is out of range.

    Examples
    --------
    >>> [round(sigmoid(0.5, 0.9, step, 80), 3) for step in (0, 20, 40, 80)]
    [0.5, 0.518, 0.7, 0.9]

    Source: S1 eq. A6.
    Reading: as printed the sigmoid is not scaled and reaches neither end.
    """
    _check_ends(initial, final)
    check_number(steepness, "steepness")
    if not 0.0 < steepness < np.inf:
        raise ValueError(f"steepness must be positive and finite, such as 6; got {steepness!r}")
    x = 2.0 * _elapsed(step, steps, until) - 1.0
    # s(x) - 1/2 = tanh(steepness x / 2) / 2, which neither overflows nor loses digits.
    share = (float(np.tanh(steepness * x / 2.0)) / float(np.tanh(steepness / 2.0)) + 1.0) / 2.0
    return _between(initial, final, share)


def cubic(initial: float, final: float, step: float, steps: float, until: float = 1.0) -> float:
    """Return the density (or sparsity) on a cubic from initial to final, steep at first and flat at the end.

    final + (initial - final) (1 - step / T)^3 up to step T = until * steps, and final from there on

    initial, final, step, steps, until : as in `linear`. Raises ValueError if a parameter is out of range.

    Examples
    --------
    >>> [round(cubic(0.0, 0.9, step, 100, until=0.75), 3) for step in (0, 25, 50, 75)]
    [0.0, 0.633, 0.867, 0.9]

    Source: gradual magnitude pruning (Zhu and Gupta, 2017).
    """
    _check_ends(initial, final)
    return _between(initial, final, 1.0 - (1.0 - _elapsed(step, steps, until)) ** 3)


def _elapsed(step: float, steps: float, until: float) -> float:
    """Return the share of the schedule that is over, in [0, 1]."""
    check_fraction(until, "until")
    check_number(steps, "steps")
    check_number(step, "step")
    if not 0.0 < steps < np.inf:
        raise ValueError(f"steps must be the number of all steps, positive and finite; got {steps!r}")
    if not step >= 0.0:
        raise ValueError(f"step must be at least 0: count steps from 0; got {step!r}")
    end = until * steps
    return min(1.0, step / end) if step < end else 1.0


def _between(initial: float, final: float, share: float) -> float:
    # Written from both ends, so that shares of 0 and 1 give the ends exactly.
    return float(initial * (1.0 - share) + final * share)


def _check_ends(initial: float, final: float) -> None:
    check_fraction(initial, "initial")
    check_fraction(final, "final")


ZETA: dict[str, Callable[[float, float, float, float], float]] = {"cosine": cosine, "static": static}
DENSITY: dict[str, Callable[..., float]] = {"linear": linear, "sigmoid": sigmoid, "cubic": cubic}
DELTA: dict[str, Callable[..., float]] = {"linear": linear, "linear_exponent": linear_exponent}
