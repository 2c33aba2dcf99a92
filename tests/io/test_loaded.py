"""What reading gives, as a notebook shows it."""

from __future__ import annotations

import numpy as np

from netsci.io import Loaded, load
from tests.io.samples import FC1, write_npy


def test_a_notebook_shows_name_kind_notes_and_layers(tmp_path):
    path = tmp_path / "<i>net.csv"
    path.write_text("source,target,<script>,x\na,b,1,2\na,b,1,2\n")
    loaded = load(path)
    shown = loaded._repr_html_()
    assert "<b>&lt;i&gt;net.csv</b>: text table" in shown
    assert "1 repeated link merged</li>" in shown
    assert "&lt;script&gt;" in shown
    assert "<script" not in shown
    assert "<i>" not in shown
    assert shown.endswith(f"{loaded.graph._repr_html_()}</div>")


def test_nothing_to_note_is_no_empty_list(tmp_path):
    loaded = load(write_npy(tmp_path / "net.npy"), isolate=False)
    bare = Loaded(loaded.graph, loaded.kind, (), loaded.path, loaded.sha256)
    assert "<ul>" not in bare._repr_html_()
    assert np.count_nonzero(FC1) == bare.graph.n_links
