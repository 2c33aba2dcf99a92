"""The plan of the time lag: S2's grid whole, in order, networks before conversions."""

from collections import Counter

import pytest

from analysis.engine.converted import read_plain, source_of
from analysis.engine.printed import expected
from analysis.s2.lag_grid import (
    BATCHES,
    CODED,
    DENSE,
    EARLIER,
    GRID,
    LEVELS,
    RATES,
    STARTS,
    read_share,
    write_share,
)
from analysis.s2.lag_plan import DESK, SMOKE, VGG_DESK, plan, plan_conversions, seconds

PLAN = DESK.plan(0)


def printed(column):
    text = expected("s2.table1").set_index(["row", "column"]).loc[("method1/cs-qcfs", column), "printed"]
    return {float(one) for one in text.strip("()").split(",")}


def test_rates_batches_and_levels_are_those_of_table_1():
    assert set(RATES) == printed("lr")
    assert set(BATCHES) == printed("bs")
    assert set(LEVELS) == printed("L")


def test_the_grid_is_whole():
    grid = [(cell, place) for cell, place in PLAN.items() if place.purpose == GRID]
    assert len(grid) == 105
    assert {len(cell["conversions"]) for cell, _ in grid} == {6}
    counts = Counter((place.data, place.links) for _, place in grid)
    assert counts == {
        ("MNIST", DENSE): 15,
        ("MNIST", "95 %"): 15,
        ("Fashion-MNIST", DENSE): 15,
        ("Fashion-MNIST", "95 %"): 15,
        ("CIFAR-10", DENSE): 15,
        ("CIFAR-10", "95 %"): 15,
        ("CIFAR-10", "99 %"): 15,
    }
    pairs = sum(6 * n for (_, links), n in counts.items() if links != DENSE)
    assert pairs == 360


def test_dense_and_sparse_of_a_setting_differ_in_their_links_alone():
    for cell, place in PLAN.items():
        if place.links != DENSE:
            continue
        (data,) = (one for group in DESK.data for one in group if one.title == place.data)
        dense = data.recipe(DENSE, place.rate, place.batch)
        sparse = data.recipe(write_share(data.sparse[0]), place.rate, place.batch)
        assert (dense.task, dense.net, dense.optimisation) == (sparse.task, sparse.net, sparse.optimisation)
        assert dense.topology is None
        assert (sparse.topology.method, sparse.topology.sparsity) == ("chts", data.sparse[0])
        assert source_of(cell)["lr"] == place.rate


def test_levels_are_tuned_with_the_rate_and_batch_of_their_network():
    for cell, place in PLAN.items():
        for plain in cell["conversions"]:
            way = read_plain(plain)
            assert len(way.tunings) == (way.method == "cs_qcfs")
            for one in way.tunings:
                changes = dict(one.changes)
                assert (changes["lr"], changes["batch"], one.epochs) == (place.rate, place.batch, 2)
                assert f"L={dict(changes['activation_options'])['levels']}" in way.label


def test_enough_networks_of_earlier_epochs_to_pair_by_accuracy():
    early = [place for place in PLAN.values() if place.purpose == EARLIER]
    assert len({(p.data, p.rate, p.batch) for p in early}) >= 10
    assert {p.links for p in early} == {DENSE}
    assert min(p.after for p in early) >= 1


def test_thresholds_start_elsewhere_in_dense_and_sparse_networks():
    places = [(p.data, p.links) for p in PLAN.values() if p.purpose == STARTS]
    grid = {(p.data, p.links) for p in PLAN.values() if p.purpose == GRID}
    assert set(places) == grid
    assert set(Counter(places).values()) == {2}


@pytest.mark.parametrize("scale", ["smoke", "desk"])
def test_each_network_stands_before_its_conversion(scale):
    order = list(plan(scale, 0))
    assert len(set(order)) == len(order)
    for number, cell in enumerate(order):
        if cell.task.name == "s2-converted":
            assert order.index(source_of(cell)) < number


def test_slow_batches_come_late_and_the_rate_that_may_be_left_out_last():
    stages = [2 if p.rate == RATES[-1] else int(p.batch == BATCHES[-1]) for p in PLAN.values()]
    assert stages == sorted(stages)
    assert {p.data for p, stage in zip(PLAN.values(), stages, strict=True) if stage == 0} == {
        "MNIST",
        "Fashion-MNIST",
        "CIFAR-10",
    }
    first = [p.data for p, stage in zip(PLAN.values(), stages, strict=True) if stage == 0]
    assert set(first[first.index("CIFAR-10") :]) == {"CIFAR-10"}


def test_every_prefix_has_about_as_many_dense_as_sparse_networks():
    grid = [
        place.links == DENSE for place in PLAN.values() if place.purpose == GRID and place.data != "CIFAR-10"
    ]
    for end in range(1, len(grid) + 1):
        assert abs(2 * sum(grid[:end]) - end) <= 1


def test_seconds_grow_with_smaller_batches_and_more_conversions():
    of = {(p.data, p.links, p.rate, p.batch, p.purpose, p.after): cell for cell, p in PLAN.items()}
    one = of["MNIST", DENSE, 0.01, 32, GRID, -1]
    other = of["MNIST", DENSE, 0.01, 128, GRID, -1]
    assert seconds(one) > seconds(other) > 0
    assert seconds(source_of(one)) > seconds(source_of(other)) > 0
    assert {seconds(cell) for cell in SMOKE.plan(0)} == {1.0}


def test_networks_of_the_settings_with_earlier_epochs_are_kept_after_each():
    for cell, place in PLAN.items():
        kept = dict(source_of(cell).aside)["networks"]
        assert kept == 1 or place.purpose != EARLIER
        assert kept == 0 or place.links == DENSE


def test_a_sparsity_is_read_as_it_is_written():
    assert [read_share(write_share(x)) for x in (0.95, 0.99, 0.8)] == [0.95, 0.99, 0.8]


def test_vgg_makes_24_pairs_in_two_stages_and_aec_has_one_setting():
    found = VGG_DESK.plan(0)
    grid = [(cell, place) for cell, place in found.items() if place.purpose == GRID]
    ways = {len(cell["conversions"]) for cell, _ in grid}
    assert (len(grid), ways) == (12, {4})
    coded = [(cell, place) for cell, place in found.items() if place.purpose == CODED]
    assert [place.links for _, place in coded] == [DENSE, "50 %"]
    assert {cell["test_limit"] for cell in found} == {2000}
    assert {p.rate for _, p in grid} <= set(RATES)
    for cell, _ in grid:
        for plain in cell["conversions"][1:]:
            first, second = read_plain(plain).tunings
            assert (first.name, second.name) == ("cs-qcfs-1", "cs-qcfs-2")
            assert "activation_options" not in dict(second.changes)


def test_the_grids_of_a_scale_are_joined_and_the_last_rate_ends_them():
    found = plan_conversions("desk", 0)
    assert set(found) == set(PLAN) | set(VGG_DESK.plan(0))
    rates = [place.rate for place in found.values()]
    assert set(rates[rates.index(RATES[-1]) :]) == {RATES[-1]}
