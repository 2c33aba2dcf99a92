"""Sparse matrices and links kept as several arrays of an npz, and several arrays in one npy."""

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from netsci.io import load
from netsci.io.sandbox.isolation import last_usage
from tests.io.samples import FC1, FC2, layer_table, refused

_DENSE = np.triu(sp.random(9, 9, 0.6, random_state=0).toarray(), 1)
_DENSE[8, 0] = 7.0
LINKS = sp.csr_array(_DENSE)
FEATURES = sp.random(9, 4, 0.5, format="csr", random_state=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


def save(path, **arrays):
    with open(path, "wb") as stream:
        np.savez(stream, **arrays)
    return path


def parts(matrix, begin, shape=True):
    found = {f"{begin}{part}": getattr(matrix, part) for part in ("data", "indices", "indptr")}
    return found | ({f"{begin}shape": np.array(matrix.shape)} if shape else {})


COO, CSC = LINKS.tocoo(), LINKS.tocsc()
GRAPHS = {
    "a set for graph networks": parts(LINKS, "adj_") | parts(FEATURES, "attr_") | {"labels": np.arange(9)},
    "csr": parts(LINKS, ""),
    "csr with a dot": parts(LINKS, "graph."),
    "csr without a shape": parts(LINKS, "adj_", shape=False),
    "csc": {"a_data": CSC.data, "a_row_indices": CSC.indices, "a_colptr": CSC.indptr},
    "coo": {"row": COO.row, "col": COO.col, "data": COO.data, "shape": np.array(COO.shape)},
    "i, j, w": {"i": COO.row, "j": COO.col, "w": COO.data},
    "edge_index": {"edge_index": np.stack([COO.row, COO.col]), "edge_weight": COO.data, "x": np.ones((9, 5))},
    "edges": {"edges": np.stack([COO.row, COO.col], axis=1), "weights": COO.data, "num_nodes": np.array(9)},
    "src, dst": {"src": COO.row, "dst": COO.col, "weight": COO.data},
    "senders, receivers": {"senders": COO.row, "receivers": COO.col, "weights": COO.data, "nodes": COO.data},
}  # fmt: skip


@pytest.mark.parametrize("kind", GRAPHS)
def test_links_in_several_arrays(path, kind):
    loaded = load(save(path, **GRAPHS[kind]))
    (projection,) = loaded.graph.projections
    assert projection.source == projection.target
    assert np.array_equal(projection.weights.toarray(), LINKS.toarray())
    assert loaded.kind == "npz of links"
    assert any("several arrays" in guess for guess in loaded.guesses)
    for name in ("attr_data", "labels", "x"):
        if name in GRAPHS[kind]:
            assert any(note.startswith("left out: ") and name in note for note in loaded.notes)


def test_nodes_without_links_are_kept_and_symmetric_links_are_undirected(path):
    pairs = np.array([[0, 1], [1, 0], [1, 2], [2, 1]])
    (projection,) = load(save(path, edge_index=pairs.T, num_nodes=np.array(7))).graph.projections
    assert projection.undirected
    assert projection.shape == (7, 7)


def test_sparse_layers_in_parts(path):
    first, second = sp.csr_array(FC1), sp.csr_array(FC2)
    loaded = load(save(path, **parts(first, "fc1_"), **parts(second, "fc2_")))
    assert layer_table(loaded.graph) == {"fc1": (5, 4, 6), "fc2": (4, 3, 4)}
    assert np.array_equal(loaded.graph.projections[1].weights.toarray(), FC2)


def test_ordinary_matrices_of_such_names_are_layers(path):
    arrays = {"U": np.ones((9, 3)), "V": np.ones((3, 5))}
    assert layer_table(load(save(path, **arrays)).graph) == {"U": (9, 3, 27), "V": (3, 5, 15)}
    arrays = {"row": np.ones((4, 6)), "col": np.ones((6, 2))}
    assert set(layer_table(load(save(path, **arrays)).graph)) == {"row", "col"}
    assert layer_table(load(save(path, W1=FC1, W2=FC2, i=np.arange(3))).graph) == {
        "W1": (5, 4, 6),
        "W2": (4, 3, 4),
    }


BROKEN = {
    "adj_indices": [np.full(LINKS.nnz, 99), LINKS.indices[:-1], LINKS.indices - 1],
    "adj_indptr": [LINKS.indptr[::-1].copy(), LINKS.indptr + 1, LINKS.indptr[:-1]],
    "adj_data": [LINKS.data[:-1]],
    "adj_shape": [
        np.array([9, 2]),
        np.array([8, 9]),
        np.array([10**9, 9]),
        np.array([9, 9, 9]),
        np.array([-9, 9]),
    ],
}


@pytest.mark.parametrize("name", BROKEN)
def test_every_index_is_checked(path, name):
    for part in BROKEN[name]:
        refused(save(path, **(parts(LINKS, "adj_") | {name: part})), "damaged|above the limit")


def test_ends_that_do_not_fit_are_refused(path):
    for name, part in {"i": COO.row[:-1], "j": COO.col - 100}.items():
        refused(save(path, **(GRAPHS["i, j, w"] | {name: part})), "damaged")
    refused(save(path, edge_index=np.zeros((3, 4), int)), r"\[2, links\] or \[links, 2\]")


def test_ids_in_the_millions_make_no_million_nodes(path):
    """Two links of node 5,000,000 are ids or damage, unless the file says how many nodes there are."""
    pairs = np.array([[0, 5_000_000], [1, 2]])
    refused(save(path, edge_index=pairs), "node numbers up to 5,000,000; number the nodes .* num_nodes")
    save(path, edge_index=pairs, edge_weight=np.ones(2), num_nodes=np.array(5_000_001))
    assert load(path).graph.n_nodes == 5_000_001
    usage = last_usage()
    assert usage.peak_bytes - usage.baseline_bytes < 30 * 5_000_001  # bytes a node
    save(path, edge_index=np.array([[0, 900_000], [1, 2]]))
    assert load(path).graph.n_nodes == 900_001


@pytest.mark.parametrize("head", [b"", b'{"width": 16, "depth": 2}\n'])
def test_arrays_one_after_the_other_are_named(path, head):
    with open(path, "wb") as stream:
        stream.write(head)
        for shape in ((16, 8), (16,), (4, 16), (4,)):
            np.save(stream, np.ones(shape, np.float32))
    message = refused(
        path, "Equinox" if head else r"4 arrays one after the other.*Equinox.*16 x 8, 16, 4 x 16, 4"
    )
    assert "numpy.savez" in message
    with open(path, "wb") as stream:
        np.save(stream, np.ones((16, 8)))
    assert load(path).graph.n_links == 128
