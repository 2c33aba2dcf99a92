"""Make the program of a network from two passes with batches of two sizes.

Calls of both passes are the same. Numbers that differ (sizes in a reshape) are p + q batch, and become a
`Size`. The axis of a tensor that differs is the axis of its samples. At the end the program and the network
are compared on images.
"""

from __future__ import annotations

import copy
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from netsci.convert.activations import QCFS, SQCFS
from netsci.convert.aec import AEC
from netsci.convert.kinds import OUT_OF_PLACE, kind_of
from netsci.convert.layers import Layer, copy_layer
from netsci.convert.program import Program, Size, Step, find_refs, renumber
from netsci.convert.recording import AVERAGES, Call, Ref, Unconvertible, record_calls
from netsci.models.pooling import AveragePool2

SMALL, LARGE = 3, 5  # batches of the two passes
CLOSE = 1e-4  # largest relative deviation of a program from its network
# Activations with steps (QCFS, AEC) turn rounding at an edge into a whole step: then so many images may
# differ, by so much. A program that is wrong differs on nearly all of them.
STEPPED = (QCFS, SQCFS, AEC)
MOST_AT_EDGES, LARGEST_STEP = 0.5, 0.1
SHOWN = 64  # images on which both are compared


def make_program(ann: nn.Module, images: Tensor) -> Program:
    """Return the program of a network; images [batch, ...] are some that it may get.

    Raises `Unconvertible` if the network cannot be followed, or the program computes something else.
    """
    rows = torch.arange(LARGE) % len(images)
    calls, out = record_calls(ann, images[rows[:SMALL]])
    more, other_out = record_calls(ann, images[rows])
    same = len(calls) == len(more) and out == other_out
    if not same or any((a.label, a.path) != (b.label, b.path) for a, b in zip(calls, more, strict=True)):
        raise Unconvertible(
            "ann computes other things for another number of images: make it compute the same"
        )
    steps = _make_steps(calls, more, out)
    program = Program(tuple(steps), tuple(images.shape[1:]))
    check_same(program, ann, images[:64])
    return program


def check_same(program: Program, ann: nn.Module, images: Tensor) -> None:
    """Raise `Unconvertible` unless a program computes what the network computes, up to rounding."""
    with torch.no_grad():
        wanted, found = ann(images), program.run(images)
    if not bool(torch.isfinite(wanted).all()):
        raise Unconvertible(
            "ann gives scores that are NaN or infinite for the calibration images: mend it first"
        )
    scale = float(wanted.abs().max()) if wanted.numel() else 0.0
    same = wanted.shape == found.shape
    compared = same and bool(wanted.numel()) and wanted.ndim > 0
    errors = (wanted - found).abs().reshape(len(wanted), -1).amax(1) if compared else torch.zeros(1)
    error, allowed = float(errors.max()), max(scale, 1e-12)
    stepped = any(isinstance(one, STEPPED) for one in ann.modules())
    differing = float((errors > CLOSE * allowed).float().mean())
    at_edges = stepped and differing < MOST_AT_EDGES and error <= LARGEST_STEP * allowed
    if not same or (differing and not at_edges):
        raise Unconvertible(
            "ann computes something that no function of torch shows: the steps found give scores "
            f"{list(found.shape)} that differ by up to {error:.3g} from its own, {list(wanted.shape)}. Write "
            "its forward with torch.nn modules and functions"
        )


