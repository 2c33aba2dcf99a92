"""Coalescent embedding: places the nodes of a network in the hyperbolic disk or ball.

Links get lengths (pre-weighting), path lengths are reduced to one to three coordinates of every node, their
angle becomes the angular coordinate, and the rank of the degree the radial one. `WEIGHTINGS` and
`REDUCTIONS` are tables of functions, each in its module: a method more is an entry more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.graph.checks import as_whole, check_choice, check_number
from netsci.graph.degree.exponent import grid_exponent
from netsci.graph.geometry.angles import one_turn
from netsci.graph.geometry.joining import COMPONENTS, Part, check_undirected, join_components, largest_part
from netsci.graph.geometry.reductions import ONE_COLUMN, REDUCTIONS, Reduced
from netsci.graph.geometry.weightings import WEIGHTINGS

ANGLES = ("original", "equidistant")
MOST_DOTS = 2_000  # nodes drawn in the small disk of a notebook
SIDE = 180  # its pixels


@dataclass(frozen=True, eq=False)
class Embedding:
    """Hyperbolic coordinates of the embedded nodes, all in the order of `nodes`.

    nodes : int64 [n], indices into the adjacency, ascending.
    theta : float64 [n], angle in the disk, radians in [0, 2 pi).
    radius : float64 [n], native radius, 0 to 2 ln n; NaN where gamma is.
    gamma : degree exponent that sets the radii; NaN if all degrees are equal and none was passed.
    columns : float64 [n, dimension], [n, 1] for mce and ncmce: the coordinates from which the angles are
        computed; the sign of each column is fixed.
    spectrum : float64 [k], leading moduli of the eigenvalues, one more than the method looks at; for le its
        smallest eigenvalues above 0, one more than columns. Where two successive values are nearly equal,
        their columns are arbitrary up to a rotation, and so are the angles.
    azimuth, elevation : float64 [n], angles on the sphere, radians in [0, 2 pi) and [-pi/2, pi/2]; None in
        2-D.
    component_share : nodes embedded / nodes of the adjacency, in (0, 1].
    notes : short plain sentences. One says that the angles are arbitrary: a vector that sets them has the
        same eigenvalue (moduli within 1e-9 of the largest, for le within 1e-12) as a vector that is not
        used, as in a star or a complete bipartite network. If the vectors in use have equal eigenvalues,
        this only rotates the picture: no note. For mce and ncmce one says that several minimum spanning trees
        are equally short, so that node numbers set the angles. Other notes say which components were joined
        and which nodes are not embedded.
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

    def _repr_html_(self) -> str:
        return _html(self)


