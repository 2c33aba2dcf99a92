"""Scikit-learn's digits: the same images for testing, always."""

import numpy as np
import pytest
import sklearn.datasets

from netsci.data import DataError, load


def test_the_split_is_the_keyed_permutation():
    x, y = sklearn.datasets.load_digits(return_X_y=True)
    order = np.random.default_rng([0, 0, 0, 4]).permutation(1797)
    data = load("digits")
    assert data.x_train.dtype == np.uint8
    assert data.shape == (1, 8, 8)
    assert data.full == 16
    np.testing.assert_array_equal(data.x_test.reshape(360, 64), x[order[:360]])
    np.testing.assert_array_equal(data.x_train.reshape(1437, 64), x[order[360:]])
    np.testing.assert_array_equal(data.y_test, y[order[:360]])
    np.testing.assert_array_equal(data.y_train, y[order[360:]])


def test_scaled_images_are_those_of_the_digits_exhibits():
    x, _ = sklearn.datasets.load_digits(return_X_y=True)
    order = np.random.default_rng([0, 0, 0, 4]).permutation(1797)
    data = load("digits")
    exhibits = (x[order] / 16).astype(np.float32)
    np.testing.assert_array_equal(data.scale(data.x_train).reshape(-1, 64), exhibits[360:])


def test_the_checksum_is_that_of_the_digits_exhibits():
    assert load("digits").checksum == "f6d9e39f37dc45d327f6db33428ee58970ccceabb2535a5c179de35886b70443"


def test_another_copy_is_refused(monkeypatch):
    x, y = sklearn.datasets.load_digits(return_X_y=True)
    x = x.copy()
    x[0, 0] += 1
    monkeypatch.setattr(sklearn.datasets, "load_digits", lambda return_X_y: (x, y))
    with pytest.raises(DataError, match="digits have changed"):
        load("digits")


def test_arrays_are_the_callers_own():
    load("digits").x_test[:] = 0
    assert load("digits").x_test.any()
