"""From the records of the digits runs to tidy tables.

Every first table has the columns model, seed, projection, measure, value, unit, and epoch where there is one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.engine.digits_runs import (
    NAMES,
    POPULATIONS,
    PROJECTIONS,
    Masks,
    Records,
    embed,
    inside_bounds,
    masks_at,
    networks,
    pool_degrees,
)
from analysis.engine.exhibit import Tables
from analysis.engine.statistics import tidy
from netsci.graph import (
    Embedding,
    ExponentFit,
    LayeredGraph,
    ch_scores,
    coalescent_embedding,
    degree_ccdf,
    degree_exponent,
    grid_exponent,
    live_units,
    percolate,
)
from netsci.sweep import Cell, Record

BOOTSTRAP = 6  # purpose of the generator of synthetic degrees
Row = dict[str, Any]
Measures = dict[str, tuple[Any, str]]  # value and unit


def accuracy(records: Records) -> Tables:
    """Tabulate test accuracy and training loss by epoch."""
    rows = []
    for cell, record in records.items():
        for measure, unit in (("accuracy", "share"), ("loss", "nats")):
            rows += _by_epoch(cell, "all", measure, unit, record.arrays[measure])
    return {"table": pd.DataFrame(rows).dropna(subset="value")}


def topology(records: Records) -> Tables:
    """Tabulate node sparsity, I(W), overlap and gamma by epoch."""
    rows = []
    for cell, record in records.items():
        inactive, widths = record.arrays["inactive"], cell["widths"]
        for i, population in enumerate(POPULATIONS):
            rows += _by_epoch(cell, population, "node sparsity", "share", inactive[:, i] / widths[i])
        counted = slice(len(POPULATIONS))
        together = inactive[:, counted].sum(axis=1) / sum(widths[counted])
        rows += _by_epoch(cell, "input and hidden", "node sparsity", "share", together)
        for layer, projection in enumerate(PROJECTIONS):
            for measure, name in (("sparsity_index", "I(W)"), ("overlap", "overlap")):
                rows += _by_epoch(cell, projection, name, "1", record.arrays[measure][:, layer])
        if cell["model"] != "dense":
            gammas = np.full(len(inactive), np.nan)
            static = cell["model"] == "static"
            for epoch in range(1 if static else len(gammas)):
                sequence = pool_degrees(LayeredGraph.from_masks(masks_at(record, epoch)))
                gammas[epoch] = inside_bounds(grid_exponent(sequence, correct=False)[0])
            gammas[:] = gammas[0] if static else gammas
            rows += _by_epoch(cell, "sparse layers", "gamma", "1", gammas)
    return {"table": pd.DataFrame(rows).dropna(subset="value")}


def degrees(records: Records) -> Tables:
    """Tabulate the exponent and its diagnostics by projection and side, and the first seed's CCDFs."""
    rows, curves = [], []
    first = min(cell["seed"] for cell in records)
    for seed, found in networks(records):
        for model, masks in found.items():
            for projection, side, sequence in _degree_sequences(masks):
                rng = np.random.default_rng([seed, 0, 0, BOOTSTRAP])
                fit = degree_exponent(sequence, bootstrap=200, rng=rng)
                line = {"model": model, "seed": seed, "projection": projection, "side": side}
                rows += tidy(line, _fit_measures(fit))
                if seed == first:
                    note = "γ at its bound" if fit.at_bound else f"γ {fit.gamma:.2f}"
                    of = {"model": model, "projection": projection, "side": side, "note": note}
                    curves.append(degree_ccdf(sequence, fit).assign(**of))
    return {"table": pd.DataFrame(rows), "ccdf": pd.concat(curves, ignore_index=True)}


def disk(records: Records) -> Tables:
    """Tabulate what the embeddings measure, and the first seed's nodes and links."""
    rows, nodes, links = [], [], []
    first = min(cell["seed"] for cell in records)
    for seed, found in networks(records):
        for model, masks in found.items():
            graph = LayeredGraph.from_masks(masks)
            embedding = coalescent_embedding(graph.adjacency(directed=False))
            shown, linked = embed(graph, embedding)
            line = {"model": model, "seed": seed}
            rows += tidy(line | {"projection": "sparse layers"}, _embedding_measures(graph, embedding))
            for name, radius in shown.groupby("population", sort=False)["radius"]:
                rows += tidy(line | {"projection": name}, {"mean radius": (radius.mean(), "1")})
            if seed == first:
                nodes.append(shown.assign(model=model))
                links.append(linked.assign(model=model))
    return {
        "table": pd.DataFrame(rows),
        "nodes": pd.concat(nodes, ignore_index=True),
        "links": pd.concat(links, ignore_index=True),
    }


