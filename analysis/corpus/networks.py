"""Measuring real networks: their structure, greedy routing through them, and their missing links.

A stratified sample of the 550-network corpus, read from the archive in the folder that NETSCI_DATA names.
Sample and hidden links come from generators keyed by the seed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from analysis.corpus.tables import RULES, STRUCTURE
from netsci.graph.ch.unipartite import ch_scores_unipartite
from netsci.graph.degree.exponent import degree_exponent
from netsci.graph.geometry.embedding import coalescent_embedding
from netsci.graph.geometry.navigation import geometrical_congruence, greedy_routing_score
from netsci.graph.structure.classical import clustering
from netsci.graph.structure.path_measures import path_length
from netsci.sweep import Record

NEEDS = "NETSCI_DATA"
ARCHIVE = "networks/corpus550.zip"
CHECKSUM = "0f8230f6e9ee26fc4c1141e9527cfa525c0e4e0f66eb956234a38155202b861a"
DOMAINS = ("Biological", "Economic", "Informational", "Social", "Technological", "Transportation")
SAMPLE, HIDING = range(2)
TIED = 1e-9  # relative; scores that differ less differ by rounding


@dataclass(frozen=True, eq=False)
class Network:
    """One network of the corpus: its number in the index, name, and symmetric bool adjacency."""

    number: int
    name: str
    adjacency: sp.csr_array

    @property
    def series(self) -> str:
        """The name up to its first digit: snapshots and replicates of one network share it."""
        return series(self.name)


def measure(
    *,
    domain: str,
    chunk: int,
    chunks: int,
    per_domain: int,
    per_series: int,
    largest: int,
    hidden: float,
    repetitions: int,
    seed: int,
) -> Record:
    """Measure every `chunks`-th network of a domain's sample, from the chunk-th on; rows are networks."""
    with zipfile.ZipFile(io.BytesIO(archive())) as stored:
        chosen = sample(
            stored, domain, per_domain=per_domain, per_series=per_series, largest=largest, seed=seed
        )
        networks = [read(stored, number) for number in chosen[chunk::chunks]]
    structures = [structure(network.adjacency) for network in networks]
    precisions = [
        [
            precision(network.adjacency, hidden, rng=draw_generator(seed, network.number, i))
            for i in range(repetitions)
        ]
        for network in networks
    ]
    return Record(
        {
            "number": np.array([network.number for network in networks], np.int64),
            "structure": np.array([values for values, _ in structures]).reshape(-1, len(STRUCTURE)),
            "precision": np.array(precisions).reshape(-1, repetitions, len(RULES)),
        },
        {
            "name": [network.name for network in networks],
            "series": [network.series for network in networks],
            "flags": [flags for _, flags in structures],
        },
    )


def draw_generator(seed: int, number: int, repetition: int) -> np.random.Generator:
    """Return the generator that hides one network's links once."""
    return np.random.default_rng([seed, number, repetition, HIDING])


def archive() -> bytes:
    """Return the corpus, checked, from the folder that NETSCI_DATA names."""
    folder = os.environ.get(NEEDS)
    if not folder:
        raise RuntimeError(f"{NEEDS} is not set: let it name the folder that holds {ARCHIVE}")
    path = Path(folder) / ARCHIVE
    if not path.is_file():
        raise FileNotFoundError(f"{NEEDS}={folder} holds no {ARCHIVE}: let it name the folder with the data")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != CHECKSUM:
        raise RuntimeError(
            f"{path} is another archive (SHA-256 {found}) than the one these exhibits are of ({CHECKSUM})"
        )
    return content


def sample(
    stored: zipfile.ZipFile, domain: str, *, per_domain: int, per_series: int, largest: int, seed: int
) -> list[int]:
    """Return numbers of networks of one domain in random order, few of a series, no file twice."""
    known = list(json.loads(stored.read("index.json"))["networks"].items())
    rng = np.random.default_rng([seed, DOMAINS.index(domain), SAMPLE])
    taken: list[int] = []
    drawn: Counter[str] = Counter()
    contents = set()
    for number in rng.permutation(len(known)).tolist():
        name, entry = known[number]
        if entry["domain"] != domain or entry["n"] > largest or len(taken) == per_domain:
            continue
        content = (stored.getinfo(entry["file"]).CRC, entry["n"], entry["m"])
        if content in contents or drawn[series(bare(name))] == per_series:
            continue
        contents.add(content)
        drawn[series(bare(name))] += 1
        taken.append(number)
    return taken


