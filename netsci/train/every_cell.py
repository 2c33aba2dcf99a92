"""Hooks of methods whose dormant cells have a state: sparse layers hold all cells while an epoch trains.

    before the first batch   every layer gets all of its cells; those without a link weigh 0
    after the last batch     every layer keeps the cells that are alive

So tests, tables, checkpoints and networks see the links that are alive, and the gradient at a dormant cell is
the one that a dense layer would have. The moments of an optimizer, one number for each cell, stay as long as
all cells in between: nothing steps until the cells are back. A checkpoint holds them so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from netsci.models.wiring import full_links
from netsci.sparse import sparse_layers
from netsci.sparse.layer import SparseLayer
from netsci.topology.cells import links_of
from netsci.train.methods.base import Hooks, Step

if TYPE_CHECKING:
    from collections.abc import Iterable


class EveryCell(Hooks):
    """Give layers all of their cells before an epoch. A subclass calls `close` after it.

    net : the network. names : of the sparse layers that the method changes.
    """

    def __init__(self, net: nn.Module, names: Iterable[str]) -> None:
        held = sparse_layers(net)
        self.layers: dict[str, SparseLayer] = {name: held[name] for name in names}

    def before_batch(self, step: Step) -> None:
        """Open all cells before the first batch of an epoch."""
        if step.batch == 1:
            for layer in self.layers.values():
                if not layer.structure.full:
                    layer.rewire(full_links(layer.n_rows, layer.n_columns))

    def close(self, name: str, alive: NDArray[np.bool_]) -> None:
        """Keep the cells of a layer that are alive, bool [rows, columns]."""
        if not alive.all():
            self.layers[name].rewire(links_of(np.flatnonzero(alive), alive.shape))


class SignedWeights(EveryCell):
    """Step the weights of layers by a rule of the method's own, in place of the optimizer of the run.

    lr : rate of the steps; None for that of the optimizer, with its schedule. The optimizer, its weight decay
    and the clipping of gradients reach all other parameters, not these weights. A cell is alive if its weight
    is not 0. A subclass has `begin` and `move`.
    """

    def __init__(self, net: nn.Module, names: Iterable[str], lr: float | None) -> None:
        super().__init__(net, names)
        self.lr, self.steps = lr, 0
        self.held: dict[str, dict[str, Tensor]] = {}

    def begin(self, values: Tensor) -> dict[str, Tensor]:
        """Return what the method holds of a layer, tensors of its cells, from its first weights."""
        raise NotImplementedError

    def move(self, name: str, values: Tensor, gradient: Tensor, lr: float, step: Step) -> Tensor:
        """Return the weights of a layer after a step, and renew what is held of it."""
        raise NotImplementedError

    @torch.no_grad()
    def after_backward(self, step: Step) -> None:
        """Step the weights, and leave no gradient of theirs to the optimizer."""
        lr = float(step.optimizer.param_groups[0]["lr"]) if self.lr is None else self.lr
        for name, layer in self.layers.items():
            values, gradient = layer.values.detach(), layer.values.grad
            layer.values.grad = None
            if name not in self.held:
                self.held[name] = self.begin(values)
            if gradient is None:  # a layer that this batch did not reach
                gradient = torch.zeros_like(values)
            layer.values.copy_(self.move(name, values, gradient, lr, step))
        self.steps += 1

    def after_epoch(self, step: Step) -> list[dict[str, Any]]:
        """Keep the cells whose weight is not 0."""
        for name, layer in self.layers.items():
            alive = (layer.values.detach() != 0).cpu().numpy()
            self.close(name, alive.reshape(layer.n_rows, layer.n_columns))
        return []

    def state_dict(self) -> dict[str, Any]:
        """Return the number of steps, and what is held of the cells of each layer."""
        tensors = {f"{name}.{key}": held for name in self.held for key, held in self.held[name].items()}
        return {"steps": self.steps, **tensors}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self.steps, self.held = int(state["steps"]), {}
        for key, held in state.items():
            name, _, kind = key.rpartition(".")
            if name:
                device = self.layers[name].values.device
                self.held.setdefault(name, {})[kind] = held.to(device)
