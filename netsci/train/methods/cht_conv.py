"""CHT-Conv: CHTss on convolutions, each seen as a bipartite graph in one of three ways.

By itself the method makes convolutions 20 -> 78 % sparse, with a sigmoid whose k = 1 counts epochs, and
linear layers 99 % from the start; the classifier stays dense. Convolutions score by CH3-L3n, linear layers by
CH2-L3n. `unfolding` says what the graph of a convolution is (`netsci.topology.unfolding`): "im2col" (channels
at kernel places; the default), "lattice" (channels at pixels) or "channel".

Source: S1 appendix B-C. The method has no public code; the unfoldings are our readings.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from torch import nn

from netsci.sparse import layer_shapes
from netsci.train.choices import SETTINGS
from netsci.train.methods.ch import CannistraciHebb

if TYPE_CHECKING:
    from netsci.train.parts import Topology


class ChtConv(CannistraciHebb):
    """Evolve convolutions and linear layers, with a sparsity for each kind."""

    def resolved(self, net: nn.Module, usual: Collection[str]) -> Topology:
        """Return the topology with the sparsity of each layer.

        Raises ValueError if no convolution would be sparse.
        """
        shapes, own = layer_shapes(net), SETTINGS["cht_conv"]["sparsity"]
        kinds = {shape.kind for shape in list(shapes.values())[:-1]}
        if "conv" not in kinds:
            raise ValueError(
                "method 'cht_conv' needs convolutions, and this network has none: take method 'chtss' or "
                "'chts', or a model such as conv6fc2, vgg16 or resnet18"
            )
        before = self.topology
        if before.sparsity == own:  # its own pairs name kinds that a network may lack
            self.topology = before.replace(sparsity=tuple(pair for pair in own if pair[0] in kinds))
        try:
            topology = super().resolved(net, usual)
        finally:
            self.topology = before
        if not any(shapes[name].kind == "conv" for name, _ in topology.sparsity):
            raise ValueError(
                f"method 'cht_conv' needs sparse convolutions, and sparsity {before.sparsity!r} makes none "
                "sparse here: set sparsity={'conv': 0.78, 'linear': 0.99}, or take method 'chtss'"
            )
        return topology
