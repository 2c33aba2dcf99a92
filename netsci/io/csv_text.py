"""Tables as CSV that people open in a spreadsheet, which runs cells that look like formulas."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[-+]?(\d[\d,]*\.?\d*|\.\d+|inf|nan)(e[-+]?\d+)?( ?%)?", re.IGNORECASE)


def format_csv(table: pd.DataFrame) -> str:
    """Return a table as CSV. Texts that a spreadsheet would run as formulas get an apostrophe before them.

    Names of layers and nodes come from files of strangers: =HYPERLINK(...) in a cell would be run. Numbers
    stay numbers, also those that are written as texts.

    Examples
    --------
    >>> import pandas as pd
    >>> print(format_csv(pd.DataFrame({"layer": ["=1+1", "fc"], "weight": [-1.5, 2.0]})))
    layer,weight
    '=1+1,-1.5
    fc,2.0
    <BLANKLINE>
    """
    safe = table.rename(columns=quote_formula)
    for place, dtype in enumerate(safe.dtypes):
        if dtype.kind not in "biufmM":
            safe.isetitem(place, [quote_formula(value) for value in safe.iloc[:, place]])
    return str(safe.to_csv(index=False))


def quote_formula(value: Any) -> Any:
    """Return a value; a text that a spreadsheet would run as a formula with an apostrophe before it.

    Examples
    --------
    >>> quote_formula("@SUM(1+1)"), quote_formula("-2.5"), quote_formula(-2.5), quote_formula("fc-1")
    ("'@SUM(1+1)", '-2.5', -2.5, 'fc-1')
    """
    if not isinstance(value, str):
        return value
    risky = _FORMULA.match(value) and not _NUMBER.fullmatch(value)
    # A carriage return would stand without quotation marks and begin another row: Python quotes \n alone.
    plain = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{plain}" if risky else plain
