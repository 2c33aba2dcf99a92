"""The mean of a dense gradient over several batches, kept as inputs and output gradients of these batches.

A dense gradient has as many numbers as a layer has cells, and is never stored beside the step. Each batch is
kept as the pair (x, g) of which the gradient x^T g is formed later, in blocks of rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import nn

from netsci.sparse import TorchView
from netsci.sparse.watch import Call
from netsci.topology import LayerView


class GradientMean:
    """Keep the calls of layers in the batches before an evolution.

    batches : how many batches the mean is over, the one of the evolution included; 1 keeps nothing.

    Examples
    --------
    >>> GradientMean(1).state_dict()
    {}
    """

    def __init__(self, batches: int) -> None:
        self.batches = batches
        self._held: list[dict[str, tuple[Call, ...]]] = []

    def add(self, views: Mapping[str, LayerView]) -> None:
        """Keep what the views know of this batch."""
        self._held.append(
            {name: view.calls for name, view in views.items() if isinstance(view, TorchView) and view.calls}
        )
        self._held = self._held[1 - self.batches :]

    def take(self, views: Mapping[str, LayerView]) -> Mapping[str, LayerView]:
        """Return the views with the mean over the batches that were kept and this one, and forget them."""
        if not self._held:
            return views
        share = 1.0 / (len(self._held) + 1)
        found: dict[str, LayerView] = {}
        for name, view in views.items():
            if not isinstance(view, TorchView):
                raise TypeError(f"a mean of gradients needs views of torch layers; got {type(view).__name__}")
            calls = [call for batch in self._held for call in batch.get(name, ())] + list(view.calls)
            found[name] = replace(
                view, calls=tuple(replace(call, gradient=call.gradient * share) for call in calls)
            )
        self._held = []
        return found

    def state_dict(self) -> dict[str, Any]:
        """Return the tensors of the calls by number, and which layer and batch they belong to."""
        if not self._held:
            return {}
        state: dict[str, Any] = {"held": []}
        for batch, layers in enumerate(self._held):
            for name, calls in layers.items():
                for call in calls:
                    number = len(state["held"])
                    state["held"].append([batch, name, call.samples])
                    for part in ("input", "gradient", "activity"):
                        if getattr(call, part) is not None:
                            state[f"held.{number}.{part}"] = getattr(call, part)
        return state

    def load_state_dict(self, state: Mapping[str, Any], net: nn.Module) -> None:
        """Restore what `state_dict` returned, on the device of the network."""
        self._held = []
        device = next(net.parameters()).device
        for number, (batch, name, samples) in enumerate(state.get("held", [])):
            while len(self._held) <= batch:
                self._held.append({})
            x, gradient, activity = (
                None if tensor is None else tensor.to(device)
                for tensor in (state.get(f"held.{number}.{p}") for p in ("input", "gradient", "activity"))
            )
            version = 0 if x is None else x._version
            call = Call(x, version, gradient, activity, samples)  # type: ignore[arg-type]
            self._held[batch][name] = (*self._held[batch].get(name, ()), call)
