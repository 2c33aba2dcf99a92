"""Statements on printed numbers: what is a legal one, and what is made of them."""

import numpy as np
import pytest

from analysis.engine import implied
from analysis.engine.implied import CONTRADICTS, FOLLOWS, UNKNOWN, Statement, make_record
from analysis.engine.names import RUN_NAMES
from netsci.sweep import Cell, Task

CELL = Cell.of(Task("toy-implied", "tests:none", RUN_NAMES), version=1, data="none")
HEADINGS = {"b": "Of b", "a": "Of a"}


def statements():
    return [
        Statement("a/one", "one is one", "1", "1 = 1", FOLLOWS, 1.0, "percent", 1.0),
        Statement("b/two", "two is one", "1", "2 > 1", CONTRADICTS, 2.0),
        Statement("a/three", "three", "2", "nobody says", UNKNOWN),
        Statement("a/four", "four", "2", "2 x 2", CONTRADICTS, 4.0, "percent"),
    ]


def made():
    return implied.tabulate(HEADINGS, {CELL: make_record(statements())})


def test_a_table_stands_by_groups_in_the_order_of_the_headings():
    table = made()["table"]
    assert table["row"].tolist() == ["b/two", "a/one", "a/three", "a/four"]
    assert {"seed", "measure", "value", "unit"} <= set(table.columns)
    with pytest.raises(ValueError, match=r"headings and groups differ: \['c'\]"):
        implied.tabulate({**HEADINGS, "c": "Of c"}, {CELL: make_record(statements())})


def test_a_sheet_counts_verdicts():
    sheet = implied.sheet(made())
    counted = {
        (row, column): sheet.estimate((row, column)).mean
        for row in ("all", "a", "b")
        for column in ("follow", "contradict", "cannot be derived", "statements")
    }
    assert [counted["all", c] for c in ("follow", "contradict", "cannot be derived", "statements")] == [
        1,
        2,
        1,
        4,
    ]
    assert counted["a", "contradict"] == counted["b", "contradict"] == 1
    assert sheet.estimate(("a/one", "follows")).mean == 1
    assert sheet.estimate(("a/four", "follows")).mean == 0
    assert sheet.printed == {("a/one", "value"): 1.0}
    assert sheet.estimate(("b", "largest")).mean == 2
    assert np.isnan(sheet.estimate(("a", "largest")).mean)  # of two units


def test_people_read_value_verdict_and_arithmetic():
    pivot, missing = implied.pivot(HEADINGS, made())
    assert missing == ()
    label, cells = pivot.rows[1]
    assert label == "Of a|one is one (1)"
    assert [(c.printed, c.ours) for c in cells] == [("1.00 %", "1.00 %"), ("", FOLLOWS), ("", "1 = 1")]
    assert pivot.rows[2][1][0].ours == ""


@pytest.mark.parametrize(
    ("row", "verdict", "value", "match"),
    [
        ("a/x", "perhaps", 1.0, "verdict must be one of"),
        ("x", FOLLOWS, 1.0, "a row 'group/what'"),
        ("a/x|y", FOLLOWS, 1.0, "a row 'group/what'"),
        ("a/x", FOLLOWS, np.nan, "exactly where nothing can be derived"),
        ("a/x", UNKNOWN, 1.0, "exactly where nothing can be derived"),
    ],
)
def test_refusals(row, verdict, value, match):
    with pytest.raises(ValueError, match=match):
        Statement(row, "words", "1", "1 + 1", verdict, value)


def test_two_statements_of_one_name_are_refused():
    with pytest.raises(ValueError, match="a row of its own"):
        make_record([*statements(), statements()[0]])
