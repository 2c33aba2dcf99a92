"""Weights scaled so that every layer fires at a chosen rate on given data.

S0's initial weights (SSWI) take their variance from a linearisation of the neuron, and leave out the
threshold in the first layer. `calibrate` keeps their distribution and sets each layer's scale on data.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from netsci.arguments import check_instance
from netsci.graph.checks import check_fraction, check_number
from netsci.spiking.neurons import LIF
from netsci.spiking.unroll import unroll

if TYPE_CHECKING:
    import pandas as pd

_DOUBLINGS = 20  # factors from 2^-20 to 2^20 are tried
_HALVINGS = 40


@dataclass(frozen=True)
class _Row:
    layer: str
    neuron: str
    factor: float
    rate_before: float
    rate: float
    status: str


@dataclass
class _Pair:
    """A neuron, the layer that last ran before it, and the current that reached it."""

    layer_name: str
    layer: nn.Module
    neuron_name: str
    neuron: LIF
    current: Tensor
    steps: int | None


def calibrate(model: nn.Module, x: Tensor, *, rate: float, tolerance: float = 0.02) -> "pd.DataFrame":
    """Scale each layer's weights and bias in turn by one factor, so that its neurons fire at a rate on x.

    Parameters
    ----------
    model : spiking network whose neurons are `LIF` or `IF`. A layer is paired with the neurons that run next
        after it; the current is taken to be proportional to the layer's parameters.
        The mode (training or evaluation) and the buffers do not change. A normalisation after a layer
        cancels its factor: such a layer is "nearest".
    x : input of the model as its forward takes it, such as spikes [T, batch, in], at least one sample.
    rate : target in (0, 1), spikes per neuron and step, the mean over neurons, samples and steps.
    tolerance : relative distance from the target that counts as reached.

    Returns
    -------
    DataFrame with a row per layer: layer, neuron (their names), factor, rate_before (with the layers before
    it already scaled), rate (afterwards, measured), status: "reached"; "nearest" if no factor comes within
    the tolerance, as with few samples or where something between layer and neurons undoes the factor;
    "silent" if no current is positive, so that no factor makes it fire; "saturated" if even the largest
    factor fires too little. Silent and saturated layers keep their weights, factor 1.

    Raises
    ------
    TypeError, ValueError
        If rate or tolerance is out of range, x is not a tensor or is empty, or the model has no such pair.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(2, 1, bias=False), LIF(alpha=0.0))
    >>> _ = nn.init.constant_(model[0].weight, 0.1)
    >>> table = calibrate(model, torch.linspace(0, 1, 100).reshape(10, 5, 2), rate=0.5)
    >>> table.status.tolist(), model(torch.full((1, 1, 2), 0.52)).item()
    (['reached'], 1.0)

    Source: S0 eq. 3, in its data-calibrated form.
    """
    import pandas as pd

    check_fraction(rate, "rate")
    if not 0 < rate < 1:
        raise ValueError(f"rate must lie between 0 and 1, neither included; got {rate!r}")
    check_number(tolerance, "tolerance")
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance must lie between 0 and 1, neither included; got {tolerance!r}")
    check_instance(model, nn.Module, "model", "a torch module")
    if not isinstance(x, Tensor):
        raise TypeError(f"x must be a torch tensor, the input of the model; got {type(x).__name__}")
    if not x.numel():  # nothing fires or stays silent: every rate would be NaN
        raise ValueError(f"x must hold at least one sample; its shape is {list(x.shape)}")
    rows = []
    with torch.no_grad(), _keep_buffers(model):
        count = len(_pairs(model, x, None))
        if not count:
            raise TypeError(
                "model must have a LIF or IF that runs after a layer with weights; it has none: call it on "
                "a spiking network, such as netsci.models.mlp(widths)"
            )
        for i in range(count):
            (pair,) = _pairs(model, x, i)
            rows.append(_scale_layer(model, x, pair, i, rate, tolerance))
    return pd.DataFrame([asdict(row) for row in rows])


@contextmanager
def _keep_buffers(model: nn.Module) -> Iterator[None]:
    """Put back what running the model changes beside its parameters: the statistics of normalisations."""
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    try:
        yield
    finally:
        now = dict(model.named_buffers())
        for name, kept in before.items():
            if name in now and now[name].shape == kept.shape:
                now[name].copy_(kept)


def _scale_layer(model: nn.Module, x: Tensor, pair: _Pair, i: int, rate: float, tolerance: float) -> _Row:
    """Scale one layer; measure its rate before and after."""

    def rate_at(factor: float) -> float:
        return float(unroll(pair.neuron, factor * pair.current, steps=pair.steps).mean())

    before = rate_at(1.0)
    factor, status = _search(rate_at, before, rate, tolerance)
    if status in ("silent", "saturated"):
        status = "saturated" if bool((pair.current > 0).any()) else "silent"
        return _Row(pair.layer_name, pair.neuron_name, 1.0, before, before, status)
    for parameter in pair.layer.parameters(recurse=False):
        parameter.mul_(factor)
    (after,) = _pairs(model, x, i)
    reached = float(unroll(after.neuron, after.current, steps=after.steps).mean())
    if abs(reached - rate) > tolerance * rate:
        status = "nearest"
    return _Row(pair.layer_name, pair.neuron_name, factor, before, reached, status)


def _search(
    rate_at: Callable[[float], float], before: float, rate: float, tolerance: float
) -> tuple[float, str]:
    """Return the factor whose rate is nearest to the target among those tried, by doubling and halving."""
    tried = {1.0: before}
    step = 2.0 if before < rate else 0.5
    low = high = 1.0
    for _ in range(_DOUBLINGS):
        if (before < rate) != (tried[high if step > 1 else low] < rate):
            break
        if step > 1:
            low, high = high, 2.0 * high
            tried[high] = rate_at(high)
        else:
            low, high = 0.5 * low, low
            tried[low] = rate_at(low)
    if tried[high] < rate:
        return 1.0, "saturated"
    for _ in range(_HALVINGS):
        nearest = min(tried, key=lambda factor: abs(tried[factor] - rate))
        if abs(tried[nearest] - rate) <= 0.1 * tolerance * rate:
            break
        middle = (low * high) ** 0.5
        tried[middle] = rate_at(middle)
        low, high = (middle, high) if tried[middle] < rate else (low, middle)
    return min(tried, key=lambda factor: abs(tried[factor] - rate)), "reached"


def _pairs(model: nn.Module, x: Tensor, only: int | None) -> list[_Pair]:
    """Run the model and return its pairs of layer and neurons in order, all or only one."""
    found: list[_Pair] = []
    last: list[tuple[str, nn.Module]] = []

    def saw_layer(name: str) -> Callable[..., None]:
        return lambda module, *_: last.append((name, module))

    def saw_neuron(name: str) -> Callable[..., None]:
        def hook(module: Any, arguments: Any, keywords: Any, output: Any) -> None:
            if last:
                layer_name, layer = last.pop()
                last.clear()
                steps = keywords.get("steps", arguments[1] if len(arguments) > 1 else None)
                found.append(_Pair(layer_name, layer, name, module, arguments[0], steps))

        return hook

    with _attach_hooks(model, saw_layer, saw_neuron):
        model(x)
    return found if only is None else found[only : only + 1]


@contextmanager
def _attach_hooks(model: nn.Module, saw_layer: Any, saw_neuron: Any) -> Iterator[None]:
    """Hang hooks on layers with weights and on neurons, and take them off again."""
    handles = []
    for name, module in model.named_modules():
        if isinstance(module, LIF):
            handles.append(module.register_forward_hook(saw_neuron(name), with_kwargs=True))
        elif hasattr(module, "values") or getattr(getattr(module, "weight", None), "ndim", 0) > 1:
            handles.append(module.register_forward_hook(saw_layer(name)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
