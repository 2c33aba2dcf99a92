"""netsci compare and the ball of netsci report, as a user types them."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

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
    assert "the largest effect is large" in done.stdout
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
