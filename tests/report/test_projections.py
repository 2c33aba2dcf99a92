"""A section for each projection: hubs and histograms by hand, limits said."""

import numpy as np
import pytest

from netsci.graph import LayeredGraph
from netsci.report.degrees import fit_degrees
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
    said = "The presynaptic hubs, 5 % of the units, hold 60 % of the link ends; with links at random places "
    assert f"{said}they would hold {100 * random:.2f} %." in section.verdict
    places = [np.random.default_rng(seed).choice(200, 10, replace=False) for seed in range(200)]
    draws = [np.bincount(one // 10, minlength=20).max() / 10 for one in places]
    assert random == pytest.approx(np.mean(draws), abs=0.03)
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
