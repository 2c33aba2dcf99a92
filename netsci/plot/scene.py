"""Describe a figure for both backends: panels of series with positions and styles, but no drawing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

PIXELS = 100.0  # of a scene, to the inch
BACKENDS = ("matplotlib", "plotly")
MODES = ("light", "dark")
SIZES = {"screen": 0.0, "column": 3.5, "page": 7.2}  # width in inches; a screen's follows from the panels
LOGS = ("", "x", "y", "xy")
NAME_ROOM = {"x": 0.08, "y": 0.12}  # room at both ends of an axis for names beside points, a share of it


@dataclass(frozen=True, eq=False)
class Series:
    """One drawn thing.

    mark: "line" (joined in order, broken at NaN), "points", "band" (between low and high), "interval" (a
    bar from low to high through each point) or "cells" (values [rows, columns] between the
    rising edges y [rows + 1] and x [columns + 1]).
    colour: number in the palette, or None for the neutral grey. along: the axis that intervals and whiskers
    run along. hollow: draw symbols as outlines. whisker: low and high end of a bar through each point, NaN
    where a point has none. text: a name beside each point, "" for none.
    """

    mark: str
    x: NDArray[Any]
    y: NDArray[Any]
    name: str = ""
    role: str = "data"
    colour: int | None = None
    symbol: int | None = None
    dashed: bool = False
    width: float = 1.8
    size: Any = 6.0
    opacity: float = 1.0
    low: NDArray[Any] | None = None
    high: NDArray[Any] | None = None
    along: str = "y"
    hover: tuple[str, ...] = ()
    values: NDArray[Any] | None = None
    key: bool = False
    webgl: bool = False
    hollow: bool = False
    whisker: tuple[NDArray[Any], NDArray[Any]] | None = None
    text: tuple[str, ...] = ()

    @property
    def ends(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Both edges of a band, interval or whisker; NaN where the series has none."""
        if self.whisker is not None:
            return self.whisker
        nothing = np.full(len(self.x), np.nan)
        return (nothing if self.low is None else self.low, nothing if self.high is None else self.high)

    @property
    def error(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """How far an interval or whisker reaches below and above its point."""
        middle = self.x if self.along == "x" else self.y
        return middle - self.ends[0], self.ends[1] - middle


@dataclass(frozen=True, eq=False)
class Panel:
    """One pair of axes; `bare` hides them, `equal` gives both axes one scale, `empty` replaces the data.

    log: the logarithmic axes of this panel, "", "x", "y" or "xy", added to those of the scene. x_label and
    y_label name the axes of this panel alone; "" takes the scene's names, which only outer panels show.
    """

    series: tuple[Series, ...] = ()
    title: str = ""
    note: str = ""
    note_corner: str = "lower left"
    caption: str = ""
    x_ticks: tuple[str, ...] = ()
    y_ticks: tuple[str, ...] = ()
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    bare: bool = False
    equal: bool = False
    integers: bool = False
    empty: str = ""
    log: str = ""
    x_label: str = ""
    y_label: str = ""


@dataclass(frozen=True, eq=False)
class Scene:
    """A grid of panels with common labels, legend and scales.

    size: "screen" takes `panel_size` in pixels; "column" and "page" are as wide as journals print them.
    """

    panels: tuple[Panel, ...]
    title: str = ""
    x_label: str = ""
    y_label: str = ""
    value_label: str = ""
    log: str = ""
    share: bool = True
    columns: int = 1
    n_colours: int = 1
    panel_size: tuple[int, int] = (320, 250)
    size: str = "screen"
    mode: str = "light"
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def width(self) -> float:
        """Width of a journal's figure in inches; 0 where the panels decide."""
        return SIZES[self.size]

    @property
    def letters(self) -> list[str]:
        """The letter of each panel: a, b, c in a journal's figure of several panels, else none.

        Titles that begin with letters of their own, "(a) ", need no others.
        """
        lettered = all(p.title.startswith(f"({_letter(i)}) ") for i, p in enumerate(self.panels))
        if not self.width or len(self.panels) < 2 or lettered:
            return [""] * len(self.panels)
        return [_letter(number) for number in range(len(self.panels))]

    def is_log(self, panel: Panel, axis: str) -> bool:
        """Whether an axis ("x" or "y") of a panel is logarithmic."""
        ticks = panel.x_ticks if axis == "x" else panel.y_ticks
        return axis in self.log + panel.log and not ticks and not panel.empty

    def extent(self, panel: Panel, axis: str) -> tuple[float, float]:
        """Return the least and largest value that the series draw on an axis; NaN where they draw nothing.

        Panels that share a y axis are taken together.
        """
        panels = self.panels if axis == "y" and self.share and not panel.bare else (panel,)
        parts = [np.zeros(0)]
        for s in (s for one in panels for s in one.series):
            parts.append(np.ravel(s.x if axis == "x" else s.y))
            if axis == s.along:
                parts += [np.ravel(end) for end in s.ends]
        values = np.concatenate(parts).astype(np.float64)
        values = values[np.isfinite(values)]
        return (float(values.min()), float(values.max())) if values.size else (np.nan, np.nan)

    def limits(self, panel: Panel, axis: str) -> tuple[float, float] | None:
        """Return where an axis begins and ends: as the panel says, with room for its names, or None: free."""
        given = panel.x_range if axis == "x" else panel.y_range
        panels = self.panels if axis == "y" and self.share else (panel,)
        if given or not any(any(s.text) for one in panels for s in one.series):
            return given
        low, high = self.extent(panel, axis)
        if not np.isfinite(low):
            return None
        if self.is_log(panel, axis):
            low, high = np.log10([low, high])
        room = NAME_ROOM[axis] * (high - low if high > low else abs(high) or 1.0)
        ends = (low - room, high + room)
        return (10.0 ** ends[0], 10.0 ** ends[1]) if self.is_log(panel, axis) else ends

    @property
    def rows(self) -> int:
        """Rows of panels."""
        return -(-len(self.panels) // self.columns)

    @property
    def keys(self) -> list[Series]:
        """The series that the legend shows, one a name."""
        shown = {s.name: s for panel in self.panels for s in panel.series if s.key}
        return list(shown.values()) if len(shown) > 1 else []

    @property
    def value_range(self) -> tuple[float, float]:
        """Range of all cell values, common to the panels; a constant gets a range with zero in it."""
        values = [s.values for panel in self.panels for s in panel.series if s.values is not None]
        finite = np.concatenate([v[np.isfinite(v)] for v in values]) if values else np.zeros(0)
        if not finite.size:
            return (0.0, 1.0)
        low, high = float(finite.min()), float(finite.max())
        return (low, high) if high > low else (min(low, 0.0), max(high, 1.0))


def grid_columns(n_panels: int, columns: int | None, *, widest: int = 3) -> int:
    """Return how many panels stand side by side: all up to `widest`, else a balanced grid."""
    if columns is not None:
        if columns < 1:
            raise ValueError(f"columns must be at least 1; got {columns!r}")
        return max(1, min(columns, n_panels))
    if n_panels <= widest:
        return max(1, n_panels)
    return (
        min(range(widest, 1, -1), key=lambda c: (-(-n_panels // c) * c - n_panels, -c)) if widest > 1 else 1
    )


def _letter(number: int) -> str:
    """Return a, b, ..., z, aa, ab, ..."""
    head = _letter(number // 26 - 1) if number >= 26 else ""
    return head + chr(ord("a") + number % 26)
