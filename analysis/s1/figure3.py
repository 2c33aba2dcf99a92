"""S1 Figure 3 on digits: the hyperbolic disk at random initialisation, trained by CHTs, and pruned.

The networks are those of the digits exhibits, so nothing is trained anew. Magnitude pruning of the dense
model stands in for DepGraph.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis.engine import digits_runs as nets
from analysis.engine.exhibit import Tables
from analysis.engine.printed import expected
from analysis.engine.sheet import Sheet
from analysis.engine.statistics import tidy
from netsci.graph import Embedding, ExponentFit, LayeredGraph, coalescent_embedding, degree_exponent
from netsci.graph.degree.discrete_fit import HIGHEST
from netsci.graph.geometry.alignment import align, circular_correlation
from netsci.graph.geometry.meta_depth import meta_depth
from netsci.graph.geometry.navigation import greedy_routing_score

Measures = dict[str, tuple[float, str]]  # value and unit
SHUFFLES = 7  # purpose of the generator of meta-depth's random networks, beside those of the other exhibits
PERMUTATIONS = 999
MIDDLE = nets.POPULATIONS[1]
PANELS = {
    nets.BEFORE: "(a) random initialisation",
    nets.AFTER: "(b) trained by CHTs",
    nets.PRUNED: "(c) magnitude-pruned",
}
CONTROL = "random, live units of (b)"
NETWORKS = {**PANELS, nets.RANDOM: CONTROL}
START, TRAINED, SMALLEST = PANELS.values()
PRINTED = {TRAINED: "ours", SMALLEST: "depgraph"}
GAMMA = "gamma, sparse layers"
STEEP = "gamma above 3"
HUBS, UNITS, ENRICHED = (
    f"{name}, {MIDDLE}" for name in ("share of all hubs", "share of all nodes", "enrichment")
)
FLAGS = {  # what the fit's notes begin with, in few words
    "no fit": "no fit",
    "gamma at its bound": "at its bound",
    "gamma": "outside (2, 3)",
    "tail": "tail below 50",
    "power law rejected": "rejected",
    "an alternative": "another law fits better",
}


def describe(first_seed: int) -> dict[str, Any]:
    """Return the exhibit over three seeds, but for what its literal says, from the cells of the digits."""
    kept: dict[str, Any] = {"tabulate": tabulate, "draw": draw, "sheet": sheet, "summarise": summarise}
    kept["cells"] = nets.cells_of(tuple(nets.NAMES), first_seed)
    return kept


def read_printed_gammas() -> dict[str, float]:
    """Return the printed exponents by network."""
    lines = {line.row: float(line.value) for line in expected("s1_figure3").itertuples()}
    return {name: lines[row] for name, row in PRINTED.items()}


def tabulate(records: nets.Records) -> Tables:
    """Measure the four networks of every seed; keep the first seed's disks."""
    rows, flags, nodes, links = [], [], [], []
    first = min(cell["seed"] for cell in records)
    for seed, found in nets.networks(records):
        reference = None
        for number, (key, name) in enumerate(NETWORKS.items()):
            graph = LayeredGraph.from_masks(found[key])
            embedding = coalescent_embedding(graph.adjacency(directed=False))
            reference = reference or embedding
            embedding = align(embedding, reference)
            fit = degree_exponent(nets.pool_degrees(graph))
            rng = np.random.default_rng([seed, 0, number, SHUFFLES])
            line = {"model": name, "seed": seed}
            rows += tidy(line | {"projection": "sparse layers"}, _whole(graph, embedding, fit, reference))
            for population, measures in _depth(graph, embedding, rng).items():
                rows += tidy(line | {"projection": population}, measures)
            flags.append({**line, "flags": "; ".join(fit.notes)})
            if seed == first and key in PANELS:
                shown, linked = nets.embed(graph, embedding)
                nodes.append(shown.assign(model=name))
                links.append(linked.assign(panel=name[1]))
    return {
        "table": pd.DataFrame(rows),
        "flags": pd.DataFrame(flags),
        "nodes": pd.concat(nodes, ignore_index=True),
        "links": pd.concat(links, ignore_index=True),
    }


def summarise(made: Tables) -> pd.DataFrame:
    """Return every measure with a column a seed, gamma beside the printed one."""
    keys = ["model", "projection", "measure", "unit"]
    wide = made["table"].pivot(index=keys, columns="seed", values="value")
    wide.columns = [f"seed {seed}" for seed in wide.columns]
    order = made["table"][keys].drop_duplicates()
    wide = order.merge(wide.reset_index(), on=keys)
    wide["printed"] = wide["model"].map(read_printed_gammas()).where(wide["measure"] == "gamma")
    scale = "VGG-16 classifier, CIFAR-10, 99 %"
    wide["scale of the printed"] = [None if missing else scale for missing in wide["printed"].isna()]
    return wide


