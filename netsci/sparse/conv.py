"""A convolution that stores weights for existing links only."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from netsci.graph.checks import as_whole
from netsci.sparse.backends import COMPILED, dense_weight, sparse_matmul, undo_autocast
from netsci.sparse.layer import SparseLayer
from netsci.sparse.shifting import Window, convolve

CROSSOVER = 0.2  # density up to which compiled loops are the faster ones, both ways, were there no copies
COPY = 15  # links of an input or output channel that cost as much as copying it to the grid and back
AT_ONCE = 2**22  # largest number of window entries in memory at a time
Rng = torch.Generator | None


class SparseConv2d(SparseLayer):
    """Convolve with kernels of side k that are 0 except at the links.

    Parameters
    ----------
    links : matrix [in_channels * k * k, out_channels], rows presynaptic; row = channel * k * k + place in the
        kernel, row by row: torch's weight [out, in, k, k] reshaped to [out, in * k * k], transposed.
    kernel_size, stride, padding : whole numbers, the same in both directions; kernel_size is k.
    bias, backend, dtype, generator : as in `SparseLinear`; see there for `values`.

    On the CPU "auto" takes compiled loops where n_links + 15 (in_channels + out_channels) is at most a fifth
    of the cells (`is_few`); otherwise torch convolves with the masked kernels. (Measured for 3 x 3 kernels,
    64 samples, one thread, forward and backward, ms: 64 -> 64 channels of 8 x 8, masked 8, at 1 % 4.6, 5 % 6,
    10 % 7.5; 128 -> 128 of 8 x 8, masked 30, 11, 18, 20; 256 -> 256 of 8 x 8, masked 115, 34, 60, 84, 20 %
    135; 16 -> 16 of 16 x 16, masked 3.2, 3.4, 4.8, 4.7.) The loops read windows where they are
    (`netsci.sparse.shifting`). "torch_sparse" copies windows side by side, k * k times the memory of the
    input, for some samples at a time, and makes them again for the gradient.

    x [batch, in_channels, height, width] of the parameters' dtype gives [batch, out_channels, ...]; under
    autocast x may be of any floating dtype, and masked kernels are applied in the dtype of autocast.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, or the number of rows of links is no multiple of k * k.

    Examples
    --------
    >>> layer = SparseConv2d([[0], [0], [0], [1]], 2)
    >>> layer.values.data = torch.tensor([3.0])
    >>> layer(torch.tensor([[[[1.0, 2.0], [4.0, 5.0]]]])).tolist()
    [[[[15.0]]]]
    """

    def __init__(
        self,
        links: Any,
        kernel_size: int,
        *,
        stride: int = 1,
        padding: int = 0,
        bias: bool = False,
        backend: str = "auto",
        dtype: torch.dtype = torch.float32,
        generator: Rng = None,
    ) -> None:
        self._check(kernel_size, stride, padding)
        super().__init__(links, bias=bias, backend=backend, dtype=dtype, generator=generator)
        self.kernel_size, self.stride, self.padding = int(kernel_size), int(stride), int(padding)
        if self.n_rows % self.rows_per_unit:
            raise ValueError(
                f"links must have a multiple of kernel_size^2 = {self.rows_per_unit} rows, input channels x "
                f"kernel places; got {self.n_rows}"
            )

    @staticmethod
    def _check(kernel_size: Any, stride: Any, padding: Any) -> None:
        for name, value, least in (
            ("kernel_size", kernel_size, 1),
            ("stride", stride, 1),
            ("padding", padding, 0),
        ):
            if as_whole(value, name) < least:
                raise ValueError(f"{name} must be at least {least}; got {value!r}")

    @property
    def rows_per_unit(self) -> int:
        """Rows of `links` that each input channel owns: k k."""
        return self.kernel_size**2

    @property
    def in_channels(self) -> int:
        """Number of input channels."""
        return self.n_rows // self.rows_per_unit

    @property
    def out_channels(self) -> int:
        """Number of output channels."""
        return self.n_columns

    @property
    def weight(self) -> Tensor:
        """The dense kernels [out, in, k, k] as in nn.Conv2d, detached; for inspection."""
        return self._kernels(self.values.detach())

    def _kernels(self, values: Tensor) -> Tensor:
        k = self.kernel_size
        return dense_weight(values, self.structure).T.reshape(self.n_columns, -1, k, k)

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution of x [batch, in_channels, height, width]."""
        if x.ndim != 4 or x.shape[1] != self.in_channels:
            raise ValueError(
                f"x must be [batch, {self.in_channels}, height, width]; its shape is {list(x.shape)}"
            )
        x = undo_autocast(x, self.values.dtype)
        if x.dtype != self.values.dtype:
            raise TypeError(
                f"x is {x.dtype}, the weights are {self.values.dtype}: convert one, such as "
                f"x.to({self.values.dtype})"
            )
        backend = self.backend
        if backend == "auto":
            few = is_few(self.n_links, self.in_channels, self.n_columns, self.kernel_size)
            backend = "csr" if few and x.device.type == "cpu" and x.dtype in COMPILED else "masked"
        window = Window(self.kernel_size, self.stride, self.padding)
        check_window(x, window)
        if backend == "csr":
            return convolve(self.values, self.structure, x, self.bias, window)
        if backend == "masked":
            out = dense_convolution(x, self._kernels(self.values), self.bias, self.stride, self.padding)
            return out.to(self.values.dtype)
        samples = max(1, AT_ONCE * self.stride**2 // max(1, self.n_rows * math.prod(x.shape[2:])))
        if len(x) <= samples:
            return self._over_windows(x, backend)
        parts = []
        for part in torch.split(x, samples):
            if torch.is_grad_enabled():  # windows are not kept for the gradient but made again
                parts.append(checkpoint(self._over_windows, part, backend, use_reentrant=False))
            else:
                parts.append(self._over_windows(part, backend))
        return torch.cat(parts)

    def _over_windows(self, x: Tensor, backend: str) -> Tensor:
        windows = unfold(x, self.kernel_size, self.stride, self.padding)
        y = sparse_matmul(self.values, self.structure, windows, self.bias, backend=backend)
        return y.movedim(-1, 1)

    def extra_repr(self) -> str:
        """Return channels, kernel, links and density as text."""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}, {self.n_links} links, density {self.density:.4g}, "
            f"bias={self.bias is not None}, backend={self.backend!r}"
        )


