"""The graph of a model, which percolation and regrowth use: which unit sends to which.

`model.wiring()` lists projections as dicts; `netsci.sparse.layered_graph` makes a LayeredGraph of them:

    source, target : names of populations
    source_size, target_size : their numbers of units (neurons, or channels of a convolution)
    rows_per_unit : rows of links that each source unit owns, k^2 for a convolution
    layer : dotted name of the layer whose links these are, sparse, or dense (all links)
    links : in place of layer, fixed links, bool CSR [source_size rows_per_unit, target_size]
    needs : of the target population, "every" where inputs meet in a product: a unit is live only if every
        projection into the population brings it a live link. One of its wires says so; "any" by default

Only sparse layers lose and gain links. Other projections are fixed: residual additions (identity), attention,
and dense layers. A dense layer keeps the weights of units that percolated away. To remove these too, as S0's
chain removal does in the output layer, make the layer sparse with all links at first (`full_links`), as
`netsci.train` does; `evolvable` leaves it out.

The graph of a model may begin after its input: layers before the first one that evolves can be left out (the
stem of a residual network or a Spikformer; all convolutions before a classifier). Link and node sparsity of
the graph are then those of the part in the graph.

A unit of a fixed projection may be live in the graph though it is silent (an attention unit without a value),
never the reverse. Percolation may then keep links without a signal, but removes none with a signal of the
input. Biases do not count: a unit without inputs is dead, even if its bias makes it fire.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from torch import nn

from netsci.graph.checks import as_links
from netsci.models.parts import link_shape, link_shapes
from netsci.sparse import SparseConv2d, sparse_layers

Wire = dict[str, Any]

__all__ = [
    "Wire",
    "chain",
    "constant",
    "default_sparse",
    "evolvable",
    "fixed",
    "full_links",
    "heads",
    "identity",
    "layer",
    "link_shapes",
]


def full_links(inputs: int, outputs: int) -> sp.csr_array:
    """Return all links between two populations, bool CSR [inputs, outputs].

    Examples
    --------
    >>> full_links(2, 3).toarray().sum()
    np.int64(6)
    """
    indices = np.tile(np.arange(outputs, dtype=np.int32), inputs)
    indptr = np.arange(inputs + 1, dtype=np.int64) * outputs
    return sp.csr_array((np.ones(len(indices), bool), indices, indptr), shape=(inputs, outputs))


def identity(source: str, target: str, size: int, *, needs: str = "any") -> Wire:
    """Return the fixed projection of unit i to unit i: a residual addition, or with needs="every" a product.

    Examples
    --------
    >>> identity("in", "out", 2)["links"].toarray().tolist()
    [[True, False], [False, True]]
    """
    wire = constant(source, target, as_links(sp.eye_array(size, dtype=bool)))
    return wire if needs == "any" else wire | {"needs": needs}


def heads(source: str, target: str, size: int, n_heads: int) -> Wire:
    """Return the fixed projection of every unit to all units of its own attention head.

    Output unit j of softmax-free attention is sum_m (sum_c q_c k_mc) v_mj: it depends on v_j alone of the
    values (`identity`) and on all queries and keys c of its head.

    Examples
    --------
    >>> heads("q", "attention", 4, 2)["links"].toarray().astype(int)[[0, 2]].tolist()
    [[1, 1, 0, 0], [0, 0, 1, 1]]
    """
    each = size // n_heads
    return constant(source, target, as_links(sp.kron(sp.eye_array(n_heads), np.ones((each, each)))))


def constant(source: str, target: str, links: sp.csr_array) -> Wire:
    """Return a projection whose links never change, with one row for each unit."""
    return _wire(source, target, links.shape, 1) | {"links": links}


fixed = constant  # its former name


def layer(model: nn.Module, name: str, source: str, target: str, *, rows_per_unit: int = 1) -> Wire:
    """Return the projection of a linear layer or a convolution of the model, sparse or dense (all links).

    rows_per_unit : of a linear layer, H W where it reads flattened feature maps [C, H, W] -> C H W. That of a
    convolution is the number of places of its kernel.

    Examples
    --------
    >>> wire = layer(nn.Sequential(nn.Conv2d(2, 4, 3)), "0", "in", "out")
    >>> wire["rows_per_unit"], wire["source_size"], wire["target_size"]
    (9, 2, 4)
    """
    module = model.get_submodule(name)
    shape = link_shape(module)
    if shape is None:
        raise ValueError(f"layer {name!r} must be linear or a convolution; it is {type(module).__name__}")
    convolution = isinstance(module, (nn.Conv2d, SparseConv2d))
    rows = shape[0] // int(module.in_channels) if convolution else rows_per_unit  # type: ignore[arg-type]
    return _wire(source, target, shape, rows) | {"layer": name}


def chain(model: nn.Module, names: Sequence[str]) -> list[Wire]:
    """Return the projections of layers that are called one after the other: layer0 -> layer1 -> ...

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    >>> [(wire["source"], wire["target"]) for wire in chain(model, ["0", "2"])]
    [('layer0', 'layer1'), ('layer1', 'layer2')]
    """
    return [layer(model, name, f"layer{i}", f"layer{i + 1}") for i, name in enumerate(names)]


def _wire(source: str, target: str, shape: tuple[int, ...], rows_per_unit: int) -> Wire:
    return {
        "source": source,
        "target": target,
        "source_size": shape[0] // rows_per_unit,
        "target_size": shape[1],
        "rows_per_unit": rows_per_unit,
    }


def default_sparse(model: nn.Module) -> tuple[str, ...]:
    """Return model.sparse_names, the names of the layers that S0 makes sparse, sparse or not.

    These are all linear layers but the output, or all convolutions but the first of a residual network.

    Raises TypeError if the model has no sparse_names.
    """
    names = getattr(model, "sparse_names", None)
    if names is None:
        raise TypeError(
            f"{type(model).__name__} has no sparse_names: pass the names of the layers that evolve"
        )
    return tuple(names)


def evolvable(model: nn.Module) -> list[bool]:
    """Return, for each projection of model.wiring(), whether it evolves: a sparse layer of default_sparse."""
    names = set(default_sparse(model)) & set(sparse_layers(model))
    return [wire.get("layer") in names for wire in model.wiring()]  # type: ignore[operator]
