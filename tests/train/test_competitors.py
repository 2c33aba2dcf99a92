"""DPAP and SD-SNN as methods, and the resumption of both, of Deep R and of Grad R."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from netsci.models import mlp
from netsci.sparse import SparseLinear, sparse_layers
from netsci.spiking import LIF
from netsci.topology import development, plasticity
from netsci.topology.plasticity import Activity
from netsci.train import PRESETS, load_checkpoint, train
from netsci.train.command import use_method
from netsci.train.loop import CHECKPOINT
from netsci.train.methods.base import Step, Steps, method_of
from netsci.train.methods.dpap import Survival
from netsci.train.methods.sd_snn import Developing
from netsci.train.spike_traces import TraceWatch, last_trace

FC = PRESETS["digits-2fc"].replace(
    options=(("hidden", (24, 20)),), steps=3, epochs=6, batch=20, limit=50, test_limit=20, lr=0.02
)
CONV = PRESETS["mnist-2conv2fc"].replace(
    data="digits", steps=2, epochs=6, batch=20, limit=50, test_limit=20, lr=0.02
)
OPTIONS = {"grad_r": (("lr", 0.01), ("alpha", 0.2)), "deep_r": (("lr", 0.01), ("l1", 0.2))}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def early(monkeypatch):
    """Both methods act from the third epoch on, so that a short run is a run."""
    monkeypatch.setattr(development, "THRESHOLD", 1)
    monkeypatch.setattr(development, "BEGIN", 2)
    monkeypatch.setattr(development, "FIRST_PERCENT", {"linear": 30.0, "conv": 20.0})
    monkeypatch.setattr(development, "FIRST_PERCENTILE", {"linear": 30.0, "conv": 30.0})
    monkeypatch.setattr(plasticity, "BEGIN", 2)
    monkeypatch.setattr(plasticity, "FIRST_SURVIVAL", 1.0)


def recipe_of(name, base=FC):
    return use_method(base, name).replace(method_options=OPTIONS.get(name, ()))


def sparsity(run, layer):
    table = run.table[(run.table["measure"] == "link sparsity") & (run.table["layer"] == layer)]
    return table["value"].tolist()


def equal(a, b):
    """Whether two nested states are the same to the bit."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    return a == b


class Killed(BaseException):
    """What nothing in the library catches."""


@pytest.mark.parametrize("name", ["dpap", "sd_snn", "deep_r", "grad_r"])
def test_a_killed_run_ends_as_if_never_stopped(tmp_path, early, name):
    made = recipe_of(name)
    whole = train(made, folder=tmp_path / "whole", test_every=0)
    for moment in ((4, 2), (5, 3)):

        def kill(epoch, share, moment=moment):
            if (epoch, round(3 * share)) == moment:
                raise Killed

        with pytest.raises(Killed):
            train(made, folder=tmp_path / "killed", test_every=0, progress=kill)
    again = train(made, folder=tmp_path / "killed", test_every=0)
    a, b = (load_checkpoint(tmp_path / folder / CHECKPOINT) for folder in ("whole", "killed"))
    assert equal(a.model, b.model)
    assert equal(a.method, b.method)
    assert equal(a.optimizer, b.optimizer)
    timeless = [run.table[~run.table["measure"].str.contains("seconds")] for run in (whole, again)]
    assert timeless[0].reset_index(drop=True).equals(timeless[1].reset_index(drop=True))
    assert 0 < sparsity(whole, "layers.0")[-1] < 1
    assert any(isinstance(value, torch.Tensor) for value in a.method.values())


@pytest.mark.parametrize("name", ["dpap", "sd_snn"])
def test_what_dies_and_what_stays_whole(early, name):
    run = train(recipe_of(name), test_every=0)
    for layer in ("layers.0", "layers.1"):
        found = sparsity(run, layer)
        assert found[:3] == [0.0] * 3 < found[-1:]
    assert sparsity(run, "layers.2") == [0.0] * 7  # the classifier
    if name == "dpap":  # what is dead stays dead
        assert sparsity(run, "layers.0") == sorted(sparsity(run, "layers.0"))
    else:
        p = run.table[run.table["measure"] == "pruning percentage"]
        assert p[p["epoch"] == 2]["value"].tolist() == [30.0, 30.0]
        assert p[p["epoch"] == 6]["value"].min() >= 30.0


