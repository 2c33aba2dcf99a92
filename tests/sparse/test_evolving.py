"""A user's loop: graph, evolution and rewiring in one call."""

import numpy as np
import pytest
import torch
from torch import nn

from netsci.models import mlp
from netsci.sparse import SparseLinear, Watch, evolve_module, layered_graph, rewire, sparse_layers, views
from netsci.topology import EvolutionRule, evolve
from tests.sparse import networks

RULE = EvolutionRule("magnitude", "ch3_l3", 0.9)


def rng():
    return np.random.default_rng(7)


def links_of(net):
    return {name: layer.links.toarray() for name, layer in sparse_layers(net).items()}


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def twins(make):
    torch.manual_seed(5)
    one = make()
    torch.manual_seed(5)
    return one, make()


def trained(net, *inputs):
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(2):
        optimizer.zero_grad()
        net(*inputs).square().sum().backward()
        optimizer.step()
    return optimizer


def test_one_call_is_the_three():
    x = torch.from_numpy(rng().normal(size=(8, 6))).float()
    one, other = twins(networks.branches)
    optimizers = [trained(one, x), trained(other, x)]
    step = evolve_module(one, RULE, zeta=0.4, optimizer=optimizers[0], rng=rng())
    by_hand = evolve(layered_graph(other), RULE, zeta=0.4, rng=rng())
    rewire(other, by_hand.graph, optimizers[1])
    assert step.graph == by_hand.graph
    assert same(links_of(one), links_of(other))
    assert sum(grown.nnz for grown in step.regrown) > 5
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        for key, moment in optimizers[0].state[a].items():
            assert torch.equal(moment, optimizers[1].state[b][key])


def test_training_goes_on():
    net = networks.recurrent()
    x = torch.from_numpy(rng().normal(size=(4, 8, 6))).float()
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.02)
    first = net(x).square().sum().item()
    before, generator = links_of(net), rng()
    for _ in range(5):
        for _ in range(8):
            optimizer.zero_grad()
            loss = net(x).square().sum()
            loss.backward()
            optimizer.step()
        evolve_module(net, RULE, zeta=0.2, optimizer=optimizer, rng=generator, example=x)
    assert net(x).square().sum().item() < 0.5 * first
    after = links_of(net)
    assert all(after[name].sum() <= before[name].sum() for name in before)
    assert not same(before, after)


def test_dense_layers_are_seen_and_stay():
    net = networks.dense_between()
    weights, before = net[2].weight.clone(), links_of(net)
    step = evolve_module(net, RULE, zeta=0.5, optimizer=None, rng=rng())
    assert torch.equal(net[2].weight, weights)
    assert step.removed[1].nnz == step.regrown[1].nnz == 0
    assert links_of(net)["0"].sum() == before["0"].sum() - step.deficit[0]
    assert links_of(net)["4"].sum() == before["4"].sum() - step.deficit[2]
    assert not same(before, links_of(net))


def test_layers_and_targets_by_name():
    net = networks.branches()
    before = links_of(net)
    step = evolve_module(
        net, RULE, zeta=0.3, optimizer=None, rng=rng(), evolvable=["b"], target_links={"b": 27}
    )
    after = links_of(net)
    assert after["b"].sum() == 27 != before["b"].sum()
    assert np.array_equal(after["a"], before["a"])
    assert np.array_equal(after["out"], before["out"])
    assert [grown.nnz > 0 for grown in step.regrown] == [False, True, False]
    net = networks.branches()
    evolve_module(net, RULE, zeta=0.3, optimizer=None, rng=rng(), target_links={"a": 9})
    assert links_of(net)["a"].sum() == 9
    assert links_of(net)["b"].sum() == before["b"].sum()


def test_spiking_models_with_a_wiring():
    net = mlp([6, 9, 4], [np.eye(6, 9), np.ones((9, 4))], steps=2)
    step = evolve_module(net, RULE, zeta=0.5, optimizer=None, rng=rng(), evolvable=net.sparse_names)
    assert step.regrown[0].nnz == 3
    assert net.layers[1].n_links == 9 * 4 - 4 * (9 - len(np.unique(net.layers[0].links.indices)))


