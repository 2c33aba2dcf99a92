"""Reading sparse networks from files, safely: told by content, nothing executed, one exception."""

from netsci.io.errors import CheckpointError
from netsci.io.load import load, load_graph
from netsci.io.loaded import Loaded

__all__ = ["CheckpointError", "Loaded", "load", "load_graph"]
