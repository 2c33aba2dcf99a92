"""A program as plain values and tensors, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netsci.arguments import as_count
from netsci.convert.building import describe
from netsci.convert.program import Program, Step, find_refs
from netsci.convert.storing.functions import find_function, name_function
from netsci.convert.storing.parts import Tensors, pack_activation, pack_layer, unpack_activation, unpack_layer
from netsci.convert.storing.values import decode, encode

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Common:
    """What every spiking network says of itself: see `netsci.convert.SpikingModel`."""

    method: str
    steps: int
    options: dict[str, Any]
    thresholds: pd.DataFrame
    notes: tuple[str, ...]


def pack_program(program: Program, tensors: Tensors) -> dict[str, Any]:
    """Keep the tensors of a program; return its steps as JSON holds them.

    Raises TypeError if a step runs a function or has an argument that no file can hold.
    """
    steps = [_pack_step(step, place, tensors) for place, step in enumerate(program.steps)]
    return {"shape": list(program.shape), "steps": steps}


def _pack_step(step: Step, place: int, tensors: Tensors) -> dict[str, Any]:
    said = describe(step)
    plain: dict[str, Any] = {
        "kind": step.kind,
        "name": step.name,
        "args": encode(step.args, said),
        "named": encode(dict(step.named), said),
        "sample": list(step.sample),
        "axis": step.axis,
        "places": step.places,
    }
    if step.layer is not None:
        plain["layer"] = pack_layer(step.layer, step.name, tensors)
    elif step.value is not None:
        plain["value"] = tensors.put(f"steps/{place}/value", step.value)
    elif step.module is not None:
        plain["module"] = pack_activation(step.module, f"steps/{place}", tensors)
    elif step.function is not None:
        plain["function"] = name_function(step.function, said)
    return plain


def unpack_program(said: Any, tensors: Tensors) -> Program:
    """Return a program from what `pack_program` kept; ValueError, KeyError or TypeError if it is none."""
    steps: list[Step] = []
    names: set[str] = set()
    for place, plain in enumerate(said["steps"]):
        step = _unpack_step(plain, tensors)
        if any(not 0 <= used < place for used in find_refs((step.args, dict(step.named)))):
            raise ValueError(f"its step {place} reads a step that is not before it")
        if (step.kind == "input") != (place == 0):
            raise ValueError("its first step, and no other, must be the input")
        if step.layer is not None and step.name in names:
            raise ValueError(f"two of its layers are called {step.name!r}")
        names |= {step.name} if step.layer is not None else set()
        steps.append(step)
    if not steps:
        raise ValueError("its program has no steps")
    return Program(tuple(steps), tuple(as_count(side, "shape", 1) for side in said["shape"]))


def _unpack_step(plain: Any, tensors: Tensors) -> Step:
    layer = unpack_layer(plain["layer"], plain["name"], tensors) if "layer" in plain else None
    module = unpack_activation(plain["module"], tensors) if "module" in plain else None
    function = find_function(plain["function"]) if "function" in plain else module
    value = tensors.get(plain["value"]) if "value" in plain else None
    if layer is None and function is None and value is None and plain["kind"] != "input":
        raise ValueError(f"its step {plain['name']!r} of the kind {plain['kind']!r} runs nothing")
    axis = plain["axis"]
    return Step(
        str(plain["kind"]),
        str(plain["name"]),
        "",
        function,
        decode(plain["args"]),
        decode(plain["named"]),
        tuple(as_count(side, "sample", 0) for side in plain["sample"]),
        None if axis is None else as_count(axis, "axis", 0),
        as_count(plain["places"], "places", 1),
        layer,
        module,
        value,
    )
