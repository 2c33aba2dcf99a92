"""Random networks to compare with: the same size and number of links, or the same degrees as well.

Both models draw uniformly from all matrices that share what they keep. `erdos_renyi` draws the places of the
links without replacement. `degree_preserving` walks from the given matrix by steps that are as likely forth
as back, so every matrix with the same degrees is equally likely in the end. The step is a trade: two rows put
the columns that only one of them holds together and deal them out anew. Rows and columns trade in turn: a
column that most rows hold is moved by trades of columns, and hardly by those of rows. In an undirected
network two nodes trade the neighbours that only one of them has.

Self-loops stay where they are and none are added, by the convention of `netsci.graph.projection`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.checks import as_links, check_choice, check_generator, check_graph
from netsci.graph.layered import LayeredGraph
from netsci.graph.projection import Projection

TURNS = 24  # rows and columns trade in turn; even, so that the last turn ends on the side of the first
ROUNDS = 4  # pairings of all rows, or of all columns, in each turn
NODE_ROUNDS = 48  # pairings of all nodes of an undirected network


def null_model(
    graph: LayeredGraph, kind: str = "degree_preserving", *, rng: np.random.Generator
) -> LayeredGraph:
    """Return a random graph with the same populations and a random draw of each projection.

    "erdos_renyi": each projection is drawn uniformly from all matrices of its shape and number of links
    (undirected: symmetric ones). "degree_preserving": from all matrices in which every row and every column
    has as many links as in the projection (undirected: symmetric, every node), by a long random walk, so
    nearly uniformly. If a unit owns several rows (rows_per_unit), each row keeps its degree. Self-loops of a
    projection of a population onto itself stay where they are, and none are added. Weights are dropped: a new
    link has none.

    Raises
    ------
    ValueError
        If kind is not one of NULL_MODELS.
    TypeError
        If graph is no LayeredGraph or rng is not a numpy Generator.

    Examples
    --------
    >>> graph = LayeredGraph.from_masks([[[1, 1, 0], [0, 1, 0]], [[1], [0], [1]]])
    >>> null = null_model(graph, rng=np.random.default_rng(7))
    >>> null.degrees()["layer1"].tolist() == graph.degrees()["layer1"].tolist()
    True

    Source: Carstens, Berger and Strona, arXiv:1609.05137 (trades of bipartite and undirected networks).
    """
    check_graph(graph)
    check_choice(kind, NULL_MODELS, "kind")
    check_generator(rng)
    drawn = [
        replace(p, links=draw_links(p.links, kind, **_options(p), rng=rng), weights=None)
        for p in graph.projections
    ]
    return LayeredGraph(graph.populations, tuple(drawn))


def _options(p: Projection) -> dict[str, bool]:
    """Return what the links of a projection are; where a unit owns several rows no place is a self-loop."""
    return {"undirected": p.undirected, "one_population": p.one_population}


def draw_links(
    links: Any,
    kind: str,
    *,
    undirected: bool = False,
    one_population: bool = False,
    rng: np.random.Generator,
) -> sp.csr_array:
    """Return one matrix of the null model of that name: `scatter` or `rewire` by NULL_MODELS.

    Examples
    --------
    >>> draw_links([[1, 0, 0]], "erdos_renyi", rng=np.random.default_rng(7)).nnz
    1
    """
    check_choice(kind, NULL_MODELS, "kind")
    return _MODELS[kind](links, undirected=undirected, one_population=one_population, rng=rng)


def rewire(
    links: Any, *, undirected: bool = False, one_population: bool = False, rng: np.random.Generator
) -> sp.csr_array:
    """Return a random matrix with the same degrees of every row and column, each equally likely.

    Parameters
    ----------
    links : matrix [rows, columns] as `as_links` takes it. undirected : links is the symmetric adjacency of
        an undirected network and the result is one too. one_population : rows and columns are the same nodes,
        as they are if undirected: self-loops stay where they are, and none are added. rng : a Generator.

    Returns
    -------
    bool CSR of the same shape. Each row and each column, or each node of an undirected network, is traded 48
    times.

    Raises
    ------
    TypeError, ValueError
        If links is not a finite matrix, or is not symmetric and undirected, or not square and of one
        population, or rng is not a Generator.

    Examples
    --------
    >>> rewire([[1, 1, 0], [1, 0, 0]], rng=np.random.default_rng(7)).sum(axis=1).tolist()
    [2, 1]

    Source: as `null_model`.
    Reading: of one population and directed, a circle of three links that only turning all three at once would
    reverse stays as it is (Berger and Mueller-Hannemann 2010); networks that hold one are rare.
    """
    check_generator(rng)
    matrix = as_links(links)
    if undirected:
        return _rewire_undirected(matrix, rng)
    if one_population:
        _check_square(matrix)
    return _trade(matrix, rng, one_population=one_population)


def scatter(
    links: Any, *, undirected: bool = False, one_population: bool = False, rng: np.random.Generator
) -> sp.csr_array:
    """Return a random matrix with the same shape and number of links, each equally likely.

    Undirected: a symmetric one. Parameters and errors as `rewire`.

    Examples
    --------
    >>> scatter([[1, 1, 0], [1, 0, 0]], rng=np.random.default_rng(7)).nnz
    3

    Source: Erdos and Renyi, Publicationes Mathematicae 6, 290 (1959): the model of fixed size.
    """
    check_generator(rng)
    matrix = as_links(links)
    if not undirected and not one_population:
        rows, columns = matrix.shape
        places = _distinct(rows * columns, matrix.nnz, rng)
        return _from_pairs(places // max(columns, 1), places % max(columns, 1), matrix.shape)
    plain, loops = _split_loops(matrix, symmetric=undirected)
    nodes = plain.shape[0]
    if not undirected:
        places = _distinct(nodes * (nodes - 1), plain.nnz, rng)
        # Places off the diagonal, numbered along rows of nodes - 1.
        one, other = places // max(nodes - 1, 1), places % max(nodes - 1, 1)
        other = other + (other >= one)
        return _from_pairs(np.concatenate([one, loops]), np.concatenate([other, loops]), matrix.shape)
    places = _distinct(nodes * (nodes - 1) // 2, plain.nnz // 2, rng)
    # Pair k joins node k mod n to the (k div n + 1)-th node after it on a circle: every pair once.
    one = places % max(nodes, 1)
    other = (one + 1 + places // max(nodes, 1)) % max(nodes, 1)
    pairs = np.concatenate([one, other, loops]), np.concatenate([other, one, loops])
    return _from_pairs(*pairs, matrix.shape)


_MODELS: dict[str, Callable[..., sp.csr_array]] = {"erdos_renyi": scatter, "degree_preserving": rewire}
NULL_MODELS = tuple(_MODELS)


def clear_loops(links: Any) -> sp.csr_array:
    """Return the links of one population without its self-loops.

    Examples
    --------
    >>> clear_loops([[1, 1], [0, 0]]).toarray().tolist()
    [[False, True], [False, False]]
    """
    return _split_loops(as_links(links), symmetric=False)[0]


def _trade(matrix: sp.csr_array, rng: np.random.Generator, *, one_population: bool) -> sp.csr_array:
    from netsci.graph.structure._rewiring_kernels import trade_in_turn

    indices, columns = matrix.indices.copy(), matrix.shape[1]
    indptr, indices = trade_in_turn(
        matrix.indptr, indices, columns, TURNS, ROUNDS, _state(rng), one_population
    )
    return sp.csr_array((np.ones(len(indices), bool), indices, indptr), shape=matrix.shape)


def _rewire_undirected(matrix: sp.csr_array, rng: np.random.Generator) -> sp.csr_array:
    from netsci.graph.structure._rewiring_kernels import trade_neighbours, transpose

    plain, loops = _split_loops(matrix, symmetric=True)
    nodes = plain.shape[0]
    # Above half density two nodes share most neighbours: the absent links are as good, and fewer.
    turned = 2 * plain.nnz > nodes * (nodes - 1)
    if turned:
        plain = as_links(~plain.toarray() & ~np.eye(nodes, dtype=bool))
    if plain.nnz:
        neighbours = plain.indices.copy()
        trade_neighbours(plain.indptr, neighbours, NODE_ROUNDS, _state(rng))
        indptr, indices = transpose(plain.indptr, neighbours, nodes)
        plain = sp.csr_array((np.ones(len(indices), bool), indices, indptr), shape=plain.shape)
    if turned:
        plain = as_links(~plain.toarray() & ~np.eye(nodes, dtype=bool))
    if not len(loops):
        return plain
    coo = plain.tocoo()
    return _from_pairs(np.concatenate([coo.row, loops]), np.concatenate([coo.col, loops]), plain.shape)


def _check_square(matrix: sp.csr_array) -> None:
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(
            f"links of one population must be a square matrix; this one is {matrix.shape}: pass "
            "one_population=False"
        )


def _split_loops(matrix: sp.csr_array, *, symmetric: bool) -> tuple[sp.csr_array, NDArray[np.int64]]:
    """Return a square matrix without its diagonal, and the nodes with a loop."""
    if symmetric and (matrix.shape[0] != matrix.shape[1] or (matrix != matrix.T).nnz):
        raise ValueError(
            f"undirected links must be a symmetric matrix; this one is {matrix.shape} and not: pass "
            "undirected=False, or links + links.T"
        )
    _check_square(matrix)
    coo = matrix.tocoo()
    off = coo.row != coo.col
    return _from_pairs(coo.row[off], coo.col[off], matrix.shape), coo.row[~off].astype(np.int64)


def _distinct(places: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return `count` of the numbers below `places`, each set equally likely, in memory of their number."""
    if 2 * count > places:
        absent = np.ones(places, bool)
        absent[_distinct(places, places - count, rng)] = False
        return np.flatnonzero(absent).astype(np.int64)
    found = np.zeros(0, np.int64)
    while len(found) < count:
        more = rng.integers(0, places, count - len(found) + 16)
        found = np.unique(np.concatenate([found, more]))
    # Whatever their number, the distinct ones are a uniform set of it: leaving some out at random keeps that.
    surplus = rng.choice(len(found), len(found) - count, replace=False, shuffle=False)
    return np.delete(found, surplus)


def _from_pairs(rows: NDArray[Any], columns: NDArray[Any], shape: tuple[int, int]) -> sp.csr_array:
    return as_links(sp.coo_array((np.ones(len(rows), bool), (rows, columns)), shape=shape))


def _state(rng: np.random.Generator) -> NDArray[np.uint64]:
    return rng.integers(0, 2**64, 1, dtype=np.uint64)
