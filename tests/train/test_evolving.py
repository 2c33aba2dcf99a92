"""The evolution hook: when it is due, what it changes, when layers stop; rows of links and units."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from netsci.graph import LayeredGraph
from netsci.models import mlp
from netsci.sparse import SparseLinear, sparse_layers
from netsci.topology import EvolutionRule
from netsci.train import Inputs, Recipe
from netsci.train.build import build
from netsci.train.evolving import Evolver, evolver_of
from netsci.train.plan import Plan
from netsci.train.structure import nodes, structure


def network(seed=0, shape=(12, 16, 14, 3)):
    rng = np.random.default_rng(seed)
    masks = [rng.random((a, b)) < 0.3 for a, b in pairwise(shape[:-1])]
    return mlp(shape, [*masks, np.ones(shape[-2:], bool)])


def recipe(**changes):
    return Recipe().replace(**{"epochs": 10, "zeta": 0.4, "early_stop": None} | changes)


def evolver(net, **changes):
    """The evolver of a recipe, one batch an epoch: evolution k comes after k times evolve_every epochs."""
    made = recipe(**changes)
    return evolver_of(net, Plan(made.topology, made.optimisation.epochs, batches=1))


def overlaps(step):
    return dict(zip([p.name for p in step.graph.projections], step.overlap.tolist(), strict=True))


def value(rows, layer, measure):
    (found,) = [row["value"] for row in rows if (row["layer"], row["measure"]) == (layer, measure)]
    return found


def test_when_it_is_due():
    early = evolver(network(), schedule="static", until=0.5)
    assert [epoch for epoch in range(1, 11) if early.due(epoch)] == [1, 2, 3, 4, 5]
    assert not any(evolver(network(), zeta=0.0).due(epoch) for epoch in range(1, 11))
    assert not evolver(mlp([3, 4, 2])).due(1)


def test_the_first_epoch_removes_most():
    shares = [evolver(network()).zeta_at(epoch) for epoch in range(1, 11)]
    assert shares[0] == 0.4
    assert shares == sorted(shares, reverse=True)
    assert shares[5] == pytest.approx(0.2)


def test_without_a_recipe_rule_zeta_links_and_layers_are_given():
    net = network()
    seen = []

    def rule(number):
        seen.append(number)
        return EvolutionRule("magnitude", "random", 1.0)

    hand = Evolver(net, rule, zeta=lambda k: 0.1 * k, links=lambda name, k: 50 - k, layers=["layers.1"])
    before = {name: layer.links for name, layer in sparse_layers(net).items()}
    step = hand.step(3, None, np.random.default_rng(7))
    assert set(seen) == {3}
    removed = {p.name: gone.nnz for p, gone in zip(step.graph.projections, step.removed, strict=True)}
    there = before["layers.1"].nnz
    assert removed["layers.1"] == there - 47 + round(0.3 * 47)
    assert net.layers[1].n_links == 47
    assert removed["layers.0"] == removed["layers.2"] == 0
    assert (net.layers[0].links > before["layers.0"]).nnz == 0


def test_a_model_that_says_nothing_needs_its_layers_named():
    net = nn.Sequential(SparseLinear(np.tri(4, 5)), nn.ReLU(), SparseLinear(np.ones((5, 2))))
    with pytest.raises(TypeError, match="no sparse_names"):
        Evolver(net, EvolutionRule())
    named = Evolver(net, EvolutionRule("magnitude", "random"), layers=["0"])
    assert named.links == {"0": 10}


def test_fewer_links_are_wanted_as_the_density_falls():
    net = network()
    falling = evolver(net, initial_sparsity=0.7, sparsity=0.9, early_stop=0.0)
    cells = {name: np.prod(layer.links.shape) for name, layer in sparse_layers(net).items()}
    counts = []
    for number in range(1, 11):
        assert falling.due(number)
        falling.step(number, None, np.random.default_rng(number))
        counts.append(net.layers[0].n_links)
    assert falling.stopped  # and yet they lose what is too much
    assert counts == [round((0.3 - 0.02 * k) * cells["layers.0"]) for k in range(1, 11)]
    assert not falling.due(11)


def test_layers_keep_their_links_and_the_output_only_loses():
    net = network()
    made = evolver(net)
    before = {name: layer.links for name, layer in sparse_layers(net).items()}
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.rand(8, 5, 12)).sum().backward()
    optimizer.step()
    step = made.step(1, optimizer, np.random.default_rng(7))
    after = {name: layer.links for name, layer in sparse_layers(net).items()}
    for name in ("layers.0", "layers.1"):
        assert after[name].nnz == made.links[name] == before[name].nnz
        assert (after[name] != before[name]).nnz > 0
        assert 0.0 <= overlaps(step)[name] <= 1.0
    assert set(made.links) == {"layers.0", "layers.1"}
    assert (after["layers.2"] > before["layers.2"]).nnz == 0
    assert optimizer.state[net.layers[0].values]["exp_avg"].shape == net.layers[0].values.shape


@pytest.mark.parametrize("model", ["conv2fc2", "mlp"])
def test_the_output_loses_the_links_of_dead_units(model):
    """In every model, not in perceptrons alone: as many as the outputs for each hidden unit that died."""
    options = (("padding", 1),) if model == "conv2fc2" else (("hidden", (300,)),)
    of_model = {"model": model, "options": options, "initial": "uniform", "sparsity": 0.95}
    made = recipe(zeta=0.9, schedule="static", steps=2, limit=50, **of_model)
    net = build(made, Inputs(made, "cpu"))
    of_recipe = evolver_of(net, Plan(made.topology, 10, batches=1))
    for epoch in (1, 2, 3):
        of_recipe.step(epoch, None, np.random.default_rng(epoch))
    hidden, output = list(sparse_layers(net).values())[-2:]
    alive = int((hidden.links.sum(axis=0) > 0).sum())
    assert 0 < alive < 300
    assert output.links.shape == (300, 10)
    assert output.n_links == 10 * alive


def test_lost_links_are_made_up_for_in_later_steps():
    net = network()
    rule = EvolutionRule("lrs", "ch3_l3", 0.5)
    Evolver(net, rule, zeta=0.4, links={"layers.0": 70, "layers.1": 60}).step(
        1, None, np.random.default_rng(7)
    )
    counts = [layer.n_links for layer in sparse_layers(net).values()]
    assert counts[:2] == [70, 60]


def test_a_stopped_layer_stays_and_the_others_go_on():
    net = network()
    made = evolver(net)
    made.stopped = {"layers.0"}
    before = net.layers[0].links
    second = net.layers[1].links
    made.step(1, None, np.random.default_rng(7))
    assert (net.layers[0].links > before).nnz == 0
    assert (net.layers[1].links != second).nnz > 0
    assert made.due(2)
    made.stopped.add("layers.1")
    assert not made.due(2)


def test_layers_stop_above_the_overlap():
    # All missing cells grow back: what is removed is all that can grow.
    full = mlp([4, 5, 2], [np.ones((4, 5), bool), np.ones((5, 2), bool)])
    made = evolver(full, early_stop=0.95)
    assert overlaps(made.step(1, None, np.random.default_rng(7)))["layers.0"] == 1.0
    assert made.stopped == {"layers.0"}
    forever = evolver(full, early_stop=None)
    forever.step(1, None, np.random.default_rng(7))
    assert forever.stopped == set()


def test_a_network_may_lose_all_its_links():
    net = network()
    evolver(net, zeta=1.0, schedule="static").step(
        1, torch.optim.Adam(net.parameters()), np.random.default_rng(7)
    )
    assert [layer.n_links for layer in sparse_layers(net).values()] == [0, 0, 0]
    rows = structure(net)
    assert value(rows, "all", "node sparsity") == 1.0
    assert value(rows, "all", "link sparsity") == 1.0
    net(torch.rand(2, 12)).sum().backward()


def test_a_layer_that_the_wiring_leaves_out_is_named():
    class Partly(nn.Module):
        sparse_names = ("a", "b")

        def __init__(self):
            super().__init__()
            self.a, self.b = SparseLinear(np.eye(3)), SparseLinear(np.eye(3))

        def wiring(self):
            return [{"source": "in", "target": "out", "layer": "a"}]

    with pytest.raises(ValueError, match=r"wiring\(\) leaves out the evolving layers b"):
        evolver(Partly())


def test_rows_by_hand():
    # 3 -> 4 -> 2: input 2 and hidden units 1 and 3 are on no path.
    first = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    second = np.array([[1, 0], [0, 1], [0, 1], [0, 0]])
    rows = structure(mlp([3, 4, 2], [first, second]))
    assert value(rows, "layers.0", "links") == 3
    assert value(rows, "layers.0", "link sparsity") == 0.75
    assert value(rows, "all", "link sparsity") == pytest.approx(1 - 6 / 20)
    assert value(rows, "all", "node sparsity") == pytest.approx(3 / 7)
    graph = LayeredGraph.from_masks([first, second], names=["a", "b"])
    by_population = [row["value"] for row in nodes(graph)]
    assert by_population == pytest.approx([1 / 3, 1 / 2, 0.0, 3 / 7])


def test_dense_layers_count_as_linked():
    rows = structure(nn.Sequential(nn.Conv2d(2, 3, 3), nn.Linear(4, 5)))
    assert rows == [{"layer": "all", "measure": "link sparsity", "value": 0.0, "unit": "share"}]
    assert np.isnan(structure(nn.ReLU())[0]["value"])
