"""DPAP, developmental plasticity: spikes decide which units and synapses survive; what dies is gone for good.

`netsci.topology.plasticity` has the rules. Traces of every training batch of all epochs are summed. After
every epoch from e = 5 on (counted from 0: the row e + 1 of the table) units of convolutions and of hidden
linear layers, and the synapses of the latter, survive or die. A unit that dies loses the links that lead to
it. Nothing can die before e = 11 (linear) or 25 (convolutions), so that a shorter run removes nothing. There
is no sparsity to ask for; the table of a run has the one that came out.

theta is kept by place in the batch and needs equal batches: a last batch that is smaller trains the weights,
and is left out of all traces. What is dead has no state, so that links are removed from the layers
themselves, and weights and moments of the others stay with them.

Source: Han et al., 2025. Their recipe: that of `sd_snn.py`, 300 epochs.
Reading: what dies goes at once, not an epoch later as released; inputs are counted as read, behind pooling.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import nn

from netsci.models.parts import runs_over_time
from netsci.models.wiring import default_sparse
from netsci.sparse import SparseConv2d, sparse_layers
from netsci.sparse.rewiring import rewire_layers
from netsci.topology import plasticity
from netsci.train.activity_sums import ActivitySums
from netsci.train.methods.base import Draw, Hooks, Rows, Step, Steps
from netsci.train.methods.whole import Whole
from netsci.train.spike_traces import TraceWatch

if TYPE_CHECKING:
    import scipy.sparse as sp

    from netsci.train.parts import Topology


class Dpap(Whole):
    """Prune units and synapses by traces of spikes."""

    begins: ClassVar[Mapping[str, int]] = {"linear": 12, "conv": 26}

    def resolved(self, net: nn.Module, usual: Collection[str]) -> Topology:
        """Return the topology of all cells. Raises ValueError if no neuron runs over time."""
        if not any(runs_over_time(one) for one in net.modules()):
            raise ValueError(
                "method 'dpap' reads spikes over time, and this network has none: set spiking=True (of a "
                "model that can, such as mlp, conv2fc2 or conv6fc2), or take method 'sd_snn' or 'gmp'"
            )
        return super().resolved(net, usual)

    def start(self, net: nn.Module, steps: Steps, rng: Draw) -> Hooks:
        """Return the hooks that watch spikes and prune."""
        return Survival(net, dict(self.resolved(net, default_sparse(net)).sparsity))


class Survival(Hooks):
    """The activity of each layer, and how far its units and synapses are from death."""

    def __init__(self, net: nn.Module, names: Collection[str]) -> None:
        held = sparse_layers(net)
        self.layers = {name: held[name] for name in names}
        self.watch = TraceWatch(net, self.layers)
        self.sums = ActivitySums()
        self.survival: dict[str, Any] = {}

    def before_batch(self, step: Step) -> None:
        """Watch the batch."""
        self.watch.attach()

    def after_backward(self, step: Step) -> None:
        """Add the traces of the batch, if it is as large as the first one."""
        self.watch.detach()
        if lacking := sorted(set(self.layers) - set(self.watch.found)):
            raise ValueError(f"method 'dpap' saw no spikes of {', '.join(lacking)}: set learner='gradient'")
        for name, traces in self.watch.found.items():
            self.sums.add(name, *traces)

    def after_epoch(self, step: Step) -> Rows:
        """Remove the links of units and synapses that do not survive."""
        if step.epoch - 1 < plasticity.BEGIN:
            return []
        left = {name: self._alive(name, step.epoch - 1) for name in self.layers}
        fewer = {name: links for name, links in left.items() if links.nnz < self.layers[name].n_links}
        rewire_layers({name: self.layers[name] for name in fewer}, fewer, step.optimizer)
        return []

    def _alive(self, name: str, epoch: int) -> sp.csr_array:
        """Return the links of a layer that survive an epoch."""
        layer, activity = self.layers[name], self.sums.arrays(name)
        kind = "conv" if isinstance(layer, SparseConv2d) else "linear"
        cells = {"units": plasticity.dendrite(activity)}
        if kind == "linear":
            cells["synapses"] = activity.bcm
        for part, x in cells.items():
            now = self.survival.get(f"{name}.{part}", np.full(x.shape, plasticity.FIRST_SURVIVAL))
            self.survival[f"{name}.{part}"] = plasticity.survive(now, x, kind, epoch)
        return plasticity.surviving(layer.links, *(self.survival[f"{name}.{part}"] for part in cells))

    def state_dict(self) -> dict[str, Any]:
        """Return activity and survival of each layer."""
        return self.sums.state_dict() | {key: torch.tensor(held) for key, held in self.survival.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self.sums.load_state_dict(state, {name: layer.values.device for name, layer in self.layers.items()})
        parts = [f"{name}.{part}" for name in self.layers for part in ("units", "synapses")]
        self.survival = {key: state[key].cpu().numpy() for key in parts if key in state}
