"""Relative importance (RI): what share a weight has in the weights of its input and of its output.

    RI_ij = |w_ij| / sum_j |w_ij| + |w_ij| / sum_i |w_ij|      i the input, j the output

Source: Zhang et al. 2024, Plug-and-Play (RI); S1 Table 4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.prune.method import PruneMethod


def score_ri(weight: NDArray[Any], moments: NDArray[Any] | None = None) -> NDArray[Any]:
    """Return RI [pre, post], 0 in rows and columns of zeros; moments are not read.

    Examples
    --------
    >>> score_ri(np.array([[1.0, 3.0], [1.0, 0.0]])).tolist()
    [[0.75, 1.75], [1.5, 0.0]]
    """
    return _add_shares(weight, 1.0)


def score_ri_as_released(weight: NDArray[Any], moments: NDArray[Any] | None = None) -> NDArray[Any]:
    """Return RI [pre, post], NaN in rows and columns of zeros, where the released code divides 0 by 0.

    Examples
    --------
    >>> score_ri_as_released(np.array([[1.0, 3.0], [0.0, 0.0]])).tolist()
    [[1.25, 1.75], [nan, nan]]
    """
    return _add_shares(weight, 0.0)


def _add_shares(weight: NDArray[Any], instead: float) -> NDArray[Any]:
    """Return the sum of both shares; a sum of weights that is 0 is replaced."""
    strength = np.abs(weight)
    ones = [np.ones(side, strength.dtype) for side in strength.shape]
    of_input, of_output = strength @ ones[1], ones[0] @ strength
    of_input[of_input == 0] = instead
    of_output[of_output == 0] = instead
    with np.errstate(invalid="ignore"):
        score: NDArray[Any] = strength / of_input[:, None]
        strength /= of_output
    score += strength
    return score


METHOD = PruneMethod(score_ri, released=score_ri_as_released)
