import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from netsci.graph.ch.ranking import ch_ranking
from netsci.graph.ch.unipartite import ch_scores_unipartite
from tests.golden_files import COPY, golden, label

GOLDEN = golden("ch", "*_cha.npz")  # x_cha.npz has the ranks of the network of x.npz
COLUMNS = {  # rank of each pair and, by pair without a link, the score, as the authors' code gives them
    "CH2_L2": ("ch2_l2", "CH2_L2"),
    "CH3_L2": ("ch3_l2", "CH3_L2"),
    "CH2_L3": ("ch2_l3", "CH2_L3__pathLC"),
    "CH3_L3": ("ch3_l3", "CH3_L3__pathLC"),
    "RA_L3_subranking": ("ra_l3", "RA_L3"),
    "RA_L3": ("ra_l3", "RA_L3"),
}
LEAVE_ONE_OUT = "leave_one_out"


def square(pairs, values, n=34):
    matrix = np.full((n, n), np.nan)
    matrix[pairs[:, 0], pairs[:, 1]] = values
    return matrix[np.triu_indices(n, 1)]


@pytest.mark.parametrize("path", GOLDEN, ids=label)
@pytest.mark.parametrize("column", COLUMNS)
def test_golden_ranks(column, path):
    """Of the pairs that we tie the lowest reference rank is our rank, but where the reference split scores.

    The reference compares floats as they are. So it orders pairs whose scores or correlations differ in the
    last digit only, which here are ties; a few of its scores are split in this way, and these are left out.
    """
    rule, score_name = COLUMNS[column]
    scores_of = path.with_name(path.name.replace("_cha", ""))
    with np.load(path) as ranked, np.load(scores_of) as scored:
        ends = np.stack([ranked["node1"], ranked["node2"]], axis=1) - 1
        adjacency, n = ranked["adj"], len(ranked["adj"])
        reference = square(ends, ranked[column], n)
        bits = square(scored["pairs"], scored[score_name], n)  # NaN at existing links
    subranking = column != "RA_L3"
    pairs, scores, ranks = ch_ranking(adjacency, rule, subranking=subranking, existing=LEAVE_ONE_OUT)
    assert ranks.dtype == np.int64
    ranks, scores = square(pairs, ranks, n), square(pairs, scores, n)
    below = ranks[:, None] < ranks
    assert not (below & (reference[:, None] == reference)).any()
    assert not (below & (reference[:, None] > reference) & (scores[:, None] < scores * (1 - 1e-12))).any()
    alike = np.isclose(bits[:, None], bits, rtol=1e-14, atol=0) & (bits[:, None] != bits)
    split = np.isin(scores.round(9), scores[alike.any(axis=0)].round(9))
    assert split.sum() < 0.1 * len(split)
    if not subranking:
        np.testing.assert_array_equal(ranks[~split], reference[~split])
    for rank in np.unique(ranks[~split]):
        assert reference[ranks == rank].min() == rank


def test_the_reading_of_the_subranking_is_decided_by_the_reference():
    """Spearman's correlation, the length 1/(1 + score) and extremes over links alone contradict the ranks."""
    with np.load(COPY / "ch" / "karate_cha.npz") as ranked:
        ends = np.stack([ranked["node1"], ranked["node2"]], axis=1) - 1
        adjacency, reference = ranked["adj"], square(ends, ranked["CH3_L3"])
    pairs, scores = ch_scores_unipartite(adjacency, "ch3_l3", existing=LEAVE_ONE_OUT)
    matrix = np.zeros((34, 34))
    matrix[pairs[:, 0], pairs[:, 1]] = scores
    matrix += matrix.T
    linked = matrix[adjacency == 1]

    def contradictions(lengths, by_rank):
        graph = nx.from_numpy_array(np.where(adjacency == 1, lengths, 0))
        rows = np.asarray(nx.floyd_warshall_numpy(graph))
        alike = np.corrcoef(rankdata(rows, axis=1) if by_rank else rows)[np.triu_indices(34, 1)]
        tied = np.isclose(scores[:, None], scores, rtol=1e-12, atol=0)
        return int((tied & (alike[:, None] < alike - 1e-9) & (reference[:, None] >= reference)).sum())

    ours = scores.max() + scores[scores > 0].min() - matrix
    assert contradictions(ours, False) == 1  # two scores that the reference's rounding splits
    assert contradictions(linked.max() + linked[linked > 0].min() - matrix, False) > 50
    assert contradictions(ours, True) > 100
    assert contradictions(1 / (1 + matrix), True) > 500
    assert contradictions(1 / (1 + matrix), False) > 500


