"""Leaky and perfect integrate-and-fire neurons.

    v[t] = (1 - z[t-1]) alpha v[t-1] + I[t]        v[-1] = z[-1] = 0
    z[t] = 1 if v[t] >= theta, else 0

A tie fires, and a neuron that has fired starts again at 0. v is the membrane before the reset. `step` is one
step of these equations in plain torch operations; `unroll` runs all steps at once.
"""

import math
from numbers import Real

from torch import Tensor, nn

from netsci.spiking.surrogates import SURROGATES, fire
from netsci.spiking.unroll import FUSED, precise, unroll

State = tuple[Tensor, Tensor]


class LIF(nn.Module):
    """Leaky integrate-and-fire neurons; a module without parameters.

    v[t] = alpha v[t-1] (1 - z[t-1]) + current[t],  z[t] = 1 if v[t] >= threshold, else 0; at rest at first.
    It maps currents [T, batch, ...] to spikes z of the same shape; v is the membrane potential.

    Parameters
    ----------
    alpha : share of the membrane potential that stays after a step, in [0, 1].
    threshold : membrane potential from which a neuron fires, above 0.
    surrogate : name in `SURROGATES` of the derivative that replaces the derivative of the spike.
    detach_reset : True if the gradient shall ignore the reset: it then takes (1 - z[t-1]) as a constant.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not a number or lies outside its range, or the surrogate is unknown.

    Examples
    --------
    >>> import torch
    >>> LIF(alpha=0.5)(torch.tensor([0.75, 0.75, 0.75]).reshape(3, 1, 1)).flatten().tolist()
    [0.0, 1.0, 0.0]

    Source: S0 eq. 1.
    """

    acts_by_unit = True  # for netsci.sparse.layered_graph; a subclass may do otherwise

    def __init__(
        self,
        alpha: float = 0.5,
        threshold: float = 1.0,
        surrogate: str = "atan",
        detach_reset: bool = False,
    ) -> None:
        super().__init__()
        self.alpha = _number(alpha, "alpha")
        self.threshold = _number(threshold, "threshold")
        if not 0 <= self.alpha <= 1:
            raise ValueError(
                f"alpha must lie in [0, 1], the share of the membrane that stays after a step; got {alpha!r}"
            )
        if not self.threshold > 0:
            raise ValueError(f"threshold must be above 0 (a reset sets the membrane to 0); got {threshold!r}")
        SURROGATES.check(surrogate, "surrogate")
        if not isinstance(detach_reset, bool):
            raise TypeError(f"detach_reset must be True or False; got {detach_reset!r}")
        self.surrogate = surrogate
        self.detach_reset = detach_reset

    def step(self, current: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return (spikes, state) after one step; state is (membrane before the reset, spikes), None at rest.

        current and spikes have the same shape [batch, ...] and dtype; the membrane is at least float32.

        Examples
        --------
        >>> import torch
        >>> neuron, current = LIF(alpha=0.5), torch.tensor([[0.75]])
        >>> spikes, state = neuron.step(current)
        >>> neuron.step(current, state)[0].item()
        1.0

        Source: S0 eq. 1.
        """
        membrane = current.to(precise(current.dtype))
        if state is not None:
            before, spikes = state
            if self.detach_reset:
                spikes = spikes.detach()
            membrane = (1.0 - spikes) * (self.alpha * before) + membrane
        spikes = fire(membrane - self.threshold, self.surrogate).to(current.dtype)
        return spikes, (membrane, spikes)

    def forward(self, current: Tensor, steps: int | None = None) -> Tensor:
        """Return unroll(self, current, steps=steps): the spikes [T, batch, ...], of the current's dtype."""
        return unroll(self, current, steps=steps)

    def extra_repr(self) -> str:
        """Return the parameters, for repr."""
        return (
            f"alpha={self.alpha:g}, threshold={self.threshold:g}, surrogate={self.surrogate!r}, "
            f"detach_reset={self.detach_reset}"
        )


class IF(LIF):
    """Integrate-and-fire neurons without a leak: `LIF` with alpha = 1.

    threshold, surrogate, detach_reset : as in `LIF`.

    Examples
    --------
    >>> import torch
    >>> IF()(torch.full((4, 1, 1), 0.5)).flatten().tolist()
    [0.0, 1.0, 0.0, 1.0]
    """

    acts_by_unit = True

    def __init__(self, threshold: float = 1.0, surrogate: str = "atan", detach_reset: bool = False) -> None:
        super().__init__(1.0, threshold, surrogate, detach_reset)


FUSED.update((LIF, IF))


def _number(value: float, name: str) -> float:
    """Return value as a finite float, or refuse it."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number; got {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite; got {value!r}")
    return float(value)
