"""The fused scans against the steps and autograd, over shapes, layouts, kinds and threads."""

import numpy as np
import pytest
import torch
import torch.nn.utils.prune
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import netsci.spiking.layout as layout
from netsci.sparse import SparseLinear
from netsci.spiking import IF, LIF, SURROGATES, linear_of_spikes, membranes, unroll
from netsci.spiking.unroll import _Looped, dynamics_of

neurons = st.builds(
    LIF,
    alpha=st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]),
    threshold=st.sampled_from([0.5, 1.0, 4.0]),
    surrogate=st.sampled_from(["atan", "rect"]),
    detach_reset=st.booleans(),
)
orders = st.sampled_from(["time first", "neurons first", "batch first", "strided"])


def laid_out(values, order):
    """[T, batch, ...] with another order in memory."""
    last = values.ndim
    if order == "neurons first":
        return (
            values.permute(*range(2, last), 0, 1).contiguous().permute(last - 2, last - 1, *range(last - 2))
        )
    if order == "batch first":
        return values.transpose(0, 1).contiguous().transpose(0, 1)
    if order == "strided":
        return torch.stack([values, values], -1)[..., 0]
    return values.contiguous()


def by_steps(neuron, current):
    state, spikes = None, []
    for line in current:
        z, state = neuron.step(line, state)
        spikes.append(z)
    return torch.stack(spikes)


def draws(seed, *shape):
    """Currents; odd seeds give multiples of 1/4, which meet thresholds and surrogate edges exactly."""
    drawn = np.random.default_rng(seed).normal(0.4, 1.0, shape)
    return torch.from_numpy(np.round(4 * drawn) / 4 if seed % 2 else drawn)


def test_the_odd_draws_tie():
    current = draws(1, 6, 50, 4)
    potentials = membranes(LIF(0.5, 1.0), current)
    assert (potentials == 1.0).any()
    assert ((potentials - 1.0).abs() == 0.5).any()


@given(
    neuron=neurons,
    order=orders,
    shape=st.tuples(st.integers(1, 6), st.integers(1, 5), st.integers(1, 4)),
    extra=st.sampled_from([(), (2,), (2, 3)]),
    seed=st.integers(0, 999),
)
@settings(max_examples=60, deadline=None)
def test_scan_equals_steps_under_autograd(neuron, order, shape, extra, seed):
    current = laid_out(draws(seed, *shape, *extra), order).requires_grad_()
    out = draws(seed + 1, *shape, *extra)
    expected = by_steps(neuron, current)
    gradient = torch.autograd.grad(expected, current, out)[0]
    for spikes in (unroll(neuron, current), _Looped.apply(current, dynamics_of(neuron), None)):
        assert torch.equal(spikes, expected)
        found = torch.autograd.grad(spikes, current, laid_out(out, order))[0]
        torch.testing.assert_close(found, gradient, rtol=1e-10, atol=1e-12)


