"""What the functions on arrays ask of their arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import as_whole, check_fraction, check_iterable, read_array, shorten
from netsci.graph.chain import transpose_hint

Kept = NDArray[np.bool_]
NM = tuple[int, int] | None


def as_floats(values: Any, name: str) -> NDArray[Any]:
    """Return an array or a tensor as float64 where it is that or whole numbers, else as float32.

    Raises TypeError if it holds no real numbers.

    Examples
    --------
    >>> as_floats(np.ones(2, np.float16), "x").dtype, as_floats([1, 2], "x").dtype
    (dtype('float32'), dtype('float64'))
    """
    if hasattr(values, "nnz"):
        raise TypeError(f"{name} must be a dense array or tensor: pass {name}.toarray()")
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{name} must have no masked entries: fill them, {name}.filled(0)")
    if hasattr(values, "detach"):  # a tensor, whose bfloat16 numpy does not know
        values = values.detach().cpu()
        if values.is_floating_point() and values.itemsize < 4:
            values = values.float()
        values = values.numpy()
    array = read_array(values, name)
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise TypeError(f"{name} must hold real numbers of at most 64 bits; its dtype is {array.dtype}")
    small = array.dtype.kind == "f" and array.dtype.itemsize < 8
    return array.astype(np.float32 if small else np.float64, copy=False)


def as_weight(weight: Any, name: str = "weight") -> NDArray[Any]:
    """Return weights [pre, post] as finite floats; raise TypeError or ValueError if they are none.

    Examples
    --------
    >>> as_weight([[1, 2]]).tolist()
    [[1.0, 2.0]]
    """
    array = as_floats(weight, name)
    if array.ndim == 4:
        raise ValueError(
            f"{name} must be [presynaptic, postsynaptic]; its shape is {array.shape}: of a convolution pass "
            f"{name}.reshape(len({name}), -1).T"
        )
    if array.ndim != 2 or not array.size:
        raise ValueError(
            f"{name} must be a matrix [presynaptic, postsynaptic] with a cell; its shape is {array.shape}"
        )
    check_finite(array, name)
    return array


def check_finite(array: NDArray[Any], name: str) -> None:
    """Raise ValueError where a value is NaN or infinite.

    Examples
    --------
    >>> check_finite(np.ones(2), "x")
    """
    with np.errstate(all="ignore"):
        flat = array.ravel(order="K")
        total = np.dot(flat, flat)
    # Squares of finite values may pass the largest float: then look at each.
    if not np.isfinite(total) and not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite; it holds NaN or infinite values")


def as_kept(kept: Any, shape: tuple[int, int]) -> Kept:
    """Return links to keep, a boolean mask of the weights' shape; raise TypeError or ValueError if not one.

    Examples
    --------
    >>> as_kept([[True], [False]], (2, 1)).tolist()
    [[True], [False]]
    """
    if hasattr(kept, "nnz"):
        raise TypeError("kept must be a dense mask: pass kept.toarray()")
    if hasattr(kept, "detach"):
        kept = kept.detach().cpu().numpy()
    mask = read_array(kept, "kept")
    if mask.dtype != bool:
        raise TypeError(f"kept must be a mask of True (stays) and False; its dtype is {mask.dtype}")
    if mask.shape != shape:
        hint = transpose_hint(mask.shape[::-1] == shape)
        raise ValueError(f"kept must have the shape of weight, {shape}; its shape is {mask.shape}{hint}")
    return np.array(mask)


def as_n_m(n_m: Any, sparsity: Any, inputs: int, *, name: str = "weight") -> NM:
    """Return (kept, of), or None; raise TypeError or ValueError if it does not fit sparsity or inputs.

    Examples
    --------
    >>> as_n_m((2, 4), 0.5, 8), as_n_m(None, 0.5, 7)
    ((2, 4), None)
    """
    if n_m is None:
        if sparsity is None:
            raise TypeError("sparsity must be a number in [0, 1]; got None")
        check_fraction(sparsity, "sparsity")
        return None
    check_iterable(n_m, "n_m", "(kept, of), as (2, 4), or None")
    pair = tuple(n_m)
    if len(pair) != 2:
        raise ValueError(f"n_m must be (kept, of), as (2, 4); got {shorten(n_m)}")
    kept, of = as_whole(pair[0], "kept of n_m"), as_whole(pair[1], "of of n_m")
    if not 1 <= kept <= of:
        raise ValueError(f"n_m must be (kept, of) with 1 <= kept <= of; got {(kept, of)}")
    if sparsity is not None:
        check_fraction(sparsity, "sparsity")
        if abs(sparsity - (1 - kept / of)) > 1e-9:
            raise ValueError(
                f"sparsity must be {1 - kept / of:g} where {kept} of {of} inputs are kept, or None; got "
                f"{sparsity!r}"
            )
    if inputs % of:
        fit = [str(m) for m in (2, 4, 8, 16, 32) if m != of and inputs % m == 0]
        raise ValueError(
            f"n_m must divide the inputs into groups of {of}, but {name} has {inputs} inputs; "
            f"{'groups of ' + ', '.join(fit) + ' would fit' if fit else 'prune without n_m'}"
        )
    return kept, of
