"""S1 Figure 3 on digits: the hyperbolic disk at random initialisation, trained by CHTs, and pruned.

The networks are those of the digits exhibits, so nothing is trained anew. Magnitude pruning of the dense
model stands in for DepGraph.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis import digits, digits_figures
from analysis import digits_networks as nets
from analysis.digits_tables import NAMES, inside_bounds
from analysis.runs import Exhibit, Tables
from netsci import plot
from netsci.graph import Embedding, ExponentFit, LayeredGraph, coalescent_embedding, degree_exponent
from netsci.graph.alignment import align, circular_correlation
from netsci.graph.meta_depth import meta_depth
from netsci.graph.navigation import greedy_routing_score

EXPECTED = Path(__file__).parent / "expected/s1_figure3.csv"
SHUFFLES = 7  # purpose of the generator of meta-depth's permutations, beside those of the other exhibits
PERMUTATIONS = 999
MIDDLE = nets.POPULATIONS[1]
PANELS = {
    nets.BEFORE: "(a) random initialisation",
    nets.AFTER: "(b) trained by CHTs",
    nets.PRUNED: "(c) magnitude-pruned",
}
CONTROL = "random, live units of (b)"
NETWORKS = {**PANELS, nets.RANDOM: CONTROL}
PRINTED = {PANELS[nets.AFTER]: "ours", PANELS[nets.PRUNED]: "depgraph"}
SIGNIFICANT = 0.05
CAPTION = (
    "Coalescent embedding (RA1, ncISO, equidistant angles) of inputs and hidden units, first seed, coloured "
    "by layer; native radii over that of the disk, 2 ln N, links as geodesics; (b) and (c) are turned to "
    "agree best with (a) on the units they share. The largest weights of the dense model, as many in each "
    "layer as CHTs has, stand in for DepGraph: (c) is no test of DepGraph. Hubs are the 5 % of the units "
    "with most links, and those tied with the last; p is the chance that shuffled layers put as many into "
    f"{MIDDLE}. A middle layer has links on both sides, so compare with (a) and with the control in the "
    "table, as many random links among the units that are live in (b). S1 shows VGG-16's last two fully "
    "connected layers on CIFAR-10, 99 % sparse, in place of these."
)
FLAGS = {  # what the fit's notes begin with, in few words
    "no fit": "no fit",
    "gamma at its bound": "at its bound",
    "gamma": "outside (2, 3)",
    "tail": "tail below 50",
    "power law rejected": "rejected",
    "an alternative": "another law fits better",
}


def exhibits(first_seed: int = 0) -> list[Exhibit]:
    """Return the exhibit over three seeds, from the cells of the digits exhibits."""
    cells = tuple(digits._cell(model, first_seed + i) for model in NAMES for i in range(3))
    return [
        Exhibit(
            "s1-figure3",
            "S1 Figure 3 on digits",
            f"{digits.setting()} {CAPTION}",
            cells,
            tabulate=tabulate,
            draw=draw,
            verdict=verdict,
            summarise=summarise,
        )
    ]


def expected() -> pd.DataFrame:
    """Return the printed exponents."""
    return pd.read_csv(EXPECTED)


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
            fit = degree_exponent(np.concatenate(list(graph.degrees().values())))
            rng = np.random.default_rng([seed, 0, number, SHUFFLES])
            line = {"model": name, "seed": seed}
            measured = [*_whole(graph, embedding, fit, reference), *_depth(graph, embedding, rng)]
            rows += [{**line, **one} for one in measured]
            flags.append({**line, "flags": "; ".join(fit.notes)})
            if seed == first and key in PANELS:
                nodes.append(_nodes(graph, embedding).assign(model=name))
                links.append(_links(graph, embedding).assign(panel=name[1]))
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
    printed = expected().set_index("row")["value"]
    wide["printed"] = [
        printed[PRINTED[model]] if measure == "gamma" and model in PRINTED else np.nan
        for model, measure in zip(wide["model"], wide["measure"], strict=True)
    ]
    scale = "VGG-16 classifier, CIFAR-10, 99 %"
    wide["scale of the printed"] = [None if missing else scale for missing in wide["printed"].isna()]
    return wide


def draw(made: Tables, backend: str) -> Any:
    """Draw the three disks."""
    nodes = made["nodes"].copy()
    nodes["label"] = nodes["population"] + " " + nodes["node"].astype(str)
    first = made["table"][made["table"]["seed"] == made["table"]["seed"].min()]
    arcs = []
    for name in PANELS.values():
        here = nodes[nodes["model"] == name].set_index("node")
        links = made["links"][made["links"]["panel"] == name[1]]
        edge = max(here["radius"].max(), 2 * np.log(len(here)))
        arcs.append(digits_figures._arcs(here, links, edge=edge).assign(model=name))
        for axis, turn in (("x", np.cos), ("y", np.sin)):
            nodes.loc[nodes["model"] == name, axis] = (here["radius"] / edge * turn(here["theta"])).to_numpy()
        flags = made["flags"][
            (made["flags"]["model"] == name) & (made["flags"]["seed"] == first["seed"].min())
        ]
        caption = _caption(first[first["model"] == name], str(flags["flags"].fillna("").iloc[0]), len(links))
        nodes.loc[nodes["model"] == name, "caption"] = caption
    return plot.disk(
        nodes,
        pd.concat(arcs, ignore_index=True),
        panel="model",
        order=list(nets.POPULATIONS),
        columns=3,
        backend=backend,
    )


def verdict(made: Tables) -> str:
    """Say whether the middle layer holds more hubs than chance and than the random masks, and gamma."""
    shares, chances, enriched, certain = {}, {}, {}, {}
    for name in NETWORKS.values():
        share = _middle(made, name, "share of all hubs")
        chance = _middle(made, name, "share of all nodes")
        shares[name], chances[name], enriched[name] = share.mean(), chance.mean(), share / chance
        certain[name] = (_middle(made, name, "permutation p of hubs") < SIGNIFICANT).sum()
    trained, start = PANELS[nets.AFTER], PANELS[nets.BEFORE]
    seeds = len(enriched[trained])
    more = {name: int((enriched[trained] > enriched[name]).sum()) for name in (start, CONTROL)}
    listed = ", ".join(
        f"{name} {100 * shares[name]:.0f} % (chance {100 * chances[name]:.0f} %, p < {SIGNIFICANT:g} in "
        f"{certain[name]} of {seeds} seeds)"
        for name in NETWORKS.values()
    )
    beyond = certain[trained] == seeds
    added = all(count == seeds for count in more.values())
    judged = (
        "The trained network's middle layer holds more hubs than chance"
        if beyond
        else "The trained network's middle layer does not hold more hubs than chance in every seed"
    )
    judged += (
        ", and more, against chance, than both random masks: training adds to it"
        if beyond and added
        else f", and against chance more than the initialisation in {more[start]} and than the random "
        f"control in {more[CONTROL]} of {seeds} seeds: a layer with links on both sides has more of them, "
        f"trained or not, and training does not add to it in {'every' if any(more.values()) else 'any'} seed"
    )
    gammas = ", ".join(f"{name} {_gammas(made, name)}" for name in NETWORKS.values())
    printed = expected().set_index("row")["value"]
    turned = made["table"][made["table"]["measure"] == "agreement of angles with (a)"]
    angles = turned.groupby("model")["value"].mean()
    return (
        f"{judged}. Share of the hubs in {MIDDLE}: {listed}. Mean γ: {gammas}; S1 prints "
        f"{printed['ours']:g} for CHT and {printed['depgraph']:g} for DepGraph, of VGG-16's classifier on "
        "CIFAR-10; (c) is not DepGraph. Circular correlation of the angles with those of (a), 1 for equal: "
        f"{angles[PANELS[nets.AFTER]]:.2f} in (b) and {angles[PANELS[nets.PRUNED]]:.2f} in (c)."
    )


def _whole(
    graph: LayeredGraph, embedding: Embedding, fit: ExponentFit, reference: Embedding
) -> list[dict[str, Any]]:
    """Return the measures of a network as a whole."""
    _, own, other = np.intersect1d(embedding.nodes, reference.nodes, return_indices=True)
    agreement = circular_correlation(embedding.theta[own], reference.theta[other])
    score = greedy_routing_score(graph.adjacency(directed=False), embedding)
    measured = {
        "gamma": (inside_bounds(fit.gamma), "1"),
        "xmin": (fit.xmin, "links"),
        "n_tail": (fit.n_tail, "nodes"),
        "nodes embedded": (len(embedding.nodes), "nodes"),
        "links": (graph.n_links, "links"),
        "GR-score": (score, "1"),
        "agreement of angles with (a)": (agreement, "1"),
    }
    return [
        {"projection": "sparse layers", "measure": name, "value": value, "unit": unit}
        for name, (value, unit) in measured.items()
    ]


def _depth(graph: LayeredGraph, embedding: Embedding, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return where hubs and centre lie, layer by layer."""
    table = meta_depth(graph, embedding, permutations=PERMUTATIONS, rng=rng)
    shown = pd.DataFrame(
        {
            "hubs": table["hubs"],
            "share of all hubs": table["hubs"] / table["hubs"].sum(),
            "share of all nodes": table["nodes"] / table["nodes"].sum(),
            "z of hubs": table["z_hubs"],
            "permutation p of hubs": table["p_hubs"],
            "mean radius": table["mean_radius"],
            "z of radius": table["z_radius"],
            "permutation p of radius": table["p_radius"],
        }
    )
    units = {"hubs": "nodes", "share of all hubs": "share", "share of all nodes": "share"}
    return [
        {"projection": population, "measure": name, "value": float(line[name]), "unit": units.get(name, "1")}
        for population, (_, line) in zip(nets.POPULATIONS, shown.iterrows(), strict=True)
        for name in shown.columns
    ]


