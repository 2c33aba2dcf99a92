"""A scene drawn with matplotlib; figures are made directly, without pyplot and its global state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from netsci.plot import matplotlib_layout as layout
from netsci.plot import theme
from netsci.plot.scene import Scene, Series
from netsci.plot.tidy import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OUTLINE = 1.1  # points, of a hollow symbol
MOST_LINKS = 400  # beyond, links are an image inside the SVG
MOST_VECTORS = {"cells": 5_000, "nodes": 200}  # beyond, points are an image inside the SVG


def figure(scene: Scene) -> Figure:
    """Return the scene as a matplotlib figure."""
    with theme.matplotlib_style(scene.mode, scene.size):
        engine = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06, hspace=0.05, wspace=0.05)
        drawn = Figure(figsize=layout.inches(scene), layout=engine)
        axes = _axes(drawn, scene)
        last = None
        for panel, ax in zip(scene.panels, axes, strict=True):
            for series in panel.series:
                last = _draw(ax, series, scene) or last
            layout.dress(ax, panel, scene)
        layout.label(axes, scene)
        _legend(drawn, scene)
        if last is not None:
            bar = drawn.colorbar(last, ax=list(axes), shrink=0.7, aspect=28, pad=0.02)
            bar.outline.set_visible(False)
            bar.set_label(layout.escape(scene.value_label))
        # Each draw would shift the layout a little: settle it once, so that every save gives the same bytes.
        # None is no engine at all. After "none", savefig would still draw once for the layout.
        engine.execute(drawn)
        if any(panel.bare for panel in scene.panels):  # a disk keeps its shape: its caption moves with it
            engine.execute(drawn)
        drawn.set_layout_engine(None)
        for panel, ax in zip(scene.panels, axes, strict=True):
            layout.name_points(ax, panel, scene)
    return drawn


def _legend(drawn: Figure, scene: Scene) -> None:
    """Put the title and, where there is more than one name, the legend above the panels."""
    head: dict[str, Any] = {"fontsize": theme.TYPE[scene.size]["head"], "fontweight": "bold"}
    if not scene.keys:
        if scene.title:
            drawn.suptitle(layout.escape(scene.title), x=0.012, ha="left", **head)
        return
    # A leading underscore would hide the entry, so such a name starts with a space.
    names = [layout.escape(shorten(s.name)) for s in scene.keys]
    legend = drawn.legend(
        [_key(s, scene) for s in scene.keys],
        [" " + name if name.startswith("_") else name for name in names],
        loc="outside upper left",
        ncols=layout.legend_columns(scene),
        title=layout.escape(scene.title) or None,
        alignment="left",
        columnspacing=1.4,
        handlelength=1.6,
        borderpad=0.2,
    )
    if scene.title:
        legend.get_title().set(**head)


def _key(s: Series, scene: Scene) -> Line2D:
    """Return what the legend shows of a series."""
    colour = theme.colour(s.colour, scene.n_colours, scene.mode)
    return Line2D(
        [],
        [],
        color=colour,
        linestyle=((0, (4, 2.2)) if s.dashed else "-") if s.mark == "line" else "none",
        linewidth=s.width * 0.75,
        marker="" if s.symbol is None else _symbol(s),
        markersize=5,
        markerfacecolor=theme.PAPER[scene.mode] if s.hollow else colour,
    )


def _axes(drawn: Figure, scene: Scene) -> list[Axes]:
    """Return the axes of each panel, with a common scale where the scene asks for it."""
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
    """Draw each link as a line of its own, so that places where many links cross are darker."""
    points = np.column_stack([s.x, s.y])
    gaps = np.flatnonzero(np.isnan(points).any(axis=1))
    starts, ends = np.append(0, gaps + 1), np.append(gaps, len(points))
    lines = [points[start:end] for start, end in zip(starts, ends, strict=True) if end - start > 1]
    opacity = float(np.clip(4.0 / np.sqrt(max(len(lines), 1)), 0.03, 0.6))
    ax.add_collection(
        LineCollection(
            lines,
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


def _symbol(s: Series) -> str:
    return theme.MATPLOTLIB_SYMBOLS[(s.symbol or 0) % len(theme.MATPLOTLIB_SYMBOLS)]
