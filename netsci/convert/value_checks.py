"""What the coders ask of numbers and tensors: each check names the argument, its value, what is allowed."""

import math
from collections.abc import Iterable
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from netsci.arguments import check_iterable, shorten


def as_finite(value: Any, name: str) -> float:
    """Return a finite number as float; TypeError if it is none, ValueError if it is NaN or infinite."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number; got {shorten(value)}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite; got {value!r}")
    return float(value)


def as_positive(value: Any, name: str) -> float:
    """Return a finite number above 0 as float, or raise TypeError or ValueError."""
    number = as_finite(value, name)
    if number <= 0:
        raise ValueError(f"{name} must be above 0; got {value!r}")
    return number


def check_values(values: Any, name: str, *, empty: bool = False) -> None:
    """Raise TypeError unless it is a floating tensor, ValueError if it holds NaN or infinity, or nothing."""
    if not isinstance(values, Tensor):
        raise TypeError(f"{name} must be a torch Tensor; got {type(values).__name__}")
    if not values.is_floating_point():
        raise TypeError(f"{name} must be floating, such as float32; its dtype is {values.dtype}")
    if not values.numel() and not empty:
        raise ValueError(f"{name} must hold at least one value; its shape is {tuple(values.shape)}")
    if not bool(torch.isfinite(values).all()):
        wrong = int((~torch.isfinite(values)).sum())
        raise ValueError(f"{name} must be finite; {wrong} of its {values.numel()} values are NaN or infinite")


def check_batches(batches: Any, name: str) -> Iterable[Tensor]:
    """Return the batches if they can be walked through; one tensor is no list of batches."""
    if isinstance(batches, Tensor):
        raise TypeError(f"{name} must be batches, one after the other; got one tensor: write [{name}]")
    check_iterable(batches, name, "batches [batch, ...], one after the other")
    found: Iterable[Tensor] = batches
    return found
