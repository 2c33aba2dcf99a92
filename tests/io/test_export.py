"""Export by suffix: what is written is read back with labels, directions, weights, or refused."""

from __future__ import annotations

import io
import json
import warnings
import zipfile

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from netsci.cli import app
from netsci.graph import LayeredGraph, Population, Projection
from netsci.io import load, load_graph, write_graph
from netsci.io.export import WRITERS
from tests.io.formats.test_lists import links
from tests.io.samples import FC1, FC2

NAME = st.text(st.characters(categories=["L", "N", "P", "S"], exclude_characters='"'), min_size=1, max_size=8)
EDGES = st.lists(st.tuples(NAME, NAME, st.floats(-1e6, 1e6, width=32)), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(EDGES, st.sampled_from(["Directed", "Undirected", "two sets"]), st.booleans())
def test_file_to_graph_to_file_keeps_everything(tmp_path_factory, edges, kind, weighted):
    folder = tmp_path_factory.mktemp("export")
    frame = pd.DataFrame(edges, columns=["Source", "Target", "Weight"]).drop_duplicates(["Source", "Target"])
    frame = frame[frame.Source != frame.Target] if kind == "Undirected" else frame
    frame = frame if len(frame) else pd.DataFrame({"Source": ["a"], "Target": ["b"], "Weight": [1.5]})
    frame.insert(2, "Type", "Directed" if kind == "two sets" else kind)
    frame = frame if weighted else frame.drop(columns="Weight")
    head = "# bipartite\n" if kind == "two sets" else ""
    (folder / "first.csv").write_text(head + frame.to_csv(index=False, quoting=1), encoding="utf-8")
    known = load(folder / "first.csv", isolate=False)
    for suffix in WRITERS:
        write_graph(known.graph, folder / f"net{suffix}")
        found = load(folder / f"net{suffix}", isolate=False)
        (p,), (q,) = known.graph.projections, found.graph.projections
        assert links(found) == links(known), suffix
        assert (q.undirected, q.source == q.target) == (p.undirected, p.source == p.target), suffix
        assert (q.weights is None) == (p.weights is None), suffix
        assert sorted(map(str, found.graph.node_labels)) == sorted(known.graph.node_labels), suffix


def chain() -> LayeredGraph:
    return LayeredGraph.from_masks([FC1 != 0, FC2 != 0], weights=[FC1, FC2])


def plain() -> LayeredGraph:
    return LayeredGraph.from_adjacency([[0, 1], [0, 0]], labels=["720575940628857210", "=b"])


@pytest.mark.parametrize("suffix", [".graphml", ".gml", ".npz"])
def test_formats_that_lose_nothing(tmp_path, suffix):
    convolution = LayeredGraph(
        (Population("in", 2, ['"a"', "b & <c>"]), Population("out", 3), Population("alone", 1)),
        (
            Projection("in", "out", np.eye(8, 3), np.eye(8, 3, dtype=np.float32) * 0.1, rows_per_unit=4),
            Projection("out", "out", np.ones((3, 3)), undirected=True),
        ),
    )
    for graph in (chain(), plain(), convolution):
        assert write_graph(graph, tmp_path / f"net{suffix}") == []
        assert load_graph(tmp_path / f"net{suffix}") == graph


def test_what_other_programs_read(tmp_path):
    for suffix, how in ((".gml", nx.read_gml), (".gexf", nx.read_gexf), (".graphml", nx.read_graphml)):
        write_graph(plain(), tmp_path / f"net{suffix}")
        found = how(tmp_path / f"net{suffix}")
        names = set(nx.get_node_attributes(found, "label").values()) or set(found)
        assert names == {"720575940628857210", "=b"}
        assert found.is_directed()
    write_graph(plain(), tmp_path / "net.net")
    assert set(nx.read_pajek(tmp_path / "net.net")) == {"720575940628857210", "=b"}
    write_graph(plain(), tmp_path / "net.csv")
    frame = pd.read_csv(tmp_path / "net.csv", dtype=str)
    assert frame.to_dict("records") == [{"Source": "720575940628857210", "Target": "=b", "Type": "Directed"}]
    assert '"=b"' in (tmp_path / "net.csv").read_text()
    write_graph(chain(), tmp_path / "net.npz")
    arrays = np.load(tmp_path / "net.npz")
    assert arrays["0.data"].tolist() == FC1[FC1 != 0].tolist()


def test_layers_in_gexf(tmp_path):
    write_graph(chain(), tmp_path / "net.gexf")
    found = load_graph(tmp_path / "net.gexf")
    assert found.sizes == chain().sizes
    assert [p.weights.toarray().tolist() for p in found.projections] == [FC1.tolist(), FC2.tolist()]


def test_nodes_without_links_are_said_to_be_missing_in_a_list(tmp_path):
    graph = LayeredGraph.from_adjacency(np.eye(3)[:, [1, 2, 0]] * [[1], [0], [0]], labels=list("abc"))
    assert write_graph(graph, tmp_path / "net.csv") == [
        "1 node without links is not in it, since it lists links; .graphml, .gml or .npz hold them"
    ]
    assert write_graph(graph, tmp_path / "net.net") == []
    assert load_graph(tmp_path / "net.net").node_labels == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("graph", "name", "pattern"),
    [
        (chain(), "net.csv", "holds one layer without kernels, and this network has 2 layers"),
        (chain(), "net.net", r"write .graphml, .gml or .npz, or one layer by --select NAME"),
        (chain(), "net.txt", "the suffix .txt names no format"),
        (chain(), "net", "the suffix is missing names no format"),
        (LayeredGraph.from_adjacency([[1]], labels=['"']), "net.net", "quotation mark"),
        (LayeredGraph.from_adjacency(np.eye(2), labels=["a", "a"]), "net.csv", "two nodes have one name"),
        (
            LayeredGraph((Population("a", 1), Population("b", 1)), (Projection("a", "b", [[1]]),) * 2),
            "net.gexf",
            "two layers between the same populations",
        ),
        (
            LayeredGraph(
                (Population("a", 1), Population("b", 1)), (Projection("a", "b", [[1]] * 4, None, 4),)
            ),
            "net.gexf",
            "several rows a unit",
        ),
    ],
)  # fmt: skip
def test_what_a_format_cannot_hold_is_refused(tmp_path, graph, name, pattern):
    with pytest.raises(ValueError, match=pattern):
        write_graph(graph, tmp_path / name)
    assert not (tmp_path / name).exists()


