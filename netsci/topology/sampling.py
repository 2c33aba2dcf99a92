"""Draw candidates without replacement, those with higher scores more often.

With the exponent T = delta / (1 - delta), candidates are drawn one by one with the probability
s^T / sum of s^T over the candidates that are left. Adding a Gumbel variable to T log s and taking the k
largest keys gives the same distribution, with an exact count and for any number of candidates.

For few draws from many candidates it is cheaper to draw with replacement and to skip repeats, which again
gives the same distribution. If too many draws repeat, the rest is drawn with keys from the candidates that
are left.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import read_array
from netsci.graph.checks import check_fraction, check_generator

_FEW = 32  # draws with replacement pay below one draw in this many candidates
_STEEP = 16.0  # from this exponent on, many weights underflow, and arithmetic on denormal numbers is slow
_SAMPLE = 2**16  # keys looked at to guess where the k-th largest lies


def gumbel_top_k(scores: Any, k: int, *, delta: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw k of n candidates without replacement, with odds score^(delta / (1 - delta)).

    p(next is i) = s_i^T / sum of s_j^T over j not drawn yet, T = delta / (1 - delta)

    delta = 0 draws uniformly, also scores of 0. delta = 1 takes the k largest; ties at the last place are
    broken uniformly at random. In between, scores of 0 are drawn only after all positive ones, and then
    uniformly.

    Parameters
    ----------
    scores : float [n], finite and at least 0.
    k : number of draws, in [0, n].
    delta : in [0, 1].
    rng : generator; how many random numbers it draws depends on the scores.

    Returns
    -------
    int64 [k], different candidates in ascending order.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described above.

    Examples
    --------
    >>> rng = np.random.default_rng(7)
    >>> gumbel_top_k([0.0, 5.0, 1.0, 4.0], 2, delta=1.0, rng=rng).tolist()
    [1, 3]
    >>> gumbel_top_k([0.0, 5.0, 1.0, 4.0], 3, delta=0.5, rng=rng).tolist()
    [1, 2, 3]

    Source: S0 eqs. 20-24; S1 eq. A5.
    Reading: S0 eq. 23 raises the terms of a path score; here the exponent is on the whole score.
    """
    check_generator(rng)
    check_fraction(delta, "delta")
    scores, k = _check_candidates(scores, k)
    if k in (0, len(scores)):
        return np.arange(k, dtype=np.int64)
    if delta == 0.0:
        return draw_uniform(len(scores), k, rng)
    positive = scores > 0
    n_positive = int(np.count_nonzero(positive))
    if k >= n_positive:
        zeros = np.flatnonzero(~positive)
        filled = zeros[draw_uniform(len(zeros), k - n_positive, rng)]
        return np.sort(np.concatenate([np.flatnonzero(positive), filled]))
    if delta == 1.0:
        return _largest(scores, k, rng)
    # Most cells of a very sparse layer score 0 and are not drawn from here on: powers and sums skip them.
    places = np.flatnonzero(positive)
    drawn = np.zeros(0, np.int64)
    power, weights = delta / (1.0 - delta), scores[places]
    if k * _FEW <= n_positive:
        drawn = _with_replacement(weights, k, power, rng)
    if len(drawn) < k:
        keys = _keys(weights, rng.standard_exponential(len(scores))[places], power)
        keys[drawn] = -np.inf
        drawn = np.concatenate([drawn, _largest(keys, k - len(drawn), rng)])
    return places[np.sort(drawn)]


def _check_candidates(scores: Any, k: int) -> tuple[NDArray[np.float64], int]:
    scores = read_array(scores, "scores")
    if scores.ndim != 1 or scores.dtype.kind not in "biuf":
        raise TypeError(f"scores must be real numbers [n]; got {scores.dtype} {scores.shape}")
    scores = scores.astype(np.float64, copy=False)
    # NaN makes the minimum NaN, so one comparison finds both.
    if len(scores) and not (scores.min() >= 0 and scores.max() < np.inf):
        raise ValueError("scores must be finite and at least 0: leave out candidates without a score (NaN)")
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)):
        raise TypeError(f"k must be a whole number; got {k!r}")
    if not 0 <= k <= len(scores):
        raise ValueError(f"k must lie in [0, {len(scores)}], the number of candidates; got {k}")
    return scores, int(k)


def draw_uniform(n: int, k: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return k different numbers below n, ascending; all choices are equally likely.

    Examples
    --------
    >>> draw_uniform(3, 3, np.random.default_rng(7))
    array([0, 1, 2])
    """
    return np.sort(rng.choice(n, size=k, replace=False, shuffle=False)).astype(np.int64, copy=False)


def _with_replacement(
    scores: NDArray[np.float64], k: int, power: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the first k different candidates of repeated draws, or fewer if these repeat too much."""
    near, weights = None, scores / scores.max()  # at most 1, so that no power overflows
    if power > _STEEP:
        # Weights below e^-700 cannot be told from 0; keys draw them if nothing else is left.
        near = np.flatnonzero(weights > np.exp(-700.0 / power))
        weights = weights[near]
    if power != 1.0:
        np.power(weights, power, out=weights)
    cumulative = np.cumsum(weights, out=weights)
    draws = np.zeros(0, np.int64)
    first, paying = draws, True
    while paying and len(first) < k:
        before, missing = len(first), k - len(first)
        places = rng.random(missing + missing // 8 + 16) * cumulative[-1]
        order = np.argsort(places)  # a search in ascending order walks through memory once
        hits = np.empty(len(places), np.int64)
        hits[order] = np.searchsorted(cumulative, places[order], side="right")
        draws = np.concatenate([draws, hits])
        candidates, first = np.unique(draws, return_index=True)
        paying = 2 * (len(first) - before) > missing
    if len(first) > k:
        candidates = candidates[np.argsort(first)[:k]]
    return candidates if near is None else near[candidates]


def _keys(scores: NDArray[np.float64], noise: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """Return power * log(score) + Gumbel of positive scores; the noise is exponential and is used up."""
    with np.errstate(divide="ignore"):  # noise of exactly 0 is drawn first, whatever the score
        np.log(noise, out=noise)
    keys = np.log(scores)
    keys *= power
    keys -= noise
    return np.asarray(keys)


def _largest(keys: NDArray[np.float64], k: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the places of the k largest keys, ascending; ties at the last place broken at random."""
    pool = _promising(keys, k)
    values = keys if pool is None else keys[pool]
    last = np.partition(values, len(values) - k)[len(values) - k]
    above, ties = np.flatnonzero(values > last), np.flatnonzero(values == last)
    ties = ties[draw_uniform(len(ties), k - len(above), rng)]
    chosen = np.sort(np.concatenate([above, ties]))
    return chosen if pool is None else pool[chosen]


def _promising(keys: NDArray[np.float64], k: int) -> NDArray[np.int64] | None:
    """Return places that hold the k largest keys and all ties with them, or None if that saves nothing.

    A cut is guessed from evenly spaced keys: if at least k keys reach it, the k-th largest does.
    """
    step = len(keys) // _SAMPLE
    if step < 8 or k > len(keys) // 8:
        return None
    sample = keys[::step]
    share = k / len(keys) * len(sample)
    rank = min(len(sample), int(1.1 * share + 4 * np.sqrt(share)) + 8)
    cut = np.partition(sample, len(sample) - rank)[len(sample) - rank]
    pool = np.flatnonzero(keys >= cut)
    return pool if len(pool) >= k else None
