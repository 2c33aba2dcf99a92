"""Sparse matrices whose pointers lie: refused before compiled code follows them, without isolation too."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from netsci.io import CheckpointError, load
from netsci.io.network.pointers import check_pointers
from netsci.io.sandbox.transport import receive, send_network

# Pointers of 3 rows, and how many places there are (columns 0 and 1, one after the other).
WRONG = [
    ([0, 10**9, 5, 0], 0),  # scipy's check_format finds nothing wrong with it
    ([0, 2, 1, 2], 2),
    ([0, 1, 2, 3], 2),
    ([0, 1, 1, 1], 2),
    ([1, 1, 1, 2], 2),
    ([0, -1, 0, 0], 0),
    ([0, 2], 2),
    ([0, 1, 2, 2, 2], 2),
]


def parts(pointers, count):
    return np.array(pointers), np.arange(count) % 2, np.ones(count)


@pytest.mark.parametrize(("pointers", "count"), WRONG)
def test_pointers_that_lie(pointers, count):
    first, places, _ = parts(pointers, count)
    with pytest.raises(CheckpointError, match="x: the sparse matrix A is damaged: it"):
        check_pointers(Path("x"), "A", first, places, (3, 2))


def test_unsigned_pointers_and_places_outside():
    with pytest.raises(CheckpointError, match="do not run from 0 to its 2 entries"):
        check_pointers(Path("x"), "A", np.array([0, 2, 1, 2], np.uint64), np.array([0, 1]), (3, 2))
    for places in ([0, 2], [-1, 0]):
        with pytest.raises(CheckpointError, match="an index points outside"):
            check_pointers(Path("x"), "A", np.array([0, 1, 2, 2]), np.array(places), (3, 2))
    with pytest.raises(CheckpointError, match="not whole numbers"):
        check_pointers(Path("x"), "A", np.array([0.0, 1, 2, 2]), np.array([0, 1]), (3, 2))


def test_honest_matrices_pass():
    for rows, columns, density in ((5, 3, 0.4), (3, 5, 0.0), (0, 2, 0.0), (2, 0, 0.0)):
        matrix = sp.random_array((rows, columns), density=density, format="csr", rng=1)
        check_pointers(Path("x"), "A", matrix.indptr, matrix.indices, (rows, columns))


@pytest.mark.parametrize("layout", ["csr", "csc"])
@pytest.mark.parametrize(("pointers", "count"), WRONG)
def test_scipy_files(tmp_path, layout, pointers, count):
    first, places, values = parts(pointers, count)
    shape = (3, 2) if layout == "csr" else (2, 3)
    path = tmp_path / "net.npz"
    np.savez(path, format=layout.encode(), shape=shape, data=values, indices=places, indptr=first)
    with pytest.raises(CheckpointError, match=r"net\.npz: the sparse matrix net is damaged"):
        load(path, isolate=False)


@pytest.mark.parametrize("layout", ["csr", "csc", "coo"])
def test_honest_scipy_files(tmp_path, layout):
    matrix = sp.random_array((3, 7), density=0.4, rng=1)
    sp.save_npz(tmp_path / "net.npz", matrix.asformat(layout))
    weights = load(tmp_path / "net.npz", isolate=False).graph.projections[0].weights
    assert np.array_equal(weights.toarray(), matrix.toarray())


def test_a_scipy_file_may_be_empty(tmp_path):
    sp.save_npz(tmp_path / "net.npz", sp.csr_array((3, 2)))
    loaded = load(tmp_path / "net.npz", isolate=False)
    assert (loaded.graph.n_links, loaded.graph.projections[0].shape) == (0, (3, 2))


@pytest.mark.filterwarnings("ignore:Sparse:UserWarning")
@pytest.mark.filterwarnings("ignore:.*beta state:UserWarning")
@pytest.mark.parametrize("layout", ["csr", "csc", "bsr", "bsc"])
@pytest.mark.parametrize(("pointers", "count"), WRONG)
def test_torch_tensors(tmp_path, layout, pointers, count):
    first, places, values = map(torch.from_numpy, parts(pointers, count))
    side, blocked = (2, 1), layout.startswith("bs")
    if blocked:
        values = values[:, None, None].expand(count, *side).clone()
    shape = [3, 2] if layout.endswith("sr") else [2, 3]
    size = [n * b for n, b in zip(shape, side, strict=True)] if blocked else shape
    build = getattr(torch, f"sparse_{layout}_tensor")
    try:
        tensor = build(first, places, values, size, check_invariants=False)
    except RuntimeError:
        pytest.skip("torch itself does not build it")
    torch.save({"fc.weight": tensor}, tmp_path / "net.pt")
    with pytest.raises(CheckpointError, match="damaged"):
        load(tmp_path / "net.pt", isolate=False)


def test_what_the_reader_process_sends(tmp_path):
    np.savez(tmp_path / "net.npz", fc=np.eye(3, 2))
    graph = load(tmp_path / "net.npz", isolate=False).graph
    sent = io.BytesIO()
    send_network(sent, graph, "npz", [])
    whole = sent.getvalue()
    honest = graph.projections[0].links.indptr.tobytes()
    assert whole.count(honest) == 1
    for pointers in ([0, 2, 1, 2], [0, 1, 1, 1], [0, 10**9, 5, 2]):
        lie = np.array(pointers, graph.projections[0].links.indptr.dtype).tobytes()
        with pytest.raises(CheckpointError, match="something that is not a network"):
            receive(io.BytesIO(whole.replace(honest, lie)), Path("net.npz"))
    assert receive(io.BytesIO(whole), Path("net.npz"))[0] == graph
