"""The network of a run as a file: its tensors with torch's names and shapes, and the recipe."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from netsci.arguments import check_instance, check_mapping, check_path, check_text
from netsci.io.files import write_atomically
from netsci.io.seal import seal
from netsci.models import ARCHITECTURES, Architecture
from netsci.sparse import sparse_layers
from netsci.sparse.converting import values_at_links
from netsci.train.build import build_architecture
from netsci.train.checkpoint import load_checkpoint
from netsci.train.recipe import Recipe
from netsci.train.stored_network import MASK, read_metadata, read_stored

FORMAT = "netsci network 1"


def save_network(
    path: Path,
    model: nn.Module,
    recipe: Recipe | None = None,
    *,
    shape: tuple[int, ...] = (),
    classes: int = 0,
    notes: Mapping[str, str] | None = None,
) -> None:
    """Write the tensors of a model to a safetensors file, as torch names and shapes them.

    A sparse linear layer "a" is stored as a.weight [out, in], 0 at missing links, and a.weight_mask, bool of
    the same shape; read links from the mask, since a new link has the weight 0 too. The means and variances
    of normalisations are stored like parameters. An existing file is replaced.

    path : the file, its folder must exist. model : any torch module. recipe : kept in the file if given, and
    shape [C, H, W] and number of classes of its data: `load_network` needs the three. notes : texts by name,
    kept beside them. The file holds a SHA-256 of its content, too, which `netsci.io.load` checks.

    Raises OSError if the file cannot be written.

    Examples
    --------
    >>> from netsci.io import load_graph
    >>> from netsci.sparse import SparseLinear
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "network.safetensors"
    >>> save_network(path, nn.Sequential(SparseLinear([[1, 0, 1], [0, 1, 0]])))
    >>> load_graph(path).n_links
    3
    """
    from safetensors.torch import save

    check_path(path, "path")
    if recipe is not None:
        check_instance(recipe, Recipe, "recipe", "a netsci.train.Recipe, or None")
    check_mapping(notes, "notes")
    for name, text in (notes or {}).items():
        check_text(text, f"notes[{name!r}]")
    tensors: dict[str, torch.Tensor] = {}
    sparse = sparse_layers(model)
    for name, tensor in model.state_dict().items():
        layer, _, kind = name.rpartition(".")
        if layer not in sparse or kind == "bias":
            tensors[name] = _plain(tensor)
            continue
        weight = sparse[layer].weight
        # Outputs first, a row of (channels x kernel places): the transpose of the links.
        mask = torch.from_numpy(sparse[layer].links.T.toarray())
        tensors[f"{layer}.weight"] = _plain(weight)
        tensors[f"{layer}.weight{MASK}"] = mask.reshape(weight.shape).contiguous()
    metadata = {**(notes or {}), "format": FORMAT}
    if recipe is not None:
        metadata |= {"recipe": json.dumps(recipe.flat())}
        metadata |= {"shape": json.dumps(shape), "classes": str(classes)} if shape else {}
    write_atomically(path, seal(save(tensors, metadata=metadata)))


def load_network(path: str | Path) -> nn.Module:
    """Return the network in a network.safetensors of a run, in evaluation mode, with its links and weights.

    The data of the run are not read.

    Raises
    ------
    ValueError
        If the file is damaged, holds no recipe, was written before networks held what this needs, or if the
        network is not one of an `Architecture`.

    Examples
    --------
    >>> import tempfile
    >>> from netsci.train import train
    >>> folder = Path(tempfile.mkdtemp())
    >>> run = train(Recipe().replace(limit=50, epochs=1, options=(("hidden", (64,)),)), folder=folder)
    >>> load_network(folder / "network.safetensors").layers[0].n_links == run.model.layers[0].n_links
    True
    """
    recipe, metadata = read_recipe(path), read_metadata(path)
    if metadata.get("format") != FORMAT or "shape" not in metadata:
        raise ValueError(
            f"{path} does not say the shape of its data: it is a checkpoint, or an older version wrote it. "
            "Give the network.safetensors of the run, and if it is old, train again in a new folder"
        )
    architecture = ARCHITECTURES[recipe.net.model]
    if not isinstance(architecture, Architecture):
        raise ValueError(
            f"{path} holds a network of {recipe.net.model!r}, which a function of your own builds: build it, "
            "and load its tensors into it"
        )
    stored = read_stored(path)
    tensors = stored.weights
    shape, classes = json.loads(metadata["shape"]), int(metadata["classes"])
    model = build_architecture(architecture, recipe, tuple(shape), classes, stored.links)
    sparse = sparse_layers(model)
    state = {name: tensors.pop(name, old) for name, old in model.state_dict().items()}
    for name, layer in sparse.items():
        state[f"{name}.values"] = values_at_links(layer, tensors.pop(f"{name}.weight"))
    if tensors:
        raise ValueError(f"{path} holds tensors that its network does not have: {', '.join(tensors)}")
    model.load_state_dict(state)
    return model.eval()


def read_recipe(path: str | Path) -> Recipe:
    """Return the recipe in a network.safetensors or checkpoint.safetensors, once its checksum is seen to fit.

    Raises
    ------
    ValueError
        If the file is damaged, is of another kind, or was written before networks held their recipe.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "network.safetensors"
    >>> save_network(path, nn.Linear(2, 1), Recipe(seed=3))
    >>> read_recipe(path).seed
    3
    """
    check_path(path, "path")
    place = Path(path)
    metadata = read_metadata(place)
    if "recipe" in metadata:
        return Recipe.of(json.loads(metadata["recipe"]))
    if metadata.get("format", "").startswith("netsci training"):
        return Recipe.of(load_checkpoint(place).recipe)
    raise ValueError(f"{place} holds no recipe: take the checkpoint or recipe.json of its run")


def _plain(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().cpu().contiguous()
