"""A printed table of a made-up paper: one literal, one file of printed values, one answer."""

import math

import numpy as np
import pandas as pd
import pytest

from analysis.engine import exhibit as exhibits
from analysis.engine import make, printed
from analysis.engine.claims import rulings
from analysis.engine.drawing import DRAWINGS, count_shared
from analysis.engine.entries import compare_entries, pivot
from analysis.engine.literals import make_exhibits
from analysis.engine.printed import Source
from analysis.engine.table import Answers
from netsci.sweep import Cell, Record, Task

LITERAL = """
paper = "S9"
[[exhibit]]
id = "s9-table1"
title = "S9 Table 1: means"
place = "Table 1, p. 3"
caption = "Means of draws."
rows = ["{size}"]
columns = "{measure}"
answer = "draws"
draw = "measures"
seeds = 2
printed = [{ table = "s9.table1" }, { rows = ["5"], columns = { sum = "1" } }]
[[exhibit.claim]]
words = "The mean is below 10"
main = true
cells = ["5|mean"]
below = 10.0
"""
PRINTED = (
    "row,column,printed,value,unit,reading,note\n5,mean,0.1,0.1,1,as_printed,\n7,mean,0.2,0.2,1,as_printed,\n"
)
TASK = Task("draw", "tests.sweep.tasks:draw")


def answer(scale, seeds, *, size, measure):
    """Answer a cell of the table: the rows of size 5 are run."""
    if size != "5":
        return "it is too large"
    cells = [(Cell.of(TASK, version=1, data="none", seed=seed, size=5),) for seed in seeds]
    return Source(lambda record: float(getattr(record.arrays["values"], measure)()), tuple(cells))


@pytest.fixture
def paper(tmp_path, monkeypatch):
    (tmp_path / "s9").mkdir()
    (tmp_path / "s9/exhibits.toml").write_text(LITERAL)
    (tmp_path / "s9.table1.csv").write_text(PRINTED)
    monkeypatch.setattr(printed, "EXPECTED", tmp_path)
    monkeypatch.setattr(exhibits, "ANALYSIS", tmp_path)
    return tmp_path / "s9"


def test_a_literal_a_file_and_an_answer_make_a_table(paper, tmp_path):
    (made,) = make_exhibits(paper, {}, Answers(runs={"draws": answer}))
    tables = make.make_tables([made], tmp_path / "results", jobs=1, say=print)["s9-table1"]
    assert tables["table"].groupby("column")["seed"].unique().map(list).to_dict() == {
        "mean": [0, 1],
        "sum": [0, 1],
    }
    values = tables["table"].set_index(["column", "seed"])["value"]
    assert values["sum", 1] == pytest.approx(5 * values["mean", 1])
    shown, missing = pivot(tables)
    assert [cell.printed for cell in dict(shown.rows)["5"]] == ["0.1", ""]
    assert all(cell.ours for cell in dict(shown.rows)["5"])
    assert missing == (("it is too large", "7"),)
    page = make.make_page(made, tables, tmp_path / "results")
    assert page.rulings[0].holds == "yes"
    assert page.seeds == 2
    assert [axes.get_xlabel() for axes in page.figure("matplotlib").axes] == ["mean", "sum"]
    small = make_exhibits(paper, {}, Answers(runs={"draws": answer}), scale="smoke")[0]
    assert math.isnan(small.sheet(small.tabulate({})).printed.get(("5", "mean"), math.nan))
    assert small.title.endswith("(smoke scale, digits)")


def test_runs_of_hours_are_made_only_when_asked_for(paper, tmp_path):
    answers = Answers(runs={"draws": answer}, seconds=lambda cell: math.inf, needs="NETSCI_NOTHING")
    (made,) = make_exhibits(paper, {}, answers)
    said = []
    tables = make.make_tables([made], tmp_path, jobs=1, say=said.append)["s9-table1"]
    assert said == ["s9-table1: 2 of 2 runs are not finished (2 need a GPU); --long makes them"]
    assert tables["table"].empty
    reasons = tables["entries"].set_index(["row", "column"])["reason"]
    assert reasons["5", "mean"] == "its run needs a GPU, and none was at hand"


