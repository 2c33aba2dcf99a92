"""Firing rates over time: the running mean of the papers, the rate of each step, and a null of the mean.

    r_t  rate of the time step t, spikes / units / images
    m_T  running mean (r_1 + ... + r_T) / T: MASFR of a whole network, LASFR of a layer

A running mean has a saturation time of its own: of a rate that is 0 for d steps and constant ever after it is
(T - d) / T of that constant, which stops rising by 1 % a step long after the rate itself has settled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import as_count, check_instance, check_mapping, read_array
from netsci.measure.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

ALL = "all populations"


def rate_table(trace: Trace, *, live_units: Mapping[str, int] | None = None) -> pd.DataFrame:
    """Return the firing rates of a trace by population and time step, and those of all populations together.

    trace : input populations and those of analog values are no neurons and are left out.
    live_units : by population, how many of its units are connected (not percolated); for all or none of them.

    Columns: population (its name, or "all populations"), step (1, ..., T), rate (of this step, spikes per
    unit and image), running_mean (of the steps so far: LASFR, and MASFR of all populations), live_rate and
    live_running_mean (the same spikes over connected units alone; NaN without `live_units`). A rate over no
    units is NaN.

    Raises TypeError if trace is no Trace or live_units no dictionary; ValueError if live_units lacks a
    population, or a number of units is negative or above the population's.

    Examples
    --------
    >>> import numpy as np
    >>> from netsci.measure import PopulationTrace
    >>> hidden = PopulationTrace("hidden", np.array([3, 1]), np.array([0, 4]))
    >>> rate_table(Trace(2, 2, (hidden,), ()))[["rate", "running_mean"]].head(2).values.tolist()
    [[0.0, 0.0], [1.0, 0.5]]

    Source: S2 section 2.2.1.
    """
    import pandas as pd

    check_instance(trace, Trace, "trace", "a netsci.measure.Trace")
    check_mapping(live_units, "live_units", "a dictionary of numbers of units by population, or None")
    kept = [one for one in trace.populations if one.kind != "analog" and not one.is_input]
    live = {one.name: _live(one.name, one.size, live_units) for one in kept}
    groups = [(one.name, one.spikes_by_step, one.size, live[one.name]) for one in kept]
    total = sum((one.spikes_by_step for one in kept), np.zeros(trace.steps, dtype=np.int64))
    groups.append((ALL, total, sum(one.size for one in kept), sum(live.values())))
    frames = []
    for name, spikes, units, connected in groups:
        columns: dict[str, Any] = {"population": name, "step": np.arange(1, trace.steps + 1)}
        for prefix, number in (("", units), ("live_", connected if live_units is not None else 0)):
            rate = spikes / (number * trace.samples) if number else np.full(trace.steps, np.nan)
            columns[f"{prefix}rate"] = rate
            columns[f"{prefix}running_mean"] = np.cumsum(rate) / columns["step"]
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def step_rates(running_mean: Any) -> NDArray[np.float64]:
    """Return the rate of each time step from the running mean over the steps so far.

        r_T = T m_T - (T - 1) m_(T - 1)

    running_mean : m_1, ..., m_n along the last axis, one value for each time step 1, 2, ..., n; any unit.
    Returns float64 of the same shape; rounding that falls below zero is 0 where all m are at least 0. Raises
    ValueError if there is no value, or one is NaN or infinite; TypeError for other than numbers.

    Examples
    --------
    >>> step_rates([0.0, 0.25, 0.5]).tolist()
    [0.0, 0.5, 1.0]

    Source: control of S2 section 3.3 in this suite.
    """
    mean = _read_finite(running_mean, "running_mean")
    sums = mean * np.arange(1, mean.shape[-1] + 1)
    rates = np.diff(sums, axis=-1, prepend=0.0)
    if (mean >= 0).all():
        rounding = 4 * np.finfo(np.float64).eps * sums
        rates = np.where(np.abs(rates) <= rounding, 0.0, rates)
    return np.asarray(rates)


def running_means(rates: Any) -> NDArray[np.float64]:
    """Return the running mean over the steps so far of a rate by time step: the inverse of `step_rates`.

    rates : r_1, ..., r_n along the last axis. Returns float64 of the same shape. Raises as `step_rates`.

    Examples
    --------
    >>> running_means([0.0, 0.5, 1.0]).tolist()
    [0.0, 0.25, 0.5]

    Source: S2 section 2.2.1 (MASFR, LASFR).
    """
    values = _read_finite(rates, "rates")
    return np.asarray(np.cumsum(values, axis=-1) / np.arange(1, values.shape[-1] + 1))


def onset_null(rates: Any, *, units: Any = None) -> NDArray[np.float64]:
    """Return the running mean of populations that are silent until their onset and constant after it.

    The onset d of a population is its number of silent first steps; from d + 1 on the null fires at the mean
    of the rates measured there. What saturates late in this curve is arithmetic, not the network.

    rates : measured rates of each step, [time] or [population, time], numbers >= 0.
    units : numbers of units that weigh the populations, [population]; equal weights by default.

    Returns float64 [time], the running mean over all populations. Raises ValueError for rates below zero, NaN
    or infinite ones, and units of another number, below zero, or all zero; TypeError for other than numbers.

    Examples
    --------
    >>> onset_null([0.0, 0.0, 0.3, 0.5]).round(3).tolist()
    [0.0, 0.0, 0.133, 0.2]

    Source: control of S2 section 3.3 in this suite.
    """
    values = np.atleast_2d(_read_finite(rates, "rates"))
    if values.ndim != 2 or np.any(values < 0):
        raise ValueError(
            f"rates must be [time] or [population, time] and at least 0; their shape is {values.shape} and "
            f"the smallest is {values.min():g}"
        )
    weights = np.ones(len(values)) if units is None else _read_finite(units, "units")
    if weights.shape != (len(values),) or np.any(weights < 0) or not weights.any():
        raise ValueError(
            f"units must hold one number >= 0 for each of {len(values)} populations, not all 0; got {units!r}"
        )
    steps = values.shape[1]
    null = np.zeros_like(values)
    for rate, line in zip(values, null, strict=True):
        onset = int(np.argmax(rate > 0)) if rate.any() else steps
        line[onset:] = rate[onset:].mean() if onset < steps else 0.0
    return running_means(weights @ null / weights.sum())


def _live(name: str, size: int, live_units: Mapping[str, int] | None) -> int:
    """Return the number of connected units of a population."""
    if live_units is None:
        return 0
    if name not in live_units:
        raise ValueError(
            f"live_units lacks the population {name!r}; it has {', '.join(map(repr, live_units))}"
        )
    return as_count(live_units[name], f"live_units[{name!r}]", 0, size)


def _read_finite(values: Any, name: str) -> NDArray[np.float64]:
    array = read_array(values, name)
    if array.size and array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold real numbers; its dtype is {array.dtype}")
    if array.ndim < 1 or not array.size:
        raise ValueError(f"{name} must hold one value for each time step; its shape is {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinite values; leave them out")
    return array.astype(np.float64)
