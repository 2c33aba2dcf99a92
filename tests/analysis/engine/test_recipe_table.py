"""Tables of hyperparameters: what ran stands beside what is printed, and nothing printed is left out."""

import math

import pytest

from analysis.engine.recipe_table import NUMBER, SAME, Line, compare, describe_recipes, make_record, read_pair
from netsci.sweep import Cell, Task

RAN = {
    ("cs-qcfs", name): value
    for name, value in {
        "train_epochs": "10", "finetune_epochs": "100", "learning_rate": "0.01", "batch_size": "64", "L": "8",
        "scheduler": "cosine annealing", "milestones": "/", "warmup": "1", "dropout": "0",
    }.items()
}  # fmt: skip
CELL = Cell.of(Task("toy", "tasks:run"), version=1, data="none")


def tables_of(lines):
    made = describe_recipes(CELL)
    return made, made["tabulate"]({CELL: make_record(lines)})


def test_lines_stand_in_the_printed_order_and_ours_come_last():
    lines = compare(["s1.tableA3"], {("cs-qcfs", "momentum"): "0.9"} | RAN)
    assert [one.column for one in lines] == [column for _, column in RAN] + ["momentum"]
    assert lines[0] == Line("cs-qcfs", "train_epochs", "300", "10", "")
    assert lines[-1] == Line("cs-qcfs", "momentum", "", "0.9", "not in the paper")


def test_a_printed_value_without_one_that_ran_is_an_error():
    less = {key: value for key, value in RAN.items() if key[1] != "L"}
    with pytest.raises(ValueError, match=r"\('cs-qcfs', 'L'\) has no value that ran"):
        compare(["s1.tableA3"], less)
    stray = compare(["s1.tableA3"], less, stray=[("cs-qcfs", "L")])
    assert "L" not in [one.column for one in stray]


def test_the_sheet_counts_what_ran_as_printed():
    made, tables = tables_of(compare(["s1.tableA3"], RAN))
    sheet = made["sheet"](tables)
    assert sheet.by_seed(("all", SAME)).to_dict() == {0: 4.0}  # fine-tuning, scheduler, milestones, dropout
    assert sheet.by_seed(("all", NUMBER)).to_dict() == {0: 9.0}
    assert sheet.by_seed(("cs-qcfs", "train_epochs")).to_dict() == {0: 10.0}
    assert sheet.printed["cs-qcfs", "train_epochs"] == 300.0
    assert ("cs-qcfs", "scheduler") not in sheet.printed


@pytest.mark.parametrize("backend", ["matplotlib", "plotly"])
def test_the_figure_has_what_both_have_as_numbers(backend):
    made, tables = tables_of(compare(["s1.tableA3"], RAN))
    assert made["draw"](tables, backend) is not None
    pivot, missing = made["pivot"](tables)
    assert missing == ()
    assert [(cell.printed, cell.ours) for cell in pivot.rows[0][1]] == [("300", ""), ("", "10"), ("", "")]
    assert pivot.rows[2][1][2].text == "grid search, see s1.setup"
    assert len(pivot.rows) == 9


def test_the_page_keeps_the_lines_of_a_row_together():
    made, tables = tables_of([Line("a", "x", "1", "2"), Line("b", "x", "1", "2"), Line("a", "y", "", "3")])
    assert [label for label, _ in made["pivot"](tables)[0].rows] == ["a|x", "a|y", "b|x"]


def test_a_printed_list_counts_by_its_values_that_ran():
    assert read_pair("(0.05, 0.01, 0.005)", "(0.01, 0.1)") == (3.0, 1.0)
    assert read_pair("(0.05, 0.01, 0.005)", "(0.1)") == (3.0, 0.0)
    assert [math.isnan(one) for one in read_pair("(1, 2)", "2")] == [True, False]
    assert [math.isnan(one) for one in read_pair("60,120,160", "/")] == [True, True]
    made, tables = tables_of([Line("a", "lr", "(1, 2, 3, 4)", "(2, 4)"), Line("a", "bs", "(1, 2)", "(1, 2)")])
    sheet = made["sheet"](tables)
    assert sheet.by_seed(("a", "lr")).to_dict() == {0: 2.0}
    assert sheet.printed["a", "lr"] == 4.0
    assert sheet.by_seed(("all", SAME)).to_dict() == {0: 1.0}
    assert [float(x) for trace in made["draw"](tables, "plotly").data for x in trace.x] == [0.5, 1.0]
