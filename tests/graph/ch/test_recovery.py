import itertools

import numpy as np
import pytest
import scipy.sparse as sp

from netsci.graph import ch_scores
from netsci.graph.ch import recovery
from netsci.graph.ch.recovery import ch_auc, sample_rows
from netsci.graph.structure.null_models import rewire
from netsci.topology import uniform


def by_pairs(links, rows):
    """Compare every link with every empty place, one pair at a time."""
    scores = ch_scores(links, "ch3_l3", existing="leave_one_out")
    held = [scores[r, c] for r in rows for c in range(links.shape[1]) if links[r, c]]
    empty = [scores[r, c] for r in rows for c in range(links.shape[1]) if not links[r, c]]
    return np.mean([(a > b) + 0.5 * (a == b) for a, b in itertools.product(held, empty)])


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_share_of_pairs_that_the_link_wins(seed):
    links = np.random.default_rng(seed).random((9, 7)) < 0.35
    assert ch_auc(links) == pytest.approx(by_pairs(links, range(9)))
    assert ch_auc(links, rows=[1, 4, 5]) == pytest.approx(by_pairs(links, [1, 4, 5]))


def test_equal_degrees_alone_put_it_far_below_one_half():
    rng = np.random.default_rng(7)
    found = [ch_auc(rewire(uniform((60, 60), 480, rng=rng), rng=rng)) for _ in range(5)]
    assert max(found) < 0.45


@pytest.mark.parametrize("links", [np.zeros((3, 4)), np.ones((3, 4)), np.eye(4)])
def test_nothing_to_compare(links):
    assert np.isnan(ch_auc(links))


def test_a_sample_depends_on_size_and_degrees_alone(monkeypatch):
    links = sp.csr_array(np.random.default_rng(7).random((40, 30)) < 0.2)
    assert sample_rows(links, np.random.default_rng(1)) is None
    monkeypatch.setattr(recovery, "MOST_PLACES", 300)
    rows = sample_rows(links, np.random.default_rng(1))
    assert len(rows) == 10
    other = rewire(links, rng=np.random.default_rng(2))
    np.testing.assert_array_equal(sample_rows(other, np.random.default_rng(1)), rows)
    monkeypatch.setattr(recovery, "MOST_PLACES", 10**9)
    monkeypatch.setattr(recovery, "MOST_PATHS", 100.0)
    assert 1 <= len(sample_rows(links, np.random.default_rng(1))) < 5
