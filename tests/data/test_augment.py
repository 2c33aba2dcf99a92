"""Random crops, flips and erased squares, against plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.data.augment import cutout, horizontal_flip, random_crop


def rng(seed=0):
    return np.random.default_rng(seed)


def images(n=200, shape=(3, 8, 6)):
    return rng(9).integers(1, 256, (n, *shape)).astype(np.uint8)


def shifted(image, down, right):
    """The image moved down and right, zeros coming in."""
    out = np.zeros_like(image)
    height, width = image.shape[1:]
    for row in range(height):
        for column in range(width):
            if 0 <= row - down < height and 0 <= column - right < width:
                out[:, row, column] = image[:, row - down, column - right]
    return out


def test_crops_are_shifts_each_its_own_and_uniform():
    x = images(600)
    cropped = random_crop(x, rng=rng(), padding=2)
    assert cropped.dtype == np.uint8
    assert cropped.shape == x.shape
    counts = np.zeros((5, 5), int)
    for before, after in zip(x, cropped, strict=True):
        found = [
            (down, right)
            for down in range(-2, 3)
            for right in range(-2, 3)
            if np.array_equal(after, shifted(before, down, right))
        ]
        assert len(found) == 1
        counts[found[0][0] + 2, found[0][1] + 2] += 1
    assert counts.min() > 8  # 24 expected
    assert counts.max() < 48


def test_a_crop_without_padding_is_the_image():
    x = images(5)
    np.testing.assert_array_equal(random_crop(x, rng=rng(), padding=0), x)


def test_flips_mirror_columns_and_share():
    x = images(1000)
    flipped = horizontal_flip(x, rng=rng())
    mirrored = (flipped == x[:, :, :, ::-1]).all(axis=(1, 2, 3))
    kept = (flipped == x).all(axis=(1, 2, 3))
    assert (mirrored ^ kept).all()
    assert 430 < mirrored.sum() < 570
    np.testing.assert_array_equal(horizontal_flip(x, rng=rng(), probability=0), x)
    np.testing.assert_array_equal(horizontal_flip(x, rng=rng(), probability=1), x[:, :, :, ::-1])


@given(size=st.integers(1, 9), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_cutout_erases_one_square_that_the_edge_may_cut(size, seed):
    x = images(20)
    out = cutout(x, rng=rng(seed), size=size)
    for before, after in zip(x, out, strict=True):
        erased = (after == 0).all(axis=0)
        rows, columns = np.flatnonzero(erased.any(axis=1)), np.flatnonzero(erased.any(axis=0))
        assert erased.sum() == len(rows) * len(columns) > 0
        assert len(rows) <= size
        assert len(columns) <= size
        assert len(rows) == size or rows[0] == 0 or rows[-1] == 7
        assert len(columns) == size or columns[0] == 0 or columns[-1] == 5
        np.testing.assert_array_equal(after[:, ~erased], before[:, ~erased])


def test_centres_of_erased_squares_are_uniform():
    x = np.ones((3000, 1, 5, 4), np.uint8)
    counts = (cutout(x, rng=rng(), size=1) == 0).sum(axis=0)[0]
    assert counts.sum() == 3000
    assert counts.min() > 100  # 150 expected
    assert counts.max() < 200


def test_an_odd_square_is_centred():
    out = cutout(np.ones((400, 1, 7, 7), np.uint8), rng=rng(), size=3)
    share = (out == 0).mean(axis=0)[0]
    assert abs(share[0] - share[-1]).max() < 0.1
    # A corner is erased by 4 centres of 49, the middle by 9.
    np.testing.assert_allclose(share[0, 0], 4 / 49, atol=0.05)
    np.testing.assert_allclose(share[-1, -1], 4 / 49, atol=0.05)
    np.testing.assert_allclose(share[3, 3], 9 / 49, atol=0.08)


def test_what_is_put_in_place():
    x = images(10)
    assert (cutout(x, rng=rng(), size=30, fill=7) == 7).all()
    out = cutout(x, rng=rng(), size=30, fill=[1, 2, 3])
    assert [int(out[:, channel].max()) for channel in range(3)] == [1, 2, 3]
    assert out.dtype == np.uint8


@pytest.mark.parametrize("function", [random_crop, horizontal_flip, cutout])
def test_repeats_with_the_generator_and_leaves_the_input(function):
    x = images(50)
    before = x.copy()
    options = {"size": 3} if function is cutout else {}
    first, again, other = (function(x, rng=rng(seed), **options) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(x, before)
    assert first.flags.writeable
    assert not np.shares_memory(first, x)
    assert function(x[:0], rng=rng()).shape == (0, 3, 8, 6)


@pytest.mark.parametrize("function", [random_crop, horizontal_flip, cutout])
def test_bad_images(function):
    with pytest.raises(TypeError, match="x must be a uint8 array; got float32: augment before scaling"):
        function(np.zeros((2, 1, 4, 4), np.float32), rng=rng())
    with pytest.raises(ValueError, match=r"x must have shape \[n, C, H, W\]; got \(4, 4\)"):
        function(np.zeros((4, 4), np.uint8), rng=rng())


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: random_crop(x, rng=rng(), padding=-1), ValueError, "padding must be at least 0; got -1"),
        (lambda x: random_crop(x, rng=rng(), padding=1.5), TypeError, "padding must be an integer"),
        (lambda x: horizontal_flip(x, rng=rng(), probability=np.nan), ValueError, "probability must be in"),
        (lambda x: horizontal_flip(x, rng=rng(), probability=1.5), ValueError, "probability must be in"),
        (lambda x: cutout(x, rng=rng(), size=0), ValueError, "size must be at least 1"),
        (lambda x: cutout(x, rng=rng(), size=True), TypeError, "size must be an integer"),
        (lambda x: cutout(x, rng=rng(), fill=256), ValueError, r"fill must be in \[0, 255\]"),
        (lambda x: cutout(x, rng=rng(), fill=0.5), ValueError, "fill must be one integer"),
        (lambda x: cutout(x, rng=rng(), fill=[0, 0]), ValueError, "one for each of 3 channels"),
    ],
)
def test_bad_options(call, error, words):
    with pytest.raises(error, match=words):
        call(images(2))
