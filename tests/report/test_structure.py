"""Null models and attacks in the report: figures agree with the library, verdicts with the figures."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import t

from netsci.graph import (
    LayeredGraph,
    Population,
    Projection,
    output_curve,
    percolation_curve,
    structure_table,
)
from netsci.report import disk, structure
from netsci.report.ball import ball_section
from netsci.report.chance import say_about
from netsci.report.disk import disk_section
from netsci.report.structure import REPLICATES, attack_section, compare_structure, structure_section
from tests import graphs


def blocks(weighted: bool = False) -> LayeredGraph:
    """Two layers of two blocks each: far from random networks of the same degrees."""
    rng = np.random.default_rng(4)
    mask = np.kron(np.eye(2), np.ones((15, 20))) * (rng.random((30, 40)) < 0.3)
    return LayeredGraph.from_masks(
        [mask], names=["fc"], weights=[rng.normal(size=mask.shape)] if weighted else None
    )


def test_z_scores_are_those_of_the_library() -> None:
    section, _ = structure_section(blocks())
    table = structure_table(blocks(), replicates=REPLICATES, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(section.data["z"], table["z"])
    assert section.table["z"].tolist() == table["z"].tolist()


def test_blocks_are_found_and_the_farthest_is_named() -> None:
    section, _ = structure_section(blocks())
    far = section.data.loc[section.data["z"].abs().idxmax()]
    assert abs(far["z"]) > 5
    assert f"{far['measure']} (z = {far['z']:+.1f})" in section.verdict


def test_what_is_not_compared_has_its_reason() -> None:
    rng = np.random.default_rng(1)
    masks = [rng.random((6, 8)) < 0.4, np.ones((8, 5)), np.zeros((5, 4))]
    section, missing = structure_section(LayeredGraph.from_masks(masks, names=["a", "b", "c"]))
    assert set(section.table["projection"]) == {"a"}
    assert any("b: it is dense" in reason for reason in missing)
    assert any("c: it has no link" in reason for reason in missing)


def test_a_network_that_cannot_differ_from_its_null_models() -> None:
    section, missing = structure_section(LayeredGraph.from_masks([np.eye(1, 3)]))
    assert section.figure is None
    assert "No z-score is defined" in section.verdict
    assert missing


def test_attacks_are_the_library_s_curves() -> None:
    graph = blocks(weighted=True)
    section, missing = attack_section(graph)
    assert not missing
    for attack, name in (
        ("random", "random nodes"),
        ("degree", "hubs first"),
        ("weight", "weakest links first"),
        ("random_links", "random links"),
    ):
        seed = 1 if attack == "random_links" else 0
        shown = section.data[section.data["attack"] == name]
        curve = percolation_curve(graph, attack=attack, rng=np.random.default_rng(seed))
        np.testing.assert_array_equal(shown["mean"], curve["mean"])
    half = section.table.set_index("attack")["half gone at"]
    assert half["hubs first"] < half["random nodes"]


def test_attacks_tell_how_many_outputs_are_still_reached() -> None:
    section, _ = attack_section(blocks(weighted=True))
    for attack, name in (("degree", "hubs first"), ("weight", "weakest links first")):
        shown = section.data[section.data["attack"] == name]
        curve = output_curve(blocks(weighted=True), attack=attack, rng=np.random.default_rng(0))
        np.testing.assert_array_equal(shown["outputs"], curve["mean"])
        lost = section.table.set_index("attack").loc[name, "half of the outputs lost at"]
        assert lost == curve["removed"][np.flatnonzero(curve["mean"] <= curve["mean"][0] / 2)[0]]
    ring = np.roll(np.eye(9), 1, axis=1) + np.roll(np.eye(9), -1, axis=1)
    section, _ = attack_section(LayeredGraph.from_adjacency(ring))
    assert section.table["half of the outputs lost at"].isna().all()


def test_links_without_weights_are_not_attacked_by_weight() -> None:
    section, missing = attack_section(blocks())
    assert missing == ["weakest links first: the links carry no weights"]
    assert section.table["attack"].tolist() == ["random nodes", "hubs first", "random links"]


def test_weights_of_one_magnitude_order_nothing_and_it_is_said() -> None:
    mask = blocks().projections[0].links.toarray()
    signs = np.where(np.arange(mask.shape[1]) % 2, 0.5, -0.5)
    section, _ = attack_section(LayeredGraph.from_masks([mask], weights=[mask * signs]))
    assert "weakest links first (equal: random order)" in section.verdict
    assert "so weakest first is a random order" in section.notes[-1]
    other, _ = attack_section(blocks(weighted=True))
    assert "random order)" not in other.verdict
    assert "weakest links first" in other.verdict


def test_exactly_half_is_half() -> None:
    section, _ = attack_section(LayeredGraph.from_masks([[[1, 0], [0, 0]]]))  # 2 of 4 nodes, then 1
    half = section.table.set_index("attack")["half gone at"]
    assert half["hubs first"] == 0.25
    assert half["random links"] == 1
    assert "never" not in section.verdict


def test_the_verdict_tells_what_chance_alone_would_put_there() -> None:
    section, _ = structure_section(blocks())
    values = int(np.isfinite(section.data["z"]).sum())
    assert f"{REPLICATES} random networks with the same degrees" in section.verdict
    # Student's law of 99 replicates: 4.9 % of all z lie beyond 2, of 20 replicates 6.5 %
    each = 2 * t.sf(2 / np.sqrt(1 + 1 / REPLICATES), REPLICATES - 1)
    assert 0.048 < each < 0.050
    assert f"chance alone would put {say_about(each * values)} there" in section.verdict


def test_nothing_stands_out_of_random_links_and_nothing_more_is_said() -> None:
    rng = np.random.default_rng(5)
    section, _ = structure_section(LayeredGraph.from_masks([rng.random((30, 40)) < 0.1]))
    values = int(np.isfinite(section.data["z"]).sum())
    first = section.verdict.split(". ")[0]
    assert first.endswith(f"none of these {values} measures stands out; weak structure would not show")
    assert "looks random" not in section.verdict


def test_what_stands_out_is_named_with_its_distance() -> None:
    section, _ = structure_section(blocks())
    far = section.data[section.data["p_corrected"] < 0.05]
    assert f"{len(far)} of these" in section.verdict
    assert "corrected for all of them" in section.verdict
    assert (section.table["p corrected"] >= section.table["p"] - 1e-9).all()


def test_fewer_null_networks_for_many_links_and_the_page_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    assert any("99 networks with the same degree" in note for note in structure_section(blocks())[0].notes)
    monkeypatch.setattr(structure, "MANY", 10)
    compared = compare_structure(blocks())
    assert compared.replicates == 20
    section, _ = structure_section(blocks(), compared)
    assert section.notes[0].startswith("Null model: 20 networks")
    assert "20 random networks" in section.verdict
    assert compared.table["replicates"].max() == 20


def test_a_measure_that_few_null_networks_have_gets_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structure, "MANY", 10)
    rng = np.random.default_rng(1)
    links = np.triu(rng.random((60, 60)) < 0.07, 1)
    section, missing = structure_section(LayeredGraph.from_adjacency(links | links.T))
    few = section.data[section.data["replicates"] < 15]
    assert "LCP correlation" in few["measure"].tolist()
    assert few[["z", "p_corrected"]].isna().all(axis=None)
    assert any("undefined in" in reason and "LCP correlation" in reason for reason in missing)
    assert "LCP" not in section.verdict


def test_a_directed_network_says_that_its_two_sides_are_measured() -> None:
    rng = np.random.default_rng(1)
    links = rng.random((20, 20)) < 0.15
    section, missing = structure_section(LayeredGraph.from_adjacency(links, directed=True))
    assert "senders and its receivers are measured as two sides" in section.notes[-1]
    assert not any("two sides" in reason and "undefined" not in reason for reason in missing)
    other, _ = structure_section(LayeredGraph.from_masks([links]))
    assert "two sides" not in " ".join(other.notes)


def test_layers_with_one_reason_share_a_line() -> None:
    rng = np.random.default_rng(1)
    masks = [rng.random((6, 8)) < 0.4] + [np.ones((8, 8))] * 5
    _, missing = structure_section(LayeredGraph.from_masks(masks))
    (dense,) = [reason for reason in missing if "it is dense" in reason]
    assert "and 1 more" in dense
    assert not any(reason.startswith("null models") for reason in missing)


def test_names_of_measures_fit_the_axis() -> None:
    for graph in (blocks(), graphs.chain()):
        section, _ = structure_section(graph)
        if section.figure is not None:
            assert not any("…" in text for text in section.figure.layout.yaxis.ticktext)


def test_nothing_to_attack() -> None:
    section, _ = attack_section(LayeredGraph.from_masks([np.zeros((2, 3))]))
    assert section.figure is None


def test_a_large_network_is_a_sample_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "MOST_DOTS", 20)
    monkeypatch.setattr(disk, "HUBS", 5)
    monkeypatch.setattr(disk, "MOST_PATHS", 10)
    graph = blocks()
    section, _ = disk_section(graph)
    assert section.stage is not None
    degrees = section.data["hyperbolic-disk-nodes"]["degree"].sort_values(ascending=False)
    assert len(section.stage["labels"]) == 20
    assert len(degrees) > 30
    assert sorted(section.stage["degree"], reverse=True)[:5] == degrees.tolist()[:5]
    assert set(section.stage["labels"]) <= set(section.data["hyperbolic-disk-nodes"]["label"])
    said = " ".join(section.notes)
    assert "5 largest hubs and a random sample" in said
    assert "Laplacian eigenmaps" in said
    mask = graph.projections[0].links.toarray()
    for p, q in zip(section.stage["links"]["source"], section.stage["links"]["target"], strict=True):
        rows, columns = (section.stage["labels"][i] for i in (p, q))
        assert mask[int(rows.split("[")[1][:-1]), int(columns.split("[")[1][:-1])]


def test_hubs_are_tested_by_population_where_there_are_several() -> None:
    section, _ = disk_section(blocks())
    assert section.table["population"].tolist() == ["layer0", "layer1"]
    assert {"p, as many hubs", "p, as deep"} < set(section.table)
    assert section.data["meta-depth"].equals(section.table)
    said = " ".join(section.notes)
    assert "share no neighbour" in said
    assert "one-sided" in said
    ring = np.roll(np.eye(9), 1, axis=1) + np.roll(np.eye(9), -1, axis=1)
    ring[0, 4] = ring[4, 0] = 1
    section, _ = disk_section(LayeredGraph.from_adjacency(ring))
    assert section.table is None


def test_separate_plain_networks_are_no_layers() -> None:
    rng = np.random.default_rng(2)
    parts = [rng.random((n, n)) < 0.4 for n in (12, 9)]
    names = ("one", "two")
    graph = LayeredGraph(
        tuple(Population(name, len(part)) for name, part in zip(names, parts, strict=True)),
        tuple(Projection(name, name, sp.csr_array(part)) for name, part in zip(names, parts, strict=True)),
    )
    section, _ = disk_section(graph)
    said = " ".join(section.notes)
    assert section.table is None
    assert "meta-depth" not in said
    assert "share no neighbour" not in said


def test_a_skip_connection_closes_triangles() -> None:
    rng = np.random.default_rng(3)
    sizes = {"a": 12, "b": 14, "c": 10}
    ends = [("a", "b"), ("b", "c"), ("a", "c")]
    links = [sp.csr_array(rng.random((sizes[s], sizes[t])) < 0.3) for s, t in ends]
    graph = LayeredGraph(
        tuple(Population(*item) for item in sizes.items()),
        tuple(Projection(s, t, mask) for (s, t), mask in zip(ends, links, strict=True)),
    )
    section, _ = disk_section(graph)
    assert section.table is not None
    assert "share no neighbour" not in " ".join(section.notes)


def test_the_ball_s_geodesics_end_at_their_nodes() -> None:
    section, _ = ball_section(blocks())
    (lines,) = [t for t in section.figure.data if t.meta["role"] == "links"]
    points = np.column_stack([lines.x, lines.y, lines.z]).reshape(-1, 13, 3)
    nodes = section.data["hyperbolic-ball-nodes"]
    places = {tuple(np.round(p, 5)) for p in nodes[["x", "y", "z"]].to_numpy()}
    for end in (points[:, 0], points[:, 11]):
        assert {tuple(p) for p in np.round(end.astype(float), 5)} <= places
    norms = np.linalg.norm(nodes[["x", "y", "z"]], axis=1)
    np.testing.assert_allclose(norms, nodes["radius"] / nodes["radius"].max(), atol=1e-12)


def test_no_ball_without_links() -> None:
    section, missing = ball_section(LayeredGraph.from_masks([np.zeros((2, 3))]))
    assert section.figure is None
    assert missing == ["there is no link"]


def test_every_small_network_has_both_sections() -> None:
    for make in (graphs.chain, graphs.convolution, graphs.residual, graphs.mixed, graphs.backward):
        for section, _ in (structure_section(make()), attack_section(make())):
            assert section.verdict
