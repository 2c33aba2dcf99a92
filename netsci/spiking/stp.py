"""Sparse target propagation (S-TP): learning from a few steps of each sample, and only from errors.

This is our reconstruction. S0 names the parts (random target windows, no update without an error, more than
90 % fewer spikes in learning) and gives no equations for them. Per sample, with window w <= T:

    t0 ~ U{0, ..., T - w}                                  the target window is t0 <= t < t0 + w
    e[t] = z_out[t] - one_hot(label), in {-1, 0, 1}        nothing is learnt at a step where all e are 0
    delta_out[t] = e[t]
    delta_l[t] = (delta_{l+1}[t] W_{l+1}^T) 1[|v_l[t] - theta| < theta]       or a random B instead of W^T
    trace_l[t] = alpha trace_l[t-1] + z_l[t]                trace_l[-1] = 0
    gradient of W_l = 1/B sum over samples, and over the steps of their windows, of trace_{l-1}[t] delta_l[t]

W_l is [in, out] and z_0 the input; alpha and theta are those of the neurons that receive. Nothing is
propagated back through time: each step's error reaches the weights through what the traces hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from netsci.arguments import as_whole
from netsci.graph.checks import check_generator
from netsci.spiking.events import as_bytes, layer_on_spikes
from netsci.spiking.neurons import LIF
from netsci.spiking.stp_windows import Windows
from netsci.spiking.unroll import membranes

Feedback = str | Sequence[Tensor]


@dataclass(frozen=True)
class StpStep:
    """The result of a step of S-TP (sparse target propagation); gradients are in the parameters' .grad.

    A window is the time steps, of the T of a sample, from which it learns. An output is wrong at a step if
    any output neuron differs from the target: only that of the label fires.

    loss : sum over samples of the mean of (output - target)^2 over window and classes; it has no gradient.
    errors : window steps with a wrong output, over all samples. steps : all their window steps.
    correct : samples whose label fired most over all T steps; of equal classes the first one counts.
    spikes_used : input and hidden spikes at the window steps with a wrong output. spikes_total : those at all
        T steps. An input value of n events counts n.
    """

    loss: Tensor
    errors: int
    steps: int
    correct: int
    spikes_used: int
    spikes_total: int


def stp_gradients(
    model: nn.Module,
    x: Tensor,
    labels: Tensor,
    *,
    rng: np.random.Generator,
    window: int = 4,
    feedback: Feedback = "weights",
) -> StpStep:
    """Add the gradient of S-TP (sparse target propagation) to the parameters' .grad; return an `StpStep`.

    Parameters
    ----------
    model : a spiking network in layers, such as `netsci.models.mlp(...)` with readout "rate": `layers`, and a
        `LIF` or `IF` in `neurons` after each. Sparse layers get gradients at their links alone.
    x : spikes [T, batch, in], finite, of the parameters' dtype.
    labels : classes int64 [batch].
    rng : draws the windows.
    window : steps w, from 1 to T.
    feedback : what carries errors back: "weights", the layers' own, or a matrix [out, in] for each layer but
        the first, see `random_feedback`.

    W -= lr W.grad descends, as torch's optimizers do. The gradient is a sum over window steps and a mean over
    samples.

    Raises
    ------
    TypeError, ValueError
        If the model is not of this kind or shapes, dtypes or ranges do not fit.

    Examples
    --------
    >>> from netsci.models import mlp
    >>> model, x = mlp([3, 2]), torch.ones(6, 4, 3)
    >>> step = stp_gradients(model, x, torch.zeros(4, dtype=torch.int64), rng=np.random.default_rng(7))
    >>> step.steps, step.spikes_total, model.layers[0].weight.grad.shape
    (16, 72, torch.Size([2, 3]))

    Reading: reconstruction from S0's text, see the module.
    """
    check_generator(rng)
    layers, neurons = _parts(model)
    _check(x, labels, window)
    _check_inputs(x, layers[0])
    classes = layers[-1].out_features
    if labels.numel() and int(labels.max()) >= classes:
        raise ValueError(f"labels must lie below {classes}, the model's outputs; got {int(labels.max())}")
    first = rng.integers(0, x.shape[0] - window + 1, x.shape[1])
    places = Windows.of(first, window, x.device)
    with torch.no_grad():
        run = _forward(layers, neurons, x, places)
        target = nn.functional.one_hot(labels, run.output.shape[2]).to(x.dtype)
        error = places.of_series(run.output) - target
    _descend(layers, neurons, run, error, _matrices(feedback, layers))
    return _count_errors(run, error, labels)


def random_feedback(model: nn.Module, *, rng: np.random.Generator) -> tuple[Tensor, ...]:
    """Return a random matrix [out, in] for each layer but the first, the fixed feedback of `stp_gradients`.

    model : as in `stp_gradients`. Entries are normal with variance 1 / out. They have the device and dtype of
    their layer.

    Examples
    --------
    >>> from netsci.models import mlp
    >>> [tuple(b.shape) for b in random_feedback(mlp([4, 3, 2]), rng=np.random.default_rng(7))]
    [(2, 3)]
    """
    check_generator(rng)
    matrices = []
    for layer in _parts(model)[0][1:]:
        parameter = next(layer.parameters())
        shape = (layer.out_features, layer.in_features)
        drawn = rng.normal(scale=shape[0] ** -0.5, size=shape)
        matrices.append(torch.as_tensor(drawn, dtype=parameter.dtype, device=parameter.device))
    return tuple(matrices)


@dataclass(frozen=True)
class _Run:
    """What a forward pass leaves for learning: per layer the window's input, its trace, the membranes."""

    spikes: list[Tensor]
    traces: list[Tensor]
    membranes: list[Tensor]
    output: Tensor
    total: float


