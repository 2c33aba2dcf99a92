"""The runs of the S3 exhibits: the worked vectors, and what operations do to I(W) of random vectors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analysis.s3.vectors import W1, W2, Vector, norm, random_vectors
from netsci.measure import sparsity_index
from netsci.sweep import Record

Operation = Callable[[Vector, np.random.Generator], Vector]


def vectors(orders: tuple[tuple[float, float], ...]) -> Record:
    """Compute norms and index of the vectors that S3 works out; [vector, order, measure]."""
    values = [[[norm(w, p), norm(w, q), sparsity_index(w, p=p, q=q)] for p, q in orders] for w in (W1, W2)]
    return Record(
        {"values": np.array(values)}, {"vectors": ["w1", "w2"], "orders": [list(o) for o in orders]}
    )


def changes(seed: int, count: int, p: float, q: float) -> Record:
    """Apply every operation to `count` random vectors; one array of changes of I an operation."""
    rng = np.random.default_rng([seed, 4])
    drawn = random_vectors(rng, 2 * count)
    # a single entry cannot be richer, equal ones cannot be evener: the strict properties exclude both
    tried = [w for w in drawn if np.count_nonzero(w) > 1 and np.ptp(np.abs(w)) > 0][:count]
    before = np.array([sparsity_index(w, p=p, q=q) for w in tried])
    arrays = {}
    for number, (name, (_, operation)) in enumerate(OPERATIONS.items()):
        own = np.random.default_rng([seed, 5, number])
        arrays[name] = np.array([sparsity_index(operation(w, own), p=p, q=q) for w in tried]) - before
    return Record(arrays, {"vectors": len(tried)})


def _robin_hood(w: Vector, rng: np.random.Generator) -> Vector:
    """Move a part of the largest magnitude to the smallest, less than half of what is between them."""
    shared = np.abs(w)
    rich, poor = int(shared.argmax()), int(shared.argmin())
    gift = rng.uniform(0.05, 0.45) * (shared[rich] - shared[poor])
    shared[rich] -= gift
    shared[poor] += gift
    return shared


def _raise_one(w: Vector, rng: np.random.Generator) -> Vector:
    raised = np.abs(w)
    raised[rng.integers(w.size)] += 0.1 * raised.mean()
    return raised


def _bill_gates(w: Vector, rng: np.random.Generator) -> Vector:
    raised = np.abs(w)
    raised[raised.argmax()] *= 100
    return raised


# what it does to I by theory, for p <= 1 <= q
OPERATIONS: dict[str, tuple[str, Operation]] = {
    "times -3": ("unchanged", lambda w, rng: -3 * w),
    "permuted": ("unchanged", lambda w, rng: rng.permutation(w)),
    "cloned": ("unchanged", lambda w, rng: np.tile(w, 3)),
    "Robin Hood": ("falls", _robin_hood),
    "rising tide": ("falls", lambda w, rng: np.abs(w) + np.abs(w).mean()),
    "Bill Gates": ("rises", _bill_gates),
    "zeros appended": ("rises", lambda w, rng: np.append(w, np.zeros(w.size))),
    "small raise": ("either", _raise_one),
    "next step": ("either", lambda w, rng: np.append(w, random_vectors(rng, 1)[0])),
}
