"""The vectors of the S3 exhibits, and the printed formula of I(W) as it stands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
W1, W2, RAMP = (np.array(w, dtype=float) for w in ([10, 0, 0, 0], [5, 5, 0, 0], [1, 2, 3, 4]))


def random_vectors(rng: np.random.Generator, count: int, *, longest: int = 40) -> list[Vector]:
    """Return non-zero vectors of many lengths, tails and shares of zeros."""
    vectors = []
    for _ in range(count):
        size = int(rng.integers(2, longest + 1))
        w = rng.normal(size=size) * rng.lognormal(sigma=rng.uniform(0, 2), size=size)
        w[rng.random(size) < rng.uniform(0, 0.9)] = 0.0
        if not w.any():
            w[0] = 1.0
        vectors.append(w)
    return vectors


def norm(w: Vector, r: float) -> float:
    """Return (sum |w|^r)^(1/r)."""
    return float(np.sum(np.abs(w) ** r) ** (1 / r))


def formula(w: Vector, p: float, q: float, d: float | None = None) -> float:
    """Return 1 - d^(1/q - 1/p) ||W||_p / ||W||_q as it is printed, with any d; 0/0 is NaN."""
    with np.errstate(invalid="ignore"):
        ratio = np.float64(norm(w, p)) / np.float64(norm(w, q))
    return float(1 - (w.size if d is None else d) ** (1 / q - 1 / p) * ratio)


def turning_point(others: Vector, p: float, q: float) -> float:
    """Return the magnitude of one more entry at which I is least: a raise evens out below it only."""
    return float((np.sum(np.abs(others) ** q) / np.sum(np.abs(others) ** p)) ** (1 / (q - p)))
