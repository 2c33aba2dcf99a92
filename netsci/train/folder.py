"""The folder of a run: recipe, table and checkpoint after every epoch, and the network at the end."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pandas as pd
import torch
from torch import nn

from netsci.io.files import write_atomically
from netsci.io.lock import check_lock
from netsci.sparse import sparse_layers
from netsci.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from netsci.train.recipe import Recipe

CHECKPOINT, TABLE, RECIPE, NETWORK = (
    "checkpoint.safetensors",
    "table.csv",
    "recipe.json",
    "network.safetensors",
)


def prepare_folder(place: Path) -> Path:
    """Make the folder and return it. Raise ValueError at once if no file can be written there.

    Examples
    --------
    >>> prepare_folder(Path(tempfile.mkdtemp()) / "runs" / "a").is_dir()
    True
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place, prefix=".netsci-", suffix=".part"):
            return place
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ValueError(f"folder {str(place)!r} cannot be written ({why}): give another one") from error


def find_checkpoint(place: Path, recipe: Recipe, data: str) -> Checkpoint | None:
    """Read the checkpoint in the folder of a run; None if there is none. `data` is the checksum of the data.

    Raises ValueError if the checkpoint is damaged or belongs to another recipe, version or data.
    """
    path = place / CHECKPOINT
    if not path.exists():
        return None
    checkpoint = load_checkpoint(path)
    try:
        its = Recipe.of(checkpoint.recipe)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{path} has a recipe that this version cannot read ({error}): continue with the version that "
            "wrote it, or start again with resume=False"
        ) from error
    if its == recipe:
        if checkpoint.notes.get("data", data) != data:
            raise ValueError(
                f"{path} belongs to other data of the same name: take another folder, or start again with "
                "resume=False"
            )
        return checkpoint
    mine, other = recipe.flat(), its.flat()
    differs = {name: other.get(name) for name in {**other, **mine} if other.get(name) != mine.get(name)}
    raise ValueError(
        f"{path} belongs to another recipe, which has {differs}: take another folder, or start again with "
        "resume=False"
    )


def write_progress(place: Path, checkpoint: Checkpoint) -> None:
    """Write recipe, table and checkpoint after an epoch, the checkpoint last.

    The network file of an earlier run in the folder is deleted. Raises FolderLostError, and writes nothing,
    if another run has taken over the folder.
    """
    check_lock(place)
    (place / NETWORK).unlink(missing_ok=True)
    write_atomically(place / RECIPE, json.dumps(checkpoint.recipe, indent=1) + "\n")
    write_atomically(place / TABLE, pd.DataFrame(checkpoint.notes["rows"]).to_csv(index=False))
    save_checkpoint(place / CHECKPOINT, checkpoint)


def save_network(path: Path, model: nn.Module) -> None:
    """Write the parameters of a model to a safetensors file, as torch names and shapes them; no buffers.

    A sparse linear layer "a" is stored as a.weight [out, in], 0 at missing links, and a.weight_mask, bool of
    the same shape; read links from the mask, since a new link has the weight 0 too. An existing file is
    replaced.

    path : the file, its folder must exist. model : any torch module.

    Raises OSError if the file cannot be written.

    Examples
    --------
    >>> from netsci.io import load_graph
    >>> from netsci.sparse import SparseLinear
    >>> path = Path(tempfile.mkdtemp()) / "network.safetensors"
    >>> save_network(path, nn.Sequential(SparseLinear([[1, 0, 1], [0, 1, 0]])))
    >>> load_graph(path).n_links
    3
    """
    from safetensors.torch import save

    tensors: dict[str, torch.Tensor] = {}
    sparse = sparse_layers(model)
    for name, parameter in model.named_parameters():
        layer, _, kind = name.rpartition(".")
        if layer not in sparse or kind != "values":
            tensors[name] = _plain(parameter)
            continue
        weight = sparse[layer].weight
        # Outputs first, a row of (channels x kernel places): the transpose of the links.
        mask = torch.from_numpy(sparse[layer].links.T.toarray())
        tensors[f"{layer}.weight"] = _plain(weight)
        tensors[f"{layer}.weight_mask"] = mask.reshape(weight.shape).contiguous()
    write_atomically(path, save(tensors))


def _plain(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().cpu().contiguous()
