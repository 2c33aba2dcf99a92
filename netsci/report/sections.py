"""Write the sections of a report: one function for each, with a verdict computed from its numbers.

Every function returns the section and the reasons for what is undefined in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from netsci import plot
from netsci.graph import LayeredGraph, Projection, live_units, node_sparsity, percolate
from netsci.graph.degree.exponent_table import random_control
from netsci.report.adjacency import adjacency_section
from netsci.report.ball import ball_section
from netsci.report.degrees import degree_section, fit_degrees, unit_degrees
from netsci.report.disk import disk_section
from netsci.report.first import first_screen
from netsci.report.measures import measures
from netsci.report.page import Section
from netsci.report.projections import projection_sections
from netsci.report.structure import attack_section, compare_structure, structure_section
from netsci.report.words import count, list_names, percent

MOST_REDRAWN, REDRAWN = 200_000, 10  # links of a network drawn anew for percolation, and how often


def build(
    graph: LayeredGraph,
    notes: Sequence[str] = (),
    *,
    guesses: Sequence[str] = (),
    three_d: bool = False,
    tell: Callable[[str], object] | None = None,
) -> list[Section]:
    """Return all sections of a report on a graph; `notes` and `guesses` come from reading its file.

    tell : called with the name of each stage before it begins.
    """
    say = tell or (lambda stage: None)
    say("fitting the degrees")
    fits = fit_degrees(graph)
    say("comparing with null models")
    compared = compare_structure(graph)  # null networks are drawn once for both sections that use them
    projections, without = projection_sections(graph, fits)
    stages: list[tuple[str, Callable[[], tuple[Section, list[str]]]]] = [
        ("measuring the layers", lambda: overview(graph)),
        ("", lambda: measures(graph, fits, compared)),
        *[("", lambda section=section: (section, list[str]())) for section in projections],
        ("embedding in the hyperbolic disk", lambda: disk_section(graph)),
        *([("embedding in the ball", lambda: ball_section(graph))] if three_d else []),
        ("drawing degrees and links", lambda: degree_section(graph, fits)),
        ("", lambda: adjacency_section(graph)),
        ("", lambda: structure_section(graph, compared)),
        ("percolating", lambda: percolation(graph)),
        ("", lambda: attack_section(graph)),
    ]
    found = []
    for stage, make in stages:
        if stage:
            say(stage)
        found.append(make())
    reasons = [f"{section.title}: {reason}" for section, missing in found for reason in missing]
    reasons += [f"Projections: {reason}" for reason in without]
    parts = [section for section, _ in found] + [remarks(notes, reasons)]
    return [first_screen(graph, guesses, fits=fits, parts=parts), *parts]


def overview(graph: LayeredGraph) -> tuple[Section, list[str]]:
    """Return the layers: sizes, links, sparsity, units without links."""
    rows = []
    for p in graph.projections:
        isolated = [int((unit_degrees(p, side) == 0).sum()) for side in ("source", "target")]
        row: dict[str, object] = {"projection": p.name}
        if p.undirected:
            row |= {"nodes": p.shape[0], "links": p.n_links, "sparsity": _say_sparsity(p)}
            rows.append(row | {"isolated nodes": isolated[0]})
            continue
        row |= {"presynaptic": p.shape[0], "postsynaptic": p.shape[1]}
        row |= {"rows a unit": p.rows_per_unit} if any(q.rows_per_unit > 1 for q in graph.projections) else {}
        row |= {"links": p.n_links, "sparsity": _say_sparsity(p)}
        rows.append(row | {"isolated presynaptic": isolated[0], "isolated postsynaptic": isolated[1]})
    table = pd.DataFrame(rows) if rows else None
    numeric = None if table is None else table.assign(sparsity=[float(p.sparsity) for p in graph.projections])
    degrees = np.concatenate(list(graph.degrees("all").values()))
    components = graph.components()
    share = float(np.bincount(components[1]).max()) / graph.n_nodes
    data = [
        f"Components: {components[0]:,}; the largest holds {percent(share)} of all nodes.",
        f"Nodes without any link: {int((degrees == 0).sum()):,} of {graph.n_nodes:,}.",
    ]
    loops = {p.name: p.n_loops for p in graph.projections if p.n_loops}
    if loops:
        of = f" ({list_names([f'{n:,} of {name}' for name, n in loops.items()])})" if len(loops) > 1 else ""
        are = "is a self-loop" if sum(loops.values()) == 1 else "are self-loops"
        data.append(
            f"{sum(loops.values()):,} of {count(graph.n_links, 'link')} {are}{of}: they count as links and "
            "in degrees. A possible link joins two different nodes, so they do not change the sparsity."
        )
    return Section("Overview", _overview_verdict(graph), table=table, data=numeric, notes=data), []


def _say_sparsity(p: Projection) -> str:
    return "0 % (dense)" if p.sparsity == 0 else percent(p.sparsity)


def _overview_verdict(graph: LayeredGraph) -> str:
    kinds = graph.projections
    defined = [p for p in kinds if p.n_places]
    places = [p.n_places for p in defined]
    if len(graph.populations) == 1 and len(kinds) == 1 and kinds[0].undirected:
        head = f"A plain undirected network of {count(graph.n_nodes, 'node')}"
    else:
        head = (
            f"{count(len(graph.populations), 'population')} and {count(len(kinds), 'projection')}, "
            f"{count(graph.n_nodes, 'node')}"
        )
    if not kinds or not graph.n_links:
        return f"{head}, without any link."
    if not defined:
        return f"{head} and {count(graph.n_links, 'link')}, but no two nodes that could be linked."
    dense = [p.name for p in defined if p.sparsity == 0]
    if len(dense) == len(defined):
        every = f"all {sum(places):,} possible links" if sum(places) > 1 else "its only possible link"
        return (
            f"{head}, and {every}: the network is dense (0 % sparsity), so its topology holds no information."
        )
    tail = f"; dense: {list_names(dense)}" if dense else ""
    absent = percent(sum(p.sparsity * n for p, n in zip(defined, places, strict=True)) / sum(places))
    return f"{head} and {count(graph.n_links, 'link')}: {absent} of the possible links are absent{tail}."


def percolation(graph: LayeredGraph) -> tuple[Section, list[str]]:
    """Return what is left without links that lead nowhere, and the inactive units of each population."""
    left = percolate(graph)
    lost = graph.n_links - left.n_links
    active = node_sparsity(graph)
    shown = active.assign(**{"node sparsity": active["node_sparsity"].map(percent)}).drop(
        columns="node_sparsity"
    )
    table = active.iloc[: len(graph.sizes)].rename(columns={"node_sparsity": "share"})
    table = table.assign(percent=100 * table["share"])
    if all(p.source == p.target for p in graph.projections):
        isolated = int(active["inactive"].iloc[-1])
        shown = shown[shown["population"] != "input and hidden"]
        alone = (
            "A single population is"
            if len(graph.sizes) == 1
            else "No population projects to another; each is"
        )
        verdict = (
            f"{alone} its own input and output, so no link leads nowhere; "
            f"{count(isolated, 'node')} "
            f"of {graph.n_nodes:,} {'has' if isolated == 1 else 'have'} no link."
        )
        return Section("Percolation", verdict, table=shown), []
    total = active.iloc[-1]
    dead = f"{count(lost, 'link leads', 'links lead')} nowhere ({percent(lost / max(1, graph.n_links))})"
    verdict = (
        f"{dead if graph.n_links else 'There is no link'}, and "
        f"{int(total['inactive']):,} of {count(graph.n_nodes, 'node')} lie on no path from input to output "
        f"(node sparsity {percent(float(total['node_sparsity']))}){_say_random_loss(graph)}."
    )
    figure = plot.points(
        table,
        x="percent",
        y="population",
        labels={"percent": "inactive units (%)", "population": ""},
        backend="plotly",
    )
    figure.update_xaxes(range=[-2, 102])
    alt = f"Share of inactive units in each of {count(len(table), 'population')}, in percent."
    return Section("Percolation", verdict, figure, shown, active, alt), []


def _say_random_loss(graph: LayeredGraph) -> str:
    """Say how many links and nodes lead nowhere with links at random places: mean and standard deviation."""
    if not graph.n_links:
        return ""
    if graph.n_links > MOST_REDRAWN:
        return f"; not compared with random links, which are drawn up to {MOST_REDRAWN:,} links"
    rng = np.random.default_rng(0)
    lost = np.array([_count_lost(random_control(graph, rng=rng)) for _ in range(REDRAWN)], float)
    means, spreads = lost.mean(axis=0), lost.std(axis=0, ddof=1)
    links, nodes = (f"{mean:,.1f} ± {spread:.1f}" for mean, spread in zip(means, spreads, strict=True))
    return (
        f"; random links in the same numbers leave {links} links that lead nowhere and {nodes} such nodes "
        f"({REDRAWN} draws)"
    )


def _count_lost(graph: LayeredGraph) -> tuple[int, int]:
    """Return how many links lead nowhere, and how many nodes are on no path."""
    nodes = sum(int((~flags).sum()) for flags in live_units(graph).values())
    return graph.n_links - percolate(graph).n_links, nodes


def remarks(notes: Sequence[str], reasons: list[str]) -> Section:
    """Return the notes from loading and the reasons for every dash in the report."""
    rows = [("from reading the file", note) for note in notes]
    rows += [("undefined or left out", reason) for reason in reasons]
    if not rows:
        return Section("Notes", "No further notes. Notes on one figure or table are below it.")
    said = f"{count(len(notes), 'remark')} from reading the file. " if notes else ""
    dashes = count(len(reasons), "remark", "remarks")
    verdict = f"{said}{dashes} on what is undefined or left out." if reasons else said.strip()
    return Section("Notes", verdict, table=pd.DataFrame(rows, columns=["kind", "remark"]))
