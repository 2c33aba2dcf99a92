"""What holds for every method: links stay, the ANN stays, time streams, percolated neurons are known."""

import weakref

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from netsci.convert import METHODS, convert
from netsci.convert.devices import exact_products
from netsci.convert.graded import ROOM as ROOM_OF_STEPS
from netsci.convert.layers import find_links
from netsci.convert.windows import ROOM
from netsci.graph import live_units
from netsci.measure import energy_readings, rate_table
from netsci.models import vit
from netsci.sparse import SparseConv2d, SparseLinear
from netsci.sparse.graph import find_graph
from tests.convert.graded_networks import Attention, images, randomise
from tests.convert.networks import links, mixed, perceptron, settle, vgg
from tests.convert.test_sanity import draw_network

ALL = ["qcfs", "cs_qcfs", "snm", "aec", "dcgs"]
THETA = {"qcfs": {"theta": "max"}, "cs_qcfs": {"theta": "max"}}


class Sum(nn.Module):
    """A residual sum of a sparse layer and its input, and two branches side by side."""

    def __init__(self, rng):
        super().__init__()
        self.one, self.two = SparseLinear(links(rng, 6, 6)), nn.Linear(6, 6)
        self.out = SparseLinear(links(rng, 12, 3))

    def forward(self, x):
        y = functional.relu(self.one(x) + x)
        return self.out(torch.cat([y, torch.relu(self.two(y) + y)], 1))


