"""Cannistraci-Hebb scores of the links that an undirected network could have.

u and v are two nodes, d the degree. A path of length two is u-z-v, of length three u-z1-z2-v, all nodes
different. The local community (LC) of (u, v) are the z of its paths; a link of z is internal (di of them) if
it stays in the LC, else external (de), those to u and v left out:
de(z) = d(z) - di(z) - [z next to u] - [z next to v].

    rule     ratio r of z          ra_l2 ... ch3_l2      sum of r(z) over the paths of length two
    ra       1 / d                 ra_l3 ... ch3_l3      sum of sqrt(r(z1) r(z2)) over those of length three
    ch1      di / d                ch2_l3n, ch3_l3n      sum of r(z) over the LC of length three
    ch2      (1 + di) / (1 + de)
    ch3      1 / (1 + de)

Which links are internal has two meanings for length three: "path" are those that are the middle of a path,
"induced" are all links between two nodes of the LC. They differ where the network has triangles: a link
between two neighbours of u that are not next to v is no middle.

Neither u nor v is in the LC, nor is the link (u, v) on a path; so the score of an existing link is the same
whether it is there or has been removed.

Time: every path is walked twice, a few nanoseconds each, and every pair (u, v) costs the degree of v. Memory
beside the scores: links + nodes, for "induced" also the triangles, a bounded part of them at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import read_array
from netsci.graph.ch.inputs import Lists, Ratio
from netsci.graph.checks import as_links, as_whole, check_choice

_Pairs = NDArray[np.int64]
_Floats = NDArray[np.float64]


_RATIOS = {"ra": Ratio(1, 0, 0), "ch1": Ratio(0, 1, 0), "ch2": Ratio(1, 1, 1), "ch3": Ratio(1, 0, 1)}
CH_UNIPARTITE_RULES: tuple[str, ...] = (
    *(f"{name}_{length}" for length in ("l2", "l3") for name in _RATIOS),
    "ch2_l3n",
    "ch3_l3n",
)
LOCAL_COMMUNITIES = ("path", "induced")

_ROWS = 256  # rows of pairs that are listed at a time
_CLOSED_ENTRIES = 2**24  # of the triangles' table at a time


def ch_scores_unipartite(
    adjacency: Any,
    rule: str = "ch3_l3",
    *,
    local_community: str = "path",
    pairs: Any = None,
    existing: str | None = None,
) -> tuple[_Pairs, _Floats]:
    """Return the Cannistraci-Hebb score of every missing link of an undirected network, exactly.

    score(u, v) = sum over z of r(z) (_l2 by paths of length two; _l3n over the local community) or sum over
    paths u-z1-z2-v of sqrt(r(z1) r(z2)) (_l3), with r = 1/d (ra), di/d (ch1), (1+di)/(1+de) (ch2) and
    1/(1+de) (ch3). The local community of (u, v) are all z of its paths; d is the degree of z, di its links
    inside the community and de those outside, those to u and v left out.

    Parameters
    ----------
    adjacency : [n, n] symmetric, zero diagonal; dense (a link where it is not 0) or sparse (stored pattern).
    rule : one of `CH_UNIPARTITE_RULES`.
    local_community : what a link inside is, "path" (the middle of a path) or "induced" (any link between two
        nodes of the community); for _l2 rules both are the same.
    pairs : integers [k, 2], score only these pairs, in this order; by default all pairs without a link.
    existing : None gives NaN at existing links; "leave_one_out" scores them too, each as if only this link
        were removed.

    Returns
    -------
    pairs : int64 [k, 2], u < v, row by row; the pairs passed, if any.
    scores : float64 [k], at least 0; 0 where no path exists, NaN at existing links unless existing is
        "leave_one_out".

    Raises
    ------
    TypeError
        If the adjacency is not numeric or pairs are not integers.
    ValueError
        If the adjacency is not a finite, square and symmetric matrix without self-loops, a pair is not two
        different nodes, or rule, local_community or existing is unknown.

    Examples
    --------
    >>> path = np.diag([1, 1, 1], 1) + np.diag([1, 1, 1], -1)  # 0 - 1 - 2 - 3
    >>> pairs, scores = ch_scores_unipartite(path)
    >>> pairs.tolist(), scores.tolist()
    ([[0, 2], [0, 3], [1, 3]], [0.0, 1.0, 0.0])

    Source: S0 eq. 5 (ch3_l3), S1 eqs. A3, A4 (_l3n); Muscoloni et al. (2018, 2022) for the others.
    Reading: "path" is what the laboratory's code for training does (and its code of 2026), "induced" what its
    code of 2018 to 2022 does.
    """
    network = _Network.prepare(adjacency, rule, local_community, existing)
    if pairs is not None:
        wanted = _check_pairs(pairs, network.n)
        return wanted, network.scores(wanted)
    blocks = list(network.blocks(_ROWS))
    return np.concatenate([some for some, _ in blocks]), np.concatenate([scores for _, scores in blocks])


def iter_ch_scores_unipartite(
    adjacency: Any,
    rule: str = "ch3_l3",
    *,
    local_community: str = "path",
    existing: str | None = None,
    block_rows: int = 256,
) -> Iterator[tuple[_Pairs, _Floats]]:
    """Yield `ch_scores_unipartite` in blocks of block_rows rows u, for networks with too many pairs.

    adjacency, rule, local_community, existing : as in `ch_scores_unipartite`.

    Returns
    -------
    Iterator of (pairs int64 [k, 2], scores float64 [k]); a block has at most block_rows * n pairs,
    perhaps none. Memory is links + one block.

    Raises
    ------
    TypeError, ValueError
        As `ch_scores_unipartite`, and if block_rows is not a whole number of at least 1.

    Examples
    --------
    >>> path = np.diag([1, 1, 1], 1) + np.diag([1, 1, 1], -1)
    >>> for pairs, scores in iter_ch_scores_unipartite(path, block_rows=2):
    ...     print(pairs.tolist(), scores.tolist())
    [[0, 2], [0, 3], [1, 3]] [0.0, 1.0, 0.0]
    [] []

    Source: S0 eq. 5, S1 eqs. A3, A4.
    """
    step = as_whole(block_rows, "block_rows")
    if step < 1:
        raise ValueError(f"block_rows must be at least 1; got {block_rows!r}")
    return _Network.prepare(adjacency, rule, local_community, existing).blocks(step)


@dataclass(frozen=True)
class _Network:
    """What all pairs share."""

    near: Lists
    ratio: Ratio
    length: str
    induced: bool
    leave_one_out: bool

    @classmethod
    def prepare(cls, adjacency: Any, rule: str, local_community: str, existing: str | None) -> _Network:
        check_choice(rule, CH_UNIPARTITE_RULES, "rule")
        check_choice(local_community, LOCAL_COMMUNITIES, "local_community")
        check_choice(existing, (None, "leave_one_out"), "existing")
        links = _check_undirected(adjacency)
        name, length = rule.split("_")
        near = Lists(links.indptr.astype(np.int64), links.indices.astype(np.uint32))
        return cls(near, _RATIOS[name], length, local_community == "induced", existing is not None)

    @property
    def n(self) -> int:
        return len(self.near.start) - 1

    def blocks(self, step: int) -> Iterator[tuple[_Pairs, _Floats]]:
        for first in range(0, max(self.n, 1), step):
            rows = np.arange(first, min(first + step, self.n))
            row, target = np.nonzero(self._mark_wanted(rows))
            start = np.searchsorted(row, np.arange(len(rows) + 1))
            yield np.stack([row + first, target], axis=1), self._score_targets(rows, start, target)

    def _mark_wanted(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which v > u are to be scored, for each u of these consecutive rows."""
        wanted = np.arange(self.n) > rows[:, None]
        if not self.leave_one_out:
            start = self.near.start[rows[0] : rows[-1] + 2] if len(rows) else np.zeros(1, np.int64)
            wanted[np.repeat(rows - rows[:1], np.diff(start)), self.near.node[start[0] : start[-1]]] = False
        return wanted

    def scores(self, pairs: _Pairs) -> _Floats:
        """Scores of pairs in any order, NaN at existing links unless these are asked for."""
        order = np.lexsort((pairs[:, 1], pairs[:, 0]))
        origins, start = np.unique(pairs[order, 0], return_index=True)
        targets = np.ascontiguousarray(pairs[order, 1])
        scores = np.empty(len(pairs))
        scores[order] = self._score_targets(origins, np.append(start, len(pairs)), targets)
        if not self.leave_one_out:
            scores[self._are_linked(pairs)] = np.nan
        return scores

    def _score_targets(
        self, origins: NDArray[np.int64], start: NDArray[np.int64], targets: NDArray[np.int64]
    ) -> _Floats:
        """Scores of origins[i] with targets[start[i] : start[i + 1]], for all i."""
        from netsci.graph.ch import _unipartite_kernels as kernels

        scores = np.zeros(len(targets))
        if self.length == "l2":
            kernels.score_two_steps(origins, start, targets, self.near, self.ratio, scores)
            return scores
        for bounds, closed in self._tables():
            paths = (self.ratio, self.length == "l3", bounds, closed)
            kernels.score_three_steps(origins, start, targets, self.near, *paths, scores)
        return scores

    def _are_linked(self, pairs: _Pairs) -> NDArray[np.bool_]:
        row = np.repeat(np.arange(self.n), np.diff(self.near.start))
        key, wanted = row * self.n + self.near.node, pairs[:, 0] * self.n + pairs[:, 1]
        place = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        return key[place] == wanted if len(key) else np.zeros(len(pairs), dtype=bool)

    def _tables(self) -> Iterator[tuple[tuple[int, int], Lists]]:
        """Ranges of nodes, each with the common neighbours of its links if those are asked for."""
        if not self.induced:
            yield (0, self.n), Lists(np.zeros(0, np.int64), np.zeros(0, np.uint32))
        elif len(self._ranges) == 1:
            yield self._ranges[0], self._whole_table
        else:
            for bounds in self._ranges:
                yield bounds, self._table(*bounds)

    @cached_property
    def _closed(self) -> NDArray[np.int64]:
        from netsci.graph.ch import _unipartite_kernels as kernels

        return np.concatenate([np.zeros(1, np.int64), np.cumsum(kernels.count_closed(self.near))])

    @cached_property
    def _ranges(self) -> list[tuple[int, int]]:
        ranges, first = [], 0
        while first < self.n:
            last = int(np.searchsorted(self._closed, self._closed[first] + _CLOSED_ENTRIES, side="right")) - 1
            last = min(max(last, first + 1), self.n)
            ranges.append((first, last))
            first = last
        return ranges

    @cached_property
    def _whole_table(self) -> Lists:
        return self._table(0, self.n)

    def _table(self, first: int, last: int) -> Lists:
        from netsci.graph.ch import _unipartite_kernels as kernels

        start = np.zeros(self.near.start[last] - self.near.start[first] + 1, np.int64)
        node = np.empty(self._closed[last] - self._closed[first], np.uint32)
        kernels.list_closed(self.near, first, last, start, node)
        return Lists(start, node)


