"""The complementary cumulative distribution of degrees, beside its fitted power law."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from netsci.arguments import shorten
from netsci.graph.degree.exponent import ExponentFit, whole_degrees

if TYPE_CHECKING:
    import pandas as pd


def degree_ccdf(degrees: ArrayLike, fit: ExponentFit | None = None) -> pd.DataFrame:
    """Return P(K >= k) at every positive degree that occurs, and the value of a fitted power law there.

    fit(k) = (n_tail / n) zeta(gamma, k) / zeta(gamma, xmin) for k >= xmin, NaN below; n positive degrees.
    Zero degrees are not counted in n, as in `degree_exponent`: a logarithmic axis has no zero.

    degrees : [nodes], numbers >= 0. fit : what `degree_exponent` returns for them, or None for no fit.

    Returns
    -------
    table with columns degree (int64), ccdf and fit (in (0, 1]; NaN without a fit), ascending in degree.

    Raises
    ------
    TypeError, ValueError
        If degrees are not a vector of whole numbers of at least 0, as in `degree_exponent`.

    Examples
    --------
    >>> degree_ccdf([1, 1, 2, 4])["ccdf"].tolist()
    [1.0, 0.5, 0.25]

    Source: Clauset, Shalizi and Newman, SIAM Review 51, 661 (2009); S1 section 4.2.
    """
    import pandas as pd
    from scipy.special import zeta

    vector = whole_degrees(degrees)
    if fit is not None and not isinstance(fit, ExponentFit):
        raise TypeError(f"fit must be what degree_exponent returns, or None; got {shorten(fit)}")
    values, counts = np.unique(vector[vector > 0], return_counts=True)
    ccdf = np.cumsum(counts[::-1])[::-1] / max(counts.sum(), 1)
    fitted = np.full(len(values), np.nan)
    if fit is not None and fit.n_tail:
        tail = values >= fit.xmin
        share = fit.n_tail / counts.sum()
        fitted[tail] = share * zeta(fit.gamma, values[tail]) / zeta(fit.gamma, fit.xmin)
    return pd.DataFrame({"degree": values.astype(np.int64), "ccdf": ccdf, "fit": fitted})
