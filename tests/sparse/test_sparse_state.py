"""Copies, files and state dictionaries of sparse layers, also of other numbers of links."""

import copy
import io
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from netsci.sparse import SparseConv2d, SparseLinear

X = torch.rand(4, 6, generator=torch.Generator().manual_seed(1))


def layer_of(seed, density=0.5, **options):
    rng = np.random.default_rng(seed)
    return SparseLinear(
        rng.random((6, 9)) < density, generator=torch.Generator().manual_seed(seed), **options
    )


def through_a_file(thing):
    file = io.BytesIO()
    torch.save(thing, file)
    file.seek(0)
    return torch.load(file, weights_only=not isinstance(thing, nn.Module))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it)), through_a_file])
def test_copies_are_whole_and_apart(copied):
    layer = layer_of(0)
    wanted = layer(X)
    twin = copied(layer)
    assert torch.equal(twin(X), wanted)
    twin.rewire(np.eye(6, 9))
    twin.values.data.fill_(1.0)
    assert torch.equal(layer(X), wanted)


@pytest.mark.parametrize("density", [0.0, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("assign", [False, True])
def test_a_state_of_another_number_of_links_is_loaded(density, assign):
    saved, net = nn.Sequential(layer_of(1, density)), nn.Sequential(layer_of(2))
    parameter = net[0].values
    net[0](X).sum().backward()
    state = through_a_file(saved.state_dict())
    assert set(state) == {"0.values", "0.bias", "0.start", "0.column"}
    result = net.load_state_dict(state, assign=assign)
    assert not result.missing_keys
    assert torch.equal(net(X), saved(X))
    assert (net[0].links != saved[0].links).nnz == 0
    assert assign or net[0].values is parameter
    net(X).sum().backward()
    assert net[0].values.grad.shape == saved[0].values.shape


def test_a_state_of_as_many_links_elsewhere_is_loaded():
    first, second = SparseLinear([[1, 0], [0, 1]]), SparseLinear([[0, 1], [1, 0]])
    x = torch.tensor([[1.0, 10.0]])
    second(x)  # its structure is at hand now
    second.load_state_dict(first.state_dict())
    assert torch.equal(second(x), first(x))


@pytest.mark.parametrize(
    ("key", "change", "words"),
    [
        ("start", lambda t: t[:-1], "rows"),
        ("start", lambda t: t.flip(0), "rise"),
        ("start", lambda t: t + 1, "rise"),
        ("start", lambda t: t[[0, 2, 1, 3, 4, 5, 6]], "rise"),
        ("column", lambda t: t + 100, "outside"),
        ("column", lambda t: t - 100, "outside"),
        ("column", lambda t: t.flip(0), "order"),
        ("column", lambda t: t * 0, "order"),
        ("values", lambda t: t[1:], "saved for"),
    ],
)
def test_a_damaged_state_is_refused(key, change, words):
    layer, state = layer_of(3), layer_of(4).state_dict()
    wanted = layer(X)
    with pytest.raises(RuntimeError, match=words):
        layer.load_state_dict({**state, key: change(state[key])})
    assert torch.equal(layer(X), wanted)


def test_a_state_without_links_is_missing_keys():
    state = layer_of(3).state_dict()
    del state["start"]
    with pytest.raises(RuntimeError, match="Missing key"):
        layer_of(3).load_state_dict(state)


def test_dtype_and_device_follow_the_module():
    layer = layer_of(5).double()
    assert layer.values.dtype == layer(X.double()).dtype == torch.float64
    assert layer.column.dtype == torch.int32
    assert layer.to("meta").structure.column.device.type == "meta"


def test_a_convolution_is_saved_likewise():
    rng = np.random.default_rng(0)
    saved, other = (SparseConv2d(rng.random((8, 3)) < share, 2) for share in (0.3, 0.8))
    other.load_state_dict(through_a_file(saved.state_dict()))
    assert torch.equal(other(torch.ones(1, 2, 3, 3)), saved(torch.ones(1, 2, 3, 3)))


def test_undefined_links_are_refused_until_a_state_is_loaded():
    layer, other = layer_of(5), layer_of(6)
    layer.to_empty(device="cpu")
    for name in ("start", "column", "start_out", "row", "place"):
        getattr(layer, name).fill_(1000)
    with pytest.raises(RuntimeError, match=r"undefined .* load a state_dict first"):
        layer(X)
    layer.load_state_dict(other.state_dict())
    assert torch.equal(layer(X), other(X))


@pytest.mark.parametrize("name", ["start_out", "row", "place"])
def test_parts_that_contradict_each_other_are_refused(name):
    layer = copy.deepcopy(layer_of(5))
    getattr(layer, name)[0] += 1
    with pytest.raises(RuntimeError, match="contradict"):
        layer(X)


def test_a_layer_made_on_no_device_takes_a_state():
    layer, other = layer_of(5).to("meta"), layer_of(6)
    layer.load_state_dict(other.state_dict(), assign=True)
    assert torch.equal(layer(X), other(X))


def test_links_are_a_copy():
    layer = layer_of(6)
    links = layer.links
    links.indices[:] = 0
    assert not np.array_equal(links.indices, layer.links.indices)
    assert layer.links.dtype == bool
    assert layer.links.has_canonical_format
