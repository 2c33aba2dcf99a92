"""Follow units through torch operations: find the tags of the outputs from the tags of the inputs.

Operations are those of torch's dispatcher (aten). torch itself says which ones act on each element alone
(torch.Tag.pointwise). An unknown operation gives a Mixed tag, which no layer may read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor

from netsci.sparse.flow import CONSTANT, Flow, Mixed, Raw, Signal, Tag, Wire


@dataclass(frozen=True, eq=False)
class Operation:
    """A call of an aten function: arguments by name, outputs, and the tag of each tensor."""

    name: str
    pointwise: bool
    given: dict[str, Any]
    outputs: Sequence[Tensor]
    tag: Callable[[Tensor], Tag]
    where: str

    def inputs(self) -> Iterator[Tensor]:
        """Yield the tensors among the arguments, also of lists of them."""
        for value in self.given.values():
            for one in value if isinstance(value, (list, tuple)) else (value,):
                if isinstance(one, Tensor):
                    yield one


ELEMENTWISE = {
    "_to_copy", "detach", "alias", "lift_fresh", "bernoulli", "bernoulli_", "_prelu_kernel",
    "masked_fill_", "positive", "native_dropout", "clamp", "nan_to_num", "rrelu_with_noise",
}  # fmt: skip
OVERWRITING = {"zero_", "normal_", "uniform_", "random_", "exponential_"}  # numbers that depend on nothing
POOLS = {
    "max_pool2d_with_indices": 2, "avg_pool2d": 2, "_adaptive_avg_pool2d": 2, "adaptive_max_pool2d": 2,
    "max_pool3d_with_indices": 3, "avg_pool3d": 3, "_adaptive_avg_pool3d": 3, "upsample_nearest1d": 1,
    "upsample_nearest2d": 2, "upsample_bilinear2d": 2, "upsample_bicubic2d": 2, "reflection_pad1d": 1,
    "reflection_pad2d": 2, "replication_pad2d": 2,
}  # fmt: skip
NORMS = {
    "native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training",
    "_batch_norm_no_update", "cudnn_batch_norm", "miopen_batch_norm",
}  # fmt: skip
LAYER_NORM = "native_layer_norm"
REDUCTIONS = {
    "mean", "sum", "amax", "amin", "max", "min", "prod", "var", "std", "var_mean", "std_mean", "logsumexp",
    "any", "all", "median", "nansum", "argmax", "argmin", "linalg_vector_norm", "norm",
}  # fmt: skip
ALONG = {"cumsum", "cumprod", "flip", "_softmax", "_log_softmax", "sort", "roll", "topk"}
PARTS = {"slice", "split", "split_with_sizes", "narrow", "index_select"}


def follow(flow: Flow, operation: Operation) -> list[Tag]:
    """Return the tag of each output of an operation."""
    tags = [operation.tag(tensor) for tensor in operation.inputs()]
    many = len(operation.outputs)
    if operation.name in OVERWRITING or operation.name.endswith("_like") or operation.name.startswith("new_"):
        return [CONSTANT] * many
    if operation.name in ("copy_", "fill_"):  # what was there before is lost
        source = operation.given.get("src", operation.given.get("value"))
        if not isinstance(source, Tensor):
            return [CONSTANT]
        tag = operation.tag(source)
        moved = _elementwise(flow, operation, [source]) if isinstance(tag, Signal) else tag
        return [flow.mix([tag], _reason(operation)) if moved is None else moved]
    if not any(isinstance(tag, (Signal, Mixed)) for tag in tags):
        return _before_layers(flow, operation, tags)
    found: Tag | None = None
    if not any(isinstance(tag, Mixed) for tag in tags):
        if operation.pointwise or operation.name in ELEMENTWISE:
            found = _elementwise(flow, operation, list(operation.inputs()))
        elif operation.name in ("cat", "stack"):
            found = _together(flow, operation)
        elif operation.name in ("mm", "addmm", "convolution"):
            found = _multiply(flow, operation)
        else:
            found = _along_axes(operation)
    if found is None or isinstance(found, Mixed):
        return [flow.mix(tags, _reason(operation))] * many
    if operation.name in NORMS or operation.name == LAYER_NORM:  # the others are statistics of the batch
        return [found, *[flow.mix(tags, _reason(operation))] * (many - 1)]
    return [found] * many


def _reason(operation: Operation) -> str:
    return f"{operation.name} in {operation.where}"


def _before_layers(flow: Flow, operation: Operation, tags: list[Tag]) -> list[Tag]:
    """Return tags of what is computed of inputs and constants alone; an elementwise function keeps units."""
    roots = {tag for tag in tags if isinstance(tag, Raw)}
    if not roots:
        return [CONSTANT] * len(operation.outputs)
    shapes = {tensor.shape for tensor in operation.inputs() if isinstance(operation.tag(tensor), Raw)}
    keeps = operation.pointwise or operation.name in ELEMENTWISE
    if keeps and len(roots) == 1 and {out.shape for out in operation.outputs} == shapes:
        return [roots.pop()] * len(operation.outputs)
    return [flow.raw() for _ in operation.outputs]


def _elementwise(flow: Flow, operation: Operation, inputs: list[Tensor]) -> Tag | None:
    """Return the tag of a function of each element: of one population its own, of several their sum."""
    shape = operation.outputs[0].shape
    signals = [(x, tag) for x in inputs if isinstance(tag := operation.tag(x), Signal)]
    axes = {(tag.axis, tag.rows) for _, tag in signals}
    if len(axes) != 1:
        return None
    axis, rows = axes.pop()
    if any(x.shape[axis] != shape[axis] for x, _ in signals):
        return None
    full, narrow = [tag.population for _, tag in signals], []
    size = shape[axis] // rows
    for x in inputs:
        tag = operation.tag(x)
        if isinstance(tag, Raw):
            wide = x.ndim >= -axis and x.shape[axis] == shape[axis]
            if wide:
                full.append(flow.entry(tag, axis, size, rows))
            else:
                narrow.append(flow.entry(tag, 0, 1))
    return Signal(flow.add(full, narrow, size), axis, rows)


def _together(flow: Flow, operation: Operation) -> Tag | None:
    """Return the tag of tensors one after another: along the units a new population of all of them."""
    parts = [x for x in operation.given["tensors"] if x.numel()]
    signals = [tag for x in parts if isinstance(tag := operation.tag(x), Signal)]
    axes = {(tag.axis, tag.rows) for tag in signals}
    if len(axes) != 1 or len({x.ndim for x in parts}) != 1:
        return None
    (axis, rows), ndim = axes.pop(), parts[0].ndim
    dim = int(operation.given["dim"])
    if operation.name == "stack":
        place = ndim + axis + (dim % (ndim + 1) <= ndim + axis)
        axis, along = place - ndim - 1, False
    else:
        along = dim % ndim == ndim + axis
    if not along:
        populations = {flow.find(tag.population) for tag in signals}
        others = any(isinstance(operation.tag(x), Raw) for x in parts)
        return None if others or len(populations) != 1 else Signal(populations.pop(), axis, rows)
    if any(x.shape[axis] % rows for x in parts):
        return None
    wires, first = [], 0
    for x in parts:
        tag, size = operation.tag(x), x.shape[axis] // rows
        if isinstance(tag, Raw):
            wires.append(Wire(flow.entry(tag, axis, size, rows), -1, "place", first=first))
        elif isinstance(tag, Signal):
            wires.append(Wire(flow.find(tag.population), -1, "place", first=first))
        first += size
    return Signal(flow.join(("cat", tuple(wires), first), first, wires), axis, rows)


def _multiply(flow: Flow, operation: Operation) -> Tag | None:
    """Return the tag of a product with constant weights: a new population, all linked to all."""
    given = operation.given
    weights: Any = given.get("weight", given.get("mat2"))
    x: Any = given.get("input", given.get("self" if operation.name == "mm" else "mat1"))
    axis = 1 if operation.name == "convolution" else -1
    if given.get("groups", 1) != 1:
        return None
    if operation.name != "convolution" and not isinstance(operation.tag(x), Signal):  # weights @ x
        x, weights, axis = weights, x, -2
    tag = operation.tag(x)
    extra = [given.get(name) for name in ("bias", "self")] if operation.name != "mm" else []
    live = [one for one in (weights, *extra) if isinstance(one, Tensor) and operation.tag(one) != CONSTANT]
    if live or not isinstance(tag, Signal) or (tag.axis - axis) % x.ndim:
        return None
    out = operation.outputs[0]
    size = out.shape[axis]
    wire = Wire(flow.find(tag.population), -1, "all", name=_reason(operation))
    key = ("weights", wire, weights.untyped_storage().data_ptr(), size)
    return Signal(flow.join(key, size, [wire]), axis % out.ndim - out.ndim)


def _along_axes(operation: Operation) -> Tag | None:
    """Return the tag of a function of one tensor that leaves its units apart; None where it does not."""
    given, name = operation.given, operation.name
    x = next(operation.inputs())
    others = [one for one in operation.inputs() if one is not x and operation.tag(one) != CONSTANT]
    tag = operation.tag(x)
    # An axis that is changed in place is refused: the tensor has its new shape already.
    if others or not isinstance(tag, Signal) or name.endswith("_") or not x.numel():
        return None
    place, out = x.ndim + tag.axis, operation.outputs[0]
    if name == LAYER_NORM:  # units share a mean and a deviation, and keep their places
        return tag if len(given["normalized_shape"]) == 1 and place == x.ndim - 1 else None
    if operation.name in NORMS:
        return tag if place == 1 else None
    if operation.name in POOLS:
        return tag if -tag.axis > POOLS[operation.name] else None
    if name == "constant_pad_nd":
        return tag if -tag.axis > len(given["pad"]) // 2 else None
    if name in ("view", "_unsafe_view", "reshape", "_reshape_alias"):
        return _reshape(tag, tuple(x.shape), tuple(out.shape))
    if name in ("expand", "repeat") or (name == "slice" and given["step"] == 1 and x.shape == out.shape):
        return tag if out.shape[tag.axis] == x.shape[tag.axis] else None
    moved = _move_axis(name, given, x.ndim, place, out)
    return None if moved is None else Signal(tag.population, moved - out.ndim, tag.rows)


def _move_axis(name: str, given: dict[str, Any], ndim: int, place: int, out: Tensor) -> int | None:
    """Return where the axis of units is after an operation on axes; None if it was touched."""
    if name == "permute":
        return [dim % ndim for dim in given["dims"]].index(place)
    if name in ("transpose", "t"):
        pair = [int(dim) % ndim for dim in ((0, 1) if name == "t" else (given["dim0"], given["dim1"]))]
        return pair[1 - pair.index(place)] if place in pair else place
    if name == "unsqueeze":
        return place + int(given["dim"] % (ndim + 1) <= place)
    dims = given.get("dim", given.get("dims"))
    some = [dims] if isinstance(dims, int) else list(dims or range(ndim))
    touched = {dim % ndim for dim in some}
    if name in ALONG or name in PARTS:
        return None if place in touched else place
    if name == "squeeze":
        shape = given["self"].shape
        touched = {dim for dim in touched if shape[dim] == 1}
    elif name in REDUCTIONS and given.get("keepdim"):
        return None if place in touched else place
    elif name not in REDUCTIONS and name not in ("select", "unbind"):
        return None
    return None if place in touched else place - sum(dim < place for dim in touched)


def _reshape(tag: Signal, old: tuple[int, ...], new: tuple[int, ...]) -> Signal | None:
    """Return where units are in another shape of the same numbers, whole or with places that follow them."""
    place = len(old) + tag.axis
    before, length = prod(old[:place]), old[place]
    starts = [q for q in range(len(new)) if prod(new[:q]) == before]
    for q in [q for q in starts if new[q] == length] + starts:
        if new[q] % length == 0:
            return Signal(tag.population, q - len(new), tag.rows * (new[q] // length))
        places, rest = divmod(length, new[q])
        split = {prod(new[q + 1 : end]) for end in range(q + 1, len(new) + 1)}
        if not rest and tag.rows % places == 0 and places in split:
            return Signal(tag.population, q - len(new), tag.rows // places)
    return None


def arguments(function: Any, given: Sequence[Any], named: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of an aten function by name, with its defaults."""
    schema = function._schema.arguments
    values = {one.name: one.default_value for one in schema if one.has_default_value()}
    return values | dict(zip((one.name for one in schema), given, strict=False)) | named


def find_changed(function: Any, given: dict[str, Any]) -> list[torch.Tensor]:
    """Return the tensors that an aten function changes in place."""
    changed: list[Any] = []
    for one in function._schema.arguments:
        if one.alias_info is not None and one.alias_info.is_write:
            values = given.get(one.name)
            changed += values if isinstance(values, (list, tuple)) else [values]
    return [value for value in changed if isinstance(value, Tensor)]