def dense_convolution(x: Tensor, kernels: Tensor, bias: Tensor | None, stride: int, padding: int) -> Tensor:
    """Return functional.conv2d(x, kernels, bias, stride, padding), with a gradient that is safe.

    x is [batch, in, height, width], or has no batch; kernels are [out, in, k, k]. Where k is 1, pixels
    between strides are left out first: oneDNN's gradient of a strided 1 x 1 convolution writes beyond its
    memory on processors without AVX-512 where channels lie side by side and are fewer than 8 (oneDNN, issue
    6035; torch 2.13).

    Examples
    --------
    >>> x = torch.arange(9.0).view(1, 1, 3, 3)
    >>> dense_convolution(x, torch.full((1, 1, 1, 1), 2.0), None, 2, 0).tolist()
    [[[[0.0, 4.0], [12.0, 16.0]]]]
    """
    if stride > 1 and not padding and kernels.shape[2:] == (1, 1):
        x, stride = x[..., ::stride, ::stride], 1
    return functional.conv2d(x, kernels, bias, stride, padding)


class StridedPixels(nn.Conv2d):
    """A convolution with kernels of one pixel, a stride and no padding, as in shortcuts of residual networks.

    It computes what nn.Conv2d computes, with the gradient of `dense_convolution`. `dense_form` chooses it.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return [batch, out, height/stride, width/stride] of x [batch, in, height, width]."""
        return dense_convolution(x, self.weight, self.bias, self.stride[0], 0)


def dense_form(kernel_size: int, stride: int, padding: int) -> type[nn.Conv2d]:
    """Return the class of a dense convolution whose gradient is safe.

    Examples
    --------
    >>> dense_form(1, 2, 0).__name__, dense_form(3, 2, 1).__name__
    ('StridedPixels', 'Conv2d')
    """
    return StridedPixels if kernel_size == 1 and stride > 1 and not padding else nn.Conv2d


def is_few(n_links: int, in_channels: int, out_channels: int, kernel_size: int) -> bool:
    """Return whether compiled loops are about as fast as a dense convolution, or faster.

        n_links + COPY (in_channels + out_channels) <= CROSSOVER cells

    Examples
    --------
    >>> is_few(3000, 64, 64, 3), is_few(100, 16, 16, 3)
    (True, False)
    """
    cells = kernel_size**2 * in_channels * out_channels
    return n_links + COPY * (in_channels + out_channels) <= CROSSOVER * cells


def unfold(x: Tensor, kernel_size: int, stride: int, padding: int) -> Tensor:
    """Return the windows of x [batch, channels, height, width] as [batch, rows, columns, channel k k].

    The memory is [channel k k, batch, rows, columns], as the compiled loops read it.

    Examples
    --------
    >>> unfold(torch.arange(6.0).view(1, 1, 2, 3), 2, 1, 0).tolist()
    [[[[0.0, 1.0, 3.0, 4.0], [1.0, 2.0, 4.0, 5.0]]]]
    """
    windows: Tensor = _Windows.apply(x, kernel_size, stride, padding)  # type: ignore[no-untyped-call]
    return windows.flatten(0, 2).movedim(0, -1)


def check_window(x: Tensor, window: Window) -> None:
    """Raise ValueError if the kernel is larger than the padded input x [..., height, width].

    Examples
    --------
    >>> check_window(torch.ones(1, 1, 2, 4), Window(3, 1, 1))
    """
    least = min(x.shape[2:]) + 2 * window.padding
    if least < window.size:
        raise ValueError(
            f"kernel_size must be at most {least}, the size of the padded input; got {window.size}"
        )


class _Windows(torch.autograd.Function):
    """Copy windows to [channel, k, k, batch, rows, columns]; backward adds k k shifted copies in place."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel_size: int, stride: int, padding: int) -> Tensor:
        ctx.shape, ctx.arguments = x.shape, (kernel_size, stride, padding)
        padded = functional.pad(x, (padding,) * 4) if padding else x
        windows = padded.unfold(2, kernel_size, stride).unfold(3, kernel_size, stride)
        return windows.permute(1, 4, 5, 0, 2, 3).contiguous()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        (batch, channels, height, width), (k, stride, padding) = ctx.shape, ctx.arguments
        dx = g.new_zeros(channels, batch, height + 2 * padding, width + 2 * padding)
        down, across = stride * (g.shape[4] - 1) + 1, stride * (g.shape[5] - 1) + 1
        for i, j in product(range(k), repeat=2):
            dx[:, :, i : i + down : stride, j : j + across : stride] += g[:, i, j]
        inner = dx[:, :, padding : padding + height, padding : padding + width]
        return inner.transpose(0, 1), None, None, None
