"""Sparse linear layers that read one input and whose outputs stand side by side."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from netsci.arguments import shorten
from netsci.sparse.linear import SparseLinear


class SideBySide(nn.Module):
    """In place of one linear layer, such as the qkv of attention: a sparse layer for each part of its output.

        y = [x W_q + b_q | x W_k + b_k | x W_v + b_v]

    So that each part is a projection of its own, with its own number of links.

    parts : {name: SparseLinear}, in the order of the outputs, all with as many inputs.

    Raises ValueError if there is no part, or their inputs differ.

    Examples
    --------
    >>> layer = SideBySide({"q": SparseLinear([[1, 0]]), "k": SparseLinear([[0, 0, 1]])})
    >>> layer.in_features, layer.out_features, layer(torch.zeros(4, 1)).shape
    (1, 5, torch.Size([4, 5]))
    """

    def __init__(self, parts: Mapping[str, SparseLinear]) -> None:
        super().__init__()
        if not isinstance(parts, Mapping) or not all(
            isinstance(part, SparseLinear) for part in parts.values()
        ):
            raise TypeError(f"parts must be {{name: SparseLinear}}; got {shorten(parts)}")
        inputs = {name: part.in_features for name, part in parts.items()}
        if len(set(inputs.values())) != 1:
            raise ValueError(f"parts must be sparse layers with as many inputs each; got {inputs}")
        for name, part in parts.items():
            self.add_module(name, part)
        self.names = tuple(parts)

    @property
    def parts(self) -> list[SparseLinear]:
        """The layers, in the order of their outputs."""
        return [self.get_submodule(name) for name in self.names]  # type: ignore[misc]

    @property
    def in_features(self) -> int:
        """Number of inputs."""
        return self.parts[0].in_features

    @property
    def out_features(self) -> int:
        """Number of outputs of all parts."""
        return sum(part.out_features for part in self.parts)

    @property
    def weight(self) -> Tensor:
        """The dense weights [out, in] as in nn.Linear, detached; for inspection."""
        return torch.cat([part.weight for part in self.parts])

    @property
    def bias(self) -> Tensor | None:
        """The biases [out] of all parts, detached; None if they have none."""
        biases = [part.bias for part in self.parts if part.bias is not None]
        return torch.cat([bias.detach() for bias in biases]) if biases else None

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs [..., out] of x [..., in]."""
        # Sparse layers leave features first in memory: so their outputs are put together without a transpose.
        outputs = [part(x).movedim(-1, 0) for part in self.parts]
        return torch.cat(outputs).movedim(0, -1)