def _check_undirected(adjacency: Any) -> sp.csr_array:
    links = as_links(adjacency, "adjacency")
    if links.shape[0] != links.shape[1]:
        raise ValueError(
            f"adjacency must be square; its shape is {links.shape}: for a bipartite layer call ch_scores"
        )
    if links.diagonal().any():
        raise ValueError("adjacency must have no self-loops; clear its diagonal first")
    if (links != links.T).nnz:
        raise ValueError("adjacency must be symmetric; to ignore directions add its transpose")
    return links


def _check_pairs(pairs: Any, n: int) -> _Pairs:
    wanted = read_array(pairs, "pairs")
    if wanted.size == 0:
        wanted = wanted.reshape(-1, 2).astype(np.int64)
    if wanted.ndim != 2 or wanted.shape[1] != 2:
        raise ValueError(f"pairs must have the shape [k, 2]; their shape is {wanted.shape}")
    if wanted.dtype.kind not in "iu":
        raise TypeError(
            f"pairs must be integers [k, 2], numbers of nodes; their dtype is {wanted.dtype}: convert them"
        )
    outside = wanted[(wanted < 0) | (wanted >= n)]
    if outside.size:
        raise ValueError(f"pairs must lie in 0..{n - 1}, the nodes of the network; got {outside[0]}")
    wanted = wanted.astype(np.int64)
    same = wanted[wanted[:, 0] == wanted[:, 1], 0]
    if same.size:
        raise ValueError(f"a pair must be two different nodes; got {same[0]} twice")
    return wanted
