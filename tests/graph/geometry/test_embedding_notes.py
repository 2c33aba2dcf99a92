import itertools

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp

from netsci.graph.geometry.embedding import coalescent_embedding
from netsci.graph.geometry.spanning_tree import is_unique, minimum_spanning_tree

BALLS = ("iso", "nciso", "le")


def complete_bipartite(m, n):
    dense = np.zeros((m + n, m + n), dtype=bool)
    dense[:m, m:] = dense[m:, :m] = True
    return dense


@pytest.mark.parametrize("reduction", BALLS)
@pytest.mark.parametrize("dense", [complete_bipartite(1, 7), complete_bipartite(4, 6)], ids=["star", "full"])
def test_angles_without_meaning_are_said(dense, reduction):
    """Nodes with the same neighbours share one eigenvalue: two of its many vectors are as good as others."""
    (note,) = coalescent_embedding(dense, reduction=reduction, gamma=2.5).notes
    assert note.startswith("the angles theta are arbitrary")
    ball = coalescent_embedding(dense, reduction=reduction, gamma=2.5, dimension=3)
    assert ball.notes[1].startswith("azimuth and elevation are arbitrary")


@pytest.mark.parametrize("reduction", BALLS)
def test_no_note_where_equal_eigenvalues_only_turn_the_picture(reduction):
    """The second and third vector of a ring share an eigenvalue, and both are used."""
    ring = np.roll(np.eye(7), 1, axis=1) + np.roll(np.eye(7), -1, axis=1)
    disk = coalescent_embedding(ring, weighting="none", reduction=reduction, gamma=2.5)
    assert np.isclose(disk.spectrum[:-1], disk.spectrum[1:]).any()
    assert disk.notes == ()
    hubs = nx.to_numpy_array(nx.barabasi_albert_graph(60, 2, seed=7))
    assert coalescent_embedding(hubs, reduction=reduction, dimension=3).notes == ()
    # in 3-D the third vector shares its eigenvalue with the fourth, and the first two are as they were
    (note,) = coalescent_embedding(ring, weighting="none", reduction=reduction, gamma=2.5, dimension=3).notes
    assert note.startswith("azimuth")


@pytest.mark.parametrize("reduction", ["mce", "ncmce"])
def test_the_one_column_of_a_star_is_arbitrary_and_that_of_a_path_is_not(reduction):
    (note,) = coalescent_embedding(complete_bipartite(1, 7), reduction=reduction, gamma=2.5).notes
    assert note.startswith("the angles theta are arbitrary")
    path = nx.to_numpy_array(nx.path_graph(7))
    assert coalescent_embedding(path, reduction=reduction, gamma=2.5).notes == ()


def test_a_gamma_that_is_text_is_refused():
    with pytest.raises(TypeError, match=r"gamma must be a number; got '2\.5'"):
        coalescent_embedding(complete_bipartite(2, 3), gamma="2.5")


def every_tree(lengths):
    """The total lengths of all spanning trees, by trying all sets of links."""
    links = [(i, j) for i in range(len(lengths)) for j in range(i) if lengths[i, j]]
    for chosen in itertools.combinations(links, len(lengths) - 1):
        net = nx.Graph(list(chosen))
        if len(net) == len(lengths) and nx.is_connected(net):
            yield sum(lengths[i, j] for i, j in chosen)


@pytest.mark.parametrize("seed", range(30))
def test_a_minimum_spanning_tree_is_the_only_one_or_not(seed):
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.integers(0, 4 if seed % 2 else 9, (5, 5)), 1).astype(float)
    lengths = upper + upper.T
    if sp.csgraph.connected_components(sp.csr_array(lengths))[0] > 1:
        return
    totals = sorted(every_tree(lengths))
    only = len(totals) == 1 or totals[0] < totals[1]
    matrix = sp.csr_array(lengths)
    assert is_unique(matrix, minimum_spanning_tree(matrix)) == only


@pytest.mark.parametrize("reduction", ["mce", "ncmce"])
def test_equal_lengths_that_leave_the_tree_open_are_said(reduction):
    rng = np.random.default_rng(0)
    mask = rng.random((20, 15)) < 0.25
    links = np.zeros((35, 35), bool)
    links[:20, 20:] = mask
    links |= links.T
    (note,) = coalescent_embedding(links, reduction=reduction, gamma=2.5).notes
    assert "several minimum spanning trees" in note
    assert coalescent_embedding(links, reduction="nciso", gamma=2.5).notes == ()
    tree = nx.to_numpy_array(nx.random_labeled_tree(20, seed=3))
    assert not any(
        "spanning" in one for one in coalescent_embedding(tree, reduction=reduction, gamma=2.5).notes
    )