@pytest.mark.parametrize("name", ["dpap", "sd_snn"])
def test_convolutions_develop_too(early, name):
    run = train(recipe_of(name, CONV), test_every=0)
    layers = sparse_layers(run.model)
    assert {"convs.0", "convs.1", "classifier.layers.0"} < set(layers)
    assert 0 < layers["convs.1"].sparsity < 1
    assert 0 < layers["classifier.layers.0"].sparsity < 1
    assert layers["classifier.layers.1"].sparsity == 0.0
    columns = layers["convs.1"].links.sum(axis=0)
    if name == "dpap":
        assert set(columns.tolist()) == {0, layers["convs.1"].n_rows}  # whole units


def test_they_take_no_sparsity():
    for name in ("dpap", "sd_snn"):
        assert use_method(PRESETS["mnist-2fc"], name).topology.sparsity == 0.0
        with pytest.raises(ValueError, match=f"method '{name}' does not use sparsity"):
            method_of(FC.replace(method=name, sparsity=0.5))
        takes = {"dpap": "be empty: it takes none in", "sd_snn": "be among width for"}[name]
        with pytest.raises(ValueError, match=f"method_options must {takes} method '{name}'; got lr"):
            method_of(use_method(FC, name).replace(method_options=(("lr", 1.0),)))


def test_the_pace_of_sd_snn_is_that_of_a_width(early):
    found = {}
    for width in (None, 24, 512):
        options = () if width is None else (("width", width),)
        run = train(use_method(FC, "sd_snn").replace(method_options=options, epochs=3), test_every=0)
        p = run.table[(run.table["measure"] == "pruning percentage") & (run.table["epoch"] == 3)]
        found[width] = dict(zip(p["layer"], p["value"], strict=True))
        few = {
            name: int((run.model.get_submodule(name).links.sum(axis=0) < 50).sum()) for name in found[width]
        }
        own = {"layers.0": 24, "layers.1": 20}
        for name, value in found[width].items():
            assert value == pytest.approx(30.0 + 0.5 * ((width or own[name]) - few[name]) / 10)
    assert found[None]["layers.0"] == found[24]["layers.0"] < found[512]["layers.0"]
    assert found[None]["layers.1"] < found[24]["layers.1"]
    for width in (0, 1.5, True):
        with pytest.raises((TypeError, ValueError), match="width must be"):
            method_of(use_method(FC, "sd_snn").replace(method_options=(("width", width),)))


def test_dpap_without_spikes_says_what_would_fit():
    with pytest.raises(
        ValueError, match=r"'dpap' reads spikes over time.*set spiking=True.*'sd_snn' or 'gmp'"
    ):
        train(use_method(FC, "dpap").replace(spiking=False))
    train(use_method(FC, "sd_snn").replace(spiking=False, epochs=1))
    residual = use_method(CONV, "dpap").replace(model="resnet18", options=(("width", 4),))
    with pytest.raises(
        ValueError, match=r"must run once in a pass and have neurons of its own.*mlp, conv2fc2"
    ):
        train(residual)


# --- SD-SNN


def step_at(epoch, optimizer, batches=4):
    return Step(epoch, batches, Steps(80, batches), optimizer, dict)


def test_dead_weights_carry_one_epoch_of_updates_and_keep_their_moments():
    rng = np.random.default_rng(3)
    net = nn.Sequential(SparseLinear(np.ones((60, 8)), bias=False), nn.Linear(8, 2))
    hooks = Developing(net, ["0"])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    hooks.after_epoch(step_at(1, optimizer))
    hooks.states["0"] = replace(hooks.states["0"], percent=30.0)
    for epoch in range(2, 42):
        first = Step(epoch, 1, Steps(80, 4), optimizer, dict)
        hooks.before_batch(first)
        assert net[0].n_links == 480
        dead = ~hooks.states["0"].alive.ravel()
        assert not net[0].values.detach().numpy()[dead].any()
        net[0].values.grad = torch.from_numpy(rng.normal(size=480).astype(np.float32))
        optimizer.step()
        assert net[0].values.detach().numpy()[dead].all() or not dead.any()
        hooks.after_epoch(step_at(epoch, optimizer))
        assert net[0].n_links == hooks.states["0"].alive.sum()
        assert net[0].links.toarray()[~hooks.states["0"].alive].sum() == 0
        moments = optimizer.state[net[0].values]["exp_avg"]
        assert moments.shape == (480,)
    assert net[0].n_links < 480
    assert bool(moments.all())


# --- DPAP


