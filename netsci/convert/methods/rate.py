"""What the rate-coded methods share: thresholds, trained or from calibration, and the network made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from netsci.arguments import as_count, shorten
from netsci.convert.activations import MOST_LEVELS, QCFS, SQCFS, check_theta
from netsci.convert.aec import AEC
from netsci.convert.building import describe
from netsci.convert.calibration import (
    STATISTICS,
    Threshold,
    check_fires,
    measure_thresholds,
    threshold_table,
)
from netsci.convert.folding import fold_norms
from netsci.convert.model import MOST_STEPS, OUTPUT, SpikingModel
from netsci.convert.neurons import Neuron
from netsci.convert.program import Program, Step
from netsci.convert.recording import Ref, Unconvertible
from netsci.convert.stream import Network

TAKES = frozenset(
    {
        *("input", "constant", "layer", "norm", "activation", "add", "shift", "scale", "average", "move"),
        *("join", "sum", "pad"),
    }
)
_LINEAR = "rates of spikes pass only through what is linear; take dcgs, which converts it"
REFUSALS = {
    "maximum": "the maximum of spikes is not that of rates: use average pooling, or dcgs",
    "gelu": f"its activation is no ReLU, which an integrate-and-fire neuron follows; {_LINEAR}",
    **dict.fromkeys(("layer norm", "softmax", "product", "attention"), _LINEAR),
}
USUAL = "p999"
SILENT = 1e-30  # threshold of an activation whose neurons never fire: all that it says is 0, but for this
STEPS = (32, "T, the number of time steps that simulate and diagnose run unless told otherwise")
Change = Callable[[Program, int, Threshold], Threshold]
LEVELS = (None, "L of the quantised ANN that to_ann and diagnose show for ReLUs; None leaves them ReLUs")
THETA = (None, "threshold of a ReLU's neurons: 'p999' (99.9 %, usual), 'max', 'twice_mean', or a number")
OPTIONS = {"theta": THETA, "levels": LEVELS, "steps": STEPS}  # of qcfs and cs_qcfs


def find_populations(program: Program) -> list[int]:
    """Return the places of the activations; raise `Unconvertible` if there are none, or one is an AEC."""
    places = program.of_kind("activation")
    if not places:
        raise Unconvertible(
            "ann holds no activation that spikes can stand for: it needs ReLU, QCFS or SQCFS behind layers"
        )
    for place in places:
        step = program.steps[place]
        if len(step.inputs) != 1:
            raise Unconvertible(f"{describe(step)} reads {len(step.inputs)} tensors, and must read one")
        if isinstance(step.module, AEC):
            raise Unconvertible(f"{describe(step)} is a code of spike times: take aec")
    return places


def convert_by_levels(
    method: str, program: Program, calibration: Any, options: Mapping[str, Any], change: Change
) -> SpikingModel:
    """Return the network of integrate-and-fire neurons of a QCFS, SQCFS or ReLU network (qcfs, cs_qcfs).

    change : maps the program, a place and its threshold to the threshold that the method has there.
    """
    program = fold_norms(program)
    places = find_populations(program)
    found = find_thresholds(program, places, calibration, options["theta"])
    found = {place: change(program, place, one) for place, one in found.items()}
    notes = untrained_note(program, places, options["theta"])
    return make_model(method, program, found, kind="if", options=options, notes=notes)


def find_thresholds(
    program: Program, places: list[int], calibration: Any, theta: Any
) -> dict[int, Threshold]:
    """Return thresholds: trained ones of QCFS and SQCFS, of ReLUs what theta says.

    Raises
    ------
    TypeError, ValueError
        If theta is none of STATISTICS or a number above 0, a trained threshold is not above 0, there is
        no calibration where one is needed, or theta is given and every threshold is trained.
    """
    plain = [place for place in places if program.steps[place].module is None]
    if theta is not None and not plain:
        raise ValueError(
            f"theta is the threshold of ReLUs, and ann has none: leave it out; got {shorten(theta)}"
        )
    theta = USUAL if theta is None else theta
    found = {place: _read_threshold(program.steps[place]) for place in places if place not in plain}
    if isinstance(theta, str):
        if theta not in STATISTICS:
            raise ValueError(
                f"theta must be 'p999', 'max', 'twice_mean' or a number above 0; got {shorten(theta)}"
            )
        if plain:
            need_calibration(calibration, f"theta={theta!r}")
            measured = measure_thresholds(program, plain, calibration, statistic=theta)
            check_fires(measured)
            found |= measured
    else:
        value = torch.tensor([check_theta(theta)])
        for place in plain:
            step = program.steps[place]
            found[place] = Threshold(step.name, "layer", "given", value, (1,) * len(step.sample))
    return {place: found[place] for place in places}


def need_calibration(calibration: Any, why: str) -> None:
    """Raise ValueError if there are no calibration images."""
    if calibration is None:
        raise ValueError(f"calibration must be training images, which {why} needs; got None")


def _read_threshold(step: Step) -> Threshold:
    """Return the thresholds that a QCFS or SQCFS has learned."""
    check_trained(step.name, step.module)
    values = step.module.theta.detach().reshape(-1).float()
    if len(values) == 1:
        return Threshold(step.name, "layer", "trained", values, (1,) * len(step.sample))
    shape = (*[1] * (len(step.sample) - 3), len(values), 1, 1)
    return Threshold(step.name, "channel", "trained", values, shape)


def check_trained(name: str, module: QCFS | SQCFS) -> None:
    """Raise ValueError unless the thresholds that an activation has learned are finite and above 0."""
    values = module.theta.detach().reshape(-1).float()
    wrong = values[~(torch.isfinite(values) & (values > 0))]
    if len(wrong):
        raise ValueError(
            f"theta of {name!r} must be above 0 and finite; it is {float(wrong[0]):.6g}: train it again, or "
            "take SQCFS, whose threshold cannot become negative"
        )


def make_model(
    method: str,
    program: Program,
    thresholds: Mapping[int, Threshold],
    *,
    kind: str,
    options: Mapping[str, Any],
    notes: tuple[str, ...] = (),
) -> SpikingModel:
    """Return the spiking network of a folded program with these thresholds."""
    steps = as_count(options["steps"], "steps", 1, MOST_STEPS)
    levels = options.get("levels")
    if levels is not None:
        levels = as_count(levels, "levels", 1, MOST_LEVELS)
        if all(program.steps[place].module is not None for place in thresholds):
            raise ValueError(f"levels are those of ReLUs, and ann has none: leave them out; got {levels}")
    compat = bool(options.get("compat", False))
    neurons = {
        place: Neuron(program.steps[place].name, kind, one.spread().float(), compat)
        for place, one in thresholds.items()
    }
    activations = {place: _activation(program.steps[place], one, levels) for place, one in thresholds.items()}
    table = threshold_table(list(thresholds.values()))
    notes = (*notes, *silent_note(table))
    said = plain_options(options)
    return SpikingModel(method, steps, Network(program, neurons), activations, table, notes, said)


def plain_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as a model keeps them: numbers and texts of Python, "given" for all else.

    Examples
    --------
    >>> plain_options({"steps": np.int64(4), "theta": [0.5], "levels": None})
    {'steps': 4, 'theta': 'given', 'levels': None}
    """
    found = {}
    for name, value in options.items():
        plain = value.item() if isinstance(value, np.generic) else value
        found[name] = plain if plain is None or isinstance(plain, (str, bool, int, float)) else "given"
    return found


