"""Read sparse networks from files, safely: the content tells the format, and no code of a file is run."""

from netsci.io.errors import CheckpointError
from netsci.io.export import write_graph
from netsci.io.load import load, load_graph
from netsci.io.loaded import Loaded

__all__ = ["CheckpointError", "Loaded", "load", "load_graph", "write_graph"]
