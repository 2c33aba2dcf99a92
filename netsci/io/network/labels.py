"""The names of nodes on their way from a file to a graph: kept where they tell something, and made plain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from netsci.io.errors import printable

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph
    from netsci.graph.projection import Population

MAX_LABEL_TEXT = 2**26  # characters of all the labels of a graph; each one is cut at 200 besides
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")


def drop_plain_numbers(labels: Sequence[str] | None) -> Sequence[str] | None:
    """Return labels, None where all of them are plain numbers.

    >>> drop_plain_numbers(["1", "2.0"]), drop_plain_numbers(["1", "AVAL"])
    (None, ['1', 'AVAL'])
    """
    return None if labels is None or all(map(_NUMBER.fullmatch, labels)) else labels


def plain_labels(graph: LayeredGraph) -> tuple[LayeredGraph, list[str]]:
    """Return the graph with labels that are safe to show, or, where they are too long, without; and notes."""
    if all(p.labels is None for p in graph.populations):
        return graph, []
    populations = [
        p if p.labels is None else replace(p, labels=tuple(map(printable, p.labels)))
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
