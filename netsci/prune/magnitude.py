"""Magnitude pruning: the smallest weights of a layer go.

    score = |w|

Source: Han et al. 2015; spec: after-training pruning.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.prune.method import PruneMethod


def score_magnitude(weight: NDArray[Any], moments: NDArray[Any] | None = None) -> NDArray[Any]:
    """Return |w| [pre, post]; moments are not read.

    Examples
    --------
    >>> score_magnitude(np.array([[1.0, -2.0]])).tolist()
    [[1.0, 2.0]]
    """
    return np.asarray(np.abs(weight))


METHOD = PruneMethod(score_magnitude)
