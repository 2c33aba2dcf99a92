"""What concentrates links: tables from records with masks that are made here, hubs where they were put."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.s1.concentration import LEAST, POOLED, Concentration, draw, make_sheet, tabulate
from analysis.s1.convolutions import CONCENTRATIONS
from analysis.s2.crosses import CONCENTRATIONS as OF_S2
from netsci.sweep import Record

NAMES = ("CHTss", "SET", "RigL", "random")
UNITS = (30, 40, 40)


def pack(masks):
    arrays = {}
    for number, mask in enumerate(masks):
        layer = ("classifier.0", "classifier.3")[number]
        arrays |= {f"last_{layer}": np.packbits(mask), f"last_{layer}_shape": np.array(mask.shape)}
    return arrays


def draw_masks(rng, share):
    """Masks of as many links; more of them go to four units of the last layer if share is above 0."""
    masks = []
    for number, shape in enumerate([UNITS[:2], UNITS[1:]]):
        odds = np.ones(shape)
        if number == 1:
            odds[:, :4] += share * odds.size / odds[:, :4].size
        chosen = rng.choice(odds.size, 240, replace=False, p=(odds / odds.sum()).ravel())
        mask = np.zeros(odds.size, bool)
        mask[chosen] = True
        masks.append(mask.reshape(shape))
    return masks


@pytest.fixture(scope="module")
def made():
    """Of the first seed of two networks."""
    of = CONCENTRATIONS["s1-figure3-vgg"]
    plan = {c: one for c, one in of.plan("desk", 0).items() if one in (("CHTss", 0), ("random", 0))}
    records = {}
    for cell, (name, seed) in plan.items():
        rng = np.random.default_rng([seed, NAMES.index(name)])
        records[cell] = Record(pack(draw_masks(rng, 1.0 if name == "CHTss" else 0.0)))
    return of, plan, records, tabulate(of, plan, records)


def test_hubs_are_found_where_they_were_put(made):
    table = made[3]["table"]
    found = table.query("measure == 'enrichment' and projection == 'hidden 2'").set_index("model")["value"]
    assert found["CHTss"] > 1.5 > found["random"]
    p = table.query("measure == 'p of hubs' and projection == 'hidden 2'").set_index("model")["value"]
    assert p["CHTss"] < 0.05 < min(p["random"], p[made[0].controlled])


def test_every_network_stands_in_the_table(made):
    of, plan, _, tables = made
    table = tables["table"]
    expected = {*plan.values(), (of.controlled, 0)}
    assert {tuple(one) for one in table[["model", "seed"]].to_numpy()} == expected
    assert set(table.query("measure == 'links'")["value"]) == {480}
    assert set(tables["nodes"]["model"]) == {"CHTss", "random", of.controlled}
    assert tables["nodes"].groupby("model").size().max() <= sum(UNITS)
    sheet = make_sheet(of, tables)
    assert sheet.printed["CHTss", f"gamma, {POOLED}"] == 2.19
    assert len(sheet.by_seed(("CHTss", "enrichment, hidden 1"))) == 1


def test_links_that_lead_nowhere_are_not_measured():
    """Inputs 1 and 2 reach a unit without outputs alone; one unit has an output and no input."""
    of = CONCENTRATIONS["s1-figure3-vgg"]
    first, last = np.zeros((3, 3), bool), np.zeros((3, 2), bool)
    first[0, 0] = first[1, 1] = first[2, 1] = last[0, 1] = last[2, 0] = True
    found = of.masks(Record(pack([first, last])))
    assert [np.argwhere(mask).tolist() for mask in found] == [[[0, 0]], [[0, 1]]]
    assert of.masks(Record({})) == []


def test_random_links_have_no_structure_beyond_their_degrees(made):
    table = made[3]["table"].query("measure == 'small-worldness, p' and model == 'random'")
    assert len(table) == 2
    assert (table["value"] > 0.05).all()


def test_gamma_needs_enough_evolutions(made):
    of, plan, records, _ = made
    few = replace(of, evolutions=dict.fromkeys(of.rows.values(), LEAST - 1))
    some = {cell: records[cell] for cell in list(plan)[:1]}
    tables = tabulate(few, plan, some)
    gammas = tables["table"].query("measure == 'gamma'").set_index("model")["value"]
    assert gammas.drop(of.controlled, errors="ignore").isna().all()
    flags = tables["flags"].set_index("model")["flags"].drop(of.controlled, errors="ignore")
    assert set(flags) == {f"fewer than {LEAST} evolutions"}


def test_records_without_masks_leave_no_rows(made):
    of, plan, _, _ = made
    tables = tabulate(of, plan, {cell: Record({}) for cell in plan})
    assert tables["table"].empty
    assert tabulate(of, plan, {})["table"].empty


@pytest.mark.parametrize("backend", ["matplotlib", "plotly"])
def test_it_is_drawn_with_and_without_disks(made, backend):
    of, _, _, tables = made
    assert draw(of, tables, backend) is not None
    plain = {name: table for name, table in tables.items() if name not in ("nodes", "links")}
    assert draw(of, plain, backend) is not None


def test_chosen_runs_evolve_often_enough():
    for of in (*CONCENTRATIONS.values(), *OF_S2.values()):
        assert isinstance(of, Concentration)
        recipes = of.cross.recipes("desk", 0)
        for row, name in of.rows.items():
            topology, epochs = recipes[row, of.column].topology, recipes[row, of.column].optimisation.epochs
            if name == "random":
                assert topology.method == "static"
            elif not isinstance(topology.evolve_every, str):
                assert topology.until * epochs / topology.evolve_every >= of.evolutions[name]
                assert of.evolutions[name] >= LEAST
