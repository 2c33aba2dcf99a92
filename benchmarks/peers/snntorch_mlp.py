"""snnTorch's multi-layer perceptron; runs in the peers' environment.

Variants: repeat (its tutorials' loop: all layers in every step, the image again each time), once (the first
linear layer sees the image once, and the loop over time runs layer by layer, so that each further linear
layer is one large matrix product).
Leaky fires at v > threshold where ours fires at v >= threshold; the check counts what comes of it.
"""

import common
import numpy as np
import snntorch
import torch
from snntorch import surrogate
from torch import Tensor, nn


class Perceptron(nn.Module):
    def __init__(self, problem: common.Problem, variant: str) -> None:
        super().__init__()
        self.once, self.steps = variant == "once", problem.steps
        self.linears = nn.ModuleList(
            common.dense_linear(nn.Linear(*weight.shape, bias=False), weight) for weight in problem.weights
        )
        self.neurons = nn.ModuleList(
            snntorch.Leaky(
                beta=problem.alpha,
                threshold=problem.threshold,
                reset_mechanism="zero",
                reset_delay=False,
                spike_grad=surrogate.atan(alpha=2.0),  # 1 / (1 + (pi u)^2)
            )
            for _ in problem.weights
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack(self.fired(x)[-1]).mean(0)

    def spikes(self, x: Tensor) -> list[Tensor]:
        return [torch.stack(steps) for steps in self.fired(x)]

    def fired(self, x: Tensor) -> list[list[Tensor]]:
        return self.by_layer(x) if self.once else self.by_step(x)

    def by_layer(self, x: Tensor) -> list[list[Tensor]]:
        currents = [self.linears[0](x)] * self.steps
        found = []
        for i, neuron in enumerate(self.neurons):
            membrane, fired = torch.zeros_like(currents[0]), []
            for current in currents:
                spikes, membrane = neuron(current, membrane)
                fired.append(spikes)
            found.append(fired)
            if i + 1 < len(self.linears):
                currents = self.linears[i + 1](torch.stack(fired)).unbind(0)
        return found

    def by_step(self, x: Tensor) -> list[list[Tensor]]:
        membranes = [x.new_zeros(len(x), linear.out_features) for linear in self.linears]
        fired: list[list[Tensor]] = [[] for _ in self.linears]
        for _ in range(self.steps):
            signal = x
            for i, (linear, neuron) in enumerate(zip(self.linears, self.neurons, strict=True)):
                signal, membranes[i] = neuron(linear(signal), membranes[i])
                fired[i].append(signal)
        return fired

    def synapses(self) -> list[np.ndarray]:
        return [linear.weight.grad.numpy().T for linear in self.linears]


if __name__ == "__main__":
    common.serve(Perceptron)