def silent_note(table: Any) -> tuple[str, ...]:
    """Return a note if thresholds of a table are 0."""
    silent = int((table.status == "silent").sum())
    if not silent:
        return ()
    return (f"{silent} thresholds are 0: these neurons never fire, for no training image drives them",)


def _activation(step: Step, threshold: Threshold, levels: int | None) -> nn.Module:
    """Return the ANN's activation: what the network has; for a ReLU with levels, a QCFS or SQCFS."""
    if step.module is not None:
        found: nn.Module = step.module
        return found
    if levels is None:
        return nn.ReLU()
    values = threshold.values.clamp(min=SILENT)
    if threshold.per == "layer":
        return QCFS(levels, float(values[0])).requires_grad_(False)
    made = SQCFS(levels, channels=len(values))
    with torch.no_grad():
        made.lam.copy_(values + torch.log(-torch.expm1(-values)))
    return made.requires_grad_(False)


def untrained_note(program: Program, places: list[int], theta: Any) -> tuple[str, ...]:
    """Return a note if thresholds of ReLUs were not trained."""
    plain = [program.steps[place].name for place in places if program.steps[place].module is None]
    if not plain:
        return ()
    return (
        f"{len(plain)} of {len(places)} activations are ReLUs: their thresholds come from "
        f"theta={theta or USUAL!r}, "
        "and nothing was trained",
    )


def add_output_neurons(program: Program) -> Program:
    """Return a program that ends in an activation, so that its output spikes."""
    last = program.steps[-1]
    if last.kind == "activation":
        return program
    step = replace(
        last,
        kind="activation",
        name=OUTPUT,
        line="",
        function=torch.relu,
        args=(Ref(len(program.steps) - 1),),
        named={},
        layer=None,
        module=None,
        value=None,
    )
    return replace(program, steps=(*program.steps, step))
