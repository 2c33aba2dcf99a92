import doctest
import subprocess
import sys
import tracemalloc
from math import sqrt

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.graph.ch import scores as ch
from netsci.graph.ch.scores import CH_RULES, ch_scores, iter_scores
from tests.golden_files import COPY, golden, label

GOLDEN_NAME = {rule: rule.upper().replace("L3N", "L3n") for rule in CH_RULES}
GOLDEN = [
    (path, rule)
    for rule, name in GOLDEN_NAME.items()
    for path in golden("ch", "*.npz", holding=["biadj", name])
]
LEAVE_ONE_OUT = "leave_one_out"


def oracle(mask, u, v, rule):
    """Score of one missing link from its paths, by sets of nodes of the whole graph, one formula a rule."""
    m, n = mask.shape
    near = {("row", i): {("column", int(j)) for j in np.flatnonzero(mask[i])} for i in range(m)}
    near |= {("column", j): {("row", int(i)) for i in np.flatnonzero(mask[:, j])} for j in range(n)}
    source, target = ("row", u), ("column", v)
    paths = [
        (z1, z2)
        for z1 in near[source]
        for z2 in near[z1]
        if target in near[z2] and len({source, z1, z2, target}) == 4
    ]
    community = {z for path in paths for z in path}
    middle = {frozenset(path) for path in paths}
    d = {z: len(near[z]) for z in community}
    di = {z: sum(z in link for link in middle) for z in community}
    de = {z: d[z] - di[z] - (source in near[z]) - (target in near[z]) for z in community}
    if rule.endswith("n"):
        return sum(((1 + di[z]) if rule == "ch2_l3n" else 1) / (1 + de[z]) for z in community)
    one_path = {
        "ra_l3": lambda a, b: 1 / sqrt(d[a] * d[b]),
        "ch1_l3": lambda a, b: sqrt(di[a] * di[b]) / sqrt(d[a] * d[b]),
        "ch2_l3": lambda a, b: sqrt((1 + di[a]) * (1 + di[b])) / sqrt((1 + de[a]) * (1 + de[b])),
        "ch3_l3": lambda a, b: 1 / sqrt((1 + de[a]) * (1 + de[b])),
    }[rule]
    return sum(one_path(*path) for path in paths)


def without(mask, u, v):
    left = mask.copy()
    left[u, v] = False
    return left


def random_mask(m, n, density, seed=3):
    return np.random.default_rng(seed).random((m, n)) < density


@st.composite
def masks(draw, most=6):
    m, n = draw(st.integers(1, most)), draw(st.integers(1, most))
    cells = draw(st.lists(st.booleans(), min_size=m * n, max_size=m * n))
    return np.array(cells, dtype=bool).reshape(m, n)


# By hand. Columns a b c e have degrees 2 3 2 1, rows 0 1 2 have degrees 2 3 3.
BY_HAND = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1]])
# Missing link (0, c): paths 0-a-1-c, 0-b-1-c, 0-b-2-c; middle links a1, b1, b2,
# so di = 1, 2, 2, 1 and 1 + de = d - di = 1, 1, 1, 2 for a, b, 1, 2.
MISSING = {
    "ra_l3": 1 / sqrt(2 * 3) + 1 / sqrt(3 * 3) + 1 / sqrt(3 * 3),
    "ch1_l3": sqrt(1 * 2) / sqrt(2 * 3) + sqrt(2 * 2) / sqrt(3 * 3) + sqrt(2 * 1) / sqrt(3 * 3),
    "ch2_l3": sqrt(2 * 3) / sqrt(1 * 1) + sqrt(3 * 3) / sqrt(1 * 1) + sqrt(3 * 2) / sqrt(1 * 2),
    "ch3_l3": 1 + 1 + 1 / sqrt(1 * 2),
    "ch2_l3n": 2 / 1 + 3 / 1 + 3 / 1 + 2 / 2,
    "ch3_l3n": 1 + 1 + 1 + 1 / 2,
}
# Existing link (0, b), removed: one path 0-a-1-b; di = 1, 1 and 1 + de = 2 - 1, 3 - 1 for a, 1.
EXISTING = {
    "ra_l3": 1 / sqrt(2 * 3),
    "ch1_l3": sqrt(1 * 1) / sqrt(2 * 3),
    "ch2_l3": sqrt(2 * 2) / sqrt(1 * 2),
    "ch3_l3": 1 / sqrt(1 * 2),
    "ch2_l3n": 2 / 1 + 2 / 2,
    "ch3_l3n": 1 + 1 / 2,
}


@pytest.mark.parametrize("rule", CH_RULES)
def test_scores_by_hand(rule):
    scores = ch_scores(BY_HAND, rule)
    assert scores.dtype == np.float64
    assert scores[0, 2] == pytest.approx(MISSING[rule], rel=1e-14)
    np.testing.assert_array_equal(np.isnan(scores), BY_HAND == 1)
    assert ch_scores(BY_HAND, rule, existing=LEAVE_ONE_OUT)[0, 1] == pytest.approx(EXISTING[rule], rel=1e-14)


