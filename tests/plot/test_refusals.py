"""Tables that cannot be drawn get an explained error or an explicit "no data"; hostile names stay names."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from netsci import plot

BACKENDS = ["matplotlib", "plotly"]


def texts(figure: Any) -> str:
    """All text of a figure."""
    if hasattr(figure, "data"):
        return " ".join(str(a.text) for a in figure.layout.annotations)
    return " ".join(t.get_text() for ax in figure.axes for t in ax.texts)


def empty(*columns: str) -> pd.DataFrame:
    return pd.DataFrame({c: pd.Series(dtype=float) for c in columns})


KINDS: list[Callable[[str], Any]] = [
    lambda b: plot.lines(empty("x", "y", "h"), x="x", y="y", hue="h", backend=b),
    lambda b: plot.lines(pd.DataFrame({"x": [1.0], "y": [np.nan]}), x="x", y="y", backend=b),
    lambda b: plot.ccdf(empty("degree", "ccdf", "fit"), backend=b),
    lambda b: plot.distribution(empty("left", "right", "density"), backend=b),
    lambda b: plot.disk(empty("x", "y", "degree", "population", "label"), empty("x", "y"), backend=b),
    lambda b: plot.matrix(empty("row", "column"), backend=b),
    lambda b: plot.points(empty("x", "y"), x="x", y="y", backend=b),
]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_no_data_is_said(kind: int, backend: str) -> None:
    assert "no data" in texts(KINDS[kind](backend))


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_empty_panel_among_others(backend: str) -> None:
    table = pd.DataFrame({"x": [1.0, 1.0], "y": [2.0, math.nan], "p": ["full", "hollow"]})
    assert texts(plot.lines(table, x="x", y="y", panel="p", backend=backend)).count("no data") == 1


@pytest.mark.parametrize(
    ("table", "options", "error", "message"),
    [
        ({"x": [1.0]}, {}, ValueError, r"lacks the column\(s\) 'y'; it has 'x'"),
        ({"x": [1.0], "y": ["a"]}, {}, TypeError, "'y' must hold numbers"),
        ({"x": [1.0], "y": [math.inf]}, {}, ValueError, "infinite"),
        ({"x": [0.0], "y": [1.0]}, {"log": "x"}, ValueError, "no place on a log axis"),
        ({"x": [1.0], "y": [1.0]}, {"log": "z"}, ValueError, "log must be one of"),
        ({"x": [1.0], "y": [1.0]}, {"low": "y"}, ValueError, "both or neither"),
        ({"x": [1.0], "y": [1.0]}, {"backend": "bokeh"}, ValueError, "backend must be one of"),
        ({"x": [1.0], "y": [1.0]}, {"mode": "sepia"}, ValueError, "mode must be one of"),
        ({"x": [1.0], "y": [1.0]}, {"columns": 0}, ValueError, "columns must be at least 1"),
        ({"x": [1.0], "y": [1.0], "h": ["a"]}, {"hue": "h", "order": ["b"]}, ValueError, "order leaves out"),
    ],
)
def test_errors_explain(table: Any, options: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        plot.lines(pd.DataFrame(table), x="x", y="y", **options)


def test_other_errors_explain() -> None:
    with pytest.raises(TypeError, match="pandas DataFrame"):
        plot.lines({"x": [1]}, x="x", y="x")  # type: ignore[arg-type]
    outside = pd.DataFrame({"x": [1.2], "y": [0.0], "degree": 1, "population": "a", "label": "a"})
    with pytest.raises(ValueError, match="unit disk"):
        plot.disk(outside, empty("x", "y"))
    with pytest.raises(ValueError, match="left < right"):
        plot.distribution(pd.DataFrame({"left": [1.0], "right": [1.0], "density": [1.0]}))
    with pytest.raises(ValueError, match="bin the matrix"):
        plot.matrix(pd.DataFrame({"row": [0.0, 1, 5000], "column": [0.0, 1, 5000], "value": 1.0}))


HOSTILE = ["$x$ $\\frac{", "_hidden", "<b>bold</b>", "%{y}", "a\nb\x00c", "</script>", "x" * 300]


@pytest.mark.parametrize("backend", BACKENDS)
def test_hostile_names_are_only_names(backend: str) -> None:
    table = pd.DataFrame({"x": 1.0, "y": range(len(HOSTILE)), "h": HOSTILE})
    figure = plot.lines(table, x="x", y="y", hue="h", panel="h", title="$", backend=backend)
    if backend == "plotly":
        assert "<b>bold" not in figure.data[2].name
        assert "%{y}" not in figure.data[3].hovertemplate.split("<br>")[0]
        assert "$" not in figure.data[0].name  # plotly would look for MathJax
        assert max(len(t.name) for t in figure.data) < 80
    else:
        figure.canvas.draw()
        names = [t.get_text() for t in figure.legends[0].get_texts()]
        assert names[1].strip() == "_hidden"
        assert len(names) == len(HOSTILE)
