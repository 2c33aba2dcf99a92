"""Define the options that all figure functions share, and compose a figure of panels with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np

from netsci.arguments import as_count, check_choice, check_flag, check_instance, check_mapping, check_text
from netsci.plot.draw import draw
from netsci.plot.scene import BACKENDS, MODES, SIZES, Panel, Scene, grid_columns
from netsci.plot.tidy import name_of

Column = str | None


class Look(TypedDict, total=False):
    """Options of figure functions.

    labels: a mapping from column to axis label, with the unit in brackets; a quantity without unit has none.
    title: of the whole figure. order: the hues, in order. columns: panels side by side.
    log: the logarithmic axes, "", "x", "y" or "xy"; of values over categories, whether they have a log
    axis, or in which panels (measures) they have one. share: whether the panels have one y axis.
    quantity: the column that says what y is in each panel, which names its axis, with the unit of an optional
    column `unit`.
    hollow: the hues drawn as outlines, and as dashes where they are lines; a mapping also names the hue whose
    colour and symbol each takes, as in {"printed": "measured"}.
    size: "screen" for pages, "column" (3.5 inches wide) or "page" (7.2) for journals: type of at least 7
    points, and a letter for each panel where there are several.
    mode: "light" or "dark". backend: "matplotlib" or "plotly".
    """

    labels: Mapping[str, str] | None
    title: str
    order: Sequence[Any] | None
    columns: int | None
    hollow: Collection[Any]
    log: str | bool | Collection[Any]
    share: bool
    quantity: Column
    size: str
    mode: str
    backend: str


@dataclass(frozen=True)
class Hue:
    """One level of the hues: its name, its number in the palette and among the symbols, filled or hollow."""

    level: Any
    number: int
    hollow: bool = False

    @property
    def name(self) -> str:
        """The level as the legend shows it."""
        return name_of(self.level)


def check_look(look: Mapping[str, Any], *, without: Iterable[str] = ()) -> None:
    """Raise TypeError or ValueError where an option is none that this figure takes, or its value is wrong."""
    allowed = [name for name in Look.__annotations__ if name not in set(without)]
    unknown = [name for name in look if name not in allowed]
    if unknown:
        raise TypeError(f"unknown option(s) {', '.join(unknown)}; this figure takes {', '.join(allowed)}")
    for name, value in look.items():
        _check_value(name, value)


def _check_value(name: str, value: Any) -> None:
    """Raise TypeError or ValueError where the value of an option is none that `Look` allows."""
    if name == "labels":
        check_mapping(value, name, "a mapping from column to label, or None")
        for label in (value or {}).values():
            check_text(label, "each of labels")
    elif name == "title":
        check_text(value, name)
    elif name in ("order", "quantity", "columns") and value is None:
        return
    elif name == "order":
        check_instance(value, (list, tuple, np.ndarray), name, "a list of hues, or None")
    elif name == "hollow":
        check_instance(value, (list, tuple, Set, Mapping), name, "a collection of hues, or a mapping")
    elif name == "log":
        what = "a text (axes, or a panel), True or False, or a collection of panels"
        check_instance(value, (str, bool, list, tuple, Set), name, what)
    elif name == "columns":
        as_count(value, name)
    elif name == "share":
        check_flag(value, name)
    elif name == "quantity":
        check_text(value, name)
    else:
        check_choice(value, {"size": tuple(SIZES), "mode": MODES, "backend": BACKENDS}[name], name)


def style_hues(hues: Sequence[Any], hollow: Collection[Any] = ()) -> list[Hue]:
    """Return each hue with its colour: a hollow one takes that of the hue which `hollow` names for it.

    Examples
    --------
    >>> [(hue.name, hue.number, hue.hollow) for hue in style_hues(["ours", "printed"], {"printed": "ours"})]
    [('ours', 0, False), ('printed', 0, True)]
    """
    if isinstance(hollow, str):
        raise TypeError(f"hollow must be a collection of hues, or a mapping; got the text {hollow!r}")
    like = hollow if isinstance(hollow, Mapping) else {}
    styled = []
    for number, level in enumerate(hues):
        partner = like.get(level)
        styled.append(Hue(level, hues.index(partner) if partner in hues else number, level in hollow))
    return styled


def compose(panels: Sequence[Panel], look: Look, *, widest: int = 3, **scene: Any) -> Any:
    """Return the figure of these panels; where there is none, of one that says "no data"."""
    return draw(
        Scene(
            tuple(panels) or (Panel(empty="no data"),),
            title=look.get("title", ""),
            columns=grid_columns(len(panels), look.get("columns"), widest=widest),
            size=look.get("size", "screen"),
            mode=look.get("mode", "light"),
            **scene,
        ),
        look.get("backend", "matplotlib"),
    )
