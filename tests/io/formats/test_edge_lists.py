"""Edge lists as text: columns, headers, comments, directions, repeats, damage."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netsci.io import CheckpointError, Loaded, load
from tests.io.samples import mutants_load_or_are_refused


def read(path: Path, text: str | bytes, **options) -> Loaded:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path, isolate=False, **options)


def matrix(loaded: Loaded) -> list[list[float]]:
    """Return the weights, or the links as 0 and 1."""
    (p,) = loaded.graph.projections
    found = p.links if p.weights is None else p.weights
    return found.toarray().astype(float).tolist()


def said(loaded: Loaded) -> str:
    return " | ".join(loaded.notes)


def refused(path: Path, text: str | bytes, pattern: str) -> None:
    with pytest.raises(CheckpointError, match=pattern) as caught:
        read(path, text)
    assert "\n" not in str(caught.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.dat"


ARC = [[0.0, 2.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    "text",
    [
        "source,target,weight\na,b,2\n",
        "Source\tTarget\tWeight\na\tb\t2\n",
        "pre;post;synapses\na;b;2,0\n",
        "pre post type synapses\na\tb\tchemical\t2\n",  # names by spaces over columns by tabs
        "from to value\n1 2 2\n",
        "weight,target,source\n2,b,a\n",
        "id,pre_id,post_id,extra,syn_count\n9,1,2,x,2\n",
        '"source","target","weight"\n"a, the first","b",2\n',
        "# directed\n0 1 2\n",
        "% asym weighted\n1 2 2\n",
        "# Directed graph (each pair once): x.txt\n# FromNodeId\tToNodeId\tWeight\n5\t9\t2\n",
        "# source target weight\nx y 2\n",
        "Source,Target,Type,Weight\na,b,Directed,2\n",
        "\ufeffsource,target,weight\r\na,b,2\r\n\r\n",
    ],
)
def test_directed_lists_in_all_their_spellings(path, text):
    loaded = read(path, text)
    assert matrix(loaded) == ARC
    assert not loaded.graph.projections[0].undirected
    assert "directed" in said(loaded)
    assert loaded.kind == "text table"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("node1,node2,weight\na,b,2\n", "undirected, as the header says (node1, node2)"),
        ("% sym weighted\n1 2 2\n", "undirected, as a comment says"),
        ("# undirected\nsource,target,weight\na,b,2\n", "undirected, as a comment says"),
        ("# Undirected graph: x.txt\n1 2 2\n", "undirected, as a comment says"),
        ("Source,Target,Type,Weight\na,b,Undirected,2\n", "undirected, as the column 'type' says"),
        ("a b 2\n", "undirected: nothing says otherwise; if not, put the comment line '# directed' first"),
    ],
)
def test_undirected_lists_and_why(path, text, reason):
    loaded = read(path, text)
    assert matrix(loaded) == [[0, 2], [2, 0]]
    assert reason in said(loaded)


def test_the_direction_that_links_tell(path):
    some = read(path, "a b\nb a\nb c\n")
    assert matrix(some) == [[0, 1, 0], [1, 0, 1], [0, 0, 0]]
    assert "directed: some links run both ways and others do not" in said(some)
    assert read(path, "a b\na a\n").graph.projections[0].undirected
    every = read(path, "a b 2\nb a 2\nb c 3\nc b 3\na a 5\n")
    assert matrix(every) == [[5, 2, 0], [2, 0, 3], [0, 3, 0]]  # not 4 and 6
    assert "every link is listed in both directions and counts once" in every.notes
    unequal = read(path, "a b 2\nb a 7\n")
    assert matrix(unequal) == [[0, 2], [7, 0]]


def test_repeats_loops_and_zeros_are_said(path):
    loaded = read(path, "source,target,weight\na,b,2\na,b,3\na,b,-1\nb,b,1\nb,a,0\n")
    assert matrix(loaded) == [[0, 4], [0, 1]]
    assert loaded.graph.n_links == 3
    for note in (
        "2 repeated links merged, their weights added up",
        "1 self-loop kept",
        "1 link of weight 0 kept as links",
    ):
        assert note in loaded.notes
    assert matrix(read(path, "# undirected\na b 2\nb a 3\n")) == [[0, 5], [5, 0]]
    plain = read(path, "source,target\na,b\na,b\n")
    assert "1 repeated link merged" in plain.notes
    assert plain.graph.projections[0].weights is None


def test_numbers_order_nodes_and_names_come_as_they_come(path):
    assert matrix(read(path, "# directed\n10 2\n9 10\n")) == [[0, 0, 0], [0, 0, 1], [1, 0, 0]]
    assert "in the order of their numbers" in said(load(path, isolate=False))
    assert matrix(read(path, "# directed\nz b\nb a\n")) == [[0, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert "in the order in which their labels come" in said(load(path, isolate=False))


def test_columns_that_are_left_out_are_named(path):
    loaded = read(path, "source,target,delay,weight,note\na,b,9,2,x\n")
    assert matrix(loaded) == ARC
    assert "weight 'weight'; 'delay', 'note' left out" in said(loaded)
    konect = read(path, "% asym weighted\n1 2 2 1082040961\n")
    assert matrix(konect) == ARC
    assert "weight column 3; column 4 left out" in said(konect)
    typed = read(path, "a b x\nb c y\n")
    assert "no weights; column 3 left out" in said(typed)
    several = read(path, "source,target,p,q\na,b,1,2\n")
    assert several.graph.projections[0].weights is None
    types = read(path, "pre,post,type,n\na,b,gap,2\na,b,syn,1\nb,a,syn,1\n")
    assert "links of 2 types are taken together: syn 2, gap 1" in types.notes


def test_what_networkx_writes(path):
    network = nx.DiGraph()
    network.add_edge(0, 1, weight=2.5, colour="red {1}")
    network.add_edge(2, 0, weight=-1)
    nx.write_edgelist(network, path)
    text = path.read_text()
    assert "{'weight': 2.5" in text
    assert matrix(read(path, f"# directed\n{text}")) == [[0, 2.5, 0], [0, 0, 0], [-1, 0, 0]]
    assert matrix(read(path, "# directed\n0 1 {}\n")) == [[0, 1], [0, 0]]


def test_bipartite_lists(path):
    loaded = read(path, "% bip weighted\n1 1 7\n2 1 8\n2 3 9\n")
    (p,) = loaded.graph.projections
    assert (p.source, p.target, p.shape) == ("rows", "columns", (2, 2))
    assert matrix(loaded) == [[7, 0], [8, 9]]


@pytest.mark.parametrize("weight", ["nan", "inf", "-Infinity", "1e999"])
def test_weights_that_are_not_finite_are_dropped_and_links_kept(path, weight):
    loaded = read(path, f"source,target,weight\na,b,{weight}\nb,c,1\n")
    assert matrix(loaded) == [[0, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert "weights hold NaN or infinite values: links kept, weights dropped" in loaded.notes
    huge = read(path, "source,target,weight\na,b,1e308\na,b,1e308\n")
    assert huge.graph.projections[0].weights is None


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("source,target,weight\na,b,2\na\n", "line 3 has 1 fields where 3 are due"),
        ("source,target,weight\na,b,2\nb,c,\n", "line 3: the weight '' is not a number"),
        ("source,target,weight\na,b,2\nb,,1\n", "line 3 names no source or no target"),
        ("source,target,weight\na,b,1_0\n", "line 2: the weight '1_0' is not a number"),
        ("source,target,weight\n", "a header and no links"),
        ("# nothing\n", "nothing but comments"),
        ("one\ntwo\nthree\n", "have 1 fields, and neither an edge list nor a matrix"),
        ("a b c d e f g\nb c\n", "have 2 to 7 fields"),
        ("a b c\nb c\n", "have 2 to 3 fields"),
        ("a b 2\nb \0c 3\n", "unknown|zero bytes"),
        ("a b\n" * 3000 + "b\0 c\n", "line 3001 holds zero bytes"),
    ],
)
def test_lists_that_are_refused(path, text, pattern):
    refused(path, text, pattern)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "cp1252"])
def test_labels_in_any_encoding(path, encoding):
    loaded = read(path, "source,target,weight\nGröße,Maß,2\nMaß,é,3\n".encode(encoding))
    assert matrix(loaded) == [[0, 2, 0], [0, 0, 3], [0, 0, 0]]


def test_a_list_of_names_that_begin_with_c_is_no_pickle(path):
    loaded = read(path, "".join(f"c{i}\tcat{i}\n" for i in range(20)))
    assert loaded.graph.n_links == 20


def test_threshold_and_density_of_lists_and_tables(path):
    text = "source,target,weight\na,b,2\nb,c,-5\nc,a,1\n"
    assert matrix(read(path, text, threshold=2)) == [[0, 2, 0], [0, 0, -5], [0, 0, 0]]
    assert read(path, text, density=0.17).graph.n_links == 1  # of 6 places
    np.savetxt(path, np.arange(200).reshape(10, 20) + 1, delimiter=",")
    assert load(path, density=0.29, isolate=False).graph.n_links == 58  # 0.29 * 200 is a little less
    with pytest.raises(CheckpointError, match="no weights"):
        read(path, "a b\n", density=0.5)


TEXTS = {
    "list": "source,target,weight\na,b,2\nb,c,3.5\nc,a,1\n",
    "spaces": "# directed\n1 2 0.5\n2 3 0.25\n",
    "matrix": "0,2,0,1,5,7\n0,0,1,0,0,0\n1,0,0,0,0,0\n",
    "market": "%%MatrixMarket matrix coordinate real general\n3 4 2\n1 2 5\n3 4 7\n",
}


@pytest.mark.parametrize("kind", TEXTS)
def test_mutated_texts_load_or_raise_the_one_error(tmp_path, kind):
    mutants_load_or_are_refused(tmp_path / "net.dat", TEXTS[kind].encode(), examples=120)


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from([1.0, -2.0, 0.5])), min_size=1),
    st.booleans(),
    st.sampled_from([",", "\t", " ", ";"]),
)
def test_lists_against_networkx(tmp_path_factory, links, directed, mark):
    path = tmp_path_factory.mktemp("list") / "net"
    word = "directed" if directed else "undirected"
    path.write_text(
        f"# {word}\nsource{mark}target{mark}weight\n"
        + "".join(f"{u}{mark}{v}{mark}{w}\n" for u, v, w in links)
    )
    known = nx.DiGraph() if directed else nx.Graph()
    for u, v, w in links:
        known.add_edge(u, v, weight=w + known.get_edge_data(u, v, {"weight": 0})["weight"])
    (p,) = load(path, isolate=False).graph.projections
    order = sorted(known)
    assert np.array_equal(p.links.toarray(), nx.to_numpy_array(known, order, weight=None) != 0)
    assert p.undirected == (not directed)
    pairs = {}
    for u, v, w in links:
        pairs[u, v] = pairs.get((u, v), 0) + w
    mirrored = all(pairs.get((v, u)) == w for (u, v), w in pairs.items()) and any(u != v for u, v in pairs)
    if directed or not mirrored:  # else a list of both directions, which counts once
        assert np.allclose(p.weights.toarray(), nx.to_numpy_array(known, order))
