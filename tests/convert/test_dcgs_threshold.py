"""Thresholds of DCGS: golden values, the root against a search, moments over batches, bad input."""

import numpy as np
import pytest
import torch
from scipy.special import erf

from netsci.convert.dcgs_statistics import find_quantiles, merge_moments
from netsci.convert.dcgs_threshold import solve_threshold, threshold_ratio
from tests.golden_files import golden, label

FILES = golden("convert", "dcgs_threshold_*.npz")
LEVELS = ("layer", "channel", "neuron")


def keys(data, start):
    found = [name for name in data.files if name.startswith(start)]
    assert found
    return found


def plain_ratio(theta, mu, sigma, levels):
    """k as printed, for one unit."""
    i = np.arange(1, levels + 1)
    z = ((2 * i - 1) * theta / (2 * levels) - mu) / (np.sqrt(2) * sigma)
    above = mu / theta * (1 - erf(z).mean()) + sigma / (theta * np.sqrt(np.pi / 2)) * np.exp(-(z**2)).mean()
    return above / (1 - ((2 * i - 1) / levels**2 * erf(z)).sum())


def single_noise(theta, mu, var, levels):
    """How far single precision may move the printed k: its denominator is 1 less a sum close to 1."""
    i = np.arange(1, levels + 1)
    z = ((2 * i - 1) * theta[..., None] / (2 * levels) - mu[..., None]) / np.sqrt(2 * var)[..., None]
    rest = 1 - ((2 * i - 1) / levels**2 * erf(z)).sum(-1)
    return 1e-5 + 1e-6 / np.maximum(rest, 1e-12)


