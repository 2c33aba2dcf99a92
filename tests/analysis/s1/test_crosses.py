"""Crosses of sparse ANNs: what their cells change, and that claims speak of cells that are planned."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from analysis import s1, s2
from analysis.s1.convolutions import CROSSES as CONVOLUTIONS
from analysis.s1.crosses import CROSSES as PERCEPTRONS
from analysis.s1.crosses import SWITCHES
from analysis.s1.recipes import CHOSEN, CHOSEN_AT, DECAYS, OWN_DECAY, RULES, TAKES, choose, choose_at
from analysis.s2.crosses import CROSSES as OF_S2
from netsci.train.methods.base import method_of
from tests.analysis.committed import RESULTS
from tests.analysis.engine.test_claims import cells_of

CROSSES = {**PERCEPTRONS, **CONVOLUTIONS, **OF_S2}
DESK = {one.id: one for one in [*s1.exhibits(), *s2.exhibits()] if one.id in CROSSES}


@pytest.mark.parametrize("id_", CROSSES)
def test_claims_speak_of_planned_cells(id_):
    planned = set(CROSSES[id_].recipes("desk", 0))
    for claim in DESK[id_].claims:
        assert set(cells_of(claim)) <= planned
        assert len(claim.words.split()) <= 20


def test_rules_differ_in_nothing_but_the_rule():
    recipes = CROSSES["s1-recipe"].recipes("desk", 0)
    for (rule, column), recipe in recipes.items():
        other = recipes["dense", column] if ("dense", column) in recipes else recipes["SET", column]
        assert (recipe.task, recipe.net) == (other.task, other.net)
        expected = CHOSEN["fashion-mnist"][TAKES.get(rule, rule)][recipe.optimisation.weight_decay]
        expected *= {"rate x 3": 3, "rate / 3": 1 / 3}.get(column, 1)
        assert recipe.optimisation.lr == pytest.approx(expected, abs=1e-6)
        assert replace(recipe.optimisation, lr=1.0) == replace(other.optimisation, lr=1.0)
        if rule != "dense":
            topology, same = recipe.topology, recipes["CHTs", column].topology
            assert (topology.sparsity, topology.initial) == (0.99, same.initial)
            assert (topology.allocation, topology.excess) == ("uniform", same.excess)
    assert len({recipe.topology.method for recipe in recipes.values() if recipe.topology}) == len(RULES) - 1


def test_as_many_choices_for_dense_as_for_each_rule():
    for id_, cross in CROSSES.items():
        if id_.startswith("s1-tuning") and id_ != "s1-tuning-sparsity":
            recipes = cross.recipes("desk", 0)
            chosen = {
                row: {
                    (r.optimisation.lr, r.optimisation.weight_decay)
                    for (at, _), r in recipes.items()
                    if at == row
                }
                for row in cross.rows
            }
            assert len({frozenset(own) for own in chosen.values()}) == 1
            assert all(recipe.task.validation == 10_000 for recipe in recipes.values())


def test_three_seeds_of_rule_by_form_and_one_of_each_switch():
    places = [key for found in CROSSES["s1-recipe"].plan("desk", 0).values() for key, _ in found]
    counts = {key: places.count(key) for key in places}
    assert {counts[key] for key in counts if key[1] in SWITCHES} == {1}
    assert {counts[key] for key in counts if key[1] not in SWITCHES} == {3}
    assert len(places) == 3 * (4 * 6 + 2 * 4) + 2 * len(SWITCHES)


@pytest.mark.parametrize("id_", CROSSES)
def test_every_method_takes_what_its_cell_changes(id_):
    for recipe in CROSSES[id_].recipes("desk", 0).values():
        assert (method_of(recipe) is None) == (recipe.topology is None)


def test_links_in_excess_leave_every_rule_a_quarter_of_the_epochs():
    for (_, column), recipe in CROSSES["s1-recipe"].recipes("desk", 0).items():
        if "excess" in column:
            assert (recipe.topology.until, recipe.topology.excess[0]) == (0.75, 0.05)


@pytest.mark.parametrize("data", CHOSEN)
def test_the_chosen_rates_are_the_best_of_the_tables(data):
    place = RESULTS / f"s1-tuning-{data.removesuffix('-jpeg')}" / "table.csv"
    if not place.exists():
        pytest.skip("the choice is planned, and not run yet")
    table = pd.read_csv(place)
    for rule, rates in CHOSEN[data].items():
        own = table[table["network"] == rule].set_index("choice")["value"]
        best = {}
        for name, decay in DECAYS.items():
            here = own[own.index.str.endswith(f", {name}")]
            assert here.idxmax() == f"rate {rates[decay]:g}, {name}"
            best[decay] = here.max()
        assert best[OWN_DECAY[data][rule]] == max(best.values())


def test_the_rates_at_a_sparsity_are_the_best_of_the_table():
    place = RESULTS / "s1-tuning-sparsity" / "table.csv"
    if not place.exists():
        pytest.skip("the choice is planned, and not run yet")
    values = pd.read_csv(place).set_index(["network", "choice"])["value"]
    for rule, rates in CHOSEN_AT.items():
        for share, rate in rates.items():
            own = values[rule][values[rule].index.str.startswith(f"{100 * share:g} %, ")]
            assert len(own) == 4
            assert own.idxmax() == f"{100 * share:g} %, rate {rate:g}"


@pytest.mark.parametrize(
    ("rule", "sparsity", "like"),
    [("static", 0.9, ("SET", 0.8)), ("CHT", 0.95, ("CHTs", 0.95)), ("GMP", 0.995, ("GMP", 0.99))],
)
def test_a_rate_is_that_of_the_nearest_network_with_more_links(rule, sparsity, like):
    assert choose_at("mnist", rule, sparsity)["lr"] == CHOSEN_AT[like[0]][like[1]]
    assert choose_at("mnist", "SET", 0.99) == choose("mnist", "SET") == choose_at("mnist", "SET", 0.995)
    assert choose_at("fashion-mnist", "GMP", 0.8)["weight_decay"] == OWN_DECAY["fashion-mnist"]["dense"]


def test_between_two_sparsities_the_rate_is_that_of_more_links(monkeypatch):
    monkeypatch.setitem(CHOSEN_AT, "GMP", {0.8: 0.01, 0.95: 0.02, 0.99: 0.03})
    rates = [choose_at("mnist", "GMP", share)["lr"] for share in (0.8, 0.9, 0.95, 0.99, 0.995)]
    assert rates == [0.01, 0.01, 0.02, 0.03, 0.03]


def test_rules_without_a_choice_take_that_of_another():
    assert choose("mnist", "static") == choose("mnist", "SET")
    assert choose("mnist", "CHTss", 0.0) == {"lr": CHOSEN["mnist"]["CHTs"][0.0], "weight_decay": 0.0}


def test_sparse_networks_of_a_table_start_alike():
    for id_, cross in CROSSES.items():
        for (row, column), recipe in cross.recipes("desk", 0).items():
            if recipe.topology is not None and column not in ("CSTI", "BRF"):
                first = "brf_grid" if row.endswith(", fields") else "uniform"
                assert (recipe.topology.initial, recipe.topology.allocation) == (first, "uniform"), (
                    id_,
                    row,
                )


def test_topology_of_convolutions_changes_45_times():
    for id_ in ("s1-vgg", "s1-resnet"):
        for (row, _), recipe in CROSSES[id_].recipes("desk", 0).items():
            if recipe.topology is not None and row != "static" and not row.startswith("SET"):
                assert recipe.topology.until * recipe.optimisation.epochs / recipe.topology.evolve_every == 45


def test_density_is_that_of_the_column():
    cross = CROSSES["s1-sparsity-mnist"]
    for (row, column), recipe in cross.recipes("desk", 0).items():
        assert cross.values[column] == pytest.approx(1.0 if row == "dense" else 1 - recipe.topology.sparsity)


def test_dense_of_the_claim_has_its_own_choice_and_that_of_chts():
    recipes = CROSSES["s1-sparse"].recipes("desk", 0)
    for (row, column), recipe in recipes.items():
        if row == "dense, choice of CHTs":
            other = recipes["CHTs", column]
            assert recipe.optimisation == other.optimisation
            assert recipe.task == other.task
    assert len({recipe.task.data for recipe in recipes.values()}) == 3


def test_networks_of_long_runs_stay():
    for id_ in ("s1-vgg", "s1-resnet", "s2-mlp"):
        for cell, places in CROSSES[id_].plan("desk", 0).items():
            assert dict(cell.aside) == {"networks": 5 if places[0][0][0] == "dense" else 0}


def test_the_papers_scale_has_all_channels_and_needs_a_gpu():
    for id_ in CONVOLUTIONS:
        cross = CROSSES[id_]
        for recipe in cross.recipes("paper", 0).values():
            assert "width" not in dict(recipe.net.options)
            assert recipe.optimisation.epochs == {"s1-vgg": 300, "s1-resnet": 200}[id_]
        assert all(math.isinf(cross.seconds(cell)) for cell in cross.plan("paper", 0))
        assert all(math.isfinite(cross.seconds(cell)) for cell in cross.plan("desk", 0))
