"""Pages as objects: what notebooks show, what is added, where they are saved."""

import os
import re
from pathlib import Path

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
import torch
from torch import nn

from netsci.graph import LayeredGraph
from netsci.report import Document, inspect, report


def graph() -> LayeredGraph:
    rng = np.random.default_rng(0)
    masks = [rng.random((40, 60)) < 0.2, rng.random((60, 10)) < 0.4]
    return LayeredGraph.from_masks(masks, names=["<b>fc1</b>", "fc2"])


@pytest.fixture(scope="module")
def page() -> Document:
    return report(graph())


def test_a_report_that_is_not_written_shows_its_first_screen(page: Document) -> None:
    shown = page._repr_html_()
    assert len(shown.encode()) < 500_000
    assert "Nothing stands out" in shown
    assert "<svg" in shown
    assert "plotly" not in shown.lower()
    assert "<script" not in shown
    assert "&lt;b&gt;fc1" in shown
    assert "<b>fc1" not in shown
    assert "href" not in shown  # its sections are elsewhere


def test_a_large_network_has_a_small_first_screen() -> None:
    rng = np.random.default_rng(0)
    masks = [rng.random((12, 12)) < 0.5 for _ in range(400)]
    names = [
        f"blocks.{i // 4}.{kind}" for i, kind in zip(range(400), ["q", "k", "v", "o"] * 100, strict=True)
    ]
    shown = inspect(LayeredGraph.from_masks(masks, names=names))._repr_html_()
    assert len(shown.encode()) < 500_000
    assert "400 layers by kind" in shown


def test_a_report_is_written_and_is_a_path(tmp_path: Path) -> None:
    written = report(graph(), tmp_path / "r.html")
    assert isinstance(written, os.PathLike)
    assert os.fspath(written) == str(tmp_path / "r.html")
    with open(written, encoding="utf-8") as stream:
        assert stream.read() == written.html() == written.read_text(encoding="utf-8")
    assert written.stat().st_size > 1_000_000
    assert "saved in" in repr(written)


def test_a_page_that_is_not_saved_has_no_path(page: Document) -> None:
    with pytest.raises(TypeError, match="has no path yet: save it first"):
        os.fspath(page)
    with pytest.raises(AttributeError, match="no attribute 'stat'"):
        page.stat()
    assert "not saved" in repr(page)


def test_sections_are_added(page: Document, tmp_path: Path) -> None:
    figure, axes = plt.subplots()
    axes.plot([1, 2])
    before = len(page.sections)
    page.add("A table", pd.DataFrame({"<i>x</i>": [1, 2]}), text="Two rows.")
    page.add("Plotly", go.Figure(go.Scatter(x=[1], y=[2])), alt="One point.")
    page.add("Matplotlib", figure).add("Own", "<p>my own words</p>").add("Graph", graph())
    plt.close(figure)
    text = page.save(tmp_path / "more.html").html()
    assert len(page.sections) == before + 5
    for words in (
        "A table</h2>",
        "&lt;i&gt;x",
        "Two rows.",
        "One point.",
        "<p>my own words</p>",
        "LayeredGraph",
    ):
        assert words in text
    assert len(re.findall('href="#own"', text)) == 1
    with pytest.raises(TypeError, match="content must be a plotly or matplotlib figure"):
        page.add("Wrong", 3)
    with pytest.raises(TypeError, match="title must be a text"):
        page.add("", "x")


def test_everything_that_holds_a_network_is_inspected(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 4))
    torch.save(module.state_dict(), tmp_path / "m.pt")
    for x in (module, module.state_dict(), tmp_path / "m.pt", str(tmp_path / "m.pt")):
        page = inspect(x)
        assert page.table["links"].tolist() == [600, 120]
        assert page.sections[0].verdict.startswith("Dense: all 720 places of all 2 layers hold a link")
    karate = inspect(nx.karate_club_graph())
    assert karate.table["links"].tolist() == [78]
    assert inspect(np.eye(4)).table["links"].tolist()
    assert "m.pt: layers" in inspect(tmp_path / "m.pt")._repr_html_()


def test_options_reach_the_reader(tmp_path: Path) -> None:
    torch.save({"fc1.weight": torch.rand(10, 20) + 1, "fc2.weight": torch.rand(5, 10) + 1}, tmp_path / "m.pt")
    assert inspect(tmp_path / "m.pt", density=0.1).table["links"].tolist() == [20, 5]


def test_where_a_page_cannot_lie_is_said_before_the_work(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("netsci.report.network.read_network", lambda *_, **__: pytest.fail("began"))
    with pytest.raises(TypeError, match="out must be a path"):
        report(np.eye(3), 3)
    with pytest.raises(IsADirectoryError, match="give the name of a file"):
        report(np.eye(3), tmp_path)
    with pytest.raises(FileNotFoundError, match="its folder does not exist"):
        report(np.eye(3), tmp_path / "none" / "page.html")
    assert not list(tmp_path.iterdir())
