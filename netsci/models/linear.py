"""Linear layers of perceptrons: dense ones with features first in memory, chains, and their normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from netsci.arguments import as_whole, check_iterable
from netsci.graph.checks import as_links
from netsci.sparse import SparseLinear


class FeatureMajorLinear(nn.Linear):
    """`torch.nn.Linear` whose output [..., out] has the memory order [out, ...].

    Neurons and sparse layers use this order, so nothing is
    transposed between layers. Parameters, their names and the results are those of `torch.nn.Linear`.

    Examples
    --------
    >>> import torch
    >>> FeatureMajorLinear(3, 2)(torch.ones(5, 4, 3)).permute(2, 0, 1).is_contiguous()
    True
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return input @ weight.T + bias, of shape [..., out].

        Raises ValueError unless input is [..., in].
        """
        if input.ndim == 0 or input.shape[-1] != self.in_features:
            raise ValueError(
                f"x must be [..., {self.in_features}], inputs last; its shape is {list(input.shape)}"
            )
        if input.ndim < 2:
            return super().forward(input)
        rows = input.movedim(-1, 0)
        out = self.weight @ rows.reshape(self.in_features, rows[0].numel())
        if self.bias is not None:
            out = out + self.bias[:, None]
        return out.reshape(self.out_features, *rows.shape[1:]).movedim(0, -1)


def normalise(norm: nn.Module, x: Tensor) -> Tensor:
    """Return x [..., features] normalised over all but its last axis, in the memory order that x has."""
    flat = x.flatten(0, -2)
    if flat.stride(0) == 1 and flat.stride(1) != 1:
        # Features first in memory, as sparse kernels leave them: one sequence a feature, no copy.
        out: Tensor = norm(flat.T.unsqueeze(0)).squeeze(0).T
    else:
        out = norm(flat)
    return out.view(x.shape)


def make_layers(widths: Sequence[int], links: Sequence[Any] | None, bias: bool) -> list[nn.Module]:
    """Return the layers between populations of these widths."""
    check_iterable(widths, "widths", "a list with the width of each population")
    sizes = [as_whole(width, "an entry of widths") for width in widths]
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(
            f"widths must have at least an input and an output, each above 0; got {list(widths)!r}"
        )
    if links is None:
        links = [None] * (len(sizes) - 1)
    check_iterable(links, "links", "None or a list with one entry per layer, a matrix or None")
    if len(links) != len(sizes) - 1:
        raise ValueError(f"links must have one entry per layer, {len(sizes) - 1}; got {len(links)}")
    layers: list[nn.Module] = []
    for rows, columns, matrix in zip(sizes[:-1], sizes[1:], links, strict=True):
        if matrix is None:
            layers.append(FeatureMajorLinear(rows, columns, bias=bias))
            continue
        matrix = as_links(matrix, f"links of the layer {rows} -> {columns}")
        if matrix.shape != (rows, columns):
            raise ValueError(
                f"links of the layer {rows} -> {columns} must be [{rows}, {columns}], rows presynaptic; "
                f"got {matrix.shape}. Transpose torch weights"
            )
        layers.append(SparseLinear(matrix, bias=bias))
    return layers
