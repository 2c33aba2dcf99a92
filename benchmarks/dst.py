"""Speed of dynamic sparse training, in units of one dense matrix product, measured in the same run.

U is the time of a 4096^3 float32 matrix product, G that of 2^24 random read-adds over 2^22 numbers: a gather
yardstick, since kernels are bound by the cache where U is bound by arithmetic. All on one thread and in
processor time, medians of repetitions, each beside its own U and G. A case is a function that makes its
inputs and returns what is timed. Add it to CASES, with the most that it may take in U, or None for
information.

    python benchmarks/dst.py [--repeat 3] [--case NAME ...] [--list] [--json]
"""

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from netsci.graph import LayeredGraph, Population, Projection
from netsci.graph.ch.links import sample_missing_links
from netsci.topology import EvolutionRule, erdos_renyi, evolve
from netsci.topology.regrowth import draw_missing


@dataclass(frozen=True)
class Case:
    """What to time, the goal and the aim in U, the goal in seconds, and the most memory in GB."""

    make: Callable[[], Callable[[int], Any]]
    goal: float | None = None
    aim: float | None = None
    seconds: float | None = None
    memory_gb: float | None = None


def layer(shape: tuple[int, int], density: float, rng: np.random.Generator) -> tuple[Any, Any]:
    """Return random links and float32 weights."""
    links = sp.csr_array(erdos_renyi(shape, round(shape[0] * shape[1] * density), rng=rng))
    values = rng.standard_normal(links.nnz, dtype=np.float32)
    return links, sp.csr_array((values, links.indices, links.indptr), shape=shape)


def mlp_evolution(rule: EvolutionRule) -> Callable[[int], Any]:
    """3072-3072-3072-10 at 99 %, the last layer dense: one step of its two sparse layers, all stages."""
    rng = np.random.default_rng(0)
    made = [layer((3072, 3072), 0.01, rng) for _ in range(2)] + [layer((3072, 10), 1.0, rng)]
    graph = LayeredGraph.from_masks([links for links, _ in made], weights=[weights for _, weights in made])
    free = [True, True, False]
    return lambda seed: evolve(graph, rule, zeta=0.3, evolvable=free, rng=np.random.default_rng(seed))


def rigl_choice(batch: int) -> Callable[[int], Any]:
    """RigL's links of the same network: the gradient of the two sparse layers, 30 % of their links chosen."""
    from torch import nn

    from netsci.sparse import SparseLinear, sparse_layers
    from netsci.sparse.view import views
    from netsci.sparse.watch import Watch

    rng = np.random.default_rng(0)
    parts = [m for _ in range(2) for m in (SparseLinear(layer((3072, 3072), 0.01, rng)[0]), nn.ReLU())]
    net = nn.Sequential(*parts, nn.Linear(3072, 10))
    with Watch(sparse_layers(net), ["gradient"]) as watch:
        net(torch.randn(batch, 3072, generator=torch.Generator().manual_seed(0))).square().sum().backward()
        seen = views(net, watch)
    rule = EvolutionRule("magnitude", "gradient", 1.0)
    return lambda seed: [
        draw_missing(view, round(0.3 * view.links.nnz), rule, np.random.default_rng(seed))
        for view in seen.values()
    ]


def vit_evolution() -> Callable[[int], Any]:
    """All linear layers of the blocks of ViT-B at 70 %: q, k, v, projection, fc1, fc2 of 12 blocks."""
    rng = np.random.default_rng(0)
    populations, projections = [], []
    for i, shape in enumerate([*[(768, 768)] * 4, (768, 3072), (3072, 768)] * 12):
        populations += [Population(f"{i} in", shape[0]), Population(f"{i} out", shape[1])]
        projections.append(Projection(f"{i} in", f"{i} out", *layer(shape, 0.3, rng)))
    graph = LayeredGraph(tuple(populations), tuple(projections))
    rule = EvolutionRule("magnitude", "ch2_l3n", 0.5)
    return lambda seed: evolve(graph, rule, zeta=0.1, rng=np.random.default_rng(seed))


def sampled_links(n: int) -> Callable[[int], Any]:
    """10,000 missing links of an n x n layer of 40 links a unit, by CH2-L3n."""
    links, _ = layer((n, n), 40 / n, np.random.default_rng(n))
    return lambda seed: sample_missing_links(links, 10_000, "ch2_l3n", rng=np.random.default_rng(seed))


