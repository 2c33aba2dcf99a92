"""Networks carried between processes: everything arrives, and nothing of what arrives is believed."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netsci.graph import LayeredGraph, Population, Projection
from netsci.io import CheckpointError
from netsci.io.sandbox.transport import receive, send_network, send_refusal
from tests.io.samples import FC1, FC2

PATH = Path("runs/net.pt")


def sent(graph: LayeredGraph, notes: tuple[str, ...] = (), guesses: tuple[str, ...] = ()) -> bytes:
    stream = io.BytesIO()
    send_network(stream, graph, "npz", notes, guesses)
    return stream.getvalue()


def received(data: bytes) -> LayeredGraph:
    return receive(io.BytesIO(data), PATH)[0]


def rich() -> LayeredGraph:
    """Float32 and float64 weights, none, a convolution, loops, a stored zero, no links, odd names."""
    populations = tuple(Population(name, n) for name, n in [("input\n", 5), ("fc1 \ud800", 4), ("fc2", 3)])
    stored = sp.csr_array(FC2)
    stored.data[0] = 0  # a link that weighs nothing
    wide = np.zeros((8, 3))
    wide[7, 2] = 1
    ring = np.roll(np.eye(3), 1, axis=0) + np.roll(np.eye(3), -1, axis=0)
    return LayeredGraph(
        populations,
        (
            Projection("input\n", "fc1 \ud800", FC1 != 0, FC1),
            Projection("fc1 \ud800", "fc2", stored, stored.astype(np.float64), name="Ψ"),
            Projection("fc1 \ud800", "fc2", wide, rows_per_unit=2),
            Projection("fc2", "fc2", ring, 0.5 * ring, undirected=True),
            Projection("input\n", "fc2", np.zeros((5, 3)), np.zeros((5, 3), np.float32)),
        ),
    )


def test_everything_arrives():
    graph, kind, notes, guesses = receive(io.BytesIO(sent(rich(), ("a", "b\n"), ("b\n",))), PATH)
    assert graph == rich()  # names, sizes, links, weights and their types
    assert (kind, notes, guesses) == ("npz", ("a", "b\n"), ("b\n",))
    types = [None if p.weights is None else p.weights.dtype for p in graph.projections]
    assert types == [np.float32, np.float64, None, np.float64, np.float32]
    assert graph.projections[1].n_links == 4
    assert graph.projections[1].weights.data[0] == 0
    assert [p.rows_per_unit for p in graph.projections] == [1, 1, 2, 1, 1]
    assert all(p.links.indices.dtype == np.int32 for p in graph.projections)


def test_a_network_of_populations_alone():
    graph = LayeredGraph((Population("nodes", 7),), ())
    assert received(sent(graph)) == graph


def test_sending_begins_where_the_stream_is():
    stream = io.BytesIO(b"before")
    stream.seek(6)
    send_network(stream, rich(), "npz", ())
    stream.seek(6)
    assert receive(stream, PATH)[0] == rich()


def test_a_refusal_arrives_as_the_one_error():
    stream = io.BytesIO()
    send_refusal(stream, "the file is empty (0 bytes)", "save it again")
    stream.seek(0)
    with pytest.raises(CheckpointError) as caught:
        receive(stream, PATH)
    assert (caught.value.path, caught.value.reason) == (PATH, "the file is empty (0 bytes)")
    assert str(caught.value) == "net.pt: the file is empty (0 bytes); save it again"


def forged(change, arrays=None) -> bytes:
    """A network 2 -> 2 of one link from 0 to 1, its header changed and its arrays replaced."""
    header = {
        "kind": "npz",
        "notes": [],
        "guesses": [],
        "populations": [["a", 2, None], ["b", 2, ["x", "y"]]],
        "projections": [
            {"source": "a", "target": "b", "name": "fc", "rows_per_unit": 1, "undirected": False}
            | {"shape": [2, 2], "links": 1, "pointers": "int32", "indices": "int32", "weights": "float32"}
        ],
    }
    change(header["projections"][0], header)
    text = json.dumps(header).encode()
    given = [[0, 1, 1], [1], [0.5]] if arrays is None else arrays
    kinds = (np.int32, np.int32, np.float32)
    data = b"".join(np.array(a, kind).tobytes() for a, kind in zip(given, kinds, strict=True))
    return struct.pack("<Q", len(text)) + text + data


def test_the_forged_network_is_one_before_it_is_changed():
    weights = received(forged(lambda projection, header: None)).projections[0].weights
    assert weights.toarray().tolist() == [[0, 0.5], [0, 0]]


@pytest.mark.parametrize(
    "arrays",
    [
        [[0, 1, 1], [2], [0.5]],
        [[0, 1, 1], [-1], [0.5]],
        [[0, 1, 1], [2**31 - 1], [0.5]],
        [[0, 2, 1], [1], [0.5]],
        [[0, 0, 0], [1], [0.5]],
        [[0, 1, 9], [1], [0.5]],
        [[1, 1, 1], [1], [0.5]],
        [[0, 1, 1], [1], [np.nan]],
        [[0, 1, 1], [1], [0.5, 0.5]],
        [[0, 1, 1], [1], []],
    ],
)
def test_indices_that_lead_outside_are_noticed(arrays):
    with pytest.raises(CheckpointError, match="something that is not a network"):
        received(forged(lambda projection, header: None, arrays))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("source", "c"), ("source", 1), ("name", None), ("rows_per_unit", 2), ("rows_per_unit", 0),
        ("rows_per_unit", True), ("undirected", True), ("undirected", 1), ("shape", [2, 3]), ("shape", [2]),
        ("shape", [2**62, 2]), ("shape", [-2, 2]), ("links", 2), ("links", 2**40), ("links", 1.0),
        ("pointers", "object"), ("indices", "float32"), ("weights", "O"), ("weights", "complex64"),
        ("weights", None), ("weights", "int32"), ("indices", ["int32"]),
    ],
)  # fmt: skip
def test_descriptions_that_lie_are_noticed(key, value):
    with pytest.raises(CheckpointError, match="something that is not a network"):
        received(forged(lambda projection, header: projection.update({key: value})))


@pytest.mark.parametrize(
    "change",
    [
        {"populations": []}, {"populations": [["a", 2, None], ["a", 2, None]]},
        {"populations": [["a", 2**70, None], ["b", 2, None]]}, {"populations": [["a", 2], ["b", 2]]},
        {"populations": [["a", "2", None], ["b", 2, None]]}, {"notes": [1]}, {"notes": None}, {"kind": 3},
        {"guesses": None}, {"guesses": [1]},
        {"projections": {}}, {"projections": 7}, {"refused": ["a"]}, {"refused": [1, 2]}, {"refused": 5},
    ],
)  # fmt: skip
def test_headers_that_lie_are_noticed(change):
    with pytest.raises(CheckpointError, match="something that is not a network"):
        received(forged(lambda projection, header: header.update(change)))


def test_a_truth_value_is_one():
    graph = LayeredGraph.from_adjacency([[0, 1], [1, 0]])
    data = sent(graph)
    assert received(data).projections[0].undirected
    with pytest.raises(CheckpointError, match="not a network"):
        received(data.replace(b'"undirected": true', b'"undirected":    1'))


def test_links_out_of_order_or_twice_are_noticed():
    def two(projection, header):
        projection["links"] = 2

    assert received(forged(two, [[0, 2, 2], [0, 1], [0.5, 1]])).n_links == 2
    for indices in ([1, 0], [1, 1]):
        with pytest.raises(CheckpointError, match="not a network"):
            received(forged(two, [[0, 2, 2], indices, [0.5, 1]]))


NO_HEADERS = [b"", bytes(7), bytes(8), struct.pack("<Q", 2**63) + b"{}", b"\x02" + bytes(7) + b"[]"]


@pytest.mark.parametrize("data", NO_HEADERS)
def test_what_is_no_header(data):
    with pytest.raises(CheckpointError, match="not a network"):
        received(data)


def test_labels_arrive():
    labels = ("ADAL", "", "Ψ é", "\U0001f9e0", "5", "x" * 200)
    graph = LayeredGraph((Population("a", 6, labels), Population("b", 2)), ())
    assert received(sent(graph)) == graph
    assert received(sent(graph)).node_labels == [*labels, "b[0]", "b[1]"]


@pytest.mark.parametrize(
    "labels",
    [
        [], ["x"], ["x", "y", "z"], ["x", 1], ["x", None], "xy", {"x": 1, "y": 2}, 7, False, [["x"], "y"],
        ["x", "\x1b[2J"], ["x", "a\nb"], ["x", "\ud800"], ["x", "y" * 201],
    ],
)  # fmt: skip
def test_labels_that_lie_are_noticed(labels):
    with pytest.raises(CheckpointError, match="something that is not a network"):
        received(
            forged(lambda projection, header: header.update(populations=[["a", 2, None], ["b", 2, labels]]))
        )


def test_labels_without_end_are_noticed(monkeypatch):
    graph = LayeredGraph((Population("a", 3, ("x" * 5, "y" * 5, "z")),), ())
    monkeypatch.setattr("netsci.io.network.labels.MAX_LABEL_TEXT", 11)
    assert received(sent(graph)) == graph
    monkeypatch.setattr("netsci.io.network.labels.MAX_LABEL_TEXT", 10)
    with pytest.raises(CheckpointError, match="something that is not a network"):
        received(sent(graph))


def test_headers_that_nest_without_end():
    text = b"[" * 100_000
    with pytest.raises(CheckpointError, match="not a network"):
        received(struct.pack("<Q", len(text)) + text)


@settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_networks_arrive_whole_or_not_at_all(data):
    whole = bytearray(sent(rich()))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.none() | st.integers(0, len(whole)))
    try:
        graph = received(bytes(whole[:cut]))
    except CheckpointError:
        return
    assert isinstance(graph, LayeredGraph)
    graph.degrees()


def test_every_cut_is_noticed():
    whole = sent(rich())
    for length in range(0, len(whole), 7):
        with pytest.raises(CheckpointError):
            received(whole[:length])
    with pytest.raises(CheckpointError):
        received(whole + b"\0")
