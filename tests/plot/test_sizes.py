"""Figures for journals: width, type, letters, and text that stays text, for every kind of figure."""

import re
import subprocess
import sys
from functools import cache

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from netsci import plot
from tests.plot import svg, tables
from tests.plot.test_drawn import LOOK, scattered
from tests.plot.test_rasters import FIGURES

WIDTHS = {"column": 3.5, "page": 7.2}
LONG = "a network with two convolutions, simulated"


def many(table: pd.DataFrame, count: int = 4) -> pd.DataFrame:
    """The table once a panel, with names as long as real ones."""
    names = [f"panel {number}, {LONG}" for number in range(count)]
    return pd.concat([table.assign(panel=name) for name in names], ignore_index=True)


def measured() -> pd.DataFrame:
    of = [
        ("accuracy", "%", 97.0),
        ("operations a sample", "", 2e4),
        ("energy", "mJ", 3e-4),
        ("I(W)", "1", 0.3),
    ]
    return pd.DataFrame(
        [
            {"row": f"{place}, {LONG}", "measure": name, "unit": unit, "value": value * k, "who": who}
            for name, unit, value in of
            for place, k in (("MNIST", 1.0), ("CIFAR-10", 2.3))
            for who, k in (("measured", k), ("printed", 1.1 * k))
        ]
    )


KINDS = {
    "lines": lambda **k: plot.lines(
        many(tables.lines()).assign(caption=f"Means of three seeds of {LONG}."),
        **{"x": "x", "y": "y", "hue": "hue", "panel": "panel", "low": "low", "high": "high"},
        **{"title": "A title", "labels": {"y": "a quantity of a long name that no axis has room for (%)"}},
        **k,
    ),
    "scatter": lambda **k: plot.scatter(many(scattered(), 2), panel="panel", **LOOK, **k),
    "ccdf": lambda **k: plot.ccdf(many(tables.ccdf()), hue="side", panel="panel", **k),
    "distribution": lambda **k: plot.distribution(many(tables.bins(), 2), panel="panel", log="", **k),
    "disk": lambda **k: plot.disk(many(tables.disk_nodes()), many(tables.disk_arcs()), panel="panel", **k),
    "spy": lambda **k: plot.matrix(many(tables.links(), 2), panel="panel", shapes=(3, 5), **k),
    "cells": lambda **k: plot.matrix(many(tables.links().assign(value=[1.0, 2, 3]), 3), panel="panel", **k),
    "points": lambda **k: plot.points(
        many(tables.seeds(), 3), x="method", y="accuracy", low="low", high="high", panel="panel", **k
    ),
    "points sideways": lambda **k: plot.points(
        many(tables.seeds(), 2), x="accuracy", y="method", hue="method", panel="panel", **k
    ),
    "measures": lambda **k: plot.measures(measured(), y="row", hue="who", log=["energy"], **k),
    "raster": lambda **k: FIGURES["raster"]("matplotlib", **k),
    "firing_rates": lambda **k: FIGURES["rates"]("matplotlib", **k),
    "operations": lambda **k: FIGURES["operations"]("matplotlib", **k),
}


@cache
def drawn(kind: str, size: str):
    """A figure and its SVG, drawn once for the tests that only read them."""
    figure = KINDS[kind](size=size)
    return figure, plot.save_svg(figure)


NEITHER = {"ball", "figure_size", "save_pdf", "save_svg"}  # a ball is drawn for pages alone


def test_every_public_figure_is_here():
    kinds = {name.split()[0] for name in KINDS} - {"spy", "cells"} | {"matrix"}
    assert kinds == set(plot.__all__) - NEITHER


