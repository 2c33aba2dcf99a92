"""Unlike numbers never share an axis, and axes are named with their units."""

import pandas as pd
import pytest

from netsci import plot
from netsci.plot.draw import draw
from netsci.plot.scene import Panel, Scene
from netsci.plot.tidy import name_quantity
from tests.plot import svg

TABLE = pd.DataFrame(
    {
        "row": ["MNIST", "CIFAR-10", "MNIST", "MNIST", "CIFAR-10"],
        "measure": ["accuracy", "accuracy", "energy", "I(W)", "energy"],
        "unit": ["%", "%", "mJ", None, "pJ"],
        "value": [97.0, 92.0, 3e-3, 0.4, 5.0],
    }
)
AXES = ["accuracy (%)", "energy (mJ)", "energy (pJ)", "I(W)"]


def test_one_panel_a_measure_and_unit_with_matplotlib():
    figure = plot.measures(TABLE, y="row")
    assert [ax.get_xlabel() for ax in figure.axes] == AXES
    values = [ax.collections[0].get_offsets().tolist() for ax in figure.axes]
    assert values == [[[97, 0], [92, 1]], [[0.003, 0]], [[5, 1]], [[0.4, 0]]]
    words = {text.words for text in svg.texts(plot.save_svg(figure))}
    assert {*AXES, "MNIST", "CIFAR-10"} <= words


def test_one_panel_a_measure_and_unit_with_plotly():
    figure = plot.measures(TABLE, y="row", backend="plotly")
    axes = [figure.layout[name] for name in ("xaxis", "xaxis2", "xaxis3", "xaxis4")]
    assert [axis.title.text for axis in axes] == AXES
    assert [axis.matches for axis in axes] == [None] * 4
    assert [trace.x.tolist() for trace in figure.data] == [[97, 92], [0.003], [5], [0.4]]


def test_measures_have_log_axes_where_asked():
    look = {"y": "row", "log": ["energy"], "labels": {"energy": "energy of a sample"}}
    figure = plot.measures(TABLE, **look)
    assert [ax.get_xscale() for ax in figure.axes] == ["linear", "log", "log", "linear"]
    assert figure.axes[1].get_xlabel() == "energy of a sample (mJ)"
    layout = plot.measures(TABLE, **look, backend="plotly").layout
    assert [layout[f"xaxis{n}"].type for n in ("", 2, 3, 4)] == [None, "log", "log", None]


def test_panels_have_all_rows_or_only_their_own():
    def rows(**look):
        figure = plot.measures(TABLE, y="row", columns=1, **look)
        return [[text.get_text() for text in ax.get_yticklabels()] for ax in figure.axes]

    assert rows() == [["MNIST", "CIFAR-10"]] * 4
    assert rows(share=False) == [["MNIST", "CIFAR-10"], ["MNIST"], ["CIFAR-10"], ["MNIST"]]


def test_hues_stand_beside_each_other():
    table = pd.concat([TABLE.assign(who="a"), TABLE.assign(who="b")])
    figure = plot.measures(table, y="row", hue="who", hollow=["b"], backend="plotly")
    first, second = figure.data[:2]
    assert (first.marker.symbol, second.marker.symbol) == ("circle", "square-open")
    assert first.y.tolist() != second.y.tolist()


@pytest.mark.parametrize("backend", ["matplotlib", "plotly"])
def test_no_measure_is_no_data(backend):
    figure = plot.measures(TABLE.iloc[:0], y="row", backend=backend)
    found = figure.layout.annotations[0].text if backend == "plotly" else figure.axes[0].texts[0].get_text()
    assert found == "no data"


@pytest.mark.parametrize(
    ("name", "unit", "shown"),
    [
        ("energy", "mJ", "energy (mJ)"),
        ("I(W)", None, "I(W)"),
        ("I(W)", float("nan"), "I(W)"),
        ("I(W)", "1", "I(W)"),
        ("score (no unit)", None, "score"),
        ("(no unit)", "", ""),
    ],
)
def test_quantities_are_named_with_their_unit(name, unit, shown):
    assert name_quantity(name, unit) == shown


@pytest.mark.parametrize("backend", ["matplotlib", "plotly"])
def test_no_axis_says_that_it_has_no_unit(backend):
    scene = Scene((Panel(empty="no data"),), x_label="exponent (no unit)", y_label="GR-score (no unit)")
    figure = draw(scene, backend)
    if backend == "matplotlib":
        assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("exponent", "GR-score")
    else:
        assert "no unit" not in figure.to_json()


@pytest.mark.parametrize("kind", ["lines", "scatter"])
def test_unlike_numbers_on_one_axis_are_refused(kind):
    table = TABLE.assign(x=range(len(TABLE)))
    draw_ = getattr(plot, kind)
    with pytest.raises(ValueError, match=r"one axis would hold values in '%', 'mJ', 'pJ', which cannot"):
        draw_(table, x="x", y="value", share=True)
    with pytest.raises(ValueError, match=r"panel 'energy' holds values in 'mJ', 'pJ', .*plot\.measures"):
        draw_(table, x="x", y="value", panel="measure", share=False)
    draw_(table, x="x", y="value", panel="unit", share=False)


def test_unlike_numbers_of_points_are_refused():
    with pytest.raises(ValueError, match="cannot share an axis"):
        plot.points(TABLE, x="value", y="row")
    with pytest.raises(ValueError, match="cannot share an axis"):
        plot.points(TABLE, x="row", y="value", panel="unit")
    plot.points(TABLE, x="value", y="row", panel="unit")  # sideways, each panel has its own value axis


def test_neurons_are_no_units_of_measure():
    table = pd.DataFrame({"x": [1.0, 2.0], "y": [1.0, 2.0], "unit": [0, 1]})
    assert len(plot.lines(table, x="x", y="y", backend="plotly").data) == 1


def by_panel():
    return pd.DataFrame(
        {
            "x": [1.0, 2.0, 1.0, 2.0],
            "y": [1.0, 2.0, 30.0, 40.0],
            "measure": ["gamma", "gamma", "energy", "energy"],
            "unit": ["1", "1", "mJ", "mJ"],
        }
    )


@pytest.mark.parametrize("kind", ["lines", "scatter"])
@pytest.mark.parametrize("backend", ["matplotlib", "plotly"])
def test_panels_are_named_by_their_quantity(kind, backend):
    look = {"x": "x", "y": "y", "panel": "measure", "quantity": "measure", "share": False}
    figure = getattr(plot, kind)(by_panel(), backend=backend, **look)
    if backend == "matplotlib":
        named = [ax.get_ylabel() for ax in figure.axes]
    else:
        named = [figure.layout[axis].title.text for axis in ("yaxis", "yaxis2")]
    assert named == ["gamma", "energy (mJ)"]


def test_unlike_quantities_cannot_share_an_axis():
    table = by_panel().drop(columns="unit")
    look = {"x": "x", "y": "y", "quantity": "measure"}
    with pytest.raises(ValueError, match="'gamma', 'energy', which cannot share an axis"):
        plot.lines(table, panel="measure", **look)
    with pytest.raises(ValueError, match="cannot share an axis"):
        plot.lines(table, share=False, **look)


def test_log_of_values_is_no_axis():
    with pytest.raises(TypeError, match="log must be True, False or the panels"):
        plot.measures(TABLE, y="row", log="x")
