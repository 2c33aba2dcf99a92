from math import sqrt

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.graph.ch import unipartite as ch_unipartite
from netsci.graph.ch.scores import CH_RULES, ch_scores
from netsci.graph.ch.unipartite import (
    CH_UNIPARTITE_RULES,
    LOCAL_COMMUNITIES,
    ch_scores_unipartite,
    iter_ch_scores_unipartite,
)
from tests.golden_files import COPY, golden, label

GOLDEN = golden("ch", "*.npz", holding=["adj", "pairs"])
LEAVE_ONE_OUT = "leave_one_out"
BOTH = [(rule, local) for rule in CH_UNIPARTITE_RULES for local in LOCAL_COMMUNITIES]
both_meanings = pytest.mark.parametrize(("rule", "local"), BOTH)


def oracle(adjacency, u, v, rule, local):
    """Score of one pair from sets of nodes, one definition a line."""
    name, length = rule.split("_")
    near = [set(np.flatnonzero(row).tolist()) for row in np.asarray(adjacency)]
    if length == "l2":
        paths = [(z,) for z in near[u] & near[v]]
    else:
        paths = [(a, b) for a in near[u] for b in near[a] & near[v] if len({u, a, b, v}) == 4]
    community = {z for path in paths for z in path}
    middle = {frozenset(path) for path in paths}
    di = {z: len(near[z] & community) for z in community}
    if length != "l2" and local == "path":
        di = {z: sum(z in link for link in middle) for z in community}

    def ratio(z):
        d = len(near[z])
        de = d - di[z] - (z in near[u]) - (z in near[v])
        return {"ra": 1 / d, "ch1": di[z] / d, "ch2": (1 + di[z]) / (1 + de), "ch3": 1 / (1 + de)}[name]

    if length == "l3":
        return sum(sqrt(ratio(a) * ratio(b)) for a, b in paths)
    return sum(ratio(z) for z in community)


def network(n, links):
    adjacency = np.zeros((n, n), dtype=int)
    for u, v in links:
        adjacency[u, v] = adjacency[v, u] = 1
    return adjacency


def random_network(n, density, seed=4):
    upper = np.triu(np.random.default_rng(seed).random((n, n)) < density, 1)
    return upper | upper.T


@st.composite
def networks(draw, most=8):
    n = draw(st.integers(1, most))
    return random_network(
        n, draw(st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0])), draw(st.integers(0, 2**32 - 1))
    )


# By hand: u = 0 next to 1, 2; v = 5 next to 3, 4; 1-3, 2-4, 1-2 and 1-6. Paths 0-1-3-5 and 0-2-4-5.
# The link 1-2 joins two neighbours of u: the middle of no path, yet between two nodes of the community.
BY_HAND = network(7, [(0, 1), (0, 2), (5, 3), (5, 4), (1, 3), (2, 4), (1, 2), (1, 6)])
# For 1 2 3 4: d = 4 3 2 2; path: di = 1 1 1 1 and de = 2 1 0 0; induced: di = 2 2 1 1 and de = 1 0 0 0.
HAND_SCORES = {
    ("ra_l3", "path"): 1 / sqrt(4 * 2) + 1 / sqrt(3 * 2),
    ("ch1_l3", "path"): sqrt(1 / 4 * 1 / 2) + sqrt(1 / 3 * 1 / 2),
    ("ch1_l3", "induced"): sqrt(2 / 4 * 1 / 2) + sqrt(2 / 3 * 1 / 2),
    ("ch2_l3", "path"): sqrt(2 / 3 * 2) + sqrt(2 / 2 * 2),
    ("ch2_l3", "induced"): sqrt(3 / 2 * 2) + sqrt(3 * 2),
    ("ch3_l3", "path"): sqrt(1 / 3) + sqrt(1 / 2),
    ("ch3_l3", "induced"): sqrt(1 / 2) + 1,
    ("ch2_l3n", "path"): 2 / 3 + 2 / 2 + 2 + 2,
    ("ch2_l3n", "induced"): 3 / 2 + 3 + 2 + 2,
    ("ch3_l3n", "path"): 1 / 3 + 1 / 2 + 1 + 1,
    ("ch3_l3n", "induced"): 1 / 2 + 1 + 1 + 1,
}
# 0 and 3 share 1 (d = 4) and 2 (d = 3), which are linked; 1-4: di = 1 1, de = 1 0.
DIAMOND = network(5, [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (1, 4)])
DIAMOND_SCORES = {"ra_l2": 1 / 4 + 1 / 3, "ch1_l2": 1 / 4 + 1 / 3, "ch2_l2": 2 / 2 + 2, "ch3_l2": 1 / 2 + 1}


