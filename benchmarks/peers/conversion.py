"""What contestants of a conversion do alike: read a problem, run batches for a while, answer over a pipe.

Runs in the peers' environment and in ours, so it imports numpy and torch only. A contestant is an object with
    run(x [batch, in]) -> [batch, classes]     the mean output of the spiking network over its steps
    count(x) -> list of whole numbers          spikes of each hidden layer over all steps, for the check only
One JSON request a line on standard input, one JSON answer a line on what was standard output.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

WARM_UP = 2


@dataclass(frozen=True)
class Problem:
    """Weights [out, in], 0 at absent links, and biases of every layer; images; thresholds; T."""

    weights: list[Tensor]
    biases: list[Tensor]
    images: Tensor  # float32 [batches, batch, in]; the first batch sets the thresholds
    steps: int

    def ann(self) -> nn.Sequential:
        """Return the ReLU network, dense."""
        parts: list[nn.Module] = []
        for place, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            linear = nn.Linear(weight.shape[1], weight.shape[0])
            with torch.no_grad():
                linear.weight.copy_(weight)
                linear.bias.copy_(bias)
            parts += [linear] if place + 1 == len(self.weights) else [linear, nn.ReLU()]
        return nn.Sequential(*parts).eval().requires_grad_(False)


def read_problem(path: str) -> Problem:
    with np.load(path) as data:
        layers = range(int(data["layers"]))
        weights = [torch.from_numpy(data[f"weight_{layer}"]) for layer in layers]
        biases = [torch.from_numpy(data[f"bias_{layer}"]) for layer in layers]
        return Problem(weights, biases, torch.from_numpy(data["images"]), int(data["steps"]))


class Contest:
    """One converted network and the batches that it sees in turn."""

    def __init__(self, module: Any, problem: Problem) -> None:
        self.module, self.problem, self.seen = module, problem, 0

    def measure(self, seconds: float, work: str = "run") -> dict[str, float]:
        """Return samples and processor seconds of whole batches over at least `seconds`."""
        run = getattr(self.module, work)
        for _ in range(WARM_UP):
            run(self.problem.images[0])
        batches, begin = 0, time.process_time()
        while True:
            run(self.problem.images[batches % len(self.problem.images)])
            batches += 1
            spent = time.process_time() - begin
            if spent >= seconds:
                return {"samples": batches * self.problem.images.shape[1], "cpu_seconds": spent}

    def check(self, path: str) -> dict[str, list[int]]:
        """Write the outputs of all batches, and return the spikes of each hidden layer."""
        found = [self.module.run(x) for x in self.problem.images]
        np.savez(path, outputs=torch.cat(found).numpy())
        counts = [self.module.count(x) for x in self.problem.images]
        return {"spikes": np.array(counts).sum(0).tolist()}


def serve(build: Callable[[Problem, str], Any], **extra: Callable[..., Any]) -> None:
    """Answer requests until standard input ends; `extra` holds further requests by name."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    torch.set_grad_enabled(False)
    contest: Any = None
    for line in sys.stdin:
        request = json.loads(line)
        do = request.pop("do")
        if do == "build":
            problem = read_problem(request["problem"])
            contest = Contest(build(problem, request["variant"]), problem)
            answer: Any = {"torch": torch.__version__, "threads": torch.get_num_threads()}
        else:
            known = {"measure": contest.measure, "check": contest.check}
            answer = known[do](**request) if do in known else extra[do](contest, **request)
        answers.write(json.dumps(answer) + "\n")
