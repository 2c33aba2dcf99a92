"""Multiply by the weights of a sparse layer, and compute gradients, with compiled loops or with torch.

    y[j] = sum over the links (i, j) of w[i, j] x[i]
    dx[i] = sum over the links (i, j) of w[i, j] g[j],    dw[i, j] = x[i] . g[j] at the links alone

x [n_in, samples] and y, g [n_out, samples] are feature-major.

Where the compiled loops meet the masked dense product, density, one thread, float32 (forward and backward;
forward alone): 784 x 1568 with 800 samples .5; .37, with 100 samples above .5; .4; 512 x 512 with 800 samples
above .5; .41; 2048 x 2048 with 800 samples .48; .33. With 800 samples both ways 8192 x 8192 .22, where
inputs and outputs no longer fit the caches (4096 x 4096 above .3).

Under autocast inputs of a smaller type are taken too, and y has the type of the values. The compiled loops
and torch's sparse product then work in the type of the values; the masked product is a dense one, which
autocast may take in its own.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from netsci.arguments import check_choice
from netsci.sparse.layout import empty_feature_major, feature_major, user_shape
from netsci.sparse.structure import Structure
from netsci.sparse.tiles import run_in_tiles

COMPILED = (torch.float32, torch.float64)
CROSSOVER = 0.35  # density up to which the compiled loops are the faster ones on the CPU, both ways or nearly
LARGE, LARGE_CROSSOVER = 2**25, 0.2  # the same for layers of more cells than that
DENSE_ON_GPU = 2**28  # weights of a dense matrix that a GPU is asked to hold beside the values
NO_PLACES = np.zeros(0, np.uint64)  # of inputs that a matrix holds: each has a row of its own
AT_ONCE = 2**24  # products of pairs that torch_sparse holds at a time


def crossover(cells: int) -> float:
    """Return the density up to which "auto" takes the compiled loops on the CPU, for a number of cells.

    Examples
    --------
    >>> crossover(784 * 1568), crossover(8192 * 8192)
    (0.35, 0.2)
    """
    return CROSSOVER if cells <= LARGE else LARGE_CROSSOVER


def pick(structure: Structure, x: Tensor) -> str:
    """Return the backend that "auto" takes for these links and these inputs.

    It goes by time. "csr" and "torch_sparse" hold numbers for the links alone; "masked", above the crossover,
    allocates a dense weight and its gradient in every step, beside the values and theirs: at 8192 x 8192 and
    density .3 1.84 times what a step of nn.Linear allocates (`benchmarks/results/sparse.csv`). Where every
    pair is linked the weight is a view of the values.

    Examples
    --------
    >>> pick(Structure.of([[1, 0, 0], [0, 0, 0]]), torch.ones(2, 5))
    'csr'
    >>> pick(Structure.of([[1, 1, 1], [0, 1, 0]]), torch.ones(2, 5))
    'masked'
    """
    cells = structure.n_in * structure.n_out
    if x.device.type == "cpu":
        few = structure.n_links <= crossover(cells) * cells and not structure.full
        return "csr" if few and x.dtype in COMPILED else "masked"
    return "masked" if cells <= DENSE_ON_GPU else "torch_sparse"


def sparse_matmul(
    values: Tensor, structure: Structure, x: Tensor, bias: Tensor | None = None, *, backend: str = "auto"
) -> Tensor:
    """Return y[..., j] = bias[j] + the sum over the links (i, j) of values x[..., i].

    Parameters
    ----------
    values : [n_links], in the order of the structure: by input, then by output.
    structure : where the links are.
    x : [..., n_in] of the values' dtype and device; under autocast of any floating dtype. Memory laid out as
        [n_in, ...] is read without a copy.
    bias : [n_out] or None.
    backend : "auto", "csr" (compiled loops; CPU, float32 and float64), "torch_sparse" or "masked" (dense).

    Returns
    -------
    Tensor [..., n_out] of the values' dtype, its memory [n_out, ...].

    Raises
    ------
    TypeError, ValueError
        If shapes, dtypes, devices and backend do not fit together.

    Examples
    --------
    >>> structure = Structure.of([[1, 0, 1], [0, 1, 0]])
    >>> sparse_matmul(torch.tensor([2.0, 3.0, 5.0]), structure, torch.tensor([[1.0, 10.0]])).tolist()
    [[2.0, 50.0, 3.0]]
    """
    for value, what in ((x, "x"), (values, "values"), (bias, "bias")):
        if not isinstance(value, Tensor) and not (what == "bias" and value is None):
            raise TypeError(f"{what} must be a torch tensor; got {type(value).__name__}")
    if not isinstance(structure, Structure):
        raise TypeError(f"structure must be a Structure, Structure.of(links); got {type(structure).__name__}")
    check_choice(backend, ("auto", *BACKENDS), "backend")
    x = undo_autocast(x, values.dtype)
    _check(values, structure, x, bias)
    if backend == "auto":
        backend = pick(structure, x)
    return BACKENDS[backend](values, structure, x, bias).to(values.dtype)


def undo_autocast(x: Tensor, dtype: torch.dtype) -> Tensor:
    """Return x in a dtype if autocast is on, since autocast may have changed it; otherwise x itself.

    Examples
    --------
    >>> x = torch.ones(2, dtype=torch.bfloat16)
    >>> with torch.autocast("cpu", torch.bfloat16):
    ...     undo_autocast(x, torch.float32).dtype
    torch.float32
    >>> undo_autocast(x, torch.float32).dtype
    torch.bfloat16
    """
    if x.dtype == dtype or not x.is_floating_point() or not _autocast(x):
        return x
    return x.to(dtype)


def _autocast(x: Tensor) -> bool:
    # A device that autocast does not know (meta) has none.
    kind = x.device.type
    return torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)


def _as_they_are(x: Tensor) -> AbstractContextManager[Any]:
    """Return a context in which autocast leaves products alone."""
    return torch.autocast(x.device.type, enabled=False) if _autocast(x) else nullcontext()


def _check(values: Tensor, structure: Structure, x: Tensor, bias: Tensor | None) -> None:
    if x.ndim == 0 or x.shape[-1] != structure.n_in:
        raise ValueError(
            f"x must be [..., {structure.n_in}], inputs last; its shape is {list(x.shape)}"
            + (". Its transpose would fit" if x.ndim == 2 and x.shape[0] == structure.n_in else "")
        )
    if x.dtype != values.dtype:
        raise TypeError(
            f"x is {x.dtype}, the weights are {values.dtype}: convert one, such as x.to({values.dtype})"
        )
    if values.shape != (structure.n_links,):
        raise ValueError(
            f"values must be [{structure.n_links}], one a link; their shape is {list(values.shape)}"
        )
    if bias is not None and bias.shape != (structure.n_out,):
        raise ValueError(f"bias must be [{structure.n_out}], one an output; its shape is {list(bias.shape)}")


class _Compiled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, x: Tensor, bias: Tensor | None, structure: Structure) -> Tensor:
        from netsci.sparse._kernels import scatter_of

        inputs = feature_major(x)
        ctx.save_for_backward(values, inputs)
        ctx.structure, ctx.shape = structure, x.shape
        y = empty_feature_major(x, structure.n_out)
        offset = values.new_zeros(structure.n_out) if bias is None else bias
        links = (*structure.unsigned, _array(values), _array(offset), NO_PLACES)
        run_in_tiles(
            partial(scatter_of, False),
            (128, 64, 32),
            structure.by_output[0],
            links,
            [_array(inputs)],
            _array(feature_major(y)),
        )
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        from netsci.sparse._kernels import back_of

        values, x = ctx.saved_tensors
        g = feature_major(g)
        of_values, of_x, of_bias, _ = ctx.needs_input_grad
        dw = torch.empty_like(values) if g.shape[1] else torch.zeros_like(values)
        dx = torch.empty_like(x)
        if of_x or of_values:
            links = (*ctx.structure.unsigned, _array(values), _array(dw), NO_PLACES)
            kernel_of = partial(back_of, of_x, of_values, False)
            run_in_tiles(
                kernel_of,
                (64, 32) if of_x else (128, 64, 32),
                ctx.structure.by_input[0],
                links,
                [_array(x), _array(g)],
                _array(dx),
            )
        of_inputs = user_shape(dx, tuple(ctx.shape[:-1])) if of_x else None
        return dw if of_values else None, of_inputs, g.sum(1) if of_bias else None, None


def _array(tensor: Tensor) -> Any:
    return tensor.detach().numpy()


def _multiply_compiled(values: Tensor, structure: Structure, x: Tensor, bias: Tensor | None) -> Tensor:
    if x.device.type != "cpu" or x.dtype not in COMPILED:
        raise ValueError(
            f"backend 'csr' works on the CPU in float32 or float64; x is {x.dtype} on {x.device}: "
            "choose backend 'auto', 'masked' or 'torch_sparse'"
        )
    values, bias = values.contiguous(), None if bias is None else bias.contiguous()
    y: Tensor = _Compiled.apply(values, x, bias, structure)  # type: ignore[no-untyped-call]
    return y


def dense_weight(values: Tensor, structure: Structure) -> Tensor:
    """Return the dense matrix [n_in, n_out] with the values at the links, differentiable in them.

    Where every pair is linked this is a view of the values.

    Examples
    --------
    >>> dense_weight(torch.tensor([2.0, 3.0]), Structure.of([[0, 1], [1, 0]])).tolist()
    [[0.0, 2.0], [3.0, 0.0]]
    """
    if not structure.full:
        values = values.new_zeros(structure.n_in * structure.n_out).index_put((structure.cells,), values)
    return values.view(structure.n_in, structure.n_out)


def _multiply_dense(values: Tensor, structure: Structure, x: Tensor, bias: Tensor | None) -> Tensor:
    weight = dense_weight(values, structure).T
    inputs = x.reshape(math.prod(x.shape[:-1]), structure.n_in).T if x.is_contiguous() else feature_major(x)
    y = weight @ inputs if bias is None else torch.addmm(bias.unsqueeze(1), weight, inputs)
    return user_shape(y, tuple(x.shape[:-1]))


class _TorchSparse(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, x: Tensor, structure: Structure) -> Tensor:
        ctx.save_for_backward(values, x)
        ctx.structure = structure
        shape = (structure.n_out, structure.n_in)
        return _csr(structure.start_out, structure.row, values[structure.place.long()], shape) @ x

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        values, x = ctx.saved_tensors
        s, g = ctx.structure, g.contiguous()
        dw = dx = None
        if ctx.needs_input_grad[1]:
            dx = _csr(s.start, s.column, values, (s.n_in, s.n_out)) @ g
        if ctx.needs_input_grad[0]:
            rows = torch.div(s.cells, max(s.n_out, 1), rounding_mode="floor")
            step = max(1, AT_ONCE // max(1, x.shape[1]))
            dw = torch.zeros_like(values)
            for part in (slice(first, first + step) for first in range(0, s.n_links, step)):
                dw[part] = (x[rows[part]] * g[s.column[part]]).sum(1)
        return dw, dx, None


def _csr(start: Tensor, index: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
        return torch.sparse_csr_tensor(start, index, values, shape, check_invariants=False)


def _multiply_torch_sparse(values: Tensor, structure: Structure, x: Tensor, bias: Tensor | None) -> Tensor:
    with _as_they_are(x):
        y: Tensor = _TorchSparse.apply(values, feature_major(x), structure)  # type: ignore[no-untyped-call]
    return user_shape(y if bias is None else y + bias.unsqueeze(1), tuple(x.shape[:-1]))


BACKENDS: dict[str, Callable[[Tensor, Structure, Tensor, Tensor | None], Tensor]] = {
    "csr": _multiply_compiled,
    "torch_sparse": _multiply_torch_sparse,
    "masked": _multiply_dense,
}
