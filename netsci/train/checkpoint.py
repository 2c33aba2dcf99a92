"""Checkpoints: save all that a run needs to continue in one file, which is written completely or not at all.

The safetensors file holds the tensors of the model (its links included), of the optimizer and of the method.
Its metadata hold the recipe, the number of epochs done, the table so far and a SHA-256 checksum. There is no
generator state: random numbers depend on the place in the run alone (`netsci.train.random_keys`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from netsci.arguments import check_instance, check_path
from netsci.io.files import write_atomically
from netsci.io.seal import find_damage, seal

FORMAT = "netsci training checkpoint 1"
_PARTS = {"recipe": dict, "epoch": int, "step": int, "groups": list, "scalars": dict, "notes": dict}


@dataclass(frozen=True)
class Checkpoint:
    """A run after some epochs: the states of its model, optimizer and method.

    recipe : values of `Recipe.flat`. epoch, step : epochs and batches done. model, optimizer : their
    state_dict. notes : everything else, values that JSON can hold. method : state_dict of the method's hooks,
    tensors or values that JSON can hold; None for no state, as in files of this format that an
    earlier netsci wrote.
    """

    recipe: dict[str, Any]
    epoch: int
    step: int
    model: dict[str, Tensor]
    optimizer: dict[str, Any]
    notes: dict[str, Any] = field(default_factory=dict)
    method: dict[str, Any] | None = None


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint to path, a safetensors file; replace an earlier file only when it is complete.

    Raises
    ------
    TypeError
        If recipe, notes, or the state of optimizer or method contain a value that is neither a tensor nor
        possible in JSON. Nothing is written.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "run.safetensors"
    >>> optimizer = {"state": {}, "param_groups": []}
    >>> save_checkpoint(place, Checkpoint({"lr": 0.1}, 3, 42, {"w": torch.ones(2)}, optimizer))
    >>> load_checkpoint(place).step
    42
    """
    check_path(path, "path")
    check_instance(checkpoint, Checkpoint, "checkpoint", "a netsci.train.Checkpoint")
    path = Path(path)
    tensors = {f"model.{name}": _plain(tensor) for name, tensor in checkpoint.model.items()}
    scalars: dict[str, dict[str, Any]] = {}
    for index, state in checkpoint.optimizer["state"].items():
        for name, value in state.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer.{index}.{name}"] = _plain(value)
            else:
                scalars.setdefault(str(index), {})[name] = value
    content = {
        "recipe": checkpoint.recipe,
        "epoch": checkpoint.epoch,
        "step": checkpoint.step,
        "groups": checkpoint.optimizer["param_groups"],
        "scalars": scalars,
        "notes": checkpoint.notes,
    }
    if checkpoint.method is not None:
        content["method"] = _split_method(checkpoint.method, tensors)
    text = json.dumps(content)
    metadata = {"format": FORMAT, "content": text, "sha256": digest_tensors(tensors, text)}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, seal(save(tensors, metadata=metadata)))


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint from path, a file that `save_checkpoint` wrote.

    Raises
    ------
    ValueError
        If the file is missing, is damaged, is no checkpoint of a training run, or has another version of the
        format. The message says what to do.
    """
    check_path(path, "path")
    mend = "delete it to start the run again, or replace it by an intact copy"
    try:
        damage = find_damage(path)
        with safe_open(path, framework="pt") as stored:
            metadata = stored.metadata() or {}
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} cannot be read as a checkpoint ({error}); {mend}") from error
    form = metadata.get("format", "")
    if form != FORMAT and form.startswith(FORMAT.rstrip("0123456789")):
        raise ValueError(
            f"{path} was written by another version ({form!r}; this one reads {FORMAT!r}): continue with "
            "that version, or start the run again"
        )
    if form != FORMAT:
        raise ValueError(
            f"{path} must be a checkpoint of a training run ({FORMAT!r}); it is another safetensors file: "
            "give the checkpoint, or another folder for the run"
        )
    text = metadata.get("content", "")
    if damage or digest_tensors(tensors, text) != metadata.get("sha256"):
        raise ValueError(f"{path} is damaged: its checksum does not fit its content; {mend}")
    try:
        content = _parse_content(text)
        method = _join_method(content.get("method"), tensors)
        model, state = _sort_tensors(tensors, content["scalars"])
    except ValueError as error:
        raise ValueError(f"{path} is damaged, though its checksum fits: {error}; {mend}") from error
    optimizer = {"state": state, "param_groups": content["groups"]}
    return Checkpoint(
        content["recipe"], content["epoch"], content["step"], model, optimizer, content["notes"], method
    )


def _split_method(state: Mapping[str, Any], tensors: dict[str, Tensor]) -> dict[str, Any]:
    """Put the tensors of a method's state among the others, as method.NAME, and return the rest."""
    plain: dict[str, Any] = {}
    for name, value in state.items():
        if isinstance(value, Tensor):
            tensors[f"method.{name}"] = _plain(value)
            continue
        if not _is_json(value):
            raise TypeError(
                "state_dict of a method must hold torch tensors or values that JSON keeps: numbers, texts, "
                "True, False, None, lists, and dictionaries whose keys are texts (no tuples); "
                f"got {value!r} for {name!r}"
            )
        plain[name] = value
    return plain


