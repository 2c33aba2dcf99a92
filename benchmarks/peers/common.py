"""What all contestants do alike: read a problem, train or infer for a while, answer over a pipe.

Runs in the peers' environment and in ours, so it imports numpy and torch only. A contestant is a module with
    forward(x [batch, in]) -> rates [batch, classes]    mean output spikes over the steps
    spikes(x) -> list of [T, batch, n]                   of every layer, for the check only
    synapses() -> list of float32 [in, out] arrays       gradients of the loss, presynaptic rows
One JSON request a line on standard input, one JSON answer a line on what was standard output; prints of the
libraries go to standard error.
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

WARM_UP = 3  # batches of each mode before a clock is looked at


@dataclass(frozen=True)
class Problem:
    """Weights [in, out] of every layer with 0 at absent links, batches of images, labels, the neuron."""

    weights: list[np.ndarray]
    images: Tensor  # float32 [batches, batch, in]
    labels: Tensor  # int64 [batches, batch]
    steps: int
    alpha: float
    threshold: float

    @property
    def masks(self) -> list[np.ndarray]:
        return [weight != 0 for weight in self.weights]


def read_problem(path: str) -> Problem:
    with np.load(path) as data:
        weights = [data[f"weight_{layer}"] for layer in range(int(data["layers"]))]
        images, labels = torch.from_numpy(data["images"]), torch.from_numpy(data["labels"])
        return Problem(
            weights, images, labels, int(data["steps"]), float(data["alpha"]), float(data["threshold"])
        )


def dense_linear(linear: nn.Linear, weight: np.ndarray) -> nn.Linear:
    """Copy weight [in, out] into linear, whose own weight is the transpose."""
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight.T)))
    return linear


class Contest:
    """One module, its optimizer and the batches that it sees in turn."""

    def __init__(self, module: Any, problem: Problem, optimizer: str) -> None:
        self.module, self.problem, self.seen = module, problem, 0
        # A small rate: the firing rates, and with them the work, stay as they were. fused is torch's fastest.
        options: dict[str, Any] = {"lr": 1e-6, "fused": True}
        parameters = [p for p in module.parameters() if p.requires_grad]
        if optimizer == "adam":
            self.optimizer: torch.optim.Optimizer = torch.optim.Adam(parameters, **options)
        else:
            self.optimizer = torch.optim.SGD(parameters, momentum=0.9, **options)
        classes = problem.weights[-1].shape[1]
        self.targets = nn.functional.one_hot(problem.labels, classes).float()

    def loss(self, batch: int) -> Tensor:
        return nn.functional.mse_loss(self.module(self.problem.images[batch]), self.targets[batch])

    def train(self) -> None:
        batch = self.seen % len(self.targets)
        self.seen += 1
        self.optimizer.zero_grad()
        self.loss(batch).backward()
        self.optimizer.step()

    def infer(self) -> None:
        batch = self.seen % len(self.targets)
        self.seen += 1
        with torch.no_grad():
            self.module(self.problem.images[batch])

    def measure(self, mode: str, seconds: float) -> dict[str, float]:
        """Return samples and processor seconds of whole batches over at least `seconds`."""
        work = {"train": self.train, "infer": self.infer}[mode]
        self.module.train(mode == "train")
        for _ in range(WARM_UP):
            work()
        batches, begin = 0, time.process_time()
        while True:
            work()
            batches += 1
            spent = time.process_time() - begin
            if spent >= seconds:
                return {"samples": batches * self.targets.shape[1], "cpu_seconds": spent}

    def check(self, path: str) -> dict[str, float]:
        """Write spikes of every layer, rates and gradients for the first batch: what must be the same."""
        self.module.train()
        self.optimizer.zero_grad()
        loss = self.loss(0)
        loss.backward()
        found = {f"gradient_{i}": gradient for i, gradient in enumerate(self.module.synapses())}
        self.optimizer.zero_grad()
        self.module.eval()
        with torch.no_grad():
            found["rates"] = self.module(self.problem.images[0]).numpy()
            layers = self.module.spikes(self.problem.images[0])
        for i, spikes in enumerate(layers):
            found[f"spikes_{i}"] = spikes.numpy().astype(bool)
        np.savez(path, **found)
        return {"loss": loss.item()}


def serve(build: Callable[[Problem, str], Any], **extra: Callable[..., Any]) -> None:
    """Answer requests until standard input ends; `extra` holds further requests by name."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    contest = None
    for line in sys.stdin:
        request = json.loads(line)
        do = request.pop("do")
        if do == "build":
            problem = read_problem(request["problem"])
            contest = Contest(build(problem, request["variant"]), problem, request["optimizer"])
            answer: Any = {"torch": torch.__version__, "threads": torch.get_num_threads()}
        elif contest is None:
            raise RuntimeError(f"request {do!r} came before 'build'")
        else:
            known = {"measure": contest.measure, "check": contest.check}
            answer = known[do](**request) if do in known else extra[do](contest, **request)
        answers.write(json.dumps(answer) + "\n")
