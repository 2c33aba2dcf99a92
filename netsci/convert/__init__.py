"""Conversion of trained networks to spiking ones, their topology untouched."""

from netsci.convert.activations import QCFS, SQCFS
from netsci.convert.conversion import convert
from netsci.convert.file import load_spiking, save_spiking
from netsci.convert.methods import METHODS
from netsci.convert.model import SpikingModel
from netsci.convert.recording import Unconvertible

__all__ = [
    "METHODS",
    "QCFS",
    "SQCFS",
    "SpikingModel",
    "Unconvertible",
    "convert",
    "load_spiking",
    "save_spiking",
]
