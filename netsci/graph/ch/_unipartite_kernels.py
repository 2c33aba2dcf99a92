"""Compiled loops of the Cannistraci-Hebb scores of an undirected network: they walk paths, know no formula.

`Lists` hold neighbours, as a CSR matrix holds its columns. A weight is a ratio of whole numbers,

    (top0 + top1 di) / (d + out (1 - sides - di))

with d the degree, di the internal links and sides how many of u and v the node is next to: the caller chooses
top0, top1 and out. Every kernel runs on one thread and releases the interpreter lock.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netsci.compiling import njit

if TYPE_CHECKING:
    from netsci.graph.ch.inputs import Lists, Ratio


class Shared(NamedTuple):
    """Common neighbours of one node u and each z: node[begin[z] : end[z]]; touched lists the z with some."""

    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    node: NDArray[np.uint32]
    touched: NDArray[np.uint32]


class Sides(NamedTuple):
    """Who is next to u, who is next to v, and the internal links of each node (0 outside the community)."""

    u: NDArray[np.bool_]
    v: NDArray[np.bool_]
    inside: NDArray[np.int64]


@njit(cache=True, nogil=True)
def count_closed(near: "Lists") -> NDArray[np.int64]:
    """Return, for each node v, the ordered pairs of linked neighbours of v: twice its triangles."""
    total = np.zeros(near.start.size - 1, np.int64)
    mark = np.zeros(total.size, np.bool_)
    for v in range(total.size):
        around = near.node[near.start[v] : near.start[v + 1]]
        for z in around:
            mark[z] = True
        for z in around:
            for k in range(near.start[z], near.start[z + 1]):
                total[v] += mark[near.node[k]]
        for z in around:
            mark[z] = False
    return total


@njit(cache=True, nogil=True)
def list_closed(
    near: "Lists", first: int, last: int, start: NDArray[np.int64], node: NDArray[np.uint32]
) -> None:
    """List the common neighbours of v and z for each link (v, z), v from first to last, links in order."""
    mark = np.zeros(near.start.size - 1, np.bool_)
    filled = 0
    for v in range(first, last):
        around = near.node[near.start[v] : near.start[v + 1]]
        for z in around:
            mark[z] = True
        for e in range(near.start[v], near.start[v + 1]):
            start[e - near.start[first]] = filled
            z = near.node[e]
            for k in range(near.start[z], near.start[z + 1]):
                w = near.node[k]
                if mark[w]:
                    node[filled] = w
                    filled += 1
        for z in around:
            mark[z] = False
    start[near.start[last] - near.start[first]] = filled


@njit(cache=True, nogil=True)
def _share(u: int, near: "Lists", shared: Shared) -> int:
    """Fill the table for u and return how many z it holds; begin and end must be 0 at the others."""
    begin, end, touched = shared.begin, shared.end, shared.touched
    met = 0
    for i in range(near.start[u], near.start[u + 1]):
        x = near.node[i]
        for k in range(near.start[x], near.start[x + 1]):
            z = near.node[k]
            if end[z] == 0:
                touched[met] = z
                met += 1
            end[z] += 1
    place = 0
    for z in touched[:met]:
        begin[z] = place
        place += end[z]
        end[z] = begin[z]
    for i in range(near.start[u], near.start[u + 1]):
        x = near.node[i]
        for k in range(near.start[x], near.start[x + 1]):
            z = near.node[k]
            shared.node[end[z]] = x
            end[z] += 1
    return met


@njit(cache=True, nogil=True)
def score_two_steps(
    origins: NDArray[np.int64],
    start: NDArray[np.int64],
    targets: NDArray[np.int64],
    near: "Lists",
    ratio: "Ratio",
    scores: NDArray[np.float64],
) -> None:
    """Set scores[k] to the summed weights of the common neighbours of origins[i] and targets[k].

    The targets of origins[i] are numbered start[i] to start[i + 1].
    """
    n = near.start.size - 1
    begin, end, touched = np.zeros(n, np.int64), np.zeros(n, np.int64), np.empty(n, np.uint32)
    shared = Shared(begin, end, np.empty(near.node.size, np.uint32), touched)
    mark = np.zeros(n, np.bool_)
    for i in range(origins.size):
        met = _share(origins[i], near, shared)
        for k in range(start[i], start[i + 1]):
            common = shared.node[begin[targets[k]] : end[targets[k]]]
            for z in common:
                mark[z] = True
            total = 0.0
            for z in common:
                inside = 0
                for w in shared.node[begin[z] : end[z]]:
                    inside += mark[w]
                degree = near.start[z + 1] - near.start[z]
                total += (ratio.top0 + ratio.top1 * inside) / (degree - ratio.out * (1 + inside))
            for z in common:
                mark[z] = False
            scores[k] = total
        for z in touched[:met]:
            begin[z] = end[z] = 0


@njit(cache=True, nogil=True)
def score_three_steps(
    origins: NDArray[np.int64],
    start: NDArray[np.int64],
    targets: NDArray[np.int64],
    near: "Lists",
    ratio: "Ratio",
    by_path: bool,
    bounds: tuple[int, int],
    closed: "Lists",
    scores: NDArray[np.float64],
) -> None:
    """Set scores[k], 0 on entry, of every target within the bounds, from the paths of length three.

    by_path adds up the products of two square roots of weights, otherwise the weights of the local community.
    closed: what `list_closed` says of the bounds, so that links count which no path runs through; or empty.
    """
    n = near.start.size - 1
    begin, end, touched = np.zeros(n, np.int64), np.zeros(n, np.int64), np.empty(n, np.uint32)
    shared = Shared(begin, end, np.empty(near.node.size, np.uint32), touched)
    sides = Sides(np.zeros(n, np.bool_), np.zeros(n, np.bool_), np.zeros(n, np.int64))
    local, weight, reached = np.empty(n, np.uint32), np.zeros(n), np.zeros(n, np.bool_)
    for i in range(origins.size):
        u = origins[i]
        around_u = near.node[near.start[u] : near.start[u + 1]]
        met = _share(u, near, shared)
        for z in touched[:met]:
            reached[z] = z != u
        for z in around_u:
            sides.u[z] = True
        for k in range(start[i], start[i + 1]):
            v = targets[k]
            if v < bounds[0] or v >= bounds[1]:
                continue
            around_v = near.node[near.start[v] : near.start[v + 1]]
            joined = 0
            for z in around_v:
                joined += reached[z]
            if not joined:  # most pairs of a sparse network: no path, score 0
                continue
            for z in around_v:
                sides.v[z] = True
            size = _count_middle(u, v, around_v, shared, sides, local)
            if size and closed.start.size:
                _count_beside_u(around_u, shared, sides)
                _count_beside_v(around_v, near.start[v] - near.start[bounds[0]], closed, sides)
            total = _weigh(local[:size], near, ratio, sides, weight)
            if by_path and size:
                total = _sum_paths(u, v, around_v, shared, weight)
            scores[k] = total
            _forget(local[:size], around_v, sides)
        for z in around_u:
            sides.u[z] = False
        for z in touched[:met]:
            begin[z] = end[z] = 0
            reached[z] = False


@njit(cache=True, nogil=True)
def _weigh(
    local: NDArray[np.uint32], near: "Lists", ratio: "Ratio", sides: Sides, weight: NDArray[np.float64]
) -> float:
    """Set the square root of the weight of every local node and return the sum of the weights."""
    total = 0.0
    for z in local:
        inside = sides.inside[z]
        outside = 1 - sides.u[z] - sides.v[z] - inside
        degree = near.start[z + 1] - near.start[z]
        value = (ratio.top0 + ratio.top1 * inside) / (degree + ratio.out * outside)
        weight[z] = np.sqrt(value)
        total += value
    return total


@njit(cache=True, nogil=True)
def _forget(local: NDArray[np.uint32], around_v: NDArray[np.uint32], sides: Sides) -> None:
    """Clear what is marked for one v."""
    for z in local:
        sides.inside[z] = 0
    for z in around_v:
        sides.v[z] = False


@njit(cache=True, nogil=True)
def _count_middle(
    u: int, v: int, around_v: NDArray[np.uint32], shared: Shared, sides: Sides, local: NDArray[np.uint32]
) -> int:
    """Count at each node the links that are the middle of a path u-z1-z2-v; list the nodes met."""
    inside = sides.inside
    size = 0
    for z2 in around_v:
        if z2 == u:
            continue
        for z1 in shared.node[shared.begin[z2] : shared.end[z2]]:
            # between two common neighbours of u and v a link is the middle of two paths, one each way
            if z1 == v or (z1 > z2 and sides.u[z2] and sides.v[z1]):
                continue
            if inside[z1] == 0:
                local[size] = z1
                size += 1
            inside[z1] += 1
            if inside[z2] == 0:
                local[size] = z2
                size += 1
            inside[z2] += 1
    return size


@njit(cache=True, nogil=True)
def _count_beside_u(around: NDArray[np.uint32], shared: Shared, sides: Sides) -> None:
    """Add the links between two local nodes that are both next to u and not to v: no path's middle."""
    for z in around:
        if sides.inside[z] and not sides.v[z]:
            for w in shared.node[shared.begin[z] : shared.end[z]]:
                sides.inside[z] += sides.inside[w] > 0 and not sides.v[w]


@njit(cache=True, nogil=True)
def _count_beside_v(around: NDArray[np.uint32], offset: int, closed: "Lists", sides: Sides) -> None:
    """Add the links between two local nodes that are both next to v and not to u: no path's middle."""
    for i in range(around.size):
        z = around[i]
        if sides.inside[z] and not sides.u[z]:
            for w in closed.node[closed.start[offset + i] : closed.start[offset + i + 1]]:
                sides.inside[z] += sides.inside[w] > 0 and not sides.u[w]


@njit(cache=True, nogil=True)
def _sum_paths(
    u: int, v: int, around_v: NDArray[np.uint32], shared: Shared, weight: NDArray[np.float64]
) -> float:
    """Return the sum, over the paths u-z1-z2-v, of the product of the weights of z1 and z2."""
    total = 0.0
    for z2 in around_v:
        if z2 == u:
            continue
        beside = 0.0
        for z1 in shared.node[shared.begin[z2] : shared.end[z2]]:
            if z1 != v:
                beside += weight[z1]
        total += weight[z2] * beside
    return total
