"""DPAP against reference values: traces, BCM, dendrites, survival and who is alive."""

import numpy as np
import pytest
import torch

from netsci.topology import plasticity as dp
from netsci.train.spike_traces import last_trace
from tests.golden_files import golden, label

# layer -> its input and its output among the arrays of spikes
SPIKES = {0: (0, 1), 1: (1, 2), 3: (3, 4), 5: (5, 6)}


def traces(values, epoch, batch, place):
    spikes = torch.from_numpy(values[f"e{epoch}/b{batch}/spikes{place}"]).double()
    return last_trace(spikes, *spikes.shape[:2]).numpy()


@pytest.mark.parametrize("path", golden("prune", "dpap_*.npz"), ids=label)
def test_golden_batches_of_dpap(path):
    values = np.load(path)
    assert float(values["delta"]) == 0.5
    state, checked = {}, 0
    for epoch in (0, 1):
        batches = sum(key.startswith(f"e{epoch}/b") and key.endswith("spikes0") for key in values)
        for batch in range(batches):
            for layer, (source, target) in SPIKES.items():
                before, after = (traces(values, epoch, batch, place) for place in (source, target))
                known = "fcsum" if layer == 5 else "csum"
                np.testing.assert_allclose(after, values[f"e{epoch}/b{batch}/{known}{layer}"], rtol=1e-6)
                if layer not in state:
                    state[layer] = dp.Activity.of(len(after), before.shape[1], after.shape[1])
                state[layer] = dp.add_batch(state[layer], before, after)
        for layer, activity in state.items():
            if f"e{epoch}/bcm{layer}" not in values:
                continue
            checked += 1
            wanted = values[f"e{epoch}/bcm{layer}"].T
            size = np.abs(wanted).max()
            np.testing.assert_allclose(activity.bcm, wanted, rtol=1e-6, atol=1e-6 * size)
            np.testing.assert_allclose(activity.theta, values[f"e{epoch}/theta{layer}"], rtol=1e-6)
            np.testing.assert_allclose(activity.trace, values[f"e{epoch}/trace_sum{layer}"], rtol=1e-6)
            found = dp.dendrite(activity)
            np.testing.assert_allclose(found, values[f"e{epoch}/dendrite{layer}"], rtol=0, atol=1e-6)
    assert checked >= 4


@pytest.mark.parametrize("path", golden("prune", "dpap_*.npz"), ids=label)
def test_golden_survival_of_dpap(path):
    values = np.load(path)
    epochs = sorted(int(key[1:].split("/")[0]) for key in values if key.endswith("/mask5"))
    assert epochs[0] == dp.BEGIN
    shapes = {layer: values[f"s{epochs[0]}/survival{layer}"].shape for layer in SPIKES}
    units = {layer: np.full(shape, dp.FIRST_SURVIVAL) for layer, shape in shapes.items()}
    alive = {layer: np.ones(shape, bool) for layer, shape in shapes.items()}
    synapses = np.full(values[f"s{epochs[0]}/bcm5"].shape, dp.FIRST_SURVIVAL)
    linked = np.ones(synapses.shape, bool)
    for epoch in epochs:
        for layer in SPIKES:
            kind = "linear" if layer == 5 else "conv"
            x = values[f"s{epoch}/dendrite{layer}"].astype(np.float64)
            units[layer] = dp.survive(units[layer], x, kind, epoch)
            wanted = values[f"s{epoch}/survival{layer}"]
            np.testing.assert_allclose(units[layer], wanted, rtol=0, atol=3e-4)
            alive[layer] &= units[layer] >= 0
            if layer != 5:
                assert np.array_equal(alive[layer], values[f"s{epoch}/mask{layer}"])
        synapses = dp.survive(synapses, values[f"s{epoch}/bcm5"].astype(np.float64), "linear", epoch)
        wanted = values[f"s{epoch}/synapse_survival5"].reshape(synapses.shape)
        np.testing.assert_allclose(synapses, wanted, rtol=0, atol=3e-4)
        linked &= synapses >= 0
        assert np.array_equal(linked & alive[5][:, None], values[f"s{epoch}/mask5"])
    assert not alive[5].all()
    assert not linked.all()