def read(stored: zipfile.ZipFile, number: int) -> Network:
    """Read a network by its place in the index."""
    known = list(json.loads(stored.read("index.json"))["networks"].items())
    name, entry = known[number]
    rows = stored.read(entry["file"]).decode().splitlines()[1:]
    ends = np.array([row.split("\t") for row in rows], np.int64).reshape(-1, 2)
    if len(ends) != entry["m"]:
        raise ValueError(f"{entry['file']} holds {len(ends)} links; the index says {entry['m']}")
    return Network(number, bare(name), _symmetric(ends, entry["n"]))


def bare(name: str) -> str:
    """Return a name of the index without the number it begins with."""
    return name.split("_", 1)[-1]


def series(name: str) -> str:
    """Return the name up to its first digit; one that begins with a digit is a code, a series of its own."""
    stem = name[: next((i for i, letter in enumerate(name) if letter.isdigit()), len(name))]
    return stem if len(stem) > 3 else name


def structure(adjacency: sp.csr_array) -> tuple[list[float], str]:
    """Return the values that STRUCTURE names, and what a reader of gamma and the angles should know."""
    from scipy.sparse.csgraph import connected_components

    count, degrees = adjacency.shape[0], np.diff(adjacency.indptr)
    fit = degree_exponent(degrees)
    double = sp.kron(adjacency, np.array([[0, 1], [1, 0]]), format="csr")
    covered, parts = (connected_components(one, False, return_labels=False) for one in (double, adjacency))
    found = {
        "nodes": count,
        "links": adjacency.nnz // 2,
        "bipartite": covered == 2 * parts,  # then its double cover falls apart
        "gamma": fit.gamma,
        "xmin": fit.xmin,
        "n_tail": fit.n_tail,
        "at_bound": fit.at_bound,
        "clustering": clustering(adjacency),
        "path_length": path_length(adjacency),
    }
    scores, notes = _geometry(adjacency)
    found |= scores
    return [float(found[name]) for name in STRUCTURE], "; ".join((*fit.notes, *notes))


def _geometry(adjacency: sp.csr_array) -> tuple[dict[str, float], tuple[str, ...]]:
    """Return greedy routing and congruence of the embedding, NaN where there is none."""
    degrees = np.diff(adjacency.indptr)
    if degrees.min() == degrees.max():
        return {"gr_score": np.nan, "congruence": np.nan}, ("not embedded: all degrees are equal",)
    embedding = coalescent_embedding(adjacency)
    scores = {
        "gr_score": greedy_routing_score(adjacency, embedding),
        "congruence": geometrical_congruence(adjacency, embedding).gc_geodesic,
    }
    return scores, embedding.notes


def precision(adjacency: sp.csr_array, hidden: float, *, rng: np.random.Generator) -> list[float]:
    """Hide a share of the links at random and return the precision of every rule at as many pairs."""
    count = adjacency.shape[0]
    links = np.argwhere(sp.triu(adjacency).toarray())
    away = rng.choice(len(links), max(1, round(hidden * len(links))), replace=False)
    rest = _symmetric(np.delete(links, away, axis=0), count)
    pairs, _ = ch_scores_unipartite(rest, "ra_l2")
    hits = np.isin(pairs @ [count, 1], links[away] @ [count, 1])
    found = []
    for name, community in RULES.values():
        scores = np.zeros(len(pairs))
        if name != "random":
            _, scores = ch_scores_unipartite(rest, name, local_community=community)
        found.append(precision_at(scores, hits, len(away)))
    return found


def precision_at(scores: NDArray[np.float64], hits: NDArray[np.bool_], size: int) -> float:
    """Return the share of hits among the `size` best, those tied at the cut counted by expectation."""
    cut = np.partition(scores, len(scores) - size)[len(scores) - size]
    above, tied = scores > cut + TIED * abs(cut), np.abs(scores - cut) <= TIED * abs(cut)
    left = size - above.sum()
    return float((hits[above].sum() + hits[tied].sum() * left / tied.sum()) / size)


def _symmetric(ends: NDArray[np.int64], count: int) -> sp.csr_array:
    links = sp.csr_array((np.ones(len(ends), bool), (ends[:, 0], ends[:, 1])), shape=(count, count))
    return sp.csr_array(links + links.T)
