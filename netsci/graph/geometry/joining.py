"""Which nodes of a network are embedded together: its largest component, or all of them, joined."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.checks import as_links

COMPONENTS = ("largest", "joined")


@dataclass(frozen=True, eq=False)
class Part:
    """The nodes to embed, their true links, and the temporary ones that make them one component.

    nodes : int64 [n], indices into the adjacency, ascending. links : boolean CSR [n, n], the true links.
    ends : int64 [t, 2], the two ends of each temporary link, positions in nodes; the first lies in the
    component that is joined, the second in the largest. sizes : int64 [t, 2], nodes of these components.
    notes : what was joined or left out.
    """

    nodes: NDArray[np.int64]
    links: sp.csr_array
    ends: NDArray[np.int64]
    sizes: NDArray[np.int64]
    notes: tuple[str, ...] = ()

    @property
    def degrees(self) -> NDArray[np.int64]:
        """True links of every node."""
        return np.asarray(np.diff(self.links.indptr), dtype=np.int64)

    def with_temporary(self, lengths: sp.csr_array, weighting: str, *, at_mean: bool) -> sp.csr_array:
        """Return the lengths of the true links with those of the temporary ones.

        A temporary link is as long as if it alone were added to the network: none 1,
        ra1 (k_i + 1) + (k_j + 1) + (k_i + 1)(k_j + 1), ra2 (k_i + 1)(k_j + 1), ebc the product of the sizes
        of the components; the lengths of true links stay. at_mean gives it the mean of these instead.
        """
        if not len(self.ends):
            return lengths
        first, second = self.degrees[self.ends].T.astype(np.float64) + 1
        own = {
            "none": np.ones(len(self.ends)),
            "ra1": first + second + first * second,
            "ra2": first * second,
            "ebc": self.sizes.prod(axis=1).astype(np.float64),
        }[weighting]
        if at_mean:
            own = np.full(len(self.ends), lengths.data.mean())
        half = sp.coo_array((own, tuple(self.ends.T)), shape=lengths.shape)
        both = sp.csr_array(lengths + half + half.T)
        both.sort_indices()
        return both


def check_undirected(adjacency: Any) -> sp.csr_array:
    """Return the links of a symmetric adjacency without self-loops, or explain why it is none."""
    links = as_links(adjacency, "adjacency")
    if links.shape[0] != links.shape[1]:
        raise ValueError(
            f"adjacency must be square; its shape is {links.shape} (of a layered network pass "
            "LayeredGraph.adjacency(), not a mask)"
        )
    if links.diagonal().any():
        raise ValueError("adjacency must have no self-loops; clear its diagonal first")
    if (links != links.T).nnz:
        raise ValueError(
            "adjacency must be symmetric; pass the undirected adjacency, such as (a != 0) | (a != 0).T"
        )
    if links.shape[0] == 0:
        raise ValueError("adjacency must have at least 4 connected nodes; it is empty")
    return links


def largest_part(links: sp.csr_array) -> Part:
    """Return the largest component, among equals the one that holds the lowest index."""
    labels, order = _components(links)
    return _part(links, np.flatnonzero(labels == order[0]), [], [], ())


def join_components(links: sp.csr_array, node_types: Any = None) -> Part:
    """Return all nodes with links, every smaller component joined to the largest by one temporary link.

    It runs from the component's node of largest degree to the largest component's node of largest degree
    among those of opposite type: the types that the first node's type is linked with anywhere in the
    network, its own only if there is no other. Ties go to the lower index. Where the largest component has
    no such node, the component's node next in degree is tried, at last the types are left aside.

    Parameters
    ----------
    links : symmetric boolean CSR [N, N]. node_types : whole numbers [N]; None: all nodes are of one type.

    Raises
    ------
    TypeError, ValueError
        If node_types are not whole numbers or not one for every node.

    Examples
    --------
    >>> pair = np.kron(np.eye(2), [[0, 1], [1, 0]])
    >>> join_components(check_undirected(pair)).ends.tolist()
    [[2, 0]]

    Source: Hyperpathway's temporary links, as described in the project's notes on coalescent embedding.
    Reading: one link a component; a node without links would be placed by its temporary link alone, so
    isolated nodes are left out.
    """
    types = _types(node_types, links.shape[0])
    labels, order = _components(links)
    degrees = np.diff(links.indptr)
    by_degree = np.argsort(-degrees, kind="stable")
    members = [by_degree[labels[by_degree] == label] for label in order if _has_links(labels, label, degrees)]
    if len(members) < 2:
        largest = largest_part(links)
        return Part(largest.nodes, largest.links, largest.ends, largest.sizes, _note_isolated(degrees))
    opposite = _opposite_types(links, types)
    ends = [_temporary_link(component, members[0], types, opposite) for component in members[1:]]
    sizes = [(len(component), len(members[0])) for component in members[1:]]
    smaller, total = sum(size for size, _ in sizes), links.shape[0]
    note = (
        f"{len(ends)} smaller components ({smaller} nodes) were joined to the largest ({len(members[0])} of "
        f"{total} nodes) by {len(ends)} temporary links, which set angles only, not degrees and radii"
    )
    if len(ends) == 1:
        note = note.replace("components", "component").replace("links", "link").replace("were", "was")
    return _part(links, np.flatnonzero(degrees), ends, sizes, (note, *_note_isolated(degrees)))


def _part(
    links: sp.csr_array,
    nodes: NDArray[np.intp],
    ends: list[tuple[int, int]],
    sizes: list[tuple[int, int]],
    notes: tuple[str, ...],
) -> Part:
    inside = sp.csr_array(links[nodes][:, nodes])
    inside.sort_indices()
    pairs = np.array(ends, dtype=np.int64).reshape(-1, 2)
    return Part(
        nodes.astype(np.int64),
        inside,
        np.searchsorted(nodes, pairs).astype(np.int64),
        np.array(sizes, dtype=np.int64).reshape(-1, 2),
        notes,
    )


def _components(links: sp.csr_array) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
    """Return the component of every node, and the components by decreasing size, then by lowest index."""
    _, labels = sp.csgraph.connected_components(links, directed=False)
    sizes = np.bincount(labels)
    lowest = np.full(len(sizes), len(labels))
    np.minimum.at(lowest, labels, np.arange(len(labels)))
    return labels, np.lexsort((lowest, -sizes))


def _has_links(labels: NDArray[np.int32], label: int, degrees: NDArray[np.int32]) -> bool:
    return bool(degrees[np.argmax(labels == label)] > 0)


def _note_isolated(degrees: NDArray[np.int32]) -> tuple[str, ...]:
    isolated = int((degrees == 0).sum())
    if not isolated:
        return ()
    return (f"{isolated} isolated {'node was' if isolated == 1 else 'nodes were'} left out",)


def _opposite_types(links: sp.csr_array, types: NDArray[np.int64]) -> dict[int, set[int]]:
    pairs = links.tocoo()
    linked = np.unique(np.stack([types[pairs.row], types[pairs.col]], axis=1), axis=0).tolist()
    others = {one: {b for a, b in linked if a == one} for one, _ in linked}
    return {one: (met - {one}) or met for one, met in others.items()}


def _temporary_link(
    component: NDArray[np.intp],
    largest: NDArray[np.intp],
    types: NDArray[np.int64],
    opposite: dict[int, set[int]],
) -> tuple[int, int]:
    """Return the two ends; both components list their nodes by decreasing degree."""
    for node in component:
        fitting = np.isin(types[largest], list(opposite[int(types[node])]))
        if fitting.any():
            return int(node), int(largest[np.argmax(fitting)])
    return int(component[0]), int(largest[0])


def _types(node_types: Any, count: int) -> NDArray[np.int64]:
    if node_types is None:
        return np.zeros(count, dtype=np.int64)
    types = np.asarray(node_types)
    if types.dtype.kind not in "iu":
        raise TypeError(
            f"node_types must be whole numbers, e.g. LayeredGraph.node_population; dtype {types.dtype}"
        )
    if types.shape != (count,):
        raise ValueError(f"node_types must hold one type for each of {count} nodes; shape {types.shape}")
    return types.astype(np.int64)
