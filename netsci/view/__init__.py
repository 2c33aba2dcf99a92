"""One-call figures of a network, from anything that holds one.

`disk`, `ccdf`, `matrix`, `layers` and `curve` take a file, a torch module or state dict, a LayeredGraph, a
graph of networkx or igraph, or matrices, and return a matplotlib figure (plotly's with backend="plotly").
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netsci.view.degrees import ccdf, curve
    from netsci.view.disks import disk
    from netsci.view.drawings import layers
    from netsci.view.matrices import matrix
    from netsci.view.network import Network, read_network

_HOME = {
    "Network": "network",
    "ccdf": "degrees",
    "curve": "degrees",
    "disk": "disks",
    "layers": "drawings",
    "matrix": "matrices",
    "read_network": "network",
}

__all__ = ["Network", "ccdf", "curve", "disk", "layers", "matrix", "read_network"]


def __getattr__(name: str) -> Any:
    # Pandas and matplotlib load only when a figure is wanted; files have other names than functions.
    if name in _HOME:
        return getattr(import_module(f"netsci.view.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
