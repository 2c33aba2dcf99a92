"""Texts of strangers do not become formulas in a spreadsheet; numbers stay numbers."""

import csv
import io
import itertools
import json
import re

import numpy as np
import pandas as pd
import pytest

from netsci.graph import LayeredGraph
from netsci.io.csv_text import format_csv, quote_formula
from netsci.report import report


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "=", "-", "--5", "+a"]
)
def test_what_a_spreadsheet_would_run_is_quoted(text):
    table = pd.DataFrame({"layer": [text, "fc"], text: [1.0, 2.0]})
    rows = list(csv.reader(io.StringIO(format_csv(table))))
    safe = "'" + text.replace("\r", "\n")
    assert rows[0] == ["layer", safe]
    assert rows[1][0] == safe
    assert rows[2] == ["fc", "2.0"]


@pytest.mark.parametrize(
    "value", ["-0.5", "+3", "-1,234.5", "-1e-05", "-inf", "a=b", "fc-1", " =1", -1.5, None]
)
def test_numbers_and_plain_texts_stay(value):
    assert quote_formula(value) == value


def test_tables_keep_their_types_and_the_table_stays():
    table = pd.DataFrame(
        {"n": [-1, 2], "x": [-0.5, np.nan], "c": pd.Categorical(["=a", "b"]), "l": ["=", None]}
    )
    before = table.copy()
    assert format_csv(table) == "n,x,c,l\n-1,-0.5,'=a,'=\n2,,b,\n"
    pd.testing.assert_frame_equal(table, before)


def test_a_carriage_return_begins_no_row():
    text = format_csv(pd.DataFrame({"layer": ["a\r=1+1", "b\r\n@x"]}))
    assert list(csv.reader(io.StringIO(text))) == [["layer"], ["a\n=1+1"], ["b\n@x"]]
    assert "\r" not in text


def test_columns_of_one_name_keep_their_values():
    assert format_csv(pd.DataFrame([["=a", -1]], columns=["v", "v"])) == "v,v\n'=a,-1\n"


def test_no_download_of_a_report_begins_a_cell_with_a_formula(tmp_path):
    rng = np.random.default_rng(0)
    names = ['=HYPERLINK("http://evil.example","x")', "@SUM(1+1)", "-a", "+b"]
    widths = [9, 8, 7, 8, 9]
    masks = [rng.random((a, b)) < 0.5 for a, b in itertools.pairwise(widths)]
    page = report(LayeredGraph.from_masks(masks, names=names), tmp_path / "r.html").read_text()
    found = re.findall(r'<script type="application/json" id="[^"]+-csv-\d+">(.*?)</script>', page, re.S)
    cells = [cell for text in found for row in csv.reader(io.StringIO(json.loads(text))) for cell in row]
    assert any(cell.startswith("'=HYPERLINK") for cell in cells)
    numbers = re.compile(r"-?(\d+\.?\d*(e[-+]\d+)?|inf)")
    assert [cell for cell in cells if cell[:1] in "=+-@" and cell and not numbers.fullmatch(cell)] == []
