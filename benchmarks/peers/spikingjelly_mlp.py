"""SpikingJelly's multi-layer perceptron in multi-step mode; runs in the peers' environment.

Variants: repeat (the image T times, as its tutorials for fully connected networks do), once (the first linear
layer sees the image once and its current is repeated, as its networks with a static first convolution do),
masked (once, with every weight multiplied by its 0/1 mask: what a user does who wants sparsity).
LIFNode with decay_input=False charges v - v / tau + x, which is alpha v + x for tau = 1 / (1 - alpha).
"""

import logging

import common
import numpy as np
import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import Tensor, nn
from torch.nn.utils import parametrize

logging.getLogger("torch._library.triton").setLevel(logging.ERROR)  # Triton is for GPUs


class Mask(nn.Module):
    def __init__(self, mask: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("mask", torch.from_numpy(np.ascontiguousarray(mask.T)).float())

    def forward(self, weight: Tensor) -> Tensor:
        return weight * self.mask


class Perceptron(nn.Module):
    def __init__(self, problem: common.Problem, variant: str) -> None:
        super().__init__()
        self.once, self.steps = variant != "repeat", problem.steps
        parts: list[nn.Module] = []
        for i, weight in enumerate(problem.weights):
            linear = layer.Linear(*weight.shape, bias=False, step_mode="s" if self.once and i == 0 else "m")
            common.dense_linear(linear, weight)
            if variant == "masked":
                parametrize.register_parametrization(linear, "weight", Mask(problem.masks[i]))
            parts += [linear, self.neuron(problem)]
        self.parts = nn.ModuleList(parts)

    @staticmethod
    def neuron(problem: common.Problem) -> nn.Module:
        return neuron.LIFNode(
            tau=1.0 / (1.0 - problem.alpha),
            decay_input=False,
            v_threshold=problem.threshold,
            v_reset=0.0,
            surrogate_function=surrogate.ATan(alpha=2.0),  # 1 / (1 + (pi u)^2)
            detach_reset=False,
            step_mode="m",
        )

    def spikes(self, x: Tensor) -> list[Tensor]:
        functional.reset_net(self)
        if self.once:
            x = self.parts[0](x).unsqueeze(0).expand(self.steps, -1, -1)
        else:
            x = self.parts[0](x.unsqueeze(0).repeat(self.steps, 1, 1))
        found = [self.parts[1](x)]
        for i in range(2, len(self.parts), 2):
            found.append(self.parts[i + 1](self.parts[i](found[-1])))
        return found

    def forward(self, x: Tensor) -> Tensor:
        return self.spikes(x)[-1].mean(0)

    def synapses(self) -> list[np.ndarray]:
        linears = [part for part in self.parts if isinstance(part, nn.Linear)]
        weights = [
            part.parametrizations.weight.original if parametrize.is_parametrized(part) else part.weight
            for part in linears
        ]
        return [weight.grad.numpy().T for weight in weights]


if __name__ == "__main__":
    common.serve(Perceptron)
