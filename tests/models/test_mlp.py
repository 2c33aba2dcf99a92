"""Multilayer perceptrons: counts, encodings, readouts, the fused way against the plain one."""

import copy
import re
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from netsci.models import MLP, FeatureMajorLinear, SpikingMLP, mlp
from netsci.sparse import SparseLinear
from netsci.spiking import IF, LIF
from tests.models.counting import multiplications


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("shape", [(3,), (5, 3), (6, 5, 3), ()])
def test_an_input_of_another_width_is_refused(shape):
    said = re.escape(f"x must be [..., 4], inputs last; its shape is {list(shape)}")
    for model in (FeatureMajorLinear(4, 2), mlp([4, 2], spiking=False)):
        with pytest.raises(ValueError, match=said):
            model(torch.zeros(shape))
    assert FeatureMajorLinear(4, 2)(torch.zeros(4)).shape == (2,)


@pytest.mark.parametrize("spiking", [True, False])
@pytest.mark.parametrize(
    ("widths", "parameters", "weights"),
    [([784, 1568, 10], 1246570, 1244992), ([3072, 3072, 3072, 10], 18911242, 18905088)],
)
def test_counts_of_the_specification(widths, parameters, weights, spiking):
    assert count(mlp(widths, bias=True, spiking=spiking)) == parameters
    assert count(mlp(widths, spiking=spiking)) == weights
    if not spiking:  # one step of one image
        assert multiplications(mlp(widths, bias=True, spiking=False), widths[:1]) == (0, weights, 0)


def masks(widths, seed=7, density=0.3):
    rng = np.random.default_rng(seed)
    return [rng.random(pair) < density for pair in pairwise(widths)]


def images(seed=7, *shape):
    return torch.from_numpy(np.random.default_rng(seed).random(shape))


def plain(model, x):
    """The same scores by the equations: dense weights, neurons step by step."""
    steps = model.steps if x.ndim == 2 else len(x)
    frames = [x] * steps if x.ndim == 2 else list(x)
    states = [None] * len(model.neurons)
    outputs = []
    for frame in frames:
        for i, layer in enumerate(model.layers):
            frame = frame @ layer.weight.T + (0.0 if layer.bias is None else layer.bias)
            if i < len(model.neurons):
                frame, states[i] = model.neurons[i].step(frame, states[i])
        outputs.append(frame)
    if model.readout == "membrane":
        held = torch.zeros_like(outputs[0])
        for current in outputs:
            held = model.neuron.alpha * held + current
        return held
    return torch.stack(outputs).mean(0)


