"""What S0's figures change in a finished drawing of either backend: symbols, ticks, names beside points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from netsci.plot import theme

OURS, PRINTED = "this library", "printed in S0"


def hollow(figure: Any, order: Sequence[str], backend: str, names: set[str] | None = None) -> Any:
    """Make what is printed (or `names`) hollow and dashed, in the colour of the run of the same network."""
    names = {name for name in order if name.endswith(PRINTED)} if names is None else names
    colours = dict(zip(order, theme.colours(len(order)), strict=True))
    like = {name: name.replace(PRINTED, OURS) for name in names if name != PRINTED}
    new = {name: colours.get(like.get(name, ""), colours[name]) for name in names}
    if backend == "plotly":
        for trace in figure.data:
            if trace.name in names and trace.marker.symbol:
                trace.marker.symbol = f"{trace.marker.symbol}-open"
                trace.marker.color = new[trace.name]
                if trace.mode and "lines" in trace.mode:
                    trace.line.update(color=new[trace.name], dash="dash", width=1.3)
        return figure
    from matplotlib.lines import Line2D

    with theme.matplotlib_style("light"):
        by_colour = {colours[name]: name for name in names}
        for line in figure.findobj(Line2D):
            name = by_colour.get(str(line.get_color()))
            if name is None or line.get_marker() in ("", "None", None):
                continue
            line.set(color=new[name], markerfacecolor="white", markeredgecolor=new[name])
            if line.get_linestyle() == "-":
                line.set(linestyle=(0, (4, 2.2)), linewidth=0.9)
    return figure


def single(figure: Any, backend: str) -> None:
    """Make lines of single points large symbols, in the legend, too."""
    if backend == "plotly":
        figure.update_traces(mode="markers", marker_size=9)
        return
    from matplotlib.lines import Line2D

    for line in figure.findobj(Line2D):
        if line.get_marker() not in ("", "None", None) and line.get_linestyle() == "-":
            line.set(linestyle="None", markersize=6.5)


def whiskers(
    figure: Any, intervals: Sequence[Sequence[tuple[float, float, float, float]]], backend: str
) -> None:
    """Draw the interval (x, y, low, high) of points upright, panel by panel, in the colour of the symbol."""
    if backend == "plotly":
        known = {(x, y): (high - y, y - low) for panel in intervals for x, y, low, high in panel}
        for trace in figure.data:
            ends = [known.get(point, (None, None)) for point in zip(trace.x, trace.y, strict=True)]
            if any(up is not None for up, _ in ends):
                up, down = zip(*ends, strict=True)
                trace.error_y = {"array": up, "arrayminus": down, "width": 5, "thickness": 1.3}
        return
    from matplotlib.lines import Line2D

    for axes, panel in zip(figure.axes, intervals, strict=False):
        for x, y, low, high in panel:
            at = next(
                line
                for line in axes.findobj(Line2D)
                if any(np.isclose(x, px) and np.isclose(y, py) for px, py in line.get_xydata())
            )
            axes.vlines(x, low, high, color=at.get_color(), linewidth=1.1, zorder=at.get_zorder())


def settled(figure: Any, backend: str) -> Any:
    """Lay a matplotlib figure out anew after its texts have changed, until nothing moves."""
    if backend == "matplotlib":
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        with theme.matplotlib_style("light"):
            engine = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06, hspace=0.05, wspace=0.05)
            for _ in range(4):
                engine.execute(figure)
    return figure


def logarithmic(figure: Any, panels: Sequence[int], backend: str) -> None:
    """Give the value axis of some panels a logarithmic scale; a short one is labelled at 1, 2, 4."""
    for number in panels:
        if backend == "plotly":
            axis = figure.layout["xaxis" if number == 0 else f"xaxis{number + 1}"]
            if axis.visible is not False:
                axis.update(type="log", tickfont_size=9)
                low, high = _ends(figure, number)
                if high / low < SHORT:
                    axis.update(tickvals=_short_ticks(low, high), tickformat=",")
                else:
                    axis.update(dtick=1, exponentformat="power")
            continue
        from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

        with theme.matplotlib_style("light"):
            axes = figure.axes[number]
            axes.set_xscale("log")
            axes.xaxis.set_minor_formatter(NullFormatter())
            low, high = axes.get_xlim()
            if high / low < SHORT:
                axes.xaxis.set_major_locator(LogLocator(subs=SUBS))
                axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def _short_ticks(low: float, high: float) -> list[float]:
    """Return 1, 2 and 4 times the powers of ten from a little below `low` to a little above `high`.

    Examples
    --------
    >>> _short_ticks(9795, 43240)
    [10000.0, 20000.0, 40000.0]
    """
    powers = 10.0 ** np.arange(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1)
    ticks = np.outer(powers, SUBS).ravel()
    return [float(tick) for tick in ticks if 0.9 * low <= tick <= 1.1 * high]


def _ends(figure: Any, panel: int) -> tuple[float, float]:
    """Return the smallest and the largest value in a panel of a plotly figure."""
    name = "x" if panel == 0 else f"x{panel + 1}"
    traces = [trace for trace in figure.data if (trace.xaxis or "x") == name]
    values = np.concatenate([np.asarray(trace.x, dtype=float) for trace in traces])
    return float(np.nanmin(values)), float(np.nanmax(values))


SUBS = (1.0, 2.0, 4.0)
SHORT = 40.0  # times the lower end: a logarithmic axis up to here has too few powers of ten as ticks
TICKS = 5  # steps at most on the value axis of a panel of dots, so that long numbers do not touch


def few_ticks(figure: Any, backend: str) -> Any:
    """Keep numbers on linear value axes apart: 97.750 to 97.925 in steps of 0.025 would overlap."""
    if backend == "plotly":
        return figure.update_xaxes(nticks=TICKS + 1, selector=lambda axis: axis.type != "log")
    from matplotlib.ticker import MaxNLocator

    with theme.matplotlib_style("light"):
        for axes in figure.axes:
            if axes.get_xscale() == "linear" and len(axes.get_xticks()):
                axes.xaxis.set_major_locator(MaxNLocator(TICKS, steps=[1, 2, 5, 10]))
    return figure


Place = tuple[float, float]
Box = tuple[float, float, float, float]  # left, bottom, right, top


def named(figure: Any, points: Sequence[Sequence[tuple[float, float, str]]], backend: str) -> Any:
    """Write names beside points (x, y, name), panel by panel; plotly shows them when the mouse is there.

    A name stands right, left, above or below its point, at the first place where it hides no point and no
    name and stays in the panel; if there is none, at the right. Lays the figure out before.
    """
    if backend == "plotly":
        known = {(x, y): name for panel in points for x, y, name in panel}
        for trace in figure.data:
            trace.hovertext = [known.get(point, "") for point in zip(trace.x, trace.y, strict=True)]
            shown = (trace.hovertemplate or "<extra></extra>").replace("<extra>", "<br>%{hovertext}<extra>")
            trace.hovertemplate = shown
        return figure
    with theme.matplotlib_style("light"):
        for axes in figure.axes:
            axes.margins(x=0.08, y=0.12)
    settled(figure, backend)
    with theme.matplotlib_style("light"):
        for axes, panel in zip(figure.axes, points, strict=False):
            box = axes.get_window_extent()
            pixels = [tuple(axes.transData.transform((x, y))) for x, y, _ in panel]
            taken: list[Box] = [_around(at, SYMBOL, SYMBOL) for at in pixels]
            unit = figure.dpi / 72  # pixels of a point
            for (x, y, name), at in zip(panel, pixels, strict=True):
                size = (0.7 * NAME_SIZE * len(name) * unit, 1.25 * NAME_SIZE * unit)
                frame = (box.x0, box.y0, box.x1, box.y1)
                shift = _free(at, size, taken, frame)
                taken.append(_around((at[0] + shift[0], at[1] + shift[1]), *size))
                axes.annotate(
                    name,
                    (x, y),
                    (shift[0] / unit, shift[1] / unit),
                    textcoords="offset points",
                    ha="center",
                    va="center",
                    fontsize=NAME_SIZE,
                    color=theme.SOFT["light"],
                ).set_in_layout(False)
    return figure


NAME_SIZE = 7.0  # points
SYMBOL = 10.0  # pixels that a symbol takes


def _free(at: Place, size: Place, taken: Sequence[Box], frame: Box) -> Place:
    """Return the shift of a name's centre from its point at which it touches nothing that is taken."""
    wide, high = (size[0] + SYMBOL) / 2 + 2, (size[1] + SYMBOL) / 2
    shifts = [(wide, 0.0), (-wide, 0.0), (0.0, high), (0.0, -high), (-wide / 2, high), (-wide / 2, -high)]
    for shift in shifts:
        box = _around((at[0] + shift[0], at[1] + shift[1]), *size)
        inside = box[0] >= frame[0] and box[2] <= frame[2] and box[1] >= frame[1] and box[3] <= frame[3]
        if inside and not any(_overlap(box, other) for other in taken):
            return shift
    return shifts[0]


def _around(at: Place, width: float, height: float) -> Box:
    return at[0] - width / 2, at[1] - height / 2, at[0] + width / 2, at[1] + height / 2


def _overlap(a: Box, b: Box) -> bool:
    """Whether two boxes have more than an edge in common.

    Examples
    --------
    >>> _overlap((0, 0, 2, 2), (1, 1, 3, 3)), _overlap((0, 0, 2, 2), (2, 0, 3, 2))
    (True, False)
    """
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
