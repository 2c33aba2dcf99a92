"""The section on degrees: exponents fitted to each side of each projection and to all nodes together."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netsci import plot
from netsci.graph import ExponentFit, LayeredGraph, Projection, degree_ccdf, degree_exponent
from netsci.graph.degree.exponent import FEW_IN_TAIL, FEW_NODES, LEAST_IN_TAIL
from netsci.graph.structure.null_models import scatter
from netsci.report.page import Section
from netsci.report.tables import Faint
from netsci.report.words import count, group_reasons, list_names

ALL = "all nodes"
MOST_PANELS = 9
SAMPLES = 200  # of the bootstrap: its p is good to .035
CONTROLS = 19  # draws of random links: a tail is called scale-free if none of them passes as one
MOST_PLACES = 10**9  # beyond, the hypergeometric draw refuses


@dataclass(frozen=True, eq=False)
class DegreeFit:
    """The degrees of one side of one projection (or of all nodes) and the power law fitted to them."""

    group: str
    side: str
    degrees: NDArray[np.int64]
    fit: ExponentFit

    @property
    def reason(self) -> str:
        """Why there is no exponent to print, "" if there is one."""
        if math.isnan(self.fit.gamma):
            return self.fit.notes[0]
        if self.fit.at_bound:
            return "the fit ran into its bound, which is no estimate"
        if self.fit.n < FEW_NODES:
            return f"{count(self.fit.n, 'node')} with links, fewer than the {FEW_NODES} that a fit needs"
        if self.fit.n_tail < LEAST_IN_TAIL:
            return f"only {count(self.fit.n_tail, 'node')} in the tail, fewer than {LEAST_IN_TAIL}"
        return ""

    @property
    def gamma(self) -> float | None:
        """The exponent, None where there is none to print."""
        return None if self.reason else self.fit.gamma

    @property
    def written(self) -> float | Faint | None:
        """The exponent as a table shows it: with its error, in grey, if the tail is short."""
        if self.reason or self.fit.n_tail >= FEW_IN_TAIL:
            return self.gamma
        return Faint(f"{self.fit.gamma:.2f} ± {self.fit.sigma:.2f}")


def fit_degrees(graph: LayeredGraph) -> list[DegreeFit]:
    """Return the fits: all nodes together, then source and target side of each projection."""
    pooled = np.concatenate(list(graph.degrees("all").values()))
    fits = [DegreeFit(ALL, "degree", pooled, _fit(pooled))]
    if len(graph.projections) == 1 and graph.projections[0].undirected:
        return fits
    for p in graph.projections:
        for side in ("source",) if p.undirected else ("source", "target"):
            degrees = unit_degrees(p, side)
            label = "degree" if p.undirected else {"source": "presynaptic", "target": "postsynaptic"}[side]
            fits.append(DegreeFit(p.name, label, degrees, _fit(degrees)))
    return fits


def _fit(degrees: NDArray[np.int64]) -> ExponentFit:
    """Return the fit. If only a bootstrap can decide whether it is a power law, run one (seed 0)."""
    fit = degree_exponent(degrees)
    if fit.scale_free is None:
        fit = degree_exponent(degrees, bootstrap=SAMPLES, rng=np.random.default_rng(0))
    return fit


def unit_degrees(projection: Projection, side: str, *, loops: bool = True) -> NDArray[np.int64]:
    """Return the links of every unit of one side, with its self-loop or not; the rows of a unit add up."""
    degrees = projection.degrees(side)
    if not loops and projection.one_population:
        degrees = degrees - projection.links.diagonal()
    if side == "source" and projection.rows_per_unit > 1:
        degrees = degrees.reshape(-1, projection.rows_per_unit).sum(axis=1)
    return degrees


def degree_section(graph: LayeredGraph, fits: list[DegreeFit]) -> tuple[Section, list[str]]:
    """Return the section and why some of its numbers are undefined."""
    table = pd.DataFrame([_row(f) for f in fits])
    undefined = group_reasons(
        (f"{'' if math.isnan(f.fit.gamma) else 'gamma of '}{f.group} ({f.side})", f.reason)
        for f in fits
        if f.reason
    )
    shown = _choose_fits(fits)
    curves = pd.concat([_curve(f) for f in shown], ignore_index=True)
    figure = plot.ccdf(
        curves,
        hue="side",
        panel="group",
        order=_sides(shown),
        columns=min(3, len(_groups(shown))),
        backend="plotly",
    )
    full = pd.concat([table, pd.DataFrame([_ratios(f) for f in fits])], axis=1)
    data = {"degree-distributions": curves, "degree-fits": full}
    notes = [
        "The exponent is the discrete maximum likelihood with xmin at the smallest Kolmogorov-Smirnov "
        "distance, bounds 1.01 to 10. Where all other tests leave it open, "
        f"{SAMPLES} bootstrap samples decide. Below {FEW_NODES} nodes with links, or {LEAST_IN_TAIL} in the "
        f"tail, no exponent is given; below {FEW_IN_TAIL} in the tail it stands in grey with its error.",
    ]
    control = _random_gamma(graph)
    if control:
        notes.append(control)
    left_out = len(_groups(fits)) - len(_groups(shown))
    if left_out:
        notes.append(
            f"Drawn are all nodes and the {MOST_PANELS - 1} largest projections; {left_out} more are in "
            "the table."
        )
    alt = (
        "Complementary cumulative degree distributions on log-log axes, one panel for "
        f"{list_names(_groups(shown))}; symbols are the data, dashes the fitted power law above xmin."
    )
    return Section("Degree distributions", _verdict(graph, fits), figure, table, data, alt, notes), undefined


def _verdict(graph: LayeredGraph, fits: list[DegreeFit]) -> str:
    pooled, parts = fits[0], fits[1:] or fits[:1]
    told = {id(f): _count_random_passes(graph, f) for f in fits if f.fit.scale_free and f.gamma is not None}
    free = [f"{f.group} ({f.side})" for f in parts if told.get(id(f)) == 0]
    flags = ", ".join(_remarks(pooled.fit, pooled.degrees))
    if math.isnan(pooled.fit.gamma):
        head = f"No exponent can be fitted to all nodes together: {flags}."
    elif told.get(id(pooled)) == 0:
        head = (
            f"All nodes together pass as scale-free: gamma = {pooled.fit.gamma:.2f} ± {pooled.fit.sigma:.2f} "
            f"above degree {pooled.fit.xmin:g} (bootstrap p = {pooled.fit.p_value:.2f}); none of {CONTROLS} "
            "draws of random links in the same projections and numbers does."
        )
    elif id(pooled) in told:
        head = (
            "All nodes together pass the tests of a power law, but so do "
            f"{told[id(pooled)]} of {CONTROLS} draws of random links in the same projections and numbers."
        )
    elif pooled.fit.n < FEW_NODES:
        head = f"No exponent is given for all nodes together: {pooled.reason}."
    elif pooled.fit.scale_free is None:
        head = "It is undecided whether all nodes together are scale-free: one of the tests has no result."
    else:
        head = f"All nodes together do not pass as scale-free: {flags or 'see the table'}."
    if len(fits) == 1:
        return head
    if free:
        passes = "passes" if len(free) == 1 else "pass"
        return (
            f"{head} By projection and side, {len(free)} of {len(parts)} {passes} where random links do not: "
            f"{list_names(free)}."
        )
    return f"{head} By projection and side, none of {len(parts)} passes beyond what random links do."


def _remarks(fit: ExponentFit, degrees: NDArray[np.int64]) -> list[str]:
    """Return the reasons against a power law, in few words; the numbers are in the table of fits."""
    if math.isnan(fit.gamma):
        if not degrees.any():
            return ["no links"]
        return ["all degrees alike" if degrees.all() else "all nodes with links have one degree"]
    if fit.n < FEW_NODES:
        return [f"only {count(fit.n, 'node')} with links; a fit needs {FEW_NODES}"]
    found = [] if 2 < fit.gamma < 3 or fit.at_bound else ["gamma outside (2, 3)"]
    found += ["gamma at its bound"] if fit.at_bound else []
    found += [f"only {count(fit.n_tail, 'node')} in the tail"] if fit.n_tail < FEW_IN_TAIL else []
    if fit.p_value is not None and fit.p_value < 0.1:
        found.append(f"power law rejected (bootstrap p = {fit.p_value:.2g})")
    if fit.favoured:
        names = [name.replace("_", " ") for name in fit.favoured]
        found.append(f"{list_names(names)} fit{'s' if len(names) == 1 else ''} better")
    return found


def _ratios(f: DegreeFit) -> dict[str, float]:
    """Return the likelihood ratios of a fit as columns: R > 0 favours the power law, p its significance."""
    both = f.fit.likelihood_ratios.items()
    return {f"{what} {name}": pair[i] for name, pair in both for i, what in enumerate(("R", "p"))}


def _row(f: DegreeFit) -> dict[str, object]:
    fit = f.fit
    defined = not math.isnan(fit.gamma)
    ruled = {True: "yes", False: "no" if defined else None, None: "undecided"}[fit.scale_free]
    return {
        "nodes of": f.group,
        "side": f.side,
        "mean degree": float(f.degrees.mean()),
        "largest": int(f.degrees.max()),
        "gamma": f.written,
        "± sigma": fit.sigma if f.gamma is not None else None,
        "xmin": fit.xmin if defined else None,
        "nodes in tail": fit.n_tail if defined else None,
        "KS": fit.ks if defined else None,
        "bootstrap p": fit.p_value,
        "scale-free": None if fit.n < FEW_NODES else ruled,
        "remarks": "; ".join(_remarks(fit, f.degrees)),
    }


def _curve(f: DegreeFit) -> pd.DataFrame:
    table = degree_ccdf(f.degrees, None if f.gamma is None else f.fit)
    if f.gamma is not None:
        error = f" ± {f.fit.sigma:.2f}" if f.fit.n_tail < FEW_IN_TAIL else ""
        note = f"γ = {f.gamma:.2f}{error}, xmin = {f.fit.xmin:g}"
    else:
        note = (
            "γ at its bound" if f.fit.at_bound else "no fit" if math.isnan(f.fit.gamma) else "too few nodes"
        )
    return table.assign(group=f.group, side=f.side, note=note)


def _choose_fits(fits: list[DegreeFit]) -> list[DegreeFit]:
    links: dict[str, int] = {}
    for f in fits[1:]:
        links[f.group] = max(links.get(f.group, 0), int(f.degrees.sum()))
    largest = sorted(links, key=lambda name: -links[name])[: MOST_PANELS - 1]
    return [f for f in fits if f.group == ALL or f.group in largest]


def _groups(fits: list[DegreeFit]) -> list[str]:
    return list(dict.fromkeys(f.group for f in fits))


def _sides(fits: list[DegreeFit]) -> list[str]:
    return list(dict.fromkeys(f.side for f in fits))


def _random_gamma(graph: LayeredGraph) -> str:
    """Say what the same fit gives on a random network of the same size and number of links."""
    if not _can_draw(graph):
        return ""
    pooled = _random_degrees_of(graph, ALL, "degree", np.random.default_rng(0))
    fit = DegreeFit(ALL, "degree", pooled, degree_exponent(pooled))
    if math.isnan(fit.fit.gamma) or (fit.gamma is None and not fit.fit.at_bound):
        return ""
    value = "gamma at its bound" if fit.gamma is None else f"gamma = {fit.gamma:.2f}"
    said = [remark for remark in _remarks(fit.fit, pooled) if remark != "gamma at its bound"]
    flags = f" ({'; '.join(said)})" if said else ""
    return (
        "For comparison, random links in the same projections and numbers (one draw, "
        f"{count(graph.n_links, 'link')}) "
        f"give {value}{flags}."
    )


def random_degrees(p: Projection, side: str, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the links of every unit of one side with as many links at random places; self-loops stay."""
    rows, columns = p.shape
    if p.undirected:
        return np.asarray(np.diff(scatter(p.links, undirected=True, rng=rng).indptr), np.int64)
    loops = p.links.diagonal().astype(np.int64) if p.one_population else 0
    units = rows // p.rows_per_unit if side == "source" else columns
    each = np.full(units, p.n_places // units)
    drawn = rng.multivariate_hypergeometric(each, p.n_links - p.n_loops, method="marginals")
    return np.asarray(drawn + loops, np.int64)


def _can_draw(graph: LayeredGraph) -> bool:
    return all(p.shape[0] * p.shape[1] < MOST_PLACES for p in graph.projections)


def _random_degrees_of(
    graph: LayeredGraph, group: str, side: str, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the degrees of a group of nodes, as `fit_degrees` names it, with links at random places."""
    if group != ALL:
        projection = next(p for p in graph.projections if p.name == group)
        return random_degrees(projection, "target" if side == "postsynaptic" else "source", rng)
    totals = {name: np.zeros(size, np.int64) for name, size in graph.sizes.items()}
    for p in graph.projections:
        totals[p.source] += random_degrees(p, "source", rng)
        if not p.undirected:
            totals[p.target] += random_degrees(p, "target", rng)
    return np.concatenate(list(totals.values()))


def _count_random_passes(graph: LayeredGraph, f: DegreeFit) -> int:
    """Return in how many draws of random links nothing speaks against a power law, at most `CONTROLS`."""
    if not _can_draw(graph):
        return CONTROLS
    rng = np.random.default_rng(0)
    drawn = [degree_exponent(_random_degrees_of(graph, f.group, f.side, rng)) for _ in range(CONTROLS)]
    return sum(fit.scale_free is not False for fit in drawn)
