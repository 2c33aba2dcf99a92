"""SNM: signed neurons with memory. A neuron that fired too often takes spikes back; the output spikes too.

theta of a neuron is its largest ReLU activation on training images; of an output neuron, that of the ReLU of
its score. A neuron that no training image drives has theta = 0 and never fires.

Source: Wang et al., IJCAI 2022; S2.
Reading: the memory is a whole number of spikes; compat=True sums theta times spike in single precision, as
the release does.
"""

from __future__ import annotations

from typing import Any

from netsci.arguments import check_flag
from netsci.convert.calibration import measure_thresholds
from netsci.convert.folding import fold_norms
from netsci.convert.methods.method import Method
from netsci.convert.methods.rate import (
    REFUSALS,
    STEPS,
    TAKES,
    add_output_neurons,
    find_populations,
    make_model,
    need_calibration,
)
from netsci.convert.model import SpikingModel
from netsci.convert.program import Program
from netsci.convert.recording import Unconvertible


def convert_snm(program: Program, calibration: Any, options: dict[str, Any]) -> SpikingModel:
    """Return the spiking network of a ReLU network, thresholds by neuron.

    Raises `Unconvertible` if an activation is quantised; ValueError without calibration images.
    """
    check_flag(options["compat"], "compat")
    find_populations(program)
    program = add_output_neurons(fold_norms(program))
    places = program.of_kind("activation")
    trained = [program.steps[place].name for place in places if program.steps[place].module is not None]
    if trained:
        raise Unconvertible(f"snm converts ReLU networks, and {trained[0]!r} is quantised: take qcfs or cs_qcfs")
    need_calibration(calibration, "method='snm'")
    found = measure_thresholds(program, places, calibration, per="unit", statistic="max")
    return make_model("snm", program, found, kind="snm", options=options)


METHOD = Method(
    "snm",
    "signed neurons with memory, a threshold for each neuron; training-free",
    {"compat": (False, "sum spikes in single precision, as the authors' release does"), "steps": STEPS},
    convert_snm,
    TAKES,
    REFUSALS,
)
