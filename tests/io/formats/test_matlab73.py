"""MATLAB 7.3 files (HDF5), as MATLAB writes them."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.sparse as sp

from netsci.io import CheckpointError, load
from tests.io.samples import FC1, FC2, layer_table, mutants_load_or_are_refused, refused
from tests.io.seeds import write_matlab73

SQUARE = np.array([[0, 1, 0, 2], [0, 0, 3, 0], [0.5, 0, 0, 0], [0, 1, 1, 1]])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


def test_matrices_lie_as_in_matlab(path):
    write_matlab73(path, {"W1": FC1, "W2": FC2, "A": SQUARE})
    loaded = load(path)
    assert loaded.kind == "MATLAB 7.3 file"
    found = {p.name: p.weights.toarray() for p in loaded.graph.projections}
    for name, expected in (("W1", FC1), ("W2", FC2), ("A", SQUARE)):
        assert np.array_equal(found[name], expected)
    assert loaded.graph.projections[2].source == "W1"
    assert set(layer_table(load(path, select="A").graph)) == {"A"}


def test_sparse_matrices_and_structures(path):
    sparse = sp.csc_array(FC1)
    write_matlab73(
        path, {"W": sparse, "empty": sp.csc_array((3, 2)), "net": {"W": FC2, "inner": {"A": SQUARE}}}
    )
    loaded = load(path)
    found = {p.name: p for p in loaded.graph.projections}
    assert np.array_equal(found["W"].weights.toarray(), FC1)
    assert found["empty"].n_links == 0
    assert np.array_equal(found["net.W"].weights.toarray(), FC2)
    assert np.array_equal(found["net.inner.A"].weights.toarray(), SQUARE)


def test_what_is_left_out_is_named(path):
    write_matlab73(
        path,
        {"A": SQUARE, "names": "abc", "x": np.ones((1, 5)), "T": np.ones((2, 3, 4)), "s": np.ones((1, 1))},
    )
    with h5py.File(path, "r+") as file:
        reference = file.create_group("#refs#").create_dataset("a", data=np.eye(2)).ref
        cells = file.create_dataset("cells", data=np.array([[reference]], dtype=h5py.ref_dtype))
        cells.attrs["MATLAB_class"] = np.bytes_("cell")
        file.create_dataset("Z", data=np.ones((3, 3), complex))
    loaded = load(path)
    assert set(layer_table(loaded.graph)) == {"A"}
    (note,) = [note for note in loaded.notes if note.startswith("left out: ")]
    for what in (
        "names (text)",
        "x 1 x 5 (a vector)",
        "T 2 x 3 x 4 (a stack",
        "cells 1 x 1 (cells",
        "Z 3 x 3 (complex)",
    ):
        assert what in note


def test_the_indices_of_a_sparse_matrix_are_checked(path):
    for part, wrong in (("ir", 10**6), ("jc", 10**6), ("jc", 0)):
        write_matlab73(path, {"W": sp.csc_array(FC1)})
        with h5py.File(path, "r+") as file:
            file["W"][part][-1] = wrong
        refused(path, "damaged")
    write_matlab73(path, {"W": sp.csc_array(FC1)})
    with h5py.File(path, "r+") as file:
        file["W"].attrs["MATLAB_sparse"] = np.uint64(2**40)
    refused(path, "above the limit")
    write_matlab73(path, {"names": "abc"})
    refused(path, r"it holds no matrix: names \(text\)")


def test_links_to_other_files_are_not_followed(path, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["A"] = SQUARE
    write_matlab73(path, {"B": SQUARE})
    with h5py.File(path, "r+") as file:
        file["A"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "A")
    assert set(layer_table(load(path).graph)) == {"B"}
    with h5py.File(path, "r+") as file:
        del file["B"]
    with pytest.raises(CheckpointError, match="no matrix"):
        load(path)


def test_mutants(path):
    write_matlab73(path, {"W": sp.csc_array(FC1), "A": SQUARE, "net": {"B": FC2}})
    mutants_load_or_are_refused(path, path.read_bytes(), 60)
