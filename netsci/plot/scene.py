"""The backend-neutral description of a figure: panels of series, positions and styles but no drawing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

BACKENDS = ("matplotlib", "plotly")
MODES = ("light", "dark")


@dataclass(frozen=True, eq=False)
class Series:
    """One drawn thing.

    mark: "line" (joined in order, broken at NaN), "points", "band" (between low and high), "interval" (a
    bar from low to high through each point) or "cells" (values [rows, columns] between the
    rising edges y [rows + 1] and x [columns + 1]).
    colour: number in the palette, or None for the neutral grey. along: the axis that intervals run along.
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

    @property
    def ends(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Both edges of a band or interval; NaN where the series has none."""
        nothing = np.full(len(self.x), np.nan)
        return (nothing if self.low is None else self.low, nothing if self.high is None else self.high)

    @property
    def error(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """How far an interval reaches below and above its point."""
        middle = self.x if self.along == "x" else self.y
        return middle - self.ends[0], self.ends[1] - middle


@dataclass(frozen=True, eq=False)
class Panel:
    """One pair of axes; `bare` hides them, `equal` gives both axes one scale, `empty` replaces the data."""

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


@dataclass(frozen=True, eq=False)
class Scene:
    """A grid of panels with common labels, legend and scales."""

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
    mode: str = "light"
    meta: dict[str, Any] = field(default_factory=dict)

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


def draw(scene: Scene, backend: str) -> Any:
    """Return the scene as a figure of the backend."""
    if backend not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}; got {backend!r}")
    if scene.mode not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}; got {scene.mode!r}")
    if backend == "plotly":
        from netsci.plot import draw_plotly

        return draw_plotly.figure(scene)
    from netsci.plot import draw_matplotlib

    return draw_matplotlib.figure(scene)
