"""Networks compared beyond their densities."""

from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from netsci.graph import LayeredGraph
from netsci.report import compare, differ
from netsci.report.differences import FAR


def network(seed: int, density: float = 0.2, sizes: tuple[int, ...] = (50, 60, 40)) -> LayeredGraph:
    rng = np.random.default_rng(seed)
    masks = [rng.random(shape) < density for shape in pairwise(sizes)]
    return LayeredGraph.from_masks(masks, names=[f"fc{i + 1}" for i in range(len(masks))])


def with_hubs(seed: int) -> LayeredGraph:
    rng = np.random.default_rng(seed)
    first = rng.random((50, 60)) < np.geomspace(0.02, 0.9, 60)
    return LayeredGraph.from_masks([first, rng.random((60, 40)) < 0.2], names=["fc1", "fc2"])


def test_density_alone_is_no_difference() -> None:
    table = differ([network(0, 0.1), network(1, 0.4), network(2, 0.8)], ["a", "b", "c"])
    assert table["difference"].max() < FAR
    page = compare(network(0, 0.1), network(1, 0.4), network(2, 0.8))
    assert page.sections[0].verdict.startswith(
        "Nothing differs beyond density: the largest of 7 differences is"
    )
    assert page.sections[0].findings == []


def test_random_networks_rarely_differ() -> None:
    rng = np.random.default_rng(0)
    found = [
        float(differ([network(2 * i, d), network(2 * i + 1, e)], ["a", "b"])["difference"].max())
        for i, (d, e) in enumerate(rng.uniform(0.05, 0.6, (60, 2)))
    ]
    assert sum(value >= FAR for value in found) <= 1
    assert np.median(found) > 0.5  # the differences are on their scale, and not shrunk


def test_uneven_degrees_come_first_with_their_layer_and_side() -> None:
    table = differ([network(0), with_hubs(1), network(2)], ["a", "hubs", "c"])
    top = table.iloc[0]
    assert (top["where"], top["measure"], top["highest"]) == (
        "fc1 (postsynaptic)",
        "unevenness of degrees",
        "hubs",
    )
    assert top["difference"] > 10
    assert 0.5 < top["a"] < 2 < top["hubs"]
    assert list(table["difference"]) == sorted(table["difference"], reverse=True)


def test_dead_units_beyond_chance_are_found_and_those_of_chance_are_not() -> None:
    sparse, dead = network(0, 0.03), network(1, 0.3)
    links = [p.links.toarray() for p in dead.projections]
    links[1][:12] = False
    dead = dead.with_links(links)
    table = differ([sparse, dead], ["sparse", "dead"]).set_index(["where", "measure"])
    row = table.loc[("layer1", "dead units")]
    assert (row["highest"], row["lowest"]) == ("dead", "sparse")
    assert row["dead"] == pytest.approx(0.2, abs=0.01)
    assert row["difference"] > FAR


def test_the_sentences_name_networks_number_and_baseline() -> None:
    page = compare(network(0), with_hubs(1), names=["even", "hubs"])
    said = page.sections[0].findings[0].sentence
    assert said.startswith("The degrees of fc1 (postsynaptic) vary ")
    assert "times as much as those of random links in hubs" in said
    assert said.endswith("standard deviations of random networks of their densities apart.")
    words = page.html()
    assert "What differs beyond density</h2>" in words
    assert "A is even, B is hubs. Differences are B - A." in words


def test_two_networks_keep_their_table_and_their_sections() -> None:
    page = compare(network(0), network(1))
    assert [section.title for section in page.sections] == [
        "What differs beyond density",
        "Networks",
        "Differences",
        "Degree distributions",
    ]
    assert len(page) == len(page.table)
    assert page["measure"].tolist() == page.table["measure"].tolist()
    assert page.to_dict("records")[0]["measure"] == "nodes"
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        page.nonsense()


def test_more_networks_overlap_with_the_first() -> None:
    first = network(0)
    page = compare(first, first, network(3), names=["one", "same", "other"])
    overlap = page.sections[2]
    assert overlap.title == "Overlap of links"
    assert overlap.verdict.startswith(
        "With one the links of same in fc1 overlap most: 100 % of those in either"
    )
    of_other = overlap.table[overlap.table["network"] == "other"]
    assert of_other["effect"].abs().max() < 0.1


def test_layers_are_matched_by_name_and_else_by_position() -> None:
    a, b = network(0), network(1)
    swapped = LayeredGraph(b.populations, b.projections[::-1])
    assert differ([a, b], ["a", "b"]).equals(differ([a, swapped], ["a", "b"]))
    rng = np.random.default_rng(0)
    renamed = LayeredGraph.from_masks(
        [rng.random((50, 60)) < 0.2, rng.random((60, 40)) < 0.2], names=["x", "y"]
    )
    where = set(differ([a, renamed], ["a", "b"])["where"])
    assert "fc1 / x (presynaptic)" in where
    longer = network(0, sizes=(50, 60, 40, 30))
    assert set(differ([renamed, longer], ["a", "b"])["measure"]) == {"dead units"}


def test_undirected_networks_have_one_side() -> None:
    graphs = [nx.gnm_random_graph(80, 240, seed=1), nx.barabasi_albert_graph(80, 3, seed=1)]
    table = differ([LayeredGraph.from_adjacency(nx.to_numpy_array(g) != 0) for g in graphs], ["gnm", "ba"])
    row = table[table["measure"] == "unevenness of degrees"].iloc[0]
    assert (row["where"], row["highest"]) == ("nodes (degree)", "ba")
    assert 0.6 < row["gnm"] < 1.5 < row["ba"]
    page = compare(*graphs)  # as they are
    assert "B" in page.sections[0].findings[0].sentence


def test_files_and_names(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 1)):
        np.savez(tmp_path / f"{name}.npz", *(p.links.toarray() for p in network(seed).projections))
    page = compare(tmp_path / "a.npz", tmp_path / "b.npz", tmp_path / "a.npz")
    assert list(page.table.columns[2:5]) == ["a.npz (A)", "b.npz", "a.npz (C)"]
    saved = page.save(tmp_path / "page.html")
    assert Path(saved).read_text(encoding="utf-8").count("<!DOCTYPE html>") == 1
    with pytest.raises(ValueError, match="names must hold 2, one for each network; got 1"):
        compare(network(0), network(1), names=["x"])
    with pytest.raises(TypeError, match="x must be a LayeredGraph"):
        compare(network(0), 3)
