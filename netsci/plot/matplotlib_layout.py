"""Size, axes and texts of a scene for matplotlib.

Widths of text are estimated for the widest family that a reader may have, so that nothing overlaps in others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullFormatter

from netsci.plot import theme
from netsci.plot.naming import WIDE, break_lines, name_sides, offset
from netsci.plot.scene import PIXELS, Panel, Scene
from netsci.plot.ticks import FEW, SMALL, log_labels, log_ticks
from netsci.plot.tidy import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 0.72  # of a scene's pixel
NAME_SIZE, SYMBOL = 7.0, 7.0  # points: type of names beside points, and the symbol that they stand beside
NAMES_ROOM = 92.0  # points that names of categories take at the side of a journal's panel, in two lines
TICK_ROOM = 36.0  # points that a number on an axis needs


def escape(text: str) -> str:
    """Escape the dollars of a text: matplotlib would read mathematics between them."""
    return text.replace("$", r"\$")


def inches(scene: Scene) -> tuple[float, float]:
    """Return width and height of the figure; a journal's is exactly as wide as its column or page."""
    width, height = scene.panel_size
    lines = max(_caption(panel, scene).count("\n") + bool(panel.caption) for panel in scene.panels)
    if not scene.width:
        head = 50 if scene.keys or scene.title else 10
        return (scene.columns * width + 60) / PIXELS, (
            scene.rows * (height + 16 * lines + 36) + head
        ) / PIXELS
    type_size = theme.TYPE[scene.size]
    titles = max(_title(panel, scene).count("\n") for panel in scene.panels)
    row = height + (1.4 * type_size["note"] * lines + 1.3 * type_size["title"] * titles) / POINTS
    keys = -(-len(scene.keys) // legend_columns(scene)) if scene.keys else 0
    above = (1.5 * type_size["text"] * keys + (2.2 * type_size["head"] if scene.title else 0.0)) / POINTS
    return scene.width, (scene.rows * row + above + 10) / PIXELS


def legend_columns(scene: Scene) -> int:
    """Return how many entries of the legend stand side by side."""
    if not scene.keys:
        return 1
    longest = max(len(shorten(s.name)) for s in scene.keys)
    if scene.width:
        room = scene.width * 72 / ((4.2 + WIDE * longest) * theme.TYPE[scene.size]["text"])
    else:
        room = (scene.columns * scene.panel_size[0] + 60) / (38 + 6.2 * longest)
    return int(np.clip(room, 1, len(scene.keys)))


def dress(ax: Axes, panel: Panel, scene: Scene) -> None:
    """Set scales, limits, grid and texts of one panel."""
    type_size, soft = theme.TYPE[scene.size], theme.SOFT[scene.mode]
    if panel.title:
        ax.set_title(escape(_title(panel, scene)), loc="left", pad=6)
    if panel.empty:
        ax.text(0.5, 0.5, panel.empty, transform=ax.transAxes, ha="center", va="center", color=soft)
        ax.set_xticks([])
        ax.set_yticks([])
    for axis in "xy":
        if scene.is_log(panel, axis):
            getattr(ax, f"set_{axis}scale")("log")
        if limits := scene.limits(panel, axis):
            getattr(ax, f"set_{axis}lim")(*limits)
    if panel.equal:
        ax.set_aspect("equal")
    elif not panel.integers and not panel.bare:
        if not panel.x_ticks:
            ax.grid(visible=True, axis="x")
        if not panel.y_ticks:
            ax.grid(visible=True, axis="y")
    # Ticks that are born while drawing would take the colours and the type of that moment.
    ax.tick_params(which="both", color=soft, labelcolor=soft, labelsize=type_size["tick"])
    _name_categories(ax, panel, scene)
    if panel.bare:
        ax.axis("off")
    _write_note(ax, panel, scene)
    _write_caption(ax, panel, scene)


def label(axes: Sequence[Axes], scene: Scene) -> None:
    """Set ticks, names of axes and letters of panels; all that share an axis are drawn by now.

    Outer axes have names, and inner ones that have a name of their own; shared scales repeat no numbers.
    """
    wide, high = (POINTS * side for side in scene.panel_size)
    text = theme.TYPE[scene.size]["text"]
    for i, (ax, panel, letter) in enumerate(zip(axes, scene.panels, scene.letters, strict=True)):
        _place_ticks(ax, panel, scene)
        if panel.y_label or i % scene.columns == 0:
            ax.set_ylabel(escape(_wrap(panel.y_label or scene.y_label, scene, high - 20, text)))
        if scene.share and i % scene.columns:
            ax.tick_params(axis="y", labelleft=False)
        if panel.x_label or i + scene.columns >= len(axes):
            ax.set_xlabel(escape(_wrap(panel.x_label or scene.x_label, scene, wide - 30, text)))
        if letter:
            ax.annotate(
                letter,
                (0, 1),
                (-4, 6),
                xycoords="axes fraction",
                textcoords="offset points",
                ha="right",
                va="baseline",
                fontweight="bold",
                fontsize=theme.TYPE[scene.size]["head"],
            )


def name_points(ax: Axes, panel: Panel, scene: Scene) -> None:
    """Write the names of points beside them, each where it hides nothing; the layout stands by now."""
    named = [
        (float(x), float(y), text)
        for s in panel.series
        if s.mark in ("points", "interval") or s.symbol is not None
        for x, y, text in zip(s.x, s.y, s.text or ("",) * len(s.x), strict=True)
        if np.isfinite(x) and np.isfinite(y)
    ]
    if not any(text for _, _, text in named):
        return
    box = ax.get_window_extent()
    points = 72.0 / ax.figure.dpi  # of a pixel
    places = [ax.transData.transform((x, y)) * points for x, y, _ in named]
    at = [(float(x), float(y)) for x, y in places]
    frame = (points * box.x0, points * box.y0, points * box.x1, points * box.y1)
    sides = name_sides(at, [text for _, _, text in named], frame, type_size=NAME_SIZE, symbol=SYMBOL)
    for (x, y, text), (up, across) in zip(named, sides, strict=True):
        if text:
            ax.annotate(
                escape(text),
                (x, y),
                offset((up, across), SYMBOL),
                textcoords="offset points",
                ha={"right": "left", "left": "right", "center": "center"}[across],
                va={"top": "bottom", "bottom": "top", "middle": "center"}[up],
                fontsize=NAME_SIZE,
                color=theme.SOFT[scene.mode],
            )


def _place_ticks(ax: Axes, panel: Panel, scene: Scene) -> None:
    """Set the ticks of numbers, few enough to stand apart."""
    if panel.empty or panel.bare:
        return
    names = NAMES_ROOM if panel.y_ticks and scene.width else 0.0
    across = int(np.clip((POINTS * scene.panel_size[0] - TICK_ROOM - names) / TICK_ROOM, 2, 8))
    for name, most in (("x", across), ("y", 8)):
        axis = getattr(ax, f"{name}axis")
        if scene.is_log(panel, name):
            low, high = sorted(getattr(ax, f"get_{name}lim")())
            ticks = log_ticks(low, high, most)
            axis.set_major_locator(FixedLocator(ticks))
            axis.set_major_formatter(FixedFormatter(log_labels(ticks)))
            axis.set_minor_formatter(NullFormatter())
        elif panel.integers:
            axis.set_major_locator(MaxNLocator(min(FEW, most), integer=True))
        elif name == "x" and not panel.x_ticks and scene.panel_size[0] <= SMALL:
            axis.set_major_locator(MaxNLocator(min(FEW, most), steps=[1, 2, 5, 10]))


def _name_categories(ax: Axes, panel: Panel, scene: Scene) -> None:
    """Write the names of categories: slanted below where they are long, in two lines at the side."""
    tick = theme.TYPE[scene.size]["tick"]
    if panel.x_ticks:
        names = [escape(shorten(name, 24)) for name in panel.x_ticks]
        ax.set_xticks(range(len(names)), names)
        room = 34 if not scene.width else (POINTS * scene.panel_size[0] - 40) / (WIDE * tick)
        if sum(map(len, names)) + len(names) * bool(scene.width) > room:
            ax.tick_params(axis="x", labelrotation=30)
            for text in ax.get_xticklabels():
                text.set_horizontalalignment("right")
                text.set_rotation_mode("anchor")
    if panel.y_ticks:
        names = [escape(_wrap(shorten(name, 28), scene, NAMES_ROOM, tick)) for name in panel.y_ticks]
        ax.set_yticks(range(len(names)), names)


def _write_note(ax: Axes, panel: Panel, scene: Scene) -> None:
    """Write the note of a panel into its corner."""
    if panel.note:
        side, across = panel.note_corner.split()
        ax.text(
            {"left": 0.04, "right": 0.96}[across],
            {"lower": 0.04, "upper": 0.96}[side],
            escape(panel.note),
            transform=ax.transAxes,
            ha=across,
            va={"lower": "bottom", "upper": "top"}[side],
            fontsize=theme.TYPE[scene.size]["note"],
            color=theme.SOFT[scene.mode],
            bbox={"facecolor": theme.PAPER[scene.mode], "alpha": 0.8, "linewidth": 0, "pad": 1.5},
        ).set_in_layout(False)


def _write_caption(ax: Axes, panel: Panel, scene: Scene) -> None:
    """Write the caption of a panel below its axes, and below their numbers and name."""
    if panel.caption:
        below = 4.0 if panel.bare else 3.2 * theme.TYPE[scene.size]["text"] + 8
        ax.annotate(
            escape(_caption(panel, scene)),
            (0.5 if panel.bare else 0.0, 0.0),
            (0.0, -below),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="center" if panel.bare else "left",
            va="top",
            fontsize=theme.TYPE[scene.size]["note"],
            color=theme.SOFT[scene.mode],
            linespacing=1.35,
        )


def _caption(panel: Panel, scene: Scene) -> str:
    wide = POINTS * scene.panel_size[0] - (4 if panel.bare else 30)
    return break_lines(panel.caption, wide, theme.TYPE[scene.size]["note"])


def _title(panel: Panel, scene: Scene) -> str:
    wide = POINTS * scene.panel_size[0] - 30
    return _wrap(shorten(panel.title), scene, wide, theme.TYPE[scene.size]["title"])


def _wrap(text: str, scene: Scene, wide: float, type_size: float) -> str:
    """Break the lines of a text at a width in points; a screen's figure keeps them as they are."""
    return break_lines(text, wide, type_size) if scene.width else text
