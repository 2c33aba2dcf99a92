import numpy as np
import pytest

from netsci.graph import LayeredGraph
from netsci.topology import EvolutionRule, evolve, find_stopped


def test_by_hand():
    """Above, not at, the limit; nothing grown stops nothing."""
    now = find_stopped([0.96, 0.95, 0.2, np.nan])
    assert now.dtype == bool
    assert now.tolist() == [True, False, False, False]
    assert find_stopped([0.96, 0.5], above=0.5).tolist() == [True, False]
    assert find_stopped([1.0], above=1.0).tolist() == [False]
    assert find_stopped([]).tolist() == []


def test_once_stopped_always_stopped():
    flags = None
    for overlap in ([0.1, 0.99], [0.97, np.nan], [0.0, 0.0]):
        flags = find_stopped(overlap, already=flags)
    assert flags.tolist() == [True, True]
    before = np.array([True, False])
    find_stopped([0.0, 1.0], already=before)
    assert before.tolist() == [True, False]  # the argument is not changed


def test_a_layer_that_only_grows_back_what_it_removed_stops_and_the_others_go_on():
    """A full layer cannot but regrow what it lost: overlap 1. Then it is frozen and changes no more."""
    masks = [np.ones((6, 8)), np.tri(8, 30)]
    graph = LayeredGraph.from_masks(masks)
    rule, rng = EvolutionRule("random", "random", 0.0), np.random.default_rng(7)
    step = evolve(graph, rule, zeta=0.2, rng=rng)
    flags = find_stopped(step.overlap)
    assert flags.tolist() == [True, False]
    step = evolve(step.graph, rule, zeta=0.2, evolvable=~flags, rng=rng)
    assert step.removed[0].nnz == 0
    assert step.removed[1].nnz > 0
    assert find_stopped(step.overlap, already=flags).tolist() == [True, False]


@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (ValueError, "overlap must lie in", {"overlap": [0.5, 1.2]}),
        (ValueError, "overlap must lie in", {"overlap": [0.5, -0.1]}),
        (TypeError, "overlap must be real", {"overlap": [[0.5, 0.5]]}),
        (TypeError, "overlap must be real", {"overlap": ["a", "b"]}),
        (ValueError, "above", {"above": 95}),
        (TypeError, "already must be boolean", {"already": [0, 1]}),
        (ValueError, "already must have one entry", {"already": [True]}),
    ],
)
def test_arguments_are_checked(error, message, arguments):
    with pytest.raises(error, match=message):
        find_stopped(**({"overlap": [0.5, 0.6]} | arguments))
