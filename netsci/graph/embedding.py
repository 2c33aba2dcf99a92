"""Coalescent embedding: places the nodes of a network in the hyperbolic disk or ball.

Links get lengths (pre-weighting), path lengths are reduced to two or three coordinates of every node, their
angle becomes the angular coordinate, and the rank of the degree the radial one. `WEIGHTINGS` and
`REDUCTIONS` are tables of functions, each in its module: a method more is an entry more.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.checks import as_links, check_choice, check_number
from netsci.graph.exponent import grid_exponent
from netsci.graph.reductions import REDUCTIONS
from netsci.graph.weightings import WEIGHTINGS

ANGLES = ("original", "equidistant")
AGREE = 1e-9  # of the largest modulus: eigenvalues closer than this count as one


@dataclass(frozen=True, eq=False)
class Embedding:
    """Hyperbolic coordinates of the embedded nodes, all in the order of `nodes`.

    nodes : int64 [n], indices into the adjacency, ascending.
    theta : float64 [n], angle in the disk, radians in [0, 2 pi).
    radius : float64 [n], native radius, 0 to 2 ln n; NaN where gamma is.
    gamma : degree exponent behind the radii; NaN if all degrees are equal and none was given.
    columns : float64 [n, dimension], the coordinates before angles are taken, one sign a column.
    spectrum : float64 [k], leading moduli of the eigenvalues, one more than the method looks at. Where two
        neighbours nearly agree their columns are arbitrary up to a rotation, and so are the angles.
    azimuth, elevation : float64 [n], angles on the sphere, radians in [0, 2 pi) and [-pi/2, pi/2]; None in
        2-D.
    component_share : nodes embedded / nodes of the adjacency, in (0, 1].
    notes : short plain sentences; one says that the angles are arbitrary, where a vector behind them shares
        its eigenvalue (moduli within 1e-9 of the largest) with a vector left out, as in a star or a complete
        bipartite network. Eigenvalues that agree among the vectors used only turn the picture: no note.
    """

    nodes: NDArray[np.int64]
    theta: NDArray[np.float64]
    radius: NDArray[np.float64]
    gamma: float
    columns: NDArray[np.float64]
    spectrum: NDArray[np.float64]
    component_share: float
    azimuth: NDArray[np.float64] | None = None
    elevation: NDArray[np.float64] | None = None
    notes: tuple[str, ...] = ()


def coalescent_embedding(
    adjacency: Any,
    *,
    weighting: str = "ra1",
    reduction: str = "nciso",
    angles: str = "equidistant",
    dimension: int = 2,
    gamma: float | None = None,
) -> Embedding:
    """Return hyperbolic coordinates of the nodes of an undirected network.

    With k the degree, c_ij the common neighbours and e_i = k_i - c_ij - 1, a link has the length 1 (none),
    (k_i + k_j + k_i k_j)/(1 + c_ij) (ra1), (1 + e_i + e_j + e_i e_j)/(1 + c_ij) (ra2) or its unnormalised
    edge betweenness (ebc). In a layered network linked nodes share no neighbour, so
    ra1 = (1 + k_i)(1 + k_j) - 1 and ra2 = k_i k_j say degree only. From the path lengths D, iso takes
    eigenvectors 1-2 (3-D 1-3) of -1/2 J (D o D) J, J the centring matrix, and nciso vectors 2-3 (3-D 2-4) of
    D itself, by decreasing |lambda| and times sqrt|lambda|. theta = atan2(y_2, y_1) mod 2 pi; equidistant
    angles keep its order only, theta = 2 pi rank / n, equal angles in node order. With nodes ranked from 1 by
    decreasing degree, ties in node order, and beta = 1/(gamma - 1),
    radius = max(0, 2 beta ln rank + 2 (1 - beta) ln n).

    Of a disconnected network the largest component is embedded, among equals the one that holds the lowest
    index. Any rotation or reflection of the angles is the same embedding.

    Parameters
    ----------
    adjacency : [N, N] symmetric, dense or sparse, zero diagonal; only the structure counts, not the values.
    weighting : none, ra1, ra2 or ebc. reduction : iso or nciso. angles : original or equidistant.
    dimension : 2, or 3 for azimuth and elevation as well; these are never made equidistant, and theta and
        radius are those of the disk all the same.
    gamma : degree exponent above 1. None fits it as the authors do (`grid_exponent`), on the component; if
        all its degrees are equal there is none: gamma and radius are then NaN, and theta still stands.

    Returns
    -------
    Embedding of float64 arrays; O(n^2) memory, O(n E log n) time over the processor's cores.

    Raises
    ------
    TypeError
        If the adjacency or gamma is not numeric.
    ValueError
        If it is not square, not symmetric or has self-loops, if its largest component has fewer than 4 nodes
        or is complete, if gamma <= 1, or if a name or the dimension is not among those above.

    Examples
    --------
    >>> ring = np.roll(np.eye(6), 1, axis=1) + np.roll(np.eye(6), -1, axis=1)
    >>> disk = coalescent_embedding(ring, weighting="none", reduction="iso", gamma=2.5)
    >>> disk.theta.shape, disk.component_share
    ((6,), 1.0)

    Source: S1 section 4.2 and Appendix D; Muscoloni et al., Nature Communications 8, 1615 (2017).
    Reading: the reduction orders by |lambda| as the authors' singular values do, not by the algebraic value.
    """
    check_choice(weighting, tuple(WEIGHTINGS), "weighting")
    check_choice(reduction, tuple(REDUCTIONS), "reduction")
    check_choice(angles, ANGLES, "angles")
    if dimension not in (2, 3):
        raise ValueError(f"dimension must be 2 (disk) or 3 (ball); got {dimension!r}")
    if gamma is not None:
        check_number(gamma, "gamma")
        if not 1 < gamma < math.inf:
            raise ValueError(f"gamma must be a finite number above 1, or None to fit it; got {gamma!r}")
    network = _undirected(adjacency)
    nodes = _largest_component(network)
    part = sp.csr_array(network[nodes][:, nodes])
    _check_shape(part)
    lengths = WEIGHTINGS[weighting](part)
    columns, spectrum = REDUCTIONS[reduction](lengths, dimension)
    angle = _angle(columns)
    degrees = np.diff(part.indptr).astype(np.int64)
    exponent = float(gamma) if gamma is not None else grid_exponent(degrees)[0]
    return Embedding(
        nodes=nodes,
        theta=equidistant_angles(angle) if angles == "equidistant" else angle,
        radius=radial_coordinates(degrees, exponent),
        gamma=exponent,
        columns=columns,
        spectrum=spectrum,
        component_share=len(nodes) / network.shape[0],
        azimuth=angle if dimension == 3 else None,
        elevation=np.arctan2(columns[:, 2], np.hypot(columns[:, 0], columns[:, 1]))
        if dimension == 3
        else None,
        notes=_notes(columns, spectrum),
    )


def radial_coordinates(degrees: NDArray[np.int64], gamma: float) -> NDArray[np.float64]:
    """Return radius = max(0, 2 beta ln rank + 2 (1 - beta) ln n), rank 1 for the largest degree.

    Parameters
    ----------
    degrees : int64 [n]; equal degrees rank in node order. gamma : above 1; NaN gives NaN radii.

    Returns
    -------
    float64 [n], native radii from 0 to 2 ln n.

    Examples
    --------
    >>> radial_coordinates(np.array([1, 3, 2]), 2.0).round(3).tolist()
    [2.197, 0.0, 1.386]

    Source: S1 section 4.2; Muscoloni et al. (2017), popularity-similarity radii.
    """
    count = len(degrees)
    beta = 1.0 / (gamma - 1.0)
    rank = np.empty(count)
    rank[np.argsort(-degrees, kind="stable")] = np.arange(1, count + 1)
    return np.asarray(np.maximum(0.0, 2 * beta * np.log(rank) + 2 * (1 - beta) * np.log(count)))


def equidistant_angles(theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 2 pi rank / n, rank from 0 by increasing angle, equal angles in node order.

    Examples
    --------
    >>> (equidistant_angles(np.array([0.1, 3.0, 0.2, 6.0])) / np.pi).tolist()
    [0.0, 1.0, 0.5, 1.5]

    Source: S1 section 4.2 (equidistant adjustment).
    """
    rank = np.empty(len(theta))
    rank[np.argsort(theta, kind="stable")] = np.arange(len(theta))
    return np.asarray(2 * np.pi * rank / len(theta))


