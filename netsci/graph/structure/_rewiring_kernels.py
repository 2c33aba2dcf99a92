"""Compiled loops of the degree-preserving null model: trades between rows and swaps of undirected links.

Random numbers come from one 64-bit counter (splitmix64) that the caller seeds from its Generator, so that a
kernel needs neither the interpreter lock nor a state that other threads share.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.compiling import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_LOW = np.uint64(0xFFFFFFFF)


@njit(cache=True, nogil=True)
def next_word(state: NDArray[np.uint64]) -> Any:
    """Return 64 random bits and advance the state, one uint64."""
    state[0] += _GOLDEN
    word = state[0]
    word = (word ^ (word >> np.uint64(30))) * _MIX1
    word = (word ^ (word >> np.uint64(27))) * _MIX2
    return word ^ (word >> np.uint64(31))


@njit(cache=True, nogil=True)
def below(state: NDArray[np.uint64], bound: int) -> Any:
    """Return a random integer of [0, bound), bound < 2^32, each exactly as likely (rejection)."""
    limit = np.uint64(bound)
    product = (next_word(state) >> np.uint64(32)) * limit
    if (product & _LOW) < limit:
        uneven = ((_LOW + np.uint64(1)) - limit) % limit
        while (product & _LOW) < uneven:
            product = (next_word(state) >> np.uint64(32)) * limit
    return np.int64(product >> np.uint64(32))


@njit(cache=True, nogil=True)
def shuffle(state: NDArray[np.uint64], values: NDArray[Any]) -> None:
    """Bring the values into a random order, each order equally likely."""
    for last in range(len(values) - 1, 0, -1):
        other = below(state, last + 1)
        values[last], values[other] = values[other], values[last]


@njit(cache=True, nogil=True)
def trade_rounds(
    indptr: NDArray[Any],
    indices: NDArray[Any],
    width: int,
    rounds: int,
    state: NDArray[np.uint64],
    loops_stay: bool = False,
) -> None:
    """Pair all rows at random, again and again, and let each pair deal its unshared columns out anew.

    indices: columns of each row without repetition, in any order, below width; changed in place. loops_stay:
    rows and columns are the same nodes, and two rows do not trade the columns of these two nodes.
    """
    rows = np.arange(len(indptr) - 1)
    held = np.zeros(width, np.uint8)  # 1: in the first row only, 2: in both
    pool = np.empty(width, indices.dtype)
    for _ in range(rounds):
        shuffle(state, rows)
        for pair in range(0, len(rows) - 1, 2):
            first = indices[indptr[rows[pair]] : indptr[rows[pair] + 1]]
            second = indices[indptr[rows[pair + 1]] : indptr[rows[pair + 1] + 1]]
            apart, other = (rows[pair], rows[pair + 1]) if loops_stay else (-1, -1)
            _trade(first, second, apart, other, held, pool, state)


@njit(cache=True, nogil=True)
def _trade(
    first: NDArray[Any],
    second: NDArray[Any],
    apart: int,
    other: int,
    held: NDArray[np.uint8],
    pool: NDArray[Any],
    state: NDArray[np.uint64],
) -> None:
    """Deal the columns that only one of two rows holds out at random, to each as many as it had.

    The columns apart and other stay where they are; below 0 there is none.
    """
    for column in first:
        held[column] = 1
    if apart >= 0:
        held[apart], held[other] = 2, 2
    size = 0
    for column in second:
        if held[column] == 0:
            pool[size] = column
            size += 1
        else:
            held[column] = 2
    of_second = size
    for column in first:
        if held[column] == 1:
            pool[size] = column
            size += 1
    for place in range(of_second):
        drawn = place + below(state, size - place)
        pool[place], pool[drawn] = pool[drawn], pool[place]
    taken = 0
    for k in range(len(second)):
        if held[second[k]] != 2:
            second[k] = pool[taken]
            taken += 1
    for k in range(len(first)):
        flag = held[first[k]]
        held[first[k]] = 0
        if flag == 1:
            first[k] = pool[taken]
            taken += 1
    if apart >= 0:
        held[apart], held[other] = 0, 0


@njit(cache=True, nogil=True)
def transpose(indptr: NDArray[Any], indices: NDArray[Any], width: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return indptr and indices of the transposed CSR matrix, its rows sorted."""
    turned = np.zeros(width + 1, indptr.dtype)
    for column in indices:
        turned[column + 1] += 1
    for column in range(width):
        turned[column + 1] += turned[column]
    cursor = turned[:-1].copy()
    rows = np.empty(len(indices), indices.dtype)
    for row in range(len(indptr) - 1):
        for k in range(indptr[row], indptr[row + 1]):
            rows[cursor[indices[k]]] = row
            cursor[indices[k]] += 1
    return turned, rows


