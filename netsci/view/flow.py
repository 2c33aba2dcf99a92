"""Lay the layers of a network out: which population stands where, and what feeds what."""

from __future__ import annotations

import math
import re
from collections import defaultdict

import pandas as pd

from netsci.graph import LayeredGraph, live_units

MOST_COLUMNS, MOST_BOXES, MOST_ARROWS = 12, 24, 30  # beyond, a strip of blocks and kinds says more
ALONE = "—"  # the block of a layer that stands in none


def lay_out(graph: LayeredGraph) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the populations with their places, and the projections between them.

    Columns of the first: name, size, dead (units on no path from input to output), column (the longest way
    from an entry), lane. Of the second: name, source, target, links, density (NaN if no link is possible),
    undirected. Projections that close a circle do not move their target.

    Examples
    --------
    >>> boxes, arrows = lay_out(LayeredGraph.from_masks([[[1, 0], [1, 0]], [[1], [1]]]))
    >>> boxes[["name", "size", "dead", "column", "lane"]].values.tolist()
    [['layer0', 2, 0, 0, 0], ['layer1', 2, 1, 1, 0], ['layer2', 1, 0, 2, 0]]
    >>> arrows[["source", "target", "density"]].values.tolist()
    [['layer0', 'layer1', 0.5], ['layer1', 'layer2', 1.0]]
    """
    live = live_units(graph)
    columns = _columns(graph)
    lanes: defaultdict[int, int] = defaultdict(int)
    boxes = []
    for name, size in graph.sizes.items():
        column = columns[name]
        dead = int((~live[name]).sum())
        boxes.append({"name": name, "size": size, "dead": dead, "column": column, "lane": lanes[column]})
        lanes[column] += 1
    arrows = [
        {
            "name": p.name,
            "source": p.source,
            "target": p.target,
            "links": p.n_links,
            "density": 1.0 - p.sparsity,
            "undirected": p.undirected,
        }
        for p in graph.projections
    ]
    keys = ["name", "source", "target", "links", "density", "undirected"]
    return pd.DataFrame(boxes), pd.DataFrame(arrows, columns=keys)


def is_small(boxes: pd.DataFrame, arrows: pd.DataFrame) -> bool:
    """Whether a drawing of all boxes and arrows can be read."""
    return (
        len(boxes) <= MOST_BOXES
        and len(arrows) <= MOST_ARROWS
        and int(boxes["column"].max()) < MOST_COLUMNS
        and int(boxes["lane"].max()) < MOST_COLUMNS
    )


def arrange_blocks(graph: LayeredGraph) -> pd.DataFrame:
    """Return one row for each projection: name, block, kind, density, dead (a share of its target's units).

    Block and kind come from the name: "blocks.3.attn.qkv" is the kind "attn.qkv" of block "blocks.3". Where
    no kind comes twice, the blocks are left out.

    Examples
    --------
    >>> names = ["stem", "blocks.0.attn.q", "blocks.1.attn.q"]
    >>> graph = LayeredGraph.from_masks([[[1]]] * 3, names=names)
    >>> arrange_blocks(graph)[["block", "kind"]].values.tolist()
    [['—', 'stem'], ['blocks.0', 'attn.q'], ['blocks.1', 'attn.q']]
    """
    live = live_units(graph)
    rows = []
    for p in graph.projections:
        block, kind = split_name(p.name)
        dead = float((~live[p.target]).mean())
        rows.append({"name": p.name, "block": block, "kind": kind, "density": 1.0 - p.sparsity, "dead": dead})
    table = pd.DataFrame(rows, columns=["name", "block", "kind", "density", "dead"])
    if not table["kind"].duplicated().any():
        table = table.assign(block=ALONE, kind=table["name"])
    return table


def split_name(name: str) -> tuple[str, str]:
    """Return the block that a layer stands in, and its kind there.

    Examples
    --------
    >>> split_name("encoder.layer.11.attention.self.query"), split_name("layer1.0.conv1"), split_name("fc1")
    (('encoder.layer.11', 'attention.self.query'), ('layer1.0', 'conv1'), ('—', 'fc1'))
    >>> split_name("features.12"), split_name("block4_dense")
    (('features.12', 'features'), ('—', 'block4_dense'))
    """
    parts = re.split(r"[./]", name)
    numbered = [i for i, part in enumerate(parts) if re.search(r"\d$", part)]
    inner = [i for i in numbered if i < len(parts) - 1]
    if inner:
        last = inner[0]
        while last + 1 in inner and parts[last + 1].isdigit():
            last += 1
        return ".".join(parts[: last + 1]), ".".join(parts[last + 1 :])
    if len(parts) > 1 and parts[-1].isdigit():
        return name, ".".join(parts[:-1])
    return ALONE, name


def _columns(graph: LayeredGraph) -> dict[str, int]:
    """Return the longest way from an entry to each population, along projections that close no circle."""
    after: defaultdict[str, list[str]] = defaultdict(list)
    for p in graph.projections:
        if p.source != p.target and not _reaches(after, p.target, p.source):
            after[p.source].append(p.target)
    before: defaultdict[str, list[str]] = defaultdict(list)
    for source, targets in after.items():
        for target in targets:
            before[target].append(source)
    found: dict[str, int] = {}
    for start in graph.sizes:  # without recursion: a chain may have thousands of layers
        waiting = [start]
        while waiting:
            name = waiting[-1]
            unknown = [source for source in before[name] if source not in found]
            if unknown:
                waiting += unknown
                continue
            found[name] = max((found[source] + 1 for source in before[name]), default=0)
            waiting.pop()
    return found


def _reaches(after: dict[str, list[str]], start: str, end: str) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        name = waiting.pop()
        if name == end:
            return True
        fresh = [one for one in after.get(name, ()) if one not in seen]
        seen.update(fresh)
        waiting += fresh
    return False


def height(size: int, largest: int) -> float:
    """Return how high a population is drawn, from .25 to 1: by the logarithm of its size.

    Examples
    --------
    >>> [round(height(size, 1000), 2) for size in (1, 32, 1000)]
    [0.25, 0.63, 1.0]
    """
    return 1.0 if largest < 2 else 0.25 + 0.75 * math.log(size) / math.log(largest)
