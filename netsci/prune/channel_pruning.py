"""DepGraph: remove whole channels of a network, each from all layers that it ties together.

    I_c = mean over the layers of c's group of the sum of squares of its weights there, over the group's mean

torch-pruning finds the groups and computes the sums. The smaller module and the masks on the full shapes are
made from one choice, and are compared on the example before one of them is returned.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from netsci.arguments import as_count, check_choice, check_fraction, shorten
from netsci.prune.channel_checks import run_module
from netsci.prune.channel_graph import CONV, IN, LINEAR, OUT, ChannelGraph
from netsci.prune.channel_numbers import ALL, Wanted, choose_channels

TOLERANCE = 1e-5  # of the largest output, between the two forms


def depgraph(
    module: nn.Module,
    example: Any,
    *,
    sparsity: Any,
    match: str = "parameters",
    form: str = "channels",
    importance: str | None = "mean",
    steps: int = 1,
    scope: str = "local",
) -> nn.Module:
    """Return a copy of a dense module without its least important channels, by DepGraph.

    A channel is an output of a linear layer or a convolution; it goes with all that depends on it. Outputs of
    the module, of all of its heads, and its inputs are never pruned.

    Parameters
    ----------
    module : a trained network; it does not change. example : an input, or a tuple of inputs.
    sparsity : share in [0, 1) that goes, of each kind that has channels to remove, or {"conv": share,
        "linear": share}; a kind that is not named keeps its channels.
    match : of what it is a share. "parameters": of the weights of all convolutions, and of those of all
        linear layers but the classifier, each met to one channel by bisection; one share with scope="global"
        is of both together. "channels": of the channels: floor(n (1 - share) + 1e-9) of n stay, at
        least one.
    form : "channels", the smaller module, or "mask", the same choice on the full shapes: weights, biases and
        normalisation of channels that are gone are 0, and `.masks` has, by layer, bool [presynaptic,
        postsynaptic] (of a convolution [in k k, out]), True = kept. Both have `.kept`, the numbers of the
        output channels that stay, int64 by layer.
    importance : by what that of a group is divided, its "mean", its "max", or None.
    steps : remove in as many equal steps, with importances computed anew.
    scope : rank channels within each group ("local"), or all of a share together ("global").

    Raises
    ------
    ValueError, TypeError
        If the share cannot be reached, or the module has layers or operations that mix channels (groups,
        sparse layers, layer normalisation, attention), so that the two forms would differ.
    ModuleNotFoundError
        If torch-pruning is not installed.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> half = depgraph(net, torch.ones(1, 4), sparsity=0.5)  # doctest: +SKIP
    >>> half[0].weight.shape  # doctest: +SKIP
    torch.Size([4, 4])

    Source: Fang et al. 2023; S1 Table 4.
    Reading: the ratio is one of channels in torch-pruning, of parameters in S1.
    """
    if not isinstance(module, nn.Module):
        raise TypeError(f"module must be a torch.nn.Module; got {shorten(module)}")
    check_choice(match, ("parameters", "channels"), "match")
    check_choice(form, ("channels", "mask"), "form")
    check_choice(importance, ("mean", "max", None), "importance")
    check_choice(scope, ("local", "global"), "scope")
    as_count(steps, "steps", 1, 1000)
    inputs = example if isinstance(example, tuple) else (example,)
    if not inputs or not all(isinstance(one, Tensor) for one in inputs):
        raise TypeError(f"example must be a tensor, or a tuple of tensors; got {shorten(example)}")
    if not all(bool(torch.isfinite(one).all()) for one in inputs):
        raise ValueError("example must be finite; it holds NaN or infinite values")
    named = isinstance(sparsity, Mapping)
    wanted = Wanted(_shares(sparsity, scope), named, match, importance, steps, scope)
    graph = choose_channels(module, inputs, wanted)
    masked = _mask(module, graph)
    _compare(graph.module, masked, inputs)
    return masked if form == "mask" else _finish(graph, module)


def _shares(sparsity: Any, scope: str) -> dict[str, float]:
    """Return the share of each kind that is to go, convolutions first."""
    if isinstance(sparsity, Mapping):
        unknown = [name for name in sparsity if name not in (CONV, LINEAR)]
        if unknown or not sparsity:
            raise ValueError(
                f"sparsity must be a share, or have a share for 'conv', 'linear' or both; got "
                f"{shorten(dict(sparsity))}"
            )
        shares = {kind: sparsity[kind] for kind in (CONV, LINEAR) if kind in sparsity}
    else:
        shares = {ALL: sparsity} if scope == "global" else {CONV: sparsity, LINEAR: sparsity}
    for kind, share in shares.items():
        name = "sparsity" if not isinstance(sparsity, Mapping) else f"sparsity of {kind}"
        check_fraction(share, name)
        if share == 1.0:
            raise ValueError(f"{name} must lie below 1: without channels a layer computes nothing")
    return shares


def _finish(graph: ChannelGraph, module: nn.Module) -> nn.Module:
    """Return the smaller module in the mode of the given one."""
    trained = {name: parameter.requires_grad for name, parameter in module.named_parameters()}
    for name, parameter in graph.module.named_parameters():
        parameter.requires_grad_(trained[name])
        parameter.grad = None
    modes = {name: one.training for name, one in module.named_modules()}
    for name, one in graph.module.named_modules():
        one.training = modes[name]
    graph.module.kept = _find_kept(graph)  # type: ignore[assignment]
    return graph.module


def _find_kept(graph: ChannelGraph) -> dict[str, NDArray[np.int64]]:
    return {name: graph.kept[name, OUT] for name in graph.layers}


@torch.no_grad()
def _mask(module: nn.Module, graph: ChannelGraph) -> nn.Module:
    """Return a copy of a module with 0 where a channel is gone, and its masks."""
    masked = copy.deepcopy(module)
    masks: dict[str, NDArray[np.bool_]] = {}
    for name, layer in masked.named_modules():
        if (name, OUT) not in graph.kept:
            continue
        for one in (layer.weight, layer.bias):
            if isinstance(one, Tensor):
                one[_gone(len(one), graph.kept[name, OUT])] = 0.0
        if name in graph.layers:
            weight: Any = layer.weight
            weight[:, _gone(weight.shape[1], graph.kept[name, IN])] = 0.0
            places = weight[0, 0].numel()
            rows = ~_gone(weight.shape[1], graph.kept[name, IN]).repeat(places)
            mask = rows[:, None] & ~_gone(len(weight), graph.kept[name, OUT])
            if not mask.all():
                masks[name] = mask
    masked.masks, masked.kept = masks, _find_kept(graph)  # type: ignore[assignment]
    return masked


def _gone(size: int, kept: NDArray[np.int64]) -> NDArray[np.bool_]:
    gone = np.ones(size, bool)
    gone[kept] = False
    return gone


@torch.no_grad()
def _compare(smaller: nn.Module, masked: nn.Module, example: tuple[Tensor, ...]) -> None:
    """Raise ValueError unless both forms compute the same, on the example and on noise of its shape."""
    modes = {one: one.training for one in masked.modules()}
    masked.eval()
    try:
        for inputs in (example, _noise(example)):
            full, problem = list(_tensors(run_module(masked, inputs))), ""
            try:
                found = list(_tensors(smaller(*inputs)))
            except Exception as error:
                problem = f"without its channels the module fails ({type(error).__name__}: {error})"
            else:
                if not all(_is_close(*pair) for pair in zip(found, full, strict=True)):
                    problem = "the module computes something else without its channels than with them at 0"
            if problem:
                raise ValueError(
                    f"module cannot be pruned by depgraph: {problem}. It has operations that mix channels "
                    "(layer or group normalisation, attention), fix their number in forward, or add its input"
                )
    finally:
        for one, training in modes.items():
            one.training = training


def _is_close(found: Tensor, full: Tensor) -> bool:
    if found.shape != full.shape:
        return False
    scale = max(1.0, float(full.abs().max())) if full.numel() else 1.0
    return bool(torch.allclose(found, full, rtol=0.0, atol=TOLERANCE * scale, equal_nan=True))


def _noise(example: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Return inputs of the same shapes, normally distributed; numbers that are not real stay."""
    generator = torch.Generator().manual_seed(0)
    return tuple(
        torch.randn(one.shape, generator=generator).to(one) if one.is_floating_point() else one
        for one in example
    )


def _tensors(found: Any) -> Iterator[Tensor]:
    """Yield the tensors in what a module returns."""
    if isinstance(found, Tensor):
        yield found
    elif isinstance(found, Mapping):
        for one in found.values():
            yield from _tensors(one)
    elif isinstance(found, (list, tuple)):
        for one in found:
            yield from _tensors(one)
