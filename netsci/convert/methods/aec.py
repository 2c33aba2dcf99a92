"""AEC: each neuron says its activation by the times of at most two spikes in a window.

Source: Chen et al., Neural Networks 2024; S2 eq. 7.
Reading: the scale of a code is such that the largest activation on training images is the largest value that
two spikes can say; compat=True keeps the two faults of the release, see `netsci.convert.aec`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from netsci.arguments import as_count, check_flag
from netsci.convert.aec import AEC
from netsci.convert.building import describe
from netsci.convert.calibration import Threshold, measure_thresholds, threshold_table
from netsci.convert.folding import fold_norms
from netsci.convert.methods import rate
from netsci.convert.methods.method import Method
from netsci.convert.methods.stored import TIMED
from netsci.convert.model import SpikingModel
from netsci.convert.program import Program
from netsci.convert.recording import Unconvertible
from netsci.convert.timed import TimedNetwork

WINDOW = 8
MOST = 100_000


def convert_aec(program: Program, calibration: Any, options: dict[str, Any]) -> SpikingModel:
    """Return the spiking network of a network of ReLUs, or of one whose codes were trained.

    Raises `Unconvertible` if an activation is quantised, or codes have different windows; ValueError if there
    are no calibration images for ReLUs, or options that trained codes leave no room for.
    """
    program = fold_norms(program)
    places = program.of_kind("activation")
    trained = {place: program.steps[place].module for place in places if program.steps[place].module}
    for place, module in trained.items():
        if not isinstance(module, AEC):
            raise Unconvertible(f"{describe(program.steps[place])} is quantised: take qcfs or cs_qcfs")
    plain = [place for place in places if place not in trained]
    if not places:
        raise Unconvertible(
            "ann holds no activation that spikes can stand for: it needs ReLU or AEC behind layers"
        )
    made, unused = _make_codes(program, plain, calibration, options)
    codes: dict[int, AEC] = {**trained, **made}
    codes = {place: codes[place] for place in places}
    windows = {code.window for code in codes.values()}
    if len(windows) > 1:
        raise Unconvertible(f"the codes of ann have the windows {sorted(windows)}: give all of them one")
    window = windows.pop()
    network = TimedNetwork(program, codes, window)
    found = [
        Threshold(program.steps[place].name, "layer", "largest", network.largest(place).reshape(1), (1,))
        for place in places
    ]
    activations = {place: trained.get(place, nn.ReLU()) for place in places}
    notes: tuple[str, ...] = (
        f"T is a window: at times 0 to {window} each neuron says its value once, and no answer comes before",
    )
    if plain:
        start = options["start"] or "cifar10"
        what = f"{len(plain)} of {len(places)} codes start at {start!r}, scaled to the largest activation"
        notes = (*notes, f"{what}; nothing was trained")
    if unused:
        said = ", ".join(repr(program.steps[place].name) for place in unused)
        notes = (*notes, f"no training image activates {said}: these codes are not scaled")
    kept = rate.plain_options(options)
    return SpikingModel("aec", 1, network, activations, threshold_table(found), notes, kept)


def _make_codes(
    program: Program, plain: list[int], calibration: Any, options: dict[str, Any]
) -> tuple[dict[int, AEC], list[int]]:
    """Return the codes of ReLUs, scaled to their activations, and the places that nothing activates."""
    given = {name: value for name, value in options.items() if value is not None}
    if not plain:
        if given:
            raise ValueError(
                f"{', '.join(sorted(given))}: options of ReLUs, and all activations of ann are codes: leave "
                "them out"
            )
        return {}, []
    window = as_count(given.get("window", WINDOW), "window", 1, MOST)
    compat = given.get("compat", False)
    check_flag(compat, "compat")
    rate.need_calibration(calibration, "method='aec'")
    found, unused = {}, []
    for place, one in measure_thresholds(program, plain, calibration, statistic="max").items():
        code = AEC(window, given.get("start", "cifar10"), compat=compat).requires_grad_(False)
        top = float(one.values.max())
        if top > 0:
            code.fit_scale(torch.tensor([top]))
        else:
            unused.append(place)
        found[place] = code.eval()
    return found, unused


METHOD = Method(
    "aec",
    "at most two spikes a neuron, by whose times it says its value",
    {
        "window": (None, f"T, the last time of a spike; None takes {WINDOW}"),
        "start": (None, "'cifar10' (usual), 'cifar100', or ((theta1, d1, k1), (theta2, d2, k2))"),
        "compat": (None, "True keeps the two faults of the authors' release"),
    },
    convert_aec,
    rate.TAKES,
    rate.REFUSALS,
    TIMED.pack,
    TIMED.unpack,
)
