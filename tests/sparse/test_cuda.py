"""Sparse layers and training on a GPU give what they give on the CPU; skipped where there is none."""

import numpy as np
import pytest
import torch

from netsci.graph import LayeredGraph
from netsci.sparse import SparseConv2d, SparseLinear, rewire
from netsci.train import PRESETS, train

GPU = "cuda"
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")


def random_links(shape, density, seed=7):
    return np.random.default_rng(seed).random(shape) < density


def compared(layer, x):
    """Compare outputs and gradients on both devices."""
    results = []
    for device in ("cpu", GPU):
        moved = layer.to(device)
        inputs = x.to(device).detach().requires_grad_()
        moved.zero_grad()
        out = moved(inputs)
        out.backward(torch.linspace(-1, 1, out.numel(), device=device, dtype=out.dtype).view(out.shape))
        found = [out, inputs.grad, *(parameter.grad for parameter in moved.parameters())]
        results.append([one.detach().cpu() for one in found])
    for here, there in zip(*results, strict=True):
        torch.testing.assert_close(here, there, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("backend", ["auto", "masked", "torch_sparse"])
def test_linear_layers_and_their_gradients(backend):
    layer = SparseLinear(random_links((40, 30), 0.2), backend=backend, dtype=torch.float64)
    compared(layer, torch.randn(5, 7, 40, dtype=torch.float64))


def test_convolutions_and_their_gradients():
    layer = SparseConv2d(random_links((27, 8), 0.3), 3, padding=1, dtype=torch.float64)
    compared(layer, torch.randn(4, 3, 9, 9, dtype=torch.float64))


def test_links_are_replaced_and_moments_follow():
    mask = random_links((12, 9), 0.4)
    net = torch.nn.Sequential(SparseLinear(mask)).to(GPU)
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.randn(3, 12, device=GPU)).square().sum().backward()
    optimizer.step()
    weights = net[0].weight.cpu().T.numpy()
    moments = dict(
        zip(map(tuple, np.argwhere(mask)), optimizer.state[net[0].values]["exp_avg"].tolist(), strict=True)
    )
    kept = mask & random_links(mask.shape, 0.5, seed=8)
    rewire(net, LayeredGraph.from_masks([kept], names=["0"]), optimizer)
    assert net[0].values.device.type == GPU
    np.testing.assert_array_equal(net[0].weight.cpu().T.numpy(), np.where(kept, weights, 0))
    now = optimizer.state[net[0].values]["exp_avg"].tolist()
    assert now == [moments[cell] for cell in map(tuple, np.argwhere(kept))]


@pytest.mark.parametrize("preset", ["digits-2fc", "digits-stp-3fc"])
def test_training_starts_from_the_same_links_and_learns(preset):
    recipe = PRESETS[preset].replace(epochs=8, limit=600, test_limit=100, lr=1e-2)
    here, there = (train(recipe, device=device, stop_after=0) for device in ("cpu", GPU))
    for one, other in zip(here.model.layers, there.model.layers, strict=True):
        assert (one.links != other.links).nnz == 0
    assert train(recipe, device=GPU).accuracy > 0.5
