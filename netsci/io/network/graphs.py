"""What all graph files have in common: tables of links made into graphs, weights chosen, links cut."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from netsci.io.errors import CheckpointError, printable
from netsci.io.limits import MAX_UNITS
from netsci.io.network.selection import is_selected, not_there

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

_NOT_WEIGHTS = {"id", "key", "source", "target", "type", "label"}
_NOT_FINITE = "weights hold NaN or infinite values: links kept, weights dropped"


@dataclass(frozen=True)
class LinkTable:
    """Links as they stand in a file.

    Parameters
    ----------
    source, target : int64 [links], numbers of nodes from 0; of rows and of columns if `bipartite`.
    weights : float64 [links], or None.
    shape : number of sources and of targets; equal unless bipartite.
    directed : whether a link runs one way.
    bipartite : whether sources and targets are two sets of nodes.
    labels : the names of the sources and of the targets (of the nodes, unless bipartite), or None.
    """

    source: Any
    target: Any
    weights: Any
    shape: tuple[int, int]
    directed: bool
    bipartite: bool = False
    labels: tuple[Sequence[str] | None, Sequence[str] | None] | None = None


def build(path: Path, table: LinkTable) -> tuple[LayeredGraph, list[str]]:
    """Return the graph of a table, repeated links merged and their weights added, and notes that say so."""
    if max(table.shape) > MAX_UNITS:
        raise CheckpointError(
            path, f"it has {max(table.shape):,} nodes, above the limit of {MAX_UNITS:,}", "split the network"
        )
    if min(table.shape) < 1:
        raise CheckpointError(path, "the graph has no nodes", "write it again")
    notes: list[str] = []
    weights = table.weights
    if weights is not None and not np.isfinite(weights).all():
        notes.append(_NOT_FINITE)
        weights = None
    keys, sums, repeated = _merge_repeats(table.source, table.target, weights, table.shape[1])
    if not (table.directed or table.bipartite):
        keys, sums, repeated = _merge_directions(keys, sums, repeated, table.shape[1], notes)
    if repeated:
        summed = ", their weights added up" if weights is not None else ""
        notes.append(f"{repeated:,} repeated {_plural('link', repeated)} merged{summed}")
    rows, columns = np.divmod(keys, table.shape[1])
    if weights is not None and not np.isfinite(sums).all():
        notes.append(_NOT_FINITE)
        weights = None
    loops = 0 if table.bipartite else int(np.count_nonzero(rows == columns))
    if loops:
        notes.append(f"{loops:,} {_plural('self-loop', loops)} kept")
    idle = 0 if weights is None else int(np.count_nonzero(sums == 0))
    if idle:
        notes.append(f"{idle:,} {_plural('link', idle)} of weight 0 kept as links")
    return _graph(table, rows, columns, None if weights is None else sums), notes


def from_network(
    path: Path, network: Any, notes: list[str], *, any_weight: bool = True
) -> tuple[LayeredGraph, list[str]]:
    """Return the LayeredGraph of a networkx graph, from `to_networkx` or other code, and notes.

    With `any_weight` a number on every link that is called otherwise than "weight" may be the weight.
    """
    from netsci.graph.interop import from_networkx

    _check_header(path, network)
    if "netsci" not in network.graph:
        notes = notes + (_weight_found(network) if any_weight else []) + _clean_weights(network)
    try:
        return from_networkx(network), notes
    except ValueError as error:  # ours: it says what is wrong with the graph and how to mend it
        raise CheckpointError(path, "the graph cannot be read", printable(error)) from error


def cut_links(
    path: Path, graph: LayeredGraph, threshold: float | None, density: float | None
) -> tuple[LayeredGraph, list[str]]:
    """Keep the strong links of every projection, as `netsci.io.network.cut` does with layers; say how many.

    A density is a share of the `n_places` of a projection; self-loops of a plain network fill none of them
    and stay.
    """
    from netsci.io.network.cut import largest

    if all(p.weights is None for p in graph.projections):
        raise CheckpointError(
            path,
            "its links have no weights, which threshold and density need",
            "leave out threshold and density",
        )
    kept, notes = [], []
    for p in graph.projections:
        name = printable(p.name)
        if p.weights is None:
            kept.append(p.links)
            notes.append(f"{name} has no weights to compare: all {p.n_links:,} links stay")
            continue
        strength = sp.csr_array(sp.triu(abs(p.weights)) if p.undirected else abs(p.weights))
        places = p.n_places
        rows = np.repeat(np.arange(p.shape[0]), np.diff(strength.indptr))
        loop = (rows == strength.indices) & p.one_population
        if density is None:
            strong = strength.data >= threshold
        else:  # 0.29 of 100 places is 28.999999999999996 in floating point, and 29 is meant
            strong = loop.copy()
            strong[~loop] = largest(strength.data[~loop], math.floor(density * places * (1 + 1e-12)))
        rows, columns = rows[strong], strength.indices[strong]
        share = f", {np.count_nonzero(strong & ~loop) / places:.4g} of all places" if places else ""
        notes.append(f"{name}: {len(rows):,} of {p.n_links:,} links stay{share}")
        if p.undirected:
            rows, columns = np.concatenate([rows, columns]), np.concatenate([columns, rows])
        kept.append(sp.csr_array((np.ones(len(rows), np.int64), (rows, columns)), shape=p.shape))
    return graph.with_links(kept), notes


def select_layers(path: Path, graph: LayeredGraph, select: str) -> tuple[LayeredGraph, list[str]]:
    """Return the graph of the projections that `select` names, in full or up to a dot, and a note."""
    from netsci.graph.layered import LayeredGraph

    chosen = [p for p in graph.projections if is_selected(p.name, select)]
    if not chosen:
        raise not_there(path, select, [p.name for p in graph.projections])
    ends = {end for p in chosen for end in (p.source, p.target)}
    populations = tuple(p for p in graph.populations if p.name in ends)
    return LayeredGraph(populations, tuple(chosen)), [f"selected {printable(select)}"]


def _merge_repeats(source: Any, target: Any, weights: Any, columns: int) -> tuple[Any, Any, int]:
    """Return place (row * columns + column) and summed weight of every different link, and the repeats."""
    places = np.asarray(source, np.int64) * columns + np.asarray(target, np.int64)
    keys, index = np.unique(places, return_inverse=True)
    sums = np.bincount(index, weights, len(keys)) if len(keys) else np.zeros(0)
    return keys, np.asarray(sums, np.float64), len(places) - len(keys)


def _merge_directions(keys: Any, sums: Any, repeated: int, n: int, notes: list[str]) -> tuple[Any, Any, int]:
    """Merge the two directions of undirected links; a list that names all of them twice counts once."""
    rows, columns = np.divmod(keys, n)
    back = columns * n + rows
    order = np.argsort(back)
    upper = rows <= columns
    both = np.array_equal(back[order], keys) and np.array_equal(sums[order], sums)
    if both and np.any(rows != columns):
        notes.append("every link is listed in both directions and counts once")
        return keys[upper], sums[upper], repeated
    merged, totals, again = _merge_repeats(np.minimum(rows, columns), np.maximum(rows, columns), sums, n)
    return merged, totals, repeated + again


def _graph(table: LinkTable, rows: Any, columns: Any, values: Any) -> LayeredGraph:
    from netsci.graph.layered import LayeredGraph
    from netsci.graph.projection import Population, Projection

    rows_called, columns_called = table.labels or (None, None)
    if not (table.directed or table.bipartite):
        off = rows != columns
        values = None if values is None else np.concatenate([values, values[off]])
        rows, columns = np.concatenate([rows, columns[off]]), np.concatenate([columns, rows[off]])
    # No side is above MAX_UNITS: half the memory, which counts where there are more nodes than links.
    rows, columns = rows.astype(np.int32), columns.astype(np.int32)
    links = sp.csr_array((np.ones(len(rows), bool), (rows, columns)), shape=table.shape)
    weights = None if values is None else sp.csr_array((values, (rows, columns)), shape=table.shape)
    if not table.bipartite:
        return LayeredGraph.from_adjacency(
            links, weights=weights, directed=table.directed, labels=rows_called
        )
    ends = (
        Population("rows", table.shape[0], rows_called),
        Population("columns", table.shape[1], columns_called),
    )
    return LayeredGraph(ends, (Projection("rows", "columns", links, weights),))


def _weight_found(network: Any) -> list[str]:
    """Call the attribute that must be the weight "weight", and say so."""
    links = [attributes for _, _, attributes in network.edges(data=True)]
    if not links or any("weight" in attributes for attributes in links):
        return []
    numbers = {
        key for a in links for key, x in a.items() if _is_number(x) and key.lower() not in _NOT_WEIGHTS
    }
    full = [key for key in sorted(numbers) if all(_is_number(a.get(key)) for a in links)]
    named = next((key for key in full if key.lower() in ("weight", "value")), None)
    key = named or (full[0] if len(full) == 1 else None)
    if key is None:
        return []
    for attributes in links:
        attributes["weight"] = attributes.pop(key)
    return [f"edge attribute {printable(key)!r} is read as the weight"]


def _clean_weights(network: Any) -> list[str]:
    """Drop weights that are no numbers from a foreign graph, and note what else is not read as it stands."""
    links = list(network.edges(data=True))
    notes = []
    # Whole numbers of any size are finite, and math.isfinite fails on large ones.
    weights = [attributes["weight"] for _, _, attributes in links if "weight" in attributes]
    if any(isinstance(weight, float) and not math.isfinite(weight) for weight in weights):
        notes.append(_NOT_FINITE)
        for _, _, attributes in links:
            attributes.pop("weight", None)
    if not weights:
        numeric = {key for *_, a in links for key, v in a.items() if _is_number(v)}
        notes += [
            f"edge attribute {printable(key)!r} is not read as a weight; rename it to 'weight' if it is one"
            for key in sorted(numeric)[:6]
        ]
    directed = network.is_directed()
    repeated = len(links) - len({(u, v) if directed else frozenset((u, v)) for u, v, _ in links})
    if repeated:
        notes.append(f"{repeated:,} repeated {_plural('link', repeated)} merged")
    loops = sum(u == v for u, v, _ in links)
    if loops:
        notes.append(f"{loops:,} {_plural('self-loop', loops)}")
    return notes


def _check_header(path: Path, network: Any) -> None:
    """Check the sizes that our own header claims against the nodes that are there."""
    text = network.graph.get("netsci")
    if text is None:
        return
    try:
        header = json.loads(text)
        sizes = dict(header["populations"])
        rows = [sizes[p["source"]] * p["rows_per_unit"] for p in header["projections"]]
        fits = sum(sizes.values()) == network.number_of_nodes() and max(rows, default=0) <= MAX_UNITS
    except (ValueError, KeyError, TypeError, AttributeError):
        fits = False
    if not fits:
        raise CheckpointError(
            path, "its netsci header and its nodes do not agree", "write it again with to_graphml"
        )


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
