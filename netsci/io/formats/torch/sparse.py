"""Sparse torch tensors: what they store is the structure of the layer, explicit zeros included."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from netsci.io.errors import printable
from netsci.io.limits import check_matrix
from netsci.io.network.pointers import check_pointers

if TYPE_CHECKING:
    import torch


def sparse_matrix(path: Path, name: str, tensor: torch.Tensor, notes: list[str]) -> tuple[Any] | None:
    """Return (the tensor as CSR [out, in],), every index checked before compiled code uses it.

    COO, CSR, CSC, BSR and BSC in two dimensions; of blocks every place within is a link. None, and a note,
    for what is no matrix of numbers: a sparse convolution, a batch of matrices, rows of vectors (hybrid).
    """
    import torch

    blocked = tensor.layout in (torch.sparse_bsr, torch.sparse_bsc)
    known = (torch.sparse_coo, torch.sparse_csr, torch.sparse_csc)
    if tensor.dim() != 2 or tensor.dense_dim() or not (blocked or tensor.layout in known):
        layout = str(tensor.layout).removeprefix("torch.")
        notes.append(
            f"left out: {printable(name)}, a {layout} tensor of shape {list(tensor.shape)}"
            + (f", {tensor.dense_dim()} of them dense" if tensor.dense_dim() else "")
            + "; only sparse matrices (2-D) are read, so save it dense: tensor.to_dense()"
        )
        return None
    check_matrix(path, printable(name), tuple(tensor.shape))
    if blocked:
        notes.append(f"{printable(name)} stores blocks: every place in a stored block is a link")
    is_coo = tensor.layout == torch.sparse_coo
    return (_coo(tensor),) if is_coo else (_read_compressed(path, printable(name), tensor),)


def _coo(tensor: torch.Tensor) -> Any:
    import scipy.sparse as sp

    rows, columns = tensor._indices().numpy()
    values = plain(tensor._values()).numpy()
    return sp.coo_array((values, (rows, columns)), shape=tuple(tensor.shape)).tocsr()


def _read_compressed(path: Path, name: str, tensor: torch.Tensor) -> Any:
    import scipy.sparse as sp
    import torch

    by_rows = tensor.layout in (torch.sparse_csr, torch.sparse_bsr)
    pointers = (tensor.crow_indices() if by_rows else tensor.ccol_indices()).numpy()
    places = (tensor.col_indices() if by_rows else tensor.row_indices()).numpy()
    values, shape = plain(tensor.values()).numpy(), tuple(tensor.shape)
    height, width = values.shape[1:] if values.ndim == 3 else (1, 1)
    blocks = (shape[0] // height, shape[1] // width)
    check_pointers(path, name, pointers, places, blocks if by_rows else blocks[::-1])
    if tensor.layout == torch.sparse_bsr:
        matrix = sp.bsr_array((values, places, pointers), shape=shape)
    elif tensor.layout == torch.sparse_bsc:  # scipy has none: the transpose is by rows
        matrix = sp.bsr_array((values.swapaxes(1, 2), places, pointers), shape=shape[::-1])
    else:
        matrix = (sp.csr_array if by_rows else sp.csc_array)((values, places, pointers), shape=shape)
    matrix.check_format(full_check=True)
    return sp.csr_array(matrix.T if tensor.layout == torch.sparse_bsc else matrix)


def plain(tensor: torch.Tensor) -> torch.Tensor:
    """Return a tensor of a type that numpy has: bf16 and fp8 as float32, which holds them exactly."""
    import torch

    known = (torch.float16, torch.float32, torch.float64)
    if tensor.is_floating_point() and tensor.dtype not in known:
        tensor = tensor.to(torch.float32)
    return tensor.resolve_conj().resolve_neg()
