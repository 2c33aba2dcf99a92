"""What S3 says of I(W), claim by claim: does it hold as said, with a correction, or not at all.

Every check computes a number and two answers: does the claim of `claims.toml` hold as said, and does it with
the correction. General claims are tried on random vectors, so "holds" means that none of these contradicts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.s3.vectors import RAMP, W1, W2, Vector, formula, norm, random_vectors, turning_point
from netsci.measure import sparsity_index, temporal_sparsity_index
from netsci.sweep import Record

P, Q = 0.5, 1.0  # S3 gives p and q no numbers
NUMERIC = 1e-9
VERDICTS = ("holds", "holds with correction", "does not hold")


@dataclass(frozen=True)
class Claim:
    """A claim of S3: its section and key in `expected/s3.claims.csv`, and our words for it.

    `label` is short enough for an axis; `quantity` says what the number is.
    """

    section: str
    key: str
    words: str
    label: str
    quantity: str


@dataclass(frozen=True)
class Finding:
    """What a check found: the number; does the claim hold as said; and corrected (None: no correction)."""

    key: str
    value: float
    as_said: bool
    corrected: bool | None = None
    correction: str = ""

    @property
    def verdict(self) -> str:
        """One of `VERDICTS`."""
        return VERDICTS[0 if self.as_said else 1 if self.corrected else 2]


def read_claims() -> list[Claim]:
    """Return the claims, in the order of the paper."""
    stored = tomllib.loads(Path(__file__).with_name("claims.toml").read_text(encoding="utf-8"))
    return [Claim(**claim) for claim in stored["claim"]]


def check_all(seed: int, vectors: int) -> Record:
    """Check every claim."""
    tried, claims = random_vectors(np.random.default_rng([seed, 3]), vectors), read_claims()
    found = [one for section in SECTIONS.values() for one in section(tried)]
    keys = [[claim.section, claim.key] for claim in claims]
    if [finding.key for finding in found] != [key for _, key in keys]:
        raise ValueError(
            "claims.toml and the checks are of other claims: give each claim one check, in order"
        )
    return Record(
        {"value": np.array([finding.value for finding in found])},
        {
            "keys": keys,
            "verdict": [finding.verdict for finding in found],
            "correction": [finding.correction for finding in found],
        },
    )


def _index(*w: Any) -> float:
    return sparsity_index(np.concatenate([np.ravel(part) for part in w]).astype(float), p=P, q=Q)


def _zero(key: str, differences: Sequence[float]) -> Finding:
    """Find whether all differences are none but rounding."""
    worst = float(np.max(np.abs(differences)))
    return Finding(key, worst, worst < NUMERIC)


def _definition(tried: list[Vector]) -> Iterator[Finding]:
    yield _zero("formula", [sparsity_index(w, p=P, q=Q) - formula(w, P, Q) for w in tried])
    right = all(-NUMERIC <= formula(w, P, Q) < 1 for w in tried)
    reversed_ = all(formula(w, Q, P) <= NUMERIC for w in tried)
    yield Finding("p_below_q", formula(W1, Q, P), right and reversed_)
    tops = [1 - w.size ** (1 / Q - 1 / P) for w in tried]
    inside = all(0 <= _index(w) <= top + NUMERIC for w, top in zip(tried, tops, strict=True))
    top = _index(W1)
    said = "the top is 1 - d^(1/q - 1/p), below 1 unless all is zero"
    yield Finding("range", top, top >= 1, inside, said)
    by_formula, zeros = formula(np.zeros(4), P, Q), _index(np.zeros(4))
    said = "as a definition; the formula gives 0/0"
    yield Finding("zero_vector", by_formula, by_formula == 1, zeros == 1, said)
    value = _index(RAMP)
    equal = all(_index(np.where(w < 0, -2.0, 2.0)) < NUMERIC for w in tried)
    yield Finding("no_zero_elements", value, value < NUMERIC, equal, "only if all magnitudes are equal")
    shares, sparser = [float(np.mean(w != 0)) for w in (W1, W2)], _index(W1) > _index(W2)
    corrected = (shares[0] < shares[1]) == sparser
    as_said = (shares[0] > shares[1]) == sparser
    yield Finding("structure_sparsity", shares[0], as_said, corrected, "the share of zeros")


def _scaling(tried: list[Vector]) -> Iterator[Finding]:
    changes = [_index(factor * w) - _index(w) for w in tried for factor in (1e-3, 7.0, -3.0)]
    yield _zero("scaling_invariance", changes)


def _concentrated(tried: list[Vector]) -> Iterator[Finding]:
    ratios = {r: norm(W1, r) / norm(W2, r) for r in (0.25, 0.5, 0.9, 1.0, 2.0, 3.0)}
    always = all(ratio < 1 for ratio in ratios.values())
    below_one = all((ratio < 1) == (r < 1) for r, ratio in ratios.items())
    for key, order in (("w1_smaller_norm_p", 2.0), ("w1_lower_norm_q", 1.0)):
        yield Finding(key, ratios[order], always, below_one, "only for orders below 1")
    orders = [(0.1 * i, 0.1 * j) for j in range(2, 31) for i in range(1, j)]
    yield Finding("exponent", 1 / P - 1 / Q, all(1 / p - 1 / q > 0 for p, q in orders))
    power = 2 ** (1 / P - 1 / Q)
    yield Finding("power_of_two", power, power < 1, None, "it is above 1")
    less = _index(W2) - _index(W1)
    yield Finding("conclusion", less, less < 0)


def _cloned(tried: list[Vector]) -> Iterator[Finding]:
    yield _zero("cloning", [_index(w, w) - _index(w) for w in tried])
    errors = [norm(np.tile(w, 2), r) / (2 ** (1 / r) * norm(w, r)) - 1 for w in tried for r in (P, Q, 2.0)]
    yield _zero("norms", errors)
    w, steps = RAMP.reshape(2, 2), 3
    printed, true = formula(RAMP, P, Q, d=w.shape[1]), _index(w)
    right = abs(formula(RAMP, P, Q, d=w.size) - true) < NUMERIC
    said = "n must be the d of the definition"
    yield Finding("repetition", printed, abs(printed - true) < NUMERIC, right, said)
    stacked, true = np.tile(RAMP, steps), temporal_sparsity_index([w] * steps, p=P, q=Q)
    printed = formula(stacked, P, Q, d=w.shape[1] * steps)
    right = abs(formula(stacked, P, Q, d=w.size * steps) - true) < NUMERIC
    yield Finding("repetition_length", printed, abs(printed - true) < NUMERIC, right, "the length is d T")
    rises = _index([1, 1], [0, 0]) - _index([1, 1])
    falls = _index([1, 0], [1, 1]) - _index([1, 0])
    said = f"it can rise, or fall: {falls:+.4g} for [1, 0] then [1, 1]"
    yield Finding("differing_activity", rises, rises < 0, None, said)


def _firing(tried: list[Vector]) -> Iterator[Finding]:
    value = _index([1, 1, 100, 0]) - _index([1, 1, 0, 0])
    equal = bool(np.all(np.diff([_index(np.arange(8) < k) for k in range(1, 9)]) < 0))
    yield Finding("more_neurons", value, value < 0, equal, "if all that fire do so equally")


def _raised(tried: list[Vector]) -> Iterator[Finding]:
    raised = np.array([2.0, 2, 3, 4])
    value, turn = _index(raised) - _index(RAMP), turning_point(RAMP[1:], P, Q)
    grows = bool(np.all(np.diff([_index([turn * t, *RAMP[1:]]) for t in (1, 2, 5, 50, 5e6)]) > 0))
    said = f"once w_i is beyond {turn:.4g} for [w_i, 2, 3, 4]"
    yield Finding("definition", value, value > 0, grows, said)
    focus = _index(W1) - _index(W2)
    yield Finding("proof_sparsity", focus, focus < 0, None, "focused weights are sparser")
    as_said = not norm(raised, P) > norm(RAMP, P) or value > 0
    yield Finding("proof_measure", value, as_said, None, "a larger ratio of p-norm to q-norm lowers I")


def _zeros_added(tried: list[Vector]) -> Iterator[Finding]:
    rises = [_index(w, [0.0]) - _index(w) for w in tried]
    yield Finding("adding_zeros", _index(RAMP, [0.0]) - _index(RAMP), min(rises, default=1.0) > 0)
    longer = np.append(RAMP, 0.0)
    value = norm(longer, P) / norm(RAMP, P) - 1
    yield Finding("mechanism", value, value < 0, None, "norms are unchanged; d^(1/q - 1/p) falls")
    share = float(np.mean(longer != 0) - np.mean(RAMP != 0))
    said = "they are a smaller share: more concentrated"
    yield Finding("concentration", share, share > 0, None, said)


SECTIONS = {
    "definition": _definition,
    "a.1": _scaling,
    "a.2": _concentrated,
    "a.3": _cloned,
    "a.4": _firing,
    "a.5.1": _raised,
    "a.5.2": _zeros_added,
}
