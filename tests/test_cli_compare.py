"""netsci compare and the ball of netsci report, as a user types them."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import netsci.report.comparison
from netsci.cli import UNREADABLE, app
from netsci.io import load_graph

runner = CliRunner()


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    rng = np.random.default_rng(0)
    paths = tmp_path / "a.npz", tmp_path / "b.npz"
    for path, density in zip(paths, (0.1, 0.3), strict=True):
        weights = rng.normal(size=(20, 30)) * (rng.random((20, 30)) < density)
        np.savez(path, **{"fc.weight": weights.astype(np.float32)})
    return paths


def test_compare_prints_a_table_and_the_largest_effect(files: tuple[Path, Path]) -> None:
    done = runner.invoke(app, ["compare", *map(str, files)])
    assert done.exit_code == 0
    assert "A: a.npz" in done.stdout
    said = " ".join(done.stdout.split())
    assert "Nothing differs beyond density" in said
    assert "the largest effect beyond chance is large" in said
    assert "mean degrees with them" in said
    assert "postsynaptic" in done.stdout  # cells fold where the terminal is narrow


def test_compare_prints_json(files: tuple[Path, Path]) -> None:
    done = runner.invoke(app, ["compare", *map(str, files), "--json"])
    lines = json.loads(done.stdout)
    links = next(line for line in lines if line["measure"] == "links" and line["where"] == "all nodes")
    assert links["difference"] == links["b"] - links["a"] > 0
    assert links["effect"] is None


def test_compare_writes_a_page(files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    done = runner.invoke(app, ["compare", *map(str, files), "--out", str(out)])
    assert done.exit_code == 0
    assert "a.npz and b.npz compared" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize("columns", ["20", "40", "200"])
def test_compare_cuts_no_number(files: tuple[Path, Path], columns: str) -> None:
    shown = runner.invoke(app, ["compare", *map(str, files)], env={"COLUMNS": columns}).stdout
    assert "…" not in shown
    assert "presynaptic" in shown  # the longest word of a measure stays whole
    lines = json.loads(runner.invoke(app, ["compare", *map(str, files), "--json"]).stdout)
    for line in lines:
        if line["a"] is not None:
            assert f"{line['a']:.4g}" in shown.replace(",", "")


def test_compare_takes_one_layer_of_both(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    paths = tmp_path / "a.npz", tmp_path / "b.npz"
    for path in paths:
        np.savez(path, **{f"fc{i}.weight": rng.random((6, 6)) * (rng.random((6, 6)) < 0.5) for i in (1, 2)})
    done = runner.invoke(app, ["compare", *map(str, paths), "--select", "fc2", "--json"])
    assert {line["where"] for line in json.loads(done.stdout)} == {"all nodes", "fc2"}


def test_the_page_tells_where_it_comes_from(files: tuple[Path, Path], tmp_path: Path) -> None:
    import hashlib

    out = tmp_path / "page.html"
    with pytest.MonkeyPatch.context() as patch:
        calls: list[int] = []
        real = netsci.report.comparison.compare
        patch.setattr(netsci.report.comparison, "compare", lambda *a: (calls.append(1), real(*a))[1])
        patch.setattr(netsci.report, "compare", netsci.report.comparison.compare, raising=False)
        runner.invoke(app, ["compare", *map(str, files), "--threshold", "0.5", "--out", str(out)])
    assert len(calls) == 1
    page = out.read_text(encoding="utf-8")
    for path in files:
        assert hashlib.sha256(path.read_bytes()).hexdigest() in page
    assert "threshold = 0.5" in page
    assert "netsci-suite" in page
    assert "<dd>npz</dd>" in page


def test_compare_never_writes_over_what_it_reads(files: tuple[Path, Path]) -> None:
    before = files[1].read_bytes()
    done = runner.invoke(app, ["compare", *map(str, files), "--out", str(files[1])])
    assert done.exit_code == 2
    assert files[1].read_bytes() == before


def test_compare_refuses_what_it_cannot_read(files: tuple[Path, Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"")
    done = runner.invoke(app, ["compare", str(files[0]), str(broken)])
    assert done.exit_code == UNREADABLE
    assert "broken.npz: the file is empty" in done.stderr


def test_a_cut_file_keeps_its_name_and_notes_in_the_report(files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    done = runner.invoke(app, ["report", str(files[1]), "--density", "0.1", "--3d", "--out", str(out)])
    assert done.exit_code == 0
    page = out.read_text(encoding="utf-8")
    assert "b.npz: network report" in page
    assert "Hyperbolic ball" in page
    assert "60 links" in page  # a tenth of 20 x 30 places


def test_export_writes_graphml_that_comes_back(files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "net.graphml"
    done = runner.invoke(app, ["export", str(files[0]), "--out", str(out)])
    assert done.exit_code == 0
    assert load_graph(out) == load_graph(files[0])
    assert runner.invoke(app, ["export", str(out), "--out", str(out)]).exit_code == 2


def test_shares_are_never_rounded_to_none_or_all(tmp_path: Path) -> None:
    full, rare = np.ones((300, 400), np.float32), np.zeros((300, 400), np.float32)
    full[0, 0], rare[0, 0] = 0, 1
    np.savez(tmp_path / "net.npz", full=full, rare=rare.T)
    shown = runner.invoke(app, ["inspect", str(tmp_path / "net.npz")], env={"COLUMNS": "200"}).stdout
    assert "< 0.01 %" in shown
    assert "> 99.99 %" in shown
    assert "100.00 %" not in shown