@given(neuron=neurons, steps=st.integers(1, 9), turned=st.booleans(), seed=st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_constant_current_equals_copies(neuron, steps, turned, seed):
    current = draws(seed, 4, 3)
    current = (current.T.contiguous().T if turned else current).requires_grad_()
    out = draws(seed + 1, steps, 4, 3)
    copies = unroll(neuron, current.expand(steps, 4, 3))
    gradient = torch.autograd.grad(copies, current, out)[0]
    for spikes in (unroll(neuron, current, steps=steps), _Looped.apply(current, dynamics_of(neuron), steps)):
        assert torch.equal(spikes, copies)
        found = torch.autograd.grad(spikes, current, out)[0]
        torch.testing.assert_close(found, gradient, rtol=1e-10, atol=1e-12)
    assert torch.equal(membranes(neuron, current, steps=steps) >= neuron.threshold, copies.bool())


def test_float32_stays_float32():
    current = draws(3, 7, 5, 4).float().requires_grad_()
    spikes = unroll(LIF(0.9), current)
    spikes.sum().backward()
    assert spikes.dtype == current.grad.dtype == membranes(LIF(), current).dtype == torch.float32
    assert torch.equal(spikes, by_steps(LIF(0.9), current))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_takes_the_torch_loop(dtype):
    current = draws(3, 7, 5, 4).to(dtype).requires_grad_()
    spikes = unroll(LIF(), current)
    spikes.sum().backward()
    assert spikes.dtype == current.grad.dtype == dtype
    assert torch.equal(spikes, by_steps(LIF(), current))
    wide = current.detach().float().requires_grad_()  # nothing is lost on the way
    wanted = unroll(LIF(), wide)
    assert torch.equal(spikes.float(), wanted)
    wanted.sum().backward()
    torch.testing.assert_close(current.grad, wide.grad.to(dtype))
    assert membranes(LIF(), current).dtype == torch.float32


def test_small_currents_add_up_in_half_precision():
    # bfloat16 has 8 bits: from 0.5 on, steps of 1/512 would be lost and the neuron never fire.
    current = torch.full((1, 1), 1 / 512, dtype=torch.bfloat16)
    assert unroll(IF(), current, steps=512).sum().item() == 1


def test_memory_order_is_kept():
    current = draws(1, 6, 5, 4)
    for order in ("neurons first", "time first"):
        laid = laid_out(current, order)
        assert unroll(LIF(), laid).stride() == laid.stride()
        assert membranes(LIF(), laid).stride() == laid.stride()
    constant = current[0].T.contiguous().T
    assert unroll(LIF(), constant, steps=3).permute(2, 0, 1).is_contiguous()


def test_more_columns_than_a_block_and_long_series():
    current = draws(5, 60, 300, 3)
    for order in ("neurons first", "time first"):
        laid = laid_out(current, order).requires_grad_()
        spikes = unroll(LIF(0.9), laid)
        assert torch.equal(spikes, by_steps(LIF(0.9), laid))
        torch.testing.assert_close(
            torch.autograd.grad(spikes.sum(), laid)[0],
            torch.autograd.grad(by_steps(LIF(0.9), laid).sum(), laid)[0],
        )


def test_threads_change_no_bit(monkeypatch):
    layers = (nn.Linear(6, 3).double(), SparseLinear(np.eye(6, 4), dtype=torch.float64, bias=False))
    cases = [(order, steps) for order in ("neurons first", "time first") for steps in (None, 5)]

    def results():
        found = []
        for order, steps in cases:
            current = laid_out(draws(2, 5, 7, 6), order)
            current = (current if steps is None else current[0]).requires_grad_()
            for run in (lambda c, s: unroll(LIF(), c, steps=s), *map(through, layers)):
                out = run(current, steps)
                found += [out, *torch.autograd.grad(out.square().sum(), current)]
        return found

    def through(layer):
        return lambda current, steps: linear_of_spikes(LIF(), current, layer, steps=steps)

    one = results()
    monkeypatch.setattr(layout, "workers", lambda products: 3)
    three = results()
    assert all(torch.equal(a, b) for a, b in zip(one, three, strict=True))


def test_nothing_but_the_current_is_kept():
    current = draws(2, 5, 7, 6).requires_grad_()
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        unroll(LIF(), current)
    assert [t.shape for t in kept] == [current.shape]


def test_other_neurons_are_unrolled_by_their_steps():
    class Doubled(LIF):
        def step(self, current, state=None):
            return super().step(2 * current, state)

    current = draws(2, 5, 7, 6)
    assert torch.equal(unroll(Doubled(), current), unroll(LIF(), 2 * current))
    with pytest.raises(TypeError, match="LIF or an IF"):
        membranes(Doubled(), current)
    with pytest.raises(TypeError, match="step"):
        unroll(nn.ReLU(), current)


def test_a_surrogate_that_was_added_works_without_a_kernel(monkeypatch):
    monkeypatch.setitem(SURROGATES, "flat", torch.ones_like)
    current = draws(2, 5, 7, 6).requires_grad_()
    neuron = LIF(surrogate="flat")
    expected = torch.autograd.grad(by_steps(neuron, current).sum(), current)[0]
    torch.testing.assert_close(torch.autograd.grad(unroll(neuron, current).sum(), current)[0], expected)


def test_nan_never_fires_and_huge_currents_do():
    current = torch.tensor([[float("nan"), 1e38, -1e38]])
    assert unroll(LIF(), current, steps=3).sum(0).tolist() == [[0, 3, 0]]
    assert unroll(LIF(), current.expand(3, 1, 3)).sum(0).tolist() == [[0, 3, 0]]


@pytest.mark.parametrize(
    ("current", "steps", "error", "word"),
    [
        (torch.zeros(3), None, ValueError, "steps"),
        (torch.zeros(0, 2, 3), None, ValueError, "step"),
        (torch.zeros(2, 3, dtype=torch.int64), 4, TypeError, "floating"),
        ([[0.0]], 4, TypeError, "list"),
        (torch.zeros(2, 3), 0, ValueError, "steps"),
        (torch.zeros(2, 3), True, TypeError, "steps"),
        (torch.zeros(2, 3), 1.5, TypeError, "steps must be a whole number"),
        (torch.tensor(1.0), 2, ValueError, "batch"),
    ],
)
def test_bad_currents(current, steps, error, word):
    with pytest.raises(error, match=word):
        unroll(LIF(), current, steps=steps)


def test_empty_batch():
    assert unroll(LIF(), torch.zeros(3, 0, 4)).shape == (3, 0, 4)
    assert unroll(LIF(), torch.zeros(0, 4), steps=3).shape == (3, 0, 4)
    assert linear_of_spikes(LIF(), torch.zeros(0, 4), nn.Linear(4, 2), steps=3).shape == (3, 0, 2)
