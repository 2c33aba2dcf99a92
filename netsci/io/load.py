"""The front door: any supported file in, a LayeredGraph out, or one CheckpointError that says why not."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from netsci.graph import LayeredGraph, Projection
from netsci.io import sniff
from netsci.io.chains import arrange, join
from netsci.io.contents import Contents
from netsci.io.errors import CheckpointError, printable
from netsci.io.files import sha256
from netsci.io.layers import find_layers
from netsci.io.limits import check_count, check_file_size


@dataclass(frozen=True)
class Loaded:
    """A network read from a file.

    Parameters
    ----------
    graph : the network.
    kind : what the file is, for people.
    notes : what was decided or left out while reading, one sentence each.
    path : the file.
    sha256 : its checksum, 64 hexadecimal digits.
    """

    graph: LayeredGraph
    kind: str
    notes: tuple[str, ...]
    path: Path
    sha256: str

    @property
    def name(self) -> str:
        """The file's name made safe to show and to write: bytes that are no text become "?"."""
        return printable(self.path.name)

    def summary(self) -> dict[str, Any]:
        """Return {"kind", "layers", "notes"} in plain types, ready for JSON.

        A layer has name, source and target (populations), shape [presynaptic, postsynaptic], rows_per_unit,
        links, sparsity in [0, 1], weights (dtype or None) and isolated, the units without links
        [presynaptic, postsynaptic].
        """
        layers = [_layer_summary(projection) for projection in self.graph.projections]
        return {"kind": self.kind, "layers": layers, "notes": list(self.notes)}


def load_graph(path: str | Path) -> LayeredGraph:
    """Return the network in a file; see `load`."""
    return load(path).graph


def load(path: str | Path) -> Loaded:
    """Return the network in a file, with what was decided while reading.

    Reads safetensors, torch state dicts (also nested in checkpoints), npz and npy matrices, scipy.sparse npz
    and GraphML, told apart by content. Nothing in the file is executed. Populations are the neurons (or
    channels) before the first layer, "input", and after each layer, called like the layer.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, hostile, too large or of another format: the message says which, and
        what to do.
    """
    path = Path(path)
    checksum = _checked(path)
    try:
        return _load(path, checksum)
    except CheckpointError:
        raise
    except MemoryError as error:
        raise CheckpointError(
            path, "reading it needs more memory than there is", "load it on a larger machine, or split it"
        ) from error
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        # BaseException: a panic of compiled Rust code is none of Exception. The parsers' own texts are left
        # out, because some advise to switch safety off.
        raise CheckpointError(
            path, f"it is damaged or truncated ({type(error).__name__})", "fetch or save it again"
        ) from error


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


def _load(path: Path, checksum: str) -> Loaded:
    found = sniff.sniff(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what parsers tell their own developers is no use to ours
        if found == sniff.XML:
            graph, notes = _read_graph(path)
            return Loaded(graph, "GraphML", tuple(map(_line, notes + _plain_words(graph))), path, checksum)
        read = _reader(found)(path)
    check_count(path, len(read.arrays) + len(read.small), "arrays")
    layers, notes = find_layers(path, read)
    layers, arranged = arrange(layers, read)
    graph, joined = join(layers)
    notes = read.notes + notes + arranged + joined + _plain_words(graph)
    return Loaded(graph, read.kind, tuple(map(_line, notes)), path, checksum)


def _read_graph(path: Path) -> tuple[LayeredGraph, list[str]]:
    from netsci.io.graphml import read_graphml

    return read_graphml(path)


def _reader(found: str) -> Callable[[Path], Contents]:
    if found in (sniff.TORCH_ZIP, sniff.TORCH_LEGACY):
        from netsci.io import torch_file

        return torch_file.read_torch_zip if found == sniff.TORCH_ZIP else torch_file.read_torch_legacy
    if found == sniff.SAFETENSORS:
        from netsci.io.safetensors_file import read_safetensors

        return read_safetensors
    from netsci.io import numpy_file

    return numpy_file.read_npz if found == sniff.NPZ else numpy_file.read_npy


def _plain_words(graph: LayeredGraph) -> list[str]:
    """Say what a user who expects a sparse network should hear first."""
    notes = []
    chains = [p for p in graph.projections if not p.undirected]
    if chains and all(p.links.nnz == p.shape[0] * p.shape[1] for p in chains):
        notes.append("no zeros: the network is dense (0 % sparsity)")
    empty = [p.name for p in graph.projections if not p.n_links]
    if empty:
        notes.append(f"without any link: {', '.join(map(printable, empty[:6]))}")
    return notes


def _layer_summary(projection: Projection) -> dict[str, Any]:
    rows = projection.degrees("source").reshape(-1, projection.rows_per_unit).sum(axis=1)
    columns = projection.degrees("target")
    return {
        "name": projection.name,
        "source": projection.source,
        "target": projection.target,
        "shape": list(projection.shape),
        "rows_per_unit": projection.rows_per_unit,
        "links": projection.n_links,
        "sparsity": float(projection.sparsity),
        "weights": None if projection.weights is None else str(projection.weights.dtype),
        "isolated": [int(np.count_nonzero(rows == 0)), int(np.count_nonzero(columns == 0))],
    }


def _line(note: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in note)
