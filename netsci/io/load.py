"""Read a LayeredGraph from any supported file, or raise a CheckpointError that says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Unpack

from netsci.arguments import check_flag, check_path
from netsci.graph.layered import LayeredGraph
from netsci.io import shards
from netsci.io.errors import CheckpointError
from netsci.io.files import sha256
from netsci.io.limits import check_file_size
from netsci.io.loaded import Loaded
from netsci.io.options import ReadOptions, check_options
from netsci.io.parse import parse

_TRIES = 3  # to read a file that is written at the same time


def load_graph(path: str | Path, *, isolate: bool = True, **options: Unpack[ReadOptions]) -> LayeredGraph:
    """Return the network in a file; see `load`."""
    return load(path, isolate=isolate, **options).graph


def load(path: str | Path, *, isolate: bool = True, **options: Unpack[ReadOptions]) -> Loaded:
    """Read the network in a file, and note the decisions of the reader.

    Reads safetensors (also in several files, by their folder or index.json), torch state dicts (also nested
    in checkpoints), npz and npy matrices, scipy.sparse npz, sparse parts and links in an npz,
    ONNX, HDF5 (Keras, NIR, SONATA edges), .keras archives and MATLAB 5 files; GraphML, GEXF, GML, Pajek,
    JSON (node-link, Cytoscape, one link a line), Matrix Market, lists of links or of neighbours, tables of
    numbers, Excel workbooks, and any of these packed by gzip. The content tells the format. Nothing in the
    file is run. What the reader had to guess is listed in `Loaded.guesses`.
    The population "input" holds the neurons (or channels) before the first layer. Each layer gives one more
    population, with the layer's name. A network without layers, such as a GraphML file without groups, is
    one population. Without threshold and density a link is what the file stores as one: an entry of a sparse
    matrix, a True of a mask, else a weight other than 0.

    Parameters
    ----------
    path : the file.
    threshold : keep the links of |weight| >= threshold, a finite number of at least 0.
    density : keep the strongest links of each layer, at most this share in (0, 1] of its possible links; of
        equal |weight| the first, row by row; self-loops of a plain network fill no place and stay, those
        of a recurrent layer are links like others. Pass threshold or density, not both; None keeps all links.
    select : keep only the layer of this name, or the layers whose names begin with it and a dot.
    undirected : read a directed projection of a population onto itself as undirected: merge both directions
        and add up their weights.
    bipartite : read sources and targets (rows and columns) of a table as two sets of nodes.
    columns : what the columns of a list of links are, in order ("source,target,weight", "-" for one to leave
        out), or the names or numbers (from 1) of source, target and perhaps weight.
    format : read the file as this, whatever its content looks like: one of `netsci.io.options.FORMATS`.
    isolate : read the file in another process, under limits of memory and time. Pass False only for files
        that you trust.

    Returns
    -------
    Loaded, with graph (the LayeredGraph), kind, notes, guesses, path and sha256.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, hostile, too large or of an unknown format, if it holds no weights
        for threshold or density, or no layer called `select`. The message says which, and what to do.
    ValueError, TypeError
        If an option is unknown or out of range, or if options exclude each other.
    """
    check_path(path, "path")
    check_flag(isolate, "isolate")
    path = Path(path)
    checked = check_options(options)
    checksum = _check_file(path)
    for _ in range(_TRIES):
        loaded = _read(path, checksum, checked, isolate)
        before, checksum = checksum, _check_file(path)
        if checksum == before:  # so it is that of the bytes that were read
            return loaded
    raise CheckpointError(
        path, "the file changes while it is read", "wait until whatever writes it is done, and read it then"
    )


def _read(path: Path, checksum: str, checked: dict[str, Any], isolate: bool) -> Loaded:
    """Return the network in a file; what goes wrong, whatever it is, comes out as CheckpointError."""
    if isolate:
        return _read_isolated(path, checksum, checked)
    try:
        return parse(path, checksum, **checked)
    except (CheckpointError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic of compiled Rust code is none of Exception
        from netsci.io.sandbox.isolation import explain_error

        raise CheckpointError(path, *explain_error(error)) from error


def _read_isolated(path: Path, checksum: str, options: dict[str, Any]) -> Loaded:
    """Read the file in another process."""
    from netsci.io.sandbox.isolation import load_isolated

    return load_isolated(path, checksum, **options)


def _check_file(path: Path) -> str:
    """Return the checksum of a file that is there and of a size that is read."""
    try:
        if path.is_dir():
            return shards.checksum(path)
        if not path.exists():
            raise CheckpointError(path, "there is no such file", "check the path")
        if not path.is_file():
            raise CheckpointError(path, "this is not a regular file", "copy its content into a file")
        check_file_size(path, path.stat().st_size)
        return shards.checksum(path) if shards.is_sharded(path) else sha256(path)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise CheckpointError(
            path, f"the file cannot be opened ({why})", "check path and permissions"
        ) from error
