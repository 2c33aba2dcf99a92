"""The catalogue, and the command that makes it: files, options, what takes hours, what is committed."""

import json
import math
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis import figures
from analysis.engine import agreement, digits_runs, make
from analysis.engine.agreement import Outcome
from analysis.engine.exhibit import say_verdict
from analysis.engine.site import in_order, scoreboard
from analysis.engine.store import load_tables, save_tables
from analysis.engine.training import TASK
from netsci.sweep import Cell, Record, find_record, load_record, record_path
from tests.analysis.committed import EXHIBITS, RESULTS, tables_of
from tests.analysis.digits.test_digits import SMALL as LEARNING
from tests.plot import svg

PARAMETERS = digits_runs.PARAMETERS
SMALL = {**LEARNING, "epochs": 4}  # what is drawn need not be learnt
SMOKE = ["--scale", "smoke"]
WIDE = {"COLUMNS": "200"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Every exhibit, from small networks and S0's smoke scale, in an empty folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digits_runs, "PARAMETERS", SMALL)
        patch.delenv("NETSCI_DATA", raising=False)  # what needs data is skipped
        folder = tmp_path_factory.mktemp("made")
        result = CliRunner().invoke(figures.app, [*SMOKE, "--out", str(folder), "--jobs", "1"], env=WIDE)
        assert result.exit_code == 0, result.output
        yield folder, result.output


def sources(cells):
    """The cells whose networks others convert or prune, and theirs."""
    found = {dict(cell.aside).get(name) for cell in cells for name in ("source", "dense")} - {None}
    return found | sources(found) if found else found


def test_every_exhibit_leaves_its_files(made):
    folder, output = made
    catalogue = figures.catalogue(scale="smoke")
    run = {cell for exhibit in catalogue if not exhibit.needs for cell in exhibit.cells}
    run |= sources(run)
    assert len(list((folder / "results/runs").iterdir())) == len(run) > 9
    for exhibit in catalogue:
        here = folder / "figures" / exhibit.id
        if exhibit.needs:
            assert f"{exhibit.id}: skipped, {exhibit.needs} is not set" in output
            assert not here.exists()
            continue
        wanted = {"figure.svg", "figure.html", "table.csv", "provenance.json"}
        wanted |= {"rulings.csv"} if exhibit.claims else set()
        assert wanted <= {path.name for path in here.iterdir()}
        assert (here / "figure.svg").read_text().lstrip().startswith("<?xml")
        tables = load_tables(exhibit, folder / "results")
        assert f"{exhibit.id}: {say_verdict(exhibit, tables)}\n" in output
        shown = pd.read_csv(here / "table.csv")  # what is shown is what is stored
        pd.testing.assert_frame_equal(shown, exhibit.summarise(tables), rtol=1e-4, check_dtype=False)
    assert output.rstrip().endswith(str(folder / "figures/index.html"))


def test_a_second_run_trains_nothing_and_draws_the_same(made, monkeypatch, tmp_path):
    folder = tmp_path / "again"  # others read the runs
    shutil.copytree(made[0], folder, ignore=shutil.ignore_patterns("*.html"))
    monkeypatch.setattr(digits_runs, "PARAMETERS", SMALL)
    monkeypatch.delenv("NETSCI_DATA", raising=False)
    drawn = {path: path.read_bytes() for path in folder.glob("figures/*/*.*") if path.suffix != ".html"}
    for path in (folder / "results/runs").iterdir():
        path.unlink()
    result = CliRunner().invoke(figures.app, [*SMOKE, "--out", str(folder), "--format", "svg"])
    assert result.exit_code == 0
    assert not list((folder / "results/runs").iterdir())
    assert {path: path.read_bytes() for path in drawn} == drawn


def test_agreement_sees_a_missing_run_and_a_changed_number(made, monkeypatch, tmp_path):
    folder, _ = made
    monkeypatch.setattr(digits_runs, "PARAMETERS", SMALL)
    exhibit = figures.catalogue()[0]
    # That a run made anew has the same numbers is tested where it is trained: here its records are copied.
    for cell in exhibit.cells:
        target = record_path(tmp_path / "results", cell)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(find_record(folder / "results", cell), target)
    fresh = CliRunner().invoke(figures.app, ["--out", str(tmp_path), "--only", exhibit.id, "--format", "svg"])
    assert fresh.exit_code == 0, fresh.output
    committed = folder / "results"

    def check():
        return agreement.check(exhibit, tmp_path / "results", committed)

    assert check() == Outcome(True)
    results = tmp_path / "results"
    tables = load_tables(exhibit, results)
    tables["table"].loc[tables["table"]["measure"] == "accuracy", "value"] -= 0.5
    save_tables(exhibit, tables, {cell: load_record(results, cell) for cell in exhibit.cells}, results)
    found = check()
    assert not found.same
    assert "accuracy" in "\n".join(found.problems)
    next((tmp_path / "results/runs").iterdir()).unlink()
    assert check().problems == ("of 9 runs 1 not made anew",)
    monkeypatch.setattr(agreement, "LONGEST", -agreement.LONGEST)
    assert check().problems == ("of 9 runs 9 not made anew",)


def test_one_exhibit_drawn_anew_leaves_the_rows_of_all_others(monkeypatch, tmp_path):
    """Also of those whose runs are not all finished."""
    monkeypatch.setattr(digits_runs, "PARAMETERS", PARAMETERS)  # not those of `made`
    monkeypatch.setattr(make, "run_cells", None)  # no run starts
    shutil.copytree(RESULTS, tmp_path / "results")
    words = ["--out", str(tmp_path), "--format", "svg", "--only", "s0-table7"]
    result = CliRunner().invoke(figures.app, words, env=WIDE)
    assert result.exit_code == 0, result.output
    assert [path.name for path in (tmp_path / "figures").iterdir() if path.is_dir()] == ["s0-table7"]
    assert (tmp_path / "figures/README.md").read_text() == (figures.ROOT / "figures/README.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "nothing"], "nothing is none of digits-accuracy"),
        (["--format", "gif"], "gif is none of svg, html, pdf"),
        (["--seed", "4"], "give others a folder"),
        (["--scale", "smoke"], "give others a folder"),
        (["--scale", "paper"], "give others a folder"),
        (["--scale", "tiny"], "is none of smoke, desk, paper"),
    ],
)
def test_wrong_options_are_explained(arguments, message):
    result = CliRunner().invoke(figures.app, arguments, env=WIDE)
    assert result.exit_code == 2
    assert message in result.output


