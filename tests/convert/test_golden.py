"""Values of the authors' releases."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from netsci.convert import QCFS, convert
from netsci.convert.neurons import Neuron, count_spikes, fire_constant, run_plainly, run_steps, start_state
from netsci.convert.stream import Network, run_network
from tests.convert.networks import sequence
from tests.golden_files import golden, label

CLOSE = {"atol": 1e-5, "rtol": 1e-5}


def few_differ(found, wanted, share=0.001):
    """Spikes are those of the release, but for a share where a membrane lies at its threshold."""
    assert found.shape == wanted.shape
    return bool((np.abs(found - wanted) > 1e-5).mean() <= share)


@pytest.mark.parametrize("path", golden("convert", "qcfs_activation_*.npz"), ids=label)
def test_golden_qcfs_activation_and_gradients(path):
    arrays = np.load(path)
    for i, (levels, theta) in enumerate(zip(arrays["cfg_L"], arrays["cfg_thresh"], strict=True)):
        activation = QCFS(int(levels), float(theta))
        x = torch.from_numpy(arrays["x"]).requires_grad_()
        y = activation(x)
        y.backward(torch.from_numpy(arrays["upstream"]))
        wanted = arrays[f"y_{i}"]
        level = float(theta) / int(levels)
        off = np.abs(y.detach().numpy() - wanted)
        assert ((off < 1e-5) | (np.abs(off - level) < 1e-5)).all()
        assert (off > 1e-5).mean() <= 0.001
        assert np.allclose(x.grad, arrays[f"grad_x_{i}"], **CLOSE)
        assert np.allclose(activation.theta.grad, arrays[f"grad_thresh_{i}"].item(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("path", golden("convert", "if_neuron_*.npz"), ids=label)
@pytest.mark.parametrize("run", [run_steps, run_plainly])
def test_golden_if_neuron(path, run):
    arrays = np.load(path)
    theta = torch.tensor(float(arrays["thresh"]))
    neuron = Neuron("golden", "if", theta)
    for name in (name for name in arrays.files if "_out_T" in name):
        kind, steps = name.split("_out_T")
        current = torch.from_numpy(arrays[f"{kind}_current"])
        series = current[: int(steps)] if kind == "random" else current.expand(int(steps), -1).contiguous()
        found = run(neuron, series, start_state(neuron, tuple(series.shape[1:]))) * theta
        assert np.array_equal(found, arrays[name]), name
        if kind == "const":
            assert np.array_equal(fire_constant(neuron, current, 0, int(steps)) * theta, arrays[name])
            counts = count_spikes(neuron, current, int(steps))
            assert np.array_equal(counts, np.rint(arrays[name].sum(0) / float(theta)))


@pytest.mark.parametrize("path", golden("convert", "qcfs_net_*.npz"), ids=label)
def test_golden_qcfs_network(path):
    arrays = np.load(path)
    net, x = sequence(arrays), torch.from_numpy(arrays["x"])
    assert np.allclose(net(x).detach(), arrays["ann_out"], **CLOSE)
    model = convert(net, "qcfs", x)
    for name in (name for name in arrays.files if name.startswith("snn_out_T")):
        steps = int(name.removeprefix("snn_out_T"))
        assert np.allclose(model.currents(x, steps), arrays[name], **CLOSE), name
    for steps in sorted({name.split(".")[0] for name in arrays.files if name.startswith("snn_T")}):
        check_spikes(arrays, model, x, steps)


def check_spikes(arrays, model, x, name):
    steps = int(name.removeprefix("snn_T"))
    trace = model.simulate(x, steps)
    seen = {}
    run_network(
        model.network, x, steps, lambda place, value, _: seen.setdefault(place, []).append(value.clone())
    )
    for place, neuron in model.network.neurons.items():
        spikes = (torch.cat(seen[place]) * neuron.theta).numpy()
        assert few_differ(spikes, arrays[f"{name}.{neuron.name}.spikes"])
    for row, layer in enumerate(trace.layers):
        counts = (trace.sops + trace.macs)[row]
        wanted = arrays[f"{name}.{layer}.synaptic_events"].sum(1)
        assert np.abs(counts - wanted).max() <= 0.001 * wanted.max(), layer
        assert model.masks[layer].nnz == arrays[f"{name}.{layer}.nnz_weights"]


def snm_network(arrays):
    modules = []
    for i in range(3):
        weight = torch.from_numpy(arrays[f"W{i}"])
        linear = nn.Linear(weight.shape[1], len(weight))
        linear.load_state_dict({"weight": weight, "bias": torch.from_numpy(arrays[f"b{i}"])})
        modules += [linear, nn.ReLU()]
    return nn.Sequential(*modules[:-1]).eval()


@pytest.mark.parametrize("path", golden("convert", "snm_*.npz"), ids=label)
@pytest.mark.parametrize("run", [run_steps, run_plainly])
def test_golden_snm_neuron(path, run):
    arrays = np.load(path)
    theta = torch.from_numpy(arrays["theta"])
    neuron = Neuron("golden", "snm", theta, compat=True)
    for kind in ("random", "const"):
        currents = torch.from_numpy(arrays[f"{kind}.current"])
        state = start_state(neuron, tuple(theta.shape))
        assert np.array_equal(run(neuron, currents, state) * theta, arrays[f"{kind}.out"])
        assert np.allclose(state.membrane, arrays[f"{kind}.mem_after"][-1], **CLOSE)
    constant = torch.from_numpy(arrays["const.current"])
    assert np.array_equal(constant[0], constant[-1])
    closed = fire_constant(neuron, constant[0], 0, len(constant)) * theta
    differ = np.abs(np.cumsum(closed.numpy(), 0) - np.cumsum(arrays["const.out"], 0)) > 1e-4
    assert differ.mean() <= 0.001


@pytest.mark.parametrize("path", golden("convert", "snm_*.npz"), ids=label)
def test_golden_snm_network(path):
    arrays = np.load(path)
    net, steps = snm_network(arrays), int(arrays["T"])
    model = convert(net, "snm", arrays["calib"], compat=True)
    for i, (place, neuron) in enumerate(model.network.neurons.items()):
        wanted = arrays[f"theta{i}"].ravel()
        assert np.allclose(neuron.theta, wanted, **CLOSE), place
    thetas = [arrays[f"theta{i}"].ravel() for i in range(3)]
    model = convert(net, "snm", theta=thetas, compat=True)
    seen = {}
    x = torch.from_numpy(arrays["x"])
    run_network(
        model.network, x, steps, lambda place, value, _: seen.setdefault(place, []).append(value.clone())
    )
    for i, (place, neuron) in enumerate(model.network.neurons.items()):
        assert few_differ((torch.cat(seen[place]) * neuron.theta).numpy(), arrays[f"spikes{i}"])
    means = np.cumsum(model.currents(x, steps), 0) / np.arange(1, steps + 1)[:, None, None]
    assert np.allclose(means, arrays["out_T"], **CLOSE)


def test_golden_snm_differs_where_a_residue_fires():
    """The whole-number memory is another rule than the release's: snm_b shows it."""
    arrays = np.load(next(path for path in golden("convert", "snm_*.npz") if path.stem == "snm_b"))
    theta, currents = torch.from_numpy(arrays["theta"]), torch.from_numpy(arrays["random.current"])
    neuron = Neuron("golden", "snm", theta)
    found = run_steps(neuron, currents, start_state(neuron, tuple(theta.shape)))
    released = np.sign(arrays["random.out"])
    assert not np.array_equal(found, released)
    assert (np.cumsum(found.numpy(), 0) >= 0).all()
    assert (np.cumsum(released, 0) < 0).any()


def test_equal_channel_thresholds_give_the_golden_qcfs_network_bit_for_bit():
    arrays = np.load(golden("convert", "qcfs_net_conv_*.npz")[0])
    net, x = sequence(arrays), torch.from_numpy(arrays["x"])
    one, other = convert(net, "qcfs", x), convert(net, "cs_qcfs", x)
    assert set(other.thresholds.per) == {"channel"}
    assert np.array_equal(one.currents(x, 16), other.currents(x, 16))
    wrong = {
        place: replace(neuron, theta=neuron.theta * 1.1) for place, neuron in other.network.neurons.items()
    }
    outs = [run_network(Network(other.network.program, w), x, 16) for w in (wrong, other.network.neurons)]
    assert not torch.equal(*outs)
