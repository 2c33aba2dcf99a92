import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch

from netsci.data import DataSet
from netsci.graph import live_units
from netsci.sparse import layered_graph, sparse_layers
from netsci.topology import INITIAL, WEIGHTS
from netsci.train import PRESETS, load_checkpoint, save_checkpoint, train
from netsci.train.loop import CHECKPOINT, NETWORK, RECIPE, TABLE
from netsci.train.recipe import CALIBRATED, CORRELATED

SMALL = PRESETS["digits-2fc"].replace(
    options=(("hidden", (64,)),), steps=4, epochs=4, sparsity=0.9, limit=400, test_limit=100
)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def values(run, measure: str, layer: str = "all") -> list[float]:
    table = run.table
    return table[(table["measure"] == measure) & (table["layer"] == layer)]["value"].tolist()


def same_model(a, b) -> bool:
    left, right = a.model.state_dict(), b.model.state_dict()
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)


def same_table(a, b) -> bool:
    left, right = (
        run.table[~run.table["measure"].str.contains("seconds")].reset_index(drop=True) for run in (a, b)
    )
    pd.testing.assert_frame_equal(left, right, check_exact=True)
    return True


def test_an_evolving_network_learns_digits():
    run = train(PRESETS["digits-2fc"].replace(epochs=8, options=(("hidden", (128,)),), sparsity=0.9))
    assert run.accuracy > 0.9
    assert values(run, "loss")[-1] < values(run, "loss")[0] / 2
    assert len(values(run, "overlap", "layers.0")) == 8


def test_the_link_count_is_kept_and_the_topology_changes():
    graphs = []
    run = train(SMALL, observe=lambda m: graphs.append(layered_graph(m.model)))
    counts = [graph.projections[0].n_links for graph in graphs]
    assert len(set(counts)) == 1
    assert counts[0] == round(0.1 * 64 * 64)
    links = [graph.projections[0].links for graph in graphs]
    moved = [(a != b).nnz for a, b in pairwise(links)]
    assert moved[0] > moved[-2] > 0
    assert values(run, "links", "layers.0") == counts
    for a, b in pairwise(graphs[1:]):  # what percolated away stays away
        before, after = live_units(a), live_units(b)
        assert all((before[name] | ~after[name]).all() for name in before)


def test_two_and_two_epochs_are_four(tmp_path):
    whole = train(SMALL)
    train(SMALL, folder=tmp_path, stop_after=2)
    assert not (tmp_path / NETWORK).exists()
    resumed = train(SMALL, folder=tmp_path)
    assert same_model(whole, resumed)
    assert same_table(whole, resumed)
    assert {path.name for path in tmp_path.iterdir()} == {CHECKPOINT, TABLE, RECIPE, NETWORK}
    again = train(SMALL, folder=tmp_path)  # finished: nothing is left to do
    assert same_model(again, whole)


@pytest.mark.parametrize("optimizer", ["sgd", "sgd_plain", "adam", "adamw"])
def test_moments_survive_a_pause(tmp_path, optimizer):
    recipe = SMALL.replace(optimizer=optimizer, epochs=3, lr=0.01)
    whole = train(recipe)
    train(recipe, folder=tmp_path, stop_after=1)
    assert same_model(whole, train(recipe, folder=tmp_path))


def test_seeds_differ_and_repeat():
    assert same_model(train(SMALL.replace(epochs=2)), train(SMALL.replace(epochs=2)))
    first, other = train(SMALL.replace(epochs=1)), train(SMALL.replace(epochs=1, seed=1))
    assert not torch.equal(
        first.model.state_dict()["layers.1.values"], other.model.state_dict()["layers.1.values"]
    )


def test_a_folder_of_another_recipe_is_refused(tmp_path):
    train(SMALL, folder=tmp_path, stop_after=1)
    with pytest.raises(ValueError, match=r"another recipe .lr is 0.005 there and 0.5 here"):
        train(SMALL.replace(lr=0.5), folder=tmp_path)
    assert train(SMALL.replace(lr=0.01), folder=tmp_path, resume=False, stop_after=1).epoch == 1