def test_what_takes_hours_is_made_only_when_asked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("NETSCI_DATA", str(tmp_path))
    arguments = ["--out", str(tmp_path), "--format", "svg", "--only"]
    result = CliRunner().invoke(figures.app, [*arguments, "s0-stp-grid"], env=WIDE)
    assert result.exit_code == 0
    taken = (6 * 200 + 6 * 85) * 5 / 5 / 3600  # six rates, five epochs, a fifth of the images
    said = f"12 of 12 runs are not finished (about {taken:.1f} hours of one core); --long makes them"
    assert f"s0-stp-grid: skipped, {said}" in result.output
    assert not (tmp_path / "results").exists()
    asked = []
    monkeypatch.setattr(make, "run_cells", lambda cells, *_, **__: asked.extend(cells) or {})
    CliRunner().invoke(figures.app, [*arguments, "s0-stp-grid", "--long"])
    (exhibit,) = (e for e in figures.catalogue() if e.id == "s0-stp-grid")
    assert asked == list(exhibit.cells)


def test_a_printed_table_is_shown_before_any_run(monkeypatch, tmp_path):
    monkeypatch.delenv("NETSCI_DATA", raising=False)
    result = CliRunner().invoke(figures.app, ["--out", str(tmp_path), "--only", "s0-table7"], env=WIDE)
    assert result.exit_code == 0, result.output
    assert "s0-table7: 5 of 5 runs are not finished (about 0.1 hours" in result.output
    shown = pd.read_csv(tmp_path / "figures/s0-table7/table.csv")
    assert len(shown) == 20
    assert shown["mean"].isna().all()
    assert set(shown.loc[shown["row"] == "MNIST", "reason"]) == {"its run is not finished"}
    rulings = pd.read_csv(tmp_path / "figures/s0-table7/rulings.csv")
    assert rulings["holds"].tolist() == ["not run"] * 2


