"""How unequal are the entries of a weight array: the sparsity index I(W), also known as the PQ index."""

import math
from collections.abc import Iterable
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import check_choice
from netsci.measure.entries import cells, select_entries


class PowerSums(NamedTuple):
    """sum |w|^p and sum |w|^q over `n` entries, in units of powers of the largest magnitude."""

    largest: float
    sum_p: float
    sum_q: float
    n: int


def sparsity_index(w: Any, *, mask: Any = None, p: float = 0.5, q: float = 1.0) -> float:
    """Return the sparsity index I(W), which is 0 when all magnitudes are equal and grows towards 1.

    I(W) = 1 - d^(1/q - 1/p) ||W||_p / ||W||_q with ||W||_r = (sum |w|^r)^(1/r), over all d entries,
    zeros included. One entry of d alone gives 1 - d^(1/q - 1/p); k equal entries among d give
    1 - (k/d)^(1/p - 1/q). Multiplying all entries by a number, permuting them or repeating the whole
    array leaves the value unchanged; appending zeros raises it.

    Parameters
    ----------
    w : array of real numbers or booleans, any shape (flattened), or a scipy sparse matrix, whose absent
        entries count as zeros.
    mask : boolean array or sparse matrix of w's shape. Only entries where it is true count, and d is their
        number: an existing link that weighs 0 counts, an absent link does not. None: all entries count.
    p, q : finite orders with 0 < p < q, no unit.

    Returns
    -------
    float in [0, 1 - d^(1/q - 1/p)], no unit; 1.0 by definition when every entry is zero, where the formula
    gives 0/0. The maximum depends on d: compare layers of different size with care.

    Raises
    ------
    TypeError
        If the entries, p or q are not real numbers or the mask is not boolean.
    ValueError
        If no entry counts, one that does is NaN or infinite, the mask has another shape, or unless
        0 < p < q < infinity.

    Examples
    --------
    >>> sparsity_index([10, 0, 0, 0])
    0.75
    >>> sparsity_index([[5.0, 5.0], [0.0, 0.0]])
    0.5
    >>> sparsity_index([5.0, 0.0, 0.0], mask=[True, True, False])
    0.5

    Source: S3, the sparsity index I(W); Diao et al., ICLR 2023 (the PQ index).
    Reading: S3 A.2 prints 2^(1/p - 1/q) < 1; it is > 1, and only then does its conclusion follow. The
    authors of the PQ index give a zero array 0; here it is wholly sparse, hence 1.
    """
    check_orders(p, q)
    return pooled_index([power_sums(*select_entries(w, mask), p, q)], p, q)


def neuron_sparsity_index(
    w: Any, *, axis: str, mask: Any = None, p: float = 0.5, q: float = 1.0
) -> NDArray[np.float64]:
    """Return the sparsity index I(W) of every row or of every column of a weight matrix.

    Rows are presynaptic and columns postsynaptic, so axis="rows" gives one value for the outgoing weights of
    each presynaptic neuron and axis="columns" one for the incoming weights of each postsynaptic neuron.

    Parameters
    ----------
    w : matrix [presynaptic, postsynaptic] of real numbers, dense or scipy sparse (never made dense).
    axis : "rows" or "columns": which of them are the neurons (a name, not a numpy axis).
    mask : as in `sparsity_index`.
    p, q : finite orders with 0 < p < q, no unit.

    Returns
    -------
    float64 [rows] or [columns], in [0, 1), no unit; 1.0 for a neuron whose counted entries are all zero, NaN
    for a neuron none of whose entries counts.

    Raises
    ------
    TypeError, ValueError
        As `sparsity_index`; ValueError also if w is not a matrix, has no entries or axis has another name.

    Examples
    --------
    >>> neuron_sparsity_index([[10, 0, 0, 0], [1, 1, 0, 0]], axis="rows").tolist()
    [0.75, 0.5]
    >>> neuron_sparsity_index([[10, 0], [0, 0], [0, 1], [0, 1]], axis="columns").tolist()
    [0.75, 0.5]

    Source: S3, the sparsity index I(W); Diao et al., ICLR 2023 (the scope "neuron").
    """
    check_orders(p, q)
    check_choice(axis, ("rows", "columns"), "axis")
    found = cells(w, mask)
    owner, count = (
        (found.rows, found.counted_in_rows) if axis == "rows" else (found.columns, found.counted_in_columns)
    )
    largest = np.zeros(len(count))
    np.maximum.at(largest, owner, found.magnitudes)
    present = found.magnitudes > 0
    owner, magnitudes = owner[present], found.magnitudes[present]
    scaled = magnitudes / largest[owner]
    index = np.where(count > 0, 1.0, np.nan)
    used = largest > 0
    mean_p, mean_q = (
        np.bincount(owner, weights=scaled**order, minlength=len(count))[used] / count[used]
        for order in (p, q)
    )
    index[used] = np.maximum(0.0, 1.0 - mean_p ** (1.0 / p) / mean_q ** (1.0 / q))
    return index


def check_orders(p: float, q: float) -> None:
    """Raise TypeError unless p and q are real numbers, ValueError unless 0 < p < q < infinity."""
    for order, name in ((p, "p"), (q, "q")):
        if not isinstance(order, Real) or isinstance(order, bool):
            raise TypeError(f"{name} must be a number; got {order!r}")
    if not (0 < p < q < math.inf):
        raise ValueError(f"p and q must satisfy 0 < p < q < infinity; got p={p!r}, q={q!r}")


def power_sums(magnitudes: NDArray[np.float64], count: int, p: float, q: float) -> PowerSums:
    """Return the power sums of `count` entries, of which all that differ from zero are in `magnitudes`."""
    largest = float(magnitudes.max(initial=0.0))
    if largest == 0.0:
        return PowerSums(0.0, 0.0, 0.0, count)
    scaled = magnitudes[magnitudes > 0] / largest  # else p-th powers underflow for tiny weights
    return PowerSums(largest, float(np.sum(scaled**p)), float(np.sum(scaled**q)), count)


def pooled_index(parts: Iterable[PowerSums], p: float, q: float) -> float:
    """Return the sparsity index of all entries of the parts together."""
    known = list(parts)
    count = sum(part.n for part in known)
    largest = max((part.largest for part in known), default=0.0)
    if largest == 0.0:
        return 1.0
    # Power means instead of norms: d enters each mean, so neither factor can overflow for small p.
    mean_p = math.fsum(part.sum_p * (part.largest / largest) ** p for part in known) / count
    mean_q = math.fsum(part.sum_q * (part.largest / largest) ** q for part in known) / count
    index: float = 1.0 - mean_p ** (1.0 / p) / mean_q ** (1.0 / q)
    return max(0.0, index)  # equal magnitudes may round to -1e-16; the power-mean inequality forbids it
