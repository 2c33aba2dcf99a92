"""From the records of the digits runs to tidy tables.

Every first table has the columns model, seed, projection, measure, value, unit, and epoch where there is one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.engine.cells import Cell, Record
from analysis.engine.digits_runs import (
    NAMES,
    POPULATIONS,
    PROJECTIONS,
    Masks,
    Records,
    inside_bounds,
    masks_at,
    networks,
    pooled_degrees,
)
from analysis.engine.exhibit import Tables
from netsci.graph import (
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

BOOTSTRAP = 6  # purpose of the generator of synthetic degrees
Row = dict[str, Any]


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
                gamma = grid_exponent(pooled_degrees(masks_at(record, epoch)), correct=False)[0]
                gammas[epoch] = inside_bounds(gamma)
            rows += _by_epoch(
                cell, "sparse layers", "gamma", "1", np.full_like(gammas, gammas[0]) if static else gammas
            )
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
                rows += [
                    {"model": model, "seed": seed, "projection": projection, "side": side, **measured}
                    for measured in _fit_measures(fit)
                ]
                if seed == first:
                    curve = degree_ccdf(sequence, fit)
                    curves.append(
                        curve.assign(model=model, projection=projection, side=side, note=_fit_note(fit))
                    )
    return {"table": pd.DataFrame(rows), "ccdf": pd.concat(curves, ignore_index=True)}


def disk(records: Records) -> Tables:
    """Tabulate what the embeddings measure, and the first seed's nodes and links."""
    rows, nodes, links = [], [], []
    first = min(cell["seed"] for cell in records)
    for seed, found in networks(records):
        for model, masks in found.items():
            graph = LayeredGraph.from_masks(masks)
            table, measured = _embed(graph)
            rows += [{"model": model, "seed": seed, **line} for line in measured]
            if seed == first:
                nodes.append(table.assign(model=model))
                embedded = graph.edges().astype({"source": int, "target": int})[["source", "target"]]
                inside = embedded.isin(set(table["node"])).all(axis=1)
                links.append(embedded[inside].assign(model=model))
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
                rows.append({**line, "measure": "median score", "value": np.median(values), "unit": "1"})
                rows.append({**line, "measure": "cells", "value": len(values), "unit": "cells"})
                rows.append({**line, "measure": "score 0", "value": np.mean(values == 0), "unit": "share"})
                for other in ("still absent", "kept"):
                    if other == fate:
                        continue
                    chance = _chance_above(values, scores[other])
                    rows.append(
                        {**line, "measure": f"chance above {other}", "value": chance, "unit": "share"}
                    )
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
    return [*sequences, ("sparse layers", "pooled", pooled_degrees(masks))]


def _fit_measures(fit: ExponentFit) -> list[Row]:
    numbers = {
        "gamma": inside_bounds(fit.gamma),
        "xmin": fit.xmin,
        "n_tail": fit.n_tail,
        "KS": fit.ks,
        "sigma": fit.sigma,
    }
    for name, (ratio, p) in fit.likelihood_ratios.items():
        numbers |= {f"R against {name}": ratio, f"p against {name}": p}
    verdict = fit.scale_free
    numbers |= {
        "bootstrap p": np.nan if fit.p_value is None else fit.p_value,
        "at bound": float(fit.at_bound),
    }
    numbers |= {"scale-free": np.nan if verdict is None else float(verdict)}
    units = {"xmin": "links", "n_tail": "nodes", "at bound": "yes/no", "scale-free": "yes/no"}
    return [
        {"measure": name, "value": value, "unit": units.get(name, "1")} for name, value in numbers.items()
    ]


def _fit_note(fit: ExponentFit) -> str:
    return "γ at its bound" if fit.at_bound else f"γ {fit.gamma:.2f}"


def _embed(graph: LayeredGraph) -> tuple[pd.DataFrame, list[Row]]:
    """Return the embedded nodes, and the measures of the embedding."""
    embedding = coalescent_embedding(graph.adjacency(directed=False))
    degree = np.concatenate(list(graph.degrees().values()))[embedding.nodes]
    population = graph.node_population[embedding.nodes]
    nodes = pd.DataFrame(
        {
            "node": embedding.nodes,
            "population": np.array(POPULATIONS)[population],
            "degree": degree,
            "theta": embedding.theta,
            "radius": embedding.radius,
        }
    )
    live = sum(int(units.sum()) for units in live_units(graph).values())
    rows = [
        {
            "projection": "sparse layers",
            "measure": "gamma",
            "value": inside_bounds(embedding.gamma),
            "unit": "1",
        },
        {"projection": "sparse layers", "measure": "nodes embedded", "value": len(nodes), "unit": "nodes"},
        {"projection": "sparse layers", "measure": "links", "value": graph.n_links, "unit": "links"},
        {
            "projection": "sparse layers",
            "measure": "component share of linked units",
            "value": len(nodes) / np.count_nonzero(np.concatenate(list(graph.degrees().values()))),
            "unit": "share",
        },
        {"projection": "sparse layers", "measure": "live units", "value": live, "unit": "nodes"},
        {
            "projection": "sparse layers",
            "measure": "live links",
            "value": percolate(graph).n_links,
            "unit": "links",
        },
        {"projection": "sparse layers", "measure": "largest degree", "value": degree.max(), "unit": "links"},
    ]
    for name, radius in nodes.groupby("population", sort=False)["radius"]:
        rows.append({"projection": name, "measure": "mean radius", "value": radius.mean(), "unit": "1"})
    return nodes, rows


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
