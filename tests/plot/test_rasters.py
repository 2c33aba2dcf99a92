"""Activity figures hold the table's spikes, rates and counts, with both backends."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from netsci import plot
from netsci.measure import PopulationTrace, ProjectionTrace, Trace, energy_table
from netsci.plot.theme import save_svg
from tests.plot.tables import traces
from tests.plot.test_refusals import texts

BACKENDS = ["matplotlib", "plotly"]


def recorded():
    single = np.array([[0, 0, 2], [3, 0, 0], [4, 0, 2]])
    parts = (
        PopulationTrace("input", [1, 0, 2], [1, 0, 0, 1, 1], is_input=True, raster=single),
        PopulationTrace("hidden", [0, 0], np.zeros(5, int), raster=np.zeros((0, 3), int)),
    )
    layers = (
        ProjectionTrace("fc1", [1, 0, 2], [4, 9, 100], "spikes", 113, 300, 300, 5),
        ProjectionTrace("fc2", [0, 0], [3, 3], "spikes", 6, 6, 6, 5),
    )
    return Trace(5, 1, parts, layers)


def raster_figure(backend, **options):
    sizes = {"input": 3, "hidden": 2}
    return plot.raster(recorded().raster_table(), sizes=sizes, steps=5, backend=backend, **options)


def both_counts():
    table = energy_table(recorded())
    table = table[table.measure.isin(["sops", "estimated_sops"]) & (table.projection != "all layers")]
    return table.replace({"sops": "exact", "estimated_sops": "estimate"})


FIGURES = {
    "raster": raster_figure,
    "rates": lambda b, **k: plot.firing_rates(recorded().rate_histogram(bins=3), backend=b, **k),
    "operations": lambda b, **k: plot.operations(both_counts(), hue="measure", backend=b, **k),
}


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("kind", FIGURES)
def test_figures_are_drawn_to_the_same_bytes(kind, mode):
    first, second = (save_svg(FIGURES[kind]("matplotlib", mode=mode)) for _ in range(2))
    assert first == second
    plotly = FIGURES[kind]("plotly", mode=mode)
    assert plotly.to_json() == FIGURES[kind]("plotly", mode=mode).to_json()
    assert not plt.get_fignums()


def test_raster_plotly():
    figure = raster_figure("plotly")
    (spikes,) = traces(figure, "data")
    assert spikes.x.tolist() == [0, 3, 4]
    assert spikes.y.tolist() == [2, 0, 2]
    assert figure.layout.xaxis.range == (-0.5, 4.5)
    assert figure.layout.yaxis.range == (-0.5, 2.5)
    assert "no spikes" in texts(figure)
    assert {"<b>input</b>", "<b>hidden</b>"} <= {a.text for a in figure.layout.annotations}


def test_raster_matplotlib():
    figure = raster_figure("matplotlib")
    first, second = figure.axes
    assert first.collections[0].get_offsets().tolist() == [[0, 2], [3, 0], [4, 2]]
    assert first.get_xlim() == (-0.5, 4.5)
    assert first.get_ylim() == (-0.5, 2.5)  # units upwards
    assert [text.get_text() for text in second.texts] == ["no spikes"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_raster_without_sizes_ends_at_the_last_spike(backend):
    figure = plot.raster(recorded().raster_table(), backend=backend)
    ends = figure.layout.xaxis.range if backend == "plotly" else figure.axes[0].get_xlim()
    assert tuple(ends) == (-0.5, 4.5)
    assert "no data" in texts(plot.raster(recorded().raster_table().iloc[:0], backend=backend))
    one = plot.raster(pd.DataFrame({"step": [0], "unit": [1]}), panel=None, backend=backend)
    assert "no" not in texts(one)


def test_rates_are_a_distribution():
    figure = FIGURES["rates"]("plotly")
    table = recorded().rate_histogram(bins=3)
    outline = traces(figure, "data")[0]
    assert max(outline.y) == pytest.approx(table[table.population == "input"]["density"].max())
    assert max(outline.x) == pytest.approx(2 / 5)
    assert figure.layout.xaxis.title.text == "firing rate (spikes per unit and step)"


def test_operations_plotly():
    figure = FIGURES["operations"]("plotly")
    tops = {t.name: (t.x.tolist(), t.y.tolist()) for t in traces(figure, "data")}
    assert tops["exact"] == ([pytest.approx(-0.2)], [204])  # 4 + 2 * 100; fc2 has none
    assert tops["estimate"] == ([pytest.approx(0.2)], [pytest.approx(113)])  # one event a unit
    bars = {t.name: t for t in traces(figure, "bar")}
    assert np.nanmax(bars["exact"].y) == 204
    assert np.nanmin(bars["exact"].y) == 100  # the power of ten below the least count
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis.range == pytest.approx((2, np.log10(1.6 * 204)))
    assert "0: fc2" in texts(figure)


def test_operations_matplotlib():
    figure = FIGURES["operations"]("matplotlib")
    (ax,) = figure.axes
    assert ax.get_yscale() == "log"
    assert ax.get_ylim() == pytest.approx((100, 1.6 * 204))
    corners = ax.collections[0].get_paths()[0].vertices
    assert corners[:, 1].min() == 100
    assert corners[:, 1].max() == 204
    assert corners[:, 0].max() - corners[:, 0].min() == pytest.approx(0.368)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["fc1", "fc2"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["exact", "estimate"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_bars_of_a_linear_axis_start_at_0(backend):
    table = pd.DataFrame({"projection": ["a", "b"], "value": [50.0, 200.0]})
    figure = plot.operations(table, log=False, backend=backend)
    if backend == "plotly":
        assert figure.layout.yaxis.type != "log"
        assert figure.layout.yaxis.range == pytest.approx((0, 216))
        (bar,) = traces(figure, "bar")
        assert np.nanmin([v for v in bar.y if v is not None]) == 0
    else:
        (axes,) = figure.axes
        assert (axes.get_yscale(), axes.get_ylim()) == ("linear", pytest.approx((0, 216)))
        assert axes.collections[0].get_paths()[0].vertices[:, 1].min() == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_bars_of_several_layers_are_apart(backend):
    table = pd.DataFrame({"projection": ["a", "b", "c"], "value": [10.0, np.nan, 1000.0]})
    figure = plot.operations(table, backend=backend)
    if backend == "plotly":
        (bar,) = traces(figure, "bar")
        x = [v for v in bar.x if v is not None and not np.isnan(v)]
        assert min(x) == pytest.approx(-0.368)
        assert max(x) == pytest.approx(2.368)
        assert not any(0.4 < v < 1.6 for v in x)
    else:
        assert len(figure.axes[0].collections[0].get_paths()) == 2
    nothing = plot.operations(table.assign(value=0.0), backend=backend)
    assert "no operations" in texts(nothing)
    assert "no data" in texts(plot.operations(table.iloc[:0], backend=backend))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda t: plot.raster(t.drop(columns="unit")), ValueError, "lacks the column"),
        (lambda t: plot.raster(t.assign(sample=[0, 1, 0])), ValueError, "2 samples, whose spikes would hide"),
        (lambda t: plot.raster(t.assign(unit="a")), TypeError, "must hold numbers"),
        (lambda t: plot.raster(t, sizes={"other": 3}), ValueError, "order leaves out"),
        (lambda t: plot.firing_rates(t), ValueError, "lacks the column"),
        (lambda t: plot.operations(t), ValueError, "lacks the column"),
        (lambda t: plot.operations(t, x="unit", y="step"), ValueError, "several rows for one bar"),
        (lambda t: plot.operations(t.assign(v=-1.0), x="step", y="v"), ValueError, "negative counts"),
        (lambda t: plot.operations(t.assign(v=np.inf), x="step", y="v"), ValueError, "infinite"),
        (lambda t: plot.operations(t.assign(v="a"), x="step", y="v"), TypeError, "must hold numbers"),
        (lambda t: plot.operations(t, x="step", y="size", backend="gnuplot"), ValueError, "backend must be"),
    ],
)
def test_errors_explain(call, error, message):
    with pytest.raises(error, match=message):
        call(recorded().raster_table())


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("empty", [0, 1])
def test_an_empty_panel_leaves_the_scale_of_the_others(backend, empty):
    counts = [[0.0, 0.0], [20.0, 300.0]] if empty == 0 else [[20.0, 300.0], [0.0, 0.0]]
    values = [*counts[0], *counts[1]]
    table = pd.DataFrame({"projection": ["a", "b"] * 2, "value": values, "net": [1, 1, 2, 2]})
    figure = plot.operations(table, panel="net", backend=backend)
    if backend == "matplotlib":
        drawn = figure.axes[1 - empty]
        assert drawn.get_yscale() == "log"
        assert drawn.get_ylim() == pytest.approx((10, 480))
        return
    drawn, other = (figure.layout[name] for name in (("yaxis2", "yaxis"), ("yaxis", "yaxis2"))[empty])
    assert (drawn.type, drawn.matches, other.visible) == ("log", None, False)
    assert drawn.range == pytest.approx((1, np.log10(480)))


@pytest.mark.parametrize(("sizes", "steps"), [({"input": 2, "hidden": 2}, 5), (None, 4)])
def test_spikes_outside_the_panel_are_refused(sizes, steps):
    table = recorded().raster_table()
    with pytest.raises(ValueError, match=r"must lie in \[0, [24]\) in input; it reaches from 0 to [24]"):
        plot.raster(table, sizes=sizes, steps=steps)
    with pytest.raises(ValueError, match="reaches from -1 to"):
        plot.raster(table.assign(unit=table["unit"] - 1))