def sheet(made: Tables) -> Sheet:
    """Return networks as rows and measures as columns, with the enrichment of hubs in the middle layer.

    A fit at the upper bound of γ is no estimate, but it is above 3.
    """
    of = nets.sheet_of(made)
    wide = of.values.pivot(index=["row", "seed"], columns="column", values="value")
    enriched = (wide[HUBS] / wide[UNITS]).rename("value").reset_index().assign(column=ENRICHED)
    values = pd.concat([of.values, enriched[list(of.values.columns)]], ignore_index=True)
    fits = of.values[of.values["column"] == GAMMA].set_index(["row", "seed"])["value"]
    flags = made["flags"].set_index(["model", "seed"])["flags"].fillna("")
    upper = flags.str.contains(f"gamma at its bound {HIGHEST:g}", regex=False)
    above = (upper | (fits.reindex(flags.index) > 3)).astype(float).rename_axis(["row", "seed"])
    steep = above.rename("value").reset_index().assign(column=STEEP)
    values = pd.concat([values, steep[list(values.columns)]], ignore_index=True)
    units = {**of.units, **{(name, STEEP): "yes/no" for name in NETWORKS.values()}}
    return Sheet(values, {(name, GAMMA): gamma for name, gamma in read_printed_gammas().items()}, units)


def draw(made: Tables, backend: str) -> Any:
    """Draw the three disks."""
    of_first = (made[name].query("seed == seed.min()") for name in ("table", "flags"))
    table, flags = (rows.set_index("model") for rows in of_first)
    links = {name: made["links"][made["links"]["panel"] == name[1]] for name in PANELS.values()}
    said = flags["flags"].fillna("")
    captions = {name: _caption(table.loc[name], str(said[name]), len(of)) for name, of in links.items()}
    return nets.draw_disks(made["nodes"], links, captions, backend)


def _whole(graph: LayeredGraph, embedding: Embedding, fit: ExponentFit, reference: Embedding) -> Measures:
    """Return the measures of a network as a whole."""
    _, own, other = np.intersect1d(embedding.nodes, reference.nodes, return_indices=True)
    agreement = circular_correlation(embedding.theta[own], reference.theta[other])
    score = greedy_routing_score(graph.adjacency(directed=False), embedding)
    return {
        "gamma": (nets.inside_bounds(fit.gamma), "1"),
        "xmin": (fit.xmin, "links"),
        "n_tail": (fit.n_tail, "nodes"),
        "nodes embedded": (len(embedding.nodes), "nodes"),
        "links": (graph.n_links, "links"),
        "GR-score": (score, "1"),
        "agreement of angles with (a)": (agreement, "1"),
    }


def _depth(graph: LayeredGraph, embedding: Embedding, rng: np.random.Generator) -> dict[str, Measures]:
    """Return where hubs and centre lie, layer by layer."""
    table = meta_depth(graph, embedding, permutations=PERMUTATIONS, rng=rng)
    shares = table[["hubs", "nodes"]] / table[["hubs", "nodes"]].sum()
    measured = {
        "hubs": (table["hubs"], "nodes"),
        "share of all hubs": (shares["hubs"], "share"),
        "share of all nodes": (shares["nodes"], "share"),
        "z of hubs": (table["z_hubs"], "1"),
        "p of hubs": (table["p_hubs"], "1"),
        "mean radius": (table["mean_radius"], "1"),
        "z of radius": (table["z_radius"], "1"),
        "p of radius": (table["p_radius"], "1"),
    }
    return {
        population: {name: (float(of.iloc[number]), unit) for name, (of, unit) in measured.items()}
        for number, population in enumerate(nets.POPULATIONS)
    }


def _caption(rows: pd.DataFrame, flags: str, links: int) -> str:
    """Return what stands under a disk, line by line."""
    value = rows.set_index(["projection", "measure"])["value"]
    whole, middle = value["sparse layers"], value[MIDDLE]
    short = dict.fromkeys(_short(note) for note in flags.split("; ") if _short(note))
    hubs = rows[rows["measure"] == "hubs"]["value"].sum()
    return "\n".join(
        (
            f"{nets.write_gamma(whole['gamma'])}, N = {whole['nodes embedded']:.0f}, E = {links}",
            f"γ: {', '.join(short) or 'no flags'}",
            f"{100 * middle['share of all hubs']:.0f} % of {hubs:.0f} hubs in {MIDDLE} "
            f"(p = {middle['p of hubs']:.3f})",
            f"greedy routing {whole['GR-score']:.3f}",
        )
    )


def _short(note: str) -> str:
    return next((short for start, short in FLAGS.items() if note.startswith(start)), "")
