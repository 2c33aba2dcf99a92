"""DCGS: differential coding by graded spikes; training-free, for convolutional networks and transformers.

Source: Huang et al., ICML 2025; S1 3.2.
Reading: iterations=None takes the root of k, and quantiles of |x| for neurons of both signs; iterations=100
stops the fixed point where the release does, and takes the quantiles of x over the caller's own batches.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from netsci.arguments import MOST_REPEATS, as_count, check_choice, check_flag
from netsci.convert import rewriting
from netsci.convert.building import describe
from netsci.convert.calibration import threshold_table
from netsci.convert.dcgs_calibration import Statistic, measure_statistics
from netsci.convert.dcgs_neuron import CODINGS, KINDS, MOST_THRESHOLDS, MultiThreshold
from netsci.convert.dcgs_statistics import LEVELS
from netsci.convert.folding import check_norms
from netsci.convert.graded import GradedNetwork
from netsci.convert.methods.method import Method
from netsci.convert.methods.rate import TAKES, need_calibration, plain_options, silent_note
from netsci.convert.methods.stored import GRADED
from netsci.convert.model import MOST_STEPS, SpikingModel
from netsci.convert.program import Program
from netsci.convert.recording import Unconvertible
from netsci.convert.value_checks import as_positive

WHOLE = "write it with linear layers and scaled_dot_product_attention, whose parts are seen"
TOKENS = ("gelu", "layer norm", "softmax", "product", "attention")  # what convolutional networks have not


def convert_dcgs(program: Program, calibration: Any, options: dict[str, Any]) -> SpikingModel:
    """Return the spiking network of a network of ReLUs, or of any other with neurons before its layers.

    Raises `Unconvertible` if there is no place for neurons; ValueError without calibration images.
    """
    line = bool(program.of_kind(*TOKENS)) if options["neuron"] is None else options["neuron"] == "line"
    filled = _fill(options, line)
    need_calibration(calibration, "method='dcgs'")
    check_norms(program)
    program = rewriting.swap_pools(rewriting.split_attention(program))
    rewriting.check_maxima(program)
    if line:
        program = rewriting.put_neurons(program, encode_image=filled["encode_image"])
    else:
        program = rewriting.share_activations(program)
    places = program.of_kind("neurons") if line else _relus(program)
    chosen = {name: filled[name] for name in ("theta", "scale", "level", "channel_axis", "iterations")}
    statistic = Statistic(levels=filled["steps"] * 2 ** filled["n"], line=line, **chosen)
    found = measure_statistics(program, places, calibration, statistic)
    neurons = {
        place: MultiThreshold(one.spread().float(), filled["n"], filled["neuron"], filled["coding"])
        for place, one in found.items()
    }
    network = GradedNetwork(program, neurons, filled["coding"])
    activations = {place: nn.Identity() if line else nn.ReLU() for place in places}
    table = threshold_table(list(found.values()))
    notes = (f"n={filled['n']}, neuron={filled['neuron']!r}: nothing was trained", *silent_note(table))
    return SpikingModel("dcgs", filled["steps"], network, activations, table, notes, filled)


def _relus(program: Program) -> list[int]:
    """Return the places of the ReLUs; raise `Unconvertible` if there are none, or one is quantised."""
    places = program.of_kind("activation")
    if not places:
        raise Unconvertible(
            "ann holds no ReLU in whose place neurons could stand: take neuron='line', neurons before layers"
        )
    for place in places:
        if program.steps[place].module is not None:
            raise Unconvertible(
                f"{describe(program.steps[place])} is quantised, and neurons in its place would follow a "
                "ReLU: take the method it was trained for, or neuron='line'"
            )
    return places


def _fill(options: dict[str, Any], line: bool) -> dict[str, Any]:
    """Return the options, checked, with what None stands for."""
    check_choice(options["neuron"], (*KINDS, None), "neuron")
    check_choice(options["coding"], CODINGS, "coding")
    check_choice(options["theta"], ("moments", "p999", None), "theta")
    check_choice(options["level"], LEVELS, "level")
    check_flag(options["encode_image"], "encode_image")
    found = {**options, "neuron": options["neuron"] or ("line" if line else "with_neg")}
    n = (8 if line else 4) if options["n"] is None else options["n"]
    found["n"] = as_count(n, "n", 1, MOST_THRESHOLDS)
    found["steps"] = as_count(options["steps"], "steps", 1, MOST_STEPS)
    if found["steps"] * 2 ** found["n"] > MOST_REPEATS:
        raise ValueError(
            f"steps * 2**n must be at most {MOST_REPEATS:,}, the levels that thresholds are made for; got "
            f"steps={found['steps']}, n={found['n']}"
        )
    if options["iterations"] is not None:
        as_count(options["iterations"], "iterations")
    found["theta"] = options["theta"] or ("p999" if line else "moments")
    scale = (4.0 if line else 1.0) if options["scale"] is None else options["scale"]
    found["scale"] = as_positive(scale, "scale")
    return plain_options(found)


METHOD = Method(
    "dcgs",
    "differential coding by graded spikes; training-free, takes max pooling and attention",
    {
        "n": (None, "thresholds of a sign; None takes 4, and 8 for neuron='line'"),
        "steps": (8, "T of N = T 2^n levels at which thresholds are best; also what simulate runs"),
        "neuron": (None, "'with_neg' or 'positive' in place of ReLUs, 'line' before layers and products"),
        "coding": ("differential", "or 'rate'"),
        "theta": (None, "'moments' (the root of k) or 'p999' (the 99.9 % quantile); None: p999 for line"),
        "scale": (None, "factor of the thresholds; None takes 4 for line and 1 else"),
        "level": ("channel", "one threshold a 'layer', 'channel' or 'neuron'"),
        "channel_axis": (None, "axis of [batch, ...]; None: 1 of images, else the last"),
        "encode_image": (True, "line neurons on the image too, so that no layer multiplies"),
        "iterations": (None, "100 stops as the release does; None finds the root"),
    },
    convert_dcgs,
    TAKES | frozenset(("maximum", *TOKENS)),
    dict.fromkeys(("multi_head_attention_forward", "_native_multi_head_attention"), WHOLE),
    GRADED.pack,
    GRADED.unpack,
)
