"""SD-SNN: ranges that weights may take, growth of dead weights and death of outputs, once an epoch.

Every weight of a layer has a range [low, high], at first +- max |w| of the layer. A run is a series of epochs
in a row; its counter is 0 in the first one and goes on by 1. Each later epoch e (from 0), in this order:

    w >= high     from the second epoch of a run on w - high is added up; at 18 high grows by the sum / 18,
                  and counter and sum are 0 again. The same for low
    |w| falls     at 18 high and low shrink by .75, and the counter is 0 again
    e > 18        w is clipped to its range
    e > 36        growth: a dead kernel whose sum exceeds the q-th percentile of all kernel sums lives again
                  once its counter has passed 18; q = min(99, 60 + 1.1^(e - 37)), of convolutions from 65.
                  The kernel of a linear layer is one weight
    e > 36        death: the int(outputs p / 100) outputs whose live weights have the least sum of
                  minmax(high + |low|) are looked at, and those that never died lose all of their weights

p is a percentage, at first 2, of convolutions .5; `raise_percent` says how it grows. A dead weight counts as
0 in its range, and as what the optimizer made of it in growth. minmax is over the layer, and .5 if all ranges
are equal. Among equal sums the first outputs come first.

Source: Han et al., 2025 (SD-SNN) and its released code (BrainCog).
Reading: the released code takes max w in place of max |w|, and the width 512 of its FC1 for every layer:
    compat and width bring these back. It never renews the ranges of convolutions; here it is done.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 18
SHRINK = 0.75
BEGIN = 2 * THRESHOLD + 1  # first epoch of growth and death
FIRST_PERCENT = {"linear": 2.0, "conv": 0.5}
FIRST_PERCENTILE = {"linear": 60.0, "conv": 65.0}
FEW_OF_LINEAR, FEW_OF_CONV = 50, 20  # live weights below which an output counts as dead in `raise_percent`

_Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Development:
    """What SD-SNN holds of a layer. Arrays are [rows, columns], rows presynaptic, if nothing else is said.

    high, low : float64, the ranges. above, below, falling : int16, counters, -1 outside of a run. over, under
    : float64, the sums. before : |w| of the epoch before. alive : bool. ripening : int16 [kernels, columns],
    counter of growth. died : bool [columns], whether an output has ever died. percent : p.
    """

    high: NDArray[np.float64]
    low: NDArray[np.float64]
    above: NDArray[np.int16]
    below: NDArray[np.int16]
    falling: NDArray[np.int16]
    over: NDArray[np.float64]
    under: NDArray[np.float64]
    before: _Floats
    alive: NDArray[np.bool_]
    ripening: NDArray[np.int16]
    died: NDArray[np.bool_]
    percent: float

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of its arrays."""
        return tuple(one.name for one in fields(cls) if one.name != "percent")


