"""Which channels must go together, and what they are worth: torch-pruning's dependency graph of a module.

A channel is an output of a linear layer or a convolution. Removing it takes rows of that layer, entries of
its normalisation and columns of all layers that read it; a residual sum ties the channels of its branches.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.modules.conv import _ConvNd

from netsci.prune.channel_checks import check_layers, run_module

CONV, LINEAR = "conv", "linear"
IN, OUT = "in", "out"


@dataclass(frozen=True)
class ChannelGroup:
    """Channels that can go one by one, each from all layers of the group.

    root : name of the layer whose outputs they are. kind : "conv" if an output of a convolution is among
    them, else "linear". size : number of channels. per : (layer, "in" or "out") -> how many inputs or outputs
    of the layer a channel has.
    """

    root: str
    kind: str
    size: int
    per: Mapping[tuple[str, str], int]


class ChannelGraph:
    """A copy of a module from which channels can be removed.

    module : the copy, in evaluation mode. kept : (layer, "in" or "out") -> numbers of the channels that are
    left, as the layer had them first. classifiers : names of the layers whose outputs are the module's.

    Raises
    ------
    ValueError
        If the module has layers whose channels are not independent, or cannot be followed.
    """

    def __init__(self, module: nn.Module, example: tuple[Any, ...]) -> None:
        check_layers(module)
        self.module = copy.deepcopy(module).eval()
        for parameter in self.module.parameters():
            parameter.requires_grad_(parameter.is_floating_point())
        self._names = {one: name for name, one in self.module.named_modules()}
        self.layers = {n: m for n, m in self.module.named_modules() if isinstance(m, (nn.Linear, _ConvNd))}
        self.kept: dict[tuple[str, str], NDArray[np.int64]] = {}
        for name, layer in self.module.named_modules():
            for side, size in _sizes(layer).items():
                self.kept[name, side] = np.arange(size)
        self.classifiers: set[str] = set()
        self._graph = _trace(self.module, example)
        self._groups: dict[str, Any] = {}  # of torch-pruning, and ours; removal empties both
        self._described: dict[str, ChannelGroup] = {}
        self.find_groups()

    def find_groups(self) -> dict[str, ChannelGroup]:
        """Return the groups whose channels may go, by the name of their root: all but the module's outputs.

        Raises ValueError if the channels of a layer are divided among several readers.
        """
        if not self._described:
            self._groups = self._find_groups()
            self._described = {root: self._describe(root, group) for root, group in self._groups.items()}
        return self._described

    def find_importances(self, normaliser: str | None) -> dict[str, NDArray[np.float64]]:
        """Return the importance of each channel of each group, divided by its mean or maximum in the group.

        I_c = mean over the layers of the group of the sum of squares of what the channel has there: rows,
        normalisation factors, columns.
        """
        self.find_groups()
        importance = _package().importance.GroupMagnitudeImportance(p=2, normalizer=None)
        found: dict[str, NDArray[np.float64]] = {}
        for root, group in self._groups.items():
            raw = importance(group).double().cpu().numpy()
            scale = {None: 1.0, "mean": raw.mean(), "max": raw.max()}[normaliser]
            found[root] = raw / scale if scale > 0.0 else raw
        return found

    def remove(self, root: str, channels: Collection[int]) -> None:
        """Remove channels of a group, by their numbers now, from all of its layers."""
        layer = self.layers[root]
        group = self._graph.get_pruning_group(layer, self._pruner(layer), sorted(channels))
        for dependency, places in group:
            key = self._key(dependency)
            if key is not None:
                self.kept[key] = np.delete(self.kept[key], places)
        group.prune()
        self._described = {}

    def count_weights(self, removed: Mapping[str, int]) -> dict[str, int]:
        """Return how many weights each layer would have left without as many channels of each group."""
        lost: dict[tuple[str, str], int] = {}
        for root, group in self.find_groups().items():
            for key, each in group.per.items():
                lost[key] = lost.get(key, 0) + each * removed.get(root, 0)
        left: dict[str, int] = {}
        for name, layer in self.layers.items():
            outputs, inputs = layer.weight.shape[:2]
            rest = layer.weight[0, 0].numel()
            depthwise = isinstance(layer, _ConvNd) and layer.groups > 1
            columns = inputs - (0 if depthwise else lost.get((name, IN), 0))
            left[name] = (outputs - lost.get((name, OUT), 0)) * columns * rest
        return left

    def names_of(self, kind: str) -> list[str]:
        """Return all convolutions, or all linear layers but the classifiers."""
        if kind == CONV:
            return [name for name, layer in self.layers.items() if isinstance(layer, _ConvNd)]
        linear = [name for name, layer in self.layers.items() if isinstance(layer, nn.Linear)]
        return [name for name in linear if name not in self.classifiers]

    def _find_groups(self) -> dict[str, Any]:
        """Return torch-pruning's groups by root, without those that are outputs of the module."""
        found: dict[str, Any] = {}
        for group in self._graph.get_all_groups(root_module_types=[_ConvNd, nn.Linear]):
            makers = [self._key(dependency) for dependency, _ in group]
            outputs = [name for key in makers if key and key[1] == OUT and (name := key[0]) in self.layers]
            if any(_is_output(self._graph, dependency) for dependency, _ in group):
                self.classifiers |= set(outputs)
                continue
            found[self._names[group[0].dep.target.module]] = group
        return found

    def _describe(self, root: str, group: Any) -> ChannelGroup:
        size, per, kind = len(group[0].idxs), {}, LINEAR
        for number, (dependency, places) in enumerate(group):
            key = self._key(dependency)
            if key is None:
                continue
            of = group[number].root_idxs
            counts = None if None in of else np.bincount(of, minlength=size)
            if counts is None or counts.min() != counts.max():
                raise ValueError(
                    f"module divides the channels of {root!r} among layers ({key[0]!r} reads a part): "
                    "depgraph removes a channel everywhere. Take a method that removes links, such as "
                    "magnitude, ria, wanda or sparsegpt"
                )
            per[key] = len(places) // size
            if key[1] == OUT and isinstance(self.layers.get(key[0]), _ConvNd):
                kind = CONV
        return ChannelGroup(root, kind, size, per)

    def _key(self, dependency: Any) -> tuple[str, str] | None:
        """Return layer and side that a dependency takes channels from; None for an operation."""
        layer = dependency.target.module
        if not isinstance(layer, nn.Module) or layer not in self._names or not _sizes(layer):
            return None
        side = OUT if self._graph.is_out_channel_pruning_fn(dependency.handler) else IN
        return self._names[layer], side

    def _pruner(self, layer: nn.Module) -> Any:
        return self._graph.get_pruner_of_module(layer).prune_out_channels