def test_an_exhibit_of_long_runs_shows_those_that_are_finished(tmp_path):
    cells = tuple(Cell.of(TASK, version=2, data="d", kept=True, seed=s) for s in (0, 1))
    whole = replace(figures.catalogue()[0], cells=cells, seconds=lambda cell: 1.0)
    Record({}, {}).save(record_path(tmp_path, cells[1]))
    exhibit = make.drop_unfinished(whole, tmp_path)
    assert exhibit.cells == cells[1:]
    assert exhibit.deviations == (*whole.deviations, "So far 1 of 2 planned runs are finished.")
    assert make.drop_unfinished(replace(whole, seconds=None), tmp_path).cells == cells
    Record({}, {}).save(record_path(tmp_path, cells[0]))
    assert make.drop_unfinished(whole, tmp_path) is whole


def test_what_is_missing_and_needs_a_gpu(tmp_path):
    exhibit = replace(figures.catalogue()[0], seconds=lambda cell: math.inf if cell["seed"] else 7200.0)
    assert "(about 6.0 hours of one core, 6 need a GPU)" in make.describe_unfinished(exhibit, tmp_path)
    alone = replace(exhibit, cells=exhibit.cells[-1:])
    assert "1 of 1 runs are not finished (1 needs a GPU)" in make.describe_unfinished(alone, tmp_path)
    assert make.describe_unfinished(replace(exhibit, seconds=None), tmp_path) == ""


COMMITTED = list(EXHIBITS.values())  # before a fixture makes the runs small


def test_the_committed_scoreboard_is_that_of_the_committed_results():
    pages = []
    for exhibit in COMMITTED:
        tables = load_tables(make.drop_unfinished(exhibit, RESULTS), RESULTS)
        pages.append(make.make_page(exhibit, tables, RESULTS))
    told = (
        "figures/README.md is of other results: draw it anew with `python -m analysis.figures --format svg`"
    )
    assert (figures.ROOT / "figures/README.md").read_text() == scoreboard(in_order(pages)), told


def test_list_names_every_exhibit():
    output = CliRunner().invoke(figures.app, ["--list"]).output
    assert [line.split("\t")[0] for line in output.splitlines()] == [e.id for e in figures.catalogue()]


