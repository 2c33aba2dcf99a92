"""Node-based rules by two ways, over the paths or side by side: the same scores."""

import numpy as np
import pytest

from netsci.graph.ch import _kernels as _ch_kernels
from netsci.graph.ch import scores as ch
from netsci.graph.ch.scores import ch_scores, iter_scores
from tests.golden_files import golden

RULES = ("ch2_l3n", "ch3_l3n")
WAYS = {"scatter": np.inf, "side by side": 0.0}


def layers():
    rng = np.random.default_rng(3)
    return [rng.random(shape) < density for shape in ((30, 45), (150, 40)) for density in (0.03, 0.15, 0.6)]


@pytest.mark.parametrize("existing", [None, "leave_one_out"])
@pytest.mark.parametrize("rule", RULES)
def test_both_ways_agree(rule, existing, monkeypatch):
    for mask in layers():
        found = []
        for bound in WAYS.values():
            monkeypatch.setattr(ch, "_SCATTER_BELOW", bound)
            found.append(ch_scores(mask, rule, existing=existing))
        np.testing.assert_allclose(*found, rtol=1e-12, atol=0)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("way", WAYS)
def test_golden_scores_each_way(way, rule, monkeypatch):
    monkeypatch.setattr(ch, "_SCATTER_BELOW", WAYS[way])
    name = rule.upper().replace("L3N", "L3n")
    for path in golden("ch", "*.npz", holding=["biadj", name]):
        with np.load(path) as values:
            biadjacency, expected = values["biadj"], values[name]
        np.testing.assert_allclose(ch_scores(biadjacency, rule), expected, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(ch_scores(biadjacency.T, rule), expected.T, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("existing", [None, "leave_one_out"])
@pytest.mark.parametrize("rule", RULES)
def test_rows_blocks_and_threads_do_not_show(rule, existing, monkeypatch):
    monkeypatch.setattr(ch, "_SCATTER_BELOW", np.inf)
    for mask in layers():
        whole = ch_scores(mask, rule, existing=existing)
        for options in ({"threads": 2}, {"threads": 3}):
            np.testing.assert_array_equal(ch_scores(mask, rule, existing=existing, **options), whole)
        rows = [7, 0, 29, 7]
        np.testing.assert_array_equal(ch_scores(mask, rule, rows=rows, existing=existing)[:, :], whole[rows])
        for block_rows in (1, 8):
            blocks = [s for _, s in iter_scores(mask, rule, block_rows=block_rows, existing=existing)]
            np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_the_work_of_the_whole_layer_decides(monkeypatch):
    """Not that of the rows asked for, whose sums would else come in another order."""
    used = []
    scatter, side_by_side = _ch_kernels.scatter_nodes, _ch_kernels.node_sums
    monkeypatch.setattr(_ch_kernels, "scatter_nodes", lambda *a: (used.append("scatter"), scatter(*a)))
    monkeypatch.setattr(_ch_kernels, "node_sums", lambda *a: (used.append("side"), side_by_side(*a))[1])
    rng = np.random.default_rng(5)
    sparse, dense = rng.random((200, 200)) < 0.01, rng.random((200, 200)) < 0.3
    ch_scores(sparse, "ch3_l3n")
    assert used == ["scatter"]
    used.clear()
    dense[0], dense[0, 3] = False, True
    for rows in (None, [0]):
        ch_scores(dense, "ch3_l3n", rows=rows)
    assert set(used) == {"side"}
