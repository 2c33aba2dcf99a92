"""Compiled loops over pairs of embedded nodes: distances, circular order, greedy routes, projected paths.

A point is (radius, azimuth, elevation), elevation 0 in the disk. sinh(d/2), which grows with the distance d,
stands for it wherever only an order is asked for.
"""

import math

import numpy as np
from numpy.typing import NDArray

from netsci.compiling import njit

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

UNKNOWN, ON_THE_WAY, LOST = -3, -2, -1
ALIKE = 1e-9  # distances closer than this, relatively, count as equal
ONE_ULP = 2.220446049250313e-16


@njit(cache=True, nogil=True)
def half_sinh(points: Floats, first: int, second: int) -> float:
    """Return sinh(d/2) of two columns of points, rows as in `agreement.points_of`."""
    turn = math.sin((points[1, first] - points[1, second]) / 2)
    tilt = math.sin((points[2, first] - points[2, second]) / 2)
    chord = math.sqrt(tilt * tilt + points[3, first] * points[3, second] * turn * turn)
    radial = math.sinh((points[0, first] - points[0, second]) / 2)
    return math.hypot(radial, points[4, first] * points[4, second] * chord)


@njit(cache=True, nogil=True)
def pair_moments(points: Floats, reference: Floats, start: int, stop: int) -> Floats:
    """Return count, two means, two sums of squares and the sum of products over pairs (i, j > i).

    Rows are merged by the rule for the moments of a union, so that no large sums are subtracted.
    """
    total = np.zeros(6)
    nodes = points.shape[1]
    x, y = np.empty(nodes), np.empty(nodes)
    for i in range(start, stop):
        count = nodes - 1 - i
        if count == 0:
            continue
        mean_x = mean_y = 0.0
        for k in range(count):
            x[k] = 2 * math.asinh(half_sinh(points, i, i + 1 + k))
            y[k] = 2 * math.asinh(half_sinh(reference, i, i + 1 + k))
            mean_x += x[k]
            mean_y += y[k]
        mean_x /= count
        mean_y /= count
        xx = yy = xy = 0.0
        for k in range(count):
            a, b = x[k] - mean_x, y[k] - mean_y
            xx += a * a
            yy += b * b
            xy += a * b
        merge_moments(total, np.array([count, mean_x, mean_y, xx, yy, xy]))
    return total


@njit(cache=True, nogil=True)
def merge_moments(total: Floats, part: Floats) -> None:
    """Add the moments of a part to those of the total."""
    count = total[0] + part[0]
    if part[0] == 0:
        return
    a, b = part[1] - total[1], part[2] - total[2]
    share = total[0] * part[0] / count
    total[3] += part[3] + a * a * share
    total[4] += part[4] + b * b * share
    total[5] += part[5] + a * b * share
    total[1] += a * part[0] / count
    total[2] += b * part[0] / count
    total[0] = count


@njit(cache=True, nogil=True)
def ahead(first: float, second: float) -> bool:
    """Whether the second angle follows the first within half a turn, counter-clockwise; both in [0, 2 pi)."""
    whole = 2 * math.pi
    gap = second - (first - whole)
    if abs(gap / whole - 1) < ONE_ULP:
        return True
    if gap >= whole:
        gap -= whole
    return gap < math.pi


@njit(cache=True, nogil=True)
def same_order(theta: Floats, reference: Floats, start: int, stop: int) -> int:
    """Return how many pairs (i, j > i), i from start to stop, turn the same way in both circles."""
    count = 0
    for i in range(start, stop):
        for j in range(i + 1, len(theta)):
            count += ahead(theta[i], theta[j]) == ahead(reference[i], reference[j])
    return count


@njit(cache=True, nogil=True)
def breadth_first(indptr: Ints, indices: Ints, target: int, level: Ints, order: Ints) -> int:
    """Fill the hops to the target (-1 without a path) and the nodes by growing hops; return how many."""
    level[:] = -1
    level[target] = 0
    order[0] = target
    head, tail = 0, 1
    while head < tail:
        node = order[head]
        head += 1
        for link in range(indptr[node], indptr[node + 1]):
            other = indices[link]
            if level[other] < 0:
                level[other] = level[node] + 1
                order[tail] = other
                tail += 1
    return tail


@njit(cache=True, nogil=True)
def textbook_cosh(points: Floats, first: int, second: int) -> float:
    """Return cosh d by the law of cosines as usually written, rounding errors and all: it decides ties."""
    turn = points[1, first] - points[1, second]
    angle = math.sin(points[2, first]) * math.sin(points[2, second]) + points[3, first] * points[
        3, second
    ] * math.cos(turn)
    large = points[5, first] * points[5, second]
    straight: float = large - points[6, first] * points[6, second] * angle
    return straight


@njit(cache=True, nogil=True)
def next_link(indptr: Ints, indices: Ints, points: Floats, near: Floats, node: int, target: int) -> int:
    """Return where in the CSR links the node's greedy choice is, its neighbour nearest to the target."""
    least = math.inf
    for link in range(indptr[node], indptr[node + 1]):
        if indices[link] == target:
            return link
        least = min(least, near[indices[link]])
    best, best_cosh = -1, 0.0
    for link in range(indptr[node], indptr[node + 1]):
        if near[indices[link]] > least * (1 + ALIKE):
            continue
        if best < 0:
            best = link
            continue
        if best_cosh == 0.0:  # cosh is at least 1, or what rounding leaves of it: not worked out yet
            best_cosh = textbook_cosh(points, indices[best], target)
        cosh = textbook_cosh(points, indices[link], target)
        if cosh < best_cosh:
            best, best_cosh = link, cosh
    return best