def coalescent_embedding(
    adjacency: Any,
    *,
    weighting: str = "ra1",
    reduction: str = "nciso",
    angles: str = "equidistant",
    dimension: int = 2,
    gamma: float | None = None,
    components: str = "largest",
    node_types: Any = None,
    threads: int | None = None,
) -> Embedding:
    """Return hyperbolic coordinates of the nodes of an undirected network.

    With k the degree, c_ij the common neighbours and e_i = k_i - c_ij - 1, a link has the length 1 (none),
    (k_i + k_j + k_i k_j)/(1 + c_ij) (ra1), (1 + e_i + e_j + e_i e_j)/(1 + c_ij) (ra2) or its unnormalised
    edge betweenness (ebc). In a layered network linked nodes share no neighbour (its clustering is 0), so
    ra1 = (1 + k_i)(1 + k_j) - 1 and ra2 = k_i k_j say degree only. From the path lengths D, iso takes
    eigenvectors 1-2 (3-D 1-3) of -1/2 J (D o D) J, J the centring matrix, and nciso vectors 2-3 (3-D 2-4) of
    D itself, by decreasing |lambda| and times sqrt|lambda|; mce and ncmce take vector 1 and 2 of the same
    matrices with D along the minimum spanning tree (`minimum_spanning_tree`). le takes the eigenvectors of
    the links' Laplacian above the trivial one, 1-2 (3-D 1-3), by increasing lambda (`eigenmaps`).
    theta = atan2(y_2, y_1) mod 2 pi, of one column 2 pi (n-1)/n (y - min)/(max - min); equidistant angles
    keep its order only, theta = 2 pi rank / n, equal angles in node order. With nodes ranked from 1 by
    decreasing degree, ties in node order, and beta = 1/(gamma - 1),
    radius = max(0, 2 beta ln rank + 2 (1 - beta) ln n). Any rotation or reflection is the same embedding.

    Parameters
    ----------
    adjacency : [N, N] symmetric, dense or sparse, zero diagonal; only the structure counts, not the values.
    weighting : none, ra1, ra2, ebc. reduction : iso, nciso, mce, ncmce, le. angles : original, equidistant.
    dimension : 2, or 3 for azimuth and elevation as well (not mce, ncmce); these are never made equidistant,
        and theta and radius are those of the disk all the same.
    gamma : degree exponent above 1. None fits it as the authors do (`grid_exponent`), on the nodes embedded;
        if all degrees are equal there is none: gamma and radius are then NaN, and theta still stands.
    components : "largest" embeds the largest component, of equals the one with the lowest index. "joined"
        embeds all nodes that have links: a temporary link joins each smaller component to the largest
        (see `join_components`). Path lengths alone use this link; le has no path lengths and gives it the
        mean length of a link. Isolated nodes are not embedded.
    node_types : whole numbers [N], used by joined: temporary links run between opposite types, e.g.
        LayeredGraph.node_population. None: all nodes are of one type.
    threads : of the path searches; None takes one a processor. Results do not depend on it.

    Returns
    -------
    Embedding of float64 arrays; O(n^2) memory, O(n E log n) time; le O(E) memory.

    Raises
    ------
    TypeError
        If the adjacency, dimension, gamma, node_types or threads are not numbers of their kind.
    ValueError
        If it is not square, not symmetric or has self-loops, if fewer than 4 nodes are to be embedded or
        they are complete, if gamma <= 1, if a name or the dimension is not among those above, or if
        node_types come without components="joined".

    Examples
    --------
    >>> ring = np.roll(np.eye(6), 1, axis=1) + np.roll(np.eye(6), -1, axis=1)
    >>> disk = coalescent_embedding(ring, weighting="none", reduction="iso", gamma=2.5)
    >>> disk.theta.shape, disk.component_share
    ((6,), 1.0)

    Source: S1 section 4.2 and Appendix D; Muscoloni et al., Nature Communications 8, 1615 (2017).
    Reading: the reduction orders by |lambda| as the authors' singular values do, not by the algebraic value.
    """
    _check_options(weighting, reduction, angles, dimension, gamma, components)
    if node_types is not None and components != "joined":
        raise ValueError(
            f'node_types have an effect only with components="joined"; got components={components!r}: '
            'pass components="joined", or omit node_types'
        )
    network = check_undirected(adjacency)
    part = largest_part(network) if components == "largest" else join_components(network, node_types)
    _check_shape(part)
    lengths = part.with_temporary(WEIGHTINGS[weighting](part.links), weighting, at_mean=reduction == "le")
    reduced = REDUCTIONS[reduction](lengths, dimension, threads)
    columns = reduced.columns
    angle = _angle(columns)
    exponent = float(gamma) if gamma is not None else grid_exponent(part.degrees)[0]
    if angles == "original":
        theta = angle
    else:  # of one column its own order: as angles, values a last digit apart may coincide
        theta = equidistant_angles(columns[:, 0] if columns.shape[1] == 1 else angle)
    solid = columns.shape[1] == 3
    return Embedding(
        nodes=part.nodes,
        theta=theta,
        radius=radial_coordinates(part.degrees, exponent),
        gamma=exponent,
        columns=columns,
        spectrum=reduced.spectrum,
        component_share=len(part.nodes) / network.shape[0],
        azimuth=angle if solid else None,
        elevation=np.arctan2(columns[:, 2], np.hypot(columns[:, 0], columns[:, 1])) if solid else None,
        notes=part.notes + _notes(reduced),
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
    if columns.shape[1] == 1:
        y, count = columns[:, 0], len(columns)
        return np.asarray(2 * np.pi * (count - 1) / count * (y - y.min()) / (y.max() - y.min()))
    return one_turn(np.arctan2(columns[:, 1], columns[:, 0]))


def _notes(reduced: Reduced) -> tuple[str, ...]:
    because = "a vector behind them shares its eigenvalue with one left out, so another basis is as good"
    dimension = reduced.columns.shape[1]
    found = []
    if reduced.arbitrary(min(dimension, 2)):
        found.append(f"the angles theta are arbitrary: {because}")
    if dimension == 3 and reduced.arbitrary(3):
        found.append(f"azimuth and elevation are arbitrary: {because}")
    if not reduced.one_tree:
        found.append(
            "the angles theta depend on the order of the nodes: links of equal length leave several minimum "
            "spanning trees, and node numbers choose one; nciso and le need no tree"
        )
    return tuple(found)


def _check_options(
    weighting: str, reduction: str, angles: str, dimension: int, gamma: float | None, components: str
) -> None:
    check_choice(weighting, tuple(WEIGHTINGS), "weighting")
    check_choice(reduction, tuple(REDUCTIONS), "reduction")
    check_choice(angles, ANGLES, "angles")
    check_choice(components, COMPONENTS, "components")
    if as_whole(dimension, "dimension") not in (2, 3):
        raise ValueError(f"dimension must be 2 (disk) or 3 (ball); got {dimension!r}")
    if dimension == 3 and reduction in ONE_COLUMN:
        raise ValueError(
            f"dimension must be 2 for reduction {reduction}, which has one coordinate only; got 3: for 3 "
            "dimensions use iso, nciso or le"
        )
    if gamma is not None:
        check_number(gamma, "gamma")
        if not 1 < gamma < math.inf:
            raise ValueError(f"gamma must be a finite number above 1, or None to fit it; got {gamma!r}")


def _check_shape(part: Part) -> None:
    count = len(part.nodes)
    if count < 4:
        raise ValueError(
            "adjacency must have at least 4 connected nodes; "
            f"{'its components, joined, have' if len(part.ends) else 'its largest component has'} {count}"
        )
    if part.links.nnz == count * (count - 1):
        raise ValueError(
            f"the largest component ({count} nodes) is complete: all its distances are equal, so no "
            "arrangement of its nodes is better than another; remove links first, e.g. prune the network"
        )


def _html(embedding: Embedding) -> str:
    """Return an embedding as a small disk of dots with its figures beside it."""
    from netsci.graph.representation import table

    cells = [
        f"{len(embedding.nodes):,}",
        f"{100 * embedding.component_share:.2f} %",
        "—" if math.isnan(embedding.gamma) else f"{embedding.gamma:.3g}",
        "3" if embedding.azimuth is not None else "2",
    ]
    notes = "".join(f"<li>{escape(note)}</li>" for note in embedding.notes)
    summary = table(["nodes", "of all", "gamma", "dimensions"], [cells])
    return _disk(embedding) + summary + (f"<ul>{notes}</ul>" if notes else "")


def _disk(embedding: Embedding) -> str:
    """Return the nodes in the native disk as SVG; nothing where the radii are undefined."""
    if not len(embedding.radius) or np.isnan(embedding.radius).any():
        return ""
    step = -(-len(embedding.radius) // MOST_DOTS)
    share = (embedding.radius / max(float(embedding.radius.max()), 1e-12))[::step]
    theta = embedding.theta[::step]
    x, y = 100 + 95 * share * np.cos(theta), 100 - 95 * share * np.sin(theta)
    dots = "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="1.6"/>' for a, b in zip(x, y, strict=True))
    return (
        f'<svg width="{SIDE}" height="{SIDE}" viewBox="0 0 200 200" role="img" aria-label="hyperbolic disk">'
        '<circle cx="100" cy="100" r="97" fill="none" stroke="#888888"/>'
        f'<g fill="#1e70b3">{dots}</g></svg>'
    )
