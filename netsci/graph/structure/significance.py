"""Compare measures of a network with null models: which structures do its size and degrees not explain?

Of many measures a few lie far from the null model by chance. p_corrected is the chance that a random network
has any measure as far out as this one: each replicate in turn takes the place of the network, and the largest
|z| of each is kept (max statistic, Westfall and Young). Measures may depend on each other as they like.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import as_count, check_iterable
from netsci.graph.ch.recovery import sample_rows
from netsci.graph.checks import check_choice, check_generator, check_graph
from netsci.graph.layered import LayeredGraph
from netsci.graph.processors import processors
from netsci.graph.projection import Projection
from netsci.graph.sample import (
    BIPARTITE_MEASURES,
    MEASURES,
    UNDEFINED,
    UNIPARTITE_MEASURES,
    Sample,
    estimate_work,
)
from netsci.graph.structure import classical
from netsci.graph.structure.null_models import NULL_MODELS, clear_loops, draw_links, scatter

if TYPE_CHECKING:
    import pandas as pd

LARGEST_WORK = 3e9  # steps of one measure on one network: a few seconds
REFERENCES = 5  # random networks behind small-worldness
LEAST = 15  # replicates in which a measure must be defined: a deviation of fewer says little
TWO_SIDES = "one population: senders and receivers count as two sides, self-loops left out"
COLUMNS = (
    "projection",
    "measure",
    "value",
    "null_mean",
    "null_std",
    "z",
    "p",
    "p_corrected",
    "replicates",
    "note",
)


@dataclass(frozen=True, eq=False)
class _Compared:
    """The measures of one projection and of its replicates.

    names : all measures. work : their steps. values : float64 [1 + replicates, those that are not too large],
    the network first. remark : what holds for all of them.
    """

    projection: str
    names: tuple[str, ...]
    work: dict[str, float]
    values: NDArray[np.float64]
    remark: str

    @property
    def small(self) -> list[str]:
        """The measures that are not too large, as the columns of values."""
        return [name for name in self.names if self.work[name] <= LARGEST_WORK]


def structure_table(
    graph: LayeredGraph,
    *,
    measures: Sequence[str] | None = None,
    null: str = "degree_preserving",
    replicates: int = 20,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return measures of every projection, each compared with random networks of a null model.

    z = (value - null mean) / null standard deviation. p is two-sided: with d = |x - mean of all R + 1
    values|, p = (1 + number of replicates with d at least the network's) / (1 + R), so never below
    1 / (1 + R). p_corrected holds for all lines together: the share of the R + 1 networks whose largest |z|,
    each against the R others, is at least this |z|. In a random network any p_corrected lies below .05 with a
    chance of at most .05; p itself does in one of 20 measures.

    Parameters
    ----------
    graph : any LayeredGraph. Undirected projections have UNIPARTITE_MEASURES. All others have
        BIPARTITE_MEASURES: rows and columns count as two populations, also where both are one population,
        which the note then says. A unit may own several rows. Weights and self-loops play no part.
    measures : names to restrict the table to; None for all. null : one of NULL_MODELS.
    replicates : random networks R a projection, at least 1. rng : numpy Generator; the table depends on its
        state only, not on the number of processors.

    Returns
    -------
    table, one line a projection and measure: projection, measure (text), value, null_mean, null_std (R - 1),
        z, p, p_corrected (float64), replicates (int64, those where the measure is defined), note (text, "" or
        why a number is NaN). z and p_corrected are NaN below LEAST = 15 replicates with a value; z also if
        these are all alike: their standard deviation is 0. path_length and small_worldness take the largest
        component; rich_club is phi at the 90 % quantile of the degrees; modularity is what one search finds
        (`quick_modularity`), two_modules that of a division in two (`bisect_modularity`); small_worldness
        compares with 5 Erdos-Renyi networks whatever the null model; ch3_l3_auc is `ch_auc`, in large layers
        over one sample of rows for the network and its replicates.

    Raises
    ------
    TypeError, ValueError
        If graph is no LayeredGraph, a measure or null is unknown, replicates < 1 or rng is not a Generator.

    Examples
    --------
    >>> graph = LayeredGraph.from_masks([np.kron(np.eye(4), np.ones((5, 6)))])
    >>> table = structure_table(graph, measures=["robins_alexander"], rng=np.random.default_rng(7))
    >>> table[["value", "p", "p_corrected"]].round(3).values.tolist()
    [[1.0, 0.048, 0.048]]

    Source: Maslov and Sneppen, Science 296, 910 (2002); Phipson and Smyth (2010) for 1 + in p; Westfall and
    Young, Resampling-based Multiple Testing (1993), for the correction.
    """
    import pandas as pd

    check_graph(graph)
    check_choice(null, NULL_MODELS, "null")
    check_generator(rng)
    as_count(replicates, "replicates")
    if isinstance(measures, str):
        raise TypeError(f"measures must be a list of names; pass [{measures!r}]")
    if measures is not None:
        check_iterable(measures, "measures", "a list of names")
    for name in () if measures is None else measures:
        check_choice(name, MEASURES, "a measure")
    compared = [_compare(p, measures, null, replicates, rng) for p in graph.projections]
    corrected = _correct([one.values for one in compared])
    lines = [
        line for one, p_values in zip(compared, corrected, strict=True) for line in _lines(one, p_values)
    ]
    table = pd.DataFrame(lines, columns=list(COLUMNS))
    kinds = dict.fromkeys(COLUMNS[2:8], np.float64) | {"replicates": np.int64}
    return table.astype(kinds)


