"""Draw the dormant cells that Deep R brings back, at +-NEWBORN, when too many are dormant.

Source: Bellec et al., ICLR 2018; Chen et al., IJCAI 2021 (released form).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NEWBORN = 1e-8  # |weight| of a cell that is reborn


def draw_reborn(
    dormant: NDArray[np.bool_], most: int, *, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Return the dormant cells in excess of `most`, drawn uniformly, ascending, and a random sign for each.

    dormant : bool [cells]. most : number of cells that may be dormant. Returns int64 and int8 (1 or -1), [k]
    with k = max(0, dormant - most).

    Examples
    --------
    >>> cells, signs = draw_reborn(np.array([True, False, True]), 0, rng=np.random.default_rng(7))
    >>> cells.tolist(), sorted(set(np.abs(signs).tolist()))
    ([0, 2], [1])
    """
    free = np.flatnonzero(dormant)
    excess = max(0, len(free) - max(0, most))
    if not excess:
        return np.zeros(0, np.int64), np.zeros(0, np.int8)
    cells = np.sort(free[rng.choice(len(free), excess, replace=False, shuffle=False)])
    return cells.astype(np.int64), (2 * rng.integers(0, 2, excess) - 1).astype(np.int8)


def draw_reborn_as_released(
    dormant: NDArray[np.bool_], sparsity: float, *, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return which cells the released code brings back: each dormant one with probability (c - s) / c.

    dormant : bool, any shape. sparsity : s. c is the dormant share; none comes back if it is at most s.

    Examples
    --------
    >>> draw_reborn_as_released(np.array([True, True]), 0.0, rng=np.random.default_rng(7)).tolist()
    [True, True]
    """
    share = float(np.mean(dormant)) if dormant.size else 0.0
    if share <= sparsity:
        return np.zeros(dormant.shape, bool)
    return dormant & (rng.random(dormant.shape) < (share - sparsity) / share)
