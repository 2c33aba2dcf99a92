"""Scores that decide which links to remove and which to regrow: two dictionaries of functions.

    REMOVAL[name](view) -> float64 [links]            strength of every link, in CSR order: remove the weakest
    REGROWTH[name](view) -> float64 [rows, columns]   score of every missing link: regrow the highest

`view` is a `netsci.topology.LayerView` with links, weights and, in training, gradient and activity. Regrowth
sees the layer after removal and percolation, and only its live rows and columns. Scores at existing links are
ignored. Add a function to one of the dictionaries and `evolve` and recipes can use its name:

    REGROWTH["mine"] = lambda view: view.activity()[:, None] * np.ones(view.links.shape[1])

Two optional entries save time and memory. NEEDS["mine"] = ("activity",) says what the score reads besides
links and weights; without it training keeps everything. With
ROW_BY_ROW.add("mine") a large layer is scored in blocks of rows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import check_flag
from netsci.graph.checks import check_number
from netsci.indices import check_stored
from netsci.topology.order import gradient_at_links
from netsci.topology.unfolding import channel, lattice
from netsci.topology.view import LayerView

MEST_SHARE = 0.01  # of |gradient| in the importance of a link, beside |w|
Score = Callable[[LayerView], NDArray[np.float64]]


def magnitude(weights: sp.csr_array) -> NDArray[np.float64]:
    """Return |w| of every stored link, float64 [links] in CSR order; links of small |w| are removed first.

    weights : CSR [rows, columns]; every stored entry is a link.

    Examples
    --------
    >>> magnitude(sp.csr_array([[-2.0, 0.0], [0.0, 1.0]])).tolist()
    [2.0, 1.0]
    """
    _check_weights(weights)
    return _strength(weights)


def relative_importance(
    weights: sp.csr_array, *, epsilon: float = 0.0, per_entry: bool = False
) -> NDArray[np.float64]:
    """Return the share of a link in the weights of its row plus its share in those of its column.

    |w_ij| / sum over j of |w_ij| + |w_ij| / sum over i of |w_ij|

    float64 [links] in [0, 2], in CSR order; 0 for a weight of 0, also if a whole row or column is 0. Links of
    a low score are removed first.

    weights : CSR [rows, columns]; every stored entry is a link. epsilon : at least 0, is added to each sum
    or, with per_entry=True, to each entry of the matrix, missing ones included.

    Examples
    --------
    >>> relative_importance(sp.csr_array([[3.0, 1.0], [0.0, 1.0]])).tolist()
    [1.75, 0.75, 1.5]

    Source: S0 section 3.2.3 names it; the code of the CHT laboratory uses epsilon = 1e-5, outside or inside
    the sum.
    """
    check_number(epsilon, "epsilon")
    if not 0.0 <= epsilon < np.inf:
        raise ValueError(f"epsilon must be finite and at least 0, such as 1e-5; got {epsilon!r}")
    check_flag(per_entry, "per_entry")
    _check_weights(weights)
    rows, columns = weights.shape
    return _shares(weights, epsilon * (columns if per_entry else 1), epsilon * (rows if per_entry else 1))


def link_removal_score(weights: sp.csr_array) -> NDArray[np.float64]:
    """Return |w| / (1 + row sum) + |w| / (1 + column sum); links of a low score are removed first.

    float64 [links] in [0, 2), in CSR order; sums are of |w| over the links of the row or column. It is
    near `relative_importance` where the sums are large, and near 2 |w| where they are small.

    weights : CSR [rows, columns]; every stored entry is a link.

    Examples
    --------
    >>> link_removal_score(sp.csr_array([[3.0, 0.0], [1.0, 1.0]])).round(3).tolist()
    [1.35, 0.533, 0.833]

    Source: S0 eq. 4.
    """
    _check_weights(weights)
    return _shares(weights, 1.0, 1.0)


def equal(view: LayerView) -> NDArray[np.float64]:
    """Return 1 for every link, float64 [links], so that removal is random.

    Examples
    --------
    >>> from netsci.topology.view import ArrayView
    >>> equal(ArrayView("a", sp.csr_array([[True, False], [True, True]]))).tolist()
    [1.0, 1.0, 1.0]
    """
    return np.ones(view.links.nnz)


def equal_missing(view: LayerView) -> NDArray[np.float64]:
    """Return 1 for every missing link and NaN at existing ones, float64 [rows, columns].

    Examples
    --------
    >>> from netsci.topology.view import ArrayView
    >>> equal_missing(ArrayView("a", sp.csr_array([[True, False]]))).tolist()
    [[nan, 1.0]]
    """
    links = view.links
    scores = np.ones(links.shape)
    scores[np.repeat(np.arange(links.shape[0]), np.diff(links.indptr)), links.indices] = np.nan
    return scores


def gradient_magnitude(view: LayerView) -> NDArray[np.float64]:
    """Return |gradient of the loss| at every cell, missing links included, [rows, columns].

    It has the precision of the gradient, float32 or float64. Raises ValueError if the layer has no gradient.

    Source: RigL (Evci et al., ICML 2020): the links grow that would lower the loss fastest.
    """
    scores: NDArray[np.float64] = np.abs(view.gradient())
    return scores


def magnitude_and_gradient(view: LayerView) -> NDArray[np.float64]:
    """Return |w| + 0.01 |gradient of the loss| of every link, float64 [links] in CSR order.

    Raises ValueError if the layer has no weights or no gradient.

    Source: MEST (Yuan et al., NeurIPS 2021), whose links of least importance go first.
    """
    return of_weights(magnitude)(view) + MEST_SHARE * np.abs(gradient_at_links(view))


def of_weights(weights_score: Callable[[sp.csr_array], NDArray[np.float64]]) -> Score:
    """Make a removal score from a function of the weights alone.

    Examples
    --------
    >>> from netsci.topology.view import ArrayView
    >>> weights = sp.csr_array([[-2.0, 0.0], [0.0, 1.0]])
    >>> of_weights(magnitude)(ArrayView("a", weights.astype(bool), weights)).tolist()
    [2.0, 1.0]
    """

    def score(view: LayerView) -> NDArray[np.float64]:
        if view.weights is None:
            raise ValueError(
                f"removal needs weights, and layer {view.name!r} has none: give the graph weights, set its "
                "entry of evolvable to False, or take removal 'random'"
            )
        return weights_score(view.weights)

    return score


def _cannistraci_hebb(view: LayerView, *, rule: str) -> NDArray[np.float64]:
    from netsci.graph.ch.scores import ch_scores  # compiles kernels: only where used

    scores: NDArray[np.float64] = ch_scores(view.links, rule)
    return scores


def needs_of(*names: str) -> frozenset[str]:
    """Return what the scores of these names read besides links and weights: "gradient", "activity".

    Examples
    --------
    >>> sorted(needs_of("lrs", "ch3_l3")), sorted(needs_of("magnitude", "gradient"))
    ([], ['gradient'])
    """
    return frozenset().union(*(NEEDS.get(name, ("gradient", "activity")) for name in names))


def ch_rule(name: str) -> str | None:
    """Return the Cannistraci-Hebb rule of a regrowth score; None if it is another function.

    Examples
    --------
    >>> ch_rule("ch3_l3"), ch_rule("random")
    ('ch3_l3', None)
    """
    score = REGROWTH[name]
    if isinstance(score, partial) and score.func is _cannistraci_hebb:
        return str(score.keywords["rule"])
    return None


def _check_weights(weights: Any) -> None:
    """Raise unless weights is a CSR matrix of real numbers, which compiled code may follow."""
    if not sp.issparse(weights) or weights.format != "csr":
        raise TypeError(
            f"weights must be a scipy CSR matrix, sp.csr_array(weights); got {type(weights).__name__}"
        )
    if weights.dtype.kind not in "biuf":
        raise TypeError(f"weights must be real numbers; their dtype is {weights.dtype}")
    check_stored(weights, "weights")


def _strength(weights: sp.csr_array) -> NDArray[np.float64]:
    return np.abs(np.asarray(weights.data, np.float64))


def _shares(weights: sp.csr_array, more_row: float, more_column: float) -> NDArray[np.float64]:
    strength = _strength(weights)
    row = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    row_sum = np.bincount(row, weights=strength, minlength=weights.shape[0]) + more_row
    column_sum = np.bincount(weights.indices, weights=strength, minlength=weights.shape[1]) + more_column
    score = np.zeros(len(strength))
    positive = strength > 0  # a zero weight has no share, not even of an empty sum
    for total in (row_sum[row], column_sum[weights.indices]):
        score[positive] += strength[positive] / total[positive]
    return score


REMOVAL: dict[str, Score] = {
    "magnitude": of_weights(magnitude),
    "ri": of_weights(relative_importance),
    "lrs": of_weights(link_removal_score),
    "mest": magnitude_and_gradient,
    "random": equal,
}

REGROWTH: dict[str, Score] = {
    "random": equal_missing,
    "gradient": gradient_magnitude,
    "ra_l3": partial(_cannistraci_hebb, rule="ra_l3"),
    "ch1_l3": partial(_cannistraci_hebb, rule="ch1_l3"),
    "ch2_l3": partial(_cannistraci_hebb, rule="ch2_l3"),
    "ch3_l3": partial(_cannistraci_hebb, rule="ch3_l3"),
    "ch2_l3n": partial(_cannistraci_hebb, rule="ch2_l3n"),
    "ch3_l3n": partial(_cannistraci_hebb, rule="ch3_l3n"),
    "ch3_l3n_lattice": lattice,
    "ch3_l3n_channel": channel,
}

# What a score reads besides links and weights. A score without an entry may read everything: the training
# loop then keeps gradient and activity for the batch before the evolution.
NEEDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys((*REMOVAL, *REGROWTH), ()),
    "gradient": ("gradient",),
    "mest": ("gradient",),
}

# Regrowth scores whose rows depend on that row alone: a large layer may be scored in blocks of rows.
ROW_BY_ROW: set[str] = {"random", "gradient"}
