"""The section on hidden geometry: the network in the hyperbolic disk."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from netsci import plot
from netsci.graph import Embedding, LayeredGraph, coalescent_embedding, grid_exponent, meta_depth
from netsci.graph.degree.discrete_fit import HIGHEST, LOWEST
from netsci.graph.degree.exponent import FEW_NODES, LEAST_IN_TAIL
from netsci.report.page import Section
from netsci.report.stage import add_measures, communities, stage
from netsci.report.words import count, percent

MOST_PATHS = 2_500  # nodes up to which path lengths between all pairs are a matter of seconds
MOST_NODES, MOST_LINKS = 50_000, 1_000_000  # embedded at all, by the slowest modes of the links
MOST_DOTS = 8_000  # nodes drawn
HUBS = 500  # of them, the nodes of highest degree; a random sample fills the rest
HUB_SHARE = 0.05  # of the nodes, in the table of meta-depth
MOST_REDRAWN = 200_000  # links of which random networks are drawn for the table of meta-depth
REDRAWN, DRAWS = 300_000, (99, 999)  # links drawn in all, and fewest and most random networks
NAMES = {"nciso": "ncISO", "le": "LE"}
MOST_DRAWN = 5_000  # links; more blacken the disk and slow its redrawing
TITLE = "Hyperbolic disk"
_READING = (
    "The disk shows the native radius, links are hyperbolic geodesics. gamma here is the embedding's own "
    "grid fit on the component. A rotated or reflected disk is the same embedding. Moving a node to the "
    "centre is a Moebius map of the drawing: it keeps angles and neighbours, not distances."
)


def disk_section(graph: LayeredGraph) -> tuple[Section, list[str]]:
    """Return the section, and the reason if no disk is drawn."""
    embedding, method, reason = embed(graph)
    if embedding is None:
        return Section(TITLE, f"No disk is drawn: {reason}."), [reason]
    nodes = place_nodes(graph, embedding)
    links = link_table(graph, embedding)
    adjacency = _matrix(links, len(nodes))
    nodes = add_measures(nodes.assign(community=communities(adjacency)), graph, embedding.nodes)
    dots, between = choose_nodes(nodes, links)
    drawn = draw_sample(between, MOST_DRAWN)
    no_gamma = _refuse_gamma(embedding, adjacency)
    gamma = no_gamma.replace("gamma", "γ") or f"γ = {embedding.gamma:.2f}"
    caption = (
        f"{gamma}, N = {len(nodes):,}, E = {len(links):,}\n"
        f"{method}\n{percent(embedding.component_share)} of all nodes"
    )
    figure = _figure(dots.assign(caption=caption), drawn)
    alt = (
        f"Hyperbolic disk of the largest component ({method}): {count(len(dots), 'node')} coloured by "
        "population, community or degree, size by the logarithm of the degree, hubs near the centre; "
        f"{count(len(drawn), 'link')} drawn as geodesics."
    )
    data = {"hyperbolic-disk-nodes": nodes.drop(columns=["x", "y"]), "hyperbolic-disk-links-drawn": drawn}
    depth = _depth(graph, embedding)
    data |= {} if depth is None else {"meta-depth": depth}
    notes = [_READING, *_structure_notes(graph, embedding, depth is not None)]
    notes += _notes(embedding, (len(links), len(between), len(drawn)), len(nodes) - len(dots))
    section = Section(TITLE, _verdict(embedding, nodes, no_gamma), figure, depth, data, alt, notes)
    section = replace(section, stage=stage(dots, drawn, figure))
    for trace in figure.data:  # the page draws all of these from the stage
        if trace.meta["role"] == "nodes":
            trace.x, trace.y, trace.customdata, trace.hovertext, trace.marker.size = [], [], [], [], []
    return section, []


def embed(graph: LayeredGraph, dimension: int = 2) -> tuple[Embedding | None, str, str]:
    """Return the embedding and its method, or None and the reason."""
    reason = _refusal(graph)
    if reason:
        return None, "", reason
    reduction = "le" if _component(graph) > MOST_PATHS else "nciso"
    try:
        embedding = coalescent_embedding(simple_adjacency(graph), reduction=reduction, dimension=dimension)
    except ValueError as error:
        return None, "", str(error)
    if math.isnan(embedding.gamma):
        return None, "", "all nodes of the largest component have one degree, so no exponent sets the radii"
    adjusted = "-EA" if dimension == 2 else ""
    return embedding, f"coalescent embedding, RA1-{NAMES[reduction]}{adjusted}", ""


def choose_nodes(nodes: pd.DataFrame, links: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Choose the nodes to draw, and the links between them: all, or the largest hubs and a random sample."""
    if len(nodes) <= MOST_DOTS:
        return nodes, links
    order = np.argsort(-nodes["degree"].to_numpy(), kind="stable")
    others = np.random.default_rng(0).choice(order[HUBS:], MOST_DOTS - HUBS, replace=False)
    kept = np.sort(np.concatenate([order[:HUBS], others]))
    place = np.full(len(nodes), -1, np.int64)
    place[kept] = np.arange(len(kept))
    ends = pd.DataFrame({name: place[links[name].to_numpy()] for name in ("source", "target")})
    inside = ends[(ends["source"] >= 0) & (ends["target"] >= 0)].reset_index(drop=True)
    return nodes.iloc[kept].reset_index(drop=True), inside


