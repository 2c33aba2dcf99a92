"""When a curve over time stops improving: the saturation time of accuracy or of the firing rate."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import as_whole, check_choice, read_array

RULES = ("one-sided", "two-sided")
ROUNDING = 1e-12  # an improvement of exactly the tolerance counts as no greater, in any unit of the curve


@dataclass(frozen=True)
class Saturation:
    """Where a curve saturates.

    time : the time step, in the unit of `times`. value : the curve there, in its unit.
    change : relative change of the curve over the whole window (its end over its start, less 1).
    drop : largest relative decrease from one time step to the next within the window, >= 0.
    """

    time: int | float
    value: float
    change: float
    drop: float

    @property
    def falling(self) -> bool:
        """Whether the curve is lower at the end of the window than at its start: not a plateau."""
        return self.change < 0


def saturation_time(
    curve: Any,
    *,
    window: int,
    tolerance: float = 0.01,
    times: Any = None,
    at: str = "end",
    rule: str = "one-sided",
) -> int | float | None:
    """Return the time step at which a curve saturates: it has stopped improving for `window` time steps.

    The first i with max(D_(i - window + 1), ..., D_i) <= tolerance, where D_t = (A_t - A_(t-1)) / A_(t-1) is
    the relative improvement of the time step t over the one before it; D from zero is infinite.

    Parameters
    ----------
    curve : A_1, ..., A_n, [time], numbers >= 0 such as accuracies or firing rates, in any unit.
    window : number of improvements looked at, at least 1 (S1: 5, S2: 10).
    tolerance : largest relative improvement that counts as none, >= 0 (1 % in both).
    times : the time steps, [time], rising; 1, 2, ..., n by default.
    at : "end" gives the last time step of the window, at which saturation is known; "start" the one before
        the first improvement of the window, from which the curve is flat.
    rule : "one-sided" as printed, D_t <= tolerance: a falling curve saturates too. "two-sided" asks for
        |D_t| <= tolerance, a plateau.

    Returns
    -------
    The time step (int, or float if `times` holds floats), in the unit of `times`; None if the curve never
    saturates or is shorter than window + 1. A falling curve saturates too: `saturation_point` says so.

    Raises
    ------
    ValueError
        If the curve is empty, not one-dimensional, negative, NaN or infinite; times do not rise or their
        number differs; window < 1, tolerance is negative or NaN, or at or rule is neither name.
    TypeError
        If curve, times or tolerance are not real numbers or window is not a whole number.

    Examples
    --------
    >>> curve = [20.0, 60.0, 80.0, 80.4, 80.5, 80.2]
    >>> saturation_time(curve, window=2), saturation_time(curve, window=2, at="start")
    (5, 3)
    >>> saturation_time(curve, window=4) is None
    True

    Source: S1 Algorithm 1 (window 5); S2 section 2.3 (window 10).
    Reading: S1's D_1 needs an A_0 that is not given, so the first window ends at the time step window + 1;
    the times of 4 in S1 Table A4b with a window of 5 are then not its ends. From zero even no change is no
    saturation: a network that has not fired yet has not settled.
    """
    found = saturation_point(curve, window=window, tolerance=tolerance, times=times, at=at, rule=rule)
    return None if found is None else found.time


def saturation_point(
    curve: Any,
    *,
    window: int,
    tolerance: float = 0.01,
    times: Any = None,
    at: str = "end",
    rule: str = "one-sided",
) -> Saturation | None:
    """Return where a curve saturates, its value there, and its change, which is negative for a falling curve.

    Parameters, errors and the definition are those of `saturation_time`.

    Returns
    -------
    Saturation with time, value, change and drop, or None if the curve never saturates.

    Examples
    --------
    >>> found = saturation_point([0.1, 0.4, 0.3, 0.2], window=2)
    >>> found.time, found.falling
    (4, True)

    Source: S1 Algorithm 1; S2 section 2.3.
    """
    check_choice(rule, RULES, "rule")
    values, steps = _check_curve(curve, window, tolerance, times, at)
    last = _last_of_window(values[np.newaxis], window, tolerance, rule)[0]
    if last < 0:
        return None
    first = last - window
    inside = values[first : last + 1]
    place = last if at == "end" else first
    return Saturation(
        time=steps[place].item(),
        value=float(values[place]),
        change=float(inside[-1] / inside[0] - 1.0),
        drop=max(0.0, -float(np.min(np.diff(inside) / inside[:-1]))),
    )


def saturation_times(
    curves: Any,
    *,
    window: int,
    tolerance: float = 0.01,
    times: Any = None,
    at: str = "end",
    rule: str = "one-sided",
) -> NDArray[np.float64]:
    """Return the saturation time of every row of an array of curves.

    Parameters
    ----------
    curves : [curve, time], numbers >= 0.
    window : number of steps from one value to the next that are looked at, at least 1.
    tolerance : largest relative rise in such a step that counts as none, >= 0.
    times : the time of each column, rising; None for 1, 2, ..., n.
    at : "end" gives the time of the last value of the window, "start" that of its first.
    rule : "one-sided" or "two-sided", as in `saturation_time`.

    Returns
    -------
    float64 [curve], in the unit of `times`; NaN for a curve that never saturates.

    Raises
    ------
    ValueError, TypeError
        As `saturation_time`.

    Examples
    --------
    >>> saturation_times([[1, 2, 2, 2], [1, 2, 4, 8]], window=2).tolist()
    [4.0, nan]

    Source: S1 Algorithm 1; S2 section 2.3.
    """
    check_choice(rule, RULES, "rule")
    values, steps = _check_curve(curves, window, tolerance, times, at, dimensions=2)
    last = _last_of_window(values, window, tolerance, rule)
    place = np.maximum(last if at == "end" else last - window, 0)
    return np.where(last < 0, np.nan, steps[place].astype(np.float64))


def saturation_floor(window: int, *, at: str = "end", times: Any = None) -> int | float:
    """Return the earliest saturation time that a window allows: no curve, however flat, saturates before it.

        w + 1 at the end of the window, 1 at its start, on the time steps 1, 2, 3, ...

    window, at : as in `saturation_time`. times : the time steps, [time], rising; None for 1, 2, 3, ...
    Returns a time in the unit of `times`. Raises ValueError and TypeError as `saturation_time`, and
    ValueError if `times` hold fewer than window + 1 time steps.

    Examples
    --------
    >>> saturation_floor(5), saturation_floor(10), saturation_floor(10, at="start")
    (6, 11, 1)

    Source: S1 Algorithm 1; S2 section 2.3: a lag against a time on the floor cannot be negative.
    """
    if times is None:  # the length of a curve is not known here
        check_choice(at, ("end", "start"), "at")
        if as_whole(window, "window") < 1:
            raise ValueError(f"window must be at least 1 time step; got {window!r}")
        return as_whole(window, "window") + 1 if at == "end" else 1
    steps = _numbers(times, "times")
    _check_curve(np.zeros(steps.shape), window, 0.0, steps, at)
    if len(steps) <= window:
        raise ValueError(
            f"times must hold at least window + 1 = {window + 1} time steps; they hold {len(steps)}: nothing "
            "saturates in them"
        )
    found: int | float = steps[window if at == "end" else 0].item()
    return found


def _last_of_window(
    values: NDArray[np.float64], window: int, tolerance: float, rule: str
) -> NDArray[np.int64]:
    """Return for every row the position of the last value of the first flat window, -1 if there is none."""
    before, after = values[:, :-1], values[:, 1:]
    # compared as products: no division by zero, and the same answer for shares and for per cents
    change = np.abs(after - before) if rule == "two-sided" else after - before
    flat = (before > 0) & (change <= tolerance * before + ROUNDING * np.maximum(before, after))
    if flat.shape[1] < window:
        return np.full(len(values), -1, dtype=np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(flat, window, axis=1)
    whole = np.asarray(windows.all(axis=2))
    return np.where(whole.any(axis=1), whole.argmax(axis=1) + window, -1)


def _check_curve(
    curve: Any, window: int, tolerance: float, times: Any, at: str, dimensions: int = 1
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return the curve as float64 and its time steps, or explain what is wrong with the arguments."""
    if as_whole(window, "window") < 1:
        raise ValueError(f"window must be at least 1 time step; got {window!r}")
    if not isinstance(tolerance, Real) or isinstance(tolerance, bool):
        raise TypeError(f"tolerance must be a number, a relative improvement; got {tolerance!r}")
    if not 0 <= tolerance < math.inf:
        raise ValueError(
            f"tolerance must be a relative improvement, finite and at least 0; got {tolerance!r}"
        )
    check_choice(at, ("end", "start"), "at")
    values = _numbers(curve, "curve").astype(np.float64)
    if values.ndim != dimensions:
        wanted = "one-dimensional, [time]" if dimensions == 1 else "two-dimensional, [curve, time]"
        raise ValueError(f"curve must be {wanted}; its shape is {values.shape}")
    if not values.size:
        raise ValueError(f"curve is empty; its shape is {values.shape}")
    if np.any(values < 0):
        raise ValueError(
            f"curve must not be negative: a relative improvement has no meaning there; its smallest value is "
            f"{values.min():g}"
        )
    length = values.shape[-1]
    if times is None:
        return values, np.arange(1, length + 1)
    steps = _numbers(times, "times")
    if steps.shape != (length,):
        raise ValueError(
            f"times must hold one time step for each value, ({length},); its shape is {steps.shape}"
        )
    if not np.all(steps[1:] > steps[:-1]):
        raise ValueError("times must rise from each time step to the next; sort the curve by time first")
    return values, steps


def _numbers(values: Any, name: str) -> NDArray[Any]:
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a numpy masked array; pass its .compressed(), and of curve and times the same time "
            "steps"
        )
    array = read_array(
        list(values) if isinstance(values, Iterable) and not hasattr(values, "shape") else values, name
    )
    if array.size and array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold real numbers; its dtype is {array.dtype}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinite values; leave them out, with their time steps")
    return array
