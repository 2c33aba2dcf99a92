"""S1's networks that are pruned after training: equal epochs, equal sparsities, claims on planned cells."""

import math

import numpy as np
import pytest

from analysis import s1
from analysis.engine.converted import TASK as CONVERTED
from analysis.engine.pruned import CHANNELS, LAST
from analysis.engine.training import cell
from analysis.s1 import competitors, transformers
from analysis.s1.concentration import COMPLETE, POOLED, is_complete, tabulate
from analysis.s1.convolutions import CROSSES as CONVOLUTIONS
from analysis.s1.pruned_nets import COLUMN, CROSSES, PRUNED_CONCENTRATIONS
from analysis.s1.tables import describe_runs, error, seconds
from netsci.sweep import Record
from netsci.train.methods.base import method_of
from netsci.train.plan import Plan
from tests.analysis.engine.test_claims import cells_of

SCALES = {scale: {one.id: one for one in s1.exhibits(0, scale)} for scale in ("smoke", "desk", "paper")}
TABLES = ("s1-table2", "s1-table3", "s1-table4")
TRAINED = [
    *(transformers.recipe_of(name, scale) for name in transformers.TRAINED for scale in ("smoke", "desk")),
    *(competitors.competitor(name, scale) for name in competitors.METHODS for scale in ("smoke", "desk")),
    *(competitors.chts(split, scale) for split in competitors.read_splits() for scale in ("smoke", "desk")),
]


def unconverted(exhibit):
    """The cells that train or prune, without those that convert what these leave."""
    return [one for one in exhibit.cells if one.task != CONVERTED]


def keys_of(cross, scale):
    return {key for places in cross.plan(scale, 0).values() for key, _ in places}


@pytest.mark.parametrize("id_", [*CROSSES, *TABLES, *PRUNED_CONCENTRATIONS])
def test_captions_and_claims_are_short(id_):
    exhibit = SCALES["desk"][id_]
    assert len(exhibit.caption.split()) <= 60
    assert all(len(claim.words.split()) <= 20 for claim in exhibit.claims)
    assert sum(claim.main for claim in exhibit.claims) == 1


@pytest.mark.parametrize("id_", CROSSES)
def test_claims_speak_of_planned_cells(id_):
    planned = keys_of(CROSSES[id_], "desk")
    for claim in SCALES["desk"][id_].claims:
        assert set(cells_of(claim)) <= planned


@pytest.mark.parametrize("id_", TABLES)
def test_claims_of_tables_speak_of_cells_that_have_runs(id_):
    exhibit = SCALES["desk"][id_]
    entries = exhibit.tabulate({})["entries"]
    run = entries[entries["reason"] == "its run is not finished"]
    answered = set(zip(run["row"], run["column"], strict=True))
    for claim in exhibit.claims:
        assert set(cells_of(claim)) <= answered
    others = set(entries["reason"]) - {"its run is not finished"}
    assert (
        others
        == {
            "s1-table2": {competitors.LEFT_OUT},
            "s1-table3": {competitors.LEFT_OUT},
            "s1-table4": set(),
        }[id_]
    )


@pytest.mark.parametrize("id_", CROSSES)
@pytest.mark.parametrize("scale", ["smoke", "desk", "paper"])
def test_dense_and_fine_tuning_have_as_many_epochs_as_chtss(id_, scale):
    cross = CROSSES[id_]
    recipe = cross.recipes(scale, 0)["CHTss", COLUMN]
    tuned = [one for one in cross.plan(scale, 0) if "origin" in dict(one.parameters) and one["epochs"]]
    own_dropout = id_ == "s1-pruned-vgg"  # dense has another than CHTss there
    of = [(one["method"], one["seed"], one["rate"], one["dropout"]) for one in tuned]
    both = ("magnitude", "depgraph")
    expected = [(name, seed, 0.1, None) for name in both for seed in range(1 if scale == "smoke" else 2)]
    if own_dropout and scale != "smoke":
        expected += [(name, 0, rate, 0.2) for name in both for rate in (0.1, 0.3, 1.0)]
    assert sorted(of, key=str) == sorted(expected, key=str)
    dense = cross.recipes(scale, 0)["dense", COLUMN]
    assert (dense.net.dropout == recipe.net.dropout) != own_dropout
    for one in tuned:
        assert one["after"] + one["epochs"] == recipe.optimisation.epochs
    if scale == "desk":
        assert recipe == CONVOLUTIONS[id_.replace("pruned-", "")].recipes("desk", 0)["CHTss", COLUMN]
        assert {(one["after"], one["epochs"]) for one in tuned} == {(10, 5)}


