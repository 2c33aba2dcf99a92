"""The factor that SparseGPT reads, of one Cholesky factorisation and one triangular inverse.

    U^T U = H^-1, U upper.   With J the reversal of the order:  J H J = C^T C,  C upper,  U = J (C^-1)^T J

since H = (J C^T J) (J C J) and J C^T J is upper. In memory a reversal of rows and columns is a reversal of
the whole array. The published order of steps factorises, inverts and factorises again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RETRY = 0.1  # damping after a factorisation that failed


@dataclass(frozen=True, eq=False)
class Factor:
    """U [pre, pre], of which the part on and above the diagonal counts, and which inputs are dead [pre]."""

    upper: NDArray[Any]
    dead: NDArray[np.bool_]


def factor_of(gram: NDArray[Any], scale: float, damping: float) -> Factor:
    """Return the factor of H = scale * gram, whose lower triangle alone is read.

    Inputs that are always 0 get H_jj = 1. damping times the mean of the diagonal is added to the diagonal;
    if H is not positive then, with a damping of 0.1.

    Raises
    ------
    ValueError
        If H is not positive with that damping either.

    Examples
    --------
    >>> np.diagonal(factor_of(np.eye(2) * 4.0, 1.0, 0.0).upper).tolist()
    [0.5, 0.5]
    """
    from scipy.linalg import get_lapack_funcs

    dead = np.diagonal(gram) == 0
    for added in (damping, RETRY) if damping < RETRY else (damping,):
        # Fortran order, so that LAPACK works in place: gram is symmetric, its lower part becomes the upper.
        flipped = gram[::-1, ::-1].astype(gram.dtype, order="F")
        flipped *= scale
        diagonal = np.einsum("ii->i", flipped)
        diagonal[dead[::-1]] = 1.0
        diagonal += added * diagonal.mean(dtype=np.float64)
        potrf, trtri = get_lapack_funcs(("potrf", "trtri"), (flipped,))
        found, failed = potrf(flipped, lower=0, overwrite_a=1, clean=0)
        if not failed:
            found, failed = trtri(found, lower=0, overwrite_c=1)
        if not failed:
            return Factor(np.ascontiguousarray(found.T[::-1, ::-1]), dead)
    raise ValueError(
        f"statistics have no factorisation with a damping of {added:g}: give a larger damping, or more inputs"
    )
