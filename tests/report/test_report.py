"""Reports on every kind of network: no exception, plain verdicts, dashes with reasons."""

import hashlib
import re
from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from netsci.graph import LayeredGraph, Population
from netsci.report import report
from netsci.report.adjacency import adjacency_section
from netsci.report.degrees import fit_degrees
from netsci.report.disk import disk_section
from netsci.report.sections import build, measures, overview, percolation
from tests import graphs


def karate() -> LayeredGraph:
    return LayeredGraph.from_adjacency(nx.to_numpy_array(nx.karate_club_graph()) != 0)


def dense() -> LayeredGraph:
    weights = [np.ones((3, 4)), np.ones((4, 2))]
    return LayeredGraph.from_masks(weights, weights=weights)


def sparse(seed: int = 0, sizes: tuple[int, ...] = (20, 30, 10), density: float = 0.15) -> LayeredGraph:
    rng = np.random.default_rng(seed)
    masks = [rng.random((m, n)) < density for m, n in pairwise(sizes)]
    return LayeredGraph.from_masks(masks, weights=[rng.normal(size=m.shape) for m in masks])


NETWORKS = {
    "chain": graphs.chain,
    "convolution": graphs.convolution,
    "residual": graphs.residual,
    "karate": karate,
    "dense": dense,
    "sparse": sparse,
    "one link": lambda: LayeredGraph.from_masks([[[1, 0], [0, 0]]]),
    "no link": lambda: LayeredGraph.from_masks([np.zeros((3, 2))]),
    "no projection": lambda: LayeredGraph((Population("alone", 3),), ()),
    "one node": lambda: LayeredGraph.from_adjacency(np.zeros((1, 1))),
    "complete": lambda: LayeredGraph.from_adjacency(1 - np.eye(6)),
    "ring": lambda: LayeredGraph.from_adjacency(nx.to_numpy_array(nx.cycle_graph(8))),
    "loops": lambda: LayeredGraph.from_adjacency(nx.to_numpy_array(nx.path_graph(6)) + np.eye(6)),
    "directed": lambda: LayeredGraph.from_adjacency(np.triu(np.ones((6, 6)), 1)),
}


def plain(page: str) -> str:
    """The page's visible words."""
    return re.sub(r"<[^>]+>", " ", re.sub(r"<(script|style).*?</\1>", " ", page, flags=re.S))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_gets_a_report(name: str, tmp_path: Path) -> None:
    out = report(NETWORKS[name](), tmp_path / "out.html")
    page = out.read_text(encoding="utf-8")
    words = plain(page)
    for heading in (
        "Overview",
        "Measures",
        "Hyperbolic disk",
        "Degree distributions",
        "Adjacency",
        "Percolation",
    ):
        assert f"{heading}</h2>" in page
    assert page.count("plotly.js v") <= 1
    assert not re.search(r"\b(nan|NaN|None|inf)\b", words)
    assert not re.search(r"\{\w+[.\w]*[:}]", words)  # a format string that was not filled
    for section in build(NETWORKS[name]()):
        assert section.verdict.endswith(".")
        assert section.figure is None or section.alt.endswith(".")


def test_overview_counts() -> None:
    section, _ = overview(graphs.chain())
    assert section.table is not None
    row = section.table.iloc[1]
    assert (row["projection"], row["presynaptic"], row["postsynaptic"], row["links"]) == ("fc2", 2, 1, 1)
    assert (row["sparsity"], row["isolated presynaptic"], row["isolated postsynaptic"]) == ("50 %", 1, 0)
    assert section.verdict == (
        "3 populations and 2 projections, 6 nodes and 5 links: 37.5 % of the possible links are absent."
    )


def test_dense_is_said_plainly() -> None:
    section, _ = overview(dense())
    assert "the network is dense (0 % sparsity)" in section.verdict
    assert section.table is not None
    assert list(section.table["sparsity"]) == ["0 % (dense)"] * 2
    disk, reasons = disk_section(dense())
    assert disk.figure is None
    assert "dense" in disk.verdict
    assert reasons


def test_measures_are_undefined_with_reasons() -> None:
    one = NETWORKS["one link"]()
    section, reasons = measures(one, fit_degrees(one))
    assert section.table is not None
    row = section.table.iloc[0]
    assert row["I(W)"] is None
    assert row["CH3-L3 AUC"] is None
    assert row["gamma presynaptic"] is None
    assert any("no weights" in reason for reason in reasons)
    assert any("CH3-L3" in reason for reason in reasons)


