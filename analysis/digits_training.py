"""The task of the digits exhibits: an MLP, dense, randomly sparse or evolving, in a plain torch loop.

Every random number comes from a generator keyed by (seed, step, layer, purpose), so that a run repeats
exactly. Sparse weights are held dense under a mask here; the graph of the masks is what evolves.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.datasets import load_digits

from analysis.digits import CHECKSUM
from analysis.runs import Record
from netsci.graph import LayeredGraph, live_units
from netsci.measure import sparsity_index
from netsci.topology import Evolution, EvolutionRule, cosine, evolve, links_at, uniform

MODELS = ("dense", "static", "chts")
TOPOLOGY, WEIGHTS, ORDER, EVOLUTION, SPLIT = range(5)
Masks = list[NDArray[np.bool_]]


def keyed(seed: int, step: int, layer: int, purpose: int) -> np.random.Generator:
    """Return the generator of one purpose at one place of a run."""
    return np.random.default_rng([seed, step, layer, purpose])


@dataclass(frozen=True)
class Split:
    """Images [n, 64] in [0, 1] and labels, for training and for testing."""

    x_train: torch.Tensor
    y_train: torch.Tensor
    x_test: torch.Tensor
    y_test: torch.Tensor


def digits(test: int = 360) -> Split:
    """Return scikit-learn's 1,797 digits, split once and for all."""
    x, y = load_digits(return_X_y=True)
    found = hashlib.sha256(x.astype("<f8").tobytes() + y.astype("<i8").tobytes()).hexdigest()
    if found != CHECKSUM:
        raise RuntimeError(
            f"scikit-learn's digits have changed (SHA-256 {found}): set CHECKSUM in analysis/digits.py, so "
            "that the results are made anew"
        )
    order = keyed(0, 0, 0, SPLIT).permutation(len(x))
    images = torch.tensor(x[order] / 16, dtype=torch.float32)
    labels = torch.tensor(y[order])
    return Split(images[test:], labels[test:], images[:test], labels[:test])