@pytest.mark.parametrize(("path", "rule"), GOLDEN, ids=label)
def test_golden_scores(path, rule):
    with np.load(path) as values:
        biadjacency, expected = values["biadj"], values[GOLDEN_NAME[rule]]
    np.testing.assert_allclose(ch_scores(biadjacency, rule), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ch_scores(biadjacency.T, rule), expected.T, rtol=1e-10, atol=1e-12)


def test_the_golden_files_are_there():
    assert len({path for path, _ in GOLDEN if path.is_relative_to(COPY)}) == 5


@given(masks())
@settings(max_examples=60, deadline=None)
def test_missing_links_equal_the_oracle(mask):
    for rule in CH_RULES:
        scores = ch_scores(mask, rule)
        for u, v in np.ndindex(mask.shape):
            if mask[u, v]:
                assert np.isnan(scores[u, v])
            else:
                assert scores[u, v] == pytest.approx(oracle(mask, u, v, rule), rel=1e-13, abs=0)


@given(masks())
@settings(max_examples=60, deadline=None)
def test_leave_one_out_equals_deleting_the_link(mask):
    for rule in CH_RULES:
        scores = ch_scores(mask, rule, existing=LEAVE_ONE_OUT)
        plain = ch_scores(mask, rule)
        np.testing.assert_array_equal(scores[~mask], plain[~mask])
        for u, v in np.argwhere(mask):
            assert scores[u, v] == pytest.approx(oracle(without(mask, u, v), u, v, rule), rel=1e-13, abs=0)


@pytest.mark.parametrize("rule", CH_RULES)
def test_leave_one_out_equals_scoring_the_smaller_graph(rule):
    mask = random_mask(25, 40, 0.25)
    scores = ch_scores(mask, rule, existing=LEAVE_ONE_OUT)
    assert np.isfinite(scores).all()
    for u, v in np.argwhere(mask):
        alone = ch_scores(without(mask, u, v), rule, rows=[u])[0, v]
        assert scores[u, v] == pytest.approx(alone, rel=1e-13, abs=0)


@given(masks(most=9), st.sampled_from(CH_RULES), st.sampled_from([None, LEAVE_ONE_OUT]))
@settings(max_examples=100, deadline=None)
def test_turning_the_layer_turns_the_scores(mask, rule, existing):
    turned = ch_scores(mask.T, rule, existing=existing)
    np.testing.assert_allclose(turned.T, ch_scores(mask, rule, existing=existing), rtol=1e-13, atol=0)


@pytest.mark.parametrize("existing", [None, LEAVE_ONE_OUT])
@pytest.mark.parametrize("rule", CH_RULES)
def test_a_window_of_rows_equals_those_rows(rule, existing):
    mask = random_mask(30, 45, 0.15)
    everything = ch_scores(mask, rule, existing=existing)
    for rows in ([7], [29, 0, 11], [4, 4], np.arange(30)[::-1], [], np.array([3], dtype=np.uint8)):
        window = ch_scores(mask, rule, rows=rows, existing=existing)
        np.testing.assert_allclose(window, everything[np.asarray(rows, dtype=int)], rtol=1e-13, atol=0)


@pytest.mark.parametrize("existing", [None, LEAVE_ONE_OUT])
@pytest.mark.parametrize("rule", CH_RULES)
def test_blocks_join_to_the_whole(rule, existing):
    mask = random_mask(30, 45, 0.15)
    for block_rows in (1, 7, 256):
        blocks = list(iter_scores(mask, rule, block_rows=block_rows, existing=existing))
        rows = np.concatenate([rows for rows, _ in blocks])
        assert rows.dtype == np.int64
        np.testing.assert_array_equal(rows, np.arange(30))
        assert max(len(scores) for _, scores in blocks) <= block_rows
        whole = ch_scores(mask, rule, existing=existing)
        np.testing.assert_array_equal(np.concatenate([s for _, s in blocks]), whole)


@pytest.mark.parametrize("existing", [None, LEAVE_ONE_OUT])
@pytest.mark.parametrize("rule", CH_RULES)
def test_the_sizes_of_the_work_do_not_show(rule, existing, monkeypatch):
    mask = random_mask(40, 33, 0.2)
    whole = ch_scores(mask, rule, existing=existing)
    monkeypatch.setattr(ch, "_SHARED_BYTES", 5 * 33)
    np.testing.assert_allclose(ch_scores(mask, rule, existing=existing), whole, rtol=1e-13, atol=0)


@pytest.mark.parametrize("rule", CH_RULES)
def test_more_than_255_internal_links(rule):
    mask = random_mask(330, 6, 0.9, seed=8)
    missing = np.argwhere(~mask)[:3]
    scores = ch_scores(mask, rule, existing=LEAVE_ONE_OUT)
    for u, v in missing:
        assert scores[u, v] == pytest.approx(oracle(mask, u, v, rule), rel=1e-12)
    u, v = np.argwhere(mask)[5]
    assert scores[u, v] == pytest.approx(oracle(without(mask, u, v), u, v, rule), rel=1e-12)


