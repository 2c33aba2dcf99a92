"""What concentrates links: S1 Figure 3's measures of networks that other rules have trained, from records.

    last masks of a run -> LayeredGraph, percolated -> gamma, hubs by layer, structure beside its null model

Links that lead nowhere go first: the methods of Cannistraci-Hebb remove them while they train, SET and RigL
do not. S1 shows one network of CHTss. Here every rule of the same table stands beside it, and random links.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.engine import digits_runs as nets
from analysis.engine.cross import Cross
from analysis.engine.exhibit import Tables
from analysis.engine.sheet import Sheet
from analysis.engine.statistics import tidy
from netsci import plot
from netsci.graph import (
    Embedding,
    LayeredGraph,
    coalescent_embedding,
    degree_exponent,
    live_units,
    percolate,
    structure_table,
)
from netsci.graph.geometry.alignment import align
from netsci.graph.geometry.meta_depth import meta_depth
from netsci.sweep import Cell, Record

LEAST = 45  # evolutions below which gamma says nothing
COMPLETE = "complete bipartite layers: one degree on each side, which is no power law"
PERMUTATIONS = 199
REPLICATES = 20
PURPOSE = 11  # of the generators, beside those of other exhibits
STRUCTURE = {"small_worldness": "small-worldness", "ch3_l3_auc": "CH3-L3 of links (AUC)"}
SIDES = {"source": "presynaptic", "target": "postsynaptic"}
POOLED = "sparse layers"
Masks = list[NDArray[np.bool_]]


@dataclass(frozen=True)
class Concentration:
    """Networks of one column of a cross.

    cross, column : whose runs. rows : their rows, "random" for the one that never evolves. layers : the
    sparse layers, in their order. populations : the names of units before, between and behind them.
    evolutions : of each network that evolves. control : the network beside which as many random links stand,
    anywhere between its live units: first links are equally many at each unit. drawn : whether disks are
    embedded and drawn: those of thousands of units take minutes. gammas : printed, by row.
    """

    cross: Cross
    column: str
    rows: Mapping[str, str]
    layers: tuple[str, ...]
    populations: tuple[str, ...]
    evolutions: Mapping[str, int]
    control: str
    drawn: bool = True
    gammas: Mapping[str, float] = field(default_factory=dict)

    @property
    def controlled(self) -> str:
        """What the control is called."""
        return f"random, live units of {self.control}"

    def plan(self, scale: str, first_seed: int) -> dict[Cell, tuple[str, int]]:
        """Return network and seed of each cell."""
        found = {}
        for cell, places in self.cross.plan(scale, first_seed).items():
            for (row, column), seed in places:
                if row in self.rows and column == self.column:
                    found[cell] = (self.rows[row], seed)
        return found

    def masks(self, record: Record) -> Masks:
        """Return the last masks of a run, [presynaptic, postsynaptic], without links that lead nowhere.

        None where its record holds none.
        """
        from netsci.train.recorded import unpack  # which needs torch

        if f"last_{self.layers[0]}" not in record.arrays:
            return []
        masks = [unpack(record.arrays, "last", layer) for layer in self.layers]
        return [
            projection.links.toarray() for projection in percolate(LayeredGraph.from_masks(masks)).projections
        ]

    def describe(self, scale: str, first_seed: int) -> dict[str, Any]:
        """Return its exhibit, but for what the literal says."""
        plan = self.plan(scale, first_seed)
        return {
            "cells": tuple(plan),
            "tabulate": partial(tabulate, self, plan),
            "draw": partial(draw, self),
            "sheet": partial(make_sheet, self),
            "version": 2,
            "scale": scale,
            **({} if scale == "smoke" else {"needs": "NETSCI_DATA", "seconds": self.cross.seconds}),
        }


def tabulate(
    of: Concentration, plan: Mapping[Cell, tuple[str, int]], records: Mapping[Cell, Record]
) -> Tables:
    """Measure every network whose record is here and holds masks; keep the first seed's disks."""
    rows, flags, nodes, links = [], [], [], []
    first = min((seed for cell, (_, seed) in plan.items() if cell in records), default=0)
    reference = None
    for number, (name, seed, masks) in enumerate(_networks(of, plan, records)):
        line = {"model": name, "seed": seed}
        graph = LayeredGraph.from_masks(masks)
        embedding = coalescent_embedding(graph.adjacency(directed=False)) if of.drawn else None
        rng = np.random.default_rng([seed, 0, number, PURPOSE])
        depth = meta_depth(graph, embedding, permutations=PERMUTATIONS, rng=rng)
        rows += _rows_of_depth(of, line, depth)
        why = COMPLETE if is_complete(masks) else ""
        if of.evolutions.get(name, LEAST) < LEAST:
            why = f"fewer than {LEAST} evolutions"
        found, notes = _rows_of_degrees(of, line, graph, why)
        rows += found
        flags += notes
        if why != COMPLETE:  # no other network has these degrees
            rows += _rows_of_structure(of, line, graph, rng)
        if seed == first and embedding is not None:
            reference = reference or embedding
            shown, linked = _place(of, graph, _turn(embedding, reference))
            nodes.append(shown.assign(model=name))
            links.append(linked.assign(model=name))
    tables: Tables = {"table": pd.DataFrame(rows, columns=None if rows else _COLUMNS)}
    tables["flags"] = pd.DataFrame(flags, columns=None if flags else ["model", "seed", "projection", "flags"])
    if nodes:
        tables |= {"nodes": pd.concat(nodes, ignore_index=True), "links": pd.concat(links, ignore_index=True)}
    return tables


