"""The section on hidden geometry: the network in the hyperbolic disk."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from netsci import plot
from netsci.graph import Embedding, LayeredGraph, coalescent_embedding
from netsci.graph.discrete_fit import HIGHEST, LOWEST
from netsci.report.page import Section
from netsci.report.stage import communities, stage
from netsci.report.words import count, percent

MOST_NODES = 5_000  # path lengths between all pairs: beyond, minutes and gigabytes
MOST_DRAWN = 5_000  # links; more blacken the disk and slow its redrawing
METHOD = "coalescent embedding, RA1-ncISO-EA"
TITLE = "Hyperbolic disk"


def disk_section(graph: LayeredGraph) -> tuple[Section, list[str]]:
    """Return the section, and why there is no disk where there is none."""
    reason = refusal(graph)
    embedding = None
    if not reason:
        try:
            embedding = coalescent_embedding(simple(graph))
            if math.isnan(embedding.gamma):
                reason = "all nodes of the largest component have one degree, so no exponent sets the radii"
        except ValueError as error:
            reason = str(error)
    if reason or embedding is None:
        return Section(TITLE, f"No disk is drawn: {reason}."), [f"hyperbolic embedding: {reason}"]
    nodes = node_table(graph, embedding)
    links = link_table(graph, embedding)
    nodes = nodes.assign(community=communities(_matrix(links, len(nodes))))
    drawn = sampled(links, MOST_DRAWN)
    gamma = "γ at its bound" if _at_bound(embedding) else f"γ = {embedding.gamma:.2f}"
    caption = (
        f"{gamma}, N = {len(nodes):,}, E = {len(links):,}\n"
        f"{METHOD}\n{percent(embedding.component_share)} of all nodes"
    )
    figure = _figure(nodes.assign(caption=caption), drawn)
    alt = (
        f"Hyperbolic disk of the largest component ({METHOD}): {count(len(nodes), 'node')} coloured by "
        "population, "
        f"size by the logarithm of the degree, hubs near the centre; {count(len(drawn), 'link')} drawn "
        "as geodesics."
    )
    data = {"hyperbolic-disk-nodes": nodes, "hyperbolic-disk-links-drawn": drawn}
    notes = _notes(graph, embedding, links)
    section = Section(TITLE, _verdict(embedding, nodes), figure, None, data, alt, notes)
    return replace(section, stage=stage(nodes, drawn, figure)), []


def _figure(nodes: pd.DataFrame, links: pd.DataFrame) -> Any:
    """Return the disk without the points of its arcs, which the page computes from wherever it is seen."""
    x, y = nodes["x"].to_numpy(), nodes["y"].to_numpy()
    gap = np.full(len(links), np.nan)
    ends = [links["source"].to_numpy(), links["target"].to_numpy()]
    chords = {
        name: np.column_stack([at[ends[0]], at[ends[1]], gap]).ravel() for name, at in (("x", x), ("y", y))
    }
    figure = plot.disk(nodes, pd.DataFrame(chords), backend="plotly")
    rows = nodes.groupby("population", sort=False).indices
    lines = [trace for trace in figure.data if trace.meta["role"] == "links"]
    dots = [trace for trace in figure.data if trace.meta["role"] == "nodes"]
    for trace in lines:
        trace.x = trace.y = []
    for trace, population in zip(dots, dict.fromkeys(nodes["population"]), strict=True):
        trace.customdata = rows[population]
    return figure


def refusal(graph: LayeredGraph) -> str:
    """Return why the network should not be embedded, "" if nothing speaks against it."""
    if not graph.n_links:
        return "there is no link"
    layered = len(graph.populations) > 1
    if layered and all(p.sparsity == 0 for p in graph.projections):
        return (
            "the network is dense; nodes of a layer have the same neighbours, so their angles are arbitrary"
        )
    largest = int(np.bincount(graph.components()[1]).max())
    if largest > MOST_NODES:
        return (
            f"the largest component has {largest:,} nodes; the embedding needs path lengths between all "
            "pairs and "
            f"is left out above {MOST_NODES:,}"
        )
    return ""


def simple(graph: LayeredGraph):  # type: ignore[no-untyped-def]
    """Return the undirected adjacency without self-loops."""
    adjacency = graph.adjacency(directed=False).tolil()
    adjacency.setdiag(False)
    return adjacency.tocsr()


def node_table(graph: LayeredGraph, embedding: Embedding) -> pd.DataFrame:
    """Return one line a node; x and y are the native radius over its largest value, off the rim."""
    names = np.repeat(list(graph.sizes), list(graph.sizes.values()))
    numbers = np.concatenate([np.arange(size) for size in graph.sizes.values()])
    degrees = np.concatenate(list(graph.degrees("all").values()))
    radius = embedding.radius
    share = radius / max(float(radius.max()), 1e-12)
    names, numbers = names[embedding.nodes], numbers[embedding.nodes]
    return pd.DataFrame(
        {
            "label": [f"{name}[{i}]" for name, i in zip(names, numbers, strict=True)],
            "population": names,
            "degree": degrees[embedding.nodes],
            "theta": embedding.theta,
            "radius": radius,
            "x": share * np.cos(embedding.theta),
            "y": share * np.sin(embedding.theta),
        }
    )


def link_table(graph: LayeredGraph, embedding: Embedding) -> pd.DataFrame:
    """Return the links between embedded nodes by their line in the table of nodes, each pair once."""
    place = np.full(graph.n_nodes, -1, np.int64)
    place[embedding.nodes] = np.arange(len(embedding.nodes))
    edges = graph.edges()
    ends = np.sort(np.stack([place[edges["source"]], place[edges["target"]]], axis=1), axis=1)
    ends = np.unique(ends[(ends[:, 0] >= 0) & (ends[:, 0] != ends[:, 1])], axis=0)
    return pd.DataFrame({"source": ends[:, 0], "target": ends[:, 1]})


def sampled(links: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the links, or a random sample of them where there are more than can be drawn."""
    if len(links) <= most:
        return links
    chosen = np.random.default_rng(0).choice(len(links), most, replace=False)
    return links.iloc[np.sort(chosen)]


