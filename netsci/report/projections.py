"""Write one section for each projection: how its links and weights are distributed on its two sides."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netsci import plot
from netsci.graph import LayeredGraph, Projection
from netsci.report.degrees import MOST_PLACES, DegreeFit, random_degrees, unit_degrees
from netsci.report.page import Section
from netsci.report.words import count, percent

MOST_SECTIONS = 12  # projections with a section of their own, those with most links
HUBS = 0.05  # share of the units, those of highest degree
MOST_BINS = 40
DRAWS = 39  # of random links, behind the share that hubs hold in them


def projection_sections(graph: LayeredGraph, fits: list[DegreeFit]) -> tuple[list[Section], list[str]]:
    """Return the sections of the projections with most links, in the graph's order, and what is left out."""
    ranked = sorted(range(len(graph.projections)), key=lambda i: -graph.projections[i].n_links)
    shown = sorted(ranked[:MOST_SECTIONS])
    gammas = {(f.group, f.side): f for f in fits}
    sections = [_section(graph.projections[i], gammas) for i in shown]
    left_out = len(graph.projections) - len(shown)
    with_fewer = count(left_out, "projection with fewer links has", "projections with fewer links have")
    said = f"{with_fewer} no section of {'its' if left_out == 1 else 'their'} own; the tables hold all."
    return sections, [said] if left_out else []


def _section(p: Projection, fits: dict[tuple[str, str], DegreeFit]) -> Section:
    sides = (
        [("degree", "source")] if p.undirected else [("presynaptic", "source"), ("postsynaptic", "target")]
    )
    degrees = {label: unit_degrees(p, side) for label, side in sides}
    rows = [
        _row(label, k, fits.get((p.name, label)), _random_hubs(p, side))
        for (label, side), k in zip(sides, degrees.values(), strict=True)
    ]
    table = pd.DataFrame(rows)
    figure, data, alt = _figure(p, degrees)
    title = f"Projection {p.name}"
    notes = [
        "hubs: the 5 % of the units with the highest degree, and the share of all link ends they hold; at "
        f"random: the mean of {DRAWS} draws of as many links at random places."
    ]
    if p.rows_per_unit > 1:
        notes.append(
            f"Each source unit owns {p.rows_per_unit} rows (kernel or feature-map positions); its degree "
            "adds them up."
        )
    file = "" if data is None else "sides"
    return Section(title, _verdict(p, table), figure, table, data, alt, notes, table_file=file)


def _share_of_hubs(degrees: NDArray[np.int64]) -> float | None:
    """Return the share of all link ends that the hubs hold, None without links."""
    total, hubs = int(degrees.sum()), max(1, round(HUBS * len(degrees)))
    return int(np.sort(degrees)[::-1][:hubs].sum()) / total if total else None


def _random_hubs(p: Projection, side: str) -> float | None:
    """Return the share that hubs would hold on average if the links lay at random places."""
    if not p.n_links or p.shape[0] * p.shape[1] >= MOST_PLACES:
        return None
    rng = np.random.default_rng(0)
    shares = [_share_of_hubs(random_degrees(p, side, rng)) for _ in range(DRAWS)]
    return float(np.mean([share for share in shares if share is not None]))


def _row(
    side: str, degrees: NDArray[np.int64], fit: DegreeFit | None, random: float | None
) -> dict[str, object]:
    mean = float(degrees.mean())
    return {
        "side": side,
        "units": len(degrees),
        "isolated": int((degrees == 0).sum()),
        "mean degree": mean,
        "median": float(np.median(degrees)),
        "largest": int(degrees.max()),
        "variation": float(degrees.std()) / mean if mean else None,
        "held by hubs": _share_of_hubs(degrees),
        "at random": random,
        "gamma": fit.written if fit else None,
    }


def _verdict(p: Projection, table: pd.DataFrame) -> str:
    rows, columns = p.shape
    if not p.n_links:
        return f"{rows:,} x {columns:,}, without any link."
    parts = [f"{rows:,} x {columns:,} with {count(p.n_links, 'link')}; {percent(p.sparsity)} are absent."]
    shares = dict(zip(table["side"], table["held by hubs"], strict=True))
    usual = dict(zip(table["side"], table["at random"], strict=True))
    of = {side: max(1, round(HUBS * n)) / n for side, n in zip(table["side"], table["units"], strict=True)}
    uneven = max(shares, key=lambda side: shares[side] / of[side])
    baseline = usual[uneven]
    random = "" if baseline is None else f"; with links at random places they would hold {percent(baseline)}"
    parts.append(
        f"The {'' if p.undirected else uneven + ' '}hubs, {percent(of[uneven])} of the units, hold "
        f"{percent(shares[uneven])} of the link ends{random}."
    )
    if p.weights is not None and p.weights.nnz:
        w = p.weights.data
        negative = float((w < 0).mean())
        parts.append(
            f"Weights run from {w.min():.3g} to {w.max():.3g}; {percent(negative)} of them are negative."
        )
    return " ".join(parts)


def _figure(p: Projection, degrees: dict[str, NDArray[np.int64]]):  # type: ignore[no-untyped-def]
    """Return histograms of the degrees of both sides and of the weights, their table and their words."""
    if not p.n_links:
        return None, None, ""
    frames = [_histogram(k.astype(float), "degree", side, whole=True) for side, k in degrees.items()]
    what = "Histograms of the degrees of " + (
        "all nodes" if p.undirected else "presynaptic and postsynaptic units"
    )
    if p.weights is not None and p.weights.nnz:
        frames.append(_histogram(p.weights.data.astype(float), "weight", "weights"))
        what += " and of the weights of the links"
    table = pd.concat(frames, ignore_index=True)
    figure = plot.distribution(
        table, hue="of", panel="quantity", labels={"left": "value", "density": "density"}, backend="plotly"
    )
    return figure, table, f"{what} of {p.name}, as densities."


def _histogram(values: NDArray[np.float64], quantity: str, of: str, *, whole: bool = False) -> pd.DataFrame:
    low, high = float(values.min()), float(values.max())
    if whole:  # edges between whole numbers, so that no bin holds more of them than its neighbours
        step = max(1, int(np.ceil((high - low + 1) / MOST_BINS)))
        # The last bin ends at the largest one, narrower than the others if need be.
        edges = np.append(np.arange(low - 0.5, high + 0.5, step), high + 0.5)
    else:
        # Two ends of one value, or so near that the bins would have no width, get one bin of width one.
        near = high - low <= 1e-9 * max(abs(low), abs(high))
        edges = np.array([low - 0.5, low + 0.5]) if near else np.linspace(low, high, MOST_BINS + 1)
    links, _ = np.histogram(values, edges)
    density = links / (links.sum() * np.diff(edges))
    return pd.DataFrame(
        {
            "quantity": quantity,
            "of": of,
            "left": edges[:-1],
            "right": edges[1:],
            "count": links,
            "density": density,
        }
    )
