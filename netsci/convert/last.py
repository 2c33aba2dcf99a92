"""The output summed over all T steps, where nobody asks for the steps between: much less to compute.

    sum over t of f(theta s_t) = T f(theta n / T),   n = the spikes of a neuron over T steps

f, all that follows the last neurons, is affine in the spikes, so it runs once, on counts. Neurons whose
current is the same at every step are counted in closed form and never simulated if only f reads them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from netsci.convert._neuron_kernels import fill_mean_rows
from netsci.convert.fusing import add_steps
from netsci.convert.neurons import Neuron, count_spikes
from netsci.convert.still import run_step
from netsci.convert.stream import Network
from netsci.convert.walk import Run
from netsci.convert.windows import WINDOW, Window, join_time, split_time


def mean_output(network: Network, x: Tensor, steps: int) -> Tensor:
    """Return the mean over T steps of the output of the program, [images, classes]; x as in `run_network`.

    It is the mean of `run_network`'s outputs up to rounding.

    Examples
    --------
    >>> from netsci.convert import convert
    >>> ann = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2)).eval()
    >>> network = convert(ann, "qcfs", theta=2.0).network
    >>> mean_output(network, torch.ones(5, 2), 8).shape
    torch.Size([5, 2])
    """
    program, neurons = network.program, network.neurons
    tail, ends = network.tail
    alone, closed = network.ends
    counted = alone & network.joined.keys() - closed
    sums: dict[int, Tensor] = {}

    def see(place: int, value: Tensor, window: Window) -> None:
        if place in ends:
            sums[place] = add_steps(value, sums.get(place))

    run = Run(network, x, see if ends - closed - counted else None, network.joined, counted)
    run.run_still(steps)
    if network.walks:
        for first in range(0, steps, WINDOW):
            run.walk(Window(first, min(WINDOW, steps - first), len(x)), tail | closed)
    values: dict[int, Any] = dict(run.held)
    for place in ends:
        step, neuron = program.steps[place], neurons[place]
        if place in closed:
            found = _mean_constant(neuron, split_time(run.held[step.inputs[0]], step, 1)[0], steps)
        else:
            counts = run.counts[place] if place in counted else sums[place]
            found = counts.float() * (neuron.theta.to(counts.device) / steps)
        values[place] = found if found.ndim == 2 and step.axis == 0 else join_time(found[None], step)
    for place in sorted(tail):
        values[place] = run_step(network, place, values, len(x))
    out = len(program.steps) - 1
    return split_time(values[out], program.steps[out], 1)[0]


def _mean_constant(neuron: Neuron, current: Tensor, steps: int) -> Tensor:
    """Return theta n(T) / T, float32, under a constant current [images, units...]."""
    if current.device.type == "cpu" and current.ndim == 2 and current.numel():
        rows = current.T.contiguous()
        means = torch.empty_like(rows)
        theta = neuron.theta.expand(len(rows)).contiguous()
        fill_mean_rows(rows.numpy(), theta.numpy(), neuron.start, steps, means.numpy())
        return means.T
    return count_spikes(neuron, current, steps).float() * (neuron.theta.to(current.device) / steps)