@pytest.mark.parametrize("size", WIDTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_figures_fit_a_journal(kind, size):
    figure, bytes_ = drawn(kind, size)
    assert svg.width(bytes_) == pytest.approx(WIDTHS[size], abs=1e-3)
    texts = svg.texts(bytes_)
    assert min(text.size for text in texts) >= 7
    panels = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
    letters = [text.words for text in texts if text.bold and len(text.words) == 1]
    assert letters == (list("abcdefg"[: len(panels)]) if len(panels) > 1 else [])
    tops = {text.words: text.at for text in texts if text.bold and len(text.words) == 1}
    height = figure.get_figheight() * 72
    for letter, ax in zip(letters, panels, strict=False):
        box = ax.get_position()
        x, y = tops[letter]
        assert x < 72 * WIDTHS[size] * box.x0 + 1  # at the left of the axes
        assert y < height * (1 - box.y1)  # and above them


@pytest.mark.parametrize("size", ["screen", *WIDTHS])
@pytest.mark.parametrize("kind", KINDS)
def test_text_is_text_in_families_that_machines_have(kind, size):
    texts = svg.texts(drawn(kind, size)[1])
    assert texts
    for text in texts:
        assert text.family.endswith("sans-serif")
        for family in ("Arial", "Liberation Sans", "DejaVu Sans"):
            assert family in text.family


def shown_texts(ax):
    """Texts of an axes that are drawn: ticks beyond its ends are not."""
    texts = [ax._left_title, *ax.texts]
    if not ax.axison:
        return texts
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        texts += [
            tick.label1
            for tick in axis.get_major_ticks()
            if low <= tick.get_loc() <= high and tick.label1.get_visible()
        ]
        texts += [tick.label2 for tick in axis.get_major_ticks() if tick.label2.get_visible()]
    return [*texts, ax.xaxis.label, ax.yaxis.label]


@pytest.mark.parametrize("size", WIDTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_texts_of_a_journal_overlap_in_no_family(kind, size):
    """Boxes are those of the widest family: others leave more room."""
    figure, _ = drawn(kind, size)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    shown = [text for ax in figure.axes for text in shown_texts(ax)]
    shown += [text for legend in figure.legends for text in legend.get_texts()]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in shown if text.get_text()]
    width, height = canvas.get_width_height()
    for i, (words, box) in enumerate(boxes):
        assert box.x0 > -1, words
        assert box.y0 > -1, words
        assert box.x1 < width + 1, words
        assert box.y1 < height + 1, words
        for other, taken in boxes[:i]:
            apart = box.padded(-1.0).overlaps(taken.padded(-1.0))
            assert not apart, f"{words!r} over {other!r}"


def test_screens_have_no_letters_and_their_own_width():
    texts = svg.texts(plot.save_svg(KINDS["lines"]()))
    assert not [text for text in texts if text.bold and len(text.words) == 1]
    plotly = KINDS["lines"](backend="plotly")
    assert plotly.layout.width is None
    assert not any(note.text == "<b>a</b>" for note in plotly.layout.annotations)


@pytest.mark.parametrize("size", WIDTHS)
def test_plotly_has_the_same_width_and_letters(size):
    figure = KINDS["lines"](size=size, backend="plotly")
    assert figure.layout.width == round(96 * WIDTHS[size])
    letters = [note.text for note in figure.layout.annotations if re.fullmatch("<b>.</b>", note.text)]
    assert letters == ["<b>a</b>", "<b>b</b>", "<b>c</b>", "<b>d</b>"]
    alone = plot.lines(tables.lines(), x="x", y="y", hue="hue", size=size, backend="plotly")
    assert not any(note.text == "<b>a</b>" for note in alone.layout.annotations)


def test_many_panels_have_two_letters():
    table = pd.DataFrame({"x": 1.0, "y": 1.0, "panel": range(28)})
    texts = svg.texts(plot.save_svg(plot.lines(table, x="x", y="y", panel="panel", size="page")))
    bold = [text.words for text in texts if text.bold]
    assert bold[:2] == ["a", "b"]
    assert bold[25:] == ["z", "aa", "ab"]


def test_pdf_is_deterministic_and_holds_its_fonts():
    code = (
        "import sys; from netsci.plot import save_pdf; from tests.plot.test_sizes import KINDS; "
        "sys.stdout.buffer.write(save_pdf(KINDS['measures'](size='column')))"
    )
    first, second = (
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            timeout=120,
            capture_output=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    )
    assert first.startswith(b"%PDF-")
    assert first == second
    assert b"Date" not in first
    assert b"/FontFile2" in first  # TrueType
    assert b"/Type3" not in first
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", first)
    assert box
    assert float(box[1]) == pytest.approx(72 * 3.5)


def test_pdf_takes_matplotlib_figures_alone():
    with pytest.raises(TypeError, match="save_pdf takes a matplotlib Figure; got Figure"):
        plot.save_pdf(KINDS["lines"](backend="plotly"))


@pytest.mark.parametrize("kind", KINDS)
def test_sizes_show_the_same_values(kind):
    def values(figure):
        lines = [np.nan_to_num(line.get_xydata(), nan=-1.0) for ax in figure.axes for line in ax.lines]
        return np.concatenate([np.zeros((0, 2)), *lines])

    first, second = drawn(kind, "column")[0], drawn(kind, "page")[0]
    np.testing.assert_array_equal(values(first), values(second))


def test_a_figure_that_names_no_size_takes_that_of_the_block():
    def width() -> float:
        return plot.lines(tables.lines(), x="x", y="y", hue="hue", backend="matplotlib").get_figwidth()

    screen = width()
    with plot.figure_size("page"):
        assert width() == pytest.approx(7.2)
        with plot.figure_size("column"):
            assert width() == pytest.approx(3.5)
            kept = plot.lines(tables.lines(), x="x", y="y", hue="hue", backend="matplotlib", size="page")
            assert kept.get_figwidth() == pytest.approx(7.2)
        assert width() == pytest.approx(7.2)
    assert width() == screen
    with pytest.raises(ValueError, match="size must be one of"), plot.figure_size("poster"):
        pass


def test_titles_with_letters_of_their_own_get_no_others():
    drawn = {}
    for names in (["(a) one", "(b) two"], ["one", "two"]):
        table = pd.concat([tables.lines().assign(panel=name) for name in names])
        figure = plot.lines(table, x="x", y="y", hue="hue", panel="panel", size="page", backend="matplotlib")
        drawn[names[0]] = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert {"a", "b"} <= set(drawn["one"])
    assert not {"a", "b"} & set(drawn["(a) one"])
