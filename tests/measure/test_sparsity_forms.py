import json
import math
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from netsci.graph import LayeredGraph
from netsci.measure import (
    neuron_sparsity_index,
    projection_sparsity_index,
    sparsity_index,
    temporal_sparsity_curve,
    temporal_sparsity_index,
)

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "iw.json").read_text())
matrices = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 5), st.integers(1, 6)),
    elements=st.sampled_from([0.0, 0.0, -1.0, 2.5, 1e-200, 1e200]),
)
orders = st.sampled_from([(0.5, 1.0), (1.0, 2.0), (0.1, 1.0), (0.75, 1.5)])


@pytest.mark.parametrize("case", GOLDEN["matrices"], ids=lambda case: f"{case['p']}-{case['q']}")
@pytest.mark.parametrize("layout", [np.array, sp.csr_array, sp.csc_matrix, sp.coo_array])
def test_golden_rows(case, layout):
    w = np.array(case["w"], dtype=float)
    rows = neuron_sparsity_index(layout(w), axis="rows", p=case["p"], q=case["q"])
    columns = neuron_sparsity_index(layout(w.T), axis="columns", p=case["p"], q=case["q"])
    assert rows.dtype == np.float64
    np.testing.assert_allclose(rows, case["per_row"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(columns, case["per_row"], rtol=0, atol=1e-12)


@settings(deadline=None)
@given(matrices, orders, st.booleans(), st.integers(0, 2**20))
def test_neurons_agree_with_the_index_of_each_line(w, order, masked, seed):
    p, q = order
    mask = np.random.default_rng(seed).random(w.shape) < 0.6 if masked else None
    for axis, lines in (("rows", w), ("columns", w.T)):
        kept = [None] * len(lines) if mask is None else list(mask if axis == "rows" else mask.T)
        expected = [
            math.nan if k is not None and not k.any() else sparsity_index(line, mask=k, p=p, q=q)
            for line, k in zip(lines, kept, strict=True)
        ]
        for array in (w, sp.csr_array(w)):
            for alive in (mask,) if mask is None else (mask, sp.coo_array(mask)):
                found = neuron_sparsity_index(array, axis=axis, mask=alive, p=p, q=q)
                np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_orientation_on_an_asymmetric_matrix():
    w = np.array([[3.0, 3.0, 3.0], [1.0, 0.0, 0.0]])
    assert neuron_sparsity_index(w, axis="rows").tolist() == pytest.approx([0, 2 / 3])
    assert neuron_sparsity_index(w, axis="columns").shape == (3,)


def test_a_large_sparse_matrix_is_never_dense():
    w = sp.random_array((20_000, 20_000), density=1e-6, rng=np.random.default_rng(1), format="csr")
    tracemalloc.start()
    rows = neuron_sparsity_index(w, axis="rows")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6  # dense: 3.2 GB
    degree = np.diff(w.indptr)
    assert (rows[degree == 0] == 1).all()
    assert rows[degree == 1] == pytest.approx(1 - 1 / 20_000, abs=1e-12)


def test_neuron_refusals():
    with pytest.raises(ValueError, match="axis must be one of rows, columns"):
        neuron_sparsity_index(np.ones((2, 2)), axis=0)
    with pytest.raises(ValueError, match="2-D"):
        neuron_sparsity_index([1.0, 2.0], axis="rows")
    for shape in ((0, 3), (3, 0)):
        with pytest.raises(ValueError, match="must have rows and columns"):
            neuron_sparsity_index(np.ones(shape), axis="rows")
        with pytest.raises(ValueError, match="must have rows and columns"):
            neuron_sparsity_index(sp.csr_array(shape), axis="rows")
    with pytest.raises(ValueError, match="NaN or infinite"):
        neuron_sparsity_index([[1.0, math.nan]], axis="rows")
    with pytest.raises(TypeError, match="real numbers"):
        neuron_sparsity_index([["a"]], axis="rows")
    with pytest.raises(ValueError, match="0 < p < q"):
        neuron_sparsity_index([[1.0]], axis="rows", p=2.0)


@settings(deadline=None)
@given(hnp.arrays(np.float64, (4, 6), elements=st.sampled_from([0.0, 1.0, 3.0, 1e-150, 1e150])), orders)
def test_time_is_the_index_of_the_stacked_array(spikes, order):
    p, q = order
    stacked = sparsity_index(spikes, p=p, q=q)
    assert temporal_sparsity_index(spikes, p=p, q=q) == pytest.approx(stacked, abs=1e-12)
    steps = iter([sp.csr_array(step.reshape(2, 3)) for step in spikes])
    assert temporal_sparsity_index(steps, p=p, q=q) == pytest.approx(stacked, abs=1e-12)
    curve = temporal_sparsity_curve(spikes, p=p, q=q)
    assert curve.tolist() == [sparsity_index(step, p=p, q=q) for step in spikes]


def test_time_by_hand():
    """Spike counts [time, neuron]: 1 - (1 + 2 + 3)^2 / (6 (1 + 4 + 9))."""
    counts = np.array([[1, 4, 0], [0, 0, 9]])
    assert temporal_sparsity_index(counts) == pytest.approx(1 - 36 / 84, abs=1e-15)
    assert temporal_sparsity_curve(counts) == pytest.approx([1 - 9 / 15, 2 / 3], abs=1e-15)
    assert temporal_sparsity_index(np.zeros((3, 2))) == 1.0


def test_repeating_a_step_leaves_the_index():
    w = np.array([[1.0, 2.0], [0.0, 4.0]])
    assert temporal_sparsity_index([w] * 5) == pytest.approx(sparsity_index(w), abs=1e-15)


def test_a_mask_holds_for_every_step():
    mask = np.array([True, False, True])
    steps = np.array([[1.0, 7.0, 0.0], [1.0, 9.0, 1.0]])
    assert temporal_sparsity_index(steps, mask=mask) == pytest.approx(0.25, abs=1e-15)
    assert temporal_sparsity_curve(steps, mask=mask).tolist() == [0.5, 0.0]


def test_temporal_refusals():
    with pytest.raises(ValueError, match="at least one time step"):
        temporal_sparsity_index([])
    with pytest.raises(ValueError, match=r"step 1 has \(2,\), step 2 has \(3,\)"):
        temporal_sparsity_index([[1, 1], [1, 1, 1]])
    with pytest.raises(ValueError, match="step 2 holds NaN"):
        temporal_sparsity_curve([[1.0], [math.nan]])
    with pytest.raises(ValueError, match="0 < p < q"):
        temporal_sparsity_curve([[1.0]], p=1.0)


def test_projections_by_hand():
    first = np.array([[4.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    second = np.array([[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    graph = LayeredGraph.from_masks([first != 0, second != 0], weights=[first, second])
    table = projection_sparsity_index(graph.projections).set_index("projection")
    assert table["cells"].tolist() == [6, 6, 12]
    assert table["links"].tolist() == [2, 4, 6]
    together = np.concatenate([first.ravel(), second.ravel()])
    cells = [sparsity_index(first), sparsity_index(second), sparsity_index(together)]
    links = [1 - 9 / 10, 0.0, sparsity_index(together[together > 0])]
    assert table["index_cells"].tolist() == pytest.approx(cells, abs=1e-14)
    assert table["index_links"].tolist() == pytest.approx(links, abs=1e-14)
    assert table["index_source"].iloc[:2].tolist() == pytest.approx([(0.4 + 1) / 2, 1 / 3])
    assert table["index_target"].iloc[:2].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert table.loc["all", ["index_source", "index_target"]].isna().all()


def test_a_link_of_weight_zero_is_a_link():
    links = sp.csr_array(np.array([[True, True]]))
    weights = sp.csr_array((np.array([0.0, 2.0]), links.indices, links.indptr), shape=(1, 2))
    table = projection_sparsity_index(LayeredGraph.from_masks([links], weights=[weights]).projections)
    assert table["links"].tolist() == [2, 2]
    assert table["index_links"].tolist() == [0.5, 0.5]


def test_projections_without_weights_or_links():
    mask = np.zeros((4, 5), bool)
    table = projection_sparsity_index(LayeredGraph.from_masks([mask, np.ones((5, 2), bool)]).projections)
    assert table["index_cells"].tolist() == pytest.approx([1.0, 0.0, 1 - 10 / 30])
    assert np.isnan(table["index_links"].iloc[0])
    assert table["index_links"].iloc[1:].tolist() == [0.0, 0.0]


def test_projection_refusals():
    with pytest.raises(ValueError, match="at least one projection"):
        projection_sparsity_index([])
    wrong = SimpleNamespace(name="hidden", links=sp.csr_array(np.ones((2, 3), bool)), weights=np.ones((3, 2)))
    with pytest.raises(ValueError, match="'hidden' has weights"):
        projection_sparsity_index([wrong])
