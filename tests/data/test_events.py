import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsci.data.events import Events, frames, frames_of, labelled_frames, pool


def recording(rows, size=(3, 4)):
    t, x, y, p = (np.array([row[i] for row in rows], np.int64) for i in range(4))
    return Events(t, x, y, p, size)


@st.composite
def recordings(draw):
    size = (draw(st.integers(1, 5)), draw(st.integers(1, 5)))
    n = draw(st.integers(0, 60))
    times = sorted(draw(st.lists(st.integers(0, 1000), min_size=n, max_size=n)))
    rows = [
        (t, draw(st.integers(0, size[1] - 1)), draw(st.integers(0, size[0] - 1)), draw(st.integers(0, 1)))
        for t in times
    ]
    return recording(rows, size) if rows else Events([], [], [], [], size)


def by_hand(events, steps, how, span):
    """Events put into bins one after the other, by comparing with the edges of the bins."""
    out = np.zeros((steps, 2, *events.size), int)
    kept = [i for i in range(len(events)) if span is None or span[0] <= events.t[i] < span[1]]
    if not kept:
        return out
    start, stop = span or (int(events.t[0]), int(events.t[-1]) + 1)
    for place, i in enumerate(kept):
        value, whole, low = (events.t[i], stop - start, start) if how == "time" else (place, len(kept), 0)
        [b] = [b for b in range(steps) if b * whole <= (int(value) - low) * steps < (b + 1) * whole]
        out[b, events.p[i], events.y[i], events.x[i]] += 1
    return out


def test_frames_by_hand():
    events = recording([(0, 3, 2, 1), (4, 3, 2, 1), (5, 0, 1, 0), (9, 3, 2, 0)])
    made = frames(events, 2)
    assert made.shape == (2, 2, 3, 4)
    assert made.dtype == np.uint8
    assert [tuple(map(int, place)) for place in np.argwhere(made)] == [
        (0, 1, 2, 3),
        (1, 0, 1, 0),
        (1, 0, 2, 3),
    ]
    assert made[0, 1, 2, 3] == 2
    assert frames(events, 2, binary=True)[0, 1, 2, 3] == 1
    # Equal counts: the first two and the last two, whatever their times.
    late = recording([(0, 3, 2, 1), (99, 3, 2, 1), (99, 0, 1, 0), (100, 3, 2, 0)])
    assert frames(late, 2, how="count").sum(axis=(1, 2, 3)).tolist() == [2, 2]
    assert frames(late, 2, how="time").sum(axis=(1, 2, 3)).tolist() == [1, 3]


def test_span_is_half_open_and_the_same_for_all():
    events = recording(
        [(9, 0, 0, 0), (10, 0, 0, 0), (14, 0, 0, 0), (15, 0, 0, 0), (19, 0, 0, 0), (20, 0, 0, 0)]
    )
    assert frames(events, 2, span=(10, 20)).sum(axis=(1, 2, 3)).tolist() == [2, 2]
    assert frames(events, 10, span=(10, 20)).sum(axis=(1, 2, 3)).tolist() == [1, 0, 0, 0, 1, 1, 0, 0, 0, 1]
    assert not frames(events, 3, span=(30, 40)).any()


@given(
    recordings(), st.integers(1, 7), st.sampled_from(["time", "count"]), st.sampled_from([None, (100, 700)])
)
def test_frames_agree_with_bins_by_hand(events, steps, how, span):
    assert (frames(events, steps, how=how, span=span) == by_hand(events, steps, how, span)).all()


@given(recordings(), st.integers(1, 7))
def test_every_event_is_counted_once(events, steps):
    for how in ("time", "count"):
        made = frames(events, steps, how=how)
        assert made.sum() == len(events)
        assert made[:, 1].sum() == events.p.sum()
        assert (frames(events, steps, how=how, binary=True) == (made > 0)).all()


def test_counts_saturate():
    events = recording([(t, 1, 1, 1) for t in range(300)])
    assert frames(events, 1)[0, 1, 1, 1] == 255
    assert frames(events, 2)[:, 1, 1, 1].tolist() == [150, 150]


def test_times_of_hours_do_not_overflow():
    events = Events([2**46, 2**46 + 1], [0, 0], [0, 0], [0, 1], (1, 1))
    assert frames(events, 1000).reshape(1000, 2)[[0, 500]].tolist() == [[1, 0], [0, 1]]
    assert frames(events, 1000, span=(0, 2**46 + 2)).reshape(1000, 2)[999].tolist() == [1, 1]


def test_window():
    events = recording([(1, 0, 0, 0), (2, 1, 0, 0), (2, 2, 0, 1), (5, 3, 0, 0)])
    assert events.window(2, 5).x.tolist() == [1, 2]
    assert events.window(2, 6).t.tolist() == [2, 2, 5]
    assert len(events.window(5, 2)) == 0
    assert events.duration == 4


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_pool_agrees_with_blocks(k, rows, columns, seed):
    x = np.random.default_rng(seed).integers(0, 256, (2, 2, rows * k, columns * k)).astype(np.uint8)
    x[x < 128] = 0
    blocks = x.astype(int).reshape(2, 2, rows, k, columns, k)
    assert (pool(x, k) == np.minimum(blocks.sum(axis=(3, 5)), 255)).all()
    assert (pool(x, k, how="or") == (blocks.max(axis=(3, 5)) > 0)).all()
    assert (pool(x > 0, k) == np.minimum((blocks > 0).sum(axis=(3, 5)), 255)).all()