@pytest.mark.parametrize("rule", CH_RULES)
def test_layers_with_nothing_to_score(rule):
    for shape in ((0, 0), (0, 4), (4, 0), (1, 1), (3, 5)):
        for existing in (None, LEAVE_ONE_OUT):
            np.testing.assert_array_equal(
                ch_scores(np.zeros(shape), rule, existing=existing), np.zeros(shape)
            )
    assert np.isnan(ch_scores(np.ones((3, 4)), rule)).all()
    assert ch_scores([[1]], rule, existing=LEAVE_ONE_OUT).tolist() == [[0.0]]
    # two components without a common node: no path joins them
    apart = np.kron(np.eye(2), np.ones((2, 3)))
    assert set(ch_scores(apart, rule)[apart == 0]) == {0.0}
    # empty rows and columns among others keep score 0
    padded = np.zeros((5, 6))
    padded[1:4, 1:5] = BY_HAND
    scores = ch_scores(padded, rule)
    np.testing.assert_allclose(scores[1:4, 1:5], ch_scores(BY_HAND, rule), rtol=1e-14)
    assert scores[[0, 4]].sum() == scores[:, [0, 5]].sum() == 0


def test_every_form_of_a_layer_counts_the_same_links():
    expected = ch_scores(BY_HAND)
    for form in (BY_HAND.tolist(), BY_HAND.astype(bool), BY_HAND * -0.5):
        np.testing.assert_array_equal(ch_scores(form), expected)
    for form in (sp.csr_array, sp.csc_array, sp.coo_array, sp.lil_matrix, sp.csr_matrix):
        np.testing.assert_array_equal(ch_scores(form(BY_HAND)), expected)
    stored_zero = sp.csr_array(BY_HAND.astype(float))
    stored_zero.data[2] = 0.0
    np.testing.assert_array_equal(ch_scores(stored_zero), expected)


def test_a_few_rows_of_a_wide_layer_need_little_memory():
    rng = np.random.default_rng(5)
    n = 16384
    cells = np.divmod(np.unique(rng.integers(n * n, size=6 * n)), n)
    layer = sp.csr_array((np.ones(len(cells[0]), dtype=bool), cells), shape=(n, n))
    for rule in ("ch3_l3", "ch3_l3n"):
        ch_scores(layer[:4], rule)  # compile first
        tracemalloc.start()
        scores = ch_scores(layer, rule, rows=[5, 900], existing=LEAVE_ONE_OUT)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert scores.shape == (2, n)
        assert peak < 2**25  # a table n x n of bytes takes 2**28


def test_wrong_arguments_are_explained():
    with pytest.raises(ValueError, match=r"rule must be one of ra_l3.*got 'ch9'"):
        ch_scores(BY_HAND, "ch9")
    with pytest.raises(ValueError, match="existing must be one of None, leave_one_out; got True"):
        ch_scores(BY_HAND, existing=True)
    with pytest.raises(ValueError, match="biadjacency holds NaN"):
        ch_scores([[1.0, np.nan]])
    with pytest.raises(ValueError, match="biadjacency must be a matrix"):
        ch_scores([1, 0])
    with pytest.raises(IndexError, match=r"rows must lie in 0\.\.2.*got 3"):
        ch_scores(BY_HAND, rows=[0, 3])
    with pytest.raises(IndexError, match="got -1"):
        ch_scores(BY_HAND, rows=[-1])
    with pytest.raises(ValueError, match="rows must be one-dimensional"):
        ch_scores(BY_HAND, rows=1)
    with pytest.raises(TypeError, match=r"rows must hold integers.*float64"):
        ch_scores(BY_HAND, rows=[0.0])
    with pytest.raises(TypeError, match=r"rows must hold integers.*bool"):
        ch_scores(BY_HAND, rows=[True, False, True])
    with pytest.raises(ValueError, match="block_rows must be at least 1; got 0"):
        iter_scores(BY_HAND, block_rows=0)
    with pytest.raises(TypeError, match=r"block_rows must be a whole number.*got 2\.5"):
        iter_scores(BY_HAND, block_rows=2.5)
    with pytest.raises(ValueError, match="rule must be one of"):
        iter_scores(BY_HAND, "ch9")
    for scored in (ch_scores, iter_scores):
        with pytest.raises(ValueError, match=r"threads must be at least 1.*got 0"):
            scored(BY_HAND, threads=0)
        for threads in (2.0, True, "2"):
            with pytest.raises(TypeError, match="threads must be a whole number"):
                scored(BY_HAND, threads=threads)


def test_the_examples_run():
    assert doctest.testmod(ch).failed == 0


def test_importing_the_scores_does_not_load_the_compiler():
    code = "import sys, netsci.graph.ch.scores; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
