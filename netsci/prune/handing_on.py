"""Hand what a pruned block gives on to the next block, so that no forward begins anew at the first layer.

One forward shows how blocks follow each other: what a block returns reaches the next one as it is, or through
modules alone, such as an activation, a normalisation, pooling. There the blocks are run one by one. Elsewhere
the data go through the whole module: where functions stand between two blocks, where a block has several
tensors or is called twice. The inputs of the last block of such a series are compared with those that the
whole module gives it.
"""

from __future__ import annotations

import weakref
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from netsci.prune.layer_inputs import Reached, run_quietly

MOST = 2**28  # largest number of entries of inputs that are held, of all batches together
NEAR = 1e-5  # of the largest input
Given = tuple[tuple[Any, ...], dict[str, Any]]  # arguments of a block, its tensor first
CONSTANTS = (int, float, bool, str, type(None))


class AstrayError(Exception):
    """Blocks that were handed on have other inputs than the whole module gives them."""


@dataclass
class _Call:
    """A call of a module: its number among all, the call whose output it got, and what it returned."""

    name: str
    source: int | None
    rest: Given | None  # other arguments, constants all; None if there are more tensors
    out: Any = field(default=lambda: None)  # weak reference
    version: int = -1


def find_ways(
    module: nn.Module, entries: Sequence[str], targets: Collection[str], batch: Any
) -> list[list[str] | None]:
    """Return, for each block but the last, the modules between it and the next one; None if it has no way.

    entries : names of the modules that hold the blocks, in order. targets : of all layers that are pruned.

    Examples
    --------
    >>> import torch
    >>> net = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2))
    >>> find_ways(net, ["0", "2"], ["0", "2"], torch.ones(1, 3))
    [['1']]
    """
    calls, stray = _watch(module, entries, targets, batch)
    numbers = {name: [n for n, call in enumerate(calls) if call.name == name] for name in entries}
    ways: list[list[str] | None] = []
    for entry, following in pairwise(entries):
        once = all(len(numbers[name]) == 1 and name not in stray for name in (entry, following))
        way = _way(calls, numbers[entry][0], numbers[following][0]) if once else None
        holds = way is not None and any(_holds(name, target) for name in way for target in targets)
        ways.append(None if holds else way)
    return ways


def _holds(name: str, layer: str) -> bool:
    return layer == name or not name or layer.startswith(f"{name}.")


def _way(calls: Sequence[_Call], first: int, last: int) -> list[str] | None:
    """Return the names of the modules that the output of a call passes on its way to another call."""
    way: list[str] = []
    if calls[first].rest is None or calls[last].rest != ((), {}):
        return None
    now = calls[last].source
    while now is not None and now != first:
        if calls[now].rest != ((), {}) or now < first:
            return None
        way.insert(0, calls[now].name)
        now = calls[now].source
    return None if now is None else way


