"""Put a program into the form that DCGS runs: attention in parts, pools before ReLUs, neurons on wires.

    attention(q, k, v)  ->  k^T;  q k^T;  times a scale;  softmax (a mask inside);  product with v
    pool(relu(x))       ->  relu(pool(x)), where nothing else reads the ReLU: the same numbers
    layer(x)            ->  layer(neurons(x)), one population on a wire, whoever of the layers reads it

None of them changes what the program computes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from netsci.convert.building import describe
from netsci.convert.program import Program, Step, renumber
from netsci.convert.recording import Ref, Unconvertible

ATTENTION = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")
AFFINE = frozenset(
    ("input", "norm", "add", "shift", "scale", "average", "sum", "pad", "move", "join")
)  # what keeps the image an image


class Rebuilt:
    """A program in the making, from one whose steps get new places. places : former place -> new one."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.steps: list[Step] = []
        self.places: dict[int, int] = {}

    def add(self, step: Step) -> int:
        """Add a step whose arguments count new places; return its place."""
        self.steps.append(step)
        return len(self.steps) - 1

    def keep(self, place: int, places: dict[int, int] | None = None) -> None:
        """Add a step of the former program; places say other ones for some of what it reads."""
        step, numbers = self.program.steps[place], {**self.places, **(places or {})}
        args, named = renumber(step.args, numbers), renumber(dict(step.named), numbers)
        self.places[place] = self.add(replace(step, args=args, named=named))

    def done(self) -> Program:
        """Return the new program."""
        return Program(tuple(self.steps), self.program.shape)


@dataclass(frozen=True, eq=False)
class Softmax:
    """The softmax over the last axis of scores + mask."""

    mask: Tensor | None

    def __call__(self, scores: Tensor) -> Tensor:
        """Return weights of the shape of the scores."""
        masked = scores if self.mask is None else scores + self.mask.to(scores.device)
        return torch.softmax(masked, -1)


def split_attention(program: Program) -> Program:
    """Return the program with products, a scale and a softmax in place of each attention.

    Raises `Unconvertible` if one drops out, shares heads, or has a mask that depends on the input.
    """
    made = Rebuilt(program)
    names: dict[str, int] = {}
    for place, step in enumerate(program.steps):
        if step.kind == "attention":
            names[step.name] = names.get(step.name, 0) + 1
            ending = "" if names[step.name] == 1 else f":{names[step.name]}"
            made.places[place] = _add_attention(made, step, ending)
        else:
            made.keep(place)
    return made.done()


def _add_attention(made: Rebuilt, step: Step, ending: str) -> int:
    """Add the parts of an attention; return the place of the last."""
    given = dict(zip(ATTENTION, step.args, strict=False)) | dict(step.named)
    steps = made.program.steps
    q, k, v = (steps[given[name].place] for name in ATTENTION[:3])
    if given.get("dropout_p") or given.get("enable_gqa"):
        raise Unconvertible(
            f"{describe(step)} drops out or shares heads of k and v (dropout_p, enable_gqa): leave that out"
        )
    for one in (q, k, v):
        if one.axis is None or one.kind == "constant" or one.axis > len(one.sample) - 2:
            raise Unconvertible(f"{describe(step)} must read q, k and v [batch, ..., tokens, width]")
    mask = _mask_of(step, given, steps, (q.sample[-2], k.sample[-2]))
    scale = given.get("scale")
    scale = 1.0 / math.sqrt(q.sample[-1]) if scale is None else float(scale)
    lead, rows, columns = q.sample[:-2], q.sample[-2], k.sample[-2]
    at = {name: Ref(made.places[given[name].place]) for name in ATTENTION[:3]}

    def add(like: Step, kind: str, what: str, function: Callable[..., Any], args: Any, sample: Any) -> Ref:
        name = f"{step.name}.{what}{ending}".strip(".")
        fields: dict[str, Any] = {"kind": kind, "name": name, "function": function, "args": args}
        return Ref(made.add(replace(like, **fields, named={}, sample=sample, line=step.line, value=None)))

    turned = (*k.sample[:-2], k.sample[-1], columns)
    scores = (*lead, rows, columns)
    key = add(k, "move", "turned", torch.transpose, (at["key"], -2, -1), turned)
    both = add(q, "product", "scores", torch.matmul, (at["query"], key), scores)
    scaled = add(q, "scale", "scaled", torch.mul, (both, scale), scores)
    weights = add(q, "softmax", "softmax", Softmax(mask), (scaled,), scores)
    return add(step, "product", "mixed", torch.matmul, (weights, at["value"]), step.sample).place


