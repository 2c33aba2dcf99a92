"""All steps of a neuron at once, as one differentiable operation.

On the CPU, `LIF` and `IF` in float32 and float64 run in compiled loops; elsewhere the same recursion runs in
torch operations. Neither keeps a graph of every step. What is kept for the gradient is the current alone: the
membranes follow from it.

Currents of half precision (float16, bfloat16), as autocast makes them, are added up in float32: over many
steps a membrane of 8 bits loses what is small beside the threshold.
"""

from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from netsci.arguments import as_count
from netsci.spiking.layout import rows_and_columns
from netsci.spiking.surrogates import SURROGATES

FUSED: set[type[nn.Module]] = set()  # LIF and IF, which `netsci.spiking.neurons` puts here


class Dynamics(NamedTuple):
    """What the recursion needs to know of a neuron."""

    alpha: float
    threshold: float
    surrogate: str
    detach_reset: bool


def unroll(neuron: nn.Module, current: Tensor, *, steps: int | None = None) -> Tensor:
    """Return the spikes [T, batch, ...] of a neuron that starts at rest.

    neuron : a `LIF`, an `IF`, or a module with a method `step`. current : floating [T, batch, ...], T time
    steps, if steps is None; with steps it is [batch, ...], a constant current for T = steps, of which no
    copies are made. The spikes have the dtype of the current and its order in memory (also if
    `current.permute(2, 0, 1)` is contiguous). Membranes are at least float32. A current that is NaN never
    fires. Any module with a method `step(current, state) -> (spikes, state)` can be unrolled; `LIF` and `IF`
    have a fused loop.

    Raises
    ------
    TypeError, ValueError
        If the current is not floating or has no time axis or no step, or steps is not a whole number above 0.

    Examples
    --------
    >>> from netsci.spiking import LIF
    >>> unroll(LIF(alpha=0.5), torch.tensor([[0.75]]), steps=4).flatten().tolist()
    [0.0, 1.0, 0.0, 1.0]

    Source: S0 eq. 1.
    """
    steps = check_steps(current, steps)
    dynamics = dynamics_of(neuron)
    if dynamics is None:
        return _step_by_step(neuron, current, steps)
    function: Any = _Compiled if has_kernel(dynamics, current) else _Looped
    spikes: Tensor = function.apply(current, dynamics, steps)
    return spikes


def membranes(neuron: nn.Module, current: Tensor, *, steps: int | None = None) -> Tensor:
    """Return the membrane potentials before the reset, [T, batch, ...], without gradient.

    neuron : a `LIF` or an `IF`. current, steps : as in `unroll`. The neuron fires where the membrane reaches
    neuron.threshold. The dtype is that of the current, at least float32.

    Raises
    ------
    TypeError, ValueError
        If the neuron is not a LIF or IF, or the current or steps do not fit, see `unroll`.

    Examples
    --------
    >>> from netsci.spiking import LIF
    >>> membranes(LIF(alpha=0.5), torch.tensor([[0.75]]), steps=3).flatten().tolist()
    [0.75, 1.125, 0.75]

    Source: S0 eq. 1.
    """
    steps = check_steps(current, steps)
    dynamics = dynamics_of(neuron)
    if dynamics is None:
        raise TypeError(
            f"neuron must be a LIF or an IF, whose membrane is known; got {type(neuron).__name__}"
        )
    current = current.detach()
    if not has_kernel(dynamics, current):
        return torch.stack(list(_loop_membranes(dynamics, current, steps)))
    from netsci.spiking._scan_kernels import scan_membranes

    series = rows_and_columns(current, steps)
    found, view = series.empty_like()
    series.run(scan_membranes, series.current, view, *series.constants(dynamics.alpha, dynamics.threshold))
    return found


def dynamics_of(neuron: nn.Module) -> Dynamics | None:
    """Return what the fused recursion needs of a LIF or IF, or None if the neuron steps in its own way."""
    # A subclass may have another `step`: only the two whose equations are known here are fused.
    if type(neuron) not in FUSED:
        return None
    known = cast(Any, neuron)
    return Dynamics(known.alpha, known.threshold, known.surrogate, known.detach_reset)


def has_kernel(dynamics: Dynamics, current: Tensor) -> bool:
    """Return whether compiled loops know this kind of current and surrogate."""
    return (
        current.device.type == "cpu"
        and current.dtype in (torch.float32, torch.float64)
        and dynamics.surrogate in ("rect", "atan")
    )


