"""Ticks lie on their axis, are round, and are as many as there is room for."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsci.plot.naming import SIDES, break_lines, name_sides
from netsci.plot.ticks import even_ticks, log_labels, log_ticks, tick_label

LOWS = st.floats(1e-12, 1e9)
RATIOS = st.floats(1.001, 1e9)


@given(LOWS, RATIOS, st.integers(2, 8))
def test_log_ticks_lie_on_the_axis(low, ratio, most):
    ticks = log_ticks(low, low * ratio, most)
    assert 2 <= len(ticks) <= max(most, 5)
    assert ticks == sorted(set(ticks))
    assert low * (1 - 1e-6) <= ticks[0]
    assert ticks[-1] <= low * ratio * (1 + 1e-6)
    labels = log_labels(ticks)
    assert len(set(labels)) == len(ticks)  # no two read alike


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(3, 8))
def test_even_ticks_have_equal_steps(low, span, most):
    ticks = even_ticks(low, low + span, most)
    assert len(ticks) <= most
    assert len(ticks) > (most >= 5)
    steps = [b - a for a, b in pairwise(ticks)]
    assert steps == pytest.approx([steps[0]] * len(steps)) if steps else True


@pytest.mark.parametrize(
    ("ends", "ticks"),
    [
        ((1, 1000), [1, 10, 100, 1000]),
        ((0.5, 99), [0.5, 1, 2, 5, 10, 20, 50]),
        ((9000, 60_000), [10_000, 20_000, 50_000]),
        ((9795, 32_483), [10_000, 15_000, 20_000, 25_000, 30_000]),
        ((2e-5, 3), [1e-4, 1e-3, 1e-2, 0.1, 1]),
    ],
)
def test_log_ticks_by_hand(ends, ticks):
    assert log_ticks(*ends) == ticks


def test_log_ticks_are_thinned():
    assert log_ticks(5.5e-4, 9.9e-4) == [6e-4, 7e-4, 8e-4, 9e-4]
    assert log_ticks(5.5e-4, 9.9e-4, 3) == [6e-4, 7e-4, 9e-4]
    assert log_ticks(1, 1e12, 4) == [1, 1e4, 1e8, 1e12]


@pytest.mark.parametrize("ends", [(0, 1), (-1, 1), (2, 2), (3, 2), (math.nan, 1)])
def test_log_ticks_need_a_positive_span(ends):
    with pytest.raises(ValueError, match="0 < low < high"):
        log_ticks(*ends)


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (0, "0"),
        (-2.5, "−2.5"),
        (1e6, "10⁶"),
        (999_999, "999,999"),
        (0.001, "0.001"),
        (0.0005, "5×10⁻⁴"),
        (-3e7, "−3×10⁷"),
        (1e-13, "10⁻¹³"),
    ],
)
def test_tick_labels_by_hand(value, label):
    assert tick_label(value) == label


def test_log_labels_do_not_mix():
    assert log_labels([1e-3, 1e-2, 1e-1]) == ["10⁻³", "10⁻²", "10⁻¹"]
    assert log_labels([1.0, 2.0, 5.0, 10.0]) == ["1", "2", "5", "10"]


FRAME = (0.0, 0.0, 100.0, 60.0)


def test_names_take_the_first_free_side():
    def sides(points, names):
        return name_sides(points, names, FRAME, type_size=7, symbol=6)

    assert sides([(50, 30)], ["name"]) == [("middle", "right")]
    assert sides([(95, 30)], ["name"]) == [("middle", "left")]
    assert sides([(50, 30), (60, 30)], ["name", ""])[0] == ("middle", "left")
    assert sides([(50, 30), (60, 30), (40, 30)], ["name", "", ""])[0] == ("top", "center")
    assert sides([(50, 55), (60, 55), (40, 55)], ["name", "", ""])[0] == ("bottom", "center")
    assert sides([(50, 30)], ["a name " * 20]) == [SIDES[0]]  # no room anywhere


def test_names_leave_room_for_each_other():
    found = name_sides([(20, 30), (20, 38)], ["name", "name"], FRAME, type_size=7, symbol=6)
    assert found[0] != found[1]


@given(st.text("ab cd", max_size=80), st.floats(40, 400))
def test_broken_lines_keep_their_words(text, wide):
    lines = break_lines(text, wide, 7.0)
    assert lines.split() == text.split() or max(map(len, text.split())) > 8
    assert all(0.62 * 7.0 * len(line) <= max(wide, 0.62 * 7.0 * 8) for line in lines.split("\n"))
