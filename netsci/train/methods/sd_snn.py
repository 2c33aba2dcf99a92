"""SD-SNN, structural development: weights have ranges, outputs of small ranges die, dead weights grow again.

`netsci.topology.development` has the rules. They act after every epoch, which it counts from 0: epoch e is
the row e + 1 of the table. No weight dies before e = 37. Convolutions and hidden linear layers develop. There
is no sparsity to ask for; the table of a run has the one that came out, and p as "pruning percentage".

Dead weights take part in the epoch and are set to 0 after it, so that growth sees what one epoch made of
them: the layers hold all cells while an epoch trains (`netsci.train.every_cell`).

Source: Han et al., 2025. Their recipe: PLIF (tau 2, threshold .5), T = 8, AdamW with lr 5e-3 batch / 1024,
    batch 50, weight decay .01, 5 epochs of warm-up, cosine to 1e-5, 600 epochs.
Reading: it reads no spikes, so that it also runs without them. A convolution takes D' of the layer that
    follows it among those that develop; if none does, p grows as in a linear layer.
Option: width, C of the pace (C - D) / 10 of a linear layer. None takes the number of its outputs; the
    released code has 512, the width of its 6Conv2FC, in every network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from netsci.arguments import as_count
from netsci.models.wiring import default_sparse
from netsci.sparse import SparseConv2d
from netsci.topology import development
from netsci.topology.development import Development
from netsci.train.every_cell import EveryCell
from netsci.train.methods.base import Draw, Hooks, Rows, Step, Steps
from netsci.train.methods.whole import Whole
from netsci.train.structure import layer_row


class SdSnn(Whole):
    """Develop the structure by ranges of weights."""

    begins: ClassVar[Mapping[str, int]] = {"linear": 38, "conv": 38}

    def __init__(self, topology: Any, *, width: int | None = None, **options: Any) -> None:
        self.width = None if width is None else as_count(width, "width")
        super().__init__(topology, **options)

    def start(self, net: nn.Module, steps: Steps, rng: Draw) -> Hooks:
        """Return the hooks that develop layers after each epoch."""
        return Developing(net, dict(self.resolved(net, default_sparse(net)).sparsity), self.width)


class Developing(EveryCell):
    """The state of development of each layer. width : see the module."""

    def __init__(self, net: nn.Module, names: Any, width: int | None = None) -> None:
        super().__init__(net, names)
        self.width = width
        self.states: dict[str, Development] = {}

    def kind(self, name: str) -> str:
        """Return "conv" or "linear"."""
        return "conv" if isinstance(self.layers[name], SparseConv2d) else "linear"

    def kernel(self, name: str) -> int:
        """Return the number of rows of a kernel of a layer."""
        return int(getattr(self.layers[name], "rows_per_unit", 1))

    @torch.no_grad()
    def after_epoch(self, step: Step) -> Rows:
        """Renew ranges, clip, grow and prune; keep the live cells."""
        epoch, weights = step.epoch - 1, {}
        for name, layer in self.layers.items():
            given = layer.values.detach().cpu().numpy().reshape(layer.n_rows, layer.n_columns)
            if epoch == 0:
                kernel, kind = self.kernel(name), self.kind(name)
                self.states[name] = development.begin(given, kernel=kernel, kind=kind)
            else:
                self.states[name] = development.renew_ranges(self.states[name], given)
            late = epoch > development.THRESHOLD
            weights[name] = development.clip(self.states[name], given) if late else given
        if epoch >= development.BEGIN:
            self._grow_and_prune(epoch, weights)
        for name, layer in self.layers.items():
            layer.values.copy_(torch.from_numpy(weights[name].ravel()).to(layer.values))
            self.close(name, self.states[name].alive)
        return [
            layer_row(name, "pruning percentage", state.percent, "%") for name, state in self.states.items()
        ]

    def _grow_and_prune(self, epoch: int, weights: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Let dead weights of all layers grow first, then let outputs die, layer by layer."""
        for name, state in self.states.items():
            percentile = development.percentile_at(epoch, self.kind(name))
            self.states[name] = development.grow(state, weights[name], percentile)
        names = list(self.states)
        for name, following in zip(names, [*names[1:], None], strict=True):
            state = development.die(self.states[name])
            after = None if following is None or self.kind(name) == "linear" else self.states[following]
            percent = development.raise_percent(state, epoch, after, self.width)
            self.states[name] = replace(state, percent=percent)

    def state_dict(self) -> dict[str, Any]:
        """Return all arrays and percentages, by layer."""
        tensors = {
            f"{name}.{key}": torch.from_numpy(np.ascontiguousarray(getattr(state, key)))
            for name, state in self.states.items()
            for key in Development.names()
        }
        return {"percent": {name: state.percent for name, state in self.states.items()}, **tensors}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self.states = {
            name: Development(
                **{key: state[f"{name}.{key}"].cpu().numpy() for key in Development.names()},
                percent=float(percent),
            )
            for name, percent in state["percent"].items()
        }
