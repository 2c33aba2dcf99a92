"""Axes, texts and legend of a scene for plotly.

Panel titles, notes and captions are tied to the domains of their axes, so a page that moves the axes (to
stack panels on a narrow screen) moves the texts with them. layout.meta.netsci holds what it needs for that.
"""

from __future__ import annotations

import html
from typing import Any

import numpy as np

from netsci.plot import theme
from netsci.plot.naming import break_lines
from netsci.plot.scene import Panel, Scene
from netsci.plot.ticks import FEW, LEAST, SMALL, log_labels, log_ticks, powers
from netsci.plot.tidy import shorten

ASSUMED_WIDTH = 920  # pixels of a page's column; gaps between panels are shares of it
CSS_PIXELS = 96  # of an inch
TITLE_ROOM = 26
LEGEND_ROW = 24


def escape(text: str) -> str:
    """Escape a text, so that plotly shows it as it is: neither markup, template nor mathematics."""
    return html.escape(text, quote=False).replace("%{", "%&#123;").replace("$", "&#36;")


def layout(scene: Scene) -> dict[str, Any]:
    """Return the layout of a scene as a plain dictionary."""
    gap_y = _gap_below(scene)
    height = scene.panel_size[1]
    plot = scene.rows * height + (scene.rows - 1) * gap_y
    top, bottom = _margins(scene)
    result: dict[str, Any] = {
        "template": theme.template(scene.mode),
        "autosize": True,
        "height": plot + top + bottom,
        "margin": {"l": 20 if _bare(scene) else 62, "r": 16, "t": top, "b": bottom},
        "showlegend": bool(scene.keys),
        "annotations": [],
        "meta": {
            "netsci": {
                "panels": len(scene.panels),
                "columns": scene.columns,
                "gap": gap_y,
                "row": height,
                "square": any(panel.equal for panel in scene.panels),
            }
        },
    }
    for number, panel in enumerate(scene.panels):
        suffix = "" if number == 0 else str(number + 1)
        across, down = _domains(scene, number, plot, gap_y)
        result[f"xaxis{suffix}"] = _axis(scene, panel, number, "x") | {
            "domain": across,
            "anchor": f"y{suffix}",
        }
        result[f"yaxis{suffix}"] = _axis(scene, panel, number, "y") | {"domain": down, "anchor": f"x{suffix}"}
        result["annotations"] += _texts(panel, suffix, scene)
        if scene.letters[number]:
            result["annotations"].append(_letter(scene.letters[number], suffix))
    if scene.width:
        result |= {"width": round(CSS_PIXELS * scene.width), "autosize": False}
    result |= _head(scene, plot)
    if any(s.mark == "cells" for panel in scene.panels for s in panel.series):
        low, high = scene.value_range
        result["coloraxis"] = {
            "cmin": low,
            "cmax": high,
            "colorbar": {"title": {"text": escape(scene.value_label), "side": "right"}, "len": 0.9},
        }
    return result


def axes_size(scene: Scene) -> tuple[float, float]:
    """Return width and height of a panel without its labels, in pixels, in a page of the usual width."""
    between = (scene.columns - 1) * (18 if scene.share else 58)
    wide = ((CSS_PIXELS * scene.width or ASSUMED_WIDTH) - 90 - between) / scene.columns
    return wide, float(scene.panel_size[1])


def _head(scene: Scene, plot: float) -> dict[str, Any]:
    """Return the title and the legend; with a legend the title is its heading, so that they never collide."""
    if not scene.keys:
        return (
            {"title": {"text": escape(scene.title), "y": 1, "yanchor": "top", "pad": {"t": 12, "l": 10}}}
            if scene.title
            else {}
        )
    above = (TITLE_ROOM if any(p.title for p in scene.panels) else 8) / plot
    legend = {
        "orientation": "h",
        "x": 0,
        "xanchor": "left",
        "y": 1 + above,
        "yanchor": "bottom",
        "itemsizing": "constant" if _bare(scene) else "trace",
        "tracegroupgap": 0,
    }
    if scene.title:
        legend["title"] = {"text": f"<b>{escape(scene.title)}</b>", "side": "top", "font": {"size": 15}}
    return {"legend": legend}


