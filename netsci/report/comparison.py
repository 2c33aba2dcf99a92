"""Compare two networks: what differs, by how much, and how large the effect is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci import plot
from netsci.arguments import check_instance, check_mapping, list_of, shorten
from netsci.graph import LayeredGraph, Projection, degree_ccdf, degree_exponent, node_sparsity
from netsci.graph.degree.exponent import FEW_NODES
from netsci.measure import rank_sum_test, sparsity_index
from netsci.report.chance import mean_density
from netsci.report.degrees import unit_degrees
from netsci.report.matching import Matched, match
from netsci.report.network import versions
from netsci.report.page import Section, render
from netsci.report.words import count, list_names, percent

if TYPE_CHECKING:
    from netsci.io import Loaded

COLUMNS = ["where", "measure", "a", "b", "difference", "effect", "p", "note"]
MOST_PANELS = 8
ALL = "all nodes"
SIZES = ((0.474, "large"), (0.33, "medium"), (0.147, "small"), (0.0, "negligible"))  # of |Cliff's delta|
CHANCE = 0.05  # of p, corrected for the number of effects


def compare(a: LayeredGraph, b: LayeredGraph) -> pd.DataFrame:
    """Compare two networks: return one row for each measure that both have.

    Columns: where (all nodes, or a projection of a; " / " and the name in b where they differ), measure, a,
    b, difference (b - a), effect, p, note. The effect of degrees and weight magnitudes is Cliff's delta (the
    rank-biserial correlation): the chance that a unit or link of b exceeds one of a minus the reverse, from
    -1 to 1, with the two-sided p of the Mann-Whitney U test; differences of single numbers have none (NaN).
    Projections are paired by name where the names agree, else in order where both have as many; others are
    left out, which the attribute `attrs["left_out"]` of the table lists.

    Where nodes can be matched, the overlap is the Jaccard index of the links (links in both / in either), and
    its effect how far that is from random layers of the same densities, (overlap - expected)/(1 - expected).
    Nodes are matched by their labels where both networks have labels, by their places only where neither
    has; the attribute `attrs["matched"]` and the note tell which.

    Raises
    ------
    TypeError
        If an argument is not a LayeredGraph.
    ValueError
        If one network has labels and the other has not, or no label is shared.

    Examples
    --------
    >>> a, b = (LayeredGraph.from_masks([np.eye(3)[:, :k]]) for k in (3, 2))
    >>> table = compare(a, b)
    >>> table[table.measure == "links"][["a", "b", "difference"]].to_numpy().tolist()
    [[3.0, 2.0, -1.0], [3.0, 2.0, -1.0]]
    """
    for name, graph in (("a", a), ("b", b)):
        if not isinstance(graph, LayeredGraph):
            raise TypeError(
                f"{name} must be a LayeredGraph; got {type(graph).__name__}. Load files with load()"
            )
    pairs, left_out = _pairs(a, b)
    rows = list(_whole(a, b))
    how: list[str] = []
    for p, q in pairs:
        matched = match(a, b, p, q)
        rows += _layer(p, q, matched)
        how += [matched.how] if matched else []
    table = pd.DataFrame(rows, columns=COLUMNS)
    table.attrs["left_out"] = left_out
    table.attrs["matched"] = "; ".join(dict.fromkeys(how))
    return table


def comparison_page(
    a: LayeredGraph | Loaded,
    b: LayeredGraph | Loaded,
    names: tuple[str, str] = ("A", "B"),
    *,
    table: pd.DataFrame | None = None,
    options: Mapping[str, Any] | None = None,
) -> str:
    """Return the comparison as one self-contained HTML page.

    a, b : graphs, or what `netsci.io.load` returned, whose kind and checksum the page then tells.
    names : what the page calls them. table : what `compare` found, computed here by default. options : how
    the files were read, for the provenance.
    """
    for label, one in zip("ab", (a, b), strict=True):
        held = one if isinstance(one, LayeredGraph) else getattr(one, "graph", None)
        check_instance(held, LayeredGraph, label, "a LayeredGraph, or what netsci.io.load returns")
    if len(list_of(names, str, "names", "two texts")) != 2:
        raise ValueError(f"names must be two, one for each network; got {names!r}")
    check_mapping(options, "options")
    if table is not None and not (isinstance(table, pd.DataFrame) and set(COLUMNS) <= set(table.columns)):
        raise TypeError(f"table must be what compare(a, b) returns, or None; got {shorten(table)}")
    files = {label: _source(one, name) for label, one, name in zip("AB", (a, b), names, strict=True)}
    a, b = (one if isinstance(one, LayeredGraph) else one.graph for one in (a, b))
    table = compare(a, b) if table is None else table
    sections = compare_sections(a, b, names, table)
    title = f"{names[0]} and {names[1]} compared"
    lead = f"A is {names[0]}, B is {names[1]}; differences are B - A."
    provenance = files | {"Parameters": list_parameters(options or {}), "Versions": versions()}
    return render(title, sections, lead=lead, provenance=provenance)


def compare_sections(
    a: LayeredGraph, b: LayeredGraph, names: tuple[str, str], table: pd.DataFrame
) -> list[Section]:
    """Return the sections of a page on what `compare` found."""
    pairs, left_out = _pairs(a, b)
    return [_overview(table, left_out, names), _degrees(a, b, pairs, names)]


def list_parameters(options: Mapping[str, Any]) -> dict[str, str]:
    """Return how the files were read and how measures are computed, for the provenance of a page."""
    return {
        "reading": ", ".join(f"{key} = {value}" for key, value in options.items()) or "all links",
        "effect": "Cliff's delta (rank-biserial correlation), p of the two-sided Mann-Whitney U test",
        "gamma": "discrete maximum likelihood in [1.01, 10]",
        "sparsity index": "p = 0.5, q = 1, over all places of W",
    }


def _source(one: LayeredGraph | Loaded, name: str) -> dict[str, Any]:
    if isinstance(one, LayeredGraph):
        return {"name": name, "kind": "a LayeredGraph in memory", "links": one.n_links}
    return {"name": name, "kind": one.kind, "sha256": one.sha256, "links": one.graph.n_links}


def verdict(table: pd.DataFrame) -> str:
    """Return the largest effect of a comparison in one sentence, if it is beyond chance (Bonferroni)."""
    tested = table[np.isfinite(table["effect"].to_numpy(float)) & (table["measure"] != "overlap of links")]
    head = table[(table["where"] == ALL) & (table["measure"] == "links")].iloc[0]
    words = f"A has {count(int(head['a']), 'link')}, B {count(int(head['b']), 'link')}"
    if not tested["effect"].any():
        return f"{words}; {_no_effect(table)}."
    sure = tested[tested["p"] * len(tested) < CHANCE]
    most = (sure if len(sure) else tested).loc[lambda one: one["effect"].abs().idxmax()]
    p, size = min(1.0, float(most["p"]) * len(tested)), float(most["effect"])
    number = f"Cliff's delta {size:+.2f}, p = {p:.2g}{' corrected' if len(tested) > 1 else ''}"
    what = f"{most['measure']} of {most['where']} ({number})"
    if not len(sure):
        return f"{words}; no effect on degrees or weights is beyond chance: the largest is {what}."
    how = next(name for bound, name in SIZES if abs(size) >= bound)
    denser = table.loc[table["measure"] == "density", "difference"].any()
    why = "; densities differ, and mean degrees with them" if denser and "degree" in most["measure"] else ""
    return f"{words}; the largest effect beyond chance is {how}: {what}{why}."


def _no_effect(table: pd.DataFrame) -> str:
    """Return what to say where no degrees and no weights differ."""
    rest = table[table["measure"] != "overlap of links"]
    moved = rest[(rest["difference"].fillna(0) != 0) | (rest["a"].isna() != rest["b"].isna())]
    if len(moved):
        return f"no effect on degrees or weights, but {list_names(list(moved['measure'].unique()))} differ"
    shared = table.loc[table["measure"] == "overlap of links", "b"].dropna()
    if table.attrs.get("left_out"):
        return "no difference found, but some projections have no counterpart"
    if len(shared) and float(shared.min()) < 1:
        least = percent(float(shared.min()))
        return f"degrees and weights do not differ, but the links do: they overlap by {least}"
    return "no difference found"


def _pairs(a: LayeredGraph, b: LayeredGraph) -> tuple[list[tuple[Projection, Projection]], list[str]]:
    by_name = {q.name: q for q in b.projections}
    pairs = [(p, by_name[p.name]) for p in a.projections if p.name in by_name]
    if not pairs and len(a.projections) == len(b.projections):
        pairs = list(zip(a.projections, b.projections, strict=True))
    in_a, in_b = {id(p) for p, _ in pairs}, {id(q) for _, q in pairs}
    left_out = [f"{p.name} of A" for p in a.projections if id(p) not in in_a]
    return pairs, left_out + [f"{q.name} of B" for q in b.projections if id(q) not in in_b]


def _whole(a: LayeredGraph, b: LayeredGraph) -> Iterator[dict[str, Any]]:
    yield _line(ALL, "nodes", a.n_nodes, b.n_nodes)
    yield _line(ALL, "links", a.n_links, b.n_links)
    yield _line(ALL, "density", density(a), density(b))
    inactive = [float(node_sparsity(g)["node_sparsity"].iloc[-1]) for g in (a, b)]
    yield _line(ALL, "node sparsity", *inactive)
    shares = [float(np.bincount(g.components()[1]).max()) / g.n_nodes for g in (a, b)]
    yield _line(ALL, "share of the largest component", *shares)
    yield from _sides(ALL, "degree", *(np.concatenate(list(g.degrees("all").values())) for g in (a, b)))


def _layer(p: Projection, q: Projection, matched: Matched | None) -> Iterator[dict[str, Any]]:
    where = p.name if p.name == q.name else f"{p.name} / {q.name}"
    yield _line(where, "links", p.n_links, q.n_links)
    yield _line(where, "sparsity", p.sparsity, q.sparsity)
    if p.undirected and q.undirected:
        yield from _sides(where, "degree", unit_degrees(p, "source"), unit_degrees(q, "source"))
    else:
        for side, label in (("source", "presynaptic degree"), ("target", "postsynaptic degree")):
            yield from _sides(where, label, unit_degrees(p, side), unit_degrees(q, side))
    yield from _weights(where, p, q)
    if matched is not None:
        yield _overlap(where, matched, p.undirected and q.undirected)


def _weights(where: str, p: Projection, q: Projection) -> Iterator[dict[str, Any]]:
    if p.weights is None or q.weights is None or not p.weights.nnz or not q.weights.nnz:
        return
    yield _line(where, "I(W)", sparsity_index(p.weights), sparsity_index(q.weights))
    first, second = (np.abs(w.data.astype(np.float64)) for w in (p.weights, q.weights))
    medians = float(np.median(first)), float(np.median(second))
    yield _compare_values(where, "weight magnitude (median)", first, second, *medians)


def _sides(
    where: str, label: str, first: NDArray[np.int64], second: NDArray[np.int64]
) -> Iterator[dict[str, Any]]:
    yield _compare_values(where, f"{label} (mean)", first, second, float(first.mean()), float(second.mean()))
    spread = [float(k.std() / k.mean()) if k.any() else math.nan for k in (first, second)]
    yield _line(where, f"{label} (variation)", *spread)
    fits = [degree_exponent(k) for k in (first, second)]
    gammas = [math.nan if fit.at_bound or fit.n < FEW_NODES else fit.gamma for fit in fits]
    undefined = " and ".join(name for name, gamma in zip("AB", gammas, strict=True) if math.isnan(gamma))
    note = f"undefined, at its bound or of too few nodes in {undefined}" if undefined else ""
    yield _line(where, f"{label} (gamma)", *gammas) | {"note": note}


def _compare_values(
    where: str, measure: str, first: NDArray[Any], second: NDArray[Any], a: float, b: float
) -> dict[str, Any]:
    found = rank_sum_test(second.astype(np.float64), first.astype(np.float64))
    return _line(where, measure, a, b) | {
        "effect": found.rank_biserial,
        "p": found.p_value,
        "note": found.note,
    }


def _overlap(where: str, matched: Matched, undirected: bool) -> dict[str, Any]:
    first, second, places = matched.first, matched.second, matched.places
    if undirected:  # each pair once
        first, second, places = sp.triu(first, 1, "csr"), sp.triu(second, 1, "csr"), places // 2
    n, m = int(first.nnz), int(second.nnz)
    both = int(first.multiply(second).nnz)
    either = n + m - both
    expected = n * m / places / (n + m - n * m / places) if either else math.nan
    overlap = both / either if either else math.nan
    effect = (overlap - expected) / (1 - expected) if either and expected < 1 else math.nan
    said = f"{both:,} links in both; at random {expected:.3g} of those in either would be; {matched.how}"
    line = _line(where, "overlap of links", math.nan, overlap)
    return line | {"difference": math.nan, "effect": effect, "note": said if either else "no links"}


def _line(where: str, measure: str, a: float, b: float) -> dict[str, Any]:
    same = math.isclose(a, b, rel_tol=1e-12)  # sums of the same numbers in another order
    numbers = {"a": float(a), "b": float(b), "difference": 0.0 if same else float(b) - float(a)}
    return {"where": where, "measure": measure, **numbers, "effect": math.nan, "p": math.nan, "note": ""}


def density(graph: LayeredGraph) -> float:
    """Return the share of the possible links of all projections that exist; NaN without any."""
    return math.nan if (found := mean_density(graph.projections)) is None else found


def _overview(table: pd.DataFrame, left_out: list[str], names: tuple[str, str]) -> Section:
    shown = table.rename(columns={"a": f"A: {names[0]}", "b": f"B: {names[1]}"})
    notes = [
        "effect: Cliff's delta, the chance that a value of B exceeds one of A minus the reverse; below "
        "0.15 negligible, below 0.33 small, below 0.47 medium. p: two-sided Mann-Whitney U, "
        "not corrected for the number of lines. Units are not independent draws, so p says "
        "little where layers are large: read the effect.",
        "overlap: links in both over links in either; its effect is (overlap - expected) / "
        "(1 - expected), with the overlap that is expected of random layers.",
    ]
    if table.attrs.get("matched"):
        notes.append(f"overlap: {table.attrs['matched']}.")
    if left_out:
        notes.append(f"Projections without a counterpart: {list_names(left_out, most=8)}.")
    return Section("Differences", verdict(table), table=shown, notes=notes)


def _degrees(
    a: LayeredGraph, b: LayeredGraph, pairs: list[tuple[Projection, Projection]], names: tuple[str, str]
) -> Section:
    curves = []
    for label, graph in (("A", a), ("B", b)):
        curves.append(_curve(np.concatenate(list(graph.degrees("all").values())), ALL, label))
    for p, q in pairs[: MOST_PANELS - 1]:
        for label, one in (("A", p), ("B", q)):
            curves.append(_curve(unit_degrees(one, "target"), p.name, label))
    table = pd.concat(curves, ignore_index=True)
    figure = plot.ccdf(table, hue="network", panel="group", order=["A", "B"], columns=3, backend="plotly")
    dead = [percent(float(node_sparsity(g)["node_sparsity"].iloc[-1])) for g in (a, b)]
    said = f"Inactive units: {dead[0]} in A ({names[0]}), {dead[1]} in B ({names[1]})."
    alt = (
        "Complementary cumulative distributions of the degrees of A and B on log-log axes: all nodes, then "
        "the postsynaptic side of each projection."
    )
    return Section("Degree distributions", said, figure, None, table, alt)


def _curve(degrees: NDArray[np.int64], group: str, network: str) -> pd.DataFrame:
    return degree_ccdf(degrees, None).assign(group=group, network=network)
