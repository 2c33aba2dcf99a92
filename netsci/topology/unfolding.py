"""Score the missing weights of a convolution: three ways to see it as a bipartite graph.

A convolution has links M[o, i, a] from the channel i to the output o at the kernel place a (k k of them). A
row of its view is a channel at a place, i k k + a, and a column is an output.

    im2col   rows are nodes: a channel at a place. Blind to where in the kernel a place is.
    lattice  the layer unfolded onto an endless grid of pixels: nodes are channels at pixels. Local, and
             computed without unfolding.
    channel  channels are nodes. All missing weights between two channels score the same.

Each scores by CH3-L3n: the sum over z in the local community of 1 / (1 + links of z that leave it).

Source: S1 appendix B names CHT-Conv, whose code is not public.
Reading: all three are ours; "im2col" is the default.
"""

from __future__ import annotations

from itertools import product
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from netsci.topology.view import LayerView

RULE = "ch3_l3n"
_Floats = NDArray[np.float64]


def im2col(view: LayerView) -> _Floats:
    """Return the CH3-L3n score of every missing weight, the rows of the view as nodes.

    float64 [rows, columns], NaN at existing links.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> from netsci.topology.view import ArrayView
    >>> im2col(ArrayView("a", sp.csr_array([[True, True], [True, False]]))).tolist()
    [[nan, nan], [nan, 2.0]]
    """
    from netsci.graph.ch.scores import ch_scores  # compiles kernels: only where used

    scores: _Floats = ch_scores(view.links, RULE)
    return scores


def channel(view: LayerView) -> _Floats:
    """Return the CH3-L3n score of the pair of channels of every missing weight.

    Two channels are linked if at least one weight joins them. A pair that is linked gets the score that it
    would have without this link. float64 [rows, columns], NaN at existing links.

    Raises ValueError if the rows are no whole channels.
    """
    from netsci.graph.ch.scores import ch_scores

    kernels = _kernels(view)
    scores = ch_scores(kernels.any(axis=2).T, RULE, existing="leave_one_out")
    return _at_missing(np.repeat(scores, kernels.shape[2], axis=0), view)


def lattice(view: LayerView) -> _Floats:
    """Return the CH3-L3n score of every missing weight on an endless grid of pixels, stride 1.

    With M[o, i, a] in {0, 1}, shifts s from -(k - 1) to k - 1 in each direction, and degrees
    D_j = sum over o, a of M[o, j, a], D_p = sum over i, a of M[p, i, a]:

        T[i, j, s] = sum over o, a of M[o, i, a] M[o, j, a + s]     G = 1 / (D_j - T)
        B[p, o, s] = sum over i, a of M[p, i, a] M[o, i, a + s]     H = 1 / (D_p - B)
        score(o, i, d) = sum over j, e of G[i, j, e - d] M[o, j, e]
                       + sum over p, e of M[p, i, e] H[p, o, d - e]

    G and H are 0 where T or B is 0, where the denominator is, and for a node with itself. Every pixel has the
    same scores, so that this is also their mean over pixels.

    float64 [rows, columns], NaN at existing links. Raises ValueError if the rows are no whole channels of a
    square kernel.
    """
    kernels = _kernels(view).astype(np.float64)  # [outputs, channels, places]
    outputs, channels, places = kernels.shape
    side = isqrt(places)
    if side * side != places:
        raise ValueError(
            f"the kernel of layer {view.name!r} must be square for the unfolding 'lattice'; it has {places} "
            "places: take 'im2col' or 'channel'"
        )
    grid = np.ascontiguousarray(np.moveaxis(kernels, 2, 0))  # [places, outputs, channels]
    of_channels, of_outputs = grid.sum((0, 1)), grid.sum((0, 2))
    score = np.zeros((places, outputs, channels))
    reach = range(-(side - 1), side)
    for shift in product(reach, reach):
        pairs = _pairs(side, shift)
        near = sum((grid[a].T @ grid[b] for a, b in pairs), np.zeros((channels, channels)))
        inner = _inverse(of_channels - near, near, shift)  # G[i, j, shift]
        far = sum((grid[a] @ grid[b].T for a, b in pairs), np.zeros((outputs, outputs)))
        outer = _inverse(of_outputs[:, None] - far, far, shift)  # H[p, o, shift]
        for a, b in pairs:  # b = a + shift
            score[a] += grid[b] @ inner.T  # d = a, e = b
            score[b] += outer.T @ grid[a]  # e = a, d = b
    return _at_missing(score.transpose(2, 0, 1).reshape(channels * places, outputs), view)


def _kernels(view: LayerView) -> NDArray[np.bool_]:
    """Return the links as M[outputs, channels, places]."""
    rows, columns = view.links.shape
    own = view.rows_per_unit
    if rows % own:
        raise ValueError(
            f"rows of layer {view.name!r} must be whole channels, {own} rows each; there are {rows}"
        )
    dense: NDArray[np.bool_] = view.links.toarray()
    return dense.reshape(rows // own, own, columns).transpose(2, 0, 1)


def _pairs(side: int, shift: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the places a and a + shift of a kernel."""
    found = []
    for a, b in product(range(side), repeat=2):
        c, d = a + shift[0], b + shift[1]
        if 0 <= c < side and 0 <= d < side:
            found.append((a * side + b, c * side + d))
    return found


def _inverse(left: _Floats, shared: _Floats, shift: tuple[int, int]) -> _Floats:
    """Return 1 / left where nodes share a neighbour and have another one; 0 for a node with itself."""
    good = (shared > 0) & (left > 0)
    if shift == (0, 0):
        np.fill_diagonal(good, False)
    return np.divide(1.0, left, out=np.zeros_like(left), where=good)


def _at_missing(scores: _Floats, view: LayerView) -> _Floats:
    links = view.links
    scores[np.repeat(np.arange(links.shape[0]), np.diff(links.indptr)), links.indices] = np.nan
    return scores