def _angle(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    angle = np.mod(np.arctan2(columns[:, 1], columns[:, 0]), 2 * np.pi)
    angle[angle >= 2 * np.pi] = 0.0  # the remainder of a tiny negative angle rounds up to 2 pi
    return np.asarray(angle)


def _notes(columns: NDArray[np.float64], spectrum: NDArray[np.float64]) -> tuple[str, ...]:
    because = "a vector behind them shares its eigenvalue with one left out, so another basis is as good"
    found = []
    if _arbitrary(columns[:, :2], spectrum):
        found.append(f"the angles theta are arbitrary: {because}")
    if columns.shape[1] == 3 and _arbitrary(columns, spectrum):
        found.append(f"azimuth and elevation are arbitrary: {because}")
    return tuple(found)


def _arbitrary(columns: NDArray[np.float64], spectrum: NDArray[np.float64]) -> bool:
    """Return whether more eigenvalues agree with one of the columns' than there are columns for them."""
    moduli = np.sum(columns**2, axis=0)  # columns are unit vectors times sqrt|lambda|

    def alike(values: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.asarray((np.abs(values[:, None] - moduli) <= AGREE * spectrum[0]).sum(axis=0))

    return bool((alike(spectrum) > alike(moduli)).any())


def _undirected(adjacency: Any) -> sp.csr_array:
    links = as_links(adjacency, "adjacency")
    if links.shape[0] != links.shape[1]:
        raise ValueError(
            f"adjacency must be square; its shape is {links.shape} (of a layered network pass "
            "LayeredGraph.adjacency(), not a mask)"
        )
    if links.diagonal().any():
        raise ValueError("adjacency must have no self-loops; clear its diagonal first")
    if (links != links.T).nnz:
        raise ValueError(
            "adjacency must be symmetric; pass the undirected adjacency, e.g. its union with its transpose"
        )
    return links


def _largest_component(links: sp.csr_array) -> NDArray[np.int64]:
    if links.shape[0] == 0:
        raise ValueError("adjacency must have at least 4 connected nodes; it is empty")
    _, labels = sp.csgraph.connected_components(links, directed=False)
    sizes = np.bincount(labels)
    first = np.argmax(sizes[labels] == sizes.max())  # node of lowest index in a largest component
    return np.flatnonzero(labels == labels[first]).astype(np.int64)


def _check_shape(part: sp.csr_array) -> None:
    count = part.shape[0]
    if count < 4:
        raise ValueError(f"adjacency must have at least 4 connected nodes; its largest component has {count}")
    if part.nnz == count * (count - 1):
        raise ValueError(
            f"the largest component ({count} nodes) is complete: all nodes are alike and at equal distances, "
            "so any arrangement is as good as another; remove links first, e.g. prune the network"
        )