def ch_scores_of_links(records: Records, bins: int = 32) -> Tables:
    """Tabulate scores by what the step did with the link: medians, chances, one seed's histograms."""
    rows, histograms = [], []
    first = min(cell["seed"] for cell in records)
    for cell, record in records.items():
        last = int(cell["until"] * cell["epochs"])
        for step in (1, last // 2, last * 5 // 6):
            scores = _scores_by_fate(record, step, cell["regrowth"])
            for fate, values in scores.items():
                line = {
                    "model": NAMES[cell["model"]],
                    "fate": fate,
                    "seed": cell["seed"],
                    "projection": PROJECTIONS[1],
                    "evolution": step,
                }
                measures: Measures = {"median score": (np.median(values), "1")}
                measures |= {"cells": (len(values), "cells"), "score 0": (np.mean(values == 0), "share")}
                for other in [name for name in ("still absent", "kept") if name != fate]:
                    chance = _chance_above(values, scores[other])
                    measures[f"chance above {other}"] = (chance, "share")
                rows += tidy(line, measures)
            if cell["seed"] == first:
                histograms.append(_histograms(scores, bins).assign(evolution=step))
    return {"table": pd.DataFrame(rows), "histogram": pd.concat(histograms, ignore_index=True)}


def _degree_sequences(masks: Masks) -> list[tuple[str, str, NDArray[np.int64]]]:
    """Return the degrees of each projection and side, and those of all units together."""
    graph = LayeredGraph.from_masks(masks)
    sequences = [
        (name, label, projection.degrees(side))
        for name, projection in zip(PROJECTIONS, graph.projections, strict=True)
        for side, label in (("source", "presynaptic"), ("target", "postsynaptic"))
    ]
    return [*sequences, ("sparse layers", "pooled", pool_degrees(graph))]


def _fit_measures(fit: ExponentFit) -> Measures:
    numbers = {
        "gamma": inside_bounds(fit.gamma),
        "xmin": fit.xmin,
        "n_tail": fit.n_tail,
        "KS": fit.ks,
        "sigma": fit.sigma,
    }
    for name, (ratio, p) in fit.likelihood_ratios.items():
        numbers |= {f"R against {name}": ratio, f"p against {name}": p}
    verdicts = {"bootstrap p": fit.p_value, "at bound": fit.at_bound, "scale-free": fit.scale_free}
    numbers |= {name: np.nan if value is None else float(value) for name, value in verdicts.items()}
    units = {"xmin": "links", "n_tail": "nodes", "at bound": "yes/no", "scale-free": "yes/no"}
    return {name: (value, units.get(name, "1")) for name, value in numbers.items()}


def _embedding_measures(graph: LayeredGraph, embedding: Embedding) -> Measures:
    size = len(embedding.nodes)
    return {
        "gamma": (inside_bounds(embedding.gamma), "1"),
        "nodes embedded": (size, "nodes"),
        "links": (graph.n_links, "links"),
        "component share of linked units": (size / np.count_nonzero(pool_degrees(graph)), "share"),
        "live units": (sum(int(units.sum()) for units in live_units(graph).values()), "nodes"),
        "live links": (percolate(graph).n_links, "links"),
        "largest degree": (pool_degrees(graph)[embedding.nodes].max(), "links"),
    }


def _scores_by_fate(record: Record, step: int, rule: str, layer: int = 1) -> dict[str, NDArray[np.float64]]:
    """Return the CH scores of a layer's cells between live units before a step, by what the step did.

    A link that was removed and regrown in the same step counts as both.
    """
    before = masks_at(record, step - 1)[layer]
    removed, percolated, regrown = (
        masks_at(record, step, kind)[layer] for kind in ("removed", "percolated", "regrown")
    )
    scores = ch_scores(before, rule, existing="leave_one_out")
    live = np.outer(before.any(axis=1), before.any(axis=0))
    sets = {
        "kept": before & ~removed & ~percolated,
        "removed": removed,
        "percolated": percolated,
        "regrown": regrown,
        "still absent": live & ~before & ~regrown,
    }
    return {fate: scores[cells] for fate, cells in sets.items() if cells.any()}


def _chance_above(values: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Return the chance that one value exceeds another, ties halved (the area under the ROC curve)."""
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(values, others).statistic / (len(values) * len(others)))


def _histograms(scores: dict[str, NDArray[np.float64]], bins: int) -> pd.DataFrame:
    """Return the share of links per decade of the score; links of score 0 count but have no place."""
    positive = np.concatenate([values[values > 0] for values in scores.values()])
    edges = np.geomspace(positive.min(), positive.max() * (1 + 1e-9), bins + 1)
    frames = []
    for fate, values in scores.items():
        counts, _ = np.histogram(values[values > 0], edges)
        density = counts / (len(values) * np.diff(np.log10(edges)))
        frames.append(
            pd.DataFrame({"fate": fate, "left": edges[:-1], "right": edges[1:], "density": density})
        )
    return pd.concat(frames, ignore_index=True)


def _by_epoch(cell: Cell, projection: str, measure: str, unit: str, values: NDArray[np.float64]) -> list[Row]:
    line = {"model": NAMES[cell["model"]], "seed": cell["seed"], "projection": projection, "measure": measure}
    return [
        {**line, "epoch": epoch, "value": value, "unit": unit} for epoch, value in enumerate(values.tolist())
    ]
