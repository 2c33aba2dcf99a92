"""What random links would give: the baselines of the sentences that open a report.

Random links lie in the same projections in the same numbers, each place as likely as any other; self-loops
stay, by the convention of `netsci.graph.projection`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.stats import hypergeom

from netsci.graph import LayeredGraph, Projection, degree_exponent
from netsci.graph.structure.null_models import clear_loops
from netsci.report.degrees import ALL, MOST_PLACES, DegreeFit, random_degrees, unit_degrees
from netsci.report.words import percent

ROUNDS = 100  # of the mean field where projections run in circles
DRAWS = 5  # of random degrees, for the exponents that they give

SIDES = {"presynaptic": "source", "postsynaptic": "target", "degree": "source"}


def expect_live(graph: LayeredGraph) -> dict[str, float]:
    """Return, for each population, the share of units that random links would leave on a path.

    A mean field: a unit is reached unless all its places that reached units could link to are empty. A unit
    of a population that projects to no other, and that no other projects to, needs one link.

    Examples
    --------
    >>> share = expect_live(LayeredGraph.from_masks([np.eye(4), np.eye(4)]))
    >>> {name: round(value, 2) for name, value in share.items()}
    {'layer0': 0.53, 'layer1': 0.47, 'layer2': 0.53}
    """
    inner = [p for p in graph.projections if p.source != p.target]
    if not inner:
        return {name: 1.0 - _no_link(graph, name) for name in graph.sizes}
    entered, left = {p.target for p in inner}, {p.source for p in inner}
    reached = {name: float(name not in entered) for name in graph.sizes}
    reaching = {name: float(name not in left) for name in graph.sizes}
    for _ in range(ROUNDS):
        before = (dict(reached), dict(reaching))
        for name in graph.sizes:
            if name in entered:
                reached[name] = 1.0 - math.prod(_miss_source(p, reached) for p in inner if p.target == name)
        for name in reversed(graph.sizes):
            if name in left:
                reaching[name] = 1.0 - math.prod(_miss_target(p, reaching) for p in inner if p.source == name)
        if before == (reached, reaching):
            break
    return {name: reached[name] * reaching[name] for name in graph.sizes}


def expect_largest(units: int, places: int, links: int) -> float:
    """Return the median of the largest degree among units of `places` places each, with links at random.

    Examples
    --------
    >>> expect_largest(100, 50, 500)
    11.0
    """
    return float(hypergeom.isf(1.0 - 0.5 ** (1.0 / units), units * places, links, places))


def chance_of_hub(degree: int, units: int, places: int, links: int) -> float:
    """Return the chance that random links give one of the units this degree or more, at most 1 (Bonferroni).

    Examples
    --------
    >>> round(chance_of_hub(15, 100, 50, 500), 3)
    0.007
    """
    return min(1.0, units * float(hypergeom.sf(degree - 1, units * places, links, places)))


def draw_degrees(p: Projection, side: str, rng: np.random.Generator) -> NDArray[np.int64] | None:
    """Return the degrees of one side's units with links at random, None where there are too many places."""
    if p.shape[0] * p.shape[1] >= MOST_PLACES:
        return None
    return random_degrees(p, side, rng)


def draw_all_degrees(graph: LayeredGraph, rng: np.random.Generator) -> NDArray[np.int64] | None:
    """Return the degrees of all nodes with links at random, None where there are too many places."""
    totals = {name: np.zeros(size, np.int64) for name, size in graph.sizes.items()}
    for p in graph.projections:
        for side, name in (("source", p.source), ("target", p.target)):
            found = draw_degrees(p, side, rng)
            if found is None:
                return None
            totals[name] += found
            if p.undirected:
                break
    return np.concatenate(list(totals.values()))