@njit(cache=True, nogil=True)
def follow(
    indptr: Ints, indices: Ints, points: Floats, near: Floats, target: int, lengths: Floats, hops: Ints,
    travelled: Floats, choice: Ints, trail: Ints,
) -> None:  # fmt: skip
    """Fill hops (LOST in a loop) and length of the greedy route of every node to the target.

    Each node has one next node, so routes merge into trees and loops, and every node is visited once.
    """
    nodes = len(hops)
    hops[:] = UNKNOWN
    hops[target] = 0
    travelled[target] = 0.0
    for node in range(nodes):
        steps, at = 0, node
        while hops[at] == UNKNOWN:
            hops[at] = ON_THE_WAY
            trail[steps] = at
            steps += 1
            choice[at] = next_link(indptr, indices, points, near, at, target)
            at = indices[choice[at]]
        lost = hops[at] == ON_THE_WAY or hops[at] == LOST
        while steps > 0:
            steps -= 1
            back = trail[steps]
            hops[back] = LOST if lost else hops[at] + 1
            travelled[back] = math.inf if lost else travelled[at] + lengths[choice[back]]
            at = back


@njit(cache=True, nogil=True)
def route(indptr: Ints, indices: Ints, points: Floats, targets: Ints) -> tuple[float, int, int]:
    """Return the sum of shortest/greedy hops, the arrivals and their hops, over all sources and targets."""
    nodes = len(indptr) - 1
    near, travelled = np.empty(nodes), np.empty(nodes)
    no_lengths = np.zeros(len(indices))
    hops, level, order = np.empty(nodes, np.int32), np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    choice, trail = np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    score, arrived, walked = 0.0, 0, 0
    for target in targets:
        for node in range(nodes):
            near[node] = half_sinh(points, node, target)
        breadth_first(indptr, indices, target, level, order)
        follow(indptr, indices, points, near, target, no_lengths, hops, travelled, choice, trail)
        for node in range(nodes):
            if hops[node] > 0:
                score += level[node] / hops[node]
                arrived += 1
                walked += hops[node]
    return score, arrived, walked


@njit(cache=True, nogil=True)
def mean_path_lengths(
    indptr: Ints, indices: Ints, lengths: Floats, order: Ints, level: Ints, ways: Floats, mean: Floats
) -> None:
    """Fill, for every node, the mean length of all its shortest paths (fewest hops) to the first of `order`.

    Only ratios of path counts within one level count, so each level is divided by its largest: no overflow.
    """
    ways[order[0]], mean[order[0]] = 1.0, 0.0
    at = 1
    while at < len(order):
        begin, depth, most = at, level[order[at]], 0.0
        while at < len(order) and level[order[at]] == depth:
            node = order[at]
            count = total = 0.0
            for link in range(indptr[node], indptr[node + 1]):
                other = indices[link]
                if level[other] == depth - 1:
                    count += ways[other]
                    total += ways[other] * (mean[other] + lengths[link])
            ways[node], mean[node] = count, total / count
            most = max(most, count)
            at += 1
        for place in range(begin, at):
            ways[order[place]] /= most


@njit(cache=True, nogil=True)
def ratio(straight: float, path: float) -> float:
    """Return straight / path; a path of no length is straight, an endless one scores 0."""
    return straight / path if path > 0 else 1.0


@njit(cache=True, nogil=True)
def congruence_sums(
    indptr: Ints, indices: Ints, lengths: Floats, shortest: Floats, points: Floats, start: int, stop: int
) -> Floats:
    """Return sums over ordered pairs of nodes without a link, by target, and how many pairs these are.

    geodesic / projected path, shortest / projected path, geodesic / greedy, shortest / greedy, count. Without
    points (no columns) only the second and the count.
    """
    nodes = len(indptr) - 1
    patent = points.shape[1] > 0
    sums = np.zeros(5)
    near, travelled, ways, mean = np.empty(nodes), np.empty(nodes), np.empty(nodes), np.empty(nodes)
    hops, level, order = np.empty(nodes, np.int32), np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    choice, trail = np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    for target in range(start, stop):
        breadth_first(indptr, indices, target, level, order)
        mean_path_lengths(indptr, indices, lengths, order, level, ways, mean)
        if patent:
            for node in range(nodes):
                near[node] = half_sinh(points, node, target)
            follow(indptr, indices, points, near, target, lengths, hops, travelled, choice, trail)
        for node in range(nodes):
            if level[node] < 2:
                continue
            sums[1] += ratio(shortest[target, node], mean[node])
            sums[4] += 1
            if patent:
                geodesic = 2 * math.asinh(near[node])
                sums[0] += ratio(geodesic, mean[node])
                sums[2] += ratio(geodesic, travelled[node])
                sums[3] += ratio(shortest[target, node], travelled[node])
    return sums
