"""Layers on spikes that are known to be 0 and 1, against the layers themselves."""

import numba
import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from netsci.models import mlp
from netsci.sparse import SparseLinear
from netsci.sparse._lanes import spread, store
from netsci.spiking import LIF, _bit_kernels, events, linear_of_spikes, stp_gradients
from netsci.spiking._bit_kernels import WIDTH, add_blended, add_masked, adding, gather_bits, pack, pack_rows
from netsci.spiking._event_kernels import apply_to_spikes
from netsci.spiking._fused_kernels import add_by_first_step, gather_spikes
from netsci.spiking.events import as_bytes, currents_of_spikes, few, layer_on_spikes, reads_bits


def spikes(rate, steps, batch, neurons, seed=7, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    drawn = (torch.rand(neurons, steps, batch, generator=generator) < rate).to(dtype)
    return drawn.permute(1, 2, 0)


@given(
    inputs=st.integers(1, 40),
    outputs=st.sampled_from([1, 5, 127, 128, 129, 300]),
    samples=st.sampled_from([1, 63, 64, 65, 200]),
    rate=st.sampled_from([0.0, 0.1, 1.0]),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
@settings(max_examples=40, deadline=None)
def test_currents_are_the_product(inputs, outputs, samples, rate, dtype):
    generator = torch.Generator().manual_seed(inputs)
    weight = torch.randn(outputs, inputs, dtype=dtype, generator=generator)
    x = spikes(rate, 1, samples, inputs, dtype=dtype)
    found = currents_of_spikes(as_bytes(x), weight)
    torch.testing.assert_close(found, weight @ x[0].T, rtol=1e-4, atol=1e-5)
    assert found.dtype == dtype


def layers(kind, bias):
    torch.manual_seed(3)
    if kind == "dense":
        return nn.Linear(90, 130, bias=bias)
    return SparseLinear(np.random.default_rng(3).random((90, 130)) < 0.4, bias=bias, backend=kind)


@pytest.mark.parametrize("kind", ["dense", "csr", "masked", "torch_sparse"])
@pytest.mark.parametrize("rate", [0.05, 0.7])
@pytest.mark.parametrize("bias", [False, True])
def test_a_layer_on_spikes_is_the_layer(kind, rate, bias):
    layer, x = layers(kind, bias), spikes(rate, 6, 30, 90)
    found = layer_on_spikes(layer, x, as_bytes(x))
    torch.testing.assert_close(found, layer(x).detach(), rtol=1e-5, atol=1e-5)
    assert found.shape == (6, 30, 130)
    assert not found.requires_grad


@given(
    inputs=st.integers(1, 40),
    outputs=st.integers(1, 9),
    samples=st.sampled_from([1, 63, 64, 65, 200]),
    density=st.sampled_from([0.05, 0.3, 1.0]),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_bits_give_the_sums_of_bytes_to_the_last_bit(inputs, outputs, samples, density, dtype, seed):
    rng = np.random.default_rng(seed)
    links = sp.random_array((outputs, inputs), density=density, format="csr", rng=rng)
    start, index = links.indptr.astype(np.int64), links.indices.astype(np.int64)
    place = rng.permutation(links.nnz)
    values = rng.normal(size=links.nnz).astype(dtype)
    fired = (rng.random((inputs, samples)) < 0.3).astype(np.uint8)
    wanted, found = np.full((2, outputs, samples), 9, dtype)
    gather_spikes(start, index, place, values, fired, wanted, (0, outputs))
    half = outputs // 2
    for rows in ((0, half), (half, outputs)):
        gather_bits(start, index, values[place], pack(fired), found, rows)
    assert np.array_equal(found, wanted)
    dense = np.zeros((outputs, inputs))
    dense[np.repeat(np.arange(outputs), np.diff(start)), index] = values[place]
    assert np.allclose(found, dense @ fired, atol=1e-4)


def test_neurons_behind_a_layer_fire_at_the_threshold_and_never_without_one():
    rng = np.random.default_rng(3)
    layer = SparseLinear(rng.random((40, 6)) < 0.3)
    layer.values.data = torch.from_numpy(rng.integers(-2, 4, layer.n_links) / 4).float()
    layer.bias.data = torch.from_numpy(rng.integers(-1, 2, 6) / 4).float()
    fired = (rng.random((40, 9, 10)) < 0.3).astype(np.uint8)
    theta = np.array([0.5, 1.0, 0.0, 0.75, 1.0, 1.5], np.float32)  # sums are quarters: at thresholds often
    membrane = np.repeat(theta[:, None] / 2, 10, axis=1)
    found = events.fire_behind(layer, fired, theta, membrane)
    currents = layer(torch.from_numpy(fired).float().permute(1, 2, 0)).detach().numpy()
    v, ties = np.repeat(theta[None] / 2, 10, axis=0), 0
    for t, current in enumerate(currents):
        v = v + current
        spike = (v >= theta) & (theta > 0)
        ties += ((v == theta) & (theta > 0)).sum()
        v = v - theta * spike
        assert np.array_equal(found[:, t], spike.T)
    assert np.array_equal(membrane, v.T)
    assert ties > 10


def test_bits_are_in_tiles_and_the_rest_is_0():
    fired = (np.random.default_rng(1).random((3, 100)) < 0.5).astype(np.uint8)
    bits = pack(fired)
    assert bits.shape == (2, 3, WIDTH // 8)
    back = np.unpackbits(bits.transpose(1, 0, 2).reshape(3, -1), axis=1, bitorder="little")
    assert np.array_equal(back[:, :100], fired)
    assert not back[:, 100:].any()


@pytest.mark.parametrize("way", [add_masked, add_blended])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_weight_is_added_where_its_bit_is_set_with_and_without_mask_registers(way, kind):
    add_where = adding(way)

    @numba.njit
    def apply(bits, places, weights, out):
        sums = spread(weights.dtype.type(0), WIDTH)
        for k in range(places.size):
            sums = add_where(sums, bits, places[k], weights[k])
        store(out, np.uint64(0), sums)

    rng = np.random.default_rng(1)
    fired = (rng.random((7, WIDTH)) < 0.4).astype(np.uint8)
    weights, out, expected = rng.normal(size=7).astype(kind), np.empty(WIDTH, kind), np.zeros(WIDTH, kind)
    apply(pack_rows(fired).reshape(-1), np.arange(0, 7 * WIDTH // 8, WIDTH // 8), weights, out)
    for weight, spike in zip(weights, fired, strict=True):
        expected = np.where(spike == 1, expected + weight, expected)
    assert np.array_equal(out, expected)


def test_a_sparse_layer_gives_the_same_on_bits_and_on_bytes(monkeypatch):
    layer, x = layers("csr", True), spikes(0.3, 6, 30, 90)
    expected = layer_on_spikes(layer, x, as_bytes(x))
    assert reads_bits(layer, 180, 90)
    monkeypatch.setattr(_bit_kernels, "WIDTH", 10_000)  # fewer samples stay bytes
    assert torch.equal(layer_on_spikes(layer, x, as_bytes(x)), expected)
    monkeypatch.undo()
    assert not reads_bits(layers("dense", True), 180, 90)
    assert not reads_bits(layer, WIDTH - 1, 90)


def test_few_spikes_in_a_large_dense_layer_take_no_matrix_product(monkeypatch):
    taken = []
    real = events.currents_of_spikes
    monkeypatch.setattr(events, "currents_of_spikes", lambda *both: taken.append(1) or real(*both))
    for rate, outputs, wanted in ((0.05, 130, 1), (0.5, 130, 0), (0.05, 10, 0)):
        taken.clear()
        x = spikes(rate, 4, 20, 90)
        layer_on_spikes(nn.Linear(90, outputs), x, as_bytes(x))
        assert len(taken) == wanted


def test_a_hook_hears_of_the_layer():
    layer, x, heard = layers("dense", True), spikes(0.05, 6, 30, 90), []
    layer.register_forward_hook(lambda *_: heard.append(1))
    layer_on_spikes(layer, x, as_bytes(x))
    assert heard == [1]


@pytest.mark.parametrize("value", [2.0, 0.5, -1.0, float("nan"), float("inf"), 256.0])
def test_numbers_that_are_no_spikes_are_no_bytes(value):
    x = spikes(0.3, 2, 3, 4).clone()
    x[1, 2, 3] = value
    assert as_bytes(x) is None


def test_half_precision_and_empty_series():
    assert as_bytes(spikes(0.3, 2, 3, 4).bfloat16()) is None
    assert as_bytes(torch.zeros(2, 0, 4)).shape == (4, 0)
    assert not few(np.zeros((3, 0), np.uint8))


@pytest.mark.parametrize("rate", [0.5, 4.0])
@pytest.mark.parametrize("constant", [False, True])
def test_wide_layers_without_gradient_are_their_two_parts(rate, constant):
    torch.manual_seed(5)
    layer, neuron = nn.Linear(90, 130), LIF()
    current = (rate * torch.rand(90, 6, 30)).permute(1, 2, 0)
    current, steps = (current[0], 6) if constant else (current, None)
    expected = layer(neuron(current, steps=steps))
    with torch.no_grad():
        found = linear_of_spikes(neuron, current, layer, steps=steps)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    learnt = linear_of_spikes(neuron, current, layer, steps=steps)
    assert torch.equal(learnt, expected)
    assert torch.equal(*(torch.autograd.grad(out.sum(), layer.weight)[0] for out in (learnt, expected)))


def test_target_propagation_takes_counts_of_events_as_they_are():
    torch.manual_seed(2)
    model = mlp([30, 100, 3], neuron=LIF(0.9, 1.0))
    x = 3.0 * spikes(0.1, 8, 5, 30)
    step = stp_gradients(model, x, torch.zeros(5, dtype=torch.int64), rng=np.random.default_rng(1))
    gradient = [layer.weight.grad.clone() for layer in model.layers]
    model.zero_grad()
    for layer in model.layers:
        layer.register_forward_hook(lambda *_: None)  # hooks: every layer is called
    again = stp_gradients(model, x, torch.zeros(5, dtype=torch.int64), rng=np.random.default_rng(1))
    assert step.spikes_total == again.spikes_total
    for one, layer in zip(gradient, model.layers, strict=True):
        torch.testing.assert_close(one, layer.weight.grad, rtol=1e-5, atol=1e-6)
        assert one.abs().sum() > 0


def test_a_network_gives_the_same_scores_with_and_without_gradient():
    torch.manual_seed(4)
    model = mlp([90, 130, 110, 5], neuron=LIF(0.9, 1.0), readout="sum")
    x = spikes(0.1, 6, 30, 90)
    with torch.no_grad():
        found = model(x)
    torch.testing.assert_close(found, model(x).detach(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["dense", "csr"])
@pytest.mark.parametrize(("width", "dtype"), [(80, torch.float32), (100, torch.float32), (90, torch.float64)])
def test_what_does_not_fit_is_refused_with_and_without_gradient(kind, width, dtype):
    model = mlp([90, 130, 5], readout="sum")
    model.layers[0] = layers(kind, False)
    x = spikes(0.05, 4, 30, width, dtype=dtype)
    with pytest.raises((ValueError, TypeError, RuntimeError)) as asked:
        model(x)
    with torch.no_grad(), pytest.raises(asked.type) as unasked:
        model(x)
    assert str(unasked.value) == str(asked.value)


def test_spikes_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r"spikes must be \[90, samples\]"):
        currents_of_spikes(np.zeros((80, 70), np.uint8), torch.zeros(130, 90))


def test_kernels_refuse_tables_of_another_width():
    bytes_, out = np.zeros((9, 70), np.uint8), np.zeros((130, 70), np.float32)
    with pytest.raises(ValueError, match="width"):
        apply_to_spikes(bytes_, np.zeros((3, 9, 64), np.float32), out, (0, 70))
    sums, cuts = np.zeros((3, 70, 8), np.float32), np.zeros(2, np.float32)
    with pytest.raises(ValueError, match="width"):
        add_by_first_step(np.zeros((9, 1, 70), np.float32), cuts, np.zeros((9, 8), np.float32), sums, (0, 70))


@pytest.mark.parametrize("kind", ["small", "wide", "csr", "masked"])
@pytest.mark.parametrize("grad", [False, True])
@pytest.mark.parametrize("steps", [None, 4])
def test_under_autocast_the_order_in_memory_decides_nothing(kind, grad, steps):
    torch.manual_seed(7)
    if kind in ("csr", "masked"):
        layer = SparseLinear(np.eye(90, 10), backend=kind)
    else:
        layer = nn.Linear(90, 10 if kind == "small" else 110)
    current = 2.0 * torch.rand(6, 30, 90) if steps is None else 2.0 * torch.rand(30, 90)
    turned = current.movedim(-1, 0).contiguous().movedim(0, -1)
    with torch.set_grad_enabled(grad), torch.autocast("cpu", torch.bfloat16):
        one, other = (linear_of_spikes(LIF(), c, layer, steps=steps) for c in (current, turned))
    assert one.dtype == other.dtype == (torch.float32 if isinstance(layer, SparseLinear) else torch.bfloat16)
    torch.testing.assert_close(one, other, rtol=2e-2, atol=2e-2)


def test_under_autocast_layers_are_called():
    layer, x = layers("dense", False), spikes(0.05, 6, 30, 90)
    current = (4.0 * torch.rand(90, 6, 30)).permute(1, 2, 0)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert layer_on_spikes(layer, x, as_bytes(x)).dtype == torch.bfloat16
        for scale in (0.1, 1.0):  # few spikes and many
            assert linear_of_spikes(LIF(), scale * current, layer).dtype == torch.bfloat16
