"""Populations of neurons and the projections between them.

Self-loops, the convention of the whole suite: in a plain network (one population whose nodes no other
projection feeds or leaves, one row a unit; undirected or not) a place for a link is a pair of different
nodes. A link of a node with itself is a link: `n_links` and degrees count it, and `n_loops` says how many
there are. It fills no place: `n_places`, `sparsity` and what rests on them leave it out. So do measures of
structure and hubs; null models keep it where it is. In a recurrent layer, whose units other layers feed or
read, the diagonal holds weights like others: every cell is a place. So it is where a unit owns several rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import check_flag, check_iterable, check_text, read_array
from netsci.graph.checks import as_links, as_whole, check_choice, rows_at_once
from netsci.indices import check_stored


@dataclass(frozen=True)
class Population:
    """A named set of `size` units: neurons, or the channels of a convolution.

    name : text, different for each population of a graph. size : whole number of at least 1.
    labels : one text for each unit, or None if the units have no names. needs : "any" if a unit is live with
    a live link from any projection, "every" if each projection into the population must bring one, as where
    two inputs meet in a product (query times key). Raises TypeError or ValueError if one does not fit.
    """

    name: str
    size: int
    labels: Sequence[str] | None = field(default=None, repr=False)
    needs: str = "any"

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise TypeError(f"the name of a population must be a text (str); got {self.name!r}")
        if not self.name:
            raise ValueError("a population needs a name, a text that is not empty; got ''")
        size = as_whole(self.size, f"size of population {self.name!r}")
        if size < 1:
            raise ValueError(f"population {self.name!r} needs a whole size of at least 1; got {size}")
        object.__setattr__(self, "size", size)
        check_choice(self.needs, ("any", "every"), f"needs of population {self.name!r}")
        if self.labels is not None:
            object.__setattr__(self, "labels", _texts(self.labels, size, self.name))


def _texts(labels: Sequence[str], size: int, name: str) -> tuple[str, ...]:
    check_iterable(labels, f"labels of population {name!r}", "a sequence of texts")
    if isinstance(labels, str) or not all(isinstance(label, str) for label in labels):
        raise TypeError(
            f"labels of population {name!r} must be a sequence of texts (str): pass list(map(str, labels))"
        )
    if len(labels) != size:
        raise ValueError(
            f"population {name!r} has {size} units but {len(labels)} labels; give one label for each unit"
        )
    return tuple(labels)


@dataclass(frozen=True, eq=False)
class Projection:
    """The links from one population to another, with weights or without.

    Parameters
    ----------
    source, target : names of populations.
    links : bool [size(source) * rows_per_unit, size(target)], dense (a link where nonzero) or sparse (a link
        where stored). Kept as canonical CSR.
    weights : the same shape, or None; dense (read at the links) or sparse with exactly the links' pattern.
        Kept as CSR with the links' structure, in float32 if they are float32, else in float64; a weight of 0
        leaves the link.
    rows_per_unit : rows that each source unit owns, a whole number of at least 1; row r is of unit
        r // rows_per_unit.
    name : name of the layer in its file or model; "source -> target" by default.
    undirected : True for a unipartite network: a projection of a population onto itself with symmetric links
        and weights.
    fed : whether other projections feed or leave the nodes of this one; a `LayeredGraph` sets it, and it
        stays when the projection is taken out.

    Raises
    ------
    ValueError, TypeError
        If links or weights are not finite matrices of one shape and pattern, or not symmetric if undirected,
        or rows_per_unit is not a whole number that divides the rows.
    """

    source: str
    target: str
    links: sp.csr_array
    weights: sp.csr_array | None = None
    rows_per_unit: int = 1
    name: str = ""
    undirected: bool = False
    fed: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        for what in ("source", "target", "name"):
            check_text(getattr(self, what), what)
        check_flag(self.undirected, "undirected")
        check_flag(self.fed, "fed")
        links = as_links(self.links, f"links of {self.source} -> {self.target}")
        name = self.name or f"{self.source} -> {self.target}"
        rows_per_unit = as_whole(self.rows_per_unit, f"rows_per_unit of {name!r}")
        if rows_per_unit < 1 or links.shape[0] % rows_per_unit:
            raise ValueError(
                f"projection {name!r} has {links.shape[0]} rows, which rows_per_unit = {rows_per_unit} does "
                "not divide: give the rows of one unit, k * k for a convolution"
            )
        if self.undirected and (links.shape[0] != links.shape[1] or (links != links.T).nnz):
            raise ValueError(
                f"projection {name!r} is undirected, so its links must be symmetric: pass undirected=False, "
                "or both directions"
            )
        object.__setattr__(self, "links", links)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "rows_per_unit", rows_per_unit)
        if self.weights is not None:
            weights = _weights_at(links, self.weights, name)
            if self.undirected and (weights != weights.T).nnz:
                raise ValueError(
                    f"projection {name!r} is undirected, so its weights must be symmetric; average them with "
                    "their transpose, or keep both directions apart with directed links"
                )
            object.__setattr__(self, "weights", weights)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns: presynaptic, postsynaptic."""
        return (int(self.links.shape[0]), int(self.links.shape[1]))

    @property
    def n_links(self) -> int:
        """Number of links; an undirected pair counts once."""
        if self.undirected:
            return (int(self.links.nnz) + int(self.links.diagonal().sum())) // 2
        return int(self.links.nnz)

    @property
    def one_population(self) -> bool:
        """Whether these are the links of a plain network, whose diagonal holds self-loops."""
        return self.source == self.target and self.rows_per_unit == 1 and not self.fed

    @property
    def n_loops(self) -> int:
        """Number of self-loops, which `n_links` counts; 0 between two populations."""
        return int(self.links.diagonal().sum()) if self.one_population else 0

    @property
    def n_places(self) -> int:
        """Number of places for a link; of one population, its pairs of different nodes (undirected: once)."""
        rows, columns = self.shape
        if not self.one_population:
            return rows * columns
        return rows * (rows - 1) // (2 if self.undirected else 1)

    @property
    def sparsity(self) -> float:
        """Share of the `n_places` without a link, in [0, 1]; NaN without places.

        Self-loops count neither as links nor as places, so they do not change it.
        """
        return 1.0 - (self.n_links - self.n_loops) / self.n_places if self.n_places else float("nan")

    def degrees(self, side: str) -> NDArray[np.int64]:
        """Number of links of each row ("source") or of each column ("target")."""
        check_choice(side, ("source", "target"), "side")
        if side == "source":
            return np.asarray(np.diff(self.links.indptr), dtype=np.int64)
        return np.bincount(self.links.indices, minlength=self.shape[1]).astype(np.int64, copy=False)

    def unit_links(self) -> sp.csr_array:
        """Boolean CSR [source units, target units]: True if any row of the source unit has a link."""
        if self.rows_per_unit == 1:
            return self.links
        coo = self.links.tocoo()
        shape = (self.shape[0] // self.rows_per_unit, self.shape[1])
        counts = sp.coo_array(
            (np.ones(coo.nnz, np.int64), (coo.row // self.rows_per_unit, coo.col)), shape=shape
        )
        return as_links(counts)

    def with_links(self, links: Any) -> Projection:
        """Return the projection with other links; old links keep their weights, new ones weigh 0."""
        links = as_links(links, self.name)
        if links.shape != self.shape:
            raise ValueError(
                f"links of {self.name!r} must keep the shape {self.shape}; got {links.shape}: make a new "
                "graph for another"
            )
        weights = None if self.weights is None else values_at(self.weights, links)
        return replace(self, links=links, weights=weights)


def values_at(weights: sp.csr_array, links: sp.csr_array) -> sp.csr_array:
    """Return weights on exactly the structure of `links`: 0 where `weights` stores nothing."""
    stored, wanted = _keys(weights), _keys(links)
    place = np.searchsorted(stored, wanted)
    place[place == len(stored)] = 0
    found = stored[place] == wanted if len(stored) else np.zeros(len(wanted), bool)
    values = np.zeros(len(wanted), dtype=weights.dtype)
    values[found] = weights.data[place[found]]
    return sp.csr_array((values, links.indices.copy(), links.indptr.copy()), shape=links.shape)


def same_projection(a: Projection, b: Projection) -> bool:
    """Whether two projections agree in everything, weights included."""
    plain = ("source", "target", "rows_per_unit", "name", "undirected", "shape")
    if any(getattr(a, key) != getattr(b, key) for key in plain) or (a.weights is None) != (b.weights is None):
        return False
    same = _same_pattern(a.links, b.links)
    if a.weights is None or b.weights is None or not same:
        return same
    return a.weights.dtype == b.weights.dtype and np.array_equal(a.weights.data, b.weights.data)


def _keys(matrix: sp.csr_array) -> NDArray[np.int64]:
    rows = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    return np.asarray(rows * matrix.shape[1] + matrix.indices, dtype=np.int64)


def _same_pattern(a: sp.csr_array, b: sp.csr_array) -> bool:
    return np.array_equal(a.indptr, b.indptr) and np.array_equal(a.indices, b.indices)


def _read_at(dense: NDArray[Any], links: sp.csr_array, dtype: type) -> NDArray[Any]:
    """Return the values of a dense matrix at the links, in CSR order, block by block."""
    values = np.empty(links.nnz, dtype)
    step = rows_at_once(links.shape[1])
    for first in range(0, links.shape[0], step):
        bounds = links.indptr[first : first + step + 1]
        rows = np.repeat(np.arange(first, first + len(bounds) - 1), np.diff(bounds))
        values[bounds[0] : bounds[-1]] = dense[rows, links.indices[bounds[0] : bounds[-1]]]
    return values


def _weights_at(links: sp.csr_array, weights: Any, name: str) -> sp.csr_array:
    """Check weights and lay them on the structure of the links."""
    if not sp.issparse(weights):
        weights = read_array(weights, f"weights of {name!r}")
    if weights.shape != links.shape:
        raise ValueError(f"weights of {name!r} must have the links' shape {links.shape}; got {weights.shape}")
    if weights.dtype.kind not in "biuf":
        raise TypeError(f"weights of {name!r} must be real numbers; their dtype is {weights.dtype}")
    dtype = np.float32 if weights.dtype == np.float32 else np.float64
    if sp.issparse(weights):
        check_stored(weights, f"weights of {name!r}")
        # Converted before duplicates are added up: the sum may not fit a small integer type.
        stored = sp.csr_array(weights.astype(dtype, copy=True))
        stored.sum_duplicates()
        if not _same_pattern(stored, links):
            raise ValueError(
                f"sparse weights of {name!r} must store exactly the links' pattern; "
                "pass them dense to read them at the links"
            )
        values = stored.data
    else:
        values = _read_at(weights, links, dtype)
    if not np.isfinite(values).all():
        raise ValueError(f"weights of {name!r} hold NaN or infinite values: replace them first")
    return sp.csr_array((values, links.indices.copy(), links.indptr.copy()), shape=links.shape)
