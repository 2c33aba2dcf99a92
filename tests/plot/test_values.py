"""Figures hold exactly the table's values, with both backends, and leave the table alone."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from netsci import plot
from netsci.plot import theme
from tests.plot import tables

traces = tables.traces


def test_lines_plotly() -> None:
    table = tables.lines()
    figure = plot.lines(
        table,
        x="x",
        y="y",
        hue="hue",
        panel="panel",
        low="low",
        high="high",
        backend="plotly",
        order=["b", "a"],
    )
    drawn = traces(figure, "data")
    assert [(t.name, t.xaxis) for t in drawn] == [("b", "x"), ("a", "x"), ("b", "x2"), ("a", "x2")]
    for trace in drawn:
        rows = table[(table.hue == trace.name) & (table.panel == ("p" if trace.xaxis == "x" else "q"))]
        np.testing.assert_array_equal(trace.x, rows.x)
        np.testing.assert_array_equal(trace.y, rows.y)
    band = traces(figure, "band")[0]
    rows = table[(table.hue == "b") & (table.panel == "p")]
    np.testing.assert_array_equal(band.y, [*rows.high, *rows.low[::-1]])
    assert [t.showlegend for t in drawn] == [True, True, False, False]
    assert {a.text for a in figure.layout.annotations} == {"<b>p</b>", "<b>q</b>"}


def test_lines_matplotlib() -> None:
    table = tables.lines()
    figure = plot.lines(table, x="x", y="y", hue="hue", panel="panel", low="low", high="high")
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["p", "q"]
    for ax, panel in zip(figure.axes, "pq", strict=True):
        for line, hue, colour in zip(ax.lines, "ab", theme.PALETTE["light"], strict=False):
            rows = table[(table.hue == hue) & (table.panel == panel)]
            np.testing.assert_array_equal(line.get_xdata(), rows.x)
            np.testing.assert_array_equal(line.get_ydata(), rows.y)
            assert to_hex(line.get_color()) == colour
        ends = ax.collections[0].get_paths()[0].vertices
        assert {0.5, 1.5, 3.5, 1.25, 2.25, 4.25} <= set(ends[:, 1])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]


def test_lines_are_drawn_by_rising_x_and_break_at_nan() -> None:
    table = pd.DataFrame({"x": [3.0, 1.0, 2.0], "y": [30.0, 10.0, np.nan]})
    (trace,) = plot.lines(table, x="x", y="y", backend="plotly").data
    np.testing.assert_array_equal(trace.x, [1, 2, 3])
    np.testing.assert_array_equal(trace.y, [10, np.nan, 30])
    assert trace.connectgaps is False
    (line,) = plot.lines(table, x="x", y="y").axes[0].lines
    np.testing.assert_array_equal(line.get_ydata(), [10, np.nan, 30])


def test_a_band_has_a_part_for_every_gapless_stretch() -> None:
    nan = np.nan
    table = pd.DataFrame({"x": [1.0, 2, 3, 4], "y": 1.0, "l": [0.0, nan, 2, 3], "h": [5.0, 6, 7, 8]})
    figure = plot.lines(table, x="x", y="y", low="l", high="h", backend="plotly")
    np.testing.assert_array_equal(traces(figure, "band")[0].x, [1, 1, nan, 3, 4, 4, 3])
    np.testing.assert_array_equal(traces(figure, "band")[0].y, [5, 0, nan, 7, 8, 3, 2])


def test_ccdf() -> None:
    figure = plot.ccdf(tables.ccdf(), hue="side", backend="plotly")
    inward, outward = traces(figure, "data")
    np.testing.assert_array_equal(inward.x, [1, 2, 5])
    np.testing.assert_array_equal(inward.y, [1, 0.5, 0.1])
    np.testing.assert_array_equal(outward.y, [1, 0.4])
    (fit,) = traces(figure, "fit")  # "out" has none
    np.testing.assert_array_equal(fit.y, [np.nan, 0.5, 0.08])
    assert fit.line.dash == "dash"
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"
    assert [a.text for a in figure.layout.annotations] == ["gamma = 2.71"]
    ax = plot.ccdf(tables.ccdf(), hue="side").axes[0]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), [[1, 1], [2, 0.5], [5, 0.1]])
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [np.nan, 0.5, 0.08])
    assert [t.get_text() for t in ax.texts] == ["gamma = 2.71"]


def test_distribution_steps_fall_to_zero_where_bins_do_not_touch() -> None:
    (trace,) = traces(plot.distribution(tables.bins(), backend="plotly"), "data")
    np.testing.assert_array_equal(trace.x, [0, 0, 1, 1, 2, 2, 4, 4, 5, 5])
    np.testing.assert_array_equal(trace.y, [0, 0.2, 0.2, 0.5, 0.5, 0, 0, 0.3, 0.3, 0])
    line = plot.distribution(tables.bins()).axes[0].lines[0]
    np.testing.assert_array_equal(line.get_ydata(), trace.y)


def test_disk() -> None:
    nodes, arcs = tables.disk_nodes(), tables.disk_arcs()
    figure = plot.disk(nodes, arcs, backend="plotly")
    (drawn,) = traces(figure, "links")  # one trace for all links
    np.testing.assert_array_equal(drawn.x, arcs.x.astype(np.float32))
    np.testing.assert_array_equal(drawn.y, arcs.y.astype(np.float32))
    first, second = traces(figure, "nodes")
    np.testing.assert_array_equal(first.x, [0.1, -0.5])
    np.testing.assert_array_equal(second.y, [0.9])
    assert first.hovertext == ("in[0]<br>in<br>degree 10", "in[1]<br>in<br>degree 2")
    sizes = np.array([*first.marker.size, *second.marker.size])
    step = np.diff(np.log([10, 2, 1]))  # linear in ln degree
    np.testing.assert_allclose(np.diff(sizes) / step, (np.diff(sizes) / step)[0])
    assert figure.layout.yaxis.scaleanchor == "x"
    (rim,) = traces(figure, "boundary")
    np.testing.assert_allclose(np.hypot(rim.x, rim.y), 1)
    assert "N = 3" in [a.text for a in figure.layout.annotations]
    ax = plot.disk(nodes, arcs).axes[0]
    links, *populations = ax.collections
    drawn = [point for line in links.get_segments() for point in [*line, [np.nan, np.nan]]]
    np.testing.assert_array_equal(drawn, arcs[["x", "y"]])
    np.testing.assert_array_equal(populations[1].get_offsets(), [[0.0, 0.9]])
    assert ax.get_aspect() == 1.0
    areas = np.concatenate([one.get_sizes() for one in populations])
    np.testing.assert_allclose(np.sqrt(areas) / 0.72, sizes)


def test_disk_turns_to_webgl_for_many_links() -> None:
    x = np.tile([0.0, 0.5, np.nan], 10_001)
    figure = plot.disk(tables.disk_nodes(), pd.DataFrame({"x": x, "y": 0 * x}), backend="plotly")
    assert [t.type for t in traces(figure, "links")] == ["scattergl"]
    few = plot.disk(tables.disk_nodes(), tables.disk_arcs(), backend="plotly")
    assert {t.type for t in few.data} == {"scatter"}


def test_matrix_keeps_rows_downwards() -> None:
    figure = plot.matrix(tables.links(), shapes=(3, 5), backend="plotly")
    (trace,) = figure.data
    np.testing.assert_array_equal(trace.x, [1, 0, 4])  # column: postsynaptic, across
    np.testing.assert_array_equal(trace.y, [0, 2, 2])  # row: presynaptic, downwards
    assert figure.layout.yaxis.range == (2.5, -0.5)
    assert figure.layout.xaxis.range == (-0.5, 4.5)
    assert (figure.layout.yaxis.title.text, figure.layout.xaxis.title.text) == (
        "presynaptic unit",
        "postsynaptic unit",
    )
    ax = plot.matrix(tables.links(), shapes=(3, 5)).axes[0]
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), [[1, 0], [0, 2], [4, 2]])
    assert ax.get_ylim() == (2.5, -0.5)


def test_matrix_of_values() -> None:
    table = pd.DataFrame({"row": [0.5, 0.5, 2.5], "column": [0, 1, 1], "value": [1.0, 2.0, 3.0]})
    (trace,) = plot.matrix(table, backend="plotly").data
    np.testing.assert_array_equal(trace.z, [[1, 2], [np.nan, 3]])
    np.testing.assert_array_equal(trace.y, [-0.5, 1.5, 3.5])  # edges
    image = plot.matrix(table).axes[0].images[0]
    np.testing.assert_array_equal(np.ma.filled(image.get_array(), np.nan), [[1, 2], [np.nan, 3]])
    assert list(image.get_extent()) == [-0.5, 1.5, -0.5, 3.5]
    assert plot.matrix(table).axes[0].get_ylim() == (3.5, -0.5)


def test_matrix_of_cells_of_unequal_size() -> None:
    table = pd.DataFrame(
        {"row": 4.5, "column": [1.0, 4.0], "height": 10, "width": [3, 3], "value": [1.0, 2.0]}
    )
    table.loc[1, ["column", "width"]] = [3.5, 2.0]
    figure = plot.matrix(table, shapes=(10, 5), backend="plotly")
    (trace,) = figure.data
    np.testing.assert_array_equal(trace.x, [-0.5, 2.5, 4.5])
    np.testing.assert_array_equal(trace.y, [-0.5, 9.5])
    assert (figure.layout.xaxis.range, figure.layout.yaxis.range) == ((-0.5, 4.5), (9.5, -0.5))
    ax = plot.matrix(table).axes[0]
    assert list(ax.images[0].get_extent()) == [-0.5, 4.5, -0.5, 9.5]
    assert (ax.get_xlim(), ax.get_ylim()) == ((-0.5, 4.5), (9.5, -0.5))
    with pytest.raises(ValueError, match="overlap"):
        plot.matrix(table.assign(width=[4.0, 2.0]))


def test_points_show_estimates_and_seeds() -> None:
    figure = plot.points(tables.seeds(), x="method", y="accuracy", low="low", high="high", backend="plotly")
    (estimates,), (seeds,) = traces(figure, "data"), traces(figure, "seed")
    np.testing.assert_array_equal(estimates.x, [0, 1])
    np.testing.assert_array_equal(estimates.y, [91, 95.5])
    np.testing.assert_allclose(estimates.error_y.array, [0.9, 0.3])
    np.testing.assert_allclose(estimates.error_y.arrayminus, [0.8, 0.4])
    np.testing.assert_array_equal(seeds.y, [90, 92, 95])
    assert len(set(seeds.x)) == 3  # each visible
    assert figure.layout.xaxis.ticktext == ("SET", "CHT")


def test_points_lie_sideways_where_the_category_is_y() -> None:
    (trace,) = plot.points(tables.seeds(), x="accuracy", y="method", backend="plotly").data
    np.testing.assert_array_equal(trace.x, tables.seeds().accuracy)
    np.testing.assert_array_equal(trace.y, [0, 0, 0, 1, 1])


@pytest.mark.parametrize("backend", ["matplotlib", "plotly"])
def test_tables_are_left_alone(backend: str) -> None:
    nodes, arcs, table = tables.disk_nodes(), tables.disk_arcs(), tables.lines()
    copies = nodes.copy(), arcs.copy(), table.copy()
    plot.disk(nodes, arcs, backend=backend)
    figure = plot.lines(table, x="x", y="y", hue="hue", backend=backend)
    if backend == "plotly":
        assert not np.shares_memory(figure.data[0].y, table["y"].to_numpy())
    for now, before in zip((nodes, arcs, table), copies, strict=True):
        pd.testing.assert_frame_equal(now, before)
