"""Speed of the coalescent embedding on one, two and the default threads, in units of a matrix product.

U is the time of a 4096^3 float32 matrix product on one thread, measured beside every repetition, so that
ratios of two machines, or of a busy and an idle one, can be compared. Medians of the repetitions. The
networks have links by uneven weights of the nodes (hubs), anywhere (random) or on a circle (ring), and a
random tree below, so that they are connected. One thread means of the linear algebra as well; by default
both it and the path searches take what they find, and the bound holds for that, too.

    python benchmarks/embedding.py [--repeat 5] [--case 2000 ...] [--json]
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from threadpoolctl import threadpool_limits

from netsci.graph.geometry.embedding import coalescent_embedding
from netsci.graph.geometry.weightings import WEIGHTINGS
from netsci.graph.processors import processors
from netsci.graph.structure.shortest_paths import all_distances

TWICE_AS_MANY = 1.6  # times faster, at least, are all shortest paths on two threads
# nodes, links, network, reduction, ratio to U that one thread must stay below (None: for information)
CASES: list[tuple[int, int, str, str, float | None]] = [
    (2_000, 20_000, "hubs", "le", 0.25),
    (2_000, 20_000, "random", "le", 0.25),
    (2_000, 20_000, "hubs", "iso", 4.0),
    (2_000, 20_000, "hubs", "nciso", 4.0),
    (2_000, 20_000, "random", "nciso", 4.0),
    (2_000, 20_000, "hubs", "mce", None),
    (2_000, 20_000, "hubs", "ncmce", None),
    (20_000, 100_000, "hubs", "le", 1.2),
    (20_000, 100_000, "random", "le", 1.2),
    (20_000, 120_000, "hubs", "le", 1.2),
    (5_000, 25_000, "ring", "le", None),
]


def network(nodes: int, links: int, kind: str) -> sp.csr_array:
    """Return a connected network of about so many links."""
    rng = np.random.default_rng([nodes, links])
    if kind == "ring":  # neighbours on a circle, one link in a hundred anywhere
        near = links // nodes - 1
        first = np.repeat(np.arange(nodes), near)
        second = (first + np.tile(np.arange(1, near + 1), nodes)) % nodes
        anywhere = rng.random(len(first)) < 0.01
        second[anywhere] = rng.integers(0, nodes, anywhere.sum())
    else:
        weight = 1 / np.sqrt(np.arange(1, nodes + 1)) if kind == "hubs" else np.ones(nodes)
        first, second = rng.choice(nodes, (2, links - nodes), p=weight / weight.sum())
    later = np.arange(1, nodes)
    # a link of every node to an earlier one makes it connected
    first, second = np.concatenate([first, later]), np.concatenate([second, rng.integers(0, later)])
    apart = first != second
    half = sp.coo_array((np.ones(apart.sum(), dtype=bool), (first[apart], second[apart])), (nodes, nodes))
    return sp.csr_array((half + half.T).astype(bool))


def seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def measure(calls: list[Callable[[], object]], repeat: int) -> list[list[float]]:
    """Return the seconds of every call, one of each in turn."""
    for call in calls:
        call()  # compile
    return [list(times) for times in zip(*[[seconds(c) for c in calls] for _ in range(repeat)], strict=True)]


def ratio(times: list[float], units: list[float]) -> float:
    return statistics.median(spent / unit for spent, unit in zip(times, units, strict=True))


def embedding_record(case: tuple[int, int, str, str, float | None], repeat: int) -> dict[str, Any]:
    nodes, links, kind, reduction, bound = case
    square = torch.rand(4096, 4096, generator=torch.Generator().manual_seed(0))
    adjacency = network(nodes, links, kind)

    def alone() -> object:
        with threadpool_limits(1):
            return coalescent_embedding(adjacency, reduction=reduction, threads=1)

    unit, one, two, default = measure(
        [
            lambda: square @ square,
            alone,
            lambda: coalescent_embedding(adjacency, reduction=reduction, threads=2),
            lambda: coalescent_embedding(adjacency, reduction=reduction),
        ],
        repeat,
    )
    return {
        "nodes": nodes,
        "links": adjacency.nnz // 2,
        "network": kind,
        "reduction": reduction,
        "seconds": statistics.median(one),
        "unit_seconds": statistics.median(unit),
        "ratio": ratio(one, unit),
        "ratio_two_threads": ratio(two, unit),
        "ratio_default": ratio(default, unit),
        "bound": bound,
    }


def path_record(repeat: int) -> dict[str, Any]:
    """All shortest paths alone: how much faster two threads are than one."""
    lengths = WEIGHTINGS["ra1"](network(2_000, 20_000, "hubs"))
    one, two = measure(
        [lambda: all_distances(lengths, threads=1), lambda: all_distances(lengths, threads=2)], repeat
    )
    return {"seconds": statistics.median(one), "speed_up": ratio(one, two), "at_least": TWICE_AS_MANY}


def report_missed(records: list[dict[str, Any]], paths: dict[str, Any]) -> bool:
    missed = [
        f"{r['reduction']} on {r['nodes']} nodes ({r['network']}), {threads} {r[threads]:.2f} > {r['bound']}"
        for r in records
        for threads in ("ratio", "ratio_default")
        if r["bound"] is not None and r[threads] > r["bound"]
    ]
    if paths["speed_up"] < paths["at_least"] and processors() > 1:
        missed.append(f"two threads, {paths['speed_up']:.2f} < {paths['at_least']} times faster")
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    return bool(missed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--case", nargs="*", type=int, help="only networks of so many nodes")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    records = []
    if not options.json:
        print("nodes   links network reduction  seconds      U  1 thread  2 threads  default  below")
    for case in CASES:
        if options.case and case[0] not in options.case:
            continue
        record = embedding_record(case, options.repeat)
        records.append(record)
        if not options.json:
            print(
                "{nodes:>5} {links:>7} {network:>7} {reduction:>9} {seconds:>8.3f} {unit_seconds:>6.3f} "
                "{ratio:>9.3f} {ratio_two_threads:>10.3f} {ratio_default:>8.3f}".format(**record),
                f"{'' if record['bound'] is None else record['bound']:>6}",
                flush=True,
            )
    paths = path_record(3 * options.repeat)
    if options.json:
        print(json.dumps({"embeddings": records, "shortest_paths": paths}, indent=1))
    else:
        print(
            f"all shortest paths, 2,000 nodes: {paths['seconds']:.3f} s, "
            f"{paths['speed_up']:.2f} times faster on two threads"
        )
    sys.exit(1 if report_missed(records, paths) else 0)


if __name__ == "__main__":
    main()
