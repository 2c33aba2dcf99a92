"""Turn anything that holds a network into one: files, modules, state dicts, graphs of other tools, arrays.

What is in memory is written to a temporary file and read as that file would be, so that a module, its state
dict and its saved file are one network. A module is then traced as well: if the pass confirms the order in
which the file was read, the network is no guess.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import scipy.sparse as sp

from netsci.arguments import check_path
from netsci.graph import LayeredGraph, from_igraph, from_networkx

if TYPE_CHECKING:
    from netsci.io.options import ReadOptions

KINDS = (
    "a LayeredGraph, the path of a file, a torch module or state dict, a run of netsci.train, a networkx or "
    "igraph graph, a NumPy or scipy.sparse matrix, or a list or dictionary of matrices"
)


@dataclass(frozen=True, eq=False)
class Network:
    """A network and where it came from.

    graph : the network. name : what it is called, for titles. kind : what it was read from. notes, guesses :
    what the reader decided, as `netsci.io.Loaded` has it. sha256 : of the file, "" for what was in memory.
    """

    graph: LayeredGraph
    name: str
    kind: str
    notes: tuple[str, ...] = ()
    guesses: tuple[str, ...] = ()
    sha256: str = ""


def read_network(x: Any, *, example: Any = None, **options: Unpack[ReadOptions]) -> Network:
    """Return the network that x holds.

    Parameters
    ----------
    x : a LayeredGraph, the path of a file, what `netsci.io.load` returned, a torch module (or a run of
        `netsci.train`), a state dict, a networkx or igraph graph, a NumPy array or scipy.sparse matrix (an
        adjacency if symmetric, else as `netsci.io.load` reads its file), or a list of matrices
        [presynaptic, postsynaptic], one a layer; a dictionary names them.
    example : an input of the module's forward, or a tuple of them; without it simple modules are traced too.
    options : how to read a file, see `netsci.io.load`.

    Raises
    ------
    TypeError
        If x is none of these, or empty.
    ValueError
        If x is an empty path.
    netsci.io.CheckpointError
        If x is a file, or arrays, that no network can be read from.

    Examples
    --------
    >>> read_network([[[1, 0], [0, 1]], [[1], [1]]]).graph.sizes
    {'layer0': 2, 'layer1': 2, 'layer2': 1}
    """
    if isinstance(x, (str, os.PathLike)):
        check_path(x, "x")
        return _read_file(Path(x), **options)
    known = _read_known(x)
    if known is not None:
        if options:
            raise TypeError(
                f"{', '.join(options)} say how a file is read, but x is {known.kind}: give its file, or "
                "change the network first"
            )
        return known
    if _is(x, "torch.nn", "Module"):
        return _read_module(x, example, options)
    if _is(getattr(x, "model", None), "torch.nn", "Module"):  # a run
        return _read_module(x.model, example, options)
    if _is(x, "torch", "Tensor"):
        x = x.detach().cpu().numpy()
    if isinstance(x, np.ndarray) or sp.issparse(x):
        return _read_matrix(x, options)
    if isinstance(x, Mapping) and x:
        return _read_mapping(x, options)
    if isinstance(x, (Mapping, Sequence)) and not len(x):
        raise TypeError(
            f"x must be {KINDS}; got an empty {type(x).__name__}: put in a matrix [presynaptic, "
            "postsynaptic] for each layer, or the weights of a state dict"
        )
    raise TypeError(f"x must be {KINDS}; got {type(x).__name__}")


def _read_known(x: Any) -> Network | None:
    """Return the network of what needs no reader, or None."""
    if isinstance(x, Network):
        return x
    if isinstance(x, LayeredGraph):
        return Network(x, "network", "a LayeredGraph in memory")
    if _is(x, "netsci.io", "Loaded"):
        return Network(x.graph, x.name, x.kind, x.notes, x.guesses, x.sha256)
    if _is(x, "networkx", "Graph"):
        return Network(from_networkx(x), "network", "a networkx graph")
    if _is(x, "igraph", "Graph"):
        return Network(from_igraph(x), "network", "an igraph graph")
    if isinstance(x, Sequence) and not isinstance(x, str) and x and all(map(_is_matrix, x)):
        return Network(_chain(x), "network", f"{len(x)} matrices in memory")
    return None


def _read_file(path: Path, *, isolate: bool = True, **options: Unpack[ReadOptions]) -> Network:
    from netsci.io import load

    return read_network(load(path, isolate=isolate, **options))


def _read_module(module: Any, example: Any, options: ReadOptions) -> Network:
    """Return the network of a module: the layers as its file would have them, wired as a pass shows."""
    from netsci.sparse.graph import find_graph

    kind = f"a torch module ({type(module).__name__})"
    name = type(module).__name__
    if not module.state_dict():
        raise ValueError(f"x must hold layers with weights; {name} has no parameters")
    stored = replace(_read_mapping(module.state_dict(), options), name=name, kind=kind)
    try:
        wired = find_graph(module, example)
    except ValueError as error:
        if example is not None:
            raise
        remark = f"read as its state dict, since the module was not traced: {error}"
        return replace(stored, notes=(*stored.notes, remark))
    if _is_same_wiring(stored.graph, wired):
        confirmed = "a forward pass confirms which layer reads which"
        return replace(stored, notes=(*stored.notes, confirmed), guesses=())
    remark = "which layer reads which is as a forward pass shows; the order of the state dict tells otherwise"
    return replace(stored, graph=_put_links(wired, stored.graph), notes=(*stored.notes, remark), guesses=())


def _is_same_wiring(a: LayeredGraph, b: LayeredGraph) -> bool:
    """Whether both have the same projections, by name, between the same populations, whatever their names."""
    first, second = ({p.name: p for p in graph.projections} for graph in (a, b))
    if len(a.projections) != len(b.projections) or set(first) != set(second) or len(a.sizes) != len(b.sizes):
        return False
    partner: dict[str, str] = {}
    for name, p in first.items():
        q = second[name]
        if (p.shape, p.rows_per_unit) != (q.shape, q.rows_per_unit):
            return False
        if partner.setdefault(p.source, q.source) != q.source:
            return False
        if partner.setdefault(p.target, q.target) != q.target:
            return False
    return len(set(partner.values())) == len(partner)


def _put_links(wired: LayeredGraph, stored: LayeredGraph) -> LayeredGraph:
    """Return the wired graph with the links that the state dict has: zeros of dense layers are no links."""
    known = {p.name: p for p in stored.projections}
    projections = []
    for p in wired.projections:
        q = known.get(p.name)
        same = q is not None and q.shape == p.shape
        projections.append(replace(p, links=q.links, weights=q.weights) if q is not None and same else p)
    return LayeredGraph(wired.populations, tuple(projections))


def _read_mapping(x: Mapping[str, Any], options: ReadOptions) -> Network:
    if any(not isinstance(name, str) for name in x):
        raise TypeError(f"the names of a state dict must be texts (str); got {list(x)[:3]}")
    if all(map(sp.issparse, x.values())):
        return Network(_chain(list(x.values()), list(x)), "network", f"{len(x)} matrices in memory")
    if any(_is(value, "torch", "Tensor") for value in x.values()) or not all(
        isinstance(value, (np.ndarray, np.generic)) for value in x.values()
    ):
        import torch

        return _read_written(
            "state_dict.pt", lambda place: torch.save(dict(x), place), options, "a state dict"
        )
    return _read_written(
        "state_dict.npz", lambda place: np.savez(place, **dict(x)), options, "a dictionary of arrays"
    )


def _read_matrix(x: Any, options: ReadOptions) -> Network:
    """Return the network of one matrix: an adjacency if it is symmetric, else what its file would be."""
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError("x must not be a masked array; fill it first: x.filled(0)")
    kind = "a sparse matrix in memory" if sp.issparse(x) else "an array in memory"
    if x.ndim == 2 and x.shape[0] == x.shape[1] > 2 and not options and _is_symmetric(x):
        weighted = x.dtype.kind == "f" and not set(np.unique(x.data if sp.issparse(x) else x)) <= {0.0, 1.0}
        graph = LayeredGraph.from_adjacency(x, weights=x if weighted else None)
        guess = "symmetric, hence read as the adjacency of a plain network; pass [x] if it is a layer"
        return Network(graph, "network", kind, (guess,), (guess,))
    if sp.issparse(x):
        matrix = sp.csr_array(x)
        return _read_written("matrix.npz", lambda place: sp.save_npz(place, matrix), options, kind)
    return _read_written("matrix.npy", lambda place: np.save(place, x), options, kind)


def _is_symmetric(x: Any) -> bool:
    return not (x != x.T).nnz if sp.issparse(x) else bool(np.array_equal(x, x.T))


def _read_written(file: str, write: Any, options: ReadOptions, kind: str) -> Network:
    """Write to a temporary file, and read it as any other."""
    with tempfile.TemporaryDirectory(prefix="netsci-") as folder:
        place = Path(folder) / file
        write(place)
        found = _read_file(place, isolate=False, **options)
    return replace(found, name="network", kind=kind, sha256="")


def _chain(matrices: Sequence[Any], names: list[str] | None = None) -> LayeredGraph:
    """Return the chain of matrices [presynaptic, postsynaptic], with weights where they are not masks."""
    plain = [m if sp.issparse(m) else np.asarray(m) for m in matrices]
    weighted = all(m.dtype.kind == "f" for m in plain)
    return LayeredGraph.from_masks(plain, weights=plain if weighted else None, names=names)


def _is_matrix(x: Any) -> bool:
    if sp.issparse(x):
        return True
    try:
        array = np.asarray(x.detach().cpu() if hasattr(x, "detach") else x)
    except (ValueError, TypeError):
        return False
    return array.ndim == 2 and array.dtype.kind in "biuf"


def _is(x: Any, module: str, name: str) -> bool:
    """Whether x is of a class of a package that is loaded; nothing is imported for it."""
    room = sys.modules.get(module)
    kind = None if room is None else getattr(room, name, None)
    return isinstance(kind, type) and isinstance(x, kind)