def _compare(
    projection: Projection,
    wanted: Sequence[str] | None,
    null: str,
    replicates: int,
    rng: np.random.Generator,
) -> _Compared:
    """Measure one projection and its replicates."""
    undirected = projection.undirected
    one_population = projection.one_population
    links = clear_loops(projection.links) if one_population else projection.links
    known = UNIPARTITE_MEASURES if undirected else BIPARTITE_MEASURES
    names = tuple(name for name in known if wanted is None or name in wanted)
    work = {name: estimate_work(name, links, undirected) for name in names}
    seeds = rng.integers(0, 2**63, replicates + 3)
    # Draw the reference once: it depends on size only, so the network and its replicates share it.
    found: list[tuple[float, float]] = []
    remark = TWO_SIDES if projection.source == projection.target and not undirected else ""
    blank = _Compared(projection.name, names, work, np.empty((replicates + 1, 0)), remark)
    small = blank.small
    if "small_worldness" in small:
        found.append(_reference(links, undirected, one_population, np.random.default_rng(seeds[-2])))
    rows = sample_rows(links, np.random.default_rng(seeds[-1])) if "ch3_l3_auc" in small else None

    def measure(number: int) -> list[float]:
        own = np.random.default_rng(seeds[number])
        drawn = links
        if number:
            drawn = draw_links(links, null, undirected=undirected, one_population=one_population, rng=own)
        one = Sample(drawn, undirected, lambda: found[0], own, rows)
        return [float(known[name](one)) for name in small]

    with ThreadPoolExecutor(min(replicates + 1, processors())) as pool:
        values = np.array(list(pool.map(measure, range(replicates + 1)))).reshape(replicates + 1, len(small))
    return replace(blank, values=values)


def _lines(one: _Compared, corrected: NDArray[np.float64]) -> list[tuple[Any, ...]]:
    """Return the lines of one projection."""
    lines = []
    for name in one.names:
        if name in one.small:
            column = one.small.index(name)
            numbers, notes = _statistics(name, one.values[:, column])
            numbers = (*numbers[:-1], float(corrected[column]), numbers[-1])
        else:
            numbers = (*(math.nan,) * 6, 0)
            notes = [f"too large: about {one.work[name]:.0e} steps a network, more than {LARGEST_WORK:.0e}"]
        note = "; ".join([*notes, *([one.remark] if one.remark else [])])
        lines.append((one.projection, name, *numbers, note))
    return lines


