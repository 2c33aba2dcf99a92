"""Every property of the index that the golden file lists, and every slip of S3 as a test of its own."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from netsci.measure import sparsity_index

values = st.floats(1e-3, 1e3) | st.just(0.0)
vectors = hnp.arrays(np.float64, st.integers(2, 20), elements=values).filter(np.any)
orders = st.tuples(st.floats(0.1, 2.0), st.floats(0.1, 2.0)).map(lambda o: (min(o), max(o) + 0.1))
orders_around_one = st.tuples(st.floats(0.1, 1.0), st.floats(1.0, 3.0)).filter(lambda o: o[1] - o[0] > 0.1)


def index(w, order=(0.5, 1.0)):
    return sparsity_index(w, p=order[0], q=order[1])


def norm(w, r):
    return math.fsum(np.abs(w) ** r) ** (1 / r)


@settings(deadline=None)
@given(vectors, orders, st.floats(1e-3, 1e3), st.sampled_from([-1.0, 1.0]))
def test_any_factor_but_zero_leaves_it(w, order, size, sign):
    assert index(sign * size * w, order) == pytest.approx(index(w, order), abs=1e-9)


@settings(deadline=None)
@given(vectors, orders, st.randoms(use_true_random=False))
def test_permutations_leave_it(w, order, random):
    shuffled = w.tolist()
    random.shuffle(shuffled)
    assert index(shuffled, order) == pytest.approx(index(w, order), abs=1e-9)


@settings(deadline=None)
@given(vectors, orders, st.integers(2, 5))
def test_clones_leave_it(w, order, copies):
    assert index(np.tile(w, copies), order) == pytest.approx(index(w, order), abs=1e-9)


@settings(deadline=None)
@given(vectors, orders)
def test_it_lies_between_zero_and_the_one_hot_value(w, order):
    one_hot = np.zeros(len(w))
    one_hot[0] = 3.0
    highest = 1 - len(w) ** (1 / order[1] - 1 / order[0])
    assert index(one_hot, order) == pytest.approx(highest, abs=1e-12)
    assert 0 <= index(w, order) <= highest + 1e-12


@settings(deadline=None)
@given(vectors, orders)
def test_it_is_zero_exactly_for_equal_magnitudes(w, order):
    assert index(np.sign(w - 1e9) * 2.5, order) == pytest.approx(0, abs=1e-12)
    assume(w.max() > 1.5 * w.min())
    assert index(w, order) > 1e-4 * (order[1] - order[0])


@settings(deadline=None)
@given(vectors, orders_around_one, st.data())
def test_robin_hood_lowers_it(w, order, data):
    rich, poor = int(np.argmax(w)), int(np.argmin(w))
    gap = w[rich] - w[poor]
    assume(gap > 0.1 * w[rich])
    gift = data.draw(st.floats(0.05, 0.45)) * gap  # less than half: the order of the two stays
    shared = w.copy()
    shared[rich] -= gift
    shared[poor] += gift
    assert index(shared, order) < index(w, order)


@settings(deadline=None)
@given(vectors, orders, st.floats(0.05, 10.0))
def test_a_rising_tide_lowers_it(w, order, share):
    assume(w.max() > 1.5 * w.min())
    assert index(w + share * w.max(), order) < index(w, order)


@settings(deadline=None)
@given(vectors, orders, st.integers(1, 20))
def test_appended_zeros_raise_it(w, order, zeros):
    p, q = order
    longer = index(np.append(w, np.zeros(zeros)), order)
    d = len(w)
    assert longer == pytest.approx(1 - (d / (d + zeros)) ** (1 / p - 1 / q) * (1 - index(w, order)), abs=1e-9)
    assume(index(w, order) < 1 - 1e-6)  # at the top doubles leave no room
    assert longer > index(w, order)


@settings(deadline=None)
@given(vectors, orders)
def test_bill_gates_below_one_amount_more_evens_out_and_above_it_more_concentrates(others, order):
    """dI/dt changes its sign at t^(q - p) = sum of the others' q-th powers over that of their p-th."""
    p, q = order
    turn = (np.sum(others**q) / np.sum(others**p)) ** (1 / (q - p))
    found = [index(np.append(others, turn * t), order) for t in (0.1, 0.3, 1.0, 3.0, 10.0)]
    assert found[0] > found[1] > found[2] < found[3] < found[4]
    longer = np.append(np.zeros_like(others), 1.0)
    assert index(np.append(others, 1e200), order) == pytest.approx(index(longer, order), abs=1e-9)


