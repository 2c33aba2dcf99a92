"""Relative importance and activation (RIA): RI times the strength of the input.

    RIA_ij = RI_ij (sqrt c_i)^a,   a = 1/2,   c_i = sum over tokens of x_i^2 / number of sequences

Source: Zhang et al. 2024, Plug-and-Play (RIA); S1 Table 4.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.prune.method import PruneMethod
from netsci.prune.ri import score_ri, score_ri_as_released


def score_ria(weight: NDArray[Any], moments: NDArray[Any] | None, exponent: float = 0.5) -> NDArray[Any]:
    """Return RIA [pre, post] of weights [pre, post] and moments c [pre]; exponent is a.

    Examples
    --------
    >>> score_ria(np.array([[1.0, 3.0], [1.0, 0.0]]), np.array([16.0, 1.0])).tolist()
    [[1.5, 3.5], [1.5, 0.0]]
    """
    return _strengthen(score_ri(weight), moments, exponent)


def score_ria_as_released(
    weight: NDArray[Any], moments: NDArray[Any] | None, exponent: float = 0.5
) -> NDArray[Any]:
    """Return RIA [pre, post], NaN where `score_ri_as_released` is.

    Examples
    --------
    >>> score_ria_as_released(np.array([[1.0], [0.0]]), np.array([16.0, 1.0])).ravel().tolist()
    [4.0, nan]
    """
    return _strengthen(score_ri_as_released(weight), moments, exponent)


def _strengthen(score: NDArray[Any], moments: NDArray[Any] | None, exponent: float) -> NDArray[Any]:
    """Multiply the scores of an input by a power of its strength, in place."""
    strength = np.asarray(moments, np.float64) ** (0.5 * exponent)
    score *= strength.astype(score.dtype)[:, None]
    return score


METHOD = PruneMethod(score_ria, reads="moments", released=score_ria_as_released)
RECONSTRUCT = replace(METHOD, reads="hessian", reconstruct=True)
