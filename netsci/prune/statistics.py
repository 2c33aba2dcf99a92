"""What pruning reads of the inputs of a layer, summed batch by batch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import check_flag
from netsci.prune.checks import as_floats
from netsci.prune.factor import Factor, factor_of

PRECISE = 1024  # inputs up to which float64 costs little: a Hessian of few samples is nearly singular
_ROWS = 512  # squared at a time


class InputStatistics:
    """Moments and second derivatives of the inputs of a layer; `add` batches, in any split.

        c_j = sum over tokens of x_j^2 / sequences,     H = 2 / sequences * sum over tokens of x x^T

    Parameters
    ----------
    hessian : whether to sum up H, [pre, pre], beside the moments; the methods that only choose links need
        none.

    Raises
    ------
    TypeError, ValueError
        If inputs are no finite numbers, or have another width than those before.

    Examples
    --------
    >>> found = InputStatistics().add([[1.0, 2.0]]).add([[3.0, 0.0]])
    >>> found.moments.tolist(), found.hessian.tolist()
    ([5.0, 2.0], [[10.0, 2.0], [2.0, 4.0]])
    """

    def __init__(self, *, hessian: bool = True) -> None:
        check_flag(hessian, "hessian")
        self.has_hessian = bool(hessian)
        self.sequences = 0
        self.width = 0
        self._squares: NDArray[np.float64] = np.zeros(0)
        self._gram: NDArray[Any] = np.zeros((0, 0), np.float32)
        self._factors: dict[tuple[float, str], Factor] = {}

    def add(self, x: Any) -> InputStatistics:
        """Add inputs [sequences, tokens, pre] or [samples, pre], and return the statistics.

        Moments are summed as float64. So is H of up to 1,024 inputs; that of more has the type of x, float64
        or float32, since it takes twice the time and memory.

        Raises
        ------
        TypeError, ValueError
            If x is no array of finite numbers, or has another width than the inputs before. Nothing has
            changed then.
        """
        array = as_floats(x, "x")
        if array.ndim < 2 or not array.shape[-1]:
            raise ValueError(
                f"x must be [samples, pre] or [sequences, tokens, pre]; its shape is {array.shape}"
            )
        if self.width not in (0, array.shape[-1]):
            raise ValueError(f"x must have {self.width} inputs, as before; its shape is {array.shape}")
        rows = np.ascontiguousarray(array.reshape(-1, array.shape[-1]))
        squares = _sum_squares(rows)
        if not np.isfinite(squares).all():
            raise ValueError("x must be finite; it holds NaN, infinite or huge values")
        if not self.width:
            self.width = rows.shape[1]
            self._squares = np.zeros(self.width)
        if self.has_hessian and len(rows):
            self._add_products(rows)
        self._squares += squares
        self.sequences += len(array)
        self._factors = {}
        return self

    def _add_products(self, rows: NDArray[Any]) -> None:
        """Add sum x x^T to the lower triangle of the Gram matrix, in place."""
        from scipy.linalg import get_blas_funcs

        dtype = np.result_type(rows, self._gram, np.float64 if self.width <= PRECISE else rows)
        if self._gram.shape[0] != self.width or self._gram.dtype != dtype:
            grown = np.zeros((self.width, self.width), dtype, order="F")
            if self._gram.size:
                grown[:] = self._gram
            self._gram = grown
        rows = rows.astype(dtype, copy=False)
        syrk = get_blas_funcs("syrk", (self._gram,))
        self._gram = syrk(1.0, rows.T, beta=1.0, c=self._gram, lower=1, overwrite_c=1)

    def _check_filled(self) -> None:
        if not self.sequences:
            raise ValueError("statistics must have inputs: add(x) first")

    @property
    def moments(self) -> NDArray[np.float64]:
        """c [pre], float64."""
        self._check_filled()
        return self._squares / self.sequences

    @property
    def hessian(self) -> NDArray[Any]:
        """H [pre, pre], float64, or float32 as `add` says."""
        self._check_hessian()
        lower = np.tril(self._gram)
        full: NDArray[Any] = lower + lower.T
        np.fill_diagonal(full, np.diagonal(lower))
        full *= full.dtype.type(2.0 / self.sequences)
        return full

    def factor(self, damping: float, dtype: Any) -> Factor:
        """Return the factor U of H + damping mean(diag H), made once: layers with one input share it."""
        self._check_hessian()
        gram = self._gram.astype(np.result_type(self._gram, dtype), copy=False)
        key = (float(damping), gram.dtype.str)
        if key not in self._factors:
            self._factors[key] = factor_of(gram, 2.0 / self.sequences, damping)
        return self._factors[key]

    def _check_hessian(self) -> None:
        self._check_filled()
        if not self.has_hessian:
            raise ValueError("statistics hold no hessian: make them with InputStatistics(hessian=True)")


def as_statistics(inputs: Any, width: int, *, hessian: bool, name: str = "inputs") -> InputStatistics:
    """Return inputs, an array or statistics, as statistics; raise ValueError unless they have so many inputs.

    Examples
    --------
    >>> as_statistics([[3.0, 4.0]], 2, hessian=False).moments.tolist()
    [9.0, 16.0]
    """
    given = isinstance(inputs, InputStatistics)
    if not given:
        shape = np.shape(inputs) if hasattr(inputs, "shape") else ()
        if len(shape) not in (0, 2, 3):
            raise ValueError(
                f"{name} must be [samples, pre] or [sequences, tokens, pre]; its shape is {tuple(shape)}"
            )
    found = inputs if given else InputStatistics(hessian=hessian).add(inputs)
    if not found.sequences:
        raise ValueError(f"{name} must hold at least one sample: add(x) first")
    if found.width != width:
        raise ValueError(
            f"{name} must have one column for each input of weight, {width} (weight is [presynaptic, "
            f"postsynaptic], torch's weight.T); it has {found.width}"
        )
    return found


def _sum_squares(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Return the sum of squares of each column, in float64."""
    total = np.zeros(rows.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):
        for first in range(0, len(rows), _ROWS):
            part = rows[first : first + _ROWS].astype(np.float64)
            total += np.einsum("ij,ij->j", part, part)
    return total