def _figure(nodes: pd.DataFrame, links: pd.DataFrame) -> Any:
    """Return the disk without the points of its arcs: the page computes them when a reader moves the disk."""
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


def _refusal(graph: LayeredGraph) -> str:
    """Return why the network is not embedded, "" if it can be."""
    if not graph.n_links:
        return "there is no link"
    layered = len(graph.populations) > 1
    if layered and all(p.sparsity == 0 for p in graph.projections):
        return (
            "the network is dense; nodes of a layer have the same neighbours, so their angles are arbitrary"
        )
    largest = _component(graph)
    if largest > MOST_NODES or graph.n_links > MOST_LINKS:
        return (
            f"the largest component has {largest:,} nodes and the network {graph.n_links:,} links; "
            f"networks up to {MOST_NODES:,} nodes and {MOST_LINKS:,} links are embedded"
        )
    return ""


def _component(graph: LayeredGraph) -> int:
    return int(np.bincount(graph.components()[1]).max())


def _depth(graph: LayeredGraph, embedding: Embedding) -> pd.DataFrame | None:
    """Return where the hubs lie among the populations, against as many links at random places."""
    if len(set(graph.node_population[embedding.nodes].tolist())) < 2:
        return None
    if graph.n_links > MOST_REDRAWN:
        return None
    draws = _count_draws(graph)
    table = meta_depth(graph, embedding, hubs=HUB_SHARE, permutations=draws, rng=np.random.default_rng(0))
    shown = ["population", "nodes", "hubs", "hub_share", "z_hubs", "p_hubs", "mean_radius", "z_radius"]
    heads = {"p_hubs": "p, as many hubs", "p_radius": "p, as deep"}
    return table[[*shown, "p_radius"]].rename(columns=lambda name: heads.get(name, name.replace("_", " ")))