class _Compiled(torch.autograd.Function):
    """The recursion in compiled loops."""

    @staticmethod
    def forward(ctx: Any, current: Tensor, dynamics: Dynamics, steps: int | None) -> Tensor:
        from netsci.spiking._scan_kernels import scan

        series = rows_and_columns(current.detach(), steps)
        spikes, view = series.empty_like()
        series.run(scan, series.current, view, *series.constants(dynamics.alpha, dynamics.threshold))
        ctx.save_for_backward(current)
        ctx.dynamics, ctx.steps = dynamics, steps
        return spikes

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        from netsci.spiking._scan_kernels import scan_back

        (current,) = ctx.saved_tensors
        series = rows_and_columns(current.detach(), ctx.steps)
        of_current, view = series.empty_like_current()
        of_spikes = series.as_rows(gradients[0])
        series.run(scan_back, series.current, of_spikes, view, *series.back_constants(ctx.dynamics))
        return of_current, None, None


class _Looped(torch.autograd.Function):
    """The recursion in torch operations, on any device and for any surrogate."""

    @staticmethod
    def forward(ctx: Any, current: Tensor, dynamics: Dynamics, steps: int | None) -> Tensor:
        ctx.save_for_backward(current)
        ctx.dynamics, ctx.steps = dynamics, steps
        series = _loop_membranes(dynamics, current, steps)
        return torch.stack([(v >= dynamics.threshold).to(current.dtype) for v in series])

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (current,) = ctx.saved_tensors
        dynamics: Dynamics = ctx.dynamics
        series = list(_loop_membranes(dynamics, current, ctx.steps))
        found: list[Tensor] = []
        later = torch.zeros_like(series[0])
        for v, of_spikes in zip(reversed(series), reversed(gradients[0].unbind(0)), strict=True):
            back = dynamics.alpha * later
            of_z = of_spikes if dynamics.detach_reset else of_spikes - v * back
            slope = SURROGATES[dynamics.surrogate](v - dynamics.threshold)
            later = of_z * slope + back.masked_fill(v >= dynamics.threshold, 0.0)
            if ctx.steps is None:
                found.append(later)
            else:
                found = [found[0] + later] if found else [later]
        of_current = torch.stack(found[::-1]) if ctx.steps is None else found[0]
        return of_current.to(current.dtype), None, None


def _loop_membranes(dynamics: Dynamics, current: Tensor, steps: int | None) -> Any:
    """Yield the membrane before the reset, step by step."""
    series = current.unbind(0) if steps is None else [current] * steps
    carry = torch.zeros_like(series[0], dtype=precise(current.dtype))
    for line in series:
        v = carry + line
        yield v
        carry = (dynamics.alpha * v).masked_fill(v >= dynamics.threshold, 0.0)


def precise(dtype: torch.dtype) -> torch.dtype:
    """Return the dtype of the membranes under currents of a dtype: float32 at least.

    Examples
    --------
    >>> precise(torch.bfloat16), precise(torch.float64)
    (torch.float32, torch.float64)
    """
    return torch.promote_types(dtype, torch.float32)


def _step_by_step(neuron: Any, current: Tensor, steps: int | None) -> Tensor:
    """Unroll any module by its own `step`."""
    if not callable(getattr(neuron, "step", None)):
        raise TypeError(f"neuron must have a method step(current, state); got {type(neuron).__name__}")
    state, spikes = None, []
    for line in current.unbind(0) if steps is None else [current] * steps:
        fired, state = neuron.step(line, state)
        spikes.append(fired)
    return torch.stack(spikes)


def check_steps(current: Tensor, steps: int | None) -> int | None:
    """Return steps as a whole number or None; refuse a current that cannot be unrolled."""
    if not isinstance(current, Tensor) or not current.is_floating_point():
        kind = current.dtype if isinstance(current, Tensor) else type(current).__name__
        raise TypeError(f"current must be a floating tensor; got {kind}")
    if steps is None:
        if current.ndim < 2 or current.shape[0] == 0:
            raise ValueError(
                f"current must be [T, batch, ...] with at least one step; got shape {tuple(current.shape)}. "
                "For a constant current [batch, ...] give steps"
            )
        return None
    if current.ndim < 1:
        raise ValueError("a constant current must be [batch, ...]; got a single number")
    return as_count(steps, "steps")
