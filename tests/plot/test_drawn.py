"""Hollow symbols, whiskers, names and log axes are in what is drawn: read from SVG and from plotly's JSON."""

import base64
import json
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from netsci import plot
from netsci.plot import theme
from netsci.plot.draw import draw
from netsci.plot.scene import Panel, Scene, Series
from tests.plot import svg

NAN = float("nan")
BLUE, ORANGE, GREEN = theme.PALETTE["light"][:3]
PAPER = theme.PAPER["light"]
BACKENDS = ("matplotlib", "plotly")


def series(mark="points", **more):
    x, y = np.array([1.0, 2.0, 4.0]), np.array([10.0, 30.0, 20.0])
    return Series(mark, x, y, **{"colour": 0, "symbol": 0, **more})


def drawn(*panels, **more):
    return Scene(panels or (Panel((series(),)),), x_label="x", y_label="y", n_colours=2, **more)


def as_json(scene):
    return decode(json.loads(draw(scene, "plotly").to_json()))


def decode(part):
    """Return plotly's JSON with its packed arrays as lists."""
    if isinstance(part, list):
        return [decode(one) for one in part]
    if isinstance(part, dict) and "bdata" in part:
        return np.frombuffer(base64.b64decode(part["bdata"]), dtype=part["dtype"]).tolist()
    return {name: decode(one) for name, one in part.items()} if isinstance(part, dict) else part


def in_data(figure, x, y, axes=0):
    """Points of an SVG in the numbers of its axes."""
    ax = figure.axes[axes]
    pixels = np.column_stack([x, figure.get_figheight() * 72 - np.asarray(y)]) * figure.dpi / 72
    return ax.transData.inverted().transform(pixels)


@pytest.mark.parametrize("mark", ["points", "line", "interval"])
def test_hollow_symbols_are_outlines(mark):
    ends = {"low": np.array([9.0, 29, 19]), "high": np.array([11.0, 31, 21])} if mark == "interval" else {}
    both = (series(mark, **ends), series(mark, hollow=True, colour=1, symbol=1, **ends))
    scene = drawn(Panel(both))
    found = svg.marks(theme.save_svg(draw(scene, "matplotlib")))
    assert {(m.fill, m.stroke) for m in found if ORANGE in (m.fill, m.stroke)} == {(PAPER, ORANGE)}
    assert {m.fill for m in found if m.stroke != ORANGE} == {BLUE}
    filled, hollow = as_json(scene)["data"]
    assert (filled["marker"]["symbol"], hollow["marker"]["symbol"]) == ("circle", "square-open")
    assert hollow["marker"]["color"] == ORANGE


@pytest.mark.parametrize("hollow", [False, True])
def test_the_legend_shows_hollow_symbols_hollow(hollow):
    both = (series(name="a", key=True), series(name="b", key=True, colour=1, hollow=hollow))
    figure = draw(drawn(Panel(both)), "matplotlib")
    keys = [line.get_markerfacecolor() for line in figure.legends[0].legend_handles]
    assert keys == [BLUE, PAPER if hollow else ORANGE]


def test_whiskers_reach_from_low_to_high():
    low, high = np.array([5.0, NAN, 19.0]), np.array([12.0, 40.0, 26.0])  # the second has but one end
    scene = drawn(Panel((series(whisker=(low, high)),)))
    figure = draw(scene, "matplotlib")
    found = svg.bars(theme.save_svg(figure))
    assert {colour for _, colour in found} == {BLUE}
    ends = np.array([end for end, _ in found])
    starts, stops = in_data(figure, ends[:, 0], ends[:, 1]), in_data(figure, ends[:, 2], ends[:, 3])
    np.testing.assert_allclose(starts, [[1, 5], [4, 19]], rtol=1e-4)
    np.testing.assert_allclose(stops, [[1, 12], [4, 26]], rtol=1e-4)
    (trace,) = as_json(scene)["data"]
    np.testing.assert_array_equal(np.array(trace["error_y"]["array"], float), [2, 10, 6])
    np.testing.assert_array_equal(np.array(trace["error_y"]["arrayminus"], float), [5, NAN, 1])
    assert trace["hovertext"] == [" (5 to 12)", "", " (19 to 26)"]


def test_whiskers_lie_along_x():
    low, high = np.array([0.5, 1.0, 3.0]), np.array([1.5, 3.0, 6.0])
    scene = drawn(Panel((series(whisker=(low, high), along="x"),)))
    figure = draw(scene, "matplotlib")
    ends = np.array([end for end, _ in svg.bars(theme.save_svg(figure))])
    np.testing.assert_allclose(in_data(figure, ends[:, 2], ends[:, 3])[:, 0], high, rtol=1e-4)
    assert as_json(scene)["data"][0]["error_x"]["arrayminus"] == pytest.approx([0.5, 1.0, 1.0])


