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


def test_a_ruling_says_one_of_five_things():
    for holds in ("yes", "corrected", "no", "undecided", "not run"):
        assert Ruling("A", "p. 1", holds).holds == holds
    said = "holds must be one of yes, corrected, no, undecided, not run; got 'maybe'"
    with pytest.raises(ValueError, match=said):
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


@pytest.mark.parametrize(
    ("ours", "gap", "said"),
    [
        ("96.60 against 96.35", 0.25, "0.25 points (-0.25 to 0.75)"),
        ("285 against 23.5", 261.7, "261.7 points (261.2 to 262.2)"),
        ("-0.64 (-0.78 to -0.51)", -0.6433, ""),  # the value itself
        ("97.90 (97.89 to 97.91)", 0.25, "0.25 points (-0.25 to 0.75)"),
    ],
)
def test_an_interval_has_the_decimals_of_the_values_beside_it(ours, gap, said):
    ruling = Ruling("A", "", "yes", ours=ours, gap=gap, low=gap - 0.5, high=gap + 0.5, unit="points")
    assert ruling.interval == said


def test_runs_name_what_takes_the_place_of_a_seed():
    assert make_page(scale="desk", seeds=1).runs == "desk, 1 seed"
    assert make_page(seeds=141, replicate="network").runs == "desk, 141 networks"
    assert make_page(doubles="S0 Table 1").runs == "desk, runs of S0 Table 1"


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
        Pivot(("a", "b"), (("x", (PivotCell("1"),)),))


def test_a_table_groups_neighbours():
    cells = (PivotCell("1"), PivotCell("2"), PivotCell("3"))
    rows = (("MNIST|A", cells), ("MNIST|B", cells), ("C", cells), ("MNIST|D", cells))
    pivot = Pivot(("a", "b", "c"), rows)
    assert [(heading, [name for name, _ in group]) for heading, group in pivot.groups] == [
        ("MNIST", ["A", "B"]),
        ("", ["C"]),
        ("MNIST", ["D"]),
    ]