def draw(seed, kind):
    """A random network, its input's shape, and the methods that take it."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    if kind == "attention":
        net = vit((1, 4, 4), 3, patch=2, width=4, depth=1, heads=2, links=_vit_links(rng)).eval()
        return net, (1, 4, 4), ["dcgs"]
    if kind == "sum":
        return settle(Sum(rng), (6,)), (6,), ALL
    net, shape = draw_network(rng, seed, kind == "convolution")
    return net, shape, ALL


def _vit_links(rng):
    shapes = {"attn.qkv.q": (4, 4), "attn.proj": (4, 4), "mlp.fc1": (4, 16)}
    return {f"blocks.0.{name}": links(rng, *shape) for name, shape in shapes.items()}


@given(seed=st.integers(0, 10**6), kind=st.sampled_from(["chain", "convolution", "sum", "attention"]))
@settings(max_examples=200, deadline=None)
def test_links_and_the_network_are_the_same_after_every_conversion(seed, kind):
    net, shape, methods = draw(seed, kind)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    layers = {name: one for name, one in net.named_modules() if isinstance(one, LAYERS)}
    wanted = {name: find_links(one) for name, one in layers.items()}
    x = torch.rand(9, *shape)
    for method in methods:
        model = convert(net, method, x, **THETA.get(method, {}))
        assert set(model.masks) == set(wanted)
        assert all((model.masks[name] != own).nnz == 0 for name, own in wanted.items())
    after = net.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], value) for name, value in before.items())


LAYERS = (nn.Linear, nn.Conv2d, SparseLinear, SparseConv2d)


def test_all_methods_are_here():
    assert set(METHODS) == set(ALL)


@pytest.mark.parametrize("method", ALL)
def test_outputs_of_a_window_are_gone_when_the_next_one_comes(method, monkeypatch):
    net = perceptron()
    model = convert(net, method, torch.rand(20, 12))
    stream, seen = type(model.network).stream, []

    def watched(self, x, steps, see=None):
        for outputs in stream(self, x, steps, see):
            assert sum(one() is not None for one in seen) <= 1
            own = outputs.clone()
            seen.append(weakref.ref(own))
            yield own
            del own, outputs

    monkeypatch.setattr(type(model.network), "stream", watched)
    steps = None if method == "aec" else 70
    labels = torch.zeros(600, dtype=torch.int64)
    trace = model.simulate(torch.rand(600, 12), steps, labels)
    assert len(seen) >= 3
    assert trace.correct.max() <= 600


@pytest.mark.parametrize("method", ALL)
def test_images_of_any_dtype_and_in_parts_give_the_same(method):
    net = perceptron()
    model = convert(net, method, torch.rand(20, 12))
    x = torch.randint(0, 2, (300, 12))
    one, other = model.simulate(x), model.simulate(x.float())
    halves = [model.simulate(part.numpy()) for part in (x[:100], x[100:])]
    for name in ("spikes", "sops", "macs", "answers_changed"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
        assert np.array_equal(getattr(one, name), sum(getattr(half, name) for half in halves))


def test_how_many_images_run_together_counts_all_that_is_held():
    class Wide(nn.Module):
        def __init__(self, size):
            super().__init__()
            self.first, self.last = nn.Linear(4, 3), nn.Linear(3, 2)
            self.register_buffer("table", torch.rand(size))

        def forward(self, x):
            return self.last(torch.relu(self.first(x) + self.table.sum() * 0))

    few, many = (convert(Wide(n).eval(), "qcfs", torch.rand(9, 4), theta=1.0).network for n in (10, 2 * ROOM))
    assert few.images_at_once == many.images_at_once == 256
    large = nn.Sequential(nn.Flatten(), nn.Linear(4, 60_000), nn.ReLU(), nn.Linear(60_000, 2)).eval()
    found = {method: convert(large, method, torch.rand(3, 4)).network.images_at_once for method in ALL}
    assert all(1 <= n < 256 for n in found.values())
    assert 4 * 60_000 * found["dcgs"] <= ROOM_OF_STEPS


def test_products_of_a_device_are_exact_while_a_network_runs_and_settings_come_back():
    settings_now = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [one.allow_tf32 for one in settings_now]
    model = convert(perceptron(), "qcfs", torch.rand(9, 12))
    stream, seen = type(model.network).stream, []
    model.network.__dict__["stream"] = lambda *given: (
        seen.append([one.allow_tf32 for one in settings_now]) or stream(model.network, *given)
    )
    model.simulate(torch.rand(3, 12), 2)
    model.predict(torch.rand(3, 12), 2)
    model.currents(torch.rand(3, 12), 2)
    assert seen == [[False, False]] * 3
    assert [one.allow_tf32 for one in settings_now] == before
    with pytest.raises(ZeroDivisionError), exact_products():
        _ = 1 / 0
    assert [one.allow_tf32 for one in settings_now] == before


@pytest.mark.parametrize("make", [perceptron, vgg])
@pytest.mark.parametrize("method", ["qcfs", "snm", "aec", "dcgs"])
def test_live_neurons_are_those_of_the_graph(make, method):
    net = make(density=0.12) if make is perceptron else make()
    shape = (12,) if make is perceptron else (2, 8, 8)
    x = torch.rand(9, *shape)
    model = convert(net, method, x, **THETA.get(method, {}))
    live = model.live_units()
    graph = find_graph(model.to_ann(), torch.zeros(1, *shape))
    of_graph = list(live_units(graph).values())[1:]
    for name, flags in zip(live, of_graph, strict=False):
        place = next(p for p in model.network.neurons if model.network.program.steps[p].name == name)
        sample = model.network.program.steps[place].sample
        places = int(np.prod(sample[1:])) if len(sample) == 3 else 1
        assert live[name] == places * int(flags.sum())
    if make is perceptron:
        assert 0 < sum(live.values()) < sum(model.simulate(x, None).units)


def test_the_rate_without_percolated_neurons():
    net = perceptron(density=0.12)
    model = convert(net, "qcfs", torch.rand(30, 12))
    trace = model.simulate(torch.rand(20, 12), 6)
    table = rate_table(trace.trace, live_units=model.live_units())
    whole = table.iloc[-1]  # of all populations, at the last step
    live, every = sum(model.live_units().values()), int(trace.units.sum())
    assert live < every
    assert whole.live_running_mean == pytest.approx(whole.running_mean * every / live)


def test_live_neurons_of_attention_need_both_inputs_of_a_product():
    net = randomise(Attention(8, 12, 2, 5, 4, 2))
    with torch.no_grad():
        net.q.weight[0] = 0  # no link reaches the first unit of q, so its product says nothing
        net.fc2.weight[:, 3] = 0  # no link leaves the fourth hidden unit
    live = convert(net, "dcgs", images(9)).live_units()
    assert live["matmul.in1"] == live["matmul.in2"] == 4 * 7
    assert live["fc2.in"] == 4 * 11
    assert live["matmul:2.in2"] == 4 * 8


@pytest.mark.parametrize("method", ["qcfs", "aec", "dcgs"])
def test_every_layer_that_reads_the_image_is_held(method):
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two, self.out = nn.Linear(6, 5), nn.Linear(6, 5), nn.Linear(5, 2)

        def forward(self, x):
            return self.out(torch.relu(self.one(x) + self.two(x)))

    torch.manual_seed(0)
    model = convert(Branches().eval(), method, torch.rand(20, 6))
    steps = None if method == "aec" else 7
    trace = model.simulate(torch.rand(10, 6), steps)
    assert [one.from_input for one in trace.trace.projections] == [True, True, False]
    table = energy_readings(trace.trace).set_index(["count", "reading"])
    assert table.loc[("exact", "once"), "macs"] == pytest.approx(2 * 6 * 5)
    times = 1 if method == "aec" else 7
    assert table.loc[("exact", "repeated"), "macs"] == pytest.approx(times * 2 * 6 * 5)


@pytest.mark.parametrize("method", ["qcfs", "aec", "dcgs"])
def test_diagnosis_names_the_layer_that_is_wrong(method):
    net = perceptron((20, 40, 40, 40, 5), density=0.4)
    x = torch.rand(60, 20)
    model = convert(net, method, x, **({"window": 32} if method == "aec" else {}))
    place = list(model.network.neurons)[1]
    neuron = model.network.neurons[place]
    if method == "aec":
        neuron.scale.mul_(100)  # the largest value becomes a hundredth
    else:
        neuron.theta.div_(100)
    model.network.__dict__.pop("fused", None)
    table = model.diagnose(x, None if method == "aec" else 32)
    assert table.layer[0] == model.network.program.steps[place].name
    assert table.own_error[0] > 2 * table.own_error[1]
    assert table.clipped[0] > 0.1


def test_branches_of_mixed_run_by_every_method():
    net, x = mixed(), torch.rand(30, 2, 6, 6)
    wanted = net(x).detach().numpy()
    for method in ALL:
        given = {"aec": {"window": 32, "start": ((1.0, 0.0, 0.1), (0.2, 0.0, 0.1))}}.get(method, {})
        model = convert(net, method, x, **{**THETA.get(method, {}), **given})
        found = model.currents(x, None if method == "aec" else 64).mean(0)
        wanted_here = np.maximum(wanted, 0) if method == "snm" else wanted
        assert np.abs(found - wanted_here).mean() < 0.1 * np.abs(wanted).mean() + 0.05 * wanted.std(), method
