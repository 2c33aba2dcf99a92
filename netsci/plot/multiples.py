"""Make one panel for each value of a column, and check whether its numbers may share an axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from netsci.plot.look import Column, Hue, Look
from netsci.plot.scene import LOGS, Panel, Series
from netsci.plot.tidy import (
    check_columns,
    check_units,
    first_text,
    name_of,
    name_quantity,
    rows_of,
    split,
)

if TYPE_CHECKING:
    import pandas as pd


def check_axes(table: pd.DataFrame, panel: Column, look: Look, *, share: bool) -> tuple[str, bool]:
    """Return the log axes and whether panels share y; raise where one axis would hold several quantities."""
    share = bool(look.get("share", share))
    quantity = look.get("quantity")
    check_columns(table, (quantity,))
    check_units(table, panel, share=share)
    if quantity is not None:
        check_units(table, panel, share=share, column=quantity)
    return check_log(look.get("log", ""), LOGS), share


def check_log(log: Any, allowed: tuple[str, ...]) -> str:
    """Return the log axes; raise ValueError unless they are allowed."""
    if log not in allowed:
        raise ValueError(f"log must be one of {', '.join(map(repr, allowed))}; got {log!r}")
    return str(log)


def multiples(
    table: pd.DataFrame,
    panel: str | None,
    hue: str | None,
    hues: Sequence[Hue],
    draw_one: Callable[[pd.DataFrame, Hue], list[Series]],
    quantity: Column = None,
) -> tuple[Panel, ...]:
    """Return one panel for each value of `panel`; draw_one(rows, hue) gives the series of one hue."""
    panels = []
    for value, rows in split(table, panel):
        series: list[Series] = []
        for of in hues:
            one = rows_of(rows, hue, of.level)
            if len(one):
                series += draw_one(one, of)
        note = "\n".join(_notes(rows, hue, [of.level for of in hues]))
        panels.append(_panel(series, name_of(value), rows, note, quantity))
    return tuple(panels) or (_panel([], "", table),)


def panel_size(n_panels: int) -> tuple[int, int]:
    """Return width and height of a panel in pixels: a single one is large."""
    return (520, 340) if n_panels <= 1 else (320, 250)


def _notes(rows: pd.DataFrame, hue: str | None, hues: Sequence[Any]) -> list[str]:
    """Return one note for each hue, with the name of the hue where there are several."""
    if "note" not in rows:
        return []
    notes = {name_of(level): first_text(rows_of(rows, hue, level), "note") for level in hues}
    notes = {name: note for name, note in notes.items() if note}
    return [f"{name}: {note}" if name and len(notes) > 1 else note for name, note in notes.items()]


def _panel(
    series: list[Series], title: str, rows: pd.DataFrame, note: str = "", quantity: Column = None
) -> Panel:
    """Return the panel, which says "no data" where no series holds one finite point."""
    drawn = any(np.isfinite(s.x * s.y).any() for s in series)
    return Panel(
        tuple(series) if drawn else (),
        title=title,
        note=note if drawn else "",
        caption=first_text(rows, "caption"),
        empty="" if drawn else "no data",
        y_label=name_quantity(first_text(rows, quantity), first_text(rows, "unit")) if quantity else "",
    )