def test_what_does_not_fit_changes_nothing():
    net = networks.branches()
    before, other = links_of(net), torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1)
    options = {"zeta": 0.3, "optimizer": None, "rng": rng()}
    with pytest.raises(TypeError, match="optimizer"):
        evolve_module(net, RULE, zeta=0.3, rng=rng())
    with pytest.raises(
        ValueError, match=r"evolvable must name sparse layers.*\['a', 'b', 'out'\]; got \['c'\]"
    ):
        evolve_module(net, RULE, evolvable=["a", "c"], **options)
    with pytest.raises(ValueError, match=r"target_links must name .*got \['c'\]"):
        evolve_module(net, RULE, target_links={"c": 3}, **options)
    with pytest.raises(TypeError, match="evolvable must be a list"):
        evolve_module(net, RULE, evolvable="a", **options)
    with pytest.raises(ValueError, match="trains none"):
        evolve_module(net, RULE, **(options | {"optimizer": other}))
    with pytest.raises(ValueError, match="zeta"):
        evolve_module(net, RULE, **(options | {"zeta": 1.5}))
    with pytest.raises(ValueError, match="example"):
        evolve_module(networks.recurrent(), RULE, **options)
    assert same(before, links_of(net))


class Half(nn.Sequential):
    def wiring(self):
        return [{"source": "in", "target": "out", "layer": "1"}]


def test_layers_that_the_wiring_leaves_out_are_named():
    net = Half(SparseLinear(np.eye(4)), SparseLinear(np.eye(4)))
    with pytest.raises(ValueError, match=r"wiring\(\) leaves out \['0'\]"):
        evolve_module(net, RULE, zeta=0.3, optimizer=None, rng=rng(), evolvable=["0", "1"])
    evolve_module(net, RULE, zeta=0.5, optimizer=None, rng=rng())
    assert np.array_equal(net[0].links.toarray(), np.eye(4))


@pytest.mark.parametrize("kind", ["linear", "convolution"])
def test_the_links_that_grow_by_gradient_are_those_of_a_dense_twin(kind):
    """RigL: the k largest gradients, by autograd, of absent links, among the units that are live."""
    if kind == "linear":
        layer, x = networks.linear(6, 9, density=0.3), torch.from_numpy(rng().normal(size=(8, 6))).float()
        dense = nn.Linear(6, 9)
    else:
        layer, x = networks.conv(3, 4, bias=True), torch.from_numpy(rng().normal(size=(2, 3, 5, 5))).float()
        dense = nn.Conv2d(3, 4, 3)
    dense.weight.data, dense.bias = layer.weight.clone(), layer.bias
    net = nn.Sequential(layer, nn.Tanh())
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    before = layer.links.toarray()
    with Watch(sparse_layers(net), ["gradient"]) as watch:
        net(x).square().sum().backward()
        step = evolve_module(
            net,
            EvolutionRule("magnitude", "gradient", 1.0),
            zeta=0.3,
            optimizer=optimizer,
            rng=rng(),
            example=x,
            views=views(net, watch),
        )
    dense(x).tanh().square().sum().backward()
    gradient = np.abs(dense.weight.grad.flatten(1).T.numpy())
    removed, grown = step.removed[0].toarray(), step.regrown[0].toarray()
    kept = before & ~removed
    rows = np.repeat(kept.reshape(len(kept) // step.graph.projections[0].rows_per_unit, -1).any(1), 1)
    rows = np.repeat(rows, step.graph.projections[0].rows_per_unit)
    possible = ~kept & rows[:, None] & kept.any(0)
    largest = np.sort(gradient[possible])[::-1][: grown.sum()]
    assert grown.sum() == removed.sum() > 3
    assert np.allclose(np.sort(gradient[grown])[::-1], largest, rtol=1e-4)
    assert not grown[~possible].any()
