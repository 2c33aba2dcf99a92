"""What kind of step a call is: which functions only move numbers, which weigh them, which make a spike."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch
from torch.nn import functional

from netsci.convert.activations import QCFS, SQCFS
from netsci.convert.program import find_refs
from netsci.convert.recording import AVERAGES, Call, Ref
from netsci.sparse.tracing import is_layer

MOVES = {
    "reshape", "view", "flatten", "unflatten", "ravel", "permute", "transpose", "swapaxes", "t", "squeeze",
    "unsqueeze", "movedim", "moveaxis", "contiguous", "expand", "expand_as", "clone", "detach", "alias",
    "__getitem__", "getitem", "unbind", "chunk", "split", "tensor_split", "select", "narrow", "to", "float",
    "__get__", "repeat", "repeat_interleave", "flip", "roll", "index_select", "view_as", "reshape_as",
    "broadcast_to", "pixel_shuffle", "pixel_unshuffle", "data", "type", "type_as", "cpu",
}  # fmt: skip
ADD = {
    "add",
    "__add__",
    "__radd__",
    "__iadd__",
    "add_",
    "sub",
    "__sub__",
    "__rsub__",
    "__isub__",
    "sub_",
    "rsub",
}
SCALE = {
    "mul", "__mul__", "__rmul__", "__imul__", "mul_", "div", "true_divide", "__truediv__", "__itruediv__",
    "div_", "neg", "multiply", "divide", "__rtruediv__",
}  # fmt: skip
DIVIDES = {"div", "true_divide", "__truediv__", "__itruediv__", "div_", "divide"}
JOIN = {"cat", "stack", "concat", "concatenate", "hstack", "vstack"}
AVERAGE = {
    "mean", "avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
}  # fmt: skip
MAXIMUM = {
    "max_pool1d", "max_pool2d", "max_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "max_pool2d_with_indices", "adaptive_max_pool3d", "amax", "max", "maximum", "boolean_dispatch",
}  # fmt: skip
OTHERS = {
    "relu": "activation", "relu_": "activation", "batch_norm": "norm", "layer_norm": "layer norm",
    "gelu": "gelu", "softmax": "softmax", "_softmax": "softmax", "matmul": "product", "bmm": "product",
    "__matmul__": "product", "__rmatmul__": "product", "mm": "product", "einsum": "product",
    "scaled_dot_product_attention": "attention", "linear": "layer", "conv2d": "layer",
    "sum": "sum", "pad": "pad", "constant": "constant", "input": "input",
}  # fmt: skip
# As functions that change their argument are called when a program runs: nothing is changed in place.
OUT_OF_PLACE: dict[str, Any] = {
    "add_": torch.Tensor.add, "__iadd__": torch.Tensor.add, "sub_": torch.Tensor.sub,
    "__isub__": torch.Tensor.sub, "mul_": torch.Tensor.mul, "__imul__": torch.Tensor.mul,
    "div_": torch.Tensor.div, "__itruediv__": torch.Tensor.div, "relu_": functional.relu,
    "view": torch.Tensor.reshape,
}  # fmt: skip


def kind_of(call: Call, moving: Collection[int]) -> str:
    """Return the kind of a call, its own name if unknown; moving : arguments that depend on the input."""
    if call.module is not None:
        if is_layer(call.module):
            return "layer"
        return "average" if isinstance(call.module, AVERAGES) else "activation"
    label = call.label
    if not moving and label != "input":
        return "constant"
    if label in MOVES:
        return "move"
    if label in ADD:
        refs = [one for one in find_refs((call.args, call.named)) if one in moving]
        return "add" if len(refs) > 1 else "shift"  # x + x is no shift by a constant
    if label in SCALE or OTHERS.get(label) == "product":
        return _kind_of_product(call, moving)
    if label in JOIN:
        return "join"
    if label in AVERAGE:
        return "average"
    if label in MAXIMUM:
        return "maximum"
    return OTHERS.get(label, label)


def _kind_of_product(call: Call, moving: Collection[int]) -> str:
    """Return "scale" (by a constant), "product" (of two steps), or another name for what is neither."""
    refs = [one for one in find_refs((call.args, call.named)) if one in moving]
    below = call.args[1].place if len(call.args) > 1 and isinstance(call.args[1], Ref) else None
    if call.label == "__rtruediv__" or (call.label in DIVIDES and below in moving):
        return "quotient"
    if call.label in SCALE and len(refs) == 1:
        return "scale"
    if len(refs) == 1:
        return "constant matrix"
    return "product" if len(refs) == len(set(refs)) == 2 else "power"


def levels_of(module: Any) -> int | None:
    """Return the levels of a QCFS or SQCFS, None of a ReLU."""
    return module.levels if isinstance(module, (QCFS, SQCFS)) else None
