"""Constants of an ONNX graph: stored tensors, and what reshapes, turns or dequantises them on the way."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.io.formats.onnx.stored import SkipTensor, Stored, as_tuple

FOLDED = {
    "Identity", "Cast", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "QuantizeLinear",
    "DequantizeLinear", "Mul",
}  # fmt: skip
_DEEPEST = 32


class Constants:
    """Which values of a graph are constant, and their numbers."""

    def __init__(self, graph: Any, stored: Stored) -> None:
        self.stored = stored
        self.makers = {node.output[0]: node for node in graph.node if node.op_type in FOLDED and node.output}
        self._known: dict[str, bool] = {}

    def has(self, name: str, depth: int = 0) -> bool:
        """Whether a value depends on stored tensors alone, through at most 32 steps."""
        if name in self.stored:
            return True
        if name not in self.makers or depth > _DEEPEST:
            return False
        if name not in self._known:
            inputs = [one for one in self.makers[name].input if one]
            self._known[name] = bool(inputs) and all(self.has(one, depth + 1) for one in inputs)
        return self._known[name]

    def root(self, name: str) -> str:
        """Return the stored tensor that a constant is made of."""
        while name not in self.stored:
            name = self.makers[name].input[0]
        return name

    def roots(self, name: str) -> set[str]:
        """Return all stored tensors that a constant is made of."""
        found, seen, waiting = set(), {name}, [name]
        while waiting:
            one = waiting.pop()
            if one in self.stored:
                found.add(one)
                continue
            new = {other for other in self.makers[one].input if other} - seen
            seen |= new
            waiting += new
        return found

    def value(self, name: str) -> Any:
        """Return the numbers of a constant; raises SkipTensor if they cannot be computed."""
        return self._value(name, {})

    def _value(self, name: str, done: dict[str, Any]) -> Any:
        # Each value once: products of a constant with itself would double the work at every step.
        if name not in done:
            done[name] = self.stored.value(name) if name in self.stored else self._compute(name, done)
        return done[name]

    def _compute(self, name: str, done: dict[str, Any]) -> Any:
        node = self.makers[name]
        first, *others = [self._value(one, done) if one else None for one in node.input]
        try:
            return _apply(node, first, others)
        except (ValueError, IndexError, TypeError) as error:
            raise SkipTensor(f"{node.op_type} does not fit its inputs") from error


def attribute(node: Any, name: str, default: Any) -> Any:
    """Return an attribute's whole number or list of them, or the default where there is none."""
    for one in node.attribute:
        if one.name == name:
            return list(one.ints) if isinstance(default, (tuple, list)) else one.i
    return default


def text_attribute(node: Any, name: str) -> str:
    """Return an attribute's text, or nothing where there is none."""
    return next((one.s.decode("ascii", "replace") for one in node.attribute if one.name == name), "")


def einsum_matrix(equation: str, place: int, array: Any) -> Any:
    """Return the constant operand of an Einsum of two as a matrix [summed over, left over].

    >>> einsum_matrix("bi,oi->bo", 1, np.ones((3, 2))).shape
    (2, 3)
    """
    terms, arrow, out = re.sub(r"\s", "", equation).partition("->")
    operands = [re.sub(r"\.\.\.", "", term) for term in terms.split(",")]
    own, other = operands[place], operands[1 - place] if len(operands) == 2 else ""
    plain = arrow and len(set(own)) == len(own) == array.ndim and not sp.issparse(array)
    summed = [one for one in other if one in own and one not in out]
    left = [one for one in out if one in own and one not in other]
    if not plain or not summed or not left or set(summed + left) != set(own):
        raise SkipTensor(f"a product {equation!r}, which is no matrix between two sets of units")
    turned = array.transpose([own.index(one) for one in summed + left])
    return turned.reshape(int(np.prod(turned.shape[: len(summed)])), -1)


def dequantise(array: Any, scale: Any, zero: Any, *, axis: int) -> NDArray[Any]:
    """Return (array - zero) scale, where what stands for zero is zero; both are [] or lie along an axis."""
    if sp.issparse(array):
        raise SkipTensor("a sparse array that is quantised")
    numbers: NDArray[Any] = array.astype(np.float32)
    for step, change in ((zero, np.subtract), (scale, np.multiply)):
        if step is not None:
            numbers = change(numbers, _along(step, numbers, axis).astype(np.float32))
    return numbers


def _apply(node: Any, array: Any, others: list[Any]) -> Any:
    op = node.op_type
    if op in ("Identity", "Cast"):
        return array
    if op == "Mul":
        if others[0].shape != array.shape:
            raise SkipTensor("a product of constants of two shapes")
        return array * others[0]
    if op in ("QuantizeLinear", "DequantizeLinear"):
        if attribute(node, "block_size", 0):
            raise SkipTensor("scaled block by block")
        return _scale(op, array, others, attribute(node, "axis", 1))
    if op == "Transpose":
        order = attribute(node, "perm", ()) or list(range(array.ndim))[::-1]
        if sp.issparse(array):
            return array if order == [0, 1] else sp.csr_array(array.T)
        return array.transpose(order)
    if sp.issparse(array):
        raise SkipTensor(f"{op} of a sparse array")
    return array.reshape(_shape(node, array, others))


def _shape(node: Any, array: NDArray[Any], others: list[Any]) -> tuple[int, ...]:
    """Return the shape after Reshape, Flatten, Squeeze or Unsqueeze."""
    shape = array.shape
    if node.op_type == "Flatten":
        axis = attribute(node, "axis", 1) % (array.ndim + 1)
        return (int(np.prod(shape[:axis])), int(np.prod(shape[axis:])))
    given = as_tuple(others[0]) if others else tuple(attribute(node, "axes", ()))
    if node.op_type == "Reshape":
        given = given if others else tuple(attribute(node, "shape", ()))
        if attribute(node, "allowzero", 0):
            return given
        return tuple(shape[i] if side == 0 else side for i, side in enumerate(given))
    if node.op_type == "Squeeze":
        axes = {axis % array.ndim for axis in given} if given else {i for i, n in enumerate(shape) if n == 1}
        return tuple(side for i, side in enumerate(shape) if i not in axes)
    axes = {axis % (array.ndim + len(given)) for axis in given}
    sides = iter(shape)
    return tuple(1 if i in axes else next(sides) for i in range(array.ndim + len(given)))


def _scale(op: str, array: Any, others: list[Any], axis: int) -> Any:
    scale, zero = others[0], others[1] if len(others) > 1 else None
    if op == "DequantizeLinear":
        return dequantise(array, scale, zero, axis=axis)
    kind = np.dtype(np.uint8) if zero is None else zero.dtype
    if sp.issparse(array) or kind.kind not in "iu":
        raise SkipTensor("quantised in an unusual way")
    shift = 0 if zero is None else _along(zero, array, axis).astype(np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.rint(array / _along(scale, array, axis)) + shift
    limits = np.iinfo(kind)
    return np.clip(np.nan_to_num(steps), limits.min, limits.max).astype(kind)


def _along(step: Any, array: NDArray[Any], axis: int) -> Any:
    """Return a scale or zero point laid along one axis of an array."""
    step = np.array(step)
    if step.size == 1:
        return step.reshape(())
    shape = [1] * array.ndim
    shape[axis] = step.size
    if step.size != array.shape[axis]:
        raise ValueError(
            f"a quantisation scale has {step.size} entries, its tensor {array.shape[axis]} along that axis: "
            "export the model again"
        )
    return step.reshape(shape)
