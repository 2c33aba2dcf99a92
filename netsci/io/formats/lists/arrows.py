"""Links written with an arrow, `A -> B` or `A -- B`, and perhaps a weight after it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netsci.io.errors import CheckpointError
from netsci.io.formats.graph_text import lines
from netsci.io.formats.tables.fields import number
from netsci.io.formats.tables.sample import Sample
from netsci.io.network.named_links import NamedLinks
from netsci.io.options import Hints

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

_ON, _BACK, _BOTH = ("-->", "==>", "->", "=>", "→", "⟶"), ("<--", "<-", "←"), ("<-->", "<->", "↔")
_PLAIN = ("---", "--", "-", "—", "–")
_LINK = re.compile(
    r"(\S.*?)\s*[,;]?\s*(<-->|<->|↔|-->|==>|->|=>|→|⟶|<--|<-|←|(?<=[\s,;])(?:---|--|-|—|–)(?=[\s,;]))"
    r"\s*[,;]?\s*(\S.*?)[;\s]*"
)
_RIGHT = re.compile(r"(.*?\S)(?:\s*[\t,;:]\s*|\s+)([-+]?[\d.]+(?:[eE][-+]?\d+)?)")
_MEND = "write it as source,target,weight; if it is another kind of list, --format edges or --columns say so"


def find(sample: Sample) -> Callable[[Path, Hints], Any] | None:
    """Return the reader if every one of the first lines holds one arrow."""
    return read_arrows if all(map(_LINK.fullmatch, sample.lines)) else None


def read_arrows(path: Path, hints: Hints) -> tuple[LayeredGraph, list[str]]:
    """Read one link a line: -> runs to the right, <- back, <-> both ways; with -- none has a direction."""
    links = NamedLinks(path, hints.bipartite)
    found: list[tuple[str, str, float | None, str]] = []
    for line_number, line in lines(path):
        if line[0] in "#%":
            continue
        match = _LINK.fullmatch(line)
        if not match or _LINK.fullmatch(match[3]):
            raise CheckpointError(
                path, f"line {line_number} does not hold one arrow between two names", _MEND
            )
        left, arrow, right = match.groups()
        weighted = _RIGHT.fullmatch(right)
        weight = number(weighted[2]) if weighted else None
        if weighted and weight is not None:
            right = weighted[1]
        if any(mark in name for name in (left, right) for mark in "\t;[{"):
            raise CheckpointError(path, f"line {line_number} holds more than two names and a weight", _MEND)
        found.append((left, right, weight, arrow))
    plain = {arrow in _PLAIN for *_, arrow in found}
    weighted_lines = sum(weight is not None for *_, weight, _ in found)
    if len(plain) > 1 or 0 < weighted_lines < len(found):
        what = "an arrow" if len(plain) > 1 else "a weight"
        raise CheckpointError(path, f"some of its lines have {what} and others do not", _MEND)
    for left, right, weight, arrow in found:
        ends = {(left, right)} if arrow not in _BACK else {(right, left)}
        for u, v in sorted(ends | ({(right, left)} if arrow in _BOTH else set())):
            links.add(u, v, weight)
    directed = plain == {False}
    why = "directed, as its arrows say" if directed else "undirected: its links are lines without a head"
    graph, notes = links.graph(directed, why)
    return graph, [f"links written with arrows, {len(found):,} lines", *notes]
