"""A sweep as a user writes one: the file, the grid and the folder that the room's help shows."""

import importlib

import pytest

import netsci.sweep
from netsci.sweep import Cell, FailedCellsError, Task, load_record, run_cells


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """The grid that the help shows, its task in a file of the user's own."""
    task, grid = netsci.sweep.__doc__.split("tasks.py:")[1].split("Then name")

    def unindent(text):
        return "\n".join(line[4:] for line in text.splitlines() if line.startswith("    ") or not line)

    (tmp_path / "tasks.py").write_text("import numpy as np\n" + unindent(task))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    importlib.invalidate_caches()
    return unindent(grid)


def test_the_sweep_that_the_help_shows(shown, tmp_path):
    names = {}
    exec(shown, names)
    assert len(names["largest"]) == 6
    assert max(names["largest"][90, seed] for seed in range(3)) < names["largest"][200, 0]
    here = run_cells(names["cells"], "here")
    for cell, record in here.items():
        degrees = load_record(tmp_path / "results", cell).arrays["degrees"]
        assert degrees.tolist() == record.arrays["degrees"].tolist()
        assert degrees.sum() == cell["links"]


def test_a_cell_that_fails_is_told_by_its_name(shown, tmp_path):
    wrong = Cell.of(Task("my-grid", "tasks:run"), version=1, data="none", links=5000, seed=0)
    with pytest.raises(FailedCellsError, match=f"{wrong.name}: ValueError"):
        run_cells([wrong], tmp_path)


def test_what_is_no_cell_is_refused(tmp_path):
    with pytest.raises(TypeError, match=r"Cell.of and netsci.train.recipe_cell make; got 'a recipe'"):
        run_cells(["a recipe"], tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("jobs", [0, -1])
def test_no_worker_is_refused(tmp_path, jobs):
    with pytest.raises(ValueError, match="jobs must be at least 1"):
        run_cells([], tmp_path, jobs=jobs)