def _networks(
    of: Concentration, plan: Mapping[Cell, tuple[str, int]], records: Mapping[Cell, Record]
) -> list[tuple[str, int, Masks]]:
    """Return name, seed and masks of all networks, in the order of the rows, controls last."""
    order = list(of.rows.values())
    chosen = sorted((order.index(plan[cell][0]), plan[cell][1], cell.name, cell) for cell in records)
    found = [(order[number], seed, of.masks(records[cell])) for number, seed, _, cell in chosen]
    found = [one for one in found if one[2]]
    controls = [
        (of.controlled, seed, nets.random_among_live(masks, seed))
        for name, seed, masks in found
        if name == of.control
    ]
    return [*found, *controls]


def is_complete(masks: Masks) -> bool:
    """Return whether in every layer each unit that has links has one to each other unit that has some.

    Such layers are what is left where whole channels go; their degrees have one value on each side.

    Examples
    --------
    >>> is_complete([np.outer([1, 0, 1], [1, 1, 0]) > 0]), is_complete([np.eye(2) > 0])
    (True, False)
    """
    return all(int(mask.sum()) == mask.any(axis=0).sum() * mask.any(axis=1).sum() for mask in masks)


_COLUMNS = ["model", "seed", "projection", "measure", "value", "unit"]
Rows = list[dict[str, Any]]


def _projections(of: Concentration) -> list[str]:
    return [f"{a} → {b}" for a, b in pairwise(of.populations)]


def _rows_of_depth(of: Concentration, line: dict[str, Any], depth: pd.DataFrame) -> Rows:
    """Return where hubs and centre lie, layer by layer."""
    shares = depth[["hubs", "nodes"]] / depth[["hubs", "nodes"]].sum()
    measured = {
        "share of all hubs": (shares["hubs"], "share"),
        "share of all nodes": (shares["nodes"], "share"),
        "enrichment": (shares["hubs"] / shares["nodes"], "1"),
        "z of hubs": (depth["z_hubs"], "1"),
        "p of hubs": (depth["p_hubs"], "1"),
        "z of radius": (depth["z_radius"], "1"),
        "p of radius": (depth["p_radius"], "1"),
    }
    rows = []
    for number, population in enumerate(of.populations):
        values = {name: (float(column.iloc[number]), unit) for name, (column, unit) in measured.items()}
        rows += tidy(line | {"projection": population}, values)
    return rows


