"""DCGS: `simulate` counts what `record` counts through hooks, and a walk over every spike and link."""

import numpy as np
import pytest
import torch
from torch import nn

from netsci.convert import convert
from netsci.measure import energy_by_step, energy_readings
from netsci.spiking import record
from tests.convert.graded_networks import Attention, images, randomise
from tests.convert.networks import mixed, perceptron, residual, walk

STEPS = 4


class Neurons(nn.Module):
    """Multi-threshold neurons as a module with a state, for `record`."""

    def __init__(self, neuron):
        super().__init__()
        self.neuron, self.state = neuron, None

    def begin(self, bias):
        self.state = self.neuron.start(bias)
        return torch.zeros_like(bias)

    def forward(self, current):
        spikes, self.state = self.neuron.step(current, self.state)
        return spikes

    def reset(self):
        self.state = None


class ByHand(nn.Module):
    """The network of `Attention` in differential coding, written out."""

    def __init__(self, net, neurons):
        super().__init__()
        self.net = net
        self.on = nn.ModuleDict({name.replace(".", "/"): Neurons(one) for name, one in neurons.items()})
        self.clock = -1

    def reset(self):
        self.clock = -1

    def fire(self, name, x):
        neurons = self.on[f"{name}/in" if "/" not in name else name]
        return neurons.begin(x) if self.clock == 0 else neurons(x)

    def layer(self, name, spikes):
        own = getattr(self.net, name)
        return own.forward(spikes) if self.clock == 0 else own(spikes)  # hooks hear the steps alone

    def function(self, name, f, x):
        if self.clock == 0:
            self.kept[name] = (x, x, 0.0)
            return torch.zeros_like(f(x))
        bias, phi, said = self.kept[name]
        phi = phi + (x - bias) / self.clock
        self.kept[name] = (bias, phi, f(phi))
        return self.clock * (f(phi) - said)

    def product(self, name, a, b):
        if self.clock == 0:
            self.kept[name] = (torch.zeros_like(a), torch.zeros_like(b))
            return a @ b
        old_a, old_b = self.kept[name]
        self.kept[name] = (old_a + a / self.clock, old_b + b / self.clock)
        self.pairs[name] = [(a != 0).float(), (b != 0).float()]
        return a @ b / self.clock + a @ old_b + old_a @ b

    def forward(self, x):
        self.clock += 1
        if self.clock == 0:
            self.kept, self.pairs = {}, {}
        net, shown = self.net, x if self.clock == 1 else torch.zeros_like(x)
        tokens = self.layer("emb", self.fire("emb", shown)).flatten(2).transpose(1, 2)
        y = self.fire("q", self.function("norm", net.norm, tokens))
        q, k, v = (net.split(self.layer(name, y)) for name in ("q", "k", "v"))
        scores = self.product(
            "matmul", self.fire("matmul/in1", q), self.fire("matmul/in2", k.transpose(-2, -1))
        )
        weights = self.function("softmax", net.softmax, scores * net.depth**-0.5)
        out = self.product("matmul:2", self.fire("matmul:2/in1", weights), self.fire("matmul:2/in2", v))
        out = out.transpose(1, 2).reshape(len(x), 4, -1)
        tokens = tokens + self.layer("proj", self.fire("proj", out))
        hidden = self.layer("fc1", self.fire("fc1", self.function("norm2", net.norm2, tokens)))
        tokens = tokens + self.layer("fc2", self.fire("fc2", self.function("act", net.act, hidden)))
        return self.layer("head", self.fire("head", tokens.mean(1)))


def test_attention_is_counted_as_record_counts_a_network_written_by_hand():
    net, x = randomise(Attention(8, 12, 2, 5, 4, 2)), images(3)
    with torch.no_grad():
        net.q.weight[torch.rand(8, 8, generator=torch.Generator().manual_seed(1)) < 0.5] = 0
    model = convert(net, "dcgs", images(20, 2))
    steps = model.network.program.steps
    hand = ByHand(net, {steps[place].name: one for place, one in model.network.neurons.items()}).eval()
    before = np.zeros(8, np.int64)
    trace = model.simulate(x, STEPS)
    rows = {name: trace.layers.index(name) for name in model.masks}
    for t in range(1, STEPS + 1):  # what a run of t steps adds to one of t - 1

        def run(module, batch, t=t):
            module.reset()
            module.forward(batch)
            return [module(batch) for _ in range(t)]

        seen = record(hand, x, steps=t, neurons={Neurons: "step"}, call=run)
        sops = {one.name.removeprefix("net."): one.operations for one in seen.projections}
        now = np.array([sops[name] for name in rows])
        assert {name: int(trace.sops[rows[name], t - 1]) for name in rows} == dict(
            zip(rows, (now - before).tolist(), strict=True)
        )
        before = now
        for name, (a, b) in hand.pairs.items():
            wanted = (a @ b).sum() + (a @ torch.ones_like(b)).sum() + (torch.ones_like(a) @ b).sum()
            assert int(trace.sops[trace.layers.index(name), t - 1]) == int(wanted)
    hand.reset()
    with torch.no_grad():
        bias = hand.forward(x)
        outputs = torch.stack([hand(x) - bias for _ in range(STEPS)])
    times = torch.arange(1, STEPS + 1).reshape(-1, 1, 1)
    decoded = bias + (outputs / times).cumsum(0)
    found = np.cumsum(model.currents(x, STEPS), 0) / times.numpy()
    assert np.allclose(found, decoded, atol=1e-5)


