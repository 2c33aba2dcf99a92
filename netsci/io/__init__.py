"""Reading sparse networks from files, safely: told by content, nothing executed, one exception."""

from netsci.io.errors import CheckpointError
from netsci.io.load import Loaded, load, load_graph

__all__ = ["CheckpointError", "Loaded", "load", "load_graph"]
