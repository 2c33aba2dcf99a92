from collections import Counter
from itertools import combinations, product

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from netsci.graph import LayeredGraph
from netsci.graph.structure._rewiring_kernels import below, trade_neighbours, trade_rounds, transpose
from netsci.graph.structure.null_models import NULL_MODELS, draw_links, null_model, rewire, scatter
from tests import graphs
from tests.strategies import chains, masks

SEEDS = st.integers(0, 2**32 - 1)
BICYCLE = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0]], bool)
KITE = ((0, 1), (0, 2), (0, 3), (1, 2), (3, 4))  # degrees 3 2 2 2 1


def symmetric(nodes, pairs):
    links = np.zeros((nodes, nodes), bool)
    for i, j in pairs:
        links[i, j] = links[j, i] = True
    return links


def all_matrices(links):
    """Every matrix with the margins of this one, by trying all."""
    shape = links.shape
    found = []
    for ones in combinations(range(links.size), int(links.sum())):
        one = np.zeros(links.size, bool)
        one[list(ones)] = True
        one = one.reshape(shape)
        if (one.sum(0) == links.sum(0)).all() and (one.sum(1) == links.sum(1)).all():
            found.append(one.tobytes())
    return found


def all_graphs(links):
    """Every simple graph with the degrees of this one, by trying all."""
    nodes = len(links)
    places = list(combinations(range(nodes), 2))
    tried = (symmetric(nodes, pairs) for pairs in combinations(places, int(links.sum()) // 2))
    return [one.tobytes() for one in tried if (one.sum(0) == links.sum(0)).all()]


def uniform_p(draw, possible, times):
    """P-value of the chi-square test that all possible matrices are drawn equally often."""
    counts = dict.fromkeys(possible, 0)
    for _ in range(times):
        counts[draw().tobytes()] += 1  # a matrix that is not possible raises KeyError
    return chisquare(list(counts.values())).pvalue


@settings(deadline=None, max_examples=50)
@given(masks(), SEEDS)
def test_rewiring_keeps_all_degrees(mask, seed):
    drawn = rewire(mask, rng=np.random.default_rng(seed)).toarray()
    assert drawn.shape == mask.shape
    assert (drawn.sum(0) == mask.sum(0)).all()
    assert (drawn.sum(1) == mask.sum(1)).all()
    assert scatter(mask, rng=np.random.default_rng(seed)).nnz == mask.sum()


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 9), st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0]), SEEDS)
def test_undirected_stays_undirected_and_loops_stay(nodes, density, seed):
    rng = np.random.default_rng(seed)
    links = np.triu(rng.random((nodes, nodes)) < density)
    links |= links.T
    drawn = rewire(links, undirected=True, rng=rng).toarray()
    assert (drawn == drawn.T).all()
    assert (drawn.sum(0) == links.sum(0)).all()
    spread = scatter(links, undirected=True, rng=rng).toarray()
    assert (spread == spread.T).all()
    assert spread.sum() == links.sum()
    for one in (drawn, spread):
        assert (one.diagonal() == links.diagonal()).all()


@settings(deadline=None, max_examples=25)
@given(chains(weighted=True), st.sampled_from(NULL_MODELS), SEEDS)
def test_null_of_a_chain(graph, kind, seed):
    null = null_model(graph, kind, rng=np.random.default_rng(seed))
    assert null.populations == graph.populations
    for old, new in zip(graph.projections, null.projections, strict=True):
        assert (new.name, new.rows_per_unit, new.shape) == (old.name, old.rows_per_unit, old.shape)
        assert new.weights is None
        assert new.n_links == old.n_links
        if kind == "degree_preserving":
            assert (new.degrees("source") == old.degrees("source")).all()
            assert (new.degrees("target") == old.degrees("target")).all()


@pytest.mark.parametrize("links", [BICYCLE, BICYCLE.T, np.eye(4, dtype=bool), ~np.eye(4, dtype=bool)])
def test_rewiring_is_uniform(links):
    rng, possible = np.random.default_rng(7), all_matrices(links)
    assert len(possible) > 4
    assert uniform_p(lambda: rewire(links, rng=rng).toarray(), possible, 40 * len(possible)) > 0.01


