"""What S0's figures change in a finished drawing of either backend: hollow symbols, logarithmic panels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
    """Give the value axis of some panels a logarithmic scale."""
    for number in panels:
        if backend == "plotly":
            axis = figure.layout["xaxis" if number == 0 else f"xaxis{number + 1}"]
            if axis.visible is not False:
                axis.update(type="log", dtick=1, exponentformat="power", tickfont_size=9)
        else:
            with theme.matplotlib_style("light"):
                figure.axes[number].set_xscale("log")
