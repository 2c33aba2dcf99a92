"""Find the missing links of the highest scores, while the scores pass by in blocks of rows.

Of all cells so far those are held whose score may still be among the k highest, and the k-th highest is what
a later cell must reach. Beside these there is one block of rows. Zeros are not held: they are what is neither
a link nor held. Ties are broken at random, and then the links and the random numbers drawn are those of
`gumbel_top_k` with delta = 1; or the lowest cells of them are taken (`netsci.topology.order`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.topology.cells import cells_of
from netsci.topology.sampling import draw_uniform

_Cells = NDArray[np.int64]
_Floats = NDArray[np.float64]
Blocks = Callable[[], Iterator[tuple[sp.csr_array, NDArray[np.floating]]]]


def best_of_rows(
    blocks: Blocks, links: sp.csr_array, k: int, *, rng: np.random.Generator | None
) -> tuple[_Cells, int]:
    """Return the k missing cells of the highest scores, ascending, and how many of them score 0.

    blocks : returns, at each call, an iterator over (links, scores) of some rows after the other. links : of
    all rows. k : at most the number of missing links. rng : breaks ties at the last place uniformly at
    random; None: the lowest cells (row * columns + column) of them are taken.

    Raises ValueError if a score is negative or not finite.

    Examples
    --------
    >>> links = sp.csr_array(np.array([[True, False], [False, False]]))
    >>> blocks = lambda: iter([(links, np.array([[9.0, 1.0], [0.0, 2.0]]))])
    >>> best_of_rows(blocks, links, 2, rng=np.random.default_rng(7))
    (array([1, 3]), 0)
    """
    if not k:
        return np.zeros(0, np.int64), 0
    low, cells, values = _pick(blocks(), links.shape[1], k)
    if low == 0.0 and len(cells) <= k:
        return _fill(cells, links, k, rng)
    if len(cells) < k:
        ties = _draw_ties(blocks, low, k - len(cells), rng)
        return np.sort(np.concatenate([cells, ties])), 0
    last = _last(values, k)
    above, ties = np.flatnonzero(values > last), np.flatnonzero(values == last)
    ties = ties[_draw(len(ties), k - len(above), rng)]
    return np.sort(cells[np.concatenate([above, ties])]), 0


def _pick(
    blocks: Iterator[tuple[sp.csr_array, NDArray[np.floating]]], columns: int, k: int
) -> tuple[float, _Cells, _Floats]:
    """Return a bound, the cells above it and their scores: k or more, or fewer and then all above it.

    With k or more the cells that tie with the k-th highest are all among them.
    """
    from netsci.topology._streamed import pick_missing

    cells, values = np.empty(3 * k + columns, np.int64), np.empty(3 * k + columns)
    low, strict, found, first = 0.0, True, 0, 0
    for links, scores in blocks:
        row = 0
        while row < len(scores):
            place = (row, cells, values, found)
            row, found = pick_missing(scores, links.indptr, links.indices, low, strict, first, *place)
            if row < 0:
                raise ValueError(
                    "scores of missing links must be finite and at least 0: mend the function of the "
                    "regrowth in REGROWTH"
                )
            if found > 2 * k:
                low, strict = _last(values[:found], k), False
                held = values[:found] >= low
                if np.count_nonzero(held) > 2 * k:  # too many ties to hold
                    strict, held = True, values[:found] > low
                left = int(np.count_nonzero(held))
                cells[:left], values[:left] = cells[:found][held], values[:found][held]
                found = left
        first += scores.size
        del scores  # else two blocks are held while the next one is made
    return low, cells[:found], values[:found]


def _draw_ties(blocks: Blocks, low: float, k: int, rng: np.random.Generator | None) -> _Cells:
    """Take k of the missing cells whose score is exactly `low`, from the scores made anew."""
    before = np.cumsum([0, *(len(_find_ties(*block, low)) for block in blocks())])
    chosen, found, first = _draw(int(before[-1]), k, rng), [], 0
    for i, (links, scores) in enumerate(blocks()):
        mine = chosen[(chosen >= before[i]) & (chosen < before[i + 1])] - before[i]
        found.append(first + _find_ties(links, scores, low)[mine])
        first += scores.size
    return np.concatenate(found)


def _find_ties(links: sp.csr_array, scores: NDArray[np.floating], low: float) -> _Cells:
    tie = (scores == low).ravel()
    tie[cells_of(links)] = False
    return np.flatnonzero(tie)


def _fill(cells: _Cells, links: sp.csr_array, k: int, rng: np.random.Generator | None) -> tuple[_Cells, int]:
    """Return all cells of positive score, and zeros that make up k: what is no link and not among these."""
    taken = np.sort(np.concatenate([cells_of(links), cells]))
    zeros = links.shape[0] * links.shape[1] - len(taken)
    chosen = _draw(zeros, k - len(cells), rng) if k - len(cells) < zeros else np.arange(zeros)
    # The m-th zero comes after as many taken cells as have at most m zeros before them.
    chosen = chosen + np.searchsorted(taken - np.arange(len(taken)), chosen, side="right")
    return np.sort(np.concatenate([cells, chosen])), len(chosen)


def _draw(n: int, k: int, rng: np.random.Generator | None) -> _Cells:
    """Return k of n places: the first ones without a generator."""
    return np.arange(k) if rng is None else draw_uniform(n, k, rng)


def _last(values: _Floats, k: int) -> float:
    return float(np.partition(values, len(values) - k)[len(values) - k])
