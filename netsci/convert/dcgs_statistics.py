"""Statistics of pre-activations over batches, from which DCGS takes its thresholds.

Moments merge exactly: with n samples of mean m and variance v, and n' of m' and v', s = n' / (n + n'),

    mean = m + s (m' - m)        variance = (1 - s) v + s v' + s (1 - s) (m' - m)^2

Quantiles do not merge. As released, theirs is the mean over batches, weighted by batch size.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from netsci.arguments import as_whole, check_choice
from netsci.convert.value_checks import as_finite, check_batches, check_values

LEVELS = ("layer", "channel", "neuron")
OF = {"positive": torch.relu, "magnitude": torch.abs, "value": torch.clone}


@dataclass(frozen=True)
class Moments:
    """How many samples were seen, and the mean and biased variance of each unit, float64 tensors."""

    count: int
    mean: Tensor
    variance: Tensor


def merge_moments(batches: Iterable[Tensor], *, level: str = "channel", channel_axis: int = 1) -> Moments:
    """Return mean and biased variance over all batches, whatever their sizes.

    batches : floating [batch, ...], alike but for the first axis. level : "layer" (one unit), "channel" (the
    places of `channel_axis`) or "neuron" (all axes but the first). The shapes are those of a batch with 1
    where it is averaged, so that they broadcast.

    Raises
    ------
    TypeError, ValueError
        If there is no batch, or one is not floating, not finite, empty, of another shape or lacks the axis.

    Examples
    --------
    >>> found = merge_moments([torch.tensor([[1.0, 4.0]]), torch.tensor([[3.0, 4.0], [5.0, 4.0]])])
    >>> found.mean.tolist(), found.variance.tolist()
    ([[3.0, 4.0]], [[2.6666666666666665, 0.0]])

    Source: S1 3.2.
    """
    total: Moments | None = None
    for batch in _walk(batches, level):
        now = take_moments(batch, level=level, channel_axis=channel_axis)
        total = now if total is None else add_moments(total, now)
    if total is None:
        raise ValueError("batches must hold at least one batch; got none")
    return total


def take_moments(batch: Tensor, *, level: str, channel_axis: int) -> Moments:
    """Return the moments of one batch, see `merge_moments`."""
    axes, wide = find_axes(batch.ndim, level, channel_axis), batch.detach().double()
    return Moments(len(batch), wide.mean(axes, keepdim=True), wide.var(axes, correction=0, keepdim=True))


def add_moments(one: Moments, other: Moments) -> Moments:
    """Return the moments of both together: each sample has as many values, so samples are their weights."""
    count = one.count + other.count
    share = other.count / count
    step = other.mean - one.mean
    within = (1 - share) * one.variance + share * other.variance
    return Moments(count, one.mean + share * step, within + share * (1 - share) * step**2)


def find_quantiles(
    batches: Iterable[Tensor],
    *,
    level: str = "channel",
    channel_axis: int = 1,
    of: str = "positive",
    quantile: float = 0.999,
) -> Tensor:
    """Return the mean, weighted by batch size, of the quantiles of each batch, float64.

    of : "positive" takes max(x, 0), "magnitude" |x|, "value" x. batches, level, channel_axis, the shape : as
    in `merge_moments`. Quantiles interpolate linearly. They do not merge: the same data in other batches give
    other (close) numbers.

    Raises
    ------
    TypeError, ValueError
        As in `merge_moments`; or if `of` is unknown or the quantile lies outside of [0, 1].

    Examples
    --------
    >>> find_quantiles([torch.tensor([[1.0], [3.0]]), torch.tensor([[-6.0]])], quantile=0.5).tolist()
    [[1.3333333333333333]]

    Source: S1 3.2.
    Reading: for neurons of both signs the release takes x, and 0 for a quantile below 0, which silences a
    slice that is mostly below 0; "magnitude" does not.
    """
    check_choice(of, tuple(OF), "of")
    share = as_finite(quantile, "quantile")
    if not 0 <= share <= 1:
        raise ValueError(f"quantile must lie in [0, 1]; got {quantile!r}")
    total, count = None, 0
    for batch in _walk(batches, level):
        found = take_quantile(batch, level=level, channel_axis=channel_axis, of=of, quantile=share)
        total = len(batch) * found if total is None else total + len(batch) * found
        count += len(batch)
    if total is None:
        raise ValueError("batches must hold at least one batch; got none")
    return total / count


def take_quantile(
    batch: Tensor, *, level: str, channel_axis: int, of: str = "positive", quantile: float = 0.999
) -> Tensor:
    """Return the quantile of one batch, float64, see `find_quantiles`; averaged axes stay with length 1."""
    axes = find_axes(batch.ndim, level, channel_axis)
    wide = OF[of](batch.detach().double())
    rest = [axis for axis in range(wide.ndim) if axis not in axes]
    rows = wide.permute(*rest, *axes).reshape(*[wide.shape[axis] for axis in rest], -1)
    found = np.quantile(rows.cpu().numpy(), quantile, axis=-1)  # torch.quantile has a limit of 16 million
    shape = [1 if axis in axes else size for axis, size in enumerate(wide.shape)]
    return torch.from_numpy(np.asarray(found)).reshape(shape).to(wide.device)


def _walk(batches: Any, level: Any) -> Iterable[Tensor]:
    """Yield the batches, each checked."""
    check_choice(level, LEVELS, "level")
    shape = None
    for batch in check_batches(batches, "batches"):
        check_values(batch, "batches")
        shape = batch.shape[1:] if shape is None else shape
        if batch.shape[1:] != shape:
            raise ValueError(
                "batches must be alike but for the first axis; "
                f"got {tuple(batch.shape)} after samples of shape {tuple(shape)}"
            )
        yield batch


def find_axes(dimensions: int, level: str, channel_axis: int) -> tuple[int, ...]:
    """Return the axes over which one threshold holds; the first axis, that of the samples, is always one."""
    channel_axis = as_whole(channel_axis, "channel_axis")
    if level == "neuron":
        return (0,)
    if level == "layer":
        return tuple(range(dimensions))
    if not -dimensions < channel_axis < dimensions or channel_axis == 0:
        raise ValueError(
            f"channel_axis must be an axis of [batch, ...] after the first, within 1 .. {dimensions - 1} or "
            f"-1 .. -{dimensions - 1}; got {channel_axis}"
        )
    return tuple(axis for axis in range(dimensions) if axis != channel_axis % dimensions)
