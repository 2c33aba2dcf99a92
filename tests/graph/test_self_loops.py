"""One convention for self-loops: they are links, and no places for links; see `netsci.graph.projection`."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsci.graph import LayeredGraph, Population, Projection
from netsci.graph.degree.exponent_table import random_control


def plain(adjacency: Any, *, directed: bool = False) -> Projection:
    return LayeredGraph.from_adjacency(adjacency, directed=directed).projections[0]


def say(p: Projection) -> tuple[int, int, int, float]:
    return p.n_links, p.n_loops, p.n_places, pytest.approx(p.sparsity, nan_ok=True)


PATH = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]])


@pytest.mark.parametrize(
    ("adjacency", "undirected", "directed"),
    [
        (PATH, (1, 0, 3, 2 / 3), (2, 0, 6, 2 / 3)),
        (PATH + np.diag([1, 1, 0]), (3, 2, 3, 2 / 3), (4, 2, 6, 2 / 3)),
        (np.eye(3), (3, 3, 3, 1.0), (3, 3, 6, 1.0)),  # loops only
        (np.ones((3, 3)), (6, 3, 3, 0.0), (9, 3, 6, 0.0)),
        (np.ones((3, 3)) - np.eye(3), (3, 0, 3, 0.0), (6, 0, 6, 0.0)),  # complete
        (np.zeros((3, 3)), (0, 0, 3, 1.0), (0, 0, 6, 1.0)),
        (np.ones((1, 1)), (1, 1, 0, np.nan), (1, 1, 0, np.nan)),
    ],
)
def test_links_loops_places_and_sparsity_by_hand(adjacency: Any, undirected: tuple, directed: tuple) -> None:
    assert say(plain(adjacency)) == undirected
    assert say(plain(adjacency, directed=True)) == directed


def test_in_a_recurrent_layer_and_between_two_populations_every_cell_is_a_place() -> None:
    graph = LayeredGraph(
        (Population("input", 3), Population("hidden", 3)),
        (Projection("input", "hidden", np.eye(3)), Projection("hidden", "hidden", np.ones((3, 3)))),
    )
    between, recurrent = graph.projections
    assert say(between) == (3, 0, 9, 2 / 3)
    assert say(recurrent) == (9, 0, 9, 0.0)
    alone = LayeredGraph((graph.populations[1],), (recurrent,)).projections[0]
    assert say(alone) == (9, 0, 9, 0.0)  # taken out, it is still a layer
    assert say(Projection("hidden", "hidden", np.ones((3, 3)))) == (9, 3, 6, 0.0)


def test_where_a_unit_owns_several_rows_all_places_count() -> None:
    kernels = LayeredGraph(
        (Population("channels", 2),), (Projection("channels", "channels", np.ones((8, 2)), rows_per_unit=4),)
    )
    assert say(kernels.projections[0]) == (16, 0, 16, 0.0)


@given(st.integers(1, 7), st.integers(0, 2**32 - 1), st.booleans())
def test_loops_change_neither_places_nor_sparsity(n: int, seed: int, directed: bool) -> None:
    rng = np.random.default_rng(seed)
    links = rng.random((n, n)) < 0.4
    links = links if directed else links | links.T
    bare = plain(links & ~np.eye(n, dtype=bool), directed=directed)
    full = plain(links | np.eye(n, dtype=bool), directed=directed)
    assert (full.n_places, full.n_loops) == (bare.n_places, n)
    assert full.n_links == bare.n_links + n
    assert full.sparsity == bare.sparsity or n == 1


def test_random_controls_keep_the_number_of_loops() -> None:
    graph = LayeredGraph.from_adjacency(np.eye(6) + np.eye(6, k=1), directed=True)
    (drawn,) = random_control(graph, rng=np.random.default_rng(0)).projections
    assert (drawn.n_loops, drawn.n_links) == (6, 11)


def test_a_density_keeps_self_loops_and_that_share_of_the_pairs(tmp_path: Any) -> None:
    from netsci.io import load

    full = np.arange(1.0, 17.0).reshape(4, 4)
    graph = LayeredGraph.from_adjacency(full, weights=full, directed=True)
    graph.to_graphml(tmp_path / "net.graphml")
    for density, kept in ((0.5, 6), (1.0, 12)):
        loaded = load(tmp_path / "net.graphml", density=density)
        (p,) = loaded.graph.projections
        assert (p.n_links - p.n_loops, p.n_loops) == (kept, 4)
        assert p.sparsity == pytest.approx(1 - density)
        assert any(f", {density:g} of all places" in note for note in loaded.notes)


def test_a_density_cuts_a_recurrent_layer_alike_in_a_checkpoint_and_a_graph(tmp_path: Any) -> None:
    import torch
    from safetensors.torch import save_file

    from netsci.io import load, load_graph, write_graph

    torch.manual_seed(0)
    sizes = {"rnn.weight_ih_l0": (20, 7), "rnn.weight_hh_l0": (20, 20), "fc.weight": (5, 20)}
    save_file({name: torch.randn(size) for name, size in sizes.items()}, tmp_path / "rnn.safetensors")
    write_graph(load_graph(tmp_path / "rnn.safetensors"), tmp_path / "rnn.npz")
    of_layers, of_graph = (load_graph(tmp_path / f"rnn.{end}", density=0.1) for end in ("safetensors", "npz"))
    assert of_graph == of_layers
    assert [p.n_links for p in of_graph.projections] == [14, 40, 10]
    note = load(tmp_path / "rnn.npz", density=0.1).notes[1]
    assert note == "rnn.weight_hh_l0: 40 of 400 links stay, 0.1 of all places"
