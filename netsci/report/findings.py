"""Rank what stands out in a network, for the first screen of a report.

Each rule looks at one thing, returns at most one finding, and compares a number with a baseline: what random
links in the same numbers would give, what the other layers have, or the least that a measure needs. A finding
of severity `STANDS_OUT` or more stands out; what is below is worth knowing and no surprise. Rules and their
severity:

    95  a layer without links                     70  a dense layer beside sparse ones, or all layers dense
    90  fewer than 30 nodes (48: below 100)       60  dead units, plus up to 40 by the share of their layer
    85  a guess of the reader                     55  a hub, plus up to 40 by its share of the links
    75  two layers with the links of one          52  a measure of structure beyond its null model
    45  an exponent at its bound
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from netsci.graph import LayeredGraph, Projection, live_units
from netsci.graph.degree.exponent import FEW_NODES
from netsci.report import chance
from netsci.report.chance import say_about, say_share
from netsci.report.degrees import ALL, DegreeFit
from netsci.report.hubs import largest_hubs
from netsci.report.words import count, list_names

MOST = 5  # sentences on the first screen
STANDS_OUT = 50.0
FEW = 30  # nodes
DEAD_SHARE = 0.02  # of a layer, beyond what random links would leave
DEAD_SIGMA = 4.0  # binomial standard deviations beyond it
SAME = 0.95  # of the links of two layers, in the same places
OVERVIEW, PERCOLATION, DEGREES, ADJACENCY = "Overview", "Percolation", "Degree distributions", "Adjacency"
NOTES, STRUCTURE = "Notes", "Structure against null models"
CHANCE = 0.05


@dataclass(frozen=True)
class Finding:
    """One thing that a reader should know first.

    kind : the rule. sentence : what was found, with its number, as one sentence that ends in the baseline.
    number : the number found. baseline : what it is read against, in words. section : title of the section
    that shows more. severity : the rank, higher first; from `STANDS_OUT` on it stands out.
    """

    kind: str
    sentence: str
    number: float
    baseline: str
    section: str
    severity: float

    def __post_init__(self) -> None:
        if not self.baseline:
            raise ValueError(
                f"the finding {self.sentence!r} needs a baseline: what its number is read against"
            )

    @property
    def stands_out(self) -> bool:
        """Whether it is a surprise, and no mere remark."""
        return self.severity >= STANDS_OUT


def findings(
    graph: LayeredGraph,
    guesses: Sequence[str] = (),
    *,
    fits: Sequence[DegreeFit] | None = None,
    compared: Any = None,
) -> list[Finding]:
    """Return what stands out and what is worth knowing, the most severe first; at most five.

    guesses : what the reader of the file guessed, one sentence each. fits : the exponents, fitted here by
    default. compared : the table of `netsci.graph.structure_table`; of a graph without one nothing is said
    on structure.

    Examples
    --------
    >>> mask = np.random.default_rng(0).random((64, 64)) < 0.3
    >>> mask[:, 40:] = False
    >>> findings(LayeredGraph.from_masks([mask]))[0].sentence
    '24 of 64 units of layer1 receive no input: 38 % of that layer is dead; random links in the same \
numbers would leave none.'
    """
    known = chance.fit_all(graph) if fits is None else fits
    rules: list[Callable[[], Finding | None]] = [
        lambda: _find_empty(graph),
        lambda: _find_few(graph),
        lambda: _find_guesses(guesses),
        lambda: _find_dead(graph),
        lambda: _find_same(graph),
        lambda: _find_dense(graph),
        lambda: _find_hub(graph),
        lambda: _find_structure(compared),
        lambda: _find_bound(graph, known),
    ]
    found = [finding for rule in rules if (finding := rule()) is not None]
    return sorted(found, key=lambda one: -one.severity)[:MOST]


def _find_empty(graph: LayeredGraph) -> Finding | None:
    empty = [p for p in graph.projections if p.n_places and _holds_none(p)]
    if not graph.projections or not empty:
        return None
    others = chance.mean_density(p for p in graph.projections if p not in empty)
    baseline = (
        "no other layer has any" if others is None else f"the other layers hold {say_share(others)} of theirs"
    )
    names = list_names([p.name for p in empty])
    places = sum(p.n_places for p in empty)
    verb = "has no link" if len(empty) == 1 else "have no link"
    loops = sum(p.n_loops for p in empty)
    rest = f", and {count(loops, 'self-loop')} {'fills' if loops == 1 else 'fill'} none"
    said = f"{names} {verb}{' between two nodes' if loops else ''}: none of {count(places, 'place')} is used"
    said = f"{said}{rest if loops else ''}; {baseline}."
    return Finding("empty layer", said, len(empty), baseline, OVERVIEW, 95)


def _holds_none(p: Projection) -> bool:
    """Whether a projection has no link between two nodes."""
    return p.n_links == p.n_loops


def _find_few(graph: LayeredGraph) -> Finding | None:
    if graph.n_nodes >= FEW_NODES:
        return None
    baseline = f"a degree exponent needs at least {FEW_NODES}, and no test finds weak structure in so few"
    said = f"The network has only {count(graph.n_nodes, 'node')}; {baseline}."
    severity = 90 if graph.n_nodes < FEW else 48
    return Finding("few nodes", said, graph.n_nodes, baseline, DEGREES, severity)


def _find_guesses(guesses: Sequence[str]) -> Finding | None:
    if not guesses:
        return None
    rest = len(guesses) - 1
    more = f" (and {count(rest, 'more guess', 'more guesses')})" if rest else ""
    baseline = "the file itself does not say so"
    text = guesses[0].rstrip(".")
    said = f"Guessed from the file: {text}{more}; {baseline}."
    return Finding("guess", said, len(guesses), baseline, NOTES, 85)


def _find_dead(graph: LayeredGraph) -> Finding | None:
    """Find populations with more dead units than random links would leave; the worst is told."""
    if any(not p.n_links for p in graph.projections) or not graph.projections:
        return None  # nothing passes an empty layer, and that is told
    expected = chance.expect_live(graph)
    found = []
    for name, flags in live_units(graph).items():
        dead, size = int((~flags).sum()), len(flags)
        q = min(1.0, max(0.0, 1.0 - expected[name]))
        usual = size * q + DEAD_SIGMA * math.sqrt(size * q * (1 - q)) + 1
        if dead > usual and dead / size - q >= DEAD_SHARE:
            found.append((dead / size, name, dead, size, size * q))
    if not found:
        return None
    share, name, dead, size, usual = max(found)
    baseline = f"random links in the same numbers would leave {say_about(usual)}"
    others = f" ({count(len(found) - 1, 'more layer has', 'more layers have')} dead units beyond chance)"
    said = f"{_say_dead(graph, name, dead, size)}{others if len(found) > 1 else ''}; {baseline}."
    return Finding("dead units", said, share, baseline, PERCOLATION, 60 + 40 * share)


def _say_dead(graph: LayeredGraph, name: str, dead: int, size: int) -> str:
    if all(p.source == p.target for p in graph.projections):
        return f"{dead:,} of {count(size, 'node')} have no link: {say_share(dead / size)} of the network"
    without = {side: int((graph.degrees(side)[name] == 0).sum()) for side in ("in", "out")}
    how = "are on no path from input to output"
    if without["out"] == dead and any(p.source == name for p in graph.projections):
        how = "reach no output"
    elif without["in"] == dead and any(p.target == name for p in graph.projections):
        how = "receive no input"
    units = f"{dead:,} of {count(size, 'unit')} of {name}"
    return f"{units} {how}: {say_share(dead / size)} of that layer is dead"


def _find_same(graph: LayeredGraph) -> Finding | None:
    """Find two layers of one shape whose links lie in the same places, though not all places are used."""
    kept = [p for p in graph.projections if p.n_links > 1 and 0 < p.sparsity < 1 and not chance.is_grouped(p)]
    pairs = [
        (p, q, both)
        for i, p in enumerate(kept)
        for q in kept[i + 1 :]
        if p.shape == q.shape and 2 * min(p.n_links, q.n_links) > max(p.n_links, q.n_links)
        for both in [int(chance.plain_links(p).multiply(chance.plain_links(q)).nnz)]
        if both >= SAME * min(p.n_links, q.n_links)
    ]
    if not pairs:
        return None
    p, q, both = max(pairs, key=lambda found: found[2])
    least, most = sorted(chance.plain_links(one).nnz for one in (p, q))
    by_chance = least * most / (p.n_places * (2 if p.undirected else 1))
    if by_chance > SAME * least:  # both are nearly full
        return None
    baseline = f"by chance they would share {say_about(by_chance)}"
    more = f"; so do {count(len(pairs) - 1, 'more pair')} of layers" if len(pairs) > 1 else ""
    how = "one mask" if both == least == most else "nearly one mask"
    said = f"{p.name} and {q.name} have {how}: {both:,} of {least:,} links lie in the same places{more}; "
    return Finding("same mask", f"{said}{baseline}.", both / least, baseline, ADJACENCY, 75)


def _find_dense(graph: LayeredGraph) -> Finding | None:
    kept = [p for p in graph.projections if p.n_places > 1]
    dense = [p for p in kept if p.sparsity == 0]
    if not dense:
        return None
    places = sum(p.n_places for p in dense)
    if len(dense) == len(kept):
        baseline = "every dense network of these sizes has this topology"
        layers = "the network" if len(dense) == 1 else f"all {len(dense)} layers"
        said = f"Dense: all {places:,} places of {layers} hold a link (0 % sparsity); {baseline}."
        return Finding("dense", said, places, baseline, OVERVIEW, 70)
    rest = chance.mean_density(p for p in kept if p.sparsity > 0)
    baseline = f"the other layers hold {say_share(rest or 0.0)} of theirs"
    verb = "is" if len(dense) == 1 else "are"
    said = (
        f"{list_names([p.name for p in dense])} {verb} dense: all {places:,} places hold a link "
        f"(0 % sparsity); {baseline}."
    )
    return Finding("dense", said, places, baseline, OVERVIEW, 70)


def _find_hub(graph: LayeredGraph) -> Finding | None:
    """Find the unit that holds the largest share of a layer's links, where chance does not explain it."""
    found = [hub for p in graph.projections for hub in largest_hubs(graph, p)]
    if not found:
        return None
    hub = max(found, key=lambda one: (one.share, one.degree, one.links, one.name))
    where = f" of {hub.projection}" if len(graph.projections) > 1 else ""
    baseline = f"random links would give the largest {say_about(hub.usual)}"
    said = (
        f"{hub.name} alone holds {hub.degree:,} of {hub.links:,} links{where}: {say_share(hub.share)} of "
        f"them; {baseline}."
    )
    return Finding("hub", said, hub.share, baseline, DEGREES, 55 + 40 * hub.share)


