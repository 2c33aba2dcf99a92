import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsci.measure import PopulationTrace, ProjectionTrace, Trace, link_sparsity, node_sparsity

GOLDEN = Path(__file__).parent.parent / "golden" / "snn"


def population(name, spikes, **options):
    """A population from its spikes [T, samples, units]."""
    spikes = np.asarray(spikes)
    return PopulationTrace(name, spikes.sum(axis=(0, 1)), spikes.sum(axis=(1, 2)), **options)


def projection(name, spikes, mask, **options):
    """A projection from the spikes [T, samples, units] that reach it and its mask [pre, post]."""
    spikes, mask = np.asarray(spikes), np.asarray(mask, bool)
    sizes = {"links": int(mask.sum()), "dense_links": mask.size, "dense_operations": mask.size}
    sizes["applications"] = spikes.shape[0] * spikes.shape[1]
    return ProjectionTrace(name, spikes.sum(axis=(0, 1)), mask.sum(axis=1), **(sizes | options))


def small(**options):
    """T = 3, two samples: input of three units, two hidden; masks and counts to check by hand."""
    x = np.zeros((3, 2, 3), int)
    x[0, 0] = [1, 1, 0]
    x[2, 1] = [1, 0, 1]
    hidden = np.zeros((3, 2, 2), int)
    hidden[1, 0, 1] = 1
    parts = (population("input", x, is_input=True), population("hidden", hidden))
    layers = (
        projection("fc1", x, [[1, 1], [0, 0], [0, 1]]),
        projection("fc2", hidden, [[1, 1, 1], [1, 1, 1]]),
    )
    return Trace(**({"steps": 3, "samples": 2, "populations": parts, "projections": layers} | options))


def test_counts_by_hand():
    trace = small()
    assert [one.sops for one in trace.projections] == [2 * 2 + 0 + 1, 3]
    assert (trace.sops, trace.macs) == (8, 0)
    assert (trace.spikes, trace.spikes_without_input) == (5, 1)
    assert trace.firing_rate == 5 / (5 * 3 * 2)
    assert trace.firing_rate_without_input == 1 / (2 * 3 * 2)
    assert trace.firing_rates("input").tolist() == [2 / 6, 1 / 6, 1 / 6]
    assert trace.link_sparsity == pytest.approx(1 - 9 / 12)
    assert trace.populations[0].spikes_by_step.tolist() == [2, 0, 2]


def test_estimate_by_hand():
    first = small().projections[0]
    # 4 events over 3 units, 6 dense links of which 3 exist
    assert first.estimated_operations == pytest.approx(4 / 3 * 6 * 0.5)
    assert ProjectionTrace("idle", [], []).estimated_operations == 0
    assert math.isnan(ProjectionTrace("none", [1], [0]).estimated_operations)


@pytest.mark.parametrize("name", ["sop_net_a", "sop_net_b"])
def test_golden(name):
    with np.load(GOLDEN / f"{name}.npz") as found:
        data = dict(found)
    depth = sum(key.startswith("C") for key in data)
    spikes = [data["x"].astype(int)] + [data[f"spikes{i}"].astype(int) for i in range(1, depth + 1)]
    steps, samples = spikes[0].shape[:2]
    trace = Trace(
        steps,
        samples,
        tuple(population(f"p{i}", s, is_input=i == 0) for i, s in enumerate(spikes)),
        tuple(projection(f"W{i}", spikes[i - 1], data[f"C{i}"].T) for i in range(1, depth + 1)),
    )
    assert [one.sops for one in trace.projections] == data["sops_per_layer"].tolist()
    assert trace.sops == data["sops_total"]
    counts = [int(one.spikes.sum()) for one in trace.populations]
    assert counts == data["spike_count_per_population"].tolist()
    assert trace.spikes == data["spike_count_with_input"]
    assert trace.spikes_without_input == data["spike_count_without_input"]
    assert trace.firing_rate == pytest.approx(float(data["rate_with_input"]), rel=1e-15)
    assert trace.firing_rate_without_input == pytest.approx(float(data["rate_without_input"]), rel=1e-15)
    assert trace.link_sparsity == pytest.approx(float(data["link_sparsity"]), rel=1e-12)


