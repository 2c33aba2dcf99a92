from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from netsci.graph import robins_alexander
from netsci.graph.structure.null_models import rewire
from netsci.topology import INITIAL, brf, erdos_renyi, links_at, scale_free, uniform, watts_strogatz
from netsci.topology.power_law import _draw_all, _draw_some

shapes = st.tuples(st.integers(1, 12), st.integers(1, 12))


def rng(seed=7):
    return np.random.default_rng(seed)


def ring_distances(rows, columns):
    """Of column j from the place of row i, by walking both ways."""
    table = np.empty((rows, columns))
    for i in range(rows):
        for j in range(columns):
            ahead = (j - i * columns / rows) % columns
            table[i, j] = min(ahead, columns - ahead)
    return table


def test_links_at_rounds():
    assert links_at((784, 1568), 0.99) == 12293
    assert links_at((3, 5), 0.0) == 15
    assert links_at((3, 5), 1.0) == 0
    with pytest.raises(ValueError, match="sparsity"):
        links_at((3, 5), 1.2)


@pytest.mark.parametrize("name", INITIAL)
@settings(deadline=None)  # the first call compiles
@given(shape=shapes, share=st.floats(0, 1), seed=st.integers(0, 99))
def test_exact_count_and_shape(name, shape, share, seed):
    links = round(share * shape[0] * shape[1])
    mask = INITIAL[name](shape, links, rng=rng(seed))
    assert mask.shape == shape
    assert mask.dtype == bool
    assert mask.has_canonical_format
    assert mask.nnz == mask.toarray().sum() == links


@pytest.mark.parametrize("name", INITIAL)
def test_equal_seeds_draw_equal_links_and_others_do_not(name):
    draw = [INITIAL[name]((9, 14), 40, rng=rng(seed)).toarray() for seed in (1, 1, 2)]
    assert np.array_equal(draw[0], draw[1])
    assert not np.array_equal(draw[0], draw[2])


@pytest.mark.parametrize("name", INITIAL)
@pytest.mark.parametrize("links", [-1, 13])
def test_impossible_counts_are_refused(name, links):
    with pytest.raises(ValueError, match="links must lie in"):
        INITIAL[name]((3, 4), links, rng=rng())


@pytest.mark.parametrize("name", INITIAL)
def test_bad_arguments_are_refused(name):
    with pytest.raises(ValueError, match="shape"):
        INITIAL[name]((3, 0), 0, rng=rng())
    with pytest.raises(TypeError, match="rng"):
        INITIAL[name]((3, 4), 2, rng=None)


@settings(deadline=None)  # the first call compiles
@given(shape=shapes, share=st.floats(0, 1), seed=st.integers(0, 99))
def test_uniform_degrees_differ_by_at_most_one_on_both_sides(shape, share, seed):
    mask = uniform(shape, round(share * shape[0] * shape[1]), rng=rng(seed)).toarray()
    assert np.ptp(mask.sum(axis=0)) <= 1
    assert np.ptp(mask.sum(axis=1)) <= 1


def test_uniform_by_hand_is_a_permutation():
    mask = uniform((5, 5), 5, rng=rng()).toarray()
    assert mask.sum(axis=0).tolist() == mask.sum(axis=1).tolist() == [1] * 5


@pytest.mark.parametrize("draw", [uniform, erdos_renyi, lambda *a, **k: brf(*a, randomness=1.0, **k)])
def test_every_cell_is_as_likely_as_any_other(draw):
    total = sum(draw((4, 7), 8, rng=rng(seed)).toarray().astype(float) for seed in range(3000))
    mean, deviation = 3000 * 8 / 28, np.sqrt(3000 * 8 / 28 * 20 / 28)
    # brf spreads the 8 links over 4 rows evenly; with 2 a row each cell has 2/7 like the others.
    assert np.abs(total - mean).max() < 4.5 * deviation


def test_every_uniform_topology_is_equally_likely():
    """6 x 4 with 12 links, 2 a row and 3 a column: 1,860 of them, the incidence of K4 among them."""
    rows = [np.isin(range(4), pair) for pair in combinations(range(4), 2)]
    every = (np.array(chosen) for chosen in product(rows, repeat=6))
    counts = {one.tobytes(): 0 for one in every if (one.sum(axis=0) == 3).all()}
    assert len(counts) == 1860
    assert np.array(rows).tobytes() in counts
    generator = rng()
    for _ in range(20 * 1860):
        counts[uniform((6, 4), 12, rng=generator).toarray().tobytes()] += 1
    assert chisquare(list(counts.values())).pvalue > 0.01


@pytest.mark.parametrize(("shape", "links"), [((300, 100), 1500), ((512, 10), 1024), ((61, 40), 241)])
def test_uniform_has_no_more_squares_than_chance(shape, links):
    """The share of closed squares is that of a random matrix of the same degrees."""
    generator = rng()
    drawn = [uniform(shape, links, rng=generator) for _ in range(40)]
    here, chance = (
        np.array([robins_alexander(one) for one in some])
        for some in (drawn, [rewire(one, rng=generator) for one in drawn])
    )
    assert abs(here.mean() - chance.mean()) < 4 * np.sqrt((here.var() + chance.var()) / 40)


