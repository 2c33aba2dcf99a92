"""Correlation coefficients of input features, for correlated topologies.

Every function takes x [samples, features]. Each time step of a spike train counts as a sample: pass spikes
[T, samples, features] as `x.reshape(-1, features)`. Repeating a constant input over time changes no
coefficient. The functions read x in blocks of rows, twice. Besides x, memory holds one block in floating
point and a few matrices [features, features]. So x need not be an array: see `Samples`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import read_array

_BLOCK_CELLS = 2**22  # entries of x in floating point at once; also far fewer rows than float32 can count
_Floats = NDArray[np.float64]


class Samples(Protocol):
    """Inputs [samples, features] whose rows are read when needed. Not an array: it has no `__array__`.

    `x[first:stop]` returns an array of these rows, in x.dtype.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """(samples, features)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Boolean, of whole numbers or floating."""

    def __getitem__(self, rows: slice, /) -> NDArray[Any]: ...


_Rows = NDArray[Any] | Samples


def pearson(x: Any) -> _Floats:
    """Return the Pearson correlation of every two features, on 0/1 values the phi coefficient.

    r_ij = sum of (x_i - E_i)(x_j - E_j) / sqrt(sum of (x_i - E_i)^2 sum of (x_j - E_j)^2)
    on 0/1 values = (n n11 - n_i n_j) / sqrt(n_i (n - n_i) n_j (n - n_j)), from exact counts: n samples, in
    n_i of which i is 1, in n11 both

    Parameters
    ----------
    x : [samples, features], booleans or real numbers, finite; an array or `Samples`.

    Returns
    -------
    float64 [features, features], symmetric, in [-1, 1]; 0 for a constant feature, also on the diagonal.

    Raises
    ------
    TypeError, ValueError
        If x is not a dense real matrix with at least one sample and one feature, or not finite.

    Examples
    --------
    >>> pearson([[1, 0, 5], [0, 1, 5], [1, 0, 5]])
    array([[ 1., -1.,  0.],
           [-1.,  1.,  0.],
           [ 0.,  0.,  0.]])

    Source: S0 section 3.2.1, which names the phi coefficient; CSTI of the CHT laboratory for real inputs.
    Reading: S0 eq. 2 as printed is another function, see `phi_as_printed`.
    """
    x = _check_samples(x)
    features = _Features.of(x)
    if features.binary:
        return _phi(x)
    varies = features.low < features.high
    with np.errstate(over="ignore"):
        spread = np.maximum(features.high - features.mean, features.mean - features.low)
    spread = np.where(varies, spread, 1.0)
    if not np.isfinite(spread).all():
        raise ValueError("x has a larger range than float64: divide it by a constant, this changes no result")
    # A second pass over centred values loses no digits; scaled to [-1, 1] no square over- or underflows.
    rest = np.zeros(x.shape[1])
    products = np.zeros((x.shape[1], x.shape[1]))
    for block in _blocks(x, np.float64):
        block -= features.mean
        block /= spread
        rest += block.sum(axis=0)
        products += block.T @ block
    products -= np.outer(rest, rest / x.shape[0])  # the rounding of the mean
    products = np.tril(products) + np.tril(products, -1).T  # not every BLAS computes the same number twice
    return _normalise(products, np.diagonal(products), varies)


def phi(x: Any) -> _Floats:
    """Return the phi coefficient of every two features of 0/1 values, as `pearson`, and refuse other values.

    phi_ij = (n11 n00 - n10 n01) / sqrt(n1. n0. n.1 n.0), n10 the samples in which i is 1 and j 0, n1. those
    in which i is 1, and so on

    x : [samples, features], 0/1 of any dtype; an array or `Samples`. Returns float64 [features, features] in
    [-1, 1], 0 for a constant feature, also on the diagonal. Raises ValueError for other values, else what
    `pearson` raises.

    Examples
    --------
    >>> phi([[True, True], [True, False], [False, False], [False, False]]).round(3).tolist()
    [[1.0, 0.577], [0.577, 1.0]]

    Source: S0 section 3.2.1.
    Reading: the coefficient that the text names, not its eq. 2.
    """
    x = _check_samples(x)
    if not _Features.of(x).binary:
        raise ValueError("x must hold 0 and 1 only; use pearson for real inputs")
    return _phi(x)


