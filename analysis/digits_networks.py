"""The networks behind the digits exhibits, as masks [presynaptic, postsynaptic] of the sparse layers."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analysis.runs import Cell, Record, Tables
from netsci.graph import LayeredGraph
from netsci.topology import erdos_renyi

POPULATIONS = ("input", "hidden 1", "hidden 2")  # those between sparse layers
PROJECTIONS = ("input → hidden 1", "hidden 1 → hidden 2")  # the sparse ones: the output layer stays dense
BEFORE, AFTER, RANDOM, PRUNED = "before evolution", "after evolution", "random control", "magnitude-pruned"
CONTROL = 5  # purpose of the random control's generator, beside those of the training
Records = Mapping[Cell, Record]
Masks = list[NDArray[np.bool_]]


def networks(records: Records) -> list[tuple[int, dict[str, Masks]]]:
    """Return, seed by seed, the evolved network before and after, and two controls with as many links."""
    found = []
    by_model = {(cell["model"], cell["seed"]): record for cell, record in records.items()}
    for seed in sorted({cell["seed"] for cell in records}):
        evolved = by_model["chts", seed]
        after = masks_at(evolved, -1)
        links = [int(mask.sum()) for mask in after]
        random = [
            erdos_renyi(mask.shape, n, rng=np.random.default_rng([seed, 0, layer, CONTROL])).toarray()
            for layer, (mask, n) in enumerate(zip(after, links, strict=True))
        ]
        networks = {
            BEFORE: masks_at(evolved, 0),
            AFTER: after,
            RANDOM: random,
            PRUNED: magnitude_pruned(by_model["dense", seed], links),
        }
        found.append((seed, networks))
    return found


def masks_at(record: Record, epoch: int) -> Masks:
    """Return the sparse masks [presynaptic, postsynaptic] of a record after an epoch (0: the start)."""
    masks = []
    for layer in range(len(PROJECTIONS)):
        ends = record.arrays[f"ends_{layer}"]
        mask = np.zeros(record.arrays[f"weights_{layer}"].shape, bool)
        mask.flat[record.arrays[f"links_{layer}"][0 if epoch == 0 else ends[epoch - 1] : ends[epoch]]] = True
        masks.append(mask)
    return masks


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