@pytest.mark.parametrize("dense", [False, True])
def test_undirected_rewiring_is_uniform(dense):
    """The dense network is the complement: its absent links are swapped."""
    links = symmetric(5, KITE)
    links = ~links & ~np.eye(5, dtype=bool) if dense else links
    rng, possible = np.random.default_rng(7), all_graphs(links)
    assert len(possible) > 4
    assert uniform_p(lambda: rewire(links, undirected=True, rng=rng).toarray(), possible, 700) > 0.01


@pytest.mark.parametrize("links", [BICYCLE[:2, :3], np.ones((2, 3)) - np.eye(2, 3)])
def test_scattering_is_uniform(links):
    rng = np.random.default_rng(7)
    every = (np.array(bits, bool).reshape(2, 3) for bits in product([0, 1], repeat=6))
    possible = [one.tobytes() for one in every if one.sum() == (links != 0).sum()]
    assert uniform_p(lambda: scatter(links, rng=rng).toarray(), possible, 1000) > 0.01


@pytest.mark.parametrize("nodes", [4, 5])
def test_undirected_scattering_is_uniform(nodes):
    rng, places = np.random.default_rng(7), list(combinations(range(nodes), 2))
    possible = [symmetric(nodes, pairs).tobytes() for pairs in combinations(places, 2)]
    links = symmetric(nodes, [(0, 1), (2, 3)])
    assert uniform_p(lambda: scatter(links, undirected=True, rng=rng).toarray(), possible, 1000) > 0.01


def test_uniformity_can_fail():
    """Too few steps leave the matrix near where it was, and the same test sees it."""
    rng, links = np.random.default_rng(7), sp.csr_array(BICYCLE)
    graph = sp.csr_array(symmetric(5, KITE))

    def one_round():
        indices = links.indices.copy()
        trade_rounds(links.indptr, indices, 4, 1, rng.integers(0, 2**64, 1, dtype=np.uint64))
        return sp.csr_array((np.ones(5, bool), indices, links.indptr), shape=links.shape).toarray()

    def one_pairing():
        ends = graph.indices.copy()
        trade_neighbours(graph.indptr, ends, 1, rng.integers(0, 2**64, 1, dtype=np.uint64))
        return sp.csr_array((np.ones(10, bool), ends, graph.indptr), shape=graph.shape).toarray()

    assert uniform_p(one_round, all_matrices(BICYCLE), 500) < 1e-6
    assert uniform_p(one_pairing, all_graphs(graph.toarray()), 500) < 1e-6


