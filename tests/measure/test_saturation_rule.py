"""What the saturation rule does by construction, without any network: numbers of the specification."""

import numpy as np
import pytest

from netsci.measure import (
    PopulationTrace,
    Trace,
    onset_null,
    rate_table,
    running_means,
    saturation_floor,
    saturation_time,
    saturation_times,
    step_rates,
)

STEPS = 64


@pytest.mark.parametrize(("window", "floor"), [(5, 6), (10, 11)])
def test_the_floor_of_both_windows(window, floor):
    assert saturation_floor(window) == floor == saturation_time(np.ones(STEPS), window=window)
    assert saturation_floor(window, at="start") == 1
    assert saturation_floor(window, times=np.arange(1, 65) * 2) == 2 * floor
    rng = np.random.default_rng(0)
    times = saturation_times(rng.random((200, STEPS)), window=window, tolerance=0.5)
    assert np.nanmin(times) >= floor


@pytest.mark.parametrize(("onset", "end"), [(0, 11), (1, 21), (2, 25), (3, 29), (5, 35)])
def test_a_running_mean_has_a_saturation_time_of_its_own(onset, end):
    """A rate that is 0 for `onset` steps and constant ever after."""
    rate = np.where(np.arange(STEPS) < onset, 0.0, 0.3)
    mean = running_means(rate)
    assert saturation_time(mean, window=10) == end
    # control: the rate of each step saturates as soon as the window allows
    assert saturation_time(step_rates(mean), window=10) == 11 + onset
    assert saturation_time(onset_null(rate), window=10) == end


def test_noise_delays_saturation():
    """A flat accuracy, 1 % of the answers wrong the other way at each step: small test sets saturate late."""
    rng = np.random.default_rng(1)

    def times(images, accuracy, networks=2000):
        right, wrong = round(images * accuracy), round(images * (1 - accuracy))
        lost, won = (rng.binomial(n, 0.01, (networks, STEPS)) for n in (right, wrong))
        return saturation_times((right - lost + won) / images, window=10)

    found = {(n, a): times(n, a) for n in (10_000, 1_000, 500) for a in (0.95, 0.6)}
    mean = {key: np.nanmean(value) for key, value in found.items()}
    assert mean[10_000, 0.95] == mean[10_000, 0.6] == 11
    assert mean[1_000, 0.95] == pytest.approx(12, abs=0.5)
    assert mean[1_000, 0.6] == pytest.approx(21, abs=1.5)
    assert mean[500, 0.95] == pytest.approx(17, abs=1)
    assert mean[500, 0.6] > 25
    assert np.isnan(found[500, 0.6]).mean() == pytest.approx(1 / 3, abs=0.08)


def test_two_sided_rule_asks_for_a_plateau():
    falling = 0.9 ** np.arange(STEPS)
    assert saturation_time(falling, window=10) == 11
    assert saturation_time(falling, window=10, rule="two-sided") is None
    back = np.concatenate([falling[:20], np.full(20, falling[19])])
    assert saturation_time(back, window=10, rule="two-sided") == 30
    assert saturation_time(back, window=10, rule="two-sided", at="start") == 20
    rng = np.random.default_rng(3)
    curves = rng.random((300, 30)) + 0.2
    one, two = (
        saturation_times(curves, window=2, tolerance=0.3, rule=rule) for rule in ("one-sided", "two-sided")
    )
    assert (np.isnan(two) | (two >= one)).all()
    assert (two > one).any()
    with pytest.raises(ValueError, match="rule must be one of one-sided, two-sided"):
        saturation_time([1.0, 1.0], window=1, rule="both")


def test_starts_of_the_window_allow_all_printed_times_of_s1():
    """S1 Table A4b prints 4 with a window of 5: no end of a window, but a start."""
    curve = np.r_[0.2, 0.5, 0.7, np.full(20, 0.8)]
    assert saturation_time(curve, window=5, at="start") == 4
    assert saturation_floor(5) > 4


def test_step_rates_undo_running_means():
    rng = np.random.default_rng(4)
    rates = rng.random((5, 40)) * (np.arange(40) >= 3)
    np.testing.assert_allclose(step_rates(running_means(rates)), rates, atol=1e-12)
    assert (step_rates(running_means(rates))[:, :3] == 0).all()


def test_onset_null_by_hand():
    rates = [[0.0, 0.0, 0.3, 0.5], [0.2, 0.4, 0.0, 0.2]]
    # the first: 0, 0, .4, .4; the second: .2, .2, .2, .2
    np.testing.assert_allclose(
        onset_null(rates, units=[3, 1]), np.cumsum([0.05, 0.05, 0.35, 0.35]) / [1, 2, 3, 4]
    )
    assert onset_null([0.0, 0.0]).tolist() == [0, 0]
    with pytest.raises(ValueError, match="units must hold one number >= 0 for each of 2 populations"):
        onset_null(rates, units=[1, -1])
    with pytest.raises(ValueError, match="at least 0"):
        onset_null([0.1, -0.1])


def test_rates_by_layer_and_with_connected_units_alone():
    pixels = PopulationTrace("input", [9, 9], [9, 9], is_input=True)
    first = PopulationTrace("first", [4, 0], [1, 3])
    last = PopulationTrace("last", [2, 2, 0, 0], [0, 4])
    trace = Trace(steps=2, samples=2, populations=(pixels, first, last), projections=())
    table = rate_table(trace, live_units={"first": 1, "last": 2}).set_index(["population", "step"])
    assert table.loc["first", "rate"].tolist() == [1 / 4, 3 / 4]
    assert table.loc["first", "running_mean"].tolist() == [1 / 4, 1 / 2]
    assert table.loc["last", "live_rate"].tolist() == [0, 1]
    assert table.loc["all populations", "rate"].tolist() == [1 / 12, 7 / 12]
    assert table.loc["all populations", "live_running_mean"].tolist() == [1 / 6, (1 / 6 + 7 / 6) / 2]
    assert rate_table(trace)["live_rate"].isna().all()
    with pytest.raises(ValueError, match="live_units lacks the population 'last'"):
        rate_table(trace, live_units={"first": 1})
    with pytest.raises(ValueError, match="at most 2"):
        rate_table(trace, live_units={"first": 3, "last": 2})