def test_a_damaged_checkpoint_is_named_and_kept(tmp_path):
    train(SMALL, folder=tmp_path, stop_after=1)
    path = tmp_path / CHECKPOINT
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="damaged"):
        train(SMALL, folder=tmp_path)
    assert path.read_bytes() == bytes(data)


def test_a_dense_network_has_no_topology():
    run = train(SMALL.replace(dense=True, weights="kaiming"))
    assert not sparse_layers(run.model)
    assert values(run, "link sparsity")[-1] == 0.0
    assert run.accuracy > 0.6


def test_a_static_topology_stays():
    run = train(SMALL.replace(evolve_every=0))
    first = train(SMALL.replace(evolve_every=0, epochs=1))
    links = [sparse_layers(r.model)["layers.0"].links for r in (run, first)]
    assert (links[0] != links[1]).nnz == 0
    assert not values(run, "overlap", "layers.0")


def test_a_layer_that_only_moves_back_stops_for_good():
    # Deterministic removal and regrowth: soon the links that go are those that come.
    run = train(SMALL.replace(early_stop=0.0, delta=1.0, epochs=6, schedule="static"))
    overlaps = values(run, "overlap", "layers.0")
    assert len(overlaps) < 6
    assert overlaps[-1] > 0.0
    assert all(overlap == 0.0 for overlap in overlaps[:-1])


@pytest.mark.parametrize("initial", [*CORRELATED, *INITIAL])
@pytest.mark.parametrize("weights", [*WEIGHTS, CALIBRATED])
def test_every_first_topology_and_weight_trains(initial, weights):
    recipe = SMALL.replace(
        initial=initial, weights=weights, epochs=1, limit=100, options=(("hidden", (64, 64)),)
    )
    run = train(recipe)
    assert len(sparse_layers(run.model)) == 3
    assert [layer.sparsity > 0.85 for layer in sparse_layers(run.model).values()] == [True, True, False]


def test_rectified_linear_units_train_too():
    recipe = SMALL.replace(
        spiking=False, weights="swi", learner="gradient", optimizer="sgd", lr=0.05, epochs=6
    )
    run = train(recipe)
    assert run.accuracy > 0.6
    assert "SOPs" not in set(run.table["measure"])


def test_target_propagation_learns_and_counts_its_spikes():
    recipe = PRESETS["digits-stp-3fc"].replace(
        epochs=6, options=(("hidden", (64, 64)),), sparsity=0.8, weights="sswi_calibrated", lr=0.01
    )
    run = train(recipe)
    assert run.accuracy > 0.6
    used, every = values(run, "spikes used in learning"), values(run, "spikes in learning")
    assert all(0 < u < e for u, e in zip(used, every, strict=True))


def test_the_trace_counts_what_the_table_says():
    run = train(SMALL.replace(epochs=1))
    trace = run.trace()
    assert trace.sops / run.inputs.n_test == pytest.approx(values(run, "SOPs")[-1])
    assert 0 < trace.firing_rate < 1


def test_the_written_network_is_the_trained_one(tmp_path):
    from safetensors.torch import load_file

    run = train(SMALL.replace(epochs=1), folder=tmp_path)
    stored = load_file(tmp_path / NETWORK)
    layer = sparse_layers(run.model)["layers.0"]
    assert torch.equal(stored["layers.0.weight"], layer.weight)
    assert stored["layers.0.weight"].shape == (64, 64)
    from netsci.io import load_graph

    assert (layer.values == 0).any()  # just grown
    links = load_graph(tmp_path / NETWORK).projections[0].links
    assert (links != layer.links).nnz == 0


