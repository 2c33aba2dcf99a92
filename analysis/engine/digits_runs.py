"""The MLPs on digits behind several exhibits: their cells, and their networks as masks of the sparse layers.

Masks are [presynaptic, postsynaptic]. Training, which needs torch, is in `analysis.digits.training`: only a
cell that runs imports it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.engine.exhibit import Tables
from analysis.engine.names import RUN_NAMES
from analysis.engine.sheet import Sheet
from netsci import plot
from netsci.data.digits import CHECKSUM
from netsci.graph import Embedding, LayeredGraph, live_units, native_arcs
from netsci.graph.degree.discrete_fit import HIGHEST, LOWEST
from netsci.sweep import Cell, Record, Task
from netsci.topology import erdos_renyi

POPULATIONS = ("input", "hidden 1", "hidden 2")  # those between sparse layers
PROJECTIONS = ("input → hidden 1", "hidden 1 → hidden 2")  # the sparse ones: the output layer stays dense
BEFORE, AFTER, RANDOM, PRUNED = "before evolution", "after evolution", "random control", "magnitude-pruned"
NAMES = {"dense": "dense", "static": "static random", "chts": "CHTs"}
CONTROL = 5  # purpose of the random control's generator, beside those of the training
Records = Mapping[Cell, Record]
Masks = list[NDArray[np.bool_]]
TASK = Task("digits-training", "analysis.digits.training:train", RUN_NAMES)
PARAMETERS: dict[str, Any] = {  # the widths, and values of a `netsci.train.Recipe` by name
    "widths": (64, 512, 512, 10),
    "steps": 1,
    "spiking": False,
    "weights": "swi",
    "sparsity": 0.98,
    "initial": "uniform",
    "removal": "magnitude",
    "regrowth": "ch2_l3n",
    "delta": 0.5,
    "zeta": 0.3,
    "until": 0.75,
    "early_stop": None,
    "optimizer": "sgd",
    "lr": 0.05,
    "momentum": 0.9,
    "weight_decay": 5e-4,
    "batch": 32,
    "epochs": 140,
}
DATA = f"scikit-learn digits, 1797 images 8 x 8, 360 for testing, SHA-256 {CHECKSUM[:16]}"


def cells_of(models: tuple[str, ...], first_seed: int) -> tuple[Cell, ...]:
    """Return the cells of models ("dense", "static", "chts"), three seeds each."""
    return tuple(
        Cell.of(TASK, version=3, data=DATA, model=model, seed=first_seed + i, **PARAMETERS)
        for model in models
        for i in range(3)
    )


def networks(records: Records) -> list[tuple[int, dict[str, Masks]]]:
    """Return, seed by seed, the evolved network before and after, and two controls with as many links.

    The random control draws them uniformly between the units that are live after evolution, so that it has
    the same links among the same units; the other keeps the largest weights of the dense model. Neither is
    percolated: some of their links lead nowhere.
    """
    found = []
    by_model = {(cell["model"], cell["seed"]): record for cell, record in records.items()}
    for seed in sorted({cell["seed"] for cell in records}):
        evolved = by_model["chts", seed]
        after = masks_at(evolved, -1)
        networks = {
            BEFORE: masks_at(evolved, 0),
            AFTER: after,
            RANDOM: random_among_live(after, seed),
            PRUNED: magnitude_pruned(by_model["dense", seed], [int(mask.sum()) for mask in after]),
        }
        found.append((seed, networks))
    return found


def masks_at(record: Record, epoch: int, kind: str = "links") -> Masks:
    """Return the sparse layers' masks after an epoch (0: the start, negative: from the end).

    Other kinds are what the epoch's evolution "removed", "percolated" and "regrown".
    """
    masks = []
    for layer in range(len(PROJECTIONS)):
        cells, ends = record.arrays[f"{kind}_{layer}"], record.arrays[f"{kind}_{layer}_ends"]
        mask = np.zeros(record.arrays[f"weights_{layer}"].shape, bool)
        epoch %= len(ends)
        mask.flat[cells[0 if epoch == 0 else ends[epoch - 1] : ends[epoch]]] = True
        masks.append(mask)
    return masks


def random_among_live(masks: Masks, seed: int) -> Masks:
    """Return random masks with as many links in each layer, between the units that are live in `masks`."""
    live = list(live_units(LayeredGraph.from_masks(masks)).values())
    drawn = []
    for layer, mask in enumerate(masks):
        rows, columns = np.flatnonzero(live[layer]), np.flatnonzero(live[layer + 1])
        rng = np.random.default_rng([seed, 0, layer, CONTROL])
        links = erdos_renyi((len(rows), len(columns)), int(mask.sum()), rng=rng)
        placed = np.zeros(mask.shape, bool)
        placed[np.ix_(rows, columns)] = links.toarray()
        drawn.append(placed)
    return drawn


def magnitude_pruned(record: Record, links: list[int]) -> Masks:
    """Return the masks of the largest weights of a dense record: the first of equals stay."""
    masks = []
    for layer, count in enumerate(links):
        strength = np.abs(record.arrays[f"weights_{layer}"])
        mask = np.zeros(strength.shape, bool)
        mask.flat[np.argsort(-strength, axis=None, kind="stable")[:count]] = True
        masks.append(mask)
    return masks


def read_network(tables: Tables, model: str) -> LayeredGraph:
    """Return one of the networks of the disk exhibit from its tables, largest component only."""
    nodes = tables["nodes"][tables["nodes"]["model"] == model]
    links = tables["links"][tables["links"]["model"] == model]
    members = [nodes["node"][nodes["population"] == name].to_numpy() for name in POPULATIONS]
    masks = []
    for sources, targets in pairwise(members):
        here = links[links["source"].isin(sources)]
        mask = np.zeros((len(sources), len(targets)), bool)
        mask[np.searchsorted(sources, here["source"]), np.searchsorted(targets, here["target"])] = True
        masks.append(mask)
    return LayeredGraph.from_masks(masks, names=PROJECTIONS)


def pool_degrees(graph: LayeredGraph) -> NDArray[np.int64]:
    """Return the degrees of all units of the sparse layers together."""
    return np.concatenate(list(graph.degrees().values()))


def embed(graph: LayeredGraph, embedding: Embedding) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the nodes of an embedding with their places, and the links between them."""
    places = {
        "node": embedding.nodes,
        "population": np.array(POPULATIONS)[graph.node_population[embedding.nodes]],
        "degree": pool_degrees(graph)[embedding.nodes],
        "theta": embedding.theta,
        "radius": embedding.radius,
    }
    links = graph.edges().astype({"source": int, "target": int})[["source", "target"]]
    return pd.DataFrame(places), links[links.isin(set(embedding.nodes.tolist())).all(axis=1)]