def _axis(scene: Scene, panel: Panel, number: int, which: str) -> dict[str, Any]:
    """Return one axis without its domain."""
    if panel.bare or panel.empty:
        axis: dict[str, Any] = {
            "visible": False,
            "range": [-1.04, 1.04],
            "fixedrange": panel.bare and bool(panel.empty),
        }
        if panel.equal and which == "y":
            axis |= {"scaleanchor": "x" if number == 0 else f"x{number + 1}"}
        return axis | ({"constrain": "domain"} if panel.equal else {})
    axis = {}
    ticks = panel.x_ticks if which == "x" else panel.y_ticks
    span = scene.limits(panel, which)
    if span:
        axis["range"] = list(span)
    if ticks:
        names = [_lines(shorten(name, 28), scene, 11, 120 if which == "y" else 1e3) for name in ticks]
        axis |= {"tickvals": list(range(len(ticks))), "ticktext": names, "showgrid": False}
    elif scene.is_log(panel, which):
        axis |= {"type": "log"} | _log_ticks(*(span or scene.extent(panel, which)))
        if span:
            axis["range"] = [float(np.log10(end)) for end in span]  # plotly wants the ends as powers of ten
    elif which == "x" and not span and scene.panel_size[0] <= SMALL:
        axis |= {"nticks": FEW + 1}
    if panel.integers and span:
        axis |= {"showgrid": False, "tick0": 0, "dtick": _whole_step(abs(span[1] - span[0]))}
    outer = number % scene.columns == 0 if which == "y" else number + scene.columns >= len(scene.panels)
    own = panel.y_label if which == "y" else panel.x_label
    if own or outer:
        shown = own or (scene.y_label if which == "y" else scene.x_label)
        wide = None if which == "x" else scene.panel_size[1] - 10.0
        axis["title"] = {"text": _lines(shown, scene, 12, wide)}
    first = next(i for i, one in enumerate(scene.panels) if not (one.bare or one.empty))
    if which == "y" and scene.share and number != first:
        follows = f"y{first + 1}" if first else "y"  # never the axis of an empty panel, which is no scale
        axis |= {"matches": follows, "showticklabels": number % scene.columns == 0}
    return axis


def _log_ticks(low: float, high: float) -> dict[str, Any]:
    """Return the ticks of a log axis: powers of ten, or others in full where there are few of those."""
    look: dict[str, Any] = {"minor": {"ticks": "outside", "ticklen": 2, "dtick": "D1"}}
    if not np.isfinite(low) or low <= 0:
        return look
    low, high = 0.95 * low, 1.05 * high  # plotly leaves some room at both ends
    if len(powers(low, high)) >= LEAST:
        return look | {"dtick": 1, "exponentformat": "power", "tickfont": {"size": 9}}
    ticks = log_ticks(low, high)
    return look | {"tickvals": ticks, "ticktext": log_labels(ticks)}


def _whole_step(span: float) -> int:
    """Return a round whole distance of ticks that puts about five on the axis."""
    power = 10 ** max(0, int(np.floor(np.log10(max(span / 5, 1.0)))))
    return int(next(step * power for step in (1, 2, 5, 10) if step * power >= span / 5))


def _domains(scene: Scene, number: int, plot: float, gap: float) -> tuple[list[float], list[float]]:
    """Return the shares of the plot's width and height that a panel has."""
    row, column = divmod(number, scene.columns)
    assumed = CSS_PIXELS * scene.width or ASSUMED_WIDTH
    between = (18 if scene.share or _bare(scene) else 58) / assumed
    width = (1 - (scene.columns - 1) * between) / scene.columns
    left = column * (width + between)
    top = 1 - row * (scene.panel_size[1] + gap) / plot
    bottom = max(0.0, top - scene.panel_size[1] / plot)
    return [left, min(1.0, left + width)], [bottom, top]


