"""Sparse target propagation against a loop over samples and steps, and what it must never do."""

from importlib import import_module

import numpy as np
import pytest
import torch
from torch import nn

from netsci.models import mlp
from netsci.sparse import SparseLinear
from netsci.spiking import IF, LIF, random_feedback, stp_gradients
from netsci.spiking.unroll import dynamics_of


def network(kind, seed=7, neuron=None, bias=False):
    """Widths 6-5-4-3 in float64: dense, or sparse and asymmetric in its first two layers."""
    rng = np.random.default_rng(seed)
    links = None
    if kind == "sparse":
        links = [rng.random((6, 5)) < 0.5, rng.random((5, 4)) < 0.6, None]
    model = mlp([6, 5, 4, 3], links, neuron=neuron or LIF(0.8, 1.2), bias=bias).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.from_numpy(rng.normal(0.3, 0.8, tuple(parameter.shape))))
    return model


def batch(seed=7, steps=9, samples=8):
    rng = np.random.default_rng(seed)
    x = torch.from_numpy((rng.random((steps, samples, 6)) < 0.4).astype(float))
    return x, torch.from_numpy(rng.integers(0, 3, samples))


def dense(layer):
    """The weights [in, out]."""
    return layer.weight.detach().numpy().T


def by_hand(model, x, labels, window, first, feedback=None):
    """One sample and one step after the other, in numpy; returns gradients [in, out], biases and counts."""
    weights = [dense(layer) for layer in model.layers]
    offsets = [0.0 if layer.bias is None else layer.bias.detach().numpy() for layer in model.layers]
    back = [w.T for w in weights] if feedback is None else [None, *[np.asarray(b) for b in feedback]]
    grads = [np.zeros_like(w) for w in weights]
    bias_grads = [np.zeros(w.shape[1]) for w in weights]
    alphas = [n.alpha for n in model.neurons]
    thetas = [n.threshold for n in model.neurons]
    loss, errors, used, total, correct = 0.0, 0, 0, 0, 0
    for b in range(x.shape[1]):
        v = [np.zeros(w.shape[1]) for w in weights]
        z = [np.zeros(w.shape[1]) for w in weights]
        trace = [np.zeros(w.shape[0]) for w in weights]
        fired = np.zeros(3)
        for t in range(x.shape[0]):
            pre, spikes_now = x[t, b].numpy(), 0
            for i, w in enumerate(weights):
                spikes_now += pre.sum()
                trace[i] = alphas[i] * trace[i] + pre
                v[i] = (1 - z[i]) * alphas[i] * v[i] + pre @ w + offsets[i]
                z[i] = (v[i] >= thetas[i]).astype(float)
                pre = z[i]
            fired += pre
            total += spikes_now
            if not first[b] <= t < first[b] + window:
                continue
            error = pre - np.eye(3)[labels[b]]
            loss += (error**2).mean() / window
            if not error.any():
                continue
            errors += 1
            used += spikes_now
            delta = error
            for i in range(len(weights) - 1, -1, -1):
                grads[i] += np.outer(trace[i], delta) / x.shape[1]
                bias_grads[i] += delta / x.shape[1]
                if i:
                    near = np.abs(v[i - 1] - thetas[i - 1]) < thetas[i - 1]
                    delta = (delta @ back[i]) * near
        correct += int(fired.argmax() == labels[b])
    return grads, bias_grads, loss, errors, used, total, correct


