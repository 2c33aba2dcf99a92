"""Record what a network computes: every call of torch in one forward pass, in order.

A mode sees all functions of torch, hooks see the layers. So control flow on shapes (a loop over blocks, a
test of x.ndim) is followed as it runs. Control flow on values is refused, with the line.

torch.fx is not used: it puts symbols in place of tensors, and the models of `netsci.models` ask for shapes,
which symbols do not have. What shapes decide is found by two passes with batches of other sizes, see
`netsci.convert.program`.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map

from netsci.convert.activations import QCFS, SQCFS
from netsci.convert.aec import AEC
from netsci.sparse.hooks import hook_modules
from netsci.sparse.tracing import is_layer

AVERAGES = (
    nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d,
    nn.AdaptiveAvgPool3d,
)  # fmt: skip
LEAKS = {
    "__bool__", "__int__", "__float__", "__index__", "item", "tolist", "numpy", "__array__", "__contains__",
    "__dlpack__", "nonzero", "is_nonzero", "equal", "allclose",
}  # fmt: skip
SAME = {"dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"}

_INNER = (str(Path(torch.__file__).parent), str(Path(__file__).parent))


class Unconvertible(ValueError):
    """A network, or a part of it, that cannot be converted; the message says which, why and what to do."""


@dataclass(frozen=True)
class Ref:
    """The output of an earlier call."""

    place: int


@dataclass(eq=False)
class Call:
    """One call: of a function of torch, of a leaf module, or (function None) a tensor without a past."""

    function: Callable[..., Any] | None
    args: tuple[Any, ...]
    named: dict[str, Any]
    path: str
    line: str
    shape: tuple[int, ...]
    label: str
    module: Any = None
    value: Tensor | None = field(default=None, repr=False)
    alone: bool = False  # whether the module that runs has no parts: it is what the call does


def record_calls(ann: nn.Module, x: Tensor) -> tuple[list[Call], int]:
    """Return the calls of ann(x), the input first, and the place of the output among them.

    Raises `Unconvertible` if values decide what runs, or the output is no tensor.
    """
    recorder = _Recorder(ann)
    recorder.add(x, Call(None, (), {}, "input", "", tuple(x.shape), "input"))
    with torch.no_grad(), hook_modules(ann, recorder.before, recorder.after), recorder:
        out = ann(x)
    if not isinstance(out, Tensor):
        raise Unconvertible(f"ann must return one tensor of class scores; it returns {type(out).__name__}")
    if id(out) not in recorder.known:
        raise Unconvertible("ann returns a tensor that no function of torch made from the input")
    return recorder.calls, recorder.known[id(out)]


class _Recorder(TorchFunctionMode):
    """The calls so far, and which tensor is the output of which."""

    def __init__(self, ann: nn.Module) -> None:
        super().__init__()
        self.ann = ann
        self.calls: list[Call] = []
        self.known: dict[int, int] = {}
        self._held: list[Any] = []  # or the id of a tensor would soon be another's
        self._names = {id(p): name for name, p in [*ann.named_parameters(), *ann.named_buffers()]}
        self._running: list[str] = []
        self._inside = 0

    def add(self, output: Any, call: Call) -> None:
        """Note a call and what it gives."""
        self.calls.append(call)
        place = len(self.calls) - 1
        self._held.append(output)
        if isinstance(output, Tensor):
            self.known[id(output)] = place
            return
        for i, one in enumerate(output):
            if isinstance(one, Tensor):
                part = Call(
                    operator.getitem, (Ref(place), i), {}, call.path, call.line, tuple(one.shape), "getitem"
                )
                self.add(one, part)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        named = kwargs or {}
        label = getattr(func, "__name__", str(func))
        if self._inside:
            return func(*args, **named)
        given = [one for one in tree_leaves((args, named)) if isinstance(one, Tensor)]
        if label in LEAKS and any(self._depends(one) for one in given):
            raise Unconvertible(
                f"the values of a tensor decide what {self._where()} computes ({label}), at {_line()}: no "
                "conversion can follow that; compute the same for every input"
            )
        if label == "__setitem__" and any(self._depends(one) for one in given):
            raise Unconvertible(
                f"{self._where()} writes into a part of a tensor, at {_line()}: build it with torch.cat"
            )
        before = self._as_refs((args, named))
        result = func(*args, **named)
        if label in SAME and given:
            self.known[id(result)] = self.known[id(given[0])]
            self._held.append(result)
            return result
        tensors = [one for one in tree_leaves(result) if isinstance(one, Tensor)]
        if tensors:
            self._check_in_place(label, args, result)
            shape = tuple(result.shape) if isinstance(result, Tensor) else ()
            args, named = before
            self.add(
                result, Call(func, args, named, self._path(), _line(), shape, label, alone=self._alone())
            )
        return result

    def _check_in_place(self, label: str, args: Any, result: Any) -> None:
        changed = isinstance(result, Tensor) and args and result is args[0] and not label.startswith("__get")
        if changed and label.endswith("_") and result._is_view():
            raise Unconvertible(
                f"{self._where()} changes a part of a tensor in place ({label}), at {_line()}: write "
                "x = x + y in place of x += y"
            )

    def _depends(self, tensor: Tensor) -> bool:
        return id(tensor) in self.known and self.calls[self.known[id(tensor)]].label != "constant"

    def _as_refs(self, given: Any) -> Any:
        """Return arguments with a `Ref` for each tensor; what no call gave becomes a constant."""

        def turn(one: Any) -> Any:
            if not isinstance(one, Tensor):
                return one
            if id(one) not in self.known:
                name = self._names.get(id(one), "")
                own = Call(None, (), {}, name or self._path(), _line(), tuple(one.shape), "constant")
                own.value = one.detach().clone()
                self.add(one, own)
            return Ref(self.known[id(one)])

        return tree_map(turn, given)

    def _alone(self) -> bool:
        name = self._path()
        return bool(name) and not any(True for _ in self.ann.get_submodule(name).children())

    def _path(self) -> str:
        return self._running[-1] if self._running else ""

    def _where(self) -> str:
        name = self._path()
        kind = type(self.ann.get_submodule(name)).__name__
        return f"{name!r} ({kind})" if name else kind

    def before(self, name: str, one: nn.Module) -> Any:
        """Return the hook that runs before a module."""

        def before(_: nn.Module, __: Any, ___: Any) -> None:
            self._running.append(name)
            self._inside += is_leaf(one)

        return before

    def after(self, name: str, one: nn.Module) -> Any:
        """Return the hook that runs behind a module; a leaf is one call."""

        def after(_: nn.Module, args: Any, named: dict[str, Any], output: Any) -> None:
            if is_leaf(one):
                self._inside -= 1
                if not self._inside:
                    given, names = self._as_refs((args, named))
                    label = type(one).__name__
                    self.add(output, Call(one, given, names, name, "", tuple(output.shape), label, one))
            self._running.pop()

        return after


def is_leaf(module: nn.Module) -> bool:
    """Return whether a module is one step of a program: what it does inside is not recorded.

    Examples
    --------
    >>> is_leaf(nn.Linear(1, 1)), is_leaf(QCFS(4)), is_leaf(nn.ReLU())
    (True, True, False)
    """
    return is_layer(module) or isinstance(module, (QCFS, SQCFS, AEC, *AVERAGES))


def _line() -> str:
    """Return file and line of the user's code that runs."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(_INNER) and "/contextlib.py" not in name:
            return f"{name}:{frame.f_lineno}"
        frame = frame.f_back
    return "an unknown line"