def inside_bounds(gamma: float) -> float:
    """Return gamma, NaN where the fit ran into a bound: that is no estimate, so it has no place in a mean."""
    return gamma if LOWEST < gamma < HIGHEST else float("nan")


def write_gamma(gamma: float) -> str:
    """Return gamma as captions write it; NaN is one at a bound."""
    return "γ at its bound" if np.isnan(gamma) else f"γ = {gamma:.2f}"


def arcs(nodes: pd.DataFrame, links: pd.DataFrame, *, edge: float, points: int = 12) -> pd.DataFrame:
    """Return the links as geodesics in native polar coordinates over the disk's radius, NaN between them."""
    place = {node: i for i, node in enumerate(nodes.index)}
    sources, targets = links["source"].map(place).to_numpy(), links["target"].map(place).to_numpy()
    ends = (nodes["radius"].to_numpy(), nodes["theta"].to_numpy(), sources, targets, points)
    radius, theta = native_arcs(*ends)
    x, y = radius / edge * np.cos(theta), radius / edge * np.sin(theta)
    gap = np.full((len(links), 1), np.nan)
    return pd.DataFrame({"x": np.hstack([x, gap]).ravel(), "y": np.hstack([y, gap]).ravel()})


def draw_disks(
    nodes: pd.DataFrame,
    links: Mapping[str, pd.DataFrame],
    captions: Mapping[str, str],
    backend: str,
    order: tuple[str, ...] = POPULATIONS,
) -> Any:
    """Draw a disk for each model of `links`: native radii over that of the disk, 2 ln N.

    order : the populations, which colour the nodes.
    """
    nodes = nodes.assign(label=nodes["population"] + " " + nodes["node"].astype(str))
    nodes["caption"] = nodes["model"].map(captions)
    drawn = []
    for name, of in links.items():
        here = nodes[nodes["model"] == name].set_index("node")
        edge = max(here["radius"].max(), 2 * np.log(len(here)))
        drawn.append(arcs(here, of, edge=edge).assign(model=name))
        for axis, turn in (("x", np.cos), ("y", np.sin)):
            nodes.loc[nodes["model"] == name, axis] = (here["radius"] / edge * turn(here["theta"])).to_numpy()
    kept: dict[str, Any] = {
        "order": list(order),
        "columns": 2 if len(links) == 4 else 3,
        "backend": backend,
    }
    return plot.disk(nodes, pd.concat(drawn, ignore_index=True), panel="model", **kept)


def sheet_of(tables: Tables) -> Sheet:
    """Return models, or fates of links, as rows and "measure, projection" as columns, at the last epoch."""
    table = tables["table"].dropna(subset="value")
    if "epoch" in table:
        keys = ["model", "projection", "measure"]
        table = table[table["epoch"] == table.groupby(keys)["epoch"].transform("max")]
    rows = table["fate" if "fate" in table else "model"]
    columns = table["measure"] + ", " + table["projection"]
    for name in ("side", "evolution"):
        columns = columns + (", " + table[name].astype(str) if name in table else "")
    values = table.assign(row=rows, column=columns)[["row", "column", "seed", "value"]]
    keys_ = zip(values["row"], values["column"], strict=True)
    return Sheet(values, units=dict(zip(keys_, table["unit"], strict=True)))
