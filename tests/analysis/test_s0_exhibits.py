"""S0's exhibits drawn from made-up records, and a few really run at the smoke scale."""

import io

import pytest

from analysis import figures, s0_chsnn, s0_data
from analysis.agreement import last_epoch
from analysis.engine.sweep import run_cells
from analysis.runs import load_tables, save_tables
from analysis.s0_style import OURS, PRINTED
from analysis.statistics import disagreements
from tests.analysis.s0_made import record

with pytest.MonkeyPatch.context() as everything:
    everything.setattr(s0_data, "at_hand", lambda name: True)  # the paper scale with all data there
    SCALES = {scale: {e.id: e for e in s0_chsnn.exhibits(0, scale)} for scale in ("smoke", "desk", "paper")}
EMPTY = ("s0-table11", "s0-table12", "s0-table13", "s0-table16")
PRINTED_ONES = [id_ for id_, exhibit in SCALES["desk"].items() if exhibit.printed]
IDS = list(SCALES["desk"])


def made(id_: str, scale: str, folder):
    """An exhibit's tables from made-up records, written and read back."""
    exhibit = SCALES[scale][id_]
    records = {cell: record(cell) for cell in exhibit.cells}
    save_tables(exhibit, exhibit.tabulate(records), records, folder)
    tables = load_tables(exhibit, folder)
    assert tables is not None
    return exhibit, tables


def names(figure) -> set[str]:
    return {trace.name for trace in figure.data}


@pytest.mark.parametrize("id_", IDS)
def test_desk_exhibits_are_drawn_and_described(id_, tmp_path):
    exhibit, tables = made(id_, "desk", tmp_path)
    figure = exhibit.draw(tables, "plotly")
    assert len(figure.data) > 0
    svg = io.BytesIO()
    exhibit.draw(tables, "matplotlib").savefig(svg, format="svg")
    assert b"<path" in svg.getvalue()
    assert exhibit.verdict(tables).endswith(".")
    assert "nan" not in exhibit.verdict(tables)
    summary = exhibit.summarise(tables)
    assert len(summary) > 1
    assert "smoke" not in (exhibit.title + exhibit.caption).lower()
    assert "Scale: desk" in exhibit.caption or "grid" in id_
    same = last_epoch(tables["table"])
    assert disagreements(same, same).empty
    if "grid" not in id_:
        unexplained = summary[summary["mean"].isna() & summary["reason"].isna()]
        assert unexplained.empty


@pytest.mark.parametrize("id_", IDS)
def test_a_smoke_run_never_passes_for_the_paper(id_, tmp_path):
    exhibit, tables = made(id_, "smoke", tmp_path)
    assert "smoke scale" in exhibit.title
    assert "igits" in exhibit.caption or not exhibit.cells
    assert "moke scale" in exhibit.verdict(tables)
    figure = exhibit.draw(tables, "plotly")
    assert not any(name and ("printed" in name or name == "DPAP") for name in names(figure))
    shown = figure.layout.title.text or figure.layout.legend.title.text
    assert "smoke scale: digits" in shown
    if "grid" not in id_:
        assert exhibit.summarise(tables)["difference"].isna().all()
        assert exhibit.summarise(tables)["printed"].isna().all()
    assert exhibit.seconds is None
    assert exhibit.needs is None


@pytest.mark.parametrize("id_", IDS)
def test_the_paper_scale_says_so(id_, tmp_path):
    exhibit, tables = made(id_, "paper", tmp_path)
    assert "paper scale" in exhibit.title or "grid" in id_  # the grids are those of the desk
    assert exhibit.verdict(tables)
    assert len(exhibit.draw(tables, "plotly").data) > 0


@pytest.mark.parametrize("id_", PRINTED_ONES)
def test_where_nothing_was_run_the_printed_values_are_drawn(id_, tmp_path):
    """Either since none of it can be, or since none of its runs is finished: all that is printed is shown."""
    planned = SCALES["desk"][id_]
    assert (id_ in EMPTY) == (planned.cells == ()) == (planned.seconds is None)
    exhibit = figures.finished(planned, tmp_path)
    assert exhibit.cells == ()
    save_tables(exhibit, exhibit.tabulate({}), {}, tmp_path)
    tables = load_tables(exhibit, tmp_path)
    assert exhibit.verdict(tables).startswith("None of ")
    assert ("its run is not finished" in exhibit.verdict(tables)) == (id_ not in EMPTY)
    needs_gpu = "its run needs a GPU, and none was at hand" in exhibit.verdict(tables)
    assert needs_gpu == (id_ in ("s0-table1", "s0-table9", "s0-figure2"))
    assert (f"So far 0 of {len(planned.cells)} planned" in exhibit.caption) == (id_ not in EMPTY)
    assert "Filled symbols" not in exhibit.caption
    if id_ not in EMPTY:
        assert len(exhibit.draw(tables, "plotly").data) > 0
        return
    figure = exhibit.draw(tables, "plotly")
    assert all(name.endswith(PRINTED) for name in names(figure) if name)
    drawn = sum(len(trace.x) for trace in figure.data if trace.mode in ("markers", "lines+markers"))
    assert drawn == exhibit.summarise(tables)["printed"].notna().sum()


