"""Speed of a training step against masks on dense weights and nn.Linear, and of exact CH3-L3 by the path.

A step is forward, cross-entropy, backward and SGD with momentum (torch's fused form, the same for all) of
3072-3072-3072-10 with ReLUs and biases. "masks" is how other libraries make weights sparse, in a line:
linear(x, weight * mask). Paths are those of length three, at 40 links a unit on n x n layers; a whole call of
`ch_scores` is timed. One thread, processor time, medians; ratios are taken within a round.

    python benchmarks/dst_step.py [--repeat 5] [--batch 32 128] [--sparsity 0.99 0.95 0.9] [--units 1024 ...]
        [--json]

Exits with status 1 if a goal is missed.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import nn
from torch.nn import functional

from netsci.graph import ch_scores
from netsci.models import mlp
from netsci.topology import erdos_renyi

WIDTHS = [3072, 3072, 3072, 10]
GOALS = {  # times as fast as masks, goal and aim
    (32, 0.99): (80, 120), (32, 0.95): (25, 40), (32, 0.9): (12, 20),
    (128, 0.99): (60, 100), (128, 0.95): (20, 30), (128, 0.9): (10, 15),
}  # fmt: skip
LINKS = 40  # a unit
MOST_APART = 1.5  # ns a path of a layer, in units of the least


class Masked(nn.Linear):
    """A dense layer whose weights are multiplied by a mask."""

    def __init__(self, links: sp.csr_array) -> None:
        super().__init__(*links.shape)
        self.register_buffer("mask", torch.from_numpy(np.ascontiguousarray(links.toarray().T, np.float32)))

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return functional.linear(input, self.weight * self.mask, self.bias)


def networks(sparsity: float) -> dict[str, nn.Module]:
    """Return the sparse network, the one with masks and the dense one, on the same links."""
    rng = np.random.default_rng(0)
    shapes = list(pairwise(WIDTHS[:-1]))
    links = [sp.csr_array(erdos_renyi(s, round(s[0] * s[1] * (1 - sparsity)), rng=rng)) for s in shapes]

    def chain(layers: list[nn.Module]) -> nn.Module:
        between = [part for layer in layers for part in (layer, nn.ReLU())]
        return nn.Sequential(*between, nn.Linear(*WIDTHS[-2:]))

    return {
        "sparse": mlp(WIDTHS, [*links, None], bias=True, spiking=False),
        "masks": chain([Masked(part) for part in links]),
        "dense": chain([nn.Linear(*shape) for shape in shapes]),
    }


def step_of(net: nn.Module, x: torch.Tensor, y: torch.Tensor) -> Callable[[], None]:
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9, fused=True)

    def step() -> None:
        optimizer.zero_grad()
        functional.cross_entropy(net(x), y).backward()
        optimizer.step()

    return step


def seconds(call: Callable[[], Any], times: int = 1) -> float:
    begin = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - begin) / times


def measure_step(batch: int, sparsity: float, repeat: int) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(batch, WIDTHS[0], generator=generator)
    y = torch.randint(0, WIDTHS[-1], (batch,), generator=generator)
    steps = {name: step_of(net, x, y) for name, net in networks(sparsity).items()}
    for step in steps.values():  # compile, and give every optimizer its moments
        seconds(step, 2)
    times = max(1, round(0.05 / seconds(steps["sparse"], 3)))
    rounds = [
        {name: seconds(step, times if name == "sparse" else 1) for name, step in steps.items()}
        for _ in range(repeat)
    ]
    ratio = {name: statistics.median(r[name] / r["sparse"] for r in rounds) for name in ("masks", "dense")}
    spent = statistics.median(r["sparse"] for r in rounds)
    products = batch * sum(a * b for a, b in pairwise(WIDTHS[:-1])) * (1 - sparsity)
    goal, aim = GOALS.get((batch, sparsity), (None, None))
    return {
        "work": f"step, batch {batch}, {sparsity:.0%} sparse", "ms": 1e3 * spent, "x_masks": ratio["masks"],
        "x_dense": ratio["dense"], "ns": 1e9 * spent / products, "goal": goal, "aim": aim,
    }  # fmt: skip


def measure_paths(units: int, repeat: int) -> dict[str, Any]:
    links = sp.csr_array(erdos_renyi((units, units), units * LINKS, rng=np.random.default_rng(units)))
    counts = links.astype(np.int64)
    paths = int(counts.sum(axis=1) @ (counts @ counts.sum(axis=0)))
    ch_scores(links)  # compile, and let the system find memory of this size
    spent = statistics.median(seconds(lambda: ch_scores(links)) for _ in range(repeat))
    return {"work": f"ch3_l3, {units} x {units}", "ms": 1e3 * spent, "ns": 1e9 * spent / paths}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--batch", type=int, nargs="*", default=[32, 128])
    parser.add_argument("--sparsity", type=float, nargs="*", default=[0.99, 0.95, 0.9])
    parser.add_argument("--units", type=int, nargs="*", default=[1024, 2048, 4096, 8192])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    steps = [measure_step(b, s, options.repeat) for b in options.batch for s in options.sparsity]
    paths = [measure_paths(units, options.repeat) for units in options.units]
    if options.json:
        print(json.dumps(steps + paths, indent=1))
    else:
        print(f"{'':28}      ms  x masks  x dense  goal   aim   ns a link and sample, or a path")
        for r in steps + paths:
            ratios = "".join(f"{r[key]:>9.1f}" if key in r else f"{'':9}" for key in ("x_masks", "x_dense"))
            goals = "".join(f"{r.get(key) or '':>6}" for key in ("goal", "aim"))
            print(f"{r['work']:28} {r['ms']:>7.2f}{ratios}{goals}   {r['ns']:.3f}")
    missed = [r["work"] for r in steps if r["goal"] and r["x_masks"] < r["goal"]]
    missed += [r["work"] for r in paths if r["ns"] > MOST_APART * min(one["ns"] for one in paths)]
    for work in missed:
        print(f"missed: {work}", file=sys.stderr)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
