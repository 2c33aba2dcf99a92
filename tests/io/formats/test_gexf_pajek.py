"""What GEXF and Pajek have of their own: link types, defaults, lists, matrices, two modes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.io.formats.test_graph_formats import read, refused, weights


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.dat"


def _gexf(edges: str, kind: str = "") -> str:
    nodes = '<nodes><node id="0"/><node id="1"/></nodes>'
    return f"<gexf><graph {kind}>{nodes}<edges>{edges}</edges></graph></gexf>"


def test_gexf_types_and_weights(path):
    plain = read(path, _gexf('<edge source="0" target="1"/>'))
    assert plain.graph.projections[0].undirected
    assert plain.graph.projections[0].weights is None
    mixed = read(path, _gexf('<edge source="0" target="1" type="directed"/><edge source="1" target="1"/>'))
    assert mixed.graph.projections[0].links.toarray().tolist() == [[False, True], [False, True]]
    assert not any("both ways" in note or "merged" in note for note in mixed.notes)  # of a loop there is one
    mutual = read(path, _gexf('<edge source="0" target="1" type="mutual" weight="2"/>'))
    assert weights(mutual).tolist() == [[0, 2], [2, 0]]
    assert "1 links that run both ways became two links each" in mutual.notes
    some = read(path, _gexf('<edge source="0" target="1" weight="2"/><edge source="1" target="1"/>'))
    assert weights(some).tolist() == [[0, 2], [2, 1]]
    assert "1 links without a weight weigh 1, as GEXF has it" in some.notes
    column = '<attributes class="edge"><attribute id="w" title="Synapses" type="integer"/></attributes>'
    value = '<attvalues><attvalue for="w" value="7"/></attvalues>'
    text = _gexf(f'<edge source="0" target="1">{value}</edge>').replace("<nodes>", column + "<nodes>")
    assert weights(read(path, text))[0, 1] == 7
    assert weights(read(path, text.replace("for=", "id=")))[0, 1] == 7  # version 1.0
    times = read(path, _gexf('<edge source="0" target="1"><spells><spell start="1"/></spells></edge>'))
    assert "times (spells) are left out: every link counts" in times.notes


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        (_gexf('<edge source="0" target="9"/>'), "names the node 9"),
        (_gexf('<edge source="0"/>'), "no source or no target"),
        (_gexf('<edge source="0" target="1" weight="x"/>'), "the weight 'x' is not a number"),
        (_gexf('<edge source="0" target="1" type="odd"/>'), "type odd; types are directed"),
        (_gexf("").replace('id="1"', 'id="0"'), "the node 0 is there twice"),
        (_gexf("").replace(' id="1"', ""), "a node has no id"),
        ("<gexf><graph/></gexf>", "no nodes"),
        ("<gexf>" + "<a>" * 100 + "</a>" * 100 + "</gexf>", "nests deeper"),
        ('<!DOCTYPE gexf [<!ENTITY a "ha">]><gexf><graph/></gexf>', "document type or entities"),
        ("<gexf><graph>", "damaged"),
    ],
)
def test_gexf_that_is_refused(path, text, pattern):
    refused(path, text, pattern)


def test_pajek_edges_lists_and_matrices(path):
    head = "*Vertices 3\n"
    edges = read(path, head + "*Edges\n1 2 5\n2 3 6\n")
    assert edges.graph.projections[0].undirected
    assert weights(edges).tolist() == [[0, 5, 0], [5, 0, 6], [0, 6, 0]]
    both = read(path, head + "*Arcs\n1 2\n*Edges\n2 3\n")
    assert both.graph.projections[0].links.toarray().astype(int).tolist() == [[0, 1, 0], [0, 0, 1], [0, 1, 0]]
    assert "1 edges beside arcs became two links each" in both.notes
    loop = read(path, head + "*Arcs\n1 2 1\n*Edges\n3 3 7\n")
    assert weights(loop)[2, 2] == 7
    lists = read(path, head + "*Arcslist\n1 2 3\n3 1\n")
    assert lists.graph.projections[0].links.toarray().astype(int).tolist() == [
        [0, 1, 1],
        [0, 0, 0],
        [1, 0, 0],
    ]
    assert lists.graph.projections[0].weights is None
    assert read(path, head + "*Edgeslist\n1 2 3\n").graph.n_links == 2
    matrix = read(path, head + "*Matrix\n0 1 0\n0 0 2\n0 0 0\n")
    assert weights(matrix).tolist() == [[0, 1, 0], [0, 0, 2], [0, 0, 0]]
    some = read(path, head + "*Edges\n1 2 5\n2 3\n")
    assert "1 links without a weight weigh 1, as Pajek has it" in some.notes
    second = read(path, head + "*Edges\n1 2\n*Vertices 9\n*Edges\n8 9\n")
    assert (second.graph.n_nodes, second.notes) == (3, ("only the first network is read",))


def test_pajek_two_modes_are_one_layer(path):
    loaded = read(path, "*Vertices 5 2\n*Edges\n1 3 7\n2 5 8\n4 2 9\n")
    (p,) = loaded.graph.projections
    assert (p.source, p.target, p.shape) == ("rows", "columns", (2, 3))
    assert weights(loaded).tolist() == [[7, 0, 0], [0, 9, 8]]
    assert "a two-mode network: 2 x 3" in loaded.notes
    assert weights(read(path, "*Vertices 5 2\n*Matrix\n7 0 0\n0 9 8\n")).tolist() == [[7, 0, 0], [0, 9, 8]]
    refused(path, "*Vertices 5 2\n*Edges\n1 2\n", "1 links join vertices of one mode")


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("*Vertices\n", "line 1: .Vertices needs the number"),
        ("*Vertices 0\n", "no vertices"),
        ("*Vertices 3\n*Edges\n1 4\n", "line 3: '4' is no vertex from 1 to 3"),
        ("*Vertices 3\n*Edges\n1\n", "line 3: a link needs two"),
        ("*Vertices 3\n*Edges\n1 2 1,5\n", "'1,5' is not a number"),
        ("*Vertices 3\n*Matrix\n1 2\n", "row 1 has 2 numbers"),
        ("*Vertices 3\n*Nonsense\n1 2\n", "nonsense is unknown"),
        ("*Network x\n*Edges\n1 2\n", "before .Vertices"),
        ("*Network x\n", "has no .Vertices"),
    ],
)
def test_pajek_that_is_refused(path, text, pattern):
    refused(path, text, pattern)
