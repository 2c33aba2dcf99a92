"""Neurons and the layer after them as one operation: spikes never become a tensor.

`linear_of_spikes(neuron, current, layer)` gives what `layer(unroll(neuron, current))` gives, up to the order
of a sum. A small dense layer takes the spikes of a few neurons at a time, a sparse one a byte for each.
"""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from netsci.arguments import check_instance
from netsci.sparse.structure import Structure
from netsci.spiking.events import currents_of_spikes, few, gather
from netsci.spiking.layout import Series, rows_and_columns, share
from netsci.spiking.neurons import LIF
from netsci.spiking.plain import backend_of, dense_weight_of, has_hooks, is_plain, is_small
from netsci.spiking.unroll import Dynamics, check_steps, dynamics_of, has_kernel, unroll

AT_ONCE = 256  # neurons whose spikes before a dense layer are held, so that they stay in the cache


def linear_of_spikes(
    neuron: nn.Module, current: Tensor, layer: nn.Module, *, steps: int | None = None
) -> Tensor:
    """Apply a linear layer to the spikes of a neuron over time; return [T, batch, out].

    The result is layer(unroll(neuron, current, steps=steps)). current : [T, batch, in] for T time steps if
    steps is None; with steps [batch, in], a constant current, as for `unroll`. layer : linear, in to out.

    Both are done in one pass ("fused"), which is faster, if all of this holds:
    - the neuron is a `LIF` or an `IF`, on the CPU, in float32 or float64, outside of autocast;
    - each neuron's steps and samples of the current lie side by side in memory;
    - the layer is a `SparseLinear` on compiled loops; or it is an `nn.Linear` or a `SparseLinear` multiplied
      as a dense one, with at most MOST_OUTPUTS outputs (any number if no gradient is wanted);
    - neither has its own forward or a hook (`record`, torch's pruning), so that every hook runs.
    Otherwise both are called one after the other. Then a neuron other than `LIF` is called as a module only
    if it has hooks, and else unrolled.

    Raises
    ------
    TypeError, ValueError
        If current or steps cannot be unrolled, see `unroll`.

    Examples
    --------
    >>> from netsci.spiking import LIF
    >>> layer = nn.Linear(1, 1, bias=False)
    >>> nn.init.constant_(layer.weight, 3.0).item()
    3.0
    >>> linear_of_spikes(LIF(), torch.tensor([[0.75]]), layer, steps=4).flatten().tolist()
    [0.0, 3.0, 0.0, 3.0]

    Source: S0 eq. 1.
    """
    for name, module in (("neuron", neuron), ("layer", layer)):
        check_instance(module, nn.Module, name, "a torch module")
    steps = check_steps(current, steps)
    width = getattr(layer, "in_features", current.shape[-1])
    if current.shape[-1] != width:
        raise ValueError(
            f"current must be [T, batch, {width}], the layer's inputs last; got {list(current.shape)}"
        )
    dynamics = _fusable(neuron, current, layer, steps)
    out: Tensor
    function: Any
    if dynamics is None:
        called = isinstance(neuron, LIF) or has_hooks(neuron)
        out = layer(neuron(current, steps=steps) if called else unroll(neuron, current, steps=steps))
        return out
    if backend_of(layer, current) == "csr":
        function = _IntoSparse
        out = function.apply(current, layer.values, layer.structure, dynamics, steps)
    elif is_small(layer):
        function = _IntoDense
        out = function.apply(current, dense_weight_of(layer), dynamics, steps)
    else:
        out = _into_wide(current, dense_weight_of(layer), dynamics, steps)
    return out if layer.bias is None else out + cast(Tensor, layer.bias)


def _fusable(neuron: nn.Module, current: Tensor, layer: nn.Module, steps: int | None) -> Dynamics | None:
    """Return the neuron's dynamics if kernels know this combination, else None."""
    dynamics = dynamics_of(neuron)
    lead = 2 if steps is None else 1
    if dynamics is None or current.ndim != lead + 1 or not has_kernel(dynamics, current):
        return None
    if not current.numel() or not current.movedim(-1, 0).is_contiguous():
        return None
    # A layer that autocast reaches gives a type of its choice, whatever the order in memory.
    if not is_plain(neuron) or not is_plain(layer) or torch.is_autocast_enabled("cpu"):
        return None
    backend = backend_of(layer, current)
    if backend == "csr" or (backend == "masked" and (is_small(layer) or not torch.is_grad_enabled())):
        fits = layer.in_features == current.shape[-1] and next(layer.parameters()).dtype == current.dtype
        return dynamics if fits else None
    return None


class _IntoDense(torch.autograd.Function):
    """weight @ spikes, with nothing kept but the current."""

    @staticmethod
    def forward(ctx: Any, current: Tensor, weight: Tensor, dynamics: Dynamics, steps: int | None) -> Tensor:
        series = rows_and_columns(current.detach(), steps)
        memory = _multiply_spikes(series, weight.detach(), dynamics)
        ctx.save_for_backward(current, weight)
        ctx.dynamics, ctx.steps = dynamics, steps
        return memory.permute(1, 2, 0)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        current, weight = ctx.saved_tensors
        outputs, neurons = weight.shape
        start = np.arange(0, weight.numel() + 1, outputs)
        index = np.tile(np.arange(outputs), neurons)
        values = weight.detach().t().reshape(-1)
        of_current, of_values = _back(ctx, current, values, (start, index), gradients[0])
        return of_current, of_values.view(neurons, outputs).t(), None, None


