import math

import numpy as np
import pytest

from netsci.measure import (
    ProjectionTrace,
    Trace,
    energy_by_step,
    energy_pj,
    energy_readings,
    energy_reduction,
)
from netsci.measure.energy_readings import EVERY_COUNT


def trace_of(*projections, steps=3, samples=2):
    return Trace(steps=steps, samples=samples, populations=(), projections=projections)


def first_layer(by_step=(8, 8, 8), applications=6):
    """Two inputs with fan-outs 3 and 1; at each step each of 2 images sends both: 2 x (3 + 1) = 8 MACs."""
    passes = sum(n > 0 for n in by_step)
    events = np.array([2, 2]) * passes
    return ProjectionTrace(
        *("fc1", events, [3, 1], "analog", 4, 8, 8, applications),
        operations_by_step=np.array(by_step),
        events_by_step=np.array(by_step) // 2,
    )


def hidden_layer():
    """Units with fan-outs 5 and 1: 2 spikes of the hub at step 1, 2 of the leaf at step 3."""
    return ProjectionTrace(
        *("fc2", [2, 2], [5, 1], "spikes", 6, 20, 20, 6),
        operations_by_step=np.array([10, 0, 2]),
        events_by_step=np.array([2, 0, 2]),
    )


def one(table, reading, count, steps=3):
    rows = table[(table["reading"] == reading) & (table["count"] == count) & (table["steps"] == steps)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_by_hand():
    table = energy_readings(trace_of(first_layer(), hidden_layer()))
    exact = one(table, "repeated", "exact")
    assert (exact["sops"], exact["macs"]) == (6, 12)  # of one image
    assert exact["energy_pj"] == pytest.approx(0.9 * 6 + 4.6 * 12)
    assert exact["own_ann_pj"] == pytest.approx(4.6 * (4 + 6))
    assert exact["snn_over_own_ann"] == pytest.approx((0.9 * 6 + 4.6 * 12) / 46)
    assert exact["first_layer_share"] == pytest.approx(4.6 * 12 / (0.9 * 6 + 4.6 * 12))
    assert (exact["pj_per_sop"], exact["pj_per_mac"]) == (0.9, 4.6)
    held = one(table, "once", "exact")
    assert (held["sops"], held["macs"], held["own_ann_pj"]) == (6, 4, exact["own_ann_pj"])
    estimate = one(table, "once", "estimate")
    assert estimate["sops"] == pytest.approx(2 * 20 * 0.3 / 2)  # mean events of a unit x dense x density
    assert estimate["macs"] == pytest.approx(6 * 8 * 0.5 / 3 / 2)
    assert held["estimated_over_exact"] == pytest.approx(estimate["energy_pj"] / held["energy_pj"])


def test_a_current_that_was_counted_once_is_repeated_by_the_other_reading():
    """The simulator holds the first current, the recorder may multiply at each step: both give one table."""
    often = energy_readings(trace_of(first_layer(), hidden_layer()))
    once = energy_readings(trace_of(first_layer((8, 0, 0), applications=2), hidden_layer()))
    np.testing.assert_allclose(often.select_dtypes("number"), once.select_dtypes("number"))


def test_every_step_is_what_a_shorter_run_costs():
    table = energy_by_step(trace_of(first_layer(), hidden_layer()))
    assert len(table) == 3 * 4
    assert [one(table, "repeated", "exact", t)["macs"] for t in (1, 2, 3)] == [4, 8, 12]
    assert [one(table, "once", "exact", t)["macs"] for t in (1, 2, 3)] == [4, 4, 4]
    assert [one(table, "once", "exact", t)["sops"] for t in (1, 2, 3)] == [5, 5, 6]
    last = table[table["steps"] == 3].reset_index(drop=True)
    whole = energy_readings(trace_of(first_layer(), hidden_layer()))
    np.testing.assert_allclose(last.select_dtypes("number"), whole.select_dtypes("number"))
    repeated = one(table, "repeated", "exact")["energy_pj"]
    assert repeated == pytest.approx(
        energy_pj(trace_of(first_layer(), hidden_layer()), pj_per_sop=0.9, pj_per_mac=4.6) / 2
    )


def side_branch(from_input=True):
    """A second layer that reads the image: 1 link from the first input, 2 images at 3 steps."""
    return ProjectionTrace(
        *("branch", [6, 0], [1, 0], "analog", 1, 8, 8, 6),
        operations_by_step=np.array([2, 2, 2]),
        events_by_step=np.array([2, 2, 2]),
        from_input=from_input,
    )


def test_every_layer_that_reads_the_image_is_held():
    table = energy_readings(trace_of(first_layer(), side_branch(), hidden_layer()))
    assert one(table, "once", "exact")["macs"] == 4 + 1
    assert one(table, "repeated", "exact")["macs"] == 12 + 3
    other = energy_readings(trace_of(first_layer(), side_branch(from_input=False), hidden_layer()))
    assert one(other, "once", "exact")["macs"] == 4 + 3
    unknown = energy_readings(trace_of(first_layer(), side_branch(from_input=None), hidden_layer()))
    np.testing.assert_allclose(unknown.select_dtypes("number"), other.select_dtypes("number"))


def test_an_image_of_zeros_is_given_as_often_as_the_layer_says():
    zeros = np.zeros(3, int)
    for applications in (2, 6):
        dark = ProjectionTrace(
            *("fc", [0, 0], [3, 1], "analog", 4, 8, 8, applications),
            operations_by_step=zeros,
            events_by_step=zeros,
        )
        assert one(energy_readings(trace_of(dark)), "once", "exact")["own_ann_pj"] == pytest.approx(4.6 * 4)


def test_a_product_of_two_populations_has_the_multiplications_of_its_ann():
    """Two units of each side: 3 events of 2 operations, 1 of 1, and 2 pairs, of 2 images at 3 steps."""
    product = ProjectionTrace(
        *("qk", [3, 1, 2], [2, 1, 1], "graded", 0, 0, 0, 6),
        operations_by_step=np.array([5, 4, 0]),
        events_by_step=np.array([3, 3, 0]),
        shares_links=True,
        ann_operations=4,
    )
    trace = trace_of(first_layer(), hidden_layer(), product)
    table = energy_readings(trace)
    for count in ("exact", "estimate"):
        assert one(table, "once", count)["own_ann_pj"] == pytest.approx(4.6 * (4 + 6 + 4))
    assert one(table, "once", "exact")["sops"] == pytest.approx(6 + 9 / 2)
    assert one(energy_by_step(trace), "once", "estimate", 1)["sops"] == pytest.approx(
        one(energy_by_step(trace_of(first_layer(), hidden_layer())), "once", "estimate", 1)["sops"] + 5 / 2
    )
    assert trace.link_sparsity == trace_of(first_layer(), hidden_layer()).link_sparsity


def test_parts_of_a_projection_that_are_no_counts():
    with pytest.raises(TypeError, match="projection 'fc': from_input must be True or False"):
        ProjectionTrace("fc", [1], [1], from_input=1)
    with pytest.raises(ValueError, match="projection 'fc': ann_operations must be at least 0; got -1"):
        ProjectionTrace("fc", [1], [1], ann_operations=-1)


def test_an_input_that_changes_cannot_be_held():
    trace = trace_of(first_layer((8, 8, 0), applications=6), hidden_layer())
    with pytest.raises(ValueError, match=r"reads other values at other steps.*constant_input=False"):
        energy_readings(trace)
    table = energy_readings(trace, constant_input=False)
    assert one(table, "once", "exact")["macs"] == one(table, "repeated", "exact")["macs"] == 8


def test_tokens_are_places_and_not_steps():
    """A layer on 3 tokens at T = 3: 9 vectors an image if counted at each step, 3 if once."""
    plain = ProjectionTrace("embed", [6, 6], [3, 1], "analog", 4, 8, 8, 6)
    assert one(energy_readings(trace_of(plain)), "once", "exact")["own_ann_pj"] == pytest.approx(4.6 * 4)
    tokens = ProjectionTrace(
        *("embed", [18, 18], [3, 1], "analog", 4, 8, 8, 18),
        operations_by_step=np.array([24, 24, 24]),
        events_by_step=np.array([12, 12, 12]),
    )
    found = one(energy_readings(trace_of(tokens)), "once", "exact")
    assert found["own_ann_pj"] == pytest.approx(4.6 * 4 * 3)
    assert found["snn_over_own_ann"] == pytest.approx(1)
    unclear = ProjectionTrace("embed", [18, 18], [3, 1], "analog", 4, 8, 8, 18)
    with pytest.raises(ValueError, match="tells tokens from steps"):
        energy_readings(trace_of(unclear))


def test_a_network_without_a_mac_has_one_reading():
    table = energy_readings(trace_of(hidden_layer()))
    assert one(table, "once", "exact")["energy_pj"] == one(table, "repeated", "exact")["energy_pj"] == 0.9 * 6
    assert one(table, "once", "exact")["first_layer_share"] == 1


def test_nothing_is_undefined_and_not_plausible():
    table = energy_readings(trace_of())
    assert (table["energy_pj"] == 0).all()
    for name in ("snn_over_own_ann", "first_layer_share", "estimated_over_exact"):
        assert table[name].isna().all()
    silent = ProjectionTrace("fc", [0, 0], [5, 1], "spikes", 6, 20, 20, 6)
    assert energy_readings(trace_of(silent))["snn_over_own_ann"].tolist() == [0] * 4


def test_refusals():
    with pytest.raises(ValueError, match=r"lacks operations_by_step or events_by_step of fc; count by step"):
        energy_by_step(trace_of(ProjectionTrace("fc", [1], [2], "spikes", 2, 2, 2, 6)))
    with pytest.raises(ValueError, match="applications must be a multiple of samples x steps = 6"):
        energy_readings(trace_of(ProjectionTrace("fc", [1], [2], "spikes", 2, 2, 2, 4)))
    with pytest.raises(ValueError, match="operations_by_step sums to 3 but events and fan_out make 2"):
        ProjectionTrace("fc", [1], [2], operations_by_step=np.array([3]))
    with pytest.raises(ValueError, match="events_by_step must hold steps = 3 counts"):
        trace_of(ProjectionTrace("fc", [1], [2], events_by_step=np.array([1])))
    with pytest.raises(TypeError, match="constant_input must be True or False"):
        energy_readings(trace_of(), constant_input="no")


def test_reduction_is_over_the_dense_energy():
    assert energy_reduction(100.0, 20.0) == pytest.approx(0.8)
    assert energy_reduction(20.0, 100.0) == -4
    assert math.isnan(energy_reduction(0.0, 1.0))
    np.testing.assert_allclose(energy_reduction([4.0, 2.0], 1.0), [0.75, 0.5])
    with pytest.raises(ValueError, match="sparse must hold finite energies"):
        energy_reduction(1.0, -1.0)
    with pytest.raises(ValueError, match="one shape, or broadcast"):
        energy_reduction([1.0, 2.0], [1.0, 2.0, 3.0])


def test_the_linked_estimate_is_that_of_the_network_without_dead_inputs():
    """Four inputs, of which two have no link: they fire too, and a network without them does not see it."""
    whole = ProjectionTrace("fc", [6, 8, 9, 9], [2, 1, 0, 0], "spikes", 3, 8, 8, 10)
    small = ProjectionTrace("fc", [6, 8], [2, 1], "spikes", 3, 4, 4, 10)
    table, alone = (
        energy_readings(Trace(5, 2, (), (one,)), counts=EVERY_COUNT).set_index(["count", "reading"])
        for one in (whole, small)
    )
    wanted = alone.loc[("estimate", "once"), "sops"]
    assert table.loc[("linked estimate", "once"), "sops"] == pytest.approx(wanted)
    assert table.loc[("estimate", "once"), "sops"] == pytest.approx(8.0 * 3 / 2)  # mean rate 8 of all four
    assert wanted == pytest.approx(7.0 * 3 / 2)
    assert table.loc[("exact", "once"), "sops"] == 20 / 2
    assert set(energy_readings(Trace(5, 2, (), (whole,)))["count"]) == {"exact", "estimate"}
    only = energy_readings(Trace(5, 2, (), (whole,)), counts=["linked estimate"])
    assert only["estimated_over_exact"].isna().all()
    dead = ProjectionTrace("fc", [6, 8], [0, 0], "spikes", 0, 4, 4, 10)
    assert energy_readings(Trace(5, 2, (), (dead,)), counts=EVERY_COUNT)["sops"].tolist() == [0.0] * 6


@pytest.mark.parametrize("counts", [(), ("exact", "exact"), ("all",), "exact", None])
def test_counts_are_known_names(counts):
    with pytest.raises((TypeError, ValueError), match="counts must"):
        energy_readings(trace_of(first_layer(), hidden_layer()), counts=counts)


def test_by_step_the_linked_estimate_is_known_where_inputs_without_links_are_silent():
    steps = {"operations_by_step": np.array([4, 8]), "events_by_step": np.array([2, 4])}
    silent = ProjectionTrace("fc", [6, 0], [2, 0], "spikes", 2, 4, 4, 4, **steps)
    loud = ProjectionTrace(
        "fc",
        [6, 3],
        [2, 0],
        "spikes",
        2,
        4,
        4,
        4,
        operations_by_step=np.array([4, 8]),
        events_by_step=np.array([4, 5]),
    )
    found = [
        energy_by_step(Trace(2, 2, (), (one,)), counts=EVERY_COUNT).set_index(["count", "reading"])
        for one in (silent, loud)
    ]
    of = [table.loc[("linked estimate", "once"), "sops"].tolist() for table in found]
    assert of[0] == pytest.approx([2.0, 6.0])  # 6 events of the one input: 6 x 4 x 2 / 4 over two images
    assert np.isnan(of[1][0])
    assert of[1][1] == pytest.approx(6.0)


def test_pixels_that_no_kernel_reads_belong_to_their_channel():
    one = ProjectionTrace(
        "c", [4, 2, 9, 9], [1, 0, 0, 0], "spikes", 1, 2, 2, 1, linked=[True, True, False, False]
    )
    assert one.linked_estimate == pytest.approx(3.0 * 2 * 0.5)
    with pytest.raises(ValueError, match="linked must be bool"):
        ProjectionTrace("c", [4, 2], [1, 0], "spikes", 1, 2, 2, 1, linked=[False, True])
