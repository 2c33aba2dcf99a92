"""Sparse matrices with indices that point outside of them end in a sentence, never in a crash."""

import numpy as np
import pytest
import scipy.sparse as sp

from netsci.graph import LayeredGraph, bipartite_assortativity, ch_scores, clustering, nodf
from netsci.graph.checks import as_links
from netsci.indices import check_stored
from netsci.measure import sparsity_index
from netsci.sparse import SparseLinear
from netsci.topology import (
    EvolutionRule,
    evolve,
    initial_weights,
    link_removal_score,
    magnitude,
    relative_importance,
)
from netsci.topology.view import ArrayView

RNG = np.random.default_rng(0)


def _draw(rows, columns, form="csr"):
    matrix = sp.random_array((rows, columns), density=0.2, format="csr", rng=np.random.default_rng(1))
    return matrix.asformat(form)


def _count_from_one(form="csr", rows=40, columns=30):
    matrix = _draw(rows, columns, form)
    for places in matrix.coords if form == "coo" else (matrix.indices,):
        places += 1
    return matrix


@pytest.mark.parametrize("form", ["csr", "csc", "bsr", "coo"])
def test_indices_that_count_from_one_are_refused(form):
    with pytest.raises(ValueError, match=r"mask is no legal sparse matrix of 40 x 30: an index.*subtract 1"):
        as_links(_count_from_one(form), "mask")
    as_links(_draw(40, 30, form))  # from zero: none of its business


def test_lists_of_lists_are_checked_too():
    matrix = _draw(4, 5).tolil()
    matrix.rows[1], matrix.data[1] = [7], [1.0]
    with pytest.raises(ValueError, match="index 7 exceeds"):
        as_links(matrix)
    assert as_links(_draw(4, 5).todok()).nnz == 4


@pytest.mark.parametrize(
    ("pointers", "message"),
    [
        ([0, 2, 1, 3], "do not run from 0"),
        ([1, 1, 2, 3], "do not run from 0"),
        ([0, 1, 2, 4], "do not run from 0"),
        ([0, 1, 3], "3 pointers for 3 rows"),
    ],
)
def test_pointers_that_fall_or_end_elsewhere_are_refused(pointers, message):
    matrix = sp.csr_array(np.eye(3))
    matrix.indptr = np.array(pointers, np.int32)
    with pytest.raises(ValueError, match=message):
        check_stored(matrix, "m")


def test_pointers_of_a_matrix_without_entries_are_looked_at():
    matrix = sp.csr_array((3, 4))
    matrix.indptr = np.array([0, 5, 2, 0], np.int32)
    with pytest.raises(ValueError, match="do not run from 0"):
        as_links(matrix)


def test_negative_indices_too_few_values_and_fractions_are_refused():
    for change, message in (
        (lambda m: setattr(m, "indices", np.array([0, -1, 2], np.int32)), "points outside"),
        (lambda m: setattr(m, "indices", np.array([0, 2**31, 2], np.int64)), "points outside"),
        (lambda m: setattr(m, "data", np.ones(2)), "2 values for 3 indices"),
        (lambda m: setattr(m, "indices", np.array([0.0, 1.0, 2.0])), "whole numbers"),
    ):
        matrix = sp.csr_array(np.eye(3))
        change(matrix)
        with pytest.raises(ValueError, match=message):
            as_links(matrix)


def test_room_behind_the_last_entry_and_places_stored_twice_are_legal():
    matrix = sp.csr_array(np.eye(3))
    matrix.indices, matrix.data = np.append(matrix.indices, 99).astype(np.int32), np.append(matrix.data, 1.0)
    assert as_links(matrix).toarray().tolist() == np.eye(3, dtype=bool).tolist()
    twice = sp.csr_array((np.ones(3), np.array([1, 0, 1]), np.array([0, 3, 3])), shape=(2, 2))
    assert as_links(twice).nnz == 2


@pytest.mark.parametrize(
    "call",
    [
        ch_scores,
        nodf,
        bipartite_assortativity,
        sparsity_index,
        SparseLinear,
        magnitude,
        relative_importance,
        link_removal_score,
        lambda m: LayeredGraph.from_masks([m]),
        lambda m: LayeredGraph.from_masks([np.ones((40, 30))], weights=[m]),
        lambda m: SparseLinear(np.ones((40, 30))).rewire(m),
        lambda m: initial_weights(m, 1.0, rng=RNG),
        lambda m: sparsity_index(np.ones((40, 30)), mask=m.astype(bool)),
    ],
)
def test_every_door_refuses_them(call):
    with pytest.raises(ValueError, match="no legal sparse matrix of 40 x 30"):
        call(_count_from_one())


def test_the_doors_of_square_matrices_refuse_them():
    damaged = _count_from_one(rows=30)
    for call in (clustering, LayeredGraph.from_adjacency):
        with pytest.raises(ValueError, match="adjacency is no legal sparse matrix"):
            call(damaged)


def test_a_view_with_indices_outside_is_refused_by_evolution():
    graph = LayeredGraph.from_masks([_draw(40, 30)], weights=[_draw(40, 30)], names=["a"])
    view = ArrayView("a", _count_from_one().astype(bool), _draw(40, 30))
    with pytest.raises(ValueError, match=r"links of views\['a'\] is no legal"):
        evolve(graph, EvolutionRule("lrs", "random"), zeta=0.1, views={"a": view}, rng=RNG)
