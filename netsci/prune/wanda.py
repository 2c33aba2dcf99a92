"""Wanda: weight times the norm of its input, compared among the inputs of one output.

    score_ij = |w_ij| sqrt(c_i),   c_i = sum over tokens of x_i^2 / number of sequences

Source: Sun et al. 2024 (Wanda); S1 Table 4.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.prune.method import PruneMethod


def score_wanda(weight: NDArray[Any], moments: NDArray[Any] | None) -> NDArray[Any]:
    """Return |w| sqrt(c) [pre, post] of weights [pre, post] and moments c [pre].

    Examples
    --------
    >>> score_wanda(np.array([[1.0, -3.0]]), np.array([4.0])).tolist()
    [[2.0, 6.0]]
    """
    score: NDArray[Any] = np.abs(weight)
    score *= np.sqrt(np.asarray(moments, np.float64)).astype(score.dtype)[:, None]
    return score


METHOD = PruneMethod(score_wanda, per="output", reads="moments")
RECONSTRUCT = replace(METHOD, reads="hessian", reconstruct=True)
