"""CS-QCFS: as QCFS, with a threshold for each channel of a convolution.

Source: S1, S2 (Yang et al. 2025). Reading: linear layers keep one threshold; channels of a network whose
activations have one threshold a layer start at that one, so that the result is that of QCFS, bit for bit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from netsci.convert.calibration import Threshold
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


def convert_cs_qcfs(program: Program, calibration: Any, options: dict[str, Any]) -> SpikingModel:
    """Return the spiking network of an SQCFS, QCFS or ReLU network, thresholds by channel."""
    program = fold_norms(program)
    places = find_populations(program)
    found = find_thresholds(program, places, calibration, options["theta"])
    split = {place: _split_channels(program, place, one) for place, one in found.items()}
    notes = untrained_note(program, places, options["theta"])
    return make_model("cs_qcfs", program, split, kind="if", options=options, notes=notes)


def _split_channels(program: Program, place: int, threshold: Threshold) -> Threshold:
    """Return thresholds with an entry for each channel, behind a convolution."""
    sample = program.steps[place].sample
    if threshold.per != "layer" or len(sample) < 3 or not _reads_convolution(program, place):
        return threshold
    channels = sample[-3]
    shape = (*[1] * (len(sample) - 3), channels, 1, 1)
    return replace(threshold, per="channel", values=threshold.values.repeat(channels), shape=shape)


def _reads_convolution(program: Program, place: int) -> bool:
    """Return whether a convolution reaches an activation through no other layer or activation."""
    waiting = list(program.steps[place].inputs)
    while waiting:
        step = program.steps[waiting.pop()]
        if step.layer is not None:
            if step.layer.convolves:
                return True
        elif step.kind != "activation":
            waiting += step.inputs
    return False


METHOD = Method(
    "cs_qcfs",
    "integrate-and-fire neurons for quantised activations, a threshold for each channel",
    {"theta": THETA, "levels": LEVELS, "steps": STEPS},
    convert_cs_qcfs,
    TAKES,
    REFUSALS,
    pack_model,
    unpack_model,
)
