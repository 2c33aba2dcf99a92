"""Layers that hold weights at existing links only, their kernels, and rewiring (torch)."""

from netsci.sparse.backends import sparse_matmul
from netsci.sparse.conv import SparseConv2d
from netsci.sparse.evolving import evolve_module
from netsci.sparse.graph import layered_graph
from netsci.sparse.linear import SparseLinear
from netsci.sparse.rewiring import rewire
from netsci.sparse.structure import Structure
from netsci.sparse.view import TorchView, Watch, views
from netsci.sparse.wiring import sparse_layers, unwired_layers

__all__ = [
    "SparseConv2d",
    "SparseLinear",
    "Structure",
    "TorchView",
    "Watch",
    "evolve_module",
    "layered_graph",
    "rewire",
    "sparse_layers",
    "sparse_matmul",
    "unwired_layers",
    "views",
]