def test_names_stand_beside_their_points():
    scene = drawn(Panel((series(text=("one", "", "three $x$")),)))
    bytes_ = theme.save_svg(draw(scene, "matplotlib"))
    found = {text.words: text for text in svg.texts(bytes_) if text.words in ("one", "three $x$")}
    assert len(found) == 2
    for words, mark in zip(("one", "three $x$"), (svg.marks(bytes_)[0], svg.marks(bytes_)[2]), strict=True):
        x, y = found[words].at
        assert abs(x - mark.x) < 40
        assert abs(y - mark.y) < 16
    (trace,) = as_json(scene)["data"]
    assert trace["mode"] == "markers+text"
    assert trace["text"] == ["one", "", "three &#36;x&#36;"]
    assert all(position for position in trace["textposition"])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_figure_without_names_has_none(backend):
    figure = draw(drawn(), backend)
    if backend == "plotly":
        assert (figure.data[0].text, figure.data[0].mode) == (None, "markers")
    else:
        assert not figure.axes[0].texts


@pytest.mark.parametrize("log", ["", "x", "y", "xy"])
def test_a_panel_has_log_axes_of_its_own(log):
    scene = drawn(Panel((series(),)), Panel((series(),), log=log), columns=2, share=False)
    first, second = draw(scene, "matplotlib").axes
    assert (first.get_xscale(), first.get_yscale()) == ("linear", "linear")
    scales = {name: "log" if name in log else "linear" for name in "xy"}
    assert (second.get_xscale(), second.get_yscale()) == (scales["x"], scales["y"])
    layout = as_json(scene)["layout"]
    assert layout["xaxis"].get("type") != "log"
    for name in "xy":
        assert (layout[f"{name}axis2"].get("type") == "log") is (name in log)


def test_log_axes_are_read_from_the_svg():
    x = np.array([1.0, 10.0, 100.0])
    figure = draw(drawn(Panel((Series("points", x, x, colour=0),), log="x")), "matplotlib")
    places = [mark.x for mark in svg.marks(theme.save_svg(figure))]
    assert places[1] - places[0] == pytest.approx(places[2] - places[1])
    words = [text.words for text in svg.texts(theme.save_svg(figure))]
    assert {"10⁰", "10¹", "10²"} <= set(words)


def test_short_log_axes_are_labelled_in_full():
    x = np.array([9795.0, 32483.0])
    scene = drawn(Panel((Series("points", x, x, colour=0),), log="x"))
    words = [text.words for text in svg.texts(theme.save_svg(draw(scene, "matplotlib")))]
    assert {"10,000", "15,000", "20,000"} <= set(words)
    axis = as_json(scene)["layout"]["xaxis"]
    assert axis["ticktext"] == ["10,000", "15,000", "20,000", "25,000", "30,000"]


def test_panels_name_their_own_axes():
    panels = (Panel((series(),), x_label="energy (mJ)"), Panel((series(),), y_label="b"))
    scene = drawn(*panels, share=False)
    first, second = draw(scene, "matplotlib").axes
    assert [ax.get_xlabel() for ax in (first, second)] == ["energy (mJ)", "x"]
    assert [ax.get_ylabel() for ax in (first, second)] == ["y", "b"]
    layout = as_json(scene)["layout"]
    assert (layout["xaxis"]["title"]["text"], layout["xaxis2"]["title"]["text"]) == ("energy (mJ)", "x")
    assert (layout["yaxis"]["title"]["text"], layout["yaxis2"]["title"]["text"]) == ("y", "b")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("scene", "message"),
    [
        (drawn(Panel((series(),), log="z")), "log must be one of"),
        (drawn(Panel((series(),), log="y"), Panel((series(),))), "log y axis of their own"),
        (
            drawn(Panel((series(text=("a",)),))),
            "text of series '' must hold one entry for each of its 3 points",
        ),
        (drawn(Panel((series(whisker=(np.ones(3), np.ones(2))),))), "whisker of series .* got 3, 2"),
        (drawn(size="poster"), "size must be one of screen, column, page; got 'poster'"),
    ],
)
def test_errors_explain(scene, message, backend):
    with pytest.raises(ValueError, match=message):
        draw(scene, backend)


def scattered():
    return pd.DataFrame(
        {
            "x": [97.75, 93.91, 45.86, 49.83, 61.25],
            "y": [0.16, 0.16, 0.09, 0.14, 0.13],
            "low": [0.1, NAN, NAN, NAN, NAN],
            "high": [0.2, NAN, NAN, NAN, NAN],
            "who": ["printed", "measured", "printed", "printed", "measured"],
            "name": ["2FC", "2Conv2FC", "2FC", "2Conv2FC", None],
        }
    )


