"""S0's exhibits are drawn and described at every scale, from made-up records."""

import io

import pytest

from analysis.engine import make
from analysis.engine.drawing import OURS, PRINTED
from analysis.engine.entries import compare_entries
from analysis.engine.exhibit import say_verdict
from analysis.engine.store import load_tables, save_tables
from analysis.s0.competitors import CHOSEN
from tests.analysis.s0.made import DESK, stored

WAITING = () if CHOSEN else ("s0-competitors",)  # for its rates
EMPTY = ("s0-table11", "s0-table12", "s0-table13", "s0-table16")


@pytest.mark.parametrize("scale", ["smoke", "desk", "paper"])
@pytest.mark.parametrize("id_", DESK)
def test_exhibits_are_drawn_and_described(id_, scale, tmp_path):
    exhibit, tables = stored(id_, scale, tmp_path)
    page = make.make_page(exhibit, tables, tmp_path)
    figure = page.figure("plotly")
    assert (len(figure.data) > 0) == (bool(exhibit.cells) or scale != "smoke")
    assert 0 < len(page.verdict.split()) <= 25
    assert "nan" not in page.verdict
    assert exhibit.needs == ("NETSCI_DATA" if exhibit.cells and scale != "smoke" else None)
    assert (exhibit.seconds is not None) == (bool(exhibit.cells) and scale != "smoke")
    if exhibit.seconds:
        assert all(exhibit.seconds(cell) > 0 for cell in exhibit.cells)
    if scale == "desk":
        svg = io.BytesIO()
        page.figure("matplotlib").savefig(svg, format="svg")
        assert b"<path" in svg.getvalue()
        assert "smoke" not in (page.title + page.caption).lower()
    if scale == "smoke":  # never passes for the paper
        assert "smoke scale" in page.title
        assert page.verdict.startswith("Smoke scale, on digits")
        assert page.note == ""
        shown = figure.layout.title.text or figure.layout.legend.title.text
        assert "smoke scale: digits" in str(shown)
        assert not any(trace.name and "printed" in trace.name for trace in figure.data)
        if exhibit.printed:
            assert exhibit.summarise(tables)[["printed", "difference"]].isna().all(axis=None)


@pytest.mark.parametrize("id_", [id_ for id_, exhibit in DESK.items() if exhibit.printed])
def test_where_nothing_was_run_the_printed_values_are_drawn(id_, tmp_path):
    """Either since none of it can be, or since none of its runs is finished: all that is printed is shown."""
    planned = DESK[id_]
    assert (id_ in (*EMPTY, *WAITING)) == (planned.cells == ())
    exhibit = make.drop_unfinished(planned, tmp_path)
    assert exhibit.cells == ()
    save_tables(exhibit, exhibit.tabulate({}), {}, tmp_path)
    tables = load_tables(exhibit, tmp_path)  # from files, where a column of empty texts comes back as NaN
    assert compare_entries(tables)["note"].map(type).eq(str).all()
    assert say_verdict(exhibit, tables) == "None of it was run here; the table says why."
    so_far = f"So far 0 of {len(planned.cells)} planned" in " ".join(exhibit.deviations)
    assert so_far == (planned.cells != ())
    if id_ in EMPTY:
        figure = exhibit.draw(tables, "plotly")
        assert all(PRINTED in trace.name for trace in figure.data if trace.name)
        drawn = sum(
            len(t.x) for t in figure.data if t.mode in ("markers", "lines+markers") and t.marker.symbol
        )
        assert drawn == exhibit.summarise(tables)["printed"].notna().sum()


@pytest.mark.parametrize("id_", ["s0-table1", "s0-table5", "s0-table10", "s0-figure3"])
def test_printed_and_run_differ_without_colour(id_, tmp_path):
    exhibit, tables = stored(id_, "desk", tmp_path)
    marked = [t for t in exhibit.draw(tables, "plotly").data if t.marker.symbol and t.name]
    hollow = {t.name for t in marked if str(t.marker.symbol).endswith("-open")}
    filled = {t.name for t in marked} - hollow
    assert hollow
    assert filled
    assert all(PRINTED in name for name in hollow)
    assert all(OURS in name for name in filled)


def test_no_two_measures_share_an_axis(tmp_path):
    """Every panel of dots is of one measure; energy and operations have logarithmic axes of their own."""
    for id_, measures in (("s0-figure3", 3), ("s0-table2", 5)):
        exhibit, tables = stored(id_, "desk", tmp_path)
        axes = exhibit.draw(tables, "matplotlib").axes
        labels = [a.get_xlabel() for a in axes if a.get_visible() and a.get_xlabel()]
        assert len(labels) == len(set(labels)) >= measures
        scales = {a.get_xlabel(): a.get_xscale() for a in axes}
        assert scales["energy (mJ)"] == "log"
        assert scales["accuracy (%)"] == "linear"


def test_figure_2_has_the_printed_points_of_all_methods(tmp_path):
    exhibit, tables = stored("s0-figure2", "desk", tmp_path)
    figure = exhibit.draw(tables, "plotly")
    names = {trace.name for trace in figure.data}
    assert names == {"Grad R", "DPAP", "SD-SNN", "CH-SNN, printed", "CH-SNN, this library"}
    first = next(t for t in figure.data if t.name == "SD-SNN")
    assert {(x, y) for x, y in zip(first.x, first.y, strict=True) if y == y} == {(45.86, 0.09), (49.83, 0.14)}
