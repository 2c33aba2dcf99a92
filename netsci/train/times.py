"""Times of a run: numbers of epochs, or texts with a unit.

1, 0.5, "2 epochs"     epochs          "100 steps"     batches          "1 per epoch"     a steepness
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from netsci.arguments import check_number

_PER_EPOCH = " per epoch"
_UNITS = ("steps", "step", "epochs", "epoch")


def in_epochs(time: Any, batches: int) -> Fraction:
    """Return a time in epochs as an exact fraction; an epoch has `batches` batches.

    Raises TypeError or ValueError as `check_time`.

    Examples
    --------
    >>> in_epochs(0.1, 600), in_epochs("100 steps", 600)
    (Fraction(1, 10), Fraction(1, 6))
    """
    check_time(time, "time")
    if isinstance(time, str):
        number, unit = time.split()
        return Fraction(number) / (batches if unit.startswith("step") else 1)
    return Fraction(time).limit_denominator(10**6)


def check_time(time: Any, name: str) -> None:
    """Raise TypeError or ValueError unless a value is a time: a number of epochs, or a text with a unit.

    Examples
    --------
    >>> check_time("100 steps", "evolve_every")
    """
    allowed = f"{name} must be a number of epochs or a text such as '100 steps' or '0.5 epochs'; got {time!r}"
    if isinstance(time, bool) or not isinstance(time, (int, float, str)):
        raise TypeError(allowed)
    value: Any = time
    if isinstance(time, str):
        number, _, unit = time.partition(" ")
        try:
            value = float(Fraction(number))
        except (ValueError, ZeroDivisionError):
            value = math.nan
        value = value if unit in _UNITS else math.nan
    if not 0 <= value < math.inf:
        raise ValueError(allowed)


def check_steepness(value: Any) -> None:
    """Raise TypeError or ValueError unless a steepness is a positive number, or one for each epoch.

    Examples
    --------
    >>> check_steepness("1 per epoch")
    """
    number = value
    if isinstance(value, str):
        text = value.removesuffix(_PER_EPOCH)
        try:
            number = float(text) if text != value else math.nan
        except ValueError:
            number = math.nan
    else:
        check_number(value, "steepness")
    if not 0.0 < number < math.inf:
        raise ValueError(
            f"steepness must be a positive number such as 6, or a text such as '1 per epoch'; got {value!r}"
        )


def steepness_over(value: float | str, epochs: float) -> float:
    """Return the steepness of a sigmoid that takes this number of epochs, on its axis from -1 to 1.

    Examples
    --------
    >>> steepness_over(6.0, 75), steepness_over("1 per epoch", 75)
    (6.0, 37.5)

    Source: S1 eq. A6, whose k counts epochs; half of them lie on either side of the middle.
    """
    if isinstance(value, str):
        return float(value.removesuffix(_PER_EPOCH)) * epochs / 2.0
    return value
