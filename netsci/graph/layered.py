"""The central type: populations of neurons and the projections between them.

Rows are presynaptic and columns postsynaptic, everywhere. A population's nodes are its *units*: neurons, or
the channels of a convolution. A projection may hold several rows for each unit of its source
(`rows_per_unit`): k^2 for a convolution (channel x kernel position), H W for a flatten C -> C H W; row r
belongs to unit r // rows_per_unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import check_flag, check_text, list_of
from netsci.graph.chain import chain, transpose_hint
from netsci.graph.checks import as_links, check_choice
from netsci.graph.projection import Population, Projection, same_projection, values_at

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class LayeredGraph:
    """Populations, and the projections that link one to another or to itself.

    Raises
    ------
    ValueError
        If two populations have one name, a projection names an unknown population or its shape does not fit.

    Examples
    --------
    >>> graph = LayeredGraph.from_masks([[[1, 0], [0, 1], [1, 1]], [[1], [0]]])
    >>> graph.sizes
    {'layer0': 3, 'layer1': 2, 'layer2': 1}
    >>> graph.n_links
    5
    """

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]

    def __post_init__(self) -> None:
        for name, kind in (("populations", Population), ("projections", Projection)):
            what = f"a sequence of {kind.__name__}"
            object.__setattr__(self, name, tuple(list_of(getattr(self, name), kind, name, what)))
        names = [population.name for population in self.populations]
        if not names:
            raise ValueError("a graph needs at least one population; populations is empty")
        if len(set(names)) < len(names):
            raise ValueError(f"population names must be unique; got {names}: rename one")
        for projection in self.projections:
            for end in (projection.source, projection.target):
                if end not in self.sizes:
                    raise ValueError(
                        f"projection {projection.name!r} names unknown population {end!r}: add it"
                    )
            fit = (self.sizes[projection.source] * projection.rows_per_unit, self.sizes[projection.target])
            if projection.shape != fit:
                raise ValueError(
                    f"projection {projection.name!r} must be [presynaptic, postsynaptic] = {list(fit)}; "
                    f"it is {list(projection.shape)}" + transpose_hint(projection.shape[::-1] == fit)
                )
            if projection.undirected and projection.source != projection.target:
                raise ValueError(
                    f"projection {projection.name!r} joins two populations: set undirected=False"
                )
        object.__setattr__(self, "projections", tuple(map(self._mark, self.projections)))

    def _mark(self, p: Projection) -> Projection:
        """Return a projection with `fed` set if others feed or leave its nodes."""
        if p.fed or p.source != p.target:
            return p
        fed = any((q.source == p.source) != (q.target == p.source) for q in self.projections)
        return replace(p, fed=True) if fed else p

    @classmethod
    def from_masks(
        cls,
        masks: Iterable[Any],
        *,
        weights: Sequence[Any] | None = None,
        names: Sequence[str] | None = None,
        rows_per_unit: Sequence[int] | None = None,
    ) -> LayeredGraph:
        """Build a chain of layers from masks [presynaptic, postsynaptic]; the first mask reads the input.

        `weights`, `names` (of the projections) and `rows_per_unit` (k^2 of a convolution, H W of a flatten)
        hold one entry for each mask. Raises ValueError if the columns of a mask do not fit the rows of the
        next, or if masks is a single matrix. Raises TypeError if rows_per_unit is not a list of whole
        numbers.
        """
        return cls(*chain(masks, weights, names, rows_per_unit))

    @classmethod
    def from_adjacency(
        cls,
        adjacency: Any,
        *,
        weights: Any = None,
        name: str = "nodes",
        directed: bool | None = None,
        labels: Sequence[str] | None = None,
    ) -> LayeredGraph:
        """Build a plain network: one population with one projection onto itself, undirected if symmetric.

        By default symmetric links make it undirected. If the weights of both directions differ, pass
        directed=True. `labels` names the nodes.
        """
        if directed is not None:
            check_flag(directed, "directed")
        check_text(name, "name")
        links = as_links(adjacency, "adjacency")
        if links.shape[0] != links.shape[1]:
            raise ValueError(
                f"adjacency must be square; got {links.shape}: give a biadjacency to LayeredGraph.from_masks"
            )
        undirected = not (links != links.T).nnz if directed is None else not directed
        projection = Projection(name, name, links, weights, name=name, undirected=undirected)
        return cls((Population(name, links.shape[0], labels),), (projection,))

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Size of each population, in order."""
        return {population.name: population.size for population in self.populations}

    @cached_property
    def offsets(self) -> dict[str, int]:
        """Number of the first node of each population in node order (adjacency, degrees, embedding)."""
        starts = np.concatenate([[0], np.cumsum([p.size for p in self.populations])])
        return {p.name: int(start) for p, start in zip(self.populations, starts, strict=False)}

    @property
    def n_nodes(self) -> int:
        """Number of units in all populations."""
        return sum(self.sizes.values())

    @property
    def n_links(self) -> int:
        """Number of links in all projections."""
        return sum(projection.n_links for projection in self.projections)

    @property
    def node_population(self) -> NDArray[np.int64]:
        """For every node, the position of its population."""
        return np.repeat(np.arange(len(self.populations)), [p.size for p in self.populations]).astype(
            np.int64
        )

    @property
    def node_labels(self) -> list[str]:
        """For every node, its label, or "population[index]" if its population has no labels."""
        return [
            label
            for p in self.populations
            for label in (p.labels or (f"{p.name}[{i}]" for i in range(p.size)))
        ]

    def degrees(self, side: str = "all") -> dict[str, NDArray[np.int64]]:
        """Number of links of each unit, by population: "in", "out" or "all" (undirected links count once)."""
        check_choice(side, ("in", "out", "all"), "side")
        totals = {name: np.zeros(size, np.int64) for name, size in self.sizes.items()}
        for projection in self.projections:
            if side in ("out", "all"):
                rows = projection.degrees("source").reshape(-1, projection.rows_per_unit)
                totals[projection.source] += rows.sum(axis=1)
            if side == "in" or (side == "all" and not projection.undirected):
                totals[projection.target] += projection.degrees("target")
        return totals

    def adjacency(self, *, directed: bool = True) -> sp.csr_array:
        """Boolean CSR [nodes, nodes] over the units of all populations; symmetric if not directed."""
        sources, targets = [], []
        for projection in self.projections:
            coo = projection.unit_links().tocoo()
            sources.append(coo.row + self.offsets[projection.source])
            targets.append(coo.col + self.offsets[projection.target])
        source = np.concatenate([np.zeros(0, np.int64), *sources]).astype(np.int64)
        target = np.concatenate([np.zeros(0, np.int64), *targets]).astype(np.int64)
        if not directed:
            source, target = np.concatenate([source, target]), np.concatenate([target, source])
        shape = (self.n_nodes, self.n_nodes)
        return as_links(sp.coo_array((np.ones(len(source), np.int64), (source, target)), shape=shape))

    def edges(self) -> pd.DataFrame:
        """Return a table with one row for each link.

        Columns: projection, row, source and target (node numbers), weight (NaN if unweighted). An undirected
        pair has one row, with source <= target.
        """
        import pandas as pd

        frames = []
        for number, projection in enumerate(self.projections):
            links = sp.triu(projection.links).tocsr() if projection.undirected else projection.links
            coo = links.tocoo()
            weight = np.full(coo.nnz, np.nan)
            if projection.weights is not None:
                weight = np.asarray(values_at(projection.weights, links).data, dtype=np.float64)
            frame = {
                "projection": np.full(coo.nnz, number, np.int64),
                "row": coo.row.astype(np.int64),
                "source": coo.row.astype(np.int64) // projection.rows_per_unit
                + self.offsets[projection.source],
                "target": coo.col.astype(np.int64) + self.offsets[projection.target],
                "weight": weight,
            }
            frames.append(pd.DataFrame(frame))
        if not frames:
            none = dict.fromkeys(("projection", "row", "source", "target"), np.zeros(0, np.int64))
            return pd.DataFrame(none | {"weight": np.zeros(0)})
        return pd.concat(frames, ignore_index=True)

    def with_links(self, links: Sequence[Any]) -> LayeredGraph:
        """Return the graph with other links, one matrix for each projection; old links keep their weights."""
        if len(links) != len(self.projections):
            raise ValueError(
                f"links needs one matrix for each of {len(self.projections)} projections; got {len(links)}"
            )
        projections = [p.with_links(new) for p, new in zip(self.projections, links, strict=True)]
        return LayeredGraph(self.populations, tuple(projections))

    def components(self) -> tuple[int, NDArray[np.int64]]:
        """Number of weakly connected components and the component of every node, largest first."""
        count, labels = sp.csgraph.connected_components(self.adjacency(directed=False), directed=False)
        order = np.argsort(-np.bincount(labels, minlength=count), kind="stable")
        rank = np.empty(count, np.int64)
        rank[order] = np.arange(count)
        return int(count), rank[labels]

    def subgraph(self, keep: Mapping[str, Any]) -> LayeredGraph:
        """Return the graph of the units to keep (bool [size] by population), without empty populations."""
        unknown = [name for name in keep if name not in self.sizes]
        if unknown:
            raise ValueError(f"keep names {unknown}; name only the populations {list(self.sizes)}")
        kept = {name: np.asarray(keep.get(name, np.ones(size, bool))) for name, size in self.sizes.items()}
        for name, mask in kept.items():
            if mask.dtype != bool or mask.shape != (self.sizes[name],):
                raise ValueError(
                    f"keep[{name!r}] must be bool [{self.sizes[name]}]; got {mask.dtype} {mask.shape}"
                )
        populations = [
            _part(population, kept[population.name])
            for population in self.populations
            if kept[population.name].any()
        ]
        projections = []
        for p in self.projections:
            if kept[p.source].any() and kept[p.target].any():
                rows, columns = np.repeat(kept[p.source], p.rows_per_unit), kept[p.target]
                weights = None if p.weights is None else p.weights[rows][:, columns]
                projections.append(replace(p, links=p.links[rows][:, columns], weights=weights))
        return LayeredGraph(tuple(populations), tuple(projections))

    def largest_component(self) -> LayeredGraph:
        """Return the subgraph of the largest weakly connected component (the first of equals)."""
        inside = self.components()[1] == 0
        starts = self.offsets
        return self.subgraph(
            {p.name: inside[starts[p.name] : starts[p.name] + p.size] for p in self.populations}
        )

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {size}" for name, size in self.sizes.items())
        return f"LayeredGraph({sizes}; {len(self.projections)} projections, {self.n_links} links)"

    def _repr_html_(self) -> str:
        from netsci.graph import representation

        return representation.graph_html(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LayeredGraph):
            return NotImplemented
        return (
            self.populations == other.populations
            and len(self.projections) == len(other.projections)
            and all(same_projection(a, b) for a, b in zip(self.projections, other.projections, strict=True))
        )

    __hash__ = None  # type: ignore[assignment]

    def to_networkx(self) -> Any:
        """Return a networkx graph without loss of information; see `netsci.graph.interop`."""
        from netsci.graph import interop

        return interop.to_networkx(self)

    def to_igraph(self) -> Any:
        """Return an igraph graph without loss of information; see `netsci.graph.interop`."""
        from netsci.graph import interop

        return interop.to_igraph(self)

    def to_graphml(self, path: Any) -> None:
        """Write a GraphML file without loss of information; see `netsci.graph.interop`."""
        from netsci.graph import interop

        interop.to_graphml(self, path)


def _part(population: Population, keep: NDArray[np.bool_]) -> Population:
    """Return the kept units of a population, with their labels."""
    labels = population.labels and [population.labels[i] for i in np.flatnonzero(keep).tolist()]
    return replace(population, size=int(keep.sum()), labels=labels or None)
