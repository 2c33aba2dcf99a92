"""Read a file in this process: its format by content, its layers or its graph, and what was decided.

Nothing limits memory or time here, and whatever a parser raises comes out as it is: `netsci.io.load` is the
front door.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from netsci.graph.layered import LayeredGraph
from netsci.io.errors import CheckpointError, printable
from netsci.io.formats import graph_text, sniff
from netsci.io.formats.wrapped.unpack import unpack
from netsci.io.guess import Guess
from netsci.io.limits import check_count
from netsci.io.loaded import Loaded
from netsci.io.network import graphs
from netsci.io.network.chains import join
from netsci.io.network.contents import Contents, OpenGuess
from netsci.io.network.labels import plain_labels
from netsci.io.network.layers import Layer, find_layers
from netsci.io.network.order.arrange import arrange
from netsci.io.network.selection import is_selected, not_there
from netsci.io.network.undirected import without_direction
from netsci.io.options import FILES, TABLES, Hints

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
    sniff.SHARDS: ("shards", "read_shards"),
}
# Format -> what it is called, and module and function that return a graph and notes.
_GRAPHS = {
    sniff.GRAPHML: ("GraphML", "graphml", "read_graphml"),
    sniff.GEXF: ("GEXF", "gexf", "read_gexf"),
    sniff.NETSCI_NPZ: ("netsci npz", "netsci_npz", "read_netsci_npz"),
    sniff.MATLAB: ("MATLAB 5 file", "matlab.level5", "read_matlab"),
    sniff.MATLAB_HDF5: ("MATLAB 7.3 file", "matlab.level73", "read_matlab_hdf5"),
    graph_text.GML: ("GML", "gml", "read_gml"),
    graph_text.PAJEK: ("Pajek network", "pajek", "read_pajek"),
    graph_text.TABLE: ("text table", "tables.edge_list", "read_table"),
    graph_text.MATRIX_MARKET: ("Matrix Market", "matrix_text", "read_matrix_market"),
}
# Format -> module and function that return kind, graph and notes, or None where it holds arrays and no links.
_PERHAPS_GRAPHS = {
    graph_text.JSON: ("json_graph", "read_json"),
    sniff.NPY: ("tables.pairs", "read_pairs"),
    sniff.NPZ: ("npz_links", "read_npz_links"),
    sniff.HDF5: ("hdf5.sonata", "read_sonata"),
}
_HINTED = (graph_text.TABLE, graph_text.MATRIX_MARKET)  # whose readers take what the user says
_SAME = {  # what a user calls by one name
    "torch": (sniff.TORCH_ZIP, sniff.TORCH_LEGACY),
    "hdf5": (sniff.HDF5, sniff.KERAS_ZIP),
    "npz": (sniff.NPZ, sniff.NETSCI_NPZ),
    "matlab": (sniff.MATLAB, sniff.MATLAB_HDF5),
    "matrix-market": (graph_text.MATRIX_MARKET,),
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
    bipartite: bool = False,
    columns: Sequence[str] | None = None,
    format: str | None = None,
) -> Loaded:
    """Return the network in a file, read by this process; whatever a parser raises comes out as it is."""
    hints = Hints(bipartite, tuple(columns or ()), format or "")
    with unpack(path, select) as (inner, packed, rest), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what parsers tell their own developers is no use to ours
        try:
            graph, kind, notes = _read(inner, hints, Chosen(threshold, density, rest, undirected))
        except CheckpointError as error:
            if inner is path:
                raise
            raise CheckpointError(path, error.reason, error.mend) from error
    graph, said = plain_labels(graph)
    unsure = any(isinstance(note, OpenGuess) for note in notes)
    notes = [*notes, *said, *_plain_words(graph, unsure)]
    kind = f"{kind}, {packed}" if packed else kind
    guesses = tuple(_line(note) for note in notes if isinstance(note, Guess))
    return Loaded(graph, kind, tuple(map(_line, notes)), path, checksum, guesses)


def _read(path: Path, hints: Hints, chosen: Chosen) -> tuple[LayeredGraph, str, list[str]]:
    """Return the chosen part of the network in a file that is not packed, its kind and notes."""
    found = _find_format(path, hints)
    _check_hints(path, found, hints)
    listed = _reader(*_PERHAPS_GRAPHS[found])(path, hints) if found in _PERHAPS_GRAPHS else None
    if listed is None and found not in _GRAPHS:
        contents = _reader(*_ARRAYS[found])(path)
        graph, notes = _build_chain(path, contents, chosen.threshold, chosen.density, chosen.select)
        if chosen.undirected:
            graph, said = without_direction(graph)
            notes += said
        return graph, contents.kind, notes
    if listed is not None:
        kind, graph, notes = listed
    else:
        kind, module, name = _GRAPHS[found]
        read = _reader(module, name)
        graph, notes = read(path, hints) if found in _HINTED else read(path)
    if chosen.select is not None:
        graph, said = graphs.select_layers(path, graph, chosen.select)
        notes += said
    if chosen.undirected:  # before the cut: places and strengths are those of pairs
        graph, said = without_direction(graph)
        notes += said
    if chosen.threshold is not None or chosen.density is not None:
        graph, said = graphs.cut_links(path, graph, chosen.threshold, chosen.density)
        notes += said
    return graph, kind, notes


@dataclass(frozen=True)
class Chosen:
    """What part of a network is wanted: the options of `netsci.io.load` of the same names."""

    threshold: float | None
    density: float | None
    select: str | None
    undirected: bool


def _find_format(path: Path, hints: Hints) -> str:
    """Return the format that the user names, else the one that the content tells."""
    if hints.format in TABLES:
        with open(path, "rb") as stream:
            return sniff.NPY if stream.read(6) == sniff.NPY_MAGIC else graph_text.TABLE
    if hints.format in FILES:
        same = _SAME.get(hints.format, (hints.format,))
        return same[0] if len(same) == 1 or (found := sniff.sniff(path)) not in same else found
    return sniff.sniff(path)


def _check_hints(path: Path, found: str, hints: Hints) -> None:
    """Refuse options on tables where the file is none, in place of passing them over."""
    tables = (graph_text.TABLE, sniff.NPY)
    if hints.columns and found not in tables:
        raise CheckpointError(path, f"--columns is for lists of links, and this is {found}", "leave it out")
    if hints.bipartite and found not in (*tables, graph_text.MATRIX_MARKET):
        raise CheckpointError(
            path,
            f"--bipartite is for lists of links and tables, and this is {found}",
            "leave it out; in a graph file give every node the attribute 'bipartite', 0 or 1",
        )


def _build_chain(
    path: Path, contents: Contents, threshold: float | None, density: float | None, select: str | None
) -> tuple[LayeredGraph, list[str]]:
    """Return the graph of the layers among the arrays of a checkpoint, and notes."""
    check_count(path, len(contents.arrays) + len(contents.small), "arrays")
    layers, notes = find_layers(path, contents, select)
    notes = contents.notes + notes
    if select is not None:
        chosen = [layer for layer in layers if is_selected(layer.name, select)]
        if not chosen:
            raise not_there(path, select, [layer.name for layer in layers])
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


def _reader(module: str, name: str) -> Callable[..., Any]:
    """Return a reader; its module, and the parser that it needs, is imported only now."""
    read: Callable[..., Any] = getattr(import_module(f"netsci.io.formats.{module}"), name)
    return read


def _plain_words(graph: LayeredGraph, unsure: bool) -> list[str]:
    """Say what a user who expects a sparse network should hear first; `unsure` where masks are not known."""
    notes = []
    chains = [p for p in graph.projections if not p.undirected]
    dense = [p.name for p in chains if p.links.nnz == p.shape[0] * p.shape[1]]
    if unsure:
        dense = []
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
