"""A linear layer that stores weights for existing links only."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from netsci.sparse.backends import sparse_matmul
from netsci.sparse.layer import SparseLayer


class SparseLinear(SparseLayer):
    """Apply y = x W + b. W is 0 except at the links, and only these have parameters.

    Parameters
    ----------
    links : [in, out], rows presynaptic: a scipy sparse matrix (every stored entry is a link) or an array
        (every nonzero entry is one). The number of links may change later, the shape may not.
    bias : whether the layer has one.
    backend : "auto", "csr" (compiled loops, CPU), "torch_sparse" or "masked" (a dense product). The results
        agree, except for NaN and infinite inputs, which a dense product spreads to all outputs. "auto" takes
        compiled loops on the CPU up to the density of `netsci.sparse.backends.crossover`. Above it, and on a
        GPU up to DENSE_ON_GPU weights, it takes the dense product. That saves time but no memory: every step
        allocates a dense weight [in, out] and its gradient (8192 x 8192 at density .3: 1.84 times as much
        as a step of nn.Linear). Set "csr" or "torch_sparse" to save memory.
    dtype : of the parameters.
    generator : torch.Generator that draws the first values. None takes torch's global state, as nn.Linear
        does. Give a generator, or set the values, if a run must not depend on what ran before.

    `values` [n_links] are in the order of `links`: by presynaptic, then by postsynaptic neuron. x [..., in]
    gives [..., out], both of the parameters' dtype. Memory in the order [in, ...] is read without a copy; the
    output has the order [out, ...]. Under autocast x may have any floating dtype; the output has that of the
    parameters.

    Raises
    ------
    TypeError, ValueError
        If links is no finite numeric matrix, or backend or dtype is unknown.

    Examples
    --------
    >>> layer = SparseLinear([[1, 0, 1], [0, 1, 0]], bias=False)
    >>> layer.values.data = torch.tensor([2.0, 3.0, 5.0])
    >>> layer(torch.tensor([[1.0, 10.0]])).tolist(), layer.n_links, layer.density
    ([[2.0, 50.0, 3.0]], 3, 0.5)
    """

    def __init__(
        self,
        links: Any,
        *,
        bias: bool = True,
        backend: str = "auto",
        dtype: torch.dtype = torch.float32,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(links, bias=bias, backend=backend, dtype=dtype, generator=generator)

    @property
    def in_features(self) -> int:
        """Number of inputs."""
        return self.n_rows

    @property
    def out_features(self) -> int:
        """Number of outputs."""
        return self.n_columns

    def forward(self, x: Tensor) -> Tensor:
        """Return x [..., in] W + b, of shape [..., out]."""
        return sparse_matmul(self.values, self.structure, x, self.bias, backend=self.backend)

    def extra_repr(self) -> str:
        """Return shape, links and density as text."""
        return (
            f"{self.n_rows}, {self.n_columns}, {self.n_links} links, density {self.density:.4g}, "
            f"bias={self.bias is not None}, backend={self.backend!r}"
        )