def test_drawing_needs_no_torch():
    code = (
        "import sys; from analysis import figures; e = figures.catalogue()[0]; "
        "from analysis.engine.store import load_tables; "
        "t = load_tables(e, figures.ROOT / 'analysis/results'); e.draw(t, 'matplotlib'); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=figures.ROOT, check=False).returncode == 0


@pytest.mark.parametrize("exhibit", EXHIBITS.values(), ids=EXHIBITS)
def test_committed_results_and_figures_belong_together(exhibit):
    """What is committed was made from the cells that the code declares, and drawn from these results."""
    tables = tables_of(exhibit.id)
    assert tables is not None
    assert {"seed", "measure", "value", "unit"} <= set(tables["table"].columns)
    here = figures.ROOT / "figures" / exhibit.id
    source = json.loads((RESULTS / exhibit.id / "provenance.json").read_text())
    assert source == json.loads((here / "provenance.json").read_text())
    for name, made in (("table", exhibit.summarise(tables)), ("rulings", exhibit.rulings(tables))):
        shown = pd.read_csv(here / f"{name}.csv", keep_default_na=name == "table")
        if name == "rulings":  # numbers are written as printed, so they are compared as texts
            made = made.astype({"printed": str, "ours": str})
            assert (
                shown[["claim", "holds", "printed", "ours"]]
                .astype(str)
                .equals(made[["claim", "holds", "printed", "ours"]])
            )
        else:
            pd.testing.assert_frame_equal(shown, made, rtol=1e-4, check_dtype=False)
    page = make.make_page(exhibit, tables, RESULTS)
    assert len(page.verdict) > 30
    assert page.figure("plotly").data
    assert page.figure("matplotlib").axes


def test_what_is_packed_holds_all_that_an_exhibit_reads():
    project = tomllib.loads((figures.ROOT / "pyproject.toml").read_text())
    assert "analysis" in project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    ignored = (figures.ROOT / ".gitignore").read_text().split()
    endings = {path.suffix for path in Path(figures.ROOT / "analysis").rglob("*") if path.is_file()}
    assert {".py", ".json", ".toml", ".md", ".csv"} <= endings
    assert not {f"*{ending}" for ending in (".json", ".toml", ".md", ".csv")} & set(ignored)


def test_the_catalogue_stands_above_the_papers_and_they_above_the_engine():
    """The contract of pyproject names every paper that there is; S2 stands on the recipes of S1."""
    project = tomllib.loads((figures.ROOT / "pyproject.toml").read_text())
    (layers,) = (
        c["layers"]
        for c in project["tool"]["importlinter"]["contracts"]
        if "analysis.figures" in c.get("layers", ())
    )
    papers = {path.parent.name for path in (figures.ROOT / "analysis").glob("*/exhibits.toml")}
    first, *between, last = layers
    assert set(re.findall(r"analysis\.(\w+)", " ".join(between))) == papers
    assert between[0] == "analysis.s2"
    assert not any(":" in layer for layer in between)  # a bar keeps neighbours apart, a colon would not
    assert (first, last) == ("analysis.figures", "analysis.engine")


def test_a_cluster_that_is_none_is_told_in_a_line(tmp_path):
    words = [*SMOKE, "--only", "digits-degrees", "--out", str(tmp_path), "--cluster", "sge"]
    result = CliRunner().invoke(figures.app, words)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("cluster must be local, tcp://HOST:PORT, or slurm:")
    assert not list(tmp_path.rglob("*.npz"))


def test_runs_that_another_exhibit_made_leave_a_row_on_the_scoreboard(tmp_path):
    """Figure 3 shares runs of Tables 2 and 4: more of them are there than their stored tables have."""
    shutil.copytree(RESULTS, tmp_path / "results")
    exhibit, results = EXHIBITS["s0-table2"], tmp_path / "results"
    hidden = record_path(results, exhibit.cells[0]).with_suffix(".hidden")
    record = find_record(results, exhibit.cells[0])
    record.rename(hidden)
    pages = figures.make_pages(list(EXHIBITS.values()), ["s0-table2"], results, 1)
    assert "s0-table2" in {page.id for page in pages}
    hidden.rename(record)
    pages = {
        page.id: page for page in figures.make_pages(list(EXHIBITS.values()), ["s1-figure3"], results, 1)
    }
    assert list(pages) == list(EXHIBITS)
    assert "So far 5 of 6 planned runs are finished." in pages["s0-table2"].deviations
    pages = figures.make_pages(list(EXHIBITS.values()), ["s0-table2"], results, 1)
    assert "So far" not in str([page.deviations for page in pages if page.id == "s0-table2"])


@pytest.mark.parametrize("id_", list(EXHIBITS))
def test_committed_figures_are_as_a_journal_takes_them(id_):
    drawn = (figures.ROOT / "figures" / id_ / "figure.svg").read_bytes()
    assert svg.width(drawn) == pytest.approx(7.2, abs=1e-3)
    assert min(text.size for text in svg.texts(drawn)) >= 7.0
    assert "(no unit)" not in drawn.decode()
