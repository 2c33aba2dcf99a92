"""What a fit says of itself: criteria, notes, undefined cases and refusals; numbers: test_exponent."""

import math
import warnings

import numpy as np
import pytest

from netsci.graph.degree.discrete_fit import _most_likely
from netsci.graph.degree.exponent import ExponentFit, degree_exponent, grid_exponent


def alternative(r, p):
    return {"lognormal": (r, p), "exponential": (3.0, 0.01), "truncated_power_law": (0.0, 1.0)}


def fit_with(**changes):
    fields = {
        "gamma": 2.5, "xmin": 3.0, "n_tail": 80, "ks": 0.02, "sigma": 0.1, "p_value": 0.4,
        "likelihood_ratios": alternative(0.5, 0.6), "at_bound": False, "n": 100,
    }  # fmt: skip
    return ExponentFit(**(fields | changes))


def test_random_masks_and_binomial_degrees_are_never_scale_free():
    rng = np.random.default_rng(7)
    for trial in range(40):
        if trial % 2:
            mask = rng.random((512, 400)) < 0.01
            degrees = np.concatenate([mask.sum(0), mask.sum(1)])
        else:
            degrees = rng.binomial(300, rng.uniform(0.01, 0.2), 600)
        fit = degree_exponent(degrees)
        assert not fit.scale_free
        assert fit.notes


@pytest.mark.parametrize("degrees", [[], [0, 0, 0], [4, 4, 4, 0], [7]])
def test_undefined_fits_are_nan(degrees):
    fit = degree_exponent(degrees)
    assert all(math.isnan(v) for v in (fit.gamma, fit.xmin, fit.ks, fit.sigma))
    assert fit.n_tail == 0
    assert fit.p_value is None
    assert all(math.isnan(r) and math.isnan(p) for r, p in fit.likelihood_ratios.values())
    assert set(fit.likelihood_ratios) == {"lognormal", "exponential", "truncated_power_law"}
    assert fit.scale_free is False
    assert "fewer than 2 distinct" in fit.notes[0]
    assert all(map(math.isnan, grid_exponent(degrees)))
    asked = degree_exponent(degrees, bootstrap=3, rng=np.random.default_rng(7))
    assert math.isnan(asked.p_value)


def test_bounds_are_reported():
    steep = degree_exponent([1] * 10_000 + [2])
    assert (steep.gamma, steep.at_bound) == (10.0, True)
    assert "gamma at its bound 10: no power law" in steep.notes
    assert _most_likely(np.array([1, 5]), np.array([0.0, 200.0])).tolist() == [10.0, 1.01]


def test_criteria_of_scale_freeness():
    assert fit_with().scale_free
    assert fit_with().notes == ()
    for change, note in [
        ({"gamma": 3.1}, "outside (2, 3)"),
        ({"gamma": 2.0}, "outside (2, 3)"),
        ({"n_tail": 49}, "tail of only 49 nodes (< 50)"),
        ({"p_value": 0.09}, "bootstrap p=0.09"),
        ({"likelihood_ratios": alternative(-2.0, 0.04)}, "fits better: lognormal (R=-2.00, p=0.04)"),
    ]:
        fit = fit_with(**change)
        assert fit.scale_free is False
        assert any(note in found for found in fit.notes)
    assert fit_with(likelihood_ratios=alternative(-2.0, 0.2)).scale_free is True
    # .07 is significant at .1, the level of Broido and Clauset, though not at .05
    assert fit_with(likelihood_ratios=alternative(-2.0, 0.07)).favoured == ("lognormal",)
    assert fit_with(likelihood_ratios=alternative(-2.0, 0.1)).favoured == ()
    assert fit_with(n_tail=50, p_value=0.1).scale_free is True


@pytest.mark.parametrize(
    "unknown",
    [
        {"p_value": None},
        {"p_value": math.nan},
        {"likelihood_ratios": alternative(math.nan, math.nan)},
        {"likelihood_ratios": {"lognormal": (0.5, 0.6)}},
    ],
)
def test_an_unknown_criterion_leaves_the_verdict_open_unless_another_fails(unknown):
    assert fit_with(**unknown).scale_free is None
    for failed in ({"gamma": 3.1}, {"n_tail": 49}):
        assert fit_with(**(unknown | failed)).scale_free is False
    rejected = unknown | {"p_value": 0.09}
    assert fit_with(**rejected).scale_free is False
    worse = alternative(math.nan, math.nan) | {"exponential": (-2.0, 0.01)}
    assert fit_with(**(unknown | {"likelihood_ratios": worse})).scale_free is False


def test_zeros_are_dropped_and_said():
    fit = degree_exponent([0, 0, 1, 1, 1, 2, 3])
    assert (fit.n, fit.zeros) == (5, 2)
    assert "2 zero degrees left out" in fit.notes


def test_silent_and_without_traces(capsys):
    before = list(warnings.filters), np.geterr()
    degree_exponent(np.random.default_rng(7).poisson(12, 1000))
    assert capsys.readouterr() == ("", "")
    assert list(warnings.filters) == before[0]
    assert np.geterr() == before[1]


@pytest.mark.parametrize(
    ("degrees", "message"),
    [
        ([1, -2, 3], "must not be negative"),
        ([1.0, math.nan], "NaN or infinite"),
        ([1.0, math.inf], "NaN or infinite"),
        ([1.5, 2.0], "whole numbers"),
        ([[1, 2]], "one-dimensional"),
        ([1, 2e16], "must not exceed"),
    ],
)
def test_refuses_bad_degrees(degrees, message):
    for fit in (degree_exponent, grid_exponent):
        with pytest.raises(ValueError, match=message):
            fit(degrees)


def test_refuses_bad_arguments():
    with pytest.raises(TypeError, match="degrees"):
        degree_exponent(["a", "b"])
    with pytest.raises(TypeError, match="rng must be"):
        degree_exponent([1, 2, 3], bootstrap=5)
    with pytest.raises(ValueError, match="bootstrap"):
        degree_exponent([1, 2, 3], bootstrap=-1)
    for wrong in (1.5, True, "3"):
        with pytest.raises(TypeError, match="bootstrap must be a whole number"):
            degree_exponent([1, 2, 3], bootstrap=wrong, rng=np.random.default_rng(7))


def test_uniform_masks_are_never_scale_free_at_any_density():
    rng = np.random.default_rng(11)
    for trial in range(100):
        mask = rng.random((300, 300)) < (0.01, 0.02, 0.05, 0.1, 0.3)[trial % 5]
        fit = degree_exponent((mask.sum(0), mask.sum(1), np.append(mask.sum(0), mask.sum(1)))[trial % 3])
        assert fit.scale_free is not True
