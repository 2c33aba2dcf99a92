"""New links start as fresh parameters do, under every optimizer of torch; old links keep their moments."""

import numpy as np
import pytest
import torch
from torch import nn

from netsci.graph import LayeredGraph
from netsci.sparse import SparseLinear, rewire
from netsci.sparse.moments import fresh_moments

OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {}),
    "momentum": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    "dampening": (torch.optim.SGD, {"momentum": 0.9, "dampening": 0.5}),
    "adam": (torch.optim.Adam, {}),
    "amsgrad": (torch.optim.Adam, {"amsgrad": True, "weight_decay": 0.1}),
    "fused": (torch.optim.Adam, {"fused": True}),
    "adamw": (torch.optim.AdamW, {"amsgrad": True, "foreach": True}),
    "nadam": (torch.optim.NAdam, {}),
    "radam": (torch.optim.RAdam, {}),
    "adamax": (torch.optim.Adamax, {}),
    "adagrad": (torch.optim.Adagrad, {}),
    "adagrad with a start": (torch.optim.Adagrad, {"initial_accumulator_value": 0.7, "lr_decay": 0.1}),
    "rmsprop": (torch.optim.RMSprop, {}),
    "centered": (torch.optim.RMSprop, {"centered": True, "momentum": 0.9}),
    "adadelta": (torch.optim.Adadelta, {}),
    "rprop": (torch.optim.Rprop, {}),
    "asgd": (torch.optim.ASGD, {"t0": 2}),
    "adafactor": (torch.optim.Adafactor, {"d": 1e9}),
}
# Their steps do not depend on how many there were: a new link moves exactly as a fresh parameter.
WITHOUT_COUNT = ("sgd", "momentum", "adagrad", "rmsprop", "centered", "adadelta", "rprop")
LINKS = np.array([[1, 0, 1], [0, 1, 0]])
MORE = np.array([[1, 1, 0], [0, 1, 1]])  # new at flat places 1 and 5; those at 0 and 4 stay


def make(name, parameters):
    kind, options = OPTIMIZERS[name]
    return kind(parameters, lr=0.05, **options)


def descend(optimizer, parameter, gradients):
    """Step along gradients given for each element; return the values after each step."""
    path = []
    for gradient in gradients:
        parameter.grad = gradient.to(parameter.dtype)
        optimizer.step()
        path.append(parameter.detach().clone())
    return torch.stack(path)


def gradients_of(steps, size, seed):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(steps, size)))


def rewired(name):
    """Return a layer that was trained for four steps and then rewired, and its optimizer."""
    layer = SparseLinear(LINKS, bias=False, dtype=torch.float64)
    layer.values.data = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    net, before = nn.Sequential(layer), gradients_of(4, 6, 0)
    optimizer = make(name, net.parameters())
    descend(optimizer, layer.values, before[:, LINKS.ravel() == 1])
    rewire(net, LayeredGraph.from_masks([MORE], names=["0"]), optimizer)
    return layer, optimizer, before


# Adafactor scales steps by the mean square of all elements: those of a dense twin are more.
@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "adafactor"])
def test_new_links_move_as_if_they_had_always_been_there_without_a_gradient(name):
    """Oracle: a dense parameter whose absent elements weighed 0 and had gradient 0 until the rewiring."""
    layer, optimizer, before = rewired(name)
    dense = nn.Parameter(torch.zeros(6, dtype=torch.float64))
    dense.data[LINKS.ravel() == 1] = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    twin = make(name, [dense])
    descend(twin, dense, before * torch.from_numpy(LINKS.ravel()))
    now = MORE.ravel() == 1
    stay = torch.from_numpy(now & (LINKS.ravel() == 1))
    dense.data[~stay] = 0.0
    later = gradients_of(5, 6, 1)
    alive = later * torch.from_numpy(MORE.ravel())
    found = descend(optimizer, layer.values, later[:, now])
    torch.testing.assert_close(found, descend(twin, dense, alive)[:, now], rtol=1e-6, atol=1e-9)
    assert (found[0] != found[-1]).all()


@pytest.mark.parametrize("name", WITHOUT_COUNT)
def test_new_links_move_as_fresh_parameters(name):
    layer, optimizer, _ = rewired(name)
    later = gradients_of(5, 4, 1)
    new = torch.tensor([False, True, False, True])
    fresh = nn.Parameter(torch.zeros(2, dtype=torch.float64))
    expected = descend(make(name, [fresh]), fresh, later[:, new])
    torch.testing.assert_close(descend(optimizer, layer.values, later)[:, new], expected)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_fresh_moments_are_what_torch_gives_a_new_parameter(name):
    """Torch's own start: what it keeps of a new parameter whose first gradient is 0."""
    layer, optimizer, _ = rewired(name)
    fresh = nn.Parameter(torch.zeros(2, dtype=torch.float64))
    own = make(name, [fresh])
    descend(own, fresh, torch.zeros(1, 2))
    found = fresh_moments(optimizer, layer.values, "0")
    elementwise = {key for key, moment in own.state[fresh].items() if moment.ndim}
    assert found.keys() == elementwise
    for key in elementwise:
        assert own.state[fresh][key].tolist() == [found[key]] * 2
        assert optimizer.state[layer.values][key].shape == layer.values.shape
        if name != "asgd":  # whose averages are of the weights
            assert optimizer.state[layer.values][key][[1, 3]].tolist() == [found[key]] * 2


