"""The plan of the time lag: S2's grid whole, in order, networks before conversions."""

import math
from collections import Counter

import pytest

from analysis.engine.converted import read_plain, source_of
from analysis.engine.printed import expected
from analysis.s1.convolutions import VGG
from analysis.s2.lag_grid import (
    BATCHES,
    CODED,
    DENSE,
    EARLIER,
    GRID,
    LEVELS,
    PERCEPTRON,
    RATES,
    STARTS,
    VGG_NET,
    read_share,
    write_share,
)
from analysis.s2.lag_plan import DESK, SMOKE, VGG_DESK, plan, plan_conversions, seconds
from netsci.train.fine_tuning import FINE_TUNING
from netsci.train.plan import Plan

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
        (data,) = (one for one in DESK.data if one.title == place.data)
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
                assert changes["dropout"] == 0.0
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
    assert set(stages) == {0, 1, 2}


def test_every_prefix_has_about_as_many_pairs_of_each_data_set():
    grid = [place for place in PLAN.values() if place.purpose == GRID]
    kinds = {(p.data, p.links) for p in grid if p.links != DENSE}
    for end in range(1, len(grid) + 1):
        there = Counter((p.data, p.links) for p in grid[:end])
        pairs = [min(there[data, DENSE], there[data, links]) for data, links in kinds]
        assert max(pairs) - min(pairs) <= 1
        dense = sum(p.links == DENSE for p in grid[:end])
        assert dense == len({(p.data, p.rate, p.batch) for p in grid[:end]})
    first = list(PLAN.values())[: sum(len(data.links) for data in DESK.data)]
    assert {(p.data, p.links) for p in first if p.links != DENSE} == kinds
    assert {p.purpose for p in first} == {GRID}


def seeds_of(found):
    """Seeds of the trained networks of each setting."""
    seeds = {}
    for cell, place in found.items():
        seeds.setdefault((place.data, place.rate, place.batch), set()).add(source_of(cell)["seed"])
    return seeds


@pytest.mark.parametrize(("grid", "settings"), [(DESK, 45), (VGG_DESK, 6)])
def test_each_setting_has_a_seed_of_its_own_that_dense_and_sparse_share(grid, settings):
    seeds = seeds_of(grid.plan(0))
    assert {len(one) for one in seeds.values()} == {1}
    assert set.union(*seeds.values()) == set(range(settings))
    later = seeds_of(grid.plan(100))
    assert later == {key: {100 + number for number in own} for key, own in seeds.items()}


def test_seeds_of_settings_stay_whatever_part_of_the_plan_runs():
    seeds = seeds_of(PLAN)
    for stage in range(3):
        part = seeds_of(DESK.plan(0, stage))
        assert part == {key: seeds[key] for key in part}
    assert seeds["CIFAR-10", 0.01, 64] == {0}
    assert seeds["MNIST", 0.05, 128] == {15 + 3 + 1}
    assert seeds["Fashion-MNIST", 0.0005, 32] == {44}
    assert seeds_of(VGG_DESK.plan(0))["CIFAR-10, VGG-16/8", 0.05, 128] == {0}


IMAGES = {"mnist": 60_000, "fashion-mnist": 60_000, "cifar10-jpeg": 50_000}
SPARSE = [
    pytest.param(data, data.recipe(write_share(share), 0.01, batch), id=f"{data.title}, {share}, {batch}")
    for grid in (DESK, VGG_DESK)
    for data in grid.data
    for share in data.sparse
    for batch in grid.batches
]


@pytest.mark.parametrize(("data", "recipe"), SPARSE)
def test_sparse_networks_evolve_at_least_45_times(data, recipe):
    epochs, topology = recipe.optimisation.epochs, recipe.topology
    batches = math.ceil(IMAGES[recipe.task.data] / recipe.optimisation.batch)
    evolutions = Plan(topology, epochs=epochs, batches=batches)
    numbers = [k for done in range(1, epochs * batches + 1) if (k := evolutions.number(done))]
    assert sum(evolutions.zeta(k) > 0 for k in numbers) >= 45
    assert topology.evolve_every == VGG.topology.evolve_every


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


def test_dropout_differs_in_training_and_is_off_in_both_stages_of_fine_tuning():
    (data,) = VGG_DESK.data
    trained = {links: data.recipe(links, 0.05, 128).net.dropout for links in data.links}
    assert trained == {DENSE: 0.5, "50 %": 0.2}
    for cell, place in VGG_DESK.plan(0).items():
        assert source_of(cell)["dropout"] == trained[place.links]
        for plain in cell["conversions"]:
            for one in read_plain(plain).tunings:
                assert {**FINE_TUNING[one.name][1], **dict(one.changes)}["dropout"] == 0.0


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


def test_vgg_follows_the_perceptrons_of_the_first_stage_and_the_last_rate_ends_the_plan():
    found = plan_conversions("desk", 0)
    assert set(found) == set(PLAN) | set(VGG_DESK.plan(0))
    places = list(found.values())
    first = set(DESK.plan(0, 0).values())
    assert set(places[: len(first)]) == first
    vgg = [p.kind == VGG_NET for p in places]
    assert all(vgg[len(first) : len(first) + sum(vgg)])
    assert {p.kind for p in PLAN.values()} == {PERCEPTRON}
    rates = [place.rate for place in places]
    assert set(rates[rates.index(RATES[-1]) :]) == {RATES[-1]}
