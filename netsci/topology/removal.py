"""Choose the links of a layer that a step keeps: first decay to the target, then the exchange.

Of n links and a target n_t < n, the n - n_t weakest go first, and chance has no part in it. Of the links that
are left the rule removes the share zeta, which regrowth gives back: so zeta n_t links are exchanged however
steep the decay is.

Source: S1 appendix B (CHTss; S_t is a target, not a removal rate).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netsci.graph.percolation import select_links
from netsci.topology.cells import cells_of
from netsci.topology.choices import Removes
from netsci.topology.sampling import gumbel_top_k
from netsci.topology.scores import REMOVAL
from netsci.topology.view import LayerView, ThinnedView

_Flags = NDArray[np.bool_]


def keep_links(view: LayerView, rule: Removes, zeta: float, target: int, rng: np.random.Generator) -> _Flags:
    """Return, for each link, whether the step keeps it; bool [links] in CSR order.

    zeta : share of min(links, target) that is removed after the decay, rounded to whole links (half to even).

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> from netsci.topology import EvolutionRule
    >>> from netsci.topology.view import ArrayView
    >>> weights = sp.csr_array(np.arange(1.0, 9.0).reshape(2, 4))
    >>> view = ArrayView("a", weights.astype(bool), weights)
    >>> keep_links(view, EvolutionRule(delta=1.0), 0.2, 5, np.random.default_rng(7)).astype(int).tolist()
    [0, 0, 0, 0, 1, 1, 1, 1]
    """
    n_links = int(view.links.nnz)
    if target >= n_links:
        return _exchange(view, rule, zeta, rng)
    kept = _decay(view, rule, n_links - target, rng)
    kept[kept] = _exchange(ThinnedView(view, select_links(view.links, kept)), rule, zeta, rng)
    return kept


def _decay(view: LayerView, rule: Removes, count: int, rng: np.random.Generator) -> _Flags:
    """Return what is left without the `count` weakest links.

    Many links may tie, as new ones that weigh 0. In the order of rows the first rows would lose all of them,
    so these go in the order of a fixed shuffle of the cells.
    """
    # Links without weights have no relative importance.
    name = rule.removal if rule.decay == "removal" or view.weights is None else rule.decay
    if name == "random":
        kept = np.ones(view.links.nnz, bool)
        kept[rng.choice(view.links.nnz, size=count, replace=False, shuffle=False)] = False
        return kept
    strength = strength_of(view, name)
    kept = np.ones(len(strength), bool)
    if count:
        last = np.partition(strength, count - 1)[count - 1]
        kept[strength < last] = False
        ties = np.flatnonzero(strength == last)
        more = count - int(np.count_nonzero(~kept))
        shuffled = cells_of(view.links)[ties].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)  # wraps
        kept[ties[np.argsort(shuffled, kind="stable")[:more]]] = False
    return kept


def _exchange(view: LayerView, rule: Removes, zeta: float, rng: np.random.Generator) -> _Flags:
    """Return the links that are left after the share zeta is removed by the rule."""
    n_links = int(view.links.nnz)
    n_removed = round(zeta * n_links)
    strength = strength_of(view, rule.removal)
    if rule.as_printed:
        keep = np.ones(n_links, bool)
        keep[gumbel_top_k(strength, n_removed, delta=rule.delta_removal, rng=rng)] = False
        return keep
    keep = np.zeros(n_links, bool)
    keep[gumbel_top_k(strength, n_links - n_removed, delta=rule.delta_removal, rng=rng)] = True
    return keep


def strength_of(view: LayerView, removal: str) -> NDArray[np.float64]:
    """Return the score of every link, after a check of its shape."""
    strength = np.asarray(REMOVAL[removal](view))
    if strength.shape != (view.links.nnz,):
        raise ValueError(
            f"removal {removal!r} must return one strength for each of {view.links.nnz} links; got the shape "
            f"{strength.shape}"
        )
    return strength
