"""A scene drawn with matplotlib; figures are made directly, without pyplot and its global state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullFormatter

from netsci.plot import theme
from netsci.plot.naming import name_sides, offset
from netsci.plot.scene import Panel, Scene, Series
from netsci.plot.ticks import log_labels, log_ticks
from netsci.plot.tidy import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PIXELS = 100.0  # of a scene, to the inch
NAME_SIZE, SYMBOL = 7.0, 7.0  # points: type of names beside points, and the symbol that they stand beside
OUTLINE = 1.1  # points, of a hollow symbol
MOST_LINKS = 400  # beyond, links are an image inside the SVG
MOST_VECTORS = {"cells": 5_000, "nodes": 200}  # beyond, points are an image inside the SVG


def figure(scene: Scene) -> Figure:
    """Return the scene as a matplotlib figure."""
    with theme.matplotlib_style(scene.mode):
        width, height = scene.panel_size
        captions = 16 * max((p.caption.count("\n") + 1 if p.caption else 0) for p in scene.panels)
        size = (
            (scene.columns * width + 60) / PIXELS,
            (scene.rows * (height + captions + 36) + (50 if scene.keys or scene.title else 10)) / PIXELS,
        )
        engine = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06, hspace=0.05, wspace=0.05)
        drawn = Figure(figsize=size, layout=engine)
        axes = _axes(drawn, scene)
        last = None
        for panel, ax in zip(scene.panels, axes, strict=True):
            for series in panel.series:
                last = _draw(ax, series, scene) or last
            _dress(ax, panel, scene)
        for panel, ax in zip(scene.panels, axes, strict=True):
            _log_ticks(ax, panel, scene)
        _label(axes, scene)
        _legend(drawn, scene)
        if last is not None:
            bar = drawn.colorbar(last, ax=list(axes), shrink=0.7, aspect=28, pad=0.02)
            bar.outline.set_visible(False)
            bar.set_label(plain(scene.value_label))
        # Each draw would shift the layout a little: settle it, so that every save gives the same bytes.
        for _ in range(2):
            engine.execute(drawn)
        drawn.set_layout_engine("none")
        for panel, ax in zip(scene.panels, axes, strict=True):
            _names(ax, panel, scene)
    return drawn


def plain(text: str) -> str:
    """Return text that matplotlib shows as it is: a dollar would begin mathematics."""
    return text.replace("$", r"\$")


def _axes(drawn: Figure, scene: Scene) -> list[Axes]:
    """Return one axes a panel; shared scales where the scene shares them."""
    axes: list[Axes] = []
    for i in range(len(scene.panels)):
        first = axes[0] if axes and scene.share and not scene.panels[i].bare else None
        axes.append(drawn.add_subplot(scene.rows, scene.columns, i + 1, sharey=first))
    return axes


def _draw(ax: Axes, s: Series, scene: Scene) -> Any:
    """Draw one series; return the image if it needs a colour bar."""
    colour = theme.colour(s.colour, scene.n_colours, scene.mode)
    raster = len(s.x) > MOST_VECTORS.get(s.role, 40_000)
    style: dict[str, Any] = {"color": colour, "alpha": s.opacity, "rasterized": raster}
    layer = {"boundary": 1.0, "links": 1.2, "band": 1.5, "seed": 2.0, "data": 2.2, "fit": 2.4}.get(
        s.role, 2.2
    )
    if s.mark == "cells":
        return _cells(ax, s, scene)
    if s.whisker is not None:
        _whiskers(ax, s, colour)
    if s.mark == "band":
        ax.fill_between(s.x, *s.ends, lw=0, zorder=layer, **style)
    elif s.role == "links":
        _links(ax, s, colour, layer)
    elif s.mark == "line":
        ends = {} if s.symbol is None else {"marker": _symbol(s), "markersize": s.size * 0.72}
        if s.hollow:
            ends |= {"markerfacecolor": theme.PAPER[scene.mode], "markeredgecolor": colour}
        dash = (0, (4, 2.2)) if s.dashed else "-"
        ax.plot(s.x, s.y, ls=dash, lw=s.width * 0.75, zorder=layer, solid_capstyle="butt", **ends, **style)
    elif s.mark == "interval":
        ax.errorbar(
            s.x,
            s.y,
            xerr=np.abs(s.error) if s.along == "x" else None,
            yerr=np.abs(s.error) if s.along == "y" else None,
            fmt=_symbol(s),
            ms=s.size * 0.72,
            elinewidth=1.1,
            capsize=0,
            zorder=3,
            color=colour,
            markerfacecolor=theme.PAPER[scene.mode] if s.hollow else colour,
        )
    else:
        area = (np.asarray(s.size, dtype=float) * 0.72) ** 2
        square = s.role == "cells"
        edge = (
            {"linewidths": 0.0}
            if s.role != "nodes"
            else {"linewidths": 0.4, "edgecolors": theme.PAPER[scene.mode]}
        )
        if s.hollow:
            edge = {"linewidths": OUTLINE, "edgecolors": colour}
        del style["color"]
        face = theme.PAPER[scene.mode] if s.hollow else colour
        ax.scatter(
            s.x, s.y, s=area, c=face, marker="s" if square else _symbol(s), zorder=layer, **edge, **style
        )
    return None


def _whiskers(ax: Axes, s: Series, colour: str) -> None:
    """Draw the bar of each point that has one, under its symbol."""
    low, high = s.ends
    known = np.isfinite(s.x) & np.isfinite(s.y) & np.isfinite(low) & np.isfinite(high)
    across, along = (s.y, ax.hlines) if s.along == "x" else (s.x, ax.vlines)
    if known.any():
        along(across[known], low[known], high[known], color=colour, linewidth=1.1, zorder=2.1)


def _links(ax: Axes, s: Series, colour: str, layer: float) -> None:
    """Draw each link as a line of its own: where many cross, they darken. One path would stay even."""
    points = np.column_stack([s.x, s.y])
    gaps = np.flatnonzero(np.isnan(points).any(axis=1))
    lines = [part for part in np.split(points, gaps + 1) if len(part) > 1]
    opacity = float(np.clip(4.0 / np.sqrt(max(len(lines), 1)), 0.03, 0.6))
    ax.add_collection(
        LineCollection(
            [part[~np.isnan(part).any(axis=1)] for part in lines],
            linewidths=s.width * 0.75,
            colors=colour,
            alpha=opacity,
            zorder=layer,
            rasterized=len(lines) > MOST_LINKS,
        ),
        autolim=False,
    )


def _cells(ax: Axes, s: Series, scene: Scene) -> Any:
    colours = LinearSegmentedColormap.from_list("netsci", theme.SEQUENTIAL[scene.mode])
    low, high = scene.value_range
    # An image of equal cells or of unequal ones, whichever the edges ask for.
    values = np.ma.masked_invalid(np.asarray(s.values))
    return ax.pcolorfast(s.x, s.y, values, cmap=colours, vmin=low, vmax=high)


def _dress(ax: Axes, panel: Panel, scene: Scene) -> None:
    """Set scales, ticks and texts of one panel."""
    if panel.title:
        ax.set_title(plain(short(panel.title)), loc="left", pad=6)
    if panel.empty:
        ax.text(
            0.5,
            0.5,
            panel.empty,
            transform=ax.transAxes,
            ha="center",
            va="center",
            color=theme.SOFT[scene.mode],
        )
        ax.set_xticks([])
        ax.set_yticks([])
    else:
        for axis in "xy":
            if scene.is_log(panel, axis):
                getattr(ax, f"set_{axis}scale")("log")
    x_limits, y_limits = scene.limits(panel, "x"), scene.limits(panel, "y")
    if x_limits:
        ax.set_xlim(*x_limits)
    if y_limits:
        ax.set_ylim(*y_limits)
    if panel.equal:
        ax.set_aspect("equal")
    elif not panel.integers and not panel.bare:
        if not panel.x_ticks:
            ax.grid(visible=True, axis="x")
        if not panel.y_ticks:
            ax.grid(visible=True, axis="y")
    if panel.integers:
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    # Ticks that are born while drawing would take the colours of that moment.
    ax.tick_params(which="both", color=theme.SOFT[scene.mode], labelcolor=theme.SOFT[scene.mode])
    _categories(ax, panel)
    if panel.bare:
        ax.axis("off")
    _texts(ax, panel, scene.mode)


def _log_ticks(ax: Axes, panel: Panel, scene: Scene) -> None:
    """Label the logarithmic axes; all that share one are drawn by now, so its ends are known."""
    for name in "xy":
        if scene.is_log(panel, name):
            axis = getattr(ax, f"{name}axis")
            ticks = log_ticks(*sorted(getattr(ax, f"get_{name}lim")()))
            axis.set_major_locator(FixedLocator(ticks))
            axis.set_major_formatter(FixedFormatter(log_labels(ticks)))
            axis.set_minor_formatter(NullFormatter())


def _names(ax: Axes, panel: Panel, scene: Scene) -> None:
    """Write the names of points beside them, each where it hides nothing; the layout stands by now."""
    named = [
        (x, y, text)
        for s in panel.series
        for x, y, text in zip(s.x, s.y, s.text, strict=bool(s.text))
        if np.isfinite(x) and np.isfinite(y)
    ]
    if not any(text for _, _, text in named):
        return
    points = 72.0 / ax.get_figure(root=True).dpi  # of a pixel
    at = [tuple(points * ax.transData.transform((x, y))) for x, y, _ in named]
    box = ax.get_window_extent()
    frame = (points * box.x0, points * box.y0, points * box.x1, points * box.y1)
    texts = [text for _, _, text in named]
    sides = name_sides(at, texts, frame, type_size=NAME_SIZE, symbol=SYMBOL)
    for (x, y, text), side in zip(named, sides, strict=True):
        if text:
            ax.annotate(
                plain(text),
                (x, y),
                offset(side, SYMBOL),
                textcoords="offset points",
                ha={"right": "left", "left": "right", "center": "center"}[side[1]],
                va={"top": "bottom", "bottom": "top", "middle": "center"}[side[0]],
                fontsize=NAME_SIZE,
                color=theme.SOFT[scene.mode],
            )


def _texts(ax: Axes, panel: Panel, mode: str) -> None:
    """Write the note into its corner and the caption below the axes."""
    if panel.note:
        side, h = panel.note_corner.split()
        ax.text(
            {"left": 0.04, "right": 0.96}[h],
            {"lower": 0.04, "upper": 0.96}[side],
            plain(panel.note),
            transform=ax.transAxes,
            ha=h,
            va={"lower": "bottom", "upper": "top"}[side],
            fontsize=8,
            color=theme.SOFT[mode],
            bbox={"facecolor": theme.PAPER[mode], "alpha": 0.8, "linewidth": 0, "pad": 1.5},
        )
    if panel.caption:
        pad = -0.02 if panel.bare else -0.2
        ax.text(
            0.5 if panel.bare else 0.0,
            pad,
            plain(panel.caption),
            transform=ax.transAxes,
            ha="center" if panel.bare else "left",
            va="top",
            fontsize=8,
            color=theme.SOFT[mode],
            linespacing=1.35,
        )


def _categories(ax: Axes, panel: Panel) -> None:
    if panel.x_ticks:
        names = [plain(short(name, 24)) for name in panel.x_ticks]
        ax.set_xticks(range(len(names)), names)
        if sum(map(len, names)) > 34:
            ax.tick_params(axis="x", labelrotation=30)
            for text in ax.get_xticklabels():
                text.set_horizontalalignment("right")
                text.set_rotation_mode("anchor")
    if panel.y_ticks:
        ax.set_yticks(range(len(panel.y_ticks)), [plain(short(name, 28)) for name in panel.y_ticks])


def _label(axes: Sequence[Axes], scene: Scene) -> None:
    """Label outer axes, and inner ones with a name of their own; shared scales repeat no numbers."""
    for i, ax in enumerate(axes):
        panel = scene.panels[i]
        if panel.y_label or i % scene.columns == 0:
            ax.set_ylabel(plain(panel.y_label or scene.y_label))
        if scene.share and i % scene.columns:
            ax.tick_params(axis="y", labelleft=False)
        if panel.x_label or i + scene.columns >= len(axes):
            ax.set_xlabel(plain(panel.x_label or scene.x_label))


def _legend(drawn: Figure, scene: Scene) -> None:
    """Put the title and, where there is more than one name, the legend above the panels."""
    if not scene.keys:
        if scene.title:
            drawn.suptitle(plain(scene.title), x=0.012, ha="left", fontsize=11, fontweight="bold")
        return
    handles = [
        Line2D(
            [],
            [],
            color=theme.colour(s.colour, scene.n_colours, scene.mode),
            linestyle=((0, (4, 2.2)) if s.dashed else "-") if s.mark == "line" else "none",
            linewidth=s.width * 0.75,
            marker="" if s.symbol is None else _symbol(s),
            markersize=5,
            **({"markerfacecolor": theme.PAPER[scene.mode]} if s.hollow else {}),
        )
        for s in scene.keys
    ]
    # A leading underscore would hide the entry, so such a name starts with a space.
    names = [plain(short(s.name)) for s in scene.keys]
    names = [" " + name if name.startswith("_") else name for name in names]
    longest = max(len(name) for name in names)
    across = int(np.clip(drawn.get_figwidth() * 100 / (38 + 6.2 * longest), 1, len(names)))
    legend = drawn.legend(
        handles,
        names,
        loc="outside upper left",
        ncols=across,
        title=plain(scene.title) or None,
        alignment="left",
        columnspacing=1.4,
        handlelength=1.6,
        borderpad=0.2,
    )
    if scene.title:
        legend.get_title().set(fontsize=11, fontweight="bold")


def _symbol(s: Series) -> str:
    return theme.MATPLOTLIB_SYMBOLS[(s.symbol or 0) % len(theme.MATPLOTLIB_SYMBOLS)]
