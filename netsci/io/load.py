"""The front door: any supported file in, a LayeredGraph out, or one CheckpointError that says why not."""

from __future__ import annotations

import math
from numbers import Real
from pathlib import Path
from typing import Any

from netsci.graph.layered import LayeredGraph
from netsci.io.errors import CheckpointError
from netsci.io.files import sha256
from netsci.io.limits import check_file_size
from netsci.io.loaded import Loaded
from netsci.io.parse import parse


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
        equals; see `netsci.io.network.cut`. Not together with `threshold`.
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
        return parse(path, checksum, **options)
    except (CheckpointError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic of compiled Rust code is none of Exception
        from netsci.io.sandbox.isolation import explained

        raise CheckpointError(path, *explained(error)) from error


def _isolated(path: Path, checksum: str, options: dict[str, Any]) -> Loaded:
    """Have the file read by another process."""
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
