"""Networks on disk: written with all tensors, read back to the same answers, kept every few epochs."""

import numpy as np
import pytest
import torch

from netsci.sparse import SparseLinear, sparse_layers
from netsci.train import PRESETS, load_network, read_recipe, save_network, train
from netsci.train.inputs import Inputs

SMALL = {"epochs": 2, "limit": 60, "test_limit": 30, "batch": 20}
MLP = PRESETS["digits-mlp"].replace(options=(("hidden", (24, 16)), ("norm", "batch")), sparsity=0.8, **SMALL)
DIGITS = {"data": "digits", "augment": "none", "mixed": False, **SMALL}
VIT = (("patch", 4), ("width", 24), ("depth", 2), ("heads", 2))
RECIPES = {
    "mlp": MLP,
    "dense": MLP.replace(dense=True),
    "spiking": PRESETS["digits-2fc"].replace(options=(("hidden", (16,)),), steps=2, sparsity=0.8, **SMALL),
    "conv": PRESETS["cifar10-resnet18"].replace(
        options=(("width", 4),), sparsity={"conv": 0.5}, initial_sparsity={"conv": 0.2}, **DIGITS
    ),
    "attention": PRESETS["cifar10-deit"].replace(options=VIT, sparsity=0.5, **DIGITS),
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_network_read_back_gives_the_same_answers(name, tmp_path):
    run = train(RECIPES[name], folder=tmp_path)
    model = load_network(tmp_path / "network.safetensors")
    inputs = Inputs(run.recipe, "cpu")
    x, _ = next(iter(inputs.tests()))
    with torch.no_grad():
        assert torch.equal(model(x), run.model.eval()(x))
    for layer, held in sparse_layers(run.model).items():
        assert np.array_equal(sparse_layers(model)[layer].links.toarray(), held.links.toarray())
    assert read_recipe(tmp_path / "network.safetensors") == run.recipe


def test_networks_are_kept_every_few_epochs_also_when_a_run_pauses(tmp_path):
    recipe = MLP.replace(epochs=5)
    whole, paused = tmp_path / "whole", tmp_path / "paused"
    train(recipe, folder=whole, keep_every=2)
    train(recipe, folder=paused, keep_every=2, stop_after=3)
    train(recipe, folder=paused, keep_every=2)
    names = ["network-0002.safetensors", "network-0004.safetensors", "network.safetensors"]
    for folder in (whole, paused):
        assert sorted(path.name for path in folder.glob("network*")) == names
    for name in names:
        assert (whole / name).read_bytes() == (paused / name).read_bytes()
    assert (whole / names[1]).read_bytes() != (whole / names[0]).read_bytes()


def test_networks_are_kept_in_a_folder_only(tmp_path):
    with pytest.raises(ValueError, match="keep_every writes to the folder"):
        train(MLP, keep_every=1)
    with pytest.raises(ValueError, match="keep_every must be at least 0"):
        train(MLP, folder=tmp_path, keep_every=-1)


def test_what_is_no_network_of_a_run_is_refused(tmp_path):
    run = train(MLP.replace(epochs=1), folder=tmp_path)
    with pytest.raises(ValueError, match="does not say the shape"):
        load_network(tmp_path / "checkpoint.safetensors")
    save_network(tmp_path / "bare.safetensors", SparseLinear([[1, 0], [0, 1]]))
    with pytest.raises(ValueError, match="holds no recipe"):
        load_network(tmp_path / "bare.safetensors")
    save_network(tmp_path / "old.safetensors", run.model, run.recipe)
    with pytest.raises(ValueError, match="does not say the shape"):
        load_network(tmp_path / "old.safetensors")
    strange = torch.nn.Sequential(run.model, torch.nn.Linear(2, 1))
    save_network(tmp_path / "strange.safetensors", strange, run.recipe, shape=(1, 8, 8), classes=10)
    with pytest.raises(ValueError, match=r"tensors|layers"):
        load_network(tmp_path / "strange.safetensors")
    damaged = bytearray((tmp_path / "network.safetensors").read_bytes())
    damaged[-3] ^= 1
    (tmp_path / "network.safetensors").write_bytes(damaged)
    with pytest.raises(ValueError, match="damaged"):
        load_network(tmp_path / "network.safetensors")
