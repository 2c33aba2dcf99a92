"""Convolve with compiled loops that read the windows where they are: no window is copied.

    y[o, t] = b[o] + sum over the links (c, i, j) -> o of w x[c, t + shift(i, j)]

Images stand one after another on a grid that is wide enough for their padding, and t runs over its places. A
step of the kernel is then a constant step in memory, the same for every place. Rows of zeros between images,
and columns between rows, are padding on both of their sides. With a stride s the padded image is taken apart
into s x s planes, one for each remainder, on which the step is constant again. What comes out at places of
the grid where no window begins is dropped, and the gradient there is 0.

A link costs a product for each place of the grid, both ways as in a sparse layer, whatever the number of
output channels. (Windows side by side cost k k copies of the input before the first product.)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from netsci.sparse.structure import Structure
from netsci.sparse.tiles import run_in_tiles

TILES = (128, 64, 32)  # places that a kernel treats at a time


class Window(NamedTuple):
    """The side of a kernel, its step, and the zeros on each side of the image."""

    size: int
    stride: int
    padding: int


class Grid:
    """Where images [batch, channels, height, width] stand in memory, and where windows of them begin."""

    def __init__(self, shape: torch.Size, window: Window) -> None:
        self.batch, self.channels, self.height, self.width = shape
        self.window = window
        k, s, p = window
        self.out = tuple((side + 2 * p - k) // s + 1 for side in (self.height, self.width))
        if s == 1:  # padding is shared by neighbours
            self.rows, self.columns = (
                max(side + p, out) for side, out in zip((self.height, self.width), self.out, strict=True)
            )
        else:
            self.rows, self.columns = (out + (k - 1) // s for out in self.out)
        self.planes = min(s, k)  # along each side of the kernel
        self.used = self.batch * self.rows * self.columns
        self.places = -(-self.used // TILES[-1]) * TILES[-1]
        self.first = p * (self.columns + 1) if s == 1 else 0  # place of the first pixel
        overhang = (k - 1) // s * (self.columns + 1)
        self.length = max(self.first + self.used, self.places + overhang)

    @cached_property
    def starts(self) -> NDArray[np.uint64]:
        """The place of the first window entry of each input, channel times kernel place."""
        k, s, _ = self.window
        i, j = np.divmod(np.arange(k * k), k)
        plane = i % s * self.planes + j % s
        within = plane * self.length + i // s * self.columns + j // s
        channel = np.arange(self.channels)[:, None] * (self.planes**2 * self.length)
        return np.asarray(channel + within, np.uint64).reshape(-1)

    def zeros(self, like: Tensor) -> Tensor:
        """Return zeros [channels, planes, length] of the dtype of a tensor."""
        return like.new_zeros(self.channels, self.planes**2, self.length)

    def view(self, memory: Tensor, plane: int = 0) -> Tensor:
        """Return a plane of the memory as [channels, batch, rows, columns]."""
        of_plane = memory[:, plane, self.first : self.first + self.used]
        return of_plane.view(len(memory), self.batch, self.rows, self.columns)

    def lay_out(self, x: Tensor) -> Tensor:
        """Return images [batch, channels, height, width] as memory of the grid."""
        images = x.transpose(0, 1)
        if self.window.stride == 1:
            memory = x.new_empty(self.channels, 1, self.length)
            memory[:, 0, : self.first] = 0
            memory[:, 0, self.first + self.used :] = 0
            _fill(self.view(memory), images)
            return memory
        memory = self.zeros(x)
        padded = functional.pad(images, self._margins())
        for plane, down, across in self._planes():
            self.view(memory, plane).copy_(padded[:, :, down, across])
        return memory

    def take_up(self, memory: Tensor) -> Tensor:
        """Return the images [batch, channels, height, width] that memory of the grid holds."""
        if self.window.stride == 1:
            images = self.view(memory)[:, :, : self.height, : self.width].contiguous()
            return images.transpose(0, 1)
        left, right, top, bottom = self._margins()
        padded = memory.new_zeros(
            self.channels, self.batch, top + self.height + bottom, left + self.width + right
        )
        for plane, down, across in self._planes():
            padded[:, :, down, across] = self.view(memory, plane)
        return padded[:, :, top : top + self.height, left : left + self.width].transpose(0, 1)

    def take_outputs(self, memory: Tensor) -> Tensor:
        """Return outputs [channels, places] as [batch, channels, height, width], memory [channel, ...]."""
        whole = memory[:, : self.used].view(len(memory), self.batch, self.rows, self.columns)
        return whole[:, :, : self.out[0], : self.out[1]].contiguous().transpose(0, 1)

    def lay_out_outputs(self, g: Tensor) -> Tensor:
        """Return gradients [batch, channels, height, width] as [channels, places], 0 where no window is."""
        memory = g.new_empty(g.shape[1], self.places)
        memory[:, self.used :] = 0
        _fill(memory[:, : self.used].view(g.shape[1], self.batch, self.rows, self.columns), g.transpose(0, 1))
        return memory

    def _margins(self) -> tuple[int, int, int, int]:
        """Return the zeros that planes need left, right, above and below."""
        p, s = self.window.padding, self.window.stride
        down, across = s * self.rows - p - self.height, s * self.columns - p - self.width
        return p, max(across, 0), p, max(down, 0)

    def _planes(self) -> list[tuple[int, slice, slice]]:
        s = self.window.stride
        sides = [
            [slice(offset, offset + s * (count - 1) + 1, s) for offset in range(self.planes)]
            for count in (self.rows, self.columns)
        ]
        return [
            (i * self.planes + j, down, across)
            for i, down in enumerate(sides[0])
            for j, across in enumerate(sides[1])
        ]


def _fill(memory: Tensor, images: Tensor) -> None:
    """Put images [channels, batch, height, width] into wider and higher ones, and 0 beside and below them."""
    height, width = images.shape[2:]
    memory[:, :, :height, :width] = images
    memory[:, :, :height, width:] = 0
    memory[:, :, height:] = 0


def convolve(values: Tensor, structure: Structure, x: Tensor, bias: Tensor | None, window: Window) -> Tensor:
    """Return the convolution of x [batch, channels, height, width], its memory [channel, batch, ...].

    structure : links [channels k k, out_channels], a row for each channel and place in the kernel. values and
    bias : of the dtype of x, float32 or float64 on the CPU.
    """
    values, bias = values.contiguous(), None if bias is None else bias.contiguous()
    y: Tensor = _Shifted.apply(values, x, bias, structure, window)  # type: ignore[no-untyped-call]
    return y


class _Shifted(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, values: Tensor, x: Tensor, bias: Tensor | None, structure: Structure, window: Window
    ) -> Tensor:
        from netsci.sparse._kernels import scatter_of

        grid = Grid(x.shape, window)
        ctx.save_for_backward(values, x)
        ctx.structure, ctx.grid = structure, grid
        memory = grid.lay_out(x)
        y = x.new_empty(structure.n_out, grid.places)
        offset = values.new_zeros(structure.n_out) if bias is None else bias
        links = (*structure.unsigned, _array(values), _array(offset), grid.starts)
        run_in_tiles(
            partial(scatter_of, True),
            TILES,
            structure.by_output[0],
            links,
            [_array(memory)],
            _array(y),
            grid.places,
        )
        return grid.take_outputs(y)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        values, x = ctx.saved_tensors
        grid, structure = ctx.grid, ctx.structure
        of_values, of_x, of_bias, *_ = ctx.needs_input_grad
        dw = torch.zeros_like(values)
        of_images = None
        if of_x or of_values:
            memory, gradient = grid.lay_out(x), grid.lay_out_outputs(g)
            dx = grid.zeros(x) if of_x else memory
            links = (*structure.unsigned, _array(values), _array(dw), grid.starts)
            run_in_tiles(
                partial(_back_of, of_x, of_values, grid.window.size**2),
                TILES[1:] if of_x else TILES,
                structure.by_input[0][:: grid.window.size**2],
                links,
                [_array(memory), _array(gradient)],
                _array(dx),
                grid.places,
            )
            of_images = grid.take_up(dx) if of_x else None
        return dw if of_values else None, of_images, g.sum((0, 2, 3)) if of_bias else None, None, None


def _back_of(of_inputs: bool, of_values: bool, own: int, width: int) -> Callable[..., None]:
    """Return the kernel of the gradients, over channels: the windows of one share their memory."""
    from netsci.sparse._kernels import back_of

    kernel = back_of(of_inputs, of_values, True, width)

    def run(first: int, last: int, *arguments: Any) -> None:
        kernel(first * own, last * own, *arguments)

    return run


def _array(tensor: Tensor) -> Any:
    return tensor.detach().numpy()
