"""Store the inputs and the output gradients of sparse layers during a backward pass."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from netsci.arguments import check_instance, check_iterable
from netsci.sparse.conv import SparseConv2d
from netsci.sparse.layer import SparseLayer
from netsci.sparse.layout import feature_major

NEEDS = ("gradient", "activity")


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer: its input, the gradient of its output, and the mean absolute input of each row.

    What was not asked for is None. `version` shows whether the input was changed in place later.
    """

    input: Tensor | None
    version: int
    gradient: Tensor
    activity: Tensor | None
    samples: int


class Watch:
    """Store the inputs and the output gradients of sparse layers in the last backward pass.

    Parameters
    ----------
    layers : sparse layers by name, watched from now on. None to call `attach` later.
    needs : what to store, "gradient", "activity" or both. An empty list stores nothing.

    As with .grad, several backward passes add up until the gradient of the layer's values is cleared
    (`optimizer.zero_grad()`). So the gradient at the links always equals `layer.values.grad`. Passes without
    gradients (`torch.no_grad()`) are not stored.

    A training step is slower while a watch is attached, since fused kernels of `netsci.spiking` are not used.
    Attach it only for the batches whose gradient you need, and detach it afterwards.

    Raises
    ------
    TypeError, ValueError
        If a layer is not sparse or needs names something else.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear, sparse_layers, views
    >>> net = torch.nn.Sequential(SparseLinear([[1, 0]], bias=False))
    >>> with Watch(sparse_layers(net), ["gradient"]) as watch:
    ...     net(torch.tensor([[3.0]])).sum().backward()
    ...     views(net, watch)["0"].gradient().tolist()
    [[3.0, 3.0]]
    """

    def __init__(
        self, layers: Mapping[str, SparseLayer] | None = None, needs: Collection[str] = NEEDS
    ) -> None:
        self.needs: frozenset[str] = frozenset()
        self._names: dict[SparseLayer, str] = {}
        self._calls: dict[SparseLayer, list[Call]] = {}
        self._handles: list[Any] = []
        self._backward = -1
        if layers is not None:
            self.attach(layers, needs)

    def attach(self, layers: Mapping[str, SparseLayer], needs: Collection[str]) -> None:
        """Watch these layers, in place of those before.

        Raises TypeError or ValueError if a layer is not sparse or needs names something else.
        """
        check_iterable(
            [] if isinstance(needs, str) else needs, "needs", f"a list of names from {list(NEEDS)}"
        )
        unknown = [
            need
            for need in ([needs] if isinstance(needs, str) else needs)
            if not isinstance(need, str) or need not in NEEDS
        ]
        if unknown or isinstance(needs, str):
            raise ValueError(f"needs must be a list of names from {list(NEEDS)}; got {needs!r}")
        check_instance(layers, Mapping, "layers", "a dictionary of sparse layers by name")
        for name, layer in layers.items():
            if not isinstance(layer, SparseLayer):
                raise TypeError(
                    f"layer {name!r} must be a SparseLinear or a SparseConv2d; got {type(layer).__name__}"
                )
        self.detach()
        self.needs = frozenset(needs)
        if not self.needs:
            return
        self._names = {layer: name for name, layer in layers.items()}
        self._calls = {layer: [] for layer in self._names}
        self._handles = [layer.register_forward_hook(self._see, with_kwargs=True) for layer in self._names]

    def detach(self) -> None:
        """Remove all hooks and what was stored."""
        for handle in self._handles:
            handle.remove()
        self._handles, self._names, self._calls, self._backward = [], {}, {}, -1
        self.needs = frozenset()

    def calls(self, layer: SparseLayer) -> tuple[Call, ...]:
        """Return the stored calls of a layer: () if it is not watched or no backward pass reached it."""
        return tuple(self._calls.get(layer, ()))

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: Any) -> None:
        self.detach()

    def _see(self, layer: Any, given: tuple[Any, ...], named: dict[str, Any], output: Tensor) -> None:
        """Remember a call in a hook on its output, so that it is forgotten if no backward pass comes."""
        if not output.requires_grad:
            return
        x: Tensor = (given[0] if given else named["x"]).detach()
        activity = _activity(layer, x) if "activity" in self.needs else None
        samples = x[..., 0].numel() if not isinstance(layer, SparseConv2d) else _places(layer, x)
        held = x if "gradient" in self.needs else None
        version = x._version

        def keep(gradient: Tensor) -> None:
            if layer in self._calls:
                self._begin()
                self._calls[layer].append(Call(held, version, gradient.detach(), activity, samples))

        output.register_hook(keep)  # type: ignore[no-untyped-call]

    def _begin(self) -> None:
        """At the start of a backward pass, forget the layers whose gradients have been cleared."""
        running = torch._C._current_graph_task_id()
        if running == self._backward:
            return
        self._backward = running
        for layer, calls in self._calls.items():
            # optimizer.zero_grad(set_to_none=False) leaves zeros.
            if layer.values.grad is None or not bool(layer.values.grad.any()):
                calls.clear()


def _activity(layer: SparseLayer, x: Tensor) -> Tensor:
    """Return the mean absolute input of every row of one call."""
    with torch.no_grad():
        x = x.abs().to(precise(x.dtype))
        if not isinstance(layer, SparseConv2d):
            return feature_major(x).mean(1)
        k, stride = layer.kernel_size, layer.stride
        padded = functional.pad(x, (layer.padding,) * 4)
        down, across = (size - k + 1 for size in padded.shape[2:])
        of_places = [
            padded[:, :, i : i + down : stride, j : j + across : stride].mean((0, 2, 3))
            for i, j in product(range(k), repeat=2)
        ]
        return torch.stack(of_places, 1).flatten()


def _places(layer: SparseConv2d, x: Tensor) -> int:
    """Return the number of windows of a call, over all samples."""
    high, wide = ((size + 2 * layer.padding - layer.kernel_size) // layer.stride + 1 for size in x.shape[2:])
    return len(x) * high * wide


def precise(dtype: torch.dtype) -> torch.dtype:
    """Return the type in which sums of a type are taken: double for double, else single precision.

    Examples
    --------
    >>> precise(torch.bfloat16)
    torch.float32
    """
    return torch.float64 if dtype == torch.float64 else torch.float32
