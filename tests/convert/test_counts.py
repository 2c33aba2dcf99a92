"""What simulate counts is what a slow walk over every spike and every link counts, step by step."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from netsci.convert import convert
from netsci.convert.conversion import check_masks
from netsci.measure import energy_by_step, energy_readings, energy_table
from netsci.sparse import SparseLinear
from netsci.spiking import record
from tests.convert.networks import StepByStep, mixed, perceptron, residual, resnet, vgg, walk

STEPS = 4


CASES = {
    "mlp": (perceptron, (12,)),
    "mlp with norms": (lambda: perceptron(norm="batch"), (12,)),
    "residual": (residual, (2, 8, 8)),
    "vgg": (vgg, (2, 8, 8)),
    "resnet": (resnet, (2, 8, 8)),
    "mixed": (mixed, (2, 6, 6)),
}


@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.parametrize("method", ["qcfs", "cs_qcfs", "snm"])
def test_counts_are_those_of_a_walk_over_every_spike_and_link(name, method):
    make, shape = CASES[name]
    net = make()
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(2, *shape, generator=generator)
    model = convert(net, method, torch.randn(40, *shape, generator=generator))
    found = model.simulate(x, STEPS)
    witness = StepByStep(net, model, "snm" if method == "snm" else "if")
    outputs = witness.run(x, STEPS)
    assert np.allclose(model.currents(x, STEPS), outputs.reshape(STEPS, 2, -1), atol=1e-5)
    layers = dict(net.named_modules())
    for row, (layer, population) in enumerate(zip(found.layers, found.populations, strict=True)):
        if layer not in layers or layer == population:
            assert not found.sops[row].any()
            fired = torch.stack(witness.spikes[population])
            assert found.spikes[row].tolist() == (fired != 0).flatten(1).sum(1).tolist()
            continue
        read = witness.inputs[layer]
        mask = model.masks[layer].toarray()
        counts = [walk(layers[layer], mask, one) for one in read]
        assert (found.sops[row] + found.macs[row]).tolist() == counts, layer
        assert bool(found.macs[row].any()) == (row == 0 and name != "mixed")
        if population:
            spikes = torch.stack(witness.spikes[population])
            assert found.spikes[row].tolist() == (spikes != 0).flatten(1).sum(1).tolist()
            assert found.units[row] == spikes[0, 0].numel()
            fired = (spikes != 0).sum((0, 1)).flatten()
            assert found.events_by_unit[population].tolist() == fired.tolist()
    hidden = {one.name for one in model.network.neurons.values()}
    assert {one for one in found.populations if one} == hidden


class Twice(torch.nn.Module):
    """Spikes added to themselves."""

    def __init__(self, how):
        super().__init__()
        torch.manual_seed(8)
        self.a, self.b, self.how = nn.Linear(4, 5), nn.Linear(5, 3), how

    def forward(self, x):
        return self.b(self.how(torch.relu(self.a(x))))


@pytest.mark.parametrize("method", ["qcfs", "snm", "aec", "dcgs"])
def test_spikes_added_to_themselves_stay_events(method):
    x = torch.rand(9, 4)
    found = [
        convert(Twice(how).eval(), method, x).simulate(x)
        for how in (lambda h: h + h, lambda h: 2 * h, lambda h: torch.add(h, h))
    ]
    row = found[0].layers.index("b")
    assert found[0].sops[row].any()
    for one in found:
        assert not one.macs[row].any()
    assert np.array_equal(found[0].sops[row], found[2].sops[row])
    if method != "aec":  # where a sum is one event at a time, and a neuron may say two
        assert np.array_equal(found[0].sops[row], found[1].sops[row])


class Stateful(torch.nn.Module):
    """A soft-reset neuron as a user writes one, for `record`."""

    def __init__(self, theta):
        super().__init__()
        self.theta, self.v = theta, None

    def forward(self, current):
        self.v = (self.theta / 2 if self.v is None else self.v) + current
        spikes = (self.v >= self.theta).float() * self.theta
        self.v = self.v - spikes
        return spikes

    def reset(self):
        self.v = None


def test_record_through_hooks_counts_the_same():
    net = perceptron()
    x = torch.rand(6, 12)
    model = convert(net, "qcfs", torch.rand(50, 12))
    found = model.simulate(x, STEPS)
    for place, theta in enumerate(model.thresholds.threshold):
        net.activations[place] = Stateful(torch.tensor(theta, dtype=torch.float32))
    trace = record(
        net, x, steps=STEPS, neurons={Stateful: "step"}, call=lambda m, b: [m(b) for _ in range(STEPS)]
    )
    assert {one.name: one.sops for one in trace.projections} == {
        name: int(row.sum()) for name, row in zip(found.layers, found.sops, strict=True)
    }
    assert trace.macs == int(found.macs.sum())
    ours = {one.name: one for one in found.trace.projections}
    for one in trace.projections:
        assert one.events.tolist() == ours[one.name].events.tolist()
        assert one.fan_out.tolist() == ours[one.name].fan_out.tolist()
        same = ("links", "dense_links", "dense_operations", "applications")
        assert [getattr(one, name) for name in same] == [getattr(ours[one.name], name) for name in same]
    assert energy_table(found.trace, pj_per_sop=0.9).value.sum() > 0


def test_record_counts_convolutions_the_same_step_by_step():
    """Padding, stride, residual sums with shortcuts, average pooling; each step is a longer run less one."""
    net, x = resnet(), torch.randn(2, 2, 8, 8, generator=torch.Generator().manual_seed(3))
    model = convert(net, "qcfs", torch.randn(40, 2, 8, 8, generator=torch.Generator().manual_seed(4)))
    found = model.simulate(x, STEPS)
    for name, theta in zip(model.thresholds.layer, model.thresholds.threshold, strict=True):
        net.set_submodule(name, Stateful(torch.tensor(theta, dtype=torch.float32)))
    before = dict.fromkeys(found.layers, 0)
    for t in range(1, STEPS + 1):
        trace = record(
            net, x, steps=t, neurons={Stateful: "step"}, call=lambda m, b, t=t: [m(b) for _ in range(t)]
        )
        now = {one.name: one.operations for one in trace.projections}
        column = (found.sops + found.macs)[:, t - 1].tolist()
        wanted = {name: now[name] - before[name] for name in found.layers}
        assert dict(zip(found.layers, column, strict=True)) == wanted
        before = now


def test_the_trace_holds_the_same_totals():
    found = convert(residual(), "qcfs", torch.randn(30, 2, 8, 8)).simulate(torch.randn(4, 2, 8, 8), 7)
    assert found.trace.sops == int(found.sops.sum())
    assert found.trace.macs == int(found.macs.sum())
    assert found.trace.spikes == int(found.spikes.sum())
    assert found.running_rate[-1] == pytest.approx(found.spikes.sum() / (7 * 4 * found.units.sum()))


@pytest.mark.parametrize("steps", [1, 2, 7, 64])
@pytest.mark.parametrize("make", [perceptron, residual])
def test_a_cut_run_is_a_short_run_and_two_halves_add_up(make, steps):
    net = make()
    shape = (12,) if make is perceptron else (2, 8, 8)
    model = convert(net, "qcfs", torch.rand(20, *shape))
    x, labels = torch.rand(10, *shape), np.arange(10) % 3
    whole, short = model.simulate(x, 64, labels), model.simulate(x, steps, labels)
    halves = [model.simulate(x[part], 64, labels[part]) for part in (slice(5), slice(5, None))]
    for name in ("spikes", "sops", "macs", "correct", "answers_changed"):
        every = getattr(whole, name)
        assert np.array_equal(every[..., :steps], getattr(short, name)), name
        assert np.array_equal(every, sum(getattr(half, name) for half in halves)), name
    answers = model.predict(x, 64)
    assert np.array_equal((answers == labels).sum(1), whole.correct)
    assert np.array_equal(answers[-1] == labels, whole.right)
    both = halves[0] + halves[1]
    for name in ("images", "spikes", "sops", "macs", "correct", "answers_changed", "right"):
        assert np.array_equal(getattr(both, name), getattr(whole, name)), name
    assert energy_by_step(both.trace).equals(energy_by_step(whole.trace))
    assert all(np.array_equal(one, both.events_by_unit[name]) for name, one in whole.events_by_unit.items())
    assert np.array_equal((answers[1:] != answers[:-1]).sum(1), whole.answers_changed[1:])


def test_only_traces_of_one_network_and_one_t_add_up():
    model = convert(perceptron(), "qcfs", torch.rand(20, 12))
    x, labels = torch.rand(4, 12), np.arange(4)
    one = model.simulate(x, 3, labels)
    with pytest.raises(ValueError, match="one network and one T: their steps are 3 and 4"):
        one + model.simulate(x, 4, labels)
    with pytest.raises(ValueError, match="correct must be known of both"):
        one + model.simulate(x, 3)
    with pytest.raises(ValueError, match="their layers"):
        one + convert(residual(), "qcfs", torch.rand(20, 2, 8, 8)).simulate(torch.rand(2, 2, 8, 8), 3, [0, 1])
    with pytest.raises(TypeError):
        one + 1
    assert (model.simulate(x, 3) + model.simulate(x, 3)).right is None


class Tokens(nn.Module):
    """A layer whose outputs are four tokens, and a layer that reads each of them."""

    def __init__(self):
        super().__init__()
        self.spread, self.read = nn.Linear(10, 24), nn.Linear(6, 3)

    def forward(self, x):
        return self.read(torch.relu(self.spread(x).reshape(-1, 4, 6))).mean(1)


def test_energy_of_a_network_with_tokens_beside_its_own_ann():
    """Its ANN multiplies 10 x 24 weights once and 6 x 3 weights for each of four tokens."""
    torch.manual_seed(1)
    model = convert(Tokens().eval(), "qcfs", torch.rand(8, 10), theta=0.5)
    found = model.simulate(torch.rand(5, 10), 6)
    table = energy_readings(found.trace)
    assert table["own_ann_pj"].to_numpy() == pytest.approx(4.6 * (240 + 4 * 18))
    steps = energy_by_step(found.trace)
    last = steps[steps["steps"] == 6].reset_index(drop=True)
    for name in ("sops", "macs", "energy_pj"):
        assert last[name].to_numpy() == pytest.approx(table[name].to_numpy())
    exact = steps[(steps["count"] == "exact") & (steps["reading"] == "once")]
    assert exact["sops"].to_numpy() == pytest.approx(np.cumsum(found.sops.sum(axis=0)) / 5)


def test_a_sparse_layer_with_other_links_is_found_after_a_conversion():
    sparse = SparseLinear([[1, 0], [1, 1], [0, 1]])
    model = convert(
        nn.Sequential(sparse, nn.ReLU(), nn.Linear(2, 2)).eval(), "qcfs", torch.rand(4, 3), theta=1.0
    )
    program, place = model.network.program, model.network.program.of_kind("layer")[0]
    step = program.steps[place]
    other = replace(step, layer=replace(step.layer, module=SparseLinear([[0, 1], [1, 1], [0, 1]])))
    steps = tuple(other if number == place else one for number, one in enumerate(program.steps))
    network = replace(model.network, program=replace(program, steps=steps))
    check_masks(program, model.masks, model.network)
    with pytest.raises(RuntimeError, match="changed the links"):
        check_masks(program, model.masks, network)


def test_the_linked_estimate_behind_a_stride_is_that_of_the_smaller_network():
    """A channel without links goes; pixels of the others that no kernel reads stay in the mean rate."""
    torch.manual_seed(0)
    whole = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 4, 1, stride=2), nn.ReLU(), nn.Flatten(),
        nn.Linear(16, 2),
    ).eval()  # fmt: skip
    small = copy.deepcopy(whole)
    kept = torch.tensor([0, 2])
    small[0], small[2] = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 4, 1, stride=2)
    with torch.no_grad():
        small[0].weight.copy_(whole[0].weight[kept])
        small[0].bias.copy_(whole[0].bias[kept])
        small[2].weight.copy_(whole[2].weight[:, kept])
        small[2].bias.copy_(whole[2].bias)
        whole[0].bias[1] = 1.0  # the channel that goes fires
    mask = torch.ones_like(whole[2].weight)
    mask[:, 1] = 0
    prune.custom_from_mask(whole[2], "weight", mask)
    x = torch.rand(5, 1, 4, 4)
    models = [convert(net.eval(), "qcfs", x, theta=0.5) for net in (whole, small)]
    masked, alone = (model.simulate(x, 6).trace.projections[1] for model in models)
    assert masked.linked.tolist() == [True] * 16 + [False] * 16 + [True] * 16
    assert 0 < (masked.fan_out > 0).sum() < masked.linked.sum()
    assert masked.operations == alone.operations > 0
    assert masked.linked_estimate == pytest.approx(alone.estimated_operations)
    assert masked.estimated_operations != pytest.approx(alone.estimated_operations)
