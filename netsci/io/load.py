"""Read a LayeredGraph from any supported file, or raise a CheckpointError that says why not."""

from __future__ import annotations

import math
from numbers import Real
from pathlib import Path
from typing import Any

from netsci.arguments import check_flag, check_path
from netsci.graph.layered import LayeredGraph
from netsci.io.errors import CheckpointError
from netsci.io.files import sha256
from netsci.io.limits import check_file_size
from netsci.io.loaded import Loaded
from netsci.io.parse import parse

_TRIES = 3  # to read a file that is written at the same time


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
    """Read the network in a file, and note the decisions of the reader.

    Reads safetensors, torch state dicts (also nested in checkpoints), npz and npy matrices, scipy.sparse npz,
    ONNX, HDF5 (Keras, NIR), .keras archives and MATLAB 5 files; GraphML, GEXF, GML, Pajek, node-link JSON,
    Matrix Market, edge lists and tables of numbers. The content tells the format. Nothing in the file is run.
    The population "input" holds the neurons (or channels) before the first layer. Each layer gives one more
    population, with the layer's name. A plain network is one population.

    Parameters
    ----------
    path : the file.
    threshold : keep the links of |weight| >= threshold, a finite number of at least 0.
    density : keep the strongest links of each layer, at most this share in (0, 1] of its possible links; of
        equal links the first ones. See `netsci.io.network.cut`. Do not pass `threshold` as well.
    select : keep only the layer of this name, or the layers whose names begin with it and a dot.
    undirected : read a directed projection of a population onto itself as undirected: merge both directions
        and add up their weights.
    isolate : read the file in another process, under limits of memory and time.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, hostile, too large or of an unknown format, if it holds no weights
        for threshold or density, or no layer called `select`. The message says which, and what to do.
    ValueError, TypeError
        If threshold or density is out of range, both are given, or undirected is not True or False.
    """
    check_path(path, "path")
    check_flag(isolate, "isolate")
    path = Path(path)
    _check_options(threshold, density, select, undirected)
    options: dict[str, Any] = {"threshold": threshold, "density": density, "select": select}
    options["undirected"] = undirected
    checksum = _check_file(path)
    for _ in range(_TRIES):
        loaded = _read(path, checksum, options, isolate)
        before, checksum = checksum, _check_file(path)
        if checksum == before:  # so it is that of the bytes that were read
            return loaded
    raise CheckpointError(
        path, "the file changes while it is read", "wait until whatever writes it is done, and read it then"
    )


def _read(path: Path, checksum: str, options: dict[str, Any], isolate: bool) -> Loaded:
    """Return the network in a file; what goes wrong, whatever it is, comes out as CheckpointError."""
    if isolate:
        return _read_isolated(path, checksum, options)
    try:
        return parse(path, checksum, **options)
    except (CheckpointError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic of compiled Rust code is none of Exception
        from netsci.io.sandbox.isolation import explain_error

        raise CheckpointError(path, *explain_error(error)) from error


def _read_isolated(path: Path, checksum: str, options: dict[str, Any]) -> Loaded:
    """Read the file in another process."""
    from netsci.io.sandbox.isolation import load_isolated

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
        raise ValueError(f"density must lie in (0, 1], the share of possible links to keep; got {density!r}")
    if select is not None and (not isinstance(select, str) or not select):
        raise TypeError(f"select must be the name of a layer (str) or None; got {select!r}")
    if type(undirected) is not bool:
        raise TypeError(f"undirected must be True or False; got {undirected!r}")


def _check_file(path: Path) -> str:
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
