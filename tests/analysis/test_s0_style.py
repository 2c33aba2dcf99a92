"""S0's figures can be read: ticks stay apart, points have the names of networks, training sizes are told."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex

from analysis.s0_figures import draw
from analysis.s0_style import few_ticks, logarithmic, named
from netsci import plot
from netsci.plot import theme
from tests.analysis.s0_made import tables

FIGURE2 = {
    ("mnist/2fc/ch-snn", (97.75, 0.16)),
    ("mnist/2conv2fc/ch-snn", (93.91, 0.16)),
    ("mnist/2fc/sd-snn", (45.86, 0.09)),
    ("mnist/2conv2fc/sd-snn", (49.83, 0.14)),
    ("mnist/2conv2fc/dpap", (61.25, 0.13)),
}


def scattered(x: list[float]):
    table = pd.DataFrame({"x": x, "y": [f"place {i}" for i in range(len(x))]})
    return plot.points(table, x="x", y="y")


def boxes(texts):
    figure = texts[0].figure
    return [text.get_window_extent(FigureCanvasAgg(figure).get_renderer()) for text in texts]


@pytest.mark.parametrize("x", [[97.75, 97.9001, 97.9263], [-0.59, 0.16], [0.0, 94.6], [12345.0, 12346.5]])
def test_numbers_on_value_axes_do_not_touch(x):
    figure = few_ticks(scattered(x), "matplotlib")
    theme.save_svg(figure)  # ticks are placed while drawing
    labels = [text for text in figure.axes[0].get_xticklabels() if text.get_text()]
    assert 2 <= len(labels) <= 7
    assert not any(a.overlaps(b) for a, b in combinations(boxes(labels), 2))


def test_short_logarithmic_axes_are_labelled_in_full():
    figure = scattered([9795.0, 32483.0])
    logarithmic(figure, [0], "matplotlib")
    theme.save_svg(figure)
    labels = {text.get_text() for text in figure.axes[0].get_xticklabels()}
    assert {"10,000", "20,000"} <= labels
    assert [text for text in figure.axes[0].get_xticklabels(minor=True) if text.get_text()] == []
    figure = scattered([1.0, 1000.0])
    logarithmic(figure, [0], "matplotlib")
    theme.save_svg(figure)
    assert any("10^{2}" in text.get_text() for text in figure.axes[0].get_xticklabels())


def test_short_logarithmic_axes_of_pages_have_ticks_at_1_2_4():
    figure = plot.points(
        pd.DataFrame({"x": [9795.0, 32483.0], "y": ["a", "b"]}), x="x", y="y", backend="plotly"
    )
    logarithmic(figure, [0], "plotly")
    assert (figure.layout.xaxis.type, figure.layout.xaxis.tickvals) == ("log", (10_000, 20_000))
    figure = plot.points(pd.DataFrame({"x": [1.0, 1000.0], "y": ["a", "b"]}), x="x", y="y", backend="plotly")
    logarithmic(figure, [0], "plotly")
    assert (figure.layout.xaxis.type, figure.layout.xaxis.dtick) == ("log", 1)


@pytest.mark.parametrize("backend", ["matplotlib", "plotly"])
def test_points_have_the_interval_of_their_seeds(backend):
    row = "mnist/2fc/ch-snn"
    ours = {
        (row, "link_sparsity_percent"): [97.9, 97.9, 97.9],
        (row, "accuracy_improvement_percent"): [-0.6, -0.7, -0.65],
        ("mnist/2conv2fc/ch-snn", "link_sparsity_percent"): 93.6,
        ("mnist/2conv2fc/ch-snn", "accuracy_improvement_percent"): -0.25,
    }
    printed = {(row, "link_sparsity_percent"): 97.75, (row, "accuracy_improvement_percent"): 0.16}
    figure = draw("s0.figure2", "desk", tables(ours, printed), backend)
    half = 4.302653 * 0.05 / np.sqrt(3)  # Student's t of two degrees of freedom
    if backend == "plotly":
        ends = [trace.error_y for trace in figure.data if trace.error_y.array is not None]
        assert all(e.color is None for e in ends)  # that of the symbol
        lengths = [[v for v in side if v is not None] for e in ends for side in (e.array, e.arrayminus)]
        assert [v for side in lengths for v in side] == pytest.approx([half, half], rel=1e-5)
    else:
        (axes,) = figure.axes
        (line,) = [found for found in axes.collections if hasattr(found, "get_segments")]
        symbols = [one for one in axes.lines if np.isclose(one.get_xydata(), (97.9, -0.65)).all(axis=1).any()]
        assert symbols
        assert {to_hex(one.get_color()) for one in symbols} == {to_hex(line.get_color()[0])}
        assert np.ravel(line.get_segments()) == pytest.approx(
            [97.9, -0.65 - half, 97.9, -0.65 + half], rel=1e-5
        )


def figure2(backend: str):
    columns = ("link_sparsity_percent", "accuracy_improvement_percent")
    printed = {(row, c): v for row, at in sorted(FIGURE2) for c, v in zip(columns, at, strict=True)}
    return draw("s0.figure2", "desk", tables({}, printed), backend)


def test_figure_2_tells_the_networks_of_a_method_apart():
    axes = figure2("matplotlib").axes[0]
    found = {(text.get_text(), text.xy) for text in axes.texts}
    names = {"2fc": "2FC", "2conv2fc": "2Conv2FC"}
    assert found == {(names[row.split("/")[1]], at) for row, at in FIGURE2}
    pairs = combinations(boxes(list(axes.texts)), 2)
    assert not any(a.overlaps(b) for a, b in pairs)
    panel = axes.get_window_extent()
    for text, box in zip(axes.texts, boxes(list(axes.texts)), strict=True):
        assert panel.x0 <= box.x0
        assert box.x1 <= panel.x1
        for _, at in FIGURE2:
            x, y = axes.transData.transform(at)
            assert not (box.x0 < x < box.x1 and box.y0 < y < box.y1), text.get_text()


def test_figure_2_has_hollow_symbols_where_it_is_printed():
    assert all(trace.marker.symbol.endswith("-open") for trace in figure2("plotly").data)
    (axes,) = figure2("matplotlib").axes
    faces = {
        to_hex(line.get_markerfacecolor()) for line in axes.lines if line.get_marker() not in ("", "None")
    }
    assert faces == {"#ffffff"}


def test_figure_2_shows_networks_under_the_mouse():
    shown = {}
    for trace in figure2("plotly").data:
        assert "%{hovertext}" in trace.hovertemplate
        points = zip(trace.x, trace.y, trace.hovertext, strict=True)
        shown |= {(x, y): name for x, y, name in points if not np.isnan(y)}
    assert shown[97.75, 0.16] == "2FC"
    assert shown[93.91, 0.16] == "2Conv2FC"
    assert len(shown) == len(FIGURE2)


def test_a_name_without_room_stands_at_the_right():
    figure = named(scattered([1.0]), [[(1.0, 0.0, "a name " * 60)]], "matplotlib")
    assert figure.axes[0].texts[0].xyann[0] > 0


@pytest.mark.parametrize(
    ("scale", "label"), [("desk", "MNIST, 95 %, 12,000 images"), ("paper", "MNIST, 95 % sparse")]
)
def test_figure_3_tells_training_sizes_apart(scale, label):
    both = ("mnist/both", "sparsity_95")
    dense = ("mnist/3fc/dense", "accuracy_percent")
    made = tables({both: 97.0, dense: 98.0}, {dense: 97.29, ("cifar-10/both", "sparsity_95"): 82.84})
    labels = [t.get_text() for t in draw("s0.figure3", scale, made, "matplotlib").axes[0].get_yticklabels()]
    assert labels == ["MNIST, dense", label, "CIFAR-10, 95 % sparse"]
