"""Names of runs: one written form of values, frozen defaults, earlier names."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsci.sweep import Cell, Names, Task, write_value

SAME = [
    (1, 1.0), (0, -0.0), (np.int64(3), 3), (np.float64(0.1), 0.1), (np.bool_(True), True),
    ((1, (2,)), [1, [2.0]]), ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}), (np.str_("x"), "x"),
]  # fmt: skip
UNLIKE = [
    (True, 1), (False, 0), (None, 0), ("1", 1), (0.1, 0.1 + 1e-16), ((1,), 1), ((), None), ((1, 2), (2, 1)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "same"), [*((*pair, True) for pair in SAME), *((*pair, False) for pair in UNLIKE)]
)
def test_the_same_values_have_one_written_form_and_others_another(one, other, same):
    assert (write_value(one) == write_value(other)) is same


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_written_form_loses_no_digit(value):
    assert json.loads(write_value(value)) == value


@pytest.mark.parametrize("value", [np.ones(2), object(), {1: 2}, {1, 2}])
def test_what_has_no_written_form_is_refused(value):
    with pytest.raises(TypeError, match="a parameter of a run must be"):
        Cell.of(Task("t", "m:f"), version=1, data="", value=value).key  # noqa: B018


FROZEN = {"t": {"1": {"lr": 0.1, "widths": [2, 3]}}}


def make(names=None, **values):
    task = Task("t", "m:f", names or Names(FROZEN))
    return Cell.of(task, version=1, data="d", defaults={"lr": 0.1, "added": None}, **values)


def test_a_name_holds_what_differs_from_the_frozen_defaults():
    base = make()
    assert make(lr=0.1, widths=(2, 3)).name == base.name
    assert make(added=None).name == base.name  # a parameter that is new changes no name at its default
    others = [base, make(lr=0.2), make(widths=(2,)), make(added=1), make(more=0), make(Names(), lr=0.3)]
    assert len({cell.name for cell in others}) == len(others)
    unlike = {"version": 2, "data": "e", "task": Task("u", "m:f", Names(FROZEN))}
    others += [replace(base, **{name: value}) for name, value in unlike.items()]
    assert len({cell.name for cell in others}) == len(others)


def test_the_place_of_a_task_changes_no_name():
    base = make(lr=0.2)
    assert replace(base, task=Task("t", "elsewhere:g", Names(FROZEN))).name == base.name


def test_names_are_read_from_files(tmp_path):
    (tmp_path / "defaults.json").write_text(json.dumps(FROZEN))
    (tmp_path / "aliases.json").write_text(json.dumps({"t-0123456789abcdef": make().name}))
    names = Names.read(tmp_path / "defaults.json", tmp_path / "aliases.json")
    assert make(names).all_names == (make().name, "t-0123456789abcdef")
    assert names.resolve("0123456789abcdef") == make().key
    assert names.resolve(make().key) == make().key
    assert Names.read(tmp_path / "defaults.json").resolve("0123456789abcdef") == "0123456789abcdef"


@pytest.mark.parametrize("where", ["tasks", "tasks:", ":run", "", "__main__:run"])
def test_a_task_that_no_worker_can_import_is_refused(where):
    with pytest.raises(ValueError, match="where must be 'module:function'"):
        Task("t", where)