@given(
    widths=st.lists(st.integers(1, 9), min_size=2, max_size=4),
    sparse=st.booleans(),
    bias=st.booleans(),
    readout=st.sampled_from(["rate", "sum", "membrane"]),
    frames=st.sampled_from([None, 1, 5]),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_scores_are_those_of_the_equations(widths, sparse, bias, readout, frames, seed):
    torch.manual_seed(seed)
    links = [*masks(widths, seed)[:-1], None] if sparse else None
    model = mlp(widths, links, neuron=LIF(0.7, 0.4), steps=6, bias=bias, readout=readout).double()
    x = images(seed, 4, widths[0]) if frames is None else images(seed, frames, 4, widths[0])
    torch.testing.assert_close(model(x), plain(model, x).detach(), rtol=1e-9, atol=1e-10, check_stride=False)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("frames", [None, 7])
@pytest.mark.parametrize("readout", ["rate", "sum", "membrane"])
@pytest.mark.parametrize("kind", ["dense", "sparse", "mixed"])
def test_fused_equals_unfused(dtype, frames, readout, kind):
    widths = [12, 30, 25, 20, 5]
    links = {
        "dense": None,
        "sparse": [*masks(widths)[:-1], None],
        "mixed": [masks(widths)[0], None, masks(widths)[2], None],
    }[kind]
    torch.manual_seed(7)
    model = mlp(widths, links, neuron=LIF(0.7, 0.5), steps=6, bias=True, readout=readout).to(dtype)
    watched = copy.deepcopy(model)
    calls = []
    for module in (*watched.layers, *watched.neurons):
        module.register_forward_hook(lambda *_: calls.append(1))
    x = images(3, *(() if frames is None else (frames,)), 9, 12).to(dtype)
    labels = torch.arange(9) % 5
    for net in (model, watched):
        nn.functional.cross_entropy(net(x), labels).backward()
    assert len(calls) == len(model.layers) + len(model.neurons)
    tolerance = {"rtol": 1e-9, "atol": 1e-12} if dtype == torch.float64 else {"rtol": 1e-4, "atol": 1e-6}
    torch.testing.assert_close(model(x), watched(x), **tolerance)
    for mine, theirs in zip(model.parameters(), watched.parameters(), strict=True):
        assert theirs.grad.abs().sum() > 0
        torch.testing.assert_close(mine.grad, theirs.grad, **tolerance)


@pytest.mark.parametrize("kind", ["forward", "pre", "backward", "everywhere"])
def test_hooks_are_heard(kind):
    model, heard = mlp([4, 6, 3]), []
    target = model.neurons[0]
    if kind == "forward":
        handle = target.register_forward_hook(lambda *_: heard.append(1))
    elif kind == "pre":
        handle = target.register_forward_pre_hook(lambda *_: heard.append(1))
    elif kind == "backward":
        handle = target.register_full_backward_hook(lambda *_: heard.append(1))
    else:
        handle = nn.modules.module.register_module_forward_hook(
            lambda module, *_: heard.append(1) if module is target else None
        )
    try:
        model(torch.rand(2, 4, requires_grad=True)).sum().backward()
    finally:
        handle.remove()
    assert heard == [1]


def test_direct_encoding_computes_the_first_layer_once():
    model = mlp([4, 6, 3], steps=5)
    shapes = []
    model.layers[0].register_forward_hook(lambda _m, inputs, out: shapes.append((inputs[0].shape, out.shape)))
    x = torch.rand(2, 4)
    scores = model(x)
    assert shapes == [((2, 4), (2, 6))]
    torch.testing.assert_close(scores, model(x.expand(5, 2, 4)))


def test_spikes_between_layers_are_not_transposed():
    model = mlp([4, 6, 3, 2], [None, np.ones((6, 3)), None])
    seen = []
    for module in (*model.layers, *model.neurons):
        module.register_forward_hook(lambda _m, _inputs, out: seen.append(out))
    model(torch.rand(5, 4))
    assert all(out.movedim(-1, 0).is_contiguous() for out in seen)


def test_layers_and_neurons():
    links = masks([4, 6, 3])
    model = mlp([4, 6, 3], [links[0], None], neuron=IF(2.0), steps=3)
    assert isinstance(model, SpikingMLP)
    assert [type(layer) for layer in model.layers] == [SparseLinear, FeatureMajorLinear]
    assert (model.layers[0].links.toarray() == links[0]).all()
    assert isinstance(model.layers[1], nn.Linear)
    assert len(model.neurons) == 2
    assert model.neurons[0] is not model.neurons[1]
    assert (model.neuron.threshold, model.steps, model.readout) == (2.0, 3, "rate")
    assert len(mlp([4, 6, 3], readout="sum").neurons) == 1


def test_relu_network():
    model = mlp([4, 6, 3], bias=True, spiking=False)
    assert isinstance(model, MLP)
    x = torch.rand(5, 4)
    first, last = model.layers
    torch.testing.assert_close(model(x), last(torch.relu(first(x))))
    assert len(model.activations) == 1


def test_feature_major_linear_is_linear():
    torch.manual_seed(7)
    for bias in (True, False):
        layer = FeatureMajorLinear(4, 3, bias=bias).double()
        for shape in ((4,), (5, 4), (2, 5, 4), (0, 4)):
            x = images(1, *shape)
            torch.testing.assert_close(layer(x), nn.functional.linear(x, layer.weight, layer.bias))
    assert list(FeatureMajorLinear(4, 3).state_dict()) == list(nn.Linear(4, 3).state_dict())


def test_state_travels():
    links = masks([4, 6, 3])
    one, other = (mlp([4, 6, 3], [m, None]) for m in (links[0], ~links[0]))
    other.load_state_dict(one.state_dict())
    x = torch.rand(5, 4)
    torch.testing.assert_close(one(x), other(x))


def test_learns():
    torch.manual_seed(7)
    labels = torch.arange(60) % 3
    x = torch.rand(3, 16)[labels] + 0.1 * torch.rand(60, 16)
    model = mlp([16, 40, 3], [np.random.default_rng(7).random((16, 40)) < 0.4, None], neuron=LIF(0.5, 0.3))
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(5 * model(x), labels).backward()
        optimizer.step()
    assert (model(x).argmax(1) == labels).float().mean() > 0.9


def test_own_neurons_run_step_by_step():
    class Doubled(LIF):
        def step(self, current, state=None):
            return super().step(2 * current, state)

    torch.manual_seed(7)
    model = mlp([4, 6, 3], neuron=Doubled()).double()
    x = images(7, 5, 4)
    torch.testing.assert_close(model(x), plain(model, x).detach())


@pytest.mark.parametrize(
    ("arguments", "options", "error", "word"),
    [
        (([4],), {}, ValueError, "widths"),
        (([4, 0],), {}, ValueError, "widths"),
        (([4, 2.5],), {}, TypeError, "widths"),
        (([4, 3, 2], [None]), {}, ValueError, "2"),
        (([4, 3], [np.ones((3, 4))]), {}, ValueError, "Transpose"),
        (([4, 3],), {"readout": "max"}, ValueError, "readout"),
        (([4, 3],), {"steps": 0}, ValueError, "steps"),
        (([4, 3],), {"steps": True}, TypeError, "steps"),
        (([4, 3],), {"spiking": False, "neuron": LIF()}, ValueError, "neuron"),
        (([4, 3],), {"readout": "membrane", "neuron": nn.ReLU()}, TypeError, "alpha"),
    ],
)
def test_bad_arguments(arguments, options, error, word):
    with pytest.raises(error, match=word):
        mlp(*arguments, **options)


def test_bad_input():
    with pytest.raises(ValueError, match="Flatten"):
        mlp([4, 3])(torch.zeros(2, 1, 2, 2))


def test_links_may_be_any_matrix_and_are_named_in_errors():
    torch.manual_seed(0)
    as_list = mlp([2, 3, 2], [[[1, 0, 1], [0, 1, 0]], None])
    torch.manual_seed(0)
    as_csr = mlp([2, 3, 2], [sp.csr_array([[1, 0, 1], [0, 1, 0]]), None])
    assert as_list.layers[0].links.toarray().tolist() == [[True, False, True], [False, True, False]]
    assert torch.equal(as_list.layers[0].values, as_csr.layers[0].values)
    with pytest.raises(
        ValueError, match=r"links of the layer 2 -> 3 must be \[2, 3\], rows presynaptic; got"
    ):
        mlp([2, 3, 2], [[[1, 0], [0, 1], [1, 1]], None])
    with pytest.raises(ValueError, match=r"links of the layer 2 -> 3.*NaN"):
        mlp([2, 3], [[[float("nan"), 0, 1], [0, 1, 0]]])
