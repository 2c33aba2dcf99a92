"""Views of torch layers for removal and regrowth scores: links, weights, gradient and activity.

`views` makes a `TorchView` of each sparse layer; it follows the protocol `netsci.topology.LayerView`. A
`Watch` stores the last backward pass for it. The gradient of the loss at a cell (i, j), linked or not, is
that of a dense layer with the same weights:

    gradient[i, j] = sum over calls, time steps, samples and places of x[i] g[j]

x is the input of the layer (of a convolution its window) and g the gradient of its output.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from netsci.sparse.conv import AT_ONCE, SparseConv2d, unfold
from netsci.sparse.distributed import average
from netsci.sparse.layer import SparseLayer
from netsci.sparse.layout import feature_major
from netsci.sparse.watch import Call, Watch, precise
from netsci.sparse.wiring import sparse_layers, weights_of
from netsci.topology.view import select_cells

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TorchView:
    """A `LayerView` of a sparse layer as it was when the view was made.

    name : of the layer. links : bool CSR [rows, columns], rows presynaptic. weights : CSR with the same
    structure. `views` makes the other fields.
    rows_per_unit : number of rows of each presynaptic unit: 1, or k k for a convolution, whose row r is the
    channel r // (k k) at the kernel place r % (k k), as in `SparseConv2d`.
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
        """Return the gradient of the loss at every cell of some rows, linked or not; all rows by default.

        float32 [len(rows), columns], summed over samples, time steps, places of a convolution and calls of
        the layer. It is computed at each call, for these rows only: for a large layer, ask for blocks of
        rows.

        Raises
        ------
        ValueError
            If the gradient was not kept, or an input was changed in place since.

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
        chosen = self._select_rows(rows)
        n_columns = self.layer.n_columns if self.columns is None else len(self.columns)
        total = torch.zeros(len(chosen), n_columns, dtype=precise(self.layer.values.dtype))
        total = total.to(self.layer.values.device)
        for call in self.calls:
            if call.input is None or call.input._version != call.version:
                raise ValueError(
                    f"the input of layer {self.name!r} was changed in place after the layer read it, so the "
                    "gradient is lost: ask for it right after the backward pass, or change a copy"
                )
            _add_gradient(total, self.layer, call.input, call.gradient, chosen, self.columns)
        return np.asarray(average(total).cpu().numpy(), np.float32)

    def activity(self) -> NDArray[np.float64]:
        """Return the mean absolute input of every row, float64 [rows]; for spikes, their rate.

        The mean is over samples, time steps and calls, and over the windows of a convolution, whose padding
        counts as 0. Raises ValueError if the activity was not kept.
        """
        self._check("activity")
        samples = sum(call.samples for call in self.calls)
        sums = [call.activity.double() * call.samples for call in self.calls if call.activity is not None]
        mean = average(torch.stack(sums).sum(0) / samples).cpu().numpy()
        return np.asarray(mean if self.rows is None else mean[self.rows], np.float64)

    def restrict(self, rows: Places, columns: Places) -> TorchView:
        """Return the view of some rows and columns, in their order; a row then counts as a unit."""
        columns = np.asarray(columns, np.int64)
        return replace(
            self,
            links=select_cells(self.links, rows, columns),
            weights=select_cells(self.weights, rows, columns),
            rows_per_unit=1,
            rows=self._select_rows(rows),
            columns=columns if self.columns is None else self.columns[columns],
        )

    def _select_rows(self, rows: Places | None) -> Places:
        """Return rows of this view as rows of the layer."""
        own = np.arange(self.layer.n_rows) if self.rows is None else self.rows
        return own if rows is None else own[np.asarray(rows, np.int64)]

    def _check(self, what: str) -> None:
        if what not in self.needs:
            raise ValueError(
                f"layer {self.name!r} has no {what}, since it was not kept: name {what!r} in the needs of "
                "the Watch, or return it from `needs` of the method's Hooks"
            )
        if not self.calls:
            raise ValueError(
                f"layer {self.name!r} has no {what}: no backward pass has reached it since the watch was "
                "attached. Run forward with gradients (not under torch.no_grad() or inference_mode()), then "
                "loss.backward()"
            )


def views(net: nn.Module, watch: Watch | None = None) -> dict[str, TorchView]:
    """Return a `TorchView` of every sparse layer of a module, by name; scores of links read such views.

    A view has the layer's links and weights now. net : the module. watch : the `Watch` that stored the last
    backward pass, from which a view computes gradient() and activity(); None: these raise ValueError.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear
    >>> views(nn.Sequential(SparseLinear([[1, 0]])))["0"].links.nnz
    1
    """
    if watch is not None and not isinstance(watch, Watch):
        raise TypeError(f"watch must be a Watch of the network, or None; got {type(watch).__name__}")
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
