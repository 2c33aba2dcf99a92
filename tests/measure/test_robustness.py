import math
from pathlib import Path

import numpy as np
import pytest

from netsci.measure import rpdr

with np.load(Path(__file__).parent.parent / "golden" / "snn" / "rpdr_mnist.npz") as found:
    GOLDEN = dict(found)


def test_by_hand():
    assert rpdr(80, [80, 60, 40, 20]) == pytest.approx((0 + 0.25 + 0.5 + 0.75) / 4)
    assert isinstance(rpdr(0.8, [0.4]), float)
    assert rpdr(0.5, [0.6]) == pytest.approx(-0.2)  # noise may help


def test_golden_and_printed():
    accuracy = GOLDEN["acc"]
    shares = rpdr(accuracy[:, 0], accuracy[:, 1:])
    np.testing.assert_allclose(100 * shares, GOLDEN["rpdr_percent"], atol=1e-9, rtol=0)
    np.testing.assert_allclose(100 * shares, GOLDEN["printed_percent"], atol=0.02)
    # negative control: with the clean column counted as a noise level the printed values do not come out
    assert np.abs(100 * rpdr(accuracy[:, 0], accuracy) - GOLDEN["printed_percent"]).min() > 1


def test_the_unit_of_accuracy_does_not_matter():
    accuracy = GOLDEN["acc"]
    per_cent, share = (rpdr(a[:, 0], a[:, 1:]) for a in (accuracy, accuracy / 100))
    np.testing.assert_allclose(per_cent, share, rtol=1e-12)


def test_a_network_that_knows_nothing_has_nothing_to_lose():
    assert math.isnan(rpdr(0.0, [0.0, 0.1]))
    assert np.isnan(rpdr([0.0, 1.0], [[0.1], [0.5]])).tolist() == [True, False]


@pytest.mark.parametrize(
    ("clean", "noisy", "error", "message"),
    [
        (98, [], ValueError, "one accuracy for each noise level"),
        (98, 97.0, ValueError, "one accuracy for each noise level"),
        ([98, 97], [97, 96, 95], ValueError, "the shape of clean"),
        ([98, 97, 96], [[97, 96, 95], [1, 2, 3]], ValueError, r"\(2, 3\) and \(3,\)"),
        (98, [97, np.nan], ValueError, "noisy must hold finite"),
        (np.inf, [97], ValueError, "clean must hold finite"),
        (98, [-1], ValueError, "accuracies >= 0"),
        ("98", [97], TypeError, "clean must hold real numbers"),
        (98, ["97 %"], TypeError, "noisy must hold real numbers"),
        (True, [1], TypeError, "clean must hold real numbers"),
        (98, np.ma.masked_array([97.0], [1]), TypeError, "masked array"),
    ],
)
def test_errors_explain(clean, noisy, error, message):
    with pytest.raises(error, match=message):
        rpdr(clean, noisy)
