"""What GML and node-link JSON have of their own: brackets, ids, weights under any name, dialects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.io.formats.test_graph_formats import read, refused, weights


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.dat"


def _gml(edges: str, directed: str = "directed 1") -> str:
    return f"graph [ {directed} node [ id 0 ] node [ id 1 ] {edges} ]"


def test_gml_weights_are_found_and_named(path):
    loaded = read(path, _gml("edge [ source 0 target 1 strength 3 id 4 ]"))
    assert loaded.notes == ("edge attribute 'strength' is read as the weight",)
    assert weights(loaded)[0, 1] == 3
    loaded = read(path, _gml("edge [ source 0 target 1 a 3 b 4 ]"))
    assert loaded.graph.projections[0].weights is None
    assert "edge attribute 'a' is not read as a weight; rename it to 'weight' if it is one" in loaded.notes
    loaded = read(path, _gml("edge [ source 0 target 1 a 3 ] edge [ source 1 target 0 ]"))
    assert loaded.graph.projections[0].weights is None
    both = read(path, _gml("edge [ source 0 target 1 weight 3 value 9 ]"))
    assert weights(both)[0, 1] == 3


def test_gml_says_what_was_decided(path):
    loaded = read(path, _gml("edge [ source 1 target 0 weight 1 ] edge [ source 0 target 1 weight 2 ]", ""))
    assert loaded.graph.projections[0].undirected
    assert loaded.notes == (
        "links are read as undirected: the file does not say 'directed 1'",
        "1 repeated link merged",
    )
    assert weights(loaded)[0, 1] == weights(loaded)[1, 0] == 3
    twice = read(path, _gml("edge [ source 0 target 1 ]") + "graph [ node [ id 3 ] ]")
    assert (twice.notes[0], twice.graph.n_nodes) == ("only the first of 2 graphs is read", 2)
    nan = read(path, _gml("edge [ source 0 target 1 weight NAN ]"))
    assert "weights hold NaN or infinite values: links kept, weights dropped" in nan.notes


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("graph [ node [ id 0 ]", "ends within a list"),
        ("graph [ ] ]", "brackets do not pair"),
        ("graph [ node [ id ] ]", "brackets do not pair"),
        ('graph [ "x" 1 ]', "a value stands where a name should be"),
        ("graph [ ]", "the graph has no nodes"),
        ("graph [ directed 2 ]", "directed must be 0 or 1; it is 2; write directed 1"),
        ("graph [ node [ label 0 ] ]", "1 of 1 nodes have no id"),
        ("graph [ node [ id 0 ] node [ id 0 ] ]", "same id"),
        (_gml("edge [ source 0 target 5 ]"), "names the node 5, which is not there"),
        (_gml("edge [ source 0 ]"), "no source or no target"),
        (_gml("edge [ source 0 target 1 weight 1 ] edge [ source 0 target 0 ]"), "have no 'weight'"),
        (_gml("x [ " * 100 + " ]" * 100), "nest deeper than 64"),
    ],
)
def test_gml_that_is_refused(path, text, pattern):
    refused(path, text, pattern)


def test_gml_nodes_within_nodes_are_none_of_the_graph(path):
    loaded = read(path, "graph [ node [ id 0 node [ id 5 ] edge [ source 0 target 0 ] ] node [ id 1 ] ]")
    assert (loaded.graph.n_nodes, loaded.graph.n_links) == (2, 0)


def test_gml_may_nest_to_no_avail(path):
    refused(path, "graph [ " + "a [ " * 200_000, "nest deeper|ends within")


def test_json_in_its_two_dialects_and_refused(path):
    links = [{"source": 0, "target": 1, "value": 2.5, "key": 0}]
    nodes = [{"id": 0, "group": 3}, {"id": 1}]
    for name in ("links", "edges"):
        loaded = read(path, json.dumps({"nodes": nodes, name: links}))
        assert weights(loaded)[0, 1] == 2.5
        assert "links are read as undirected: the file does not say 'directed'" in loaded.notes
    refused(path, "[1, 2, 3]", "not node-link JSON")
    refused(path, json.dumps({"nodes": nodes, "links": [{"source": 0}]}), "not node-link JSON")
    refused(path, json.dumps({"nodes": [{"id": 0}], "links": links}), "names the node 1")
    refused(path, json.dumps({"nodes": [{"id": [0]}, {"id": [0]}], "links": []}), "same id")
    refused(path, "[" * 100_000, "damaged")
    refused(path, '{"nodes": [', "damaged")
