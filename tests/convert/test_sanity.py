"""The spec's sanity rows, masks, folding, calibration and diagnosis."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import prune

from netsci.convert import QCFS, SQCFS, convert
from netsci.convert.activations import inverse_softplus
from netsci.convert.building import make_program
from netsci.convert.devices import move_network
from netsci.convert.folding import fold_norms
from netsci.convert.neurons import Neuron, count_spikes, run_steps, start_state
from netsci.convert.stream import Network, run_network
from netsci.convert.thresholds import fold_thresholds
from netsci.sparse import SparseConv2d, SparseLinear
from tests.convert.networks import links, perceptron, residual, resnet, settle, vgg

METHODS = ["qcfs", "cs_qcfs", "snm"]


@pytest.mark.parametrize("levels", [1, 4, 8])
def test_one_qcfs_layer_at_t_equal_to_levels_is_the_ann(levels):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(20, 30), QCFS(levels, 0.7), nn.Linear(30, 5)).eval()
    x = torch.randn(50, 20)
    model = convert(net, "qcfs", x)
    found = model.currents(x, levels).mean(0)
    assert np.abs(found - net(x).detach().numpy()).max() < 1e-6
    assert (model.to_ann()(x).detach() - net(x).detach()).abs().max() < 1e-6
    assert np.abs(model.currents(x, levels + 1).mean(0) - net(x).detach().numpy()).max() > 1e-6


@pytest.mark.parametrize("make", [vgg, residual])
def test_equal_channel_thresholds_are_qcfs_bit_for_bit(make):
    net = make()
    x = torch.rand(6, 2, 8, 8)
    one, other = (convert(net, method, x, theta=0.5) for method in ("qcfs", "cs_qcfs"))
    assert np.array_equal(one.currents(x, 9), other.currents(x, 9))
    assert "channel" in set(other.thresholds.per)
    assert np.array_equal(one.simulate(x, 9).sops, other.simulate(x, 9).sops)


@pytest.mark.parametrize("method", METHODS)
def test_the_mean_error_of_the_logits_falls_with_t(method):
    net = perceptron((20, 40, 30, 5), seed=2)
    x = torch.rand(200, 20)
    model = convert(net, method, x, **({} if method == "snm" else {"theta": "max"}))
    assert torch.allclose(model.to_ann()(x), net(x), atol=1e-5)
    wanted = net(x).detach().numpy()
    wanted = np.maximum(wanted, 0) if method == "snm" else wanted
    outputs = np.cumsum(model.currents(x, 256), 0)
    errors = [np.abs(outputs[t - 1] / t - wanted).mean() for t in (4, 16, 64, 256)]
    assert errors[0] > errors[1] > errors[2] > errors[3]
    assert errors[3] < 0.1 * errors[0]


@pytest.mark.parametrize("kind", ["if", "snm"])
@given(seed=st.integers(0, 10**6), steps=st.integers(1, 40))
@settings(max_examples=20, deadline=None)
def test_closed_form_is_the_simulation(kind, seed, steps):
    generator = torch.Generator().manual_seed(seed)
    current = torch.randn(30, generator=generator) * 2
    neuron = Neuron("a", kind, torch.rand(30, generator=generator))
    spikes = run_steps(neuron, current.expand(steps, -1).contiguous(), start_state(neuron, (30,)))
    shares = (neuron.start + torch.arange(1, steps + 1)[:, None] * (current / neuron.theta).double()) % 1
    clear = torch.minimum(shares, 1 - shares).amin(0) > 1e-4
    counts = count_spikes(neuron, current, steps)
    assert np.array_equal(spikes.sum(0)[clear], counts[clear])
    assert clear.float().mean() > 0.5


def draw_network(rng, seed, convolves):
    """A random network: sparse and dense layers, zeros at links, normalisations with gamma 0 and below."""
    torch.manual_seed(seed)
    if convolves:
        first = SparseConv2d(links(rng, 9, 4), 3, padding=1, bias=bool(rng.integers(2)))
        second = nn.Conv2d(4, 6, 3, stride=2, bias=bool(rng.integers(2)))
        second.weight.data *= torch.from_numpy(links(rng, 36, 6).T.reshape(6, 4, 3, 3))
        modules = [first, nn.BatchNorm2d(4), nn.ReLU(), second, nn.BatchNorm2d(6), nn.ReLU(), nn.Flatten()]
        modules.append(SparseLinear(links(rng, 24, 3)))
        shape = (1, 5, 5)
    else:
        first, second = SparseLinear(links(rng, 6, 8)), nn.Linear(8, 5)
        second.weight.data *= torch.from_numpy(links(rng, 8, 5).T)
        modules = [first, nn.BatchNorm1d(8), nn.ReLU(), second, nn.BatchNorm1d(5), nn.ReLU()]
        modules.append(SparseLinear(links(rng, 5, 3)))
        shape = (6,)
    first.values.data[rng.integers(len(first.values))] = 0.0
    net = settle(nn.Sequential(*modules), shape)
    net[1].weight.data[:2] = torch.tensor([0.0, -0.7])
    return net, shape


def test_folding_keeps_links_and_signs_where_gamma_is_0_or_below():
    net, shape = draw_network(np.random.default_rng(1), 1, True)
    x = torch.rand(20, *shape)
    program = make_program(net, x)
    folded = fold_norms(program)
    assert torch.allclose(folded.run(x), net(x), atol=1e-5)
    old, new = program.steps[1].layer, folded.steps[1].layer
    assert (old.links != new.links).nnz == 0
    columns = old.links.indices
    assert bool((new.module.values[columns == 0] == 0).all())
    one = columns == 1
    assert torch.equal(new.module.values[one].sign(), -old.module.values[one].sign())
    model = convert(net, "qcfs", x, theta="max")
    assert model.masks["0"].nnz == net[0].n_links


def test_prune_masks_count_as_links():
    net = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)).eval()
    prune.random_unstructured(net[0], "weight", amount=0.5)
    net[0].weight_orig.data[net[0].weight_mask.bool()] *= 0
    model = convert(net, "qcfs", torch.rand(9, 6), theta=1.0)
    assert np.array_equal(model.masks["0"].toarray(), net[0].weight_mask.T.bool().numpy())
    assert model.simulate(torch.ones(2, 6), 3).macs[0].tolist() == [30, 30, 30]


@pytest.mark.parametrize("method", [*METHODS, "aec", "dcgs"])
@pytest.mark.parametrize("sizes", [[100], [1] * 100, [37, 63], [99, 1]])
def test_batches_of_any_size_give_the_same_thresholds(method, sizes):
    net = perceptron()
    x = torch.rand(300, 12)
    batches = (
        list(torch.split(x, 3 * sizes[0])) if len(sizes) == 1 else torch.split(x, [3 * n for n in sizes])
    )
    one = convert(net, method, x).thresholds
    assert one.equals(convert(net, method, [(batch, None) for batch in batches]).thresholds)
    assert one.equals(convert(net, method, iter(batches)).thresholds)
    assert one.equals(convert(net, method, x.numpy()).thresholds)


def test_statistics_of_calibration():
    net, x = perceptron(), torch.rand(400, 12)
    activations = torch.relu(net.layers[0](x)).detach().double().numpy()
    starts = {"p999": np.quantile(activations, 0.999), "max": activations.max(), 2.5: 2.5}
    starts["twice_mean"] = 2 * activations[activations > 0].mean()
    for theta, wanted in starts.items():
        table = convert(net, "qcfs", x, theta=theta).thresholds
        assert table.threshold[0] == pytest.approx(wanted, rel=1e-6)
        assert table.per.tolist() == ["layer", "layer"]
    table = convert(net, "snm", x).thresholds
    own = table[table.layer == "activations.0"]
    assert np.allclose(own.threshold, activations.max(0))
    assert own.unit.tolist() == list(range(16))


@pytest.mark.parametrize("make", [perceptron, vgg])
def test_fold_of_thresholds_gives_the_same_spikes(make):
    net = make()
    shape = (12,) if make is perceptron else (2, 8, 8)
    model = convert(net, "cs_qcfs", torch.rand(20, *shape))
    x = torch.rand(5, *shape)
    neurons = {
        place: replace(one, theta=one.theta * (0.5 + torch.rand(one.theta.shape)))
        for place, one in model.network.neurons.items()
    }
    network = Network(model.network.program, neurons)
    folded = fold_thresholds(network)
    assert all(one.theta.tolist() == 1.0 for one in folded.neurons.values())
    assert torch.allclose(run_network(folded, x, 12), run_network(network, x, 12), atol=1e-4)
    for old, new in zip(network.program.steps, folded.program.steps, strict=True):
        if old.layer is not None:
            assert (old.layer.links != new.layer.links).nnz == 0


class Averaged(nn.Module):
    """A padded pool, a convolution or not behind it, or a mean over channels; then a read-out."""

    def __init__(self, kind):
        super().__init__()
        torch.manual_seed(5)
        self.conv, self.kind = nn.Conv2d(1, 4, 3), kind
        self.pool = nn.AvgPool2d(3, stride=2, padding=1)
        self.more = nn.Conv2d(4, 4, 1)
        self.fc = nn.Linear(36, 3)

    def forward(self, x):
        x = torch.relu(self.conv(x))
        if self.kind == "channels":
            return self.fc(x.mean(1).flatten(1))
        x = self.pool(x)
        return self.fc((torch.relu(self.more(x)) if self.kind == "convolution" else x).flatten(1))


@pytest.mark.parametrize("kind", ["padded", "convolution", "channels"])
def test_fold_of_thresholds_goes_through_averages(kind):
    x = 3 * torch.rand(6, 1, 8, 8)
    network = convert(Averaged(kind).eval(), "qcfs", x, theta=0.7).network
    folded = fold_thresholds(network)
    found, wanted = run_network(folded, x, 8), run_network(network, x, 8)
    assert torch.allclose(found, wanted, atol=1e-5)
    assert not torch.allclose(wanted[0], wanted[-1], atol=1e-3)


def test_fold_of_thresholds_keeps_channels_apart_in_a_pool_and_refuses_to_mix_them():
    x = 3 * torch.rand(6, 1, 8, 8)
    for kind in ("padded", "channels"):
        network = convert(Averaged(kind).eval(), "qcfs", x, theta=0.7).network
        (place, one), *_ = network.neurons.items()
        theta = torch.tensor([0.7, 0.7, 0.7, 0.701])[:, None, None]  # one is a seven hundredth off
        network = Network(network.program, {**network.neurons, place: replace(one, theta=theta)})
        if kind == "channels":
            with pytest.raises(ValueError, match="averages units whose thresholds differ"):
                fold_thresholds(network)
        else:
            found, wanted = run_network(fold_thresholds(network), x, 8), run_network(network, x, 8)
            assert torch.allclose(found, wanted, atol=1e-5)


def test_fold_of_thresholds_refuses_a_residual_sum():
    with pytest.raises(ValueError, match="mixes spikes with other numbers"):
        fold_thresholds(convert(residual(), "qcfs", torch.rand(9, 2, 8, 8)).network)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_diagnosis_names_the_layer_whose_thresholds_are_wrong(place):
    net = perceptron((20, 40, 40, 40, 5), density=0.4)
    x = torch.rand(60, 20)
    model = convert(net, "qcfs", x, theta="max")
    assert model.diagnose(x, 64).own_error.max() < 0.2
    key = list(model.network.neurons)[place]
    wrong = replace(model.network.neurons[key], theta=model.network.neurons[key].theta / 100)
    network = Network(model.network.program, {**model.network.neurons, key: wrong})
    table = replace(model, network=network).diagnose(x, 64)
    assert table.layer[0] == wrong.name
    assert table.own_error[0] > 2 * table.own_error[1]
    assert table.clipped[0] > 0.1
    assert table.set_index("layer").saturated[wrong.name] > 0.1


def test_the_answer_is_the_lowest_of_equal_classes():
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 6)).eval()
    model = convert(net, "snm", torch.rand(10, 3), theta=[np.full(4, 1e9), np.full(6, 1e9)])
    assert (model.predict(torch.rand(5, 3), 3) == 0).all()


@pytest.mark.parametrize("method", [*METHODS, "aec", "dcgs"])
def test_a_network_on_another_device_does_the_same(method):
    """No CUDA device is needed for the copy; the loops that run there are `run_plainly`, tested beside."""
    network = convert(residual(), method, torch.rand(9, 2, 8, 8)).network
    x = torch.rand(4, 2, 8, 8)
    moved = move_network(network, "cpu")
    assert torch.equal(run_network(moved, x, 6), run_network(network, x, 6))
    layers = [network.program.steps[place].layer.module for place in network.program.of_kind("layer")]
    own = [moved.program.steps[place].layer.module for place in network.program.of_kind("layer")]
    assert all(one is not other for one, other in zip(layers, own, strict=True))


def test_softplus_thresholds():
    assert inverse_softplus(50.0) == 50.0
    for theta in (1e-3, 0.5, 8.0, 40.0):
        assert float(SQCFS(4, theta).theta.detach()) == pytest.approx(theta, rel=1e-5)
    one = SQCFS(4, 2.0)
    one(torch.linspace(-1, 3, 40)).sum().backward()
    other = QCFS(4, float(one.theta.detach()))
    other(torch.linspace(-1, 3, 40)).sum().backward()
    slope = torch.sigmoid(one.lam.detach())
    assert one.lam.grad.item() == pytest.approx(float(other.theta.grad * slope), rel=1e-5)
    assert torch.equal(one.split_channels(3).theta, one.theta.expand(3))


@pytest.mark.parametrize("make", [perceptron, residual, vgg, resnet])
def test_the_ann_is_that_of_the_conversion(make):
    net = make()
    x = torch.rand(7, *((12,) if make is perceptron else (2, 8, 8)))
    model = convert(net, "qcfs", x)
    assert torch.allclose(model.to_ann()(x), net(x), atol=1e-4)
    quantised = convert(net, "qcfs", x, levels=4).to_ann()
    assert any(isinstance(one, QCFS) for one in quantised.modules())
    assert not torch.allclose(quantised(x), net(x), atol=1e-6)
