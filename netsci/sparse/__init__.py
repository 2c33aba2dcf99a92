"""Sparse torch layers, which store weights for existing links only, and rewiring of their links."""

from netsci.sparse.backends import sparse_matmul
from netsci.sparse.conv import SparseConv2d
from netsci.sparse.dense_state import dense_state, load_dense_state
from netsci.sparse.evolving import evolve_module
from netsci.sparse.graph import layered_graph
from netsci.sparse.linear import SparseLinear
from netsci.sparse.rewiring import rewire
from netsci.sparse.shapes import layer_shapes
from netsci.sparse.side_by_side import SideBySide
from netsci.sparse.sparsify import densify, sparsify
from netsci.sparse.structure import Structure
from netsci.sparse.view import TorchView, views
from netsci.sparse.watch import Watch
from netsci.sparse.wiring import sparse_layers, unwired_layers

__all__ = [
    "SideBySide",
    "SparseConv2d",
    "SparseLinear",
    "Structure",
    "TorchView",
    "Watch",
    "dense_state",
    "densify",
    "evolve_module",
    "layer_shapes",
    "layered_graph",
    "load_dense_state",
    "rewire",
    "sparse_layers",
    "sparse_matmul",
    "sparsify",
    "unwired_layers",
    "views",
]
