"""Weights scaled to a firing rate: reached, measured again, and the layers that cannot reach it."""

import numpy as np
import pytest
import torch
from torch import nn

from netsci.models import mlp
from netsci.spiking import IF, LIF, calibrate


def data(steps=None, samples=60, width=20, seed=7):
    shape = (samples, width) if steps is None else (steps, samples, width)
    return torch.from_numpy(np.random.default_rng(seed).random(shape)).float()


def network(seed=7, threshold=4.0, **options):
    torch.manual_seed(seed)
    mask = np.random.default_rng(seed).random((20, 30)) < 0.3
    return mlp([20, 30, 25, 5], [mask, None, None], neuron=LIF(0.5, threshold), **options)


def rates(model, x):
    """Firing rate of each layer, measured by hooks of our own."""
    found = []
    handles = [
        n.register_forward_hook(lambda _module, _inputs, out: found.append(out.mean().item()))
        for n in model.neurons
    ]
    with torch.no_grad():
        model(x)
    for handle in handles:
        handle.remove()
    return found


@pytest.mark.parametrize("steps", [None, 8])
@pytest.mark.parametrize("bias", [False, True])
def test_rates_are_reached(steps, bias):
    model, x = network(bias=bias), data(steps)
    assert rates(model, x)[0] < 0.01  # silent at this threshold, as the spec says of SSWI
    before = [p.detach().clone() for p in model.parameters()]
    table = calibrate(model, x, rate=0.1)
    assert table.columns.tolist() == ["layer", "neuron", "factor", "rate_before", "rate", "status"]
    assert table.layer.tolist() == ["layers.0", "layers.1", "layers.2"]
    assert table.neuron.tolist() == ["neurons.0", "neurons.1", "neurons.2"]
    measured = rates(model, x)
    np.testing.assert_allclose(table.rate, measured, rtol=1e-6)
    assert table.status[:2].tolist() == ["reached", "reached"]
    np.testing.assert_allclose(measured[:2], 0.1, rtol=0.02)
    # One factor a layer, on weights and bias alike.
    for parameter, old, (name, _) in zip(model.parameters(), before, model.named_parameters(), strict=True):
        factor = table.set_index("layer").factor[name.rsplit(".", 1)[0]]
        torch.testing.assert_close(parameter.detach(), old * factor)


def test_rates_above_the_target_are_lowered():
    model, x = network(threshold=0.05), data(8)
    assert rates(model, x)[0] > 0.3
    table = calibrate(model, x, rate=0.05)
    assert table.factor[0] < 1
    np.testing.assert_allclose(table.rate[0], 0.05, rtol=0.02)


def test_again_changes_nothing_much():
    model, x = network(), data(8)
    calibrate(model, x, rate=0.1)
    table = calibrate(model, x, rate=0.1)
    np.testing.assert_allclose(table.factor[:2], 1, rtol=0.05)


def one_layer(weight, alpha=0.5):
    model = nn.Sequential(nn.Linear(2, 3, bias=False), LIF(alpha))
    with torch.no_grad():
        model[0].weight.fill_(weight)
    return model


def test_a_silent_layer_is_reported_and_left():
    model = one_layer(-1.0)
    table = calibrate(model, torch.ones(5, 4, 2), rate=0.2)
    assert table.status.tolist() == ["silent"]
    assert (table.factor[0], table.rate[0]) == (1.0, 0.0)
    assert (model[0].weight == -1).all()


def test_a_saturating_layer_is_reported_and_left():
    model = one_layer(0.1)
    x = torch.zeros(10, 4, 2)
    x[0] = 1.0  # one step in ten has input: no factor fires at more than a tenth
    table = calibrate(model, x, rate=0.5)
    assert table.status.tolist() == ["saturated"]
    assert torch.equal(model[0].weight, torch.full((3, 2), 0.1))


def test_a_step_in_the_rate_gives_the_nearest():
    # All neurons and samples are alike under a constant current: the rate jumps from 0 to 1/8 to 1/4.
    model = one_layer(0.3)
    table = calibrate(model, torch.ones(8, 4, 2), rate=0.2)
    assert table.status.tolist() == ["nearest"]
    assert table.rate[0] in (0.125, 0.25)


def test_what_undoes_the_factor_is_noticed():
    torch.manual_seed(7)
    model = nn.Sequential(nn.Linear(20, 30), nn.BatchNorm1d(30), IF(100.0)).train()
    table = calibrate(_Flat(model), data(8), rate=0.1)
    assert table.status.tolist() == ["nearest"]


class _Flat(nn.Module):
    """Runs a network on [T * batch, ...] and its neurons on [T, batch, ...]."""

    def __init__(self, parts):
        super().__init__()
        self.parts = parts

    def forward(self, x):
        flat = self.parts[1](self.parts[0](x.flatten(0, 1)))
        return self.parts[2](flat.unflatten(0, x.shape[:2]))


def test_no_hook_is_left_behind():
    model = network()
    calibrate(model, data(), rate=0.1)
    assert not any(m._forward_hooks for m in model.modules())


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, float("nan")])
def test_bad_rates(rate):
    with pytest.raises(ValueError, match="rate"):
        calibrate(network(), data(), rate=rate)


def test_bad_tolerance_and_models():
    with pytest.raises(ValueError, match="tolerance"):
        calibrate(network(), data(), rate=0.1, tolerance=0.0)
    with pytest.raises(TypeError, match="LIF"):
        calibrate(nn.Linear(20, 3), data(), rate=0.1)
    with pytest.raises(TypeError, match="tolerance must be a number"):
        calibrate(network(), data(), rate=0.1, tolerance="0.1")


@pytest.mark.parametrize("steps", [None, 8])
def test_an_input_without_samples_has_no_rate(steps):
    model = network()
    before = [p.detach().clone() for p in model.parameters()]
    with pytest.raises(ValueError, match=r"x must hold at least one sample; its shape is \[.*0, 20\]"):
        calibrate(model, data(steps, samples=0), rate=0.1)
    assert all(torch.equal(p, old) for p, old in zip(model.parameters(), before, strict=True))
    with pytest.raises(TypeError, match="x must be a torch tensor"):
        calibrate(model, data(steps).numpy(), rate=0.1)


def test_buffers_that_appear_while_a_model_runs_are_left():
    class Late(nn.Linear):
        def __init__(self):
            super().__init__(3, 2)
            self.register_buffer("scale", None)

        def forward(self, x):
            self.scale = torch.ones(2)
            return super().forward(x) * self.scale

    model = nn.Sequential(Late(), LIF())
    table = calibrate(model, torch.rand(6, 20, 3), rate=0.3)
    assert len(table) == 1
    assert model[0].scale.tolist() == [1, 1]
