"""Tables of hyperparameters: what ran stands beside what is printed, and nothing printed is left out."""

import pytest

from analysis.engine.recipe_table import NUMBER, SAME, Line, compare, describe_recipes, make_record
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
    assert [cell.ours for cell in pivot.rows[0][1]] == ["300", "10", ""]
    assert len(pivot.rows) == 9
