"""The links of a layer as tensors, sorted by presynaptic and by postsynaptic neuron."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor

from netsci.graph.checks import as_links


@dataclass(frozen=True, eq=False)
class Structure:
    """The links of one layer, stored twice: by input (CSR), and by output with the place of each value.

    start [n_in + 1], column [n_links] : the links by input, with rising outputs within an input. The values
        of a layer have this order.
    start_out [n_out + 1], row [n_links], place [n_links] : the links by output. The value of link k is
        values[place[k]].

    All have one integer type, int32 unless there are 2^31 links or neurons.
    """

    n_in: int
    n_out: int
    start: Tensor
    column: Tensor
    start_out: Tensor
    row: Tensor
    place: Tensor

    @classmethod
    def of(cls, links: Any) -> Structure:
        """Return the structure of a matrix of links [n_in, n_out], sparse (stored) or dense (nonzero).

        Raises
        ------
        TypeError, ValueError
            If links is no finite numeric matrix.

        Examples
        --------
        >>> structure = Structure.of([[0, 1, 1], [1, 0, 1]])
        >>> structure.column.tolist(), structure.row.tolist(), structure.place.tolist()
        ([1, 2, 0, 2], [1, 0, 0, 1], [2, 0, 1, 3])
        """
        matrix = as_links(links)
        matrix.sort_indices()
        kind = np.int32 if max(matrix.nnz, *matrix.shape) < 2**31 else np.int64
        n_in, n_out = (int(side) for side in matrix.shape)
        return cls.from_rows(
            n_in,
            n_out,
            torch.from_numpy(matrix.indptr.astype(kind)),
            torch.from_numpy(matrix.indices.astype(kind)),
        )

    @classmethod
    def from_rows(cls, n_in: int, n_out: int, start: Tensor, column: Tensor) -> Structure:
        """Return the structure from `start` [n_in + 1] and `column` [n_links], the links by input (CSR)."""
        kind = column.dtype
        place = torch.sort(column, stable=True).indices
        rows = torch.arange(n_in, dtype=kind, device=column.device).repeat_interleave(start.diff())
        start_out = torch.zeros(n_out + 1, dtype=kind, device=column.device)
        start_out[1:] = torch.bincount(column, minlength=n_out).cumsum(0)
        return cls(n_in, n_out, start, column, start_out, rows[place], place.to(kind))

    @property
    def n_links(self) -> int:
        """Number of links."""
        return self.column.numel()

    @property
    def full(self) -> bool:
        """Whether every pair is linked: the values, row by row, are the dense matrix."""
        return self.n_links == self.n_in * self.n_out

    @cached_property
    def cells(self) -> Tensor:
        """The place of each link in the dense matrix [n_in, n_out], int64 [n_links]."""
        start = self.start.long()
        rows = torch.arange(self.n_in, device=start.device).repeat_interleave(start.diff())
        return rows * self.n_out + self.column

    @cached_property
    def by_input(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """The arrays `start` and `column`, on the CPU without a copy."""
        return self.start.numpy(), self.column.numpy()

    @cached_property
    def unsigned(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """The arrays of `by_input` as unsigned integers, which compiled loops read as they are."""
        start, column = self.by_input
        return start.view(f"u{start.itemsize}"), column.view(f"u{column.itemsize}")

    @cached_property
    def by_output(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """The arrays `start_out`, `row` and `place`, on the CPU without a copy."""
        return self.start_out.numpy(), self.row.numpy(), self.place.numpy()

    def matrix(self) -> sp.csr_array:
        """Return the links as a canonical boolean CSR matrix [n_in, n_out]; a copy."""
        start, column = (part.cpu().numpy().copy() for part in (self.start, self.column))
        return sp.csr_array((np.ones(len(column), bool), column, start), shape=(self.n_in, self.n_out))