class InPlaceOfReLU(torch.overrides.TorchFunctionMode):
    """Put neurons in place of every ReLU: the network itself is the witness."""

    def __init__(self, neurons):
        super().__init__()
        self.neurons = [Neurons(one) for one in neurons]

    def begin(self, zero):
        self.zero, self.place, self.spikes = zero, 0, []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if getattr(func, "__name__", "") not in ("relu", "relu_"):
            return func(*args, **(kwargs or {}))
        neurons = self.neurons[self.place]
        self.place += 1
        found = neurons.begin(args[0]) if self.zero else neurons(args[0])
        self.spikes.append(found)
        return found


CASES = {"mlp": (perceptron, (12,)), "residual": (residual, (2, 8, 8)), "mixed": (mixed, (2, 6, 6))}


@pytest.mark.parametrize("name", list(CASES))
def test_counts_are_those_of_a_walk_over_every_spike_and_link(name):
    make, shape = CASES[name]
    net = make()
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(2, *shape, generator=generator)
    model = convert(net, "dcgs", torch.randn(40, *shape, generator=generator))
    trace = model.simulate(x, STEPS)
    layers = {one: module for one, module in net.named_modules() if one in model.masks}
    read, rest = {}, {}
    for one, module in layers.items():
        module.register_forward_pre_hook(lambda _, given, one=one: read.__setitem__(one, given[0].clone()))
    witness = InPlaceOfReLU(model.network.neurons.values())
    with torch.no_grad(), witness:
        for t in range(STEPS + 1):
            witness.begin(t == 0)
            net(x if t == 1 else torch.zeros_like(x))
            if t == 0:
                rest = dict(read)
                continue
            counts = {
                one: walk(module, model.masks[one].toarray(), read[one] - rest[one])
                for one, module in layers.items()
            }
            total = (trace.sops + trace.macs)[:, t - 1]
            found = {one: int(total[row]) for row, one in enumerate(trace.layers) if one in layers}
            assert found == counts
            rows = [
                trace.populations.index(model.network.program.steps[p].name) for p in model.network.neurons
            ]
            fired = [int((one != 0).sum()) for one in witness.spikes]
            assert trace.spikes[rows, t - 1].tolist() == fired


def test_energy_of_a_network_that_shows_the_image_once():
    net = perceptron()
    trace = convert(net, "dcgs", torch.rand(30, 12)).simulate(torch.rand(5, 12), 6).trace
    table = energy_readings(trace)
    own = 4.6 * sum(links for links in (one.links for one in trace.projections))
    assert table["own_ann_pj"].to_numpy() == pytest.approx(own)
    exact = table[table["count"] == "exact"].set_index("reading")
    assert exact.macs["repeated"] == pytest.approx(6 * exact.macs["once"])
    assert exact.macs["once"] == pytest.approx(trace.macs / 5)
    by_step = energy_by_step(trace)
    last = by_step[by_step["steps"] == 6].reset_index(drop=True)
    assert last["energy_pj"].to_numpy() == pytest.approx(table["energy_pj"].to_numpy())


def test_own_ann_of_attention_holds_its_products_once():
    net = randomise(Attention(8, 12, 2, 5, 4, 2))
    trace = convert(net, "dcgs", images(20, 2)).simulate(images(2), 3).trace
    layers = 4 * (8 * 32) + 4 * (4 * 8 * 8) + 4 * 2 * 8 * 12 + 8 * 5  # tokens x weights, and the head
    products = 2 * (2 * 4 * 4 * 4)  # heads x tokens x tokens x depth, twice
    table = energy_readings(trace)
    assert table["own_ann_pj"].to_numpy() == pytest.approx(4.6 * (layers + products))
    by_step = energy_by_step(trace)
    last = by_step[by_step["steps"] == 3].reset_index(drop=True)
    for name in ("sops", "macs", "energy_pj"):
        assert last[name].to_numpy() == pytest.approx(table[name].to_numpy())
    assert trace.link_sparsity == 0.0


def test_neurons_that_encode_the_image_are_no_part_of_masfr():
    torch.manual_seed(3)
    net, x = nn.Sequential(nn.Linear(4, 5), nn.GELU(), nn.Linear(5, 3)).eval(), torch.rand(9, 4)
    model = convert(net, "dcgs", x)
    found = model.simulate(x, 6)
    assert len(found.encoders) == 1
    behind = np.array([name not in {"", *found.encoders} for name in found.populations])
    assert found.behind.tolist() == behind.tolist()
    assert 0 < behind.sum() < (found.units > 0).sum()
    spikes, neurons = found.spikes[behind].sum(0).cumsum(), found.units[behind].sum()
    assert np.allclose(found.running_rate, spikes / (np.arange(1, 7) * 9 * neurons))
    halves = model.simulate(x[:4], 6) + model.simulate(x[4:], 6)
    assert halves.encoders == found.encoders
    assert np.allclose(halves.running_rate, found.running_rate)
    assert not convert(net, "dcgs", x, encode_image=False).simulate(x, 6).encoders
