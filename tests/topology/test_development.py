"""SD-SNN's rules against loops over single weights, and what they must and must not read."""

from dataclasses import replace

import numpy as np
import pytest

from netsci.topology import development as dev

ROWS, COLUMNS, EPOCHS = 4, 3, 62


def courses(seed=0, shape=(ROWS, COLUMNS)):
    """Weights by epoch: a slow walk, with long rises and long falls, so that all rules act."""
    rng = np.random.default_rng(seed)
    slope = rng.choice([-0.09, -0.02, 0.0, 0.09], size=shape)
    start = rng.normal(size=shape)
    return [(start * 0.97**t + slope * t + 0.003 * rng.normal(size=shape)) for t in range(EPOCHS)]


def ranges_of(course):
    """Range of one weight after each epoch, given its values, by the text of the rules."""
    first, high, low = course[0], course.top, -course.top
    runs = {"above": -1, "below": -1, "falling": -1}
    sums = {"above": 0.0, "below": 0.0}
    before = abs(first)
    yield high, low
    for w in course.values[1:]:
        new = {}
        for name, bound, on in (("above", high, w >= high), ("below", low, w <= low)):
            runs[name] = runs[name] + 1 if on else -1
            sums[name] = sums[name] + w - bound if runs[name] > 0 else 0.0
            new[name] = bound
            if runs[name] == 18:
                new[name], runs[name], sums[name] = bound + sums[name] / 18, 0, 0.0
        high, low = new["above"], new["below"]
        runs["falling"] = runs["falling"] + 1 if abs(w) < before else -1
        if runs["falling"] == 18:
            high, low, runs["falling"] = 0.75 * high, 0.75 * low, 0
        before = abs(w)
        yield high, low


class Course:
    def __init__(self, values, top):
        self.values, self.top = values, top

    def __getitem__(self, place):
        return self.values[place]


def test_ranges_are_those_of_single_weights():
    given = courses()
    state, seen = dev.begin(given[0]), []
    seen.append((state.high, state.low))
    for weights in given[1:]:
        state = dev.renew_ranges(state, weights)
        seen.append((state.high, state.low))
    top = np.abs(given[0]).max()
    for cell in np.ndindex(ROWS, COLUMNS):
        known = list(ranges_of(Course([w[cell] for w in given], top)))
        found = [(high[cell], low[cell]) for high, low in seen]
        np.testing.assert_allclose(found, known, rtol=0, atol=1e-12)
    assert len({round(float(h), 9) for h in state.high.ravel()}) > 3
    assert np.any(state.high > top)
    assert np.any(state.low < -top)
    assert np.any(state.high < 0.8 * top)


RISING = [1.0, *(2.0 + t for t in range(17)), 31.0, *(30.0 - 0.01 * t for t in range(19))]
EDGES = {  # a weight by epoch, the one of epoch 0 at its bound; (high, low) after the last epoch
    "ten epochs at the bound count": ([1.0] * 11 + [1.18] * 9, (1.0 + 9 * 0.18 / 18, -1.0)),
    "nine epochs at the lower bound count": ([-1.0] * 10 + [-1.18] * 10, (1.0, -1.0 - 10 * 0.18 / 18)),
    "eighteen epochs outside are too few": ([1.0] + [1.18] * 18, (1.0, -1.0)),
    "a size that stays does not fall": ([1.0] + [0.5] * 40, (1.0, -1.0)),
    "nor does one that falls for eighteen epochs": ([1.0 - 0.01 * t for t in range(18)], (1.0, -1.0)),
    "one more does": ([1.0 - 0.01 * t for t in range(20)], (0.75, -0.75)),
}


@pytest.mark.parametrize("name", EDGES)
def test_runs_begin_and_end_where_the_rules_say(name):
    course, wanted = EDGES[name]
    state = dev.begin(np.array([[course[0]]]))
    for weight in course[1:]:
        state = dev.renew_ranges(state, np.array([[weight]]))
    assert (state.high.item(), state.low.item()) == pytest.approx(wanted, abs=1e-12)
    for sign in (1.0, -1.0):
        known = list(ranges_of(Course([sign * one for one in course], 1.0)))[-1]
        assert known == pytest.approx(wanted if sign == 1.0 else (-wanted[1], -wanted[0]), abs=1e-12)


