"""Masked arrays are refused: numpy would silently take what is masked for a value."""

import numpy as np
import pytest

from netsci.graph import hyperbolic_distance
from netsci.measure import rank_sum_test, saturation_time, signed_rank_test

MASKED = np.ma.masked_array([9.0, 9.0, 8.0, -100.0], mask=[0, 0, 0, 1])


@pytest.mark.parametrize(
    "call",
    [
        lambda: signed_rank_test(MASKED),
        lambda: rank_sum_test(MASKED, [1.0, 2.0]),
        lambda: rank_sum_test([1.0, 2.0], MASKED),
        lambda: saturation_time(MASKED, window=2),
        lambda: hyperbolic_distance(MASKED, 0.0, 1.0, 0.0),
    ],
)
def test_masked_arrays_are_refused_with_the_mend(call) -> None:
    with pytest.raises(TypeError, match=r"is a numpy masked array; pass its \.compressed\(\)"):
        call()
