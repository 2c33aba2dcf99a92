"""Find the graph of a module by tracing one forward pass.

Hooks see the calls of layers with weights. A dispatch mode sees every other operation of torch, and
`netsci.sparse.operations` finds which units its outputs hold. The module is refused if a layer reads a tensor
whose units are not known, or if such a tensor leaves torch: nothing is guessed.

A tensor is identified by its place in memory (storage, offset, shape, strides). So two views of one tensor
differ, and hooks and modes mean the same tensor.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from netsci.sparse.attention import NOT_ATTENTION, attends, follow_attention, looks_like_attention
from netsci.sparse.conv import SparseConv2d
from netsci.sparse.flow import CONSTANT, Flow, Mixed, Signal, Tag, Untraceable
from netsci.sparse.hooks import hook_modules
from netsci.sparse.linear import SparseLinear
from netsci.sparse.operations import Operation, arguments, find_changed, follow
from netsci.sparse.wiring import graph_of, has_wiring, layers_in_graph

LEAKS = {"numpy", "__array__", "tolist", "__dlpack__"}
LINEAR, CONVOLUTION = (SparseLinear, nn.Linear), (SparseConv2d, nn.Conv2d)
Key = tuple[int, int, tuple[int, ...], tuple[int, ...]]


def is_layer(module: nn.Module) -> bool:
    """Return whether a module is a linear or convolutional layer with its usual forward.

    Examples
    --------
    >>> is_layer(SparseLinear([[1, 0]])), is_layer(nn.Linear(1, 1)), is_layer(nn.ReLU())
    (True, True, False)
    """
    if "forward" in vars(module) or not isinstance(module, (*LINEAR, *CONVOLUTION)):
        return False
    forward: Any = type(module).forward
    ours = forward.__module__.startswith("netsci.")
    return ours or forward in (nn.Linear.forward, nn.Conv2d.forward)


def acts_by_unit(module: nn.Module) -> bool:
    """Return whether a module declares that each output unit depends on the same input unit alone.

    The declaration is a class attribute `acts_by_unit = True`. Subclasses do not inherit it. Other modules,
    such as those of torch, need none: their operations are traced.

    Examples
    --------
    >>> class Neuron(nn.Module):
    ...     acts_by_unit = True
    >>> acts_by_unit(Neuron()), acts_by_unit(nn.ReLU())
    (True, False)
    """
    return vars(type(module)).get("acts_by_unit") is True


def trace(module: nn.Module, example: Sequence[Tensor]) -> list[dict[str, Any]]:
    """Return the projections of a module as its `wiring()` would, from a forward pass on some inputs.

    The module runs in evaluation mode and without gradients. Raises `Untraceable`, or what forward raises.
    """
    watch = _Watch(module)
    watch.hold(example, [watch.flow.raw() for _ in example])
    with (
        _restore_afterwards(module, example),
        hook_modules(module, watch.before, watch.after),
        watch,
        watch.leaks,
    ):
        outputs = module(*example)
    watch.leave(outputs)
    unused = [name for name in layers_in_graph(module) if name not in watch.flow.called]
    if unused:
        raise Untraceable(
            f"forward never calls the sparse layers {unused}: remove them, or give an example for which it "
            "does"
        )
    return watch.flow.wiring()


class _Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """The tag of every tensor of a forward pass."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.flow, self.leaks = Flow(), _Leaks(self)
        self._module = module
        self._tags: dict[Key, Tag] = {}
        self._views: defaultdict[int, set[Key]] = defaultdict(set)
        self._lost: dict[int, Mixed] = {}  # what other views of a storage are after a change in place
        self._held: list[Tensor] = []  # or their memory would be another tensor's soon
        self._running: list[str] = []
        self._inside: list[str] = []  # layers whose own operations do not count

    def tag(self, tensor: Tensor) -> Tag:
        """Return what a tensor stands for."""
        key = _key(tensor)
        return self._tags.get(key, self._lost.get(key[0], CONSTANT))

    def hold(self, tensors: Sequence[Tensor], tags: Sequence[Tag]) -> None:
        """Give tensors their tags."""
        for tensor, tag in zip(tensors, tags, strict=True):
            key = _key(tensor)
            if tag != CONSTANT or key in self._tags or key[0] in self._lost:
                self._tags[key] = tag
                self._views[key[0]].add(key)
                self._held.append(tensor)

    def where(self) -> str:
        """Return the name and class of the module that runs."""
        name = self._running[-1] if self._running else ""
        return (
            f"{name!r} ({type(self._module.get_submodule(name)).__name__})" if name else "the module itself"
        )

    def leave(self, outputs: Any) -> None:
        """Note what the module returns."""
        leaves = tree_leaves(outputs)
        strange = {type(one).__name__ for one in leaves if not isinstance(one, (Tensor, int, float, str))}
        if strange - {"NoneType"}:
            raise Untraceable(
                f"forward must return tensors, or tuples or dictionaries of tensors; got {sorted(strange)}"
            )
        self.flow.leave(self.tag(one) for one in leaves if isinstance(one, Tensor))

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        named = kwargs or {}
        if self._inside:
            return func(*args, **named)
        given = arguments(func, args, named)
        tags = {id(one): self.tag(one) for one in tree_leaves((args, named)) if isinstance(one, Tensor)}
        result = func(*args, **named)
        name = func.overloadpacket.__name__
        if name == "_local_scalar_dense":
            self.refuse_leak(tags.values(), "a tensor becomes a Python number")
        outputs = [one for one in tree_leaves(result) if isinstance(one, Tensor)]
        if not outputs or all(tag == CONSTANT for tag in tags.values()):
            return result
        pointwise = torch.Tag.pointwise in func.tags
        operation = Operation(
            name, pointwise, given, outputs, lambda one: tags.get(id(one), CONSTANT), self.where()
        )
        found = follow(self.flow, operation)
        self._overwrite(find_changed(func, given), found[0])
        self.hold(outputs, found)
        return result

    def _overwrite(self, changed: list[Tensor], tag: Tag) -> None:
        """Give tensors that were changed in place their new tag; other views of their memory are lost."""
        for tensor in changed:
            key = _key(tensor)
            if self.tag(tensor) == tag:
                continue
            lost = self.flow.mix([tag, self.tag(tensor)], f"a change in place, in {self.where()}")
            self._lost[key[0]] = lost
            for view in self._views[key[0]]:
                self._tags[view] = lost
            self.hold([tensor], [tag])

    def refuse_leak(self, tags: Any, how: str) -> None:
        """Raise Untraceable where a tensor leaves torch whose values must be followed."""
        if any(isinstance(tag, (Signal, Mixed)) for tag in tags):
            raise Untraceable(f"{how} in {self.where()}, and cannot be followed from there")

    @property
    def followed(self) -> bool:
        """Whether operations count now."""
        return not self._inside

    def before(self, name: str, one: nn.Module) -> Any:
        """Return the hook that runs before a module."""

        def before(_: nn.Module, __: Any, ___: Any) -> None:
            self._running.append(name)
            known = is_layer(one) or acts_by_unit(one) or looks_like_attention(one)
            if known or (name and has_wiring(one)):
                self._inside.append(name)

        return before

    def after(self, name: str, one: nn.Module) -> Any:
        """Return the hook that runs behind a module."""

        def after(_: nn.Module, given: tuple[Any, ...], named: dict[str, Any], output: Any) -> None:
            self._running.pop()
            if not self._inside or self._inside[-1] != name:
                return
            self._inside.pop()
            if self._inside:
                return
            inputs = [x for x in tree_leaves((given, named)) if isinstance(x, Tensor)]
            outputs = [y for y in tree_leaves(output) if isinstance(y, Tensor)]
            if is_layer(one):
                self.hold(outputs, [self._call(name, one, inputs[0])])
            elif looks_like_attention(one):
                self.hold(outputs, [self._attend(name, one, inputs)])
            elif acts_by_unit(one):
                tags = {tag for x in inputs if (tag := self.tag(x)) != CONSTANT}
                several = self.flow.mix(tags, f"{name!r} ({type(one).__name__}), which reads several inputs")
                self.hold(outputs, [tags.pop() if len(tags) == 1 else several] * len(outputs))
            else:
                self._splice(name, one, inputs, outputs)

        return after

    def _call(self, name: str, layer: nn.Module, x: Tensor) -> Tag:
        """Note the call of a layer, and return the tag of its output."""
        any_layer: Any = layer
        tag, convolution = self.tag(x), isinstance(layer, CONVOLUTION)
        axis = -3 if convolution else -1
        own = 1
        if convolution:
            own = any_layer.rows_per_unit if isinstance(layer, SparseConv2d) else _places(any_layer)
        called = f"layer {name!r} ({type(layer).__name__})"
        if isinstance(tag, Mixed):
            raise Untraceable(
                f"{called} reads the result of {tag.reason}, which may mix or move units (if it is a module "
                "of yours that does neither, set acts_by_unit = True in its class)"
            )
        if isinstance(tag, Signal):
            if tag.axis != axis or (convolution and tag.rows != 1):
                raise Untraceable(
                    f"{called} reads axis {axis} of its input, but the units before it are on axis {tag.axis}"
                )
            source, rows = tag.population, own if convolution else tag.rows
        else:
            source, rows = self.flow.entry(tag, axis, x.shape[axis]), own
        outputs = any_layer.out_channels if convolution else any_layer.out_features
        return Signal(self.flow.call(name, source, outputs, rows), axis)

    def _attend(self, name: str, one: Any, inputs: list[Tensor]) -> Tag:
        """Note a call of softmax attention, and return the tag of its output."""
        called = f"{name!r} ({type(one).__name__})"
        self._inside.append(name)  # for the check runs the module again
        known = len(inputs) == 1 and attends(one, inputs[0])
        self._inside.pop()
        if not known:
            return self.flow.mix([self.tag(x) for x in inputs], f"{called}, {NOT_ATTENTION}")
        return follow_attention(self.flow, name, one, self.tag(inputs[0]), called)

    def _splice(self, name: str, one: Any, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        """Put the wiring of a part in; what comes before must be the input, and nothing may follow."""
        if any(isinstance(self.tag(x), (Signal, Mixed)) for x in inputs):
            called = f"{name!r} ({type(one).__name__})"
            raise Untraceable(f"{called} has its own wiring(), which does not include the layers before it")
        ends = self.flow.splice(f"{name}.", one.wiring(), graph_of(one, one.wiring()))
        mixed = Mixed(frozenset(ends), f"{name!r} ({type(one).__name__}), whose wiring() does not include it")
        self.hold(outputs, [mixed] * len(outputs))


class _Leaks(TorchFunctionMode):
    """Refuse tensors that become arrays or lists."""

    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._watch = watch

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if self._watch.followed and getattr(func, "__name__", "") in LEAKS:
            tags = [self._watch.tag(one) for one in tree_leaves(args) if isinstance(one, Tensor)]
            self._watch.refuse_leak(tags, f"a tensor leaves torch ({resolve_name(func)})")
        return func(*args, **(kwargs or {}))


def _key(tensor: Tensor) -> Key:
    storage = tensor.untyped_storage()
    return storage._cdata, int(tensor.storage_offset()), tuple(tensor.shape), tuple(tensor.stride())


def _places(layer: nn.Conv2d) -> int:
    height, width = layer.kernel_size
    return height * width


@contextmanager
def _restore_afterwards(module: nn.Module, example: Sequence[Tensor]) -> Iterator[None]:
    """Hold a module in evaluation mode, without gradients, and give modes and random states back."""
    before = {one: one.training for one in module.modules()}
    devices = {x.device.index or 0 for x in example if x.device.type == "cuda"}
    module.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=sorted(devices)):
            yield
    finally:
        for one, training in before.items():
            one.training = training
