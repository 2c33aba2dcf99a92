"""What pruning reads of the inputs of a layer, summed batch by batch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import check_flag
from netsci.prune.checks import as_floats
from netsci.prune.factor import Factor, factor_of

PRECISE = 1024  # inputs up to which float64 costs little: a Hessian of few samples is nearly singular
BLOCK = 1024  # rows summed up at a time, whatever the batches were
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
        self._gram: NDArray[np.float64] = np.zeros((0, 0))  # its lower triangle
        self._parts: list[NDArray[Any]] = []  # rows of a block that is not full, of one dtype
        self._single = True  # whether all inputs were float32
        self._factors: dict[tuple[float, str], Factor] = {}

    def add(self, x: Any) -> InputStatistics:
        """Add inputs [sequences, tokens, pre] or [samples, pre], and return the statistics.

        Rows are gathered in blocks of 1,024, so that every split into batches gives the same numbers, to the
        bit. Sums over blocks are float64. Products within a block are too, unless more than 1,024 inputs
        come as float32: these are float32, which takes half the time.

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
        _check_squares(rows)
        if not self.width:
            self.width = rows.shape[1]
            self._squares = np.zeros(self.width)
        self._gather(rows)
        self._single = self._single and (rows.dtype == np.float32 or not len(rows))
        self.sequences += len(array)
        self._factors = {}
        return self

    def _gather(self, rows: NDArray[Any]) -> None:
        """Sum up the blocks that rows fill, and keep the rest of them for the next batch."""
        if self._parts and len(rows) and self._parts[0].dtype != rows.dtype:
            self._squares, self._gram = self._sums()
            self._parts = []
        waiting = sum(map(len, self._parts))
        while waiting + len(rows) >= BLOCK:
            fitting, rows = np.split(rows, [BLOCK - waiting])
            block = np.concatenate([*self._parts, fitting]) if self._parts else fitting
            self._squares, self._gram = self._add_block(block, self._squares, self._gram)
            self._parts, waiting = [], 0
        if len(rows):
            self._parts.append(rows.copy())

    def _sums(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the squares and the Gram matrix of all inputs, those in no full block with them."""
        if not self._parts:
            return self._squares, self._gram
        return self._add_block(np.concatenate(self._parts), self._squares.copy(), self._gram.copy("K"))

    def _add_block(
        self, rows: NDArray[Any], squares: NDArray[np.float64], gram: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return both sums with those of a block, in place where that is possible."""
        from scipy.linalg import get_blas_funcs

        squares += _sum_squares(rows)
        if not self.has_hessian:
            return squares, gram
        if not gram.size:
            gram = np.zeros((self.width, self.width), order="F")
        if self.width <= PRECISE:
            rows = rows.astype(np.float64, copy=False)
        syrk = get_blas_funcs("syrk", (rows,))
        if rows.dtype == np.float64:
            return squares, syrk(1.0, rows.T, beta=1.0, c=gram, lower=1, overwrite_c=1)
        gram += syrk(1.0, rows.T, lower=1)
        return squares, gram

    def _check_filled(self) -> None:
        if not self.sequences:
            raise ValueError("statistics must have inputs: add(x) first")

    @property
    def moments(self) -> NDArray[np.float64]:
        """c [pre], float64."""
        self._check_filled()
        parts = np.concatenate(self._parts) if self._parts else np.zeros((0, self.width))
        return (self._squares + _sum_squares(parts)) / self.sequences

    @property
    def hessian(self) -> NDArray[Any]:
        """H [pre, pre], float64; float32 if all inputs were float32, and more than 1,024."""
        self._check_hessian()
        lower = np.tril(self._sums()[1]).astype(self._dtype, copy=False)
        full: NDArray[Any] = lower + lower.T
        np.fill_diagonal(full, np.diagonal(lower))
        full *= full.dtype.type(2.0 / self.sequences)
        return full

    def factor(self, damping: float, dtype: Any) -> Factor:
        """Return the factor U of H + damping mean(diag H), made once: layers with one input share it."""
        self._check_hessian()
        made = np.result_type(self._dtype, dtype)
        key = (float(damping), made.str)
        if key not in self._factors:
            gram = self._sums()[1].astype(made, copy=False)
            self._factors[key] = factor_of(gram, 2.0 / self.sequences, damping)
        return self._factors[key]

    @property
    def _dtype(self) -> np.dtype[Any]:
        """The type of H and its factor."""
        return np.dtype(np.float32 if self._single and self.width > PRECISE else np.float64)

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


def _check_squares(rows: NDArray[Any]) -> None:
    """Raise ValueError where sums of squares are not finite."""
    with np.errstate(all="ignore"):
        flat = rows.ravel()
        # Squares of float32 may pass its largest value: then look at them in float64.
        finite = np.isfinite(np.dot(flat, flat)) or np.isfinite(_sum_squares(rows)).all()
    if not finite:
        raise ValueError("x must be finite; it holds NaN, infinite or huge values")


def _sum_squares(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Return the sum of squares of each column, in float64."""
    total = np.zeros(rows.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):
        for first in range(0, len(rows), _ROWS):
            part = rows[first : first + _ROWS].astype(np.float64)
            total += np.einsum("ij,ij->j", part, part)
    return total
