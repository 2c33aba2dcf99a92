"""GML, GEXF, Pajek and node-link JSON: by hand, against networkx, and damaged."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netsci.graph import LayeredGraph
from netsci.io import CheckpointError, Loaded, load
from netsci.io.formats.graph_text import check_claim
from tests.io.samples import FC1, FC2, mutants_load_or_are_refused

ARCS = np.array([[0, 2, 0, 0], [0, 0, 3.5, 0], [0, 1, 0, -1], [0, 0, 0, 4]])  # asymmetric, one self-loop


def read(path: Path, text: str | bytes, **options) -> Loaded:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path, isolate=False, **options)


def weights(loaded: Loaded, number: int = 0) -> np.ndarray:
    return loaded.graph.projections[number].weights.toarray()


def refused(path: Path, text: str | bytes, pattern: str) -> str:
    with pytest.raises(CheckpointError, match=pattern) as caught:
        read(path, text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.dat"


GML = """# made by hand
Creator "somebody [of note]"
Version 1
graph
[ directed 1
  node [ id 7 label "3" graphics [ x 1.0 y 2.0 w [ deep 1 ] ] ]
  node [ id 3 label "a &quot;b&#34; #1" ]
  node [ id 9 label "7" ]
  node [ id 1 label "" ]
  edge [ source 7 target 3 value 2 ]
  edge [ source 3 target 9 value 3.5 ]
  edge [ source 9 target 3 value 1E0 ]
  edge [ source 9 target 1 value -1 graphics [ width 9 ] ]
  edge [ source 1 target 1 value 4 ]
]
"""

PAJEK = """%comment
*Network by hand
*Vertices 4
1 "a" 0.1 0.2 ic Blue
2 "b b"
3 c
4 "d"
*Arcs :1 "friends"
1 2 2
2 3 3.5 c Red
3 2 1
*arcs
3 4 -1
4 4 4
"""

GEXF = """<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://www.gexf.net/1.2draft" xmlns:viz="http://www.gexf.net/1.2draft/viz" version="1.2">
<meta><creator>hand</creator></meta>
<graph defaultedgetype="directed"><attributes class="edge"><attribute id="0" title="delay" type="double"/>
</attributes>
<nodes><node id="a" label="x"><viz:size value="2"/></node><node id="b"/>
<node id="c"><nodes><node id="d"/></nodes></node></nodes><edges>
<edge id="0" source="a" target="b" weight="2"><attvalues><attvalue for="0" value="9"/></attvalues></edge>
<edge id="1" source="b" target="c" weight="3.5"/><edge id="2" source="c" target="b"/>
<edge id="3" source="c" target="d" weight="-1.0"/><edge id="4" source="d" target="d" weight="4"/>
</edges></graph></gexf>
"""

JSON = json.dumps(
    {
        "directed": True,
        "multigraph": False,
        "graph": {},
        "nodes": [{"id": name} for name in "abcd"],
        "links": [
            {"source": "abcd"[i], "target": "abcd"[j], "weight": ARCS[i, j]} for i, j in np.argwhere(ARCS)
        ],
    }
)
SAME = {"GML": GML, "Pajek network": PAJEK, "GEXF": GEXF, "node-link JSON": JSON}


@pytest.mark.parametrize("kind", SAME)
def test_the_same_directed_graph_in_every_format(path, kind):
    loaded = read(path, SAME[kind])
    assert loaded.kind == kind
    assert np.array_equal(weights(loaded), ARCS)
    assert not loaded.graph.projections[0].undirected
    assert any("1 self-loop" in note for note in loaded.notes)


@pytest.mark.parametrize("kind", SAME)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1", "utf-16-le", "crlf", "cr"])
def test_encodings_and_line_ends(path, kind, encoding):
    text = SAME[kind].replace("by hand", "händ") if kind in ("GML", "Pajek network") else SAME[kind]
    if encoding in ("crlf", "cr"):
        text, encoding = text.replace("\n", "\r\n" if encoding == "crlf" else "\r"), "utf-8"
    text = text.replace('encoding="UTF-8"', f'encoding="{encoding.removesuffix("-sig")}"')
    if kind == "GEXF" and encoding == "utf-16-le":
        pytest.skip("XML parsers ask for a mark")
    assert np.array_equal(weights(read(path, text.encode(encoding))), ARCS)


@pytest.mark.parametrize("kind", SAME)
def test_files_cut_anywhere_raise_the_one_error_or_give_a_smaller_graph(path, kind):
    whole = SAME[kind].encode()
    for part in range(0, 16):
        path.write_bytes(whole[: len(whole) * part // 16])
        try:
            graph = load(path, isolate=False).graph
        except CheckpointError:
            continue
        assert kind == "Pajek network"  # which has no end that could be missing
        assert graph.n_links < 5


@pytest.mark.parametrize("kind", SAME)
def test_mutated_files_load_or_raise_the_one_error(tmp_path, kind):
    mutants_load_or_are_refused(tmp_path / "net.dat", SAME[kind].encode(), examples=80)


@st.composite
def networks(draw):
    """A networkx graph with weights: directed or not, loops and all."""
    n = draw(st.integers(1, 6))
    network = nx.DiGraph() if draw(st.booleans()) else nx.Graph()
    network.add_nodes_from(range(n))
    ends = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.sampled_from([0.5, -2.0, 3.0]))
    for u, v, w in draw(st.lists(ends, max_size=10)):
        network.add_edge(u, v, weight=w)
    return network


@pytest.mark.parametrize("kind", SAME)
@settings(max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(network=networks())
def test_what_networkx_writes_comes_back(tmp_path_factory, kind, network):
    path = tmp_path_factory.mktemp("nx") / "net"
    if kind == "GML":
        nx.write_gml(network, path)
    elif kind == "GEXF":
        nx.write_gexf(network, path)
    elif kind == "Pajek network":
        nx.write_pajek(network, path)
    else:
        path.write_text(json.dumps(nx.node_link_data(network, edges="links")))
    (p,) = load(path, isolate=False).graph.projections
    expected = nx.to_numpy_array(network, nodelist=range(len(network)))
    # Written by hand in the order of its nodes; an empty network has no direction to tell.
    assert p.shape == expected.shape
    assert np.array_equal(p.links.toarray(), expected != 0)
    if network.number_of_edges():
        assert p.undirected == (not network.is_directed())
        assert np.array_equal(p.weights.toarray(), expected)


@pytest.mark.parametrize("kind", ["GML", "node-link JSON"])
def test_our_own_graphs_come_back_equal(path, kind):
    graph = LayeredGraph.from_masks([FC1, FC2], weights=[FC1, FC2])
    if kind == "GML":
        nx.write_gml(graph.to_networkx(), path)
    else:
        path.write_text(json.dumps(nx.node_link_data(graph.to_networkx(), edges="edges")))
    loaded = load(path)
    assert loaded.graph == graph
    assert loaded.notes == ()


def test_a_population_attribute_makes_layers(path):
    network = LayeredGraph.from_masks([FC1 != 0]).to_networkx()
    del network.graph["netsci"]
    nx.write_gexf(network, path)
    (p,) = load(path, isolate=False).graph.projections
    assert (p.source, p.target, p.shape) == ("layer0", "layer1", (5, 4))
    assert np.array_equal(p.links.toarray(), FC1 != 0)


@pytest.mark.parametrize(
    "text",
    [
        "*Vertices 10000000\n*Edges\n1 2\n" + "3 4\n" * 200,
        "*Vertices 99999999999\n*Edges\n1 2\n",
        "*Vertices 10000000 5000000\n*Edges\n1 9999999\n",
    ],
)
def test_claims_are_refused_before_allocation(path, text):
    path.write_text(text)
    load_it = lambda: load(path, isolate=False)  # noqa: E731
    with pytest.raises(CheckpointError):  # warm: what is imported does not count
        load_it()
    tracemalloc.start()
    with pytest.raises(CheckpointError, match=r"claims 10,000,000 vertices|above the limit"):
        load_it()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_small_claims_pass(path):
    check_claim(path, 100_000, 10, "nodes")
    with pytest.raises(CheckpointError, match="claims 100,001 nodes in 10 bytes"):
        check_claim(path, 100_001, 10, "nodes")
    assert read(path, "*Vertices 1000\n*Edges\n1 1000\n").graph.n_nodes == 1000


def test_threshold_density_and_select_on_graphs(path):
    cut = read(path, GML, threshold=2)
    assert np.array_equal(weights(cut), np.where(abs(ARCS) >= 2, ARCS, 0))
    assert "nodes: 3 of 5 links stay, 0.1667 of all places" in cut.notes
    assert read(path, GML, density=0.125).graph.n_links == 2
    assert read(path, GML, density=0.3).graph.n_links == 4  # 3.6 places, and the self-loop
    assert read(path, GML, select="nodes").graph.n_links == 5
    with pytest.raises(CheckpointError, match="nothing called 'node'; select one of: nodes"):
        read(path, GML, select="node")
    with pytest.raises(CheckpointError, match="no weights, which threshold and density need"):
        read(path, "*Vertices 2\n*Edges\n1 2\n", threshold=1)
    pairs = "*Vertices 4\n*Edges\n1 2 5\n2 3 6\n3 4 5\n"
    loaded = read(path, pairs, density=0.34)  # 2 of 6 pairs: the first of the two that tie
    assert weights(loaded)[0].tolist() == [0, 5, 0, 0]
    assert loaded.graph.n_links == 2
    assert loaded.graph.projections[0].undirected
    assert read(path, pairs, density=1).graph.n_links == 3


def test_one_of_several_projections_is_selected(path):
    graph = LayeredGraph.from_masks([FC1, FC2], weights=[FC1, FC2], names=["a.x", "b"])
    graph.to_graphml(path)
    part = load(path, select="a", isolate=False)
    assert part.graph.sizes == {"layer0": 5, "layer1": 4}
    assert [p.name for p in part.graph.projections] == ["a.x"]
    assert "selected a" in part.notes
