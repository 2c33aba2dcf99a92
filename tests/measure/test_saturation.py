import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.measure import saturation_point, saturation_time, saturation_times

curves = st.lists(st.sampled_from([0.0, 1.0, 1.005, 1.01, 1.02, 2.0, 50.0]), min_size=1, max_size=25)


def by_hand(curve, window, tolerance=0.01):
    """S1 Algorithm 1, read literally with T = 1, 2, ... and A_0 unknown."""
    for last in range(window, len(curve)):
        improvements = [
            math.inf if curve[t - 1] == 0 else (curve[t] - curve[t - 1]) / curve[t - 1]
            for t in range(last - window + 1, last + 1)
        ]
        if max(improvements) <= tolerance + 1e-12:
            return last + 1
    return None


@settings(deadline=None)
@given(curves, st.integers(1, 8))
def test_agrees_with_the_printed_algorithm(curve, window):
    expected = by_hand(curve, window)
    assert saturation_time(curve, window=window) == expected
    start = saturation_time(curve, window=window, at="start")
    assert start == (None if expected is None else expected - window)


@settings(deadline=None)
@given(
    st.lists(curves.filter(lambda c: len(c) > 12).map(lambda c: c[:12]), min_size=1, max_size=4),
    st.integers(1, 5),
)
def test_many_curves_at_once(rows, window):
    times = np.arange(12) * 4 + 2
    for at in ("end", "start"):
        found = saturation_times(rows, window=window, times=times, at=at)
        one_by_one = [saturation_time(row, window=window, times=times, at=at) for row in rows]
        assert [None if math.isnan(t) else t for t in found] == one_by_one


@settings(deadline=None)
@given(curves, st.integers(1, 6), st.sampled_from([100.0, 1e-6, 1 / 3]))
def test_the_unit_of_the_curve_does_not_matter(curve, window, factor):
    assert saturation_time([factor * a for a in curve], window=window) == saturation_time(
        curve, window=window
    )


def test_windows_of_both_papers():
    curve = [0.2, 0.5, 0.8] + [0.9] * 12
    assert saturation_time(curve, window=5) == 9  # the improvements of 5 to 9 are none
    assert saturation_time(curve, window=5, at="start") == 4
    assert saturation_time(curve, window=10) == 14
    assert saturation_time(curve, window=12) is None


def test_with_a_window_of_five_nothing_saturates_before_time_six():
    """S1 Table A4b prints 4 all the same."""
    assert saturation_time([1.0] * 10, window=5) == 6
    assert saturation_time([1.0] * 5, window=5) is None


def test_exactly_one_per_cent_is_no_improvement_in_any_unit():
    for unit in (1.0, 0.1, 0.01, 0.007):
        assert saturation_time([50 * unit, 50.5 * unit], window=1) == 2
        assert saturation_time([50 * unit, 50.5001 * unit], window=1) is None


def test_times_are_steps_not_indices():
    curve, times = [1.0, 2.0, 2.0, 2.0], [2, 4, 8, 16]
    assert saturation_time(curve, window=2, times=times) == 16
    assert isinstance(saturation_time(curve, window=2, times=times), int)
    assert saturation_time(curve, window=2, times=times, at="start") == 4
    assert saturation_time(curve, window=2, times=[0.5, 1.0, 1.5, 2.0]) == 2.0


def test_from_zero_every_step_is_an_improvement():
    assert saturation_time([0.0] * 30, window=3) is None
    assert saturation_time([0.0, 0.0, 0.0, 1.0, 1.0, 1.0], window=2) == 6
    assert saturation_time([1.0, 0.0, 0.0, 0.0], window=1) == 2
    assert saturation_time([1.0, 0.0, 0.0, 0.0], window=2) is None


def test_a_falling_curve_is_said_to_fall():
    found = saturation_point([0.2, 0.8, 0.6, 0.3, 0.3], window=2)
    assert (found.time, found.value, found.falling) == (4, 0.3, True)
    assert found.change == pytest.approx(0.3 / 0.8 - 1)
    assert found.drop == pytest.approx(0.5)
    flat = saturation_point([0.2, 0.8, 0.8, 0.804], window=2)
    assert (flat.falling, flat.drop) == (False, 0.0)
    assert saturation_point([1.0, 2.0, 4.0], window=1) is None


def test_slow_growth_counts_as_saturated_at_every_step():
    """1 % a step, for ever: the criterion looks at steps, so the curve doubles inside a long window."""
    found = saturation_point(1.01 ** np.arange(100), window=70)
    assert found.time == 71
    assert found.change == pytest.approx(1.01**70 - 1)


@pytest.mark.parametrize(
    ("curve", "options", "error", "match"),
    [
        ([1.0, math.nan], {}, ValueError, "NaN or infinite"),
        ([1.0, math.inf], {}, ValueError, "NaN or infinite"),
        ([], {}, ValueError, "empty"),
        ([[1.0, 2.0]], {}, ValueError, "one-dimensional"),
        ([1.0, -0.5], {}, ValueError, "must not be negative"),
        (["a", "b"], {}, TypeError, "real numbers"),
        ([1.0, None], {}, TypeError, "real numbers"),
        ([1.0, 1.0], {"window": 0}, ValueError, "window must be at least 1"),
        ([1.0, 1.0], {"window": 1.5}, TypeError, "whole number"),
        ([1.0, 1.0], {"window": True}, TypeError, "whole number"),
        ([1.0, 1.0], {"tolerance": -0.1}, ValueError, "tolerance"),
        ([1.0, 1.0], {"tolerance": math.nan}, ValueError, "tolerance"),
        ([1.0, 1.0], {"at": "middle"}, ValueError, "at must be one of end, start"),
        ([1.0, 1.0], {"times": [1]}, ValueError, "one time step for each value"),
        ([1.0, 1.0], {"times": [2, 2]}, ValueError, "must rise"),
        ([1.0, 1.0], {"times": [2, 1]}, ValueError, "must rise"),
        ([1.0, 1.0], {"times": [1, math.nan]}, ValueError, "NaN or infinite"),
        ([1.0, 1.0], {"times": ["a", "b"]}, TypeError, "times must hold real numbers"),
    ],
)
def test_refusals(curve, options, error, match):
    with pytest.raises(error, match=match):
        saturation_time(curve, **{"window": 1, **options})


def test_refusals_of_many():
    with pytest.raises(ValueError, match=r"\[curve, time\]"):
        saturation_times([1.0, 2.0], window=1)
    with pytest.raises(ValueError, match="empty"):
        saturation_times(np.empty((0, 4)), window=1)
