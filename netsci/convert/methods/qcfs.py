"""QCFS: integrate-and-fire neurons with v0 = theta / 2 in place of quantised activations, one theta a layer.

Source: Bu et al., ICLR 2022; S2.
"""

from __future__ import annotations

from typing import Any

from netsci.convert.calibration import Threshold
from netsci.convert.methods import rate
from netsci.convert.methods.method import Method
from netsci.convert.program import Program
from netsci.convert.recording import Unconvertible


def convert_qcfs(program: Program, calibration: Any, options: dict[str, Any]) -> Any:
    """Return the spiking network of a QCFS or ReLU network.

    Raises `Unconvertible` if a threshold is one for each channel.
    """
    return rate.convert_by_levels("qcfs", program, calibration, options, _refuse_channels)


def _refuse_channels(_: Program, __: int, threshold: Threshold) -> Threshold:
    if threshold.per != "layer":
        raise Unconvertible(
            f"qcfs has one threshold a layer, and {threshold.layer!r} has one a channel: take cs_qcfs"
        )
    return threshold


METHOD = Method(
    "qcfs",
    "integrate-and-fire neurons for quantised activations, one threshold a layer",
    rate.OPTIONS,
    convert_qcfs,
    rate.TAKES,
    rate.REFUSALS,
)