def test_damaged_networks_of_ours_are_refused(tmp_path):
    write_graph(plain(), tmp_path / "net.npz")
    arrays = dict(np.load(tmp_path / "net.npz"))
    header = json.loads(arrays["netsci"].tobytes())
    for change in (
        {"0.indices": np.array([7])}, {"0.indptr": np.array([0, 2, 1])}, {"labels.0": np.array(["a"])},
        {"netsci": np.frombuffer(b"{}", np.uint8)}, {"0.indices": np.array([0.5])},
        {"netsci": np.frombuffer(json.dumps(header | {"populations": [["nodes", 2.5]]}).encode(), np.uint8)},
        {"netsci": np.frombuffer(json.dumps(header | {"populations": [["x", 2]]}).encode(), np.uint8)},
    ):  # fmt: skip
        np.savez(tmp_path / "bad.npz", **(arrays | change))
        with pytest.raises(ValueError, match="damaged"):
            load(tmp_path / "bad.npz", isolate=False)
    with zipfile.ZipFile(tmp_path / "bad.npz", "w") as archive:
        archive.writestr("netsci.npy", b"no array")
    with pytest.raises(ValueError, match="damaged"):
        load(tmp_path / "bad.npz", isolate=False)


def test_a_network_of_ours_is_never_half_read(tmp_path):
    write_graph(chain(), tmp_path / "net.npz")
    arrays = dict(np.load(tmp_path / "net.npz"))
    header = json.loads(arrays["netsci"].tobytes())
    fewer = {"projections": header["projections"][:-1]}
    for changed in (fewer, {"every": ["nobody"]}, {"every": header["populations"][0][0]}):
        text = np.frombuffer(json.dumps(header | changed).encode(), np.uint8)
        np.savez(tmp_path / "bad.npz", **(arrays | {"netsci": text}))
        with pytest.raises(ValueError, match=r"header and its arrays do not fit .*: damaged"):
            load(tmp_path / "bad.npz", isolate=False)
    np.savez(tmp_path / "bad.npz", **(arrays | {"netsci": np.frombuffer(b"[1]", np.uint8)}))
    with pytest.raises(ValueError, match="the header is no JSON object"):
        load(tmp_path / "bad.npz", isolate=False)
    np.savez(tmp_path / "bad.npz", **(arrays | {"9.indices": np.zeros(1, np.int32)}))
    with pytest.raises(ValueError, match=r"nothing reads 9\.indices"):
        load(tmp_path / "bad.npz", isolate=False)
    with zipfile.ZipFile(tmp_path / "net.npz") as good, zipfile.ZipFile(tmp_path / "bad.npz", "w") as bad:
        for name in [*good.namelist(), "0.indptr.npy"]:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of zipfile, that the name is there already
                bad.writestr(name, good.read(name))
    with pytest.raises(ValueError, match="holds an array twice"):
        load(tmp_path / "bad.npz", isolate=False)


def test_an_array_that_promises_more_than_there_is_takes_no_memory(tmp_path):
    write_graph(chain(), tmp_path / "net.npz")
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<i4", "fortran_order": False, "shape": (10**12,)})
    with zipfile.ZipFile(tmp_path / "net.npz") as good, zipfile.ZipFile(tmp_path / "bad.npz", "w") as bad:
        for name in good.namelist():
            bad.writestr(name, head.getvalue() + b"1234" if name == "0.indices.npy" else good.read(name))
    with pytest.raises(ValueError, match=r"0\.indices promises 4,000,000,000,000 bytes and holds 4: "):
        load(tmp_path / "bad.npz", isolate=False)


def test_the_command(tmp_path):
    (tmp_path / "links.txt").write_text("# FromNodeId\tToNodeId\n10\t20\n20\t35\n35\t90\n")
    run = CliRunner().invoke
    done = run(app, ["export", str(tmp_path / "links.txt"), "-o", str(tmp_path / "net.gexf")])
    assert done.exit_code == 0
    assert load_graph(tmp_path / "net.gexf").node_labels == ["10", "20", "35", "90"]
    wrong = run(app, ["export", str(tmp_path / "links.txt"), "-o", str(tmp_path / "net.html")])
    assert wrong.exit_code == 2
    assert "names a format: .graphml, .gexf, .gml, .net, .npz, .csv" in " ".join(wrong.stderr.split())
    np.savez(tmp_path / "chain.npz", a=FC1, b=FC2)
    refused = run(app, ["export", str(tmp_path / "chain.npz"), "-o", str(tmp_path / "net.net")])
    assert refused.exit_code == 2
    assert "--select NAME" in refused.stderr
    assert not (tmp_path / "net.net").exists()
    one = run(app, ["export", str(tmp_path / "chain.npz"), "-o", str(tmp_path / "net.csv"), "--select", "b"])
    assert one.exit_code == 0
    assert (
        "nodes without links are not in it" in one.stdout or "node without links is not in it" in one.stdout
    )
