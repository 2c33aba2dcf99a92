"""One small network written in every format that is read: 5 -> 4 -> 3, no layer symmetric."""

from __future__ import annotations

import collections
import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netsci.graph import LayeredGraph
from netsci.io import CheckpointError, load
from netsci.io.network.chains import join
from netsci.io.network.contents import Contents
from netsci.io.network.layers import find_layers
from netsci.io.network.order.arrange import arrange

FC1 = np.array(
    [[1, 0, 0, 2], [0, 0, 0, 0], [0, 3, 0, 0], [0, 0, -4, 0.5], [1.5, 0, 0, 0]], np.float32
)  # [presynaptic 5, postsynaptic 4]
FC2 = np.array([[0, 7, 0], [8, 0, 0], [0, 0, 0], [0, 9, -1]], np.float32)  # [4, 3]


def torch_state() -> dict[str, Any]:
    import torch

    return collections.OrderedDict(
        {
            "fc1.weight": torch.tensor(FC1.T.copy()),
            "fc1.bias": torch.ones(4),
            "fc2.weight": torch.tensor(FC2.T.copy()),
            "fc2.bias": torch.ones(3),
        }
    )


def write_torch(path: Path, obj: Any = None, **options: Any) -> Path:
    import torch

    torch.save(torch_state() if obj is None else obj, path, **options)
    return path


def write_legacy(path: Path) -> Path:
    return write_torch(path, _use_new_zipfile_serialization=False)


def write_safetensors(path: Path) -> Path:
    from safetensors.numpy import save_file

    save_file(
        {"fc1.weight": FC1.T.copy(), "fc1.bias": np.ones(4, np.float32), "fc2.weight": FC2.T.copy()}, path
    )
    return path


def write_npz(path: Path) -> Path:
    with open(path, "wb") as stream:
        np.savez(stream, fc1=FC1, fc2=FC2)
    return path


def write_npz_compressed(path: Path) -> Path:
    with open(path, "wb") as stream:
        np.savez_compressed(stream, fc1=FC1, fc2=FC2)
    return path


def write_npy(path: Path) -> Path:
    with open(path, "wb") as stream:
        np.save(stream, FC1)
    return path


def write_sparse_npz(path: Path) -> Path:
    with open(path, "wb") as stream:
        sp.save_npz(stream, sp.csr_array(FC1))
    return path


def write_graphml(path: Path) -> Path:
    LayeredGraph.from_masks([FC1 != 0, FC2 != 0], weights=[FC1, FC2]).to_graphml(path)
    return path


WRITERS = {
    "torch": write_torch,
    "legacy": write_legacy,
    "safetensors": write_safetensors,
    "npz": write_npz,
    "npz_compressed": write_npz_compressed,
    "npy": write_npy,
    "sparse_npz": write_sparse_npz,
    "graphml": write_graphml,
}


def safetensors_bytes(entries: dict[str, tuple[str, list[int], bytes]]) -> bytes:
    """Lay out a safetensors file by hand, for types that numpy lacks."""
    header, data = {}, b""
    for name, (dtype, shape, raw) in entries.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def layer_table(graph: LayeredGraph) -> dict[str, tuple[int, int, int]]:
    """Return {layer: (rows, columns, links)}."""
    return {p.name: (*p.shape, p.n_links) for p in graph.projections}


def dense_weights(graph: LayeredGraph, number: int) -> Any:
    weights = graph.projections[number].weights
    assert weights is not None
    return weights.toarray()


def read(reader: Callable[[Path], Contents], path: Path) -> tuple[LayeredGraph, list[str]]:
    """Return the graph and the notes that one reader gives, whatever the file looks like."""
    contents = reader(path)
    layers, found = find_layers(path, contents)
    layers, arranged = arrange(layers, contents)
    graph, joined = join(layers)
    return graph, contents.notes + found + arranged + joined


def refused(path: Path, pattern: str) -> str:
    """Return the message of the one error, after checks that hold for every message."""
    with pytest.raises(CheckpointError, match=pattern) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{path.name}: ")
    assert "weights_only=False" not in message
    return message


def zipped(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def npy_bytes(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def mutants_load_or_are_refused(path: Path, whole: bytes, examples: int) -> None:
    """Change bytes of a file, cut some out, and load it: a network that JSON can hold, or the one error."""

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), min_size=1, max_size=4),
        st.none() | st.integers(0, len(whole) - 1),
    )
    def mutate(changes: list[tuple[int, int]], cut: int | None) -> None:
        data = bytearray(whole)
        for place, value in changes:
            data[place] = value
        if cut is not None:
            del data[cut : cut + 5]
        path.write_bytes(bytes(data))
        try:
            loaded = load(path, isolate=False)
        except CheckpointError:
            return
        json.dumps(loaded.summary(), allow_nan=False)

    mutate()
