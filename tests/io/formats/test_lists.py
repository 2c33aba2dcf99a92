"""Lists of other tools: each is read as what it is or refused by name, and look-alikes read as before."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from netsci.io import CheckpointError, load
from tests.io.formats.test_edge_lists import matrix, read, refused, said


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.dat"


def written(how: str, network: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    getattr(nx, f"write_{how}")(network, stream, **options)
    return stream.getvalue()


def links(loaded: Any) -> dict[tuple[str, str], float]:
    """Return the weight of each link by the names of its ends; an undirected one has both orders."""
    (p,) = loaded.graph.projections
    coo = (p.links if p.weights is None else p.weights).tocoo()
    labels = {q.name: q.labels for q in loaded.graph.populations}
    rows, columns = labels[p.source], labels[p.target]
    return {(rows[i], columns[j]): float(w) for i, j, w in zip(coo.row, coo.col, coo.data, strict=True)}


def named(network: Any) -> dict[tuple[str, str], float]:
    found = {}
    for u, v, weight in network.edges(data="weight", default=1):
        found[str(u), str(v)] = float(weight)
        if not network.is_directed():
            found[str(v), str(u)] = float(weight)
    return found


ATTRIBUTES = nx.DiGraph()
ATTRIBUTES.add_edge("a", "b", weight=2, colour="red, {x}")
ATTRIBUTES.add_edge("b", "c", weight=0.5, colour="it's")
ATTRIBUTES.add_edge("c", "d", weight=-1, colour="blue")


@pytest.mark.parametrize("mark", [" ", ",", "\t", ";", "|", "::"])
def test_networkx_lists_with_attributes(path, mark):
    text = b"# directed\n" + written("edgelist", ATTRIBUTES, delimiter=mark)
    loaded = read(path, text)
    assert links(loaded) == named(ATTRIBUTES)
    assert "networkx's list of 3 links with attributes" in loaded.notes


def test_scalars_of_numpy_are_numbers(path):
    network = nx.Graph()
    network.add_edge(0, 1, weight=np.float32(2.5))
    network.add_edge(1, 2, weight=np.int64(3))
    assert "np.float32(2.5)" in written("edgelist", network).decode()
    assert links(read(path, written("edgelist", network))) == named(network)


def test_attributes_that_are_no_weights(path):
    plain = read(path, "a b {}\nb c {}\n")
    assert plain.graph.projections[0].weights is None
    one = read(path, "a b {'flow': 2, 'kind': 'x'}\nb c {'flow': 3, 'kind': 'y'}\n")
    assert links(one)["a", "b"] == 2
    assert any("'flow' is read as the weight" in guess for guess in one.guesses)
    assert read(path, "a b {'p': 2, 'q': 1}\n").graph.projections[0].weights is None
    for text in ("a b {'weight': 2}\nb c {}\n", "a b {'weight': 'x'}\n", "a b {'weight': 2}\nb c\n",
                 "a b {'weight': 2\nb c }\n", "a b c {'weight': 2}\n", "a b {1}\n"):  # fmt: skip
        refused(path, text, "braces|weight")
    refused(path, "a,b{x\nc,d\n", "not closed; .*--columns source,target,weight")
    refused(path, 'a,"b\nc,d\n', "not closed")
    assert read(path, "a{1},b\nb,c\n").graph.node_labels == ["a{1}", "b", "c"]


NETWORKS = {
    "karate": nx.karate_club_graph(),
    "regular": nx.random_regular_graph(3, 8, seed=1),
    "regular directed": nx.DiGraph([(i, (i + s) % 12) for i in range(12) for s in (1, 5)]),
    "ring": nx.cycle_graph(5),
    "star": nx.star_graph(4),
    "directed": nx.DiGraph([(0, 1), (1, 0), (1, 2), (3, 0)]),
    "names": nx.relabel_nodes(nx.path_graph(5), dict(enumerate("abcde"))),
    "alone": nx.Graph([(0, 1), (2, 3)]),
}
NETWORKS["alone"].add_node(9)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("mark", [" ", ",", "\t"])
@pytest.mark.parametrize("how", ["adjlist", "multiline_adjlist"])
def test_networkx_adjacency_lists(path, how, mark, name):
    network = NETWORKS[name]
    loaded = read(path, written(how, network, delimiter=mark))
    known = network if how == "multiline_adjlist" else nx.create_empty_copy(network)
    if how == "adjlist":
        known.add_edges_from(network.edges())
    assert links(loaded) == named(known)
    assert loaded.graph.n_nodes == network.number_of_nodes()
    assert loaded.graph.projections[0].undirected != network.is_directed()


@pytest.mark.parametrize(
    "text",
    ["a;b;c\nb;c;d\nc;a\nd;a;b;c\n", "a,b,c,\nb,c,d,\nc,a,,\nd,a,b,c\n", "a b c\nb c d\nc a\nd a b c\n"],
)
def test_bare_lists_of_neighbours(path, text):
    loaded = read(path, text)
    expected = {
        ("a", "b"),
        ("a", "c"),
        ("b", "c"),
        ("b", "d"),
        ("c", "a"),
        ("d", "a"),
        ("d", "b"),
        ("d", "c"),
    }
    assert set(links(loaded)) == expected
    assert "--format edges" in loaded.guesses[0]
    assert set(links(read(path, text, format="adjlist"))) == expected


RING = "1 2 3\n2 3 4\n3 4 1\n4 1 2\n"


def test_where_a_third_number_may_be_a_node_or_a_weight(path):
    refused(
        path, RING, "perhaps adjacency lists; .*--format adjlist.*--format edges or --columns source,target"
    )
    assert read(path, RING, format="adjlist").graph.n_links == 8
    assert links(read(path, RING, format="edges"))["1", "2"] == 3
    assert links(read(path, RING, columns="source,target,weight"))["4", "1"] == 2
    assert links(read(path, "1 2 3\n2 3 4\n3 4 1.5\n4 1 2\n"))["3", "4"] == 1.5
    assert links(read(path, "0 1 1\n1 2 1\n2 3 0\n3 0 1\n"))["2", "3"] == 0  # weights of a binary network
    refused(path, "a b c d\nb c\nc d\nd e\n", "perhaps adjacency lists")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 2 5\n3 4 6\n5 6 1\n", {("1", "2"): 5, ("3", "4"): 6, ("5", "6"): 1}),
        ("6 5\n1 2\n2 3\n", {("5", "6"): 1, ("1", "2"): 1, ("2", "3"): 1}),
        ("6 5\n1 2\n2 3\n3 4\n9 6\n4 5\n", {tuple(pair): 1 for pair in ("56", "12", "23", "34", "69", "45")}),
        ("0 1 1\n0 2 0\n1 2 1\n2 3 1\n", {("0", "1"): 1, ("0", "2"): 0, ("1", "2"): 1, ("2", "3"): 1}),
        ("hub a 1\nhub b 2\nhub c 3\n", {("hub", "a"): 1, ("hub", "b"): 2, ("hub", "c"): 3}),
        ("a b x\nb c y\nc d x\n", {("a", "b"): 1, ("b", "c"): 1, ("c", "d"): 1}),
        ("IL-2 STAT-3\nIL-4 STAT-3\n", {("IL-2", "STAT-3"): 1, ("IL-4", "STAT-3"): 1}),
        ("# graph\n1 2\n2 3\n# more\n3 4\n", {("1", "2"): 1, ("2", "3"): 1, ("3", "4"): 1}),
    ],
)
def test_look_alikes_stay_lists_of_links(path, text, expected):
    found = links(read(path, text))
    assert {key: weight for key, weight in found.items() if key in expected} == expected
    assert len(found) == 2 * len(expected)


def test_members_and_groups_in_two_columns(path):
    text = "ann chess\nbob chess\ncy go\nann go\n"
    loaded = read(path, text)
    assert set(links(loaded)) == {("ann", "chess"), ("bob", "chess"), ("cy", "go"), ("ann", "go")}
    assert loaded.graph.sizes == {"rows": 3, "columns": 2}
    assert "bipartite: no name stands in both columns" in loaded.guesses[0]
    assert read(path, f"# undirected\n{text}").graph.sizes == {"nodes": 5}
    assert read(path, "a b\nc d\na d\n").graph.sizes == {"nodes": 4}  # three links may be so by chance
    assert read(path, f"{text}chess go\n").graph.sizes == {"nodes": 5}


COUNTED = [
    ("6 5\n1 2\n2 3\n3 4\n4 5\n5 6\n", 6, 5),
    ("6 5\n0 1\n1 2\n2 3\n3 4\n4 5\n", 6, 5),
    ("9 5\n1 2\n2 3\n3 4\n4 5\n5 6\n", 9, 5),  # three have no links
    ("6 5\n1 2 0.5\n2 3 1\n3 4 1\n4 5 1\n5 6 2\n", 6, 5),
    ("4 4\n1 2\n2 3\n3 4\n4 1\n", 4, 4),
    ("5 5 3\n1 2 7\n2 3 1\n5 1 2\n", 5, 3),
    ("3\n1 2\n2 3\n5 6\n", 5, 3),
]


@pytest.mark.parametrize(("text", "nodes", "count"), COUNTED)
def test_a_first_line_that_counts_is_no_link(path, text, nodes, count):
    loaded = read(path, text)
    assert (loaded.graph.n_nodes, loaded.graph.n_links) == (nodes, count)
    assert any("counts nodes and links" in guess and "--format edges" in guess for guess in loaded.guesses)


def test_a_first_line_that_counts_can_be_read_as_a_link(path):
    assert ("6", "5") in links(read(path, COUNTED[0][0], format="edges"))
    refused(
        path, "2 5 3\n1 5 7\n2 3 1\n2 1 2\n", "counts rows, columns and links.*--bipartite.*--format edges"
    )
    assert read(path, "2 5 3\n1 5 7\n2 3 1\n2 1 2\n", bipartite=True).graph.n_links == 3
    refused(path, "3 3\n0 1 0\n1 0 1\n0 1 0\n", "have 2 to 3 fields")  # the sides of a matrix


@pytest.mark.parametrize("text", ["4 4\n2 4\n1 3\n2 4\n1 3\n", "% METIS\n4 4\n2 3 4\n1 3\n1 2\n1\n"])
def test_metis(path, text):
    loaded = read(path, text)
    assert (loaded.graph.n_nodes, loaded.graph.n_links) == (4, 4)
    assert "a METIS graph" in loaded.guesses[0]
    assert set(links(read(path, "3 1\n2\n1\n\n"))) == {("1", "2"), ("2", "1")}  # the third has no neighbour
    refused(path, "4 4\n2 3 4\n1 3\n1\n1\n", "have 1 to 3 fields")  # 2 names 3, and 3 does not name 2


SIF = {("A", "B"), ("B", "C"), ("C", "D"), ("A", "E")}


@pytest.mark.parametrize(
    "text",
    [
        "A\tpp\tB\nB\tpd\tC\nC\tpp\tD\nA\tpp\tE\n",
        "A pp B\nB pd C\nC pp D\nA pp E\n",
        "A,pp,B\nB,pd,C\nC,pp,D\nA,pp,E\n",
        "source\tinteraction\ttarget\nA\tpp\tB\nB\tpd\tC\nC\tpp\tD\nA\tpp\tE\n",
        "gene,interaction,partner\nA,pp,B\nB,pd,C\nC,pp,D\nA,pp,E\n",
        "subject predicate object\nA pp B\nB pd C\nC pp D\nA pp E\n",
        "head\trelation\ttail\nA\tpp\tB\nB\tpd\tC\nC\tpp\tD\nA\tpp\tE\n",
        "A\tpp\tB\tE\nB\tpd\tC\nC\tpp\tD\nF\n",
        "N\tA\tpp\tB\nN\tB\tpd\tC\nN\tC\tpp\tD\nN\tA\tpp\tE\n",
        "N A pp B\nN B pd C\nN C pp D\nN A pp E\nN F\n",
    ],
)
def test_relations_are_no_nodes(path, text):
    loaded = read(path, text)
    assert set(links(loaded)) == SIF
    assert loaded.graph.n_nodes == 5 + ("F" in text)
    assert "pp" not in loaded.graph.node_labels


def test_relations_that_only_may_be_some_are_asked_about(path):
    text = "A pp X\nB pp Y\nC pd Z\n"
    refused(path, text, "perhaps kinds of links.*--columns source,relation,target.*--format sif")
    assert set(links(read(path, text, columns="source,relation,target"))) >= {("A", "X"), ("B", "Y")}
    assert ("A", "pp") in links(read(path, text, columns="source,target"))
    assert set(links(read(path, text, format="sif"))) == {("A", "X"), ("B", "Y"), ("C", "Z")}
    refused(path, "1 pp 2\n2 pp 3\n3 pd 1\n4 pp 1\n", "perhaps kinds of links")
    refused(path, "N1 A pp B\nN2 B pd C\nN1 D\n", r"2 networks \(NNF\): N1, N2; keep")
    assert ("ann", "go") in links(read(path, "ann go 2\nbob go 1\ncy poker 3\n"))  # weights


@pytest.mark.parametrize(
    ("text", "expected", "undirected"),
    [
        ("A -> B\nB -> C\n", {("A", "B"): 1, ("B", "C"): 1}, False),
        ("A->B: 2\nB->C: 3.5\n", {("A", "B"): 2, ("B", "C"): 3.5}, False),
        ("A\t->\tB\t2\nB\t->\tC\t1\n", {("A", "B"): 2, ("B", "C"): 1}, False),
        ("A,->,B\nB,->,C\n", {("A", "B"): 1, ("B", "C"): 1}, False),
        ("a b --> c\nc <- d\n", {("a b", "c"): 1, ("d", "c"): 1}, False),
        ("A <-> B\nB -> C\n", {("A", "B"): 1, ("B", "A"): 1, ("B", "C"): 1}, False),
        ("甲 → 乙\n乙 → 丙\n", {("甲", "乙"): 1, ("乙", "丙"): 1}, False),
        ("A -- B\nB -- C\n", {("A", "B"): 1, ("B", "A"): 1, ("B", "C"): 1, ("C", "B"): 1}, True),
    ],
)
def test_arrows(path, text, expected, undirected):
    loaded = read(path, text)
    assert links(loaded) == expected
    assert loaded.graph.projections[0].undirected == undirected
    refused(path, "A -> B -> C\nB -> C\n", "does not hold one arrow")
    refused(path, "A -> B 2\nB -> C\n", "some of its lines have a weight")


def test_dimacs(path):
    loaded = read(path, "c text\np edge 5 4\ne 1 2\ne 2 3\ne 3 4\ne 4 5\n")
    assert set(links(loaded)) >= {("1", "2"), ("4", "5")}
    assert (loaded.graph.n_nodes, loaded.graph.n_links) == (5, 4)
    paths = read(path, "p sp 4 3\nn 1 s\na 1 2 5\na 2 3 7\na 4 1 2\n")
    assert links(paths) == {("1", "2"): 5, ("2", "3"): 7, ("4", "1"): 2}
    for text, pattern in (
        ("p edge 5 9\ne 1 2\ne 2 3\n", "announces 9 links and holds 2: truncated"),
        ("p edge 2 1\ne 1 3\n", "line 2: this is no link between nodes from 1 to 2"),
        ("p edge 3 1\nx1 2\n", "mark 'x1' is unknown"),
        ("p edge 3 2\ne 1 2\ne 2 3 4\n", "some of its links are edges or have weights"),
        ("e 1 2\ne 2 3\ne 3 4\n", "column 1 holds 'e' on every line.*--columns -,source,target"),
    ):
        refused(path, text, pattern)
    assert ("e", "1") in links(read(path, "e 1\ne 2\nf 1\n"))


def test_lgl(path):
    assert links(read(path, "# a\nb 0.5\nc 2\n# b\nc 1\n"))["b", "c"] == 1
    loaded = read(path, "# a\nb\nc\n# b\nc\n")
    assert (loaded.graph.n_nodes, loaded.graph.n_links) == (3, 3)
    assert "LGL" in loaded.guesses[0]
    refused(path, "# a\nb 0.5\nc\n# b\nc 1\n", "some of its links have a weight")


NAMES = {
    "digraph G {\n a -> b;\n}\n": "Graphviz DOT",
    "strict graph {\n a -- b\n}\n": "Graphviz DOT",
    "nodedef>name VARCHAR\na\nedgedef>node1,node2\na,b\n": "GDF",
    "dl n=3 format=edgelist1\ndata:\n1 2\n": "UCINET DL",
    "LEDA.GRAPH\nstring\nint\n-1\n": "LEDA",
    ">>graph6<<DQc\n": "graph6",
    "<http://a> <http://p> <http://b> .\n": "N-Triples",
    "@prefix x: <http://x> .\nx:a x:p x:b .\n": "Turtle",
    "1 First\n2 Second\n#\n1 2 edge\n": "TGF",
    '<?xml version="1.0"?><graph label="x"><node id="1"/></graph>': "XGMML",
    '[{"numberVerification": []}, {"nodes": []}]': "CX",
}


@pytest.mark.parametrize("text", NAMES)
def test_graphs_that_are_not_read_are_named(path, text):
    refused(path, text, NAMES[text])


def test_json_line_by_line_and_in_a_list(path):
    records = [{"source": "a", "target": "b", "weight": 2}, {"source": "b", "target": "c", "weight": 0.5}]
    expected = {("a", "b"): 2, ("b", "c"): 0.5}
    assert links(read(path, "\n".join(map(json.dumps, records)))) == expected
    assert links(read(path, json.dumps(records))) == expected
    users = [{"user": 1, "item": 1, "rating": 2}, {"user": 2, "item": 1, "rating": 3}]
    assert read(path, "\n".join(map(json.dumps, users))).graph.sizes == {"rows": 2, "columns": 1}
    for wrong in ('{"x": 1}\n{"x": 2}', '[["a", "b"]]', '[{"source": "a"}]', '{"source": 1, "target": 2}\n{'):
        with pytest.raises(CheckpointError):
            read(path, wrong)
    refused(
        path, json.dumps([records[0], {"source": "a", "target": ""}]), "link 2 names no source or no target"
    )
    refused(
        path, json.dumps([records[0], {"source": "a", "target": "b"}]), "link 2 has no number as its weight"
    )


def test_cytoscape_json(path):
    network = nx.DiGraph([("u", "v", {"weight": 2.5}), ("v", "w", {"weight": 1.0})])
    loaded = read(path, json.dumps(nx.cytoscape_data(network)))
    assert links(loaded) == named(network)
    assert loaded.kind == "Cytoscape JSON"
    nodes = [{"data": {"id": "1", "name": "A"}}, {"data": {"id": "2", "name": "B"}}]
    edge = {"data": {"id": "3", "source": "1", "target": "2", "interaction": "pp", "weight": 7}}
    for elements in ({"nodes": nodes, "edges": [edge]}, [*nodes, edge]):
        assert links(read(path, json.dumps({"elements": elements}))) == {("A", "B"): 7, ("B", "A"): 7}
    refused(path, json.dumps({"elements": [1]}), "JSON file")


def test_the_whole_list_is_checked_and_not_its_first_lines(path):
    text = "".join(f"n{i} n{i + 1} 2\n" for i in range(200))
    assert read(path, text).graph.n_links == 200
    refused(path, text + "n0,n1{,2\n", "line 201")
    same = "".join(f"{i} {i + 1} {(i + 7) % 200}\n" for i in range(199)) + "199 0 3\n"
    refused(path, same, "perhaps adjacency lists")
    apart = "".join(f"a{i} r{i % 3} b{i}\n" for i in range(100))
    refused(path, apart, "perhaps kinds of links")
    assert set(links(read(path, f"{apart}b0 r1 b1\n"))) >= {("a0", "b0"), ("b0", "b1")}
    headed = "source,target\n" + "".join(f"a{i},a{i + 1}\n" for i in range(100))
    refused(path, f"{headed}{headed}", r"source, target\) stand again among its links: two files in one")
    assert "undirected: nothing says otherwise" in said(read(path, "a b\nb c\n"))
    assert matrix(read(path, "a b\n")) == [[0, 1], [1, 0]]
    assert load(path, isolate=False).guesses == tuple(n for n in load(path).notes if "undirected" in n)