def _nodes(graph: LayeredGraph, embedding: Embedding) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "node": embedding.nodes,
            "population": np.array(nets.POPULATIONS)[graph.node_population[embedding.nodes]],
            "degree": np.concatenate(list(graph.degrees().values()))[embedding.nodes],
            "theta": embedding.theta,
            "radius": embedding.radius,
        }
    )


def _links(graph: LayeredGraph, embedding: Embedding) -> pd.DataFrame:
    links = graph.edges().astype({"source": int, "target": int})[["source", "target"]]
    return links[links.isin(set(embedding.nodes.tolist())).all(axis=1)]


def _caption(rows: pd.DataFrame, flags: str, links: int) -> str:
    """Return what stands under a disk, line by line."""
    value = rows.set_index(["projection", "measure"])["value"]
    whole, middle = value["sparse layers"], value[MIDDLE]
    gamma = "γ at its bound" if np.isnan(whole["gamma"]) else f"γ = {whole['gamma']:.2f}"
    short = dict.fromkeys(_short(note) for note in flags.split("; ") if _short(note))
    hubs = rows[rows["measure"] == "hubs"]["value"].sum()
    return "\n".join(
        (
            f"{gamma}, N = {whole['nodes embedded']:.0f}, E = {links}",
            f"γ: {', '.join(short) or 'no flags'}",
            f"{100 * middle['share of all hubs']:.0f} % of {hubs:.0f} hubs in {MIDDLE} "
            f"(p = {middle['permutation p of hubs']:.3f})",
            f"greedy routing {whole['GR-score']:.3f}",
        )
    )


def _short(note: str) -> str:
    return next((short for start, short in FLAGS.items() if note.startswith(start)), "")


def _middle(made: Tables, name: str, measure: str) -> pd.Series[float]:
    rows = made["table"][(made["table"]["model"] == name) & (made["table"]["projection"] == MIDDLE)]
    return rows[rows["measure"] == measure].set_index("seed")["value"]


def _gammas(made: Tables, name: str) -> str:
    rows = made["table"][(made["table"]["model"] == name) & (made["table"]["measure"] == "gamma")]
    return digits_figures._gamma(rows["value"])