@pytest.mark.parametrize(("lost", "told"), [((1,), "1 of 2 diverged"), ((0, 1), "2 of 2 diverged")])
def test_of_seeds_that_diverged_there_is_no_mean_and_no_claim_is_decided(paper, lost, told):
    (made,) = make_exhibits(paper, {}, Answers(runs={"draws": answer}))
    records = {one: Record({"values": np.ones(5)}, {}) for one in made.cells}
    records |= {
        one: Record({"values": np.full(5, np.nan)}, {"diverged": "in epoch 1"})
        for one in made.cells
        if one["seed"] in lost
    }
    tables = made.tabulate(records)
    shown, missing = pivot(tables)
    assert [cell.ours for cell in dict(shown.rows)["5"]] == [told] * 2
    assert missing == (("it is too large", "7"),)
    assert compare_entries(tables)["mean"].isna().all()
    found = rulings(made.claims, made.sheet(tables)).iloc[0]
    assert (found["holds"], found["ours"]) == ("undecided", "a run diverged")


def test_a_number_from_before_a_run_diverged_stands(paper):
    """The one-shot accuracy of a network whose fine-tuning diverged is a number."""
    (made,) = make_exhibits(paper, {}, Answers(runs={"draws": answer}))
    record = Record({"values": np.ones(5)}, {"diverged": "in epoch 1"})
    shown, _ = pivot(made.tabulate(dict.fromkeys(made.cells, record)))
    assert dict(shown.rows)["5"][0].ours.startswith("1 (")


@pytest.mark.parametrize(
    ("text", "made", "message"),
    [
        (LITERAL.replace('answer = "draws"\n', ""), {}, "s9-table1 in .* is never made: give it an `answer`"),
        (LITERAL, {"s9-figure1": {}}, "has no s9-figure1: add a literal"),
        (LITERAL.replace('"draws"', '"drawn"'), {}, "answer must be one of draws; got 'drawn'"),
        (LITERAL.replace('"measures"', '"pie"'), {}, "draw must be one of curves, dots, measures; got 'pie'"),
        (LITERAL.replace("{size}", "n_{size}"), {}, "fits none of"),
        (LITERAL.replace("place =", "places ="), {}, "place"),
    ],
)
def test_a_literal_that_makes_nothing_is_refused(paper, text, made, message):
    (paper / "exhibits.toml").write_text(text)
    with pytest.raises((ValueError, TypeError, KeyError), match=message):
        make_exhibits(paper, made, Answers(runs={"draws": answer}))


def test_what_stands_beside_printed_tables_is_made_by_functions(paper):
    figure = LITERAL.partition("rows =")[0].replace("s9-table1", "s9-figure1")
    (paper / "exhibits.toml").write_text(LITERAL + figure.partition('paper = "S9"')[2])
    rest = {"cells": (), "tabulate": None, "draw": None, "sheet": lambda tables: pd.DataFrame()}
    answers = Answers(runs={"draws": answer})
    assert [e.id for e in make_exhibits(paper, {"s9-figure1": rest}, answers)] == ["s9-table1", "s9-figure1"]
    with pytest.raises(ValueError, match=r"s9-figure1 in .* is never made"):
        make_exhibits(paper, {}, answers)


def test_long_names_leave_out_what_all_begin_with():
    rows = ["cifar-10/mlp/snm/dense-60", "cifar-10/mlp/qcfs/sparse"]
    assert count_shared(rows) == 2
    assert count_shared([*rows, "cifar-100/mlp/qcfs/sparse"]) == 0
    assert count_shared(["mlp", "mlp"]) == 0
    lines = [{"row": row, "column": "t", "unit": "steps", "printed": 9.0, "note": ""} for row in rows]
    entries = pd.DataFrame(lines).assign(reason="its run is not finished")
    columns = ["row", "column", "seed", "measure", "value", "unit"]
    tables = {"table": pd.DataFrame(columns=columns), "entries": entries}
    figure = DRAWINGS["measures"](lambda row, column: {}, {"scale": "desk"}, tables, "matplotlib")
    names = [text.get_text().replace("\n", " ") for text in figure.axes[0].get_yticklabels()]
    assert names == ["SNM, dense, 60 epochs", "CS-QCFS, CHTs"]
