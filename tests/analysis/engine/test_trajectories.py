"""Converted networks along T: the front of accuracy against energy, tables, and what claims read."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.engine import trajectories
from analysis.engine.trajectories import Trajectories, find_front
from analysis.engine.trajectory_figure import find_saturation
from netsci.sweep import Cell, Task
from tests.analysis.engine.conversion_records import add_blocks, make_record

TASK = Task("toy", "tasks:run")
RIGHT = (([1, 5, 9], [2.0, 4.0, 6.0], 0), ([4, 6, 8], [1.0, 2.0, 3.0], 0))  # dense, CHTs


def cell_of(number, seed):
    return Cell.of(TASK, version=1, data="none", number=number, seed=seed)


PLAN = {cell_of(n, s): ("MLP", name, s) for s in (0, 1) for n, name in enumerate(("dense", "CHTs"))}
CELLS = list(PLAN)
RECORDS = {
    CELLS[0]: make_record(SNM=([1, 5, 9], [2.0, 4.0, 6.0], 0), w2=([6], [1.0], 2), w8=([8], [2.0], 8)),
    CELLS[1]: make_record(SNM=([4, 6, 8], [1.0, 2.0, 3.0], 0), w2=([5], [3.0], 2), w8=([8], [3.0], 8)),
    CELLS[2]: make_record(SNM=([1, 5, 9], [2.0, 4.0, 6.0], 0), w2=([6], [1.0], 2), w8=([8], [2.0], 8)),
}
OF = Trajectories(
    lambda scale, seed: PLAN,
    [("MLP", "SNM", "once, exact"), ("MLP", "AEC", "T")],
    lambda cell: 1.0,
    fronts=("once, exact",),
    conversions={"SNM": ["SNM"], "AEC": ["w2", "w8"]},
)


def front_by_hand(energy, accuracy):
    """A point is on the front if no other one dominates it."""
    pairs = list(zip(energy, accuracy, strict=True))
    return [not any(e <= mine[0] and a >= mine[1] and (e, a) != mine for e, a in pairs) for mine in pairs]


def test_a_front_holds_the_points_that_no_other_beats():
    rng = np.random.default_rng(0)
    for _ in range(50):
        energy, accuracy = rng.integers(0, 6, (2, 12)).astype(float)
        assert find_front(energy, accuracy).tolist() == front_by_hand(energy, accuracy)
    assert find_front(np.array([1.0, 1.0, 2.0]), np.array([5.0, 5.0, 5.0])).tolist() == [True, True, False]


def test_tables_by_hand():
    tables = trajectories.tabulate(OF, PLAN, RECORDS)
    courses = tables["courses"]
    one = courses[(courses["network"] == "CHTs") & (courses["conversion"] == "SNM")]
    assert one["T"].tolist() == [1, 2, 3]
    assert one["accuracy"].tolist() == pytest.approx([40.0, 60.0, 80.0])
    assert one["repeated, estimate"].tolist() == pytest.approx([4.0, 8.0, 12.0])
    assert courses[courses["conversion"] == "AEC"]["T"].tolist() == [2, 8] * 3
    sheet = OF.describe("desk", 0)["sheet"](tables)
    # the front: (1, 40) (2, 60) (3, 80) of CHTs, (6, 90) of dense
    assert sheet.by_seed(("MLP, SNM", "front held by CHTs, once, exact")).to_dict() == {0: 75.0}
    assert sheet.by_seed(("MLP, SNM", "front held by dense, once, exact")).to_dict() == {0: 25.0}
    assert sheet.by_seed(("MLP, AEC", "front held by dense, once, exact")).to_dict() == {0: 100.0}
    assert sheet.by_seed(("MLP, SNM", "highest accuracy, dense")).to_dict() == {0: 90.0, 1: 90.0}
    assert sheet.by_seed(("MLP, AEC", "highest accuracy, CHTs")).to_dict() == {0: 80.0}
    assert sheet.by_seed(("MLP, SNM", "ANN, CHTs")).to_dict() == {0: pytest.approx(80.0)}


def test_one_seed_leaves_open_what_its_images_do():
    sheet = OF.describe("desk", 0)["sheet"](trajectories.tabulate(OF, PLAN, {CELLS[1]: RECORDS[CELLS[1]]}))
    highest = sheet.estimate(("MLP, SNM", "highest accuracy, CHTs"))
    assert highest.high - highest.mean == pytest.approx(1.96 * 100 * np.sqrt(0.8 * 0.2 / 10_000), rel=1e-3)


def test_nothing_run_is_an_empty_table():
    tables = trajectories.tabulate(OF, PLAN, {})
    assert tables["table"].empty
    assert trajectories.summarise(tables).empty
    assert trajectories.draw(OF, "desk", tables, "matplotlib") is not None


@pytest.mark.parametrize("backend", ["matplotlib", "plotly"])
def test_a_figure_has_a_panel_for_each_conversion(backend):
    figure = trajectories.draw(OF, "smoke", trajectories.tabulate(OF, PLAN, RECORDS), backend)
    assert len(figure.axes if backend == "matplotlib" else list(figure.select_xaxes())) >= 2
    means = trajectories.summarise(trajectories.tabulate(OF, PLAN, RECORDS))
    assert set(means["network"]) == {"dense", "CHTs"}
    assert "seed" not in means


def test_saturation_is_marked_where_all_seeds_have_it():
    curve = [10.0, 50.0, 50.0, 50.0, 90.0]
    one = pd.DataFrame({"seed": 0, "T": range(1, 6), "accuracy": curve})
    assert find_saturation(one, 2, 0.01) == (4.0, 50.0)
    later = one.assign(seed=1, accuracy=[10.0, 20.0, 40.0, 40.0, 40.0])
    assert find_saturation(pd.concat([one, later]), 2, 0.01) == (4.5, 45.0)
    never = one.assign(seed=1, accuracy=[1.0, 2.0, 4.0, 8.0, 16.0])
    assert find_saturation(pd.concat([one, never]), 2, 0.01) is None
    assert find_saturation(one.iloc[:1], 2, 0.01) is None


@pytest.mark.parametrize("window", [0, 2])
def test_only_curves_over_t_carry_the_symbol(window):
    steps = list(range(1, 13))
    record = make_record(SNM=([1] + [9] * 11, [float(t) for t in steps], 0), w2=([6], [1.0], 2))
    panels = [("MLP", "SNM", "T"), ("MLP", "SNM", "once, exact"), ("MLP", "AEC", "T")]
    of = Trajectories(OF.plan, panels, OF.seconds, conversions={"SNM": ["SNM"], "AEC": ["w2"]}, window=window)
    tables = trajectories.tabulate(of, PLAN, {CELLS[0]: record})
    figure = trajectories.draw(of, "desk", tables, "plotly")
    marks = [t for t in figure.data if t.mode == "markers" and len(t.x) == 1]
    assert [(float(t.x[0]), float(t.y[0])) for t in marks] == ([(4.0, 90.0)] if window else [])


def test_blocks_of_images_give_accuracies_an_interval_and_shares_of_a_front_none():
    plan = {cell_of(n, 0): ("MLP", name, 0) for n, name in enumerate(("dense", "CHTs"))}
    halves = ({"SNM": [0, 2, 4]}, {"SNM": [4, 4, 5]})
    records = {cell: add_blocks(make_record(SNM=RIGHT[n]), halves[n]) for n, cell in enumerate(plan)}
    tables = trajectories.tabulate(OF, plan, records)
    blocks = tables["blocks"].set_index(["row", "column", "block"])["value"]
    best = [blocks["MLP, SNM", "highest accuracy, dense", block] for block in (0, 1)]
    assert best == pytest.approx([100.0, 80.0])  # 5 of 5 in the second half, 4 of 5 in the first
    sheet = OF.describe("desk", 0)["sheet"](tables)
    found = sheet.estimate(("MLP, SNM", "highest accuracy, dense"))
    assert found.mean == pytest.approx(90.0)
    assert (found.high - found.low) / 2 == pytest.approx(12.706 * 10.0, rel=1e-4)  # of t
    assert np.isnan(sheet.estimate(("MLP, SNM", "front held by CHTs, once, exact")).low)
    records[next(iter(plan))] = make_record(SNM=RIGHT[0])  # without blocks
    assert "blocks" not in trajectories.tabulate(OF, plan, records)


def test_the_estimate_of_a_masked_smaller_network_is_that_of_its_linked_inputs():
    plan = {cell_of(n, 0): ("MLP", name, 0) for n, name in enumerate(("dense", "CHTs"))}
    records = {cell: make_record(SNM=RIGHT[n]) for n, cell in enumerate(plan)}
    courses = trajectories.tabulate(replace(OF, linked=frozenset({"CHTs"})), plan, records)["courses"]
    found = courses.set_index("network")
    assert found.loc["dense", "once, estimate"].tolist() == pytest.approx([6.0, 12.0, 18.0])
    assert found.loc["CHTs", "once, estimate"].tolist() == pytest.approx([5.0, 10.0, 15.0])
    assert found.loc["CHTs", "repeated, estimate"].tolist() == pytest.approx([6.0, 12.0, 18.0])
    assert found.loc["CHTs", "once, exact"].tolist() == pytest.approx([1.0, 2.0, 3.0])


def test_a_front_is_that_of_the_networks_that_all_seeds_have():
    plan = {cell_of(n, s): ("MLP", name, s) for s in (0, 1) for n, name in enumerate(("dense", "CHTs"))}
    records = {cell: make_record(SNM=RIGHT[n % 2]) for n, cell in enumerate(plan)}
    more = cell_of(2, 0)
    best = make_record(SNM=([9, 9, 9], [0.1, 0.1, 0.1], 0))  # would hold the whole front of its seed
    one, other = (
        trajectories.tabulate(OF, planned, found)["table"]
        for planned, found in (
            (plan, records),
            (plan | {more: ("MLP", "magnitude", 0)}, records | {more: best}),
        )
    )
    fronts = [table[table["column"].str.startswith("front")].reset_index(drop=True) for table in (one, other)]
    assert fronts[0].equals(fronts[1])
    assert (other["column"] == "highest accuracy, magnitude").sum() == 1
