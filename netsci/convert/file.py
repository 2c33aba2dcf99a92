"""The file of a spiking network: safetensors with weights, links, thresholds and all else that it runs by.

Tensors  NAME.weight [out, in] or [out, in, k, k], 0 at missing links; NAME.weight_mask, bool, the links;
         NAME.bias. Everything else is flat: thresholds of neurons, activations, constants, the table.
Metadata format, method, T, options, notes, the program, what the method says of its neurons, and a SHA-256
         of all of it. `layers` says what each layer reads, so that `netsci inspect` shows the same network.

Nothing in a file is executed: functions are named, and only those that a conversion knows are looked up.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from netsci.arguments import as_count, check_path, shorten
from netsci.convert.methods import METHODS
from netsci.convert.program import Program
from netsci.convert.storing.parts import Tensors, pack_table, unpack_table
from netsci.convert.storing.programs import Common, pack_program, unpack_program
from netsci.io.files import write_atomically
from netsci.io.seal import find_damage, seal

FORMAT = "netsci spiking network 1"
MEND = "convert the network again, or replace the file by an intact copy"
_CONTENT = ("method", "steps", "options", "notes", "program", "model", "table")


def save_spiking(path: str | Path, model: Any) -> None:
    """Write a spiking network to a safetensors file, as a whole or not at all; `load_spiking` reads it.

    path : the file, its folder must exist; an existing file is replaced. model : what `convert` returned. The
    file holds weights, links, thresholds, method and options, T, the table of thresholds and notes.
    `netsci.io.load` reads its layers like those of any network.

    Raises
    ------
    TypeError
        If model is no spiking network, or runs a function that no file can name. Nothing is written.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile, torch
    >>> from netsci.convert import convert
    >>> ann = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2)).eval()
    >>> path = Path(tempfile.mkdtemp()) / "spiking.safetensors"
    >>> save_spiking(path, convert(ann, "snm", torch.rand(8, 2), steps=4))
    >>> load_spiking(path).steps
    4
    """
    from safetensors.torch import save

    check_path(path, "path")
    content, tensors, program = pack_content(model)
    metadata = {
        "format": FORMAT,
        "network": json.dumps(content, allow_nan=False),
        "layers": json.dumps(find_reads(program)),
    }
    write_atomically(path, seal(save(tensors.held, metadata=metadata)))


def pack_content(model: Any) -> tuple[dict[str, Any], Tensors, Program]:
    """Return what a file says of a model, as JSON holds it, its tensors, and its program.

    Raises TypeError if model is no spiking network, or runs a function that no file can name.
    """
    method = getattr(model, "method", None)
    if not isinstance(method, str) or method not in METHODS or METHODS[method].pack is None:
        raise TypeError(
            "model must be a spiking network that netsci.convert.convert returned, by a method whose "
            f"networks can be saved; got {shorten(model)}"
        )
    tensors = Tensors()
    program, plain = METHODS[method].pack(model, tensors)
    content = {
        "method": method,
        "steps": model.steps,
        "options": dict(model.options),
        "notes": list(model.notes),
        "program": pack_program(program, tensors),
        "model": plain,
        "table": pack_table(model.thresholds, "table", tensors),
    }
    return content, tensors, program


def load_spiking(path: str | Path) -> Any:
    """Return the spiking network in a file of `save_spiking`: the same spikes on the same images.

    Raises
    ------
    ValueError
        If the file is missing, damaged, of another kind or of another version; the message says which.
    """
    check_path(path, "path")
    place = Path(path)
    metadata, tensors = _read(place)
    try:
        content = json.loads(metadata["network"])
        return build_model(content, tensors)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RuntimeError) as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"{place} is damaged, though its checksum fits: {why}; {MEND}") from error


def is_spiking(path: str | Path) -> bool:
    """Return whether a file is one of `save_spiking`, of any version, whole or damaged."""
    try:
        with safe_open(path, framework="pt") as stored:
            return str((stored.metadata() or {}).get("format", "")).startswith(FORMAT.rstrip("0123456789"))
    except (SafetensorError, OSError):
        return False


def find_reads(program: Program) -> list[dict[str, Any]]:
    """Return for each layer its tensor, the tensors of the layers whose output it reads, and its groups.

    "input" stands for the images.
    """
    ends: dict[int, set[int]] = {}  # of each step, the layers whose output it hands on
    found = []
    names = {0: "input"}
    for place, step in enumerate(program.steps):
        reads = set().union(*(ends[used] for used in step.inputs)) if place else {0}
        if step.layer is None:
            ends[place] = reads
            continue
        names[place] = f"{step.name}.weight" if step.name else "weight"
        groups = int(getattr(step.layer.module, "groups", 1))
        after = [names[one] for one in sorted(reads)]
        found.append({"array": names[place], "after": after, "groups": groups})
        ends[place] = {place}
    return found


def _read(place: Path) -> tuple[dict[str, str], Tensors]:
    """Return metadata and tensors of a file, once its checksum is seen to fit."""
    try:
        damage = find_damage(place)
        with safe_open(place, framework="pt") as stored:
            metadata: dict[str, str] = stored.metadata() or {}
            form = metadata.get("format", "")
            ours = form == FORMAT
            held = {name: stored.get_tensor(name) for name in stored.keys()} if ours else {}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{place} cannot be read as a spiking network ({error})") from error
    if not ours and form.startswith(FORMAT.rstrip("0123456789")):
        raise ValueError(
            f"{place} was written by another version ({form!r}; this one reads {FORMAT!r}): {MEND}"
        )
    if not ours:
        what = f"a file of the format {form!r}" if form else "a safetensors file that says no format"
        raise ValueError(
            f"{place} must be a spiking network ({FORMAT!r}); it is {what}: give a file that "
            "`netsci convert` wrote"
        )
    if damage != "":
        raise ValueError(f"{place} is damaged: {damage or 'its checksum is missing'}; {MEND}")
    return metadata, Tensors(held)


def build_model(content: Any, tensors: Tensors) -> Any:
    """Return the model of a file's content; ValueError, TypeError, KeyError and others if it is none."""
    if not isinstance(content, dict) or not set(_CONTENT) <= set(content):
        raise ValueError(f"its content must have {', '.join(_CONTENT)}")
    METHODS.check(content["method"], "its method")
    method = METHODS[content["method"]]
    if method.unpack is None:
        raise ValueError(f"networks of the method {content['method']!r} cannot be read from files")
    common = Common(
        content["method"],
        as_count(content["steps"], "steps", 1),
        {str(name): value for name, value in content["options"].items()},
        unpack_table(content["table"], tensors),
        tuple(str(note) for note in content["notes"]),
    )
    program = unpack_program(content["program"], tensors)
    return method.unpack(program, content["model"], common, tensors)
