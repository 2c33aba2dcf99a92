"""SparseGPT: remove what costs least, column by column, and let later weights make up for it.

    H = 2 / sequences * sum x x^T + damping,   U^T U = H^-1, U upper
    score of a link w_j = w_j^2 / U_jj^2, chosen in blocks of 128 inputs with the weights as they are then
    e_j = (w_j - q_j) / U_jj, q_j = w_j or 0;   w_l <- w_l - e_j U_jl for every later input l

Inputs that are always 0 lose their weights. Updates are gathered: within a block in panels, and once for all
inputs after it; every product then is one of matrices. The reconstruction of RIA_rec and Wanda_rec is the
same sweep with links chosen before.

Source: Frantar and Alistarh 2023; S1 Table 4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import as_count, check_flag, check_number, shorten
from netsci.prune.checks import NM, Kept, as_kept, as_n_m, as_weight
from netsci.prune.factor import Factor
from netsci.prune.method import PruneMethod
from netsci.prune.smallest import count_of, find_released, find_smallest, find_smallest_of_groups
from netsci.prune.statistics import as_statistics

METHOD = PruneMethod(None, reads="hessian")
PANEL = 16  # inputs of a block after which the others of the block are updated
Pruned = tuple[NDArray[Any], Kept]  # weights, and which links stay
Choose = Callable[[NDArray[Any], slice], Kept]  # scores of these inputs -> which stay


def sparsegpt(
    weight: Any,
    statistics: Any,
    sparsity: float | None,
    *,
    kept: Any = None,
    block: int = 128,
    damping: float = 0.01,
    n_m: NM = None,
    compat: bool = False,
) -> Pruned:
    """Prune a layer by SparseGPT: return its weights, 0 where links went, and which links stay.

    Of each block of n links the floor(s n + 1e-9) with the smallest scores go, ties by number of cell.

    Parameters
    ----------
    weight : array or tensor [pre, post], finite, torch's weight.T.
    statistics : `InputStatistics`, or inputs [sequences, tokens, pre] or [samples, pre].
    sparsity : share of links that go, in [0, 1]; not read where kept is given; with n_m the share that
        follows from it, or None.
    kept : bool [pre, post], links that stay: no choice is made (RIA_rec, Wanda_rec).
    block : inputs whose links are chosen together.
    damping : share of the mean of diag H that is added to it; 0.1 where H has no factorisation then.
    n_m : (kept, of), as in `prune_mask`; chosen when the sweep reaches a group.
    compat : as released: in each block one more goes, and all of the same score.

    Returns
    -------
    weight [pre, post] of the weights' dtype (float32 or float64), kept bool [pre, post]. Weights of inputs
    that are always 0 are 0, also where the link stays.

    Raises
    ------
    TypeError, ValueError
        If a value is not allowed, does not fit or is NaN.

    Examples
    --------
    >>> x = np.array([[1.0, 1.0], [2.0, 2.0], [1.0, 2.0]])
    >>> weights, kept = sparsegpt([[1.0], [2.0]], x, 0.5, damping=0.0)
    >>> weights.round(3).tolist(), kept.tolist()
    ([[0.0], [2.778]], [[False], [True]])

    Source: Frantar and Alistarh 2023.
    """
    array = as_weight(weight)
    block = as_count(block, "block")
    check_number(damping, "damping")
    if not 0.0 <= damping < np.inf:
        raise ValueError(f"damping must be at least 0 and finite; got {damping!r}")
    check_flag(compat, "compat")
    links = None if kept is None else as_kept(kept, array.shape)
    groups = None if kept is not None else as_n_m(n_m, sparsity, len(array))
    if kept is not None and n_m is not None:
        raise ValueError(f"n_m must be None where kept says which links stay; got {shorten(n_m)}")
    if groups is not None and block % groups[1]:
        raise ValueError(f"block must be a multiple of {groups[1]}, the inputs of a group; got {block}")
    found = as_statistics(statistics, len(array), hessian=True, name="statistics")
    factor = found.factor(damping, array.dtype)
    return sweep(array, factor, sparsity, links, block=block, n_m=groups, compat=compat)


def sweep(
    weight: NDArray[Any],
    factor: Factor,
    sparsity: float | None,
    kept: Kept | None,
    *,
    block: int = 128,
    n_m: NM = None,
    compat: bool = False,
    absent: Kept | None = None,
) -> Pruned:
    """Return weights and links as `sparsegpt`, of checked arguments; links that are absent go first."""
    upper = factor.upper
    work = np.array(weight, upper.dtype, order="C")  # a row an input: what the released code calls a column
    work[factor.dead] = 0.0
    links = np.empty(work.shape, bool) if kept is None else kept
    share = float(sparsity or 0.0)

    def choose(scores: NDArray[Any], rows: slice) -> Kept:
        if absent is not None:
            scores[absent[rows]] = -1.0
        if n_m is not None:
            return ~find_smallest_of_groups(scores, *n_m)
        if compat:
            return ~find_released(scores, share)
        kept = ~find_smallest(scores, count_of(share, scores.size))
        return kept if absent is None else kept & ~absent[rows]

    for first in range(0, len(work), block):
        rows = slice(first, min(first + block, len(work)))
        own = upper[rows, rows]
        if kept is None and n_m is None:
            links[rows] = choose(_score(work[rows], own), rows)
        choice = choose if kept is None and n_m is not None else None
        errors = _sweep_block(work, links, own, rows, choice, n_m[1] if n_m else PANEL)
        if rows.stop < len(work):
            _subtract(work[rows.stop :], upper[rows, rows.stop :], errors)
    np.copyto(work, 0.0, where=~links)
    return work.astype(weight.dtype, copy=False), links


def _score(weight: NDArray[Any], upper: NDArray[Any]) -> NDArray[Any]:
    """Return w^2 / U_jj^2 of some inputs."""
    scores: NDArray[Any] = weight / np.diagonal(upper)[:, None]
    scores *= scores
    return scores


def _sweep_block(
    work: NDArray[Any],
    links: Kept,
    upper: NDArray[Any],
    rows: slice,
    choose: Choose | None,
    panel: int,
) -> NDArray[Any]:
    """Update the weights within a block, in place; return the errors e [inputs of the block, post]."""
    weight, kept = work[rows], links[rows]
    errors = np.empty_like(weight)
    for first in range(0, len(weight), panel):
        last = min(first + panel, len(weight))
        if first:
            weight[first:last] -= upper[:first, first:last].T @ errors[:first]
        if choose is not None:
            there = slice(rows.start + first, rows.start + last)
            kept[first:last] = choose(_score(weight[first:last], upper[first:last, first:last]), there)
        gone = ~kept[first:last]
        for j in range(first, last):
            np.multiply(weight[j], gone[j - first], out=errors[j])
            errors[j] /= upper[j, j]
            if j + 1 < last:
                weight[j + 1 : last] -= upper[j, j + 1 : last, None] * errors[j]
    return errors


def _subtract(later: NDArray[Any], upper: NDArray[Any], errors: NDArray[Any]) -> None:
    """Update all later inputs at once: w <- w - U^T e, in place."""
    from scipy.linalg import get_blas_funcs

    gemm = get_blas_funcs("gemm", (later,))
    # later.T and errors.T are in Fortran order, so that BLAS adds in place.
    made = gemm(-1.0, errors.T, upper, beta=1.0, c=later.T, overwrite_c=1)
    if not np.shares_memory(made, later):  # pragma: no cover - a copy where BLAS could not work in place
        later[:] = made.T
