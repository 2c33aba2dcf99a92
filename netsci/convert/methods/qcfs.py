"""QCFS: integrate-and-fire neurons with v0 = theta / 2 in place of quantised activations, one theta a layer.

Source: Bu et al., ICLR 2022; S2.
"""

from __future__ import annotations

from typing import Any

from netsci.convert.folding import fold_norms
from netsci.convert.methods.method import Method
from netsci.convert.methods.rate import (
    LEVELS,
    REFUSALS,
    STEPS,
    TAKES,
    THETA,
    find_populations,
    find_thresholds,
    make_model,
    untrained_note,
)
from netsci.convert.methods.stored import pack_model, unpack_model
from netsci.convert.model import SpikingModel
from netsci.convert.program import Program
from netsci.convert.recording import Unconvertible


def convert_qcfs(program: Program, calibration: Any, options: dict[str, Any]) -> SpikingModel:
    """Return the spiking network of a QCFS or ReLU network.

    Raises `Unconvertible` if a threshold is one for each channel.
    """
    program = fold_norms(program)
    places = find_populations(program)
    found = find_thresholds(program, places, calibration, options["theta"])
    wide = [one.layer for one in found.values() if one.per != "layer"]
    if wide:
        raise Unconvertible(
            f"qcfs has one threshold a layer, and {wide[0]!r} has one a channel: take cs_qcfs"
        )
    notes = untrained_note(program, places, options["theta"])
    return make_model("qcfs", program, found, kind="if", options=options, notes=notes)


METHOD = Method(
    "qcfs",
    "integrate-and-fire neurons for quantised activations, one threshold a layer",
    {"theta": THETA, "levels": LEVELS, "steps": STEPS},
    convert_qcfs,
    TAKES,
    REFUSALS,
    pack_model,
    unpack_model,
)
