"""Choosing missing links by Cannistraci-Hebb score on layers whose scores would not fit into memory.

The scores pass by in blocks of rows. Of all cells so far only those that may still be chosen are held, and
the key of the worst is what a later cell must exceed: a block costs little more than a comparison a cell.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.ch.draws import BY_TERMS, TERM_RULES, draw_by_terms, score_cells
from netsci.graph.ch.scores import CH_RULES
from netsci.graph.ch.streams import Best, flat_blocks, sample_rest
from netsci.graph.checks import as_links, as_whole, check_choice, check_generator, check_number

_Floats = NDArray[np.float64]
_Cells = NDArray[np.int64]

_STEEPEST = 1e100  # exponent times log(score) stays finite


def best_missing_links(
    biadjacency: Any, k: int, rule: str = "ch3_l3", *, block_rows: int = 256, threads: int | None = 1
) -> tuple[_Cells, _Floats]:
    """Return the k missing links of a bipartite layer with the highest Cannistraci-Hebb scores.

    Links are sorted by decreasing score, links of equal score by row and then by column. Scores that are
    equal in theory may differ in the last digit, which then sets the order.

    Parameters
    ----------
    biadjacency : [m, n], rows presynaptic; dense (a link where it is not 0) or sparse (stored pattern).
    k : number of links, from 0 to the number of missing links.
    rule : one of `CH_RULES`.
    block_rows : rows in a block. threads : blocks scored at once (None: one for each core). The result does
        not depend on them; memory is links + k + (threads + 1) block_rows n.

    Returns
    -------
    links : int64 [k, 2], (row, column). scores : float64 [k], falling, at least 0.

    Raises
    ------
    TypeError, ValueError
        As `ch_scores`, and if k or block_rows is not a whole number in its range.

    Examples
    --------
    >>> links, scores = best_missing_links([[1, 1, 0], [0, 1, 1]], 2)
    >>> links.tolist(), scores.tolist()
    ([[0, 2], [1, 0]], [1.0, 1.0])

    Source: S0 eq. 5, S1 eqs. A3, A4 (the scores); S0 section 3.2 at delta = 1 (the choice).
    """
    links, k = _layer_and_k(biadjacency, k)
    best = Best(k)
    for first, flat in flat_blocks(links, rule, block_rows, threads):
        places = np.flatnonzero(flat > best.least)  # never at an existing link, which is NaN
        best.add(first, places, flat, flat[places])
    cells, scores = best.collect()
    order = np.lexsort((cells, -scores))
    return _as_pairs(cells[order], links), scores[order]


def sample_missing_links(
    biadjacency: Any,
    k: int,
    rule: str = "ch3_l3",
    *,
    exponent: float = 1.0,
    block_rows: int = 256,
    threads: int | None = 1,
    rng: np.random.Generator,
) -> tuple[_Cells, _Floats]:
    """Draw k missing links of a bipartite layer without replacement, with odds score^exponent.

    p(next is i) = s_i^exponent / sum of s_j^exponent over the missing links j not drawn yet

    The k largest keys exponent * log(score) + Gumbel variable have this law. Links of score 0
    are drawn only after all links of positive score, with equal chances. With exponent 0 all links have equal
    chances. With exponent 1 and a node-based rule, links of a large layer are drawn by the terms of their
    scores (`netsci.graph.ch.draws.draw_by_terms`), and no cell is scored.

    Parameters
    ----------
    biadjacency : [m, n], rows presynaptic; dense (a link where it is not 0) or sparse (stored pattern).
    k : number of links, from 0 to the number of missing links.
    rule : one of `CH_RULES`.
    exponent : in [0, 1e100]; delta / (1 - delta) in the terms of `topology.gumbel_top_k`.
    block_rows, threads : as in `best_missing_links`; the links do not depend on them.
    rng : generator; the number of draws depends on the scores.

    Returns
    -------
    links : int64 [k, 2], different cells (row, column) by row and column. scores : float64 [k], at least 0.

    Raises
    ------
    TypeError, ValueError
        As `best_missing_links`, and if exponent is out of range or rng no Generator.

    Examples
    --------
    >>> layer, rng = [[1, 1, 0], [0, 1, 1], [0, 0, 1]], np.random.default_rng(7)
    >>> links, scores = sample_missing_links(layer, 3, rng=rng)  # (2, 0) scores 0
    >>> links.tolist()
    [[0, 2], [1, 0], [2, 1]]

    Source: S0 eqs. 20-24; S1 eq. A5.
    Reading: S0 eq. 23 raises the terms of a path score; here the exponent is on the whole score.
    """
    check_generator(rng)
    check_number(exponent, "exponent")
    if not 0 <= exponent <= _STEEPEST:
        raise ValueError(
            f"exponent must lie in [0, {_STEEPEST:g}]; got {exponent!r}: to take the best links call "
            "best_missing_links"
        )
    links, k = _layer_and_k(biadjacency, k)
    check_choice(rule, CH_RULES, "rule")
    if exponent == 1.0 and rule in TERM_RULES and links.shape[0] * links.shape[1] >= BY_TERMS:
        cells, _ = draw_by_terms(links, k, rule, rng=rng)
        return _as_pairs(cells, links), score_cells(links, cells, rule)
    cells, scores = sample_rest(
        links, k, rule, exponent=exponent, block_rows=block_rows, threads=threads, rng=rng
    )
    return _as_pairs(cells, links), scores


def _layer_and_k(biadjacency: Any, k: Any) -> tuple[sp.csr_array, int]:
    links = as_links(biadjacency, "biadjacency")
    missing, k = links.shape[0] * links.shape[1] - links.nnz, as_whole(k, "k")
    if not 0 <= k <= missing:
        raise ValueError(f"k must lie in [0, {missing}], the number of missing links; got {k}")
    return links, k


def _as_pairs(cells: _Cells, links: sp.csr_array) -> _Cells:
    return np.stack(np.divmod(cells, max(links.shape[1], 1)), axis=1)
