"""Convert between the shapes of users, [..., neuron], and the memory order of kernels, [neuron, ...]."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def feature_major(x: Tensor) -> Tensor:
    """Return x [..., n] as a contiguous matrix [n, samples]: a view if its memory is [n, ...], or a copy.

    Examples
    --------
    >>> x = torch.arange(6.0).reshape(3, 2).T
    >>> feature_major(x).data_ptr() == x.data_ptr(), feature_major(x).shape
    (True, torch.Size([3, 2]))
    """
    moved = x.movedim(-1, 0).contiguous()
    return moved if moved.ndim == 2 else moved.view(moved.shape[0], math.prod(moved.shape[1:]))


def empty_feature_major(like: Tensor, n: int) -> Tensor:
    """Return a new tensor [..., n] with undefined elements, shaped as `like` but for n, memory [n, ...].

    It is no view, so that a later step may work in place.

    Examples
    --------
    >>> y = empty_feature_major(torch.zeros(4, 2, 5), 3)
    >>> y.shape, y.stride()
    (torch.Size([4, 2, 3]), (2, 1, 8))
    """
    strides, samples = [1], 1
    for size in reversed(like.shape[:-1]):
        samples *= size
        strides.append(samples)
    strides = [*strides[-2::-1], samples]
    return torch.empty_strided((*like.shape[:-1], n), strides, dtype=like.dtype, device=like.device)


def user_shape(y: Tensor, lead: tuple[int, ...]) -> Tensor:
    """Return a matrix [n, samples] as [*lead, n], a view.

    Examples
    --------
    >>> user_shape(torch.zeros(3, 8), (4, 2)).shape
    torch.Size([4, 2, 3])
    """
    return y.view(y.shape[0], *lead).movedim(0, -1)
