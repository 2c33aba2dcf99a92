"""Remove small weights, so that the links that stay show a dense layer as a network."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.io.network.layers import Layer
from netsci.io.network.structure import structure


def cut(
    layers: list[Layer], *, threshold: float | None = None, density: float | None = None
) -> tuple[list[Layer], list[str]]:
    """Remove the small weights of each layer; return the layers and a note for each.

    A link stays where |w| >= threshold, or where it is one of the floor(density * places) links of its layer
    with the largest |w|; places are rows x columns (of a grouped convolution those within groups). Equal
    weights are taken in the order of rows, then columns, so that the count is exact. A link that is
    absent by a mask, a stored pattern or a zero stays absent, so a layer may have less than the density.
    Layers without weights (masks alone) or with NaN do not change.

    Parameters
    ----------
    layers : values [presynaptic, postsynaptic]; not changed.
    threshold : at least 0 and finite, in the units of the weights.
    density : in (0, 1], the share of places that may stay.

    Raises
    ------
    TypeError
        If the value is not a number.
    ValueError
        If neither or both are given, or the number is out of range.

    Examples
    --------
    >>> layer = Layer("fc", np.array([[1.0, -3.0], [2.0, 0.0]]), None)
    >>> cut([layer], density=0.5)[0][0].values.toarray().tolist()
    [[0.0, -3.0], [2.0, 0.0]]

    Source: Han et al., NeurIPS 28 (2015), pruning by magnitude, layer by layer.
    """
    _check(threshold, density)
    done, notes = [], []
    for layer in layers:
        links, weights = structure(layer.values, layer.mask)
        if weights is None:
            done.append(layer)
            notes.append(f"{layer.name} has no weights to compare: all {links.nnz:,} links stay")
            continue
        size = np.abs(weights.data)
        if np.isnan(size).any():
            done.append(layer)
            notes.append(f"{layer.name} holds NaN, which cannot be compared: all {links.nnz:,} links stay")
            continue
        places = weights.shape[0] * weights.shape[1] // layer.groups
        keep = size >= threshold if density is None else largest(size, _count(density, places))
        done.append(replace(layer, values=_keep(weights, keep), mask=None))
        kept = int(np.count_nonzero(keep))
        notes.append(f"{layer.name}: {kept:,} of {links.nnz:,} links stay, {kept / places:.4g} of all places")
    return done, notes


def largest(size: NDArray[np.floating], count: int) -> NDArray[np.bool_]:
    """Return where the `count` largest numbers are, the first of equals; all where there are fewer.

    >>> largest(np.array([2.0, 1.0, 2.0, 2.0]), 2).tolist()
    [True, False, True, False]
    """
    if count >= len(size):
        return np.ones(len(size), bool)
    if count == 0:
        return np.zeros(len(size), bool)
    least = np.partition(size, len(size) - count)[len(size) - count]
    keep: NDArray[np.bool_] = size > least
    equal = np.flatnonzero(size == least)
    keep[equal[: count - int(np.count_nonzero(keep))]] = True
    return keep


def _count(density: float, places: int) -> int:
    # 0.29 of 100 places is 28.999999999999996 in floating point, and 29 is meant.
    exact = density * places
    return round(exact) if math.isclose(exact, round(exact), rel_tol=1e-12) else math.floor(exact)


def _keep(weights: sp.csr_array, keep: NDArray[np.bool_]) -> sp.csr_array:
    before = np.concatenate([[0], np.cumsum(keep)])
    parts = (weights.data[keep], weights.indices[keep], before[weights.indptr])
    return sp.csr_array(parts, shape=weights.shape)


def _check(threshold: float | None, density: float | None) -> None:
    if (threshold is None) == (density is None):
        what = "neither" if threshold is None else "both"
        raise ValueError(f"cut needs either a threshold or a density; got {what}")
    name, value = ("threshold", threshold) if density is None else ("density", density)
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} must be a number; got {value!r}")
    if name == "density" and not 0 < value <= 1:
        raise ValueError(f"density must lie in (0, 1], the share of possible links to keep; got {value!r}")
    if name == "threshold" and not 0 <= value < math.inf:
        raise ValueError(f"threshold must be at least 0 and finite; got {value!r}")