def phi_as_printed(x: Any) -> _Floats:
    """Return S0 eq. 2 exactly as printed, for an ablation.

    It depends on the two means only, not on whether features are active together.

    sqrt((sum of (x_i - E_i)^2 / E_i + sum of (x_j - E_j)^2 / E_j) / (2 samples)), E the mean of a feature
    on 0/1 values = sqrt(1 - (p_i + p_j) / 2), p the share of samples in which a feature is 1

    Parameters
    ----------
    x : [samples, features], booleans or real numbers, finite, at least 0; an array or `Samples`.

    Returns
    -------
    float64 [features, features], symmetric, at least 0; NaN (0/0) where either feature is 0 throughout.

    Raises
    ------
    TypeError, ValueError
        As `pearson`, and if x has negative values.

    Examples
    --------
    >>> phi_as_printed([[1, 1, 0], [0, 1, 0]]).round(3)
    array([[0.707, 0.5  ,   nan],
           [0.5  , 0.   ,   nan],
           [  nan,   nan,   nan]])

    Source: S0 eq. 2.
    """
    x = _check_samples(x)
    features = _Features.of(x)
    if features.low.min() < 0:
        raise ValueError(f"x must be at least 0: S0 eq. 2 divides by means; got {features.low.min()}")
    squares = np.zeros(x.shape[1])
    for block in _blocks(x, np.float64):
        block -= features.mean
        squares += np.square(block, out=block).sum(axis=0)
    share = np.full(x.shape[1], np.nan)
    np.divide(squares / x.shape[0], features.mean, out=share, where=features.high > 0)
    printed: _Floats = np.sqrt((share[:, None] + share) / 2.0)
    return printed


@dataclass(frozen=True)
class _Features:
    """Range and mean of every feature, from a first pass over the samples."""

    low: _Floats
    high: _Floats
    mean: _Floats
    binary: bool  # 0 and 1 everywhere, of whatever dtype

    @classmethod
    def of(cls, x: _Rows) -> "_Features":
        n, m = x.shape
        whole = x.dtype.kind != "f"  # sums of whole numbers are exact
        low, high, total, binary = np.full(m, np.inf), np.full(m, -np.inf), np.zeros(m), True
        for block in _blocks(x, np.float64):
            least, most = block.min(axis=0), block.max(axis=0)
            if not (np.isfinite(least).all() and np.isfinite(most).all()):
                raise ValueError("x must be finite; it has NaN or infinite values: drop them first")
            np.minimum(low, least, out=low)
            np.maximum(high, most, out=high)
            binary = binary and bool(least.min() >= 0 and most.max() <= 1)
            binary = binary and (whole or bool(((block == 0) | (block == 1)).all()))
            total += (block if whole else np.divide(block, n, out=block)).sum(axis=0)
        return cls(low, high, total / n if whole else total, binary)


def _phi(x: _Rows) -> _Floats:
    # Counts below 2^24 are exact in float32, and their sums over blocks in float64.
    both = np.zeros((x.shape[1], x.shape[1]))
    for block in _blocks(x, np.float32):
        both += block.T @ block
    n, ones = float(x.shape[0]), np.diagonal(both).copy()
    spread = ones * (n - ones)
    return _normalise(n * both - np.outer(ones, ones), spread, spread > 0)


def _normalise(products: _Floats, squares: _Floats, varies: NDArray[np.bool_]) -> _Floats:
    """Return products / sqrt(squares_i squares_j), exactly 1 for equal features and 0 for constant ones."""
    squares = np.where(varies, squares, 1.0)
    r = np.clip(products / np.sqrt(np.outer(squares, squares)), -1.0, 1.0)
    r[~varies] = 0.0
    r[:, ~varies] = 0.0
    return np.asarray(r)


def _blocks(x: _Rows, dtype: type) -> Iterator[Any]:
    """Yield the rows of x in floating-point copies of at most `_BLOCK_CELLS` entries."""
    step = max(1, _BLOCK_CELLS // x.shape[1])
    for first in range(0, x.shape[0], step):
        yield x[first : first + step].astype(dtype, order="C", copy=True)


def _check_samples(x: Any) -> _Rows:
    if sp.issparse(x) or isinstance(x, np.ma.MaskedArray):
        raise TypeError(
            f"x must be a plain dense array [samples, features]; got {type(x).__name__}: pass x.toarray(), "
            "of a masked array x.filled(0)"
        )
    on_request = not hasattr(x, "__array__") and all(hasattr(x, part) for part in ("shape", "dtype"))
    array: _Rows = x if on_request else read_array(x, "x")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"x must hold booleans or real numbers; its dtype is {array.dtype}")
    if len(array.shape) != 2 or 0 in array.shape:
        raise ValueError(
            f"x must be [samples, features], at least one of each; its shape is {array.shape}: time steps "
            "are samples, x.reshape(-1, features)"
        )
    return array


CORRELATION: dict[str, Callable[[Any], _Floats]] = {"phi": pearson, "as_printed": phi_as_printed}
