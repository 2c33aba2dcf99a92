from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from netsci.topology import csti, link_correlated, links_at, pearson, phi, phi_as_printed, sscti
from netsci.topology.correlated import link_correlated_at

FOLDER = Path(__file__).parents[1] / "golden" / "snn"
GOLDEN = {name: np.load(FOLDER / f"phi_{name}.npz") for name in "ab"}
sparsities = st.sampled_from([0.0, 0.1, 0.5, 0.9, 0.99, 1.0]) | st.floats(0, 1)


def rng(seed=7):
    return np.random.default_rng(seed)


def by_sorting(correlation, shape, links):
    """Every cell of the layer with its key, sorted as the docstring says."""
    m = len(correlation)
    keys = []
    for i in range(shape[0]):
        for j in range(shape[1]):
            a, b = i % m, j % m
            value = abs(correlation[a, b])
            strength = -1.0 if np.isnan(value) else np.round(value, 12)
            keys.append((-strength, abs(a - b), min(a, b), a > b, i // m, j // m, i, j))
    mask = np.zeros(shape, bool)
    for *_, i, j in sorted(keys)[:links]:
        mask[i, j] = True
    return mask


@st.composite
def matrices(draw):
    """A correlation matrix with many ties and some NaN; not symmetric, so that orientation shows."""
    m = draw(st.integers(1, 5))
    generator = rng(draw(st.integers(0, 2**32 - 1)))
    values = draw(st.sampled_from([[0.0], [0.0, 0.5, -0.5], [np.nan, 0.0, 1.0], [0.1, 0.2, 0.3, -0.4, 0.5]]))
    return generator.choice(values, (m, m))


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_top_k(name):
    golden, keep = GOLDEN[name], int(GOLDEN[name]["keep"])
    m = golden["X"].shape[1]
    expected = np.abs(golden["phi"]) >= golden["threshold_value"] - 1e-12
    assert expected.sum() == keep
    assert np.array_equal(link_correlated(phi(golden["X"]), (m, m), keep).toarray(), expected)
    sparsity = 1 - keep / m**2
    assert np.array_equal(sscti(golden["X"], (m, m), sparsity).toarray(), expected)
    assert np.array_equal(sscti(golden["X"], (m, 3 * m), sparsity).toarray(), np.tile(expected, (1, 3)))
    assert np.array_equal(sscti(golden["X"], (2 * m, 2 * m), sparsity).toarray(), np.tile(expected, (2, 2)))


def test_by_hand_sign_does_not_count_and_the_diagonal_is_kept():
    r = np.array([[1.0, -0.8, 0.3], [-0.8, 1.0, 0.0], [0.3, 0.0, 1.0]])
    assert link_correlated(r, (3, 3), 5).toarray().astype(int).tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert link_correlated(r, (3, 3), 7).toarray().astype(int).tolist() == [[1, 1, 1], [1, 1, 0], [1, 0, 1]]


def test_rows_are_the_input():
    """Only input 0 reaches column 2 of a matrix that is not symmetric."""
    r = np.array([[0.1, 0.2, 0.9], [0.0, 0.3, 0.0], [0.0, 0.0, 0.4]])
    assert link_correlated(r, (3, 3), 1).toarray().nonzero() == ([0], [2])
    assert link_correlated(r, (3, 6), 2).toarray().nonzero()[1].tolist() == [2, 5]


def test_ties_keep_pairs_together_near_the_diagonal_first():
    same = np.zeros((3, 3))
    order = [(0, 0), (1, 1), (2, 2), (0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (2, 0)]
    for links in range(10):
        mask = link_correlated(same, (3, 3), links).toarray()
        assert sorted(zip(*np.nonzero(mask), strict=True)) == sorted(order[:links])


def test_nan_comes_after_0():
    r = np.full((3, 3), np.nan)
    r[1, 2] = 0.0
    assert link_correlated(r, (3, 3), 1).toarray().nonzero() == ([1], [2])


def test_the_last_digits_of_a_correlation_choose_nothing():
    r = np.array([[0.5, 0.7], [0.7 + 3e-16, 0.5]])
    assert link_correlated(r, (2, 2), 1).toarray().nonzero() == ([0], [1])
    r[1, 0] += 1e-9
    assert link_correlated(r, (2, 2), 1).toarray().nonzero() == ([1], [0])


@given(matrices(), st.integers(1, 11), st.integers(1, 11), st.floats(0, 1))
def test_agrees_with_sorting_all_cells_of_the_layer(r, rows, columns, share):
    links = round(share * rows * columns)
    mask = link_correlated(r, (rows, columns), links)
    assert mask.dtype == bool
    assert mask.has_canonical_format
    assert mask.nnz == links
    assert np.array_equal(mask.toarray(), by_sorting(r, (rows, columns), links))


@given(st.integers(1, 6), st.integers(1, 3), st.integers(1, 3), sparsities, st.integers(0, 99), st.booleans())
def test_whole_multiples_repeat_one_tile_of_exact_count(m, down, across, sparsity, seed, printed):
    x = rng(seed).random((20, m)) < rng(seed).choice([0.0, 0.3, 0.7], m)
    mask = sscti(x, (down * m, across * m), sparsity, correlation="as_printed" if printed else "phi")
    tile = sscti(x, (m, m), sparsity, correlation="as_printed" if printed else "phi").toarray()
    assert tile.sum() == round((1 - sparsity) * m * m)
    assert np.array_equal(mask.toarray(), np.tile(tile, (down, across)))
    unpaired = (tile != tile.T).sum()
    assert unpaired in (0, 2)  # one cell of one pair


@given(st.integers(2, 6), st.integers(1, 15), st.integers(1, 15), sparsities, st.integers(0, 99))
def test_other_shapes_have_the_links_of_their_own_sparsity(m, rows, columns, sparsity, seed):
    if rows % m == columns % m == 0:
        columns += 1
    mask = sscti(rng(seed).normal(size=(20, m)), (rows, columns), sparsity)
    assert mask.shape == (rows, columns)
    assert mask.nnz == links_at((rows, columns), sparsity)


def test_mnist_sized_counts():
    x = rng().random((40, 784)) < 0.2
    assert sscti(x, (784, 1568), 0.99).nnz == 2 * 6147  # links_at((784, 1568), .99) is 12293
    assert link_correlated(pearson(x), (784, 1568), 12293).nnz == 12293
    assert sscti(x, (784, 1000), 0.99).nnz == 7840


def test_what_goes_together_is_linked_and_printed_eq_2_does_not_see_it():
    """Features 0-3 copy one source, 4-7 another; 8-11 are independent and rare."""
    generator = rng()
    sources = generator.random((2, 5000)) < 0.5
    x = np.column_stack([*[sources[0]] * 4, *[sources[1]] * 4, generator.random((5000, 4)) < 0.01])
    x ^= generator.random(x.shape) < 0.02 * (np.arange(12) < 8)
    groups = np.zeros((12, 12), bool)
    groups[:4, :4] = groups[4:8, 4:8] = True
    links = int(groups.sum()) + 4
    found = sscti(x, (12, 12), 1 - links / 144).toarray()
    assert np.array_equal(found, groups | np.eye(12, dtype=bool))
    printed = sscti(x, (12, 12), 1 - 16 / 144, correlation="as_printed").toarray()
    assert np.array_equal(printed, np.outer(np.arange(12) > 7, np.arange(12) > 7))
    shuffled = generator.permuted(x, axis=0)  # negative control: the same rates, nothing goes together
    assert not np.array_equal(sscti(shuffled, (12, 12), 1 - links / 144).toarray() & groups, groups)
    assert np.array_equal(
        sscti(shuffled, (12, 12), 1 - 16 / 144, correlation="as_printed").toarray(), printed
    )


def test_constant_features_get_links_last():
    x = np.column_stack([rng().random((50, 2)), np.zeros(50), np.ones(50)])
    mask = csti(x, (4, 4), 1 - 4 / 16).toarray()
    assert np.array_equal(mask, np.outer([1, 1, 0, 0], [1, 1, 0, 0]))
    dead = sscti(x > 0.5, (4, 4), 1 - 9 / 16, correlation="as_printed").toarray()
    assert not dead[2].any()
    assert not dead[:, 2].any()  # 0/0; the feature that is always 1 is defined and scores low
    assert dead[3, 3]


@pytest.mark.parametrize("shape", [(5, 10), (10, 5), (5, 7), (10, 10)])
def test_a_known_correlation_serves_every_layer(shape):
    x = rng().random((40, 5))
    for kind, function in (("phi", pearson), ("as_printed", phi_as_printed)):
        r = function(x)
        assert (link_correlated_at(r, shape, 0.37) != sscti(x, shape, 0.37, correlation=kind)).nnz == 0
    with pytest.raises(ValueError, match="call sscti or csti"):
        link_correlated_at(x, shape, 0.37)
    with pytest.raises(TypeError, match="correlation must be a dense array"):
        link_correlated_at(sp.csr_array(r), shape, 0.37)
    with pytest.raises(ValueError, match="sparsity"):
        link_correlated_at(r, shape, 1.5)


def test_csti_is_the_topology_of_pearson():
    x = rng().normal(size=(60, 6))
    expected = link_correlated(np.corrcoef(x.T), (6, 12), 2 * 11).toarray()
    assert np.array_equal(csti(x, (6, 12), 1 - 11 / 36).toarray(), expected)
    assert np.array_equal(sscti(x, (6, 12), 1 - 11 / 36).toarray(), expected)
    spikes = x > 0
    printed = link_correlated(phi_as_printed(spikes), (6, 6), 11).toarray()
    assert np.array_equal(sscti(spikes, (6, 6), 1 - 11 / 36, correlation="as_printed").toarray(), printed)


@pytest.mark.parametrize(
    ("error", "message", "r"),
    [
        (TypeError, "sparse", sp.csr_array(np.eye(3))),
        (TypeError, "real numbers; its dtype is complex128", np.eye(3) * 1j),
        (ValueError, r"its shape is \(4, 3\): for inputs", np.ones((4, 3))),
        (ValueError, r"its shape is \(0, 0\)", np.ones((0, 0))),
        (ValueError, "its shape", np.ones(3)),
        (ValueError, "infinite", np.full((2, 2), np.inf)),
    ],
)
def test_matrices_are_checked(error, message, r):
    with pytest.raises(error, match=message):
        link_correlated(r, (3, 3), 2)


@pytest.mark.parametrize("links", [-1, 10])
def test_impossible_counts_are_refused(links):
    with pytest.raises(ValueError, match="links must lie in"):
        link_correlated(np.eye(3), (3, 3), links)


def test_arguments_are_checked():
    x = rng().random((20, 4))
    with pytest.raises(ValueError, match="correlation must be one of phi, as_printed; got 'eq2'"):
        sscti(x, (4, 4), 0.5, correlation="eq2")
    for function in (sscti, csti):
        with pytest.raises(ValueError, match="sparsity"):
            function(x, (4, 4), 1.5)
        with pytest.raises(ValueError, match="shape must be"):
            function(x, (4, 0), 0.5)
        with pytest.raises(ValueError, match=r"as many rows as the layer \(4, 8\): pass x.T"):
            function(x.T, (4, 8), 0.5)
        assert function(x[:4], (4, 8), 0.5).nnz == 16  # as many samples as features: nothing to tell them by


@pytest.mark.parametrize("samples", [2, 3, 30])
def test_features_as_rows_are_refused_with_few_samples_too(samples):
    x = np.random.default_rng(3).random((samples, 7))
    for function in (sscti, csti):
        assert function(x, (7, 14), 0.5).shape == (7, 14)
        with pytest.raises(ValueError, match=r"as many rows as the layer \(7, 14\): pass x.T"):
            function(x.T, (7, 14), 0.5)
    # Behind a hidden layer of 6 = 2 x 3 units there may be as many samples as units.
    assert sscti(x[:, :3].repeat(6, axis=0)[:6], (6, 6), 0.5).shape == (6, 6)