def test_auc_tells_structure_from_chance() -> None:
    blocks = np.kron(np.eye(4), np.random.default_rng(1).random((12, 12)) < 0.5) > 0
    for graph, low, high in (
        (LayeredGraph.from_masks([blocks]), 0.8, 1.0),
        (sparse(2, (60, 60), 0.1), 0.4, 0.6),
    ):
        table = measures(graph, fit_degrees(graph))[0].table
        assert table is not None
        assert low <= table["CH3-L3 AUC"].iloc[0] <= high


def test_percolation_verdict() -> None:
    section, _ = percolation(graphs.chain())  # the second hidden unit leads nowhere, and its 2 links
    assert section.verdict.startswith("2 links lead nowhere (40 %), and 2 of 6 nodes lie on no path")


def test_adjacency_in_bins_keeps_every_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netsci.report.adjacency.MOST_POINTS", 10)
    graph = sparse(3, (37, 53), 0.4)
    section, _ = adjacency_section(graph)
    assert isinstance(section.data, pd.DataFrame)
    assert section.data["links"].sum() == graph.n_links
    exact, _ = adjacency_section(sparse(3, (5, 7), 0.2))
    assert exact.data is not None
    assert list(exact.data) == ["projection", "row", "column"]  # type: ignore[call-overload]


def test_bins_stand_where_their_links_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netsci.report.adjacency.MOST_POINTS", 0)
    mask = np.zeros((90, 40))
    mask[60:, :10] = 1  # the lower left corner
    section, _ = adjacency_section(LayeredGraph.from_masks([mask]))
    assert isinstance(section.data, pd.DataFrame)
    bins = section.data
    full = bins[bins["links"] > 0]
    assert full["row"].min() > 55
    assert full["column"].max() < 15
    assert bins["row"].max() < 90
    assert bins["links"].sum() == mask.sum()


def test_degrees_are_named_by_their_side() -> None:
    fits = {(f.group, f.side): f for f in fit_degrees(graphs.chain())}
    assert list(fits["fc1", "presynaptic"].degrees) == [1, 1, 2]
    assert list(fits["fc1", "postsynaptic"].degrees) == [2, 2]
    convolution = {(f.group, f.side): f for f in fit_degrees(graphs.convolution())}
    name = graphs.convolution().projections[0].name
    assert list(convolution[name, "presynaptic"].degrees) == [1, 2]  # units, not rows


def test_disk_holds_the_component_and_its_links(monkeypatch: pytest.MonkeyPatch) -> None:
    section, _ = disk_section(karate())
    assert isinstance(section.data, dict)
    nodes, links = section.data.values()
    assert (len(nodes), len(links)) == (34, 78)
    degrees = np.bincount(links.to_numpy().ravel(), minlength=34)
    np.testing.assert_array_equal(degrees, nodes["degree"])
    monkeypatch.setattr("netsci.report.disk.MOST_DRAWN", 20)
    section, _ = disk_section(karate())
    assert isinstance(section.data, dict)
    assert len(list(section.data.values())[1]) == 20
    assert any("random sample of 20 of the 78 links" in note for note in section.notes)
    monkeypatch.setattr("netsci.report.disk.MOST_NODES", 10)
    section, reasons = disk_section(karate())
    assert section.figure is None
    assert "34 nodes" in reasons[0]


def test_a_report_on_a_file_names_it_and_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "net <b>.npz"
    np.savez(path, fc1=np.eye(3, 4), fc2=np.ones((4, 2)))
    page = report(path, tmp_path / "out.html").read_text(encoding="utf-8")
    assert hashlib.sha256(path.read_bytes()).hexdigest() in page
    assert "net &lt;b&gt;.npz" in page
    assert str(tmp_path) not in page


def test_reports_are_deterministic_and_small(tmp_path: Path) -> None:
    first, second = (report(sparse(), tmp_path / f"{i}.html") for i in range(2))
    assert first.read_bytes() == second.read_bytes()
    from plotly.offline import get_plotlyjs

    assert first.stat().st_size - len(get_plotlyjs().encode()) < 500_000


def test_other_arguments_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="x must be a LayeredGraph, the path of a file"):
        report(3, tmp_path / "out.html")
