"""netsci's conversion by qcfs; runs in netsci's own environment.

Layers in which a link is absent are sparse ones. `classify` gives the answers after the last step, `predict`
those after each step, `trace` counts everything beside them.
"""

import resource
import time
from typing import Any

import conversion
import numpy as np
import torch
from torch import Tensor, nn

from netsci.convert import convert
from netsci.convert.last import mean_output
from netsci.sparse import SparseLinear


class Converted:
    def __init__(self, problem: conversion.Problem) -> None:
        parts: list[nn.Module] = []
        for module in problem.ann():
            mask = module.weight != 0 if isinstance(module, nn.Linear) else torch.ones(1, dtype=torch.bool)
            if isinstance(module, nn.Linear) and not bool(mask.all()):
                layer = SparseLinear(mask.T.numpy())
                layer.values.data = module.weight.T[mask.T]  # row by row, as values are ordered
                layer.bias.data = module.bias.data
                module = layer
            parts.append(module)
        ann = nn.Sequential(*parts).eval()
        self.model: Any = convert(ann, "qcfs", problem.images[0], theta="max", steps=problem.steps)

    def run(self, x: Tensor) -> Tensor:
        return mean_output(self.model.network, x, self.model.steps)

    def classify(self, x: Tensor) -> Any:
        return self.model.classify(x)

    def predict(self, x: Tensor) -> Any:
        return self.model.predict(x)

    def trace(self, x: Tensor) -> Any:
        return self.model.simulate(x)

    def count(self, x: Tensor) -> list[int]:
        trace = self.trace(x)
        return [int(row.sum()) for row, units in zip(trace.spikes, trace.units, strict=True) if units]


def sweep(contest: Any, steps: int) -> dict[str, float]:
    """Return processor seconds of T = 1 .. steps with all counts, of a dense ANN's pass, and megabytes."""
    images = contest.problem.images.flatten(0, 1)
    ann = contest.problem.ann()
    labels = np.zeros(len(images), np.int64)
    contest.module.model.simulate(images[:2], 2, labels=labels[:2])  # compiles
    ann(images[:200])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.process_time()
    contest.module.model.simulate(images, steps, labels=labels)
    simulated = time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.process_time()
    for part in images.split(200):
        ann(part)
    return {"sweep": simulated, "ann": time.process_time() - begin, "megabytes": (peak - before) / 1024}


if __name__ == "__main__":
    conversion.serve(lambda problem, variant: Converted(problem), sweep=sweep)
