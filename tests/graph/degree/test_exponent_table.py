import math

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings

from netsci.graph import LayeredGraph, degree_exponent
from netsci.graph.degree.exponent_table import _pairs, _places, exponent_table, random_control
from netsci.graph.projection import Population, Projection
from tests.strategies import chains

FITTED = ["gamma", "xmin", "n_tail", "ks", "sigma"]


def random_chain(seed=7, density=0.02):
    rng = np.random.default_rng(seed)
    return LayeredGraph.from_masks([rng.random((300, 200)) < density, rng.random((200, 120)) < density])


def test_rows_by_hand():
    """Source and target degrees must not be exchanged, and rows of one unit are added up."""
    graph = LayeredGraph.from_masks(
        [[[1, 1, 1], [1, 0, 0]], [[1], [0], [1], [1], [0], [0]]],
        rows_per_unit=[1, 2],
        names=["first", "second"],
    )
    table = exponent_table(graph)
    assert table[["kind", "group", "side", "nodes"]].to_numpy().tolist() == [
        ["pooled", "all nodes", "all", 6],
        ["projection", "first", "source", 2],
        ["projection", "first", "target", 3],
        ["projection", "second", "source", 3],
        ["projection", "second", "target", 1],
        ["population", "layer0", "all", 2],
        ["population", "layer1", "all", 3],
        ["population", "layer2", "all", 1],
    ]
    samples = [[3, 1, 3, 3, 1, 3], [3, 1], [2, 1, 1], [1, 2, 0], [3], [3, 1], [3, 3, 1], [3]]
    for (_, row), degrees in zip(table.iterrows(), samples, strict=True):
        fit = degree_exponent(degrees)
        np.testing.assert_array_equal(row[FITTED].astype(float), [getattr(fit, name) for name in FITTED])
        assert row["scale_free"] is fit.scale_free
        assert row["notes"] == "; ".join(fit.notes)
        assert math.isnan(row["p_value"])
    assert "control_gamma" not in table


def test_undirected_networks_have_one_side():
    star = np.zeros((5, 5), bool)
    star[0, 1:] = star[1:, 0] = True
    table = exponent_table(LayeredGraph.from_adjacency(star))
    assert table[["kind", "side", "nodes"]].to_numpy().tolist() == [
        ["pooled", "all", 5],
        ["projection", "all", 5],
        ["population", "all", 5],
    ]
    assert table["gamma"].nunique() == 1


def test_controls_of_a_random_mask_are_like_it():
    graph = random_chain()
    table = exponent_table(graph, controls=4, rng=np.random.default_rng(3))
    assert table.equals(exponent_table(graph, controls=4, rng=np.random.default_rng(3)))
    assert (table["control_scale_free"] == 0).all()
    fitted = table[table["control_gamma"].notna()]
    assert len(fitted) > 4
    assert (fitted["control_lowest"] <= fitted["control_gamma"]).all()
    assert (fitted["control_gamma"] <= fitted["control_highest"]).all()
    assert (fitted["control_highest"] < 10).all()
    assert table[["control_at_bound", "control_undecided"]].stack().between(0, 1).all()
    assert not any(verdict is True for verdict in table["scale_free"])


def test_a_scale_free_side_is_told_from_its_controls():
    rng = np.random.default_rng(5)
    degrees = np.minimum(rng.zipf(2.5, 500), 300)
    mask = np.zeros((500, 300), bool)
    for row, k in enumerate(degrees):
        mask[row, rng.choice(300, k, replace=False)] = True
    table = exponent_table(LayeredGraph.from_masks([mask]), controls=2, bootstrap=20, rng=rng)
    source = table[table["side"] == "source"].iloc[0]
    assert source["gamma"] == pytest.approx(2.5, abs=0.2)
    assert source["scale_free"] is True
    assert 0.1 <= source["p_value"] <= 1
    assert source["control_scale_free"] == 0
    assert source["control_undecided"] == 0


@settings(deadline=None, max_examples=40)
@given(chains())
def test_controls_keep_sizes_and_numbers_of_links(graph):
    control = random_control(graph, rng=np.random.default_rng(7))
    assert control.sizes == graph.sizes
    assert [p.n_links for p in control.projections] == [p.n_links for p in graph.projections]
    assert [p.shape for p in control.projections] == [p.shape for p in graph.projections]


@pytest.mark.parametrize("undirected", [True, False])
def test_controls_of_a_population_onto_itself(undirected):
    links = np.triu(np.random.default_rng(2).random((40, 40)) < 0.1)
    links = links | links.T if undirected else links
    projection = Projection("a", "a", sp.csr_array(links), name="loop", undirected=undirected)
    control = random_control(
        LayeredGraph((Population("a", 40),), (projection,)), rng=np.random.default_rng(7)
    )
    drawn = control.projections[0]
    assert drawn.n_links == projection.n_links
    assert drawn.links.diagonal().sum() == np.diag(links).sum()
    assert drawn.undirected is undirected
    assert (drawn.links != projection.links).nnz


def test_places_are_uniform():
    """All 10 sets of 2 (and of 3) among 5 places come equally often."""
    for count in (2, 3):
        rng = np.random.default_rng(7)
        sets = [tuple(_places(5, count, rng)) for _ in range(4000)]
        _, often = np.unique(sets, axis=0, return_counts=True)
        assert len(often) == 10
        assert np.abs(often - 400).max() < 90  # 4.7 standard deviations
    assert _places(3, 3, rng).tolist() == [0, 1, 2]
    assert len(_places(0, 0, rng)) == 0


def test_pairs_are_numbered_without_gaps():
    low, high = _pairs(np.arange(45))
    assert sorted(zip(low.tolist(), high.tolist(), strict=True)) == [
        (i, j) for i in range(10) for j in range(i + 1, 10)
    ]
    big = 10**9
    for number in (big * (big - 1) // 2 - 1, big * (big - 1) // 2):
        low, high = _pairs(np.array([number]))
        assert high[0] * (high[0] - 1) // 2 + low[0] == number
        assert 0 <= low[0] < high[0]


def test_refuses_bad_arguments():
    graph = random_chain()
    with pytest.raises(TypeError, match=r"LayeredGraph.from_masks"):
        exponent_table(np.eye(3))
    with pytest.raises(ValueError, match="controls must be at least 0; got -1"):
        exponent_table(graph, controls=-1)
    with pytest.raises(TypeError, match="bootstrap must be a whole number"):
        exponent_table(graph, bootstrap=2.5)
    for asked in ({"controls": 1}, {"bootstrap": 1}):
        with pytest.raises(TypeError, match="rng must be"):
            exponent_table(graph, **asked)