def _find_bound(graph: LayeredGraph, fits: Sequence[DegreeFit]) -> Finding | None:
    """Find an exponent at its bound, which is no surprise: fits of random links often end there."""
    bound = [f for f in fits if f.fit.at_bound and len(f.degrees) >= FEW]
    if not bound:
        return None
    f = max(bound, key=lambda one: (one.group == ALL, int(one.degrees.sum())))
    draws = _fit_draws(graph, f)
    ended = sum(gamma == f.fit.gamma for gamma in draws)
    given = f"end there too in {ended} of {count(len(draws), 'draw')}"
    if draws and not ended:
        given = f"give {float(np.median(draws)):.1f}"
    baseline = f"random links in the same numbers {given}" if draws else "the bounds are 1.01 and 10"
    of = f"the {f.side} degrees of {f.group}" if f.group != ALL else "the degrees of all nodes"
    rest = len(bound) - 1
    more = f", as {'does' if rest == 1 else 'do'} {rest} more" if rest else ""
    said = (
        f"The exponent of {of} ends at the bound of its fit, {f.fit.gamma:g}{more}, so it is no estimate; "
        f"{baseline}."
    )
    return Finding("at bound", said, f.fit.gamma, baseline, DEGREES, 45)


def _find_structure(compared: Any) -> Finding | None:
    """Find the measure that lies farthest from its null model, corrected for the number of measures."""
    if compared is None or "p_corrected" not in compared or not len(compared):
        return None
    far = compared[compared["p_corrected"] < CHANCE]
    if not len(far):
        return None
    most = far.sort_values("z", key=lambda z: -z.abs(), kind="stable").iloc[0]
    mean, spread = float(most["null_mean"]), float(most["null_std"])
    baseline = (
        f"networks with the same degrees have {mean:.3g} ± {spread:.2g} (z = {float(most['z']):+.1f}, "
        f"corrected p = {float(most['p_corrected']):.2g})"
    )
    more = f" ({len(far) - 1} more of {len(compared)} measures stand out too)" if len(far) > 1 else ""
    what = f"{str(most['measure'])[:1].upper()}{str(most['measure'])[1:]}"
    what = f"{what}, of {most['projection']}," if "," in what else f"{what} of {most['projection']}"
    said = f"{what} is {float(most['value']):.3g}{more}; {baseline}."
    return Finding("structure", said, float(most["value"]), baseline, STRUCTURE, 52)


def _fit_draws(graph: LayeredGraph, f: DegreeFit) -> list[float]:
    """Return the exponents that random links give in place of one fit."""
    rng = np.random.default_rng(0)
    p = next((p for p in graph.projections if p.name == f.group), None)
    if f.group == ALL or p is None:
        return chance.fit_draws(lambda: chance.draw_all_degrees(graph, rng))
    return chance.fit_draws(lambda: chance.draw_degrees(p, chance.SIDES[f.side], rng))
