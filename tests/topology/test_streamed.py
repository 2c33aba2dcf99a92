"""The best missing links while scores pass by in blocks: those of the whole layer, a block in memory."""

import tracemalloc
from dataclasses import dataclass, replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.topology import EvolutionRule, erdos_renyi, regrowth
from netsci.topology.regrowth import draw_missing
from netsci.topology.sampling import gumbel_top_k
from netsci.topology.streamed import best_of_rows
from netsci.topology.view import ArrayView
from tests.strategies import masks

RIGL = EvolutionRule("magnitude", "gradient", 1.0, percolate=False)


def in_blocks(mask, scores, step):
    """Blocks of some rows, scores anew at each call."""
    links = sp.csr_array(mask)
    return lambda: ((links[i : i + step], scores[i : i + step].copy()) for i in range(0, len(mask), step))


@settings(deadline=None, max_examples=100)
@given(masks(max_side=9), st.integers(1, 9), st.sampled_from([1, 2, 5, 100]), st.integers(0, 999))
def test_links_and_random_numbers_are_those_of_the_whole_layer(mask, step, kinds, seed):
    """Scores of few kinds tie often, zeros are a kind of their own."""
    generator = np.random.default_rng(seed)
    scores = generator.integers(0, kinds, mask.shape).astype(generator.choice(["f4", "f8"])) / 8
    missing = np.flatnonzero(~mask)
    k = int(generator.integers(len(missing) + 1))
    one, other = np.random.default_rng(seed), np.random.default_rng(seed)
    expected = missing[gumbel_top_k(scores.ravel()[missing], k, delta=1.0, rng=one)]
    found, zeros = best_of_rows(in_blocks(mask, scores, step), sp.csr_array(mask), k, rng=other)
    assert found.tolist() == expected.tolist()
    assert zeros == np.count_nonzero(scores.ravel()[expected] == 0)
    assert one.random() == other.random()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1.0])
def test_a_wrong_score_is_refused_at_a_missing_link_only(wrong):
    mask, scores = np.eye(3, dtype=bool), np.ones((3, 3))
    scores[1, 1] = wrong
    rng = np.random.default_rng(7)
    assert len(best_of_rows(in_blocks(mask, scores, 2), sp.csr_array(mask), 2, rng=rng)[0]) == 2
    scores[1, 2] = wrong
    with pytest.raises(ValueError, match="finite and at least 0"):
        best_of_rows(in_blocks(mask, scores, 2), sp.csr_array(mask), 2, rng=rng)


@dataclass(frozen=True, eq=False)
class Made(ArrayView):
    """The gradient is made when asked for, from the number of the row; ties: the same in every row."""

    first: int = 0
    ties: bool = False

    def gradient(self, rows=None):
        rows = np.arange(self.links.shape[0]) if rows is None else rows
        line = np.arange(self.links.shape[1], dtype=np.float32) % 7 + 1
        return line + (self.first + rows[:, None] if not self.ties else 0 * rows[:, None]).astype(np.float32)

    def restrict(self, rows, columns):
        return replace(ArrayView.restrict(self, rows, columns), first=self.first + int(rows[0]))


@pytest.mark.parametrize("ties", [False, True])
def test_no_more_than_a_block_is_held_beside_the_choice(ties):
    """2048 x 2048 cells are 16.8 MB of float32; a block of 256 rows is 2.1 MB, made of two such arrays."""
    mask = erdos_renyi((2048, 2048), 40_000, rng=np.random.default_rng(7))
    view = Made("a", mask, ties=ties)
    assert mask.shape[0] * mask.shape[1] <= regrowth.AT_ONCE
    draw_missing(view, 10, RIGL, np.random.default_rng(7))  # compile
    tracemalloc.start()
    cells, filled = draw_missing(view, 12_000, RIGL, np.random.default_rng(7))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 9e6
    assert (len(cells), filled) == (12_000, 0)
    if ties:
        assert (cells % 2048 % 7 == 6).all()  # the highest kind of column, everywhere
        assert len(np.unique(cells // 2048 // 256)) == 8
    else:
        assert cells.min() // 2048 > 2030
