"""Draw the layers of a network as SVG that takes its colours from the page: boxes and bands, or a strip.

Without scripts, so that the first screen also shows in a notebook.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from markupsafe import Markup

from netsci.graph import LayeredGraph
from netsci.plot.tidy import shorten
from netsci.report.chance import say_share
from netsci.report.markup import environment
from netsci.report.words import count
from netsci.view.flow import ALONE, arrange_blocks, height, is_small, lay_out

STEP, BOX, TALL, GAP = 132, 18, 116, 46  # pixels: between columns, width and height of a box, between lanes
MARGIN, HEAD, FOOT = 58, 34, 34
CELL, ROW = 34, 22
MOST_KINDS, MOST_BLOCKS = 40, 64
WIDE_NAME = 17  # characters


def draw_layers(graph: LayeredGraph) -> tuple[Markup, str]:
    """Return the drawing of a network's layers, and what it shows in words.

    Up to a dozen columns every population is a box and every projection a band. Larger networks are a strip:
    a row for each kind of layer, a column for each block.
    """
    boxes, arrows = lay_out(graph)
    if is_small(boxes, arrows):
        return _draw_flow(boxes, arrows)
    return _draw_strip(arrange_blocks(graph))


def _draw_flow(boxes: pd.DataFrame, arrows: pd.DataFrame) -> tuple[Markup, str]:
    largest = int(boxes["size"].max())
    lanes = boxes.groupby("column")["lane"].max() + 1
    tall = int(lanes.max()) * (TALL + GAP)
    places = {row["name"]: _place(row, largest, tall, int(lanes[row["column"]])) for row in _rows(boxes)}
    bands = [_band(row, places) for row in _rows(arrows)]
    width = 2 * MARGIN + int(boxes["column"].max()) * STEP + BOX
    alt = (
        f"{count(len(boxes), 'population')}{' from left to right' if len(boxes) > 1 else ''}, as high as the "
        f"logarithm of {'their' if len(boxes) > 1 else 'its'} size, and "
        f"{count(len(arrows), 'projection')}, the darker the denser. The coloured foot of a bar: dead units."
    )
    template = environment("netsci.report").get_template("layers.svg")
    drawn = template.render(
        width=width, height=HEAD + tall + FOOT, boxes=places.values(), bands=bands, alt=alt, box=BOX
    )
    return Markup(drawn), alt


def _place(row: dict[str, Any], largest: int, tall: int, lanes: int) -> dict[str, Any]:
    """Return a box: its place, the part of it that is dead, and its words."""
    high = TALL * height(row["size"], largest)
    slot = tall / lanes
    middle = HEAD + slot * (row["lane"] + 0.5)
    share = row["dead"] / row["size"]
    return {
        "x": MARGIN + row["column"] * STEP,
        "y": round(middle - high / 2, 1),
        "high": round(high, 1),
        "middle": round(middle, 1),
        "dead": round(high * share, 1) if not 0 < high * share < 2 else 2.0,
        "name": shorten(row["name"], WIDE_NAME),
        "title": f"{row['name']}: {count(row['size'], 'unit')}, {row['dead']:,} dead",
        "size": f"{row['size']:,}",
        "share": f"{say_share(share)} dead" if row["dead"] else "",
    }


def _band(row: dict[str, Any], places: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return a band between two boxes: its outline, its opacity and its words."""
    a, b = places[row["source"]], places[row["target"]]
    density = row["density"]
    known = not math.isnan(density)
    words = "no link" if not row["links"] else say_share(density) if known else ""
    band = {
        "title": f"{row['name']}: {count(row['links'], 'link')}" + (f", density {words}" if known else ""),
        "words": words,
        "empty": not row["links"],
        "shade": round(0.08 + 0.62 * math.sqrt(density), 3) if known else 0.1,
    }
    if row["source"] == row["target"]:
        # At the lower right, where no name and no share of dead units stands.
        x, y = a["x"] + BOX, a["y"] + a["high"]
        path = f"M{x} {y - 24:.1f}C{x + 28} {y - 32:.1f},{x + 28} {y + 2:.1f},{x} {y - 6:.1f}"
        return band | {"path": path, "line": True, "x": x + 40, "y": round(y - 11, 1)}
    x1, x2 = a["x"] + BOX, b["x"]
    if b["x"] - a["x"] == STEP:
        path = f"M{x1} {a['y']}L{x2} {b['y']}V{b['y'] + b['high']:.1f}L{x1} {a['y'] + a['high']:.1f}Z"
        place = {"x": (x1 + x2) / 2, "y": round((a["middle"] + b["middle"]) / 2 + 4, 1)}
        return band | {"path": path, "line": False} | place
    # Past other boxes, or back: a line below them.
    low = max(a["y"] + a["high"], b["y"] + b["high"]) + 26
    x1, x2 = a["x"] + BOX / 2, b["x"] + BOX / 2
    path = f"M{x1} {a['y'] + a['high']:.1f}C{x1} {low:.1f},{x2} {low:.1f},{x2} {b['y'] + b['high']:.1f}"
    return band | {"path": path, "line": True, "x": (x1 + x2) / 2, "y": round(low - 1, 1)}


