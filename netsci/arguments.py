"""What every room asks of its arguments: each check names the argument, its value and what is allowed."""

import operator
import os
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_REPEATS = 1_000_000  # runs, replicates, points: beyond it a number is a slip


def read_array(values: Any, name: str) -> NDArray[Any]:
    """Return np.asarray(values), or say that the values do not form an array."""
    try:
        return np.asarray(values)
    except (ValueError, TypeError, OverflowError) as error:
        raise TypeError(
            f"{name} must be an array, all of its rows of one length; got {shorten(values)}"
        ) from error


def read_numbers(values: Any, name: str) -> NDArray[np.float64]:
    """Return float64 numbers of any shape, NaN included; TypeError where they are none."""
    array = read_array(values, name)
    if array.dtype.kind not in "biuf" and array.size:
        raise TypeError(f"{name} must hold real numbers; its dtype is {array.dtype}")
    return array.astype(np.float64)


def check_choice(value: Any, allowed: Sequence[Any], name: str) -> None:
    """Raise ValueError unless the value is one of the allowed names, or None where that is one of them."""
    # Types first: an array compared with a name is an array, and a list has no hash.
    if not (value is None or isinstance(value, str)) or value not in allowed:
        names = ", ".join("None" if one is None else str(one) for one in allowed)
        raise ValueError(f"{name} must be one of {names}; got {shorten(value)}")


def check_flag(value: Any, name: str) -> None:
    """Raise TypeError unless the argument is True or False: the text "no" would count as True."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False; got {shorten(value)}")


def as_whole(value: Any, name: str) -> int:
    """Return a whole number of any type as int; a bool or a float (2.0 as well) raises TypeError."""
    if not isinstance(value, bool):
        try:
            return operator.index(value)
        except TypeError:
            pass
    raise TypeError(f"{name} must be a whole number (int); got {shorten(value)}")


def as_count(value: Any, name: str, least: int = 1, most: int = MOST_REPEATS) -> int:
    """Return how often to do something as int; ValueError unless least <= value <= most."""
    count = as_whole(value, name)
    if count < least:
        raise ValueError(f"{name} must be at least {least}; got {count}")
    if count > most:
        raise ValueError(f"{name} must be at most {most:,}; got {count}")
    return count


def check_number(value: Any, name: str) -> None:
    """Raise TypeError unless the argument is a real number: a text is none, even one that reads as such."""
    if not isinstance(value, Real):
        raise TypeError(f"{name} must be a number; got {shorten(value)}")


def check_fraction(value: float, name: str) -> None:
    """Raise TypeError or ValueError unless it is a number and 0 <= value <= 1; True and False are none."""
    check_number(value, name)
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be a number; got {value!r}")
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} must lie in [0, 1]; got {value!r}")


def check_iterable(value: Any, name: str, what: str) -> None:
    """Raise TypeError unless the argument can be walked through; a text or a sparse matrix cannot."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable) or hasattr(value, "nnz"):
        raise TypeError(f"{name} must be {what}; got {shorten(value)}")


def check_generator(rng: Any) -> None:
    """Raise TypeError unless the argument is a numpy Generator: the global state is never used."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy Generator, such as default_rng(7); got {type(rng).__name__}")


def check_text(value: Any, name: str) -> None:
    """Raise TypeError unless the argument is a text."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a text (str); got {shorten(value)}")


def check_callable(value: Any, name: str, what: str) -> None:
    """Raise TypeError unless the argument can be called."""
    if not callable(value):
        raise TypeError(f"{name} must be {what}; got {shorten(value)}")


def check_instance(value: Any, kind: type | tuple[type, ...], name: str, what: str) -> None:
    """Raise TypeError unless the argument is of a class."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {what}; got {shorten(value)}")


def check_mapping(value: Any, name: str, what: str = "a dictionary, or None") -> None:
    """Raise TypeError unless the argument is a dictionary or None."""
    if not (value is None or isinstance(value, Mapping)):
        raise TypeError(f"{name} must be {what}; got {shorten(value)}")


def list_of(values: Any, kind: type | tuple[type, ...], name: str, what: str) -> list[Any]:
    """Return the argument as a list, or raise TypeError unless it is one, in order, of things of a class."""
    if isinstance(values, (set, frozenset, Mapping)):
        raise TypeError(f"{name} must be {what}, in order; got {shorten(values)}")
    check_iterable(values, name, what)
    found = list(values)
    for one in found:
        check_instance(one, kind, f"each of {name}", f"one of {what}")
    return found


def check_path(value: Any, name: str) -> None:
    """Raise TypeError unless it is a path (a text or os.PathLike), ValueError if it is empty or holds NUL."""
    try:
        text = os.fspath(value)
    except TypeError:
        text = None
    if not isinstance(text, str):
        raise TypeError(f"{name} must be a path (str or os.PathLike); got {shorten(value)}")
    if not text:
        raise ValueError(f"{name} must name a file or folder; got an empty path, {value!r}")
    if "\0" in text:
        raise ValueError(f"{name} must name a file or folder, without NUL; got {shorten(value)}")


def shorten(value: Any) -> str:
    """Return a value as an error may show it."""
    try:
        text = repr(value)
    except Exception:  # somebody else's type
        text = type(value).__name__
    return text if len(text) <= 120 else f"{text[:100]}... ({type(value).__name__})"
