"""Time and memory of a training step of one sparse layer, in units of the same step of nn.Linear.

A step is forward, backward (weights, bias and inputs) and SGD, on one thread, width x width, 800 samples,
each layer on the memory layout that it likes best. The two are timed in turn, so that a busy machine slows
both; CPU time of the process, best of the repetitions. Bytes held: parameters and structure. Bytes at peak:
what a step allocates beyond those and the input, gradients included.

    python benchmarks/sparse.py [--quick] [--out FOLDER] [--repeat 5] [--width 512 ...] [--json]

Prints a table and, for each width, the density at which both take as long; writes sparse.csv and sparse.svg
into the folder.
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from netsci.plot.curves import lines
from netsci.sparse import SparseLinear

SAMPLES = 800
DENSITIES = (0.3, 0.1, 0.05, 0.01, 0.003)
WIDTHS = (512, 1024, 2048, 4096, 8192)
QUICK = ((0.3, 0.1, 0.01), (256, 512))


class Step:
    """One training step of a layer, to be called again and again."""

    def __init__(self, layer: nn.Module, x: torch.Tensor, g: torch.Tensor) -> None:
        self.layer, self.x, self.g = layer, x.requires_grad_(), g
        self.optimizer = torch.optim.SGD(layer.parameters(), lr=1e-6)

    def __call__(self) -> None:
        self.layer(self.x).backward(self.g)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.x.grad = None

    def milliseconds(self) -> float:
        begin = time.process_time()
        self()
        return 1e3 * (time.process_time() - begin)

    def bytes_held(self) -> int:
        tensors = [*self.layer.parameters(), *self.layer.buffers()]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    def bytes_at_peak(self) -> int:
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as watched:
            self()
        events = watched.profiler.kineto_results.events()
        changes = [event.nbytes() for event in events if event.name() == "[memory]"]
        return int(np.cumsum([0, *changes]).max())


def random_links(width: int, density: float) -> sp.csr_array:
    rng = np.random.default_rng([width, round(1e6 * density)])
    cells = np.sort(rng.choice(width * width, size=round(width * width * density), replace=False))
    return sp.csr_array((np.ones(len(cells), bool), np.divmod(cells, width)), shape=(width, width))


def measure(width: int, densities: tuple[float, ...], repeat: int, backend: str) -> list[dict[str, float]]:
    """Return one record a density; the dense step is timed beside every sparse one."""
    generator = torch.Generator().manual_seed(width)
    x, g = (torch.randn(width, SAMPLES, generator=generator) for _ in range(2))
    dense = Step(nn.Linear(width, width), x.T.contiguous(), g.T.contiguous())
    dense()
    dense_peak, records = dense.bytes_at_peak(), []
    for density in densities:
        layer = SparseLinear(random_links(width, density), backend=backend, generator=generator)
        sparse = Step(layer, x.clone().T, g.T)
        sparse()
        pairs = [(sparse.milliseconds(), dense.milliseconds()) for _ in range(repeat)]
        spent, yardstick = (min(times) for times in zip(*pairs, strict=True))
        record = {
            "width": width,
            "density": density,
            "links": layer.n_links,
            "ms": spent,
            "dense_ms": yardstick,
        }
        held, peak = sparse.bytes_held(), sparse.bytes_at_peak()
        records.append(
            record
            | {"time_ratio": spent / yardstick, "bytes_held": held, "held_ratio": held / dense.bytes_held()}
            | {"bytes_at_peak": peak, "peak_ratio": peak / dense_peak}
        )
    return records


def crossover(density: np.ndarray, ratio: np.ndarray) -> float:
    """Return the density at which a ratio passes 1, on logarithmic axes; NaN where it does not."""
    order = np.argsort(density)
    x, y = np.log(density[order]), np.log(ratio[order])
    for i in range(len(x) - 1):
        if y[i] < 0 <= y[i + 1]:
            return math.exp(x[i] - y[i] * (x[i + 1] - x[i]) / (y[i + 1] - y[i]))
    return math.nan


def draw(table: pd.DataFrame, path: Path) -> None:
    ratios = {"time_ratio": "time", "held_ratio": "bytes held", "peak_ratio": "bytes at peak"}
    tidy = table.melt(["width", "density"], list(ratios), "quantity", "ratio").replace({"quantity": ratios})
    tidy = tidy.assign(layer=[f"{width} × {width}" for width in tidy["width"]])
    labels = {"ratio": "sparse / dense", "density": "density of links"}
    order = list(dict.fromkeys(tidy["layer"]))
    title = "A training step of one layer, against nn.Linear"
    figure = lines(
        tidy,
        x="density",
        y="ratio",
        hue="layer",
        order=order,
        panel="quantity",
        labels=labels,
        title=title,
        log="xy",
    )
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two small widths, seconds")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--width", type=int, nargs="*", help="only these widths")
    parser.add_argument("--backend", default="auto", help="auto, csr, torch_sparse or masked")
    parser.add_argument("--out", type=Path, help="folder for sparse.csv and sparse.svg")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    densities, widths = QUICK if options.quick else (DENSITIES, WIDTHS)
    records = []
    for width in options.width or widths:
        records += measure(width, densities, options.repeat, options.backend)
    table = pd.DataFrame(records)
    if options.json:
        print(json.dumps(records, indent=1))
    else:
        print(table.to_string(index=False, float_format=lambda value: f"{value:.4g}"))
        for width, part in table.groupby("width"):
            ratio = part["time_ratio"]
            met = crossover(part["density"].to_numpy(), ratio.to_numpy())
            where = f"as fast as dense at density {met:.2f}" if met > 0 else "no crossover at these densities"
            print(f"width {width}: {where}; {ratio.min():.3f} to {ratio.max():.3f} of the dense time")
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        table.to_csv(options.out / "sparse.csv", index=False)
        draw(table, options.out / "sparse.svg")


if __name__ == "__main__":
    main()
