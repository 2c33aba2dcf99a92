"""Exact operations of hidden layers over their estimate: by hand, and on networks that are converted."""

from types import SimpleNamespace

import numpy as np
import pytest

from analysis.engine.conversions import read_curves
from analysis.s2.operations import METHODS, compare_hidden, operations, plan
from netsci.sweep import run_cells


def test_the_ratio_leaves_out_the_last_layer_by_hand():
    curves = SimpleNamespace(
        images=2,
        sops=np.array([[0, 0], [30, 10], [6, 4]]),  # 20 and 5 an image
        energy_sops=np.array([[18.0, 25.0], [10.0, 15.0], [20.0, 30.0]]),
    )
    assert compare_hidden(curves, "exact") == 1.0
    assert compare_hidden(curves, "estimate") == (25.0 - 5.0) / (15.0 - 5.0)
    assert compare_hidden(curves, "linked estimate") == (25.0 - 5.0) / (30.0 - 5.0)
    assert np.isnan(compare_hidden(None, "estimate"))


@pytest.mark.parametrize("links", ["uniform", "chts"])
def test_the_ratio_is_that_of_a_walk_over_layers(tmp_path, links):
    cell = plan(links, "smoke", 0)
    record = run_cells([cell], tmp_path)[cell]
    for method, (label, _) in METHODS.items():
        curves = read_curves(record, label)
        a = record.arrays
        of = (a["table_conversion"] == label) & (a["table_measure"] == "links")
        (n_links,) = a["table_value"][of & (a["table_layer"] == curves.layers[1])]
        spikes, units = curves.spikes[0].sum(), curves.units[0]
        wanted = curves.sops[1].sum() / (spikes * n_links / units)
        source = operations("smoke", range(1), links=links, method=method, measure="exact_over_estimate")
        assert source.read(record) == pytest.approx(wanted, rel=1e-9)
        if links == "uniform":
            assert wanted == pytest.approx(1.0, abs=0.05)