def test_a_range_that_widens_and_shrinks_in_one_epoch_does_both():
    """Above the bound from epoch 1 on, the size falling from 19 on: both runs are ripe at 37."""
    for sign in (1.0, -1.0):
        state = dev.begin(np.array([[1.0]]))
        known = list(ranges_of(Course([sign * one for one in RISING], 1.0)))
        for number, weight in enumerate(RISING[1:], 1):
            before, state = state, dev.renew_ranges(state, np.array([[sign * weight]]))
            assert (state.high.item(), state.low.item()) == pytest.approx(known[number], rel=1e-12)
        bounds = (
            (before.high.item(), state.high.item()) if sign > 0 else (-before.low.item(), -state.low.item())
        )
        total = sum(weight - bounds[0] for weight in RISING[20:])
        assert bounds[1] == pytest.approx(0.75 * (bounds[0] + total / 18), rel=1e-12)


def test_sums_at_the_percentile_do_not_grow():
    state = replace(dev.begin(np.ones((4, 3))), alive=np.zeros((4, 3), bool))
    for _ in range(40):
        state = dev.grow(state, np.ones((4, 3)), 61.0)
    assert not state.alive.any()


def test_epochs_before_a_death_do_not_count_for_growth():
    weights = np.zeros((5, 4))
    weights[0, 0] = 1.0
    state = dev.begin(weights)
    for _ in range(30):
        state = dev.grow(state, weights, 61.0)
    dead = replace(state, alive=state.alive & (np.arange(4) > 0))
    for epoch in range(1, 21):
        dead = dev.grow(dead, weights, 61.0)
        assert dead.alive[0, 0] == (epoch == 20)


def test_a_dead_weight_counts_as_zero_in_its_range():
    """It may fall for long, or lie outside: its range stays."""
    state = replace(dev.begin(np.ones((1, 2))), alive=np.array([[False, True]]))
    for epoch in range(1, 40):
        state = dev.renew_ranges(state, np.array([[9.0 - 0.1 * epoch, 1.0 - 0.01 * epoch]]))
    assert state.high.tolist() == [[1.0, 0.75**2]]  # the other has fallen for 39 epochs
    assert state.low.tolist() == [[-1.0, -(0.75**2)]]


def test_dead_weights_count_nothing_in_death():
    state = dev.begin(np.ones((3, 3)))
    high = np.ones((3, 3)) * [2.0, 1.5, 1.0]
    alive = np.array([[True, True, True], [False, True, True], [False, True, True]])
    state = dev.die(replace(state, high=high, low=-high, alive=alive, percent=67.0))
    assert state.died.tolist() == [True, False, True]  # sums 1, 1.5, 0


def test_growth_counts_anew_after_growth():
    weights = np.zeros((5, 4))
    weights[0, 0] = 1.0
    state = replace(dev.begin(weights), alive=np.arange(20).reshape(5, 4) > 0)
    lives = []
    for _ in range(40):
        state = dev.grow(state, weights, 61.0)
        lives.append(bool(state.alive[0, 0]))
        state = replace(state, alive=state.alive & (np.arange(20).reshape(5, 4) > 0))  # it dies at once again
    assert np.flatnonzero(lives).tolist() == [19, 38]


def test_clipping_has_bounds_on_both_sides():
    state = replace(dev.begin(np.ones((1, 4))), high=np.full((1, 4), 2.0), low=np.full((1, 4), -0.5))
    clipped = dev.clip(state, np.array([[3.0, 1.0, -0.25, -1.0]], np.float32))
    assert clipped.tolist() == [[2.0, 1.0, -0.25, -0.5]]
    assert clipped.dtype == np.float32


def test_an_output_that_died_long_ago_never_dies_again():
    state = replace(dev.begin(np.ones((3, 4))), percent=25.0)
    high = np.ones((3, 4)) * [1.0, 2.0, 3.0, 4.0]
    for percent, lost in ((25.0, 1), (50.0, 2), (75.0, 3), (75.0, 3)):
        state = dev.die(replace(state, high=high, low=-high, percent=percent, alive=np.ones((3, 4), bool)))
        assert state.died.tolist() == [True] * lost + [False] * (4 - lost)
        assert state.alive[:, : lost - 1].all()