def test_a_run_can_be_paused_before_it_begins(tmp_path):
    run = train(SMALL, folder=tmp_path, stop_after=0)
    assert (run.epoch, run.finished, len(values(run, "accuracy"))) == (0, False, 1)
    assert 0.0 <= run.accuracy <= 1.0
    whole = train(SMALL.replace(epochs=4))
    assert same_table(train(SMALL, folder=tmp_path), whole)
    assert whole.finished


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"stop_after": -1}, "stop_after must be"),
        ({"stop_after": True}, "stop_after must be"),
        ({"device": "nonsense"}, "device must be"),
        ({"folder": "/proc/no/such"}, "cannot be written"),
    ],
)
def test_bad_arguments_are_named_before_the_work(options, words):
    with pytest.raises((ValueError, TypeError), match=words):
        train(SMALL, observe=lambda moment: pytest.fail("began"), **options)
    with pytest.raises(TypeError, match="must be a Recipe"):
        train({"lr": 0.1})


def test_testing_seldom_leaves_out_rows_and_changes_no_number():
    def tested(run):
        rows = run.table[run.table["measure"].isin(["accuracy", "SOPs", "firing rate"])]
        return rows.reset_index(drop=True)

    always, never, seldom = (train(SMALL, test_every=every) for every in (1, 0, 3))
    assert same_model(always, never)
    assert same_model(always, seldom)
    assert tested(never)["epoch"].tolist() == [4] * 3
    assert sorted(set(tested(seldom)["epoch"])) == [0, 3, 4]
    pd.testing.assert_frame_equal(
        tested(never), tested(always).tail(3).reset_index(drop=True), check_exact=True
    )
    assert never.accuracy == always.accuracy


def test_who_looks_at_an_untested_network_finds_it_in_the_same_mode():
    data = images((3, 8, 8))
    recipe = PRESETS["cifar10-6conv2fc"].replace(
        epochs=2, batch=20, sparsity=0.7, options=(("width", 0.05),), augment=False
    )
    x = torch.rand(5, 3, 8, 8)
    runs = [
        train(recipe, data=data, test_every=every, observe=lambda moment: moment.model(x)) for every in (1, 0)
    ]
    assert same_model(*runs)  # statistics of the normalisations included
    assert not train(recipe, data=data, test_every=0, stop_after=1).model.training


def test_a_run_that_was_never_tested_has_no_accuracy():
    assert math.isnan(train(SMALL, test_every=0, stop_after=1).accuracy)


def test_a_new_run_takes_the_old_network_away(tmp_path):
    train(SMALL.replace(epochs=1), folder=tmp_path)
    assert (tmp_path / NETWORK).exists()
    train(SMALL, folder=tmp_path, resume=False, stop_after=1)
    assert not (tmp_path / NETWORK).exists()


def test_checkpoints_of_other_versions_are_named(tmp_path):
    train(SMALL, folder=tmp_path, stop_after=1)
    path = tmp_path / CHECKPOINT
    whole = load_checkpoint(path)
    for change in (
        {"recipe": {**whole.recipe, "colour": "red"}},
        {"model": {"layers.7.weight": torch.ones(2)}},
        {"notes": {}},
        {"optimizer": {"state": {}, "param_groups": []}},
    ):
        save_checkpoint(path, replace(whole, **change))
        with pytest.raises(ValueError, match="version"):
            train(SMALL, folder=tmp_path)


STAND_INS = {  # small enough to train: an image of each kind, and narrow layers
    "mnist-2fc": ((1, 8, 8), {"options": (("hidden", (40,)),)}),
    "mnist-stp-3fc": ((1, 8, 8), {"options": (("hidden", (48, 32)),), "steps": 10}),
    "mnist-2conv2fc": ((1, 8, 8), {}),
    "cifar10-6conv2fc": ((3, 8, 8), {"options": (("width", 0.05),)}),
    "fashion-mnist-mlp": ((1, 8, 8), {"options": (("hidden", (40, 30)),)}),
    "cifar10-mlp": ((3, 4, 4), {"options": (("hidden", (40, 30)),)}),
    "cifar10-vgg16": ((3, 8, 8), {"options": (("width", 0.03), ("hidden", (32,)))}),
    "cifar10-resnet18": ((3, 8, 8), {"options": (("width", 4),)}),
    "cifar10-deit": (
        (3, 8, 8),
        {
            "options": (("patch", 4), ("depth", 1), ("width", 32), ("heads", 2)),
            "evolve_after": 0,
            "until": 1.0,
        },
    ),
    "cifar10-spikformer": ((3, 16, 16), {"options": (("depth", 1), ("width", 32), ("heads", 2))}),
}


