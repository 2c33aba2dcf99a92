"""AEC networks: what they say is the walk of each neuron, what they count every spike and every link."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from netsci.convert import QCFS, Unconvertible, convert
from netsci.convert.aec import AEC, NEVER
from netsci.measure import energy_readings
from netsci.sparse import SparseConv2d, SparseLinear
from tests.convert.networks import links, perceptron, residual, settle, walk
from tests.convert.test_aec import walk as walk_code


class Pooled(nn.Module):
    """A convolution with padding and stride, an average pool that a layer reads, a sum that one reads."""

    def __init__(self):
        super().__init__()
        rng = np.random.default_rng(2)
        self.conv = SparseConv2d(links(rng, 18, 4), 3, stride=2, padding=1, bias=True)
        self.bn = nn.BatchNorm2d(4)
        self.mid = SparseConv2d(links(rng, 36, 4), 3, padding=1)
        self.fc1, self.fc2 = SparseLinear(links(rng, 4, 6)), nn.Linear(6, 3)

    def forward(self, x):
        x = torch.relu(self.bn(self.conv(x)))
        y = functional.avg_pool2d(x + torch.relu(self.mid(x)), 2)
        return self.fc2(torch.relu(self.fc1(y.flatten(1))))


def pooled():
    torch.manual_seed(0)
    return settle(Pooled(), (2, 4, 4))


class ByWalking(torch.overrides.TorchFunctionMode):
    """Put the walk of each neuron over its thresholds in place of every ReLU."""

    def __init__(self, codes):
        super().__init__()
        self.codes, self.spikes = codes, []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if getattr(func, "__name__", "") != "relu":
            return func(*args, **(kwargs or {}))
        code = self.codes[len(self.spikes)]
        found = [walk_code(code, np.float32(u * code.scale.numpy())) for u in args[0].flatten().numpy()]
        times = [torch.tensor([one[i] for one in found]).reshape(args[0].shape) for i in (0, 1)]
        values = [
            torch.where(t == NEVER, 0.0, table[t.clamp(min=0)] / code.scale)
            for t, table in zip(times, code.thresholds(), strict=True)
        ]
        self.spikes.append((times, values))
        return values[0] + values[1]


class AtOnce(torch.overrides.TorchFunctionMode):
    """Put given spikes in place of every ReLU."""

    def __init__(self, spikes):
        super().__init__()
        self.waiting = list(spikes)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if getattr(func, "__name__", "") == "relu":
            return self.waiting.pop(0)
        return func(*args, **(kwargs or {}))


def count(net, model, x, merged):
    """Outputs, operations by layer and spikes by population: one neuron, one time and one link at a time."""
    layers = {name: one for name, one in net.named_modules() if name in model.masks}
    read = {}
    hooks = [
        one.register_forward_pre_hook(lambda _, given, name=name: read.__setitem__(name, given[0].clone()))
        for name, one in layers.items()
    ]
    codes = list(model.network.neurons.values())
    operations = dict.fromkeys(layers, 0)
    with torch.no_grad():
        with ByWalking(codes) as walked:
            out = net(x)
        first = next(iter(layers))
        operations[first] = walk(layers[first], model.masks[first].toarray(), read[first])
        window = model.network.window

        def add(spikes, names):
            with AtOnce(spikes):
                net(x)
            for name in names:
                operations[name] += walk(layers[name], model.masks[name].toarray(), read[name])

        for t in range(window + 1):
            alone = [[torch.where(ts[i] == t, vs[i], 0.0) for ts, vs in walked.spikes] for i in (0, 1)]
            for spikes in alone:
                add(spikes, [name for name in layers if name not in (first, *merged)])
            add([a + b for a, b in zip(*alone, strict=True)], merged)
    for hook in hooks:
        hook.remove()
    fired = [sum(int((t != NEVER).sum()) for t in times) for times, _ in walked.spikes]
    return out, operations, fired


CASES = {"mlp": (perceptron, (12,), []), "pooled": (pooled, (2, 4, 4), ["fc1"])}


@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.parametrize("window", [1, 4])
def test_counts_are_those_of_a_walk_over_every_spike_and_link(name, window):
    make, shape, merged = CASES[name]
    net = make()
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(2, *shape, generator=generator)
    model = convert(net, "aec", torch.randn(40, *shape, generator=generator), window=window)
    out, operations, fired = count(net, model, x, merged)
    trace = model.simulate(x)
    assert np.allclose(model.currents(x)[0], out, atol=1e-5)
    found = dict(zip(trace.layers, (trace.sops + trace.macs)[:, 0].tolist(), strict=True))
    assert found == operations
    assert [int(row[0]) for row, one in zip(trace.spikes, trace.populations, strict=True) if one] == fired
    assert sum(fired) > 0
    assert trace.macs.any(axis=1).tolist() == [True] + [False] * (len(operations) - 1)
    hidden = trace.units[trace.units > 0]
    assert (trace.spikes[trace.units > 0, 0] <= 2 * 2 * hidden).all()


def test_one_pass_of_the_image_is_all_that_is_multiplied():
    net = perceptron()
    trace = convert(net, "aec", torch.rand(30, 12)).simulate(torch.rand(5, 12))
    table = energy_readings(trace.trace)
    assert table.groupby("count")["energy_pj"].nunique().eq(1).all()
    own = 4.6 * sum(layer.n_links for layer in net.modules() if isinstance(layer, SparseLinear))
    assert table["own_ann_pj"].to_numpy() == pytest.approx(own)


def test_t_is_a_window_and_no_number_of_steps():
    net, x = perceptron(), torch.rand(9, 12)
    with pytest.raises(TypeError, match=r"aec takes no steps: its T is a window.* write window=16"):
        convert(net, "aec", x, steps=16)
    model = convert(net, "aec", x, window=16)
    for call in (model.simulate, model.predict, model.currents, model.diagnose):
        with pytest.raises(ValueError, match=r"steps must be left out: T of aec is a window.*window=16"):
            call(x, 4)
    assert model.steps == 1
    assert "T is a window" in model.notes[0]
    assert model.predict(x).shape == (1, 9)


def test_a_longer_window_says_more():
    net, x = perceptron((20, 40, 30, 5), seed=2), torch.rand(200, 20)
    wanted = net(x).detach().numpy()
    start = ((1.0, 0.0, 0.2), (0.3, 0.0, 0.2))
    errors = [
        np.abs(convert(net, "aec", x, window=window, start=start).currents(x)[0] - wanted).mean()
        for window in (1, 4, 16, 64)
    ]
    assert errors[0] > errors[1] > errors[2]
    assert errors[3] < 0.3 * errors[0]


def test_trained_codes_are_taken_as_they_are():
    torch.manual_seed(1)
    code = AEC(5, "cifar100")
    code.fit_scale(torch.tensor([2.0]))
    net = nn.Sequential(nn.Linear(6, 8), code, nn.Linear(8, 3)).eval()
    x = torch.randn(9, 6)
    model = convert(net, "aec", x)
    assert np.allclose(model.currents(x)[0], net(x).detach(), atol=1e-6)
    assert torch.equal(model.to_ann()(x), net(x))
    assert model.network.window == 5
    assert model.thresholds.threshold.tolist() == pytest.approx([2.0])
    with pytest.raises(ValueError, match="window: options of ReLUs"):
        convert(net, "aec", x, window=8)
    with pytest.raises(Unconvertible, match="'1' is a code of spike times: take aec"):
        convert(net, "qcfs", x)
    with pytest.raises(Unconvertible, match="'1' is quantised: take qcfs or cs_qcfs"):
        convert(nn.Sequential(nn.Linear(6, 8), QCFS(4), nn.Linear(8, 3)).eval(), "aec", x)
    two = nn.Sequential(nn.Linear(6, 8), AEC(5), nn.Linear(8, 8), AEC(6), nn.Linear(8, 3)).eval()
    with pytest.raises(Unconvertible, match=r"the windows \[5, 6\]"):
        convert(two, "aec", x)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"window": 0}, ValueError, "window must be at least 1"),
        ({"window": True}, TypeError, "window must be a whole number"),
        ({"start": "mnist"}, ValueError, "start must be one of cifar10, cifar100"),
        ({"compat": 1}, TypeError, "compat must be True or False"),
        ({"levels": 4}, TypeError, r"aec takes the options window, start, compat"),
    ],
)
def test_bad_options(options, error, words):
    with pytest.raises(error, match=words):
        convert(perceptron(), "aec", torch.rand(9, 12), **options)


def test_a_layer_that_nothing_activates_is_silent():
    net = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)).eval()
    net[0].bias.data[:] = -1e3
    model = convert(net, "aec", torch.rand(9, 4))
    assert model.simulate(torch.rand(9, 4)).spikes.sum() == 0


def test_compat_is_another_code():
    net, x = residual(), torch.rand(20, 2, 8, 8)
    one, other = (convert(net, "aec", x, window=2, compat=compat).currents(x) for compat in (False, True))
    assert not np.array_equal(one, other)
