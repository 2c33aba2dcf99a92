"""Spiking neurons: surrogates, encodings, unrolling over time, sparse target propagation, recording."""

from netsci.spiking.calibrate import calibrate
from netsci.spiking.encodings import rate
from netsci.spiking.fused import linear_of_spikes
from netsci.spiking.neurons import IF, LIF
from netsci.spiking.record import record
from netsci.spiking.stp import StpStep, random_feedback, stp_gradients
from netsci.spiking.surrogates import SURROGATES, fire
from netsci.spiking.unroll import membranes, unroll

__all__ = [
    "IF",
    "LIF",
    "SURROGATES",
    "StpStep",
    "calibrate",
    "fire",
    "linear_of_spikes",
    "membranes",
    "random_feedback",
    "rate",
    "record",
    "stp_gradients",
    "unroll",
]