def _letter(letter: str, suffix: str) -> dict[str, Any]:
    """Return the letter of a panel, left of its title."""
    place = {"xref": f"x{suffix} domain", "yref": f"y{suffix} domain", "showarrow": False}
    at = {"x": 0, "y": 1, "xanchor": "right", "yanchor": "bottom", "xshift": -4, "yshift": 3}
    return {"text": f"<b>{letter}</b>", "font": {"size": 14}} | place | at


def _texts(panel: Panel, suffix: str, scene: Scene) -> list[dict[str, Any]]:
    """Return title, note, caption and "no data" as annotations in the panel's own coordinates."""
    place = {"xref": f"x{suffix} domain", "yref": f"y{suffix} domain", "showarrow": False}
    texts = []
    if panel.title:
        shown = f"<b>{_lines(shorten(panel.title), scene, 13)}</b>"
        texts.append({"text": shown, "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", "yshift": 3})
    if panel.caption:
        shown = escape(_caption(panel, scene)).replace("\n", "<br>")
        middle = (
            {"x": 0.5, "xanchor": "center", "align": "center"}
            if panel.bare
            else {"x": 0, "xanchor": "left", "align": "left"}
        )
        texts.append(
            {
                "text": shown,
                "y": 0,
                "yanchor": "top",
                "yshift": 0 if panel.bare else -40,
                "font": {"size": 11.5},
            }
            | middle
        )
    if panel.note:
        v, h = panel.note_corner.split()
        corner = {"x": 0.03 if h == "left" else 0.97, "y": 0.04 if v == "lower" else 0.96}
        anchors = {"xanchor": h, "yanchor": "bottom" if v == "lower" else "top", "align": h}
        look = {"font": {"size": 11}, "bgcolor": theme.PAPER[scene.mode], "opacity": 0.85}
        texts.append({"text": escape(panel.note).replace("\n", "<br>")} | look | corner | anchors)
    if panel.empty:
        texts.append({"text": panel.empty, "x": 0.5, "y": 0.5, "font": {"size": 13}})
    return [place | text for text in texts]


def _margins(scene: Scene) -> tuple[int, int]:
    titles = TITLE_ROOM if any(panel.title for panel in scene.panels) or any(scene.letters) else 8
    head = (LEGEND_ROW if scene.keys else 0) + (28 if scene.title else 0)
    captions = _caption_room(scene)
    return titles + head + 6, (captions + 12 if _bare(scene) else 48 + captions + 14 * bool(scene.width))


def _gap_below(scene: Scene) -> int:
    titles = TITLE_ROOM if any(panel.title for panel in scene.panels) or scene.width else 0
    own = 16 * any(panel.x_label for panel in scene.panels)
    return titles + _caption_room(scene) + (14 if _bare(scene) else 38) + own


def _caption_room(scene: Scene) -> int:
    return 17 * max((_caption(p, scene).count("\n") + 1 if p.caption else 0) for p in scene.panels)


def _caption(panel: Panel, scene: Scene) -> str:
    return break_lines(panel.caption, _cell(scene) - (10 if panel.bare else 50), 11.5)


def _cell(scene: Scene) -> float:
    """Return how many pixels a panel with its labels is wide; a page's panels may turn out narrower."""
    return (CSS_PIXELS * scene.width or ASSUMED_WIDTH) / scene.columns


def _lines(text: str, scene: Scene, type_size: float, wide: float | None = None) -> str:
    """Return a text for plotly; a journal's figure breaks it where the panel ends."""
    if scene.width:
        text = break_lines(text, wide or _cell(scene) - 40, type_size)
    return escape(text).replace("\n", "<br>")


def _bare(scene: Scene) -> bool:
    return all(panel.bare for panel in scene.panels)
