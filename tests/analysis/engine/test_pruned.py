"""Pruned networks as cells: what names them, what a record holds, and that fine-tuning keeps the links."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.engine.networks import find_networks
from analysis.engine.pruned import CHANNELS, Pruning, dense_values, pruned_cell
from analysis.engine.pruned_run import find_network, join, run
from analysis.engine.training import cell
from netsci.prune import prune
from netsci.sweep import find_kept, run_cells
from netsci.train import PRESETS, load_network, read_epoch
from netsci.train.prune_file import calibrate_on, measure_accuracy, open_data, open_trained
from netsci.train.prune_options import Wanted
from netsci.train.recorded import LARGEST, unpack
from netsci.train.stored_network import read_stored

RECIPE = PRESETS["digits-mlp"].replace(
    dense=True, options=(("hidden", (24, 20)),), epochs=3, limit=120, test_limit=60, batch=20, lr=0.1
)
DENSE = cell(RECIPE, networks=2)
ONE_SHOT = pruned_cell(DENSE, Pruning("wanda", 0.7))
HOW = Pruning("wanda", 0.7, after=2, epochs=2)
TUNED = pruned_cell(DENSE, HOW)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pruned")
    return folder, run_cells([DENSE, ONE_SHOT, TUNED], folder)


def test_a_record_holds_what_the_pruning_of_the_kept_network_gives(made):
    folder, records = made
    opened = open_trained(find_networks(DENSE, folder)[-1])
    inputs = open_data(opened, Wanted("wanda", 0.7))
    expected = prune(opened.model, "wanda", 0.7, [calibrate_on(inputs)])
    record = records[ONE_SHOT]
    assert len(expected.masks) == 2
    for name, mask in expected.masks.items():
        assert np.array_equal(unpack(record.arrays, "last", name), mask)
        assert read_epoch(record, "links", layer=name) == mask.sum()
    assert read_epoch(record, "accuracy") == pytest.approx(measure_accuracy(expected, inputs))
    assert read_epoch(record, "dense accuracy") == pytest.approx(read_epoch(records[DENSE], "accuracy"))
    assert "first_layers.0" not in record.arrays


def test_fine_tuning_keeps_the_links_and_changes_the_weights(made):
    folder, records = made
    arrays = records[TUNED].arrays
    start = open_trained(find_networks(DENSE, folder)[2])
    inputs = open_data(start, Wanted("wanda", 0.7))
    pruned = prune(start.model, "wanda", 0.7, [calibrate_on(inputs)])
    network = find_kept(folder, TUNED) / "network.safetensors"
    links, tuned = read_stored(network).links, load_network(network)
    for name, mask in pruned.masks.items():
        assert np.array_equal(links[name].toarray(), mask)
        assert np.array_equal(unpack(arrays, "last", name), mask)
        assert not np.allclose(
            tuned.get_submodule(name).weight.detach(), pruned.get_submodule(name).weight.detach()
        )
    assert read_epoch(records[TUNED], "one-shot accuracy") == pytest.approx(measure_accuracy(pruned, inputs))
    assert arrays["table_epoch"].max() == 2
    recipe = read_stored(network).recipe
    assert recipe.optimisation.lr == pytest.approx(0.1 * RECIPE.optimisation.lr)
    assert recipe.topology.method == "static"


def test_fine_tuning_takes_a_dropout_of_its_own(made):
    folder, _ = made
    cells = {share: pruned_cell(DENSE, replace(HOW, dropout=share)) for share in (0.0, 0.4)}
    records = run_cells(cells.values(), folder)
    for share, one in cells.items():
        assert read_stored(find_kept(folder, one) / "network.safetensors").recipe.net.dropout == share
    same, other, usual = (read_epoch(one, "loss") for one in (*records.values(), made[1][TUNED]))
    assert same == usual != other  # dense has no dropout either


def test_records_are_small(made):
    folder, _ = made
    for path in folder.rglob("s1-pruned-*.npz"):
        assert path.stat().st_size < LARGEST


def test_names_tell_prunings_and_dense_runs_apart():
    other = cell(RECIPE.replace(seed=1), networks=2)
    cells = {
        ONE_SHOT,
        TUNED,
        pruned_cell(other, Pruning("wanda", 0.7)),
        pruned_cell(DENSE, Pruning("ria", 0.7)),
        pruned_cell(DENSE, Pruning("wanda", 0.6)),
        pruned_cell(DENSE, Pruning("wanda", 0.7, after=2)),
        pruned_cell(DENSE, replace(HOW, dropout=0.5)),
        pruned_cell(DENSE, Pruning("depgraph", (("linear", 0.7),))),
        pruned_cell(DENSE, Pruning("depgraph", (("linear", 0.7),), form=CHANNELS)),
    }
    assert len(cells) == 9
    assert pruned_cell(cell(RECIPE, networks=1), Pruning("wanda", 0.7)) == ONE_SHOT  # of no number in it
    assert ONE_SHOT["seed"] == 0
    assert dense_values(ONE_SHOT) == dict(DENSE.parameters) == dense_values(DENSE)


def test_what_cannot_be_pruned_is_refused(made):
    folder, _ = made
    with pytest.raises(ValueError, match="leaves no networks"):
        pruned_cell(cell(RECIPE), Pruning("wanda", 0.7))
    with pytest.raises(ValueError, match="a multiple of 2"):
        pruned_cell(DENSE, Pruning("wanda", 0.7, after=1))
    with pytest.raises(ValueError, match="epochs must be 0"):
        Pruning("depgraph", 0.7, form=CHANNELS, epochs=1)
    with pytest.raises(ValueError, match="dropout must be None without epochs"):
        Pruning("wanda", 0.7, dropout=0.1)
    with pytest.raises(ValueError, match="whose network is pruned"):
        run(**dict(ONE_SHOT.parameters) | {"origin": "another"}, dense=DENSE)
    with pytest.raises(ValueError, match="left, 2, the last; got 3"):
        find_network(DENSE, folder, 3)
    assert not (folder / "again").exists()


def test_depgraph_in_both_forms_computes_the_same(made):
    pytest.importorskip("torch_pruning")
    folder, _ = made
    shares = (("linear", 0.7),)
    cells = [pruned_cell(DENSE, Pruning("depgraph", shares, form=form)) for form in ("mask", CHANNELS)]
    mask, channels = run_cells(cells, folder).values()
    assert read_epoch(mask, "accuracy") == read_epoch(channels, "accuracy")
    for name in ("layers.0", "layers.1"):
        kept = unpack(mask.arrays, "last", name)
        assert np.array_equal(kept, unpack(channels.arrays, "last", name))
        assert kept.sum() == kept.any(0).sum() * kept.any(1).sum() < kept.size
    assert 0 < read_epoch(channels, "parameters") < 64 * 24 + 24 * 20 + 20 * 10


@pytest.mark.parametrize("recorded", [True, False])
def test_a_network_that_diverged_cannot_be_pruned_and_its_record_says_so(tmp_path, recorded):
    dense = cell(RECIPE.replace(lr=1e30), networks=2)
    cells = [
        pruned_cell(dense, Pruning("wanda", 0.7)),
        pruned_cell(dense, Pruning("ri", 0.7, after=2, epochs=1)),
    ]
    if recorded:
        run_cells([dense], tmp_path)
    for record in run_cells(cells, tmp_path).values():
        assert "dense run: the loss became infinite or NaN in epoch 1" in record.notes["diverged"]
        for measure in ("accuracy", "dense accuracy", "one-shot accuracy", "link sparsity"):
            assert np.isnan(read_epoch(record, measure))
    assert not (tmp_path / "again").exists()


def test_a_joined_table_begins_with_the_accuracies_from_before():
    before = {
        "table_measure": np.array(["dense accuracy", "one-shot accuracy", "accuracy"]),
        "table_value": np.array([0.9, 0.3, 0.3]),
        "last_a": np.ones(1),
    }
    after = {"table_measure": np.array(["accuracy"]), "table_value": np.array([0.7]), "last_a": np.zeros(1)}
    joined = join(before, after)
    assert joined["table_measure"].tolist() == ["dense accuracy", "one-shot accuracy", "accuracy"]
    assert joined["table_value"].tolist() == [0.9, 0.3, 0.7]
    assert joined["last_a"].tolist() == [0.0]
