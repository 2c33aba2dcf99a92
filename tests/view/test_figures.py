"""One-call figures: what they draw, from everything that holds a network, with both backends."""

import networkx as nx
import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

from netsci import view
from netsci.graph import LayeredGraph, percolation_curve
from netsci.view import drawings
from netsci.view.flow import arrange_blocks, is_small, lay_out
from netsci.view.matrices import tabulate

FIGURES = (view.disk, view.ccdf, view.matrix, view.layers, view.curve)


def chain(seed: int = 0, density: float = 0.2) -> LayeredGraph:
    rng = np.random.default_rng(seed)
    masks = [rng.random((40, 60)) < density, rng.random((60, 10)) < 0.4]
    return LayeredGraph.from_masks(masks, names=["fc1", "fc2"])


@pytest.mark.parametrize("draw", FIGURES, ids=lambda draw: draw.__name__)
def test_every_figure_with_both_backends_from_modules_files_and_graphs(draw, tmp_path) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(12, 20), nn.ReLU(), nn.Linear(20, 4))
    with torch.no_grad():
        for layer in (module[0], module[2]):
            layer.weight *= torch.rand_like(layer.weight) < 0.4
    torch.save(module.state_dict(), tmp_path / "m.pt")
    for x in (module, tmp_path / "m.pt", nx.karate_club_graph(), chain()):
        assert isinstance(draw(x), Figure)
        assert isinstance(draw(x, backend="plotly"), go.Figure)
    with pytest.raises(TypeError, match="x must be a LayeredGraph"):
        draw(3)


def test_the_disk_holds_all_nodes_and_the_colours_that_are_asked_for() -> None:
    karate = nx.karate_club_graph()
    clubs = [karate.nodes[node]["club"] for node in karate]
    figure = view.disk(karate, colour=clubs, title="Karate", backend="plotly")
    dots = [trace for trace in figure.data if trace.meta["role"] == "nodes"]
    assert {trace.name: len(trace.x) for trace in dots} == {"Mr. Hi": 17, "Officer": 17}
    assert max(np.hypot(trace.x, trace.y).max() for trace in dots) == pytest.approx(1.0)
    links = next(trace for trace in figure.data if trace.meta["role"] == "links")
    assert int(np.isnan(np.asarray(links.x)).sum()) == 78
    found = view.disk(karate, colour="community", backend="plotly")
    assert {trace.name for trace in found.data if trace.meta["role"] == "nodes"} >= {
        "community 1",
        "community 2",
    }


def test_the_disk_says_when_links_are_a_sample(monkeypatch) -> None:
    monkeypatch.setattr("netsci.view.disks.MOST_DRAWN", 20)
    figure = view.disk(nx.karate_club_graph(), backend="plotly")
    said = " ".join(str(note.text) for note in figure.layout.annotations)
    assert "E = 78" in said
    assert "a random sample of 20 links is drawn" in said


@pytest.mark.parametrize(
    ("x", "options", "words"),
    [
        ([np.zeros((3, 2))], {}, "no link"),
        ([np.ones((5, 6)), np.ones((6, 4))], {}, "dense: nodes of a layer have the same neighbours"),
        (nx.cycle_graph(12), {}, "all nodes have one degree"),
        (nx.karate_club_graph(), {"colour": "degree"}, "colour must be one of population, community"),
        (nx.karate_club_graph(), {"colour": ["a"] * 3}, "colour must hold 34 values"),
    ],
)
def test_disks_that_would_say_nothing_are_refused(x, options, words) -> None:
    with pytest.raises(ValueError, match=words):
        view.disk(x, **options)
    if words.startswith("all nodes"):
        assert view.disk(x, gamma=3.0)


def test_networks_that_are_too_large_are_refused(monkeypatch) -> None:
    monkeypatch.setattr("netsci.view.disks.MOST_NODES", 30)
    with pytest.raises(ValueError, match="x has 34 nodes and 78 links; up to 30"):
        view.disk(nx.karate_club_graph())


