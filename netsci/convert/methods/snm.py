"""SNM: signed neurons with memory. A neuron that fired too often takes spikes back; the output spikes too.

theta of a neuron is its largest ReLU activation on training images; of an output neuron, that of the ReLU of
its score. A neuron that no training image drives has theta = 0 and never fires.

Source: Wang et al., IJCAI 2022; S2.
Reading: the memory is a whole number of spikes; compat=True sums theta times spike in single precision, as
the release does.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from netsci.arguments import check_flag, list_of, read_numbers
from netsci.convert.calibration import Threshold, measure_thresholds
from netsci.convert.folding import fold_norms
from netsci.convert.methods import rate
from netsci.convert.methods.method import Method
from netsci.convert.model import SpikingModel
from netsci.convert.program import Program
from netsci.convert.recording import Unconvertible


def convert_snm(program: Program, calibration: Any, options: dict[str, Any]) -> SpikingModel:
    """Return the spiking network of a ReLU network, thresholds by neuron.

    Raises `Unconvertible` if an activation is quantised; ValueError without calibration images.
    """
    check_flag(options["compat"], "compat")
    rate.find_populations(program)
    program = rate.add_output_neurons(fold_norms(program))
    places = program.of_kind("activation")
    trained = [program.steps[place].name for place in places if program.steps[place].module is not None]
    if trained:
        raise Unconvertible(
            f"snm converts ReLU networks, and {trained[0]!r} is quantised: take qcfs or cs_qcfs"
        )
    if options["theta"] is None:
        rate.need_calibration(calibration, "method='snm'")
        found = measure_thresholds(program, places, calibration, per="unit", statistic="max")
    else:
        found = read_thresholds(program, places, options["theta"])
    return rate.make_model("snm", program, found, kind="snm", options=options)


def read_thresholds(program: Program, places: Sequence[int], theta: Any) -> dict[int, Threshold]:
    """Return thresholds that the caller gives: an array for each population, the output's last.

    Raises TypeError or ValueError if there are more or fewer, or one is no array of numbers >= 0 of the
    population's shape.
    """
    given = list_of(theta, (np.ndarray, Tensor, list, tuple), "theta", "a list of arrays, one a population")
    names = [program.steps[place].name for place in places]
    if len(given) != len(places):
        raise ValueError(f"theta must have {len(places)} arrays, for {', '.join(names)}; got {len(given)}")
    found = {}
    for place, one in zip(places, given, strict=True):
        step = program.steps[place]
        values = torch.as_tensor(read_numbers(one, f"theta of {step.name!r}"), dtype=torch.float32)
        if values.numel() != prod(step.sample):
            raise ValueError(
                f"theta of {step.name!r} must have a number for each neuron, {list(step.sample)}; its shape "
                f"is {list(values.shape)}"
            )
        if not bool(torch.isfinite(values).all()) or bool((values < 0).any()):
            raise ValueError(
                f"theta of {step.name!r} must be finite and at least 0 (0: a neuron never fires)"
            )
        found[place] = Threshold(step.name, "unit", "given", values.reshape(-1), step.sample)
    return found


METHOD = Method(
    "snm",
    "signed neurons with memory, a threshold for each neuron; training-free",
    {
        "theta": (None, "thresholds, a list of arrays, one a population; None takes them from calibration"),
        "compat": (False, "sum spikes in single precision, as the authors' release does"),
        "steps": rate.STEPS,
    },
    convert_snm,
    rate.TAKES,
    rate.REFUSALS,
)
