"""Checks of the values of a recipe."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any


def check_flag(value: Any, name: str) -> None:
    """Raise TypeError unless a value is True or False: "no" would be taken for yes.

    Examples
    --------
    >>> check_flag(True, "bias")
    """
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False; got {value!r}")


def check_pairs(value: Any, name: str) -> None:
    """Raise TypeError unless a value is a tuple of pairs of a name and a value.

    Examples
    --------
    >>> check_pairs((("hidden", (64,)),), "options")
    """
    fits = isinstance(value, tuple) and all(
        isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) for pair in value
    )
    if not fits:
        raise TypeError(f"{name} must be pairs of a name and a value, (('hidden', (64,)),); got {value!r}")


def check_whole(value: Any, low: int, name: str) -> None:
    """Raise ValueError unless a value is a whole number of at least `low`.

    Examples
    --------
    >>> check_whole(8, 1, "steps")
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise ValueError(f"{name} must be a whole number of at least {low}; got {value!r}")


def check_positive(value: Any, name: str, *, or_zero: bool = False) -> None:
    """Raise TypeError or ValueError unless a value is a finite number above 0, or 0 if that is allowed too.

    Examples
    --------
    >>> check_positive(1e-4, "lr"), check_positive(0, "temperature", or_zero=True)
    (None, None)
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number; got {value!r}")
    if not math.isfinite(value) or value < 0 or (value == 0 and not or_zero):
        raise ValueError(
            f"{name} must be a finite number {'of at least' if or_zero else 'above'} 0; got {value!r}"
        )
