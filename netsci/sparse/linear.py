"""A linear layer that holds weights at existing links only."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from netsci.sparse.backends import sparse_matmul
from netsci.sparse.layer import SparseLayer


class SparseLinear(SparseLayer):
    """Apply y = x W + b, W zero but at the links, of which alone there are parameters.

    Parameters
    ----------
    links : [in, out], presynaptic rows: a scipy sparse matrix (a link where stored) or an array (where
        nonzero). The number of links may change later; the shape may not.
    bias : whether there is one.
    backend : "auto", "csr" (compiled loops, CPU), "torch_sparse" or "masked" (a dense product); the results
        agree, but for NaN and infinite inputs, which a dense product spreads to all outputs. "auto" takes
        compiled loops on the CPU up to the density of `netsci.sparse.backends.crossover`. Past it, and
        on a GPU for at most DENSE_ON_GPU weights, it saves time but no memory: every step allocates a dense
        weight [in, out] and its gradient beside the values (8192 x 8192 at density .3: 1.84 times what a step
        of nn.Linear allocates). Set "csr" or "torch_sparse" where memory counts.
    dtype : of the parameters.
    generator : torch.Generator that draws the initial values. Without one they are drawn from torch's global
        state, as those of nn.Linear are: then torch.manual_seed decides them, and each layer moves that
        state on. Give a generator, or set the values, where a run must not depend on what ran before.

    `values` [n_links] stand in the order of `links`: by presynaptic, then by postsynaptic neuron.
    x [..., in] of the parameters' dtype gives [..., out] of the same; memory laid out as [in, ...] is read
    without a copy, and the output's is [out, ...]. Under autocast x may be of any floating dtype, and the
    output is still of that of the parameters.

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
        """Say shape, links and density."""
        return (
            f"{self.n_rows}, {self.n_columns}, {self.n_links} links, density {self.density:.4g}, "
            f"bias={self.bias is not None}, backend={self.backend!r}"
        )
