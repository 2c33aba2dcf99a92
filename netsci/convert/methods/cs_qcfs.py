"""CS-QCFS: as QCFS, with a threshold for each channel of a convolution.

Source: S1, S2 (Yang et al. 2025). Reading: linear layers keep one threshold; channels of a network whose
activations have one threshold a layer start at that one, so that the result is that of QCFS, bit for bit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from netsci.convert.calibration import Threshold
from netsci.convert.methods import rate
from netsci.convert.methods.method import Method
from netsci.convert.program import Program
from netsci.convert.rewriting import reads_convolution


def convert_cs_qcfs(program: Program, calibration: Any, options: dict[str, Any]) -> Any:
    """Return the spiking network of an SQCFS, QCFS or ReLU network, thresholds by channel."""
    return rate.convert_by_levels("cs_qcfs", program, calibration, options, _split_channels)


def _split_channels(program: Program, place: int, threshold: Threshold) -> Threshold:
    """Return thresholds with an entry for each channel, behind a convolution."""
    sample = program.steps[place].sample
    if threshold.per != "layer" or len(sample) < 3 or not reads_convolution(program, place):
        return threshold
    channels = sample[-3]
    shape = (*[1] * (len(sample) - 3), channels, 1, 1)
    return replace(threshold, per="channel", values=threshold.values.repeat(channels), shape=shape)


METHOD = Method(
    "cs_qcfs",
    "integrate-and-fire neurons for quantised activations, a threshold for each channel",
    rate.OPTIONS,
    convert_cs_qcfs,
    rate.TAKES,
    rate.REFUSALS,
)
