"""Views: what a removal or regrowth score sees of a layer, as numpy arrays.

`netsci.sparse.views` makes them of torch layers, with gradient and activity. `view_of` makes one of a
projection of a `LayeredGraph`, which has neither.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.projection import Projection, values_at

Places = NDArray[np.int64]


class LayerView(Protocol):
    """A layer as scores see it: rows are presynaptic, columns postsynaptic.

    A protocol, not to be constructed: scores get views from `netsci.sparse.views`. `ArrayView` makes one of
    arrays, and any class with these attributes and methods is one. A row of a convolution is one place in the
    kernel of one input channel.

    name : of the layer. links : bool CSR [rows, columns]. weights : CSR with the same structure, or None.
    rows_per_unit : number of rows of each presynaptic unit (k k for a convolution).
    """

    @property
    def name(self) -> str:
        """Return the layer's name."""

    @property
    def links(self) -> sp.csr_array:
        """Return the links, bool CSR [rows, columns]."""

    @property
    def weights(self) -> sp.csr_array | None:
        """Return the weights at the links, or None."""

    @property
    def rows_per_unit(self) -> int:
        """Return the number of rows that each presynaptic unit owns."""

    def gradient(self, rows: Places | None = None) -> NDArray[Any]:
        """Return the gradient of the loss at every cell of some rows, or of all rows.

        Missing links have a gradient too. float32 or float64 [len(rows), columns], computed at each call. For
        a large layer, ask for blocks of rows.

        Raises
        ------
        ValueError
            If the gradient was not kept.
        """

    def activity(self) -> NDArray[np.float64]:
        """Return the mean absolute input of every row, float64 [rows]; for spikes, their rate.

        Raises ValueError if the activity was not kept.
        """

    def restrict(self, rows: Places, columns: Places) -> LayerView:
        """Return the view of some rows and columns, in their order."""


@dataclass(frozen=True, eq=False)
class ArrayView:
    """A LayerView made of arrays. It has no gradient and no activity: these raise ValueError.

    Examples
    --------
    >>> view = ArrayView("a", sp.csr_array([[True, False], [True, True]]))
    >>> view.restrict(np.array([1]), np.array([0, 1])).links.nnz
    2
    """

    name: str
    links: sp.csr_array
    weights: sp.csr_array | None = None
    rows_per_unit: int = 1

    def gradient(self, rows: Places | None = None) -> NDArray[Any]:
        """Raise ValueError: this view has no gradient."""
        raise ValueError(_unknown(self.name, "gradient"))

    def activity(self) -> NDArray[np.float64]:
        """Raise ValueError: this view has no activity."""
        raise ValueError(_unknown(self.name, "activity"))

    def restrict(self, rows: Places, columns: Places) -> ArrayView:
        """Return the view of some rows and columns, in order; whole units stay units, else a row is one."""
        weights = None if self.weights is None else select_cells(self.weights, rows, columns)
        own = rows_of_units(rows, self.rows_per_unit)
        return replace(
            self, links=select_cells(self.links, rows, columns), weights=weights, rows_per_unit=own
        )


@dataclass(frozen=True, eq=False)
class ThinnedView:
    """A LayerView with fewer links: what regrowth sees after removal and percolation.

    Examples
    --------
    >>> whole = ArrayView("a", sp.csr_array(np.ones((2, 2), bool)), sp.csr_array([[1.0, 2.0], [3.0, 4.0]]))
    >>> ThinnedView(whole, sp.csr_array([[False, True], [False, False]])).weights.data.tolist()
    [2.0]
    """

    view: LayerView
    links: sp.csr_array

    @property
    def name(self) -> str:
        """Return the layer's name."""
        return self.view.name

    @property
    def rows_per_unit(self) -> int:
        """Return the number of rows that each presynaptic unit owns."""
        return self.view.rows_per_unit

    @property
    def weights(self) -> sp.csr_array | None:
        """Return the weights at the links that are left, or None."""
        weights = self.view.weights
        return None if weights is None else values_at(weights, self.links)

    def gradient(self, rows: Places | None = None) -> NDArray[Any]:
        """Return the gradient at every cell of some rows, as the whole layer has it."""
        return self.view.gradient(rows)

    def activity(self) -> NDArray[np.float64]:
        """Return the mean absolute input of every row, as the whole layer has it."""
        return self.view.activity()

    def restrict(self, rows: Places, columns: Places) -> ThinnedView:
        """Return the view of some rows and columns, in their order."""
        return ThinnedView(self.view.restrict(rows, columns), select_cells(self.links, rows, columns))


def view_of(projection: Projection) -> ArrayView:
    """Return the `LayerView` of a projection of a graph, without gradient and activity.

    Examples
    --------
    >>> from netsci.graph import LayeredGraph
    >>> view_of(LayeredGraph.from_masks([np.eye(2, 3)], names=["a"]).projections[0]).name
    'a'
    """
    if not isinstance(projection, Projection):
        raise TypeError(
            "projection must be one of graph.projections (a netsci.graph.Projection); got "
            f"{type(projection).__name__}"
        )
    return ArrayView(projection.name, projection.links, projection.weights, projection.rows_per_unit)


def select_cells(matrix: sp.csr_array, rows: Places, columns: Places) -> Any:
    """Return some rows and columns of a CSR matrix, in their order, its columns sorted within each row.

    Examples
    --------
    >>> select_cells(sp.csr_array([[1, 2], [0, 3]]), np.array([0]), np.array([1])).toarray().tolist()
    [[2]]
    """
    chosen = matrix[rows][:, columns]
    chosen.sort_indices()
    return chosen


def rows_of_units(rows: Places, rows_per_unit: int) -> int:
    """Return rows_per_unit if some rows are whole units, one after the other; else 1.

    Examples
    --------
    >>> rows_of_units(np.array([4, 5, 0, 1]), 2), rows_of_units(np.array([1, 2]), 2)
    (2, 1)
    """
    rows = np.asarray(rows, np.int64)
    if rows_per_unit == 1 or len(rows) % rows_per_unit:
        return 1
    units = rows.reshape(-1, rows_per_unit)
    whole = (units[:, 0] % rows_per_unit == 0).all() and (
        units - units[:, :1] == np.arange(rows_per_unit)
    ).all()
    return rows_per_unit if whole else 1


def _unknown(name: str, what: str) -> str:
    return (
        f"layer {name!r} has no {what}: only layers in training have one. Return {what!r} from `needs` of "
        "the method's Hooks, or pass views=netsci.sparse.views(net, watch) to evolve"
    )