def _draw_strip(table: pd.DataFrame) -> tuple[Markup, str]:
    """Return the strip: a cell for each layer, the darker the denser, with its share of dead units."""
    kinds = list(dict.fromkeys(table["kind"]))[:MOST_KINDS]
    blocks = list(dict.fromkeys(table["block"]))
    if ALONE in blocks:  # layers outside of all blocks have rows of their own
        blocks = [ALONE, *(block for block in blocks if block != ALONE)]
    blocks = blocks[:MOST_BLOCKS]
    cells = [_cell(row, kinds, blocks) for row in _rows(table)]
    cells = [cell for cell in cells if cell]
    left = 8 + round(6.6 * min(34, max(map(len, kinds))))
    width = left + CELL * len(blocks) + 10
    hidden = len(table) - len(cells)
    alt = (
        f"{count(len(table), 'layer')} by kind (rows) and block (columns, {len(blocks)}): the darker the "
        "denser, with the density in percent; a bar below shows the dead units of the layer."
    ) + (f" {count(hidden, 'layer is', 'layers are')} left out." if hidden else "")
    template = environment("netsci.report").get_template("strip.svg")
    drawn = template.render(
        width=width,
        height=30 + ROW * len(kinds) + 6,
        left=left,
        cells=cells,
        kinds=[shorten(kind, 34) for kind in kinds],
        blocks=[_block_name(block) for block in blocks],
        alt=alt,
        cell=CELL,
        row=ROW,
    )
    return Markup(drawn), alt


def _cell(row: dict[str, Any], kinds: list[str], blocks: list[str]) -> dict[str, Any] | None:
    if row["kind"] not in kinds or row["block"] not in blocks:
        return None
    density = row["density"]
    known = not math.isnan(density)
    percents = 100 * density if known else 0.0
    return {
        "x": CELL * blocks.index(row["block"]),
        "y": ROW * kinds.index(row["kind"]),
        "shade": round(0.06 + 0.64 * math.sqrt(density), 3) if known else 0.0,
        "words": "—"
        if not known
        else f"{percents:.0f}"
        if percents >= 9.5 or not density
        else f"{percents:.1f}",
        "dead": round((CELL - 4) * row["dead"], 1),
        "title": f"{row['name']}: density {say_share(density) if known else 'undefined'}, "
        f"{say_share(row['dead'])} of its units dead",
        "dark": known and density > 0.45,
    }


def _block_name(block: str) -> str:
    """Return the number of a block, which is what tells it from its neighbours."""
    return (
        block if block == ALONE else ".".join(part for part in block.split(".") if part[-1:].isdigit())[-5:]
    )


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_dict("records")
    return rows
