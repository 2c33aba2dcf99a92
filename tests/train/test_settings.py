"""What each method has by itself is what the papers print, or what was decided where they are silent."""

import pytest

from netsci.train import Topology
from netsci.train.plan import Plan

EARLY = {"zeta": 0.3, "schedule": "cosine", "until": 0.75}
EVERY_EPOCH = {"evolve_every": 1, "evolve_after": 0}
RULE = {"removal": "magnitude", "permanent": True, "percolate": True, "as_printed": False}
CHT = {**RULE, **EARLY, **EVERY_EPOCH, "initial": "csti", "early_stop": 0.95, "excess": ()}
CHTS = {**CHT, "regrowth": (("conv", "ch3_l3n"), ("linear", "ch2_l3n"))}
KNOWN = {
    "cht": {**CHT, "regrowth": "ch3_l3", "delta": 1.0, "delta_end": None, "initial_sparsity": None},
    "chts": {**CHTS, "initial_sparsity": None},
    "chtss": {**CHTS, "initial_sparsity": 0.5, "density_schedule": "sigmoid", "steepness": 6.0},
    "cht_conv": {
        **CHTS,
        "initial": "uniform",
        "sparsity": (("conv", 0.78), ("linear", 0.99)),
        "initial_sparsity": (("conv", 0.2),),
        "density_schedule": "sigmoid",
        "steepness": "1 per epoch",
        "unfolding": "im2col",
    },
    "set": {"zeta": 0.3, "schedule": "static", "until": 1.0, **EVERY_EPOCH},
    "rigl": {**EARLY, "evolve_every": "100 steps", "allocation": "erk"},
    "srigl": {**EARLY, "evolve_every": "100 steps", "allocation": "erk"},
    "mest": {**EARLY, **EVERY_EPOCH},
    "ndsnn": {"zeta": 0.5, "until": 0.75, "density_schedule": "cubic", "initial_sparsity": None},
    "gmp": {"until": 0.75, **EVERY_EPOCH, "density_schedule": "cubic", "initial_sparsity": 0.0},
}


@pytest.mark.parametrize("method", KNOWN)
def test_values_that_a_method_has_by_itself(method):
    made = Topology(method=method)
    assert {name: getattr(made, name) for name in KNOWN[method]} == KNOWN[method]


@pytest.mark.parametrize("method", ["chts", "chtss", "cht_conv"])
def test_the_temperature_of_removal_goes_from_1_to_9_and_regrowth_stays_proportional(method):
    """T on a line over three quarters of 20 epochs: 1 at the first evolution, 9 from epoch 15 on."""
    plan = Plan(Topology(method=method), epochs=20, batches=5)
    for number, odds in ((1, 1.0), (6, 1 + 8 * 5 / 15), (16, 9.0)):
        rule = plan.rule(number, "linear")
        assert rule.delta_removal / (1 - rule.delta_removal) == pytest.approx(odds)
        assert rule.delta_regrowth == pytest.approx(0.5)
    assert [plan.rule(1, kind).regrowth for kind in ("conv", "linear")] == ["ch3_l3n", "ch2_l3n"]