def images(shape, seed=0):
    rng = np.random.default_rng(seed)
    train_side, test_side = (
        (rng.integers(0, 256, (n, *shape), np.uint8), np.arange(n) % 10) for n in (40, 20)
    )
    classes = tuple(str(c) for c in range(10))
    return DataSet("noise", *train_side, *test_side, classes, "noise", f"{seed:064d}")


@pytest.mark.parametrize("name", sorted(STAND_INS))
def test_every_kind_of_network_trains_evolves_and_resumes(name, tmp_path):
    shape, changes = STAND_INS[name]
    recipe = PRESETS[name].replace(epochs=2, batch=20, sparsity=0.7, evolve_every=1, **changes)
    data = images(shape)
    whole = train(recipe, data=data)
    train(recipe, data=data, folder=tmp_path, stop_after=1)
    again = train(recipe, data=data, folder=tmp_path)
    assert same_model(again, whole)
    assert same_table(again, whole)
    assert math.isfinite(values(whole, "loss")[-1])
    assert values(whole, "links", next(iter(sparse_layers(whole.model))))[0] > 0


def test_every_preset_has_a_stand_in():
    assert set(STAND_INS) == {name for name in PRESETS if not name.startswith("digits")}


def test_a_run_goes_on_with_its_own_data_only(tmp_path):
    recipe = PRESETS["mnist-2fc"].replace(epochs=2, sparsity=0.7, **STAND_INS["mnist-2fc"][1])
    train(recipe, data=images((1, 8, 8)), folder=tmp_path, stop_after=1)
    with pytest.raises(ValueError, match="other data"):
        train(recipe, data=images((1, 8, 8), seed=1), folder=tmp_path)


def test_layers_that_stopped_stay_so_after_a_pause(tmp_path):
    recipe = SMALL.replace(epochs=6, early_stop=0.0, options=(("hidden", (64, 48)),))
    whole = train(recipe)
    assert whole.table[whole.table["measure"] == "overlap"]["epoch"].max() < 5  # both stopped early
    train(recipe, folder=tmp_path, stop_after=3)
    again = train(recipe, folder=tmp_path)
    assert same_model(again, whole)
    assert same_table(again, whole)


def test_the_links_wanted_are_those_at_the_start_also_after_a_pause(tmp_path):
    recipe = SMALL.replace(epochs=6, sparsity=0.98, zeta=0.9, schedule="static", early_stop=None)
    whole = train(recipe)
    links = values(whole, "links", "layers.0")
    assert links[-1] < links[0]  # units percolated away: fewer cells than links wanted
    train(recipe, folder=tmp_path, stop_after=3)
    assert same_model(train(recipe, folder=tmp_path), whole)


def test_a_loss_that_is_no_number_is_told_with_its_mend():
    with pytest.raises(ValueError, match="lower lr"):
        train(SMALL.replace(dense=True, lr=1e30, spiking=False, optimizer="sgd"))


def test_lists_and_numpys_numbers_make_the_same_recipe(tmp_path):
    odd = SMALL.replace(delta=[0.5, 1.0], lr=np.float32(0.5), options=[["hidden", [np.int64(64)]]])
    assert odd == SMALL.replace(delta=(0.5, 1.0), lr=0.5)
    train(odd, folder=tmp_path, stop_after=1)
    assert train(odd, folder=tmp_path, stop_after=2).epoch == 2