def test_erdos_renyi_degrees_vary_where_uniform_ones_do_not():
    assert np.ptp(erdos_renyi((50, 80), 800, rng=rng()).toarray().sum(axis=0)) > 5


@pytest.mark.parametrize(
    ("rows", "columns", "links"), [(4, 8, 12), (8, 4, 16), (5, 7, 15), (7, 5, 21), (3, 8, 7)]
)
def test_brf_without_randomness_takes_the_nearest_columns(rows, columns, links):
    mask = brf((rows, columns), links, randomness=0.0, rng=rng()).toarray()
    distance = ring_distances(rows, columns)
    for i in range(rows):
        assert links // rows <= mask[i].sum() <= links // rows + 1
        assert distance[i][mask[i]].max(initial=0) <= distance[i][~mask[i]].min(initial=9) + 1e-9
    assert np.array_equal(mask, brf((rows, columns), links, randomness=0.0, rng=rng(8)).toarray())


def test_brf_by_hand_on_a_wide_and_a_tall_layer():
    """The place of row 1 of 2 among 6 columns is 3; the place of row 1 of 4 among 2 columns is 1/2."""
    wide = brf((2, 6), 6, randomness=0.0, rng=rng()).toarray().astype(int)
    assert wide.tolist() == [[1, 1, 0, 0, 0, 1], [0, 0, 1, 1, 1, 0]]
    tall = brf((4, 2), 4, randomness=0.0, rng=rng()).toarray().astype(int)
    assert tall.tolist() == [[1, 0], [1, 0], [0, 1], [1, 0]]


def test_brf_first_draw_follows_the_power_of_the_distance():
    """One link a row: p(j) is (1 + d)^-((1 - r) / r) / sum, with exponent 3/2 at r = 0.4."""
    rows, columns, runs = 3, 5, 4000
    total = sum(
        brf((rows, columns), 3, randomness=0.4, rng=rng(seed)).toarray() * 1.0 for seed in range(runs)
    )
    odds = (1 + ring_distances(rows, columns)) ** -1.5
    expected = runs * odds / odds.sum(axis=1, keepdims=True)
    chi_square = ((total - expected) ** 2 / expected).sum()
    assert chi_square < 32.9  # 0.999 quantile, 12 degrees of freedom


def test_brf_mean_distance_grows_with_randomness():
    distance = ring_distances(30, 60)
    means = [
        distance[brf((30, 60), 180, randomness=r, rng=rng()).toarray()].mean()
        for r in (0.0, 1e-320, 0.3, 0.6, 1.0)
    ]
    assert means[0] == means[1]
    assert means[1] < means[2] < means[3] < means[4]
    assert means[4] == pytest.approx(15, abs=2)


def test_brf_in_blocks_of_rows(monkeypatch):
    monkeypatch.setattr("netsci.topology.receptive._BLOCK_CELLS", 20)
    mask = brf((7, 9), 17, randomness=0.0, rng=rng())
    monkeypatch.undo()
    assert np.array_equal(mask.toarray(), brf((7, 9), 17, randomness=0.0, rng=rng()).toarray())


def test_brf_refuses_randomness_outside_the_unit_interval():
    with pytest.raises(ValueError, match="randomness"):
        brf((3, 4), 5, randomness=1.5, rng=rng())


def test_watts_strogatz_lattice_by_hand():
    """Windows of consecutive columns around floor(i columns / rows), over the edge of the ring too."""
    wide = watts_strogatz((2, 6), 6, rewiring=0.0, rng=rng()).toarray().astype(int)
    assert wide.tolist() == [[1, 1, 0, 0, 0, 1], [0, 0, 1, 1, 1, 0]]
    even = watts_strogatz((3, 6), 6, rewiring=0.0, rng=rng()).toarray().astype(int)
    assert even.tolist() == [[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1]]
    tall = watts_strogatz((4, 2), 6, rewiring=0.0, rng=rng()).toarray().astype(int)
    assert tall.tolist() == [[1, 0], [1, 1], [0, 1], [1, 1]]


@given(
    shape=shapes, share=st.floats(0, 1), rewiring=st.sampled_from([0.0, 0.3, 1.0]), seed=st.integers(0, 99)
)
def test_watts_strogatz_rows_keep_their_number_of_links(shape, share, rewiring, seed):
    links = round(share * shape[0] * shape[1])
    mask = watts_strogatz(shape, links, rewiring=rewiring, rng=rng(seed)).toarray()
    assert mask.sum() == links
    assert np.ptp(mask.sum(axis=1)) <= 1
    lattice = watts_strogatz(shape, links, rewiring=0.0, rng=rng(seed)).toarray()
    assert np.array_equal(mask.sum(axis=1), lattice.sum(axis=1))
    if rewiring == 0.0:
        away = ring_distances(*shape)
        assert (away[mask] <= links / shape[0] / 2 + 1 + 1e-9).all()


