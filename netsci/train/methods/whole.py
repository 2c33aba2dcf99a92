"""Methods that begin with all cells of the layers that they change, and remove what they choose.

`Whole` takes no sparsity: it comes out, of convolutions and hidden linear layers. The output layer stays as
it is.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, ClassVar

from torch import nn

from netsci.models.wiring import full_links
from netsci.sparse import layer_shapes
from netsci.train.methods.base import Method
from netsci.train.methods.first_links import DrawLayer, Links, Shapes

if TYPE_CHECKING:
    from netsci.train.inputs import Inputs
    from netsci.train.parts import Topology


class AllCells(Method):
    """Begin with all cells of every sparse layer. A subclass has a `start`."""

    def first_links(self, shapes: Shapes, inputs: Inputs, rng: DrawLayer) -> Links:
        """Return all cells of every layer."""
        return {name: full_links(*shape) for name, shape in shapes.items()}


class Whole(AllCells):
    """Begin with all cells of all layers but the last one, and take no sparsity."""

    reads: ClassVar[Collection[str] | None] = ()

    def resolved(self, net: nn.Module, usual: Collection[str]) -> Topology:
        """Return the topology with sparsity 0 for every convolution and for the layers in `usual`."""
        shapes = layer_shapes(net)
        output = list(shapes)[-1] if shapes else ""
        chosen: dict[str, Any] = {
            name: 0.0
            for name, shape in shapes.items()
            if name != output and (shape.kind == "conv" or name in usual)
        }
        return self.topology.replace(sparsity=tuple(chosen.items()))