@pytest.mark.parametrize(("rule", "local"), HAND_SCORES)
def test_paths_of_three_by_hand(rule, local):
    _, scores = ch_scores_unipartite(BY_HAND, rule, local_community=local, pairs=[[0, 5], [5, 0]])
    np.testing.assert_allclose(scores, HAND_SCORES[rule, local], rtol=1e-14)


@pytest.mark.parametrize("rule", DIAMOND_SCORES)
def test_paths_of_two_by_hand(rule):
    pairs, scores = ch_scores_unipartite(DIAMOND, rule)
    assert pairs.dtype == np.int64
    assert scores.dtype == np.float64
    assert pairs.tolist() == [[0, 3], [0, 4], [2, 4], [3, 4]]
    assert scores[0] == pytest.approx(DIAMOND_SCORES[rule], rel=1e-14)


def test_a_link_between_two_common_neighbours_is_walked_both_ways():
    # 0-1-2-3 and 0-2-1-3 share the middle link, which is one internal link at 1 (d = 4) and at 2 (d = 3)
    score = {rule: ch_scores_unipartite(DIAMOND, rule, pairs=[[0, 3]])[1][0] for rule in CH_UNIPARTITE_RULES}
    assert score["ra_l3"] == pytest.approx(2 / sqrt(12), rel=1e-14)
    assert score["ch2_l3"] == pytest.approx(2 * sqrt(2 / 2 * 2 / 1), rel=1e-14)
    assert score["ch3_l3n"] == pytest.approx(1 / 2 + 1, rel=1e-14)


@both_meanings
@pytest.mark.parametrize("path", GOLDEN, ids=label)
def test_golden_scores(path, rule, local):
    column = rule.upper().replace("L3N", "L3n")
    with np.load(path) as values:
        stored = {column, f"{column}__{local}LC", f"{column}__{local}LC_bruteforce"} & set(values.files)
        if not stored and not path.is_relative_to(COPY):
            pytest.skip(f"the file has no {rule} of this kind")
        adjacency, wanted, expected = values["adj"], values["pairs"], values[stored.pop()]
    pairs, scores = ch_scores_unipartite(adjacency, rule, local_community=local, pairs=wanted)
    np.testing.assert_allclose(scores, expected, rtol=1e-10, atol=1e-12)
    everywhere, everything = ch_scores_unipartite(adjacency, rule, local_community=local)
    if len(everywhere) == len(wanted):
        np.testing.assert_array_equal(everywhere, wanted)
        np.testing.assert_array_equal(everything, scores)
    else:  # the stored sample is that of a larger file
        found = dict(zip(map(tuple, everywhere.tolist()), everything.tolist(), strict=True))
        assert [found[tuple(pair)] for pair in pairs.tolist()] == scores.tolist()


