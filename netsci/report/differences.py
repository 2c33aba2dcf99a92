"""Compare any number of networks: what differs beyond what their densities explain.

Each network is read against random links in its own numbers, so that a sparser one does not differ for being
sparse. Two numbers of every layer are compared:

    unevenness of degrees   variance over that of random links; z = (D - 1) sqrt((n - 1) / 2) of n units
    dead units              beyond those that random links would leave, in binomial standard deviations

The difference of two networks is that of their z over sqrt(2): standard normal if both were random.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from netsci.arguments import check_callable, check_iterable, check_text, list_of, shorten
from netsci.graph import LayeredGraph, Projection, live_units
from netsci.report import comparison
from netsci.report.chance import expect_live, say_share
from netsci.report.degrees import unit_degrees
from netsci.report.document import Document, Tell
from netsci.report.findings import MOST, Finding
from netsci.report.network import versions
from netsci.report.page import Section
from netsci.report.words import count, list_names, percent
from netsci.view.network import Network, read_network

FAR = 4.0  # standard deviations: of some hundred lines, random networks reach it in one of a hundred pages
TITLE, WHOLE, OVERLAPS = "What differs beyond density", "Networks", "Overlap of links"
UNEVEN, DEAD = "unevenness of degrees", "dead units"


class Comparison(Document):
    """The page of a comparison. As `table` it holds the rows, and it can be used as that table."""

    def __getitem__(self, key: Any) -> Any:
        return self.table[key]

    def __len__(self) -> int:
        return len(self.table)

    def __getattr__(self, name: str) -> Any:
        table = self.__dict__.get("table")
        if table is not None and not name.startswith("_") and hasattr(table, name):
            return getattr(table, name)
        return super().__getattr__(name)


def compare(
    a: Any,
    b: Any,
    *more: Any,
    names: Sequence[str] | None = None,
    example: Any = None,
    reading: dict[str, Any] | None = None,
    tell: Tell = None,
    **options: Any,
) -> Comparison:
    """Compare two or more networks, and rank what differs beyond density.

    Parameters
    ----------
    a, b, more : networks, each what `netsci.view.read_network` takes. names : what they are called; by
        default their files' names, else A, B, C ... example : an input of modules. options : how to read
        files, see `netsci.io.load`. reading : how files were read before, for the provenance.
    tell : called with the name of each stage of the work before it begins, such as print.

    Returns
    -------
    a page that shows itself in notebooks, with save(path) and add(title, ...). Its `table` holds, of two
    networks, what `netsci.report.comparison.compare` finds; of more, what `differ` ranks.

    Raises
    ------
    TypeError, ValueError
        If an argument holds no network, there are not as many names as networks, or nodes of two networks
        cannot be matched.
    """
    say = (lambda stage: None) if tell is None else tell
    check_callable(say, "tell", "a function of a text, such as print, or None")
    if reading is not None and not isinstance(reading, dict):
        raise TypeError(f"reading must be a dictionary of options, or None; got {shorten(reading)}")
    networks = [read_network(x, example=example, **options) for x in (a, b, *more)]
    called = _name(networks, names)
    graphs = [network.graph for network in networks]
    say("ranking what differs beyond density")
    ranked = differ(graphs, called)
    sections = [_first(ranked, called), _list_networks(graphs, called)]
    say("comparing layer by layer")
    if len(graphs) == 2:
        pair = (called[0], called[1])
        table = comparison.compare(*graphs)
        sections += comparison.compare_sections(graphs[0], graphs[1], pair, table)
    else:
        table = ranked
        sections.append(_overlap(graphs, called))
    files = {
        letter: {"name": name, "kind": one.kind, "sha256": one.sha256, "links": one.graph.n_links}
        for letter, name, one in zip(_letters(len(networks)), called, networks, strict=True)
    }
    provenance = files | {
        "Parameters": comparison.list_parameters(reading or options),
        "Versions": versions(),
    }
    letters = ", ".join(f"{letter} is {name}" for letter, name in zip(files, called, strict=True))
    lead = f"{letters}." + (" Differences are B - A." if len(graphs) == 2 else "")
    title = f"{list_names(called)} compared"
    return Comparison(title, sections, lead=lead, provenance=provenance, table=table)


def differ(graphs: Sequence[LayeredGraph], names: Sequence[str]) -> pd.DataFrame:
    """Return what differs between networks beyond density, the largest difference first.

    Columns: where (layer and side, or population), measure, one for each network (its value against that of
    random links: a ratio of variances, or a share of units beyond theirs), difference (in standard deviations
    of two random networks: of the highest and the lowest), highest, lowest (names). Layers and populations
    are matched by name where all networks have it, else by position where all have as many.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> even = LayeredGraph.from_masks([rng.random((60, 50)) < 0.1])
    >>> uneven = LayeredGraph.from_masks([rng.random((60, 50)) < np.linspace(0, 0.4, 50)])
    >>> differ([even, uneven], ["even", "uneven"])[["where", "measure", "highest"]].values.tolist()[0]
    ['layer0 -> layer1 (postsynaptic)', 'unevenness of degrees', 'uneven']
    """
    graphs = list_of(graphs, LayeredGraph, "graphs", "a list of LayeredGraph")
    names = list_of(names, str, "names", "a list of texts, one for each network")
    if not graphs or len(names) != len(graphs):
        raise ValueError(f"graphs and names must be as many, at least one; got {len(graphs)}, {len(names)}")
    rows = []
    for where, parts in _match([graph.projections for graph in graphs]):
        sides = ("source",) if all(p.undirected for p in parts) else ("source", "target")
        for side in sides:
            label = {"source": "presynaptic", "target": "postsynaptic"}[side] if len(sides) > 1 else "degree"
            measured = [_unevenness(p, side) for p in parts]
            rows.append(_row(f"{where} ({label})", UNEVEN, measured, names))
    dead = [_dead(graph) for graph in graphs]
    for where, populations in _match([graph.populations for graph in graphs]):
        measured = [found[one.name] for found, one in zip(dead, populations, strict=True)]
        rows.append(_row(where, DEAD, measured, names))
    columns = ["where", "measure", *names, "difference", "highest", "lowest"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values("difference", ascending=False, kind="stable", ignore_index=True)


def _row(
    where: str, measure: str, measured: Sequence[tuple[float, float]], names: Sequence[str]
) -> dict[str, Any]:
    z = np.array([one[1] for one in measured])
    row: dict[str, Any] = {"where": where, "measure": measure}
    row |= {name: one[0] for name, one in zip(names, measured, strict=True)}
    if np.isnan(z).any():
        return row | {"difference": math.nan, "highest": "", "lowest": ""}
    high, low = int(z.argmax()), int(z.argmin())
    apart = float(z[high] - z[low]) / math.sqrt(2)
    return row | {"difference": apart, "highest": names[high], "lowest": names[low]}


def _unevenness(p: Projection, side: str) -> tuple[float, float]:
    """Return the variance of degrees over that of random links, and how far from 1 that is."""
    degrees = unit_degrees(p, side, loops=False)
    n = len(degrees)
    places = p.rows_per_unit * p.shape[1] if side == "source" else p.shape[0]
    places -= 1 if p.one_population else 0
    share = float(degrees.mean()) / max(1, places)
    usual = places * share * (1 - share)
    if n < 2 or usual <= 0:
        return math.nan, math.nan
    ratio = float(degrees.var(ddof=1)) / usual
    return ratio, (ratio - 1) * math.sqrt((n - 1) / 2)


def _dead(graph: LayeredGraph) -> dict[str, tuple[float, float]]:
    """Return, for each population, the share of dead units beyond that of random links, and how far it is."""
    expected, found = expect_live(graph), {}
    for name, flags in live_units(graph).items():
        n, share = len(flags), float((~flags).mean())
        q = min(1.0, max(0.0, 1.0 - expected[name]))
        spread = math.sqrt(max(q * (1 - q), 1.0 / n) / n)  # one unit at least: none can be expected exactly
        found[name] = (share - q, (share - q) / spread)
    return found


def _match(groups: Sequence[Sequence[Any]]) -> Iterable[tuple[str, list[Any]]]:
    """Yield the parts of all networks that have one name; all by position where no name is shared."""
    by_name = [{one.name: one for one in group} for group in groups]
    shared = [one.name for one in groups[0] if all(one.name in known for known in by_name)]
    for name in shared:
        yield name, [known[name] for known in by_name]
    if not shared and len({len(group) for group in groups}) == 1:
        for parts in zip(*groups, strict=True):
            yield " / ".join(dict.fromkeys(one.name for one in parts)), list(parts)


def _first(ranked: pd.DataFrame, names: Sequence[str]) -> Section:
    far = ranked[ranked["difference"] >= FAR].head(MOST)
    found = [_say(row) for row in far.to_dict("records")]
    tested = int(ranked["difference"].notna().sum())
    largest = float(ranked["difference"].max()) if tested else math.nan
    nothing = "No layer of the networks can be compared: they share no names and differ in number."
    if tested:
        nothing = (
            f"Nothing differs beyond density: the largest of {count(tested, 'difference')} is {largest:.1f} "
            f"standard deviations of random networks of these densities; {FAR:g} would stand out."
        )
    notes = [
        "Each network is read against random links in its own numbers, so a sparser one does not differ for "
        "being sparse. Unevenness of degrees: their variance over that of random links. Dead units: the "
        "share beyond that of random links. difference: of the highest and the lowest, in standard "
        "deviations of two random networks.",
    ]
    shown = ranked.round(dict.fromkeys(names, 4) | {"difference": 2})
    return Section(
        TITLE, found[0].sentence if found else nothing, table=shown, data=ranked, notes=notes, findings=found
    )


def _say(row: dict[str, Any]) -> Finding:
    high, low = row["highest"], row["lowest"]
    baseline = f"{row['difference']:.1f} standard deviations of random networks of their densities apart"
    if row["measure"] == UNEVEN:
        what = (
            f"The degrees of {row['where']} vary {row[high]:.2g} times as much as those of random links in "
            f"{high}, {row[low]:.2g} times in {low}"
        )
    else:
        what = f"{row['where']} has {_beyond(row[high])} in {high} and {_beyond(row[low])} in {low}"
    sentence = f"{what}; {baseline}."
    return Finding(
        "difference", sentence, row["difference"], baseline, TITLE, 50 + min(50.0, row["difference"])
    )


def _beyond(share: float) -> str:
    return f"{say_share(share)} dead units beyond chance" if share >= 0.0005 else "none beyond chance"


def _list_networks(graphs: Sequence[LayeredGraph], names: Sequence[str]) -> Section:
    rows = [
        {
            "network": name,
            "populations": len(graph.populations),
            "projections": len(graph.projections),
            "nodes": graph.n_nodes,
            "links": graph.n_links,
            "density": comparison.density(graph),
            "dead units": sum(int((~flags).sum()) for flags in live_units(graph).values()),
        }
        for name, graph in zip(names, graphs, strict=True)
    ]
    table = pd.DataFrame(rows)
    density = table["density"]
    low, high = (names[int(at)] for at in (density.argmin(), density.argmax()))
    least, most = percent(float(density.min())), percent(float(density.max()))
    return Section(WHOLE, f"Densities run from {least} ({low}) to {most} ({high}).", table=table)


def _overlap(graphs: Sequence[LayeredGraph], names: Sequence[str]) -> Section:
    """Return how far the links of all networks overlap with those of the first."""
    frames = []
    for graph, name in zip(graphs[1:], names[1:], strict=True):
        rows = comparison.compare(graphs[0], graph)
        rows = rows[rows["measure"] == "overlap of links"]
        frames.append(rows.assign(network=name)[["network", "where", "b", "effect", "note"]])
    table = pd.concat(frames, ignore_index=True).rename(columns={"b": "overlap"})
    if not len(table):
        return Section(OVERLAPS, "No two layers hold the same nodes, so no links can be compared.")
    most = table.loc[table["effect"].fillna(-1).idxmax()]
    said = (
        f"With {names[0]} the links of {most['network']} in {most['where']} overlap most: "
        f"{say_share(float(most['overlap']))} of those in either, an effect of {float(most['effect']):+.2f} "
        "beyond random layers of these densities."
    )
    return Section(OVERLAPS, said, table=table)


def _name(networks: Sequence[Network], names: Sequence[str] | None) -> list[str]:
    """Return the names of the networks, each its own."""
    if names is not None:
        check_iterable(names, "names", "a list of texts, one for each network")
        names = list(names)
        for name in names:
            check_text(name, "each of names")
    if names is not None and len(names) != len(networks):
        raise ValueError(f"names must hold {len(networks)}, one for each network; got {len(names)}")
    letters = _letters(len(networks))
    found = list(names) if names else [one.name for one in networks]
    found = [letter if name == "network" else name for letter, name in zip(letters, found, strict=True)]
    taken = ("where", "measure", "difference", "highest", "lowest")
    twice = {name for name in found if found.count(name) > 1 or name in taken}
    return [
        f"{name} ({letter})" if name in twice else name for letter, name in zip(letters, found, strict=True)
    ]


def _letters(number: int) -> list[str]:
    return [chr(ord("A") + i) if number <= 26 else str(i + 1) for i in range(number)]
