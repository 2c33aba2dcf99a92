"""What printed p-values say of n: numbers of S2 3.3, against the tests themselves."""

import numpy as np
import pytest

from netsci.measure import (
    fewest_networks,
    largest_z,
    pairs_for_power,
    rank_sum_effect,
    rank_sum_test,
    signed_rank_test,
    z_of_p,
)

PRINTED = ((1.613e-26, 10.6, 150), (3.444e-35, 12.3, 202), (6.119e-62, 16.6, 366))


@pytest.mark.parametrize(("p", "z", "fewest"), PRINTED)
def test_printed_p_values(p, z, fewest):
    assert z_of_p(p) == pytest.approx(z, abs=0.05)
    assert fewest_networks(p) == fewest
    # the test itself: as many networks whose lags are all positive reach the p-value, one less does not
    lags = np.linspace(1.0, 2.0, fewest)
    assert signed_rank_test(lags).p_value <= p
    assert signed_rank_test(lags[1:]).p_value > p


def test_effects_if_the_whole_grid_ran():
    networks = (75 + 3) * 4  # Table 1: 75 + 3 points, four combinations
    assert largest_z(networks) == pytest.approx(15.3, abs=0.05)
    assert z_of_p(PRINTED[0][0]) / largest_z(networks) == pytest.approx(0.69, abs=0.005)
    assert z_of_p(PRINTED[1][0]) / largest_z(networks) == pytest.approx(0.80, abs=0.006)


def test_mann_whitney():
    p = 1.266e-8
    assert z_of_p(p, sides=2) == pytest.approx(5.69, abs=0.005)
    assert rank_sum_effect(p, 312, 312) == pytest.approx(0.26, abs=0.005)
    # 200 a side give .33; 225, or 200 against 270, give the .31 of the specification
    assert rank_sum_effect(p, 200, 200) == pytest.approx(0.329, abs=0.0005)
    assert rank_sum_effect(p, 225, 225) == pytest.approx(0.31, abs=0.0005)
    assert 74 <= pairs_for_power(0.31) < pairs_for_power(0.26) <= 105


def test_the_effect_agrees_with_the_test():
    rng = np.random.default_rng(0)
    x, y = rng.normal(0.3, 1, 240), rng.normal(0, 1, 210)
    found = rank_sum_test(x, y)
    half = 0.5 / np.sqrt(240 * 210 * 451 / 12)  # the test corrects for continuity
    assert rank_sum_effect(found.p_value, 240, 210) == pytest.approx(found.rank_biserial, abs=3 * half)


def test_power_is_what_it_says():
    rng = np.random.default_rng(2)
    n, shift = pairs_for_power(0.4), 0.742  # P(x > y) = Phi(.742 / sqrt 2) = .70: rank-biserial .40
    hits = [rank_sum_test(rng.normal(shift, 1, n), rng.normal(0, 1, n)).p_value < 0.05 for _ in range(400)]
    assert np.mean(hits) == pytest.approx(0.9, abs=0.05)


def test_refusals():
    with pytest.raises(ValueError, match=r"p_value must lie in \(0, 1\)"):
        fewest_networks(0.0)
    with pytest.raises(ValueError, match="effect must lie"):
        pairs_for_power(0.0)
    with pytest.raises(ValueError, match="networks must be at least 1"):
        largest_z(0)
    assert fewest_networks(0.5) == 1
