"""Sizes that are claimed and not backed: refused before memory for them is taken, without isolation too."""

from __future__ import annotations

import json
import pickle
import struct
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from netsci.io import CheckpointError, load
from tests.io.samples import FC1, npy_bytes, write_legacy, write_torch, zipped


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.bin"


def refused_in_little_memory(path: Path, pattern: str) -> None:
    load_again = path.read_bytes()
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match=pattern):
            load(path, isolate=False)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()
    assert path.read_bytes() == load_again


def test_the_keys_of_storages_in_a_legacy_file(path):
    whole = write_legacy(path).read_bytes()
    load(path, isolate=False)  # imports torch
    keys = whole.rindex(b"\x80\x02]")  # the last of five pickles
    claimed = whole.index(b"X", keys)
    damaged = whole[: claimed + 1] + struct.pack("<I", 2**31 - 1) + whole[claimed + 5 :]
    path.write_bytes(damaged)
    refused_in_little_memory(path, "damaged")


def test_keys_that_are_no_pickle_of_torch(path):
    whole = write_legacy(path).read_bytes()
    keys = whole.rindex(b"\x80\x02]")
    end = whole.index(b".", keys) + 1
    path.write_bytes(whole[:keys] + pickle.dumps([Path("x")], 2) + whole[end:])
    refused_in_little_memory(path, "pickles pathlib")


@pytest.mark.parametrize("kind", ["npz", "torch", "keras"])
def test_packed_sizes_of_an_archive(path, kind):
    if kind == "torch":
        write_torch(path)
        load(path, isolate=False)
    else:
        zipped(path, {"fc1.npy" if kind == "npz" else "model.weights.h5": npy_bytes(FC1)})
    data = bytearray(path.read_bytes())
    place = data.rindex(b"PK\x01\x02")
    data[place + 20 : place + 24] = struct.pack("<I", 2**31 - 16)  # the packed size of the last member
    path.write_bytes(bytes(data))
    refused_in_little_memory(
        path, r"its members claim 2,147,48\d,\d\d\d bytes where it has [\d,]{3,6}: trunc"
    )


def test_members_may_not_share_their_bytes(path):
    """Many names for one member unpack to more than the file could hold."""
    zipped(path, {"fc1.npy": npy_bytes(np.ones((40, 50)))})
    data = path.read_bytes()
    start = data.rindex(b"PK\x01\x02")
    end = data.rindex(b"PK\x05\x06")
    entries = b"".join(data[start:end].replace(b"fc1.npy", b"fc%d.npy" % i) for i in range(1, 6))
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 5, 5, len(entries), start, 0)
    path.write_bytes(data[:start] + entries + tail)
    refused_in_little_memory(path, "its members claim 80,640 bytes where it has")


ONE_NODE = {
    "pajek": "*Vertices 1\n*Edges\n1 1\n",
    "matrix_market": "%%MatrixMarket matrix coordinate real symmetric\n1 1 1\n1 1 2.5\n",
    "edge_list": "a a 1.5\n",
}


@pytest.mark.parametrize("kind", ONE_NODE)
def test_a_network_of_one_node_has_no_sparsity(path, kind):
    path.write_text(ONE_NODE[kind])
    summary = load(path, isolate=False).summary()
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert [(layer["links"], layer["sparsity"]) for layer in summary["layers"]] == [(1, None)]


def test_a_network_of_one_node_on_the_command_line(path, capsys, monkeypatch):
    from netsci.cli import main

    path.write_text(ONE_NODE["edge_list"])
    for option in ("--json", None):
        monkeypatch.setattr(sys, "argv", ["netsci", "inspect", str(path), *([option] if option else [])])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        out = capsys.readouterr().out
        assert "nan" not in out.lower()
        if option:
            assert json.loads(out)["layers"][0]["sparsity"] is None
        else:
            assert "—" in out
