"""The exponent of a power law fitted to degrees, and what speaks against it; the method: discrete_fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netsci.arguments import as_count, as_whole, check_flag
from netsci.graph.checks import as_vector, check_generator
from netsci.graph.degree.alternatives import ALTERNATIVES, likelihood_ratios
from netsci.graph.degree.discrete_fit import (
    HIGHEST,
    LARGEST_DRAW,
    LOWEST,
    TailFit,
    best_fit,
    draw,
    likelihood_interval,
    standard_error,
)

FEW_NODES = 100  # with links: below, the exponent of random links takes any value, and no verdict is given
LEAST_IN_TAIL = 10  # nodes: below, no exponent is shown
FEW_IN_TAIL = 50  # Broido and Clauset, Nature Communications 10, 1017 (2019)
PLAUSIBLE = 0.1


@dataclass(frozen=True)
class ExponentFit:
    """A power law fitted to the degrees from xmin upwards; NaN where the fit is undefined.

    gamma : maximum-likelihood exponent, in [1.01, 10]; not corrected for small samples.
    xmin : smallest degree of the fitted tail (float, so that it can be NaN).
    n_tail : how many degrees are at least xmin; 0 if undefined.
    ks : Kolmogorov-Smirnov distance of that tail, in [0, 1].
    sigma : standard error 1/sqrt(n_tail I), I the Fisher information of the law at gamma; it ignores the
        uncertainty of xmin. NaN at a bound.
    p_value : share of synthetic samples that fit their own power law worse than the data fit theirs; None
        without bootstrap. A small value speaks against the power law.
    likelihood_ratios : by name of the alternative (R, p): R normalised, positive for the power law and
        negative for the alternative, p its significance (truncated_power_law as the nested model); NaN where
        the comparison is undefined.
    at_bound : whether gamma is at a bound of [1.01, 10]; then it is not an estimate.
    n : number of positive degrees, those in the fit. zeros : number of zero degrees, which are dropped.
    interval : 95 % likelihood interval of gamma, with xmin taken as known; NaN at a bound.
    """

    gamma: float
    xmin: float
    n_tail: int
    ks: float
    sigma: float
    p_value: float | None
    likelihood_ratios: dict[str, tuple[float, float]]
    at_bound: bool
    n: int
    zeros: int = 0
    interval: tuple[float, float] = (math.nan, math.nan)

    @property
    def favoured(self) -> tuple[str, ...]:
        """Names of the alternatives that fit significantly better (R < 0 and p < .1)."""
        return tuple(name for name, (r, p) in self.likelihood_ratios.items() if r < 0 and p < PLAUSIBLE)

    @property
    def scale_free(self) -> bool | None:
        """Whether the tail is scale-free: 2 < gamma < 3, n_tail >= 50, no better alternative and p >= .1.

        True if all four hold. False if one of them fails or there is no fit. None (undecided) if none fails
        but one is unknown: without bootstrap, or if an alternative could not be compared.

        Source: Broido and Clauset, Nature Communications 10, 1017 (2019), the strong criteria.
        """
        p = math.nan if self.p_value is None else self.p_value
        if not 2 < self.gamma < 3 or self.n_tail < FEW_IN_TAIL or self.favoured or p < PLAUSIBLE:
            return False
        compared = [self.likelihood_ratios.get(name, (math.nan, math.nan)) for name in ALTERNATIVES]
        return None if math.isnan(p) or np.isnan(compared).any() else True

    @property
    def notes(self) -> tuple[str, ...]:
        """Short plain sentences on the limits of this gamma; empty if there are none."""
        if math.isnan(self.gamma):
            return (f"no fit: {self.n} positive degrees hold fewer than 2 distinct values in the tail",)
        found = []
        if self.zeros:
            found.append(f"{self.zeros} zero degrees left out")
        if self.at_bound:
            found.append(f"gamma at its bound {self.gamma:g}: no power law")
        elif not 2 < self.gamma < 3:
            found.append(f"gamma {self.gamma:.2f} outside (2, 3)")
        if self.n_tail < FEW_IN_TAIL:
            found.append(f"tail of only {self.n_tail} nodes (< {FEW_IN_TAIL})")
        if self.p_value is not None and self.p_value < PLAUSIBLE:
            found.append(f"power law rejected: bootstrap p={self.p_value:.3g}")
        for name in self.favoured:
            r, p = self.likelihood_ratios[name]
            found.append(f"an alternative fits better: {name.replace('_', ' ')} (R={r:.2f}, p={p:.2g})")
        return tuple(found)

    def _repr_html_(self) -> str:
        return _html(self)


def degree_exponent(
    degrees: ArrayLike,
    *,
    xmin: int | None = None,
    bootstrap: int = 0,
    rng: np.random.Generator | None = None,
) -> ExponentFit:
    """Return the power law that fits the tail of a degree sequence best, with its diagnostics.

    gamma solves d ln zeta(gamma, xmin)/d gamma = - mean ln k, so it is the exact discrete maximum likelihood
    (the closed form with xmin - 1/2 is poor below xmin = 6), found by bisection for all candidate xmin at
    once. The embedding's gamma (`grid_exponent`) is the same estimate rounded to .01 as its authors do.
    Zero degrees are dropped; the result says how many.

    Where the tail bends, gamma of a finite network lies below the exponent of the infinite one.
    Barabasi-Albert networks have 3 in the limit; with 10,000 nodes gamma is about 2.96 for m = 5 and 2.7 to
    2.9 for m = 3. A gamma just below 3 is therefore not evidence of an exponent below 3. sigma does not cover
    this effect.

    Parameters
    ----------
    degrees : integers >= 0, [nodes], any numeric dtype.
    xmin : smallest degree of the tail, at least 1; None searches for the one of smallest KS distance.
    bootstrap : number of synthetic samples for the p-value; 0 for none. The p-value's standard error is
        sqrt(p (1 - p)/bootstrap); 2,500 give two digits.
    rng : numpy Generator, required with bootstrap.

    Returns
    -------
    ExponentFit; gamma, xmin, ks, sigma and all ratios are NaN (p_value too, if asked for) and n_tail is 0 if
    fewer than 2 distinct positive degrees exist (from xmin upwards, if it is given).

    Raises
    ------
    TypeError
        If degrees are not numbers, xmin or bootstrap is not a whole number, or bootstrap > 0 without an rng.
    ValueError
        If degrees are not one-dimensional, negative, NaN, infinite or not whole, xmin < 1 or bootstrap < 0.

    Examples
    --------
    >>> fit = degree_exponent([1] * 60 + [2] * 11 + [3] * 4 + [5, 8])
    >>> round(fit.gamma, 2), fit.xmin, fit.n_tail
    (2.8, 1.0, 77)

    Source: Clauset, Shalizi and Newman, SIAM Review 51, 661 (2009); S1 section 4.2.
    """
    whole = whole_degrees(degrees)
    as_count(bootstrap, "bootstrap", 0)
    if xmin is not None and as_whole(xmin, "xmin") < 1:
        raise ValueError(f"xmin must be a degree of at least 1, or None to search for it; got {xmin!r}")
    if bootstrap:
        check_generator(rng)
    positive = whole[whole > 0]
    zeros = len(whole) - len(positive)
    found = best_fit(positive, grid=False, xmin=xmin)
    if found is None:
        nothing = likelihood_ratios(positive[:0], math.nan, math.nan)
        p_value = math.nan if bootstrap else None
        return ExponentFit(
            math.nan, math.nan, 0, math.nan, math.nan, p_value, nothing, False, len(positive), zeros
        )
    tail = positive[positive >= found.xmin]
    at_bound = found.gamma in (LOWEST, HIGHEST)
    return ExponentFit(
        gamma=found.gamma,
        xmin=float(found.xmin),
        n_tail=len(tail),
        ks=found.ks,
        sigma=math.nan if at_bound else standard_error(found.gamma, found.xmin, len(tail)),
        p_value=_bootstrap_p(positive, found, xmin, bootstrap, rng)
        if rng is not None and bootstrap
        else None,
        likelihood_ratios=likelihood_ratios(tail, found.gamma, found.xmin),
        at_bound=at_bound,
        n=len(positive),
        zeros=zeros,
        interval=(math.nan, math.nan) if at_bound else likelihood_interval(found.gamma, found.xmin, tail),
    )


def grid_exponent(degrees: ArrayLike, *, correct: bool = True) -> tuple[float, float]:
    """Return (gamma, xmin) as the authors of the coalescent embedding fit them.

    gamma maximises the likelihood among 1.01, 1.02, ..., 10.00, and xmin has the smallest KS distance with
    these rounded values (so in rare cases it differs from that of `degree_exponent`). Below 100 positive
    degrees gamma becomes gamma (m - 1)/m + 1/m, m the number of degrees from xmin upwards.

    Parameters
    ----------
    degrees : integers >= 0, [nodes]; zeros are dropped. correct : apply the correction of small samples.

    Returns
    -------
    gamma, xmin : floats; both NaN if fewer than 2 distinct positive degrees exist.

    Raises
    ------
    TypeError, ValueError
        As `degree_exponent`.

    Examples
    --------
    >>> gamma, xmin = grid_exponent([1] * 60 + [2] * 11 + [3] * 4 + [5, 8], correct=False)
    >>> gamma, xmin
    (2.8, 1.0)

    Source: S1 section 4.2; Clauset, Shalizi and Newman (2009); Muscoloni et al. (2017), fit on a grid.
    """
    check_flag(correct, "correct")
    whole = whole_degrees(degrees)
    positive = whole[whole > 0]
    found = best_fit(positive, grid=True)
    if found is None:
        return math.nan, math.nan
    gamma = found.gamma
    if correct and len(positive) < 100:
        m = int(np.sum(positive >= found.xmin))
        gamma = gamma * (m - 1) / m + 1 / m
    return gamma, float(found.xmin)


def _bootstrap_p(
    positive: NDArray[np.int64], found: TailFit, xmin: int | None, samples: int, rng: np.random.Generator
) -> float:
    """Return the share of semi-parametric samples at least as far off their own best fit as the data are.

    Each degree of a sample comes from the fitted law with probability n_tail / n, else from the data below
    found.xmin; xmin fixes that of the samples too. Source: Clauset, Shalizi and Newman (2009), section 4.1.
    """
    body = positive[positive < found.xmin]
    chance = 1 - len(body) / len(positive)
    worse = []
    for _ in range(samples):
        in_tail = int(rng.binomial(len(positive), chance))
        drawn = draw(found, in_tail, rng)
        rest = rng.choice(body, len(positive) - in_tail) if len(body) else body
        refit = best_fit(np.concatenate([drawn, rest]), grid=False, xmin=xmin)
        if refit is not None:  # a sample of one value has no fit to compare
            worse.append(refit.ks >= found.ks)
    return float(np.mean(worse)) if worse else math.nan


def whole_degrees(degrees: Any) -> NDArray[np.int64]:
    """Return degrees as whole numbers of at least 0, or say why they are none."""
    vector = as_vector(degrees, "degrees")
    if (vector < 0).any():
        raise ValueError(
            f"degrees must not be negative; the smallest is {vector.min():g}: pass numbers of links"
        )
    if (vector != np.floor(vector)).any():
        raise ValueError(
            "degrees must be whole numbers; strengths (sums of weights) have no discrete fit: pass numbers "
            "of links"
        )
    if (vector > LARGEST_DRAW).any():
        raise ValueError(f"degrees must not exceed {LARGEST_DRAW:g}; the largest is {vector.max():g}")
    return vector.astype(np.int64)


def _html(fit: ExponentFit) -> str:
    """Return a degree exponent as a table of one row, with what speaks against it."""
    from netsci.graph.representation import table

    verdict = {True: "yes", False: "no", None: "undecided"}[fit.scale_free]
    p_value = "—" if fit.p_value is None or math.isnan(fit.p_value) else f"{fit.p_value:.3g}"
    cells = [f"{fit.gamma:.3g}", f"{fit.xmin:g}", str(fit.n_tail), f"{fit.ks:.3g}", p_value, verdict]
    notes = "".join(f"<li>{escape(note)}</li>" for note in fit.notes)
    head = ["gamma", "xmin", "nodes in tail", "KS", "bootstrap p", "scale-free"]
    return table(head, [cells]) + (f"<ul>{notes}</ul>" if notes else "")
