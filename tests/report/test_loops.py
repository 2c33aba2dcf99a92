"""Self-loops on a page: counted and said, but no places for links and no degree of a hub."""

from pathlib import Path

import numpy as np
import pytest

from netsci.graph import LayeredGraph, Population, Projection
from netsci.report import chance
from netsci.report.comparison import compare, density
from netsci.report.degrees import random_degrees, unit_degrees
from netsci.report.findings import findings
from netsci.report.network import inspect, report
from netsci.report.sections import overview
from netsci.report.structure import compare_structure

BOTH = pytest.mark.parametrize("directed", [False, True])


def plain(adjacency: np.ndarray, directed: bool) -> LayeredGraph:
    return LayeredGraph.from_adjacency(adjacency, directed=directed)


def sparse(n: int, seed: int = 0) -> np.ndarray:
    links = np.triu(np.random.default_rng(seed).random((n, n)) < 0.05, 1)
    return links | links.T


@BOTH
def test_a_complete_network_is_dense_with_loops_or_without(directed: bool) -> None:
    for loops in (0, np.eye(30)):
        graph = plain(np.ones((30, 30)) - np.eye(30) + loops, directed)
        found = {one.kind: one.sentence for one in findings(graph)}
        places = "870" if directed else "435"
        assert f"Dense: all {places} places of the network hold a link (0 % sparsity)" in found["dense"]
        section, _ = overview(graph)
        assert f"all {places} possible links: the network is dense" in section.verdict
        assert section.table["sparsity"].tolist() == ["0 % (dense)"]


@BOTH
def test_a_network_of_loops_alone_is_told_first(directed: bool) -> None:
    graph = plain(np.eye(120), directed)
    first = findings(graph)[0]
    places = "14,280" if directed else "7,140"
    assert first.kind == "empty layer"
    assert first.sentence == (
        f"nodes has no link between two nodes: none of {places} places is used, and 120 self-loops "
        "fill none; no other layer has any."
    )
    assert compare_structure(graph).missing == ["nodes: it has no link but self-loops"]


def test_a_recurrent_layer_of_loops_alone_is_a_layer() -> None:
    mask = np.random.default_rng(0).random((60, 50)) < 0.3
    graph = LayeredGraph(
        (Population("input", 60), Population("hidden", 50)),
        (Projection("input", "hidden", mask), Projection("hidden", "hidden", np.eye(50))),
    )
    assert not any(one.kind == "empty layer" for one in findings(graph))


@BOTH
def test_loops_are_counted_and_said(directed: bool) -> None:
    notes = overview(plain(sparse(40) + np.diag(np.arange(40) < 7), directed))[0].notes
    total = 2 * 35 + 7 if directed else 35 + 7
    assert int(np.triu(sparse(40), 1).sum()) == 35
    assert f"7 of {total} links are self-loops: they count as links and in degrees" in notes[-1]
    assert not any("self-loop" in note for note in overview(plain(sparse(40), directed))[0].notes)


@BOTH
def test_loops_make_no_hub_and_hide_none(directed: bool) -> None:
    bare = sparse(120)
    bare[0, 1:101] = bare[1:101, 0] = True
    for loops in (0, np.eye(120)):
        found = {one.kind: one.sentence for one in findings(plain(bare + loops, directed))}
        links = int(bare.sum()) if directed else int(bare.sum()) // 2
        degree = int(bare[0].sum())
        assert f"nodes[0] alone holds {degree} of {links:,} links" in found["hub"]


@BOTH
def test_random_degrees_keep_the_loops_where_they_are(directed: bool) -> None:
    graph = plain(sparse(30) + np.diag(np.arange(30) < 5), directed)
    (p,) = graph.projections
    loops = np.arange(30) < 5
    for draw in (random_degrees, chance.draw_degrees):
        drawn = np.array([draw(p, "source", np.random.default_rng(seed)) for seed in range(300)])
        assert set(drawn.sum(axis=1).tolist()) == {int(p.degrees("source").sum())}
        usual = unit_degrees(p, "source", loops=False).mean()
        np.testing.assert_allclose(drawn.mean(axis=0), usual + loops, atol=0.5)


def test_nodes_without_a_link_are_expected_with_loops_at_random_places() -> None:
    graph = plain(np.diag(np.arange(40) < 10), True)
    assert chance.expect_live(graph)["nodes"] == pytest.approx(0.25)
    linked = plain(np.diag(np.arange(40) < 10) + np.eye(40, k=1), True)
    alone = 0.75 * (1 - 39 / 1560) ** 78
    assert chance.expect_live(linked)["nodes"] == pytest.approx(1 - alone)


@BOTH
def test_loops_change_neither_density_nor_overlap(directed: bool) -> None:
    first, second = sparse(30), sparse(30, seed=1)
    bare, full = (
        compare(*(plain(one + loops, directed) for one in (first, second))) for loops in (0, np.eye(30))
    )
    for measure in ("density", "sparsity", "overlap of links"):
        rows = [table[table["measure"] == measure][["a", "b", "effect", "note"]] for table in (bare, full)]
        assert rows[0].equals(rows[1])
    assert density(plain(first + np.eye(30), directed)) == pytest.approx(first.sum() / 870)


@BOTH
@pytest.mark.parametrize("adjacency", [np.eye(5), np.ones((5, 5)), np.ones((1, 1)), np.diag([1, 0, 0])])
def test_pages_of_loops_are_written(adjacency: np.ndarray, directed: bool, tmp_path: Path) -> None:
    graph = plain(adjacency, directed)
    assert "self-loop" in inspect(graph).save(tmp_path / "page.html").read_text(encoding="utf-8")
    if adjacency.any(axis=1).all() and not adjacency[0, -1]:
        report(graph, tmp_path / "page.html")
