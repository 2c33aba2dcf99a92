"""S2's Table 1: what is searched in print beside the values that the planned networks have."""

import pytest

from analysis import s2
from analysis.engine.converted import read_plain
from analysis.engine.printed import expected
from analysis.s2 import energy, recipe_tables
from analysis.s2.lag_grid import BATCHES, LEVELS, RATES
from analysis.s2.recipe_tables import Way, pick, read_ways, write_set

EXHIBITS = {one.id: one for one in s2.exhibits()}
TABLE2 = tuple(energy.plan_networks("desk", 0).values())  # but VGG-16, of the grid of figure 3


@pytest.fixture(scope="module")
def tables():
    exhibit = EXHIBITS["s2-table1"]
    (cell,) = exhibit.cells
    return exhibit.tabulate({cell: cell.run()})


def test_every_printed_list_has_what_stands_beside_it(tables):
    table = tables["table"]
    in_print = table[table["printed"] != ""]
    printed = expected("s2.table1")
    assert len(in_print) == 6
    assert set(in_print["printed"]) == set(printed[printed["column"] != "lr_stray"]["printed"])
    assert (in_print["ran"] != "").all()


def test_lists_are_those_of_the_plan(tables):
    ran = tables["table"].set_index(["row", "column"])["ran"]
    for column, values in (("lr", RATES), ("bs", BATCHES), ("L", LEVELS)):
        written = {float(one) for one in ran["method1/cs-qcfs", column].strip("()").split(",")}
        assert written == set(values)
    windows = {read_plain(one).tunings[0] for c in TABLE2 for one in c["conversions"][2:]}
    assert {one.name for one in windows} == {"aec"}
    assert ran["method3/aec", "train_epochs"] == str(windows.pop().epochs)


def test_a_rate_that_is_missing_in_the_plan_is_missing_in_the_table(monkeypatch):
    plan = recipe_tables.plan_conversions
    less = {c: p for c, p in plan("desk", 0).items() if p.rate != RATES[-1]}
    monkeypatch.setattr(recipe_tables, "plan_conversions", lambda scale, seed: less)
    record = recipe_tables.state_1()
    assert record.notes["ran"][0] == "(0.05, 0.01, 0.005, 0.001)"
    assert record.notes["ran"][0] != record.notes["printed"][0]


def test_values_are_those_of_the_last_fine_tuning_or_of_the_network():
    ways = list(read_ways(TABLE2))
    one = next(way for way in ways if way.method == "cs_qcfs")
    assert one == Way("mlp", "cs_qcfs", {"lr": 0.01, "bs": 64, "L": 8})
    assert {(way.values["lr"], way.values["bs"]) for way in ways if way.method == "aec"} == {(1e-3, 128)}
    assert pick(ways, "mlp", "snm", "lr") == [0.1, 0.01]
    assert pick(ways, "vgg16", "snm", "lr") == []
    assert write_set([]) == "()"