def test_random_integers_are_uniform():
    """Also for a bound that 2^32 is far from a multiple of."""
    state = np.array([7], np.uint64)
    assert chisquare(np.bincount([below(state, 7) for _ in range(7000)])).pvalue > 0.01
    bound = 3 * 2**30
    drawn = np.array([below(state, bound) for _ in range(6000)])
    assert chisquare(np.bincount(drawn // 2**30)).pvalue > 0.01
    assert chisquare(np.bincount(drawn % 3)).pvalue > 0.01  # without rejection multiples come twice as often


def test_one_trade_deals_evenly():
    """Two rows that share column 6 and hold three others each: 20 equally likely deals, in one trade."""
    state, counts = np.array([7], np.uint64), {}
    for _ in range(4000):
        indices = np.array([0, 1, 2, 6, 3, 4, 5, 6], np.int32)
        trade_rounds(np.array([0, 4, 8], np.int32), indices, 7, 1, state)
        assert sorted(indices) == [0, 1, 2, 3, 4, 5, 6, 6]
        first = tuple(sorted(indices[:4]))
        assert 6 in first
        counts[first] = counts.get(first, 0) + 1
    assert len(counts) == 20
    assert chisquare(list(counts.values())).pvalue > 0.01


@pytest.mark.parametrize("undirected", [False, True])
def test_nothing_is_left_of_the_old_places(undirected):
    """The overlap with the original is that of two independent draws: as many as chance, no more."""
    rng = np.random.default_rng(7)
    links = rng.random((300, 300)) < 0.03
    links = np.triu(links, 1) | np.triu(links, 1).T if undirected else links[:200]
    drawn = [rewire(links, undirected=undirected, rng=rng).toarray() for _ in range(30)]
    old = np.array([(one & links).sum() for one in drawn])
    pairs = np.array([(drawn[i] & drawn[i - 1]).sum() for i in range(30)])
    assert abs(old.mean() - pairs.mean()) < 3 * np.sqrt((old.var() + pairs.var()) / 30)


def hub_mask():
    """A 100 x 100 mask with the degrees of hubs on both sides: most rows share the first columns."""
    rng, chance = np.random.default_rng(0), np.arange(1, 101.0) ** -1.2
    degrees = np.clip((100 * np.arange(1, 101) ** -1.2).astype(int), 2, 75)
    mask = np.zeros((100, 100), bool)
    for row, degree in enumerate(degrees):
        mask[row, rng.choice(100, degree, replace=False, p=chance / chance.sum())] = True
    return mask


def core_and_pairs():
    """Eight nodes linked with all of 60, and ten pairs among the others: only the pairs can change."""
    links = np.zeros((60, 60), bool)
    links[:8] = links[:, :8] = True
    np.fill_diagonal(links, False)
    links[20:40, 20:40] = np.kron(np.eye(10), [[0, 1], [1, 0]])
    return links


@pytest.mark.parametrize(("links", "undirected"), [(hub_mask(), False), (core_and_pairs(), True)])
def test_one_rewiring_goes_as_far_as_ten(links, undirected):
    """The share of old links is at its plateau after one call; a walk that is too short keeps more."""
    rng = np.random.default_rng(7)

    def kept(times):
        drawn = links
        for _ in range(times):
            drawn = rewire(drawn, undirected=undirected, rng=rng).toarray()
        return (drawn & links).sum() / links.sum()

    once, often = (np.array([kept(times) for _ in range(60)]) for times in (1, 10))
    assert abs(once.mean() - often.mean()) < 3 * np.sqrt((once.var() + often.var()) / 60)


def test_trades_of_rows_alone_stay_near_the_hubs():
    """The control of the test above: 48 pairings of rows, without columns, keep a point more of the links."""
    rng, links = np.random.default_rng(7), sp.csr_array(hub_mask())
    kept = []
    for _ in range(60):
        indices = links.indices.copy()
        trade_rounds(links.indptr, indices, 100, 48, rng.integers(0, 2**64, 1, dtype=np.uint64))
        drawn = sp.csr_array((np.ones(links.nnz, bool), indices, links.indptr), shape=links.shape)
        kept.append((drawn.multiply(links)).sum() / links.nnz)
    far = [(rewire(links, rng=rng).multiply(links)).sum() / links.nnz for _ in range(60)]
    assert np.mean(kept) > np.mean(far) + 3 * np.std(kept) / np.sqrt(60)


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (1, 4), (4, 1), (0, 3), (3, 0)])
def test_transpose(shape):
    links = sp.csr_array(np.random.default_rng(7).random(shape) < 0.5)
    indptr, indices = transpose(links.indptr, links.indices, shape[1])
    turned = sp.csr_array((np.ones(len(indices), bool), indices, indptr), shape=shape[::-1])
    assert (turned.toarray() == links.toarray().T).all()


def test_rows_of_a_unit_keep_their_own_degrees():
    graph = graphs.convolution()
    null = null_model(graph, rng=np.random.default_rng(7))
    assert null.projections[0].degrees("source").tolist() == [0, 1, 1, 1]
    assert null.projections[0].rows_per_unit == 2


def test_recurrent_and_undirected_projections():
    null = null_model(graphs.residual(), rng=np.random.default_rng(7))
    assert null.projections[3].degrees("source").tolist() == [1, 0, 0]
    null = null_model(graphs.mixed(), rng=np.random.default_rng(7))
    assert null.projections[1].undirected
    assert null.projections[1].weights is None
    assert null.projections[1].links.diagonal().tolist() == [False, True, False]


