"""Run a module on calibration data and sum up what its layers see, convolutions unfolded.

Layers that see the same tensor, as separate q, k and v do, share their statistics and so their factorisation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from netsci.prune.statistics import InputStatistics
from netsci.sparse.conv import SparseConv2d

UNFOLDED = 2**24  # largest number of entries of unfolded inputs in memory at a time
See = Callable[[str, Any, Tensor], None]


class Reached(BaseException):
    """Raised to end a forward that has shown all that was asked for; no module catches it."""


class _Apart(Exception):
    """A layer that shared its input in one batch sees one of its own in another."""


def order_of_calls(module: nn.Module, names: Iterable[str], batch: Tensor) -> list[str]:
    """Return the names of the calls of these layers in one forward, in their order.

    Examples
    --------
    >>> order_of_calls(nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2)), ["1", "0"], torch.ones(1, 3))
    ['0', '1']
    """
    calls: list[str] = []
    with _listen(module, names, lambda name, layer, x: calls.append(name)):
        run_quietly(module, (batch,))
    return calls


def collect(
    module: nn.Module,
    names: Iterable[str],
    batches: Iterable[Any],
    *,
    hessian: bool,
    until: str | None = None,
    call: Callable[[Any], Any] | None = None,
) -> dict[str, InputStatistics]:
    """Return the statistics of the inputs of layers, over all batches; layers with one input share them.

    until : name of a layer, at whose first call a forward ends. call : function of a batch that runs the
    layers; None for a forward of the module.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(2, 2))
    >>> collect(net, ["0"], [torch.tensor([[3.0, 4.0]])], hessian=False)["0"].moments.tolist()
    [9.0, 16.0]
    """
    names, batches = list(names), list(batches)
    run = call or (lambda batch: run_quietly(module, (batch,)))
    apart: set[str] = set()
    while True:
        try:
            return _collect(module, names, batches, hessian, until, apart, run)
        except _Apart as found:  # once for a layer: then it has statistics of its own
            apart.add(str(found))


def _collect(
    module: nn.Module,
    names: list[str],
    batches: list[Any],
    hessian: bool,
    until: str | None,
    apart: set[str],
    call: Callable[[Any], Any],
) -> dict[str, InputStatistics]:
    leaders: dict[str, str] = {}
    found: dict[str, InputStatistics] = {}
    calls: dict[str, int] = {}  # of all forwards
    read: dict[str, list[tuple[Tensor, int]]] = {}  # of one forward
    seen: list[tuple[Tensor, int, Any, str]] = []  # of one forward; it holds the tensors, so that none is new

    def see(name: str, layer: Any, x: Tensor) -> None:
        if name == until:
            raise Reached
        key = _geometry(layer)
        first = (one for t, version, own, one in seen if t is x and version == x._version and own == key)
        leader = name if name in apart else next(first, name)
        if leaders.setdefault(name, leader) != leader:
            raise _Apart(name)
        calls[name] = calls.get(name, 0) + 1
        read.setdefault(name, []).append((x, x._version))
        if leader == name:
            seen.append((x, x._version, key, name))
            own = found.setdefault(name, InputStatistics(hessian=hessian))
            try:
                for rows in _rows(layer, x):
                    own.add(rows)
            except ValueError as error:
                raise ValueError(f"inputs of layer {name!r} on calibration: {error}") from error

    with _listen(module, [*names, *([] if until is None else [until])], see):
        for batch in batches:
            seen.clear()
            read.clear()
            call(batch)
            for name in read:
                _check_same_inputs(name, read[name], read.get(leaders[name], []))
        for name, leader in leaders.items():
            if calls[name] != calls[leader]:  # in a forward the leader was called, and this layer was not
                raise _Apart(name)
    return {name: found[leaders[name]] for name in names if name in leaders}


def _check_same_inputs(name: str, own: list[tuple[Tensor, int]], other: list[tuple[Tensor, int]]) -> None:
    """Raise `_Apart` unless a layer has read all that its leader has read in a forward, and nothing else."""
    same = (a is b and one == two for (a, one), (b, two) in zip(own, other, strict=False))
    if len(own) != len(other) or not all(same):
        raise _Apart(name)


@contextmanager
def _listen(module: nn.Module, names: Iterable[str], see: See) -> Iterator[None]:
    """Call a function with name, layer and input before each call of these layers."""

    def hook(name: str) -> Any:
        def before(layer: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
            see(name, layer, given[0] if given else next(iter(named.values())))

        return before

    handles = [
        module.get_submodule(name).register_forward_pre_hook(hook(name), with_kwargs=True) for name in names
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def run_quietly(module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any] | None = None) -> Any:
    """Return what a module gives in evaluation mode and without gradients; None if a hook ends the call.

    Raises ValueError, with the module's own words, if it cannot be called with these arguments.

    Examples
    --------
    >>> run_quietly(nn.Dropout(0.5), (torch.ones(2),))
    tensor([1., 1.])
    """
    modes = {one: one.training for one in module.modules()}
    module.eval()
    try:
        with torch.no_grad():
            return module(*arguments, **(named or {}))
    except Reached:
        return None
    except (RuntimeError, TypeError, IndexError) as error:
        shape = list(getattr(arguments[0], "shape", ()))
        raise ValueError(
            f"calibration must hold inputs of the module's forward; a batch {shape} gave: {error}"
        ) from error
    finally:
        for one, mode in modes.items():
            one.training = mode


def _geometry(layer: Any) -> Any:
    """Return what decides how inputs are unfolded."""
    if isinstance(layer, (nn.Conv2d, SparseConv2d)):
        return str(layer.kernel_size), str(layer.stride), str(layer.padding)
    return ()


def _rows(layer: Any, x: Tensor) -> Iterator[Tensor]:
    """Yield the inputs of a layer as [sequences, tokens, pre]: of a convolution its windows."""
    x = x.detach()
    if not isinstance(layer, (nn.Conv2d, SparseConv2d)):
        yield x[None] if x.ndim == 1 else x
        return
    x = x[None] if x.ndim == 3 else x
    sides: list[Any] = [layer.kernel_size, layer.stride, layer.padding]
    k, stride, padding = (int(one) if isinstance(one, int) else int(one[0]) for one in sides)
    x = x if x.dtype == torch.float64 else x.float()
    step = max(1, UNFOLDED // max(1, x[0].numel() * k * k))
    for part in torch.split(x, step):
        yield functional.unfold(part, k, padding=padding, stride=stride).transpose(1, 2)
