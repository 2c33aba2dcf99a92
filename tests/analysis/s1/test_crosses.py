"""Crosses of sparse ANNs: what their cells change, and that claims speak of cells that are planned."""

import pytest

from analysis.s1 import exhibits
from analysis.s1.crosses import CROSSES, RULES, SWITCHES
from netsci.train.methods.base import method_of
from tests.analysis.engine.test_claims import cells_of

DESK = {one.id: one for one in exhibits() if one.id in CROSSES}


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
        assert (recipe.task, recipe.optimisation) == (other.task, other.optimisation)
        assert recipe.net == other.net
        if rule != "dense":
            topology, same = recipe.topology, recipes["CHTs", column].topology
            assert (topology.sparsity, topology.initial) == (0.99, same.initial)
            assert (topology.allocation, topology.excess) == ("uniform", same.excess)
    assert len({recipe.topology.method for recipe in recipes.values() if recipe.topology}) == len(RULES) - 1


def test_as_many_choices_for_dense_as_for_each_rule():
    for id_, cross in CROSSES.items():
        if id_.startswith("s1-tuning"):
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