def test_the_two_meanings_differ_only_with_triangles():
    with np.load(COPY / "ch" / "yeast_dip_sub300.npz") as values:
        adjacency = values["adj"]
    tree = nx.to_numpy_array(nx.random_labeled_tree(60, seed=3))
    for rule, differ in (
        ("ch1_l3", True),
        ("ch3_l3", True),
        ("ch2_l3n", True),
        ("ra_l3", False),
        ("ch3_l2", False),
    ):
        for graph, expected in ((adjacency, differ), (tree, False)):
            path, induced = (
                ch_scores_unipartite(graph, rule, local_community=x)[1] for x in LOCAL_COMMUNITIES
            )
            assert (np.abs(path - induced).max() > 1e-6) == expected


@given(networks())
@settings(max_examples=40, deadline=None)
def test_every_pair_equals_the_oracle_with_its_link_deleted(adjacency):
    for rule, local in BOTH:
        pairs, scores = ch_scores_unipartite(adjacency, rule, local_community=local, existing=LEAVE_ONE_OUT)
        n = len(adjacency)
        assert pairs.tolist() == [[u, v] for u in range(n) for v in range(u + 1, n)]
        for (u, v), score in zip(pairs, scores, strict=True):
            without = adjacency.copy()
            without[u, v] = without[v, u] = False
            assert score == pytest.approx(oracle(without, u, v, rule, local), rel=1e-13, abs=0)


@both_meanings
def test_leave_one_out_equals_scoring_the_smaller_network(rule, local):
    adjacency = random_network(30, 0.25)
    pairs, scores = ch_scores_unipartite(adjacency, rule, local_community=local, existing=LEAVE_ONE_OUT)
    for u, v in np.argwhere(np.triu(adjacency)):
        without = adjacency.copy()
        without[u, v] = without[v, u] = False
        _, alone = ch_scores_unipartite(without, rule, local_community=local, pairs=[[u, v]])
        assert scores[(pairs == [u, v]).all(axis=1)] == pytest.approx(alone, rel=1e-13, abs=0)


@both_meanings
def test_a_bipartite_layer_as_one_network(rule, local):
    layer = np.random.default_rng(2).random((9, 14)) < 0.35
    block = np.block([[np.zeros((9, 9)), layer], [layer.T, np.zeros((14, 14))]])
    across = np.argwhere(~layer) + np.array([0, 9])
    _, scores = ch_scores_unipartite(block, rule, local_community=local, pairs=across)
    expected = ch_scores(layer, rule)[~layer] if rule in CH_RULES else 0.0  # no common neighbour across
    np.testing.assert_allclose(scores, expected, rtol=1e-12, atol=0)


