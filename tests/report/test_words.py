import doctest
import math

import numpy as np
import pandas as pd

from netsci.report import tables, words
from netsci.report.tables import format_value, html_table


def test_examples() -> None:
    for module in (words, tables):
        result = doctest.testmod(module)
        assert result.attempted
        assert not result.failed


def test_percent_turns_to_a_bound_where_two_decimals_would_lie() -> None:
    assert [words.percent(x) for x in (0.0, 4.9e-5, 5e-5, 6e-5, 1e-4)] == [
        "0 %", "< 0.01 %", "0.01 %", "0.01 %", "0.01 %",
    ]  # fmt: skip
    assert words.percent(1 - 4.9e-5) == "> 99.99 %"
    assert words.percent(1 - 6e-5) == "99.99 %"


def test_decimals_never_round_to_a_bound() -> None:
    assert [words.decimal(v) for v in (0.0, 1.0, 0.9975, 0.999, 0.004, 1e-9, 1 - 1e-9)] == [
        "0", "1", "0.998", "0.999", "0.004", "< 0.000001", "> 0.999999",
    ]  # fmt: skip


def test_shown() -> None:
    values = [1_234_567, 0.123456, 1e-9, 123456.5, math.inf, np.nan, None, pd.NA, np.bool_(False), "a", 3.0]
    assert [format_value(v) for v in values] == [
        "1,234,567", "0.1235", "1.000e-09", "1.235e+05", "∞", "—", "—", "—", "no", "a", "3",
    ]  # fmt: skip


def test_table_escapes_headers_and_cells() -> None:
    html = html_table(pd.DataFrame({"<th>": ["<td>"], "n": [1]}))
    assert "&lt;th&gt;" in html
    assert "&lt;td&gt;" in html
    assert '<td class="number">1</td>' in html


def test_written_numbers_stand_to_the_right() -> None:
    html = html_table(
        pd.DataFrame({"n": ["98.10", None, "-0.5", "243,169,200", "4e-05"], "s": ["1", "a", "", "2", "3"]})
    )
    assert '<th scope="col" class="number">n' in html
    assert '<th scope="col" class="text">s' in html
