"""Runs of every method: numbers of links, layers by kind, links in excess, means of gradients, resumption."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from netsci.models import mlp
from netsci.sparse import SparseConv2d, SparseLinear, Watch, sparse_layers, views
from netsci.topology import links_at
from netsci.train import METHODS, PRESETS, Recipe, Topology, load_checkpoint, train
from netsci.train.command import use_method
from netsci.train.evolving import evolver_of
from netsci.train.gradient_mean import GradientMean
from netsci.train.loop import CHECKPOINT
from netsci.train.methods.base import method_of
from netsci.train.plan import Plan
from netsci.train.sparsities import first_shares, resolve

SMALL = PRESETS["digits-2fc"].replace(
    options=(("hidden", (24, 16)),), steps=2, epochs=4, batch=20, sparsity=0.8, limit=80, test_limit=20
)
EVERY_EPOCH = {"evolve_every": 1}
CELLS = {"layers.0": 64 * 24, "layers.1": 24 * 16}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def links(run, layer):
    table = run.table[(run.table["measure"] == "links") & (run.table["layer"] == layer)]
    return table["value"].astype(int).tolist()


@pytest.mark.parametrize("name", ["static", "set", "rigl", "mest", "cht", "chts"])
def test_methods_keep_the_number_of_links(name):
    run = train(SMALL.replace(method=name, **(EVERY_EPOCH if name == "rigl" else {})))
    for layer in CELLS:
        assert len(set(links(run, layer))) == 1
    total = sum(links(run, layer)[0] for layer in CELLS)
    assert total == pytest.approx(0.2 * sum(CELLS.values()), abs=2)
    assert run.model.layers[2].n_links <= 160


def test_srigl_gives_every_output_as_many_inputs():
    run = train(
        SMALL.replace(method="srigl", allocation="uniform", method_options=(("gamma", 0.9),), **EVERY_EPOCH)
    )
    for layer in run.model.layers[:2]:
        held = layer.links.sum(axis=0)
        assert len(set(held[held > 0])) == 1
    first = method_of(SMALL.replace(method="srigl", allocation="uniform"))
    for compat, fan_in in ((False, 6), (True, 5)):
        first.compat = compat
        drawn = first.first_links({"a": (29, 7)}, None, np.random.default_rng)["a"]
        assert drawn.sum(axis=0).tolist() == [fan_in] * 7


@pytest.mark.parametrize(("name", "start"), [("gmp", 0.0), ("ndsnn", 0.0), ("chtss", 0.5)])
def test_densities_fall_to_what_is_wanted(name, start):
    run = train(SMALL.replace(method=name, sparsity=0.9))
    start = 1 - 5 * 0.1 if name == "ndsnn" else start
    for layer, cells in CELLS.items():
        course = links(run, layer)
        over = np.minimum(np.arange(5) / 3, 1)
        if name == "chtss":
            s = np.tanh(6 * (2 * over - 1) / 2) / np.tanh(3)
            share = (1 + s) / 2
        else:
            share = 1 - (1 - over) ** 3
        wanted = [round((1 - (start + (0.9 - start) * x)) * cells) for x in share]
        assert course == pytest.approx(wanted, abs=1)


def test_the_share_that_ndsnn_drops():
    plan = Plan(Topology(method="ndsnn", until=1.0), epochs=10, batches=5, lag=False)
    method = method_of(Recipe(topology=plan.topology))
    known = [0.05 + 0.225 * (1 + np.cos(np.pi * k / 10)) for k in range(1, 10)]
    assert [method.zeta(plan, k) for k in range(1, 10)] == pytest.approx(known)
    assert method.zeta(plan, 10) == 0.0
    with pytest.raises(ValueError, match=r"least must be at most zeta = 0.5"):
        method_of(SMALL.replace(method="ndsnn", method_options=(("least", 0.6),)))


@pytest.mark.parametrize("name", ["chts", "set", "rigl", "ch_snn"])
def test_links_in_excess_come_and_go(name):
    """Until .6 of three quarters of ten epochs .1 more, until its end .05 more, then none."""
    made = SMALL.replace(
        method=name, sparsity=0.8, allocation="uniform", epochs=10, until=0.75, evolve_every=1,
        percolate=True, initial="uniform", excess=(0.1, 0.6, 0.05), limit=40, permanent=True,
    )  # fmt: skip
    run = train(made.replace(permanent=False) if name in ("chts", "ch_snn") else made)
    for layer, cells in CELLS.items():
        density = [0.3] * 5 + [0.25] * 3 + [0.2] * 3  # 4 is below .6 x 7.5 = 4.5, and 7 is below 7.5
        assert links(run, layer) == [round(d * cells) for d in density]


def test_with_excess_a_layer_decays_to_its_density_and_exchanges_zeta_of_that():
    """Of 128 links (.5) the density asks for 64 (.25): 64 decay, .5 x 64 are exchanged, 96 grow."""
    net = mlp([16, 16, 2], [np.tile(np.eye(2, dtype=bool), (8, 8)), np.ones((16, 2))])
    made = Topology(0.75, method="chts", zeta=0.5, schedule="static", until=1.0, excess=(0.25, 0.6, 0.1))
    evolver = evolver_of(net, Plan(made, epochs=10, batches=4))
    step = evolver.step(1, None, np.random.default_rng(7))
    assert (step.removed[0].nnz, step.graph.projections[0].n_links) == (64 + 32, 128)


def test_without_excess_nothing_changes():
    a, b = (train(SMALL.replace(method="set", excess=e)) for e in ((), (0.0, 0.6, 0.0)))
    assert all(torch.equal(x, y) for x, y in zip(a.model.parameters(), b.model.parameters(), strict=True))


class Convolutions(nn.Module):
    sparse_names = ("fc",)

    def __init__(self, dense=False):
        super().__init__()
        self.conv = nn.Conv2d(2, 6, 3) if dense else SparseConv2d(np.ones((18, 6)), 3)
        self.fc = nn.Linear(6, 12) if dense else SparseLinear(np.ones((6, 12)))
        self.out = nn.Linear(12, 3)

    def wiring(self):
        from netsci.models.wiring import layer

        pairs = [("conv", "in", "maps"), ("fc", "maps", "hidden"), ("out", "hidden", "out")]
        return [layer(self, *pair) for pair in pairs]


def test_sparsities_by_kind_name_and_pattern():
    net = Convolutions(dense=True)
    both = Topology({"conv": 0.5, "fc": 0.75})
    assert resolve(both, net, ["fc"]).sparsity == (("conv", 0.5), ("fc", 0.75))
    assert resolve(Topology({"linear": 0.75}), net, ["fc"]).sparsity == (("fc", 0.75),)
    assert resolve(Topology(0.25), net, ["fc"]).sparsity == (("fc", 0.25),)
    early = resolve(Topology({"conv": 0.5, "fc": 0.75}, initial_sparsity={"conv": 0.25}), net, ["fc"])
    assert dict(early.initial_sparsity) == {"conv": 0.25, "fc": 0.75}
    assert first_shares(early, ["conv", "fc"]) == {"conv": 0.25, "fc": 0.75}
    assert resolve(early, Convolutions(), ["fc"]) == early  # the same once the network is sparse
    for wrong in ({"fd": 0.5}, {"blocks.*": 0.5}):
        with pytest.raises(ValueError, match=r"which matches no layer.*conv, fc, out \(dense\)"):
            resolve(Topology(wrong), net, ["fc"])
    spread = dict(
        resolve(Topology(0.5, allocation="erk"), mlp([100, 50, 10, 4]), ["layers.0", "layers.1"]).sparsity
    )
    assert spread["layers.1"] == 0.0 < spread["layers.0"]
    assert 5000 * (1 - spread["layers.0"]) + 500 == pytest.approx(0.5 * 5500)


def test_each_kind_of_layer_has_a_rule_of_its_own():
    def rules(**changes):
        made = Topology({"conv": 0.5, "linear": 0.5}, **changes)
        evolver = evolver_of(Convolutions(), Plan(made, epochs=10, batches=1))
        return {name: evolver.rules(name, 1) for name in evolver.layers}

    own = rules(method="chts")
    assert {name: rule.regrowth for name, rule in own.items()} == {"conv": "ch3_l3n", "fc": "ch2_l3n"}
    assert own["fc"].delta == (0.5, 0.5)
    assert rules(method="cht_conv", unfolding="lattice")["conv"].regrowth == "ch3_l3n_lattice"
    assert rules(method="cht")["conv"].regrowth == rules(method="cht")["fc"].regrowth == "ch3_l3"
    late = Plan(Topology(method="chts"), epochs=100, batches=1).rule(76)
    assert late.delta == pytest.approx((0.9, 0.5))  # |w|^9
    with pytest.raises(ValueError, match=r"unfolding 'channel' scores convolutions by CH3-L3n"):
        Topology(method="cht", unfolding="channel")


@pytest.mark.parametrize("unfolding", ["im2col", "lattice", "channel"])
def test_cht_conv_evolves_convolutions_and_linear_layers(unfolding):
    net = Convolutions()
    made = Topology(
        {"conv": 0.5, "linear": 0.5}, method="cht_conv", unfolding=unfolding, initial_sparsity=0.0,
        permanent=False,
    )  # fmt: skip
    evolver = evolver_of(net, Plan(made, epochs=8, batches=1))
    for number in range(1, 7):
        evolver.step(number, None, np.random.default_rng(number))
    assert net.conv.n_links == links_at((18, 6), 0.5) == 54
    assert net.fc.n_links == 36


def test_cht_conv_fits_a_network_whose_only_linear_layer_is_the_classifier():
    made = PRESETS["mnist-2conv2fc"].replace(
        data="digits", model="resnet18", options=(("width", 4),), steps=2, epochs=4, batch=20, limit=20,
        test_limit=10,
    )  # fmt: skip
    run = train(use_method(made, "cht_conv"))
    course, cells = links(run, "layer1.0.conv1"), 4 * 9 * 4
    assert course[0] == round(0.8 * cells)
    assert course[3] == course[4] == round(0.22 * cells)


def test_the_sigmoid_of_cht_conv_counts_epochs():
    """S1: k = 1 for each epoch, from 20 % to 78 % in 75 of 100 epochs, scaled to reach both."""
    made = resolve(Topology(method="cht_conv"), Convolutions(dense=True), ["fc"])
    plan = Plan(made, epochs=100, batches=1)

    def s(t):
        return 1 / (1 + np.exp(-(t - 37.5)))

    for k in (1, 30, 37, 40, 75, 80):
        share = (s(min(k, 75)) - s(0)) / (s(75) - s(0))
        assert plan.sparsity(k, "conv") == pytest.approx(0.2 + 0.58 * share, abs=1e-12)
        assert plan.sparsity(k, "fc") == 0.99


def test_methods_that_do_not_fit_say_what_would():
    chosen = method_of(SMALL.replace(method="cht_conv"))
    with pytest.raises(ValueError, match=r"'cht_conv' needs convolutions.*take method 'chtss'"):
        chosen.resolved(mlp([4, 3, 2]), ["layers.0"])
    chosen = method_of(SMALL.replace(method="cht_conv", sparsity=0.5, initial_sparsity=None,
                                     density_schedule="linear"))  # fmt: skip
    with pytest.raises(ValueError, match=r"needs sparse convolutions.*set sparsity=\{'conv': 0.78"):
        chosen.resolved(Convolutions(dense=True), ["fc"])
    with pytest.raises(ValueError, match=r"method 'gmp' does not use zeta: leave it at its default 0.0"):
        method_of(SMALL.replace(method="gmp", zeta=0.5))
    with pytest.raises(ValueError, match=r"method 'ndsnn' does not use schedule"):
        method_of(SMALL.replace(method="ndsnn", schedule="static"))
    with pytest.raises(TypeError, match="compat must be True or False"):
        method_of(SMALL.replace(method="set", method_options=(("compat", 1),)))
    with pytest.raises(ValueError, match="gradient_batches must be a whole number of at least 1"):
        method_of(SMALL.replace(method="rigl", method_options=(("gradient_batches", 0),)))
    with pytest.raises(ValueError, match=r"method_options must be among compat for.*got gradient_batches"):
        method_of(SMALL.replace(method="set", method_options=(("gradient_batches", 2),)))


@pytest.mark.parametrize("name", ["set", "rigl"])
def test_released_forms_are_another_method(name):
    made = SMALL.replace(method=name, **EVERY_EPOCH)
    released = made.replace(method_options=(("compat", True),))
    a, b = (method_of(one).rule() for one in (made, released))
    assert type(a) is not type(b)
    assert train(released.replace(epochs=2)).finished
    for changes in ({"initial_sparsity": 0.5}, {"excess": (0.1, 0.6, 0.05)}):
        with pytest.raises(ValueError, match=r"with the option compat=True, which looks at no target"):
            method_of(released.replace(**changes))


# --- means of gradients


def test_a_mean_of_gradients_is_that_of_its_batches():
    net = nn.Sequential(SparseLinear(np.eye(5, 4), dtype=torch.float64), nn.Tanh())
    batches = torch.randn(4, 6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    mean, slopes = GradientMean(3), []
    for number, x in enumerate(batches):
        with Watch(sparse_layers(net), ["gradient"]) as watch:
            net.zero_grad(set_to_none=True)
            net(x).square().sum().backward()
            seen = views(net, watch)
            slopes.append(seen["0"].gradient())
            if number < 3:
                mean.add(seen)
                state = json.loads(json.dumps(mean.state_dict()["held"]))
                held = {k: v for k, v in mean.state_dict().items() if k != "held"} | {"held": state}
                mean = GradientMean(3)
                mean.load_state_dict(held, net)
            else:
                found = mean.take(seen)["0"].gradient()
    np.testing.assert_allclose(found, np.mean(slopes[1:], axis=0), atol=1e-12)
    assert mean.state_dict() == {}


def test_a_mean_over_one_batch_is_the_gradient():
    made = SMALL.replace(method="rigl", evolve_every="3 steps")
    one, also, more = (
        train(made.replace(method_options=options))
        for options in ((), (("gradient_batches", 1),), (("gradient_batches", 3),))
    )
    same = [torch.equal(x, y) for x, y in zip(one.model.parameters(), also.model.parameters(), strict=True)]
    assert all(same)
    assert any(
        (a.links != b.links).nnz for a, b in zip(one.model.layers[:2], more.model.layers[:2], strict=True)
    )


class Killed(BaseException):
    """What nothing in the library catches."""


def test_a_killed_run_keeps_the_mean_that_it_had_begun(tmp_path):
    """Evolutions every 7 batches, means over 5, epochs of 4: many means reach over the end of an epoch."""
    made = SMALL.replace(
        method="rigl", epochs=9, evolve_every="7 steps", method_options=(("gradient_batches", 5),)
    )
    rng = np.random.default_rng(3)
    moments = sorted(zip(rng.integers(1, 10, 10).tolist(), rng.integers(1, 5, 10).tolist(), strict=True))

    def kill(moment):
        def progress(epoch, share):
            if (epoch, round(4 * share)) == moment:
                raise Killed

        return progress

    states = []
    for moment in moments:
        with pytest.raises(Killed):
            train(made, folder=tmp_path / "killed", progress=kill(moment), test_every=0)
        if (tmp_path / "killed" / CHECKPOINT).exists():
            states.append(load_checkpoint(tmp_path / "killed" / CHECKPOINT).method)
    train(made, folder=tmp_path / "killed", test_every=0)
    whole = train(made, folder=tmp_path / "whole", test_every=0)
    a, b = (load_checkpoint(tmp_path / name / CHECKPOINT) for name in ("killed", "whole"))
    assert a.model.keys() == b.model.keys()
    assert all(torch.equal(a.model[name], b.model[name]) for name in a.model)
    assert sum("held" in state for state in states) > 2  # some were killed with a mean begun
    assert whole.table["measure"].isin(["evolutions"]).any()


def test_registered_names_are_those_of_the_command():
    before = {"cht", "chts", "chtss", "cht_conv", "srigl", "mest", "ndsnn", "gmp"}
    assert before | {"deep_r", "grad_r", "dpap", "sd_snn"} < set(METHODS.names)


@pytest.mark.parametrize("preset", ["cifar10-vgg16", "cifar10-resnet18"])
def test_every_method_of_the_command_is_as_sparse_as_the_preset(preset):
    wanted = PRESETS[preset].topology.sparsity
    for name in set(METHODS.names) - {"cht_conv", "dpap", "sd_snn"}:  # of the last two it comes out
        topology = use_method(PRESETS[preset], name).topology
        assert (topology.sparsity, topology.allocation) == (wanted, "uniform")
    assert use_method(PRESETS["cifar10-mlp"], "rigl").topology.allocation == "erk"
