"""The network that a run starts from: that of another run, or of any file with the same tensors.

Its weights and links take the place of those that the recipe would draw: `weights`, `initial` and
`initial_options` are not used. The optimizer starts fresh, and the method goes on from these links.

    network file -> copy in the run's folder (start.safetensors) -> network -> hooks of the method -> training
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import scipy.sparse as sp
import torch
from torch import nn

from netsci.arguments import check_instance, check_path
from netsci.io.files import write_atomically
from netsci.io.lock import check_lock
from netsci.models.wiring import full_links
from netsci.sparse import dense_state, load_dense_state, sparse_layers
from netsci.sparse.shapes import QKV
from netsci.train.folder import NETWORK, START
from netsci.train.recipe import Recipe, Topology
from netsci.train.stored_network import StoredNetwork, read_stored
from netsci.train.thresholds import fit_thresholds

Links = dict[str, sp.csr_array]
SHOWN = 5  # layers in a message


def find_start(recipe: Recipe, network: str | Path | None, place: Path | None) -> StoredNetwork | None:
    """Return the network that a run starts from, None if it draws its own.

    network : the file; where it is gone, its copy in the folder of the run is taken. place : that folder.

    Raises ValueError if there is no file, it is damaged, or it is not the one that the recipe names.
    """
    wanted = recipe.net.start
    copy = None if place is None else place / START
    if network is None and not wanted:
        return None
    if network is not None:
        check_path(network, "network")
        path = Path(network)
        if place is not None and path.resolve() == (place / NETWORK).resolve():
            raise ValueError(
                f"network {str(path)!r} lies where this run will write its own: give the run another folder"
            )
        if not path.exists() and copy is not None and copy.exists():
            path = copy
    elif copy is None or not copy.exists():
        raise ValueError(
            f"the recipe starts from a network whose content has the SHA-256 {wanted}: give its file as "
            "network=, or set start='' to draw first links and weights"
        )
    else:
        path = copy
    stored = read_stored(path)
    if wanted not in ("", stored.sum):
        raise ValueError(
            f"network {str(path)!r} must have a content with the SHA-256 {wanted}, which the recipe names as "
            f"start; it has {stored.sum}: give the file that was meant, or set start='' to take this one"
        )
    return stored


def keep_start(place: Path, start: StoredNetwork | None, *, fresh: bool) -> None:
    """Copy the network that a run starts from into its folder, so that the run can go on without the file.

    fresh : whether nothing has been trained there yet: then the copy of an earlier run is deleted.
    """
    check_lock(place)
    copy = place / START
    if start is None:
        if fresh:
            copy.unlink(missing_ok=True)
    elif not (copy.exists() and copy.resolve() == start.path.resolve()):
        content = start.path.read_bytes()
        if not copy.exists() or copy.read_bytes() != content:
            write_atomically(copy, content)


def check_start(start: StoredNetwork, wiring: Mapping[str, tuple[int, int]], dense: bool) -> Links:
    """Return the links of a stored network, once they are seen to fit the layers of the network to build.

    wiring : shape of links of each of these layers. dense : whether the recipe is dense.

    Raises ValueError if a mask is that of no layer, has another shape or no link, or the recipe is dense.
    """
    found = start.links
    strange = [name for name in found if name not in wiring or found[name].shape != wiring[name]]
    if strange:
        first = [_say_strange(name, found[name], wiring) for name in strange[:SHOWN]]
        raise ValueError(f"network {str(start.path)!r} does not fit the recipe: {'; '.join(first)}")
    sparse = [name for name, links in found.items() if links.nnz < math.prod(links.shape)]
    if dense and sparse:
        raise ValueError(
            f"network {str(start.path)!r} has links of its own in {_list(sparse)}, and the recipe is dense: "
            "take method='static', which keeps them, or another method, which goes on from them"
        )
    return found


def _say_strange(name: str, links: sp.csr_array, wiring: Mapping[str, tuple[int, int]]) -> str:
    if name not in wiring:
        return f"it has links of {name!r}, which is no layer of this network"
    return f"links of {name!r} must be {list(wiring[name])}, they are {list(links.shape)}"


def check_counts(start: StoredNetwork, found: Links, own: Links, prunes: Collection[str]) -> None:
    """Raise ValueError unless a stored network has about as many links as the recipe itself begins with.

    A method that keeps the number of links would else end at another sparsity than the recipe says. Rounding
    may differ by one link for each unit. own : links that the recipe would draw. prunes : names of layers
    whose density falls in the run, so that they may begin with more.
    """
    for name, drawn in own.items():
        links = found[name]
        slack, cells = max(links.shape), math.prod(links.shape)
        more = links.nnz - drawn.nnz
        if abs(more) <= slack or (more > 0 and name in prunes):
            continue
        has, says = (f"{1.0 - one.nnz / cells:.4g}" for one in (links, drawn))
        where = f"network {str(start.path)!r} has the sparsity {has} in layer {name!r}"
        if links.nnz == cells:
            raise ValueError(
                f"{where}, all links, and the recipe begins at {says} and never prunes: take a method whose "
                "density falls, such as 'gmp' (or set initial_sparsity=0 and density_schedule), prune the "
                "network first (netsci prune), or set dense=True"
            )
        if drawn.nnz == cells:
            raise ValueError(
                f"{where}, and the recipe begins with all links: give a dense network, set initial_sparsity "
                "to what this one has (if the method uses it), or take 'static', which keeps the links"
            )
        field = "initial_sparsity" if name in prunes else "sparsity"
        raise ValueError(
            f"{where}, and the recipe begins at {says}: set {field} to what the network has (a mapping from "
            "layer names to shares, if layers differ; netsci.train.freeze_links makes such a recipe)"
            + ("" if more < 0 else ", or take a method whose density falls, such as 'gmp'")
        )


def choose_links(start: StoredNetwork, found: Links, own: Links, prunes: Collection[str]) -> Links:
    """Return the first links of a run that starts from a stored network; all links where it has no mask.

    Raises ValueError as `check_counts` does.
    """
    chosen = found | {name: full_links(*links.shape) for name, links in own.items() if name not in found}
    check_counts(start, chosen, own, prunes)
    return chosen


def load_start(model: nn.Module, start: StoredNetwork, links: Links) -> None:
    """Put the weights of a stored network into one that was built with its links.

    Raises ValueError, with the first names, if tensors are missing, not expected, of another shape or no
    finite float32, or if the network does not have these links.
    """
    held = sparse_layers(model)
    without = [name for name in links if name not in held]
    if without:
        raise ValueError(f"network {str(start.path)!r} does not fit: {_list(without)} cannot be sparse here")
    tensors = fit_thresholds(_fuse(start.weights, dense_state(model)), model, str(start.path))
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            continue
        if tensor.itemsize > 4:
            raise ValueError(f"network {str(start.path)!r} must hold float32; {name!r} is {tensor.dtype}")
        if not torch.isfinite(tensor).all():
            raise ValueError(f"network {str(start.path)!r} must hold finite numbers; {name!r} has others")
    try:
        load_dense_state(model, tensors)
    except ValueError as error:
        raise ValueError(f"network {str(start.path)!r} does not fit the recipe: {error}") from error


def freeze_links(network: str | Path, recipe: Recipe | None = None) -> Recipe:
    """Return a recipe that trains the network in a file on, its links as they are.

    The method is "static" with the sparsity of each layer of the file, or the recipe is dense if the file has
    all links; `start` names the file's content. Train it with `train(recipe, network=network)`.

    network : a network.safetensors. recipe : decides all else; None for the recipe in the file.

    Raises ValueError if the file cannot be read, or holds no recipe and none is given.

    Examples
    --------
    >>> import tempfile
    >>> from netsci.train import Recipe, train
    >>> folder = Path(tempfile.mkdtemp())
    >>> run = train(Recipe().replace(limit=50, epochs=1, options=(("hidden", (64,)),)), folder=folder)
    >>> tuned = freeze_links(folder / "network.safetensors").replace(epochs=2, lr=1e-4)
    >>> train(tuned, network=folder / "network.safetensors").model.layers[0].n_links
    41
    """
    if recipe is not None:
        check_instance(recipe, Recipe, "recipe", "a netsci.train.Recipe, or None")
    stored = read_stored(network)
    recipe = recipe or stored.recipe
    recipe = recipe.replace(start=stored.sum)
    shares = {name: 1.0 - links.nnz / math.prod(links.shape) for name, links in stored.links.items()}
    sparse = {name: share for name, share in shares.items() if share > 0.0}
    return replace(recipe, topology=Topology(sparse, method="static") if sparse else None)


def _fuse(
    tensors: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Return tensors with q, k and v in one, where the network has them so."""
    found = dict(tensors)
    for name in expected:
        layer, _, kind = name.rpartition(".")
        parts = [f"{layer}.{part}.{kind}" for part in QKV]
        if name not in found and set(parts) <= set(found):
            found[name] = torch.cat([found.pop(part) for part in parts])
    return found


def same_links(a: Mapping[str, sp.csr_array], b: Mapping[str, sp.csr_array]) -> bool:
    """Return whether two networks have the same layers with the same links.

    Examples
    --------
    >>> links = sp.csr_array([[True, False], [False, True]])
    >>> same_links({"a": links}, {"a": links}), same_links({"a": links}, {})
    (True, False)
    """
    return a.keys() == b.keys() and all(
        a[name].shape == b[name].shape and not (a[name] != b[name]).nnz for name in a
    )


def _list(names: Collection[str]) -> str:
    shown = ", ".join(list(names)[:SHOWN])
    return f"{shown} and {len(names) - SHOWN} more" if len(names) > SHOWN else shown
