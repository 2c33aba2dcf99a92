"""How many weights the sparsity index says can go: sparsity-informed adaptive pruning (SAP)."""

import math
from fractions import Fraction

from netsci.arguments import as_whole, check_number
from netsci.measure.sparsity import check_orders

CLOSE = 1e-11  # relative; the index itself is known to about 1e-12


def retained_bound(size: int, index: float, *, p: float = 0.5, q: float = 1.0, eta: float = 0.0) -> int:
    """Return the number of entries to retain according to the sparsity index.

    m = ceil(d (1 + eta)^(-q/(q - p)) (1 - I)^(p q/(q - p))), at most d. With fewer entries the p-norm of the
    rest is more than the share eta of the p-norm that is kept. A number within a relative 1e-11 of a whole
    one counts as that one before it is rounded up.

    Parameters
    ----------
    size : d, the number of entries that are not pruned yet, at least 1.
    index : their sparsity index I, in [0, 1].
    p, q : the orders of the index, 0 < p < q, no unit.
    eta : slack, above -1, no unit; the larger, the fewer entries are retained.

    Returns
    -------
    int in [0, size], the number of entries to keep (`prune_count` says how many to prune).

    Raises
    ------
    ValueError
        If a parameter lies outside its range.
    TypeError
        If size is not a whole number.

    Examples
    --------
    >>> retained_bound(100, 0.5), retained_bound(100, 0.5, p=1.0, q=2.0)
    (50, 25)

    Source: Diao et al., ICLR 2023, the bound m of sparsity-informed adaptive pruning.
    """
    check_orders(p, q)
    if as_whole(size, "size") < 1:
        raise ValueError(f"size must be at least 1 entry; got {size!r}: do not prune an empty layer")
    check_number(index, "index")
    check_number(eta, "eta")
    if not 0 <= index <= 1:
        raise ValueError(f"index must be a sparsity index, in [0, 1]; got {index!r}")
    if not -1 < eta < math.inf:
        raise ValueError(f"eta must be finite and above -1; got {eta!r}")
    if index == 1:
        return 0
    try:
        bound = float(size * (1 + eta) ** (-q / (q - p)) * (1 - index) ** (p * q / (q - p)))
    except OverflowError:  # eta < 0 and p close to q
        return int(size)
    whole = round(min(bound, size))
    known_whole = abs(bound - whole) <= min(CLOSE * size, 0.01)
    return whole if known_whole else min(math.ceil(bound), int(size))


def pruning_ratio(
    size: int,
    index: float,
    *,
    p: float = 0.5,
    q: float = 1.0,
    eta: float = 0.0,
    gamma: float = 1.0,
    beta: float = 0.9,
) -> float:
    """Return the share of the entries that are not pruned yet to prune in this round.

    ratio = min(gamma (1 - m/d), beta), m = `retained_bound`.

    Parameters
    ----------
    size, index, p, q, eta : as in `retained_bound`.
    gamma : step, >= 0; a gamma above 1 removes more than the bound says.
    beta : largest share that one round removes, in [0, 1].

    Returns
    -------
    float in [0, beta], share.

    Raises
    ------
    ValueError, TypeError
        As `retained_bound`; ValueError also if gamma or beta lies outside its range.

    Examples
    --------
    >>> pruning_ratio(1000, 0.8), pruning_ratio(1000, 0.99)
    (0.8, 0.9)

    Source: Diao et al., ICLR 2023, sparsity-informed adaptive pruning.
    """
    return float(_exact_number(size, index, p, q, eta, gamma, beta) / int(size))


def prune_count(
    size: int,
    index: float,
    *,
    p: float = 0.5,
    q: float = 1.0,
    eta: float = 0.0,
    gamma: float = 1.0,
    beta: float = 0.9,
) -> int:
    """Return how many entries to prune in this round; prune those of smallest magnitude.

    number = floor(min(gamma (d - m), beta d)), m = `retained_bound`, in exact arithmetic: gamma and beta
    count as the decimals that they print, so beta = .29 of 100 entries gives 29 and not 28.

    Parameters
    ----------
    size, index, p, q, eta, gamma, beta : as in `pruning_ratio`.

    Returns
    -------
    int in [0, size], entries.

    Raises
    ------
    ValueError, TypeError
        As `pruning_ratio`.

    Examples
    --------
    >>> prune_count(784, 0.05), prune_count(1000, 0.3, eta=0.01, gamma=2.0)
    (39, 626)

    Source: Diao et al., ICLR 2023, sparsity-informed adaptive pruning.
    """
    return math.floor(_exact_number(size, index, p, q, eta, gamma, beta))


def _exact_number(
    size: int, index: float, p: float, q: float, eta: float, gamma: float, beta: float
) -> Fraction:
    """Return min(gamma (d - m), beta d)."""
    check_number(gamma, "gamma")
    check_number(beta, "beta")
    if not 0 <= gamma < math.inf:
        raise ValueError(f"gamma must be finite and at least 0; got {gamma!r}")
    if not 0 <= beta <= 1:
        raise ValueError(f"beta must be a share, in [0, 1]; got {beta!r}")
    retained = retained_bound(size, index, p=p, q=q, eta=eta)
    return min(_decimal(gamma) * (int(size) - retained), _decimal(beta) * int(size))


def _decimal(number: float) -> Fraction:
    return number if isinstance(number, Fraction) else Fraction(repr(float(number)))