def _forward(layers: list[Any], neurons: list[LIF], x: Tensor, places: Windows) -> _Run:
    spikes, traces, potentials = [], [], []
    total = 0.0
    for layer, neuron in zip(layers, neurons, strict=True):
        x = _neurons_outermost(x)
        spikes.append(places.of_series(x))
        traces.append(places.of_trace(x, neuron.alpha))
        fired = as_bytes(x)
        if fired is None:
            # A GPU's, or numbers of events. A neuron's sum is a whole number that float32 holds.
            total += float(x.permute(2, 0, 1).flatten(1).sum(1).double().sum())
            if not math.isfinite(total):
                raise ValueError("x holds NaN or infinite values, which are not spikes; replace them first")
        else:
            total += np.count_nonzero(fired)
        v = membranes(neuron, layer(x) if fired is None else layer_on_spikes(layer, x, fired))
        potentials.append(places.of_series(v))
        x = torch.ge(v, neuron.threshold, out=v)
    return _Run(spikes, traces, potentials, x, total)


def _count_errors(run: _Run, error: Tensor, labels: Tensor) -> StpStep:
    """Return what the step saw."""
    learnt = (error != 0).any(-1)
    return StpStep(
        loss=error.square().mean((0, 2)).sum(),
        errors=int(learnt.sum()),
        steps=learnt.numel(),
        correct=int((run.output.mean(0).argmax(1) == labels).sum()),
        spikes_used=int(sum((spikes.sum(-1) * learnt).sum() for spikes in run.spikes)),
        spikes_total=int(run.total),
    )


def _descend(
    layers: list[Any], neurons: list[LIF], run: _Run, error: Tensor, feedback: list[Tensor | None]
) -> None:
    """Add every layer's gradient, from the last to the first.

    The layer itself knows what its values and its input receive from delta: it is applied to the traces, of
    which it is a linear function, and asked for its own gradients.
    """
    delta = error / error.shape[1]
    for i in range(len(layers) - 1, -1, -1):
        trace = run.traces[i].requires_grad_(i > 0 and feedback[i] is None)
        wanted = [p for p in layers[i].parameters() if p.requires_grad]
        inputs = [*wanted, trace] if trace.requires_grad else wanted
        if inputs:
            with torch.enable_grad():
                out = layers[i](trace)
            found = torch.autograd.grad(out, inputs, delta)
            for parameter, gradient in zip(wanted, found, strict=False):
                parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        if i == 0:
            return
        matrix = feedback[i]
        back = found[-1] if matrix is None else delta @ matrix
        theta = neurons[i - 1].threshold
        delta = back * ((run.membranes[i - 1] - theta).abs() < theta)


