"""First weights of a layer: the variance of the normal distribution from which they are drawn.

n is the fan-in of the layer if it were dense, (1 - S) n its mean fan-in. Every WEIGHTS[name] takes
(n, structural_sparsity, *, rate, threshold, layer) and ignores what it does not need.
"""

from collections.abc import Callable
from math import exp, inf, pi, sqrt
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import shorten
from netsci.graph.checks import as_whole, check_choice, check_fraction, check_generator, check_number
from netsci.indices import check_stored

LAYERS = ("first", "hidden", "last")


def sswi_variance(
    n: int, structural_sparsity: float, *, rate: float | None = None, threshold: float, layer: str
) -> float:
    """Return the variance of sparse spike weight initialization.

    first:  (1 - p) / (n (1 - S))
    hidden: threshold^2 sqrt(pi e / 2) / (n (1 - S)),  sqrt(pi e / 2) = 2.06637
    last:   threshold^2 sqrt(pi e / 2) / n, the output layer being dense; a sparse one is "hidden"

    Parameters
    ----------
    n : inputs of the layer, at least 1.
    structural_sparsity : S, share of absent links, in [0, 1).
    rate : p, the firing probability of the inputs, in [0, 1]; needed for the first layer only.
    threshold : of the neurons that receive the currents, positive. The first layer does not depend on it, so
        a network with a threshold much above 1 is silent.
    layer : "first", "hidden" or "last".

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described above, or the rate of the first layer is missing.

    Examples
    --------
    >>> round(sswi_variance(100, 0.9, rate=0.2, threshold=1.0, layer="first"), 4)
    0.08
    >>> round(sswi_variance(100, 0.9, threshold=2.0, layer="hidden"), 4)
    0.8265

    Source: S0 eqs. 3 and 18, derived in appendix A.1.
    Reading: S_t is the share of zeros, 1 - p. The text says "p = S_t", but eq. 10 gives 1 - p.
    """
    check_choice(layer, LAYERS, "layer")
    fan_in = _fan_in(n, structural_sparsity)
    check_number(threshold, "threshold")
    if not 0.0 < threshold < inf:
        raise ValueError(f"threshold must be positive and finite, such as 1.0; got {threshold!r}")
    if rate is not None:
        check_fraction(rate, "rate")
    if layer == "first":
        if rate is None:
            raise ValueError(
                "rate is missing: the first layer needs the firing probability of the inputs, "
                "rate=x.mean() of spikes"
            )
        return float((1.0 - rate) / fan_in)
    return float(threshold**2 * sqrt(pi * exp(1.0) / 2.0) / (n if layer == "last" else fan_in))


def swi_variance(n: int, structural_sparsity: float) -> float:
    """Return the variance of sparse weight initialization, 2 / (n (1 - S)).

    n : inputs of the layer. structural_sparsity : S, its share of absent links, in [0, 1).

    Raises TypeError or ValueError if n is no whole number of at least 1 or S is outside [0, 1).

    Examples
    --------
    >>> swi_variance(100, 0.75)
    0.08

    Source: S0 section 3.2.2 names it, the CHT laboratory's initialization for ReLU layers.
    Reading: n is the fan-in; that code sometimes takes the fan-out.
    """
    return 2.0 / _fan_in(n, structural_sparsity)


def kaiming_variance(n: int) -> float:
    """Return He's variance of a dense layer, 2 / n, n its inputs. It does not depend on sparsity.

    Raises TypeError or ValueError if n is no whole number of at least 1.

    Examples
    --------
    >>> kaiming_variance(100)
    0.02

    Source: S0 section 3.2.2 and appendix A.6, which compare SSWI with it.
    """
    return 2.0 / _fan_in(n, 0.0)


def initial_weights(
    links: sp.csr_array, variance: float, *, rng: np.random.Generator, dtype: Any = np.float32
) -> NDArray[Any]:
    """Draw a weight for every link from the normal distribution with mean 0 and this variance.

    Parameters
    ----------
    links : CSR [rows, columns]; weights are in its order.
    variance : finite, at least 0.
    rng : generator; it draws one float64 for each link, for both dtypes.
    dtype : float32 or float64.

    Returns
    -------
    [links] of the dtype.

    Raises
    ------
    TypeError, ValueError
        If links is not CSR, the variance is negative or not finite, or the dtype is another one.

    Examples
    --------
    >>> initial_weights(sp.csr_array([[0, 1], [1, 1]]), 0.5, rng=np.random.default_rng(7)).round(2)
    array([ 0.  ,  0.21, -0.19], dtype=float32)
    """
    check_generator(rng)
    if not sp.issparse(links) or links.format != "csr":
        raise TypeError(f"links must be a scipy CSR matrix, sp.csr_array(links); got {type(links).__name__}")
    check_stored(links, "links")
    check_number(variance, "variance")
    if not 0.0 <= variance < inf:
        raise ValueError(
            f"variance must be finite and at least 0, such as swi_variance(n, sparsity); got {variance!r}"
        )
    if not isinstance(dtype, (type, np.dtype, str)) or dtype not in (
        *(np.float32, np.float64, np.dtype("f4"), np.dtype("f8")),
        *("float32", "float64"),
    ):
        raise TypeError(f"dtype must be float32 or float64; got {shorten(dtype)}")
    deviation = sqrt(variance)
    if deviation * 40 > np.finfo(dtype).max:  # no draw of any generator lies beyond 40 deviations
        raise ValueError(f"variance must be small enough for weights of {np.dtype(dtype)}; got {variance!r}")
    return np.asarray(rng.standard_normal(links.nnz) * deviation, dtype=dtype)


def _fan_in(n: int, structural_sparsity: float) -> float:
    """Return n (1 - S), after checks."""
    n = as_whole(n, "n")
    if n < 1:
        raise ValueError(f"n, the inputs of the layer, must be at least 1; got {n}")
    check_fraction(structural_sparsity, "structural_sparsity")
    if structural_sparsity == 1.0:
        raise ValueError(
            f"structural_sparsity must lie below 1; the layer with {n} inputs has no links: lower the "
            "sparsity (sscti rounds the number of links in each tile)"
        )
    return n * (1.0 - structural_sparsity)


def _swi(n: int, structural_sparsity: float, **_: Any) -> float:
    return swi_variance(n, structural_sparsity)


def _kaiming(n: int, structural_sparsity: float, **_: Any) -> float:
    return kaiming_variance(n)


WEIGHTS: dict[str, Callable[..., float]] = {"sswi": sswi_variance, "swi": _swi, "kaiming": _kaiming}
