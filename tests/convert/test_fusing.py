"""Layers on bytes give what they give on numbers, whatever the memory and the way to multiply."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from netsci.convert import convert, walk
from netsci.convert.counting import count_events
from netsci.convert.fusing import apply_to_spikes, count_joined, fire_joined
from netsci.convert.last import mean_output
from netsci.convert.neurons import (
    Neuron,
    fire_constant,
    fire_constant_bits,
    run_plainly,
    run_steps,
    start_state,
    units_first,
)
from netsci.convert.stream import run_network
from netsci.sparse import SparseLinear
from netsci.spiking.events import as_rows, way_of
from tests.convert.networks import links, residual


def wide(density):
    """A network whose middle layer is large: sparse of a density, or dense (None)."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    middle = nn.Linear(90, 80) if density is None else SparseLinear(links(rng, 90, 80, density))
    return nn.Sequential(nn.Linear(6, 90), nn.ReLU(), middle, nn.ReLU(), nn.Linear(80, 3)).eval()


@pytest.mark.parametrize(("density", "way"), [(0.02, "csr"), (0.9, "firing"), (None, "firing")])
@pytest.mark.parametrize("share", [0.05, 0.9])
def test_currents_of_bytes_are_those_of_numbers(density, way, share):
    model = convert(wide(density), "qcfs", torch.rand(20, 6), theta=0.3)
    assert sorted(model.network.fused) == [3, 5]
    fused = model.network.fused[3]
    generator = torch.Generator().manual_seed(1)
    spikes = (torch.rand(4, 30, 90, generator=generator) < share).to(torch.int8)
    assert way_of(fused.layer.module, torch.zeros(4, 30, 90)) == way
    wanted = model.network.program.steps[3].layer.module(spikes.flatten(0, 1) * 0.3)
    turned = spikes.permute(2, 0, 1).contiguous().permute(1, 2, 0)
    for one in (spikes, turned):
        assert torch.allclose(apply_to_spikes(fused, one), wanted, atol=1e-5)


def test_layers_behind_sums_and_pools_read_numbers():
    found = {}
    for method in ("qcfs", "snm"):
        network = convert(residual(), method, torch.rand(20, 2, 8, 8)).network
        found[method] = [network.program.steps[place].name for place in network.fused]
    assert found == {"qcfs": ["conv2", "short", "fc2"], "snm": ["fc2"]}


@pytest.mark.parametrize("density", [0.02, None])
def test_currents_of_negative_spikes_are_those_of_numbers(density):
    model = convert(wide(density), "snm", torch.rand(20, 6))
    fused, place = model.network.fused[3], model.network.program.of_kind("activation")[0]
    theta = model.network.neurons[place].theta
    spikes = torch.randint(-1, 2, (4, 30, 90), generator=torch.Generator().manual_seed(1)).to(torch.int8)
    wanted = model.network.program.steps[3].layer.module(spikes.flatten(0, 1) * theta)
    assert torch.allclose(apply_to_spikes(fused, spikes), wanted, atol=1e-5)


def test_a_layer_behind_a_flatten_reads_the_bytes_of_a_convolution():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 2)
    ).eval()
    for method in ("qcfs", "cs_qcfs", "snm"):
        model = convert(net, method, torch.rand(20, 1, 4, 4))
        steps = model.network.program.steps
        assert [steps[place].name for place in model.network.fused] == ["3", "5"]
        x = torch.rand(6, 1, 4, 4)
        plain = copy.copy(model.network)
        plain.__dict__.update(model.network.__dict__, fused={})
        for name in ("reads", "still", "joined", "images_at_once"):
            plain.__dict__.pop(name, None)
        assert torch.allclose(run_network(plain, x, 9), run_network(model.network, x, 9), atol=1e-5)
        found = model.simulate(x, 9)
        assert found.sops[1].sum() == 8 * found.spikes[0].sum()


@pytest.mark.parametrize("bias", [True, False])
def test_a_layer_and_its_neurons_together_fire_as_one_after_the_other(bias):
    net = wide(0.02)
    net[2].bias = nn.Parameter(torch.rand(80) * 0.1) if bias else None
    x = torch.rand(45, 6, generator=torch.Generator().manual_seed(1))
    network = convert(net, "qcfs", x, theta=0.3).network
    assert network.joined == {4: 3}
    seen = {True: {}, False: {}}
    found = {}
    for apart, one in seen.items():

        def see(place, value, window, one=one):
            one[place, window.first] = value.clone()

        found[apart] = torch.cat(list(network.stream(x, 37, see, currents=apart)))
    assert torch.equal(found[True], found[False])
    assert {place for place, _ in seen[True]} - {place for place, _ in seen[False]} == {3}
    for key, value in seen[False].items():
        assert torch.equal(value, seen[True][key])
    fired = torch.cat([seen[False][4, first] for first in (0, 16, 32)]).float()
    assert 0.02 < fired.mean() < 0.98