def test_sizes_of_the_papers():
    assert pool(np.zeros((2, 34, 34), np.uint8), 2).size == 578
    assert pool(np.zeros((2, 128, 128), np.uint8), 4).size == 2048


def test_frames_of_equals_one_by_one():
    rng = np.random.default_rng(3)
    some = [
        recording([(int(t), int(t) % 4, int(t) % 2, 1) for t in np.sort(rng.integers(0, 50, 9))], (4, 4))
    ] * 3
    whole = frames_of(some, 5, pooling=2)
    assert (whole == np.stack([pool(frames(one, 5), 2) for one in some])).all()
    assert (frames_of(iter(some), 5, pooling=2) == whole).all()
    binary = frames_of(some, 5, pooling=2, binary=True)
    assert (binary == (whole > 0)).all()
    x, y = labelled_frames(zip([7, 8, 9], some, strict=True), 5, pooling=2, count=3)
    assert (x == whole).all()
    assert y.tolist() == [7, 8, 9]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"t": [0, 2, 1]}, ValueError, r"event 2 has t = 1 us after 2 us"),
        ({"t": [-1, 0, 1]}, ValueError, "t must lie in"),
        ({"t": [0, 1]}, ValueError, "the same length"),
        ({"t": [0.0, 1.0, 2.0]}, TypeError, "whole numbers"),
        ({"t": [[0, 1, 2]]}, TypeError, "whole numbers"),
        ({"x": [0, 4, 0]}, ValueError, r"x must lie in \[0, 3\]; event 1 has 4"),
        ({"x": [0, -1, 0]}, ValueError, "x must lie in"),
        ({"y": [0, 0, 3]}, ValueError, r"y must lie in \[0, 2\]; event 2 has 3"),
        ({"p": [0, 2, 1]}, ValueError, "p must lie in"),
        ({"p": [0, np.nan, 1]}, TypeError, "p must be whole"),
        ({"size": (0, 4)}, ValueError, "size"),
        ({"size": 34}, TypeError, "size"),
        ({"size": (3, 2**16)}, ValueError, "32768"),
    ],
)
def test_impossible_events_are_refused(change, error, words):
    good = {"t": [0, 1, 2], "x": [0, 3, 0], "y": [0, 2, 0], "p": [0, 1, 1], "size": (3, 4)}
    Events(**good)
    with pytest.raises(error, match=words):
        Events(**{**good, **change})


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda e: frames(e, 0), ValueError, "steps must be at least 1"),
        (lambda e: frames(e, 2.0), TypeError, "steps"),
        (lambda e: frames(e, True), TypeError, "steps"),
        (lambda e: frames([e], 2), TypeError, "frames_of"),
        (lambda e: frames(e, 2, how="frames"), ValueError, "how must be one of time, count"),
        (lambda e: frames(e, 2, span=(5, 5)), ValueError, "span"),
        (lambda e: frames(e, 2, span=5), TypeError, "span"),
        (lambda e: frames_of([], 2), ValueError, "at least one"),
        (lambda e: frames_of(e, 2), TypeError, "pass it to frames"),
        (lambda e: frames_of([e, Events([0], [0], [0], [0], (9, 9))], 2), ValueError, "one sensor size"),
        (lambda e: frames_of(iter([e, e]), 2, count=3), ValueError, "as many as count, 3; got 2"),
        (lambda e: frames_of(iter([e, e]), 2, count=1), ValueError, "as many as count, 1; got"),
        (lambda e: pool(np.zeros((4, 6), np.uint8), 4), ValueError, "k must divide height and width, 4 x 6"),
        (lambda e: pool(np.zeros((4, 4), np.uint8), 0), ValueError, "k must be at least 1"),
        (lambda e: pool(np.zeros((4, 4)), 2), TypeError, "uint8 or bool"),
        (lambda e: pool(np.zeros(4, np.uint8), 2), TypeError, "uint8 or bool"),
        (lambda e: pool(np.zeros((4, 4), np.uint8), 2, how="max"), ValueError, "how must be"),
    ],
)
def test_bad_arguments_are_refused(call, error, words):
    with pytest.raises(error, match=words):
        call(recording([(0, 0, 0, 0), (1, 1, 1, 1)]))


def test_so_many_steps_that_bins_would_not_fit_64_bits_are_refused():
    late = Events([0, 2**47 - 1], [0, 0], [0, 0], [0, 1], (1, 1))
    made = frames(late, 2**15)
    assert (made[0, 0, 0, 0], made[-1, 1, 0, 0], int(made.sum())) == (1, 1, 2)
    with pytest.raises(ValueError, match="steps must be at most 32768"):
        frames(late, 2**15 + 1)
