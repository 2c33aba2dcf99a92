"""Integrate-and-fire neurons with soft reset, step by step and, under a constant current, in closed form.

    IF     v[0] = theta / 2;  v += I;  s = 1[v >= theta];  v -= theta s
    SNM    v[0] = 0;          v += I;  s = 1 if v >= theta;  s = -1 if v <= -theta and n > 0;  v -= theta s

n is the sum of the spikes s so far, a whole number. With compat=True it is the sum of theta s in single
precision, as in the authors' release: a residue above 0 then lets a neuron fire that has fired nothing.

Under a constant current I the number of spikes after t steps is known (both neurons, never a negative one):

    n(t) = clip(floor(r + t I / theta), 0, t),   r = 1/2 (IF) or 0 (SNM)

A neuron whose threshold is 0 never fires.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from netsci.spiking.events import BitRows

KINDS = ("if", "snm")


@dataclass(frozen=True, eq=False)
class Neuron:
    """The neurons of one population.

    name : of the activation. kind : "if" or "snm". theta : thresholds >= 0, float32, of the shape of the
    units or one that spreads over it. compat : see the module.
    """

    name: str
    kind: str
    theta: Tensor
    compat: bool = False

    @property
    def start(self) -> float:
        """The membrane at the start, in thresholds."""
        return 0.5 if self.kind == "if" else 0.0


@dataclass(eq=False)
class State:
    """Membranes and spike sums of a population of some images, after `steps` steps."""

    membrane: Tensor
    total: Tensor | None
    steps: int = 0


def start_state(neuron: Neuron, shape: tuple[int, ...], device: torch.device | str = "cpu") -> State:
    """Return the state at the start for [batch, units...].

    Examples
    --------
    >>> start_state(Neuron("a", "if", torch.tensor(2.0)), (1, 1)).membrane.item()
    1.0
    """
    theta = neuron.theta.to(device)
    membrane = (theta * neuron.start).expand(shape)
    membrane = (
        membrane.T.clone(memory_format=torch.contiguous_format).T if len(shape) == 2 else membrane.clone()
    )
    if neuron.kind == "if":
        return State(membrane, None)
    kind = torch.float32 if neuron.compat else torch.int32
    return State(membrane, torch.zeros(shape, dtype=kind, device=device))


def run_steps(neuron: Neuron, currents: Tensor, state: State) -> Tensor:
    """Return the spikes -1, 0 or 1, int8 [T, batch, units...], of currents of this shape; renew the state.

    Examples
    --------
    >>> neuron = Neuron("a", "if", torch.tensor(1.0))
    >>> run_steps(neuron, torch.full((4, 1), 0.5), start_state(neuron, (1,))).flatten().tolist()
    [1, 0, 1, 0]
    """
    if currents.device.type == "cpu" and currents.dtype == torch.float32 and currents.numel():
        return _run_compiled(neuron, currents, state)
    return run_plainly(neuron, currents, state)


def run_plainly(neuron: Neuron, currents: Tensor, state: State) -> Tensor:
    """Do what `run_steps` does in torch operations, on any device."""
    theta = neuron.theta.to(currents.device).expand(currents.shape[1:])
    silent = theta <= 0
    spikes = torch.empty(currents.shape, dtype=torch.int8, device=currents.device)
    for t, current in enumerate(currents):
        v = state.membrane + current
        fired = (v >= theta) & ~silent
        s = fired.to(torch.int8)
        if state.total is not None:
            s -= ((v <= -theta) & (state.total > 0) & ~silent).to(torch.int8)
            state.total += s * theta if neuron.compat else s
        state.membrane = v - theta * s
        spikes[t] = s
    state.steps += len(currents)
    return spikes


def _run_compiled(neuron: Neuron, currents: Tensor, state: State) -> Tensor:
    """Run compiled loops over [T, series], or over units where these lie first in memory."""
    from netsci.convert._neuron_kernels import scan_if, scan_snm

    if units_first(currents) and state.total is None:
        return _run_rows(neuron, currents, state)
    flat = currents.reshape(len(currents), -1)
    theta = neuron.theta.expand(currents.shape[1:]).reshape(-1)
    membrane = state.membrane.reshape(-1).contiguous()
    spikes = torch.empty(flat.shape, dtype=torch.int8)
    if state.total is None:
        scan_if(flat.numpy(), theta.numpy(), membrane.numpy(), spikes.numpy())
    else:
        total = state.total.reshape(-1).contiguous()
        scan_snm(flat.numpy(), theta.numpy(), membrane.numpy(), total.numpy(), spikes.numpy(), neuron.compat)
        state.total = total.reshape(state.total.shape)
    state.membrane = membrane.reshape(state.membrane.shape)
    state.steps += len(currents)
    return spikes.reshape(currents.shape)


def _run_rows(neuron: Neuron, currents: Tensor, state: State) -> Tensor:
    """Run compiled loops over currents [T, images, units] whose units lie first in memory."""
    from netsci.convert._neuron_kernels import scan_if_rows

    rows = currents.permute(2, 0, 1)
    theta = neuron.theta.expand(len(rows)).contiguous()
    membrane = state.membrane.T.contiguous()
    spikes = torch.empty(rows.shape, dtype=torch.int8)
    scan_if_rows(rows.numpy(), theta.numpy(), membrane.numpy(), spikes.numpy())
    state.membrane = membrane.T
    state.steps += len(currents)
    return spikes.permute(1, 2, 0)


def units_first(values: Tensor) -> bool:
    """Return whether values [T, images, units] lie in memory as [units, T, images].

    Examples
    --------
    >>> units_first(torch.zeros(5, 2, 3).permute(1, 2, 0)), units_first(torch.zeros(2, 3, 5))
    (True, False)
    """
    return values.ndim == 3 and values.permute(2, 0, 1).is_contiguous()


def count_spikes(neuron: Neuron, current: Tensor, step: int | Tensor) -> Tensor:
    """Return the number of spikes after some steps under a constant current, float64.

    n(t) = clip(floor(r + t I / theta), 0, t), r = 1/2 for IF and 0 for SNM.

    current : [batch, units...]. step : t, or a tensor of steps that spreads over the current.

    Examples
    --------
    >>> count_spikes(Neuron("a", "if", torch.tensor(1.0)), torch.tensor([0.3, -1.0, 9.0]), 5).tolist()
    [2.0, 0.0, 5.0]
    """
    theta = neuron.theta.to(current.device).double().expand(current.shape)
    share = current.double() / torch.where(theta > 0, theta, math.inf)
    t = torch.as_tensor(step, dtype=torch.float64, device=current.device)
    return torch.minimum(torch.floor(neuron.start + t * share).clamp(min=0.0), t)


def fire_constant(neuron: Neuron, current: Tensor, first: int, steps: int) -> Tensor:
    """Return the spikes int8 [steps, batch, units...] of steps first + 1 to first + steps, in closed form.

    Examples
    --------
    >>> fire_constant(Neuron("a", "snm", torch.tensor(1.0)), torch.tensor([0.5]), 0, 4).flatten().tolist()
    [0, 1, 0, 1]
    """
    if current.device.type == "cpu" and current.dtype == torch.float32 and current.numel():
        from netsci.convert._neuron_kernels import fill_constant, fill_constant_rows

        if current.ndim == 2:  # units first in memory, as sparse layers read them
            rows = current.T.contiguous()
            theta = neuron.theta.expand(len(rows)).contiguous()
            turned = np.empty((len(rows), steps, rows.shape[1]), np.uint8)
            fill_constant_rows(rows.numpy(), theta.numpy(), neuron.start, first, turned)
            return torch.from_numpy(turned.view(np.int8)).permute(1, 2, 0)
        theta = neuron.theta.expand(current.shape).reshape(-1)
        spikes = torch.empty((steps, current.numel()), dtype=torch.int8)
        fill_constant(current.reshape(-1).numpy(), theta.numpy(), neuron.start, first, spikes.numpy())
        return spikes.reshape(steps, *current.shape)
    before = count_spikes(neuron, current, first)
    found = []
    for t in range(first + 1, first + steps + 1):
        after = count_spikes(neuron, current, t)
        found.append((after > before).to(torch.int8))
        before = after
    return torch.stack(found)


def fire_constant_bits(neuron: Neuron, current: Tensor, first: int, steps: int) -> BitRows:
    """Return the spikes of `fire_constant` under currents [batch, units] as bits."""
    from netsci.convert._neuron_kernels import fill_constant_bits
    from netsci.spiking._bit_kernels import bytes_of

    rows = current.T.contiguous()
    theta = neuron.theta.expand(len(rows)).contiguous()
    bits = np.empty((len(rows), bytes_of(steps * rows.shape[1])), np.uint8)
    fill_constant_bits(rows.numpy(), theta.numpy(), neuron.start, first, steps, bits)
    return BitRows(bits, steps, rows.shape[1])
