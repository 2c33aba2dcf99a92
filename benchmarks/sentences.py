"""What the report says of networks without structure, and of networks with some planted.

python benchmarks/sentences.py                   1,000 random masks and 100 of each planted kind
python benchmarks/sentences.py --random 40 --planted 10

At most 65 of 1,000 random networks may be said to have structure: 50 if one page in 20 says so, and two
standard deviations. Of each planted kind at least 95 in 100 must be. If a target is missed, it exits with 1.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, from anywhere

from netsci.graph import LayeredGraph
from netsci.report.degrees import degree_section, fit_degrees
from netsci.report.measures import measures
from netsci.report.projections import projection_sections
from netsci.report.structure import compare_structure, structure_section
from netsci.topology import erdos_renyi, uniform

MOST_RANDOM, LEAST_PLANTED = 0.065, 0.95
CLAIM = re.compile(
    r"\bstands? out\b|pass(es)? as scale-free|passes? where random links do not", re.IGNORECASE
)
DENIAL = re.compile(
    r"(no layer|none of these [\d,]+ measures?) stands out|do(es)? not (stand out|pass)", re.I
)


def claims(graph: LayeredGraph) -> list[str]:
    """Return the sentences of a report on a network that say it has structure."""
    fits = fit_degrees(graph)
    compared = compare_structure(graph)
    sections = [
        measures(graph, fits, compared)[0],
        *projection_sections(graph, fits)[0],
        degree_section(graph, fits)[0],
        structure_section(graph, compared)[0],
    ]
    said = [sentence for section in sections for sentence in section.verdict.split(". ")]
    return [sentence for sentence in said if CLAIM.search(DENIAL.sub("", sentence))]


def random_masks(rng: np.random.Generator) -> dict[str, Callable[[], list]]:
    """Return how masks of each kind without structure are drawn, a list of the layers' masks."""

    def size(least: int, most: int) -> int:
        return int(rng.integers(least, most + 1))

    def some(shape: tuple[int, int]) -> int:
        return max(4, round(rng.uniform(0.05, 0.3) * shape[0] * shape[1]))

    def draw(make: Callable, shape: tuple[int, int]) -> np.ndarray:
        return make(shape, some(shape), rng=rng)

    def regular() -> list:
        columns, factor, degree = size(6, 25), size(1, 3), size(2, 4)
        shape = (columns * factor, columns)  # every row has `degree` links, every column factor times as many
        return [uniform(shape, shape[0] * degree, rng=rng)]

    def chain() -> list:
        sizes = [size(10, 50) for _ in range(size(3, 4))]
        make = (uniform, erdos_renyi)[size(0, 1)]
        return [draw(make, shape) for shape in itertools.pairwise(sizes)]

    return {
        "uniform": lambda: [draw(uniform, (size(10, 60), size(10, 60)))],
        "Erdos-Renyi": lambda: [draw(erdos_renyi, (size(10, 60), size(10, 60)))],
        "regular": regular,
        "non-square": lambda: [draw(erdos_renyi, (size(60, 200), size(5, 12))[:: rng.choice([-1, 1])])],
        "chain": chain,
    }


def plant_blocks(rng: np.random.Generator) -> list:
    """Return a mask 60 x 40 with 240 links, ten times as likely within two blocks as outside of them."""
    odds = np.where(np.kron(np.eye(2), np.ones((30, 20))), 10.0, 1.0).ravel()
    mask = np.zeros(2400, bool)
    mask[rng.choice(2400, 240, replace=False, p=odds / odds.sum())] = True
    return [mask.reshape(60, 40)[rng.permutation(60)][:, rng.permutation(40)]]


def plant_patches(rng: np.random.Generator) -> list:
    """Return a mask 60 x 40 of 15 full patches of 4 x 4, four rows each, on four columns at random places."""
    mask = np.zeros((60, 40), bool)
    for rows in rng.permutation(60).reshape(15, 4):
        mask[np.ix_(rows, rng.choice(40, 4, replace=False))] = True
    return [mask]


PLANTED = {"two blocks": plant_blocks, "4 x 4 patches": plant_patches}


def count_claims(number: int, seed: int = 0, *, show: bool = False) -> tuple[int, dict[str, int]]:
    """Return how many of so many random networks are said to have structure, in all and by kind."""
    rng = np.random.default_rng(seed)
    kinds = random_masks(rng)
    found = dict.fromkeys(kinds, 0)
    for turn in range(number):
        name = list(kinds)[turn % len(kinds)]
        said = claims(LayeredGraph.from_masks(kinds[name]()))
        found[name] += bool(said)
        if show and said:
            print(f"{turn} {name}: {said[0]}", flush=True)
    return sum(found.values()), found


def count_told(kind: str, number: int, seed: int = 0) -> int:
    """Return how many of so many networks of a planted kind are told."""
    rng = np.random.default_rng(seed)
    return sum(bool(claims(LayeredGraph.from_masks(PLANTED[kind](rng)))) for _ in range(number))


def main() -> int:
    """Run from the command line; return 1 if a target is missed."""
    parser = argparse.ArgumentParser(description="Count sentences that claim structure.")
    parser.add_argument("--random", type=int, default=1000, help="networks without structure")
    parser.add_argument("--planted", type=int, default=100, help="networks of each planted kind")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    missed = False
    for kind in PLANTED:
        told = count_told(kind, options.planted, options.seed)
        missed |= told < LEAST_PLANTED * options.planted
        print(f"{kind}: told in {told} of {options.planted}", flush=True)
    if options.random:
        claimed, kinds = count_claims(options.random, options.seed, show=True)
        missed |= claimed > MOST_RANDOM * options.random
        print(f"random: structure claimed in {claimed} of {options.random}", kinds)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
