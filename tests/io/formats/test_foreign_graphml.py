"""GraphML from elsewhere: what is not read as it stands is said."""

from pathlib import Path

import numpy as np
import pytest

from netsci.io import CheckpointError, load
from tests.io.samples import write_graphml

KEYS = "".join(f'<key id="{k}" for="edge" attr.name="{k}" attr.type="double"/>' for k in ("weight", "value"))


def _load(folder: Path, links: str, more: str = "", direction: str = "directed"):
    path = folder / "g.graphml"
    nodes = "".join(f'<node id="{name}"/>' for name in "abc")
    path.write_text(f'<graphml>{KEYS}<graph edgedefault="{direction}">{nodes}{links}</graph>{more}</graphml>')
    return load(path)


def _link(source: str, target: str, **data: str) -> str:
    inside = "".join(f'<data key="{key}">{value}</data>' for key, value in data.items())
    return f'<edge source="{source}" target="{target}">{inside}</edge>'


def test_repeated_links_and_loops(tmp_path):
    links = 3 * _link("a", "b") + _link("b", "a") + "".join(_link(x, x) for x in "abc")
    loaded = _load(tmp_path, links)
    assert loaded.notes == ("2 repeated links merged", "3 self-loops")
    assert loaded.graph.n_links == 5
    assert "3 repeated links merged" in _load(tmp_path, links, direction="undirected").notes
    assert _load(tmp_path, 2 * _link("a", "a")).notes == ("1 repeated link merged", "2 self-loops")
    assert _load(tmp_path, _link("a", "b") + _link("b", "a")).notes == ()


def test_an_attribute_that_might_be_the_weight(tmp_path):
    note = "edge attribute 'value' is not read as a weight; rename it to 'weight' if it is one"
    assert _load(tmp_path, _link("a", "b", value="3")).notes == (note,)
    assert _load(tmp_path, _link("a", "b", value="3", weight="2")).notes == ()


def test_a_second_graph_is_not_read(tmp_path):
    more = '<graph edgedefault="directed"><node id="q"/></graph>'
    loaded = _load(tmp_path, _link("a", "b"), more)
    assert (loaded.notes, loaded.graph.n_nodes) == (("only the first of 2 graphs is read",), 3)


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_weights_that_are_not_finite_are_dropped_and_links_kept(tmp_path, value):
    loaded = _load(tmp_path, _link("a", "b", weight=value) + _link("b", "c", weight="1"))
    assert loaded.notes == ("weights hold NaN or infinite values: links kept, weights dropped",)
    assert loaded.graph.projections[0].weights is None
    assert np.array_equal(loaded.graph.projections[0].links.toarray(), np.eye(3, k=1))


def test_our_own_graphs_need_no_notes(tmp_path):
    assert load(write_graphml(tmp_path / "g.graphml")).notes == ()


def test_ports_are_left_out_and_said(tmp_path):
    links = '<node id="d"><port name="out"><port name="inner"/></port></node>'
    links += '<edge source="a" target="d" targetport="out"/>'
    loaded = _load(tmp_path, links)
    assert loaded.notes == ("ports are left out: a link leads to the node itself",)
    assert (loaded.graph.n_nodes, loaded.graph.n_links) == (4, 1)
    assert not any("port" in note for note in _load(tmp_path, _link("a", "b")).notes)


@pytest.mark.parametrize("isolate", [True, False])
def test_hyperedges_are_named_and_not_called_damage(tmp_path, isolate):
    links = '<hyperedge><endpoint node="a"/><endpoint node="b"/><endpoint node="c"/></hyperedge>'
    path = tmp_path / "h.graphml"
    path.write_text(
        f'<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="undirected">'
        f'<node id="a"/><node id="b"/><node id="c"/>{links}</graph></graphml>'
    )
    with pytest.raises(
        CheckpointError, match=r"it holds hyperedges.*; write each as links of two nodes"
    ) as told:
        load(path, isolate=isolate)
    assert "damaged" not in str(told.value)
