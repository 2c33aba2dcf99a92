"""Check whether a table can be drawn, and take columns, numbers, levels and panels from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import shorten as shorten_value

if TYPE_CHECKING:
    import pandas as pd

LONGEST_NAME = 44
NO_UNIT = "(no unit)"
UNITLESS = ("", "1", "no unit", "none")


def check_columns(table: Any, needed: Iterable[str | None], what: str = "table") -> None:
    """Raise unless the table is a DataFrame that holds the needed columns (None: not asked for)."""
    import pandas as pd

    if not isinstance(table, pd.DataFrame):
        raise TypeError(
            f"{what} must be a pandas DataFrame with one row for each observation; got {type(table).__name__}"
        )
    needed = list(needed)
    for name in needed:
        if not (name is None or isinstance(name, (str, int, float, tuple))):
            raise TypeError(f"a column is named by a text (str); got {shorten_value(name)}")
    missing = [name for name in needed if name is not None and name not in table.columns]
    if missing:
        raise ValueError(
            f"{what} lacks the column(s) {', '.join(map(repr, missing))}; "
            f"it has {', '.join(map(repr, table.columns)) or 'none'}"
        )


def check_pair(low: str | None, high: str | None) -> None:
    """Raise unless both ends of a band or interval are given, or neither."""
    if (low is None) != (high is None):
        raise ValueError(
            f"low and high are the two ends of one interval: pass both or neither; got {low!r}, {high!r}"
        )


def check_units(table: pd.DataFrame, panel: str | None, *, share: bool, column: str = "unit") -> None:
    """Raise ValueError where a column of units says that one axis holds unlike numbers."""
    if column not in table.columns:
        return
    for value, rows in [(None, table)] if share else split(table, panel):
        units = [unit for unit in levels(rows, column) if isinstance(unit, str)]  # numbers are neurons
        if len(units) > 1:
            where = f"panel {name_of(value)!r} holds" if value is not None else "one axis would hold"
            raise ValueError(
                f"{where} values in {', '.join(map(repr, units))}, which cannot share an axis: draw them "
                "with netsci.plot.measures, or give each unit a panel and set share=False"
            )


def name_quantity(name: str, unit: Any = None) -> str:
    """Return a quantity with its unit in brackets; a quantity without unit is its name alone.

    Examples
    --------
    >>> name_quantity("energy", "mJ"), name_quantity("I(W)", "1"), name_quantity("gamma (no unit)")
    ('energy (mJ)', 'I(W)', 'gamma')
    """
    name = name.strip().removesuffix(NO_UNIT).rstrip()
    if unit is None or unit != unit or str(unit).strip() in UNITLESS:
        return name
    return f"{name} ({str(unit).strip()})"


def numbers(table: pd.DataFrame, column: str, *, log: bool = False) -> NDArray[np.float64]:
    """Return a column as float64, NaN where missing; a copy, so drawing cannot change the table.

    Raises TypeError where it is not numeric; ValueError where infinite, or not positive on a log axis.
    """
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    if column is None or column not in table.columns:
        raise ValueError(f"x and y must be columns of the table; got {column!r}")
    if len(table) and not (is_numeric_dtype(table[column]) or is_bool_dtype(table[column])):
        raise TypeError(
            f"column {column!r} must hold numbers; its dtype is {table[column].dtype}: convert it"
        )
    values: NDArray[np.float64] = table[column].to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    if np.isinf(values).any():
        raise ValueError(f"column {column!r} holds infinite values; write NaN where a value is undefined")
    if log and (values <= 0).any():
        raise ValueError(
            f"column {column!r} holds values <= 0, which have no place on a log axis; leave those rows out "
            "or draw on a linear axis"
        )
    return values


def is_numeric(table: pd.DataFrame, column: str) -> bool:
    """Whether a column holds numbers."""
    from pandas.api.types import is_numeric_dtype

    if column is None or column not in table.columns:
        raise ValueError(f"x and y must be columns of the table; got {column!r}")
    return bool(is_numeric_dtype(table[column]))


def levels(table: pd.DataFrame, column: str | None, order: Sequence[Any] | None = None) -> list[Any]:
    """Return the values of a column in `order`, else as they first appear; [None] without a column.

    Raises ValueError where `order` leaves out a value that the table holds.
    """
    if column is None:
        return [None]
    present = list(dict.fromkeys(table[column].dropna().tolist()))
    if order is None:
        return present
    left_out = [value for value in present if value not in order]
    if left_out:
        raise ValueError(
            f"order leaves out {left_out!r} of column {column!r}; add them to order, or remove their rows"
        )
    return [value for value in order if value in present]


def split(table: pd.DataFrame, column: str | None) -> Iterator[tuple[Any, pd.DataFrame]]:
    """Yield (value, rows) for each value of a column as it first appears; (None, table) without a column."""
    for value in levels(table, column):
        yield value, rows_of(table, column, value)


def rows_of(table: pd.DataFrame, column: str | None, value: Any) -> pd.DataFrame:
    """Return the rows that hold a value; all of them without a column."""
    return table if column is None else table[table[column] == value]


def axis_label(column: str, labels: Mapping[str, str] | None) -> str:
    """Return what an axis is called: labels[column], else the column's name in words."""
    return name_quantity((labels or {}).get(column, column.replace("_", " ")))


def name_of(value: Any) -> str:
    """Return a level as one line of text; numbers without superfluous digits, "" for None."""
    if value is None:
        return ""
    if isinstance(value, (float, np.floating)):
        return f"{value:g}"
    return " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())


def shorten(text: str, length: int = LONGEST_NAME) -> str:
    """Shorten a name in the middle: layer names differ at their ends."""
    if len(text) <= length:
        return text
    head = (length - 1) // 2
    return text[:head] + "…" + text[-(length - 1 - head) :]


def first_text(table: pd.DataFrame, column: str) -> str:
    """Return the first text of an optional column, "" where there is none."""
    if column not in table.columns:
        return ""
    present = table[column].dropna()
    return str(present.iloc[0]) if len(present) else ""
