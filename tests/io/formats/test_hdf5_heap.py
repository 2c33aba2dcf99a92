"""Global heaps: those that h5py writes pass, and those without an end are found before h5py reads them."""

from __future__ import annotations

import io
import json
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from netsci.io import CheckpointError, load
from netsci.io.formats.hdf5.heap import is_heap_damaged
from netsci.io.sandbox import isolation
from netsci.io.sandbox.isolation import last_usage, stop
from tests.io.formats.test_hdf5 import DENSE, EDGES, NODES, current, legacy, nir
from tests.io.samples import FC1, FC2, dense_weights

h5py = pytest.importorskip("h5py")


def collection(*objects, size=4096):
    """Lay out a heap of (number, claimed size, content) by hand."""
    data = b"GCOL\x01\0\0\0" + struct.pack("<Q", size)
    for number, claimed, content in objects:
        data += struct.pack("<HHIQ", number, 1, 0, claimed) + content
    return data.ljust(4096, b"\0")


def test_heaps_by_hand():
    text = b"dense".ljust(8, b"\0")
    free = (0, 4096 - 16 - 24, b"")
    assert not is_heap_damaged(collection((1, 5, text), free), 8)
    assert not is_heap_damaged(b"before it" + collection((1, 5, text), free) + b"after", 8)
    assert is_heap_damaged(collection((1, 5, text), (0, 0, b"")), 8)
    assert is_heap_damaged(collection(), 8)  # nothing but zeros: free space of no size
    assert is_heap_damaged(collection((0, 2**64 - 16, b"")), 8)  # backwards
    assert is_heap_damaged(collection((1, 2**63, b"")), 8)
    assert not is_heap_damaged(collection((1, 4080, b"")), 8)  # ends beyond the end: the library says so
    assert is_heap_damaged(collection((1, 5, text), free, size=4097), 8)  # claims more than the file holds
    assert not is_heap_damaged(collection((1, 5, text), (0, 0, b""))[:12], 8)
    assert not is_heap_damaged(b"GCOL\x02" + bytes(4091), 8)
    assert not is_heap_damaged(b"", 8)
    assert is_heap_damaged(b"", 3)  # no file has lengths of three bytes


def test_lengths_of_four_bytes():
    head = b"GCOL\x01\0\0\0" + struct.pack("<I", 64) + bytes(4)
    good = head + struct.pack("<HHII", 1, 1, 0, 5) + bytes(12) + struct.pack("<HHII", 0, 0, 0, 24) + bytes(60)
    assert not is_heap_damaged(good, 4)
    assert is_heap_damaged(good.replace(struct.pack("<I", 24), bytes(4)), 4)


def test_heaps_that_overlap_are_not_walked_again_and_again():
    # Each begins in an object of the one before, and all of them reach to the end.
    starts = [b"GCOL\x01\0\0\0" + struct.pack("<QHHIQ", 8192 - 32 * i, 1, 1, 0, 16) for i in range(256)]
    assert is_heap_damaged(b"".join(starts), 8)
    assert not is_heap_damaged(b"".join(starts[-8:]).rjust(8192, b"\0"), 8)


def test_what_h5py_writes_passes(tmp_path):
    path = tmp_path / "net.h5"
    for libver in ("earliest", "latest"):
        with h5py.File(path, "w", libver=libver) as file:
            rng = np.random.default_rng(1)
            for i in range(300):
                group = file.create_group(f"g{i}")
                group.attrs["text"] = "x" * int(rng.integers(0, 9000))
                if i % 3:
                    group.attrs["text"] = "y" * int(rng.integers(0, 200))  # frees what was there
                if i % 7 == 0:
                    del file[f"g{i}"]
            file["names"] = np.array(["a" * n for n in range(600)], h5py.string_dtype())
        data = path.read_bytes()
        assert data.count(b"GCOL") > 30
        assert not is_heap_damaged(data, 8)


