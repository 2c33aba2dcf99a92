"""Exhibits as literals: what is written becomes the claim, the entries, the patterns that were meant."""

import pytest

from analysis.engine.claims import Bound, Order, Sign, Trend
from analysis.engine.literals import make_claim, make_entries, read_exhibits
from analysis.engine.printed import read_printed
from analysis.engine.sheet import expand

SAID = {"words": "w", "place": "p"}
TEXT = """
paper = "S9"
[shared]
few = "Few epochs."
[every]
place = "Table 1"
[[exhibit]]
id = "s9-table1"
deviations = ["few", "One seed."]
[[exhibit.claim]]
words = "a above b"
order = ["r|a > r|b"]
[[exhibit.claim]]
words = "a above 1"
place = "text"
cells = ["r|a"]
above = 1.0
"""


def test_a_paper_is_read(tmp_path):
    (tmp_path / "exhibits.toml").write_text(TEXT)
    literal = read_exhibits(tmp_path)["s9-table1"]
    assert (literal["paper"], literal["place"]) == ("S9", "Table 1")
    assert literal["deviations"] == ("Few epochs.", "One seed.")
    order = Order(words="a above b", place="Table 1", pairs=((("r", "a"), ("r", "b")),))
    assert literal["claims"] == (
        order,
        Bound(words="a above 1", place="text", cells=(("r", "a"),), above=1.0),
    )


def test_every_kind_of_claim():
    cells = (("r", "x_1"), ("r", "x_2"))
    of = ["r|x_{1,2}"]
    assert make_claim(SAID | {"rises": of}) == Trend(**SAID, cells=cells, rises=True)
    assert make_claim(SAID | {"falls": of}) == Trend(**SAID, cells=cells, rises=False)
    assert make_claim(SAID | {"positive": of}) == Sign(**SAID, cells=cells)
    assert make_claim(SAID | {"negative": of}) == Sign(**SAID, cells=cells, positive=False)
    assert make_claim(SAID | {"spread": of, "below": 1.0}) == Bound(
        **SAID, cells=cells, below=1.0, spread=True
    )
    pairs = tuple((("r", "a"), cell) for cell in cells)
    by = make_claim(SAID | {"order": ["r|a > r|x_{1,2}"], "by": 3.0, "rivals": "printed", "among": 2})
    assert by == Order(**SAID, pairs=pairs, by=3.0, rivals="printed", among=2)
    assert make_claim(SAID | {"order": ["r|a > 2.5 * r|x_{1,2}"]}) == Order(**SAID, pairs=pairs, times=2.5)


@pytest.mark.parametrize(
    ("literal", "message"),
    [
        ({"order": ["r|a < r|b"]}, "more > less"),
        ({}, "needs one of order"),
        ({"rises": ["r|a"], "falls": ["r|a"]}, "needs one of order"),
        ({"order": ["r|a > 2 * r|b", "r|a > 3 * r|c"]}, "one factor"),
    ],
)
def test_a_claim_that_is_none_is_refused(literal, message):
    with pytest.raises(ValueError, match=message):
        make_claim(SAID | literal)


def test_braces_stand_for_one_cell_each():
    assert expand(["{a,b}|x_{1,2}"]) == [("a", "x_1"), ("a", "x_2"), ("b", "x_1"), ("b", "x_2")]
    assert expand(["r|a, of all"]) == [("r", "a, of all")]


def test_entries_are_chosen_and_added():
    zeta = make_entries({"table": "s0.table7", "cells": r"mnist\|.*", "row": "mnist/falling", "note": "n"})
    assert [e.printed for e in zeta] == [e.printed for e in read_printed("s0.table7") if e.row == "mnist"]
    assert {(e.row, e.note) for e in zeta} == {("mnist/falling", "n")}
    ours = make_entries({"rows": ["a", "b"], "columns": {"x": "percent"}})
    assert [(e.row, e.column, e.unit, e.note) for e in ours] == [
        (row, "x", "percent", "not in the paper") for row in "ab"
    ]
