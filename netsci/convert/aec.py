"""AEC: a neuron that says its value by the times of at most two spikes.

    theta_j(t) = theta_j exp(-k_j t + d_j)                          j = 1, 2 and t = 0 .. T
    primary       t1 = first t with u >= theta_1(t)                 s1 = theta_1(t1)
    compensation  t2 = max(first t with u - s1 >= theta_2(t), t1)   s2 = theta_2(t2)
    y = s1 + s2

u is the whole current of a unit, added up over the window before it. A spike that finds no t up to T does
not come; without a primary there is no compensation. T is a window: y at a shorter T is another code, not an
early answer. The largest value is theta_1(0) + theta_2(0), so activations are scaled to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from netsci.arguments import as_count, check_flag
from netsci.convert.value_checks import as_finite, check_values

NEVER = -1  # the time of a spike that does not come
# Data set that the authors start from -> theta, d, k of the primary and of the compensation.
STARTS: Mapping[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "cifar10": ((2.0, -0.9, 0.9), (1.0, -0.8, 1.0)),
    "cifar100": ((4.5, -1.05, 0.95), (2.0, -0.5, 1.0)),
}


@dataclass(frozen=True)
class SpikeTimes:
    """Times of the two spikes of each unit, int64 of the current's shape; NEVER (-1) where none comes."""

    primary: Tensor
    compensation: Tensor

    @property
    def counts(self) -> Tensor:
        """Spikes of each unit, int64: 0, 1 or 2."""
        return (self.primary != NEVER).long() + (self.compensation != NEVER).long()

    def at_each_time(self, window: int) -> Tensor:
        """Return how many spikes fall at each t = 0 .. window, int64 [window + 1]."""
        window = as_count(window, "window")
        times = torch.cat([self.primary.flatten(), self.compensation.flatten()])
        late = int(times.max()) if times.numel() else NEVER
        if late > window:
            raise ValueError(f"window must reach the last spike, which falls at {late}; got {window}")
        return torch.bincount(times[times != NEVER], minlength=window + 1)


