"""Read calibration data: batches of finite inputs, on the device and in the type of the module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from netsci.arguments import shorten

AT_ONCE = 64  # samples of one tensor in a batch


def read_batches(calibration: Any, module: nn.Module) -> list[Any]:
    """Return calibration data as a list of inputs of forward, on the device of the module.

    Raises TypeError or ValueError if there is no batch, or a batch is no finite tensor.

    Examples
    --------
    >>> [len(batch) for batch in read_batches(torch.ones(100, 3), nn.Linear(3, 2))]
    [64, 36]
    """
    what = "a tensor, or an iterable of batches: tensors, or (inputs, labels)"
    if isinstance(calibration, np.ndarray):
        calibration = _as_tensor(calibration)
    if isinstance(calibration, Tensor):
        if calibration.ndim < 2:
            raise ValueError(
                f"calibration must be a batch [samples, ...]; its shape is {tuple(calibration.shape)}"
            )
        batches: list[Any] = list(torch.split(calibration, AT_ONCE))
    elif isinstance(calibration, (str, bytes, Mapping)) or not isinstance(calibration, Iterable):
        raise TypeError(f"calibration must be {what}; got {shorten(calibration)}")
    else:
        batches = [one[0] if isinstance(one, (list, tuple)) and one else one for one in calibration]
    own = next(module.parameters(), None)
    batches = [_as_tensor(one) for one in batches]
    if not sum(one.numel() for one in batches):
        raise ValueError("calibration must have at least one sample; it has none")
    for number, batch in enumerate(batches):
        if batch.is_complex() or not torch.isfinite(batch).all():
            raise ValueError(f"calibration must be finite real numbers; batch {number} is not")
    return [_move(one, own) for one in batches if one.numel()]


def _as_tensor(values: Any) -> Tensor:
    if isinstance(values, Tensor):
        return values
    if isinstance(values, np.ndarray) and values.dtype.kind in "biuf":
        return torch.from_numpy(np.ascontiguousarray(values))
    raise TypeError(f"calibration must hold tensors or arrays of numbers; got {shorten(values)}")


def _move(batch: Tensor, own: Tensor | None) -> Tensor:
    """Return a batch on the device of the parameters, floats in their type; whole numbers stay (tokens)."""
    if own is None:
        return batch
    return batch.to(own.device, own.dtype if batch.is_floating_point() else None)