LOOK = {"x": "x", "y": "y", "hue": "who", "low": "low", "high": "high", "text": "name"}


def test_scatter_in_both_backends():
    look = {**LOOK, "order": ["measured", "printed"], "hollow": {"printed": "measured"}}
    figure = plot.scatter(scattered(), **look)
    bytes_ = theme.save_svg(figure)
    found = [m for m in svg.marks(bytes_) if m.fill in (BLUE, PAPER) and m.stroke in (BLUE, "none")]
    at = in_data(figure, [m.x for m in found], [m.y for m in found])
    hollow = np.array([m.fill == PAPER for m in found])
    for is_hollow, who in ((True, "printed"), (False, "measured")):
        rows = scattered()[scattered().who == who]
        points = at[hollow == is_hollow]
        for point in rows[["x", "y"]].to_numpy():
            assert np.isclose(points, point, rtol=1e-3).all(axis=1).any()
    assert len(svg.bars(bytes_)) == 1
    measured, printed = plot.scatter(scattered(), **look, backend="plotly").data
    assert (measured.marker.symbol, printed.marker.symbol) == ("circle", "circle-open")
    assert measured.marker.color == printed.marker.color == BLUE
    assert list(printed.text) == ["2FC", "2FC", "2Conv2FC"]
    assert list(measured.text) == ["2Conv2FC", ""]
    np.testing.assert_allclose(printed.error_y.array, [0.04, NAN, NAN])


@pytest.mark.parametrize("size", ["screen", "column", "page"])
def test_names_of_a_figure_touch_neither_each_other_nor_symbols(size):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = plot.scatter(scattered(), **LOOK, size=size)
    (axes,) = figure.axes
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [text.get_window_extent(renderer) for text in axes.texts]
    assert len(boxes) == 4
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    frame = axes.get_window_extent()
    for box in boxes:
        assert frame.x0 <= box.x0
        assert box.x1 <= frame.x1
        for at in axes.transData.transform(scattered()[["x", "y"]]):
            assert not box.contains(*at)


def test_lines_draw_hollow_hues_dashed():
    table = pd.DataFrame(
        {"x": [1.0, 2, 1, 2], "y": [1.0, 2, 3, 4], "who": ["own", "own", "theirs", "theirs"]}
    )
    figure = plot.lines(table, x="x", y="y", hue="who", hollow={"theirs": "own"})
    own, theirs = figure.axes[0].lines
    assert (own.get_color(), theirs.get_color()) == (BLUE, BLUE)
    assert (own.get_markerfacecolor(), theirs.get_markerfacecolor()) == (BLUE, PAPER)
    assert (own.is_dashed(), theirs.is_dashed()) == (False, True)
    traces = plot.lines(table, x="x", y="y", hue="who", hollow=["theirs"], backend="plotly").data
    assert [trace.line.dash for trace in traces] == [None, "dash"]
    assert [trace.marker.symbol for trace in traces] == ["circle", "square-open"]
    assert [trace.marker.color for trace in traces] == [BLUE, ORANGE]  # without a partner its own colour


def test_points_have_log_axes_where_asked():
    table = pd.DataFrame(
        {"v": [1.0, 100.0, 3.0, 4.0], "place": list("abab"), "m": ["energy", "energy", "loss", "loss"]}
    )
    look = {"x": "v", "y": "place", "panel": "m", "log": ["energy"]}
    figure = plot.points(table, **look)
    assert [ax.get_xscale() for ax in figure.axes] == ["log", "linear"]
    layout = plot.points(table, **look, backend="plotly").layout
    assert (layout.xaxis.type, layout.xaxis2.type) == ("log", None)
    upright = plot.points(table, x="place", y="v", log=True)
    assert upright.axes[0].get_yscale() == "log"
    with pytest.raises(ValueError, match="values <= 0"):
        plot.points(table.assign(v=[0.0, 1, 2, 3]), **look)


def test_options_that_a_figure_does_not_take_are_refused():
    with pytest.raises(
        TypeError, match=r"unknown option\(s\) colour; this figure takes labels, title, order"
    ):
        plot.lines(scattered(), x="x", y="y", colour="red")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"unknown option\(s\) hollow"):
        plot.matrix(pd.DataFrame({"row": [0], "column": [0]}), hollow=["a"])
    with pytest.raises(TypeError, match="collection of hues"):
        plot.lines(scattered(), x="x", y="y", hue="who", hollow="printed")