@pytest.mark.parametrize("kind", NULL_MODELS)
@pytest.mark.parametrize("seed", range(5))
def test_loops_of_one_population_stay_and_none_come(kind, seed):
    rng = np.random.default_rng(seed)
    links = rng.random((12, 12)) < 0.3
    graph = LayeredGraph.from_adjacency(links, directed=True)
    null = null_model(graph, kind, rng=rng).projections[0].links.toarray()
    np.testing.assert_array_equal(null.diagonal(), links.diagonal())
    assert null.sum() == links.sum()
    if kind == "degree_preserving":
        for axis in (0, 1):
            np.testing.assert_array_equal(null.sum(axis=axis), links.sum(axis=axis))
    two = draw_links(links, kind, rng=rng).toarray()
    assert (two.diagonal() != links.diagonal()).any()  # of two populations the diagonal is like any place


def test_directed_rewiring_without_loops_is_uniform():
    """All 0/1 matrices 4 x 4 with an empty diagonal and these sums, each as often as another."""
    links = np.array([[0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 0], [0, 1, 0, 0]])
    places = [(i, j) for i in range(4) for j in range(4) if i != j]
    states = set()
    for chosen in combinations(places, 6):
        one = np.zeros((4, 4), int)
        one[tuple(np.array(chosen).T)] = 1
        if all((one.sum(axis=a) == links.sum(axis=a)).all() for a in (0, 1)):
            states.add(one.tobytes())
    rng = np.random.default_rng(7)
    drawn = Counter(
        rewire(links, one_population=True, rng=rng).toarray().astype(int).tobytes() for _ in range(4000)
    )
    assert set(drawn) == states
    assert chisquare([drawn[state] for state in states]).pvalue > 0.001


def test_one_population_needs_a_square():
    for function in (rewire, scatter):
        with pytest.raises(ValueError, match="one_population=False"):
            function(np.ones((2, 3)), one_population=True, rng=np.random.default_rng(7))


def test_a_seed_draws_the_same_again():
    graph = LayeredGraph.from_masks([np.random.default_rng(1).random((30, 20)) < 0.2])
    for kind in NULL_MODELS:
        first, again = (null_model(graph, kind, rng=np.random.default_rng(3)) for _ in range(2))
        assert first == again
        assert first != null_model(graph, kind, rng=np.random.default_rng(4))
        assert (
            draw_links(graph.projections[0].links, kind, rng=np.random.default_rng(3)).nnz
        ) == graph.n_links


def test_the_original_is_left_alone():
    links = sp.csr_array(BICYCLE)
    before = links.toarray()
    rewire(links, rng=np.random.default_rng(7))
    assert (links.toarray() == before).all()


@pytest.mark.parametrize("function", [rewire, scatter])
def test_bad_input(function):
    rng = np.random.default_rng(7)
    with pytest.raises(ValueError, match="symmetric"):
        function([[0, 1], [0, 0]], undirected=True, rng=rng)
    with pytest.raises(ValueError, match="symmetric"):
        function(np.zeros((2, 3)), undirected=True, rng=rng)
    with pytest.raises(ValueError, match="NaN"):
        function([[np.nan]], rng=rng)
    with pytest.raises(TypeError, match="Generator"):
        function([[1]], rng=7)


def test_bad_kind():
    with pytest.raises(ValueError, match="erdos_renyi, degree_preserving; got 'er'"):
        null_model(graphs.chain(), "er", rng=np.random.default_rng(7))
    with pytest.raises(ValueError, match="kind"):
        draw_links([[1]], "er", rng=np.random.default_rng(7))
    with pytest.raises(TypeError, match="Generator"):
        null_model(graphs.chain(), rng=7)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (1, 1), (3, 1)])
def test_small_shapes(shape):
    for value in (0, 1):
        links = np.full(shape, value, bool)
        for kind in NULL_MODELS:
            assert (draw_links(links, kind, rng=np.random.default_rng(7)).toarray() == links).all()
    if shape[0] == shape[1]:
        links = np.zeros(shape, bool)
        assert rewire(links, undirected=True, rng=np.random.default_rng(7)).nnz == 0
        assert scatter(links, undirected=True, rng=np.random.default_rng(7)).nnz == 0
