"""Methods that begin with all cells of convolutions and hidden linear layers, and remove what they choose.

They take no sparsity: it comes out. The output layer stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from torch import nn

from netsci.models.wiring import full_links
from netsci.sparse import layer_shapes
from netsci.train.methods.base import Method

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse as sp

    from netsci.train.inputs import Inputs
    from netsci.train.parts import Topology


class Whole(Method):
    """Begin with all cells. A subclass has a `start`."""

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

    def first_links(
        self,
        shapes: Mapping[str, tuple[int, int]],
        inputs: Inputs,
        rng: Callable[[int], np.random.Generator],
    ) -> dict[str, sp.csr_array]:
        """Return all cells of every layer."""
        return {name: full_links(*shape) for name, shape in shapes.items()}
