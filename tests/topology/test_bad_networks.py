"""Networks that evolution refuses or survives: no numbers, silent rows and columns, too many links wanted."""

import numpy as np
import pytest
import torch
from torch import nn

from netsci.graph import LayeredGraph, Population, Projection
from netsci.sparse import SparseLinear, Watch, evolve_module, sparse_layers, views
from netsci.topology import REMOVAL, EvolutionRule, OrderedRule, evolve
from netsci.train.methods.ndsnn import NeurogenesisRule
from netsci.train.methods.set import SetRule
from netsci.train.methods.srigl import FanInRule
from tests.views import sloped


def rng(seed=7):
    return np.random.default_rng(seed)


def weighted(weights, mask=None):
    return LayeredGraph.from_masks([weights != 0 if mask is None else mask], weights=[weights])


def drawn(shape=(8, 9), seed=7):
    generator = rng(seed)
    return generator.normal(size=shape) * (generator.random(shape) < 0.6)


RULES = [kind(removal, "random") for kind in (EvolutionRule, OrderedRule) for removal in REMOVAL]


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_refused_by_every_rule(wrong):
    weights = drawn()
    weights[tuple(np.argwhere(weights)[3])] = wrong
    for rule in RULES:
        with pytest.raises(ValueError, match="hold NaN or infinite values: replace them first"):
            evolve(weighted(weights), rule, zeta=0.3, rng=rng())


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_module_with_such_weights_stays_as_it_is(wrong):
    net = nn.Sequential(SparseLinear(drawn() != 0))
    net[0].values.data[3] = wrong
    values, links = net[0].values.tolist(), net[0].links.toarray()
    with pytest.raises(ValueError, match="weights of '0' hold NaN or infinite values: replace them first"):
        evolve_module(net, RULES[0], zeta=0.3, optimizer=None, rng=rng(), example=torch.ones(1, 8))
    np.testing.assert_array_equal(net[0].values.tolist(), values)
    assert np.array_equal(net[0].links.toarray(), links)


def silent():
    """Links everywhere but in a row and a column; another row and column weigh 0, and an input is dead."""
    weights, mask = drawn(), rng(1).random((8, 9)) < 0.6
    mask[5], mask[:, 6] = True, True
    mask[2], mask[:, 3] = False, False
    weights[~mask] = 0.0
    weights[5], weights[:, 6] = 0.0, 0.0
    slope = rng(2).normal(size=(8, 9))
    slope[5] = 0.0  # the input that is dead
    return weights, mask, slope


WITHOUT_A_GRADIENT = [
    *(
        EvolutionRule(removal, regrowth, delta)
        for removal in ("magnitude", "ri", "lrs", "random")
        for regrowth in ("random", "ch2_l3n", "ch3_l3")
        for delta in (0.0, 0.5, 1.0)
    ),
    OrderedRule(),
    SetRule(),
]
WITH_A_GRADIENT = [
    OrderedRule("magnitude", "gradient"),
    OrderedRule("mest", "random"),
    EvolutionRule("magnitude", "gradient", 1.0),
    FanInRule(),
    NeurogenesisRule(),
]


@pytest.mark.parametrize("empty", [False, True], ids=["rows of zeros", "all weights 0"])
def test_silent_rows_and_columns_neither_break_a_rule_nor_cost_a_link(empty):
    weights, mask, slope = silent()
    weights = weights * (not empty)
    graph = weighted(weights, mask)
    for rule in WITHOUT_A_GRADIENT + WITH_A_GRADIENT:
        view = sloped(weights, mask, slope, name=graph.projections[0].name)
        seen = {view.name: view} if rule in WITH_A_GRADIENT else None
        step = evolve(graph, rule, zeta=0.4, views=seen, rng=rng())
        held = graph.n_links // 8 * 8 if isinstance(rule, FanInRule) else graph.n_links
        assert step.graph.n_links <= held
        assert held - step.graph.n_links < 9 if isinstance(rule, FanInRule) else step.graph.n_links == held
        after = step.graph.projections[0]
        assert np.isfinite(after.weights.data).all()
        if rule.percolate:  # who has died stays dead
            assert not after.links.toarray()[2].any()
            assert not after.links.toarray()[:, 3].any()


def test_dead_inputs_keep_every_score_finite():
    """A layer whose inputs are all 0: no gradient, no activity; the gradient ties everywhere."""
    net = nn.Sequential(SparseLinear(silent()[1], bias=True), nn.Tanh())
    with Watch(sparse_layers(net), ["gradient", "activity"]) as watch:
        net(torch.zeros(4, 8)).square().sum().backward()
        view = views(net, watch)["0"]
        assert not view.gradient().any()
        assert not view.activity().any()
        for name in REMOVAL:
            assert np.isfinite(REMOVAL[name](view)).all()
        rule = OrderedRule("magnitude", "gradient")
        n_links = net[0].n_links
        options = {"optimizer": None, "rng": rng(), "example": torch.zeros(1, 8), "views": {"0": view}}
        step = evolve_module(net, rule, zeta=0.3, **options)
    assert net[0].n_links == n_links
    kept = silent()[1] & ~step.removed[0].toarray()
    lowest = np.flatnonzero(~kept)[: step.regrown[0].nnz]  # ties go by the cell
    assert np.array_equal(np.flatnonzero(step.regrown[0].toarray()), lowest)


def test_a_target_above_the_live_cells_is_met_as_far_as_they_go_and_the_rest_is_recorded():
    mask = silent()[1]
    step = evolve(weighted(np.where(mask, 1.0, 0.0)), RULES[0], zeta=0.0, target_links=[10**9], rng=rng())
    assert step.graph.n_links == 7 * 8
    assert step.deficit.tolist() == [10**9 - 7 * 8]


def test_networks_whose_layers_do_not_chain_are_refused():
    with pytest.raises(ValueError, match="mask 1 has 5 rows, but mask 0 has 4 columns"):
        LayeredGraph.from_masks([np.ones((3, 4)), np.ones((5, 2))])
    with pytest.raises(ValueError, match=r"mask 1 .* rows of the next mask"):
        LayeredGraph.from_masks([np.ones((3, 4)), np.ones((4, 2)).T])
    ends = Population("a", 3), Population("b", 4)
    with pytest.raises(ValueError, match=r"must be .* = \[3, 4\]; it is \[4, 3\]. Its transpose would fit"):
        LayeredGraph(ends, (Projection("a", "b", np.ones((4, 3))),))
    net = nn.Sequential(SparseLinear(np.ones((3, 4))), SparseLinear(np.ones((5, 2))))
    before = [layer.links.toarray() for layer in net]
    for example in (None, torch.ones(1, 3)):  # None: zeros of the first layer's size are tried
        with pytest.raises(ValueError, match=r"x must be \[..., 5\], inputs last"):
            evolve_module(net, RULES[0], zeta=0.3, optimizer=None, rng=rng(), example=example)
    assert all(np.array_equal(layer.links.toarray(), old) for layer, old in zip(net, before, strict=True))