def _make_steps(calls: list[Call], more: list[Call], out: int) -> list[Step]:
    """Return the steps that the output needs, numbered anew; the input is the first."""
    needed, waiting = {0}, [out]
    while waiting:
        place = waiting.pop()
        if place not in needed:
            needed.add(place)
            waiting += find_refs((calls[place].args, calls[place].named))
    order = sorted(needed)
    numbers = {place: number for number, place in enumerate(order)}
    steps: list[Step] = []
    depends: set[int] = set()
    names: dict[str, int] = {}
    for place in order:
        small, large = calls[place], more[place]
        args, named = _match((small.args, small.named), (large.args, large.named), small)
        moving = set(find_refs((small.args, small.named))) & depends
        kind = kind_of(small, moving)
        if moving or kind == "input":
            depends.add(place)
        args, named = renumber((args, named), numbers)
        steps.append(_make_step(kind, small, large, args, named, calls, names))
        if moving and steps[-1].axis is None and small.shape:
            raise Unconvertible(
                f"{describe(steps[-1])} mixes the samples of a batch, so no image has an answer of its own"
            )
    return steps


def _make_step(
    kind: str, small: Call, large: Call, args: Any, named: Any, calls: list[Call], names: dict[str, int]
) -> Step:
    """Return the step of a call; layers and activations get names that no other has."""
    if small.value is not None and not _is_constant(small, large):
        raise Unconvertible(
            f"a tensor that {small.path or 'forward'} uses at {small.line} depends on the images, and no "
            "function of torch shows how: write it with torch.nn modules and functions"
        )
    if small.value is not None and bool(torch.isnan(small.value).any()):
        raise Unconvertible(
            f"{small.path or 'a constant'} holds NaN, which {small.line} uses: train the network again, or "
            "mend it"
        )
    layer, function, name = None, small.function, small.path
    if kind == "layer":
        layer, name, args, named = _find_layer(small, args, named, calls)
        if name in names:
            raise Unconvertible(
                f"layer {name!r} is used twice, and its spikes could not be told apart: give each use its "
                "own layer"
            )
    elif small.module is not None:
        function = _copy_module(small.module, small.path)
    else:
        function = OUT_OF_PLACE.get(small.label, function)
        named = {key: value for key, value in named.items() if key != "inplace"}
        if kind == "activation":
            args = args[:1]
            name = name if small.alone else f"{name}.{small.label}".strip(".")
        if kind == "product":
            name = f"{name}.{small.label.strip('_')}".strip(".")
    if kind in ("layer", "activation", "product"):
        names[name] = names.get(name, 0) + 1
        name = name if names[name] == 1 else f"{name}:{names[name]}"
    sample, axis, places = _find_axis(small, large)
    if kind == "average" and all(prod(calls[r].shape) == prod(small.shape) for r in find_refs(small.args)):
        kind = "move"  # a mean of one number each
    module = function if kind == "activation" and isinstance(function, nn.Module) else None
    return Step(
        kind, name, small.line, function, args, named, sample, axis, places, layer, module, small.value
    )


def _is_constant(small: Call, large: Call) -> bool:
    """Return whether a tensor without a past is the same in both passes."""
    a, b = small.value, large.value
    if a is None or b is None or a.shape != b.shape or a.dtype != b.dtype:
        return False
    return bool(torch.allclose(a, b, rtol=0.0, atol=0.0, equal_nan=True))


def _find_layer(call: Call, args: Any, named: Any, calls: list[Call]) -> tuple[Layer, str, Any, Any]:
    """Return the layer of a call, its name, and what is left of the arguments: the input."""
    if call.module is not None:
        return copy_layer(call.module, call.path), call.path, args, named
    given = dict(
        zip(("input", "weight", "bias", "stride", "padding", "dilation", "groups"), call.args, strict=False)
    )
    given |= call.named
    parts = {key: calls[one.place] for key, one in given.items() if isinstance(one, Ref) and key != "input"}
    weight = parts["weight"].value
    if weight is None or any(part.value is None for part in parts.values()):
        raise Unconvertible(
            f"{call.label} at {call.line} has a weight that is computed from others: give it as a parameter"
        )
    name = parts["weight"].path.removesuffix(".weight")
    bias = parts["bias"].value if "bias" in parts else None
    module: Any
    if call.label == "linear":
        module = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    else:
        form = {key: given[key] for key in ("stride", "padding", "dilation", "groups") if key in given}
        channels = weight.shape[1] * form.get("groups", 1)
        module = nn.Conv2d(channels, len(weight), weight.shape[2:], bias=bias is not None, **form)  # type: ignore[arg-type]
    module.weight = nn.Parameter(weight)
    module.bias = None if bias is None else nn.Parameter(bias)
    first = args[:1] if args else (named["input"],)
    return copy_layer(module, name), name, first, {}