def begin(weights: _Floats, *, kernel: int = 1, kind: str = "linear", compat: bool = False) -> Development:
    """Return the state of a layer after epoch 0, which sets the ranges and starts no counter.

    weights : [rows, columns]. kernel : rows of a kernel, k k of a convolution. kind : "linear" or "conv".

    Examples
    --------
    >>> begin(np.array([[0.5, -2.0]])).high.tolist()
    [[2.0, 2.0]]
    """
    top = float(np.max(weights if compat else np.abs(weights), initial=0.0))
    shape = weights.shape
    none, nothing = np.full(shape, -1, np.int16), np.zeros(shape)
    return Development(
        np.full(shape, top), np.full(shape, -top), none, none, none, nothing, nothing, np.abs(weights),
        np.ones(shape, bool), np.full((shape[0] // kernel, shape[1]), -1, np.int16), np.zeros(shape[1], bool),
        FIRST_PERCENT[kind],
    )  # fmt: skip


def count_on(counter: NDArray[np.int16], on: NDArray[np.bool_]) -> NDArray[np.int16]:
    """Return counters of runs one epoch later: one more where the run goes on, else -1.

    Examples
    --------
    >>> count_on(np.array([-1, 0, 5], np.int16), np.array([True, True, False])).tolist()
    [0, 1, -1]
    """
    return np.where(on, counter + np.int16(1), np.int16(-1)).astype(np.int16)


def renew_ranges(state: Development, weights: _Floats) -> Development:
    """Return the state with the ranges of an epoch. weights : as the optimizer left them."""
    seen = np.where(state.alive, weights, np.zeros((), weights.dtype))
    high, above, over = _widen(state.high, state.above, state.over, seen, seen >= state.high)
    low, below, under = _widen(state.low, state.below, state.under, seen, seen <= state.low)
    size = np.abs(seen)
    falling = count_on(state.falling, size < state.before)
    ripe = falling >= THRESHOLD
    return replace(
        state, high=np.where(ripe, SHRINK * high, high), low=np.where(ripe, SHRINK * low, low), above=above,
        below=below, falling=np.where(ripe, np.int16(0), falling), over=over, under=under, before=size,
    )  # fmt: skip


def _widen(bound: Any, counter: Any, total: Any, seen: _Floats, outside: Any) -> tuple[Any, Any, Any]:
    """Return one bound, its counters and its sums after an epoch."""
    counter = count_on(counter, outside)
    total = np.where(counter > 0, total + (seen - bound), 0.0)
    ripe = counter >= THRESHOLD
    bound = np.where(ripe, bound + total / THRESHOLD, bound)
    return bound, np.where(ripe, np.int16(0), counter), np.where(ripe, 0.0, total)


def clip(state: Development, weights: _Floats) -> _Floats:
    """Return the weights within their ranges, of the same dtype."""
    return np.clip(weights, state.low, state.high).astype(weights.dtype)


def percentile_at(epoch: int, kind: str) -> float:
    """Return the percentile q that a kernel sum must exceed to grow.

    Examples
    --------
    >>> percentile_at(37, "linear"), percentile_at(100, "conv")
    (61.0, 99.0)
    """
    return min(99.0, FIRST_PERCENTILE[kind] + 1.1 ** min(epoch - BEGIN, 1000))


def grow(state: Development, weights: _Floats, percentile: float) -> Development:
    """Return the state in which dead kernels live again that have exceeded the percentile for long enough.

    weights : clipped, dead ones with an epoch of updates.
    """
    kernels, columns = state.ripening.shape
    own = len(weights) // kernels if kernels else 1
    sums = weights.reshape(kernels, own, columns).sum(1) if own > 1 else weights
    if not sums.size:
        return state
    dead = ~state.alive.reshape(kernels, own, columns).any(1)
    counter = count_on(state.ripening, dead & (sums > np.percentile(sums, percentile)))
    ripe = counter > THRESHOLD
    alive = state.alive | np.repeat(ripe, own, axis=0)
    return replace(state, alive=alive, ripening=np.where(ripe, np.int16(0), counter))


def die(state: Development) -> Development:
    """Return the state in which the outputs of least range that never died are dead."""
    spread = state.high + np.abs(state.low)
    least, most = (float(f(spread)) for f in (np.min, np.max)) if spread.size else (0.0, 0.0)
    share = (spread - least) / (most - least) if most > least else np.full(spread.shape, 0.5)
    # Sum along the inputs of each output as the released code does, whose rows are outputs.
    sums = np.ascontiguousarray((share * state.alive).T).sum(1)
    lowest = np.argsort(sums, kind="stable")[: max(0, int(len(sums) * state.percent / 100.0))]
    new = np.zeros(len(sums), bool)
    new[lowest] = True
    new &= ~state.died
    return replace(state, alive=state.alive & ~new, died=state.died | new)


def raise_percent(
    state: Development, epoch: int, after: Development | None, width: int | None = None
) -> float:
    """Return p for the next epoch.

    linear, or last    p + a (width - D) / 10, a = .5 exp(37 - e), from e = 61 on .0005; D : outputs with
                       fewer than 50 live weights
    convolution        p + exp((37 - e) / 5) (C - D) / (C' - D'), of its outputs and of those of the layer
                       `after` it, D with fewer than 20 live weights; p itself if C' = D'

    after : state of the next layer of a convolution, before its own deaths; None of a linear layer.
    width : of the layer; None for its number of outputs.
    """
    if after is None:
        pace = 0.5 * math.exp(BEGIN - epoch) if epoch <= 60 else 0.0005
        return (
            state.percent
            + pace * ((len(state.died) if width is None else width) - _few(state, FEW_OF_LINEAR)) / 10.0
        )
    left = len(after.died) - _few(after, FEW_OF_CONV)
    own = len(state.died) - _few(state, FEW_OF_CONV)
    return state.percent + (math.exp((BEGIN - epoch) / 5.0) * own / left if left else 0.0)


def _few(state: Development, least: int) -> int:
    """Return the number of outputs with fewer live weights than this."""
    return int(np.count_nonzero(state.alive.sum(0) < least))