@dataclass
class Network:
    """An MLP under masks [presynaptic, postsynaptic], its last layer without a nonlinearity."""

    masks: Masks
    weights: list[torch.Tensor]
    biases: list[torch.Tensor]
    moments: list[torch.Tensor]

    @classmethod
    def start(cls, masks: Masks, seed: int) -> Network:
        """Draw Gaussian weights of variance 2 / (mean links into a neuron), the sparse form of He's."""
        weights = []
        for layer, mask in enumerate(masks):
            normal = keyed(seed, 0, layer, WEIGHTS).normal(size=mask.shape)
            scale = np.sqrt(2 * mask.shape[1] / mask.sum())
            weights.append(torch.tensor(normal * scale * mask, dtype=torch.float32, requires_grad=True))
        biases = [torch.zeros(mask.shape[1], requires_grad=True) for mask in masks]
        return cls(masks, weights, biases, [torch.zeros_like(p) for p in weights + biases])

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits [batch, classes] of images [batch, pixels]."""
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.addmm(bias, x, weight)
            if layer < len(self.weights) - 1:
                x = torch.relu(x)
        return x

    def accuracy(self, data: Split) -> float:
        """Return the share of test images classified correctly."""
        with torch.no_grad():
            return float((self(data.x_test).argmax(1) == data.y_test).double().mean())

    def epoch(self, data: Split, batches: list[NDArray[np.int64]], rate: float, rules: SGD) -> float:
        """Run one epoch of SGD with momentum on the existing links; return the mean loss."""
        parameters = self.weights + self.biases
        existing = [torch.tensor(mask, dtype=torch.float32) for mask in self.masks]
        total = 0.0
        for batch in batches:
            rows = torch.tensor(batch)
            loss = torch.nn.functional.cross_entropy(self(data.x_train[rows]), data.y_train[rows])
            gradients = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                for i, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
                    if i < len(existing):
                        gradient = (gradient + rules.weight_decay * parameter) * existing[i]
                    parameter.sub_(self.moments[i].mul_(rules.momentum).add_(gradient), alpha=rate)
            total += float(loss.detach()) * len(rows)
        return total / sum(map(len, batches))

    def evolve(self, rule: EvolutionRule, zeta: float, rng: np.random.Generator) -> Evolution:
        """Evolve all but the output layer; new links start at 0 without momentum."""
        values = [weight.detach().numpy() for weight in self.weights]
        graph = LayeredGraph.from_masks(self.masks, weights=values)
        evolvable = [layer < len(self.masks) - 1 for layer in range(len(self.masks))]
        step = evolve(graph, rule, zeta=zeta, evolvable=evolvable, rng=rng)
        with torch.no_grad():
            for layer, projection in enumerate(step.graph.projections):
                mask = projection.links.toarray()
                surviving = torch.tensor(mask & self.masks[layer])
                self.weights[layer].mul_(surviving)
                self.moments[layer].mul_(surviving)
                self.masks[layer] = mask
        return step


@dataclass(frozen=True)
class SGD:
    """Momentum and weight decay (of weights, not of biases)."""

    momentum: float
    weight_decay: float


def train(
    *,
    model: str,
    seed: int,
    widths: tuple[int, ...],
    sparsity: float,
    epochs: int,
    batch: int,
    lr: float,
    momentum: float,
    weight_decay: float,
    zeta: float,
    delta: float,
    removal: str,
    regrowth: str,
    evolve_until: float,
) -> Record:
    """Train one model and record every epoch: accuracy, loss, topology and what it measures.

    The output layer stays dense. "static" and "chts" start from the same uniform topology; "chts" evolves
    after each of the first `evolve_until` x epochs epochs. The learning rate falls as a cosine.
    """
    torch.set_num_threads(1)
    data = digits()
    network = Network.start(initial_masks(model, seed, widths, sparsity), seed)
    rule = EvolutionRule(removal=removal, regrowth=regrowth, delta=delta)
    rules = SGD(momentum, weight_decay)
    log = Log(layers=len(network.masks), keep_links=model != "dense")
    log.add(network, None, loss=np.nan, accuracy=network.accuracy(data))
    evolutions = int(evolve_until * epochs)
    for epoch in range(1, epochs + 1):
        order = keyed(seed, epoch, 0, ORDER).permutation(len(data.y_train))
        batches = [order[start : start + batch] for start in range(0, len(order), batch)]
        loss = network.epoch(data, batches, cosine(lr, epoch - 1, epochs), rules)
        step = None
        if model == "chts" and epoch <= evolutions:
            share = cosine(zeta, epoch - 1, evolutions)
            step = network.evolve(rule, share, keyed(seed, epoch, 0, EVOLUTION))
        log.add(network, step, loss=loss, accuracy=network.accuracy(data))
    return log.record(network)


def initial_masks(model: str, seed: int, widths: tuple[int, ...], sparsity: float) -> Masks:
    """Return the masks [presynaptic, postsynaptic]; the output layer and a dense model are full."""
    if model not in MODELS:
        raise ValueError(f"model must be one of {', '.join(MODELS)}; got {model!r}")
    masks = []
    for layer, shape in enumerate(pairwise(widths)):
        if model == "dense" or layer == len(widths) - 2:
            masks.append(np.ones(shape, bool))
        else:
            rng = keyed(seed, 0, layer, TOPOLOGY)
            masks.append(uniform(shape, links_at(shape, sparsity), rng=rng).toarray())
    return masks


class Log:
    """What is kept of every epoch, 0 being the network before training.

    Sets of links are kept as flat row-major cells, epoch after epoch, with the end of each: `links` after the
    epoch and, where the topology evolved, what the step `removed`, `percolated` and `regrown`.
    """

    def __init__(self, *, layers: int, keep_links: bool) -> None:
        self.rows: dict[str, list[NDArray[np.float64]]] = {}
        self.cells: dict[str, list[NDArray[np.int32]]] = {}
        self.layers, self.keep_links = layers, keep_links

    def add(self, network: Network, step: Evolution | None, **measured: float) -> None:
        """Add an epoch: what was measured while training, what the network is now, what evolution did."""
        live = live_units(LayeredGraph.from_masks(network.masks))
        values = {
            **measured,
            "overlap": np.full(self.layers, np.nan) if step is None else step.overlap,
            "links": [int(mask.sum()) for mask in network.masks],
            "inactive": [int((~units).sum()) for units in live.values()],
            "sparsity_index": [sparsity_index(weight.detach().numpy()) for weight in network.weights],
        }
        for name, value in values.items():
            self.rows.setdefault(name, []).append(np.asarray(value, dtype=np.float64))
        for layer in range(self.layers if self.keep_links else 0):
            self._keep(f"links_{layer}", np.flatnonzero(network.masks[layer]))
            for name in ("removed", "percolated", "regrown"):
                masks = getattr(step, name) if step is not None else None
                cells = np.flatnonzero(masks[layer].toarray()) if masks is not None else np.zeros(0)
                self._keep(f"{name}_{layer}", cells)

    def _keep(self, name: str, cells: ArrayLike) -> None:
        self.cells.setdefault(name, []).append(np.asarray(cells, np.int32))

    def record(self, network: Network) -> Record:
        """Return the record: the rows by epoch, the sets of links, the last weights."""
        arrays = {name: np.array(rows) for name, rows in self.rows.items()}
        for name, epochs in self.cells.items():
            arrays[name] = np.concatenate(epochs)
            arrays[f"{name}_ends"] = np.cumsum([len(cells) for cells in epochs])
        for layer, weight in enumerate(network.weights):
            arrays[f"weights_{layer}"] = weight.detach().numpy()
        return Record(arrays)