def test_nobody_sees_bits_and_counts_and_the_answers_are_the_same(monkeypatch):
    x = torch.rand(45, 6, generator=torch.Generator().manual_seed(1))
    network = convert(wide(0.02), "qcfs", x, theta=0.3).network
    taken = []
    for name in ("fire_constant_bits", "count_joined"):
        real = getattr(walk, name)
        monkeypatch.setattr(walk, name, lambda *a, name=name, real=real: taken.append(name) or real(*a))
    spikes = {}
    seen = run_network(
        network, x, 37, lambda place, value, window: spikes.setdefault(place, []).append(value)
    )
    assert not taken
    assert torch.equal(run_network(network, x, 37), seen)
    assert taken == ["fire_constant_bits"] * 3  # windows
    found = mean_output(network, x, 37)
    assert taken[3:] == ["fire_constant_bits", "count_joined"] * 3
    counts = sum(one.sum(0, dtype=torch.int32) for one in spikes[4])
    assert counts.max() > 16  # more than a window has
    wanted = network.program.steps[5].run({4: counts * (0.3 / 37)}, 45)
    assert torch.allclose(found, wanted, atol=1e-6)


def test_counts_behind_a_layer_are_sums_of_its_spikes():
    network = convert(wide(0.05), "qcfs", torch.rand(20, 6), theta=0.3).network
    fused, neuron = network.fused[3], network.neurons[4]
    generator = torch.Generator().manual_seed(1)
    spikes = (torch.rand(40, 30, 90, generator=generator) < 0.4).to(torch.int8)
    state, other = (start_state(neuron, (30, 80)) for _ in range(2))
    counts = None
    for part in spikes.split([3, 16, 21]):
        counts = count_joined(fused, neuron, part, state, counts)
    fired = torch.cat([fire_joined(fused, neuron, part, other) for part in spikes.split([7, 33])])
    assert counts.dtype == torch.int32
    assert torch.equal(counts, fired.sum(0, dtype=torch.int32))
    assert counts.min() < counts.max()
    assert torch.equal(state.membrane, other.membrane)
    assert state.steps == other.steps == 40


@pytest.mark.parametrize("kind", ["if", "snm"])
@pytest.mark.parametrize(("first", "steps", "images"), [(0, 1, 1), (0, 16, 100), (16, 5, 13), (3, 64, 2)])
def test_bits_of_constant_currents_are_those_of_their_spikes(kind, first, steps, images):
    generator = torch.Generator().manual_seed(2)
    current = torch.randint(-2, 9, (images, 7), generator=generator) / 4
    neuron = Neuron("a", kind, torch.tensor([0.25, 0.5, 0.75, 0.0, 1.0, 1.25, 1.5]))
    found = fire_constant_bits(neuron, current, first, steps)
    spikes = fire_constant(neuron, current, first, steps)
    wanted = as_rows(spikes.permute(2, 0, 1).contiguous().numpy().view(np.uint8))
    assert np.array_equal(found.bits, wanted.bits)
    assert (found.steps, found.images) == (wanted.steps, wanted.images) == (steps, images)
    back = np.unpackbits(found.bits, axis=1, bitorder="little")[:, : steps * images]
    assert np.array_equal(back.reshape(7, steps, images), spikes.permute(2, 0, 1).numpy())


def test_layers_that_others_read_too_run_apart():
    assert convert(residual(), "qcfs", torch.rand(20, 2, 8, 8)).network.joined == {}
    assert convert(wide(0.02), "snm", torch.rand(20, 6)).network.joined == {}


def turn_units_first(values):
    return values.permute(2, 0, 1).contiguous().permute(1, 2, 0)


@pytest.mark.parametrize("kind", ["if", "snm"])
@pytest.mark.parametrize("compat", [False, True])
def test_compiled_loops_are_the_plain_ones(kind, compat):
    generator = torch.Generator().manual_seed(2)
    currents = torch.randint(-4, 5, (12, 5, 7), generator=generator) / 4  # membranes lie at thresholds often
    theta = torch.tensor([0.25, 0.5, 0.75, 0.0, 1.0, 1.25, 1.5])
    neuron = Neuron("a", kind, theta, compat)
    wanted = run_plainly(neuron, currents, start_state(neuron, (5, 7)))
    assert not wanted[..., 3].any()
    for turn in (torch.clone, turn_units_first):
        state = start_state(neuron, (5, 7))
        parts = [turn(currents[:5]), turn(currents[5:])]
        assert units_first(parts[0]) == (turn is turn_units_first)
        found = torch.cat([run_steps(neuron, part, state) for part in parts])
        assert torch.equal(found, wanted)
        assert state.steps == 12
    assert bool((wanted < 0).any()) == (kind == "snm")


def test_closed_form_of_one_and_of_many_axes():
    current = torch.randint(-4, 9, (4, 6), generator=torch.Generator().manual_seed(3)) / 4
    neuron = Neuron("a", "if", torch.tensor([0.5, 1.0, 2.0, 0.0, 0.25, 4.0]))
    exact = run_plainly(neuron, current.expand(12, 4, 6), start_state(neuron, (4, 6)))
    assert torch.equal(fire_constant(neuron, current, 0, 12), exact)
    one = fire_constant(neuron, current, 3, 9)
    other = fire_constant(Neuron("a", "if", neuron.theta), current[:, None], 3, 9)[:, :, 0]
    assert torch.equal(one, other)
    assert torch.equal(one, fire_constant(neuron, current, 0, 12)[3:])
    assert torch.equal(one, fire_constant(neuron, current.double(), 3, 9))


def test_events_in_both_orders_of_memory():
    values = torch.randn(3, 5, 7).relu()
    turned = values.permute(2, 0, 1).contiguous().permute(1, 2, 0)
    wanted = (values != 0).sum(1).numpy()
    assert np.array_equal(count_events(values), wanted)
    assert np.array_equal(count_events(turned), wanted)