def _rows_of_degrees(
    of: Concentration, line: dict[str, Any], graph: LayeredGraph, why: str
) -> tuple[Rows, Rows]:
    """Return gamma by projection and side and of all, with what its fit warns of.

    why : it says nothing, and so is NaN; "" where it does.
    """
    sequences = {
        f"{name}, {label}": projection.degrees(side)
        for name, projection in zip(_projections(of), graph.projections, strict=True)
        for side, label in SIDES.items()
    }
    sequences[POOLED] = nets.pool_degrees(graph)
    rows, flags = [], []
    for name, degrees in sequences.items():
        fit = None if why else degree_exponent(degrees[degrees > 0])
        gamma = np.nan if fit is None else nets.inside_bounds(fit.gamma)
        measures = {"gamma": (gamma, "1"), "largest degree": (float(degrees.max()), "links")}
        rows += tidy(line | {"projection": name}, measures)
        notes = why if fit is None else "; ".join(fit.notes)
        flags.append({**line, "projection": name, "flags": notes})
    live = sum(int(units.sum()) for units in live_units(graph).values())
    counts = {"links": (graph.n_links, "links"), "live units": (live, "nodes")}
    return [*rows, *tidy(line | {"projection": POOLED}, counts)], flags


def _rows_of_structure(
    of: Concentration, line: dict[str, Any], graph: LayeredGraph, rng: np.random.Generator
) -> Rows:
    """Return measures beside random networks of the same degrees."""
    table = structure_table(graph, measures=list(STRUCTURE), replicates=REPLICATES, rng=rng)
    rows = []
    for number, name in enumerate(_projections(of)):
        here = table[table["projection"] == graph.projections[number].name].set_index("measure")
        for measure, label in STRUCTURE.items():
            found = here.loc[measure]
            values = {label: (found["value"], "1"), f"{label}, same degrees": (found["null_mean"], "1")}
            values |= {f"{label}, z": (found["z"], "1"), f"{label}, p": (found["p_corrected"], "1")}
            rows += tidy(line | {"projection": name}, values)
    return rows


def _turn(embedding: Embedding, reference: Embedding) -> Embedding:
    """Return an embedding turned to agree with another; as it is where they share less than two nodes."""
    common = np.intersect1d(embedding.nodes, reference.nodes)
    return align(embedding, reference) if len(common) > 1 else embedding


def _place(of: Concentration, graph: LayeredGraph, embedding: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the nodes of an embedding with their places, and the links between them."""
    places = {
        "node": embedding.nodes,
        "population": np.array(of.populations)[graph.node_population[embedding.nodes]],
        "degree": nets.pool_degrees(graph)[embedding.nodes],
        "theta": embedding.theta,
        "radius": embedding.radius,
    }
    links = graph.edges().astype({"source": int, "target": int})[["source", "target"]]
    return pd.DataFrame(places), links[links.isin(set(embedding.nodes.tolist())).all(axis=1)]


def make_sheet(of: Concentration, tables: Tables) -> Sheet:
    """Return networks as rows and "measure, projection" as columns."""
    made = nets.sheet_of(tables)
    printed = {(row, f"gamma, {POOLED}"): gamma for row, gamma in of.gammas.items()}
    return Sheet(made.values, printed, made.units, _error)


def _error(keys: Sequence[tuple[str, str]], means: Sequence[float]) -> float:
    """Return 0 for what is compared with chance already, the p and z of a network; else NaN."""
    tested = all(column.startswith("p of") or column.split(", ")[1] in ("z", "p") for _, column in keys)
    return 0.0 if tested else float("nan")


def draw(of: Concentration, tables: Tables, backend: str) -> Any:
    """Draw the disks of the first seed; without them, enrichment in hubs by layer, a dot a network."""
    if "nodes" in tables:
        links = {str(name): rows for name, rows in tables["links"].groupby("model", sort=False)}
        gammas = tables["table"].query("measure == 'gamma' and projection == @POOLED")
        gammas = gammas[gammas["seed"] == gammas["seed"].min()].set_index("model")["value"]
        sizes = tables["nodes"].groupby("model", sort=False).size()
        captions = {
            name: f"{nets.write_gamma(gammas[name])}, N = {sizes[name]}, E = {len(rows)}"
            for name, rows in links.items()
        }
        return nets.draw_disks(tables["nodes"], links, captions, backend, order=of.populations)
    shown = tables["table"].query("measure == 'enrichment'")
    labels = {"value": "share of hubs / share of units", "model": ""}
    return plot.points(shown, x="value", y="model", hue="projection", labels=labels, backend=backend)
