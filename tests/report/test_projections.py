"""A section for each projection: hubs and histograms by hand, limits said."""

import numpy as np
import pytest

from netsci.graph import LayeredGraph
from netsci.report.degrees import fit_degrees
from netsci.report.hubs import HubShare, compare_hubs
from netsci.report.projections import MOST_SECTIONS, projection_sections
from tests import graphs


def sections(graph: LayeredGraph) -> list:
    return projection_sections(graph, fit_degrees(graph))[0]


def test_hubs_by_hand() -> None:
    mask = np.zeros((20, 10), bool)
    mask[0, :6] = True  # one of 20 rows is the 5 %
    mask[1, :2] = mask[2, :2] = True
    (section,) = sections(LayeredGraph.from_masks([mask], names=["fc"]))
    rows = section.table.set_index("side")
    assert rows.loc["presynaptic", "held by hubs"] == pytest.approx(6 / 10)
    assert rows.loc["presynaptic", "isolated"] == 17
    assert rows.loc["presynaptic", "largest"] == 6
    assert rows.loc["postsynaptic", "units"] == 10
    random = rows.loc["presynaptic", "at random"]
    spread, p = rows.loc["presynaptic", "s.d. at random"], rows.loc["presynaptic", "p"]
    said = "The presynaptic hubs, 5 % of the units, hold 60 % of the link ends; with links at random places "
    usual = f"they would hold {100 * random:.1f} ± {100 * spread:.1f} % (p = {p:.2g}, corrected for 2 sides)."
    assert f"{said}{usual}" in section.verdict
    assert p == 0.025  # none of 39 draws
    places = [np.random.default_rng(seed).choice(200, 10, replace=False) for seed in range(200)]
    draws = [np.bincount(one // 10, minlength=20).max() / 10 for one in places]
    assert random == pytest.approx(np.mean(draws), abs=0.03)
    assert spread == pytest.approx(np.std(draws), abs=0.02)
    assert section.table_file == "sides"


def test_histograms_hold_every_unit_and_weight() -> None:
    first, second = sections(graphs.chain())
    for section, units, links in ((first, (3, 2), 4), (second, (2, 1), 1)):
        table = section.data
        counts = table.groupby("of")["count"].sum()
        assert (counts["presynaptic"], counts["postsynaptic"], counts["weights"]) == (*units, links)
        area = (table["density"] * (table["right"] - table["left"])).groupby(table["of"]).sum()
        np.testing.assert_allclose(area, 1)


@pytest.mark.parametrize("largest", [3, 39, 40, 95, 137])
def test_bins_of_degrees_are_whole_and_end_at_the_largest(largest: int) -> None:
    links = np.zeros((8, 140), bool)
    links[0, :largest] = links[1, :2] = True
    (section,) = sections(LayeredGraph.from_masks([links]))
    bins = section.data[section.data["of"] == "presynaptic"]
    edges = np.append(bins["left"], bins["right"].iloc[-1])
    assert edges[0] == -0.5
    assert edges[-1] == largest + 0.5
    assert (np.diff(edges) > 0).all()
    assert (edges % 1 == 0.5).all()  # no whole number lies between two bins
    assert bins["count"].sum() == 8


def test_units_of_a_convolution_add_up_their_rows() -> None:
    section, *_ = sections(graphs.convolution())
    assert section.table["units"].tolist() == [2, 3]
    assert any("2 rows" in note for note in section.notes)


def test_an_undirected_network_has_one_side() -> None:
    ring = np.roll(np.eye(5), 1, axis=1) + np.roll(np.eye(5), -1, axis=1)
    (section,) = sections(LayeredGraph.from_adjacency(ring))
    assert section.table["side"].tolist() == ["degree"]
    assert section.table["mean degree"].tolist() == [2.0]


def test_only_the_largest_have_a_section_and_it_is_said() -> None:
    masks = [np.eye(4)] * 3 + [np.ones((4, 4))] * MOST_SECTIONS
    graph, without = LayeredGraph.from_masks(masks), LayeredGraph.from_masks(masks[3:])
    found, left_out = projection_sections(graph, fit_degrees(graph))
    assert len(found) == MOST_SECTIONS
    assert all("16 links" in section.verdict for section in found)
    assert left_out == ["3 projections with fewer links have no section of their own; the tables hold all."]
    assert projection_sections(without, fit_degrees(without))[1] == []


def test_a_projection_without_links_and_one_with_equal_weights() -> None:
    (section,) = sections(LayeredGraph.from_masks([np.zeros((2, 3))]))
    assert section.figure is None
    (section,) = sections(LayeredGraph.from_masks([np.eye(2)], weights=[np.eye(2) * 0.5]))
    weights = section.data[section.data["of"] == "weights"]
    assert weights[["left", "right", "density"]].to_numpy().tolist() == [[0.0, 1.0, 1.0]]


def test_the_hubs_of_random_links_are_no_surprise_in_nineteen_of_twenty_pages() -> None:
    rng = np.random.default_rng(3)
    surprises = 0
    for _ in range(60):
        masks = [rng.random((30, 40)) < 0.1, rng.random((40, 20)) < 0.1]
        found = compare_hubs(LayeredGraph.from_masks(masks).projections)
        assert len(found) == 4
        surprises += min(one.p for one in found.values()) < 0.05
    assert surprises <= 8  # 3 expected


def test_chance_explains_hubs_of_random_links_and_it_is_said() -> None:
    (section,) = sections(LayeredGraph.from_masks([np.random.default_rng(0).random((60, 40)) < 0.1]))
    assert ", corrected for 2 sides, so chance may explain it)." in section.verdict


def test_hubs_of_no_links_or_one_place_have_no_sentence() -> None:
    found = compare_hubs(LayeredGraph.from_masks([np.zeros((4, 3)), np.ones((3, 2))]).projections)
    assert found[0, "source"] == HubShare(None)
    full = found[1, "source"]
    assert (full.usual, full.spread, full.p) == (pytest.approx(full.share), pytest.approx(0), 1.0)
    (section,) = sections(LayeredGraph.from_masks([np.zeros((4, 3))]))
    assert "hubs" not in section.verdict


@pytest.mark.parametrize("directed", [False, True])
def test_loops_do_not_count_among_hubs(directed: bool) -> None:
    links = np.triu(np.random.default_rng(0).random((40, 40)) < 0.1, 1)
    links |= links.T
    bare, loops = (
        compare_hubs(LayeredGraph.from_adjacency(links + more, directed=directed).projections)[0, "source"]
        for more in (0, np.diag(np.arange(40) < 4))
    )
    assert bare.share == loops.share
    assert bare.usual == pytest.approx(loops.usual, abs=0.01)


def test_self_loops_are_told_beside_the_share_that_leaves_them_out() -> None:
    told = {}
    for name, links in (("some", np.eye(3) + np.eye(3, k=1)), ("all", np.eye(3)), ("one", np.ones((1, 1)))):
        graph = LayeredGraph.from_adjacency(links, directed=True)
        told[name] = projection_sections(graph, [])[0][0].verdict
    assert told["some"].startswith(
        "3 x 3 with 5 links, 3 of them self-loops; 66.67 % of the possible links are absent."
    )
    assert told["all"] == "3 x 3 with 3 links, all self-loops; 100 % of the possible links are absent."
    assert told["one"] == "1 x 1 with 1 link, all self-loops."
