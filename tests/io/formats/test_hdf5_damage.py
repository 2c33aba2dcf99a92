"""HDF5 files that are something else, reach elsewhere, claim more than they hold, or are damaged."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netsci.io import CheckpointError
from netsci.io.formats.hdf5.file import read_hdf5, read_keras_zip
from tests.io.formats.test_hdf5 import DENSE, EDGES, NODES, current, legacy, nir
from tests.io.samples import FC1, read

h5py = pytest.importorskip("h5py")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


def refused(path, pattern, reader=read_hdf5):
    with pytest.raises(CheckpointError, match=pattern):
        read(reader, path)


def test_other_files_are_named(path):
    with h5py.File(path, "w") as file:
        file["temperature"] = np.ones((3, 3))
    refused(path, "an HDF5 file, but neither Keras nor NIR: it holds temperature; save the weights as npz")
    with h5py.File(path, "w") as file:
        file["layer/0/weight"] = np.ones((3, 3))
    refused(path, r"a Lava network \(HDF5\), which is not read")
    with h5py.File(path, "w"):
        pass
    refused(path, "it holds nothing")
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    refused(path, "cannot be read: truncated or damaged")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    refused(path, r"it holds no model\.weights\.h5", read_keras_zip)


def test_without_h5py_the_way_out_is_named(path, monkeypatch):
    legacy(path, DENSE)
    monkeypatch.setitem(sys.modules, "h5py", None)
    refused(path, r"needs h5py.*pip install 'netsci-suite\[formats\]'")


@pytest.mark.parametrize("link", ["external", "soft"])
def test_links_to_elsewhere_are_not_followed(tmp_path, path, link):
    secret = current(tmp_path / "secret.h5", {"layers/dense/vars/0": FC1})
    legacy(path, DENSE)
    with h5py.File(path, "a") as file:
        group = file["model_weights/z"]
        del group["z/kernel:0"]
        place = "layers/dense/vars/0" if link == "external" else "/model_weights/a/a/kernel:0"
        group["z/kernel:0"] = (
            h5py.ExternalLink(str(secret), place) if link == "external" else h5py.SoftLink(place)
        )
        assert group["z/kernel:0"].shape  # h5py itself would follow it
    refused(path, "its list of weights names z/kernel:0, which is missing")
    with h5py.File(path, "w") as file:
        file["layers/own/vars/0"] = np.ones((2, 3))
        file["layers/dense"] = h5py.ExternalLink(str(secret), "layers/dense")
    assert read(read_hdf5, path)[0].sizes == {"input": 2, "own": 3}


def test_data_in_other_files_are_not_read(tmp_path, path):
    current(tmp_path / "secret.h5", {"layers/dense/vars/0": FC1})
    layout = h5py.VirtualLayout((5, 4), "f4")
    layout[:] = h5py.VirtualSource(tmp_path / "secret.h5", "layers/dense/vars/0", (5, 4))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("layers/dense/vars/0", layout)
    refused(path, "is stored in another file, which is not opened")
    raw = tmp_path / "raw"
    raw.write_bytes(FC1.tobytes())
    with h5py.File(path, "w") as file:
        file.create_dataset("layers/dense/vars/0", (5, 4), "f4", external=[(raw, 0, 80)])
    refused(path, "is stored in another file, which is not opened")


def test_sizes_are_looked_at_before_reading(path, monkeypatch):
    with h5py.File(path, "w") as file:
        file.create_dataset("layers/dense/vars/0", (10**6, 10**6), "f4")  # nothing is stored
    assert path.stat().st_size < 10_000
    refused(path, "should hold 4,000,000,000,000 bytes and holds 0")
    with h5py.File(path, "w") as file:
        file.create_dataset("layers/dense/vars/0", (5, 4), "f4")
    refused(path, "should hold 80 bytes and holds 0")
    monkeypatch.setattr("netsci.io.formats.hdf5.tree.ANY_RATIO_BYTES", 100_000)  # zeros take long to pack
    with h5py.File(path, "w") as file:
        zeros = np.zeros((500, 500), np.float32)
        file.create_dataset("layers/dense/vars/0", data=zeros, compression=9, chunks=(500, 500))
    refused(path, "like a zip bomb")
    with h5py.File(path, "w") as file:
        file.create_dataset("layers/dense/vars/0", (5, 4), "f4", data=FC1, chunks=(5, 4), compression=1)
    assert read(read_hdf5, path)[0].n_links == 6


def test_one_array_under_many_names(path):
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = np.ones((2000, 2000), np.uint8)
        for i in range(12):
            file[f"layers/dense_{i}/vars/0"] = file["layers/dense/vars/0"]
    refused(path, "expanded or shared")


def test_numbers_that_are_none(path):
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = np.array([[b"a", b"b"]])
    refused(path, "numbers of type .S1")
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = np.ones((2, 2), np.complex64)
    refused(path, "numbers of type complex64")


def test_groups_without_end(path):
    with h5py.File(path, "w") as file:
        inner = file.create_group("layers")
        inner["again"] = inner  # a group that contains itself
    refused(path, "nest deeper than 24")


def test_lists_that_name_what_is_missing(path):
    legacy(path, DENSE)
    with h5py.File(path, "a") as file:
        file["model_weights"].attrs["layer_names"] = [b"gone"]
    refused(path, "its list of layers names gone, which is missing")
    nir(path.with_suffix(".nir"), NODES, [*EDGES, ("9", "gone")])
    refused(path.with_suffix(".nir"), "an edge names the missing node 9 or gone")
    nir(path.with_suffix(".2"), {"a": {"type": "Linear", "bias": np.ones(3)}}, [("a", "a")])
    refused(path.with_suffix(".2"), "the node a has no weights")


@pytest.mark.parametrize("kind", ["legacy", "current", "nir"])
def test_mutated_files_load_or_raise_what_the_front_door_expects(path, kind):
    if kind == "legacy":
        legacy(path, DENSE)
    elif kind == "current":
        current(path, {"layers/dense/vars/0": FC1})
    else:
        nir(path, NODES, EDGES)
    whole = path.read_bytes()

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), min_size=1, max_size=6))
    def mutate(changes):
        data = bytearray(whole)
        for place, value in changes:
            data[place] = value
        path.write_bytes(bytes(data))
        try:
            graph, _ = read(read_hdf5, path)
        except (CheckpointError, ValueError, OSError, RuntimeError, KeyError, TypeError):
            return
        assert graph.n_nodes

    mutate()
