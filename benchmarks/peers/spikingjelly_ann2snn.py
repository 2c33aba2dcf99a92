"""SpikingJelly's ANN-to-SNN conversion; runs in the peers' environment.

Variants: converter (what `Converter(RateCodingRecipe)` returns, run step by step on the image as its tutorial
does), tuned (its thresholds and its neurons, but the first current once, whole sequences through each layer,
and one read-out of the summed spikes), csr (no SpikingJelly: torch's CSR products, first current once, one
read-out, neurons in four operations a step). The converter's own HalfThresholdIFNode starts at half of its
threshold, as QCFS does; thresholds are the largest activation of the first batch.
"""

import logging
from typing import Any

import conversion
import torch
from spikingjelly.activation_based import ann2snn, functional, neuron
from torch import Tensor, nn

logging.getLogger("torch._library.triton").setLevel(logging.ERROR)  # Triton is for GPUs


class Converted:
    """The module that the converter returns, a step at a time."""

    def __init__(self, problem: conversion.Problem) -> None:
        recipe = ann2snn.RateCodingRecipe(
            dataloader=[problem.images[0]], mode="Max", neuron_factory=lambda _: neuron.HalfThresholdIFNode()
        )
        self.module: Any = ann2snn.Converter(recipe).convert(problem.ann()).eval()
        self.steps = problem.steps
        self.fired: list[Tensor] = []

    def run(self, x: Tensor) -> Tensor:
        functional.reset_net(self.module)
        total: Any = 0.0
        for _ in range(self.steps):
            total = total + self.module(x)
        return total / self.steps

    def count(self, x: Tensor) -> list[int]:
        neurons = [one for one in self.module.modules() if isinstance(one, neuron.BaseNode)]
        counts = [0] * len(neurons)

        def see(place: int) -> Any:
            def hook(_module: Any, _inputs: Any, spikes: Tensor) -> None:
                counts[place] += int((spikes != 0).sum())

            return hook

        hooks = [one.register_forward_hook(see(place)) for place, one in enumerate(neurons)]
        self.run(x)
        for hook in hooks:
            hook.remove()
        return counts


class Tuned:
    """The same by hand, whole sequences: layers of torch, or its CSR matrices."""

    def __init__(self, problem: conversion.Problem, csr: bool) -> None:
        self.steps, self.csr = problem.steps, csr
        self.biases = problem.biases
        self.weights = [
            weight.to_sparse_csr() if csr and bool((weight == 0).float().mean() > 0.5) else weight
            for weight in problem.weights
        ]
        self.thresholds = []
        x = problem.images[0]
        for module in problem.ann():
            x = module(x)
            if isinstance(module, nn.ReLU):
                self.thresholds.append(float(x.max()))
        self.neurons = [
            neuron.IFNode(v_threshold=theta, v_reset=None, step_mode="m") for theta in self.thresholds
        ]

    def current(self, place: int, x: Tensor) -> Tensor:
        """Return W x + b of [samples, in]."""
        weight, bias = self.weights[place], self.biases[place]
        if weight.layout == torch.sparse_csr:
            return (weight @ x.T.contiguous()).T + bias
        return nn.functional.linear(x, weight, bias)

    def fire(self, place: int, currents: Tensor) -> Tensor:
        """Return the spikes [T, batch, units], 0 and 1."""
        theta = self.thresholds[place]
        if not self.csr:
            node = self.neurons[place]
            node.reset()
            node.v = torch.full_like(currents[0], theta / 2)
            return node(currents)
        v = torch.full_like(currents[0], theta / 2)
        spikes = torch.empty_like(currents)
        for t, current in enumerate(currents):
            v = v + current
            torch.ge(v, theta, out=spikes[t])
            v.sub_(spikes[t], alpha=theta)
        return spikes

    def layers(self, x: Tensor) -> list[Tensor]:
        found: list[Tensor] = []
        current = self.current(0, x).expand(self.steps, -1, -1)
        for place, theta in enumerate(self.thresholds):
            found.append(self.fire(place, current))
            if place + 1 < len(self.thresholds):
                joined = self.current(place + 1, found[-1].flatten(0, 1) * theta)
                current = joined.unflatten(0, (self.steps, -1))
        return found

    def run(self, x: Tensor) -> Tensor:
        last = self.layers(x)[-1].mean(0) * self.thresholds[-1]
        return self.current(len(self.weights) - 1, last)

    def count(self, x: Tensor) -> list[int]:
        return [int(spikes.sum()) for spikes in self.layers(x)]


def build(problem: conversion.Problem, variant: str) -> Any:
    return Converted(problem) if variant == "converter" else Tuned(problem, csr=variant == "csr")


if __name__ == "__main__":
    conversion.serve(build)
