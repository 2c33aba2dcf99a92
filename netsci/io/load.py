"""The front door: any supported file in, a LayeredGraph out, or one CheckpointError that says why not."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from importlib import import_module
from numbers import Real
from pathlib import Path
from typing import Any

from netsci.graph import LayeredGraph
from netsci.io import graph_text, graphs, sniff
from netsci.io.chains import arrange, join
from netsci.io.contents import Contents
from netsci.io.errors import CheckpointError, printable
from netsci.io.files import sha256
from netsci.io.labels import plain_labels
from netsci.io.layers import Layer, find_layers
from netsci.io.limits import check_count, check_file_size
from netsci.io.loaded import Loaded
from netsci.io.undirected import without_direction

# Format -> module and function that return its arrays, of which some are layers.
_ARRAYS = {
    sniff.TORCH_ZIP: ("torch_file", "read_torch_zip"),
    sniff.TORCH_LEGACY: ("torch_file", "read_torch_legacy"),
    sniff.SAFETENSORS: ("safetensors_file", "read_safetensors"),
    sniff.NPZ: ("numpy_file", "read_npz"),
    sniff.NPY: ("numpy_file", "read_npy"),
    sniff.ONNX: ("onnx_file", "read_onnx"),
    sniff.HDF5: ("hdf5_file", "read_hdf5"),
    sniff.KERAS_ZIP: ("hdf5_file", "read_keras_zip"),
}
# Format -> what it is called, and module and function that return a graph and notes.
_GRAPHS = {
    sniff.GRAPHML: ("GraphML", "graphml", "read_graphml"),
    sniff.GEXF: ("GEXF", "gexf", "read_gexf"),
    sniff.MATLAB: ("MATLAB 5 file", "matlab", "read_matlab"),
    graph_text.GML: ("GML", "gml", "read_gml"),
    graph_text.JSON: ("node-link JSON", "gml", "read_json"),
    graph_text.PAJEK: ("Pajek network", "pajek", "read_pajek"),
    graph_text.TABLE: ("text table", "edge_list", "read_table"),
    graph_text.MATRIX_MARKET: ("Matrix Market", "matrix_text", "read_matrix_market"),
}
_CUT = "--threshold or --density (threshold=, density= in load) keep the strongest links"


def load_graph(
    path: str | Path,
    *,
    threshold: float | None = None,
    density: float | None = None,
    select: str | None = None,
    undirected: bool = False,
    isolate: bool = True,
) -> LayeredGraph:
    """Return the network in a file; see `load`."""
    options: dict[str, Any] = {"threshold": threshold, "density": density, "select": select}
    return load(path, undirected=undirected, isolate=isolate, **options).graph


def load(
    path: str | Path,
    *,
    threshold: float | None = None,
    density: float | None = None,
    select: str | None = None,
    undirected: bool = False,
    isolate: bool = True,
) -> Loaded:
    """Return the network in a file, with what was decided while reading.

    Reads safetensors, torch state dicts (also nested in checkpoints), npz and npy matrices, scipy.sparse npz,
    ONNX, HDF5 (Keras, NIR), .keras archives and MATLAB 5 files; GraphML, GEXF, GML, Pajek, node-link JSON,
    Matrix Market, edge lists and tables of numbers; told apart by content. Nothing in the file is executed.
    Populations are the neurons (or channels) before the first layer, "input", and after each layer, called
    like the layer; a plain network is one population.

    Parameters
    ----------
    path : the file.
    threshold : keep the links of |weight| >= threshold, a finite number of at least 0.
    density : keep of each layer the strongest links, at most this share in (0, 1] of its places, the first of
        equals; see `netsci.io.cut`. Not together with `threshold`.
    select : keep only the layer of this name, or those whose names begin with it and a dot.
    undirected : read directed projections of a population onto itself as undirected, both directions merged
        and their weights added up.
    isolate : read the file in another process, under limits of memory and time.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, hostile, too large or of another format, or holds no weights to cut
        or nothing that is called `select`: the message says which, and what to do.
    ValueError, TypeError
        If threshold or density are no such numbers, or both are given, or undirected is no truth value.
    """
    path = Path(path)
    _check_options(threshold, density, select, undirected)
    checksum = _checked(path)
    options: dict[str, Any] = {"threshold": threshold, "density": density, "select": select}
    options["undirected"] = undirected
    if isolate:
        return _isolated(path, checksum, options)
    try:
        return _load_here(path, checksum, **options)
    except (CheckpointError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic of compiled Rust code is none of Exception
        from netsci.io.isolation import explained

        raise CheckpointError(path, *explained(error)) from error


def _isolated(path: Path, checksum: str, options: dict[str, Any]) -> Loaded:
    """Have the file read by another process."""
    from netsci.io.isolation import load_isolated

    return load_isolated(path, checksum, **options)


def _check_options(threshold: Any, density: Any, select: Any, undirected: Any) -> None:
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
        raise ValueError(f"density must lie in (0, 1], the share of places to keep; got {density!r}")
    if select is not None and (not isinstance(select, str) or not select):
        raise TypeError(f"select must be the name of a layer (str) or None; got {select!r}")
    if type(undirected) is not bool:
        raise TypeError(f"undirected must be True or False; got {undirected!r}")


def _checked(path: Path) -> str:
    """Return the checksum of a file that is there and of a size that is read."""
    try:
        if path.is_dir():
            raise CheckpointError(path, "this is a folder", "give one of the files in it")
        if not path.exists():
            raise CheckpointError(path, "there is no such file", "check the path")
        if not path.is_file():
            raise CheckpointError(path, "this is not a regular file", "copy its content into a file")
        check_file_size(path, path.stat().st_size)
        return sha256(path)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise CheckpointError(
            path, f"the file cannot be opened ({why})", "check path and permissions"
        ) from error


def _load_here(
    path: Path,
    checksum: str,
    *,
    threshold: float | None = None,
    density: float | None = None,
    select: str | None = None,
    undirected: bool = False,
) -> Loaded:
    """Return the network in a file, read by this process; whatever a parser raises comes out as it is."""
    found = sniff.sniff(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what parsers tell their own developers is no use to ours
        if found in _GRAPHS:
            kind, module, name = _GRAPHS[found]
            graph, notes = _reader(module, name)(path)
            if select is not None:
                graph, said = graphs.select_layers(path, graph, select)
                notes += said
            if undirected:  # before the cut: places and strengths are those of pairs
                graph, said = without_direction(graph)
                notes += said
            if threshold is not None or density is not None:
                graph, said = graphs.cut_links(path, graph, threshold, density)
                notes += said
        else:
            contents = _reader(*_ARRAYS[found])(path)
            kind = contents.kind
            graph, notes = _chained(path, contents, threshold, density, select)
            if undirected:
                graph, said = without_direction(graph)
                notes += said
        graph, said = plain_labels(graph)
        notes += said
    return Loaded(graph, kind, tuple(map(_line, notes + _plain_words(graph))), path, checksum)


def _chained(
    path: Path, contents: Contents, threshold: float | None, density: float | None, select: str | None
) -> tuple[LayeredGraph, list[str]]:
    """Return the graph of the layers among the arrays of a checkpoint, and notes."""
    check_count(path, len(contents.arrays) + len(contents.small), "arrays")
    layers, notes = find_layers(path, contents)
    notes = contents.notes + notes
    if select is not None:
        chosen = [layer for layer in layers if graphs.is_selected(layer.name, select)]
        if not chosen:
            raise graphs.not_there(path, select, [layer.name for layer in layers])
        layers, notes = chosen, [*notes, f"selected {printable(select)}"]
    if threshold is not None or density is not None:
        layers, said = _cut(path, layers, threshold, density)
        notes += said
    layers, arranged = arrange(layers, contents)
    graph, joined = join(layers)
    return graph, notes + arranged + joined


def _cut(
    path: Path, layers: list[Layer], threshold: float | None, density: float | None
) -> tuple[list[Layer], list[str]]:
    from netsci.io.cut import cut

    if all(layer.values is None or layer.values.dtype == bool for layer in layers):
        raise CheckpointError(
            path, "it holds masks and no weights to cut by", "leave out threshold and density"
        )
    return cut(layers, threshold=threshold, density=density)


def _reader(module: str, name: str) -> Callable[[Path], Any]:
    """Return a reader; its module, and the parser that it needs, is imported only now."""
    read: Callable[[Path], Any] = getattr(import_module(f"netsci.io.{module}"), name)
    return read


def _plain_words(graph: LayeredGraph) -> list[str]:
    """Say what a user who expects a sparse network should hear first."""
    notes = []
    chains = [p for p in graph.projections if not p.undirected]
    dense = [p.name for p in chains if p.links.nnz == p.shape[0] * p.shape[1]]
    if dense and len(dense) == len(chains):
        notes.append(f"no zeros: the network is dense (0 % sparsity); {_CUT}")
    elif dense:
        notes.append(f"no zeros, dense (0 % sparsity): {_listed(dense)}; {_CUT}")
    empty = [p.name for p in graph.projections if not p.n_links]
    if empty:
        notes.append(f"without any link: {_listed(empty)}")
    return notes


def _listed(names: list[str]) -> str:
    return ", ".join(map(printable, names[:6])) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _line(note: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in note)
