"""The graph of an ONNX model followed from its inputs: which constants are layers, and what each one reads.

Initialisers lie in any order and under any name. Here the nodes are put in order, constants are followed
through what only reshapes or dequantises them, and every value carries the names of the layers it comes from.
"""

from __future__ import annotations

import heapq
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.onnx.stored import SkipTensor, Stored
from netsci.io.formats.onnx.values import (
    FOLDED,
    Constants,
    attribute,
    dequantise,
    einsum_matrix,
    text_attribute,
)
from netsci.io.limits import check_matrix
from netsci.io.network.arrays.naming import layer_name, list_names
from netsci.io.network.contents import Use

_CONVOLUTIONS = {"Conv", "FusedConv", "ConvTranspose", "QLinearConv", "ConvInteger"}
_PRODUCTS = {
    "Gemm", "FusedGemm", "MatMul", "FusedMatMul", "QLinearMatMul", "QGemm", "MatMulInteger",
    "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "Attention",
}  # fmt: skip
_RECURRENT = {"LSTM", "GRU", "RNN"}
# Positions of the weights, of their scale and of their zero point.
_QUANTISED: dict[str, tuple[int, int | None, int]] = {
    "QLinearConv": (3, 4, 5), "QLinearMatMul": (3, 4, 5), "QGemm": (3, 4, 5), "ConvInteger": (1, None, 3),
    "MatMulInteger": (1, None, 3), "MatMulIntegerToFloat": (1, 3, 5), "DynamicQuantizeMatMul": (1, 2, 3),
}  # fmt: skip
_NO_DATA = {"Shape", "Size", "ConstantOfShape", "Range"}  # read sizes, not values
_BODIES = {"If", "Loop", "Scan", "SequenceMap"}
_MOST_READ = 64
_ANONYMOUS = re.compile(r"(onnx::\w+|\d+|val_\d+|const_fold\w*|initializer_\d+|_v_\d+)$")


@dataclass(frozen=True)
class _Flow:
    """Which layers and inputs a value comes from, and whether its channels are the last axis."""

    reads: tuple[str, ...] = ()
    channels_last: bool = False


@dataclass
class _Walk:
    path: Path
    constants: Constants
    arrays: dict[str, Any] = field(default_factory=dict)
    uses: dict[str, Use] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    flows: dict[str, _Flow] = field(default_factory=dict)
    known: dict[tuple[str, str], str] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    repeated: list[str] = field(default_factory=list)


def walk(
    path: Path, graph: Any, stored: Stored
) -> tuple[dict[str, Any], dict[str, Use], list[str], set[str]]:
    """Return the layers' arrays in the order of the graph, how they are used, notes, and the other names."""
    at = _Walk(path, Constants(graph, stored))
    for value in graph.input:
        if value.name not in stored:
            at.flows[value.name] = _Flow((value.name,))
    bodies = custom = 0
    for node in _in_order(path, graph):
        bodies += node.op_type in _BODIES
        custom += node.domain not in ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")
        if not (node.op_type in FOLDED or node.op_type == "Constant") or not at.constants.has(node.output[0]):
            _step(at, node)
    if bodies:
        at.notes.append(f"{bodies} subgraphs (If, Loop, Scan) were not read")
    if custom:
        at.notes.append(f"{custom} nodes of custom domains are assumed to pass their input on")
    if at.repeated:
        at.notes.append(f"used more than once: {list_names(at.repeated)}; one layer here")
    names = [*stored.tensors, *stored.sparse]
    others = [name for name in names if name not in at.read and len(stored.shape(name)) >= 2]
    if others:
        shown = [f"{printable(name)} {list(stored.shape(name))}" for name in others]
        at.notes.append(f"not layers: {list_names(shown)}")
    return at.arrays, at.uses, at.notes, {n for n in names if n not in at.arrays}


def _in_order(path: Path, graph: Any) -> list[Any]:
    """Return the nodes, each after those that it reads, else in the order of the file."""
    nodes = list(graph.node)
    makers = {name: i for i, node in enumerate(nodes) for name in node.output if name}
    waiting, readers = [0] * len(nodes), defaultdict(list)
    for i, node in enumerate(nodes):
        for maker in {makers[name] for name in node.input if name in makers}:
            waiting[i] += 1
            readers[maker].append(i)
    ready = [i for i, count in enumerate(waiting) if not count]
    order = []
    while ready:
        i = heapq.heappop(ready)
        order.append(nodes[i])
        for reader in readers[i]:
            waiting[reader] -= 1
            if not waiting[reader]:
                heapq.heappush(ready, reader)
    if len(order) < len(nodes):
        raise CheckpointError(path, "its graph has a cycle: damaged", "export the model again")
    return order