def _matrix(links: pd.DataFrame, count: int) -> sp.csr_array:
    """Return the links of the embedded nodes as one upper triangle."""
    ends = (links["source"].to_numpy(), links["target"].to_numpy())
    return sp.csr_array((np.ones(len(links), bool), ends), shape=(count, count))


def _at_bound(embedding: Embedding) -> bool:
    """Whether the fit of gamma ended at its grid's first or last value, which is no estimate."""
    return not LOWEST + 1e-9 < embedding.gamma < HIGHEST - 1e-9


def _verdict(embedding: Embedding, nodes: pd.DataFrame) -> str:
    hub = nodes.loc[nodes["degree"].idxmax()]
    gamma = (
        "the exponent behind its radii is no estimate (gamma at its bound)"
        if _at_bound(embedding)
        else f"its radii follow gamma = {embedding.gamma:.2f}"
    )
    return (
        f"The largest component holds {count(len(nodes), 'node')} "
        f"({percent(embedding.component_share)}); {gamma}, and its largest hub is {hub['label']} with "
        f"{count(int(hub['degree']), 'link')}."
    )


def _notes(graph: LayeredGraph, embedding: Embedding, links: pd.DataFrame) -> list[str]:
    notes = [
        "The disk shows the native radius, links are hyperbolic geodesics. gamma here is the embedding's own "
        "grid fit on the component. Any rotation or reflection is the same embedding. Moving a node to the "
        "centre is a Moebius map of the drawing: it keeps angles and neighbours, not distances."
    ]
    if len(graph.populations) > 1:
        notes.append("Linked nodes of a layered network share no neighbour: RA1 lengths say degree only.")
    if len(links) > MOST_DRAWN:
        notes.append(
            f"Drawn is a random sample of {MOST_DRAWN:,} of the {len(links):,} links; all took part in "
            "the embedding."
        )
    return notes + [f"{note[:1].upper()}{note[1:].rstrip('.')}." for note in embedding.notes]