def test_the_trial_touches_nothing():
    net = nn.Sequential(SparseLinear(LINKS, bias=False))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    seen = []
    optimizer.register_step_pre_hook(lambda *_: seen.append("before"))
    optimizer.register_step_post_hook(lambda *_: seen.append("after"))
    net(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    scheduler.step()
    random = torch.get_rng_state()
    rewire(net, LayeredGraph.from_masks([MORE], names=["0"]), optimizer)
    assert seen == ["before", "after"]
    assert torch.equal(torch.get_rng_state(), random)
    assert [len(group["params"]) for group in optimizer.param_groups] == [1]
    assert list(optimizer.state) == [net[0].values]
    assert optimizer.state[net[0].values]["step"].item() == 1
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.01)


def test_step_sizes_of_the_group_of_the_layer():
    net = nn.Sequential(SparseLinear(LINKS, bias=False), SparseLinear(np.ones((3, 2)), bias=False))
    groups = [{"params": [net[1].values], "lr": 0.5}, {"params": [net[0].values], "lr": 0.125}]
    optimizer = torch.optim.Rprop(groups)
    net(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    assert fresh_moments(optimizer, net[0].values, "0")["step_size"] == 0.125
    assert fresh_moments(optimizer, net[1].values, "1")["step_size"] == 0.5


class Lion(torch.optim.Optimizer):
    """An optimizer of a user, with an attribute of its own and noise."""

    def __init__(self, parameters, lr):
        super().__init__(parameters, {"lr": lr})
        self.start = 0.25

    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                moment = self.state[p].setdefault("moment", torch.full_like(p, self.start))
                p.data -= group["lr"] * (moment + p.grad).sign() + 1e-9 * torch.randn_like(p)


class Ranked(Lion):
    """Keeps another number for each element from the start."""

    def step(self):
        for p in self.param_groups[0]["params"]:
            self.state[p].setdefault("rank", torch.arange(len(p)))


class Named(Lion):
    """Makes its states from names that a new parameter has not."""

    def __init__(self, parameters, lr):
        super().__init__(parameters, lr)
        self.ours = {p: torch.zeros_like(p) for p in self.param_groups[0]["params"]}

    def step(self):
        for p in self.param_groups[0]["params"]:
            self.state[p]["m"] = self.ours[p]


class Factored(Lion):
    """Keeps a matrix of a layer."""

    def step(self):
        for p in self.param_groups[0]["params"]:
            self.state[p]["factor"] = torch.ones(2, 3)


def stepped(kind):
    net = nn.Sequential(SparseLinear(LINKS, bias=False))
    optimizer = kind(net.parameters(), lr=0.1)
    net(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    return net, optimizer


def test_optimizers_of_users():
    net, optimizer = stepped(Lion)
    random = torch.get_rng_state()
    rewire(net, LayeredGraph.from_masks([MORE], names=["0"]), optimizer)
    assert optimizer.state[net[0].values]["moment"].tolist() == [0.25] * 4
    assert torch.equal(torch.get_rng_state(), random)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Ranked, "first value of 'rank' of Ranked for a new link of layer '0' is not known"),
        (Named, "Named fails on a new parameter"),
        (Factored, "Factored stores 'factor' of layer '0' in another form"),
    ],
)
def test_what_is_not_known_is_refused(kind, words):
    net, optimizer = stepped(kind)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    with pytest.raises(ValueError, match=words):
        rewire(net, LayeredGraph.from_masks([MORE], names=["0"]), optimizer)
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


def test_the_optimizer_must_be_said():
    net = nn.Sequential(SparseLinear(LINKS, bias=False))
    graph = LayeredGraph.from_masks([MORE], names=["0"])
    with pytest.raises(TypeError, match="optimizer"):
        rewire(net, graph)
    other = torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1)
    with pytest.raises(ValueError, match=r"SGD\) trains none of the layers \['0'\]"):
        rewire(net, graph, other)
    assert net[0].n_links == 3
    rewire(net, graph, None)
    assert net[0].n_links == 4


def test_a_state_without_a_group_is_refused():
    net, optimizer = stepped(torch.optim.Adam)
    optimizer.param_groups[0]["params"] = [nn.Parameter(torch.ones(1))]
    with pytest.raises(ValueError, match="no parameter group"):
        fresh_moments(optimizer, net[0].values, "0")
