import numpy as np
import pytest
import scipy.sparse as sp

from netsci.graph import LayeredGraph, Population, Projection
from netsci.topology import REGROWTH, EvolutionRule, evolve
from tests import graphs
from tests.topology.test_evolution import STRICT, dense_layer, rng


def test_targets_by_name_leave_the_others_alone():
    graph = graphs.chain()
    step = evolve(graph, STRICT, zeta=0.0, target_links={"fc2": 2}, rng=rng())
    assert [p.n_links for p in step.graph.projections] == [2, 1]  # unit 1 of the hidden layer is dead
    assert step.deficit.tolist() == [2, 1]


def test_a_name_of_two_projections_is_no_target():
    a, b = Population("a", 2), Population("b", 3)
    graph = LayeredGraph((a, b), (*(Projection("a", "b", np.ones((2, 3)), name="x") for _ in "12"),
                                  Projection("a", "b", np.ones((2, 3)), name="y")))  # fmt: skip
    rule = EvolutionRule("random", "random", 0.5)
    with pytest.raises(ValueError, match=r"\['x'\], but several projections have this name: pass a list"):
        evolve(graph, rule, zeta=0.0, target_links={"x": 2}, rng=rng())
    step = evolve(graph, rule, zeta=0.0, target_links={"y": 2}, rng=rng())
    assert [p.n_links for p in step.graph.projections] == [6, 6, 2]


def test_random_removal_needs_no_weights():
    graph = LayeredGraph.from_masks([np.ones((3, 4))])
    step = evolve(graph, EvolutionRule("random", "random", 0.5), zeta=0.25, rng=rng())
    assert step.graph.projections[0].weights is None
    assert step.graph.n_links == 12


def test_a_network_without_projections_has_nothing_to_evolve():
    step = evolve(LayeredGraph((Population("a", 3),), ()), STRICT, zeta=0.3, rng=rng())
    assert step.removed == step.regrown == ()
    assert step.overlap.shape == (0,)


def test_undirected_projections_are_percolated_around_but_do_not_evolve():
    plain = LayeredGraph.from_adjacency([[0, 1], [1, 0]])
    rule = EvolutionRule("random", "random", 0.5)
    with pytest.raises(ValueError, match="undirected"):
        evolve(plain, rule, zeta=0.5, rng=rng())
    assert evolve(plain, rule, zeta=0.5, evolvable=[False], rng=rng()).graph == plain


def test_delta_may_be_a_pair():
    rule = EvolutionRule("lrs", "ch3_l3", [0.2, 1])
    assert (rule.delta_removal, rule.delta_regrowth) == (0.2, 1.0)
    assert rule == EvolutionRule("lrs", "ch3_l3", (0.2, 1))
    assert hash(rule) == hash(EvolutionRule("lrs", "ch3_l3", (0.2, 1)))
    assert EvolutionRule(delta=0.3).delta_removal == EvolutionRule(delta=0.3).delta_regrowth == 0.3


@pytest.mark.parametrize(
    ("error", "name", "arguments"),
    [
        (ValueError, "removal", {"removal": "weight"}),
        (ValueError, "regrowth", {"regrowth": "ch4"}),
        (ValueError, "delta", {"delta": 1.5}),
        (ValueError, "delta", {"delta": (0.5, -0.1)}),
        (ValueError, "delta", {"delta": (0.5, 0.5, 0.5)}),
        (TypeError, "delta must be a number", {"delta": "0.5"}),
        (TypeError, "delta must be a number", {"delta": (0.5, None)}),
        (TypeError, "permanent", {"permanent": 1}),
    ],
)
def test_rules_are_checked(error, name, arguments):
    with pytest.raises(error, match=name):
        EvolutionRule(**arguments)


@pytest.mark.parametrize(
    ("error", "name", "arguments"),
    [
        (ValueError, "zeta", {"zeta": 1.2}),
        (TypeError, "zeta must be a number; got '0.3'", {"zeta": "0.3"}),
        (TypeError, "rng", {"rng": 7}),
        (ValueError, "evolvable", {"evolvable": [True, True]}),
        (ValueError, "target_links", {"target_links": [1, 2]}),
        (ValueError, "target_links names", {"target_links": {"fc9": 1}}),
        (ValueError, "target_links", {"target_links": [-1]}),
        (TypeError, "target_links", {"target_links": [2.5]}),
    ],
)
def test_arguments_are_checked(error, name, arguments):
    with pytest.raises(error, match=name):
        evolve(dense_layer(), STRICT, **{"zeta": 0.3, "rng": rng(), **arguments})


def test_graph_and_rule_are_checked():
    with pytest.raises(TypeError, match="graph must be a LayeredGraph; got ndarray"):
        evolve(np.ones((3, 5)), STRICT, zeta=0.3, rng=rng())
    with pytest.raises(TypeError, match=r"rule must be an EvolutionRule, .*; got 'lrs'"):
        evolve(dense_layer(), "lrs", zeta=0.3, rng=rng())


def test_removal_by_weight_asks_for_weights():
    with pytest.raises(ValueError, match="needs weights"):
        evolve(LayeredGraph.from_masks([np.ones((2, 3))]), STRICT, zeta=0.3, rng=rng())


def test_a_score_of_the_wrong_shape_is_refused():
    REGROWTH["wrong"] = lambda view: np.ones(view.links.shape[::-1])
    try:
        with pytest.raises(ValueError, match="must return scores of shape"):
            evolve(dense_layer(), EvolutionRule("random", "wrong", 0.5), zeta=0.3, rng=rng())
    finally:
        del REGROWTH["wrong"]
    mask = sp.csr_array(np.eye(2, 3))
    graph = LayeredGraph((Population("a", 2), Population("b", 3)), (Projection("a", "b", mask),))
    assert evolve(graph, EvolutionRule("random", "random", 1.0), zeta=0.0, rng=rng()).graph == graph
