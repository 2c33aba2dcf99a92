"""netsci's multi-layer perceptron; runs in netsci's own environment.

Variants: dense, sparse (weights at links only; the output layer, linked fully, stays dense). The first layer
sees the image once in both.
"""

import time
from typing import Any

import common
import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from netsci.models import mlp
from netsci.sparse import SparseLinear, layered_graph, rewire, sparse_layers
from netsci.spiking import LIF
from netsci.topology import EvolutionRule, evolve


class Perceptron(nn.Module):
    def __init__(self, problem: common.Problem, variant: str) -> None:
        super().__init__()
        widths = [len(problem.weights[0]), *(weight.shape[1] for weight in problem.weights)]
        links = [None if variant == "dense" or mask.all() else sp.csr_array(mask) for mask in problem.masks]
        neuron = LIF(problem.alpha, problem.threshold, "atan", detach_reset=False)
        self.model: Any = mlp(widths, links, neuron=neuron, steps=problem.steps, bias=False)
        layers: Any = self.model.layers
        for layer, weight, mask in zip(layers, problem.weights, problem.masks, strict=True):
            if isinstance(layer, SparseLinear):
                layer.values.data.copy_(torch.from_numpy(weight[mask]))  # row by row, as values are ordered
            else:
                common.dense_linear(layer, weight)

    def forward(self, x: Tensor) -> Tensor:
        rates: Tensor = self.model(x)
        return rates

    def spikes(self, x: Tensor) -> list[Tensor]:
        found: list[Tensor] = []
        hooks = [
            neuron.register_forward_hook(lambda _module, _inputs, spikes: found.append(spikes))
            for neuron in self.model.neurons
        ]
        self.model(x)
        for hook in hooks:
            hook.remove()
        return found

    def synapses(self) -> list[np.ndarray]:
        found = []
        for layer in self.model.layers:
            if isinstance(layer, SparseLinear):
                gradient = np.zeros(layer.links.shape, np.float32)
                gradient[layer.links.nonzero()] = np.asarray(layer.values.grad)
            else:
                gradient = layer.weight.grad.numpy().T
            found.append(gradient)
        return found


def evolution(contest: Any, repeat: int, zeta: float) -> dict[str, list[float]]:
    """Return the processor seconds of whole evolution steps on the network in its present state.

    A step: the module's graph, removal by LRS, percolation, CH3-L3 scores of missing links, sampling, and
    values and moments carried to the new links.
    """
    rng = np.random.default_rng(0)
    rule = EvolutionRule("lrs", "ch3_l3", 0.5)
    contest.train()  # so that the optimizer has moments to carry
    spent = []
    for _ in range(repeat + 1):
        begin = time.process_time()
        model = contest.module.model
        graph = layered_graph(model)
        may = [p.name in sparse_layers(model) for p in graph.projections]
        step = evolve(graph, rule, zeta=zeta, evolvable=may, rng=rng)
        rewire(model, step.graph, contest.optimizer)
        spent.append(time.process_time() - begin)
        contest.train()
    return {"cpu_seconds": spent[1:]}  # the first one compiles


if __name__ == "__main__":
    common.serve(Perceptron, evolution=evolution)
