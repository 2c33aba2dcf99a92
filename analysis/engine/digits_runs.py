"""The networks behind the digits exhibits, as masks [presynaptic, postsynaptic] of the sparse layers."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analysis.engine.cells import Cell, Record
from analysis.runs import Tables
from netsci.graph import LayeredGraph, live_units
from netsci.topology import erdos_renyi

POPULATIONS = ("input", "hidden 1", "hidden 2")  # those between sparse layers
PROJECTIONS = ("input → hidden 1", "hidden 1 → hidden 2")  # the sparse ones: the output layer stays dense
BEFORE, AFTER, RANDOM, PRUNED = "before evolution", "after evolution", "random control", "magnitude-pruned"
CONTROL = 5  # purpose of the random control's generator, beside those of the training
Records = Mapping[Cell, Record]
Masks = list[NDArray[np.bool_]]


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


def stored_network(tables: Tables, model: str) -> LayeredGraph:
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


def pooled_degrees(masks: Masks) -> NDArray[np.int64]:
    """Return the degrees of all units of the sparse layers together."""
    return np.concatenate(list(LayeredGraph.from_masks(masks).degrees().values()))