def _watch(
    module: nn.Module, entries: Sequence[str], targets: Collection[str], batch: Any
) -> tuple[list[_Call], set[str]]:
    """Return the calls of modules outside of blocks in a forward, and blocks whose layers others call too."""
    calls: list[_Call] = []
    open_calls: list[int] = []
    stray: set[str] = set()

    def begin(name: str, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        x, rest = _split(given, named)
        same = (n for n, call in enumerate(calls) if x is not None and call.out() is x)
        source = max((n for n in same if calls[n].version == x._version), default=None)  # type: ignore[union-attr]
        open_calls.append(len(calls))
        calls.append(_Call(name, source, rest))

    def end(output: Any) -> None:
        call = calls[open_calls.pop()]
        if isinstance(output, Tensor):
            call.out, call.version = weakref.ref(output), output._version

    def inside(name: str, entry: str) -> None:
        if not any(calls[n].name == entry for n in open_calls):
            stray.add(entry)

    with ExitStack() as hooks:
        for name, one in module.named_modules():
            if any(name != entry and _holds(entry, name) for entry in entries):
                continue
            hooks.enter_context(before(one, lambda g, k, name=name: begin(name, g, k)))
            hooks.enter_context(_behind(one, end))
        for name in targets:
            entry = next(entry for entry in entries if _holds(entry, name))
            if entry != name:
                layer = module.get_submodule(name)
                hooks.enter_context(before(layer, lambda *_, n=name, e=entry: inside(n, e)))
        run_quietly(module, (batch,))
    return calls, stray


def _split(given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Tensor | None, Given | None]:
    """Return the tensor of a call and its other arguments; None for these unless they are constants."""
    if not given or not isinstance(given[0], Tensor):
        return None, None
    rest = (given[1:], named)
    plain = all(isinstance(one, CONSTANTS) for one in (*given[1:], *named.values()))
    return given[0], rest if plain else None


@contextmanager
def before(module: nn.Module, act: Any) -> Iterator[None]:
    """Call a function of arguments and keywords before each call of a module."""
    handle = module.register_forward_pre_hook(lambda _, given, named: act(given, named), with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def _behind(module: nn.Module, act: Any) -> Iterator[None]:
    handle = module.register_forward_hook(lambda _, __, output: act(output))
    try:
        yield
    finally:
        handle.remove()


def catch_inputs(module: nn.Module, entry: str, batches: Sequence[Any]) -> list[Given]:
    """Return copies of the arguments of a block for each batch; raise AstrayError if they are too large.

    Examples
    --------
    >>> import torch
    >>> net = nn.Sequential(nn.ReLU(), nn.Linear(1, 1))
    >>> catch_inputs(net, "1", [torch.tensor([[-2.0], [3.0]])])[0][0][0].tolist()
    [[0.0], [3.0]]
    """
    caught: list[Given] = []

    def catch(given: tuple[Any, ...], named: dict[str, Any]) -> None:
        x, rest = _split(given, named)
        if x is None or rest is None or x.numel() * len(batches) > MOST:
            raise AstrayError(entry)
        caught.append(((x.detach().clone(), *rest[0]), rest[1]))
        raise Reached

    with before(module.get_submodule(entry), catch):
        for batch in batches:
            run_quietly(module, (batch,))
    if len(caught) != len(batches):
        raise AstrayError(entry)
    return caught


def hand_on(module: nn.Module, entry: str, way: Sequence[str], given: Sequence[Given]) -> list[Given]:
    """Return the arguments of the next block: outputs of a pruned one, behind the modules between them.

    Examples
    --------
    >>> import torch
    >>> net = nn.Sequential(nn.Identity(), nn.ReLU(), nn.Linear(1, 1))
    >>> hand_on(net, "0", ["1"], [((torch.tensor([[-2.0]]),), {})])
    [((tensor([[0.]]),), {})]
    """
    handed: list[Given] = []
    for arguments, named in given:
        x = run_quietly(module.get_submodule(entry), copies(arguments), named)
        for name in way:
            x = run_quietly(module.get_submodule(name), (x,))
        if not isinstance(x, Tensor):
            raise AstrayError(entry)
        handed.append(((x,), {}))
    return handed


def copies(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return arguments with a tensor of their own, since a block may change it in place.

    Examples
    --------
    >>> import torch
    >>> copies((torch.ones(2), 3))
    (tensor([1., 1.]), 3)
    """
    return (arguments[0].clone(), *arguments[1:])


def check_inputs(
    module: nn.Module, series: Sequence[str], given: Sequence[Given], batches: Sequence[Any]
) -> None:
    """Raise AstrayError unless the whole module calls these blocks once, and gives the last one these inputs.

    Examples
    --------
    >>> import torch
    >>> net = nn.Sequential(nn.ReLU(), nn.Linear(1, 1))
    >>> check_inputs(net, ["1"], [((torch.tensor([[3.0]]),), {})], [torch.tensor([[3.0]])])
    """
    calls: list[str] = []
    seen: list[Any] = []

    def see(name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        calls.append(name)
        if name == series[-1]:
            seen.append((copies(arguments), named))

    with ExitStack() as hooks:
        for name in series:
            hooks.enter_context(before(module.get_submodule(name), partial(see, name)))
        for batch, held in zip(batches, given, strict=True):
            calls.clear()
            seen.clear()
            run_quietly(module, (batch,))
            if sorted(calls) != sorted(series) or not _is_near(seen[0], held):
                raise AstrayError(series[-1])


def _is_near(found: Given, held: Given) -> bool:
    (own, *rest), named = found
    x = held[0][0]
    if own.shape != x.shape or own.dtype != x.dtype or (tuple(rest), named) != (held[0][1:], held[1]):
        return False
    return bool(((own - x).abs() <= NEAR * own.abs().max().clamp(min=1e-30)).all())
