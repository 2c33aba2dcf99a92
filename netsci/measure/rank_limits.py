"""What a printed p-value of a rank test says of the number of networks behind it, by the normal law.

    signed ranks, all n differences positive    z = sqrt(3 n (n + 1) / (2 (2 n + 1)))
    rank sums of n and m, rank-biserial r       z = r sqrt(3 n m / (n + m + 1))

A rank-biserial effect is proportional to z, so z / (largest z) is the effect if all n networks ran. Ties
lower the spread, and so the z of an effect; here there are none.
"""

from __future__ import annotations

import math

from netsci.arguments import as_count, check_number

MOST = 1_000_000
SIDES = (1, 2)


def z_of_p(p_value: float, *, sides: int = 1) -> float:
    """Return the standard normal z whose upper tail is a p-value, or half of a two-sided one.

    p_value : in (0, 1). sides : 1 or 2. Raises ValueError outside of these; TypeError for other than numbers.

    Examples
    --------
    >>> round(z_of_p(1.613e-26), 1), round(z_of_p(1.266e-8, sides=2), 2)
    (10.6, 5.69)

    Source: S2 section 3.3.
    """
    from scipy.special import ndtri_exp

    _check_p(p_value)
    if as_count(sides, "sides", 1, 2) not in SIDES:
        raise ValueError(f"sides must be 1 or 2; got {sides!r}")
    return -float(ndtri_exp(math.log(p_value) - math.log(sides)))


def largest_z(networks: int) -> float:
    """Return the z of a signed-rank test of n networks if every difference is positive, without ties.

        sqrt(3 n (n + 1) / (2 (2 n + 1)))

    networks : n, at least 1. Raises ValueError or TypeError otherwise.

    Examples
    --------
    >>> round(largest_z(312), 1)
    15.3

    Source: Wilcoxon (1945).
    """
    n = as_count(networks, "networks", 1, MOST)
    return math.sqrt(1.5 * n * (n + 1) / (2 * n + 1))


def fewest_networks(p_value: float) -> int:
    """Return the smallest number of networks that a one-sided signed-rank test can give a p-value.

    p_value : in (0, 1), of the normal law. More are needed if any difference is negative. Raises ValueError
    outside, or if more than a million are needed; TypeError for other than numbers.

    Examples
    --------
    >>> fewest_networks(1.613e-26), fewest_networks(3.444e-35), fewest_networks(6.119e-62)
    (150, 202, 366)

    Source: S2 section 3.3, which does not print n.
    """
    z = max(z_of_p(p_value), 0.0)
    n = max(1, int(z * z / 0.75) - 2)
    while largest_z(n) < z:
        n += 1
    if n > MOST:
        raise ValueError(f"p_value must be one of at most {MOST:,} networks; got {p_value!r}")
    return n


def rank_sum_effect(p_value: float, first: int, second: int) -> float:
    """Return the rank-biserial effect that a two-sided Mann-Whitney p-value is, with n and m networks.

        r = z sqrt((n + m + 1) / (3 n m)); the common-language effect is (1 + r) / 2

    p_value : in (0, 1), of the normal law. first, second : n and m, at least 1. Returns r >= 0; above 1 if so
    few networks cannot give the p-value. Raises ValueError or TypeError otherwise.

    Examples
    --------
    >>> round(rank_sum_effect(1.266e-8, 312, 312), 2)
    0.26

    Source: Mann and Whitney (1947); S2 section 3.3.
    """
    n, m = as_count(first, "first", 1, MOST), as_count(second, "second", 1, MOST)
    return z_of_p(p_value, sides=2) * math.sqrt((n + m + 1) / (3 * n * m))


def pairs_for_power(effect: float, *, power: float = 0.9, level: float = 0.05) -> int:
    """Return how many networks of each kind a Mann-Whitney test needs to find a rank-biserial effect.

    The smallest n with r sqrt(3 n^2 / (2 n + 1)) >= z(1 - level / 2) + z(power).

    effect : rank-biserial r, in (0, 1]. power, level : in (0, 1); the test is two-sided. Raises ValueError
    outside of these, TypeError for other than numbers.

    Examples
    --------
    >>> pairs_for_power(0.26), pairs_for_power(0.31)
    (105, 74)

    Source: Noether, Journal of the American Statistical Association 82, 645 (1987).
    """
    from scipy.special import ndtri

    for name, value in (("effect", effect), ("power", power), ("level", level)):
        check_number(value, name)
        if isinstance(value, bool) or not 0 < value < 1 + (name == "effect") * 1e-12:
            raise ValueError(f"{name} must lie in (0, 1); got {value!r}")
    wanted = max(0.0, float(ndtri(1 - level / 2) + ndtri(power)) / float(effect)) ** 2
    if wanted > MOST:
        raise ValueError(f"effect must be one that {MOST:,} networks can show; got {effect!r}")
    n = max(1, int(wanted / 1.5) - 2)
    while 3 * n * n / (2 * n + 1) < wanted:
        n += 1
    return n


def _check_p(p_value: float) -> None:
    check_number(p_value, "p_value")
    if isinstance(p_value, bool) or not 0 < p_value < 1:
        raise ValueError(f"p_value must lie in (0, 1); got {p_value!r}")
