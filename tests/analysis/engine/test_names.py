"""Names of the committed runs: they are found and read whatever is added to a recipe, or moved."""

import re
from dataclasses import fields, make_dataclass, replace

import pytest

from analysis.engine import training as s0_plan
from analysis.engine.names import RUN_NAMES
from analysis.engine.store import load_tables
from netsci.models import ACTIVATIONS
from netsci.sweep import Cell, find_record, load_record
from netsci.train import Recipe
from tests.analysis.committed import EXHIBITS, RESULTS
from tests.train.test_cells import assert_frozen

CELLS = list(dict.fromkeys(cell for exhibit in EXHIBITS.values() for cell in exhibit.cells))
RECIPES = [cell for cell in CELLS if cell.task == s0_plan.TASK]


ADDED = {  # part of a recipe -> default and another value of a field that a later version of the library adds
    "task": (3, 4),
    "net": (("a",), ("b",)),
    "topology": (None, 0.5),
    "optimisation": (False, True),
}
LATER = {
    part: make_dataclass(
        "Later", [(f"added_to_{part}", object, default)], bases=(type(getattr(Recipe(), part)),), frozen=True
    )
    for part, (default, _) in ADDED.items()
}


def recipe_of(cell: Cell) -> tuple[Recipe, dict[str, object]]:
    """Return the recipe of a cell of S0, and what else its task is given."""
    values = dict(cell.parameters)
    extra = {name: values.pop(name) for name in ("noise", "traced") if name in values}
    return Recipe.of({"data": values.pop("dataset"), **values}), extra


def later(recipe: Recipe, **changed: object) -> Recipe:
    """Return a recipe whose parts have a field more each, with the value given for a part."""
    made = {}
    for name, kind in LATER.items():
        if (part := getattr(recipe, name)) is not None:
            more = {f"added_to_{name}": changed[name]} if name in changed else {}
            made[name] = kind(**{f.name: getattr(part, f.name) for f in fields(part)}, **more)
    return replace(recipe, **made)


def test_every_committed_record_is_found_and_read():
    found = {find_record(RESULTS, cell) for cell in CELLS} - {None}
    assert {path.name for path in found} == {path.name for path in (RESULTS / "records").iterdir()}
    assert len(found) >= 132  # none is ever lost
    for cell in CELLS:
        if find_record(RESULTS, cell):
            assert len(load_record(RESULTS, cell).arrays["table_value"])


# Of CHTss, made when masks were estimated as 280 kB and came to more.
LARGE = {"18319bb6d7d44059", "9ba421249cd3ef55", "a1fe700f050cfe7e", "bdfe2609b1801d4d"}


def test_records_are_small_but_for_the_first_seed_of_a_row():
    for cell in CELLS:
        path = find_record(RESULTS, cell)
        if path and dict(cell.parameters).get("seed") and path.stem.rpartition("-")[2] not in LARGE:
            assert path.stat().st_size < 300_000, cell.name


def test_the_tables_of_every_exhibit_are_found():
    made = {path.parent.name for path in RESULTS.glob("*/provenance.json")}
    # tabulated from the runs that are finished
    unfinished = {"s0-table1", "s1-sparse", "s2-mlp"}
    unfinished |= {"s1-table2", "s1-table3", "s1-table4"}
    unfinished |= {"s1-vgg", "s1-pruned-vgg", "s1-figure3-vgg", "s1-figure3-pruned"}
    unfinished |= {"s1-resnet", "s1-pruned-resnet"}
    unfinished |= {"s1-table1", "s1-tableA2", "s1-tableA4a", "s1-tableA4b", "s2-table2"}
    for exhibit in EXHIBITS.values():
        there = tuple(cell for cell in exhibit.cells if exhibit.seconds is None or find_record(RESULTS, cell))
        assert len(there) == len(exhibit.cells) or exhibit.id in unfinished | {"s0-figure2", "s0-table9"}
        assert load_tables(replace(exhibit, cells=there), RESULTS) is not None, exhibit.id
    assert made == set(EXHIBITS)


def test_records_are_found_and_read_with_a_field_more_in_each_part_and_the_task_moved(monkeypatch):
    monkeypatch.setattr(s0_plan, "TASK", replace(s0_plan.TASK, where="somewhere.else:run"))
    paths = set()
    for old in RECIPES:
        recipe, extra = recipe_of(old)
        cell = s0_plan.cell(later(recipe), **extra)
        assert cell.name == old.name
        if path := find_record(RESULTS, cell):
            load_record(RESULTS, cell)
            paths.add(path)
    trained = {path.name for path in (RESULTS / "records").glob("s0?training-*")}
    assert {path.name for path in paths} == trained


