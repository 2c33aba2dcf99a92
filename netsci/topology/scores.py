"""Scores that decide which links go and which come: two dictionaries of functions.

`REMOVAL[name](weights)` takes a CSR matrix of weights [rows, columns] and returns the strength of every
stored link, float64 in the order of `weights.data`: the weakest go first. `REGROWTH[name](links)` takes a CSR
matrix of links and returns the score of every missing one, float64 [rows, columns]: the highest come first,
values at existing links are ignored. A function put into either dictionary is at once a rule for `evolve`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

RemovalScore = Callable[[sp.csr_array], NDArray[np.float64]]
RegrowthScore = Callable[[sp.csr_array], NDArray[np.float64]]


def magnitude(weights: sp.csr_array) -> NDArray[np.float64]:
    """Return |w| of every stored link, float64 [links].

    Examples
    --------
    >>> magnitude(sp.csr_array([[-2.0, 0.0], [0.0, 1.0]])).tolist()
    [2.0, 1.0]
    """
    return np.abs(np.asarray(weights.data, np.float64))


def relative_importance(
    weights: sp.csr_array, *, epsilon: float = 0.0, per_entry: bool = False
) -> NDArray[np.float64]:
    """Return the shares that a link has in all weight of its row and of its column, added up.

    |w_ij| / sum over j of |w_ij| + |w_ij| / sum over i of |w_ij|

    float64 [links] in [0, 2]; 0 for a zero weight, also where a whole row or column is zero. `epsilon` at
    least 0 is added to either sum or, with `per_entry`, to each of the entries, missing ones included.

    Examples
    --------
    >>> relative_importance(sp.csr_array([[3.0, 1.0], [0.0, 1.0]])).tolist()
    [1.75, 0.75, 1.5]

    Source: S0 section 3.2.3 names it; the CHT laboratory's code uses 1e-5, outside or inside the sum.
    """
    if not 0.0 <= epsilon < np.inf:
        raise ValueError(f"epsilon must be finite and at least 0; got {epsilon!r}")
    rows, columns = weights.shape
    return _shares(weights, epsilon * (columns if per_entry else 1), epsilon * (rows if per_entry else 1))


def link_removal_score(weights: sp.csr_array) -> NDArray[np.float64]:
    """Return the hybrid of relative importance and magnitude, |w| / (1 + row sum) + |w| / (1 + column sum).

    float64 [links] in [0, 2); sums are of |w| over the links of the row or column.

    Examples
    --------
    >>> link_removal_score(sp.csr_array([[3.0, 0.0], [1.0, 1.0]])).round(3).tolist()
    [1.35, 0.533, 0.833]

    Source: S0 eq. 4.
    """
    return _shares(weights, 1.0, 1.0)


def equal(weights: sp.csr_array) -> NDArray[np.float64]:
    """Return 1 for every stored link, float64 [links]: no link is stronger than another.

    Examples
    --------
    >>> equal(sp.csr_array([[3.0, 0.0], [1.0, 1.0]])).tolist()
    [1.0, 1.0, 1.0]
    """
    return np.ones(weights.nnz)


def equal_missing(links: sp.csr_array) -> NDArray[np.float64]:
    """Return 1 for every missing link and NaN at existing ones, float64 [rows, columns].

    Examples
    --------
    >>> equal_missing(sp.csr_array([[True, False]])).tolist()
    [[nan, 1.0]]
    """
    scores = np.ones(links.shape)
    scores[np.repeat(np.arange(links.shape[0]), np.diff(links.indptr)), links.indices] = np.nan
    return scores


def _cannistraci_hebb(links: sp.csr_array, *, rule: str) -> NDArray[np.float64]:
    from netsci.graph.ch.scores import ch_scores  # compiles kernels: only where used

    scores: NDArray[np.float64] = ch_scores(links, rule)
    return scores


def ch_rule(name: str) -> str | None:
    """Return the Cannistraci-Hebb rule behind a regrowth score, None if it is another function.

    Examples
    --------
    >>> ch_rule("ch3_l3"), ch_rule("random")
    ('ch3_l3', None)
    """
    score = REGROWTH[name]
    if isinstance(score, partial) and score.func is _cannistraci_hebb:
        return str(score.keywords["rule"])
    return None


def _shares(weights: sp.csr_array, more_row: float, more_column: float) -> NDArray[np.float64]:
    strength = magnitude(weights)
    row = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    row_sum = np.bincount(row, weights=strength, minlength=weights.shape[0]) + more_row
    column_sum = np.bincount(weights.indices, weights=strength, minlength=weights.shape[1]) + more_column
    score = np.zeros(len(strength))
    positive = strength > 0  # a zero weight has no share, not even of an empty sum
    for total in (row_sum[row], column_sum[weights.indices]):
        score[positive] += strength[positive] / total[positive]
    return score


REMOVAL: dict[str, RemovalScore] = {
    "magnitude": magnitude,
    "ri": relative_importance,
    "lrs": link_removal_score,
    "random": equal,
}

REGROWTH: dict[str, RegrowthScore] = {
    "random": equal_missing,
    "ra_l3": partial(_cannistraci_hebb, rule="ra_l3"),
    "ch1_l3": partial(_cannistraci_hebb, rule="ch1_l3"),
    "ch2_l3": partial(_cannistraci_hebb, rule="ch2_l3"),
    "ch3_l3": partial(_cannistraci_hebb, rule="ch3_l3"),
    "ch2_l3n": partial(_cannistraci_hebb, rule="ch2_l3n"),
    "ch3_l3n": partial(_cannistraci_hebb, rule="ch3_l3n"),
}