class AEC(nn.Module):
    """Encode a current u into at most two spikes and decode them: y = s1 + s2 <= u, of the shape of u.

    Six parameters, theta1, d1, k1, theta2, d2, k2, train. A time is a step function of u and of them; its
    gradient is that of the real number (d - ln(u / theta)) / k which it rounds up (straight-through).

    Parameters
    ----------
    window : T, the last time; times run from 0 to T.
    start : a name in `STARTS`, or ((theta1, d1, k1), (theta2, d2, k2)) with theta and k above 0.
    compat : as released. The compensation then always comes if something is left, at T at the latest, even
        where its last threshold is above; and the smallest value of the whole tensor becomes 0, so that a
        unit's answer depends on the others of its batch.

    `scale`, a buffer, is 1 at first: forward(u) = decode(encode(scale u)) / scale, see `fit_scale`.

    Raises
    ------
    TypeError, ValueError
        If the window is no whole number above 0, the start unknown, or theta or k not above 0.

    Examples
    --------
    >>> code = AEC(8, ((1.0, 0.0, 0.5), (1.0, 0.0, 0.5)))
    >>> code.encode(torch.tensor([1.5, 1.0, -2.0])).counts.tolist()
    [2, 1, 0]

    Source: Chen et al. 2024; S2 eq. 7.
    """

    theta1: nn.Parameter
    d1: nn.Parameter
    k1: nn.Parameter
    theta2: nn.Parameter
    d2: nn.Parameter
    k2: nn.Parameter
    scale: Tensor

    def __init__(self, window: int, start: Any = "cifar10", *, compat: bool = False) -> None:
        super().__init__()
        self.window = as_count(window, "window")
        check_flag(compat, "compat")
        self.compat = bool(compat)
        for number, triple in enumerate(_read_start(start), start=1):
            for name, value in zip(("theta", "d", "k"), triple, strict=True):
                setattr(self, f"{name}{number}", nn.Parameter(torch.tensor(value)))
        self.register_buffer("scale", torch.tensor(1.0))

    @property
    def largest(self) -> float:
        """The largest value that two spikes can say: theta1 e^d1 + theta2 e^d2, in scaled units."""
        return float(sum(table[0] for table in self.thresholds()))

    def thresholds(self) -> tuple[Tensor, Tensor]:
        """Return theta_1(t) and theta_2(t) for t = 0 .. T, each [T + 1], falling."""
        times = torch.arange(self.window + 1, device=self.scale.device, dtype=self.theta1.dtype)
        with torch.no_grad():
            return _value(times, *self._triple(1)), _value(times, *self._triple(2))

    def fit_scale(self, activation: Tensor) -> None:
        """Set the scale so that the largest of these activations becomes the largest value.

        Raises
        ------
        TypeError, ValueError
            If the activation is empty, not finite, or nowhere above 0.
        """
        check_values(activation, "activation")
        top = float(activation.max())
        if top <= 0:
            raise ValueError(
                "activation must be above 0 somewhere, or there is nothing to scale; "
                f"its largest value is {top:g}: calibrate with data that activate this layer"
            )
        self.scale.fill_(self.largest / top)

    def encode(self, current: Tensor) -> SpikeTimes:
        """Return the times of the spikes of a current of any shape, in the units of the ANN.

        Raises
        ------
        TypeError, ValueError
            If the current is not floating, or not finite.
        """
        check_values(current, "current", empty=True)
        with torch.no_grad():
            return self._spikes(current * self.scale)[0]

    def decode(self, times: SpikeTimes) -> Tensor:
        """Return the values that these spikes say, in the units of the ANN, of the shape of the times."""
        total = torch.zeros_like(times.primary, dtype=self.theta1.dtype)
        for table, each in zip(self.thresholds(), (times.primary, times.compensation), strict=True):
            total = total + torch.where(each == NEVER, 0.0, table[each.clamp(0, self.window)])
        return total / self.scale

    def forward(self, current: Tensor) -> Tensor:
        """Return y of the shape and dtype of the current, with gradients; NaN stays NaN."""
        scaled = current * self.scale
        value = self._spikes(scaled)[1]
        if self.compat:
            value = _zero_smallest(value)
        return torch.where(current.isnan(), current, (value / self.scale).to(current.dtype))

    def extra_repr(self) -> str:
        """Return the parameters, for repr."""
        return f"window={self.window}, compat={self.compat}"

    def _triple(self, number: int) -> tuple[Tensor, Tensor, Tensor]:
        if number == 1:
            return self.theta1, self.d1, self.k1
        return self.theta2, self.d2, self.k2

    def _spikes(self, current: Tensor) -> tuple[SpikeTimes, Tensor]:
        """Return the times, and the values with their gradients."""
        first, first_real = self._find_time(current, 1)
        fires = first <= self.window
        primary = torch.where(fires, _value(first_real, *self._triple(1)), 0.0)
        left = current - primary
        second, second_real = self._find_time(left, 2)
        again = fires & (left > 0)
        if self.compat:
            second = second.clamp(max=self.window)
            second_real = torch.where(second_real > self.window, float(self.window), second_real)
        again = again & (second <= self.window)
        later = torch.maximum(second, first)
        # The gradient goes through the time of the primary where that one holds the compensation back.
        later_real = first_real + torch.relu(second_real - first_real)
        compensation = torch.where(again, _value(later_real, *self._triple(2)), 0.0)
        times = SpikeTimes(torch.where(fires, first, NEVER), torch.where(again, later, NEVER))
        return times, primary + compensation

    def _find_time(self, current: Tensor, number: int) -> tuple[Tensor, Tensor]:
        """Return the first time with current >= threshold, T + 1 if none: int64, and float with gradient."""
        triple = self._triple(number)
        theta, d, k = triple
        positive = current > 0
        # A current that never reaches a threshold takes part in no gradient, and ln needs a number above 0.
        real = (d - torch.log(torch.where(positive, current, 1.0) / theta)) / k
        if self.compat:
            found = real.detach().ceil().clamp(0, self.window + 1)
        else:
            # The table decides, not the rounded logarithm: a current on a threshold fires at its time.
            table = self.thresholds()[number - 1].flip(0)
            found = self.window + 1 - torch.bucketize(current.detach().contiguous(), table, right=True)
        found = torch.where(positive, found, self.window + 1)
        round_up: Any = _RoundUp
        # Above the first threshold no slope is left, as behind the ReLU of the printed time.
        real = torch.where(found > 0, real, real.detach())
        return found.long(), round_up.apply(real, found.to(real.dtype))


class _RoundUp(torch.autograd.Function):
    """A whole number in place of the real one, with the gradient of the real one."""

    @staticmethod
    def forward(ctx: Any, real: Tensor, whole: Tensor) -> Tensor:
        return whole.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0], None


def _value(time: Tensor, theta: Tensor, d: Tensor, k: Tensor) -> Tensor:
    """Return theta exp(-k t + d)."""
    return theta * torch.exp(-k * time + d)


def _zero_smallest(value: Tensor) -> Tensor:
    """Return the values as released: the smallest of the tensor stands for "no spike", whoever has it."""
    if not value.numel() or bool((value == 0).any()):
        return value  # a silent unit has the smallest already
    return torch.where(value == value.min(), 0.0, value)


def _read_start(start: Any) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Return ((theta1, d1, k1), (theta2, d2, k2)), or refuse them."""
    if isinstance(start, str):
        if start not in STARTS:
            raise ValueError(f"start must be one of {', '.join(STARTS)}, or two triples; got {start!r}")
        return STARTS[start]
    try:
        first, second = ([as_finite(value, "start") for value in triple] for triple in start)
        if len(first) != 3 or len(second) != 3:
            raise ValueError
    except ValueError as error:
        raise ValueError(
            f"start must be ((theta1, d1, k1), (theta2, d2, k2)), finite numbers; got {start!r}"
        ) from error
    for name, value in (("theta1", first[0]), ("k1", first[2]), ("theta2", second[0]), ("k2", second[2])):
        if value <= 0:
            raise ValueError(f"start must have {name} above 0, for thresholds that fall; got {value:g}")
    return (first[0], first[1], first[2]), (second[0], second[1], second[2])