def _count_draws(graph: LayeredGraph) -> int:
    """Return how many random networks meta-depth draws: fewer of larger ones."""
    return int(np.clip(REDRAWN // graph.n_links, *DRAWS))


def simple_adjacency(graph: LayeredGraph) -> sp.csr_array:
    """Return the undirected adjacency without self-loops."""
    adjacency = graph.adjacency(directed=False).tocoo()
    apart = adjacency.row != adjacency.col
    ends = (adjacency.row[apart], adjacency.col[apart])
    return sp.csr_array((adjacency.data[apart], ends), shape=adjacency.shape)


def place_nodes(graph: LayeredGraph, embedding: Embedding) -> pd.DataFrame:
    """Return one row for each node; x and y are its place in the disk, whose largest radius is 1."""
    names = np.repeat(list(graph.sizes), list(graph.sizes.values()))
    labels = graph.node_labels
    degrees = np.concatenate(list(graph.degrees("all").values()))
    radius = embedding.radius
    share = radius / max(float(radius.max()), 1e-12)
    names = names[embedding.nodes]
    return pd.DataFrame(
        {
            "label": [labels[i] for i in embedding.nodes.tolist()],
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


def draw_sample(links: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the links, or a random sample of them where there are more than can be drawn."""
    if len(links) <= most:
        return links
    chosen = np.random.default_rng(0).choice(len(links), most, replace=False)
    return links.iloc[np.sort(chosen)]


def _matrix(links: pd.DataFrame, count: int) -> sp.csr_array:
    """Return the links of the embedded nodes as one upper triangle."""
    ends = (links["source"].to_numpy(), links["target"].to_numpy())
    return sp.csr_array((np.ones(len(links), bool), ends), shape=(count, count))


def _refuse_gamma(embedding: Embedding, adjacency: sp.csr_array) -> str:
    """Say in few words why the fitted gamma is no estimate, "" if it is one.

    Below 100 nodes the correction for few nodes also moves gamma away from the bound where its fit ended.
    """
    if not LOWEST + 1e-9 < embedding.gamma < HIGHEST - 1e-9:
        return "gamma at its bound"
    if len(embedding.nodes) < FEW_NODES:
        return f"gamma of only {count(len(embedding.nodes), 'node')}"
    degrees = np.diff((adjacency + adjacency.T).tocsr().indptr)
    tail = int((degrees >= grid_exponent(degrees)[1]).sum())
    return f"gamma of only {count(tail, 'node')} in the tail" if tail < LEAST_IN_TAIL else ""


def _verdict(embedding: Embedding, nodes: pd.DataFrame, no_gamma: str) -> str:
    hub = nodes.loc[nodes["degree"].idxmax()]
    gamma = (
        f"the exponent behind its radii is no estimate ({no_gamma})"
        if no_gamma
        else f"its radii follow gamma = {embedding.gamma:.2f}"
    )
    return (
        f"The largest component holds {count(len(nodes), 'node')} "
        f"({percent(embedding.component_share)}); {gamma}, and its largest hub is {hub['label']} with "
        f"{count(int(hub['degree']), 'link')}."
    )


def _structure_notes(graph: LayeredGraph, embedding: Embedding, table: bool) -> list[str]:
    """Say what follows from the layers, where there are layers, and how to read the table of meta-depth."""
    notes = []
    if _no_triangle(graph, embedding):
        notes.append(
            "Linked nodes share no neighbour, as no three populations are linked with each other. The RA1 "
            "length of a link therefore depends on the degrees of its ends only."
        )
    if table:
        notes.append(
            f"The table is meta-depth: the {percent(HUB_SHARE)} of the nodes with the highest degree are "
            f"hubs; p and z come from {_count_draws(graph)} networks with as many links of each projection "
            "at random places, where small populations and the middle of a chain hold more hubs as well. "
            "Both p are one-sided and not corrected for the number of populations: the share of these "
            "networks with as many hubs or more, and as near the centre or nearer."
        )
    return notes


def _no_triangle(graph: LayeredGraph, embedding: Embedding) -> bool:
    """Whether the populations of the component rule out that three nodes are linked with each other."""
    names = list(graph.sizes)
    held = {names[i] for i in set(graph.node_population[embedding.nodes].tolist())}
    joined: dict[str, set[str]] = {name: set() for name in held}
    for p in graph.projections:
        if p.n_links and p.source in held and p.target in held:
            joined[p.source].add(p.target)
            joined[p.target].add(p.source)
    return not any(near & joined[b] for near in joined.values() for b in near)


def _notes(embedding: Embedding, links: tuple[int, int, int], hidden: int) -> list[str]:
    """Say what was approximated or left out."""
    notes: list[str] = []
    if len(embedding.nodes) > MOST_PATHS:
        notes.append(
            f"Above {MOST_PATHS:,} nodes the reduction is Laplacian eigenmaps (LE), which needs no path "
            "lengths between all pairs."
        )
    if hidden:
        notes.append(
            f"Drawn are the {HUBS} largest hubs and a random sample of the rest, {MOST_DOTS:,} nodes; all "
            "took part in the embedding."
        )
    if links[2] < links[1]:
        notes.append(
            f"Drawn is a random sample of {links[2]:,} of the {links[0]:,} links; all took part in "
            "the embedding."
        )
    return notes + [f"{note[:1].upper()}{note[1:].rstrip('.')}." for note in embedding.notes]