def test_a_field_that_was_added_names_a_run_once_it_differs():
    recipe = recipe_of(next(cell for cell in RECIPES if not cell["dense"]))[0]
    cells = {part: s0_plan.cell(later(recipe, **{part: other})) for part, (_, other) in ADDED.items()}
    assert len({s0_plan.cell(recipe).name, *(cell.name for cell in cells.values())}) == 5
    assert [cell[f"added_to_{part}"] for part, cell in cells.items()] == [
        other for _, other in ADDED.values()
    ]


OTHER = {  # another valid value of every field
    "activation": "tanh", "activation_options": (("levels", 4),), "allocation": "erk",
    "alpha": 0.75, "as_printed": True, "augment": "shift",
    "batch": 50, "bias": True,
    "clip": 2.0, "data": "mnist", "data_options": (("a", 1),), "delta": (0.5, 0.6),
    "delta_schedule": "linear_exponent", "delta_end": 0.25, "dense": True, "density_schedule": "sigmoid",
    "detach_reset": True, "dropout": 0.25, "early_stop": None, "encoding": "rate", "epochs": 9,
    "evolve_after": 2, "evolve_every": "100 steps", "excess": (0.05, 0.6, 0.025), "initial": "uniform",
    "initial_options": (("zero_diagonal", True),), "initial_sparsity": 0.5,
    "label_smoothing": 0.1, "learner": "stp", "limit": 10, "linear_end": 0.25, "linear_over": 0.5,
    "loss": "mse", "lr": 0.123, "lr_schedule": "constant", "max_shift": 2, "method": "set",
    "method_options": (("a", 1),), "milestone_factor": 0.5, "milestones": (3, 6), "mixed": True,
    "mixup": 0.2, "normalise": True,
    "model": "conv2fc2", "momentum": 0.5, "optimizer": "sgd", "options": (("hidden", (3,)),),
    "percolate": False, "permanent": False, "readout": "sum", "regrowth": "random", "removal": "ri",
    "schedule": "static", "seed": 7, "sparsity": 0.5, "spiking": False, "start": "0" * 64, "steepness": 3.0,
    "steps": 5,
    "surrogate": "rect", "test_limit": 10, "threshold": 0.5, "unfolding": "lattice", "until": 0.5,
    "validation": 5, "warmup": 2, "weight_decay": 0.01,
    "weights": "swi", "weights_rate": 0.2, "window": 3, "zeta": 0.123,
}  # fmt: skip
NEEDS = {  # what some values need elsewhere; the other recipe has it, too
    "activation_options": {"spiking": False, "activation": "qcfs"},
    "delta_schedule": {"delta_end": 0.25},
    "density_schedule": {"initial_sparsity": 0.5},
    "learner": {"encoding": "rate"},
    "unfolding": {"regrowth": "ch3_l3n"},
    "steepness": {"density_schedule": "sigmoid", "initial_sparsity": 0.5},
    "milestones": {"lr_schedule": "milestones", "milestones": (3,)},
}


def test_recipes_that_differ_in_any_field_have_two_names(monkeypatch):
    monkeypatch.setitem(ACTIVATIONS, "tanh", "torch.nn:Tanh")
    base = s0_plan.cell(Recipe())
    cells = [base, s0_plan.cell(Recipe(), traced=True), s0_plan.cell(Recipe(), noise=(0.1,))]
    cells += [replace(base, data="other"), replace(base, version=9)]
    for name in Recipe().flat():
        one = Recipe().replace(**NEEDS.get(name, {}))
        cells.append(s0_plan.cell(one.replace(**{name: OTHER[name]})))
        assert cells[-1].name != s0_plan.cell(one).name, name
    assert len({cell.name for cell in cells}) == len(cells) == len(Recipe().flat()) + 5


def test_every_value_of_the_committed_runs_has_a_frozen_default():
    for cell in RECIPES:
        frozen = RUN_NAMES.find_frozen(cell.task.name, cell.version)
        assert set(dict(cell.parameters)) - set(frozen) == {"dataset"}, cell.name


SET_BY_THE_TASK = {"s0-training": {"data"}, "digits-training": {"options"}}  # values of the recipe


@pytest.mark.parametrize("task", sorted({c.task for c in CELLS}, key=lambda t: t.name), ids=lambda t: t.name)
def test_defaults_are_those_that_are_frozen(task):
    """A default that changes takes a new version of the task; a field that is added, a line of the table."""
    for version in {cell.version for cell in CELLS if cell.task == task}:
        assert_frozen(task, version, SET_BY_THE_TASK.get(task.name, set()))


def test_names_of_tasks_belong_to_one_task_each():
    tasks = {cell.task for cell in CELLS}
    assert len({task.name for task in tasks}) == len(tasks)


def test_an_alias_leads_to_a_name_of_now():
    aliases = RUN_NAMES.aliases
    assert set(aliases.values()) <= {cell.name for cell in CELLS}
    assert aliases
    assert all(re.fullmatch(r"[a-z0-9_]+-[0-9a-f]{16}", old) for old in aliases)