@njit(cache=True, nogil=True)
def trade_in_turn(
    indptr: NDArray[Any],
    indices: NDArray[Any],
    width: int,
    turns: int,
    rounds: int,
    state: NDArray[np.uint64],
    loops_stay: bool,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Let rows and columns trade in turn; an even number of turns ends on the side of the first."""
    rows = len(indptr) - 1
    for turn in range(turns):
        across = rows if turn % 2 else width
        trade_rounds(indptr, indices, across, rounds, state, loops_stay)
        indptr, indices = transpose(indptr, indices, across)
    return indptr, indices


@njit(cache=True, nogil=True)
def trade_neighbours(
    indptr: NDArray[Any], neighbours: NDArray[Any], rounds: int, state: NDArray[np.uint64]
) -> None:
    """Pair all nodes at random, again and again, and let each pair deal its unshared neighbours out anew.

    indptr, neighbours: symmetric CSR, sorted, no loops; neighbours change in place and lose their order. A
    link between the two nodes of a pair stays.
    """
    count, halves = len(indptr) - 1, len(neighbours)
    mate = np.empty(halves, np.int64)  # where the same link is seen from its other end
    cursor = indptr[:-1].copy()
    for node in range(count):
        for half in range(indptr[node], indptr[node + 1]):
            mate[half] = cursor[neighbours[half]]
            cursor[neighbours[half]] += 1
    nodes = np.arange(count)
    held = np.zeros(count, np.uint8)  # 1: neighbour of the first node only, 2: of both
    slots, pool, mates = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    for _ in range(rounds):
        shuffle(state, nodes)
        for pair in range(0, count - 1, 2):
            _trade_pair(
                indptr, neighbours, mate, nodes[pair], nodes[pair + 1], held, slots, pool, mates, state
            )


@njit(cache=True, nogil=True)
def _trade_pair(
    indptr: NDArray[Any],
    neighbours: NDArray[Any],
    mate: NDArray[np.int64],
    first: int,
    second: int,
    held: NDArray[np.uint8],
    slots: NDArray[np.int64],
    pool: NDArray[np.int64],
    mates: NDArray[np.int64],
    state: NDArray[np.uint64],
) -> None:
    """Deal the neighbours that only one of two nodes has out at random, to each as many as it had."""
    for half in range(indptr[first], indptr[first + 1]):
        held[neighbours[half]] = 1
    size = 0
    for half in range(indptr[second], indptr[second + 1]):
        node = neighbours[half]
        if held[node] == 1:
            held[node] = 2
        elif node != first:
            slots[size], size = half, size + 1
    of_second = size
    for half in range(indptr[first], indptr[first + 1]):
        node = neighbours[half]
        if held[node] == 1 and node != second:
            slots[size], size = half, size + 1
        held[node] = 0
    if of_second in (0, size):
        return
    for k in range(size):
        pool[k], mates[k] = neighbours[slots[k]], mate[slots[k]]
    for k in range(of_second):
        other = k + below(state, size - k)
        pool[k], pool[other] = pool[other], pool[k]
        mates[k], mates[other] = mates[other], mates[k]
    for k in range(size):
        half = slots[k]
        neighbours[half], mate[half] = pool[k], mates[k]
        neighbours[mates[k]] = second if k < of_second else first
        mate[mates[k]] = half
