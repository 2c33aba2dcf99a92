"""One-call figures of a network, from anything that holds one."""

from netsci.view.network import Network, read_network

__all__ = ["Network", "read_network"]