def fit_all(graph: LayeredGraph) -> list[DegreeFit]:
    """Return the exponents of all nodes and of each side of each projection, without bootstraps."""
    pooled = np.concatenate(list(graph.degrees("all").values()))
    fits = [DegreeFit(ALL, "degree", pooled, degree_exponent(pooled))]
    if len(graph.projections) == 1 and graph.projections[0].undirected:
        return fits
    for p in graph.projections:
        for label, side in (("degree", "source"),) if p.undirected else tuple(SIDES.items())[:2]:
            degrees = unit_degrees(p, side)
            fits.append(DegreeFit(p.name, label, degrees, degree_exponent(degrees)))
    return fits


def fit_draws(draw: Callable[[], NDArray[np.int64] | None]) -> list[float]:
    """Return the exponents fitted to draws of degrees, those that are defined."""
    found = [degree_exponent(degrees).gamma for _ in range(DRAWS) if (degrees := draw()) is not None]
    return [gamma for gamma in found if not math.isnan(gamma)]


def is_grouped(p: Projection) -> bool:
    """Whether the links are full blocks along the diagonal, as a convolution in groups has them.

    Examples
    --------
    >>> [is_grouped(LayeredGraph.from_masks([mask]).projections[0]) for mask in (np.eye(3), [[1, 0], [1, 1]])]
    [True, False]
    """
    rows, columns = p.shape
    width = p.links.nnz // rows
    if width < 1 or width * rows != p.links.nnz or columns % width or rows % (columns // width):
        return False
    block = np.arange(rows) // (rows // (columns // width))
    place = block[:, None] * width + np.arange(width)
    return bool(np.array_equal(p.links.indices, place.ravel()))


def plain_links(p: Projection) -> sp.csr_array:
    """Return the links of a projection without self-loops.

    Examples
    --------
    >>> plain_links(LayeredGraph.from_adjacency([[1, 1], [1, 0]]).projections[0]).nnz
    2
    """
    return clear_loops(p.links) if p.one_population else p.links


def mean_density(projections: Iterable[Projection]) -> float | None:
    """Return the share of the places of all projections that hold a link, None without places."""
    kept = [p for p in projections if p.n_places]
    places = sum(p.n_places for p in kept)
    return sum(p.n_links - p.n_loops for p in kept) / places if places else None


def say_about(number: float) -> str:
    """Write an expected number.

    Examples
    --------
    >>> [say_about(number) for number in (0.01, 3.25, 6.0, 1234.5)]
    ['none', 'about 3.2', 'about 6', 'about 1,234']
    """
    if number < 0.05:
        return "none"
    return f"about {number:.1f}".removesuffix(".0") if number < 10 else f"about {round(number):,}"


def say_share(share: float) -> str:
    """Write a share in whole percents where that says enough, else as `percent` does.

    Examples
    --------
    >>> say_share(0.3828), say_share(0.034), say_share(0.999)
    ('38 %', '3.4 %', '99.9 %')
    """
    return f"{100 * share:.0f} %" if 0.1 <= share < 0.99 else percent(share)


def _no_link(graph: LayeredGraph, name: str) -> float:
    """Return the chance that a unit has no link in any projection of its population onto itself."""
    own = [p for p in graph.projections if p.target == name]
    # A directed projection offers each unit a row and a column.
    rounds = {p.name: (1 if p.undirected else 2) * max(0, p.shape[0] - 1) for p in own}
    without_loop = (1.0 - p.n_loops / p.shape[0] for p in own)
    return math.prod((1.0 - _density(p)) ** rounds[p.name] for p in own) * math.prod(without_loop)


def _miss_source(p: Projection, reached: dict[str, float]) -> float:
    return (1.0 - _density(p) * reached[p.source]) ** p.shape[0]


def _miss_target(p: Projection, reaching: dict[str, float]) -> float:
    return (1.0 - _density(p) * reaching[p.target]) ** (p.rows_per_unit * p.shape[1])


def _density(p: Projection) -> float:
    return 0.0 if math.isnan(p.sparsity) else 1.0 - p.sparsity