def test_traces_of_every_form_of_input():
    spikes = torch.from_numpy(np.random.default_rng(0).integers(0, 2, (4, 3, 5)).astype(np.float32))
    known = np.zeros((3, 5))
    for now in spikes.numpy():
        known = 0.5 * known + now
    np.testing.assert_allclose(last_trace(spikes, 4, 3).numpy(), known / 4, rtol=1e-6)
    np.testing.assert_allclose(last_trace(spikes.flatten(0, 1), 4, 3).numpy(), known / 4, rtol=1e-6)
    constant = spikes[:1].expand(4, 3, 5)
    assert torch.allclose(last_trace(constant, 4, 3), last_trace(spikes[0], 4, 3))
    maps = spikes[..., None, None].expand(4, 3, 5, 2, 3)
    np.testing.assert_allclose(last_trace(maps, 4, 3).numpy(), 6 * known / 4, rtol=1e-6)
    np.testing.assert_allclose(last_trace(maps.flatten(0, 1), 4, 3).numpy(), 6 * known / 4, rtol=1e-6)
    square = torch.rand(3, 3, generator=torch.Generator().manual_seed(1))  # T = batch = units: no guess
    assert torch.allclose(last_trace(square, 3, 3), square * 1.75 / 3)


def small_net(seed=0):
    links = [np.ones((6, 5)), np.ones((5, 4)), np.ones((4, 2))]
    torch.manual_seed(seed)
    net = mlp([6, 5, 4, 2], links, neuron=LIF(threshold=0.3), steps=4)
    with torch.no_grad():
        for layer in net.layers:
            layer.values.uniform_(0.0, 0.6)
    return net


def test_a_watch_sees_what_the_neurons_send():
    net, x = small_net(), torch.rand(3, 6)
    watch = TraceWatch(net, {name: sparse_layers(net)[name] for name in ("layers.0", "layers.1")})
    watch.attach()
    net(x).sum().backward()
    watch.detach()
    spikes = [net.neurons[0](net.layers[0](x), steps=4)]
    spikes.append(net.neurons[1](net.layers[1](spikes[0])))
    known = [last_trace(x, 4, 3), *(last_trace(one, 4, 3) for one in spikes)]
    for number, name in enumerate(("layers.0", "layers.1")):
        before, after = watch.found[name]
        assert torch.equal(before, known[number])
        assert torch.equal(after, known[number + 1])
        assert after.any()
    net(x)
    assert watch._handles == []


def test_a_smaller_last_batch_enters_no_trace():
    net = small_net()
    hooks = Survival(net, ["layers.0", "layers.1"])
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for number, size in enumerate((3, 3, 2), 1):
        hooks.before_batch(Step(1, number, Steps(9, 3), optimizer, dict))
        net(torch.rand(size, 6)).sum().backward()
        hooks.after_backward(Step(1, number, Steps(9, 3), optimizer, dict))
    assert hooks.sums.activity["layers.0"].batches == 2
    assert hooks.sums.activity["layers.0"].theta.shape == (3, 5)


def test_links_that_die_take_their_moments_along_and_no_others():
    net = small_net()
    hooks = Survival(net, ["layers.0", "layers.1"])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    net(torch.rand(3, 6)).sum().backward()
    optimizer.step()
    rng = np.random.default_rng(1)
    for name, shape in (("layers.0", (6, 5)), ("layers.1", (5, 4))):
        hooks.sums.activity[name] = Activity(
            rng.random(shape), rng.random((3, shape[1])), rng.random(shape[1]), 2
        )
        hooks.survival[f"{name}.synapses"] = np.full(shape, 0.5)
    weights = net.layers[0].weight.T.numpy().copy()
    moments = optimizer.state[net.layers[0].values]["exp_avg"].reshape(6, 5).numpy().copy()
    hooks.after_epoch(step_at(6, optimizer))
    alive = hooks.survival["layers.0.synapses"] >= 0
    assert 0 < alive.sum() < 30
    assert np.array_equal(net.layers[0].links.toarray(), alive)  # all units still live
    assert np.array_equal(net.layers[0].values.detach().numpy(), weights[alive])
    assert np.array_equal(optimizer.state[net.layers[0].values]["exp_avg"].numpy(), moments[alive])
    assert net.layers[2].n_links == 8
    hooks.survival["layers.0.units"][:] = -99.0  # a layer may lose all of its links
    hooks.after_epoch(step_at(7, optimizer))
    assert net.layers[0].n_links == 0
    net(torch.rand(3, 6)).sum().backward()
    optimizer.step()
