"""How a file is to be read: the options of `load`, checked once at the door."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, TypedDict

from netsci.arguments import check_choice

# What --format and format= take -> the format of `netsci.io.formats.sniff`, or the layout of a table.
TABLES = {
    "edges": "a list of links: source, target and perhaps a weight on every line",
    "matrix": "a table of numbers",
    "adjlist": "adjacency lists: a source and its neighbours on every line",
    "multiline-adjlist": "networkx's multiline adjacency lists",
    "sif": "source, relation, target on every line (SIF, triples)",
    "nnf": "network, source, relation, target on every line (NNF)",
    "arrows": "source -> target on every line",
    "dimacs": "a DIMACS graph",
    "lgl": "an LGL graph",
    "metis": "a METIS graph",
}
FILES = (
    "torch", "npz", "npy", "safetensors", "onnx", "hdf5", "matlab", "graphml", "gexf", "gml", "json", "pajek",
    "matrix-market",
)  # fmt: skip
FORMATS = (*TABLES, *FILES)
_ROLES = ("source", "target")


class ReadOptions(TypedDict, total=False):
    """The options of `load`, which describes them."""

    threshold: float | None
    density: float | None
    select: str | None
    undirected: bool
    bipartite: bool
    columns: str | Sequence[str] | None
    format: str | None


@dataclass(frozen=True)
class Hints:
    """What the user says about a table or list of links, in place of what its reader would guess.

    Parameters
    ----------
    bipartite : whether sources and targets are two sets of nodes.
    columns : what the columns are, or which ones are source, target and weight; () where nothing is said.
    format : one of FORMATS, or "".
    """

    bipartite: bool = False
    columns: tuple[str, ...] = ()
    format: str = ""


def check_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return all options of `load`, with defaults, or raise ValueError or TypeError for a wrong one."""
    known = ReadOptions.__annotations__
    unknown = [name for name in options if name not in known]
    if unknown:
        raise TypeError(f"load has no option {unknown[0]!r}; its options are {', '.join(known)} and isolate")
    given = {name: options.get(name) for name in known}
    _check_cut(given["threshold"], given["density"])
    select = given["select"]
    if select is not None and (not isinstance(select, str) or not select):
        raise TypeError(f"select must be the name of a layer (str) or None; got {select!r}")
    for name in ("undirected", "bipartite"):
        given[name] = options.get(name, False)
        if type(given[name]) is not bool:
            raise TypeError(f"{name} must be True or False; got {given[name]!r}")
    if given["undirected"] and given["bipartite"]:
        raise ValueError("undirected and bipartite exclude each other; give one of them")
    given["columns"] = list(_split_columns(given["columns"])) or None
    _check_format(given["format"])
    return given


def _check_cut(threshold: Any, density: Any) -> None:
    for name, value in (("threshold", threshold), ("density", density)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, Real)):
            raise TypeError(f"{name} must be a number or None; got {value!r}")
    if threshold is not None and density is not None:
        raise ValueError(
            f"threshold = {threshold!r} and density = {density!r} exclude each other; give one of them"
        )
    if threshold is not None and not 0 <= threshold < math.inf:
        raise ValueError(f"threshold must be a finite number of at least 0; got {threshold!r}")
    if density is not None and not 0 < density <= 1:
        raise ValueError(f"density must lie in (0, 1], the share of possible links to keep; got {density!r}")


def _split_columns(columns: Any) -> tuple[str, ...]:
    """Return the columns one by one, at least a source and a target; () for None."""
    if columns is None:
        return ()
    parts = columns.split(",") if isinstance(columns, str) else columns
    if not isinstance(parts, Sequence) or not all(isinstance(part, str) for part in parts):
        raise TypeError(f"columns must be a text such as 'source,target,weight' or None; got {columns!r}")
    names = tuple(part.strip() for part in parts)
    if len(names) < 2:
        raise ValueError(
            f"columns = {columns!r} names fewer than two columns; say what the columns are "
            "('source,target,weight', with '-' for one to leave out), or which ones to read "
            "('3,5' or their names)"
        )
    return names


def _check_format(name: Any) -> None:
    if name is not None:
        check_choice(name, tuple(FORMATS), "format")