def _spoilt(data: bytes) -> bytes:
    """Let the first heap end in free space that claims no size."""
    place = data.index(b"GCOL\x01")
    size = struct.unpack_from("<Q", data, place + 8)[0]
    here = place + 16
    while here < place + size:
        number, claimed = struct.unpack_from("<H6xQ", data, here)
        if number == 0:
            return data[: here + 8] + bytes(8) + data[here + 16 :]
        here += 16 + -(-claimed // 8) * 8
    raise AssertionError("the heap is full")


def test_files_with_damaged_heaps_are_refused_at_once(tmp_path):
    legacy(tmp_path / "keras", DENSE, config={"a": 1})
    nir(tmp_path / "nir", NODES, EDGES)
    for name in ("keras", "nir"):
        path = tmp_path / name
        assert load(path).graph.n_links
        path.write_bytes(_spoilt(path.read_bytes()))
        with pytest.raises(
            CheckpointError, match="the sizes in the heap of its texts are impossible: damaged"
        ):
            load(path)
        if isolation.AVAILABLE:
            assert last_usage().cpu_seconds < 1


def test_texts_of_claimed_lengths_are_refused_before_they_are_allocated(tmp_path):
    path = nir(tmp_path / "net.nir", NODES, EDGES)
    with h5py.File(path) as file:
        begin = file["node/edges"].id.get_offset()
    whole = path.read_bytes()
    length = struct.unpack_from("<I", whole, begin)[0]
    assert 0 < length < 10
    path.write_bytes(whole[:begin] + struct.pack("<I", 2**31 - 1) + whole[begin + 4 :])
    with pytest.raises(CheckpointError, match="edges has texts longer than the file: damaged"):
        load(path)
    if isolation.AVAILABLE:
        used = last_usage()
        assert used.peak_bytes - used.baseline_bytes < 50e6


def keras_zip(path: Path, weights: bytes, order: list[str]) -> Path:
    layers = [{"class_name": "Dense", "config": {"name": name}} for name in order]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps({"config": {"layers": layers}}))
        archive.writestr("model.weights.h5", weights)
    return path


def test_keras_archives_through_the_front_door(tmp_path, monkeypatch):
    current(tmp_path / "w.h5", {"layers/dense/vars/0": FC1, "layers/dense_1/vars/0": FC2})
    path = keras_zip(tmp_path / "model.keras", (tmp_path / "w.h5").read_bytes(), ["dense", "dense_1"])
    loaded = load(path)
    assert loaded.kind == "Keras 3 weights"
    assert loaded.graph.sizes == {"input": 5, "dense": 4, "dense_1": 3}
    assert np.array_equal(dense_weights(loaded.graph, 0), FC1)
    keras_zip(path, b"no HDF5", [])
    with pytest.raises(CheckpointError, match="its HDF5 structure cannot be read"):
        load(path)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.weights.h5", bytes(30_000_000))
    path.write_bytes(bomb.getvalue())
    monkeypatch.setattr("netsci.io.limits.ANY_RATIO_BYTES", 2**24)
    with pytest.raises(CheckpointError, match="like a zip bomb"):
        load(path, isolate=False)


@pytest.mark.parametrize("library", ["h5py", "onnx"])
def test_without_its_library_the_extra_is_named(tmp_path, monkeypatch, library):
    path = tmp_path / "net"
    if library == "h5py":
        legacy(path, DENSE)
    else:
        path.write_bytes(b"\x08\x08\x12\x04test:\x00")
    said = (
        rf"net: reading an (HDF5 file|ONNX model) needs .*{library}.*pip install 'netsci-suite\[formats\]'$"
    )
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, library, None)
        with pytest.raises(CheckpointError, match=said):
            load(path, isolate=False)
    if isolation.AVAILABLE:  # in the reader's own process as well
        (tmp_path / f"{library}.py").write_text("raise ImportError('blocked')")
        monkeypatch.syspath_prepend(tmp_path)
        stop()
        with pytest.raises(CheckpointError, match=said):
            load(path)
        stop()