def _trace(module: nn.Module, example: tuple[Any, ...]) -> Any:
    """Return torch-pruning's dependency graph of a module."""
    # torch-pruning looks for flattened maps itself, by recursion at each reshaping, unless this says no: it
    # counts them twice where there are two reshapings, and takes minutes in deep networks.
    never = property(lambda _: False, lambda _, __: None)
    kind = type("Graph", (_package().DependencyGraph,), {"_2d_4d": never})
    with torch.inference_mode(False), torch.enable_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parameters outside of layers; what goes wrong is seen later
        run_module(module, example)
        try:
            graph = kind().build_dependency(
                module, example, forward_fn=lambda net, given: net(*given), verbose=False
            )
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
        else:
            _follow_flattened_maps(graph)
            return graph
    raise ValueError(
        f"module cannot be followed by torch-pruning ({why}): depgraph needs a forward pass of torch "
        "operations with gradients, that returns tensors"
    )


def _follow_flattened_maps(graph: Any) -> None:
    """Tell a graph where maps [..., C, H, W] become C H W inputs of a linear layer, H W for each channel."""
    flattening: dict[Any, int] = {}
    for node in graph.module2node.values():
        sizes = tuple(getattr(node.grad_fn, "_saved_self_sym_sizes", ()))[-3:]
        if node.type == graph.ops.OPTYPE.RESHAPE and len(sizes) == 3:
            before, after = _nearest_size(node, "inputs", OUT)[0], _nearest_size(node, "outputs", IN)[0]
            if after == math.prod(sizes) and 0 < before <= sizes[0] < after:
                flattening[node] = sizes[1] * sizes[2]
    for node, places in flattening.items():
        if flattening.keys() & _nearest_size(node, "outputs", IN)[1]:
            continue  # its maps keep their axes until another one
        for one in node.inputs:
            for ends, back in (((node, one), True), ((one, node), False)):
                for dependency in ends[0].dependencies:
                    if dependency.target is ends[1]:
                        dependency.index_mapping[0] = partial(_flatten, places, back)


def _nearest_size(node: Any, direction: str, side: str) -> tuple[int, set[Any]]:
    """Return the number of outputs (or inputs) of the nearest layer before (or after) an operation.

    The number is 0 if there is no layer. The set has the operations between.
    """
    waiting: list[Any] = list(getattr(node, direction))
    between: set[Any] = set()
    while waiting:
        one = waiting.pop(0)
        size = _sizes(one.module).get(side, 0) if isinstance(one.module, nn.Module) else 0
        if size:
            return size, between
        if one not in between:
            between.add(one)
            waiting += getattr(one, direction)
    return 0, between


def _flatten(places: int, back: bool, indices: list[Any]) -> list[Any]:
    """Return the entries of flattened maps that belong to channels, or the channels of entries, in order."""
    if back:
        return list(dict.fromkeys(one._replace(idx=one.idx // places) for one in indices))
    return [one._replace(idx=one.idx * places + place) for one in indices for place in range(places)]


def _is_output(graph: Any, dependency: Any) -> bool:
    """Return whether the channels of a dependency are outputs of the module."""
    node = dependency.target
    out = graph.is_out_channel_pruning_fn(dependency.handler)
    return node.type == graph.ops.OPTYPE.OUTPUT or (out and not node.outputs)


def _sizes(layer: nn.Module) -> dict[str, int]:
    """Return the numbers of outputs, and of inputs where they differ, of a layer with channels."""
    if isinstance(layer, (nn.Linear, _ConvNd)):
        return {OUT: layer.weight.shape[0], IN: layer.weight.shape[1]}
    if isinstance(layer, nn.modules.batchnorm._BatchNorm):
        return {OUT: layer.num_features}
    return {}


def _package() -> Any:
    """Import torch-pruning; one sentence says what to install where it is missing."""
    try:
        import torch_pruning
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "depgraph needs torch-pruning, which is not installed: pip install 'netsci-suite[prune]'",
            name=error.name,
        ) from None
    return torch_pruning
