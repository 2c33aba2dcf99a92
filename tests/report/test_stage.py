"""The disk that readers move and colour: its data, and its geometry against the library's, in a browser."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from netsci.graph import LayeredGraph, native_arcs, node_table
from netsci.plot import theme
from netsci.report import report
from netsci.report.disk import disk_section
from netsci.report.stage import MOST_GROUPS, MOST_NAMED, _communities, _populations, communities
from tests.browser import chromium, visit

POSITIONS = """() => Object.fromEntries(document.querySelector('.plot[data-stage]').data
  .filter(t => (t.meta || {}).role === 'nodes')
  .flatMap(t => t.customdata.map((i, k) => [i, [t.x[k], t.y[k]]])))"""
TRACES = "role => document.querySelector('.plot[data-stage]').data.filter(t => (t.meta || {}).role === role)"

COUNTED = """() => { window.drawings = 0; const react = Plotly.react;
  Plotly.react = (...all) => { window.drawings += 1; return react(...all); }; }"""
SHAPES = "document.querySelector('.plot[data-stage]').layout.shapes"


def network() -> LayeredGraph:
    rng = np.random.default_rng(5)
    return LayeredGraph.from_masks([rng.random((12, 20)) < 0.2, rng.random((20, 7)) < 0.3])


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report(network(), tmp_path_factory.mktemp("stage") / "report.html")


@pytest.fixture(scope="module")
def data() -> Any:
    section, _ = disk_section(network())
    return section.stage


def test_every_look_shows_every_node_once(data: Any) -> None:
    count = len(data["labels"])
    for look in data["looks"]:
        if "groups" in look:
            assert sorted(i for group in look["groups"] for i in group["members"]) == list(range(count))
        else:
            assert len(look["values"]) == count
    assert [look["name"] for look in data["looks"]] == ["population", "community", "degree"]
    assert data["degree"] == [int(re.search(r"degree (\d+)$", text)[1]) for text in data["hover"]]  # type: ignore[index]
    order = np.argsort(data["degree"])
    assert (np.diff(np.array(data["size"])[order]) >= 0).all()


def test_communities_of_two_cliques() -> None:
    links = np.zeros((9, 9), bool)
    links[:4, :4] = links[4:, 4:] = True
    links[3, 4] = links[4, 3] = True
    np.fill_diagonal(links, False)
    assert communities(sp.csr_array(links)).tolist() == [1] * 4 + [0] * 5
    assert MOST_GROUPS > 2


def test_communities_have_few_well_separated_colours() -> None:
    rng = np.random.default_rng(6)
    of = np.repeat(np.arange(12), 3)
    nodes = pd.DataFrame({"community": rng.permutation(of)})
    look = _communities(nodes["community"].to_numpy())
    assert [group["name"] for group in look["groups"]][-1] == "smaller ones"
    assert len(look["groups"]) == MOST_GROUPS + 1
    colours = [group["colour"] for group in look["groups"]]
    assert colours[:-1] == list(theme.PALETTE["light"][:MOST_GROUPS])
    assert colours[-1] == theme.NEUTRAL["light"]


def test_many_populations_are_a_ramp_by_depth_and_long_names_are_short() -> None:
    names = [f"layer{i}" for i in range(MOST_NAMED + 1)]
    look = _populations([name for name in names for _ in range(2)])
    assert look["values"] == [i for i in range(MOST_NAMED + 1) for _ in range(2)]
    assert (look["texts"][0], look["texts"][-1]) == (names[0], names[-1])
    assert len(look["ticks"]) == len(look["texts"]) <= 6
    few = _populations(["a" * 300, "b"])
    assert len(few["groups"][0]["name"]) <= 28


def test_a_ramp_is_drawn_with_a_scale(browser: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    names = [f"{'n' * 300}{i}" for i in range(12)]
    masks = [rng.random((6, 6)) < 0.4 for _ in range(12)]
    page = report(LayeredGraph.from_masks(masks, names=names), tmp_path / "deep.html")
    with visit(browser, page, size=(380, 800)) as seen:
        (trace,) = seen.page.evaluate(TRACES, "nodes")
        assert trace["marker"]["coloraxis"] == "coloraxis"
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 380
        side = "document.querySelector('.plot[data-stage]')._fullLayout.yaxis._length"
        assert seen.page.evaluate(side) > 200
        seen.assert_silent()


def test_drawn_where_the_library_says(browser: Any, page_file: Path, data: Any) -> None:
    radius, theta = np.array(data["radius"]), np.array(data["theta"])
    rim = radius.max()
    with visit(browser, page_file) as seen:
        found = seen.page.evaluate(POSITIONS)
        at = np.array([found[str(i)] for i in range(len(radius))])
        expected = (radius / rim)[:, None] * np.column_stack([np.cos(theta), np.sin(theta)])
        np.testing.assert_allclose(at, expected, atol=1e-12)
        (lines,) = seen.page.evaluate(TRACES, "links")
        points = lines["x"].index(None)
        ends = data["links"]["source"], data["links"]["target"]
        r, t = native_arcs(radius, theta, *ends, points)
        x = np.array([v for v in lines["x"] if v is not None]).reshape(r.shape)
        y = np.array([v for v in lines["y"] if v is not None]).reshape(r.shape)
        np.testing.assert_allclose(x, r / rim * np.cos(t), atol=1e-9)
        np.testing.assert_allclose(y, r / rim * np.sin(t), atol=1e-9)
        seen.assert_silent()


def moebius(z: Any, a: complex) -> Any:
    return (z - a) / (1 - np.conj(a) * z)


def test_a_named_node_moves_to_the_centre(browser: Any, page_file: Path, data: Any) -> None:
    who = 7
    shown = np.array(data["radius"]) / max(data["radius"]) * np.exp(1j * np.array(data["theta"]))
    z = min(0.97, 0.7 / abs(shown[who])) * shown
    with visit(browser, page_file) as seen:
        seen.page.fill(".controls input", data["labels"][who].upper())
        seen.page.keyboard.press("Enter")
        assert data["labels"][who] in seen.page.inner_text("output")
        found = seen.page.evaluate(POSITIONS)
        at = np.array([complex(*found[str(i)]) for i in range(len(z))])
        np.testing.assert_allclose(at, moebius(z, z[who]), atol=1e-12)
        (ring,) = seen.page.evaluate(SHAPES)
        np.testing.assert_allclose([ring["xanchor"], ring["yanchor"]], [0, 0], atol=1e-12)
        seen.page.click("button[data-home]")
        back = seen.page.evaluate(POSITIONS)
        np.testing.assert_allclose([back[str(i)][0] for i in range(len(z))], shown.real, atol=1e-12)
        seen.page.fill(".controls input", "<b>nobody</b>")
        seen.page.keyboard.press("Enter")
        assert seen.page.inner_text("output") == "No node is called <b>nobody</b>."
        seen.assert_silent()


def test_a_click_moves_a_node(browser: Any, page_file: Path) -> None:
    with visit(browser, page_file) as seen:
        seen.page.locator(".plot[data-stage]").scroll_into_view_if_needed()
        seen.page.locator(".plot[data-stage] .points path.point").last.hover(force=True)
        box = seen.page.locator(".plot[data-stage] .points path.point").last.bounding_box()
        seen.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        seen.page.wait_for_selector(".controls output:has-text('The centre is')")
        assert "degree" in seen.page.inner_text("output")
        seen.assert_silent()


def test_keys_walk_along_the_nodes(browser: Any, page_file: Path, data: Any) -> None:
    order = sorted(range(len(data["degree"])), key=lambda i: (-data["degree"][i], i))
    with visit(browser, page_file) as seen:
        seen.page.evaluate(COUNTED)
        seen.page.focus(".plot[data-stage]")
        for expected in (order[0], order[1], order[0]):
            key = "ArrowUp" if expected == order[0] else "ArrowDown"
            seen.page.keyboard.press(key)
            assert seen.page.inner_text("output").startswith(data["labels"][expected] + ",")
            seen.page.wait_for_timeout(50)
            (ring,) = seen.page.evaluate(SHAPES)
            at = seen.page.evaluate(POSITIONS)[str(expected)]
            np.testing.assert_allclose([ring["xanchor"], ring["yanchor"]], at, atol=1e-12)
        assert seen.page.evaluate("window.drawings") == 0
        seen.page.keyboard.press("Enter")
        found = seen.page.evaluate(POSITIONS)
        np.testing.assert_allclose(found[str(order[0])], [0, 0], atol=1e-12)
        seen.page.keyboard.press("Escape")
        found = seen.page.evaluate(POSITIONS)
        assert np.hypot(*found[str(order[-1])]) > 0.5
        seen.assert_silent()


def test_colours_change_and_survive_the_mode(browser: Any, page_file: Path, data: Any) -> None:
    colours = (
        "() => document.querySelector('.plot[data-stage]').data.filter(t => (t.meta||{}).role === 'nodes')"
    )
    with visit(browser, page_file) as seen:
        assert [t["name"] for t in seen.page.evaluate(colours)] == ["layer0", "layer1", "layer2"]
        seen.page.click("button[data-look='1']")
        groups = data["looks"][1]["groups"]
        assert [t["name"] for t in seen.page.evaluate(colours)] == [group["name"] for group in groups]
        seen.page.click("button[data-look='2']")
        (trace,) = seen.page.evaluate(colours)
        assert trace["marker"]["coloraxis"] == "coloraxis"
        assert json.dumps(trace["marker"]["color"]) == json.dumps(data["looks"][2]["values"])
        pressed = (
            "() => [...document.querySelectorAll('[data-look]')].map(b => b.getAttribute('aria-pressed'))"
        )
        assert seen.page.evaluate(pressed) == ["false", "false", "true"]
        seen.page.click("#mode")
        seen.page.wait_for_selector(".plot[data-stage][data-drawn=dark]")
        (trace,) = seen.page.evaluate(colours)
        assert trace["marker"]["coloraxis"] == "coloraxis"
        seen.assert_silent()


def test_nodes_that_have_names_show_them() -> None:
    ring = np.roll(np.eye(9), 1, axis=1) + np.roll(np.eye(9), -1, axis=1)
    ring[0, 4] = ring[4, 0] = 1
    names = [f"cell {letter}" for letter in "ABCDEFGHI"]
    section, _ = disk_section(LayeredGraph.from_adjacency(ring, labels=names))
    assert section.stage is not None
    assert section.stage["labels"] == names
    assert section.stage["hover"][0].startswith("cell A<br>")
    assert "its largest hub is cell A" in section.verdict


def test_hover_and_download_hold_what_is_known_of_each_node() -> None:
    rng = np.random.default_rng(5)
    masks = [rng.random((12, 20)) < 0.3, rng.random((20, 7)) < 0.3]
    graph = LayeredGraph.from_masks(masks, weights=[rng.random(mask.shape) for mask in masks])
    section, _ = disk_section(graph)
    nodes = section.data["hyperbolic-disk-nodes"]
    known = node_table(graph).set_index("label").loc[nodes["label"]]
    for name in ("strength", "betweenness", "pagerank", "core", "clustering", "live"):
        assert nodes[name].tolist() == known[name].tolist()
    row = nodes.iloc[0]
    hover = section.stage["hover"][0]
    assert f"<br>strength {row['strength']:.3g}<br>betweenness" in hover
    assert hover.endswith(f"<br>degree {row['degree']}")
    assert f"PageRank {row['pagerank']:.3g}" in hover
    dead = nodes.index[~nodes["live"]]
    assert all(("on no path" in text) == (i in dead) for i, text in enumerate(section.stage["hover"]))
    unweighted, _ = disk_section(LayeredGraph.from_masks(masks))
    assert "strength" not in unweighted.data["hyperbolic-disk-nodes"]
