"""Layers on spikes that are known to be 0 and 1; dense ones add up the weights of the inputs that fire.

    currents[:, s] = sum of W[:, i] over the inputs i that fire in sample s        (weight W [out, in])

Spikes are bytes [in, samples], currents [out, samples]: neurons first, as everywhere in this room.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from netsci.sparse import SparseLinear
from netsci.sparse.layout import feature_major, user_shape
from netsci.sparse.structure import Structure
from netsci.sparse.threads import workers
from netsci.spiking.layout import share
from netsci.spiking.plain import backend_of, dense_weight_of, is_plain, is_small

Bytes = NDArray[np.uint8]
FEW = 0.2  # share of spikes up to which this is faster than a matrix product (as fast at about 0.3)
LEAST = 64  # samples from which it is
_ORDERED: WeakKeyDictionary[nn.Module, tuple[Structure, NDArray[Any], NDArray[Any]]] = WeakKeyDictionary()


def as_bytes(x: Tensor) -> Bytes | None:
    """Return spikes [T, batch, n] as bytes [n, T x batch]; None if x is not 0 and 1 throughout, or on a GPU.

    Examples
    --------
    >>> as_bytes(torch.eye(2)[None]).tolist(), as_bytes(torch.full((1, 1, 1), 2.0))
    ([[1, 0], [0, 1]], None)
    """
    if x.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64) or x.ndim != 3:
        return None
    numbers = feature_major(x.detach()).numpy()
    for part in (numbers[:, :1], numbers):  # what is no spike is seen in the first sample mostly
        with np.errstate(invalid="ignore"):  # no number is no byte, and no spike
            spikes = part.astype(np.uint8)
        if not np.array_equal(spikes, part) or spikes.max(initial=0) > 1:
            return None
    return spikes


def way_of(layer: nn.Module, x: Tensor) -> str:
    """Return how a layer is applied to spikes x [T, batch, in]: "csr", "firing", or "" where it is called.

    Kernels stand for a plain layer of x's width and type, outside of autocast: for a sparse one on compiled
    loops and for a large dense one.

    Examples
    --------
    >>> [way_of(nn.Linear(3, n), torch.zeros(2, 50, 3)) for n in (10, 200)]
    ['', 'firing']
    """
    if not is_plain(layer) or torch.is_autocast_enabled("cpu"):
        return ""
    backend = backend_of(layer, x)
    if not backend or cast(nn.Linear, layer).in_features != x.shape[-1]:
        return ""
    if next(layer.parameters()).dtype != x.dtype:
        return ""
    if backend == "csr":
        return "csr"
    return "firing" if backend == "masked" and not is_small(layer) else ""


def layer_on_spikes(layer: nn.Module, x: Tensor, spikes: Bytes) -> Tensor:
    """Return layer(x), [T, batch, out], without gradient, x being the same spikes as the bytes.

    Sparse layers on compiled loops read the bytes, and large dense ones take the firing inputs if these are
    few. A layer of another kind, and one with a forward of its own or a hook, is called.

    Examples
    --------
    >>> layer, x = nn.Linear(2, 1, bias=False), torch.eye(2)[None]
    >>> bool((layer_on_spikes(layer, x, as_bytes(x)) == layer(x)).all())
    True
    """
    way = way_of(layer, x)
    memory: Tensor
    if way == "csr":
        memory = _sparse_currents(spikes, cast(SparseLinear, layer))
    elif way == "firing" and few(spikes):
        memory = currents_of_spikes(spikes, dense_weight_of(layer).detach())
    else:
        with torch.no_grad():
            called: Tensor = layer(x)
        return called
    if layer.bias is not None:
        memory += cast(Tensor, layer.bias).detach()[:, None]
    return user_shape(memory, tuple(x.shape[:2]))


def _sparse_currents(spikes: Bytes, layer: SparseLinear) -> Tensor:
    values = layer.values.detach()
    memory = values.new_empty((layer.out_features, spikes.shape[1]))
    parts = max(1, min(workers(layer.n_links * spikes.shape[1]), len(memory)))
    gather(layer.structure, values, spikes, memory.numpy(), split_parts(len(memory), parts))
    return memory


def gather(
    structure: Structure, values: Tensor, spikes: Bytes, out: NDArray[Any], parts: list[tuple[Any, ...]]
) -> None:
    """Set out [outputs, samples] to the sums over links of values where the input fires, in parts of rows.

    spikes : 0 and 1, [inputs, samples]. Many samples become bits.
    """
    from netsci.spiking._bit_kernels import WIDTH, gather_bits, pack
    from netsci.spiking._fused_kernels import gather_spikes

    start, index, place = structure.by_output
    numbers = values.contiguous().numpy()
    if spikes.shape[1] >= WIDTH:
        share(gather_bits, (start, index, numbers[place], pack(spikes), out), parts)
    else:
        share(gather_spikes, (start, index, place, numbers, spikes, out), parts)


@dataclass(frozen=True, eq=False)
class BitRows:
    """Spikes 0 and 1 of [inputs, steps, images] as bits [inputs, bytes], as `pack_rows` orders them."""

    bits: Bytes
    steps: int
    images: int


def reads_bits(layer: nn.Module, samples: int, inputs: int) -> bool:
    """Return whether `fire_behind` takes a layer and spikes of so many inputs, T x batch samples each."""
    from netsci.spiking._bit_kernels import WIDTH

    if samples < WIDTH:
        return False
    return way_of(layer, torch.empty((1, 1, inputs)).expand(1, samples, inputs)) == "csr"


def fire_behind(
    layer: Any, spikes: Bytes | BitRows, theta: NDArray[np.float32], membrane: NDArray[np.float32]
) -> Bytes:
    """Return the spikes [out, T, batch] of neurons with soft reset behind a sparse layer; renew membranes.

    spikes : 0 and 1, [in, T, batch], such that `reads_bits`. theta [out], membrane [out, batch]. A neuron
    whose threshold is 0 never fires.
    """
    from netsci.spiking._bit_kernels import gather_and_fire

    rows = as_rows(spikes)
    fired = np.empty((len(theta), rows.steps, rows.images), np.uint8)
    share(gather_and_fire, (*by_output(layer), rows.bits, theta, membrane, fired), _parts_behind(layer, rows))
    return fired


def count_behind(
    layer: Any,
    spikes: Bytes | BitRows,
    theta: NDArray[np.float32],
    membrane: NDArray[np.float32],
    counts: NDArray[np.int32],
) -> None:
    """Add the spikes of `fire_behind` over all T to counts [out, batch]; renew membranes."""
    from netsci.spiking._bit_kernels import gather_and_count

    rows = as_rows(spikes)
    arguments = (*by_output(layer), rows.bits, theta, membrane, counts, rows.steps)
    share(gather_and_count, arguments, _parts_behind(layer, rows))


def as_rows(spikes: Bytes | BitRows) -> BitRows:
    """Return spikes [inputs, T, images], 0 and 1, as bits.

    Examples
    --------
    >>> as_rows(np.array([[[1, 0, 1]]], np.uint8)).bits.tolist()
    [[5, 0, 0, 0, 0, 0, 0, 0]]
    """
    from netsci.spiking._bit_kernels import pack_rows

    if isinstance(spikes, BitRows):
        return spikes
    return BitRows(pack_rows(spikes.reshape(len(spikes), -1)), *spikes.shape[1:])


def by_output(layer: Any) -> tuple[NDArray[Any], ...]:
    """Return the links of a sparse layer by output (starts, inputs), their values, the outputs' offsets.

    Values in this order are kept with the layer for as long as its own are the same.
    """
    start, index, place = layer.structure.by_output
    own = layer.values.detach().contiguous().numpy()
    structure, before, values = _ORDERED.get(layer, (None, own, own))
    if structure is not layer.structure or before.dtype != own.dtype or not np.array_equal(before, own):
        values = own[place]
        _ORDERED[layer] = layer.structure, own.copy(), values
    silent = layer.bias is None
    offset = np.zeros(layer.out_features, values.dtype) if silent else layer.bias.detach().numpy()
    return start, index, values, offset


def parts_of(layer: Any, samples: int) -> list[tuple[tuple[int, int]]]:
    """Return the outputs of a sparse layer, first and last, that each thread treats."""
    n = layer.out_features
    return split_parts(n, max(1, min(workers(layer.n_links * samples), n)))


def _parts_behind(layer: Any, rows: BitRows) -> list[tuple[tuple[int, int]]]:
    return parts_of(layer, rows.steps * rows.images)


def few(spikes: Bytes) -> bool:
    """Return whether there are enough samples and so few firing neurons that this is the faster way.

    Examples
    --------
    >>> few(np.eye(80, dtype=np.uint8)), few(np.ones((80, 80), np.uint8)), few(np.eye(8, dtype=np.uint8))
    (True, False, False)
    """
    return spikes.shape[1] >= LEAST and bool(np.count_nonzero(spikes) <= FEW * spikes.size)


def currents_of_spikes(spikes: Bytes, weight: Tensor) -> Tensor:
    """Return weight [out, in] @ spikes [in, samples], of the weight's dtype, without gradient.

    An infinite weight of an input that does not fire adds nothing here; a product would make NaN of it.

    Raises ValueError if the inputs are not those of the weight.

    Examples
    --------
    >>> spikes = np.array([[1, 0], [1, 1]], np.uint8)
    >>> currents_of_spikes(spikes, torch.tensor([[2.0, 3.0]])).tolist()
    [[5.0, 3.0]]
    """
    from netsci.spiking._event_kernels import apply_to_spikes

    if weight.ndim != 2 or weight.shape[1] != len(spikes):
        raise ValueError(f"spikes must be [{weight.shape[-1]}, samples]; their shape is {list(spikes.shape)}")
    out = weight.new_empty((len(weight), spikes.shape[1]))
    _share(apply_to_spikes, spikes, _tiles(weight.T), out, spikes.shape[1])
    return out


def _tiles(matrix: Tensor) -> NDArray[Any]:
    """Return a matrix [rows, columns] as [tiles, rows, WIDE], the last tile filled up with 0."""
    from netsci.spiking._lanes import WIDE

    rows, columns = matrix.shape
    tiles = matrix.new_zeros((-(-columns // WIDE), rows, WIDE))
    for tile, first in zip(tiles, range(0, columns, WIDE), strict=True):
        part = matrix[:, first : first + WIDE]
        tile[:, : part.shape[1]] = part
    return tiles.numpy()


def _share(kernel: Any, spikes: Bytes, table: NDArray[Any], out: Tensor, n: int) -> None:
    """Run a kernel over n samples or neurons, on the threads that pay for themselves."""
    parts = max(1, min(workers(np.count_nonzero(spikes) * table.shape[0] * table.shape[2]), n))
    share(kernel, (np.ascontiguousarray(spikes), table, out.numpy()), split_parts(n, parts))


def split_parts(n: int, parts: int) -> list[tuple[tuple[int, int]]]:
    """Return (first, last) of so many parts of n things, each in a tuple, as `share` takes them."""
    return [(pair,) for pair in pairwise(n * i // parts for i in range(parts + 1))]
