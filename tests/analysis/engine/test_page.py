import math

import pandas as pd
import pytest

from analysis.engine.page import Page, Pivot, PivotCell, Ruling


def make_page(**changes):
    facts = {
        "id": "s0-table1",
        "title": "A title",
        "paper": "S0",
        "place": "Table 1, p. 9",
        "verdict": "It holds.",
        "caption": "Points.",
        "figure": lambda backend: backend,
        "tables": {"shown": pd.DataFrame({"a": [1, 2]})},
    }
    return Page(**(facts | changes))


def test_a_ruling_says_one_of_four_things():
    for holds in ("yes", "no", "undecided", "not run"):
        assert Ruling("A", "p. 1", holds).holds == holds
    with pytest.raises(ValueError, match="holds must be one of yes, no, undecided, not run; got 'maybe'"):
        Ruling("A", "p. 1", "maybe")


@pytest.mark.parametrize(
    ("gap", "low", "high", "unit", "said"),
    [
        (math.nan, 0.0, 1.0, "points", ""),
        (-0.5, math.nan, math.nan, "", "-0.5"),
        (-0.6433, -0.7801, -0.5065, "points", "-0.64 points (-0.78 to -0.51)"),
        (261.7, 214.2, 309.3, "mJ", "262 mJ (214 to 309)"),
        (2e-9, 1e-9, 3e-9, "", "2e-09 (1e-09 to 3e-09)"),
        (1.25, 0.5, math.nan, "", "1.25"),
        (1.25, 1.25, 1.25, "mJ", "1.25 mJ"),
        (1.0, 1.0, 1.0, "", ""),
    ],
)
def test_the_interval_of_a_ruling(gap, low, high, unit, said):
    assert Ruling("A", "", "yes", gap=gap, low=low, high=high, unit=unit).interval == said


def test_the_main_ruling_is_the_one_called_so():
    first, second, third = (Ruling(name, "", "yes", main=name == "b") for name in "abc")
    whole = make_page(rulings=(first, second, third))
    assert (whole.main, whole.others) == (second, (first, third))
    alone = make_page(rulings=(first, third))
    assert (alone.main, alone.others) == (first, (third,))
    assert make_page().main is None


def test_the_label_is_that_of_the_table():
    assert make_page(title="S0 Table 1: accuracy", place="4.1, Table 1").label == "S0 Table 1"
    assert make_page(title="S0 Table 1: choice", place="our choice").label == "S0 Table 1: choice"


def test_long_verdicts_and_captions_are_refused():
    make_page(verdict="a " * 25, caption="b " * 60)
    with pytest.raises(ValueError, match="verdict of page 's0-table1' has 26 words; at most 25"):
        make_page(verdict="a " * 26)
    with pytest.raises(ValueError, match="caption of page 's0-table1' has 61 words; at most 60"):
        make_page(caption="a " * 61)


def test_a_table_has_one_cell_a_column():
    with pytest.raises(ValueError, match="row 'x' has 1 cells for 2 columns"):
        Pivot("", ("a", "b"), (("x", (PivotCell("1"),)),))


def test_a_table_groups_neighbours():
    cells = (PivotCell("1"), PivotCell("2"), PivotCell("3"))
    rows = (("MNIST|A", cells), ("MNIST|B", cells), ("C", cells), ("MNIST|D", cells))
    pivot = Pivot("", ("x|a", "x|b", "y|a"), rows)
    assert pivot.header == ((("x", 2), ("y", 1)), (("a", 1), ("b", 1), ("a", 1)))
    assert [(heading, [name for name, _ in group]) for heading, group in pivot.groups] == [
        ("MNIST", ["A", "B"]),
        ("", ["C"]),
        ("MNIST", ["D"]),
    ]
    assert Pivot("", ("a", "b", "a"), ()).header == ((("a", 1), ("b", 1), ("a", 1)),)
