"""AutoAugment: each operation against a plain loop or by hand, and how often which is drawn."""

import numpy as np
import pytest

from netsci.data.augment import augment, auto_augment, crop_flip, cutout, find_augmentations
from netsci.data.auto_augment import GREY, OPERATIONS, POLICY, apply_policy


def rng(seed=0):
    return np.random.default_rng(seed)


def images(n=6, shape=(3, 8, 10)):
    return rng(9).integers(0, 256, (n, *shape)).astype(np.uint8)


def one(name, x, magnitude, sign=1.0):
    """One operation with the same magnitude, 0 to 9, on every image."""
    return OPERATIONS[name](x, np.full(len(x), magnitude / 9), np.full(len(x), sign))


def test_the_policy_is_the_published_one():
    assert len(POLICY) == 25
    assert POLICY[0] == (("invert", 0.1, 7), ("contrast", 0.2, 6))
    assert POLICY[24] == (("translate_y", 0.7, 9), ("auto_contrast", 0.9, 1))
    names = [name for policy in POLICY for name, _, _ in policy]
    assert {name: names.count(name) for name in ("equalize", "auto_contrast", "translate_y", "rotate")} == {
        "equalize": 9, "auto_contrast": 7, "translate_y": 5, "rotate": 1
    }  # fmt: skip
    assert set(names) <= set(OPERATIONS)


def moved(image, source):
    out = np.full_like(image, GREY)
    _, height, width = image.shape
    for row in range(height):
        for column in range(width):
            r, c = source(row - (height - 1) / 2, column - (width - 1) / 2)
            r, c = (
                int(np.floor(v + half + 0.5)) for v, half in ((r, (height - 1) / 2), (c, (width - 1) / 2))
            )
            if 0 <= r < height and 0 <= c < width:
                out[:, row, column] = image[:, r, c]
    return out


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("magnitude", [0, 4, 9])
def test_moves_against_a_loop(magnitude, sign):
    m = sign * magnitude / 9
    angle = np.deg2rad(30 * m)
    sources = {
        "shear_x": lambda r, c: (r, c + 0.3 * m * r),
        "shear_y": lambda r, c: (r + 0.3 * m * c, c),
        "translate_x": lambda r, c: (r, c + np.trunc(150 / 331 * abs(m) * 10) * sign),
        "translate_y": lambda r, c: (r + np.trunc(150 / 331 * abs(m) * 8) * sign, c),
        "rotate": lambda r, c: (
            -np.sin(angle) * c + np.cos(angle) * r,
            np.cos(angle) * c + np.sin(angle) * r,
        ),
    }
    x = images()
    for name, source in sources.items():
        found = one(name, x, magnitude, sign)
        for before, after in zip(x, found, strict=True):
            np.testing.assert_array_equal(after, moved(before, source), err_msg=name)


def test_values_by_hand():
    x = np.array([[10, 200], [100, 255]], np.uint8).reshape(1, 1, 2, 2)
    assert one("invert", x, 0).ravel().tolist() == [245, 55, 155, 0]
    assert one("solarize", x, 4.5).ravel().tolist() == [10, 55, 100, 0]  # from 128 on
    assert one("solarize", x, 0).ravel().tolist() == [10, 200, 100, 255]
    assert one("posterize", x, 9).ravel().tolist() == [0, 192, 96, 240]  # four bits
    assert one("posterize", x, 0).ravel().tolist() == [10, 200, 100, 255]
    assert one("brightness", x, 9).ravel().tolist() == [19, 255, 190, 255]
    assert one("brightness", x, 9, -1).ravel().tolist() == [1, 20, 10, 25]
    # Mean 141.25, rounded to 141; 141 + 1.9 (x - 141).
    assert one("contrast", x, 9).ravel().tolist() == [0, 253, 63, 255]
    assert one("auto_contrast", x, 0).ravel().tolist() == [0, 197, 93, 255]
    assert one("color", x, 9).ravel().tolist() == [10, 200, 100, 255]  # one channel is grey already
    red = np.array([200, 100, 0], np.uint8).reshape(1, 3, 1, 1)  # grey 118.5, rounded to even 118
    assert one("color", red, 9, -1).ravel().tolist() == [126, 116, 106]


def test_a_flat_image_stays_where_there_is_nothing_to_stretch():
    x = np.full((2, 3, 4, 4), 77, np.uint8)
    for name in ("auto_contrast", "equalize", "contrast", "sharpness", "color"):
        np.testing.assert_array_equal(one(name, x, 5), x)


def test_sharpness_and_equalize_against_loops():
    x = images(4, (2, 24, 24))
    sharp, flat = one("sharpness", x, 9), one("equalize", x, 0)
    for n in range(4):
        for c in range(2):
            plane = x[n, c].astype(float)
            smooth = plane.copy()
            for i in range(1, 23):
                for j in range(1, 23):
                    smooth[i, j] = round((plane[i - 1 : i + 2, j - 1 : j + 2].sum() + 4 * plane[i, j]) / 13)
            expected = np.clip(np.rint(smooth + 1.9 * (plane - smooth)), 0, 255)
            np.testing.assert_array_equal(sharp[n, c], expected)
            histogram = [int((x[n, c] == value).sum()) for value in range(256)]
            step = (sum(histogram) - next(count for count in reversed(histogram) if count)) // 255
            table, total = [], step // 2
            for count in histogram:
                table.append(min(total // step, 255))
                total += count
            np.testing.assert_array_equal(flat[n, c], np.array(table)[x[n, c]])


def test_how_often_an_operation_happens():
    """A dark image: what inverts it makes it bright. Invert: .1, 0 and .1 of three sub-policies of 25."""
    x = np.full((20000, 1, 2, 2), 3, np.uint8)
    bright = (apply_policy(x, rng=rng(1)) > 240).all((1, 2, 3)).mean()
    assert abs(bright - 0.2 / 25) < 0.003


def test_draws_depend_on_the_number_of_images_alone():
    first, second = rng(3), rng(3)
    apply_policy(images(5), rng=first)
    apply_policy(images(5, (1, 4, 4)), rng=second)
    assert first.random() == second.random()
    x = images(40)
    before = x.copy()
    np.testing.assert_array_equal(auto_augment(x, rng=rng(2)), auto_augment(x, rng=rng(2)))
    assert not np.array_equal(auto_augment(x, rng=rng(2)), auto_augment(x, rng=rng(4)))
    np.testing.assert_array_equal(x, before)


def test_names_are_joined_in_their_order():
    x, generator = images(20, (3, 32, 32)), rng(5)
    expected = cutout(auto_augment(crop_flip(x, rng=generator), rng=generator), rng=generator, size=16)
    np.testing.assert_array_equal(augment(x, "crop_flip+autoaugment+cutout", rng=rng(5)), expected)
    np.testing.assert_array_equal(augment(x, "crop_flip", rng=rng(5)), crop_flip(x, rng=rng(5)))
    assert augment(x, "none", rng=rng()) is x
    for wrong in ("crop_flip+mirror", "", 3):
        with pytest.raises(
            ValueError, match="augment must be one of none, crop_flip, shift, autoaugment, cutout"
        ):
            find_augmentations(wrong)
    with pytest.raises(TypeError, match="uint8"):
        augment(x.astype(float), "autoaugment", rng=rng())