def _is_json(value: Any) -> bool:
    """Return whether a value is unchanged after it was written to JSON and read."""
    if isinstance(value, dict):
        return all(type(key) is str and _is_json(held) for key, held in value.items())
    if isinstance(value, list):
        return all(_is_json(held) for held in value)
    return value is None or type(value) in (bool, int, float, str)


def _join_method(plain: Any, tensors: dict[str, Tensor]) -> dict[str, Any] | None:
    """Return a method's state, its tensors taken out of the others; None where there is none."""
    names = [name for name in tensors if name.startswith("method.")]
    if plain is None and not names:
        return None
    if not isinstance(plain, dict):
        raise ValueError("its content lacks method")
    return plain | {name.removeprefix("method."): tensors.pop(name) for name in names}


def _parse_content(text: str) -> dict[str, Any]:
    """Return what the metadata say, or raise ValueError if a part is missing or of another kind."""
    content = json.loads(text)
    if not isinstance(content, dict):
        raise ValueError(f"its content is a {type(content).__name__}")
    lacking = [name for name, kind in _PARTS.items() if not isinstance(content.get(name), kind)]
    if lacking:
        raise ValueError(f"its content lacks {', '.join(lacking)}")
    return content


def _sort_tensors(
    tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]
) -> tuple[dict[str, Tensor], dict[int, dict[str, Any]]]:
    """Return the states of model and optimizer, or raise ValueError if an entry belongs to neither."""
    model: dict[str, Tensor] = {}
    state: dict[int, dict[str, Any]] = {}
    for index, values in scalars.items():
        if not index.isdecimal() or not isinstance(values, dict):
            raise ValueError(f"its scalars {index!r} belong to no parameter")
        state[int(index)] = dict(values)
    for name, tensor in tensors.items():
        kind, _, rest = name.partition(".")
        index, _, key = rest.partition(".")
        if kind == "model" and rest:
            model[rest] = tensor
        elif kind == "optimizer" and index.isdecimal() and key:
            state.setdefault(int(index), {})[key] = tensor
        else:
            raise ValueError(f"its tensor {name!r} belongs neither to the model nor to the optimizer")
    return model, state


def _plain(tensor: Tensor) -> Tensor:
    # A copy: tensors that share memory cannot be stored, and the run goes on changing them.
    return tensor.detach().to("cpu", copy=True).contiguous()


def digest_tensors(tensors: Mapping[str, Tensor], text: str) -> str:
    """Return the SHA-256 of a text and of tensors: names, types, shapes and bytes, in the order of names."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        if tensor.numel():
            digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
