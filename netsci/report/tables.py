"""Write tables as HTML: numbers to the right, an em dash where a value is undefined."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from netsci.report.markup import environment

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Template

DASH = "—"


@dataclass(frozen=True)
class Faint:
    """A number with its error, too uncertain to stand beside others: it is written in grey."""

    text: str

    def __str__(self) -> str:
        return self.text


def format_value(value: Any) -> str:
    """Write a value for people to read; an em dash for None, NaN and missing values.

    Examples
    --------
    >>> [format_value(v) for v in (12345, 0.98, float("nan"), None, True)]
    ['12,345', '0.98', '—', '—', 'yes']
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return DASH
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return f"{int(value):,}"
    if isinstance(value, (float, np.floating)):
        return _decimal(float(value))
    return str(value)


def html_table(table: pd.DataFrame) -> Markup:
    """Return a table as HTML, every text escaped; columns of numbers, also as texts, stand to the right."""
    sides = ["number" if _is_numeric(table[column]) else "text" for column in table.columns]
    return Markup(
        _template().render(
            columns=list(zip(map(str, table.columns), sides, strict=True)),
            rows=[
                [(format_value(value), isinstance(value, Faint)) for value in values]
                for values in table.itertuples(index=False, name=None)
            ],
        )
    )


@cache
def _template() -> Template:
    return environment("netsci.report").get_template("table.html")


def _decimal(value: float) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    size = abs(value)
    if value == int(value) and size < 1e15:
        return f"{int(value):,}"
    return f"{value:.4g}" if 1e-4 <= size < 1e5 else f"{value:.3e}"


def _is_numeric(column: pd.Series) -> bool:
    """Whether a column holds numbers, also as texts, or nothing defined but among objects."""
    known = [v for v in column.dropna().tolist() if v is not None]
    if known and all(isinstance(v, str) and _NUMBER.fullmatch(v) for v in known):
        return True
    return all(isinstance(v, (int, float, np.number, Faint)) and not isinstance(v, bool) for v in known)


_NUMBER = re.compile(r"[-+]?(\d[\d,]*(\.\d+)?|\.\d+)(e[-+]?\d+)?")  # such as -0.25, 12,345 or 4e-05
