"""Prune the network in a file: open it, calibrate on training images, count links, fine-tune, write.

network file, run or timm checkpoint -> module and recipe -> masks -> [fine-tuning, links frozen] -> file
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import nn

from netsci.models import load_timm
from netsci.models.wiring import link_shapes
from netsci.prune import METHODS, depgraph, prune
from netsci.sparse import dense_state, densify, load_dense_state, sparse_layers, sparsify
from netsci.train.folder import NETWORK
from netsci.train.inputs import Inputs
from netsci.train.loop import train
from netsci.train.network_file import load_network, save_network
from netsci.train.prune_options import DEPGRAPH, UnreadableError, Wanted
from netsci.train.recipe import Recipe, Topology
from netsci.train.start_network import same_links
from netsci.train.stored_network import read_stored

CALIBRATION = 128  # training images, the same ones for every method
TUNED = 0.1  # of the rate of the recipe, in fine-tuning (S1's recipe for DepGraph)
UNKNOWN = "unknown"  # data of a checkpoint that does not name them
MADE = "netsci prune"  # in the metadata of what is written


@dataclass(frozen=True)
class Opened:
    """A network with its recipe, the shape [C, H, W] of its inputs and its number of classes."""

    model: nn.Module
    recipe: Recipe
    shape: tuple[int, ...]
    classes: int


def open_trained(path: Path) -> Opened:
    """Open a network.safetensors, the folder of its run, or a checkpoint with timm's keys of a ViT or DeiT.

    Raises UnreadableError, with what would do, if it is none of these.
    """
    place = path / NETWORK if path.is_dir() else path
    if not place.is_file():
        raise UnreadableError(f"{place} is not there: give a network.safetensors, or the folder of its run")
    try:
        tensors, metadata = _read_tensors(place)
        if "shape" in metadata:
            shape = tuple(json.loads(metadata["shape"]))
            return Opened(load_network(place), read_stored(place).recipe, shape, int(metadata["classes"]))
        model = load_timm(None, tensors).eval()
    except (ValueError, TypeError, RuntimeError, OSError, EOFError, KeyError) as error:
        raise UnreadableError(
            f"{place} cannot be opened as a network to prune ({error}): give a network.safetensors of "
            "`netsci train`, or a checkpoint of a vision transformer with timm's keys"
        ) from error
    return _describe(model)


def _read_tensors(place: Path) -> tuple[Any, Mapping[str, str]]:
    """Return tensors and metadata of a safetensors file, or what torch saved, of which no code is run."""
    with open(place, "rb") as stream:
        head = stream.read(2)
    if head in (b"PK", b"\x80\x02"):  # zip archives and older files of torch.save
        try:
            return torch.load(place, map_location="cpu", weights_only=True), {}
        except UnpicklingError:  # whose text tells how to run the code in the file
            raise ValueError(
                "it holds objects beside tensors, which are not opened: save its model.state_dict() instead"
            ) from None
    stored = read_stored(place)
    return dict(stored.tensors), stored.metadata


def _describe(model: Any) -> Opened:
    """Return a ViT with the recipe that builds it."""
    block: Any = model.blocks[0]
    width, hidden = model.pos_embed.shape[2], block.mlp.fc1.out_features
    options: dict[str, Any] = {"patch": model.patch_embed.proj.kernel_size[0], "width": width}
    options |= {"depth": len(model.blocks), "heads": block.attn.num_heads, "mlp_ratio": hidden // width}
    options |= {"distilled": True} if hasattr(model, "dist_token") else {}
    recipe = Recipe().replace(
        dense=True, data=UNKNOWN, model="vit", options=tuple(options.items()), spiking=False, normalise=True
    )
    return Opened(model, recipe, tuple(model.input_shape), int(model.classes))


def open_data(opened: Opened, wanted: Wanted) -> Inputs:
    """Return the images on which a network is calibrated and tested.

    Raises ValueError or OSError if there are none, or they do not fit the network.
    """
    recipe = opened.recipe
    if wanted.data is not None:
        recipe = recipe.replace(data=wanted.data, data_options=())
    if recipe.task.data == UNKNOWN:
        raise ValueError("the file does not name its data: give --data NAME")
    inputs = Inputs(recipe, wanted.device)
    if inputs.shape != opened.shape:
        raise ValueError(
            f"--data {recipe.task.data} has images {list(inputs.shape)}, and the network takes "
            f"{list(opened.shape)}: give data of that shape"
        )
    return inputs


def calibrate_on(inputs: Inputs) -> torch.Tensor:
    """Return CALIBRATION training images as the network sees them in training, not augmented."""
    task = replace(inputs.recipe.task, augment="none")
    optimisation = replace(inputs.recipe.optimisation, batch=CALIBRATION)
    plain = Inputs(replace(inputs.recipe, task=task, optimisation=optimisation), inputs.device)
    return next(plain.batches(0))[0]


def prune_opened(
    opened: Opened, wanted: Wanted, inputs: Inputs | None, *, tested: bool
) -> tuple[nn.Module, Recipe, dict[str, float]]:
    """Return a pruned copy of a network, its recipe, links frozen, and accuracies by stage.

    tested : whether the images have the classes of the network. Raises as `prune_module` and `tune` do.
    """
    accuracy: dict[str, float] = {}

    def measure(stage: str, model: nn.Module) -> None:
        if tested and inputs is not None:
            accuracy[stage] = measure_accuracy(model, inputs)
            model.cpu()

    batch = None if inputs is None else calibrate_on(inputs).cpu()
    measure("before", opened.model)
    pruned = prune_module(opened.model, wanted, batch)
    recipe = freeze(inputs.recipe if tested and inputs is not None else opened.recipe, pruned)
    measure("pruned", pruned)
    if wanted.epochs and inputs is not None:
        pruned = tune(pruned, recipe, opened, wanted)
        measure("fine_tuned", pruned)
    return pruned, recipe, accuracy


def prune_module(model: nn.Module, wanted: Wanted, batch: torch.Tensor | None) -> nn.Module:
    """Return a pruned copy of a module, its pruned layers sparse.

    Raises ValueError or TypeError as `netsci.prune.prune` and `depgraph` do, or if a batch is needed.
    """
    reads = wanted.method == DEPGRAPH or METHODS[wanted.method].reads != "nothing"
    if reads and batch is None:
        raise ValueError(f"--method {wanted.method} reads inputs of layers: give --data NAME")
    if wanted.method == DEPGRAPH:
        if wanted.n_m is not None:
            raise ValueError("--n-m chooses single links, and depgraph removes whole channels: leave it out")
        full = [name for name, layer in sparse_layers(model).items() if layer.structure.full]
        dense = model if len(full) < len(sparse_layers(model)) else densify(model)
        pruned = depgraph(dense, batch, sparsity=wanted.sparsity, form="mask")
    else:
        given = None if batch is None else [batch]
        pruned = prune(model, wanted.method, wanted.sparsity, given, n_m=wanted.n_m)
    masks: Any = pruned.masks
    del pruned.masks
    return sparsify(pruned, masks) if masks else pruned


def count_links(model: nn.Module) -> dict[str, tuple[int, int]]:
    """Return number of links and of cells of each linear layer and convolution, q, k and v apart.

    Examples
    --------
    >>> count_links(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)))
    {'0': (12, 12), '2': (8, 8)}
    """
    held = sparse_layers(model)
    cells = {name: math.prod(shape) for name, shape in link_shapes(model).items()}
    return {name: (held[name].n_links if name in held else n, n) for name, n in cells.items()}


@torch.no_grad()
def measure_accuracy(model: nn.Module, inputs: Inputs) -> float:
    """Return the share of correct test images."""
    model.to(inputs.device).eval()
    correct = sum(int((model(x).argmax(1) == labels).sum()) for x, labels in inputs.tests())
    return correct / inputs.n_test


def freeze(recipe: Recipe, model: nn.Module) -> Recipe:
    """Return a recipe whose links are those of a network and never change.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear
    >>> freeze(Recipe(), nn.Sequential(SparseLinear([[1, 0]]))).topology.sparsity
    (('0', 0.5),)
    """
    shares = {name: 1.0 - links / cells for name, (links, cells) in count_links(model).items()}
    sparse = {name: share for name, share in shares.items() if share > 0.0}
    recipe = recipe.replace(start="")
    return replace(recipe, topology=Topology(sparse, method="static") if sparse else None)


def tune(model: nn.Module, recipe: Recipe, opened: Opened, wanted: Wanted) -> nn.Module:
    """Train a pruned network on with its links frozen, at a tenth of its rate, in place; return it.

    Raises RuntimeError if a link changed.
    """
    rate = TUNED * recipe.optimisation.lr
    longer = recipe.replace(epochs=wanted.epochs, lr=rate, warmup=0)
    with tempfile.TemporaryDirectory(prefix="netsci-") as folder:
        path = Path(folder) / NETWORK
        save_network(path, model, recipe, shape=opened.shape, classes=opened.classes)
        run = train(longer, network=path, device=wanted.device, test_every=0)
        before, after = read_stored(path).links, {n: one.links for n, one in sparse_layers(run.model).items()}
    if not same_links(before, {name: after[name] for name in before}):
        raise RuntimeError("fine-tuning changed the links")
    load_dense_state(model, dense_state(run.model.cpu()))  # whose output layer is sparse, with all links
    return model.eval()
