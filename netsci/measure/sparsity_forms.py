"""The sparsity index over time and over the projections of a network."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import check_iterable, read_array, shorten
from netsci.measure.entries import select_entries
from netsci.measure.sparsity import check_orders, neuron_sparsity_index, pooled_index, power_sums

if TYPE_CHECKING:
    import pandas as pd


class WeightedProjection(Protocol):
    """What `projection_sparsity_index` reads of a projection; netsci.graph.Projection has all of it."""

    name: str
    links: Any
    weights: Any


def temporal_sparsity_index(
    steps: Iterable[Any], *, mask: Any = None, p: float = 0.5, q: float = 1.0
) -> float:
    """Return the sparsity index of W(1) ... W(T) stacked, one number for space and time together.

    I(W_T) = 1 - (d T)^(1/q - 1/p) ||W_T||_p / ||W_T||_q with ||W_T||_r = (sum_t ||W(t)||_r^r)^(1/r) and d the
    entries of one step. Repeating the same step leaves the value; steps that differ may raise or lower it.

    Parameters
    ----------
    steps : W(1), ..., W(T) of one shape, dense or scipy sparse; or one array [T, ...] such as spike counts
        [T, neuron]. An iterator is read once, so the steps need not be in memory together.
    mask : boolean, of the shape of one step, as in `sparsity_index`; the same for every step.
    p, q : finite orders with 0 < p < q, no unit.

    Returns
    -------
    float in [0, 1), no unit; 1.0 by definition when all entries of all steps are zero.

    Raises
    ------
    TypeError, ValueError
        As `sparsity_index`; ValueError also without a step, or if steps differ in shape.

    Examples
    --------
    >>> temporal_sparsity_index([[1, 1], [0, 0]]), temporal_sparsity_index([[1, 0], [1, 1]])
    (0.5, 0.25)

    Source: S3 A.3, the norms of W'_T.
    Reading: S3 prints n T for the number of entries of a d x (n T) array; it is that of all entries. It says
    that activity which differs over time lowers the index; [1, 1] then [0, 0] raises it from 0 to .5.
    """
    check_orders(p, q)
    parts = [power_sums(*entries, p, q) for entries in _each_step(steps, mask)]
    return pooled_index(parts, p, q)


def temporal_sparsity_curve(
    steps: Iterable[Any], *, mask: Any = None, p: float = 0.5, q: float = 1.0
) -> NDArray[np.float64]:
    """Return the sparsity index I(W(t)) of every time step alone.

    Parameters
    ----------
    steps, mask, p, q : as in `temporal_sparsity_index`.

    Returns
    -------
    float64 [T], each in [0, 1), no unit; 1.0 for a step without any activity.

    Raises
    ------
    TypeError, ValueError
        As `temporal_sparsity_index`.

    Examples
    --------
    >>> temporal_sparsity_curve([[1, 1], [2, 0], [0, 0]]).tolist()
    [0.0, 0.5, 1.0]

    Source: S3 A.3, temporal sparsity.
    """
    check_orders(p, q)
    return np.array([pooled_index([power_sums(*entries, p, q)], p, q) for entries in _each_step(steps, mask)])


def projection_sparsity_index(
    projections: Iterable[WeightedProjection], *, p: float = 0.5, q: float = 1.0
) -> "pd.DataFrame":
    """Return the sparsity index of every projection of a network, over all cells, over links, by neuron.

    A cell is a possible link. Without weights every link weighs 1, so that over all cells
    I = 1 - (links/cells)^(1/p - 1/q) and over links I = 0.

    Parameters
    ----------
    projections : objects with name, links (bool [presynaptic, postsynaptic], sparse) and weights (the same
        structure, or None), such as `LayeredGraph.projections`.
    p, q : finite orders with 0 < p < q, no unit.

    Returns
    -------
    DataFrame with a row for each projection and a last one, "all", for all their entries together; columns
    projection, cells, links, index_cells, index_links (NaN without a link), index_source and index_target
    (means over presynaptic rows and over postsynaptic columns of I over cells; NaN in "all"). No unit.

    Raises
    ------
    TypeError, ValueError
        As `sparsity_index`; ValueError also without a projection.

    Examples
    --------
    >>> from netsci.graph import LayeredGraph
    >>> layers = LayeredGraph.from_masks([[[1, 0], [0, 0]], [[1, 1], [1, 1]]]).projections
    >>> projection_sparsity_index(layers)["index_cells"].tolist()
    [0.75, 0.0, 0.375]

    Source: S3, I(W) of a weight matrix. Reading: S3 does not say whether absent links count; both are given.
    """
    import pandas as pd

    check_orders(p, q)
    check_iterable(projections, "projections", "a list of projections, such as graph.projections")
    rows, over_cells, over_links = [], [], []
    for projection in projections:
        if not all(hasattr(projection, part) for part in ("name", "links", "weights")):
            raise TypeError(
                f"each of projections must have name, links and weights; got {shorten(projection)}"
            )
        w = projection.links if projection.weights is None else projection.weights
        if w.shape != projection.links.shape:
            raise ValueError(
                f"projection {projection.name!r} has weights {w.shape} for links {projection.links.shape}"
            )
        in_cells = [power_sums(*select_entries(w, name=projection.name), p, q)]
        in_links = (
            [power_sums(*select_entries(w, projection.links, projection.name), p, q)]
            if projection.links.nnz
            else []
        )
        rows.append(
            {"projection": projection.name}
            | _both(in_cells, in_links, p, q)
            | {
                f"index_{side}": float(neuron_sparsity_index(w, axis=axis, p=p, q=q).mean())
                for side, axis in (("source", "rows"), ("target", "columns"))
            }
        )
        over_cells += in_cells
        over_links += in_links
    if not rows:
        raise ValueError("projections is empty; the sparsity index needs at least one projection")
    everything = {"projection": "all"} | _both(over_cells, over_links, p, q)
    return pd.DataFrame([*rows, everything])


def _both(in_cells: list[Any], in_links: list[Any], p: float, q: float) -> dict[str, Any]:
    return {
        "cells": sum(part.n for part in in_cells),
        "links": sum(part.n for part in in_links),
        "index_cells": pooled_index(in_cells, p, q),
        "index_links": pooled_index(in_links, p, q) if in_links else float("nan"),
    }


def _each_step(steps: Iterable[Any], mask: Any) -> Iterable[tuple[NDArray[np.float64], int]]:
    """Yield the magnitudes and the number of entries of each step; raise unless all have one shape."""
    shape = None
    check_iterable(steps, "steps", "the weights of each time step, one after the other")
    for number, step in enumerate(steps, start=1):
        w = step if hasattr(step, "shape") else read_array(step, f"step {number}")
        if shape is not None and w.shape != shape:
            raise ValueError(
                f"all steps must have one shape; step 1 has {shape}, step {number} has {w.shape}"
            )
        shape = w.shape
        yield select_entries(w, mask, f"step {number}")
    if shape is None:
        raise ValueError("steps is empty; the sparsity index needs at least one time step")
