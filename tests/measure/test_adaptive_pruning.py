import json
import math
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.measure import prune_count, pruning_ratio, retained_bound

CASES = json.loads((Path(__file__).parents[1] / "golden" / "iw.json").read_text())["sap"]["cases"]


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case['d']}-{case['I']}-{case['p']}-{case['gamma']}"
)
def test_golden(case):
    orders = {name: case[name] for name in ("p", "q", "eta")}
    steps = {name: case[name] for name in ("gamma", "beta")}
    assert retained_bound(case["d"], case["I"], **orders) == case["m_retain_bound"]
    assert pruning_ratio(case["d"], case["I"], **orders, **steps) == pytest.approx(
        case["prune_ratio"], abs=1e-15
    )
    assert prune_count(case["d"], case["I"], **orders, **steps) == case["num_prune"]


@settings(deadline=None)
@given(st.integers(1, 10**6), st.integers(0, 100), st.integers(0, 300), st.integers(0, 100))
def test_counts_are_those_of_exact_decimals(size, index, gamma, beta):
    """At p = .5, q = 1 the bound is d (1 - I), rational for a decimal index."""
    retained = math.ceil(Fraction(size * (100 - index), 100))
    exact = min(Fraction(gamma, 100) * (size - retained), Fraction(beta, 100) * size)
    assert retained_bound(size, index / 100) == retained
    assert prune_count(size, index / 100, gamma=gamma / 100, beta=beta / 100) == math.floor(exact)
    ratio = pruning_ratio(size, index / 100, gamma=gamma / 100, beta=beta / 100)
    assert ratio == pytest.approx(float(exact / size), abs=1e-15)


def test_a_decimal_means_itself():
    assert 0.29 * 100 < 29
    assert prune_count(100, 1.0, beta=0.29) == 29
    assert prune_count(100, 1.0, beta=Fraction(1, 3)) == 33


def test_the_bound_rounds_up_and_more_slack_keeps_fewer():
    assert retained_bound(10, 0.33) == 7
    assert retained_bound(10, 0.0) == 10
    assert retained_bound(10, 1.0) == 0
    assert [retained_bound(1000, 0.3, eta=eta) for eta in (-0.5, 0.0, 0.1, 1.0)] == [1000, 700, 579, 175]
    assert prune_count(1000, 0.3, eta=-0.5) == 0


def test_orders_close_together():
    assert retained_bound(10, 0.5, p=0.5, q=0.5 + 1e-12) == 0
    assert retained_bound(10, 0.5, p=0.5, q=0.5 + 1e-12, eta=-0.9) == 10


@pytest.mark.parametrize(
    ("arguments", "options", "error", "match"),
    [
        ((0, 0.5), {}, ValueError, "size must be at least 1"),
        ((2.5, 0.5), {}, TypeError, "whole number"),
        ((True, 0.5), {}, TypeError, "whole number"),
        ((10, 1.5), {}, ValueError, "index must be a sparsity index"),
        ((10, math.nan), {}, ValueError, "index must be a sparsity index"),
        ((10, 0.5), {"eta": -1.0}, ValueError, "eta must be finite"),
        ((10, 0.5), {"gamma": -1.0}, ValueError, "gamma must be"),
        ((10, 0.5), {"gamma": math.inf}, ValueError, "gamma must be"),
        ((10, 0.5), {"beta": 1.5}, ValueError, "beta must be a share"),
        ((10, 0.5), {"p": 1.0}, ValueError, "0 < p < q"),
    ],
)
def test_refusals(arguments, options, error, match):
    with pytest.raises(error, match=match):
        prune_count(*arguments, **options)
