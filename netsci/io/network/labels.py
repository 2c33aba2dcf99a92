"""The names of nodes on their way from a file to a graph: kept as they are, numbers too, and made plain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from netsci.io.errors import printable

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph
    from netsci.graph.projection import Population

MAX_LABEL_TEXT = 2**26  # characters of all the labels of a graph; each one is cut at 200 besides


def plain_labels(graph: LayeredGraph) -> tuple[LayeredGraph, list[str]]:
    """Return the graph with labels that are safe to show, or, where they are too long, without; and notes."""
    if all(p.labels is None for p in graph.populations):
        return graph, []
    populations = [
        p if p.labels is None else replace(p, labels=tuple(printable(label).strip() for label in p.labels))
        for p in graph.populations
    ]
    try:
        check_total(populations)
        notes = []
    except ValueError as error:
        populations = [replace(p, labels=None) for p in populations]
        notes = [f"node labels left out: {error}"]
    return replace(graph, populations=tuple(populations)), notes


def check_total(populations: Iterable[Population]) -> None:
    """Raise ValueError where the labels of all populations are longer than a graph may carry."""
    total = sum(len(label) for p in populations for label in p.labels or ())
    if total > MAX_LABEL_TEXT:
        raise ValueError(f"they have {total:,} characters, above the limit of {MAX_LABEL_TEXT:,}")
