import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis import agreement, digits, figures
from analysis.engine.cells import Cell, Record, record_path
from analysis.runs import load_tables
from analysis.s0_plan import TASK
from tests.analysis.test_digits import SMALL
from tests.browser import chromium, visit

SEEDS = 3


SMOKE = ["--scale", "smoke"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Every exhibit, from small networks and S0's smoke scale, in an empty folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digits, "PARAMETERS", SMALL)
        patch.delenv("NETSCI_DATA", raising=False)  # what needs data is skipped
        folder = tmp_path_factory.mktemp("made")
        result = CliRunner().invoke(figures.app, [*SMOKE, "--out", str(folder), "--jobs", "1"])
        assert result.exit_code == 0, result.output
        yield folder, result.output


def test_every_exhibit_leaves_its_files(made):
    folder, output = made
    catalogue = figures.catalogue(scale="smoke")
    run = {cell for exhibit in catalogue if not exhibit.needs for cell in exhibit.cells}
    assert len(list((folder / "results/runs").iterdir())) == len(run) > 3 * SEEDS
    for exhibit in catalogue:
        here = folder / "figures" / exhibit.id
        if exhibit.needs:
            assert f"{exhibit.id}: skipped, {exhibit.needs} is not set" in output
            assert not here.exists()
            continue
        assert {path.name for path in here.iterdir()} == {
            "figure.svg",
            "figure.html",
            "table.csv",
            "provenance.json",
        }
        assert (here / "figure.svg").read_text().lstrip().startswith("<?xml")
        assert len(pd.read_csv(here / "table.csv")) > 1
        assert exhibit.id in output
    assert (folder / "figures/index.html").read_text().count("plotly.js v") == 1


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_pages_open_without_a_request_or_a_word(made, mode):
    folder, _ = made
    with chromium() as browser:
        for page in ("index.html", "digits-disk/figure.html", "s0-figure3/figure.html"):
            with visit(browser, folder / "figures" / page, mode=mode) as opened:
                opened.assert_silent()
                assert opened.page.locator("svg.main-svg").count() > 0


def test_a_second_run_trains_nothing_and_draws_the_same(made, monkeypatch):
    folder, _ = made
    monkeypatch.setattr(digits, "PARAMETERS", SMALL)
    monkeypatch.delenv("NETSCI_DATA", raising=False)
    drawn = {path: path.read_bytes() for path in folder.glob("figures/*/figure.svg")}
    for path in (folder / "results/runs").iterdir():
        path.unlink()
    result = CliRunner().invoke(figures.app, [*SMOKE, "--out", str(folder), "--format", "svg"])
    assert result.exit_code == 0
    assert not list((folder / "results/runs").iterdir())
    assert {path: path.read_bytes() for path in drawn} == drawn


def test_agreement_sees_a_missing_run_and_a_changed_number(made, monkeypatch, tmp_path):
    folder, _ = made
    monkeypatch.setattr(digits, "PARAMETERS", SMALL)
    exhibit = figures.catalogue()[0]
    fresh = CliRunner().invoke(figures.app, ["--out", str(tmp_path), "--only", exhibit.id, "--format", "svg"])
    assert fresh.exit_code == 0
    committed = folder / "results"
    assert agreement.check(exhibit, tmp_path / "results", committed) == (True, [])
    table = tmp_path / "results" / exhibit.id / "table.csv"
    text = pd.read_csv(table)
    text.loc[text["measure"] == "accuracy", "value"] -= 0.5
    text.to_csv(table, index=False)
    identical, problems = agreement.check(exhibit, tmp_path / "results", committed)
    assert not identical
    assert "accuracy" in "\n".join(problems)
    monkeypatch.setattr(agreement, "LONGEST", -agreement.LONGEST)
    assert "not made anew" in agreement.check(exhibit, tmp_path / "results", committed)[1][0]
    next((tmp_path / "results/runs").iterdir()).unlink()
    assert "no fresh run of 1 of 9" in agreement.check(exhibit, tmp_path / "results", committed)[1][0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "nothing"], "no exhibit nothing"),
        (["--format", "pdf"], "is not made of svg and html"),
        (["--seed", "4"], "give others a folder"),
        (["--scale", "smoke"], "give others a folder"),
        (["--scale", "paper"], "give others a folder"),
        (["--scale", "tiny"], "is none of smoke, desk, paper"),
    ],
)
def test_wrong_options_are_explained(arguments, message):
    result = CliRunner().invoke(figures.app, arguments, env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert message in result.output


def test_smoke_tables_are_told_from_the_papers(made):
    """What a smoke run leaves says so wherever it is read, and holds no printed value."""
    folder, output = made
    for exhibit in figures.catalogue(scale="smoke"):
        if exhibit.id.startswith("s0-"):
            verdict = exhibit.verdict(load_tables(exhibit, folder / "results"))
            assert f"{exhibit.id}: {verdict}" in output.replace("\n  ", "\n")
            assert "smoke scale" in (folder / "figures" / exhibit.id / "figure.html").read_text().lower()
            if "grid" not in exhibit.id:
                shown = pd.read_csv(folder / "figures" / exhibit.id / "table.csv")
                assert shown[["printed", "difference"]].isna().all(axis=None)


def test_tables_shown_are_those_that_are_stored(made):
    folder, _ = made
    for exhibit in figures.catalogue(scale="smoke"):
        if exhibit.id.startswith("s0-"):
            shown = pd.read_csv(folder / "figures" / exhibit.id / "table.csv")
            stored = exhibit.summarise(load_tables(exhibit, folder / "results"))
            pd.testing.assert_frame_equal(shown, stored, rtol=1e-4, check_dtype=False)


def test_what_takes_hours_is_made_only_when_asked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("NETSCI_DATA", str(tmp_path))
    arguments = ["--out", str(tmp_path), "--format", "svg", "--only"]
    result = CliRunner().invoke(figures.app, [*arguments, "s0-stp-grid"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    taken = (6 * 200 + 6 * 85) * 5 / 5 / 3600  # six rates, five epochs, a fifth of the images
    said = f"12 of 12 runs are not finished (about {taken:.1f} hours of one core); --long makes them"
    assert f"s0-stp-grid: skipped, {said}" in result.output
    assert not (tmp_path / "results").exists()
    asked = []
    monkeypatch.setattr(figures, "run_cells", lambda cells, *_, **__: asked.extend(cells) or {})
    CliRunner().invoke(figures.app, [*arguments, "s0-stp-grid", "--long"])
    (exhibit,) = (e for e in figures.catalogue() if e.id == "s0-stp-grid")
    assert asked == list(exhibit.cells)


def test_a_printed_table_is_shown_before_any_run(monkeypatch, tmp_path):
    monkeypatch.delenv("NETSCI_DATA", raising=False)
    arguments = ["--out", str(tmp_path), "--only", "s0-table7"]
    result = CliRunner().invoke(figures.app, arguments, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert "s0-table7: 5 of 5 runs are not finished (about 0.1 hours" in result.output
    shown = pd.read_csv(tmp_path / "figures/s0-table7/table.csv")
    assert len(shown) == 20
    assert shown["mean"].isna().all()
    assert set(shown.loc[shown["row"] == "MNIST", "reason"]) == {"its run is not finished"}
    page = (tmp_path / "figures/s0-table7/figure.html").read_text()
    assert "nothing of it was run. So far 0 of 5 planned runs are finished." in page


def test_an_exhibit_of_long_runs_shows_those_that_are_finished(tmp_path):
    cells = tuple(Cell.of(TASK, version=2, data="d", kept=True, seed=s) for s in (0, 1))
    whole = replace(figures.catalogue()[0], cells=cells, seconds=lambda cell: 1.0)
    Record({}, {}).save(record_path(tmp_path, cells[1]))
    exhibit = figures.finished(whole, tmp_path)
    assert exhibit.cells == cells[1:]
    assert exhibit.caption == f"{whole.caption} So far 1 of 2 planned runs are finished."
    named = replace(whole, captioned=lambda cells: f"{len(cells)} cells.")
    assert figures.finished(named, tmp_path).caption == "1 cells. So far 1 of 2 planned runs are finished."
    assert figures.finished(replace(whole, seconds=None), tmp_path).cells == cells
    Record({}, {}).save(record_path(tmp_path, cells[0]))
    assert figures.finished(whole, tmp_path) is whole


def test_what_is_missing_and_needs_a_gpu(tmp_path):
    exhibit = replace(figures.catalogue()[0], seconds=lambda cell: math.inf if cell["seed"] else 7200.0)
    assert "(about 6.0 hours of one core, 6 need a GPU)" in figures.unfinished(exhibit, tmp_path)
    alone = replace(exhibit, cells=exhibit.cells[-1:])
    assert "1 of 1 runs are not finished (1 needs a GPU)" in figures.unfinished(alone, tmp_path)
    assert figures.unfinished(replace(exhibit, seconds=None), tmp_path) == ""


def test_captions_and_pages_say_where_runs_were_made():
    run = {"seconds": 1.0, "commit": ["abc"], "versions": ["v"], "machine": ["m"]}
    source = {
        "cells": ["a", "b", "c"],
        "seeds": [0],
        "data": ["d"],
        "tabulated": {"commit": "t", "at": "now"},
    }
    old = source | {"run": run}
    assert figures.remarks(old) == []
    assert "devices of the runs" not in figures.block(old)
    new = source | {"run": run | {"device": {"GPU Z": 2, "cpu, 1 thread(s)": 1}, "changed": 2}}
    differed = "2 of 3 runs were made from a work tree that differed from its commit"
    assert figures.remarks(new) == ["2 of 3 runs were made on a GPU (GPU Z).", f"{differed}."]
    shown = figures.block(new)
    assert shown["devices of the runs"] == "GPU Z (2 of the runs); cpu, 1 thread(s) (1 of the runs)"
    assert shown["commit of the runs"] == f"abc; {differed}"
    one = figures.remarks(source | {"run": run | {"device": {"GPU Z": 1}, "changed": 1}})
    assert one[0] == "1 of 3 runs was made on a GPU (GPU Z)."
    assert one[1].startswith("1 of 3 runs was made from a work tree")
    (exhibit,) = (e for e in figures.catalogue() if e.id == "s0-table16")
    assert (
        figures.section(exhibit, exhibit.tabulate({}), new).alt
        == f"{exhibit.caption} {' '.join(figures.remarks(new))}"
    )


def test_tables_of_pages_are_written_by_unit():
    columns = {
        "row": ["a", "b", "c"],
        "unit": ["percent", "count", "mJ"],
        "mean": [98.1, 243169200.0, 23.4567],
    }
    table = pd.DataFrame(columns | {"low": [97.0, None, 0.5], "n": [3, 1, 1]})
    shown = figures.by_unit(table)
    assert shown["mean"].tolist() == ["98.10", "2.432e+08", "23.5"]
    small = figures.by_unit(table.assign(mean=-0.001234))
    assert small["mean"].tolist() == ["0.00", "-0", "-0.00123"]
    assert figures.by_unit(table.assign(mean=43_240.2))["mean"].tolist() == ["43240.20", "43,240", "4.32e+04"]
    assert shown["low"].tolist() == ["97.00", None, "0.5"]
    assert shown[["row", "n"]].equals(table[["row", "n"]])


def test_list_names_every_exhibit():
    output = CliRunner().invoke(figures.app, ["--list"]).output
    assert [line.split("\t")[0] for line in output.splitlines()] == [e.id for e in figures.catalogue()]


def test_drawing_needs_no_torch():
    code = (
        "import sys; from analysis import figures; e = figures.catalogue()[0]; "
        "t = figures.load_tables(e, figures.ROOT / 'analysis/results'); e.draw(t, 'matplotlib'); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=figures.ROOT, check=False).returncode == 0


@pytest.mark.parametrize("exhibit", figures.catalogue(), ids=lambda exhibit: exhibit.id)
def test_committed_results_and_figures_belong_together(exhibit):
    """What is committed was made from the cells that the code declares, and drawn from these results."""
    results: Path = figures.ROOT / "analysis/results"
    planned, exhibit = exhibit, figures.finished(exhibit, results)
    if planned.cells and not (exhibit.cells or exhibit.printed):  # nothing of it is finished or printed
        assert not (results / exhibit.id).exists()
        assert not (figures.ROOT / "figures" / exhibit.id).exists()
        return
    tables = load_tables(exhibit, results)
    assert tables is not None
    source = json.loads((results / exhibit.id / "provenance.json").read_text())
    assert source == json.loads((figures.ROOT / "figures" / exhibit.id / "provenance.json").read_text())
    shown = pd.read_csv(figures.ROOT / "figures" / exhibit.id / "table.csv")
    pd.testing.assert_frame_equal(shown, exhibit.summarise(tables), rtol=1e-4, check_dtype=False)


def test_a_cluster_that_is_none_is_told_in_a_line(tmp_path):
    words = [*SMOKE, "--only", "digits-degrees", "--out", str(tmp_path), "--cluster", "sge"]
    result = CliRunner().invoke(figures.app, words)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("cluster must be local, tcp://HOST:PORT, or slurm:")
    assert not list(tmp_path.rglob("*.npz"))
