"""Networks whose graphs are read off their forward passes, for the tests of `layered_graph`."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from netsci.sparse import SparseConv2d, SparseLinear
from netsci.spiking import LIF, linear_of_spikes


def linear(rows, columns, seed=0, density=0.4):
    """Return a layer of random links, none of its units without any."""
    links = np.random.default_rng([seed, rows, columns]).random((rows, columns)) < density
    return SparseLinear(linked(links, 1))


def linked(links, own):
    """Give every unit a link."""
    inputs, outputs = len(links) // own, links.shape[1]
    links[np.arange(inputs) * own, np.arange(inputs) % outputs] = True
    links[np.arange(outputs) % inputs * own, np.arange(outputs)] = True
    return links


def conv(inputs, outputs, kernel=3, seed=0, **options):
    links = np.random.default_rng([seed, inputs, outputs]).random((inputs * kernel**2, outputs)) < 0.2
    return SparseConv2d(linked(links, kernel**2), kernel, **options)


class Parts(nn.Module):
    """A module of layers by name, whose forward, a function of the module and one input, is given."""

    def __init__(self, forward, **layers):
        super().__init__()
        self.run = forward
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x):
        return self.run(self, x)


class Pair(Parts):
    """The same for two inputs."""

    def forward(self, x, y):
        return self.run(self, x, y)


def dense_between():
    return nn.Sequential(linear(6, 9), nn.ReLU(), nn.Linear(9, 7), nn.Tanh(), linear(7, 4))


def other_order():
    return Parts(lambda m, x: m.out(torch.relu(m.hidden(x))), out=linear(9, 4), hidden=linear(6, 9))


def branches():
    def forward(m, x):
        return m.out(torch.tanh(m.a(x)) + functional.silu(m.b(x)))

    return Parts(forward, a=linear(6, 9), b=linear(6, 9, seed=1), out=linear(9, 4))


def branches_side_by_side():
    def forward(m, x):
        return m.out(torch.cat([m.a(x).tanh(), x, m.b(x).tanh()], dim=-1))

    return Parts(forward, a=linear(6, 5), b=linear(6, 3, seed=1), out=linear(14, 4))


def residual():
    def forward(m, x):
        h = torch.tanh(m.stem(x))
        out = torch.tanh(m.first(h))
        out = m.second(out)
        out += h
        return m.out(torch.tanh(out))

    return Parts(forward, stem=linear(6, 9), first=linear(9, 8), second=linear(8, 9), out=linear(9, 4))


class ConvBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, outputs, stride=stride, padding=1), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = conv(outputs, outputs, padding=1, seed=1), nn.BatchNorm2d(outputs)
        self.down = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if stride > 1 else None

    def forward(self, x):
        shortcut = x if self.down is None else self.down(x)
        out = self.bn2(self.conv2(torch.tanh(self.bn1(self.conv1(x)))))
        out += shortcut
        return functional.elu(out, inplace=True)


def conv_net():
    return nn.Sequential(
        conv(2, 4, padding=1), nn.BatchNorm2d(4), nn.Tanh(), nn.MaxPool2d(2), ConvBlock(4, 4, 1),
        ConvBlock(4, 6, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5), linear(6, 3),
    )  # fmt: skip


def flattened():
    return nn.Sequential(
        conv(2, 3, kernel=2), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), linear(12, 5), nn.ELU(), linear(5, 2)
    )


def nested():
    inner = nn.Sequential(linear(9, 7), nn.Sequential(nn.Tanh(), nn.Dropout(0.3)), nn.Identity())
    return nn.Sequential(nn.Flatten(), linear(6, 9), nn.BatchNorm1d(9), inner, linear(7, 4))


def two_inputs():
    def forward(m, x, y):
        return m.out(torch.tanh(m.a(x) + m.b(y)))

    return Pair(forward, a=linear(6, 9), b=linear(5, 9), out=linear(9, 4))


def gated():
    def forward(m, x):
        return m.out(torch.tanh(m.a(x)) * torch.sigmoid(m.b(x)))

    return Parts(forward, a=linear(6, 9), b=linear(6, 9, seed=1), out=linear(9, 4))


def spiking():
    return nn.Sequential(linear(6, 9), LIF(0.5, 0.1), nn.Dropout(0.1), linear(9, 4), LIF(0.5, 0.1))


class Masked(nn.Linear):
    def forward(self, x):
        return functional.linear(x, self.weight * 0.5, self.bias)


def own_dense_layer():
    return nn.Sequential(linear(6, 9), nn.Tanh(), Masked(9, 7), nn.Tanh(), linear(7, 4))


def grouped():
    return nn.Sequential(
        conv(2, 4, padding=1), nn.Tanh(), nn.Conv2d(4, 6, 3, padding=1, groups=2), nn.Tanh(), conv(6, 3)
    )


def two_heads():
    def forward(m, x):
        h = torch.tanh(m.hidden(x))
        return {"hidden": h, "classes": functional.log_softmax(m.out(h), -1)}

    return Parts(forward, hidden=linear(6, 9), out=linear(9, 4))


def late_input():
    def forward(m, x):
        return m.out(torch.tanh(m.back(torch.tanh(m.hidden(x))) + x))

    return Parts(forward, hidden=linear(6, 9), back=linear(9, 6), out=linear(6, 4))


def over_time():
    """Spikes [batch, features] in a loop over a time axis that the module makes, with plain torch."""

    def forward(m, x):
        steps, membrane = [], torch.zeros(len(x), 9)
        for t in range(3):
            membrane = 0.5 * membrane + m.hidden(x * (t + 1))
            spikes = torch.sigmoid(4 * membrane)
            membrane = membrane - spikes
            steps.append(m.out(spikes))
        return torch.stack(steps).mean(0)

    return Parts(forward, hidden=linear(6, 9), out=linear(9, 4))


def fused():
    def forward(m, x):
        current = m.hidden(x)
        return linear_of_spikes(m.neuron, current, m.out).mean(0)

    return Parts(forward, hidden=linear(6, 9), neuron=LIF(0.5, 0.1), out=linear(9, 4))


def recurrent():
    def forward(m, x):
        h = torch.zeros(x.shape[1], 9)
        for frame in x:
            h = torch.tanh(m.hidden(frame) + m.again(h))
        return m.out(h)

    return Parts(forward, hidden=linear(6, 9), again=linear(9, 9), out=linear(9, 4))


def siamese():
    def forward(m, x, y):
        return m.out(torch.tanh(m.both(x)) - torch.tanh(m.both(y)))

    return Pair(forward, both=linear(6, 9), out=linear(9, 4))


def twice():
    def forward(m, x):
        return m.out(torch.tanh(m.same(torch.tanh(m.same(x)))))

    return Parts(forward, same=linear(6, 6), out=linear(6, 4))


IMAGE = (2, 2, 6, 6)
# Networks, the shapes of their inputs, whether torch.fx can trace them, and whether a population stands for
# one place of the forward pass alone, so that reachability is exact.
CASES = {
    "dense between": (dense_between, [(3, 6)], True, True),
    "other order": (other_order, [(3, 6)], True, True),
    "branches": (branches, [(3, 6)], True, True),
    "side by side": (branches_side_by_side, [(3, 6)], True, True),
    "residual": (residual, [(3, 6)], True, True),
    "convolutions": (conv_net, [(2, 2, 8, 8)], True, True),
    "flattened": (flattened, [IMAGE], True, True),
    "nested": (nested, [(3, 6)], True, True),
    "two inputs": (two_inputs, [(3, 6), (3, 5)], True, True),
    "gated": (gated, [(3, 6)], True, True),
    "own dense layer": (own_dense_layer, [(3, 6)], True, True),
    "grouped": (grouped, [IMAGE], True, True),
    "two heads": (two_heads, [(3, 6)], True, True),
    "late input": (late_input, [(3, 6)], True, True),
    "over time": (over_time, [(3, 6)], False, True),
    "spiking": (spiking, [(4, 3, 6)], True, False),  # a spike may not change
    "fused": (fused, [(4, 3, 6)], False, False),
    "recurrent": (recurrent, [(4, 3, 6)], False, False),
    "siamese": (siamese, [(3, 6), (3, 6)], True, False),
    "twice": (twice, [(3, 6)], True, False),
}
