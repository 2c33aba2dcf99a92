"""RigL's choice on torch layers: the score is autograd's, and memory is a block of rows beside k numbers."""

import tracemalloc

import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd.profiler import profile

from netsci.sparse import SparseConv2d, SparseLinear, Watch, sparse_layers, views
from netsci.topology import REGROWTH, erdos_renyi, order
from netsci.topology.order import steepest_missing


def peak_of_torch(profiled):
    """The most bytes that torch held at once of what it made, as its profiler saw them come and go."""
    changes = [event.nbytes() for event in profiled.kineto_results.events() if event.name() == "[memory]"]
    return int(np.cumsum(changes).max())


def trained(kind, dtype, small):
    """A sparse layer behind a backward pass, its view, and abs of its dense twin's gradient by autograd."""
    rng = torch.Generator().manual_seed(3)
    if kind == "linear":
        side = 40 if small else 1024
        layer = SparseLinear(
            erdos_renyi((side, side), 5 * side, rng=np.random.default_rng(1)), bias=False, dtype=dtype
        )
        dense, x = nn.Linear(side, side, bias=False), torch.randn(8, side, generator=rng)
    else:
        n = 6 if small else 256
        links = erdos_renyi((9 * n, n), 20 * n, rng=np.random.default_rng(1))
        layer = SparseConv2d(links, 3, padding=1, dtype=dtype)
        dense, x = nn.Conv2d(n, n, 3, padding=1, bias=False), torch.randn(2, n, 4, 4, generator=rng)
    dense.weight.data, x = layer.weight.clone(), x.to(dtype)
    with Watch(sparse_layers(layer), ["gradient"]) as watch:
        layer(x).tanh().square().sum().backward()
        view = views(layer, watch)[""]
    dense(x).tanh().square().sum().backward()
    return view, np.abs(dense.weight.grad.flatten(1).T.numpy())


@pytest.mark.parametrize("kind", ["linear", "convolution"])
def test_the_score_is_that_of_autograd_and_the_choice_its_largest(kind):
    view, expected = trained(kind, torch.float64, small=True)
    found = REGROWTH["gradient"](view)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)
    keys = np.where(view.links.toarray(), -1.0, expected).ravel()
    assert steepest_missing(view, 30).tolist() == np.sort(np.argsort(-keys)[:30]).tolist()


@pytest.mark.parametrize("kind", ["linear", "convolution"])
def test_choosing_holds_a_block_of_rows_beside_k_numbers(kind, monkeypatch):
    """The dense gradient is 4.2 MB and 2.4 MB; a block is .5 MB, held by torch and once more as scores."""
    monkeypatch.setattr(order, "IN_BLOCK", 2**17)
    view, gradient = trained(kind, torch.float32, small=False)
    k, block = 500, 4 * 2**17
    assert gradient.nbytes > 4 * block
    steepest_missing(view, 10)  # compile
    tracemalloc.start()
    chosen = steepest_missing(view, k)
    of_numpy = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    with profile(profile_memory=True) as profiled:
        assert np.array_equal(steepest_missing(view, k), chosen)
    inputs = 4 * 8 * 1024 if kind == "linear" else 4 * 9 * 256 * 32
    assert block <= peak_of_torch(profiled) < 1.3 * block + 3 * inputs
    assert of_numpy < 1.3 * block + 100 * k
    assert len(chosen) == k
    assert gradient.ravel()[chosen].min() >= 0.9999 * np.sort(gradient[~view.links.toarray()])[-k]


def test_the_measure_sees_a_whole_gradient():
    view, gradient = trained("linear", torch.float32, small=False)
    with profile(profile_memory=True) as profiled:
        view.gradient()
    assert peak_of_torch(profiled) >= gradient.nbytes
