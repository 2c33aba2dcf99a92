"""Directed networks read as undirected ones: load(undirected=True)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from typer.testing import CliRunner

from netsci.cli import app
from netsci.graph import LayeredGraph, Population, Projection
from netsci.io import load, load_graph
from netsci.io.network.undirected import without_direction
from tests.io.samples import write_npz, write_torch

# Both ways a-b (2 and 3), one way b-c, both ways c-d that cancel, a loop at d.
TEXT = "source,target,weight\na,b,2\nb,a,3\nb,c,5\nc,d,1\nd,c,-1\nd,d,7\n"
MERGED = [[0, 5, 0, 0], [5, 0, 5, 0], [0, 5, 0, 0], [0, 0, 0, 7]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.csv"


def test_both_directions_merge_and_their_weights_add_up(path):
    path.write_text(TEXT)
    assert not load_graph(path).projections[0].undirected
    for isolate in (True, False):
        loaded = load(path, undirected=True, isolate=isolate)
        (p,) = loaded.graph.projections
        assert p.undirected
        assert p.weights.toarray().tolist() == MERGED
        assert p.links.toarray()[2, 3]  # it weighs nothing, and is there
        assert p.n_links == 4
        assert loaded.graph.node_labels == list("abcd")
        note = "nodes: read as undirected; 2 pairs linked in both directions merged, their weights added up"
        assert note in loaded.notes


def test_the_cut_comes_after(path):
    path.write_text(TEXT)
    graph = load_graph(path, undirected=True, threshold=4)
    assert graph.projections[0].weights.toarray().tolist() == MERGED
    assert graph.n_links == 3
    (p,) = load_graph(path, undirected=True, density=0.5).projections
    assert (p.n_links - p.n_loops, p.n_loops) == (3, 1)  # of 6 pairs; a self-loop fills none and stays


@pytest.mark.parametrize(
    "text",
    ["source,target\na,b\n", "a b 2\nb a 2\nb c 1\n", "presynaptic,postsynaptic,weight\na,b,1\nb,a,4\n"],
)
def test_notes_of_directed_lists_name_the_way_on(path, text):
    path.write_text(text)
    loaded = load(path, isolate=False)
    (note,) = [note for note in loaded.notes if note.startswith("directed")]
    assert "--undirected (undirected=True in load)" in note
    assert "'# undirected'" not in note
    assert load(path, undirected=True, isolate=False).graph.projections[0].undirected


def test_the_way_on_of_a_header_that_means_no_direction(path):
    path.write_text("node1,node2\na,b\n")
    note = next(note for note in load(path, isolate=False).notes if note.startswith("undirected"))
    assert note.endswith("put the comment line '# directed' first")


def test_nothing_to_merge_is_said(path):
    path.write_text("# undirected\na b\n")
    for file in (path, write_npz(path.with_suffix(".npz"))):
        loaded = load(file, undirected=True, isolate=False)
        assert loaded.graph == load_graph(file)
        assert "undirected: nothing was directed within one population, so nothing is merged" in loaded.notes


def test_recurrent_layers_of_checkpoints(path):
    recurrent = torch.tensor([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 4.0]])
    recurrent[0, 2] = 8
    state = {"fc1.weight": torch.ones(3, 5), "lif1.recurrent.weight": recurrent}
    loaded = load(write_torch(path, state), undirected=True)
    forward, back = loaded.graph.projections
    assert not forward.undirected
    assert back.undirected
    assert back.weights.dtype == np.float32
    assert back.weights.toarray().tolist() == [[0, 3, 8], [3, 0, 0], [8, 0, 4]]


def test_against_dense_sums():
    rng = np.random.default_rng(5)
    for dtype in (np.float32, np.float64):
        matrix = (rng.normal(size=(40, 40)) * (rng.random((40, 40)) < 0.2)).astype(dtype)
        graph = LayeredGraph.from_adjacency(matrix != 0, weights=matrix, directed=True)
        (p,) = without_direction(graph)[0].projections
        there = matrix != 0
        assert np.array_equal(p.links.toarray(), there | there.T)
        wide = matrix.astype(np.float64)
        expected = (wide + wide.T - np.diag(np.diag(wide))).astype(dtype)
        assert np.array_equal(p.weights.toarray(), expected)
        assert p.weights.dtype == dtype


def test_sums_that_overflow_leave_the_links():
    huge = sp.csr_array(np.array([[0, 3e38], [3e38, 0]], np.float32))
    graph = LayeredGraph.from_adjacency(huge != 0, weights=huge, directed=True)
    merged, notes = without_direction(graph)
    assert merged.projections[0].weights is None
    assert merged.n_links == 1
    assert "not finite, so weights are dropped" in notes[0]


def test_rows_that_are_no_units_stay_as_they_are():
    wide = Projection("a", "a", np.eye(4, 2), rows_per_unit=2)
    graph = LayeredGraph((Population("a", 2),), (wide,))
    assert without_direction(graph)[0] == graph


def test_on_the_command_line(path):
    path.write_text(TEXT)
    runner, out = CliRunner(), path.with_suffix(".graphml")
    shown = runner.invoke(app, ["inspect", str(path), "--undirected", "--json"])
    assert json.loads(shown.stdout)["layers"][0]["links"] == 4
    assert runner.invoke(app, ["export", str(path), "--undirected", "-o", str(out)]).exit_code == 0
    assert load_graph(out) == load_graph(path, undirected=True)
    both = ["compare", str(path), str(out), "--undirected", "--json"]
    lines = json.loads(runner.invoke(app, both).stdout)
    assert all(line["difference"] in (0, None) for line in lines)
    assert json.loads(runner.invoke(app, [*both[:3], "--json"]).stdout) != lines


@pytest.mark.parametrize("value", [1, None, "yes"])
def test_it_is_a_truth_value(path, value):
    with pytest.raises(TypeError, match="undirected must be True or False"):
        load(path, undirected=value)
