"""Compiled loop of modularity maximisation: single nodes move to the module where they gain most."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.compiling import njit
from netsci.graph.structure._rewiring_kernels import shuffle

_LEAST = 1e-9  # gains below are rounding; without a least gain two modules may swap a node forever


@njit(cache=True, nogil=True)
def move_nodes(
    indptr: NDArray[Any],
    indices: NDArray[Any],
    weights: NDArray[np.float64],
    sending: NDArray[np.float64],
    receiving: NDArray[np.float64],
    total: float,
    module: NDArray[np.int64],
    state: NDArray[np.uint64],
) -> None:
    """Move nodes in random order until none gains by moving; module [nodes] changes in place.

    Node i gains (weights of i to c) - (s_i R_c + r_i S_c) / total in module c, S_c and R_c being the sums of
    sending and receiving over c without i; an empty module gives 0, its own wins a tie.
    """
    nodes = len(indptr) - 1
    sends, receives = np.zeros(nodes), np.zeros(nodes)
    members = np.zeros(nodes, np.int64)
    for i in range(nodes):
        sends[module[i]] += sending[i]
        receives[module[i]] += receiving[i]
        members[module[i]] += 1
    empty, free = _without_members(members)
    queue = np.arange(nodes)
    shuffle(state, queue)
    waiting = np.ones(nodes, np.bool_)
    tie = np.zeros(nodes)
    touched = np.empty(nodes, np.int64)
    head, length = 0, nodes
    while length > 0:
        i = queue[head]
        head, length = (head + 1) % nodes, length - 1
        waiting[i] = False
        home = module[i]
        sends[home] -= sending[i]
        receives[home] -= receiving[i]
        members[home] -= 1
        if members[home] == 0:
            empty[free] = home
            free += 1
        near = slice(indptr[i], indptr[i + 1])
        met = _sum_ties(i, indices[near], weights[near], module, tie, touched)
        chances = sending[i] / total, receiving[i] / total
        # The stack is never empty: i has just left a module or shares one, so fewer than `nodes` are in use.
        best = _best_module(home, empty[free - 1], touched[:met], tie, sends, receives, chances)
        free -= members[best] == 0
        sends[best] += sending[i]
        receives[best] += receiving[i]
        members[best] += 1
        module[i] = best
        if best != home:
            for j in indices[near]:
                if module[j] != best and not waiting[j]:
                    queue[(head + length) % nodes] = j
                    length, waiting[j] = length + 1, True


@njit(cache=True, nogil=True)
def _without_members(members: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Return a stack of the modules without members, with room for all, and its height."""
    empty = np.empty(len(members), np.int64)
    free = 0
    for c in range(len(members)):
        if members[c] == 0:
            empty[free] = c
            free += 1
    return empty, free


@njit(cache=True, nogil=True)
def _sum_ties(
    node: int,
    neighbours: NDArray[Any],
    weights: NDArray[np.float64],
    module: NDArray[np.int64],
    tie: NDArray[np.float64],
    touched: NDArray[np.int64],
) -> int:
    """Add the node's weights to each module up, itself left out; return how many modules there are."""
    met = 0
    for e in range(len(neighbours)):
        if neighbours[e] != node:
            c = module[neighbours[e]]
            if tie[c] == 0.0:
                touched[met] = c
                met += 1
            tie[c] += weights[e]
    return met


@njit(cache=True, nogil=True)
def _best_module(
    home: int,
    empty: int,
    candidates: NDArray[np.int64],
    tie: NDArray[np.float64],
    sends: NDArray[np.float64],
    receives: NDArray[np.float64],
    chances: tuple[float, float],
) -> int:
    """Return the module of highest gain and set the ties back to 0. empty: the top of the stack."""
    best = home
    highest = tie[home] - chances[0] * receives[home] - chances[1] * sends[home] + _LEAST
    if highest < 0.0:
        best, highest = empty, 0.0
    for c in candidates:
        gain = tie[c] - chances[0] * receives[c] - chances[1] * sends[c]
        tie[c] = 0.0
        if gain > highest:
            best, highest = c, gain
    return best


@njit(cache=True, nogil=True)
def divide_in_two(
    indptr: NDArray[Any],
    indices: NDArray[Any],
    data: NDArray[np.float64],
    sending: NDArray[np.float64],
    receiving: NDArray[np.float64],
    total: float,
    steps: int,
) -> NDArray[np.int64]:
    """Return the signs, 0 or 1, of the leading eigenvector of the modularity matrix, by power iteration.

    The matrix is T - (s r' + r s') / M, T the ties. A first third of the steps finds its largest modulus c;
    the others multiply by the matrix plus c, of which the leading vector is the wanted one.
    """
    count = len(sending)
    x = np.sin(np.arange(1.0, count + 1.0))
    shift = 0.0
    for step in range(steps):
        sent, received = 0.0, 0.0
        for node in range(count):
            sent += sending[node] * x[node]
            received += receiving[node] * x[node]
        y = np.empty(count)
        size = 0.0
        for node in range(count):
            value = -(sending[node] * received + receiving[node] * sent) / total
            for k in range(indptr[node], indptr[node + 1]):
                value += data[k] * x[indices[k]]
            y[node] = value + shift * x[node]
            size += y[node] * y[node]
        size = np.sqrt(size)
        if size == 0.0:
            break
        x = y / size
        if step == steps // 3:
            shift = size
    sides: NDArray[np.int64] = (x > 0.0).astype(np.int64)
    return sides
