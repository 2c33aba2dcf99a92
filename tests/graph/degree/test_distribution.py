import numpy as np
import pytest
from scipy.special import zeta

from netsci.graph import degree_ccdf, degree_exponent

DEGREES = [1] * 60 + [2] * 11 + [3] * 4 + [5, 8]


def test_shares_by_hand_without_zeros():
    table = degree_ccdf([0, 4, 1, 2, 1, 0])
    assert table["degree"].tolist() == [1, 2, 4]
    assert table["ccdf"].tolist() == [1.0, 0.5, 0.25]
    assert table["fit"].isna().all()


def test_the_fit_starts_at_xmin_with_the_share_of_its_tail():
    degrees = [1] * 30 + [2] * 3 + [d + 2 for d in DEGREES]
    fit = degree_exponent(degrees)
    table = degree_ccdf(degrees, fit).set_index("degree")
    assert fit.xmin > 1
    assert table["fit"][table.index < fit.xmin].isna().all()
    assert table["fit"][fit.xmin] == pytest.approx(fit.n_tail / len(degrees))
    assert table["fit"][10] == pytest.approx(
        fit.n_tail / len(degrees) * zeta(fit.gamma, 10) / zeta(fit.gamma, fit.xmin)
    )


def test_nothing_to_draw_and_nothing_to_fit():
    assert degree_ccdf([0, 0]).empty
    assert degree_ccdf([3, 3], degree_exponent([3, 3]))["fit"].isna().all()
    with pytest.raises(ValueError, match="NaN"):
        degree_ccdf([1.0, np.nan])
