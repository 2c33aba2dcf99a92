"""Scores of Cannistraci-Hebb rules in blocks of rows, and the cells of the largest keys among them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.ch.scores import iter_scores

_Cells = NDArray[np.int64]
_Floats = NDArray[np.float64]


def sample_rest(
    links: sp.csr_array,
    k: int,
    rule: str,
    *,
    exponent: float = 1.0,
    block_rows: int = 256,
    threads: int | None = 1,
    taken: _Cells | None = None,
    rng: np.random.Generator,
) -> tuple[_Cells, _Floats]:
    """Draw as `sample_missing_links` from scores in blocks of rows, but none of the cells `taken`, ascending.

    Returns the cells row * columns + column, ascending, and their scores.

    Examples
    --------
    >>> layer = sp.csr_array([[1, 1, 0], [0, 1, 1]])
    >>> sample_rest(layer, 1, "ch3_l3", taken=np.array([2]), rng=np.random.default_rng(7))
    (array([3]), array([1.]))
    """
    drawn, filled = Best(k), Best(0)
    for first, flat in flat_blocks(links, rule, block_rows, threads, taken):
        places = np.flatnonzero(flat > 0) if exponent else np.flatnonzero(~np.isnan(flat))
        drawn.add(first, places, flat, _keys(flat[places], exponent, rng))
    if drawn.met < k:
        filled = Best(k - drawn.met)
        for first, flat in flat_blocks(links, rule, block_rows, threads, taken):
            places = np.flatnonzero(flat == 0)
            filled.add(first, places, flat, -rng.standard_exponential(len(places)))
    cells, scores = (np.concatenate(both) for both in zip(drawn.collect(), filled.collect(), strict=True))
    order = np.argsort(cells)
    return cells[order], scores[order]


class Best:
    """The k cells of the largest keys among all that were added, in the order of adding."""

    def __init__(self, k: int) -> None:
        self.k = k
        self.met = 0
        self.least = -math.inf if k else math.inf  # a later cell needs a key above this
        self.cells = np.zeros(0, np.int64)
        self.scores, self.keys = np.zeros(0), np.zeros(0)

    def add(self, first: int, places: _Cells, flat: _Floats, keys: _Floats) -> None:
        """Add the cells first + places, in ascending order, with the scores flat[places]."""
        self.met += len(places)
        better = keys > self.least
        places = places[better]
        self.cells = np.concatenate([self.cells, places + first])
        self.scores = np.concatenate([self.scores, flat[places]])
        self.keys = np.concatenate([self.keys, keys[better]])
        if len(self.cells) > 2 * self.k:
            self._drop()

    def _drop(self) -> None:
        """Keep k cells; of those that tie for the last places the first ones."""
        least = np.partition(self.keys, len(self.keys) - self.k)[len(self.keys) - self.k]
        kept = self.keys > least
        ties = np.flatnonzero(self.keys == least)
        kept[ties[: self.k - np.count_nonzero(kept)]] = True
        self.cells, self.scores, self.keys = self.cells[kept], self.scores[kept], self.keys[kept]
        self.least = float(least)

    def collect(self) -> tuple[_Cells, _Floats]:
        """Return the cells, ascending, and their scores; fewer than k if fewer were added."""
        if len(self.cells) > self.k:
            self._drop()
        return self.cells, self.scores


def _keys(scores: _Floats, exponent: float, rng: np.random.Generator) -> _Floats:
    """Return exponent * log(score) + Gumbel variable, or what has the same order if all scores count alike.

    Cells take their variables one after the other, so that the blocks they come in do not matter.
    """
    keys = rng.standard_exponential(len(scores))
    if not exponent:
        return np.negative(keys, out=keys)
    with np.errstate(divide="ignore"):  # a variable may be exactly 0; its key is then the highest
        np.log(keys, out=keys)
    return np.subtract(exponent * np.log(scores), keys, out=keys)


def flat_blocks(
    links: sp.csr_array, rule: str, block_rows: int, threads: int | None, taken: _Cells | None = None
) -> Iterator[tuple[int, _Floats]]:
    """Blocks of scores, row by row, each with the number of its first cell; NaN at the cells taken."""
    blocks = iter_scores(links, rule, block_rows=block_rows, threads=threads)
    flat = ((int(rows[0]) * links.shape[1], scores.reshape(-1)) for rows, scores in blocks)
    return flat if taken is None else (_without(first, scores, taken) for first, scores in flat)


def _without(first: int, flat: _Floats, taken: _Cells) -> tuple[int, _Floats]:
    begin, end = np.searchsorted(taken, (first, first + len(flat)))
    flat[taken[begin:end] - first] = np.nan
    return first, flat