@pytest.mark.parametrize("id_", CROSSES)
def test_pruning_asks_for_the_sparsities_of_chtss(id_):
    cross = CROSSES[id_]
    for seed in (0, 1):
        wanted = dict(cross.recipes("desk", seed)["CHTss", COLUMN].topology.sparsity)
        dense = cell(cross.recipes("desk", seed)["dense", COLUMN])
        own = [one for one in cross.plan("desk", 0) if dict(one.parameters).get("origin") == dense.name]
        assert len(own) == sum(seed < cross.seeds_of.get(name, cross.seeds) for name in cross.pruned)
        assert all(one["sparsity"] == wanted for one in own)
    assert {one["form"] for one in own} == {"mask", CHANNELS}
    assert all(math.isfinite(cross.seconds(one)) for one in cross.plan("desk", 0))
    assert all(math.isinf(cross.seconds(one)) for one in cross.plan("paper", 0))


def test_one_seed_has_the_error_of_its_test_images_in_accuracies_alone():
    for row, images in (("imagenet/vit-b/ours", 500), ("cifar-10/6conv2fc/dpap", 10_000)):
        for column in ("ann_accuracy_percent", "fine_tuned_accuracy_percent", "before_fine_tuning_percent"):
            assert error("desk")([(row, column)], [90.0]) == pytest.approx(math.sqrt(900.0 / images))
        for column in ("link_sparsity_percent", "dcgs_t8_energy_reduction_percent", "energy_uj"):
            assert math.isnan(error("desk")([(row, column)], [50.0]))
    assert error("smoke")([("imagenet/vit-b/ours", "ann_accuracy_percent")], [90.0]) > 4


def test_every_recipe_fits_its_method():
    for recipe in TRAINED:
        assert (method_of(recipe) is None) == (recipe.topology is None)


def test_transformers_evolve_35_times_and_differ_in_the_rule_alone():
    chts, set_, gmp = (transformers.recipe_of(name, "desk") for name in ("ours", "set", "gmp"))
    topology = chts.topology
    ends = topology.until * transformers.EPOCHS
    assert (ends - topology.evolve_after) / topology.evolve_every == transformers.EVOLUTIONS == 35
    assert topology.evolve_after + topology.evolve_every == transformers.EPOCHS / 30
    same = ("initial", "zeta", "schedule", "until", "evolve_every", "evolve_after", "sparsity", "allocation")
    for name in same:
        assert getattr(set_.topology, name) == getattr(topology, name)
    plans = [Plan(one.topology, transformers.EPOCHS, 100, lag=False) for one in (chts, set_)]
    shares = [[plan.zeta(number) for number in range(40)] for plan in plans]
    assert shares[0] == shares[1]
    assert sum(zeta > 0 for zeta in shares[0]) == transformers.EVOLUTIONS
    assert (gmp.topology.sparsity, gmp.topology.until, gmp.topology.initial_sparsity) == (0.7, 0.75, 0.0)
    assert len({(r.task, r.net, r.optimisation) for r in (chts, set_, gmp)}) == 1
    dense = transformers.recipe_of("dense", "desk")
    assert (dense.task, dense.net, dense.optimisation) == (chts.task, chts.net, chts.optimisation)


def test_table4_prunes_the_dense_runs_of_its_own_table():
    exhibit = SCALES["desk"]["s1-table4"]
    names = {one.name for one in exhibit.cells}
    pruned = [one for one in unconverted(exhibit) if "origin" in dict(one.parameters)]
    assert {one["origin"] for one in pruned} <= names
    assert len([one for one in pruned if one["after"] == LAST and not one["epochs"]]) == 7 * 2
    tuned = [one for one in pruned if one["epochs"]]
    assert {one["method"] for one in tuned} == set(transformers.ONE_SHOT.values())
    assert {(one["after"], one["epochs"], one["seed"]) for one in tuned} == {(20, 10, 0)}
    assert len(unconverted(exhibit)) == 4 * 2 + 7 * 2 + 7


def test_tables_cost_what_was_planned_and_the_papers_scale_says_why_not():
    hours = {id_: sum(seconds(one) for one in SCALES["desk"][id_].cells) / 3600 for id_ in TABLES}
    assert all(0 < hours[id_] < 6 for id_ in TABLES)
    for id_ in TABLES:
        assert SCALES["paper"][id_].cells == ()
        assert SCALES["smoke"][id_].cells
        assert all(seconds(one) == 1.0 for one in unconverted(SCALES["smoke"][id_]))
        assert all(seconds(one) <= 5.0 for one in SCALES["smoke"][id_].cells)
    assert "Tiny ImageNet" in describe_runs("imagenet/vit-b/ria")


def made(values, **notes):
    """Return a record of a table of one epoch: {(layer, measure): value}."""
    layers, measures = zip(*values, strict=True)
    arrays = {"table_layer": np.array(layers), "table_measure": np.array(measures)}
    arrays["table_epoch"] = np.ones(len(values), np.int64)
    arrays["table_value"] = np.array(list(values.values()))
    return Record(arrays, notes)