def test_a_dead_weight_grows_after_twenty_epochs_in_a_row_above_the_percentile():
    rng = np.random.default_rng(1)
    state = replace(dev.begin(np.ones((6, 5))), alive=np.zeros((6, 5), bool))
    runs, alive = np.zeros((6, 5), int), np.zeros((6, 5), bool)
    for number in range(30):
        weights = rng.normal(size=(6, 5)) * 0.1
        weights[:2] += 1.0
        weights[0, 0] = -5.0 if number == 10 else 1.0
        state = dev.grow(state, weights, 60.0)
        runs = np.where(~alive & (weights > np.percentile(weights, 60)), runs + 1, 0)
        alive |= runs >= 20
        assert np.array_equal(state.alive, alive)
    assert alive[1].all()
    assert not alive[0, 0]
    assert not alive[2:].any()


def test_a_kernel_of_a_convolution_grows_as_a_whole_by_its_sum():
    weights = np.zeros((3 * 4, 5))  # 3 channels, kernels of 2 x 2
    weights[4:8, 1] = [9.0, -1.0, -1.0, -1.0]
    weights[0:4, 0] = [9.0, -9.0, -9.0, 9.0]
    state = dev.begin(weights, kernel=4, kind="conv")
    state = replace(state, alive=np.zeros((12, 5), bool))
    for _ in range(20):
        state = dev.grow(state, weights, 65.0)
    known = np.zeros((12, 5), bool)
    known[4:8, 1] = True
    assert np.array_equal(state.alive, known)
    partly = replace(state, alive=known & (np.arange(12) < 6)[:, None])
    for _ in range(20):
        partly = dev.grow(partly, weights, 65.0)
    assert partly.alive.sum() == 2  # a kernel with live weights is not dead
    assert (dev.percentile_at(37, "conv"), dev.percentile_at(37, "linear")) == (66.0, 61.0)
    assert dev.percentile_at(10_000, "conv") == 99.0


def test_outputs_of_least_range_die_once():
    rng = np.random.default_rng(4)
    state = dev.begin(rng.normal(size=(6, 10)))
    high = rng.uniform(1, 2, size=(6, 10))
    state = replace(state, high=high, low=-high * rng.uniform(0.5, 1, size=(6, 10)), percent=39.9)
    spread = state.high - state.low
    order = np.argsort(((spread - spread.min()) / np.ptp(spread)).sum(0))
    after = dev.die(state)
    assert sorted(np.flatnonzero(~after.alive.any(0))) == sorted(order[:3])
    reborn = replace(after, alive=np.ones((6, 10), bool))
    assert np.array_equal(dev.die(reborn).alive, reborn.alive)  # the same three again: they died before
    more = dev.die(replace(reborn, percent=50.0))
    assert sorted(np.flatnonzero(~more.alive.any(0))) == sorted(order[3:5])
    flat = dev.die(replace(dev.begin(np.ones((3, 4))), percent=50.0))
    assert flat.died.tolist() == [True, True, False, False]  # equal sums: the first ones


def test_the_percentage_grows_as_printed():
    linear = dev.begin(np.ones((60, 7)))
    alive = linear.alive.copy()
    alive[:11, 2] = False  # 49 live weights
    alive[:10, 3] = False  # 50
    linear = replace(linear, alive=alive)
    assert dev.raise_percent(linear, 37, None) == 2 + 0.5 * (7 - 1) / 10
    assert dev.raise_percent(linear, 40, None) == 2 + 0.5 * np.exp(-3) * 6 / 10
    assert dev.raise_percent(linear, 60, None) == 2 + 0.5 * np.exp(-23) * 6 / 10
    assert dev.raise_percent(linear, 61, None) == 2 + 0.0005 * 6 / 10
    assert dev.raise_percent(linear, 61, None, width=512) == 2 + 0.0005 * 511 / 10
    conv = dev.begin(np.ones((27, 8)), kernel=9, kind="conv")
    conv = replace(conv, alive=conv.alive & (np.arange(8) < 6))
    following = replace(linear, alive=linear.alive & (np.arange(7) < 5))
    assert dev.raise_percent(conv, 42, following) == 0.5 + np.exp(-1) * 6 / 5
    gone = replace(linear, alive=np.zeros((60, 7), bool))
    assert dev.raise_percent(conv, 42, gone) == 0.5


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (1, 1)])
def test_empty_and_tiny_layers(shape):
    weights = np.zeros(shape)
    state = dev.renew_ranges(dev.begin(weights), weights)
    state = dev.die(dev.grow(state, dev.clip(state, weights), 61.0))
    assert state.alive.shape == shape
    assert np.isfinite(dev.raise_percent(state, 38, None))
