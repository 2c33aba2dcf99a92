"""Speed of exact Cannistraci-Hebb scores, in units of one dense matrix product.

U is the time of a 4096^3 float32 matrix product on one thread, measured beside every repetition, so that
ratios of two machines, or of a busy and an idle one, can be compared. Medians of the repetitions.
With --threads N each repetition also runs on N threads, right after the run on one: gain is how many times
faster, cores the processor time per second that it got, of N at most. Far below N the machine was busy, and
the gain says little.

    python benchmarks/ch_scores.py [--repeat 5] [--case 4096x4096 ...] [--threads 2] [--json]
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
import torch

from netsci.graph.ch.scores import ch_scores

# rows, columns, density, rule, ratio to U that this case must stay below (None: for information)
CASES: list[tuple[int, int, float, str, float | None]] = [
    (4096, 4096, 0.01, "ch3_l3", 0.7),
    (3072, 4000, 0.01, "ch3_l3", 0.6),
    (1024, 1024, 0.05, "ch3_l3", 0.2),
    (784, 1568, 0.01, "ch3_l3", 0.03),
    (4096, 4096, 0.01, "ch2_l3n", 0.42),
    (4096, 4096, 0.01, "ra_l3", None),
    (3072, 4000, 0.01, "ch2_l3n", None),
    (1024, 1024, 0.05, "ch2_l3n", None),
    (784, 1568, 0.01, "ch2_l3n", None),
    (784, 1568, 0.2, "ch3_l3", 4.0),
]


def random_mask(m: int, n: int, density: float) -> sp.csr_array:
    rng = np.random.default_rng([m, n, round(1e6 * density)])
    links = np.sort(rng.choice(m * n, size=round(m * n * density), replace=False))
    return sp.csr_array((np.ones(len(links), dtype=bool), np.divmod(links, n)), shape=(m, n))


def seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def measure(
    mask: sp.csr_array, rule: str, existing: str | None, repeat: int, threads: int
) -> dict[str, float]:
    """Return medians: seconds, U, their ratio and, for several threads, gain and cores."""
    square = torch.rand(4096, 4096, generator=torch.Generator().manual_seed(0))
    ch_scores(mask[:8], rule, existing=existing)  # compile
    runs = []
    for _ in range(repeat):
        unit = seconds(lambda: square @ square)
        spent = seconds(lambda: ch_scores(mask, rule, existing=existing))
        runs.append({"seconds": spent, "unit_seconds": unit, "ratio": spent / unit})
        if threads > 1:
            begin = time.process_time()
            shared = seconds(lambda: ch_scores(mask, rule, existing=existing, threads=threads))
            runs[-1] |= {"gain": spent / shared, "cores": (time.process_time() - begin) / shared}
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--case", nargs="*", help="only these sizes, e.g. 784x1568")
    parser.add_argument("--leave-one-out", action="store_true", help="score existing links as well")
    parser.add_argument("--threads", type=int, default=1, help="also run on this many threads")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    existing = "leave_one_out" if options.leave_one_out else None
    records = []
    if not options.json:
        head = "   gain  cores" if options.threads > 1 else ""
        print("      mask density     rule  ns/path  seconds      U  ratio  below" + head)
    for m, n, density, rule, bound in CASES:
        if options.case and f"{m}x{n}" not in options.case:
            continue
        mask = random_mask(m, n, density)
        degrees = [mask.astype(np.int64).sum(axis=axis) for axis in (1, 0)]
        paths = int(degrees[0] @ (mask.astype(np.int64) @ degrees[1]))
        found = measure(mask, rule, existing, options.repeat, options.threads)
        records.append(
            {"mask": f"{m}x{n}", "density": density, "rule": rule, "paths": paths}
            | {"threads": options.threads, "bound": bound}
            | found
        )
        if not options.json:
            spent, unit = found["seconds"], found["unit_seconds"]
            print(
                f"{m:>5}x{n:<4} {density:>7} {rule:>8} {spent / paths * 1e9:>8.2f} {spent:>8.4f} "
                f"{unit:>6.3f} {found['ratio']:>6.3f} {'' if bound is None else bound:>6}"
                + "".join(f" {found[key]:>6.2f}" for key in ("gain", "cores") if key in found)
            )
    if options.json:
        print(json.dumps(records, indent=1))
    missed = [r for r in records if r["bound"] is not None and r["ratio"] > r["bound"]]
    for record in missed:
        print(
            f"missed: {record['rule']} on {record['mask']}, {record['ratio']:.2f} > {record['bound']}",
            file=sys.stderr,
        )
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