def _multiply_spikes(series: Series, weight: Tensor, dynamics: Dynamics) -> Tensor:
    """Return weight @ spikes as [out, T, batch], the spikes of AT_ONCE neurons at a time."""
    if series.constant:
        return _multiply_first_spikes(series, weight, dynamics)
    from netsci.spiking._scan_kernels import scan

    alpha, theta = series.constants(dynamics.alpha, dynamics.threshold)
    steps, batch = series.shape[:2]
    sums = weight.new_zeros((len(weight), steps * batch))
    room = weight.new_empty((min(AT_ONCE, weight.shape[1]), steps * batch))
    for first in range(0, weight.shape[1], AT_ONCE):
        part = replace(series, current=series.current[first : first + AT_ONCE])
        spikes = room[: len(part.current)]
        part.run(scan, part.current, spikes.numpy().reshape(-1, steps, batch), alpha, theta)
        sums.addmm_(weight[:, first : first + AT_ONCE], spikes)
    return sums.view(-1, steps, batch)


def _multiply_first_spikes(series: Series, weight: Tensor, dynamics: Dynamics) -> Tensor:
    """Return weight @ spikes as [out, T, batch] under a constant current, where a first spike says all."""
    from netsci.spiking._fused_kernels import add_by_first_step, give_to_multiples, least_currents
    from netsci.spiking._lanes import LANES

    alpha, theta = series.constants(dynamics.alpha, dynamics.threshold)
    steps, batch = series.shape[:2]
    cuts = least_currents(steps, alpha, theta, alpha.dtype.name)
    out = weight.new_empty((len(weight), steps, batch))
    for first in range(0, len(weight), LANES):
        some = weight[first : first + LANES]
        lanes = weight.new_zeros((weight.shape[1], LANES))
        lanes[:, : len(some)] = some.T
        sums = weight.new_zeros((steps + 1, batch, LANES)).numpy()
        share(add_by_first_step, (series.current, cuts, lanes.numpy(), sums), series.parts(batch))
        give_to_multiples(sums, out[first : first + LANES].numpy())
    return out


def _into_wide(current: Tensor, weight: Tensor, dynamics: Dynamics, steps: int | None) -> Tensor:
    """Return weight @ spikes as [T, batch, out] without gradient, of the firing neurons if these are few."""
    from netsci.spiking._scan_kernels import scan

    series = rows_and_columns(current.detach(), steps)
    rows, (steps, batch) = len(series.current), series.shape[:2]
    spikes = np.empty((rows, steps, batch), np.uint8)
    series.run(scan, series.current, spikes, *series.constants(dynamics.alpha, dynamics.threshold))
    fired = spikes.reshape(rows, steps * batch)
    if few(fired):
        memory = currents_of_spikes(fired, weight.detach())
    else:
        memory = weight.detach() @ torch.from_numpy(fired).to(weight.dtype)
    return memory.view(-1, steps, batch).permute(1, 2, 0)


class _IntoSparse(torch.autograd.Function):
    """A sparse layer applied to spikes of one byte each."""

    @staticmethod
    def forward(
        ctx: Any,
        current: Tensor,
        values: Tensor,
        structure: Structure,
        dynamics: Dynamics,
        steps: int | None,
    ) -> Tensor:
        from netsci.spiking._scan_kernels import scan

        series = rows_and_columns(current.detach(), steps)
        rows, samples = series.current.shape[0], series.shape[0] * series.shape[1]
        spikes = np.empty((rows, *series.shape[:2]), np.uint8)
        series.run(scan, series.current, spikes, *series.constants(dynamics.alpha, dynamics.threshold))
        memory = current.new_empty((structure.n_out, *series.shape[:2]))
        out = memory.numpy().reshape(structure.n_out, samples)
        parts = series.parts(structure.n_out)
        gather(structure, values.detach(), spikes.reshape(rows, samples), out, parts)
        ctx.save_for_backward(current, values)
        ctx.structure, ctx.dynamics, ctx.steps = structure, dynamics, steps
        return memory.permute(1, 2, 0)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        current, values = ctx.saved_tensors
        of_current, of_values = _back(ctx, current, values, ctx.structure.by_input, gradients[0])
        return of_current, of_values, None, None, None


def _back(
    ctx: Any, current: Tensor, values: Tensor, links: tuple[Any, Any], of_out: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the gradients of the current and of the values, links in rows by input."""
    from netsci.spiking._fused_kernels import scan_back_from_links

    series = rows_and_columns(current.detach(), ctx.steps)
    flat = series.as_rows(of_out)
    of_values = torch.empty_like(values)
    of_current, view = series.empty_like_current()
    series.share_rows(
        scan_back_from_links,
        series.current,
        *links,
        values.detach().contiguous().numpy(),
        flat.reshape(len(flat), -1),
        of_values.numpy(),
        view,
        *series.back_constants(ctx.dynamics),
    )
    return of_current, of_values