def _statistics(name: str, values: NDArray[np.float64]) -> tuple[tuple[float, ...], list[str]]:
    """Return value, null mean and deviation, z, p, replicates and the notes. The network's value is first."""
    value, null = float(values[0]), values[1:][~np.isnan(values[1:])]
    notes = []
    if math.isnan(value):
        notes.append(f"undefined: {UNDEFINED.get(name, 'nothing to measure')}")
    if len(null) < len(values) - 1:
        notes.append(f"undefined in {len(values) - 1 - len(null)} of {len(values) - 1} replicates")
    mean = float(null.mean()) if len(null) else math.nan
    deviation = float(null.std(ddof=1)) if len(null) > 1 else math.nan
    z = p = math.nan
    rounding = _rounding(null)
    if len(null) > 1 and np.ptp(null) <= rounding:
        notes.append("all replicates are alike: no z")
        deviation = 0.0
    elif 0 < len(null) < LEAST:
        notes.append(f"no z: {len(null)} replicates have a value, and a deviation needs {LEAST}")
    elif not math.isnan(value):
        z = (value - mean) / deviation
    if len(null) and not math.isnan(value):
        centre = (value + null.sum()) / (1 + len(null))
        far = np.abs(null - centre) >= abs(value - centre) - rounding
        p = (1 + np.count_nonzero(far)) / (1 + len(null))
    return (value, mean, deviation, z, p, len(null)), notes


def _rounding(values: NDArray[np.float64]) -> float:
    """Return how far equal measures may lie apart: links in another order change the last digits."""
    return 1e-12 * max(1.0, abs(float(values.mean()))) if len(values) else 0.0


def _correct(tables: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Return the corrected p of every column of tables [1 + replicates, measures], the network first."""
    distances = [np.abs(_stand_out(values)) for values in tables]
    if not distances:
        return []
    together = np.concatenate(distances, axis=1)
    if not together.shape[1]:
        return [np.zeros(0) for _ in tables]
    largest = np.nan_to_num(together, nan=-1.0, posinf=np.inf).max(axis=1)
    found = []
    for own in distances:
        reached = largest[1:, None] >= own[0] * (1 - 1e-9)
        p = (1 + reached.sum(axis=0)) / len(largest)
        found.append(np.where(np.isnan(own[0]), np.nan, p))
    return found


def _stand_out(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the z of every network against all others, column by column; NaN where too few have a value.

    A column in which all others are alike gives infinity, or 0 for one that is like them.
    """
    z = np.full(values.shape, np.nan)
    for column, x in enumerate(values.T):
        known = np.flatnonzero(~np.isnan(x))
        if len(known) <= LEAST:
            continue
        v = x[known] - x[known].mean()
        n, total = len(v), float(v @ v)
        own = v * n / (n - 1)
        rest = total - v * own
        spread = np.sqrt(np.where(rest > 1e-14 * total, rest, 0.0) / (n - 2))
        alike = np.abs(own) <= _rounding(x[known])
        with np.errstate(divide="ignore", invalid="ignore"):
            z[known, column] = np.where(alike, 0.0, own / spread)
    return z


def _reference(
    links: sp.csr_array, undirected: bool, one_population: bool, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the mean clustering and path length of random networks of this size."""
    if undirected:
        return classical.random_reference(links, REFERENCES, rng)

    def draw() -> Sample:
        drawn = scatter(links, one_population=one_population, rng=rng)
        return Sample(drawn, False, lambda: (math.nan, math.nan), rng)

    values = np.array([(one.clustering, one.path_length) for one in (draw() for _ in range(REFERENCES))])
    return float(values[:, 0].mean()), float(values[:, 1].mean())
