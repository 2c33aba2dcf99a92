"""Batch normalisation in perceptrons: by hand, in both memory orders, and in what reads the network."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from netsci.io import load_graph
from netsci.models import ARCHITECTURES, mlp
from netsci.models.linear import normalise
from netsci.sparse import layered_graph
from netsci.spiking import LIF, stp_gradients
from netsci.train import Recipe
from netsci.train.learners import optimizer_of
from tests.models.counting import lif, normalised, shake_norms


def links(shape, seed=1, density=0.4):
    return np.random.default_rng(seed).random(shape) < density


def made(kind, sparse, seed=1, **options):
    torch.manual_seed(seed)
    masks = [links((6, 8)), links((8, 5), 2), None] if sparse else None
    neuron = LIF() if kind == "spikes" else nn.ReLU()
    return mlp([6, 8, 5, 3], masks, neuron=neuron, norm="batch", bias=True, steps=4, **options).double()


def images(n=7, *, frames=None):
    shape = (n, 6) if frames is None else (frames, n, 6)
    return 2 * torch.rand(*shape, generator=torch.Generator().manual_seed(1)).double()


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("frames", [None, 3])
@pytest.mark.parametrize("kind", ["spikes", "relu"])
def test_by_hand(kind, frames, sparse):
    x = images(frames=frames)
    model = shake_norms(made(kind, sparse, readout="sum"), x)
    found = model(x)
    if kind == "spikes" and frames is None:
        x = x.expand(4, *x.shape)
    for layer, norm in zip(model.layers[:2], model.norms, strict=True):
        current = normalised(norm, x @ layer.weight.T + layer.bias, x.ndim - 1)
        x = lif(current) if kind == "spikes" else torch.relu(current)
    x = x @ model.layers[2].weight.T + model.layers[2].bias
    assert x.std() > 0
    torch.testing.assert_close(found, x.mean(0) if kind == "spikes" else x)


@pytest.mark.parametrize("kind", ["spikes", "relu"])
def test_statistics_are_those_of_the_batch_in_training(kind):
    model, x = made(kind, True).train(), images(30)
    current = model.layers[0](x)
    model(x)
    torch.testing.assert_close(model.norms[0].running_mean, 0.1 * current.mean(0).detach())
    seen = []
    after = model.neurons[0] if kind == "spikes" else model.activations[0]
    after.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    model(x)
    torch.testing.assert_close(seen[0].mean(0), torch.zeros(8).double(), atol=1e-7, rtol=0)


def test_both_memory_orders_give_the_same():
    torch.manual_seed(1)
    norm, x = nn.BatchNorm1d(5), torch.randn(4, 6, 5)
    turned = x.permute(2, 0, 1).contiguous().permute(1, 2, 0)
    assert turned.stride() != x.stride()
    torch.testing.assert_close(normalise(norm, turned), normalise(norm, x))


def test_keys_and_no_decay():
    model = made("relu", True)
    keys = set(model.state_dict()) - set(
        mlp([6, 8, 5, 3], model_links(), spiking=False, bias=True).state_dict()
    )
    parts = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    assert keys == {f"norms.{i}.{part}" for i in (0, 1) for part in parts}
    groups = optimizer_of(Recipe().replace(weight_decay=0.1), model).param_groups
    plain = {id(p) for group in groups if not group["weight_decay"] for p in group["params"]}
    assert all(id(p) in plain for p in model.norms.parameters())
    assert mlp([6, 8, 3], spiking=False).norms is None


def model_links():
    return [links((6, 8)), links((8, 5), 2), None]


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_file_of_it_gives_the_graph_of_the_module(tmp_path, suffix, sparse):
    """A dense network keeps its zeros, so that the file has links of its own."""
    model = made("relu", sparse).float()
    if not sparse:
        with torch.no_grad():
            for layer, mask in zip(model.layers, model_links(), strict=False):
                if mask is not None:
                    layer.weight *= torch.from_numpy(mask.T)
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    path = tmp_path / f"network{suffix}"
    torch.save(state, path) if suffix == ".pt" else save_file(state, path)
    graph = load_graph(path)
    expected = [(layer.weight.T != 0).numpy() for layer in model.layers]
    assert [p.links.shape for p in graph.projections] == [mask.shape for mask in expected]
    for projection, mask in zip(graph.projections, expected, strict=True):
        np.testing.assert_array_equal(projection.links.toarray(), mask)
    if sparse:
        own = layered_graph(model)
        assert [p.n_links for p in own.projections] == [p.n_links for p in graph.projections]


def test_recipes_and_refusals():
    build = ARCHITECTURES["mlp"].build
    assert len(build((1, 2, 3), 3, nn.ReLU, {}, hidden=(4, 4), norm="batch").norms) == 2
    with pytest.raises(ValueError, match="norm must be one of"):
        mlp([6, 4, 3], norm="layer")
    x, y = torch.ones(3, 2, 6).double(), torch.tensor([0, 1])
    with pytest.raises(ValueError, match="no normalisation between its layers for S-TP"):
        stp_gradients(made("spikes", False), x, y, rng=np.random.default_rng(1), window=2)
