"""Noise on binary spike trains: flipped bits, false spikes, dropped spikes.

Every function draws one uniform number u an entry, in C order, and changes the entry where u < p (if it may
change at all): with generators of equal state the noise of a small p is part of that of a larger one, and
the flipped bits are the false and the dropped spikes together.
"""

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import read_array

CHUNK = 1 << 20  # uniform numbers at a time: a test set over time would need gigabytes of them


def bit_flip(x: Any, p: float, *, rng: np.random.Generator) -> NDArray[Any]:
    """Return x with every entry flipped (0 to 1, 1 to 0) with probability p.

    x' = x XOR Bernoulli(p), independently for every entry.

    Parameters
    ----------
    x : spikes 0 or 1, any shape, such as [T, samples, unit]; bool, an integer or a float type. Analog input
        must be rate-coded first.
    p : noise ratio, a share in [0, 1].
    rng : numpy Generator.

    Returns
    -------
    A new array of x's shape and dtype.

    Raises
    ------
    ValueError
        If x holds anything but 0 and 1 (NaN included), or p is not in [0, 1].
    TypeError
        If x or p are not real numbers, or rng is no numpy Generator.

    Examples
    --------
    >>> bit_flip(np.array([[0, 1, 1]], np.uint8), 1.0, rng=np.random.default_rng(1)).tolist()
    [[1, 0, 0]]

    Source: S0 appendix A.9 (1), tables 10 to 13.
    Reading: S0 says "the proportion of timesteps that are altered"; we take it as a probability for each
    entry of the input.
    """
    return _flip(x, p, rng, (True, True))


def false_spikes(x: Any, p: float, *, rng: np.random.Generator) -> NDArray[Any]:
    """Return x with every 0 changed to 1 with probability p.

    Parameters, result and errors are those of `bit_flip`.

    Examples
    --------
    >>> false_spikes(np.array([0.0, 1.0, 0.0]), 1.0, rng=np.random.default_rng(1)).tolist()
    [1.0, 1.0, 1.0]

    Source: S0 appendix A.9 (2), tables 10 to 13.
    """
    return _flip(x, p, rng, (True, False))


def spike_dropout(x: Any, p: float, *, rng: np.random.Generator) -> NDArray[Any]:
    """Return x with every 1 changed to 0 with probability p.

    Parameters, result and errors are those of `bit_flip`.

    Examples
    --------
    >>> spike_dropout(np.array([False, True]), 1.0, rng=np.random.default_rng(1)).tolist()
    [False, False]

    Source: S0 appendix A.9 (3), tables 10 to 13.
    """
    return _flip(x, p, rng, (False, True))


def _flip(x: Any, p: float, rng: np.random.Generator, may_change: tuple[bool, bool]) -> NDArray[Any]:
    """Return a copy in which zeros and ones, as may_change says, are exchanged with probability p."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy Generator, such as default_rng(7); got {type(rng).__name__}")
    if not isinstance(p, Real) or isinstance(p, bool):
        raise TypeError(f"p must be a number, the share of entries to change; got {p!r}")
    if not 0 <= p <= 1:
        raise ValueError(f"p must be a share, in [0, 1]; got {p!r}")
    spikes = _binary(x)
    flat = spikes.reshape(-1)
    for start in range(0, flat.size, CHUNK):
        part = flat[start : start + CHUNK]
        change = rng.random(part.size) < p
        for value, may in enumerate(may_change):
            if not may:
                change &= part != value
        part[change] = part[change] == 0
    return spikes


def _binary(x: Any) -> NDArray[Any]:
    """Return a C-ordered copy of an array of zeros and ones, or explain what it holds instead."""
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError("x is a numpy masked array; pass x.filled(0), with the mask where you need it")
    array = np.array(read_array(x, "x"), order="C")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"x must hold 0 and 1 as booleans or real numbers; its dtype is {array.dtype}")
    other = array[(array != 0) & (array != 1)]
    if other.size:
        raise ValueError(
            f"x must hold only 0 and 1; {other.size} of {array.size} entries have other values, such as "
            f"{other.flat[0]!s}. Rate-code analog input first (netsci.spiking.rate)"
        )
    return array
