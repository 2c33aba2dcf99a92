"""Whole networks of DCGS: golden spikes, outputs and operations; counts by brute force."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from netsci.convert.dcgs import convert_steps
from netsci.convert.dcgs_plan import DcgsOptions
from tests.convert.traced import Attention, Named, fan_out, golden_network, images, randomise, residual, trace
from tests.golden_files import golden, label

FILES = golden("convert", "dcgs_net_*.npz")
KINDS = {"MTH": "positive", "IF": "positive", "neg": "with_neg", "diff": "with_neg", "line": "line"}
PRODUCTS = {"matmul": "at1", "matmul_1": "at2"}


def options_of(data):
    neuron = str(data["neuron"])
    line = neuron.endswith("line")
    return DcgsOptions(
        n=1 if neuron.startswith("IF") else int(data["n"]),
        steps=int(data["T"]),
        neuron=KINDS[neuron.split("_")[-1]],
        coding="rate" if str(data["coding"]) == "rate" else "differential",
        theta="moments" if str(data["threshold_mode"]) == "var" else "p999",
        scale=8.0 if line else 1.0,
        level=str(data["level"]),
        channel_axis=1,
        iterations=100,
    )


def golden_name(site, data):
    """What the golden file calls the neurons of a site."""
    product, _, number = site.partition(".")
    if product in PRODUCTS:
        return f"net.{PRODUCTS[product]}.neuron{number}"
    names = [site, f"{site}.0"]
    number = site.rpartition(".")[2]
    if number.isdigit():  # a ReLU that the release moves behind the max pool, into one module with it
        names.append(f"net.{int(number) + 1}.1")
    return next(name for name in names if f"neuron.{name}.theta" in data.files)


@cache
def convert_golden(path):
    data = np.load(path)
    calibration = [torch.tensor(data[name]) for name in data.files if name.startswith("calib_")]
    return convert_steps(trace(golden_network(data)), calibration, options_of(data), fan_out=fan_out)


def room_of_thresholds(data, name):
    """How far single precision, in which the release iterates, may move a threshold that it starts at 1."""
    if f"hook.{name}.mean" not in data.files:
        return 1e-5
    mu, var = (data[f"hook.{name}.{one}"].astype(float) for one in ("mean", "var"))
    with np.errstate(divide="ignore"):
        place = mu / np.sqrt(var)
    # 1 - sum of erf, of which the last digits alone are left where the mean is far below 0.
    return np.where(place > -1.2, 5e-4, np.where(place > -2, 1e-2, np.inf))


@pytest.mark.parametrize("path", FILES, ids=label)
def test_golden_thresholds(path):
    data = np.load(path)
    model = convert_golden(path)
    compared = 0
    for site in model.sites:
        name = golden_name(site.name, data)
        found, expected = model.thresholds[site.name].numpy(), data[f"neuron.{name}.theta"]
        assert found.shape == expected.shape
        room = np.broadcast_to(room_of_thresholds(data, name), found.shape)
        assert (np.abs(found - expected) <= room * expected + 1e-6).all(), site.name
        compared += np.isfinite(room).sum()
    assert compared >= 0.5 * sum(one.numel() for one in model.thresholds.values())


@pytest.mark.parametrize("path", FILES, ids=label)
def test_golden_spikes_outputs_and_operations(path):
    data = np.load(path)
    model = convert_golden(path)
    names = {site.name: golden_name(site.name, data) for site in model.sites}
    own = {site: torch.tensor(data[f"neuron.{name}.theta"]) for site, name in names.items()}
    steps = int(data["T"])
    run = replace(model, thresholds=own).run(torch.tensor(data["x"]), steps, trains=True)
    differs = np.zeros((steps, len(data["x"])), bool)
    for site in model.sites:  # in the order in which the network runs
        expected = data[f"spikes.{names[site.name]}"][-steps:]
        wrong = run.trains[site.name].numpy() != expected
        before = differs.any(1).argmax() if differs.any() else steps
        first = wrong.reshape(steps, -1).any(1)
        if first.any() and first.argmax() < before:
            assert wrong[first.argmax()].sum() <= 2, "one membrane on its threshold, not more"
        differs |= wrong.reshape(*differs.shape, -1).any(-1)
    # A membrane within rounding of its threshold sends its own sample another way, from there on.
    other = differs.any(0)
    assert other.sum() <= 1
    same = ~np.logical_or.accumulate(differs, axis=0)
    assert same[: max(1, steps // 2)].all()
    for found, name in ((run.output, "snn_equivalent_rate_out"), (run.decoded, "snn_out_T")):
        np.testing.assert_allclose(found.numpy()[same], data[name][same], atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(run.decoded[-1], data["snn_out_T"][-1], atol=0.02)
    for name in (one for one in data.files if one.startswith("synaptic_events.")):
        layer = name.removeprefix("synaptic_events.")
        layer = layer if layer in run.operations else layer.removesuffix(".1")
        np.testing.assert_array_equal(run.operations[layer].numpy()[same], data[name][same])


@pytest.mark.parametrize("path", FILES, ids=label)
def test_golden_ann_is_what_decoded_outputs_come_to(path):
    data = np.load(path)
    model = convert_golden(path)
    run = model.run(torch.tensor(data["x"]), 32)
    errors = np.abs(run.decoded.numpy() - data["ann_out"]).mean((1, 2))
    assert errors[-1] < 0.5 * errors[0]
    assert errors[-1] < 0.02


def attention():
    return randomise(Named(Attention(8, 12, 2, 5, 4, 2)))


CASES = {
    "residual": (residual, DcgsOptions(n=4, steps=16)),
    "residual by rates": (residual, DcgsOptions(n=4, steps=16, coding="rate")),
    "residual, line": (residual, DcgsOptions(n=8, neuron="line", channel_axis=1)),
    "attention": (attention, DcgsOptions(n=8, neuron="line")),
    "attention, image not coded": (attention, DcgsOptions(n=8, neuron="line", encode_image=False)),
}


@pytest.mark.parametrize("case", CASES)
def test_decoded_output_comes_to_the_ann_and_counts_are_those_of_the_spikes(case):
    make, options = CASES[case]
    net, x = make(), images()
    steps = trace(net)
    model = convert_steps(steps, [images(40, 2)], options, fan_out=fan_out)
    run = model.run(x, 48, trains=True)
    with torch.no_grad():
        ann = net(x)
    errors = (run.decoded - ann).abs().mean((1, 2))
    assert errors[-1] < 0.1 * ann.std()
    assert errors[-1] < errors[0]
    for name, train in run.trains.items():
        assert torch.equal(run.spikes[name], (train != 0).flatten(1).sum(1))
    assert run.spikes
    if options.coding == "differential" and not options.line:
        first = run.operations["net.0"]
        assert (first[0] > 0).all()
        assert (first[1:] == 0).all()  # the image comes once


def walk(step, spikes):
    """Existing synapses behind each spike of one sample of a layer, one by one."""
    weight = step.module.weight
    if isinstance(step.module, nn.Linear):
        return sum(int((weight[:, place[-1]] != 0).sum()) for place in spikes.nonzero().tolist())
    (height, width), size, pad = spikes.shape[1:], weight.shape[-1], step.module.padding[0]
    total = 0
    for channel, row, column in spikes.nonzero().tolist():
        for down in range(size):
            for right in range(size):
                inside = 0 <= row + pad - down < height and 0 <= column + pad - right < width
                total += int((weight[:, channel, down, right] != 0).sum()) if inside else 0
    return total


def test_operations_are_a_walk_over_every_spike_and_synapse():
    net, x = residual(), images(2)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                module.weight[
                    torch.rand(module.weight.shape, generator=torch.Generator().manual_seed(4)) < 0.6
                ] = 0
    steps = trace(net)
    model = convert_steps(steps, [images(20, 2)], fan_out=fan_out)
    run = model.run(x, 5, trains=True)
    conv2 = next(step for step in steps if step.name == "net.4.conv2")
    for t in range(5):
        for sample in range(2):
            found = int(run.operations["net.4.conv2"][t, sample])
            assert found == walk(conv2, run.trains["net.4.relu1"][t, sample])
    assert int(run.operations["net.4.conv2"].sum()) > 0


def test_products_count_three_event_products():
    net = attention()
    model = convert_steps(trace(net), [images(20, 2)], DcgsOptions(n=8, neuron="line"))
    run = model.run(images(2), 4, trains=True)
    a, b = (run.trains[f"matmul.{number}"] != 0 for number in (1, 2))
    rows, inner, columns = 4, 4, 4
    for t in range(4):
        for sample in range(2):
            both = sum(
                int(a[t, sample, h, i, k] and b[t, sample, h, k, j])
                for h in range(2) for i in range(rows) for k in range(inner) for j in range(columns)
            )  # fmt: skip
            own = int(a[t, sample].sum()) * columns + int(b[t, sample].sum()) * rows
            assert int(run.products["matmul"][t, sample]) == both + own


def test_analog_layers_are_named():
    net, calibration = residual(), [images(20, 2)]
    assert convert_steps(trace(net), calibration).analog == ["net.0"]
    line = DcgsOptions(n=8, neuron="line")
    assert convert_steps(trace(net), calibration, line).analog == []
    assert convert_steps(trace(net), calibration, replace(line, encode_image=False)).analog == ["net.0"]


def test_thresholds_do_not_depend_on_batches_nor_the_network_on_its_conversion():
    net, x = residual(), images(24, 3)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    whole = convert_steps(trace(net), [x])
    parts = convert_steps(trace(net), x.split([1, 16, 7]))
    for name, theta in whole.thresholds.items():
        np.testing.assert_allclose(parts.thresholds[name], theta, rtol=1e-5)
    whole.run(images(), 3)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_a_run_is_a_part_of_a_longer_one_and_of_more_images():
    model = convert_steps(trace(residual()), [images(20, 2)], fan_out=fan_out)
    x = images(5)
    long, short, half = model.run(x, 12), model.run(x, 5), model.run(x[:2], 12)
    assert torch.equal(long.decoded[:5], short.decoded)
    np.testing.assert_allclose(long.decoded[:, :2], half.decoded, atol=1e-5)
    assert torch.equal(long.operations["net.7"][:5], short.operations["net.7"])


def test_two_relus_on_a_wire_share_neurons():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(4, 3), nn.Linear(3, 2)

        def forward(self, x):
            y = self.one(x)
            return self.two(torch.relu(y) + F.relu(y))

    net = randomise(Twice())
    x = torch.rand(5, 4, generator=torch.Generator().manual_seed(2))
    model = convert_steps(trace(net), [x])
    assert len(model.sites) == 1
    with torch.no_grad():
        np.testing.assert_allclose(model.run(x, 200).decoded[-1], net(x), atol=2e-2)
