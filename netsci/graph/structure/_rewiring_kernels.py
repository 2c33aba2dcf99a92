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
    indptr: NDArray[Any], indices: NDArray[Any], width: int, rounds: int, state: NDArray[np.uint64]
) -> None:
    """Pair all rows at random, again and again, and let each pair deal its unshared columns out anew.

    indices: columns of each row without repetition, in any order, below width; changed in place.
    """
    rows = np.arange(len(indptr) - 1)
    held = np.zeros(width, np.uint8)  # 1: in the first row only, 2: in both
    pool = np.empty(width, indices.dtype)
    for _ in range(rounds):
        shuffle(state, rows)
        for pair in range(0, len(rows) - 1, 2):
            first = indices[indptr[rows[pair]] : indptr[rows[pair] + 1]]
            second = indices[indptr[rows[pair + 1]] : indptr[rows[pair + 1] + 1]]
            _trade(first, second, held, pool, state)


@njit(cache=True, nogil=True)
def _trade(
    first: NDArray[Any],
    second: NDArray[Any],
    held: NDArray[np.uint8],
    pool: NDArray[Any],
    state: NDArray[np.uint64],
) -> None:
    """Deal the columns that only one of two rows holds out at random, to each as many as it had."""
    for column in first:
        held[column] = 1
    size = 0
    for column in second:
        if held[column] == 1:
            held[column] = 2
        else:
            pool[size] = column
            size += 1
    of_second = size
    for column in first:
        if held[column] == 1:
            pool[size] = column
            size += 1
    for place in range(of_second):
        other = place + below(state, size - place)
        pool[place], pool[other] = pool[other], pool[place]
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


@njit(cache=True, nogil=True)
def swap_links(
    indptr: NDArray[Any],
    neighbours: NDArray[Any],
    table: NDArray[np.bool_],
    attempts: int,
    state: NDArray[np.uint64],
) -> int:
    """Try that many times to swap the ends of two random links; return how many swaps were made.

    indptr, neighbours: symmetric CSR, sorted, no loops; neighbours change in place. table: bool [nodes,
    nodes] of the links for a fast look-up, changed too, or bool [0, 0] to search the neighbours instead.
    A swap that would make a loop or a double link is not made but counts as a step: leaving such steps out
    would favour networks with many possible swaps.
    """
    count, halves = len(indptr) - 1, len(neighbours)
    owner = np.empty(halves, np.int64)
    mate = np.empty(halves, np.int64)  # where the same link is seen from its other end
    cursor = indptr[:-1].copy()
    for node in range(count):
        for half in range(indptr[node], indptr[node + 1]):
            owner[half] = node
            mate[half] = cursor[neighbours[half]]
            cursor[neighbours[half]] += 1
    made = 0
    for _ in range(attempts):
        first, second = below(state, halves), below(state, halves)
        a, b, c, d = owner[first], neighbours[first], owner[second], neighbours[second]
        if a == d or c == b or _are_linked(indptr, neighbours, table, a, d):
            continue
        if _are_linked(indptr, neighbours, table, c, b):
            continue
        first_mate, second_mate = mate[first], mate[second]
        neighbours[first], neighbours[second_mate] = d, a
        neighbours[second], neighbours[first_mate] = b, c
        mate[first], mate[second_mate] = second_mate, first
        mate[second], mate[first_mate] = first_mate, second
        made += 1
        if len(table):
            table[a, b] = table[b, a] = table[c, d] = table[d, c] = False
            table[a, d] = table[d, a] = table[c, b] = table[b, c] = True
    return made


@njit(cache=True, nogil=True)
def _are_linked(
    indptr: NDArray[Any], neighbours: NDArray[Any], table: NDArray[np.bool_], one: int, other: int
) -> bool:
    if len(table):
        return bool(table[one, other])
    if indptr[one + 1] - indptr[one] > indptr[other + 1] - indptr[other]:
        one, other = other, one
    for half in range(indptr[one], indptr[one + 1]):  # noqa: SIM110, numba compiles no any()
        if neighbours[half] == other:
            return True
    return False
