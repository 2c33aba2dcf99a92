"""Layers on numbers that change no more, images or counts: without gradient, units first in memory.

[images, in] -> [images, out], in memory [out, images], as compiled loops of neurons read them
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from netsci.sparse import SparseLinear
from netsci.sparse.threads import workers
from netsci.spiking.events import by_output, parts_of, split_parts
from netsci.spiking.layout import share
from netsci.spiking.plain import MOST_OUTPUTS, backend_of, is_plain

FEW = 0.4  # share of numbers that are not 0 up to which a dense layer adds up their weights


class Product:
    """A layer of a network that changes no more, without gradient.

    Linear layers in single or double precision on the CPU have ways of their own. Sums of a sparse layer are
    those of module(x) to the last bit, of a dense one up to rounding. Weights may be read once for all calls.

    Examples
    --------
    >>> layer = SparseLinear([[1, 0], [1, 1]])
    >>> x = torch.rand(5, 2)
    >>> bool((Product(layer)(x) == layer(x)).all()), Product(layer)(x).T.is_contiguous()
    (True, True)
    """

    def __init__(self, module: Any) -> None:
        self.module = module

    def __call__(self, x: Any) -> Any:
        """Return module(x)."""
        if not isinstance(x, Tensor) or x.ndim != 2 or not self._fits(x):
            return self.module(x)
        way = self._gather if isinstance(self.module, SparseLinear) else self._multiply
        return way(x.detach())

    def _fits(self, x: Tensor) -> bool:
        """Return whether the layer does with x what its class says, and has a way of its own here."""
        if self._takes != (x.shape[1], x.dtype) or not x.numel() or x.device.type != "cpu":
            return False
        if torch.is_autocast_enabled("cpu") or not is_plain(self.module):
            return False
        return type(self.module) is nn.Linear or backend_of(self.module, x) == "csr"

    @cached_property
    def _takes(self) -> tuple[int, torch.dtype] | None:
        """The inputs of a linear layer and their type, None for other modules."""
        if not isinstance(self.module, SparseLinear) and type(self.module) is not nn.Linear:
            return None
        kind = next(self.module.parameters()).dtype
        return (self.module.in_features, kind) if kind in (torch.float32, torch.float64) else None

    @cached_property
    def _links(self) -> tuple[NDArray[Any], ...]:
        return by_output(self.module)

    def _gather(self, x: Tensor) -> Tensor:
        from netsci.convert._still_kernels import gather

        out = x.new_empty((self.module.out_features, len(x)))
        arguments = (*self._links, x.contiguous().numpy(), out.numpy())
        share(gather, arguments, parts_of(self.module, len(x)))
        return out.T

    def _multiply(self, x: Tensor) -> Tensor:
        """Return the product with a dense layer: units first, by the numbers that are not 0, or as called."""
        bias = self.module.bias
        if self.module.out_features <= MOST_OUTPUTS and x.T.is_contiguous():
            weight = self.module.weight.detach()
            rows = weight @ x.T if bias is None else torch.addmm(bias.detach()[:, None], weight, x.T)
            return rows.T
        turned = self.module.out_features > MOST_OUTPUTS and x.is_contiguous()
        if turned and np.count_nonzero(x.numpy()) <= FEW * x.numel():
            return self._add_weights(x)
        called: Tensor = self.module(x)
        return called

    def _add_weights(self, x: Tensor) -> Tensor:
        from netsci.convert._still_kernels import add_weights, list_numbers

        table, offset = self._tiles
        out = x.new_empty((self.module.out_features, len(x)))
        which, ends = np.empty(x.shape, np.uint32), np.empty(len(x), np.uint32)
        list_numbers(x.numpy(), which, ends)
        parts = split_parts(len(x), max(1, min(workers(int(ends.sum()) * len(out)), len(x))))
        share(add_weights, (table, offset, x.numpy(), which, ends, out.numpy()), parts)
        return out.T

    @cached_property
    def _tiles(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Weights [tiles, inputs, outputs of a tile] and offsets [tiles, outputs of a tile], 0 behind."""
        from netsci.convert._still_kernels import OUTPUTS

        weight, bias = self.module.weight.detach(), self.module.bias
        tiles = -(-len(weight) // OUTPUTS)
        whole = weight.new_zeros((tiles * OUTPUTS, weight.shape[1] + 1))
        whole[: len(weight), :-1] = weight
        if bias is not None:
            whole[: len(weight), -1] = bias.detach()
        split = whole.reshape(tiles, OUTPUTS, -1)
        return split[:, :, :-1].transpose(1, 2).contiguous().numpy(), split[:, :, -1].contiguous().numpy()


def run_step(network: Any, place: int, values: Mapping[int, Any], batch: int) -> Any:
    """Return what a step of a network's program makes of earlier ones, its layers by `Product`."""
    step, product = network.program.steps[place], network.products.get(place)
    return step.run(values, batch) if product is None else product(values[step.inputs[0]])
