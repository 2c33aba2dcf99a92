"""Neurons fused with the layer after them against their two parts, and what is not fused."""

import copy
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.utils.prune
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from netsci.sparse import SparseLinear
from netsci.spiking import IF, LIF, linear_of_spikes, record, unroll
from netsci.spiking._fused_kernels import least_currents
from tests.spiking.test_unroll import draws, laid_out, neurons


def layer_for(kind, inputs, seed):
    rng = np.random.default_rng(seed)
    bias = seed % 2 == 0
    if kind == "dense":
        return nn.Linear(inputs, seed % 37 + 1, bias=bias).double()
    mask = rng.random((inputs, 7)) < 0.4
    return SparseLinear(mask, bias=bias, backend=kind, dtype=torch.float64)


@given(
    neuron=neurons,
    kind=st.sampled_from(["dense", "csr", "masked"]),
    inputs=st.integers(1, 19),
    steps=st.sampled_from([None, 1, 4, 13]),
    seed=st.integers(0, 999),
)
@settings(max_examples=60, deadline=None)
def test_fused_equals_its_two_parts(neuron, kind, inputs, steps, seed):
    torch.manual_seed(seed)
    layer = layer_for(kind, inputs, seed)
    other = copy.deepcopy(layer)
    current = laid_out(draws(seed, 6, 5, inputs), "neurons first")
    if steps is not None:
        current = current[0]
    here, there = current.detach().requires_grad_(), current.detach().clone().requires_grad_()
    out = linear_of_spikes(neuron, here, layer, steps=steps)
    expected = other(unroll(neuron, there, steps=steps))
    torch.testing.assert_close(out, expected, rtol=1e-10, atol=1e-12)
    gradient = draws(seed + 1, *out.shape)
    out.backward(gradient)
    expected.backward(gradient)
    torch.testing.assert_close(here.grad, there.grad, rtol=1e-10, atol=1e-12)
    for mine, theirs in zip(layer.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", ["dense", "csr"])
@pytest.mark.parametrize("samples", [31, 33, 700])
def test_the_split_into_blocks_of_samples_changes_no_number(kind, samples):
    layer, neuron = layer_for(kind, 11, 3).float(), LIF()
    series = laid_out(draws(8, 6, samples, 11), "neurons first").float()  # 4,200 spikes a neuron: two blocks
    for current, steps in ((series, None), (series[0], 6)):
        whole = linear_of_spikes(neuron, current, layer, steps=steps)
        cuts = [current[..., first : first + 20, :] for first in range(0, samples, 20)]
        parts = [
            linear_of_spikes(neuron, c.movedim(-1, 0).contiguous().movedim(0, -1), layer, steps=steps)
            for c in cuts
        ]
        torch.testing.assert_close(whole, torch.cat(parts, dim=1), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_currents_that_are_no_number_never_fire(dtype):
    current = torch.tensor([[math.nan, 2.0, -math.inf]], dtype=dtype)
    layer = nn.Linear(3, 2, bias=False).to(dtype)
    out = linear_of_spikes(LIF(), current, layer, steps=3)
    torch.testing.assert_close(out, layer.weight[:, 1].expand(3, 1, 2))


@pytest.mark.parametrize("current", [draws(1, 6, 5, 4), draws(1, 6, 5, 4).bfloat16()])
def test_what_cannot_be_fused_is_called(current):
    layer = nn.Linear(4, 3).to(current.dtype)
    torch.testing.assert_close(
        linear_of_spikes(IF(), current, layer), layer(unroll(IF(), current)), rtol=0, atol=0
    )


@pytest.mark.parametrize("sparse", [False, True])
def test_nothing_passes_by_a_hook(sparse):
    current = laid_out(draws(4, 3, 6, 9), "neurons first").float()
    layer = SparseLinear(np.eye(9, 4), backend="csr") if sparse else nn.Linear(9, 4)
    neuron, seen = LIF(), []
    wanted = linear_of_spikes(neuron, current, layer)
    for module in (neuron, layer):
        handle = module.register_forward_hook(lambda one, *_: seen.append(one))
        torch.testing.assert_close(linear_of_spikes(neuron, current, layer), wanted)
        handle.remove()
    assert seen == [neuron, layer]


def test_a_recording_sees_fused_pairs():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.neuron, self.second = nn.Linear(3, 5), LIF(), SparseLinear(np.ones((5, 2)))
            self.last = LIF()
            nn.init.constant_(self.first.weight, 1.0)

        def forward(self, x):
            current = self.first(x).T.contiguous().T
            return self.last(linear_of_spikes(self.neuron, current, self.second, steps=4))

    trace = record(Net(), torch.ones(2, 3))
    assert {p.name: int(p.events.sum()) for p in trace.projections} == {"first": 6, "second": 2 * 4 * 5}


def test_layers_that_compute_otherwise_are_called():
    class Twice(nn.Linear):
        def forward(self, x):
            return 2 * super().forward(x)

    current = laid_out(draws(4, 3, 6, 9), "neurons first").float()
    pruned = nn.utils.prune.random_unstructured(nn.Linear(9, 4), "weight", amount=0.5)
    other = nn.Linear(9, 4)
    other.forward = lambda x: x[..., :4]
    for layer in (Twice(9, 4), pruned, other):
        for _ in range(2):  # torch's pruning makes the weight anew in every call
            out = linear_of_spikes(LIF(), current, layer)
            assert torch.equal(out, layer(unroll(LIF(), current)))
            if out.requires_grad:
                out.sum().backward()


@pytest.mark.parametrize("steps", [0, 1.5, True])
def test_fused_bad_steps(steps):
    with pytest.raises((ValueError, TypeError)):
        linear_of_spikes(LIF(), torch.ones(9, 2).T, nn.Linear(9, 4), steps=steps)


def test_kernels_are_compiled_when_they_are_needed():
    script = "import sys, netsci.spiking, netsci.models; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_fused_wide_batches():
    current = laid_out(draws(4, 3, 300, 9), "neurons first")
    for steps, given_current in ((None, current), (4, current[0])):
        layer = nn.Linear(9, 3).double()
        torch.testing.assert_close(
            linear_of_spikes(LIF(), given_current, layer, steps=steps),
            layer(unroll(LIF(), given_current, steps=steps)),
        )


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("theta", [0.3, 1.0, 4.0])
def test_least_currents_are_exact_to_the_last_bit(kind, alpha, theta):
    to = np.dtype(kind).type
    cuts = least_currents(12, to(alpha), to(theta), kind)
    assert cuts.dtype == kind
    below = np.nextafter(cuts, to(0))
    for step, (cut, less) in enumerate(zip(cuts, below, strict=True)):
        both = torch.from_numpy(np.array([[cut, less]]))
        reached = unroll(LIF(alpha, theta), both, steps=step + 1)[:, 0].bool().any(0)
        assert reached.tolist() == [True, False]


@pytest.mark.parametrize("steps", [None, 4])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_fused_ties_fire(kind, steps):
    # 1.0 meets the threshold at once, each time; 0.75 passes it at every second step; 0.5 never gets there.
    constant = torch.tensor([[1.0, 0.75, 0.5]], dtype=torch.float64)
    current = constant if steps else laid_out(constant.expand(4, 1, 3), "neurons first")
    sparse = SparseLinear(np.ones((3, 1)), bias=False, backend="csr")
    layer = (nn.Linear(3, 1, bias=False) if kind == "dense" else sparse).double()
    with torch.no_grad():
        next(layer.parameters()).copy_(torch.tensor([100.0, 10.0, 1.0]))
    out = linear_of_spikes(LIF(), current, layer, steps=steps)
    assert out.flatten().tolist() == [100, 110, 100, 110]
    out.sum().backward()
    assert next(layer.parameters()).grad.flatten().tolist() == [4, 2, 0]