def test_ranks_by_hand():
    # a path 0-1-2-3-4 scores 1 at (0, 3) and (1, 4), 0 else; the links then have the length 1 + 1 - 0 = 2
    path = np.diag([1] * 4, 1) + np.diag([1] * 4, -1)
    pairs, scores, ranks = ch_ranking(path, subranking=False)
    assert pairs.tolist() == [[0, 2], [0, 3], [0, 4], [1, 3], [1, 4], [2, 4]]
    assert scores.tolist() == [0, 1, 0, 0, 1, 0]
    assert ranks.tolist() == [1, 5, 1, 1, 5, 1]
    # rows 0 1 2 3 4; 1 0 1 2 3; 2 1 0 1 2; ... : 0 and 4 see opposites, 0 and 2 no likeness, 1 and 3 between
    correlation = np.corrcoef(np.abs(np.subtract.outer(range(5), range(5))))
    assert correlation[0, 4] < correlation[1, 3] < correlation[0, 2] - 1e-3
    assert ch_ranking(path)[2].tolist() == [3, 5, 1, 2, 5, 3]


def test_pairs_between_components_come_below():
    # a path of four and a path of three; all scores but (0, 3) are 0
    apart = np.zeros((7, 7), dtype=int)
    for u, v in ((0, 1), (1, 2), (2, 3), (4, 5), (5, 6)):
        apart[u, v] = apart[v, u] = 1
    pairs, _, ranks = ch_ranking(apart)
    found = dict(zip(map(tuple, pairs.tolist()), ranks.tolist(), strict=True))
    between = [rank for (u, v), rank in found.items() if (u < 4) != (v < 4)]
    assert between == [1] * 12
    assert found[0, 3] == len(pairs) == 16
    assert min(found[0, 2], found[1, 3], found[4, 6]) > 12


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 9),
    st.sampled_from(["ch3_l3", "ra_l2", "ch2_l3n"]),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_ranks_follow_scores_and_names_do_not_matter(seed, n, rule, subranking):
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.random((n, n)) < 0.4, 1)
    adjacency, order = upper | upper.T, rng.permutation(n)
    for existing in (None, LEAVE_ONE_OUT):
        pairs, scores, ranks = ch_ranking(adjacency, rule, subranking=subranking, existing=existing)
        expected = ch_scores_unipartite(adjacency, rule, existing=existing)
        np.testing.assert_array_equal(pairs, expected[0])
        np.testing.assert_array_equal(scores, expected[1])
        if not subranking:
            np.testing.assert_array_equal(ranks, rankdata(scores.round(9), method="min"))
        assert (np.diff(scores[np.argsort(ranks)]) >= -1e-12).all()
        np.testing.assert_array_equal(rankdata(ranks, method="min"), ranks)  # gaps after ties, none else
        renamed = np.full((n, n), -1)
        again = ch_ranking(adjacency[order][:, order], rule, subranking=subranking, existing=existing)
        ends = order[again[0]]
        renamed[ends[:, 0], ends[:, 1]] = renamed[ends[:, 1], ends[:, 0]] = again[2]
        np.testing.assert_array_equal(renamed[pairs[:, 0], pairs[:, 1]], ranks)


def test_no_positive_score_leaves_links_of_length_one():
    star = np.zeros((5, 5), dtype=int)
    star[0, 1:] = star[1:, 0] = 1
    _, scores, ranks = ch_ranking(star)
    assert not scores.any()
    assert ranks.tolist() == [1] * 6  # any two leaves are alike
    pairs, _, ranks = ch_ranking(star, existing=LEAVE_ONE_OUT)
    assert set(ranks.tolist()) == {1, 7}
    assert all((rank == 7) == (0 in pair) for pair, rank in zip(pairs.tolist(), ranks.tolist(), strict=True))
    for n in (0, 1, 3):
        pairs, _, ranks = ch_ranking(np.zeros((n, n)))
        assert ranks.tolist() == [1] * len(pairs)


def test_wrong_arguments_are_explained():
    with pytest.raises(ValueError, match="symmetric"):
        ch_ranking([[0, 1], [0, 0]])
    with pytest.raises(ValueError, match="rule must be one of"):
        ch_ranking([[0, 1], [1, 0]], "cha")
    with pytest.raises(ValueError, match="existing must be one of None, leave_one_out"):
        ch_ranking([[0, 1], [1, 0]], existing="all")
