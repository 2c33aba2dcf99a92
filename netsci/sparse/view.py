"""What removal and regrowth scores may see of a torch layer: links, weights, gradient and activity.

A `Watch` keeps what the last backward pass brought to some layers. `views` makes of it a `TorchView` for each
layer, which fills the protocol `netsci.topology.view.LayerView`. The gradient of the loss at a cell (i, j),
linked or not, is what a dense layer with the same weights would get there:

    gradient[i, j] = sum over calls, time steps, samples and places of x[i] g[j]

x is the input of the layer (of a convolution its window) and g the gradient of its output.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from netsci.sparse.conv import AT_ONCE, SparseConv2d, unfold
from netsci.sparse.layer import SparseLayer
from netsci.sparse.layout import feature_major
from netsci.sparse.wiring import sparse_layers, weights_of
from netsci.topology.view import select_cells

NEEDS = ("gradient", "activity")
Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer: its input and the gradient of its output, and the mean absolute input of each row.

    What was not asked for is None. `version` tells whether the input was changed in place afterwards.
    """

    input: Tensor | None
    version: int
    gradient: Tensor
    activity: Tensor | None
    samples: int


class Watch:
    """Keep the inputs and the output gradients of some layers in the last backward pass.

    Parameters
    ----------
    layers : sparse layers by name; the watch is attached to them at once. None to attach it later.
    needs : what to keep, "gradient" or "activity" or both. Without needs there are no hooks and no memory.

    As .grad does, what is kept adds up over backward passes until the gradient of the layer's values is
    cleared (`optimizer.zero_grad()`): the next backward pass then replaces it. So the gradient at the links
    is always `layer.values.grad`. Passes without gradients (`torch.no_grad()`) are not seen.

    Fused paths of `netsci.spiking` look for hooks, so they call a watched layer as a module: a step takes
    longer while a watch is attached. Attach it where a gradient is wanted, and detach it afterwards.

    Raises
    ------
    TypeError, ValueError
        If a layer is not sparse or needs names something else.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear
    >>> net = nn.Sequential(SparseLinear([[1, 0]], bias=False))
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
        """Watch these layers, and none of those before.

        Raises TypeError or ValueError if a layer is not sparse or needs names something else.
        """
        unknown = [need for need in ([needs] if isinstance(needs, str) else needs) if need not in NEEDS]
        if unknown or isinstance(needs, str):
            raise ValueError(f"needs must be a list of names from {list(NEEDS)}; got {needs!r}")
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
        """Remove all hooks and forget what was kept."""
        for handle in self._handles:
            handle.remove()
        self._handles, self._names, self._calls, self._backward = [], {}, {}, -1
        self.needs = frozenset()

    def calls(self, layer: SparseLayer) -> tuple[Call, ...]:
        """Return what is kept of a layer: () where it is not watched or no backward pass reached it."""
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


@dataclass(frozen=True, eq=False)
class TorchView:
    """A `LayerView` of a sparse layer as it was when the view was made.

    name : what the layer is called. links : bool CSR [rows, columns], presynaptic rows. weights : CSR of the
    same structure. rows_per_unit : rows of each presynaptic unit of the layer itself: k k of a convolution,
    of which row r is the channel r // (k k) at the kernel place r % (k k), as in `SparseConv2d`; else 1.
    """

    name: str
    links: sp.csr_array
    weights: sp.csr_array
    rows_per_unit: int
    layer: SparseLayer = field(repr=False)
    calls: tuple[Call, ...] = field(repr=False)
    needs: frozenset[str] = field(repr=False)
    rows: Places | None = field(default=None, repr=False)
    columns: Places | None = field(default=None, repr=False)

    def gradient(self, rows: Places | None = None) -> NDArray[np.float32]:
        """Return the gradient of the loss at every cell of some rows, all by default, linked or not.

        float32 [len(rows), columns]. It is summed over samples, time steps, places of a convolution and calls
        of the layer. It is computed when called, for these rows alone: ask for blocks of a large layer.

        Raises
        ------
        ValueError
            If no gradient was kept, or an input was changed in place since.

        Examples
        --------
        >>> from netsci.sparse import SparseLinear
        >>> net = nn.Sequential(SparseLinear([[1, 0], [0, 0]], bias=False))
        >>> with Watch(sparse_layers(net), ["gradient"]) as watch:
        ...     net(torch.tensor([[3.0, 5.0]])).sum().backward()
        ...     views(net, watch)["0"].gradient(np.array([1])).tolist()
        [[5.0, 5.0]]
        """
        self._check("gradient")
        chosen = self._chosen(rows)
        n_columns = self.layer.n_columns if self.columns is None else len(self.columns)
        total = torch.zeros(len(chosen), n_columns, dtype=_precise(self.layer.values.dtype))
        total = total.to(self.layer.values.device)
        for call in self.calls:
            if call.input is None or call.input._version != call.version:
                raise ValueError(
                    f"the input of layer {self.name!r} was changed in place after the layer read it, so its "
                    "gradient is lost: ask for it right after the backward pass, or change a copy"
                )
            _add_gradient(total, self.layer, call.input, call.gradient, chosen, self.columns)
        return np.asarray(total.cpu().numpy(), np.float32)

    def activity(self) -> NDArray[np.float64]:
        """Return the mean absolute input of every row, float64 [rows]; of spikes, their rate.

        The mean is over samples, time steps and calls; of a convolution over the places of its windows too,
        where padding counts as 0. Raises ValueError if no activity was kept.
        """
        self._check("activity")
        samples = sum(call.samples for call in self.calls)
        sums = [call.activity.double() * call.samples for call in self.calls if call.activity is not None]
        mean = (torch.stack(sums).sum(0) / samples).cpu().numpy()
        return np.asarray(mean if self.rows is None else mean[self.rows], np.float64)

    def restrict(self, rows: Places, columns: Places) -> TorchView:
        """Return the view of some rows and columns, in their order; a row then counts as a unit."""
        columns = np.asarray(columns, np.int64)
        return replace(
            self,
            links=select_cells(self.links, rows, columns),
            weights=select_cells(self.weights, rows, columns),
            rows_per_unit=1,
            rows=self._chosen(rows),
            columns=columns if self.columns is None else self.columns[columns],
        )

    def _chosen(self, rows: Places | None) -> Places:
        """Return rows of this view as rows of the layer."""
        own = np.arange(self.layer.n_rows) if self.rows is None else self.rows
        return own if rows is None else own[np.asarray(rows, np.int64)]

    def _check(self, what: str) -> None:
        if what not in self.needs:
            raise ValueError(
                f"layer {self.name!r} has no {what}: nobody keeps it. Name {what!r} in the needs of the "
                "watch (of a method's Hooks) before the forward pass"
            )
        if not self.calls:
            raise ValueError(
                f"layer {self.name!r} has no {what}: since the watch was attached no backward pass has come "
                "through it. Run its forward pass with gradients on (not under torch.no_grad() or "
                "inference_mode()), then loss.backward()"
            )


def views(net: nn.Module, watch: Watch | None = None) -> dict[str, TorchView]:
    """Return the view of every sparse layer of a module, by name, with what a watch has kept so far.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear
    >>> views(nn.Sequential(SparseLinear([[1, 0]])))["0"].links.nnz
    1
    """
    found = {}
    for name, layer in sparse_layers(net).items():
        weights = weights_of(layer)
        links = sp.csr_array((np.ones(weights.nnz, bool), weights.indices, weights.indptr), weights.shape)
        own = layer.rows_per_unit if isinstance(layer, SparseConv2d) else 1
        calls, needs = ((), frozenset()) if watch is None else (watch.calls(layer), watch.needs)
        found[name] = TorchView(name, links, weights, own, layer, calls, needs)
    return found


def _add_gradient(
    total: Tensor, layer: SparseLayer, x: Tensor, g: Tensor, rows: Places, columns: Places | None
) -> None:
    """Add the gradient [rows, columns] that one call of a layer gives."""
    picked = torch.from_numpy(rows).to(x.device)
    kept = None if columns is None else torch.from_numpy(columns).to(g.device)
    if not isinstance(layer, SparseConv2d):
        _add_products(total, feature_major(x)[picked], feature_major(g), kept)
        return
    # Only the windows of the channels asked for are made, of some samples at a time.
    own = layer.rows_per_unit
    channels, place = np.unique(rows // own, return_inverse=True)
    within = torch.from_numpy(place * own + rows % own).to(x.device)
    x, outputs = x[:, torch.from_numpy(channels).to(x.device)], g.movedim(1, -1)
    samples = max(1, AT_ONCE // max(1, len(channels) * own * outputs.shape[1] * outputs.shape[2]))
    for some, out in zip(torch.split(x, samples), torch.split(outputs, samples), strict=True):
        windows = unfold(some, layer.kernel_size, layer.stride, layer.padding)
        _add_products(total, feature_major(windows)[within], feature_major(out), kept)


def _add_products(total: Tensor, x: Tensor, g: Tensor, columns: Tensor | None) -> None:
    """Add x g^T of x [rows, samples] and g [columns, samples], some columns of it."""
    g = g if columns is None else g[columns]
    with torch.no_grad(), torch.autocast(total.device.type, enabled=False):
        total.addmm_(x.to(total.dtype), g.to(total.dtype).T)


def _activity(layer: SparseLayer, x: Tensor) -> Tensor:
    """Return the mean absolute input of every row of one call."""
    with torch.no_grad():
        x = x.abs().to(_precise(x.dtype))
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


def _precise(dtype: torch.dtype) -> torch.dtype:
    return torch.float64 if dtype == torch.float64 else torch.float32