@pytest.fixture(params=["kernels", "torch"])
def path(request, monkeypatch):
    """Both ways through: compiled loops, and what a GPU would do."""
    if request.param == "torch":
        # By name: the package's attribute `unroll` is the function.
        windows, scans = (import_module("netsci.spiking." + name) for name in ("stp_windows", "unroll"))
        monkeypatch.setattr(windows, "_memory", lambda series: None)
        monkeypatch.setattr(scans, "has_kernel", lambda dynamics, current: False)
    return request.param


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("window", [1, 4, 9])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("random", [False, True])
def test_equals_the_loop(path, kind, window, bias, random):
    model = network(kind, bias=bias)
    x, labels = batch()
    feedback = random_feedback(model, rng=np.random.default_rng(3)) if random else None
    first = np.random.default_rng(5).integers(0, 9 - window + 1, 8)
    step = stp_gradients(
        model,
        x,
        labels,
        rng=np.random.default_rng(5),
        window=window,
        feedback=feedback if random else "weights",
    )
    grads, bias_grads, loss, errors, used, total, correct = by_hand(model, x, labels, window, first, feedback)
    assert errors  # the case says something
    counts = (step.errors, step.steps, step.spikes_used, step.spikes_total, step.correct)
    assert counts == (errors, 8 * window, used, total, correct)
    assert all(isinstance(count, int) for count in counts)
    np.testing.assert_allclose(step.loss.item(), loss, rtol=1e-12)
    for layer, expected, of_bias in zip(model.layers, grads, bias_grads, strict=True):
        if isinstance(layer, SparseLinear):
            found, expected = layer.values.grad.numpy(), expected[layer.links.toarray()]
        else:
            found = layer.weight.grad.numpy().T
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)
        assert np.abs(expected).max() > 0
        if bias:
            np.testing.assert_allclose(layer.bias.grad.numpy(), of_bias, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("window", [2, 9])
def test_each_layer_has_its_own_neurons(path, window):
    model = network("dense")
    model.neurons = nn.ModuleList([LIF(0.9, 0.6), LIF(0.5, 1.5), LIF(0.2, 1.0)])
    x, labels = batch()
    first = np.random.default_rng(5).integers(0, 9 - window + 1, 8)
    step = stp_gradients(model, x, labels, rng=np.random.default_rng(5), window=window)
    grads, _, loss, *counts = by_hand(model, x, labels, window, first)
    assert counts == [step.errors, step.spikes_used, step.spikes_total, step.correct]
    np.testing.assert_allclose(step.loss.item(), loss, rtol=1e-12)
    for layer, expected in zip(model.layers, grads, strict=True):
        np.testing.assert_allclose(layer.weight.grad.numpy().T, expected, rtol=1e-10, atol=1e-13)
        assert np.abs(expected).max() > 0


def right_network():
    """Two inputs, each driving its class at every step."""
    model = mlp([2, 2], neuron=IF(1.0))
    with torch.no_grad():
        model.layers[0].weight.copy_(torch.eye(2))
    x = torch.zeros(6, 4, 2)
    labels = torch.tensor([0, 1, 1, 0])
    x[:, torch.arange(4), labels] = 1.0
    return model, x, labels


def test_nothing_is_learnt_where_all_is_right():
    model, x, labels = right_network()
    step = stp_gradients(model, x, labels, rng=np.random.default_rng(7), window=3)
    assert (step.errors, step.spikes_used, step.correct, step.loss.item()) == (0, 0, 4, 0.0)
    assert step.spikes_total == 24
    assert not model.layers[0].weight.grad.any()


def test_only_wrong_samples_count_and_the_gradient_descends():
    model, x, labels = right_network()
    labels[2] = 0  # input 1 fires, class 0 is wanted
    before = model.layers[0].weight.detach().clone()
    step = stp_gradients(model, x, labels, rng=np.random.default_rng(7), window=6)
    assert (step.errors, step.spikes_used, step.correct) == (6, 6, 3)
    gradient = model.layers[0].weight.grad
    # Traces of an input that fires at all six steps: 1, 2, ..., 6 (no leak); one sample in four.
    assert gradient.tolist() == [[0, -21 / 4], [0, 21 / 4]]
    assert torch.equal(model.layers[0].weight, before)  # the optimizer's business


def test_gradients_add_up_like_those_of_backward():
    model = network("sparse")
    x, labels = batch()
    once = stp_gradients(model, x, labels, rng=np.random.default_rng(5))
    first = [p.grad.clone() for p in model.parameters()]
    twice = stp_gradients(model, x, labels, rng=np.random.default_rng(5))
    assert once.errors == twice.errors
    for parameter, gradient in zip(model.parameters(), first, strict=True):
        torch.testing.assert_close(parameter.grad, 2 * gradient)


def test_frozen_parameters_stay_without_gradient():
    model = network("dense")
    model.layers[1].weight.requires_grad_(False)
    reference = network("dense")
    x, labels = batch()
    for net in (model, reference):
        stp_gradients(net, x, labels, rng=np.random.default_rng(5))
    assert model.layers[1].weight.grad is None
    torch.testing.assert_close(model.layers[0].weight.grad, reference.layers[0].weight.grad)


def test_windows_are_uniform_and_reach_both_ends():
    seen = np.zeros(6, int)

    class Spy(np.random.Generator):
        def integers(self, *arguments):
            drawn = super().integers(*arguments)
            np.add.at(seen, drawn, 1)
            return drawn

    model, x, labels = right_network()
    wide = x.repeat(1, 500, 1)
    stp_gradients(model, wide, labels.repeat(500), rng=Spy(np.random.PCG64(7)), window=1)
    assert seen.sum() == 2000
    assert (np.abs(seen - 2000 / 6) < 5 * np.sqrt(2000 / 6)).all()


def test_feedback_matrices_have_the_shapes_of_the_weights():
    model = network("sparse")
    matrices = random_feedback(model, rng=np.random.default_rng(7))
    assert [tuple(m.shape) for m in matrices] == [(4, 5), (3, 4)]
    assert all(m.dtype == torch.float64 for m in matrices)
    again = random_feedback(model, rng=np.random.default_rng(7))
    assert all(torch.equal(a, b) for a, b in zip(matrices, again, strict=True))


def test_learns_a_small_task():
    rng = np.random.default_rng(7)
    prototypes = rng.random((3, 20))
    labels = torch.from_numpy(rng.integers(0, 3, 60))
    model = mlp([20, 30, 3], neuron=LIF(0.9, 4.0))
    with torch.no_grad():
        for layer in model.layers:
            drawn = rng.normal(scale=4 / layer.in_features**0.5, size=tuple(layer.weight.shape))
            layer.weight.copy_(torch.from_numpy(drawn))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    shares = []
    for _ in range(60):
        drawn = rng.random((25, 60, 20)) < prototypes[labels.numpy()]
        optimizer.zero_grad()
        step = stp_gradients(model, torch.from_numpy(drawn).float(), labels, rng=rng)
        optimizer.step()
        shares.append(step.spikes_used / step.spikes_total)
    assert step.correct >= 55
    assert max(shares) <= 4 / 25 * 1.5
    assert np.mean(shares[-5:]) < np.mean(shares[:5])


@pytest.mark.parametrize(
    ("change", "error", "word"),
    [
        ({"window": 0}, ValueError, "window"),
        ({"window": 10}, ValueError, "T = 9"),
        ({"window": True}, TypeError, "window"),
        ({"x": torch.zeros(8, 6)}, ValueError, "Rate-code"),
        ({"x": torch.zeros(9, 8, 6, dtype=torch.int64)}, ValueError, "floating"),
        ({"x": torch.zeros(9, 8, 7).double()}, ValueError, r"x must be \[T, batch, 6\].* got \[9, 8, 7\]"),
        ({"x": torch.zeros(9, 8, 6)}, TypeError, r"x is torch.float32, .* x.to\(torch.float64\)"),
        ({"x": torch.full((9, 8, 6), torch.nan).double()}, ValueError, "x holds NaN"),
        ({"x": torch.full((9, 8, 6), torch.inf).double()}, ValueError, "infinite"),
        ({"x": np.zeros((9, 8, 6))}, TypeError, "x must be a torch tensor; got ndarray"),
        ({"labels": np.zeros(8, np.int64)}, TypeError, "labels must be a torch tensor; got ndarray"),
        ({"labels": torch.zeros(9, dtype=torch.int64)}, ValueError, "labels"),
        ({"labels": torch.zeros(8)}, ValueError, "labels"),
        ({"feedback": "random"}, ValueError, "random_feedback"),
        ({"feedback": [torch.zeros(4, 5)]}, ValueError, "matrix"),
        ({"feedback": 3}, TypeError, "sequence of tensors"),
        ({"feedback": [3, torch.zeros(3, 4)]}, TypeError, "sequence of tensors"),
        ({"rng": None}, TypeError, "rng"),
        ({"model": nn.Linear(6, 3)}, TypeError, "neurons"),
        ({"model": mlp([6, 3], readout="sum")}, TypeError, "rate"),
    ],
)
def test_bad_arguments(change, error, word):
    x, labels = batch()
    arguments = {
        "model": network("dense"),
        "x": x,
        "labels": labels,
        "rng": np.random.default_rng(7),
        "window": 4,
        "feedback": "weights",
    } | change
    with pytest.raises(error, match=word):
        stp_gradients(arguments.pop("model"), arguments.pop("x"), arguments.pop("labels"), **arguments)


def test_fused_neurons_are_what_it_takes():
    assert dynamics_of(LIF(0.9, 4.0)) == (0.9, 4.0, "atan", False)
