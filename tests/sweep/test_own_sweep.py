"""A sweep as a user writes one: a file with a task, a grid of recipes, a folder."""

import importlib

import pytest

import netsci.sweep
from netsci.sweep import Cell, FailedCellsError, Task, load_record, run_cells

VALUES = {"model": "mlp", "options": (("hidden", (16,)),), "dataset": "digits", "spiking": False, "steps": 1}
VALUES |= {"early_stop": None, "epochs": 2, "limit": 200, "test_limit": 100}


@pytest.fixture
def task(tmp_path, monkeypatch):
    """The task that the room's help shows, in a file of the user's own."""
    shown = netsci.sweep.__doc__.split("tasks.py:")[1].split("Then name")[0]
    lines = [line.removeprefix("    ") for line in shown.strip("\n").splitlines()]
    (tmp_path / "own_tasks.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    return Task("own-grid", "own_tasks:run")


def test_a_grid_of_recipes(task, tmp_path):
    cells = [
        Cell.of(task, version=1, data="digits", sparsity=sparsity, seed=seed, **VALUES)
        for sparsity in (0.5, 0.9)
        for seed in range(2)
    ]
    here = run_cells(cells[:2], tmp_path / "here")
    there = run_cells(cells, str(tmp_path / "there"), jobs=2)
    assert list(there) == cells
    for cell in cells[:2]:
        assert here[cell].arrays["accuracy"].tolist() == there[cell].arrays["accuracy"].tolist()
    last = {(cell["sparsity"], cell["seed"]): there[cell].arrays["accuracy"][-1] for cell in cells}
    assert len(set(last.values())) > 1
    again = load_record(tmp_path / "there", cells[3])
    assert again.arrays["accuracy"][-1] == last[0.9, 1]


def test_a_recipe_that_is_none_fails_by_its_name(task, tmp_path):
    wrong = Cell.of(task, version=1, data="digits", sparsity=2.0, **VALUES)
    with pytest.raises(FailedCellsError, match=rf"{wrong.name}: ValueError: sparsity must lie in"):
        run_cells([wrong], tmp_path)


@pytest.mark.parametrize("jobs", [0, -1])
def test_no_worker_is_refused(task, tmp_path, jobs):
    with pytest.raises(ValueError, match="jobs must be at least 1"):
        run_cells([], tmp_path, jobs=jobs)
