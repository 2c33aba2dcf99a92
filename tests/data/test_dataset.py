"""The record of a data set: what it refuses, how it is divided, and statistics of channels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.data import DataSet, channel_statistics


def make(labels, test_labels=(0, 1), *, classes=None, **changes):
    """A data set whose image number i is the number i, little-endian in two pixels."""
    labels, test_labels = np.array(labels, np.int64), np.array(test_labels, np.int64)
    classes = classes if classes is not None else tuple("abcdefghij"[: 1 + max(*labels, *test_labels)])
    content = {
        "name": "made",
        "x_train": numbered(len(labels)),
        "y_train": labels,
        "x_test": numbered(len(test_labels)),
        "y_test": test_labels,
        "classes": classes,
        "source": "made for a test",
        "checksum": "0" * 64,
    }
    return DataSet(**(content | changes))


def numbered(n):
    return np.arange(n, dtype="<u2").view(np.uint8).reshape(n, 1, 1, 2)


def numbers(x):
    return np.ascontiguousarray(x).reshape(-1, 2).view("<u2").ravel()


class OnRequest:
    """The least that images made on request have to have."""

    def __init__(self, x):
        self.x, self.shape, self.dtype = x, x.shape, x.dtype

    def __len__(self):
        return len(self.x)

    def __getitem__(self, rows):
        return self.x[rows]

    def select(self, rows):
        return OnRequest(self.x[rows])


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"x_train": np.zeros((4, 1, 1, 2))}, TypeError, "x_train must be uint8 .* got float64.* scale when"),
        ({"x_train": np.zeros((4, 2), np.uint8)}, ValueError, r"x_train must be \[n, C, H, W\] or"),
        ({"x_train": [[1]]}, TypeError, "x_train must be an array, or a netsci.data.Stored"),
        (
            {"x_test": np.zeros((2, 1, 2, 1), np.uint8)},
            ValueError,
            r"one shape; got \(1, 1, 2\) and \(1, 2, 1\)",
        ),
        ({"y_train": np.zeros(4, np.int32)}, TypeError, "y_train must be an int64 array; got int32"),
        ({"y_train": [0, 1, 0, 1]}, TypeError, "y_train must be an int64 array"),
        ({"y_train": np.zeros(3, np.int64)}, ValueError, r"y_train must have shape \(4,\).*got \(3,\)"),
        ({"y_test": np.array([0, 2])}, ValueError, r"y_test must lie in \[0, 2\).*got 0 to 2"),
        ({"y_test": np.array([-1, 1])}, ValueError, r"got -1 to 1"),
        ({"full": 0}, ValueError, "full must be a positive integer"),
        ({"full": True}, ValueError, "full must be a positive integer"),
    ],
)
def test_parts_that_do_not_belong_together(changes, error, words):
    with pytest.raises(error, match=words):
        make([0, 1, 0, 1], **changes)


def test_shape_and_frames_of_events():
    frames = np.zeros((4, 5, 2, 3, 3), np.uint16)
    data = make([0, 1, 0, 1], x_train=frames, x_test=frames[:2])
    assert data.shape == (5, 2, 3, 3)


def test_scaling_divides_by_full():
    data = make([0, 1], full=16)
    scaled = data.scale(np.array([0, 4, 16], np.uint8))
    assert scaled.dtype == np.float32
    assert scaled.tolist() == [0, 0.25, 1]


@given(st.lists(st.integers(0, 4), min_size=4, max_size=60), st.data())
@settings(max_examples=60, deadline=None)
def test_split_keeps_every_image_once_and_the_shares_of_classes(labels, data):
    whole = make(labels, classes=tuple("abcde"))
    held = data.draw(st.integers(1, len(labels) - 1))
    part = whole.split(held, rng=np.random.default_rng(data.draw(st.integers(0, 9))))
    rows = [numbers(part.x_train), numbers(part.x_test)]
    assert len(rows[1]) == held
    assert sorted([*rows[0], *rows[1]]) == list(range(len(labels)))
    assert np.array_equal(part.y_train, whole.y_train[rows[0]])
    assert np.array_equal(part.y_test, whole.y_train[rows[1]])
    for label in set(labels):
        expected = labels.count(label) * held / len(labels)
        assert abs((part.y_test == label).sum() - expected) < len(set(labels)) / 2 + 1


def test_split_is_by_shares_and_subset_by_numbers():
    whole = make([0] * 90 + [1] * 10)
    assert np.bincount(whole.split(0.2, rng=np.random.default_rng(0)).y_test).tolist() == [18, 2]
    assert np.bincount(whole.subset(20, rng=np.random.default_rng(0)).y_train).tolist() == [10, 10]
    # The small class is used up, the other one fills.
    assert np.bincount(whole.subset(40, rng=np.random.default_rng(0)).y_train).tolist() == [30, 10]


def test_few_held_out_images_are_of_the_large_classes():
    whole = make([0] * 90 + [1] * 10)
    for seed in range(5):
        part = whole.split(3, rng=np.random.default_rng(seed))
        assert np.bincount(part.y_test, minlength=2).tolist() == [3, 0]


def test_split_is_shuffled():
    part = make(np.repeat(np.arange(10), 50)).split(0.5, rng=np.random.default_rng(0))
    for labels in (part.y_train, part.y_test):
        assert 1 < len(set(labels[:10].tolist())) < 10  # classes come neither in turn nor one by one


def test_split_leaves_test_images_out():
    whole = make([0, 1] * 10, x_test=numbered(2) + 200)
    part = whole.split(0.5, rng=np.random.default_rng(0))
    assert numbers(part.x_test).max() < 20
    assert "tested on 10 images held out of the 20" in part.source


@given(st.lists(st.integers(0, 3), min_size=2, max_size=50), st.data())
@settings(max_examples=60, deadline=None)
def test_subset_is_balanced(labels, data):
    whole = make(labels, classes=tuple("abcd"))
    n = data.draw(st.integers(1, len(labels)))
    part = whole.subset(n, rng=np.random.default_rng(data.draw(st.integers(0, 9))))
    rows = numbers(part.x_train)
    assert len(set(rows.tolist())) == n
    assert np.array_equal(part.y_train, whole.y_train[rows])
    counts = np.bincount(part.y_train, minlength=4)
    there = np.bincount(labels, minlength=4)
    most = counts.max()
    assert all(taken >= min(has, most - 1) for taken, has in zip(counts, there, strict=True))
    assert np.array_equal(part.x_test, whole.x_test)


def test_subset_is_shuffled_and_repeats():
    whole = make(np.repeat(np.arange(10), 50), np.repeat(np.arange(10), 5))
    few = [whole.subset(100, 20, rng=np.random.default_rng(seed)) for seed in (0, 0, 1)]
    assert np.array_equal(few[0].x_train, few[1].x_train)
    assert not np.array_equal(few[0].x_train, few[2].x_train)
    assert len(set(few[0].y_train[:10].tolist())) < 10  # the classes do not come in turn
    assert len(set(few[0].y_train[:10].tolist())) > 1  # nor one after the other
    assert np.bincount(few[0].y_test).tolist() == [2] * 10
    assert few[0].source == "made for a test; 100 of 500 training images, 20 of 50 test images"


@pytest.mark.parametrize("value", [0, 4, -1, 1.0, 0.0, 1.5, np.nan])
def test_split_refuses_values(value):
    with pytest.raises(ValueError, match="validation must"):
        make([0, 1, 0, 1]).split(value, rng=np.random.default_rng(0))


def test_split_and_subset_refuse_kinds():
    data = make([0, 1, 0, 1])
    with pytest.raises(TypeError, match="validation must be a share"):
        data.split(True, rng=np.random.default_rng(0))
    with pytest.raises(TypeError, match=r"n must be an integer; got 2\.0"):
        data.subset(2.0, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"n must be in \[1, 4\].*got 5"):
        data.subset(5, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"test must be in \[1, 2\].*got 0"):
        data.subset(2, 0, rng=np.random.default_rng(0))


def test_images_on_request_stay_unmade():
    data = make([0, 1, 0, 1], x_train=OnRequest(numbered(4)), x_test=OnRequest(numbered(2)))
    part = data.subset(2, rng=np.random.default_rng(0)).split(1, rng=np.random.default_rng(1))
    assert isinstance(part.x_train, OnRequest)
    assert isinstance(part.x_test, OnRequest)
    assert np.array_equal(data.y_train[numbers(part.x_train[:])], part.y_train)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_statistics_of_channels_by_numpy(dtype):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (1030, 3, 4, 5)).astype(dtype)  # more than one block, channels unlike
    x[:, 1] //= 2
    mean, deviation = channel_statistics(x)
    np.testing.assert_allclose(mean, (x / 255).mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(deviation, (x / 255).std(axis=(0, 2, 3)), rtol=1e-12)
    frames = x.reshape(103, 10, 3, 4, 5)
    np.testing.assert_array_equal(channel_statistics(frames), [mean, deviation])
    np.testing.assert_array_equal(channel_statistics(OnRequest(x)), [mean, deviation])
    np.testing.assert_allclose(channel_statistics(x, full=16)[0], mean * 255 / 16, rtol=1e-12)


def test_statistics_of_a_constant():
    mean, deviation = channel_statistics(np.full((2, 1, 3, 3), 255, np.uint8))
    assert (mean.tolist(), deviation.tolist()) == ([1.0], [0.0])


@pytest.mark.parametrize("shape", [(0, 1, 2, 2), (2, 1, 0, 2)])
def test_statistics_of_nothing(shape):
    with pytest.raises(ValueError, match="at least one pixel"):
        channel_statistics(np.zeros(shape, np.uint8))
