"""Which links of one layer stay."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import check_choice, check_flag, shorten
from netsci.prune.checks import NM, Kept, as_n_m, as_weight
from netsci.prune.method import PER, PruneMethod
from netsci.prune.method_table import METHODS
from netsci.prune.smallest import (
    count_of,
    find_released,
    find_smallest,
    find_smallest_of_groups,
    find_smallest_of_outputs,
)
from netsci.prune.statistics import as_statistics


def prune_mask(
    weight: Any,
    method: str,
    sparsity: float | None,
    *,
    inputs: Any = None,
    per: str | None = None,
    n_m: NM = None,
    compat: bool = False,
) -> Kept:
    """Return which links of a layer stay: of n links the floor(s n + 1e-9) with the smallest scores go.

    Of equal scores those with the smaller number of cell, pre * outputs + post, go first.

    Parameters
    ----------
    weight : array or tensor [pre, post], finite: torch's weight.T; of a convolution
        weight.reshape(len(weight), -1).T.
    method : "magnitude", "ri", "ria", "wanda", or a method of your own in `METHODS` that only chooses links.
    sparsity : share of links that go, s in [0, 1]; with n_m the share that follows from it, or None.
    inputs : `InputStatistics`, or inputs [sequences, tokens, pre] or [samples, pre]; RIA and Wanda need them.
    per : n is all links of the "layer", or those of each "output"; None: as published, Wanda by output.
    n_m : (kept, of): of each group of so many consecutive inputs of an output so many are kept, as (2, 4);
        per must be None then.
    compat : as the released codes: one more goes, and all of the same score, where per is "layer"; links of
        inputs or outputs without any weight stay.

    Returns
    -------
    bool [pre, post], True = kept

    Raises
    ------
    TypeError, ValueError
        If a value is not allowed, does not fit, is NaN, or inputs are missing.

    Examples
    --------
    >>> prune_mask([[1.0, -4.0], [3.0, 2.0]], "magnitude", 0.5).tolist()
    [[False, True], [True, False]]
    >>> prune_mask([[1.0], [-4.0]], "wanda", 0.5, inputs=[[8.0, 1.0]]).tolist()
    [[True], [False]]

    Source: Zhang et al. 2024 (RI, RIA), Sun et al. 2024 (Wanda).
    Reading: N of n_m is what is kept; the code of RIA removes N.
    """
    METHODS.check(method, "method")
    found = METHODS[method]
    if found.score is None or found.reconstruct:
        raise ValueError(
            f"method must only choose links; {method} changes weights: call sparsegpt() or prune()"
        )
    array = as_weight(weight)
    check_per(per, n_m)
    check_flag(compat, "compat")
    groups = as_n_m(n_m, sparsity, len(array))
    if inputs is not None or found.reads != "nothing":
        if inputs is None:
            raise ValueError(f"inputs must be given for {method}: inputs of the layer, or InputStatistics")
        inputs = as_statistics(inputs, len(array), hessian=False).moments
    return choose(array, found, sparsity, inputs, per=per or found.per, n_m=groups, compat=compat)


def check_per(per: Any, n_m: Any) -> None:
    """Raise ValueError unless per is allowed, and None where links are chosen in groups.

    Examples
    --------
    >>> check_per("layer", None)
    """
    check_choice(per, (None, *PER), "per")
    if per is not None and n_m is not None:
        raise ValueError(f"per must be None where n_m says in which groups links are chosen; got {per!r}")


def choose(
    weight: NDArray[Any],
    method: PruneMethod,
    sparsity: float | None,
    moments: NDArray[Any] | None,
    *,
    per: str,
    n_m: NM = None,
    compat: bool = False,
    absent: Kept | None = None,
) -> Kept:
    """Return which links stay, as `prune_mask`, of checked arguments; links that are absent go first.

    An output that has fewer links than it may keep, keeps these.
    """
    score: Any = method.released if compat and method.released else method.score
    try:
        with np.errstate(over="raise"):
            found = score(weight, moments)
    except FloatingPointError as error:
        raise ValueError(
            f"weight and inputs must be smaller: scores pass the largest {weight.dtype} ({error}); divide "
            "both by a power of two, or give them as float64"
        ) from error
    scores = _check_scores(found, weight, compat)
    if absent is not None:  # whatever the scores are; those of a user may be the weights themselves
        scores = np.where(absent, -np.inf, scores)
    if n_m is not None:
        return ~find_smallest_of_groups(scores, *n_m)
    share = float(sparsity or 0.0)
    if per == "output":
        count = int(share * len(scores)) if compat else count_of(share, len(scores))
        kept = ~find_smallest_of_outputs(scores, count)
    elif compat:
        kept = ~find_released(scores, share)
    else:
        kept = ~find_smallest(scores, count_of(share, scores.size))
    return kept if absent is None else kept & ~absent


def _check_scores(scores: Any, weight: NDArray[Any], compat: bool) -> NDArray[Any]:
    """Return the scores of a method, which may be one of a user; raise ValueError if they do not fit."""
    if getattr(scores, "shape", None) != weight.shape:
        raise ValueError(f"scores of a method must be [pre, post], {weight.shape}; got {shorten(scores)}")
    found = np.asarray(scores)
    if not compat:
        flat = found.ravel(order="K")
        if np.isnan(np.dot(flat, flat)):
            raise ValueError("scores of a method must be numbers; they hold NaN")
    return found
