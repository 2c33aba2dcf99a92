"""Stand-ins for neurons of other libraries, known by name, and walks over every spike and link."""

import itertools

import numpy as np
import scipy.sparse as sp
import torch
from torch import nn

from netsci.sparse import SparseLinear


def fire(membrane, current, alpha, threshold):
    """One step of S0 eq. 1 after a hard reset: (spikes, membrane after the reset)."""
    membrane = alpha * membrane + current
    spikes = (membrane >= threshold).to(current.dtype)
    return spikes, membrane * (1 - spikes)


class SpikingNeuron(nn.Module):
    """As snnTorch's: one step a call, membrane passed or kept, (spikes, membrane) or spikes alone."""

    __module__ = "snntorch._neurons.neurons"

    def __init__(self, init_hidden=False):
        super().__init__()
        self.init_hidden, self.mem, self.resets = init_hidden, torch.zeros(0), 0

    def reset_mem(self):
        self.resets += 1
        self.mem = torch.zeros(0)
        return self.mem

    def forward(self, current, mem=None):
        held = self.mem if mem is None else mem
        held = held if held.shape == current.shape else torch.zeros_like(current)
        spikes, self.mem = fire(held, current, 0.5, 1.0)
        self.reset = spikes  # a tensor of this name, as there
        return spikes if self.init_hidden else (spikes, self.mem)


class Leaky(SpikingNeuron):
    __module__ = "snntorch._neurons.leaky"


class StateLeaky(SpikingNeuron):
    """As snnTorch's: returns its membrane unless it is an output."""

    __module__ = "snntorch._neurons.stateleaky"

    def __init__(self):
        super().__init__()
        self.output = False

    def forward(self, current):
        return current.cumsum(0)


class BaseNode(nn.Module):
    """As SpikingJelly's: keeps its membrane until reset(), and fails on another batch size before."""

    __module__ = "spikingjelly.activation_based.neuron.base_node"

    def __init__(self, step_mode="s"):
        super().__init__()
        self.step_mode, self.v = step_mode, 0.0

    def reset(self):
        self.v = 0.0

    def forward(self, current):
        if self.step_mode == "s":
            spikes, self.v = fire(self.v, current, 0.5, 1.0)
            return spikes
        out = []
        for line in current:
            spikes, self.v = fire(self.v, line, 0.5, 1.0)
            out.append(spikes)
        return torch.stack(out)


class LIFNode(BaseNode):
    __module__ = "spikingjelly.activation_based.neuron.lif"


class NonSpikingLIFNode(BaseNode):
    __module__ = "spikingjelly.activation_based.neuron.lif"


class SNNCell(nn.Module):
    """As norse's: (current, state) -> (spikes, state)."""

    __module__ = "norse.torch.module.snn"

    def forward(self, current, state=None):
        return fire(torch.zeros_like(current) if state is None else state, current, 0.5, 1.0)


class SNN(nn.Module):
    """As norse's over time: [T, batch, ...] -> (spikes, state)."""

    __module__ = "norse.torch.module.snn"

    def forward(self, current):
        state, out = torch.zeros_like(current[0]), []
        for line in current:
            spikes, state = fire(state, line, 0.5, 1.0)
            out.append(spikes)
        return torch.stack(out), state


def frames(network, x):
    """Run a network of one step a call over time."""
    return [network(frame) for frame in x]


def linear(weight, dtype=torch.float64):
    """A linear layer without bias; weight [out, in]."""
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False, dtype=dtype)
    layer.weight.data = torch.as_tensor(np.asarray(weight), dtype=dtype)
    return layer


def conv_links(mask, shape, stride=1, padding=0, dilation=1, groups=1):
    """Every link of a convolution one by one: a list of presynaptic units, (channel, *place) in C order.

    mask [out, in / groups, *kernel]; the sides stride, padding, dilation are the same along all axes.
    """
    n_out, per_group, *kernel = mask.shape
    space = shape[1:]
    ends = [
        (n + 2 * padding - dilation * (k - 1) - 1) // stride + 1 for n, k in zip(space, kernel, strict=True)
    ]
    found = []
    for out in range(n_out):
        first = out // (n_out // groups) * per_group
        for channel, *at in itertools.product(range(per_group), *map(range, kernel)):
            if not mask[(out, channel, *at)]:
                continue
            for place in itertools.product(*map(range, ends)):
                where = [p * stride - padding + a * dilation for p, a in zip(place, at, strict=True)]
                if all(0 <= w < n for w, n in zip(where, space, strict=True)):
                    found.append(int(np.ravel_multi_index((first + channel, *where), shape)))
    return found


def walk(events, leaving):
    """Count step by step, sample by sample, event by event, link by link; leaving: links of each unit."""
    total = 0
    for vector in events.reshape(-1, len(leaving)):
        for unit in np.flatnonzero(vector):
            for _ in range(leaving[unit]):
                total += 1
    return total


def chain(weights, neuron, make=linear):
    return nn.Sequential(*(part for weight in weights for part in (make(weight), neuron())))


def sparse(weight):
    """The layer that holds links only; weight [out, in]."""
    links = sp.csr_array(weight.T != 0)
    layer = SparseLinear(links, bias=False, dtype=torch.float64)
    layer.values.data = torch.from_numpy(weight.T[links.nonzero()])
    return layer


class LoopOverTime(nn.Module):
    """The usual network of snnTorch or norse: linear layers and neurons, its own loop, states by hand."""

    def __init__(self, weights, neuron):
        super().__init__()
        self.layers = nn.ModuleList(map(linear, weights))
        self.neurons = nn.ModuleList(neuron() for _ in weights)

    def forward(self, x):
        states, out = [None] * len(self.layers), []
        for frame in x:
            for i, (layer, neuron) in enumerate(zip(self.layers, self.neurons, strict=True)):
                frame, states[i] = neuron(layer(frame), states[i])
            out.append(frame)
        return torch.stack(out)