def _neurons_outermost(series: Tensor) -> Tensor:
    """Return a series [T, batch, n] whose memory is [n, T, batch]."""
    return series.permute(2, 0, 1).contiguous().permute(1, 2, 0)


def _parts(model: nn.Module) -> tuple[list[Any], list[LIF]]:
    """Return the layers and the neurons after each."""
    layers, neurons = (list(getattr(model, name, ())) for name in ("layers", "neurons"))
    if getattr(model, "norms", None) is not None:
        raise ValueError(
            "model must have no normalisation between its layers for S-TP: build it with norm=None"
        )
    if not layers or len(layers) != len(neurons) or not all(isinstance(n, LIF) for n in neurons):
        raise TypeError(
            "model must be a spiking network with as many `neurons` (LIF or IF) as `layers`, the output's "
            f"included: netsci.models.mlp(..., readout='rate'); got {type(model).__name__}"
        )
    return layers, neurons


def _check(x: Tensor, labels: Tensor, window: int) -> None:
    for value, name in ((x, "x"), (labels, "labels")):
        if not isinstance(value, Tensor):
            raise TypeError(f"{name} must be a torch tensor; got {type(value).__name__}")
    if x.ndim != 3 or not x.is_floating_point():
        raise ValueError(
            f"x must be floating spikes [T, batch, in]; got {x.dtype} of shape {tuple(x.shape)}. "
            "Rate-code images first: netsci.spiking.rate"
        )
    if labels.shape != x.shape[1:2] or labels.dtype != torch.int64:
        raise ValueError(
            f"labels must be int64 [{x.shape[1]}], one for each sample; got {labels.dtype} "
            f"{list(labels.shape)}"
        )
    if labels.numel() and int(labels.min()) < 0:
        raise ValueError(f"labels must be classes from 0; got {int(labels.min())}")
    if not 1 <= as_whole(window, "window") <= x.shape[0]:
        raise ValueError(f"window must be a number of steps from 1 to T = {x.shape[0]}; got {window!r}")


def _check_inputs(x: Tensor, layer: Any) -> None:
    """Raise ValueError or TypeError unless a layer can take x; autocast sees to dtypes where it is on."""
    if x.shape[2] != layer.in_features:
        raise ValueError(
            f"x must be [T, batch, {layer.in_features}], the model's inputs last; got {list(x.shape)}"
        )
    dtype = next(layer.parameters()).dtype
    if x.dtype != dtype and not torch.is_autocast_enabled(x.device.type):
        raise TypeError(f"x is {x.dtype}, the weights are {dtype}: convert one, such as x.to({dtype})")


def _matrices(feedback: Feedback, layers: list[Any]) -> list[Tensor | None]:
    """Return the matrix that carries errors back through each layer, None for its own weights."""
    if isinstance(feedback, str):
        if feedback != "weights":
            raise ValueError(
                f"feedback must be 'weights' or matrices, such as random_feedback(model, rng=...); "
                f"got {feedback!r}"
            )
        return [None] * len(layers)
    matrices: list[Any] = list(feedback) if isinstance(feedback, Sequence) else [feedback]
    if not all(isinstance(matrix, Tensor) for matrix in matrices):
        raise TypeError("feedback must be 'weights' or a sequence of tensors, as random_feedback makes it")
    shapes = [(layer.out_features, layer.in_features) for layer in layers[1:]]
    if [tuple(matrix.shape) for matrix in matrices] != shapes:
        raise ValueError(
            f"feedback must hold a matrix [out, in] for each layer but the first, {shapes}; "
            f"got {[tuple(matrix.shape) for matrix in matrices]}"
        )
    return [None, *matrices]
