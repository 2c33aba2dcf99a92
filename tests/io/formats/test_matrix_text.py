"""Matrices as text: tables of numbers with and without names, Matrix Market."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.io
import scipy.sparse as sp

from netsci.io import load
from tests.io.formats.test_edge_lists import ARC, matrix, read, refused, said
from tests.io.samples import FC1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.dat"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", " "])
def test_tables_of_numbers_are_matrices(path, delimiter):
    wide = np.arange(42).reshape(6, 7) % 4 * 0.5
    np.savetxt(path, wide, delimiter=delimiter)
    loaded = load(path, isolate=False)
    assert matrix(loaded) == wide.tolist()
    assert "a table of numbers, 6 x 7: a layer [presynaptic, postsynaptic]" in loaded.notes
    square = np.triu(wide[:, :6], 1)
    np.savetxt(path, square, delimiter=delimiter)
    assert matrix(load(path)) == square.tolist()
    assert "an adjacency matrix, directed (row to column), since it is not symmetric" in said(load(path))
    np.savetxt(path, square + square.T, delimiter=delimiter)
    loaded = load(path, isolate=False)
    assert matrix(loaded) == (square + square.T).tolist()
    assert loaded.graph.projections[0].undirected
    np.savetxt(path, (square != 0).astype(int), fmt="%d", delimiter=delimiter)
    loaded = load(path, isolate=False)
    assert loaded.graph.projections[0].weights is None
    assert matrix(loaded) == (square != 0).astype(float).tolist()


def test_small_tables(path):
    assert matrix(read(path, "0,2,0\n0,0,1\n0,0,0\n")) == [[0, 2, 0], [0, 0, 1], [0, 0, 0]]
    assert matrix(read(path, "# directed\n0 2 5\n0 1 1\n2 0 1\n")) == [[0, 1, 5], [0, 0, 0], [1, 0, 0]]
    assert "put the line 'source,target,weight' first" in read(path, "0,2,0\n0,0,1\n0,0,0\n").notes[0]
    assert matrix(read(path, "0.5 0 1\n0 0.25 0\n")) == [[0.5, 0, 1], [0, 0.25, 0]]
    assert matrix(read(path, "0 1 2\n-1 0 0\n")) == [[0, 1, 2], [-1, 0, 0]]
    # Numbers of nodes as numpy.savetxt writes them.
    assert matrix(read(path, "# directed\n0.0e+00 1.0e+00 2.0\n")) == ARC
    np.savetxt(path, FC1, delimiter=",")
    assert np.array_equal(matrix(load(path, isolate=False)), FC1)


def test_a_matrix_with_the_names_of_its_nodes(path):
    frame = pd.DataFrame([[0, 2, 0], [0, 0, 3], [1, 0, 0]], index=list("abc"), columns=list("abc"))
    for text in (
        frame.to_csv(),
        frame.to_csv(sep="\t"),
        frame.to_csv(index_label="name").removeprefix("name"),
    ):
        assert matrix(read(path, text)) == frame.to_numpy().tolist()


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("0,2,0,1,2,3\n0,0\n", "have 2 to 6 fields|line 2 has 2 numbers where the matrix has 6"),
        ("0,2,0,1,2,3\n" * 100 + "0,0,1,2,3\n", "line 101 has 5 numbers where the matrix has 6"),
        ("0,2,0,1,2,3\n" * 100 + "0,0,1,2,3,x\n", "line 101 has a field that is not a number"),
    ],
)
def test_matrices_that_are_refused(path, text, pattern):
    refused(path, text, pattern)


def test_a_matrix_with_nan_says_so(path):
    loaded = read(path, "0,nan,0\n1,0,0\n0,0,2\n")
    assert matrix(loaded) == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert "weights hold NaN or infinite values: links kept, weights dropped" in loaded.notes


@pytest.mark.parametrize("field", ["real", "integer", "pattern"])
@pytest.mark.parametrize("symmetry", ["general", "symmetric"])
def test_matrix_market(path, field, symmetry):
    dense = np.array([[0, 2, 0], [0, 1, 3], [4, 0, 0]])
    dense = np.tril(dense) + np.tril(dense, -1).T if symmetry == "symmetric" else dense
    stream_path = path.with_suffix(".mtx")
    scipy.io.mmwrite(stream_path, sp.coo_array(dense), field=field, symmetry=symmetry)
    loaded = load(stream_path, isolate=False)
    assert loaded.kind == "Matrix Market"
    assert matrix(loaded) == ((dense != 0) if field == "pattern" else dense).astype(float).tolist()
    assert loaded.graph.projections[0].undirected == (symmetry == "symmetric")


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("matrix array real general\n2 2\n1\n2\n3\n4\n", "is array real general"),
        ("matrix coordinate complex general\n1 1 1\n1 1 1 0\n", "complex"),
        ("matrix coordinate real general\n2 2 2\n1 1 1\n", "announces 2 entries but holds 1"),
        ("matrix coordinate real general\n2 2 1\n3 1 1\n", "line 3: this is not an entry"),
        ("matrix coordinate real general\n2 2 1\n1 1\n", "line 3: this is not an entry"),
        ("matrix coordinate real general\n9000000 2 1\n1 1 1\n", "claims 9,000,000 rows or columns"),
        ("matrix coordinate real general\nx 2 1\n", "must give rows, columns and entries"),
    ],
)
def test_matrix_market_that_is_refused(path, text, pattern):
    refused(path, f"%%MatrixMarket {text}", pattern)
