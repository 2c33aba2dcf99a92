"""Data sets as numpy arrays: digits is built in, the others are read from files; never torch."""

# Importing a reader registers its data sets.
from netsci.data import cifar, cifar10_dvs, digits, dvs, idx, image_sets, nmnist, simulated
from netsci.data.dataset import DataSet, Stored, channel_statistics
from netsci.data.errors import DataError
from netsci.data.registry import Remote, available, load, names, register

__all__ = [
    "DataError",
    "DataSet",
    "Remote",
    "Stored",
    "available",
    "channel_statistics",
    "cifar",
    "cifar10_dvs",
    "digits",
    "dvs",
    "idx",
    "image_sets",
    "load",
    "names",
    "nmnist",
    "register",
    "simulated",
]
