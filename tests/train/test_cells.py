"""Recipes as cells of a sweep: their names are for good, and their records are read by measure."""

import inspect

import pytest

from netsci.sweep import Task, run_cells, write_value
from netsci.train import TRAINING, Optimisation, Recipe, read_epoch, read_total, recipe_cell, recorded
from netsci.train.cells import VERSION
from netsci.train.recipe import write_old_names

SMALL = {"options": (("hidden", (16,)),), "data": "digits", "steps": 2, "epochs": 2, "limit": 200}
SMALL |= {"early_stop": None, "test_limit": 100, "sparsity": 0.5}


NO_NUMBER = ("folder", "networks", "network")  # parameters that change no number of a record, and no name


def find_defaults(task: Task, own: set[str]) -> dict[str, str]:
    """Return what a task takes for each parameter that is not given: its own, and those of a recipe."""
    parameters = inspect.signature(task.load()).parameters
    found = {n: p.default for n, p in parameters.items() if p.default is not p.empty and n not in NO_NUMBER}
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        of_recipe = write_old_names(Recipe().defaults())
        found |= {name: of_recipe[name] for name in set(of_recipe) - set(parameters) - own}
    return {name: write_value(value) for name, value in found.items()}


def assert_frozen(task: Task, version: int, own: set[str]) -> None:
    """Assert that the frozen defaults are those of the code. own : values of a recipe that the task sets."""
    now, frozen = find_defaults(task, own), task.names.find_frozen(task.name, version)
    changed = {name: text for name, text in frozen.items() if now.get(name) != text}
    assert not changed, f"{task.name}: changed since version {version} was frozen: raise the version"
    added = "".join(f'\n   "{name}": {text},' for name, text in sorted(now.items()) if name not in frozen)
    assert not added, f"add to version {version} of {task.name} in its defaults.json:{added}"


def test_defaults_are_those_that_are_frozen():
    assert_frozen(TRAINING, VERSION, {"data"})


def test_a_changed_default_is_noticed(monkeypatch):
    """In the code: of a recipe, and of a function's own keyword."""
    with monkeypatch.context() as patch:
        patch.setattr(Optimisation.__dataclass_fields__["lr"], "default", 0.5)
        with pytest.raises(AssertionError, match=r"(?s)raise the version.*'lr': '0.001'"):
            test_defaults_are_those_that_are_frozen()
    monkeypatch.setitem(recorded.run.__kwdefaults__, "traced", True)
    with pytest.raises(AssertionError, match="raise the version"):
        test_defaults_are_those_that_are_frozen()


def test_a_default_that_is_not_frozen_is_noticed(monkeypatch):
    def run(*, dataset, noise=(), traced=False, origin="", added=1, folder=None, **recipe): ...

    monkeypatch.setattr(recorded, "run", run)
    with pytest.raises(AssertionError, match=r'(?s)add to version 1 of training .*"added": 1,'):
        test_defaults_are_those_that_are_frozen()


def test_a_grid_of_recipes_is_run_and_read(tmp_path):
    grid = [Recipe().replace(**SMALL, seed=seed) for seed in range(2)]
    cells = [recipe_cell(recipe) for recipe in grid] + [recipe_cell(grid[0], traced=True)]
    assert len(set(cells)) == 3
    records = run_cells(cells, tmp_path)
    plain, other, traced = (records[cell] for cell in cells)
    assert read_epoch(plain, "loss") == read_epoch(traced, "loss") != read_epoch(other, "loss")
    assert read_epoch(plain, "link sparsity", epoch=0) > 0
    assert read_total(traced, "SOPs") > 0
    with pytest.raises(ValueError, match="no measure 'acuracy' of layer 'all'"):
        read_epoch(plain, "acuracy")
    with pytest.raises(ValueError, match="name must be one of spikes, SOPs"):
        read_total(traced, "SOP")


def test_data_and_options_name_a_run():
    recipe = Recipe()
    cells = [recipe_cell(recipe), recipe_cell(recipe, data="another copy"), recipe_cell(recipe, noise=(0.1,))]
    cells += [recipe_cell(recipe, version=2), recipe_cell(recipe.replace(data="mnist"))]
    assert len({cell.name for cell in cells}) == 5
    assert recipe_cell(recipe, traced=False) == recipe_cell(recipe)