def _mask_of(step: Step, given: Any, steps: tuple[Step, ...], shape: tuple[int, int]) -> Tensor | None:
    """Return what is added to the scores; None if nothing is."""
    mask = given.get("attn_mask")
    if given.get("is_causal"):
        return torch.zeros(shape).masked_fill(torch.ones(shape).tril() == 0, -math.inf)
    if mask is None:
        return None
    value = steps[mask.place].value
    if value is None:
        raise Unconvertible(
            f"{describe(step)} has a mask that depends on the input, or is computed: give it as a buffer"
        )
    return torch.zeros(value.shape).masked_fill(~value, -math.inf) if value.dtype == torch.bool else value


def swap_pools(program: Program) -> Program:
    """Return the program with each max pool before the ReLU that it alone reads."""
    steps = list(program.steps)
    for place, pool in enumerate(steps):
        if pool.kind != "maximum" or len(pool.inputs) != 1:
            continue
        before = pool.inputs[0]
        relu = steps[before]
        if relu.kind == "activation" and relu.module is None and program.users(before) == [place]:
            args, named = (renumber(one, {before: relu.inputs[0]}) for one in (pool.args, dict(pool.named)))
            steps[before] = replace(pool, args=args, named=named)
            shape: dict[str, Any] = {"sample": pool.sample, "axis": pool.axis, "places": pool.places}
            steps[place] = replace(relu, args=(Ref(before),), named={}, **shape)
    return Program(tuple(steps), program.shape)


def check_maxima(program: Program) -> None:
    """Raise `Unconvertible` if a maximum is not one over places of one tensor."""
    for place in program.of_kind("maximum"):
        step = program.steps[place]
        if len(step.inputs) != 1 or step.axis is None:
            raise Unconvertible(
                f"{describe(step)} must be the maximum over places of one tensor, without their indices: use "
                "max_pool2d or amax"
            )


def share_activations(program: Program) -> Program:
    """Return the program in which each wire has one ReLU: a second is what the first says."""
    seen: dict[int, int] = {}
    steps = list(program.steps)
    for place, step in enumerate(steps):
        if step.kind == "activation" and step.module is None:
            first = seen.setdefault(step.inputs[0], place)
            if first != place:
                steps[place] = replace(step, kind="move", function=keep, args=(Ref(first),), named={})
    return Program(tuple(steps), program.shape)


def put_neurons(program: Program, *, encode_image: bool) -> Program:
    """Return the program with neurons on the wires into layers and products, one population on a wire.

    They are named after who reads them first, as "fc.in", "attn.scores.in1". encode_image : also on wires
    that hold the image, moved or rescaled, into a layer.
    """
    made = Rebuilt(program)
    on_wire: dict[int, int] = {}
    image = find_image(program)
    for place, step in enumerate(program.steps):
        others: dict[int, int] = {}
        if step.kind in ("layer", "product"):
            wires = [one for one in step.inputs if program.steps[one].axis is not None]
            for number, wire in enumerate(wires, start=1):
                if wire in image and step.kind == "layer" and not encode_image:
                    continue
                if wire not in on_wire:
                    name = f"{step.name}.in{number if len(wires) > 1 else ''}"
                    on_wire[wire] = _add_neurons(made, wire, name)
                others[wire] = on_wire[wire]
        made.keep(place, others)
    return made.done()


def _add_neurons(made: Rebuilt, wire: int, name: str) -> int:
    """Add neurons that read a wire."""
    like = made.program.steps[wire]
    fields: dict[str, Any] = {"kind": "neurons", "name": name, "function": keep, "named": {}, "line": ""}
    args = (Ref(made.places[wire]),)
    return made.add(replace(like, **fields, args=args, layer=None, module=None, value=None))


def find_image(program: Program) -> set[int]:
    """Return the places that hold the image, moved or rescaled, before any layer."""
    found: set[int] = set()
    for place, step in enumerate(program.steps):
        moving = [one for one in step.inputs if program.steps[one].kind != "constant"]
        if step.kind == "input" or (step.kind in AFFINE and moving and all(one in found for one in moving)):
            found.add(place)
    return found


def keep(x: Tensor) -> Tensor:
    """Return x."""
    return x


def reads_convolution(program: Program, place: int) -> bool:
    """Return whether a convolution reaches a step through no other layer, product or activation."""
    waiting: list[int] = list(program.steps[place].inputs)
    closed: Iterable[str] = ("activation", "neurons", "product")
    while waiting:
        step = program.steps[waiting.pop()]
        if step.layer is not None:
            if step.layer.convolves:
                return True
        elif step.kind not in closed:
            waiting += step.inputs
    return False
