"""Whole networks of DCGS: what they come to, and counts by brute force."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from netsci.convert import convert
from tests.convert.graded_networks import (
    Attention,
    Named,
    images,
    populations,
    randomise,
    residual,
    trains_of,
)
from tests.convert.networks import walk


def attention():
    return randomise(Named(Attention(8, 12, 2, 5, 4, 2)))


CASES = {
    "residual": (residual, {"n": 4, "steps": 16}),
    "residual by rates": (residual, {"n": 4, "steps": 16, "coding": "rate"}),
    "residual, line": (residual, {"n": 8, "neuron": "line", "channel_axis": 1}),
    "attention": (attention, {}),
    "attention, image not coded": (attention, {"encode_image": False}),
}


@pytest.mark.parametrize("case", CASES)
def test_decoded_output_comes_to_the_ann_and_counts_are_those_of_the_spikes(case):
    make, options = CASES[case]
    net, x = make(), images()
    model = convert(net, "dcgs", images(40, 2), **options)
    outputs = model.currents(x, 48)
    decoded = np.cumsum(outputs, 0) / np.arange(1, 49)[:, None, None]
    ann = net(x).detach().numpy()
    errors = np.abs(decoded - ann).mean((1, 2))
    assert errors[-1] < 0.1 * ann.std()
    assert errors[-1] < errors[0]
    trace = model.simulate(x, 48)
    trains = trains_of(model.network, x, 48)
    for place, name in populations(model).items():
        row = trace.populations.index(name)
        assert trace.spikes[row].tolist() == (trains[place] != 0).flatten(1).sum(1).tolist()
    if case == "residual":
        first = trace.macs[trace.layers.index("net.0")]
        assert first[0] > 0
        assert (first[1:] == 0).all()  # the image comes once


def test_operations_are_a_walk_over_every_spike_and_synapse():
    net, x = residual(), images(2)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                drawn = torch.rand(module.weight.shape, generator=torch.Generator().manual_seed(4))
                module.weight[drawn < 0.6] = 0
    model = convert(net, "dcgs", images(20, 2))
    trace, trains = model.simulate(x, 5), trains_of(model.network, x, 5)
    place = next(place for place, name in populations(model).items() if name == "net.4.relu1")
    conv2 = net.net[4].conv2
    mask = model.masks["net.4.conv2"].toarray()
    wanted = [walk(conv2, mask, train) for train in trains[place]]
    assert trace.sops[trace.layers.index("net.4.conv2")].tolist() == wanted
    assert sum(wanted) > 0


def test_products_count_three_event_products():
    model = convert(attention(), "dcgs", images(20, 2))
    x = images(2)
    trace, trains = model.simulate(x, 4), trains_of(model.network, x, 4)
    names = {name: place for place, name in populations(model).items()}
    a, b = (trains[names[f"net.matmul.in{number}"]] != 0 for number in (1, 2))
    rows, inner, columns = 4, 4, 4
    wanted = []
    for t in range(4):
        both = sum(
            int(a[t, sample, h, i, k] and b[t, sample, h, k, j])
            for sample in range(2) for h in range(2) for i in range(rows) for k in range(inner)
            for j in range(columns)
        )  # fmt: skip
        wanted.append(both + int(a[t].sum()) * columns + int(b[t].sum()) * rows)
    assert trace.sops[trace.layers.index("net.matmul")].tolist() == wanted
    seen = next(one for one in trace.trace.projections if one.name == "net.matmul")
    assert seen.ann_operations == 2 * rows * inner * columns
    assert seen.operations == sum(wanted)


def test_layers_that_read_no_spikes_multiply():
    net, calibration = residual(), images(20, 2)

    def multiply(**options):
        trace = convert(net, "dcgs", calibration, **options).simulate(images(3), 4)
        return [name for name, macs in zip(trace.layers, trace.macs, strict=True) if macs.any()]

    assert multiply() == ["net.0"]
    assert multiply(n=8, neuron="line") == []
    assert multiply(n=8, neuron="line", encode_image=False) == ["net.0"]


def test_a_run_is_a_part_of_a_longer_one_and_of_more_images():
    model = convert(residual(), "dcgs", images(20, 2))
    x = images(5)
    long, short = model.simulate(x, 12), model.simulate(x, 5)
    assert np.array_equal(long.sops[:, :5], short.sops)
    assert np.array_equal(long.spikes[:, :5], short.spikes)
    np.testing.assert_array_equal(model.currents(x, 12)[:5], model.currents(x, 5))
    np.testing.assert_allclose(model.currents(x, 12)[:, :2], model.currents(x[:2], 12), atol=1e-4)


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
    model = convert(net, "dcgs", x)
    assert len(model.network.neurons) == 1
    outputs = model.currents(x, 200)
    np.testing.assert_allclose(outputs.mean(0), net(x).detach(), atol=2e-2)


def test_what_is_converted_by_default():
    assert convert(residual(), "dcgs", images(9)).notes[0].startswith("n=4, neuron='with_neg'")
    assert convert(attention(), "dcgs", images(9)).notes[0].startswith("n=8, neuron='line'")
    table = convert(residual(), "dcgs", images(9)).thresholds
    assert set(table.per) == {"channel"}
    assert set(table.statistic) == {"moments"}
    assert len(table) == 4 + 4 + 4


def test_masks_of_attention_are_inside_the_softmax():
    class Masked(nn.Module):
        def __init__(self, causal):
            super().__init__()
            self.qkv, self.head, self.causal = nn.Linear(4, 12), nn.Linear(4, 3), causal
            self.register_buffer("mask", torch.tensor([[True, False, True], [True, True, True]] * 2)[:3])

        def forward(self, x):
            q, k, v = self.qkv(x).chunk(3, -1)
            given = {"is_causal": True} if self.causal else {"attn_mask": self.mask}
            return self.head(F.scaled_dot_product_attention(q, k, v, **given, scale=0.7)).mean(1)

    x = torch.randn(30, 3, 4, generator=torch.Generator().manual_seed(3))
    for causal in (True, False):
        net = randomise(Masked(causal))
        model = convert(net, "dcgs", x)
        assert torch.allclose(model.to_ann()(x), net(x), atol=1e-6)
        np.testing.assert_allclose(model.currents(x, 64).mean(0), net(x).detach(), atol=5e-3)