@pytest.mark.parametrize("path", FILES, ids=label)
def test_golden_moments_over_batches(path):
    data = np.load(path)
    batches = [torch.tensor(data[f"preact_{place}"]) for place in range(int(data["n_batches"]))]
    for level in LEVELS:
        found = merge_moments(batches, level=level)
        np.testing.assert_allclose(found.mean, data[f"{level}.mean"], atol=1e-5, rtol=1e-5)
        np.testing.assert_allclose(found.variance, data[f"{level}.var"], atol=1e-5, rtol=1e-5)
        quantiles = find_quantiles(batches, level=level)
        np.testing.assert_allclose(quantiles, data[f"{level}.theta_p999"], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("path", FILES, ids=label)
def test_golden_thresholds_after_100_iterations(path):
    data = np.load(path)
    for level in LEVELS:
        for key in keys(data, f"{level}.theta_n"):
            levels = int(key.rpartition("n")[2])
            found = solve_threshold(
                data[f"{level}.mean"], data[f"{level}.var"], levels=levels, iterations=100
            )
            np.testing.assert_allclose(found, data[key], atol=1e-5, rtol=5e-5)


@pytest.mark.parametrize("path", FILES, ids=label)
def test_golden_ratios_within_single_precision(path):
    data = np.load(path)
    mu, var = data["ratio_mean"].astype(float), data["ratio_var"].astype(float)
    for key in keys(data, "ratio_n"):
        levels, theta = key.removeprefix("ratio_n").split("_theta")
        found = threshold_ratio(float(theta), mu, var, levels=int(levels))
        room = single_noise(np.full_like(mu, float(theta)), mu, var, int(levels))
        assert (np.abs(found - data[key]) <= room).all()
        assert np.median(room) < 1e-4


@pytest.mark.parametrize("path", FILES, ids=label)
def test_golden_units_have_a_root_where_k_is_1(path):
    data = np.load(path)
    mu, var = data["neuron.mean"], data["neuron.var"]
    theta = solve_threshold(mu, var, levels=256)
    np.testing.assert_allclose(threshold_ratio(theta, mu, var, levels=256), 1, atol=1e-9)


@pytest.mark.parametrize("levels", [1, 2, 16, 64, 256])
def test_root_lies_in_its_bracket_for_means_near_and_far(levels):
    mu = np.concatenate([np.linspace(-6, 4, 41), [-300, -50, -30, 12, 33, 200]])
    theta = solve_threshold(mu, np.ones_like(mu), levels=levels)
    assert (theta > 0).all()
    assert (theta < np.maximum(mu, 0) + 12).all()
    np.testing.assert_allclose(threshold_ratio(theta, mu, 1.0, levels=levels), 1, atol=1e-9)


@pytest.mark.parametrize("place", [-2.0, -0.5, 0.0, 1.0, 4.0])
@pytest.mark.parametrize("levels", [16, 256])
def test_root_is_the_one_crossing_that_a_search_finds(place, levels):
    grid = np.linspace(1e-3, max(place, 0) + 12, 1200)
    ratios = np.array([plain_ratio(theta, place, 1.0, levels) for theta in grid])
    crossings = np.flatnonzero((ratios[:-1] > 1) & (ratios[1:] <= 1))
    assert len(crossings) == 1
    theta = float(solve_threshold(place, 1.0, levels=levels))
    assert grid[crossings[0]] <= theta <= grid[crossings[0] + 1]


@pytest.mark.parametrize("place", [-1.0, 0.0, 1.5])
def test_root_has_the_least_quantisation_error(place):
    levels, draws = 16, np.random.default_rng(5).normal(place, 1.0, 200_000)

    def error(theta):
        said = theta * np.clip(np.floor(draws * levels / theta + 0.5), 0, levels) / levels
        return np.mean((said - np.maximum(draws, 0)) ** 2)

    theta = float(solve_threshold(place, 1.0, levels=levels))
    assert error(theta) < min(error(0.9 * theta), error(1.1 * theta))


def test_root_scales_with_the_unit_and_silent_units_have_none():
    theta = solve_threshold([0.3, 3.0], [0.25, 25.0], levels=64)
    assert theta[1] == pytest.approx(10 * theta[0])
    assert solve_threshold([-1.0, 0.0, 2.5], [0.0, 0.0, 0.0], levels=64).tolist() == [0.0, 0.0, 2.5]
    assert solve_threshold([-1.0, 0.0], [0.0, 0.0], levels=64, iterations=100).tolist() == [1.0, 1.0]


def test_iterations_come_to_the_root_where_there_are_few_levels():
    mu = np.linspace(-1, 2, 7)
    root = solve_threshold(mu, np.ones(7), levels=4)
    np.testing.assert_allclose(solve_threshold(mu, np.ones(7), levels=4, iterations=2000), root, rtol=1e-6)


def test_thresholds_of_far_apart_numbers_of_levels():
    assert float(solve_threshold(0.0, 1.0, levels=64)) == pytest.approx(3.615, abs=1e-3)
    assert float(solve_threshold(0.0, 1.0, levels=256)) == pytest.approx(4.216, abs=1e-3)
    assert float(solve_threshold(0.0, 1.0, levels=256, iterations=100)) == pytest.approx(3.217, abs=1e-3)


def test_moments_do_not_depend_on_the_batches():
    values = torch.randn(23, 4, 3, generator=torch.Generator().manual_seed(1)) * 3 + 50
    whole = merge_moments([values], channel_axis=-1)
    for sizes in ([1, 22], [5, 6, 12], [1] * 23):
        parts = merge_moments(values.split(sizes), channel_axis=-1)
        assert parts.count == whole.count == 23
        np.testing.assert_allclose(parts.mean, whole.mean, rtol=1e-12)
        np.testing.assert_allclose(parts.variance, whole.variance, rtol=1e-10)
    np.testing.assert_allclose(whole.variance.flatten(), values.double().numpy().var((0, 1)), rtol=1e-10)


def test_channel_axis_is_the_one_that_stays():
    values = torch.arange(24.0).reshape(2, 3, 4)
    assert merge_moments([values], channel_axis=1).mean.shape == (1, 3, 1)
    assert merge_moments([values], channel_axis=-1).mean.shape == (1, 1, 4)
    last, second = (merge_moments([values], channel_axis=axis) for axis in (-1, 2))
    assert torch.equal(last.mean, second.mean)
    assert merge_moments([values], level="neuron").mean.shape == (1, 3, 4)
    assert merge_moments([values], level="layer").mean.shape == (1, 1, 1)


def test_quantiles_of_both_signs():
    values = torch.tensor([[-4.0], [-3.0], [1.0]])
    assert find_quantiles([values], of="magnitude", quantile=1.0).item() == 4
    assert find_quantiles([values], of="positive", quantile=0.5).item() == 0
    assert find_quantiles([values], of="value", quantile=0.5).item() == -3


@pytest.mark.parametrize(
    ("batches", "options", "error", "words"),
    [
        ([], {}, ValueError, "at least one batch; got none"),
        ([torch.zeros(0, 3)], {}, ValueError, "at least one value"),
        ([torch.tensor([[float("nan")]])], {}, ValueError, "batches must be finite"),
        ([torch.ones(2, 3, dtype=torch.int64)], {}, TypeError, "batches must be floating"),
        (torch.ones(2, 3), {}, TypeError, r"write \[batches\]"),
        ([np.ones((2, 3))], {}, TypeError, "must be a torch Tensor"),
        ([torch.ones(2, 3), torch.ones(2, 4)], {}, ValueError, "alike but for the first axis"),
        ([torch.ones(2, 3)], {"channel_axis": 0}, ValueError, "channel_axis must be an axis"),
        ([torch.ones(2, 3)], {"channel_axis": 2}, ValueError, "channel_axis must be an axis"),
        ([torch.ones(2, 3)], {"channel_axis": True}, TypeError, "channel_axis must be a whole number"),
        ([torch.ones(2, 3)], {"level": "group"}, ValueError, "level must be one of layer, channel, neuron"),
    ],
)
def test_bad_batches(batches, options, error, words):
    for function in (merge_moments, find_quantiles):
        with pytest.raises(error, match=words):
            function(batches, **options)


@pytest.mark.parametrize(
    ("mean", "variance", "options", "error", "words"),
    [
        ([float("nan")], [1.0], {}, ValueError, "mean must be finite"),
        ([0.0], [-1.0], {}, ValueError, "variance must not be below 0"),
        ([0.0], [1.0], {"levels": 0}, ValueError, "levels must be at least 1"),
        ([0.0], [1.0], {"levels": True}, TypeError, "levels must be a whole number"),
        ([0.0], [1.0], {"iterations": 0}, ValueError, "iterations must be at least 1"),
        (["a"], [1.0], {}, TypeError, "mean must hold real numbers"),
    ],
)
def test_bad_moments(mean, variance, options, error, words):
    with pytest.raises(error, match=words):
        solve_threshold(mean, variance, **({"levels": 16} | options))


def test_bad_theta():
    with pytest.raises(ValueError, match="theta must be above 0 everywhere"):
        threshold_ratio([1.0, 0.0], 0.0, 1.0, levels=4)
    assert solve_threshold([], [], levels=4).shape == (0,)
