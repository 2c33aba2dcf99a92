import math

import numpy as np
import pandas as pd
import pytest

from netsci.measure import PJ_PER_AC, ProjectionTrace, Trace, energy_mj, energy_pj, energy_table


def trace_of(*projections):
    return Trace(steps=5, samples=2, populations=(), projections=projections)


SPIKES = ProjectionTrace("fc2", [4, 0, 2], [1, 7, 3], "spikes", 11, 21, 21, 10)
GRADED = ProjectionTrace("pooled", [5], [2], "graded", 2, 4, 4, 10)
ANALOG = ProjectionTrace("fc1", [2, 2], [3, 1], "analog", 4, 8, 8, 2)


def values(table, projection):
    return table[table.projection == projection].set_index("measure")["value"].to_dict()


def test_by_hand():
    table = energy_table(trace_of(ANALOG, GRADED, SPIKES))
    assert list(table.columns) == ["projection", "measure", "value", "unit"]
    one = values(table, "fc2")
    assert (one["sops"], one["macs"], one["energy"]) == (10, 0, 15.0)
    assert one["estimated_sops"] == pytest.approx(2 * 21 * 11 / 21)
    assert one["estimated_energy"] == pytest.approx(33)
    assert one["estimated_over_exact"] == pytest.approx(2.2)
    first = values(table, "fc1")
    assert (first["sops"], first["macs"]) == (0, 8)
    assert first["energy"] == pytest.approx(8 * 4.6)
    assert first["estimated_macs"] == pytest.approx(2 * 8 * 0.5)
    assert first["estimated_sops"] == 0
    assert values(table, "pooled")["energy"] == 15.0
    whole = values(table, "all layers")
    assert (whole["sops"], whole["macs"]) == (20, 8)
    assert whole["energy"] == pytest.approx(30 + 8 * 4.6)
    assert whole["energy"] == pytest.approx(energy_pj(trace_of(ANALOG, GRADED, SPIKES)))
    assert whole["estimated_energy"] == pytest.approx(33 + 8 * 4.6 + 1.5 * 5 * 4 * 0.5)
    assert set(table["unit"]) == {"operations", "pJ", ""}


@pytest.mark.parametrize(("sops", "printed_mj"), [(6.32e11, 948), (3.2e10, 48), (2.9e9, 4.4)])
def test_printed_energies_of_table_2(sops, printed_mj):
    whole = trace_of(ProjectionTrace("all", [round(sops)], [1]))
    assert energy_mj(whole) == pytest.approx(printed_mj, rel=0.02)
    assert energy_mj(whole) == pytest.approx(energy_pj(whole) * 1e-9)


def test_costs_are_parameters():
    trace = trace_of(ANALOG, SPIKES)
    assert energy_pj(trace, pj_per_sop=PJ_PER_AC, pj_per_mac=0) == pytest.approx(9)
    assert energy_pj(trace, pj_per_sop=0, pj_per_mac=1) == 8
    assert energy_mj(trace, pj_per_sop=0, pj_per_mac=1) == pytest.approx(8e-9)
    table = energy_table(trace, pj_per_sop=PJ_PER_AC, pj_per_mac=1)
    assert values(table, "fc2")["energy"] == pytest.approx(9)
    assert values(table, "fc1")["energy"] == pytest.approx(8)


def test_estimate_is_too_low_where_hubs_fire_and_too_high_where_they_are_silent():
    degrees = np.arange(1, 51)
    sizes = (int(degrees.sum()), 50 * 50, 50 * 50, 10)
    hubs = ProjectionTrace("hubs", degrees, degrees, "spikes", *sizes)
    leaves = ProjectionTrace("leaves", degrees[::-1], degrees, "spikes", *sizes)
    even = ProjectionTrace("even", np.full(50, 7), degrees, "spikes", *sizes)
    table = energy_table(trace_of(hubs, leaves, even))
    assert values(table, "hubs")["estimated_over_exact"] < 0.8
    assert values(table, "leaves")["estimated_over_exact"] > 1.2
    assert values(table, "even")["estimated_over_exact"] == pytest.approx(1)


def test_nothing_costs_nothing():
    table = energy_table(trace_of())
    assert values(table, "all layers")["energy"] == 0
    assert math.isnan(values(table, "all layers")["estimated_over_exact"])
    idle = energy_table(trace_of(ProjectionTrace("idle", [], [])))
    assert isinstance(idle, pd.DataFrame)
    assert values(idle, "idle")["estimated_energy"] == 0


@pytest.mark.parametrize("function", [energy_pj, energy_mj, energy_table])
def test_errors_explain(function):
    with pytest.raises(ValueError, match="pj_per_sop must be finite and at least 0"):
        function(trace_of(SPIKES), pj_per_sop=-1)
    with pytest.raises(ValueError, match="pj_per_mac must be finite"):
        function(trace_of(SPIKES), pj_per_mac=math.nan)
    with pytest.raises(TypeError, match="picojoule per operation"):
        function(trace_of(SPIKES), pj_per_sop="1.5")
    with pytest.raises(TypeError, match=r"netsci\.measure\.Trace"):
        function({"sops": 3})