@pytest.mark.parametrize("id_", ["s0-table1", "s0-table5", "s0-table10", "s0-figure3"])
def test_printed_and_run_differ_without_colour(id_, tmp_path):
    exhibit, tables = made(id_, "desk", tmp_path)
    marked = [t for t in exhibit.draw(tables, "plotly").data if t.marker.symbol and t.name]
    hollow = {t.name for t in marked if t.marker.symbol.endswith("-open")}
    filled = {t.name for t in marked if not t.marker.symbol.endswith("-open")}
    assert hollow
    assert all(name.endswith(PRINTED) for name in hollow)
    assert filled
    assert all(name.endswith(OURS) for name in filled)
    dashed = [t for t in marked if t.mode == "lines+markers" and t.line.dash == "dash"]
    assert all(t.name in hollow for t in dashed)
    drawing = exhibit.draw(tables, "matplotlib")
    faces = {line.get_markerfacecolor() for line in drawing.legends[0].get_lines()}
    assert "white" in faces
    assert len(faces) > 1


def test_cells_that_were_not_run_are_not_drawn(tmp_path):
    exhibit, tables = made("s0-table3", "desk", tmp_path)
    figure = exhibit.draw(tables, "plotly")
    assert {a.text for a in figure.layout.annotations} == {"<b>MNIST</b>"}
    lines = {t.name: t for t in figure.data if t.mode == "lines+markers"}
    assert lines[PRINTED].x.tolist() == lines[OURS].x.tolist() == [0.0, 0.5, 1.0]
    assert lines[PRINTED].y.tolist() == [98.30, 98.40, 98.28]
    assert set(exhibit.summarise(tables)["row"]) == {"N-MNIST", "DVS-Gesture", "MNIST", "CIFAR-10"}


def test_energy_has_a_logarithmic_axis(tmp_path):
    for id_, panel in (("s0-figure3", 2), ("s0-table2", 5)):
        exhibit, tables = made(id_, "desk", tmp_path)
        figure = exhibit.draw(tables, "plotly")
        assert figure.layout.annotations[panel].text == "<b>energy (mJ)</b>"
        assert figure.layout[f"xaxis{panel + 1}"].type == "log"
        assert figure.layout.xaxis.type is None
        axes = exhibit.draw(tables, "matplotlib").axes
        assert [a.get_xscale() for a in axes] == ["linear"] * panel + ["log"]


def test_learning_rates_are_on_a_logarithmic_axis(tmp_path):
    exhibit, tables = made("s0-table5", "desk", tmp_path)
    assert exhibit.draw(tables, "matplotlib").axes[0].get_xscale() == "log"


def test_figure_2_has_the_printed_points_of_all_methods(tmp_path):
    exhibit, tables = made("s0-figure2", "desk", tmp_path)
    figure = exhibit.draw(tables, "plotly")
    assert [a.text for a in figure.layout.annotations] == [
        "<b>MNIST</b>",
        "<b>N-MNIST</b>",
        "<b>CIFAR-10</b>",
    ]
    assert names(figure) == {"Grad R", "DPAP", "SD-SNN", "CH-SNN, printed", "CH-SNN, this library"}
    first = next(t for t in figure.data if t.name == "SD-SNN")
    points = {(x, y) for x, y in zip(first.x, first.y, strict=True) if y == y}
    assert points == {(45.86, 0.09), (49.83, 0.14)}
    assert {t.mode for t in figure.data} == {"markers"}


def test_long_exhibits_need_data_and_time():
    for scale in ("desk", "paper"):
        for exhibit in SCALES[scale].values():
            assert (exhibit.seconds is not None) == bool(exhibit.cells)
            assert all(exhibit.seconds(cell) > 0 for cell in exhibit.cells)
            assert exhibit.needs == ("NETSCI_DATA" if exhibit.cells else None)


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """Three exhibits, really run at the smoke scale."""
    folder = tmp_path_factory.mktemp("smoke")
    made = {}
    for id_ in ("s0-table1", "s0-table2", "s0-table14"):
        exhibit = SCALES["smoke"][id_]
        records = run_cells(exhibit.cells, folder)
        save_tables(exhibit, exhibit.tabulate(records), records, folder)
        made[id_] = load_tables(exhibit, folder)
    return made


def test_smoke_runs_end_to_end(smoke):
    values = {id_: tables["table"].set_index(["row", "column"])["value"] for id_, tables in smoke.items()}
    one = values["s0-table1"]["mnist/2fc/ch-snn"]
    assert 0 <= one["accuracy_percent"] <= 100
    gain = one["accuracy_percent"] - one["dense_accuracy_percent"]
    assert one["accuracy_improvement_percent"] == pytest.approx(gain)
    assert 0 < one["link_sparsity_percent"] < 90  # the output layer is dense
    two = values["s0-table2"]
    for method in ("dense", "ch-snn"):
        row = two[f"mnist/3fc/{method}"]
        assert row["energy_mj"] == pytest.approx(1.5e-9 * row["sops"], rel=1e-5)
    assert two["mnist/3fc/dense"]["link_sparsity_percent"] == 0
    assert two["mnist/3fc/dense"]["sops"] > two["mnist/3fc/ch-snn"]["sops"] > 0
    kinds = values["s0-table14"]["mnist/dense"]
    mean = kinds.drop("rpdr_average").mean()
    assert kinds["rpdr_average"] == pytest.approx(mean, abs=1e-4)
