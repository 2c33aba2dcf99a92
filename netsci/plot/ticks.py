"""Choose the ticks of an axis and their labels, the same for both backends."""

from __future__ import annotations

import math

import numpy as np

FEW = 5  # ticks that stand apart on the axis of a small panel
SMALL = 400  # pixels: panels up to here have room for few ticks across
LEAST = 3  # powers of ten that suffice as ticks of a logarithmic axis
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def log_ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Return the ticks of a logarithmic axis from `low` to `high`, rising, at least two.

    Powers of ten where there are at least three, thinned to `most`; else 1, 2 and 5 times them, thinned too;
    else equal steps, without ticks that come too near the one below.

    Raises ValueError unless 0 < low < high.

    Examples
    --------
    >>> log_ticks(1, 1e4), log_ticks(9_000, 60_000)
    ([1.0, 10.0, 100.0, 1000.0, 10000.0], [10000.0, 20000.0, 50000.0])
    """
    if not 0 < low < high:
        raise ValueError(f"a logarithmic axis needs 0 < low < high; got {low!r}, {high!r}")
    inside = powers(low, high)
    if len(inside) >= LEAST:
        return inside[:: math.ceil(len(inside) / most)]
    steps = [step * power for power in powers(low / 10, high) for step in (1.0, 2.0, 5.0)]
    inside = [tick for tick in steps if low <= tick <= high]
    if len(inside) >= LEAST:
        return inside[:: math.ceil(len(inside) / most)]
    return _drop_near_ticks(even_ticks(low, high), math.log(high / low) / (most + 1))


def _drop_near_ticks(ticks: list[float], gap: float) -> list[float]:
    """Keep each tick that is at least `gap` above the last one kept, in natural logarithms."""
    kept = ticks[:1]
    for tick in ticks[1:]:
        if math.log(tick / kept[-1]) >= gap:
            kept.append(tick)
    return kept if len(kept) > 1 else ticks[:: len(ticks) - 1]


def powers(low: float, high: float) -> list[float]:
    """Return the powers of ten from `low` to `high`, both included."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [power for power in (float(f"1e{n}") for n in range(first, last + 1)) if low <= power <= high]


def even_ticks(low: float, high: float, most: int = FEW) -> list[float]:
    """Return round ticks in equal steps from `low` to `high`, at most `most`; of five at least two.

    Examples
    --------
    >>> even_ticks(97.75, 97.93)
    [97.75, 97.8, 97.85, 97.9]
    """
    span = high - low
    power = 10.0 ** math.floor(math.log10(span))
    for step in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0):
        first, last = math.ceil(low / (step * power) - 1e-9), math.floor(high / (step * power) + 1e-9)
        if last - first < most:
            break
    digits = 1 - math.floor(math.log10(power))
    return [round(number * step * power, digits) for number in range(first, last + 1)]


def tick_label(value: float) -> str:
    """Return a tick in digits: powers of ten raised, thousands apart, no superfluous zeros.

    The raised digits are characters of their own, as large as the others: small type would not be readable.

    Examples
    --------
    >>> tick_label(20_000), tick_label(0.05), tick_label(1e7), tick_label(2e-7)
    ('20,000', '0.05', '10⁷', '2×10⁻⁷')
    """
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        return f"{value:,.10g}".replace("-", "−")
    power = math.floor(math.log10(abs(value)) + 1e-12)
    factor = float(f"{value / 10.0**power:.10g}")
    raised = "10" + str(power).translate(_RAISED)
    return raised if factor == 1 else f"{factor:g}×{raised}".replace("-", "−")


def log_labels(ticks: list[float]) -> list[str]:
    """Return the labels of a logarithmic axis: powers of ten where it is long, digits where it is short.

    Examples
    --------
    >>> log_labels([1.0, 10.0, 100.0]), log_labels([1.0, 2.0, 5.0])
    (['10⁰', '10¹', '10²'], ['1', '2', '5'])
    """
    logs = np.log10(ticks)
    if len(ticks) < LEAST or not np.allclose(logs, np.round(logs)):
        return [tick_label(tick) for tick in ticks]
    return ["10" + str(round(power)).translate(_RAISED) for power in logs]
