"""The names that files give to nodes reach the graph, made safe to show."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from netsci.io import load, load_graph
from netsci.io.network import labels as module


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.txt"


def read(path: Path, text: str, **options):
    path.write_text(text, encoding="utf-8")
    return load(path, isolate=False, **options)


def names(path: Path, text: str, **options) -> list:
    return [p.labels for p in read(path, text, **options).graph.populations]


def test_edge_lists_keep_the_names_of_their_nodes(path):
    loaded = read(path, "source\ttarget\tweight\nADFL\tADAL\t1\nADAL\t10\t2\n")
    assert loaded.graph.node_labels == ["ADFL", "ADAL", "10"]
    assert loaded.graph.projections[0].weights.toarray().tolist() == [[0, 1, 0], [0, 0, 2], [0, 0, 0]]
    assert load_graph(path) == loaded.graph  # from another process
    assert names(path, "# bipartite\nx 7\ny 7\ny 8\n") == [("x", "y"), ("7", "8")]
    assert names(path, "# bipartite\n7 x\n3 x\n3 y\n") == [("3", "7"), ("x", "y")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10 2\n2 3\n", ("2", "3", "10")),
        ("1.0 2.0\n2.0 3.0\n", ("1.0", "2.0", "3.0")),
        ("720575940628857210 720575940628857211\n5 720575940628857210\n",
         ("5", "720575940628857210", "720575940628857211")),
        ("9007199254740993000000001 9007199254740993000000000\n",
         ("9007199254740993000000000", "9007199254740993000000001")),
        ("01 1\n1 2\n", ("01", "1", "2")),
    ],
)  # fmt: skip
def test_numbers_are_names_and_stay_exact(path, text, expected):
    assert names(path, text) == [expected]


def test_pajek_vertices(path):
    head = '*Vertices 4\n2 "B b" 0.1 0.2 ic Red\n1 Alpha\n4 "4"\n9 "outside"\n'
    assert names(path, f"{head}*Arcs\n1 2\n4 1\n") == [("Alpha", "B b", "3", "4")]
    assert names(path, '*Vertices 4 1\n1 "a"\n2 "x"\n3 "y"\n*Edges\n1 3\n') == [("a",), ("x", "y", "4")]
    assert names(path, '*Vertices 3\n1 "1"\n2 "2"\n3 "3"\n*Edges\n1 3\n') == [("1", "2", "3")]
    assert names(path, "*Vertices 3\n*Edges\n1 3\n") == [("1", "2", "3")]


def test_gexf_gml_and_json(path):
    gexf = (
        '<gexf><graph defaultedgetype="directed"><nodes><node id="0" label="AVAL"/>'
        '<node id="1" label="b&lt;"/></nodes><edges><edge source="1" target="0"/></edges></graph></gexf>'
    )
    assert names(path, gexf) == [("AVAL", "b<")]
    assert names(path, gexf.replace("label", "other")) == [("0", "1")]
    nodes = 'node [ id 4 label "AVAL" ] node [ id 2 label "RIM" ]'
    assert names(path, f"graph [ directed 0 {nodes} edge [ source 2 target 4 ] ]") == [("AVAL", "RIM")]
    record = {"nodes": [{"id": "u"}, {"id": "v"}], "links": [{"source": "u", "target": "v"}]}
    assert names(path, json.dumps(record)) == [("u", "v")]


def test_matrices_with_names(path):
    frame = pd.DataFrame([[0, 2, 0], [0, 0, 3], [1, 0, 0]], index=list("abc"), columns=list("abc"))
    for text in (frame.to_csv(), frame.to_csv(sep="\t"), frame.to_csv(index_label="n").removeprefix("n")):
        assert names(path, text) == [("a", "b", "c")]
    assert names(path, frame.iloc[:2].to_csv()) == [("a", "b"), ("a", "b", "c")]
    assert names(path, frame.iloc[:2].to_csv(sep=" ").lstrip('" ')) == [("a", "b"), ("a", "b", "c")]
    assert names(path, frame.to_csv(header=["1", "2", "3"])) == [("a", "b", "c")]
    numbered = pd.DataFrame(frame.to_numpy())
    assert names(path, numbered.to_csv()) == [("0", "1", "2")]


def test_no_control_character_of_a_name_gets_out(path):
    loaded = read(path, f"a\x1b[2J b\x07\nb\x07 {'c' * 300}\n")
    assert loaded.graph.node_labels == ["a?[2J", "b?", "c" * 197 + "..."]
    written = path.with_suffix(".graphml")
    loaded.graph.to_graphml(written)
    assert load_graph(written).node_labels == loaded.graph.node_labels
    for isolate in (True, False):
        record = {"nodes": [{"id": "\u202eu\ud800"}, {"id": "v\x00"}], "links": []}
        path.write_text(json.dumps(record))
        assert load_graph(path, isolate=isolate).node_labels == ["?u?", "v?"]


def test_names_that_are_too_long_in_all_are_left_out_and_said(path, monkeypatch):
    monkeypatch.setattr(module, "MAX_LABEL_TEXT", 5)
    assert names(path, "abc de\n") == [("abc", "de")]
    loaded = read(path, "abc def\n")
    assert loaded.graph.populations[0].labels is None
    assert "node labels left out: they have 6 characters, above the limit of 5" in loaded.notes


def test_selected_and_cut_networks_keep_their_names(path):
    text = "# directed\na b 1\nb c 5\n"
    assert names(path, text, select="nodes") == [("a", "b", "c")]
    assert names(path, text, threshold=3) == [("a", "b", "c")]
    assert names(path, text, undirected=True) == [("a", "b", "c")]
