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
    said = verdict(there)
    assert "the largest effect beyond chance is large" in said
    assert " corrected)" in said
    assert "mean degrees with them" in said  # four times the links is no structure


def test_an_effect_is_said_to_be_large_only_beyond_chance() -> None:
    rng = np.random.default_rng(3)
    a, b = (layer(rng.random((30, 20)) < 0.3) for _ in range(2))
    said = verdict(compare(a, b))
    assert "no effect on degrees or weights is beyond chance: the largest is" in said
    few = verdict(compare(layer(np.ones((2, 2))), layer(np.eye(2))))  # delta -1, of two nodes
    assert "Cliff's delta -1.00" in few
    assert "no effect" in few
    assert "large:" not in few


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


def network(names: str, pairs: str) -> LayeredGraph:
    """Return an undirected network of one-letter names, pairs such as "ab bc"."""
    place = {name: i for i, name in enumerate(names)}
    adjacency = np.zeros((len(names), len(names)))
    for u, v in pairs.split():
        adjacency[place[u], place[v]] = adjacency[place[v], place[u]] = 1
    return LayeredGraph.from_adjacency(adjacency, labels=list(names))


def overlap(a: LayeredGraph, b: LayeredGraph) -> float:
    table = compare(a, b)
    return value(table, a.projections[0].name, "overlap of links", "b")


def test_nodes_are_matched_by_their_names() -> None:
    path = network("abcd", "ab bc cd")
    assert overlap(path, network("dcba", "cd bc ab")) == 1
    assert overlap(path, network("abcd", "ac cb bd")) == pytest.approx(1 / 5)  # bc alone
    assert overlap(path, network("bcde", "bc cd de")) == pytest.approx(2 / 4)  # a and e in one of them only
    table = compare(path, network("dcba", "cd bc ab"))
    assert table.attrs["matched"] == "nodes matched by their names"
    assert verdict(table) == "A has 3 links, B 3 links; no difference found."
    expected = 3 * 3 / 10 / (6 - 9 / 10)  # of the 10 pairs of a to e
    effect = value(compare(path, network("bcde", "bc cd de")), "nodes", "overlap of links", "effect")
    assert effect == pytest.approx((0.5 - expected) / (1 - expected))


def test_nodes_without_names_are_matched_by_their_places_and_that_is_said() -> None:
    table = compare(layer(np.eye(3)), layer(np.eye(3)))
    assert table.attrs["matched"] == "nodes matched by their places, since neither network names them"
    note = table[table["measure"] == "overlap of links"]["note"].iloc[0]
    assert note.endswith(table.attrs["matched"])


@pytest.mark.parametrize(
    ("other", "pattern"),
    [
        (network("wxyz", "wx"), r"no node of A has the name of a node of B \(A: a, b, c, d; B: w, x, y, z\)"),
        (LayeredGraph.from_adjacency(np.ones((4, 4)) - np.eye(4)), "A names its nodes and B does "
        "not.*B: no names"),
        (
            LayeredGraph.from_adjacency(1 - np.eye(4), labels=["a", "b", "b", "c"]),
            "'b' names two nodes of B; give each node a name of its own",
        ),
    ],
)  # fmt: skip
def test_nodes_that_cannot_be_matched_are_refused(other: LayeredGraph, pattern: str) -> None:
    with pytest.raises(ValueError, match=pattern):
        compare(network("abcd", "ab bc cd"), other)


def test_rows_of_units_move_with_their_unit() -> None:
    from netsci.graph import Population, Projection

    def convolution(names: str, mask: Any) -> LayeredGraph:
        ends = (Population("in", 2, list(names)), Population("out", 2))
        return LayeredGraph(ends, (Projection("in", "out", mask, rows_per_unit=2),))

    mask = np.array([[1, 0], [0, 1], [0, 0], [1, 1]])
    table = compare(convolution("ab", mask), convolution("ba", mask[[2, 3, 0, 1]]))
    assert value(table, "in -> out", "overlap of links", "b") == 1


def test_the_same_links_in_another_order_are_the_same_network(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from netsci.cli import UNREADABLE, app

    lines = [f"n{i} n{(i * 7 + 3) % 23}" for i in range(23)]
    for name, text in (("a", lines), ("b", lines[::-1]), ("c", ["x y", "y z"])):
        (tmp_path / name).write_text("\n".join(text))
    run = CliRunner().invoke
    done = run(app, ["compare", str(tmp_path / "a"), str(tmp_path / "b")])
    assert "no difference found" in done.stdout
    assert "matched by their names" in done.stdout
    refused = run(app, ["compare", str(tmp_path / "a"), str(tmp_path / "c")])
    assert refused.exit_code not in (0, UNREADABLE)
    assert "no node of A has the name of a node of B (A: n0, n3" in refused.stderr


def test_sums_in_another_order_are_no_difference() -> None:
    weights = np.array([[0.1, 0.7], [0.3, 1e-9], [5.3, 0.2]])
    one = layer(weights != 0, weights=weights)
    other = layer(weights[::-1] != 0, weights=weights[::-1])
    table = compare(one, other)
    line = table[table.measure == "I(W)"].iloc[0]
    assert line["difference"] == 0
    more = compare(one, layer(weights != 0, weights=weights + 1e-6))
    assert more[more.measure == "I(W)"].iloc[0]["difference"] != 0
