"""Drawing missing links with odds of their node-based Cannistraci-Hebb score, without scoring a cell.

The score of a missing link (u, v) is a sum of terms that are not negative, T = A A^T, B = A^T A:

    ch2_l3n(u, v) = sum over z2 next to v of (1 + T[u, z2]) / (d(z2) - T[u, z2])
                  + sum over z1 next to u of (1 + B[z1, v]) / (d(z1) - B[z1, v])

(1 in place of 1 + T and 1 + B in ch3_l3n; a term counts where 0 < T < d). All d - T missing links between u
and the columns next to z2 have the term of (u, z2). So a term is drawn with odds 1 + T, and one of its
missing links with equal chances: each link then comes with odds of its score. Terms (z1, v) likewise.

Links drawn without replacement come in the order in which independent clocks of these rates first ring. So
each row and each column has a clock of the sum of its terms, which rings until enough different links have
come; the first k of them are drawn. How long that is decides about time only, never about the law.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log1p, sqrt
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.ch.inputs import Lists, Weights
from netsci.graph.checks import as_links, as_whole, check_choice, check_generator

_Floats = NDArray[np.float64]
_Cells = NDArray[np.int64]

BY_TERMS = 2**19  # cells of a layer from which on links are drawn by terms where a function may choose
TERM_RULES = {"ch2_l3n": 1.0, "ch3_l3n": 0.0}  # rate of a term with T shared neighbours: 1 + this T
_FOR_A_WORD = 0.03  # steps along a path that take as long as to compare 64 links of two nodes
_PILOTS = 48  # origins from which the rates of all are estimated
_NEW = 0.1  # least share of arrivals that must be new links: below it the streaming scores are faster


def draw_by_terms(
    biadjacency: Any, k: int, rule: str = "ch2_l3n", *, rng: np.random.Generator
) -> tuple[NDArray[np.int64], int]:
    """Draw k missing links without replacement, with odds of their node-based score, scoring no cell.

    p(next is i) = s_i / sum of s_j over the missing links j not drawn yet

    Links of score 0 are drawn only after all of positive score, with equal chances. If few of positive score
    are left, the rest is drawn from scores in blocks of rows (`sample_missing_links`). Else the memory is
    links + k + one row of co-degrees, and a bit for each cell where the layer is so dense that bits are
    compared.

    Parameters
    ----------
    biadjacency : [m, n], rows presynaptic; dense (a link where it is not 0) or sparse (stored pattern).
    k : number of links, from 0 to the number of missing links.
    rule : "ch2_l3n" or "ch3_l3n".
    rng : generator; the number of draws depends on the layer.

    Returns
    -------
    cells : int64 [k], row * n + column, ascending. filled : how many of them score 0.

    Raises
    ------
    TypeError, ValueError
        As `sample_missing_links`, and if the rule has no terms.

    Examples
    --------
    >>> layer = [[1, 1, 0], [0, 1, 1], [0, 0, 1]]
    >>> draw_by_terms(layer, 4, rng=np.random.default_rng(7))  # cell 6 scores 0
    (array([2, 3, 6, 7]), 1)

    Source: S1 eqs. A3, A5 (the score, and the choice with p = score / sum).
    """
    from netsci.graph.ch.streams import sample_rest

    check_generator(rng)
    check_choice(rule, tuple(TERM_RULES), "rule")
    links, k = as_links(biadjacency, "biadjacency"), as_whole(k, "k")
    missing = links.shape[0] * links.shape[1] - links.nnz
    if not 0 <= k <= missing:
        raise ValueError(f"k must lie in [0, {missing}], the number of missing links; got {k}")
    cells = _draw(_sides(links), k, missing, TERM_RULES[rule], rng)
    if len(cells) == k:
        return cells, 0
    rest, scores = sample_rest(links, k - len(cells), rule, rng=rng, taken=cells)
    return np.sort(np.concatenate([cells, rest])), int(np.count_nonzero(scores == 0))


def _draw(sides: list[_Side], k: int, missing: int, slope: float, rng: np.random.Generator) -> _Cells:
    """Return the first k cells, ascending; the first ones, but fewer, where later ones repeat too much."""
    cells, times = np.zeros(0, np.int64), np.zeros(0)
    rate = sum(side.estimate(slope, rng) for side in sides) if k else 0.0
    if rate == 0.0:
        return cells
    begin, end = 0.0, _arrivals(k, missing) / rate
    while True:
        new = [side.draw(slope, begin, end, rng) for side in sides]
        before, arrived = len(cells), sum(len(part) for part, _ in new)
        cells = np.concatenate([cells, *(part for part, _ in new)])
        cells, times = _first(cells, np.concatenate([times, *(part for _, part in new)]))
        if len(cells) >= k:
            break
        # Those that come later repeat more often than those so far.
        paying = ((len(cells) - before) / max(arrived, 1)) ** 2
        if paying < _NEW:
            return cells
        begin, end = end, end + (1.1 * (k - len(cells)) / paying + 16.0) / rate
    if len(cells) > k:
        cells = np.sort(cells[np.argpartition(times, k - 1)[:k]])
    return cells


def score_cells(links: sp.csr_array, cells: _Cells, rule: str) -> _Floats:
    """Return the node-based scores of some missing cells, row * columns + column, ascending.

    Examples
    --------
    >>> score_cells(sp.csr_array([[1, 1, 0], [0, 1, 1]]), np.array([2, 3]), "ch3_l3n").tolist()
    [2.0, 2.0]
    """
    from netsci.graph.ch._kernels import tabulate
    from netsci.graph.ch._terms import add_terms

    slope = TERM_RULES[rule]
    of_row, of_column = _lists(links), _lists(links.T.tocsr())
    rows, columns = np.divmod(cells, links.shape[1])
    scores, turned = np.zeros(len(cells)), np.zeros(len(cells))
    weights = [
        Weights(*tabulate(np.diff(side.start), lambda di, d: (1 + slope * di) / (d - di)))
        for side in (of_row, of_column)
    ]
    add_terms(rows, columns, of_row, of_column, weights[0], scores)
    order = np.argsort(columns, kind="stable")
    add_terms(columns[order], rows[order], of_column, of_row, weights[1], turned)
    scores[order] += turned
    return scores


@dataclass(frozen=True)
class _Side:
    """One of the two sums of the score, over all origins: the rows, or the columns."""

    near: Lists
    back: Lists
    bits: NDArray[np.uint64]
    paths: _Floats  # two steps from each origin
    totals: _Floats  # rate of each origin, -1 until known
    steps: tuple[int, int]

    def draw(
        self, slope: float, begin: float, end: float, rng: np.random.Generator, origins: _Cells | None = None
    ) -> tuple[_Cells, _Floats]:
        """Return the cells that arrive between two times, and when."""
        from netsci.graph.ch._terms import draw_arrivals

        if origins is None:
            origins = np.flatnonzero(self.paths)
        arrived: tuple[_Cells, _Floats] = draw_arrivals(
            origins, self.near, self.back, self.bits, slope, self.totals, begin, end, self.steps, rng
        )
        return arrived

    def estimate(self, slope: float, rng: np.random.Generator) -> float:
        """Return about the sum of all rates, from origins spread evenly over the paths."""
        total = np.cumsum(self.paths)
        if not len(total) or not total[-1]:
            return 0.0
        places = (np.arange(_PILOTS) + 0.5) * (total[-1] / _PILOTS)
        pilots = np.minimum(np.searchsorted(total, places), len(total) - 1)
        self.draw(slope, 0.0, 0.0, rng, np.unique(pilots))
        mean: float = np.mean(self.totals[pilots] / self.paths[pilots])
        return mean * float(total[-1])


def _sides(links: sp.csr_array) -> list[_Side]:
    of_row, of_column = _lists(links), _lists(links.T.tocsr())
    n = links.shape[1]
    return [_side(of_row, of_column, (n, 1)), _side(of_column, of_row, (1, n))]


def _side(near: Lists, back: Lists, steps: tuple[int, int]) -> _Side:
    from netsci.graph.ch._terms import set_bits

    origins, words = len(near.start) - 1, -(-(len(back.start) - 1) // 64)
    ends = np.concatenate([[0.0], np.cumsum(np.diff(back.start)[near.node], dtype=np.float64)])
    paths = np.diff(ends[near.start])
    bits = np.zeros((0, origins), np.uint64)
    if _FOR_A_WORD * words * origins * origins < paths.sum():
        bits = np.zeros((words, origins), np.uint64)
        set_bits(near, bits)
    return _Side(near, back, bits, paths, np.full(origins, -1.0), steps)


def _arrivals(k: int, missing: int) -> float:
    """Return how many arrivals bring k different links, and a few more, if all links are equally likely."""
    share = min(k / missing, 0.99)
    return -1.05 * missing * log1p(-share) + 4.0 * sqrt(k) + 8.0


def _first(cells: _Cells, times: _Floats) -> tuple[_Cells, _Floats]:
    """Return the different cells, ascending, with the first time of each."""
    order = np.argsort(cells)
    cells, times = cells[order], times[order]
    starts = np.flatnonzero(np.concatenate([[True], cells[1:] != cells[:-1]])) if len(cells) else order
    return cells[starts], np.minimum.reduceat(times, starts) if len(starts) else times


def _lists(links: sp.csr_array) -> Lists:
    return Lists(links.indptr.astype(np.int64), links.indices.astype(np.uint32))