def test_bill_gates_by_hand_is_not_monotone():
    """The golden examples: a small rise of the smaller entry evens out, a large one concentrates."""
    found = [index([first, 5]) for first in (1, 2, 5, 50, 5000)]
    expected = [0.12732200375003505, 0.04824604854737438, 0.0, 0.21252021271196553, 0.46840881458373246]
    assert found == pytest.approx(expected, abs=1e-12)


class TestErrata:
    """What S3 prints, and what is true instead."""

    w1 = np.array([10.0, 0, 0, 0])
    w2 = np.array([5.0, 5, 0, 0])

    def test_zero_vector_is_one_by_definition_not_by_the_formula(self):
        assert index([0.0, 0.0]) == 1.0
        with np.errstate(invalid="ignore"):
            assert np.isnan(2.0**-1 * np.float64(0.0) / np.float64(0.0))

    @settings(deadline=None)
    @given(orders)
    def test_a2_the_power_of_two_is_above_one(self, order):
        power = 2 ** (1 / order[0] - 1 / order[1])
        assert power > 1
        kept = (1 - index(self.w2, order)) / (1 - index(self.w1, order))
        assert kept == pytest.approx(power, rel=1e-9)
        assert index(self.w2, order) < index(self.w1, order)

    def test_a2_the_sparser_vector_has_the_smaller_norm_below_order_one_only(self):
        assert norm(self.w1, 0.5) < norm(self.w2, 0.5)
        assert norm(self.w1, 1.0) == norm(self.w2, 1.0)
        assert norm(self.w1, 2.0) > norm(self.w2, 2.0)

    def test_title_formula_with_one_norm_twice_would_not_depend_on_w(self):
        printed = [1 - 4**-1 * norm(w, 0.5) / norm(w, 0.5) for w in (self.w1, self.w2)]
        assert printed[0] == printed[1]
        assert index(self.w1) != index(self.w2)

    def test_a1_a_negative_factor_leaves_it_since_norms_take_magnitudes(self):
        assert index(-3 * self.w2) == index(self.w2) == 0.5
        assert norm(-3 * self.w2, 2) == pytest.approx(3 * norm(self.w2, 2))

    def test_a3_differing_activity_can_raise_or_lower_it(self):
        assert index([1, 1]) == 0.0
        assert index([1, 1, 0, 0]) == 0.5  # then silence: sparser
        assert index([1, 0]) == 0.5
        assert index([1, 0, 1, 1]) == 0.25  # then both fire: less sparse

    def test_a51_a_small_raise_of_a_small_entry_lowers_it(self):
        assert index([2, 2, 3, 4]) < index([1, 2, 3, 4])
        assert index([1, 2, 3, 40]) > index([1, 2, 3, 4])

    def test_a51_concentration_raises_it_and_a_larger_norm_ratio_lowers_it(self):
        ratios = [norm(w, 0.5) / norm(w, 1.0) for w in (self.w1, self.w2)]
        assert ratios[0] < ratios[1]
        assert index(self.w1) > index(self.w2)

    def test_a52_zeros_leave_the_norms_and_raise_it_through_the_length(self):
        longer = np.append([1.0, 2, 3, 4], 0.0)
        for r in (0.5, 1.0, 2.0):
            assert norm(longer, r) == norm([1.0, 2, 3, 4], r)
        assert index(longer) == pytest.approx(1 - 0.8 * (1 - index([1, 2, 3, 4])), abs=1e-14)
        assert index(longer) > index([1, 2, 3, 4])

    def test_the_maximum_is_below_one_and_depends_on_the_length(self):
        assert [index(np.eye(d)[0]) for d in (2, 4, 100)] == pytest.approx([0.5, 0.75, 0.99], abs=1e-15)
