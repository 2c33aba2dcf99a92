"""Angles on the circle, one branch for all."""

import numpy as np
from numpy.typing import NDArray


def one_turn(theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return angles in radians modulo 2 pi, always below it.

    Examples
    --------
    >>> one_turn(np.array([-1e-20, 7.0])).round(3).tolist()
    [0.0, 0.717]
    """
    angle = np.mod(theta, 2 * np.pi)
    angle[angle >= 2 * np.pi] = 0.0  # the remainder of a tiny negative angle rounds up to 2 pi
    return np.asarray(angle)