def _step(at: _Walk, node: Any) -> None:
    """Pass the flow through one node, and keep its weights if it has any."""
    flow = _flow(at, node)
    found: list[str] = []
    try:
        if node.op_type in _CONVOLUTIONS | _PRODUCTS:
            found = _product(at, node)
        elif node.op_type in _RECURRENT:
            found = _recurrent(at, node, flow)
        elif node.op_type == "Einsum":
            found = _einsum(at, node)
    except SkipTensor as why:
        at.notes.append(f"left out: the weights of {_describe_node(node)}, {why}")
        # What comes after does not read what came before.
        flow = _Flow()
    if found:
        flow = _Flow(tuple(found))
    for name in node.output:
        at.flows[name] = flow


def _flow(at: _Walk, node: Any) -> _Flow:
    if node.op_type in _NO_DATA:
        return _Flow()
    if (
        node.op_type in ("Gather", "EmbedLayerNormalization")
        and node.input
        and at.constants.has(node.input[0])
    ):
        return _Flow((node.input[0],))  # an embedding: a source of its own
    flows = [at.flows[name] for name in node.input if name in at.flows]
    reads = tuple(dict.fromkeys(name for flow in flows for name in flow.reads))[-_MOST_READ:]
    last = bool(flows) and flows[0].channels_last
    order = list(attribute(node, "perm", ())) if node.op_type == "Transpose" else []
    if len(order) > 2:
        if order[-1] == 1 and not last:
            last = True
        elif order[1] == len(order) - 1:
            last = False
    return _Flow(reads, last)


def _product(at: _Walk, node: Any) -> list[str]:
    """Keep the constant operand of a convolution or a matrix product; return the names that flow on."""
    inputs = list(node.input)
    weight, scale, zero = _QUANTISED.get(node.op_type, (1, None, None))
    data = 0
    lies: Literal["out_in", "in_out"] = "out_in"
    if node.op_type in _PRODUCTS:
        first = len(inputs) > weight and at.constants.has(inputs[0])
        if first and not at.constants.has(inputs[weight]):
            data, weight = weight, 0
        turned = bool(attribute(node, "transB" if weight else "transA", 0))
        lies = "out_in" if turned == bool(weight) else "in_out"
    if len(inputs) <= weight or not at.constants.has(inputs[weight]) or at.constants.has(inputs[data]):
        return []
    name = inputs[weight]
    if (name, lies) in at.known:
        key = at.known[name, lies]
        at.repeated.append(at.uses[key].name)
        return [key]
    array = at.constants.value(name)
    if zero is not None and weight:
        scales = [_optional(at, inputs, i) for i in (scale, zero)]
        array = dequantise(array, *scales, axis=0 if lies == "out_in" else -1)
    groups = int(attribute(node, "group", 1)) if node.op_type in _CONVOLUTIONS else 1
    array = _convolution(node, array, groups) if node.op_type in _CONVOLUTIONS else _as_two(array)
    flow = at.flows.get(inputs[data], _Flow())
    use = Use(lies, flow.reads, groups, channels_last=flow.channels_last, name=_name(at, node, name))
    return [_keep(at, name, array, use)]


def _einsum(at: _Walk, node: Any) -> list[str]:
    """Keep the constant operand of a sum of products, as [summed over, left over]."""
    constant = [place for place, name in enumerate(node.input) if at.constants.has(name)]
    if not constant or len(constant) == len(node.input):
        return []
    if len(node.input) != 2:
        raise SkipTensor(f"a product of {len(node.input)} operands")
    (place,) = constant
    name, data = node.input[place], node.input[1 - place]
    array = einsum_matrix(text_attribute(node, "equation"), place, at.constants.value(name))
    key = at.known.get((name, "in_out"), "")
    if key and np.array_equal(at.arrays[key], array):
        at.repeated.append(at.uses[key].name)
        return [key]
    flow = at.flows.get(data, _Flow())
    use = Use("in_out", flow.reads, channels_last=flow.channels_last, name=_name(at, node, name))
    return [_keep(at, name, array, use)]


