"""Fold normalisations and thresholds into the values of layers; links, signs of links and masks stay.

A normalisation behind a layer, y = gamma (W x + b - mu) / sqrt(var + eps) + beta, is the layer

    W' = W gamma / sqrt(var + eps),  b' = gamma (b - mu) / sqrt(var + eps) + beta

of the same links. Between both may stand steps that only move numbers. Which channel is which behind them is
found by sending the numbers of the channels through these steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from netsci.convert.building import describe
from netsci.convert.layers import scale_outputs
from netsci.convert.program import Program, Step
from netsci.convert.recording import Ref, Unconvertible

NORM = ("input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps")
PROBE = 2  # samples of the numbers that are sent through moves


def fold_norms(program: Program) -> Program:
    """Return the program without batch normalisations: each is folded into the layer before it.

    Raises `Unconvertible`, with name and reason, if one does not follow a layer, or the layer's output is
    used elsewhere.
    """
    steps = list(program.steps)
    for place in program.of_kind("norm"):
        norm = steps[place]
        given = dict(zip(NORM, norm.args, strict=False)) | dict(norm.named)
        start, path = _find_source(program, place, given["input"].place)
        layer = steps[start].layer
        if layer is None:
            raise Unconvertible(f"{describe(norm)} lost its layer")
        channels = send_channels(program, start, path)
        scale, shift = _scale_and_shift(norm, given, steps)
        order = _order_at(channels, norm, layer.n_outputs)
        of_layer = torch.empty(layer.n_outputs)
        of_bias = torch.empty(layer.n_outputs)
        of_layer[order], of_bias[order] = scale, shift
        steps[start] = replace(steps[start], layer=scale_outputs(layer, of_layer, of_bias))
        steps[place] = replace(norm, kind="move", function=_keep, args=(given["input"],), named={})
    return replace(program, steps=tuple(steps))


def check_norms(program: Program) -> None:
    """Raise `Unconvertible` if a batch normalisation has no running statistics."""
    for place in program.of_kind("norm"):
        norm = program.steps[place]
        given = dict(zip(NORM, norm.args, strict=False)) | dict(norm.named)
        _scale_and_shift(norm, given, list(program.steps))


def _keep(x: Tensor) -> Tensor:
    return x


def _scale_and_shift(norm: Step, given: Mapping[str, Any], steps: list[Step]) -> tuple[Tensor, Tensor]:
    """Return gamma / sqrt(var + eps) and beta - mu gamma / sqrt(var + eps), from the numbers of a norm."""
    mean, var = (_number(given.get(name), steps) for name in ("running_mean", "running_var"))
    if mean is None or var is None or given.get("training"):
        raise Unconvertible(
            f"{describe(norm)} has no running statistics, so it mixes the samples of a batch: train it with "
            "track_running_stats=True"
        )
    gamma, beta = (_number(given.get(name), steps) for name in ("weight", "bias"))
    scale = 1.0 / torch.sqrt(var.double() + given.get("eps", 1e-5))
    scale = scale if gamma is None else gamma.double() * scale
    shift = -mean.double() * scale
    shift = shift if beta is None else beta.double() + shift
    return scale.float(), shift.float()


def _number(given: Any, steps: list[Step]) -> Tensor | None:
    return steps[given.place].value if isinstance(given, Ref) else None


def _find_source(program: Program, norm: int, place: int) -> tuple[int, list[int]]:
    """Return the layer that a normalisation reads through moves, and these moves, in order."""
    path: list[int] = []
    step, said = program.steps[place], describe(program.steps[norm])
    while step.kind == "move" and len(step.inputs) == 1:
        path.insert(0, place)
        _check_alone(program, place, said)
        place = step.inputs[0]
        step = program.steps[place]
    if step.kind != "layer":
        raise Unconvertible(
            f"{said} follows {describe(step)}, and only one behind a linear layer or a convolution can be "
            "folded: put the normalisation before the activation, or use dcgs"
        )
    _check_alone(program, place, said)
    return place, path


def _check_alone(program: Program, place: int, said: str) -> None:
    if len(program.users(place)) > 1:
        raise Unconvertible(
            f"{said} normalises what {describe(program.steps[place])} also gives to other steps: it cannot "
            "be folded; normalise all uses, or none"
        )


def send_channels(program: Program, start: int, path: list[int]) -> Tensor:
    """Return the number of the layer's channel at each place, behind moves that follow one another.

    The result has the shape of the last move's output for a batch of two.
    """
    step = program.steps[start]
    layer = step.layer
    if layer is None:
        raise ValueError(f"{describe(step)} is no layer")
    values = {start: spread_channels(step, torch.arange(layer.n_outputs, dtype=torch.float32))}
    for place in path:
        values[place] = program.steps[place].run(values, PROBE)
    return values[path[-1] if path else start]


def spread_channels(step: Step, numbers: Tensor) -> Tensor:
    """Return one number a channel as the output of a layer holds them, for a batch of two.

    Raises `Unconvertible` if the samples stand on the axis of the channels.
    """
    axis = step.axis or 0
    shape = (*step.sample[:axis], PROBE * step.places, *step.sample[axis:])
    channel = step.layer.channel_axis if step.layer is not None else -1
    if channel + len(shape) == axis:
        raise Unconvertible(f"{describe(step)} has samples on the axis of its units")
    wide = [1] * len(shape)
    wide[channel] = len(numbers)
    return numbers.reshape(wide).expand(shape)


def _order_at(channels: Tensor, norm: Step, n: int) -> Tensor:
    """Return the layer's channel of each channel of a normalisation, whose axis is 1."""
    rows = channels.movedim(1, 0) if channels.ndim > 1 else channels
    flat = rows.reshape(len(rows), -1)
    first = flat[:, 0].long()
    if not bool((flat == flat[:, :1]).all()) or sorted(first.tolist()) != list(range(n)):
        raise Unconvertible(
            f"{describe(norm)} normalises another axis than that of the channels before it, and cannot be "
            "folded: give it the channels on axis 1"
        )
    return first
