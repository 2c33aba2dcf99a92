"""Numbers of converted networks: at a T, where accuracy saturates, at the best window."""

import numpy as np
import pytest

from analysis.engine import conversion_points as points
from analysis.engine import entries
from analysis.engine.conversions import list_labels, read_curves, read_value
from analysis.engine.printed import Entry, Source
from analysis.engine.sheet import unknown
from netsci.sweep import Cell, Task
from tests.analysis.engine.conversion_records import add_blocks, make_record

# Relative improvements: inf, 1, .5, .33, 0, 0, 0 ...
RISING = [0, 2, 4, 6, 8, 8, 8, 8, 8, 8]
ENERGY = [float(t) for t in range(1, 11)]
RECORD = make_record(snm=(RISING, ENERGY, 0), a2=([5], [3.0], 2), a8=([9], [5.0], 8), a4=([9], [4.0], 4))
DENSE = make_record(snm=(RISING, [4 * e for e in ENERGY], 0))


def test_curves_of_a_record():
    curves = read_curves(RECORD, "snm")
    assert (curves.images, curves.source_accuracy, curves.ann_accuracy) == (10, 0.9, 0.8)
    assert curves.accuracy.tolist() == [c / 10 for c in RISING]
    assert curves.running_rate.tolist() == [0.4] * 10  # 20 spikes of 5 neurons and 10 images a step
    assert curves.right.tolist() == [True] * 8 + [False] * 2
    assert curves.energy_pj("once", "exact")[2] == pytest.approx(3e6)
    assert curves.energy_pj("repeated", "estimate")[2] == pytest.approx(12e6)
    assert curves.own_ann_pj("estimate") == pytest.approx(4e6)
    assert list_labels(RECORD) == ["snm", "a2", "a8", "a4"]
    with pytest.raises(ValueError, match="label must be one of snm"):
        read_curves(RECORD, "qcfs")
    with pytest.raises(ValueError, match="no 'links'"):
        read_value(RECORD, "snm", "links")


def test_a_number_at_a_step():
    point = points.at_step("snm", 3)
    assert points.read_steps(point)(RECORD) == 3
    assert points.read_accuracy(point)(RECORD) == pytest.approx(40.0)
    assert points.read_energy(point, "repeated", "exact")(RECORD) == pytest.approx(6.0)
    assert points.read_over_ann(point, "repeated")(RECORD) == pytest.approx(3.0)
    assert points.read_over_ann(point, "once", "estimate")(RECORD) == pytest.approx(9 / 4)
    assert points.read_estimate(point, "once")(RECORD) == pytest.approx(3.0)
    assert points.read_rate(point)(RECORD) == pytest.approx(0.4)
    assert points.read_steps(points.at_step("snm", 99))(RECORD) == 10  # the last T of a shorter record


def test_the_point_of_saturation():
    # no improvement above 1 % from step 6 on: known at 7 with a window of two, flat since 5
    assert points.read_steps(points.at_saturation("snm", window=2))(RECORD) == 7
    start = points.at_saturation("snm", window=2, at="start")
    assert points.read_steps(start)(RECORD) == 5
    assert points.read_energy(start, "once", "exact")(RECORD) == pytest.approx(5.0)
    never = points.at_saturation("snm", window=9)
    for read in (points.read_steps, points.read_accuracy, points.read_rate):
        assert np.isnan(read(never)(RECORD))
    assert np.isnan(points.read_energy(never, "once", "exact")(RECORD))
    assert np.isnan(points.read_over_ann(never, "once")(RECORD))
    assert np.isnan(points.read_reduction(never, "once", "exact")(DENSE, RECORD))


def test_the_best_of_several_windows_is_the_first_of_equal_ones():
    best = points.at_best(["a2", "a4", "a8"])
    assert points.read_steps(best)(RECORD) == 4
    assert points.read_accuracy(best)(RECORD) == 90.0
    assert points.read_energy(best, "once", "exact")(RECORD) == pytest.approx(4.0)
    assert points.read_steps(points.at_best(["a8", "a4"]))(RECORD) == 8


def test_a_reduction_has_the_energy_of_dense_below():
    point = points.at_step("snm", 4)
    assert points.read_reduction(point, "once", "exact")(DENSE, RECORD) == pytest.approx(75.0)
    assert points.read_reduction(point, "once", "exact")(RECORD, DENSE) == pytest.approx(-300.0)


def test_accuracies_of_the_networks_that_were_converted():
    assert points.read_ann("snm")(RECORD) == pytest.approx(80.0)
    assert points.read_ann("snm", source=True)(RECORD) == pytest.approx(90.0)


def test_tables_hold_values_without_each_block_where_all_records_have_blocks():
    cells = [Cell.of(Task("toy", "tasks:run"), version=1, data="none", n=n, seed=3) for n in range(2)]
    ways = (([1, 5, 9], [2.0, 4.0, 6.0], 0), ([4, 6, 8], [1.0, 2.0, 3.0], 0))
    plain = [make_record(SNM=way) for way in ways]
    split = [add_blocks(one, {"SNM": half}) for one, half in zip(plain, ([0, 2, 4], [4, 4, 5]), strict=True)]
    point = points.at_step("SNM", 3)
    accuracy = Source(points.read_accuracy(point), ((cells[0],),))
    saved = Source(points.read_reduction(point, "once", "exact"), (tuple(cells),))
    asked = [
        Entry("a", "accuracy_percent", "percent", 50.0, source=accuracy),
        Entry("b", "saved_percent", "percent", np.nan, source=saved),
    ]
    tables = entries.tabulate(asked, None, dict(zip(cells, split, strict=True)))
    found = tables["blocks"].set_index(["row", "block"])["value"]
    assert set(tables["blocks"]["seed"]) == {3}
    assert found["a"].tolist() == pytest.approx([100.0, 80.0])
    assert found["b"].tolist() == pytest.approx([50.0, 50.0])
    sheet = entries.sheet(unknown, tables)
    assert sheet.estimate(("b", "saved_percent")).low == pytest.approx(50.0)
    assert sheet.estimate(("a", "accuracy_percent")).low == pytest.approx(90.0 - 12.706 * 10.0, rel=1e-4)
    mixed = entries.tabulate(asked, None, dict(zip(cells, [split[0], plain[1]], strict=True)))
    assert set(mixed["blocks"]["row"]) == {"a"}
    assert "blocks" not in entries.tabulate(asked, None, dict(zip(cells, plain, strict=True)))
    assert np.isnan(entries.sheet(unknown, mixed).estimate(("b", "saved_percent")).low)