def _recurrent(at: _Walk, node: Any, flow: _Flow) -> list[str]:
    """Keep the input and the recurrent matrices of each direction, their gates stacked."""
    if len(node.input) < 3 or not all(at.constants.has(name) for name in node.input[1:3]):
        return []
    inward, recurrent = (at.constants.value(name) for name in node.input[1:3])
    if inward.ndim != 3 or recurrent.ndim != 3 or len(inward) != len(recurrent):
        raise SkipTensor(f"shapes {list(inward.shape)} and {list(recurrent.shape)}")
    found = []
    gates = recurrent.shape[1] != recurrent.shape[2]
    if gates:
        at.notes.append(f"{_describe_node(node)} stacks the gates of a recurrent unit: one layer here")
    for direction in range(len(inward)):
        end = f"[{direction}]" if len(inward) > 1 else ""
        name = _name(at, node, node.input[1]) + end
        use = Use("out_in", flow.reads, channels_last=flow.channels_last, name=name)
        key = _keep(at, node.input[1] + end, inward[direction], use)
        use = Use("out_in", (key,), recurrent=True, name=_name(at, node, node.input[2]) + end)
        _keep(at, node.input[2] + end, recurrent[direction], use)
        found.append(key)
    at.read.update(at.constants.root(name) for name in node.input[1:3])
    return found


def _keep(at: _Walk, name: str, array: Any, use: Use) -> str:
    if array.dtype.kind not in "biuf" or 0 in array.shape:
        raise SkipTensor(f"an array {list(array.shape)} of {array.dtype}")
    check_matrix(at.path, printable(name), array.shape)
    key = name if name not in at.arrays else f"{name} ({use.orientation})"
    at.arrays[key], at.uses[key] = array, use
    at.known[name, use.orientation] = key
    if at.constants.has(name):
        at.read.update(at.constants.roots(name))
    if use.groups > 1:
        at.notes.append(f"{printable(use.name)} is a convolution in {use.groups} groups, drawn as such")
    return key


def _convolution(node: Any, array: Any, groups: int) -> Any:
    """Return kernels as [out, in of a group, *kernel], for whichever direction."""
    if sp.issparse(array) or array.ndim < 3:
        raise SkipTensor(f"kernels of shape {list(array.shape)}")
    if node.op_type == "ConvTranspose":
        if groups < 1 or array.shape[0] % groups:
            raise SkipTensor(f"{groups} groups of {array.shape[0]} channels")
        parts = array.reshape(groups, array.shape[0] // groups, *array.shape[1:]).swapaxes(1, 2)
        array = parts.reshape(-1, *parts.shape[2:])
    if groups < 1 or array.shape[0] % groups:
        raise SkipTensor(f"{groups} groups of {array.shape[0]} channels")
    return array


def _as_two(array: Any) -> Any:
    """Return a matrix, without leading axes of length 1."""
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim != 2:
        raise SkipTensor(f"a product with an array of shape {list(array.shape)}")
    return array


def _optional(at: _Walk, inputs: list[str], place: int | None) -> Any:
    if place is None or place >= len(inputs) or not inputs[place]:
        return None
    if not at.constants.has(inputs[place]):
        raise SkipTensor("scaled by a value that is not constant")
    return at.constants.value(inputs[place])


def _name(at: _Walk, node: Any, name: str) -> str:
    """Return a name for people: of the stored array, or of the node where that says nothing."""
    root = at.constants.root(name)
    if _ANONYMOUS.match(root) and node.name:
        parts = [part for part in node.name.split("/") if part]
        parts = parts[:-1] if len(parts) > 1 and parts[-1].startswith(node.op_type) else parts
        # torch writes layers/layers.0/fc for layers.0.fc.
        kept = [p for p, after in zip(parts, [*parts[1:], ""], strict=True) if not after.startswith(f"{p}.")]
        return ".".join(kept)
    return layer_name(re.sub(r"(/(MatMul|Conv\w*|Tensordot))?/ReadVariableOp.*$", "", root))


def _describe_node(node: Any) -> str:
    return printable(f"{node.op_type} {node.name}".strip())
