"""How much accuracy noise costs: the relative performance degradation rate."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import read_array


def rpdr(clean: Any, noisy: Any) -> float | NDArray[np.float64]:
    """Return the relative performance degradation rate: the mean share of accuracy that noise removes.

    RPDR = mean over noise levels of (clean - noisy) / clean

    Parameters
    ----------
    clean : accuracy without noise, one number or an array [...]; share or per cent, >= 0.
    noisy : accuracies in the same unit, [noise level] or [..., noise level]; only levels P > 0.

    Returns
    -------
    A share, at most 1, negative where noise helps: float, or float64 [...] where clean is an array. NaN
    where clean is 0. Table 14 prints it in per cent.

    Raises
    ------
    ValueError
        If there is no noise level, the shapes do not fit, or a number is negative, NaN or infinite.
    TypeError
        If clean or noisy does not hold real numbers.

    Examples
    --------
    >>> round(rpdr(97.91, [97.64, 95.78, 83.19, 68.25]), 4)  # MNIST, dense, bit-flip
    0.1194

    Source: S0 eq. 27 and table 14.
    Reading: the equation is for one noise level; Table 14 is the mean over the four P > 0 of Tables 10 to 13.
    """
    start, after = _accuracies(clean, "clean"), _accuracies(noisy, "noisy")
    if after.ndim != start.ndim + 1 or after.shape[:-1] != start.shape or not after.shape[-1]:
        raise ValueError(
            "noisy must have the shape of clean and one more axis, the last, with one accuracy for each "
            f"noise level; the shapes are {after.shape} and {start.shape}"
        )
    shares = np.full(start.shape, np.nan)
    np.divide(start - after.mean(axis=-1), start, out=shares, where=start > 0)
    return float(shares) if start.ndim == 0 else shares


def _accuracies(values: Any, name: str) -> NDArray[np.float64]:
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{name} is a numpy masked array; pass its .compressed()")
    array = read_array(values, name)
    if array.size and array.dtype.kind not in "iuf":
        raise TypeError(
            f"{name} must hold real numbers, accuracies; its dtype is {array.dtype}: convert it to float"
        )
    numbers = array.astype(np.float64)
    if not np.isfinite(numbers).all() or (numbers < 0).any():
        raise ValueError(f"{name} must hold finite accuracies >= 0; leave out runs that failed")
    return numbers