@given(networks(), st.sampled_from(BOTH), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_renaming_the_nodes_renames_the_scores(adjacency, meaning, seed):
    order = np.random.default_rng(seed).permutation(len(adjacency))
    rule, local = meaning
    pairs, scores = ch_scores_unipartite(adjacency, rule, local_community=local)
    renamed = np.argsort(order)[pairs]
    _, again = ch_scores_unipartite(adjacency[order][:, order], rule, local_community=local, pairs=renamed)
    np.testing.assert_allclose(again, scores, rtol=1e-13, atol=0)


@both_meanings
@pytest.mark.parametrize("existing", [None, LEAVE_ONE_OUT])
def test_blocks_join_to_the_whole_whatever_the_sizes(rule, local, existing, monkeypatch):
    adjacency = random_network(33, 0.3)
    pairs, scores = ch_scores_unipartite(adjacency, rule, local_community=local, existing=existing)
    assert len(pairs) == (33 * 32 // 2 if existing else 33 * 32 // 2 - np.triu(adjacency).sum())
    monkeypatch.setattr(ch_unipartite, "_CLOSED_ENTRIES", 40)
    for block_rows in (1, 7, 100):
        options = {"local_community": local, "existing": existing, "block_rows": block_rows}
        blocks = list(iter_ch_scores_unipartite(adjacency, rule, **options))
        assert len(blocks) == -(-33 // block_rows)
        np.testing.assert_array_equal(np.concatenate([some for some, _ in blocks]), pairs)
        np.testing.assert_array_equal(np.concatenate([some for _, some in blocks]), scores)


def test_given_pairs_keep_their_order_and_existing_links_are_undefined():
    wanted = [[4, 2], [1, 0], [0, 3], [4, 2]]
    pairs, scores = ch_scores_unipartite(DIAMOND, "ch3_l2", pairs=wanted)
    assert pairs.tolist() == wanted
    np.testing.assert_array_equal(scores, [1 / 3, np.nan, 3 / 2, 1 / 3])
    # without 0-1 they share 2, of degree 3 and with one link out, to 3
    assert ch_scores_unipartite(DIAMOND, "ch3_l2", pairs=[[1, 0]], existing=LEAVE_ONE_OUT)[1] == [1 / 2]
    assert ch_scores_unipartite(DIAMOND, pairs=[])[0].shape == (0, 2)


@both_meanings
def test_networks_with_nothing_to_score(rule, local):
    for n in (0, 1, 2, 5):
        pairs, scores = ch_scores_unipartite(np.zeros((n, n)), rule, local_community=local)
        assert pairs.shape == (n * (n - 1) // 2, 2)
        assert not scores.any()
        assert len(ch_scores_unipartite(1 - np.eye(n), rule, local_community=local)[0]) == 0
    apart = np.kron(np.eye(2), 1 - np.eye(4))
    assert not ch_scores_unipartite(apart, rule, local_community=local)[1].any()


def test_every_form_of_a_network_counts_the_same_links():
    expected = ch_scores_unipartite(BY_HAND)[1]
    for form in (
        BY_HAND.tolist(),
        BY_HAND * -0.5,
        sp.coo_array(BY_HAND),
        sp.csc_matrix(BY_HAND.astype(bool)),
    ):
        np.testing.assert_array_equal(ch_scores_unipartite(form)[1], expected)


@pytest.mark.parametrize(
    ("adjacency", "options", "error", "message"),
    [
        (np.ones((2, 3)), {}, ValueError, r"square; its shape is \(2, 3\).*call ch_scores"),
        (np.eye(3), {}, ValueError, "no self-loops"),
        (np.triu(BY_HAND), {}, ValueError, "symmetric"),
        (BY_HAND * np.nan, {}, ValueError, "NaN"),
        (BY_HAND.astype(str), {}, TypeError, "booleans or real numbers"),
        (BY_HAND, {"rule": "ra_l3n"}, ValueError, "rule must be one of ra_l2"),
        (BY_HAND, {"local_community": "both"}, ValueError, "local_community must be one of path, induced"),
        (BY_HAND, {"existing": True}, ValueError, "existing must be one of None, leave_one_out"),
        (BY_HAND, {"pairs": [0, 1]}, ValueError, r"pairs must have the shape \[k, 2\]"),
        (BY_HAND, {"pairs": [[0.0, 1.0]]}, TypeError, "pairs must be integers"),
        (BY_HAND, {"pairs": [[0, 7]]}, ValueError, r"0\.\.6.*got 7"),
        (BY_HAND, {"pairs": [[-1, 2]]}, ValueError, "got -1"),
        (BY_HAND, {"pairs": [[0, 1], [2, 2]]}, ValueError, "got 2 twice"),
    ],
)
def test_wrong_arguments_are_explained(adjacency, options, error, message):
    with pytest.raises(error, match=message):
        ch_scores_unipartite(adjacency, **options)


def test_wrong_block_rows_are_told_at_once():
    with pytest.raises(ValueError, match="block_rows must be at least 1; got 0"):
        iter_ch_scores_unipartite(BY_HAND, block_rows=0)
    with pytest.raises(TypeError, match="block_rows must be a whole number"):
        iter_ch_scores_unipartite(BY_HAND, block_rows=1.5)
    with pytest.raises(ValueError, match="rule must be one of"):
        iter_ch_scores_unipartite(BY_HAND, "ch9")
