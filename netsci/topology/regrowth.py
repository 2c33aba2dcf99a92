"""Draw the missing links of a layer that grow, by the regrowth score of a rule.

Random regrowth needs no dense array, and with delta = 0.5 a node-based Cannistraci-Hebb rule draws the links
of a large layer without scoring a cell (`netsci.graph.ch.draws`). With other scores, a layer of more than
AT_ONCE cells is scored in blocks of rows if the score allows it: Cannistraci-Hebb rules with delta below 1;
and one of more than ROWS_AT_ONCE cells by the scores in `ROW_BY_ROW`, of which only one block of rows is held
beside the links that may still grow.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.ch.draws import BY_TERMS, TERM_RULES, draw_by_terms
from netsci.graph.ch.links import sample_missing_links
from netsci.topology.cells import cells_of
from netsci.topology.choices import Regrows
from netsci.topology.sampling import gumbel_top_k
from netsci.topology.scores import REGROWTH, ROW_BY_ROW, ch_rule
from netsci.topology.streamed import best_of_rows
from netsci.topology.view import LayerView

AT_ONCE = 2**22  # largest number of cells of a layer that is scored as a whole, not in blocks of rows
ROWS_AT_ONCE = 2**20  # the same of a layer whose score is in `ROW_BY_ROW`
IN_BLOCK = 2**19  # cells of such a block, for scores in `ROW_BY_ROW`
_Cells = NDArray[np.int64]
_Floats = NDArray[np.float64]


def draw_missing(view: LayerView, count: int, rule: Regrows, rng: np.random.Generator) -> tuple[_Cells, int]:
    """Draw the cells (row * columns + column) of the new links. Return them, ascending, and how many score 0.

    Ties at the last place are broken uniformly at random.

    Parameters
    ----------
    view : the layer with its present links.
    count : number of new links, at most the number of missing ones.
    rule : gives the score and its delta, regrowth and delta_regrowth.
    rng : generator.

    Raises ValueError if the score has another shape than the layer, or is not finite at a missing link.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> from netsci.topology import EvolutionRule
    >>> from netsci.topology.view import ArrayView
    >>> view = ArrayView("a", sp.csr_array(np.array([[True, True, False], [True, False, False]])))
    >>> draw_missing(view, 1, EvolutionRule("random", "ra_l3", 1.0), np.random.default_rng(7))
    (array([4]), 0)
    """
    links, delta = view.links, rule.delta_regrowth
    cells, present = links.shape[0] * links.shape[1], cells_of(links)
    if rule.regrowth == "random" or delta == 0.0:
        # If all links have the same score, skip scoring: no dense array is needed.
        chosen = np.sort(rng.choice(cells - links.nnz, size=count, replace=False, shuffle=False))
        # The m-th missing cell comes after as many links as have at most m missing cells before them.
        return chosen + np.searchsorted(present - np.arange(len(present)), chosen, side="right"), 0
    known = ch_rule(rule.regrowth)
    if cells >= BY_TERMS and delta == 0.5 and known in TERM_RULES:
        return draw_by_terms(links, count, known, rng=rng)
    if cells > AT_ONCE and delta < 1.0 and known is not None:
        exponent = delta / (1.0 - delta)
        pairs, drawn = sample_missing_links(links, count, known, exponent=exponent, rng=rng)
        return pairs[:, 0] * links.shape[1] + pairs[:, 1], int(np.count_nonzero(drawn == 0))
    if cells > min(AT_ONCE, ROWS_AT_ONCE) and rule.regrowth in ROW_BY_ROW:
        if delta == 1.0:
            return best_of_rows(lambda: _score_rows(view, rule.regrowth), links, count, rng=rng)
        return best_of_blocks(_blocks(view, rule.regrowth), count, delta=delta, rng=rng)
    scores = _score(view, rule.regrowth)
    places = _missing(present, scores.size)
    chosen = places[gumbel_top_k(scores.ravel()[places], count, delta=delta, rng=rng)]
    return chosen, int(np.count_nonzero(scores.ravel()[chosen] == 0))


def best_of_blocks(
    blocks: Iterator[tuple[_Cells, _Floats]], k: int, *, delta: float, rng: np.random.Generator
) -> tuple[_Cells, int]:
    """Draw k cells from blocks of (cells, scores) as `gumbel_top_k` does, with one block in memory at a time.

    Each candidate gets the key T log(score) + Gumbel with T = delta / (1 - delta), or the score itself if
    delta = 1. The k largest keys are drawn. Equal keys are drawn in random order; scores of 0 come last.

    Returns the cells, ascending, and how many of them score 0. Raises ValueError if a score is negative or
    not finite.

    Examples
    --------
    >>> blocks = [(np.array([0, 2]), np.array([1.0, 5.0])), (np.array([5]), np.array([3.0]))]
    >>> best_of_blocks(iter(blocks), 2, delta=1.0, rng=np.random.default_rng(7))
    (array([2, 5]), 0)
    """
    cells, keys, ties = np.zeros(0, np.int64), np.zeros(0), np.zeros(0)
    zero = np.zeros(0, bool)
    for new, scores in blocks:
        if len(scores) and not (scores.min() >= 0 and scores.max() < np.inf):
            raise ValueError(
                "scores of missing links must be finite and at least 0: mend the function of the regrowth "
                "in REGROWTH"
            )
        found = _keys(scores, delta, rng)
        # A full pool lets in only what reaches its least key.
        enough = found >= keys.min() if len(cells) == k and k else np.full(len(found), k > 0)
        cells, keys = np.concatenate([cells, new[enough]]), np.concatenate([keys, found[enough]])
        ties = np.concatenate([ties, rng.random(int(enough.sum()))])
        zero = np.concatenate([zero, scores[enough] == 0])
        if len(cells) > k:
            best = np.lexsort((ties, keys))[len(cells) - k :]
            cells, keys, ties, zero = cells[best], keys[best], ties[best], zero[best]
    return np.sort(cells), int(np.count_nonzero(zero))


def _keys(scores: _Floats, delta: float, rng: np.random.Generator) -> _Floats:
    if delta == 1.0:
        return scores
    with np.errstate(divide="ignore"):  # a score of 0 has the key -inf
        return np.asarray(np.log(scores) * (delta / (1.0 - delta)) + rng.gumbel(size=len(scores)))


def _score_rows(view: LayerView, regrowth: str) -> Iterator[tuple[sp.csr_array, _Floats]]:
    """Yield the links of some rows at a time, and the scores of all their cells."""
    rows, columns = view.links.shape
    step, every = max(1, IN_BLOCK // columns), np.arange(columns)
    for first in range(0, rows, step):
        part = view.restrict(np.arange(first, min(first + step, rows)), every)
        yield part.links, _score(part, regrowth)


def _blocks(view: LayerView, regrowth: str) -> Iterator[tuple[_Cells, _Floats]]:
    """Yield the missing cells and their scores, some rows at a time."""
    first = 0
    for links, scores in _score_rows(view, regrowth):
        places = _missing(cells_of(links), scores.size)
        yield places + first, scores.ravel()[places].astype(np.float64, copy=False)
        first += scores.size


def _score(view: LayerView, regrowth: str) -> _Floats:
    scores: _Floats = np.asarray(REGROWTH[regrowth](view))
    if scores.shape != view.links.shape:
        raise ValueError(
            f"regrowth {regrowth!r} must return scores of shape {view.links.shape}, one a cell; got "
            f"{scores.shape}: mend the function of this name in REGROWTH"
        )
    return scores


def _missing(present: _Cells, cells: int) -> _Cells:
    missing = np.ones(cells, bool)
    missing[present] = False
    return np.flatnonzero(missing)