CHTS, CHT = EvolutionRule("magnitude", "ch2_l3n", 0.5), EvolutionRule("magnitude", "ch3_l3", 1.0)
SIZES = (1024, 2048, 4096, 8192, 16384)
CASES: dict[str, Case] = {
    "evolution CHTs, MLP 99 %": Case(partial(mlp_evolution, CHTS), goal=0.5, aim=0.25),
    "evolution CHT, MLP 99 %": Case(partial(mlp_evolution, CHT), goal=0.8, aim=0.5),
    "RigL's choice, MLP 99 %, batch 32": Case(partial(rigl_choice, 32), goal=0.2, aim=0.1),
    "RigL's choice, MLP 99 %, batch 128": Case(partial(rigl_choice, 128), goal=0.2, aim=0.1),
    "evolution CHTs, ViT-B 70 %": Case(vit_evolution, goal=12.0, aim=7.0, memory_gb=2.0),
    **{
        f"10,000 links sampled, {n}": Case(partial(sampled_links, n), seconds=1.0 if n == 16384 else None)
        for n in SIZES
    },
}
PER_DOUBLING = 2.6  # the most that 10,000 links may take more, as rows and columns double


def seconds(call: Callable[[], object]) -> float:
    begin = time.process_time()
    call()
    return time.process_time() - begin


def yardsticks() -> tuple[Callable[[], object], Callable[[], object]]:
    """Return what U and what G times."""
    from numba import njit

    @njit
    def gather(values: Any, places: Any) -> float:
        total = 0.0
        for place in places:
            total += values[place]
        return total

    square = torch.rand(4096, 4096, generator=torch.Generator().manual_seed(0))
    rng = np.random.default_rng(0)
    values, places = rng.random(2**22), rng.integers(0, 2**22, 2**24)
    gather(values, places)
    return lambda: square @ square, lambda: gather(values, places)


def measure(case: Case, repeat: int, product: Callable[[], object], gather: Callable[[], object]) -> dict:
    """Return medians of seconds, U, G and the ratio to U, and the peak of the process's memory in GB."""
    run = case.make()
    run(0)  # compile
    runs = []
    for seed in range(1, repeat + 1):
        unit, gathered = seconds(product), seconds(gather)
        spent = seconds(partial(run, seed))
        runs.append({"seconds": spent, "U": unit, "G": gathered, "ratio": spent / unit})
    found = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    return found | {"peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}


def find_missed(records: dict[str, dict]) -> list[str]:
    """Return a line for each goal that was not met."""
    missed = []
    for name, found in records.items():
        case = CASES[name]
        limits = (("ratio", case.goal), ("seconds", case.seconds), ("peak_gb", case.memory_gb))
        missed += [
            f"{name}: {key} {found[key]:.2f} > {limit}"
            for key, limit in limits
            if limit is not None and found[key] > limit
        ]
    sampled = [records.get(f"10,000 links sampled, {n}") for n in SIZES]
    for n, less, more in zip(SIZES[1:], sampled[:-1], sampled[1:], strict=True):
        if less and more and more["ratio"] > PER_DOUBLING * less["ratio"]:
            times = more["ratio"] / less["ratio"]
            missed.append(f"10,000 links sampled: {times:.1f} times as long at {n} as at {n // 2}")
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--case", nargs="*", help="only cases whose name holds one of these texts")
    parser.add_argument("--list", action="store_true", help="name the cases and end")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    chosen = [n for n in CASES if not options.case or any(text in n for text in options.case)]
    if options.list:
        print(*chosen, sep="\n")
        return
    torch.set_num_threads(1)
    product, gather = yardsticks()
    records = {}
    if not options.json:
        print(f"{'':36} seconds      U      G   ratio   goal    aim  peak GB")
    for name in chosen:
        found = records[name] = measure(CASES[name], options.repeat, product, gather)
        if not options.json:
            bounds = "".join(f" {'' if b is None else b:>6}" for b in (CASES[name].goal, CASES[name].aim))
            print(
                f"{name:36} {found['seconds']:>7.4f} {found['U']:>6.3f} {found['G']:>6.3f} "
                f"{found['ratio']:>7.4f}{bounds} {found['peak_gb']:>8.2f}",
                flush=True,
            )
    if options.json:
        print(json.dumps(records, indent=1))
    missed = find_missed(records)
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
