"""Two networks side by side: pairing, effect sizes by hand, overlap against chance, the page."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from netsci.graph import LayeredGraph
from netsci.report.comparison import compare, comparison_page, verdict
from tests.browser import chromium, visit


def layer(mask: Any, name: str = "fc", weights: Any = None) -> LayeredGraph:
    return LayeredGraph.from_masks([mask], names=[name], weights=None if weights is None else [weights])


def value(table: Any, where: str, measure: str, column: str) -> float:
    (found,) = table[(table["where"] == where) & (table["measure"] == measure)][column]
    return float(found)


def test_effect_sizes_by_hand() -> None:
    a = layer([[1, 0, 0], [1, 0, 0]])  # postsynaptic degrees 2 0 0
    b = layer([[1, 1, 1], [0, 1, 0]])  # postsynaptic degrees 1 2 1
    table = compare(a, b)
    # pairs (b, a): 1 beats 0 0, loses to 2; 2 ties 2 and beats 0 0; 1 as before: 6 wins, 2 losses of 9
    assert value(table, "fc", "postsynaptic degree (mean)", "effect") == pytest.approx((6 - 2) / 9)
    assert value(table, "fc", "links", "difference") == 2
    assert value(table, "fc", "overlap of links", "b") == pytest.approx(1 / 5)
    expected = (2 * 4 / 6) / (6 - 2 * 4 / 6)
    assert value(table, "fc", "overlap of links", "effect") == pytest.approx(
        (1 / 5 - expected) / (1 - expected)
    )


def test_a_network_does_not_differ_from_itself() -> None:
    rng = np.random.default_rng(0)
    mask = rng.random((20, 30)) < 0.2
    a = layer(mask, weights=rng.normal(size=mask.shape))
    table = compare(a, a)
    numbers = table["difference"].dropna().to_numpy(float)
    assert len(numbers) > 10
    assert not numbers.any()
    assert value(table, "fc", "overlap of links", "b") == 1
    assert value(table, "fc", "overlap of links", "effect") == pytest.approx(1)
    tested = table[table["measure"].str.endswith(("(mean)", "(median)"))]
    np.testing.assert_array_equal(tested["effect"], 0)


def test_swapping_turns_the_signs() -> None:
    rng = np.random.default_rng(1)
    masks = [rng.random((15, 25)) < d for d in (0.1, 0.4)]
    a, b = (layer(m, weights=rng.normal(size=m.shape)) for m in masks)
    there, back = compare(a, b), compare(b, a)
    tested = there["measure"].str.endswith(("(mean)", "(median)"))
    assert tested.sum() == 4
    np.testing.assert_allclose(there["effect"][tested], -back["effect"][tested], atol=1e-12)
    assert (there["effect"][tested].iloc[:3] > 0.5).all()  # b has four times the links
    assert "the largest effect is large" in verdict(there)


def test_unrelated_layers_overlap_as_chance_says() -> None:
    rng = np.random.default_rng(2)
    a, b = (layer(rng.random((200, 200)) < 0.1) for _ in range(2))
    assert abs(value(compare(a, b), "fc", "overlap of links", "effect")) < 0.01


def test_undirected_pairs_are_counted_once() -> None:
    karate = LayeredGraph.from_adjacency(nx.to_numpy_array(nx.karate_club_graph()) != 0)
    table = compare(karate, karate)
    (note,) = table[table["measure"] == "overlap of links"]["note"]
    assert note.startswith("78 links in both")
    a, b = (LayeredGraph.from_adjacency(m + m.T) for m in (np.eye(4, k=1), np.eye(4, k=2)))
    table = compare(a, b)  # 3 and 2 of the 6 pairs, none in both
    (where,) = set(table["where"]) - {"all nodes"}
    expected = 1 / (3 + 2 - 1)
    found = value(table, where, "overlap of links", "effect")
    assert found == pytest.approx((0 - expected) / (1 - expected))


def test_nothing_is_said_to_differ_where_nothing_does() -> None:
    rng = np.random.default_rng(5)
    mask = rng.random((10, 12)) < 0.4
    assert verdict(compare(layer(mask), layer(mask))).endswith("; no difference found.")
    other = verdict(compare(layer(np.eye(4)), layer(np.eye(4)[::-1])))
    assert "the links do: they overlap by 0 %" in other
    two = LayeredGraph.from_masks([mask, np.eye(12)], names=["fc", "x"])
    assert "no difference found" not in verdict(compare(layer(mask), two))


def test_projections_pair_by_name_or_by_order() -> None:
    square = np.eye(3)
    a = LayeredGraph.from_masks([square, square], names=["one", "two"])
    table = compare(a, LayeredGraph.from_masks([square, square], names=["two", "three"]))
    assert set(table["where"]) == {"all nodes", "two"}
    assert table.attrs["left_out"] == ["one of A", "three of B"]
    table = compare(a, LayeredGraph.from_masks([square, square], names=["x", "y"]))
    assert {"one / x", "two / y"} < set(table["where"])
    table = compare(a, layer(square, "z"))
    assert set(table["where"]) == {"all nodes"}
    assert len(table.attrs["left_out"]) == 3


def test_layers_of_other_shapes_have_no_overlap() -> None:
    table = compare(layer(np.eye(3)), layer(np.eye(4)))
    assert "overlap of links" not in set(table["measure"])


def test_empty_layers_are_undefined_not_zero() -> None:
    table = compare(layer(np.zeros((3, 4))), layer(np.zeros((3, 4))))
    assert math.isnan(value(table, "fc", "overlap of links", "b"))
    assert math.isnan(value(table, "fc", "presynaptic degree (mean)", "effect"))


def test_only_graphs_are_compared() -> None:
    with pytest.raises(TypeError, match="b must be a LayeredGraph; got ndarray"):
        compare(layer(np.eye(3)), np.eye(3))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


def test_the_page_is_silent_and_escapes(browser: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    a, b = (layer(rng.random((30, 40)) < d, "</script><b>") for d in (0.1, 0.2))
    page = tmp_path / "compare.html"
    page.write_text(comparison_page(a, b, ("<i>a</i>.npz", "b.npz")), encoding="utf-8")
    with visit(browser, page) as seen:
        assert "Cliff's delta" in seen.page.inner_text("#differences")
        assert seen.page.inner_text("h1") == "<i>a</i>.npz and b.npz compared"
        seen.assert_silent()