@pytest.mark.parametrize("id_", [*TABLES, "s1-tableA2"])
def test_a_run_that_diverged_is_said_and_the_rest_of_its_table_stands(id_):
    exhibit = SCALES["desk"][id_]
    shares = {("all", "accuracy"): 0.5, ("all", "one-shot accuracy"): 0.25, ("all", "link sparsity"): 0.7}
    for layer in ("features.0", "classifier.0"):
        shares |= {(layer, "links"): 30.0, (layer, "link sparsity"): 0.7}
    if id_ == "s1-table2":  # its rivals spike
        shares |= {("all", "SOPs"): 1000.0, ("convs.0", "links"): 30.0}
    records = {one: made(shares) for one in unconverted(exhibit)}
    for one in records.values():
        one.arrays["last_convs.0"] = np.packbits(np.ones((27, 8), bool))
        one.arrays["last_convs.0_shape"] = np.array([27, 8])
    whole = exhibit.tabulate(records)
    lost = exhibit.cells[0]
    records[lost] = made({("all", "accuracy"): np.nan}, diverged="the loss became NaN")
    tables = exhibit.tabulate(records)
    said = tables["entries"][tables["entries"]["reason"].str.contains("diverged", regex=False)]
    keys = set(zip(said["row"], said["column"], strict=True))
    assert keys
    kept = [tuple(line) not in keys for line in whole["table"][["row", "column"]].itertuples(index=False)]
    rest = [tuple(line) not in keys for line in tables["table"][["row", "column"]].itertuples(index=False)]
    assert tables["table"][rest].equals(whole["table"][kept])
    shown, missing = exhibit.pivot(tables)
    told = {cell.ours for _, cells in shown.rows for cell in cells if "diverged" in cell.ours}
    assert told == {"1 of 2 diverged" if id_ == "s1-table4" else "diverged"}
    assert not any("diverged" in reason for reason, _ in missing)
    assert exhibit.sheet(tables).failed == keys
    exhibit.draw(tables, "matplotlib")


def test_chts_beside_a_rival_sees_its_images_for_its_epochs():
    for name, split in competitors.SPLIT_OF.items():
        rival, ours = competitors.competitor(name, "desk"), competitors.chts(split, "desk", name)
        assert ours.task.limit == rival.task.limit == 10_000
        assert ours.optimisation.epochs == rival.optimisation.epochs == competitors.EPOCHS[name]
        assert ours.net.options == rival.net.options
        assert rival.net.spiking
        assert not ours.net.spiking
        assert rival.task.steps == 4
    assert competitors.EPOCHS["dpap"] > 25  # the first epochs at which convolutions may die
    assert competitors.EPOCHS["sd-snn"] > 37


def test_complete_layers_have_no_exponent():
    of = PRUNED_CONCENTRATIONS["s1-figure3-pruned"]
    plan = {one: place for one, place in of.plan("desk", 0).items() if place == ("DepGraph", 0)}
    rows, columns = np.arange(30) < 20, np.arange(40) < 12
    masks = [np.outer(rows, columns), np.outer(columns, np.arange(40) < 9)]
    assert is_complete(masks)
    masks[0][0, 0] = False
    assert not is_complete(masks)
    masks[0][0, 0] = True
    arrays = {}
    for layer, mask in zip(of.layers, masks, strict=True):
        arrays |= {f"last_{layer}": np.packbits(mask), f"last_{layer}_shape": np.array(mask.shape)}
    tables = tabulate(of, plan, dict.fromkeys(plan, Record(arrays)))
    gammas = tables["table"].query("measure == 'gamma'")
    assert len(gammas) == 5
    assert gammas["value"].isna().all()
    assert set(tables["flags"]["flags"]) == {COMPLETE}
    assert not tables["table"]["measure"].str.startswith("small-worldness").any()
    assert of.gammas["DepGraph"] == 9.46
    counts = tables["table"].query(f"measure == 'links' and projection == '{POOLED}'")
    assert counts["value"].tolist() == [348]


def test_chts_of_six_convolutions_evolves_45_times():
    for recipe in (competitors.chts("90.62", "desk"), competitors.chts("57.87", "desk", "dpap")):
        plan = Plan(recipe.topology, recipe.optimisation.epochs, 300, lag=False)
        assert sum(plan.zeta(number) > 0 for number in range(80)) >= 45


@pytest.mark.parametrize("split", competitors.read_splits())
def test_chts_evolves_at_the_smoke_scale_too(split):
    recipe = competitors.chts(split, "smoke")
    batches = recipe.task.limit // recipe.optimisation.batch
    assert Plan(recipe.topology, recipe.optimisation.epochs, batches).epochs == 2
    with pytest.raises(ValueError, match="at least one batch"):  # as often as at desk scale
        Plan(competitors.chts(split, "desk").topology, recipe.optimisation.epochs, batches)