def test_watts_strogatz_lattice_spreads_links_over_the_columns():
    mask = watts_strogatz((40, 100), 400, rewiring=0.0, rng=rng()).toarray()
    assert set(mask.sum(axis=0)) == {4}


@pytest.mark.parametrize("rewiring", [0.1, 0.5])
def test_watts_strogatz_rewires_the_share_asked_for(rewiring):
    """50 rows of 3 links among 10 columns; a rewired link may fall back on a column that it left."""
    shape, links, runs = (50, 10), 150, 60
    lattice = watts_strogatz(shape, links, rewiring=0.0, rng=rng()).toarray()
    moved = [
        (lattice & ~watts_strogatz(shape, links, rewiring=rewiring, rng=rng(seed)).toarray()).sum()
        for seed in range(runs)
    ]
    # n of a row's 3 links go, and n of its 7 + n free columns are drawn: 7 / (7 + n) of them are new.
    odds = [3 * rewiring * (1 - rewiring) ** 2, 3 * rewiring**2 * (1 - rewiring), rewiring**3]
    expected = 50 * sum(p * n * 7 / (7 + n) for n, p in enumerate(odds, start=1))
    assert np.mean(moved) == pytest.approx(expected, abs=4.5 * np.std(moved) / np.sqrt(runs))


def test_watts_strogatz_rewired_whole_is_uniform_in_every_row():
    total = sum(
        watts_strogatz((4, 7), 8, rewiring=1.0, rng=rng(seed)).toarray() * 1.0 for seed in range(3000)
    )
    mean, deviation = 3000 * 2 / 7, np.sqrt(3000 * 2 / 7 * 5 / 7)
    assert np.abs(total - mean).max() < 4.5 * deviation


def test_watts_strogatz_refuses_rewiring_outside_the_unit_interval():
    with pytest.raises(ValueError, match="rewiring"):
        watts_strogatz((3, 4), 5, rewiring=-0.1, rng=rng())


@pytest.mark.parametrize("draw", [_draw_all, _draw_some])
def test_cells_are_drawn_one_after_another_by_their_weights(draw):
    rows, columns = np.array([0.6, 0.4]), np.array([0.5, 0.3, 0.2])
    chance = np.outer(rows, columns).reshape(-1)
    wanted = np.zeros((6, 6))  # of the pair of cells, in the order of their numbers
    for first, second in product(range(6), range(6)):
        if first != second:
            pair = tuple(sorted((first, second)))
            wanted[pair] += chance[first] * chance[second] / (1.0 - chance[first])
    found, generator = np.zeros((6, 6)), rng()
    for _ in range(20_000):
        drawn = draw(np.log(rows), np.log(columns), 2, generator)
        found[tuple(sorted(drawn))] += 1
    above = np.triu_indices(6, 1)
    assert chisquare(found[above], 20_000 * wanted[above]).pvalue > 1e-3
    assert found[above].sum() == 20_000


@pytest.mark.parametrize("exponent", [2.2, 3.0])
def test_degrees_of_a_scale_free_topology_are_a_power_law_on_both_sides(exponent):
    size, links = 20_000, 60_000
    mask = scale_free((size, size), links, exponent=exponent, rng=rng())
    assert mask.nnz == links
    for axis in (0, 1):
        degrees = np.sort(np.asarray(mask.sum(axis=axis)).reshape(-1))[::-1]
        ranks = np.unique(np.logspace(1, 3, 30).astype(int))
        slope = np.polyfit(np.log(ranks), np.log(degrees[ranks]), 1)[0]
        assert slope == pytest.approx(-1.0 / (exponent - 1.0), rel=0.1)
    even = np.asarray(uniform((size, size), links, rng=rng()).sum(axis=0)).reshape(-1)
    assert even.max() <= 4


def test_heavy_hubs_end_and_fill_up(monkeypatch):
    hubs = scale_free((3000, 3000), 9000, exponent=1.2, rng=rng())
    assert hubs.nnz == 9000
    assert int(hubs.sum(axis=1).max()) > 500
    assert scale_free((50, 60), 1500, exponent=1.001, rng=rng()).nnz == 1500
    whole = scale_free((40, 30), 300, rng=rng())
    monkeypatch.setattr("netsci.topology.power_law.SMALL", 100)  # a few rows at a time
    assert np.array_equal(scale_free((40, 30), 300, rng=rng()).toarray(), whole.toarray())


def test_an_exponent_that_no_power_law_has_is_refused():
    for bad in (1.0, 0.0, float("nan")):
        with pytest.raises(ValueError, match="exponent"):
            scale_free((4, 5), 3, exponent=bad, rng=rng())
    with pytest.raises(TypeError, match="exponent"):
        scale_free((4, 5), 3, exponent="2", rng=rng())
