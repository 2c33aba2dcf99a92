"""Rewiring: what follows the links, what is cleared, what is refused; and the graph of a module."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from netsci.graph import LayeredGraph, Population, Projection
from netsci.sparse import SparseConv2d, SparseLinear, layered_graph, rewire, sparse_layers
from netsci.topology import EvolutionRule, evolve

OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "plain": lambda p: torch.optim.SGD(p, lr=0.1),
    "adam": lambda p: torch.optim.Adam(p, lr=0.1),
    "amsgrad": lambda p: torch.optim.Adam(p, lr=0.1, amsgrad=True),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.1, amsgrad=True),
}


def net_of(seed=0):
    rng = np.random.default_rng(seed)
    first, second = rng.random((5, 8)) < 0.5, rng.random((8, 3)) < 0.6
    return nn.Sequential(SparseLinear(first), nn.Tanh(), SparseLinear(second, bias=False))


def trained(net, make, steps=3):
    optimizer = make(net.parameters())
    for step in range(steps):
        optimizer.zero_grad()
        net(torch.full((4, 5), step + 1.0)).square().sum().backward()
        optimizer.step()
    return optimizer


def dense(layer, values):
    links = layer.links
    return sp.csr_array((values.detach().numpy(), links.indices, links.indptr), shape=links.shape).toarray()


def test_the_layer_says_where_each_link_was():
    layer = SparseLinear([[1, 0, 1], [0, 1, 0]])
    layer.values.data = torch.tensor([2.0, 3.0, 5.0])
    layer(torch.ones(1, 2)).sum().backward()
    parameter = layer.values
    assert layer.rewire([[0, 1, 1], [1, 1, 0]]).tolist() == [-1, 1, -1, 2]
    assert layer.values is parameter
    assert layer.values.tolist() == [0.0, 3.0, 0.0, 5.0]
    assert layer.values.grad is None
    assert layer(torch.tensor([[1.0, 10.0]])).sub(layer.bias).tolist() == [pytest.approx([0.0, 50.0, 3.0])]
    assert layer.rewire(np.zeros((2, 3))).tolist() == []
    assert layer.rewire(np.ones((2, 3))).tolist() == [-1] * 6


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_values_and_moments_follow_their_links(name):
    net = net_of()
    optimizer = trained(net, OPTIMIZERS[name])
    before = {}
    for key, layer in sparse_layers(net).items():
        state = optimizer.state[layer.values]
        moments = {what: t for what, t in state.items() if torch.is_tensor(t) and t.ndim}
        before[key] = {what: dense(layer, t) for what, t in {"value": layer.values, **moments}.items()}
        before[key]["links"] = layer.links.toarray()
    step = evolve(
        layered_graph(net), EvolutionRule("magnitude", "random"), zeta=0.5, rng=np.random.default_rng(1)
    )
    parameters = [id(p) for p in net.parameters()]
    rewire(net, step.graph, optimizer)
    assert [id(p) for p in net.parameters()] == parameters
    for i, (key, layer) in enumerate(sparse_layers(net).items()):
        links = step.graph.projections[i].links.toarray()
        assert np.array_equal(layer.links.toarray(), links)
        assert not np.array_equal(links, before[key]["links"])
        stays = links & before[key]["links"]
        after = {"value": layer.values, **optimizer.state[layer.values]}
        for what in before[key].keys() - {"links"}:
            assert np.array_equal(dense(layer, after[what]), np.where(stays, before[key][what], 0))
        assert np.array_equal(dense(layer, layer.values), step.graph.projections[i].weights.toarray())
        assert layer.values.grad is None
    net(torch.ones(4, 5)).sum().backward()
    optimizer.step()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), name=st.sampled_from(["sgd", "amsgrad"]))
def test_training_goes_on_as_the_masked_dense_network_would(seed, name):
    """Oracle: a dense net, mask and moments multiplied by hand, gives the same weights after more steps."""
    net = net_of(seed).double()
    layers = list(sparse_layers(net).values())
    twin = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3, bias=False)).double()
    twin[0].bias.data = layers[0].bias.detach().clone()
    for dense_layer, layer in zip(twin[::2], layers, strict=True):
        dense_layer.weight.data = layer.weight.clone()
    optimizers = [OPTIMIZERS[name](model.parameters()) for model in (net, twin)]
    rng = np.random.default_rng(seed)
    for _ in range(3):
        masks = [torch.from_numpy(layer.links.toarray().T.copy()) for layer in layers]
        for _ in range(2):
            x = torch.from_numpy(rng.normal(size=(4, 5)))
            for model, optimizer in zip((net, twin), optimizers, strict=True):
                optimizer.zero_grad()
                model(x).square().sum().backward()
                if model is twin:
                    for dense_layer, mask in zip(twin[::2], masks, strict=True):
                        dense_layer.weight.grad *= mask
                optimizer.step()
        links = [rng.random(layer.links.shape) < 0.5 for layer in layers]
        rewire(net, LayeredGraph.from_masks(links, names=["0", "2"]), optimizers[0])
        for dense_layer, mask, new in zip(twin[::2], masks, links, strict=True):
            stays = mask & torch.from_numpy(new.T.copy())
            dense_layer.weight.data *= stays
            for moment in optimizers[1].state[dense_layer.weight].values():
                if torch.is_tensor(moment) and moment.ndim:
                    moment *= stays
    for dense_layer, layer in zip(twin[::2], layers, strict=True):
        torch.testing.assert_close(layer.weight, dense_layer.weight.detach(), rtol=1e-9, atol=1e-11)


def test_groups_of_the_optimizer_stay():
    net = net_of()
    groups = [{"params": [net[0].values], "lr": 0.5}, {"params": [net[0].bias, net[2].values]}]
    optimizer = torch.optim.Adam(groups, lr=0.1)
    net(torch.ones(1, 5)).sum().backward()
    optimizer.step()
    rewire(net, LayeredGraph.from_masks([np.ones((5, 8)), np.eye(8, 3)], names=["0", "2"]), optimizer)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.1]
    assert optimizer.param_groups[0]["params"][0] is net[0].values
    assert optimizer.state[net[0].values]["step"].item() == 1
    restored = torch.optim.Adam(groups, lr=0.1)
    restored.load_state_dict(optimizer.state_dict())
    assert restored.state[net[2].values]["exp_avg"].shape == (3,)


def test_a_graph_of_the_past_may_live_on():
    layer = SparseLinear(np.eye(3, 4))
    past = layer(torch.ones(1, 3)).sum()
    layer.rewire(np.ones((3, 4)))
    layer(torch.ones(1, 3)).sum().backward()
    assert layer.values.grad.shape == (12,)
    assert past.item() == pytest.approx(past.item())


@pytest.mark.parametrize("backend", ["csr", "torch_sparse"])
def test_a_backward_pass_from_before_is_refused(backend):
    # Its links are others: compiled loops would read past the end of the values.
    for links in (np.eye(3, 4)[:, ::-1], np.zeros((3, 4)), np.ones((3, 4))):
        layer = SparseLinear(np.eye(3, 4), backend=backend)
        past = layer(torch.ones(1, 3, requires_grad=True)).sum()
        layer.rewire(links)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            past.backward()


def test_to_no_links_and_back():
    for make in OPTIMIZERS.values():
        net = net_of()
        optimizer = trained(net, make)
        for share in (0.0, 1.0):
            masks = [np.full((5, 8), share), np.full((8, 3), share)]
            rewire(net, LayeredGraph.from_masks(masks, names=["0", "2"]), optimizer)
            for _ in range(2):
                optimizer.zero_grad()
                net(torch.ones(4, 5)).square().sum().backward()
                torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimizer.step()
        assert (net[0].n_links, net[2].n_links) == (40, 24)
        assert all(p.isfinite().all() for p in net.parameters())


@pytest.mark.parametrize(
    ("masks", "names", "words"),
    [
        ([np.ones((5, 8)), np.ones((8, 3))], ["0", "1"], "missing"),
        ([np.ones((5, 8)), np.ones((8, 3)), np.ones((3, 3))], ["0", "2", "2"], "twice"),
        ([np.ones((5, 7)), np.ones((7, 3))], ["0", "2"], r"\[5, 8\]"),
        ([np.ones((5, 8))], ["0"], "missing"),
    ],
)
def test_a_graph_that_does_not_fit_changes_nothing(masks, names, words):
    net = net_of()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    with pytest.raises(ValueError, match=words):
        rewire(net, LayeredGraph.from_masks(masks, names=names), None)
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


def test_bad_arguments():
    net = net_of()
    with pytest.raises(TypeError, match="LayeredGraph"):
        rewire(net, [np.ones((5, 8))], None)
    with pytest.raises(TypeError, match=r"torch\.optim"):
        rewire(net, layered_graph(net), "adam")
    with pytest.raises(ValueError, match="transpose would fit"):
        net[0].rewire(np.ones((8, 5)))
    lbfgs = torch.optim.LBFGS([net[0].values])
    lbfgs.state[net[0].values]["d"] = [torch.zeros(3)]
    with pytest.raises(ValueError, match="LBFGS stores 'd'"):
        rewire(net, layered_graph(net), lbfgs)


def test_a_forgotten_optimizer_is_refused():
    net = nn.Sequential(SparseLinear(np.eye(2), bias=False))
    before = net[0].links
    with pytest.raises(TypeError, match="optimizer"):
        rewire(net, LayeredGraph.from_masks([np.fliplr(np.eye(2))], names=["0"]))
    assert (net[0].links != before).nnz == 0


def test_new_links_move_under_rprop_and_have_no_momentum_of_others():
    net = nn.Sequential(SparseLinear(np.eye(3), bias=False))
    optimizer = torch.optim.Rprop(net.parameters(), lr=0.01)

    def step():
        optimizer.zero_grad()
        (net(torch.ones(1, 3)) - 5).square().sum().backward()
        optimizer.step()

    step()
    rewire(net, LayeredGraph.from_masks([np.ones((3, 3))], names=["0"]), optimizer)
    for _ in range(2):
        step()
    # two steps of one sign: lr, then 1.2 lr
    assert net[0].values.detach()[[1, 2, 3]].numpy() == pytest.approx(0.022)
    net = nn.Sequential(SparseLinear(np.eye(2), bias=False))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    net(torch.tensor([[10.0, 0.0]])).sum().backward()
    optimizer.step()
    rewire(net, LayeredGraph.from_masks([np.fliplr(np.eye(2))], names=["0"]), optimizer)
    net(torch.zeros(1, 2)).sum().backward()
    optimizer.step()
    assert net[0].values.tolist() == [0.0, 0.0]


def test_the_chain_of_a_convolutional_net():
    net = nn.Sequential(
        SparseConv2d(np.eye(8, 3), 2), nn.Flatten(), SparseLinear(np.eye(12, 5)), SparseLinear(np.eye(5, 2))
    )
    graph = layered_graph(net)
    assert graph.sizes == {"layer0": 2, "layer1": 3, "layer2": 5, "layer3": 2}
    assert [p.rows_per_unit for p in graph.projections] == [4, 4, 1]
    assert [p.name for p in graph.projections] == ["0", "2", "3"]
    assert np.array_equal(graph.projections[0].weights.data, net[0].values.detach().numpy())
    with pytest.raises(ValueError, match="no sparse layer"):
        layered_graph(nn.Linear(2, 3))


class Wired(nn.Module):
    """in -> hidden (sparse), an identity around a dense layer, and a layer that the wiring leaves out."""

    def __init__(self, known="inner"):
        super().__init__()
        self.first, self.inner = SparseLinear([[1, 0, 1], [0, 1, 1]]), nn.Linear(3, 3)
        self.outside, self.known = SparseLinear(np.eye(3, 2)), known

    def wiring(self):
        return [
            {"source": "in", "target": "hidden", "rows_per_unit": 1, "layer": "first"},
            {"source": "hidden", "target": "out", "layer": self.known},
            {"source": "hidden", "target": "out", "links": sp.eye_array(3), "name": "shortcut"},
        ]


def test_wiring():
    net = Wired()
    graph = layered_graph(net)
    assert graph.sizes == {"in": 2, "hidden": 3, "out": 3}
    assert [p.name for p in graph.projections] == ["first", "inner", "shortcut"]
    assert np.array_equal(graph.projections[1].weights.toarray(), net.inner.weight.detach().numpy().T)
    assert graph.projections[2].weights is None
    rewire(net, graph.with_links([np.ones((2, 3)), np.zeros((3, 3)), np.zeros((3, 3))]), None)
    assert (net.first.n_links, net.outside.n_links) == (6, 2)
    assert net.inner.weight.count_nonzero() == 9
    outside = LayeredGraph.from_masks([np.ones((3, 2))], names=["outside"])
    both = LayeredGraph(
        (*graph.populations, Population("more", 2)),
        (*graph.projections, Projection("hidden", "more", outside.projections[0].links, name="outside")),
    )
    rewire(net, both, None)  # left out by the wiring, but asked for by name
    assert net.outside.n_links == 6
    with pytest.raises(ValueError, match="'other'"):
        layered_graph(Wired("other"))
    with pytest.raises(ValueError, match="must name a sparse layer"):
        layered_graph(Wired(""))
