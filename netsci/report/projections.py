"""Write one section for each projection: how its links and weights are distributed on its two sides."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netsci import plot
from netsci.graph import LayeredGraph, Projection
from netsci.report.degrees import DegreeFit, unit_degrees
from netsci.report.hubs import DRAWS, HUBS, HubShare, compare_hubs
from netsci.report.page import Section
from netsci.report.words import count, percent

MOST_SECTIONS = 12  # projections with a section of their own, those with most links
MOST_BINS = 40
CHANCE = 0.05  # a corrected p from it on is no surprise


def projection_sections(graph: LayeredGraph, fits: list[DegreeFit]) -> tuple[list[Section], list[str]]:
    """Return the sections of the projections with most links, in the graph's order, and what is left out."""
    ranked = sorted(range(len(graph.projections)), key=lambda i: -graph.projections[i].n_links)
    shown = sorted(ranked[:MOST_SECTIONS])
    gammas = {(f.group, f.side): f for f in fits}
    hubs = compare_hubs([graph.projections[i] for i in shown])
    sections = [
        _section(
            graph.projections[i],
            gammas,
            {side: one for (k, side), one in hubs.items() if k == place},
            len(hubs),
        )
        for place, i in enumerate(shown)
    ]
    left_out = len(graph.projections) - len(shown)
    with_fewer = count(left_out, "projection with fewer links has", "projections with fewer links have")
    said = f"{with_fewer} no section of {'its' if left_out == 1 else 'their'} own; the tables hold all."
    return sections, [said] if left_out else []


def _section(
    p: Projection, fits: dict[tuple[str, str], DegreeFit], hubs: dict[str, HubShare], compared: int
) -> Section:
    """Return the section of a projection; `compared` sides of the page have hubs that were compared."""
    sides = (
        [("degree", "source")] if p.undirected else [("presynaptic", "source"), ("postsynaptic", "target")]
    )
    degrees = {label: unit_degrees(p, side) for label, side in sides}
    rows = [
        _row(label, k, fits.get((p.name, label)), hubs[side])
        for (label, side), k in zip(sides, degrees.values(), strict=True)
    ]
    table = pd.DataFrame(rows)
    figure, data, alt = _figure(p, degrees)
    title = f"Projection {p.name}"
    notes = [
        "hubs: the 5 % of the units with the highest degree, and the share of all link ends they hold, "
        f"self-loops left out; at random: mean and standard deviation over {DRAWS} draws of as many links at "
        "random places. p: the share of these draws and the network in which any of the "
        f"{count(compared, 'side')} on this page lies as far from its mean."
    ]
    if p.rows_per_unit > 1:
        notes.append(
            f"Each source unit owns {p.rows_per_unit} rows (kernel or feature-map positions); its degree "
            "adds them up."
        )
    file = "" if data is None else "sides"
    return Section(title, _verdict(p, table, compared), figure, table, data, alt, notes, table_file=file)


def _row(side: str, degrees: NDArray[np.int64], fit: DegreeFit | None, hubs: HubShare) -> dict[str, object]:
    mean = float(degrees.mean())
    return {
        "side": side,
        "units": len(degrees),
        "isolated": int((degrees == 0).sum()),
        "mean degree": mean,
        "median": float(np.median(degrees)),
        "largest": int(degrees.max()),
        "variation": float(degrees.std()) / mean if mean else None,
        "held by hubs": hubs.share,
        "at random": hubs.usual,
        "s.d. at random": hubs.spread,
        "p": hubs.p,
        "gamma": fit.written if fit else None,
    }


def _verdict(p: Projection, table: pd.DataFrame, compared: int) -> str:
    rows, columns = p.shape
    if not p.n_links:
        return f"{rows:,} x {columns:,}, without any link."
    loops = ""
    if p.n_loops:
        loops = f", {'all' if p.n_loops == p.n_links else f'{p.n_loops:,} of them'} self-loops"
    absent = f"; {percent(p.sparsity)} of the possible links are absent" if p.n_places else ""
    parts = [f"{rows:,} x {columns:,} with {count(p.n_links, 'link')}{loops}{absent}."]
    parts += _say_hubs(p, table, compared)
    if p.weights is not None and p.weights.nnz:
        w = p.weights.data
        negative = float((w < 0).mean())
        parts.append(
            f"Weights run from {w.min():.3g} to {w.max():.3g}; {percent(negative)} of them are negative."
        )
    return " ".join(parts)


def _say_hubs(p: Projection, table: pd.DataFrame, compared: int) -> list[str]:
    """Say what the hubs of the more uneven side hold against links at random places, "" without links."""
    known = [
        row
        for row in table.to_dict("records")
        if row["p"] is not None and not np.isnan(row["p"]) and row["s.d. at random"] > 0
    ]
    if not known:
        return []
    of = {row["side"]: max(1, round(HUBS * row["units"])) / row["units"] for row in known}
    row = max(known, key=lambda one: one["held by hubs"] / of[one["side"]])
    side = "" if p.undirected else f"{row['side']} "
    corrected = f", corrected for {count(compared, 'side')}" if compared > 1 else ""
    explained = "" if row["p"] < CHANCE else ", so chance may explain it"
    return [
        f"The {side}hubs, {percent(of[row['side']])} of the units, hold {percent(row['held by hubs'])} of "
        f"the link ends; with links at random places they would hold {100 * row['at random']:.1f} ± "
        f"{100 * row['s.d. at random']:.1f} % (p = {row['p']:.2g}{corrected}{explained})."
    ]


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
