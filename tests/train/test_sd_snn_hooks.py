"""The hooks of SD-SNN, epoch by epoch, against its rules written cell by cell, with their true numbers."""

import math
from collections import OrderedDict
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from netsci.sparse import SparseConv2d, SparseLinear
from netsci.topology import development
from netsci.train.methods.base import Step, Steps
from netsci.train.methods.sd_snn import Developing

EPOCHS = 66
RAISED = {"one": 27.5, "two": 36.5, "three": 22.6, "four": 47.9}  # added to p, so that outputs of so few die
SHAPES = {"one": (27, 6), "two": (54, 5), "three": (60, 8), "four": (56, 4)}  # two convolutions, two linear


class Layer:
    """One layer after each epoch, by the text of the rules."""

    def __init__(self, first, kernel, percent):
        self.kernel, self.percent, self.conv = kernel, percent, kernel > 1
        self.cells = list(np.ndindex(first.shape))
        top = max(abs(float(first[cell])) for cell in self.cells)
        self.high, self.low = (dict.fromkeys(self.cells, one) for one in (top, -top))
        self.runs = {key: dict.fromkeys(self.cells, -1) for key in ("above", "below", "falling")}
        self.sums = {key: dict.fromkeys(self.cells, 0.0) for key in ("above", "below")}
        self.size = {cell: abs(float(first[cell])) for cell in self.cells}
        self.alive = np.ones(first.shape, bool)
        self.ripening = np.full((first.shape[0] // kernel, first.shape[1]), -1)
        self.ever = set()  # outputs that have died

    def renew(self, given):
        for cell in self.cells:
            w = float(given[cell]) if self.alive[cell] else 0.0
            bounds = {"above": self.high, "below": self.low}
            for key, bound in bounds.items():
                out = w >= bound[cell] if key == "above" else w <= bound[cell]
                self.runs[key][cell] = self.runs[key][cell] + 1 if out else -1
                self.sums[key][cell] = (
                    self.sums[key][cell] + w - bound[cell] if self.runs[key][cell] > 0 else 0
                )
                if self.runs[key][cell] == 18:
                    bound[cell] += self.sums[key][cell] / 18
                    self.runs[key][cell], self.sums[key][cell] = 0, 0.0
            falls = abs(w) < self.size[cell]
            self.runs["falling"][cell] = self.runs["falling"][cell] + 1 if falls else -1
            if self.runs["falling"][cell] == 18:
                self.high[cell], self.low[cell] = 0.75 * self.high[cell], 0.75 * self.low[cell]
                self.runs["falling"][cell] = 0
            self.size[cell] = abs(w)

    def clip(self, given):
        clipped = given.copy()
        for cell in self.cells:
            clipped[cell] = np.float32(min(max(float(given[cell]), self.low[cell]), self.high[cell]))
        return clipped

    def grow(self, weights, epoch):
        sums = weights.reshape(len(self.ripening), self.kernel, -1).sum(1)
        q = min(99.0, (65.0 if self.conv else 60.0) + 1.1 ** (epoch - 37))
        bound = np.percentile(sums, q)
        for unit, output in np.ndindex(*self.ripening.shape):
            rows = slice(unit * self.kernel, (unit + 1) * self.kernel)
            dead = not self.alive[rows, output].any()
            self.ripening[unit, output] = (
                self.ripening[unit, output] + 1 if dead and sums[unit, output] > bound else -1
            )
            if self.ripening[unit, output] > 18:
                self.alive[rows, output] = True
                self.ripening[unit, output] = 0

    def die(self):
        spread = np.array([self.high[cell] - self.low[cell] for cell in self.cells]).reshape(self.alive.shape)
        share = (spread - spread.min()) / (spread.max() - spread.min())
        scores = [(share[:, j] * self.alive[:, j]).sum() for j in range(self.alive.shape[1])]
        looked_at = sorted(range(len(scores)), key=lambda j: scores[j])[
            : int(len(scores) * self.percent / 100)
        ]
        for j in looked_at:
            if j not in self.ever:
                self.alive[:, j] = False
                self.ever.add(j)

    def few(self, least):
        return sum(self.alive[:, j].sum() < least for j in range(self.alive.shape[1]))

    def raise_percent(self, epoch, after):
        width = self.alive.shape[1]
        if self.conv:
            left = after.alive.shape[1] - after.few(20)
            self.percent += math.exp(-(epoch - 37) / 5) * (width - self.few(20)) / left
        else:
            pace = 0.5 * math.exp(-(epoch - 37)) if epoch <= 60 else 0.0005
            self.percent += pace * (width - self.few(50)) / 10


def courses(shape, seed):
    """Weights that the optimizer leaves, by epoch: they rise, fall, and leave their ranges for long."""
    rng = np.random.default_rng(seed)
    slope = rng.choice([-0.08, -0.02, 0.0, 0.05, 0.09], size=shape)
    start = rng.normal(size=shape)
    noise = 0.003 * rng.normal(size=(EPOCHS, *shape))
    return [(start * 0.97**t + slope * t + noise[t]).astype(np.float32) for t in range(EPOCHS)]


def network():
    layers = [
        ("one", SparseConv2d(np.ones(SHAPES["one"]), 3)),
        ("two", SparseConv2d(np.ones(SHAPES["two"]), 3)),
    ]
    layers += [(name, SparseLinear(np.ones(SHAPES[name]))) for name in ("three", "four")]
    return nn.Sequential(OrderedDict([*layers, ("answer", SparseLinear(np.ones((4, 2))))]))


def step_at(epoch, batch=3):
    """The batch of an epoch that is counted from 0; the last of three by itself."""
    return Step(epoch + 1, batch, Steps(EPOCHS, 3), torch.optim.SGD(network().parameters(), lr=0.1), dict)


def put(layer, values):
    with torch.no_grad():
        layer.values.copy_(torch.from_numpy(values.ravel()))


def matrix(layer):
    """Weights [pre, post] of the links of a layer."""
    return np.where(layer.links.toarray(), layer.weight.detach().flatten(1).T.numpy(), 0)


@pytest.fixture(scope="module")
def known():
    """Rows [epoch] of {layer: (alive, weights, percent)}, and the weights that were given."""
    given = {name: courses(shape, seed) for seed, (name, shape) in enumerate(SHAPES.items())}
    kernels = {"one": 9, "two": 9, "three": 1, "four": 1}
    layers, epochs = {}, []
    for epoch in range(EPOCHS):
        weights = {name: given[name][epoch] for name in SHAPES}
        for name in SHAPES:
            if epoch == 0:
                percent = 0.5 if kernels[name] > 1 else 2.0
                layers[name] = Layer(weights[name], kernels[name], percent)
                layers[name].percent = percent + RAISED[name]
            else:
                layers[name].renew(weights[name])
            if epoch > 18:
                weights[name] = layers[name].clip(weights[name])
        if epoch > 36:
            for name in SHAPES:
                layers[name].grow(weights[name], epoch)
            for name, after in zip(SHAPES, [*list(SHAPES)[1:], None], strict=True):
                layers[name].die()
                layers[name].raise_percent(epoch, layers.get(after))
        rows = {
            name: (one.alive.copy(), np.where(one.alive, weights[name], 0), one.percent)
            for name, one in layers.items()
        }
        epochs.append(rows)
    return given, epochs


def test_every_epoch_is_that_of_the_rules(known):
    given, epochs = known
    net = network()
    hooks = Developing(net, list(SHAPES))
    for epoch, rows in enumerate(epochs):
        hooks.before_batch(step_at(epoch, 1))
        for name in SHAPES:
            layer = net.get_submodule(name)
            assert layer.n_links == math.prod(SHAPES[name])
            dead = (
                np.zeros(0)
                if epoch == 0
                else layer.values.detach().numpy()[~epochs[epoch - 1][name][0].ravel()]
            )
            assert not dead.any()
            put(layer, given[name][epoch])
        hooks.before_batch(step_at(epoch, 2))
        table = hooks.after_epoch(step_at(epoch))
        if epoch == 0:
            for name, state in hooks.states.items():
                hooks.states[name] = replace(state, percent=state.percent + RAISED[name])
        for row in table:
            raised = RAISED[row["layer"]] if epoch == 0 else 0.0
            assert row["value"] + raised == pytest.approx(rows[row["layer"]][2], rel=1e-12)
        assert [row["layer"] for row in table] == list(SHAPES)
        for name, (alive, weights, _) in rows.items():
            layer = net.get_submodule(name)
            assert np.array_equal(layer.links.toarray(), alive), (epoch, name)
            assert np.array_equal(matrix(layer), weights), (epoch, name)
    assert net.answer.n_links == 8


def test_the_course_has_all_that_can_happen(known):
    """Deaths from epoch 37 on, in several epochs, growth behind, and clipped weights from 19 on."""
    given, epochs = known
    for name in SHAPES:
        links = [int(rows[name][0].sum()) for rows in epochs]
        assert links[:37] == [links[0]] * 37
        assert links[37] < links[36]
        assert any(b < a for a, b in pairwise(links[37:])), name
        assert any(b > a for a, b in pairwise(links[37:])), name
        as_given = [np.array_equal(rows[name][1], given[name][e]) for e, rows in enumerate(epochs)]
        assert all(as_given[:19])
        assert not all(as_given[19:37])


def test_the_percentile_of_growth_is_that_of_the_epoch_and_the_kind(monkeypatch):
    net, seen = network(), []
    hooks, real = Developing(net, list(SHAPES)), development.grow
    monkeypatch.setattr(development, "grow", lambda *given: seen.append(given[2]) or real(*given))
    for epoch in (0, 36, 37, 38, 60, 85):
        hooks.before_batch(step_at(epoch, 1))
        hooks.after_epoch(step_at(epoch))
    rising = [1.1**past for past in (0, 1, 23, 48)]
    wanted = [[65 + one] * 2 + [60 + one] * 2 for one in rising[:3]] + [[99.0] * 4]
    assert seen == pytest.approx(np.ravel(wanted).tolist())
