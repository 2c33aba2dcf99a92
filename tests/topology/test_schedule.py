import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsci.topology import DENSITY, ZETA, cosine, cubic, linear, linear_exponent, sigmoid, static
from tests.golden_files import golden, label


def test_golden_zeta():
    for path in golden("ch", "*.npz", holding=["zeta_cosine"]):
        expected = np.load(path)["zeta_cosine"]
        values = [cosine(float(expected[0]), t, len(expected) - 1) for t in range(len(expected))]
        np.testing.assert_allclose(values, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("path", golden("snn", "formulae_*.npz"), ids=label)
def test_golden_zeta_of_spiking_networks(path):
    stored = np.load(path)
    zeta, epochs = float(stored["zeta0"]), int(stored["epochs"])
    values = [cosine(zeta, epoch, epochs) for epoch in range(epochs + 1)]
    np.testing.assert_allclose(values, stored["zeta"], rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize(
    ("key", "density"),
    [
        ("sparsity_linear", linear),
        ("sparsity_s_shape_k6", sigmoid),
        ("sparsity_s_shape_k1", lambda *args: sigmoid(*args, steepness=1.0)),
    ],
)
def test_golden_sparsity(key, density):
    for path in golden("ch", "*.npz", holding=[key]):
        expected = np.load(path)[key]
        values = [density(0.5, 0.9, t, len(expected)) for t in range(1, len(expected) + 1)]
        np.testing.assert_allclose(values, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ZETA)
def test_zeta_ends_at_the_fraction(name):
    schedule = ZETA[name]
    assert schedule(0.3, 0, 100, 0.75) == 0.3
    assert schedule(0.3, 74, 100, 0.75) > 0
    assert [schedule(0.3, step, 100, 0.75) for step in (75, 76, 100, 1000)] == [0.0] * 4
    assert schedule(0.3, 0, 100, 0.0) == 0.0


def test_until_stretches_the_cosine():
    assert cosine(0.4, 30, 100, until=0.6) == pytest.approx(0.2, abs=1e-15)
    assert static(0.4, 30, 100, until=0.6) == 0.4


@pytest.mark.parametrize("name", DENSITY)
@given(ends=st.tuples(st.floats(0, 1), st.floats(0, 1)), until=st.floats(0.1, 1))
def test_density_hits_both_ends_and_is_monotone(name, ends, until):
    values = [DENSITY[name](*ends, step, 50, until) for step in range(60)]
    assert values[0] == ends[0]
    assert values[50] == values[59] == ends[1]
    assert np.all(np.diff(values) * np.sign(ends[1] - ends[0]) >= -1e-15)


def test_a_cubic_is_steep_at_first_and_flat_at_the_end():
    for step in (0, 10, 50, 75, 90):
        t = min(1.0, step / 75)
        assert cubic(0.2, 0.9, step, 100, 0.75) == pytest.approx(0.9 - 0.7 * (1 - t) ** 3, abs=1e-14)
    assert cubic(0.2, 0.9, 75, 100, 0.75) == 0.9
    assert DENSITY["cubic"] is cubic


def test_sigmoid_agrees_with_its_formula():
    def s(x):
        return 1 / (1 + np.exp(-4 * x))

    x = 2 * 13 / 50 - 1
    expected = 0.2 + 0.5 * (s(x) - s(-1)) / (s(1) - s(-1))
    assert sigmoid(0.2, 0.7, 13, 50, steepness=4.0) == pytest.approx(expected, abs=1e-14)


def test_steep_sigmoids_do_not_overflow():
    assert sigmoid(0.2, 0.7, 24, 50, steepness=1e6) == pytest.approx(0.2, abs=1e-12)
    assert sigmoid(0.2, 0.7, 26, 50, steepness=1e6) == pytest.approx(0.7, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: cosine(1.3, 0, 10), "zeta"),
        (lambda: static(-0.1, 0, 10), "zeta"),
        (lambda: cosine(0.3, -1, 10), "step"),
        (lambda: cosine(0.3, 1, 0), "steps"),
        (lambda: cosine(0.3, 1, 10, 1.1), "until"),
        (lambda: linear(-0.1, 1, 1, 10), "initial"),
        (lambda: sigmoid(0.1, 1.1, 1, 10), "final"),
        (lambda: sigmoid(0.1, 1.0, 1, 10, steepness=0.0), "steepness"),
    ],
)
def test_bad_arguments_are_named(call, name):
    with pytest.raises(ValueError, match=name):
        call()


def test_an_exponent_goes_in_a_line_from_one_delta_to_another():
    deltas = np.array([linear_exponent(0.9, 0.5, step, 10, until=0.8) for step in range(11)])
    np.testing.assert_allclose(deltas / (1 - deltas), [9, 8, 7, 6, 5, 4, 3, 2, 1, 1, 1], rtol=1e-12)
    assert linear_exponent(0.0, 0.75, 5, 10) == pytest.approx(0.6)  # exponent 1.5
    for ends in ((1.0, 0.5), (0.5, 1.0), (0.5, 1.5)):
        with pytest.raises(ValueError, match=r"delta|final"):
            linear_exponent(*ends, 1, 10)
