"""Traces of spikes before and behind the layers of a network, as a batch passes through it.

    t <- .5 t + s at each of T steps,   c = t_T / T, summed over the places of a feature map

A layer belongs to the neurons that are called next: between them no other watched layer may be called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from netsci.models.parts import runs_over_time
from netsci.sparse import SparseConv2d
from netsci.sparse.layer import SparseLayer
from netsci.sparse.watch import precise

FADING = 0.5


def last_trace(x: Tensor, steps: int, batch: int) -> Tensor:
    """Return c [batch, units] of what a layer or neuron sent in T steps.

    x : [T, batch, units] or [T batch, units], of feature maps with [C, H, W] in place of units; or without
    T, if the same values come in every step.

    Examples
    --------
    >>> last_trace(torch.tensor([[[1.0]], [[0.0]], [[1.0]]]), 3, 1).item() == torch.tensor(1.25 / 3).item()
    True
    >>> last_trace(torch.tensor([[2.0]]), 2, 1).item()
    1.5
    """
    x = x.to(precise(x.dtype))
    if x.ndim in (2, 4) and len(x) == batch:
        trace = x * sum(FADING**k for k in range(steps))
    else:
        over_time = x if x.ndim in (3, 5) else x.reshape(steps, batch, *x.shape[1:])
        trace = torch.zeros_like(over_time[0])
        for now in over_time:
            trace = FADING * trace + now
    trace = trace / steps
    return trace.sum((-2, -1)) if trace.ndim == 4 else trace


class TraceWatch:
    """Keep the traces before and behind layers of the last forward pass.

    net : the network, with neurons over time. layers : sparse layers by name. Attach it before the pass and
    detach it afterwards: fused kernels are not used while it is attached.

    `found` has (before, behind), [batch, pre] and [batch, post], by layer. The pass raises ValueError if a
    layer has no neurons of its own.
    """

    def __init__(self, net: nn.Module, layers: Mapping[str, SparseLayer]) -> None:
        self.net, self.layers = net, layers
        self.found: dict[str, tuple[Tensor, Tensor]] = {}
        self._open: list[tuple[str, Tensor]] = []
        self._handles: list[Any] = []

    def attach(self) -> None:
        """Watch the next forward pass."""
        self.detach()
        self.found, self._open = {}, []
        names = {layer: name for name, layer in self.layers.items()}

        def begin(layer: Any, given: tuple[Any, ...]) -> None:
            name, x = names[layer], given[0].detach()
            fits = x.ndim in ((4,) if isinstance(layer, SparseConv2d) else (2, 3))
            if not fits or name in self.found or self._open:
                other = f", as has {self._open[0][0]}" if self._open else ""
                raise ValueError(
                    f"layer {name!r} must run once in a pass and have neurons of its own behind it{other}: "
                    "take a model such as mlp, conv2fc2, conv6fc2 or vgg16, or another method"
                )
            self._open.append((name, x))

        def end(neuron: Any, given: tuple[Any, ...], spikes: Tensor) -> None:
            if self._open:
                (name, x), (steps, batch) = self._open.pop(), spikes.shape[:2]
                traces = (last_trace(one, steps, batch) for one in (x, spikes.detach()))
                self.found[name] = next(traces), next(traces)

        self._handles = [layer.register_forward_pre_hook(begin) for layer in names]
        neurons = [one for one in self.net.modules() if runs_over_time(one)]
        self._handles += [neuron.register_forward_hook(end) for neuron in neurons]

    def detach(self) -> None:
        """Stop watching; `found` stays."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