@given(st.integers(0, 2**32 - 1))
def test_operations_are_a_walk_over_every_spike_and_link(seed):
    rng = np.random.default_rng(seed)
    steps, samples, n, m = rng.integers(1, 6, 4)
    spikes, mask = rng.random((steps, samples, n)) < 0.4, rng.random((n, m)) < 0.5
    walked = sum(
        1
        for t in range(steps)
        for b in range(samples)
        for i in range(n)
        if spikes[t, b, i]
        for j in range(m)
        if mask[i, j]
    )
    found = projection("fc", spikes.astype(int), mask)
    assert found.operations == found.sops == walked
    # one and the same rate of all units: the estimate is exact
    even = projection("fc", np.ones((steps, samples, n), int), mask)
    assert even.estimated_operations == pytest.approx(even.operations)


def test_analog_values_are_macs_and_no_spikes():
    x = population("input", np.zeros((3, 2, 3), int), is_input=True, kind="analog")
    reads = ProjectionTrace("fc1", [2, 2, 1], [2, 0, 5], "analog", 7, 15)
    trace = small(populations=(x, small().populations[1]), projections=(reads,))
    assert (trace.sops, trace.macs) == (0, 9)
    assert trace.firing_rate == trace.firing_rate_without_input == 1 / 12
    assert np.isnan(trace.firing_rates("input")).all()
    only = small(populations=(x,), projections=())
    assert math.isnan(only.firing_rate)
    assert math.isnan(only.link_sparsity)


def test_weights_that_are_used_twice_count_once_in_the_sparsity():
    once = projection("fc", np.ones((3, 2, 3), int), [[1, 1], [0, 0], [0, 1]])
    again = projection("fc (3)", np.ones((3, 2, 3), int), [[1, 1], [1, 1], [1, 1]], shares_links=True)
    trace = small(projections=(once, again))
    assert trace.link_sparsity == 0.5
    assert trace.sops == 6 * (3 + 6)


def test_table_is_tidy():
    table = small(uncounted=("attention",)).table()
    assert list(table.columns) == ["part", "name", "measure", "value", "unit"]
    assert not table.duplicated(["part", "name", "measure"]).any()
    value = table.set_index(["part", "name", "measure"])["value"]
    assert value["network", "all", "sops"] == 8
    assert value["projection", "fc1", "link_sparsity"] == 0.5
    assert value["population", "hidden", "firing_rate"] == 1 / 12
    assert value["network", "all", "firing_rate"] == 5 / 30
    assert value["network", "all", "firing_rate_without_input"] == 1 / 12
    assert value["network", "all", "uncounted"] == 1


def test_raster_and_histogram():
    single = np.array([[0, 0, 1], [2, 1, 0]])
    part = PopulationTrace("input", [1, 1, 0, 0], [1, 0, 1], raster=single)
    trace = small(populations=(part, small().populations[1]))
    table = trace.raster_table()
    assert table[["step", "sample", "unit"]].to_numpy().tolist() == single.tolist()
    assert set(table["population"]) == {"input"}
    bins = trace.rate_histogram(bins=4)
    assert list(bins.groupby("population", sort=False)["units"].sum()) == [4, 2]
    assert bins["right"].max() == pytest.approx(1 / 3)  # one spike in T = 3 steps, though none is as fast
    areas = (bins["density"] * (bins["right"] - bins["left"])).groupby(bins["population"]).sum()
    assert areas.tolist() == pytest.approx([1, 1])
    assert bins[bins.population == "input"]["units"].tolist() == [2, 0, 2, 0]
    with pytest.raises(ValueError, match="bins must be at least 1"):
        trace.rate_histogram(bins=0)
    assert small(populations=()).rate_histogram().empty
    assert small().raster_table().empty


def test_records_are_read_only_copies():
    given_counts = np.array([1, 2])
    one = PopulationTrace("a", given_counts, np.array([3]))
    given_counts[0] = 9
    assert one.spikes.tolist() == [1, 2]
    assert one.spikes.dtype == np.int64
    with pytest.raises(ValueError, match="read-only"):
        one.spikes[0] = 5


