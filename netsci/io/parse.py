"""Read a file in this process: its format by content, its layers or its graph, and what was decided.

Nothing limits memory or time here, and whatever a parser raises comes out as it is: `netsci.io.load` is the
front door.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from netsci.graph.layered import LayeredGraph
from netsci.io.errors import CheckpointError, printable
from netsci.io.formats import graph_text, sniff
from netsci.io.limits import check_count
from netsci.io.loaded import Loaded
from netsci.io.network import graphs
from netsci.io.network.chains import join
from netsci.io.network.contents import Contents
from netsci.io.network.labels import plain_labels
from netsci.io.network.layers import Layer, find_layers
from netsci.io.network.order import arrange
from netsci.io.network.undirected import without_direction

# Format -> module and function that return its arrays, of which some are layers.
_ARRAYS = {
    sniff.TORCH_ZIP: ("torch.file", "read_torch_zip"),
    sniff.TORCH_LEGACY: ("torch.file", "read_torch_legacy"),
    sniff.SAFETENSORS: ("safetensors_file", "read_safetensors"),
    sniff.NPZ: ("numpy_file", "read_npz"),
    sniff.NPY: ("numpy_file", "read_npy"),
    sniff.ONNX: ("onnx.file", "read_onnx"),
    sniff.HDF5: ("hdf5.file", "read_hdf5"),
    sniff.KERAS_ZIP: ("hdf5.file", "read_keras_zip"),
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


def parse(
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
            graph, notes = _build_chain(path, contents, threshold, density, select)
            if undirected:
                graph, said = without_direction(graph)
                notes += said
        graph, said = plain_labels(graph)
        notes += said
    return Loaded(graph, kind, tuple(map(_line, notes + _plain_words(graph))), path, checksum)


def _build_chain(
    path: Path, contents: Contents, threshold: float | None, density: float | None, select: str | None
) -> tuple[LayeredGraph, list[str]]:
    """Return the graph of the layers among the arrays of a checkpoint, and notes."""
    check_count(path, len(contents.arrays) + len(contents.small), "arrays")
    layers, notes = find_layers(path, contents, select)
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
    from netsci.io.network.cut import cut

    if all(layer.values is None or layer.values.dtype == bool for layer in layers):
        raise CheckpointError(
            path,
            "it holds masks and no weights, which threshold and density need",
            "leave out threshold and density",
        )
    return cut(layers, threshold=threshold, density=density)


def _reader(module: str, name: str) -> Callable[[Path], Any]:
    """Return a reader; its module, and the parser that it needs, is imported only now."""
    read: Callable[[Path], Any] = getattr(import_module(f"netsci.io.formats.{module}"), name)
    return read


def _plain_words(graph: LayeredGraph) -> list[str]:
    """Say what a user who expects a sparse network should hear first."""
    notes = []
    chains = [p for p in graph.projections if not p.undirected]
    dense = [p.name for p in chains if p.links.nnz == p.shape[0] * p.shape[1]]
    if dense and len(dense) == len(chains):
        notes.append(f"no zeros: the network is dense (0 % sparsity); {_CUT}")
    elif dense:
        notes.append(f"no zeros, dense (0 % sparsity): {_list_names(dense)}; {_CUT}")
    empty = [p.name for p in graph.projections if not p.n_links]
    if empty:
        notes.append(f"without any link: {_list_names(empty)}")
    return notes


def _list_names(names: list[str]) -> str:
    return ", ".join(map(printable, names[:6])) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _line(note: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in note)
