"""What is counted on the testing side: events are spikes, also where a frame holds several of them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from netsci.data import load
from netsci.spiking import LIF
from netsci.train import PRESETS, Inputs, train
from netsci.train.testing import fired_units

STEPS = 3


def frames(most: int):
    """Digits as frames of events [n, T, 1, 8, 8] of up to `most` events a place."""
    data = load("digits").subset(60, 20, rng=np.random.default_rng(3))

    def made(x):
        return np.minimum(np.repeat(x[:, None], STEPS, axis=1) // 4, most).astype(np.uint8)

    return replace(data, x_train=made(data.x_train), x_test=made(data.x_test))


@pytest.mark.parametrize("name", ["mnist-2conv2fc", "mnist-stp-3fc"])
def test_numbers_of_events_are_graded_spikes(name):
    options = (("padding", 1),) if "conv" in name else (("hidden", (32, 32)),)
    recipe = PRESETS[name].replace(data="digits", encoding="events", steps=STEPS, epochs=1, window=2)
    recipe = recipe.replace(options=options, sparsity=0.8, batch=20)
    for most, kind in ((4, "graded"), (1, "spikes")):
        run = train(recipe, data=frames(most))
        trace = run.trace()
        first = trace.projections[0]
        there = frames(most).x_test != 0
        assert (first.kind, first.sops > 0, first.macs) == (kind, True, 0)
        assert int(first.events.sum()) == int(there.sum())
        assert trace.populations[0].spikes.sum() == there.sum()
        rows = run.table[(run.table["measure"] == "SOPs") & (run.table["epoch"] == 1)]
        assert rows["value"].item() == trace.sops / 20


def silent(run, epoch):
    rows = run.table[(run.table["measure"] == "silent units") & (run.table["epoch"] == epoch)]
    assert set(rows["unit"]) <= {"share"}
    return dict(zip(rows["layer"], rows["value"], strict=True))


@pytest.mark.parametrize("readout", ["rate", "sum"])
def test_silent_units_are_those_that_never_fire(readout):
    changes = {"options": (("hidden", (30, 20)),), "epochs": 1, "limit": 60, "test_limit": 40, "steps": 4}
    run = train(PRESETS["digits-2fc"].replace(lr=0.05, readout=readout, sparsity=0.8, **changes))
    fired = {}

    def see(name):
        return lambda _, __, out: fired.update({name: fired.get(name, 0) + out.sum((0, 1))})

    for name, neuron in run.model.named_modules():
        if type(neuron) is LIF:
            neuron.register_forward_hook(see(name))
    with torch.no_grad():
        for x, _ in run.inputs.tests():
            run.model(x)
    found = silent(run, 1)
    assert set(found) == {*fired, "all"}
    for name, spikes in fired.items():
        assert found[name] == pytest.approx((spikes == 0).float().mean().item(), abs=1e-6)
    units = torch.cat(list(fired.values()))
    assert found["all"] == pytest.approx((units == 0).float().mean().item(), abs=1e-6)
    assert 0.0 < found["all"] < 1.0


def test_silent_rectified_units_are_counted_over_all_batches_of_test_samples(monkeypatch):
    monkeypatch.setitem(Inputs.tests.__kwdefaults__, "batch", 7)
    changes = {"options": (("hidden", (30, 20)),), "epochs": 1, "limit": 60, "test_limit": 40}
    run = train(PRESETS["digits-2fc"].replace(spiking=False, sparsity=0.9, **changes))
    x, _ = next(run.inputs.tests(batch=40))
    first = run.model.layers[0](x).relu()
    second = run.model.layers[1](first).relu()
    dead = [(one <= 0).all(0).float().mean().item() for one in (first, second)]
    found = silent(run, 1)
    assert found["activations.0"] == pytest.approx(dead[0], abs=1e-6)
    assert found["activations.1"] == pytest.approx(dead[1], abs=1e-6)
    assert found["all"] == pytest.approx((30 * dead[0] + 20 * dead[1]) / 50, abs=1e-6)
    assert 0.0 < found["all"] < 1.0
    assert not any(len(one._forward_hooks) for one in run.model.modules())


def test_units_of_feature_maps_are_their_places():
    recipe = PRESETS["mnist-2conv2fc"].replace(
        data="digits", spiking=False, epochs=1, limit=20, test_limit=10, sparsity=0.5
    )
    run = train(recipe)
    fired = fired_units(run.model, run.inputs, 10)
    assert {name: len(units) for name, units in fired.items()} == {
        "neurons.0": 15 * 64,
        "neurons.1": 40 * 16,
        "classifier.activations.0": 300,
    }
    spiking = train(recipe.replace(spiking=True, steps=2))
    assert set(silent(spiking, 1)) == {"neurons.0", "neurons.1", "classifier.neurons.0", "all"}