def _copy_module(module: Any, path: str) -> Any:
    """Return an activation or a pooling that shares nothing with the network.

    Raises `Unconvertible` for a class of its own forward, whose function nothing says.
    """
    known = next(one for one in (AveragePool2, *AVERAGES, AEC, SQCFS, QCFS) if isinstance(module, one))
    if type(module).forward is not known.forward:
        raise Unconvertible(
            f"{path} is a {type(module).__name__}, a {known.__name__} with a forward of its own: use a "
            f"{known.__name__}, and write what it does besides in the forward of the network"
        )
    if isinstance(module, AveragePool2):
        return halve
    if isinstance(module, AVERAGES):
        return module.forward
    if isinstance(module, AEC):
        return copy.deepcopy(module).requires_grad_(False)
    own: Any = SQCFS(module.levels) if isinstance(module, SQCFS) else QCFS(module.levels)
    for name, value in module.named_parameters():
        setattr(own, name, nn.Parameter(value.detach().clone(), requires_grad=False))
    return own


def halve(x: Tensor) -> Tensor:
    """Return the means of 2 x 2."""
    return functional.avg_pool2d(x, 2)


def _find_axis(small: Call, large: Call) -> tuple[tuple[int, ...], int | None, int]:
    """Return the shape of one sample, the axis of the samples and its places for each sample."""
    if len(small.shape) != len(large.shape):
        raise Unconvertible(f"{small.label} at {small.line} gives another number of axes for another batch")
    differs = [axis for axis, (a, b) in enumerate(zip(small.shape, large.shape, strict=True)) if a != b]
    if not differs:
        return small.shape, None, 1
    axis = differs[0]
    places, rest = divmod(large.shape[axis] - small.shape[axis], LARGE - SMALL)
    if len(differs) > 1 or rest or small.shape[axis] != places * SMALL:
        raise Unconvertible(
            f"{small.label} at {small.line} gives {list(small.shape)} for {SMALL} images and "
            f"{list(large.shape)} for {LARGE}: keep one axis for the samples"
        )
    return (*small.shape[:axis], *small.shape[axis + 1 :]), axis, places


def _match(small: Any, large: Any, call: Call) -> Any:
    """Return the arguments of both passes as one, with a `Size` where they differ."""
    if isinstance(small, (list, tuple)) and isinstance(large, (list, tuple)) and len(small) == len(large):
        found = [_match(a, b, call) for a, b in zip(small, large, strict=True)]
        return found if isinstance(small, list) else tuple(found)
    if isinstance(small, dict):
        return {name: _match(value, large[name], call) for name, value in small.items()}
    if isinstance(small, slice):
        ends = [(small.start, large.start), (small.stop, large.stop), (small.step, large.step)]
        return slice(*(_match(a, b, call) for a, b in ends))
    if isinstance(small, int) and isinstance(large, int) and small != large:
        q, rest = divmod(large - small, LARGE - SMALL)
        if not rest:
            return Size(small - q * SMALL, q)
    elif type(small) is type(large) and (small is large or bool(small == large)):
        return small
    raise Unconvertible(
        f"{call.label} at {call.line} gets {small!r} for {SMALL} images and {large!r} for {LARGE}: only "
        "sizes may depend on the number of images"
    )


def describe(step: Step) -> str:
    """Return kind, name and line of a step, as errors show it."""
    where = f" at {step.line}" if step.line else ""
    return f"{step.kind} {step.name!r}{where}" if step.name else f"{step.kind}{where}"
