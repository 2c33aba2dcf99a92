"""Receptive fields in two dimensions, and degrees that are drawn."""

import math

import numpy as np
import pytest
from scipy.stats import chisquare

from netsci.topology import brf, brf_grid


def rng(seed=7):
    return np.random.default_rng(seed)


def test_a_field_lies_around_a_place_of_the_image():
    """Narrow fields hold the nearest pixels of one place, in each of the channels alike."""
    height, width = 6, 7
    mask = brf_grid(
        (2 * height * width, 30), 30 * 10, grid=(2, height, width), sigma=0.05, rng=rng()
    ).toarray()
    y, x = np.divmod(np.arange(2 * height * width) % (height * width), width)
    for column in mask.T:
        away = (y[:, None] - y) ** 2 + (x[:, None] - x) ** 2
        assert any(away[place][column].max() <= np.sort(away[place])[9] for place in range(height * width))


def test_pairs_of_a_field_follow_the_gaussian_without_replacement():
    """Two links a column: every pair of pixels as often as enumerated, and not as in wider fields."""
    side, sigma, columns = 4, 1.2, 20_000
    grid = (1, side, side)
    mask = brf_grid((side * side, columns), 2 * columns, grid=grid, sigma=sigma, rng=rng()).tocsc()
    first, second = mask.indices.reshape(columns, 2).T
    count = np.zeros((side * side, side * side))
    np.add.at(count, (np.minimum(first, second), np.maximum(first, second)), 1)
    y, x = np.divmod(np.arange(side * side), side)
    away = (y[:, None] - y) ** 2 + (x[:, None] - x) ** 2
    upper = np.triu_indices(side * side, 1)

    def p_value(width):
        p = np.exp(-away / (2 * width**2))
        p /= p.sum(1, keepdims=True)
        pair = (p[:, :, None] * p[:, None, :] * (1 / (1 - p)[:, :, None] + 1 / (1 - p)[:, None, :])).mean(0)
        return chisquare(count[upper], pair[upper] * columns).pvalue

    assert p_value(sigma) > 0.001
    assert p_value(1.1 * sigma) < 1e-6


def test_only_active_rows_have_links_and_degrees_are_equal():
    active = np.zeros(36, bool)
    active[[3, 8, 9, 10, 20, 21, 22]] = True
    mask = brf_grid((36, 9), 40, grid=(1, 6, 6), active=active, rng=rng())
    degrees = mask.sum(axis=0)
    assert mask.nnz == 40
    assert set(degrees.tolist()) == {4, 5}
    assert not mask.toarray()[~active].any()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"grid": (1, 5, 6)}, "grid must be .channels, height, width. of the 36 rows"),
        ({"grid": (6, 6)}, "grid must be"),
        ({"sigma": 0.0}, "sigma must be a number of pixels above 0"),
        ({"sigma": math.nan}, "sigma must be"),
        ({"active": np.zeros(36, bool)}, "active must mark at least 5 rows.* it marks 0"),
        ({"active": np.ones(35, bool)}, "active must be bool .36."),
    ],
)
def test_bad_fields_are_refused(options, words):
    with pytest.raises((TypeError, ValueError), match=words):
        brf_grid((36, 9), 40, **({"grid": (1, 6, 6)} | options), rng=rng())


def test_degrees_can_be_multinomial():
    even = brf((50, 40), 400, rng=rng()).sum(axis=1)
    drawn = brf((50, 40), 400, degrees="multinomial", rng=rng()).sum(axis=1)
    assert set(even.tolist()) == {8}
    assert drawn.sum() == 400
    assert drawn.min() >= 1
    # one link each, and 350 on random rows: variance 350 / 50 (1 - 1/50)
    assert 3.5 < drawn.var() < 14
    assert brf((5, 4), 20, degrees="multinomial", rng=rng()).nnz == 20
    assert brf((5, 4), 3, degrees="multinomial", rng=rng()).nnz == 3
    with pytest.raises(ValueError, match="degrees must be one of even, multinomial"):
        brf((5, 4), 3, degrees="odd", rng=rng())