def test_the_ccdf_fits_no_exponent_to_few_nodes() -> None:
    few = view.ccdf(chain(), backend="plotly")
    said = " ".join(str(note.text) for note in few.layout.annotations)
    assert "no fit below 100 nodes" in said
    free = view.ccdf(nx.barabasi_albert_graph(2000, 3, seed=1), backend="plotly")
    assert "γ = " in " ".join(str(note.text) for note in free.layout.annotations)


def test_the_curve_is_that_of_the_measure() -> None:
    graph = chain()
    figure = view.curve(graph, backend="plotly")
    drawn = {trace.name: trace for trace in figure.data if trace.meta.get("role") not in ("band", "empty")}
    found = percolation_curve(graph, attack="degree", runs=20, points=51, rng=np.random.default_rng(0))
    assert np.allclose(drawn["hubs first"].y, found["mean"])
    with pytest.raises(ValueError, match="nothing can be removed"):
        view.curve([np.zeros((3, 2))])


def test_the_matrix_bins_many_links_and_names_twins_apart(monkeypatch) -> None:
    graph = chain()
    table, binned = tabulate(graph.projections, ["a", "b"])
    assert not binned
    assert len(table) == graph.n_links
    table, binned = tabulate(graph.projections, ["a", "b"], 10)
    assert binned
    assert table["links"].sum() == graph.n_links
    with pytest.raises(ValueError, match="nothing to draw"):
        view.matrix([np.zeros((3, 2))])


def test_layers_tell_density_and_dead_units() -> None:
    graph = chain()
    links = [p.links.toarray() for p in graph.projections]
    links[1][:30] = False
    figure = view.layers(graph.with_links(links), backend="plotly", title="Layers")
    said = [text for trace in figure.data for text in (trace.text or ())]
    assert "layer1 (60), 50 % dead" in said
    assert f"{100 * links[0].mean():.3g} %" in said
    with pytest.raises(TypeError, match="unknown option"):
        view.layers(graph, order=["a"])


def test_branches_stand_in_lanes_and_circles_do_not_push() -> None:
    graph = nx.DiGraph()
    parts = {"in": 0, "left": 1, "right": 2, "out": 3}
    for name, number in parts.items():
        graph.add_node(number, population=name)
    graph.add_edges_from([(0, 1), (0, 2), (1, 3), (2, 3), (3, 1), (2, 2)])
    boxes, arrows = lay_out(view.read_network(graph).graph)
    place = boxes.set_index("name")[["column", "lane"]].T.to_dict("list")
    assert place["in"] == [0, 0]
    assert {place["left"][0], place["right"][0]} == {1}
    assert {place["left"][1], place["right"][1]} == {0, 1}
    assert place["out"] == [2, 0]
    assert is_small(boxes, arrows)
    assert isinstance(view.layers(graph), Figure)


def test_many_layers_are_a_strip_of_blocks_and_kinds() -> None:
    rng = np.random.default_rng(0)
    kinds = ["attn.q", "attn.k", "mlp.up"]
    masks = [rng.random((8, 8)) < 0.1 * (1 + i % 3) for i in range(36)]
    names = [f"blocks.{i // 3}.{kinds[i % 3]}" for i in range(36)]
    graph = LayeredGraph.from_masks(masks, names=names)
    boxes, arrows = lay_out(graph)
    assert not is_small(boxes, arrows)
    table = arrange_blocks(graph)
    assert table["block"].nunique() == 12
    panel, _ = drawings._strip(table)
    assert panel.y_ticks == tuple(kinds)
    values = panel.series[0].values
    assert values[2, 5] == pytest.approx(masks[5 * 3 + 2].mean())
    assert isinstance(view.layers(graph), Figure)


def test_a_chain_of_thousands_of_layers_is_laid_out() -> None:
    graph = LayeredGraph.from_masks([[[1]]] * 3000)
    boxes, _ = lay_out(graph)
    assert boxes["column"].max() == 3000