def test_counts_do_not_overflow():
    big = ProjectionTrace("fc", [2**40, 1], [2**20, 1])
    assert big.operations == 2**60 + 1


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: PopulationTrace("a", [0.5], [1]), TypeError, "whole numbers"),
        (lambda: PopulationTrace("a", [np.nan], [1]), TypeError, "whole numbers"),
        (lambda: PopulationTrace("a", [-1], [-1]), ValueError, "counts >= 0"),
        (lambda: PopulationTrace("a", [[1]], [1]), ValueError, "one dimension"),
        (lambda: PopulationTrace("a", [1, 1], [1]), ValueError, "every spike once"),
        (lambda: PopulationTrace("a", [1], [1], kind="analogue"), ValueError, "kind must be one of"),
        (lambda: PopulationTrace("a", [1], [1], kind="analog"), ValueError, "not spikes"),
        (lambda: PopulationTrace("a", [1], [1], raster=np.zeros((1, 2))), ValueError, "raster must be"),
        (lambda: ProjectionTrace("p", [1, 2], [1]), ValueError, "one entry for each presynaptic unit"),
        (lambda: ProjectionTrace("p", [1], [1], links=3, dense_links=2), ValueError, "at most dense_links"),
        (lambda: ProjectionTrace("p", [1], [1], "spike"), ValueError, "kind must be one of"),
        (lambda: small(steps=0), ValueError, "at least 1"),
        (lambda: small(steps=4), ValueError, "steps = 4"),
        (lambda: small(projections=small().projections * 2), ValueError, "name that no other has"),
        (lambda: small().firing_rates("out"), ValueError, "one of 'input', 'hidden'; got 'out'"),
    ],
)
def test_errors_explain(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_shares_of_what_is_absent():
    # Table 2's networks: 784-1568-10 with 1 % in the first layer and a dense output
    found = link_sparsity([round(784 * 1568 * 0.01), 15680], [784 * 1568, 15680])
    assert found == pytest.approx(0.9775, abs=1e-4)
    assert link_sparsity(3, 12) == 0.75
    assert node_sparsity([600, 1384], [784, 1568]) == pytest.approx(1 - 1984 / 2352)
    assert math.isnan(link_sparsity([], []))
    assert math.isnan(node_sparsity(0, 0))
    with pytest.raises(ValueError, match="at most dense_links"):
        link_sparsity([5, 1], [4, 9])
    with pytest.raises(ValueError, match="one number for each"):
        node_sparsity([5], [4, 9])
    with pytest.raises(TypeError, match="whole numbers"):
        node_sparsity([0.5], [4])


def test_operations_beyond_64_bits_are_exact():
    seen = ProjectionTrace("fc", np.full(4, 2**40 + 1), np.full(4, 2**30))
    assert seen.operations == 4 * (2**40 + 1) * 2**30


@pytest.mark.parametrize("name", ["links", "dense_links", "dense_operations", "applications"])
@pytest.mark.parametrize(("value", "error"), [(-1, ValueError), (0.5, TypeError), (np.nan, TypeError)])
def test_counts_of_a_projection_are_whole_and_not_negative(name, value, error):
    with pytest.raises(error, match=f"projection 'fc': {name} must be"):
        ProjectionTrace("fc", [1], [1], **{name: value})


@pytest.mark.parametrize(("steps", "error"), [(0, ValueError), (np.nan, TypeError), ("3", TypeError)])
def test_steps_and_samples_are_whole(steps, error):
    with pytest.raises(error, match="steps must be"):
        Trace(steps, 1, (), ())
    with pytest.raises(error, match="samples must be"):
        Trace(1, steps, (), ())


@pytest.mark.parametrize("row", [[2, 0, 0], [0, 0, 3], [-1, 0, 0]])
def test_a_raster_lies_among_steps_and_units(row):
    with pytest.raises(ValueError, match="outside 2 steps or 3 units"):
        PopulationTrace("a", [1, 0, 0], [1, 0], raster=np.array([row]))
    with pytest.raises(TypeError, match="raster must hold whole numbers"):
        PopulationTrace("a", [1, 0, 0], [1, 0], raster=np.array([[0.5, 0, 0]]))
    given = np.array([[0, 0, 0]])
    kept = PopulationTrace("a", [1, 0, 0], [1, 0], raster=given).raster
    given[0, 2] = 2
    assert kept.tolist() == [[0, 0, 0]]


def test_empty_tables_have_the_types_of_full_ones():
    single = PopulationTrace("a", [1], [1], raster=np.array([[0, 0, 0]]))
    full, empty = Trace(1, 1, (single,), ()), Trace(1, 1, (), ())
    assert empty.raster_table().dtypes.tolist() == full.raster_table().dtypes.tolist()
    assert empty.rate_histogram().dtypes.tolist() == full.rate_histogram().dtypes.tolist()
