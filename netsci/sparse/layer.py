"""The base of sparse layers: values at the links, the structure in buffers, and replacing links."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from netsci.arguments import check_flag, check_instance
from netsci.graph.checks import as_links, check_choice
from netsci.graph.projection import values_at
from netsci.sparse.backends import BACKENDS, dense_weight
from netsci.sparse.structure import Structure

SAVED = ("start", "column")
PARTS = (*SAVED, "start_out", "row", "place")  # tensors of a structure


class SparseLayer(nn.Module):
    """A layer whose parameters are one value for each existing link, and a bias."""

    values: nn.Parameter
    bias: nn.Parameter | None
    _structure: Structure | None

    def __init__(
        self,
        links: Any,
        *,
        bias: bool,
        backend: str,
        dtype: torch.dtype,
        generator: torch.Generator | None,
    ) -> None:
        super().__init__()
        check_flag(bias, "bias")
        if generator is not None:
            check_instance(generator, torch.Generator, "generator", "a torch.Generator, or None")
        check_choice(backend, ("auto", *BACKENDS), "backend")
        if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
            raise TypeError(f"dtype must be a real floating type, such as torch.float32; got {dtype!r}")
        structure = Structure.of(links)
        self.n_rows, self.n_columns = structure.n_in, structure.n_out
        self.backend = backend
        self._take(structure)
        self.values = nn.Parameter(torch.empty(structure.n_links, dtype=dtype))
        self.bias = nn.Parameter(torch.empty(structure.n_out, dtype=dtype)) if bias else None
        self.reset_parameters(generator=generator)

    def reset_parameters(self, *, generator: torch.Generator | None = None) -> None:
        """Draw values and bias from U(-b, b), b = 1 / sqrt(mean number of links of an output).

        With all links this is the same as nn.Linear. Without a generator torch's global state is used, as
        there.
        """
        degree = self.n_links / self.n_columns if self.n_columns else 0.0
        bound = 1.0 / math.sqrt(degree) if degree > 0 else 0.0
        with torch.no_grad():
            self.values.uniform_(-bound, bound, generator=generator)
            if self.bias is not None:
                self.bias.uniform_(-bound, bound, generator=generator)

    @property
    def structure(self) -> Structure:
        """Where the links are, on the device of the layer."""
        held = self._structure
        if held is None or held.column is not self._buffers["column"]:
            held = self._read_structure()
            # Kernels read wherever these point to: what to_empty() leaves behind would end the process.
            problem = _unfit(held.start, held.column, self.values, self.n_rows, self.n_columns)
            if problem or not _belongs_together(held):
                raise RuntimeError(
                    f"the links of this layer are undefined ({problem or 'they contradict each other'}), for "
                    "instance after to_empty(): load a state_dict first"
                )
            self._structure = held
        return held

    def _read_structure(self) -> Structure:
        parts: list[Any] = [self._buffers[name] for name in PARTS]
        return Structure(self.n_rows, self.n_columns, *parts)

    @property
    def n_links(self) -> int:
        """Number of links."""
        return int(self.values.numel())

    @property
    def density(self) -> float:
        """Share of present links, in [0, 1]; NaN if the layer has no inputs or no outputs."""
        places = self.n_rows * self.n_columns
        return self.n_links / places if places else math.nan

    @property
    def sparsity(self) -> float:
        """Share of absent links, in [0, 1]; NaN if the layer has no inputs or no outputs."""
        return 1.0 - self.density

    @property
    def links(self) -> sp.csr_array:
        """The links, a new canonical boolean CSR matrix, rows presynaptic and columns postsynaptic."""
        return self.structure.matrix()

    @property
    def weight(self) -> Tensor:
        """The dense weights [out, in] as in nn.Linear, detached; for inspection."""
        return dense_weight(self.values.detach(), self.structure).T

    def rewire(self, links: Any) -> NDArray[np.int64]:
        """Replace the links. Links that stay keep their values, new ones weigh 0, the gradient is cleared.

        The Parameter stays the same object. Moments of an optimizer do not follow: use
        `netsci.sparse.rewire` for that.

        Returns
        -------
        int64 [n_links] : the place of each new link among the old ones, -1 where it is new.

        Raises
        ------
        TypeError, ValueError
            If links is no finite matrix of the layer's shape.
        """
        new = as_links(links)
        if new.shape != (self.n_rows, self.n_columns):
            raise ValueError(
                f"links must keep the shape {(self.n_rows, self.n_columns)}; got {new.shape}"
                + (". The transpose would fit" if new.shape[::-1] == (self.n_rows, self.n_columns) else "")
            )
        old = self.links
        numbered = sp.csr_array((np.arange(1, old.nnz + 1), old.indices, old.indptr), shape=old.shape)
        origin = values_at(numbered, new).data.astype(np.int64) - 1
        self._set_values(follow(self.values.detach(), origin))
        self._take(Structure.of(new))
        return np.asarray(origin, np.int64)

    def _set_values(self, values: Tensor) -> None:
        """Give the Parameter other values, of another number."""
        self.values.grad = None
        # A graph of the past may hold the node that adds to this gradient, with the old length; torch
        # makes a new one where the type changes.
        other = torch.float64 if values.dtype != torch.float64 else torch.float32
        self.values.data = values.new_empty(0, dtype=other)
        self.values.data = values
        # Else a backward pass from before would take these values, or read past their end.
        torch.autograd.graph.increment_version(self.values)

    def _take(self, structure: Structure, device: torch.device | None = None) -> None:
        """Put a structure into the buffers, on a device, else on the one where they are."""
        held = self._buffers.get("column")
        if device is None and held is not None:
            device = held.device
        for name in PARTS:
            part: Tensor = getattr(structure, name)
            self.register_buffer(name, part if device is None else part.to(device), persistent=name in SAVED)
        self._structure = self._read_structure()

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *arguments: Any) -> None:
        keys = [prefix + name for name in ("start", "column", "values")]
        if all(key in state_dict for key in keys):
            start, column, values = (state_dict[key] for key in keys)
            problem = _unfit(start, column, values, self.n_rows, self.n_columns)
            if problem:
                errors = arguments[-1]
                errors.append(f"{prefix or 'the layer'}: {problem}")
                return
            kind = self.column.dtype
            self._take(
                Structure.from_rows(
                    self.n_rows, self.n_columns, start.to("cpu", kind), column.to("cpu", kind)
                )
            )
            if values.shape != self.values.shape:
                self._set_values(self.values.new_zeros(values.shape))
        super()._load_from_state_dict(state_dict, prefix, *arguments)
        held = self._read_structure()
        if held.row.device != held.column.device:  # assign=True moved what is saved, and that alone
            moved = Structure.from_rows(self.n_rows, self.n_columns, held.start, held.column)
            self._take(moved, held.column.device)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_structure": None}


def follow(values: Tensor, origin: NDArray[np.int64], start: float = 0.0) -> Tensor:
    """Return values [n_old] carried to new places: values[origin], `start` where origin is -1.

    Examples
    --------
    >>> follow(torch.tensor([5.0, 7.0]), np.array([1, -1, 0])).tolist()
    [7.0, 0.0, 5.0]
    """
    source = torch.from_numpy(origin).to(values.device)
    moved = values.new_full((len(origin),), start)
    stays = source >= 0
    moved[stays] = values[source[stays]]
    return moved


def _belongs_together(held: Structure) -> bool:
    """Return whether the links by output are the links by input."""
    if held.column.device.type == "meta":
        return True
    n_links, ends, place = held.n_links, held.start_out, held.place.long()
    if not n_links == len(held.row) == len(place) == int(ends[-1]) or int(ends[0]):
        return False
    if bool((ends.diff() < 0).any()) or (n_links and not 0 <= int(place.min()) <= int(place.max()) < n_links):
        return False
    device = held.column.device
    columns = torch.arange(held.n_out, device=device).repeat_interleave(ends.diff())
    rows = torch.arange(held.n_in, device=device).repeat_interleave(held.start.diff())
    return bool((held.column[place] == columns).all()) and bool((rows[place] == held.row).all())


def _unfit(start: Tensor, column: Tensor, values: Tensor, n_rows: int, n_columns: int) -> str:
    """Say why saved links cannot be those of a layer of this shape; "" where they can."""
    if start.shape != (n_rows + 1,):
        return f"the saved links have {start.numel() - 1} rows, the layer {n_rows}"
    if column.ndim != 1 or values.shape != column.shape:
        return f"{list(values.shape)} values are saved for {list(column.shape)} links"
    if start.device.type == "meta":
        return ""
    bounds = start.cpu()
    rising = bounds.numel() and int(bounds[0]) == 0 and int(bounds[-1]) == column.numel()
    if not rising or bool((bounds.diff() < 0).any()):
        return "the saved row starts do not rise from 0 to the number of links"
    if column.numel() and not 0 <= int(column.min()) <= int(column.max()) < n_columns:
        return f"saved links lead to columns outside of 0 to {n_columns - 1}"
    rows = torch.arange(n_rows).repeat_interleave(bounds.long().diff())
    if bool(((rows * n_columns + column.cpu()).diff() <= 0).any()):
        return "saved links are not in order, or some stand twice"
    return ""
