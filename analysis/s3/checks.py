"""What S3 says of I(W), claim by claim: does it hold as said, with a correction, or not at all.

Every check computes a number and two answers: does the claim (its docstring) hold as said, and does it with
the correction. General claims are tried on random vectors, so "holds" means that none of these contradicts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.engine.cells import Record
from analysis.s3.vectors import RAMP, W1, W2, Vector, formula, norm, random_vectors, turning_point
from netsci.measure import sparsity_index, temporal_sparsity_index

P, Q = 0.5, 1.0  # S3 gives p and q no numbers
NUMERIC = 1e-9


@dataclass(frozen=True)
class Finding:
    """What a check found: the number; does the claim hold as said; and corrected (None: no correction)."""

    value: float
    as_said: bool
    corrected: bool | None = None
    correction: str = ""

    @property
    def verdict(self) -> str:
        """One of three."""
        if self.as_said:
            return "holds"
        return "holds with correction" if self.corrected else "does not hold"


@dataclass(frozen=True)
class Claim:
    """A claim of S3: its section and key in `expected/s3.claims.csv`, our words for it, and its check.

    `label` is short enough for an axis; `quantity` says what the number is.
    """

    section: str
    key: str
    label: str
    quantity: str
    words: str
    check: Callable[[list[Vector]], Finding]


CLAIMS: list[Claim] = []
Check = Callable[[list[Vector]], Finding]


def claim(section: str, key: str, label: str, quantity: str) -> Callable[[Check], Check]:
    """Enter a check, whose docstring is the claim, into CLAIMS."""

    def enter(check: Check) -> Check:
        CLAIMS.append(Claim(section, key, label, quantity, (check.__doc__ or "").rstrip("."), check))
        return check

    return enter


def check_all(seed: int, vectors: int) -> Record:
    """Check every claim."""
    tried = random_vectors(np.random.default_rng([seed, 3]), vectors)
    found = [entry.check(tried) for entry in CLAIMS]
    return Record(
        {"value": np.array([finding.value for finding in found])},
        {
            "keys": [[entry.section, entry.key] for entry in CLAIMS],
            "verdict": [finding.verdict for finding in found],
            "correction": [finding.correction for finding in found],
        },
    )


def _index(*w: Any) -> float:
    return sparsity_index(np.concatenate([np.ravel(part) for part in w]).astype(float), p=P, q=Q)


def _largest(differences: list[float]) -> float:
    return float(np.max(np.abs(differences)))


@claim("definition", "formula", "formula", "largest |I - formula|")
def _formula(tried: list[Vector]) -> Finding:
    """The formula gives I."""
    worst = _largest([sparsity_index(w, p=P, q=Q) - formula(w, P, Q) for w in tried])
    return Finding(worst, worst < NUMERIC)


@claim("definition", "p_below_q", "p < q", "formula of [10, 0, 0, 0] at p 1, q .5")
def _p_below_q(tried: list[Vector]) -> Finding:
    """The order p must be below q."""
    right = all(-NUMERIC <= formula(w, P, Q) < 1 for w in tried)
    return Finding(formula(W1, Q, P), right and all(formula(w, Q, P) <= NUMERIC for w in tried))


@claim("definition", "range", "top of I is 1", "I of [10, 0, 0, 0]")
def _range(tried: list[Vector]) -> Finding:
    """The largest I is 1."""
    tops = [1 - w.size ** (1 / Q - 1 / P) for w in tried]
    inside = all(0 <= _index(w) <= top + NUMERIC for w, top in zip(tried, tops, strict=True))
    top = _index(W1)
    return Finding(top, top >= 1, inside, "the top is 1 - d^(1/q - 1/p), below 1 unless all is zero")


@claim("definition", "zero_vector", "I of zeros is 1", "formula of [0, 0, 0, 0]")
def _zero_vector(tried: list[Vector]) -> Finding:
    """I of zeros alone is 1."""
    zeros = np.zeros(4)
    by_formula = formula(zeros, P, Q)
    return Finding(by_formula, by_formula == 1, _index(zeros) == 1, "as a definition; the formula gives 0/0")


@claim("definition", "no_zero_elements", "no zeros: I is 0", "I of [1, 2, 3, 4]")
def _no_zeros(tried: list[Vector]) -> Finding:
    """Without zeros I is 0."""
    value = _index(RAMP)
    equal = all(_index(np.where(w < 0, -2.0, 2.0)) < NUMERIC for w in tried)
    return Finding(value, value < NUMERIC, equal, "only if all magnitudes are equal")


@claim("definition", "structure_sparsity", "share of nonzeros", "nonzeros of [10, 0, 0, 0]")
def _structure(tried: list[Vector]) -> Finding:
    """Sparsity is the share of nonzeros."""
    shares = [float(np.mean(w != 0)) for w in (W1, W2)]
    sparser = _index(W1) > _index(W2)
    as_said = (shares[0] > shares[1]) == sparser
    return Finding(shares[0], as_said, (1 - shares[0] > 1 - shares[1]) == sparser, "the share of zeros")


@claim("a.1", "scaling_invariance", "scaling", "largest |change of I|")
def _scaling(tried: list[Vector]) -> Finding:
    """A factor leaves I."""
    worst = _largest([_index(factor * w) - _index(w) for w in tried for factor in (1e-3, 7.0, -3.0)])
    return Finding(worst, worst < NUMERIC)


def _smaller_norm(shown_at: float) -> Finding:
    ratios = {r: norm(W1, r) / norm(W2, r) for r in (0.25, 0.5, 0.9, 1.0, 2.0, 3.0)}
    always = all(ratio < 1 for ratio in ratios.values())
    below_one = all((ratio < 1) == (r < 1) for r, ratio in ratios.items())
    return Finding(ratios[shown_at], always, below_one, "only for orders below 1")


@claim("a.2", "w1_smaller_norm_p", "W1's p-norm is less", "||W1||/||W2|| at p 2")
def _norm_p(tried: list[Vector]) -> Finding:
    """W1 has the smaller p-norm."""
    return _smaller_norm(2.0)


@claim("a.2", "w1_lower_norm_q", "W1's q-norm is less", "||W1||/||W2|| at q 1")
def _norm_q(tried: list[Vector]) -> Finding:
    """W1 has the smaller q-norm."""
    return _smaller_norm(1.0)


@claim("a.2", "exponent", "1/p - 1/q > 0", "1/p - 1/q")
def _exponent(tried: list[Vector]) -> Finding:
    """1/p - 1/q > 0."""
    orders = [(0.1 * i, 0.1 * j) for j in range(2, 31) for i in range(1, j)]
    return Finding(1 / P - 1 / Q, all(1 / p - 1 / q > 0 for p, q in orders))


@claim("a.2", "power_of_two", "2^(1/p - 1/q) < 1", "2^(1/p - 1/q)")
def _power_of_two(tried: list[Vector]) -> Finding:
    """2^(1/p - 1/q) < 1."""
    value = 2 ** (1 / P - 1 / Q)
    return Finding(value, value < 1, None, "it is above 1")


@claim("a.2", "conclusion", "I(W2) < I(W1)", "I(W2) - I(W1)")
def _conclusion(tried: list[Vector]) -> Finding:
    """I(W2) < I(W1)."""
    value = _index(W2) - _index(W1)
    return Finding(value, value < 0)


@claim("a.3", "cloning", "cloning", "largest |change of I|")
def _cloning(tried: list[Vector]) -> Finding:
    """Cloning leaves I."""
    worst = _largest([_index(w, w) - _index(w) for w in tried])
    return Finding(worst, worst < NUMERIC)


@claim("a.3", "norms", "norms of a clone", "largest relative error")
def _clone_norms(tried: list[Vector]) -> Finding:
    """A clone has 2^(1/r) the r-norm."""
    errors = [norm(np.tile(w, 2), r) / (2 ** (1 / r) * norm(w, r)) - 1 for w in tried for r in (P, Q, 2.0)]
    return Finding(_largest(errors), _largest(errors) < NUMERIC)


@claim("a.3", "repetition", "repetition, d = n", "formula of [[1, 2], [3, 4]] with n = 2")
def _repetition(tried: list[Vector]) -> Finding:
    """Repetition leaves I, written with n for d."""
    w = RAMP.reshape(2, 2)
    printed = formula(RAMP, P, Q, d=w.shape[1])
    right = abs(formula(RAMP, P, Q, d=w.size) - _index(w)) < NUMERIC
    return Finding(printed, abs(printed - _index(w)) < NUMERIC, right, "n must be the d of the definition")


@claim("a.3", "repetition_length", "over time, d = n T", "formula of it three times, n T = 6")
def _repetition_length(tried: list[Vector]) -> Finding:
    """Over time the length is n T."""
    w, steps = RAMP.reshape(2, 2), 3
    stacked = np.tile(RAMP, steps)
    printed = formula(stacked, P, Q, d=w.shape[1] * steps)
    true = temporal_sparsity_index([w] * steps, p=P, q=Q)
    right = abs(formula(stacked, P, Q, d=w.size * steps) - true) < NUMERIC
    return Finding(printed, abs(printed - true) < NUMERIC, right, "the length is d T")


@claim("a.3", "differing_activity", "activity differs", "change, [1, 1] then [0, 0]")
def _differing(tried: list[Vector]) -> Finding:
    """Activity that differs over time lowers I."""
    rises = _index([1, 1], [0, 0]) - _index([1, 1])
    falls = _index([1, 0], [1, 1]) - _index([1, 0])
    return Finding(rises, rises < 0, None, f"it can rise, or fall: {falls:+.4g} for [1, 0] then [1, 1]")


@claim("a.4", "more_neurons", "more neurons fire", "change, [1, 1, 0, 0] to [1, 1, 100, 0]")
def _more_neurons(tried: list[Vector]) -> Finding:
    """More active neurons lower I."""
    value = _index([1, 1, 100, 0]) - _index([1, 1, 0, 0])
    equal = bool(np.all(np.diff([_index(np.arange(8) < k) for k in range(1, 9)]) < 0))
    return Finding(value, value < 0, equal, "if all that fire do so equally")


@claim("a.5.1", "definition", "w_i raised", "change, [1, 2, 3, 4] to [2, 2, 3, 4]")
def _raise_entry(tried: list[Vector]) -> Finding:
    """Raising one entry raises I."""
    value = _index([2, 2, 3, 4]) - _index(RAMP)
    turn = turning_point(RAMP[1:], P, Q)
    beyond = [_index([turn * t, *RAMP[1:]]) for t in (1, 2, 5, 50, 5e6)]
    grows = bool(np.all(np.diff(beyond) > 0))
    return Finding(value, value > 0, grows, f"once w_i is beyond {turn:.4g} for [w_i, 2, 3, 4]")


@claim("a.5.1", "proof_sparsity", "concentration", "change, [5, 5, 0, 0] to [10, 0, 0, 0]")
def _concentration(tried: list[Vector]) -> Finding:
    """Concentration lowers sparsity."""
    value = _index(W1) - _index(W2)
    return Finding(value, value < 0, None, "focused weights are sparser")


@claim("a.5.1", "proof_measure", "larger p-norm", "change, [1, 2, 3, 4] to [2, 2, 3, 4]")
def _larger_norm(tried: list[Vector]) -> Finding:
    """A larger p-norm raises I."""
    raised = np.array([2.0, 2, 3, 4])
    value = _index(raised) - _index(RAMP)
    return Finding(
        value,
        not norm(raised, P) > norm(RAMP, P) or value > 0,
        None,
        "a larger ratio of p-norm to q-norm lowers I",
    )


@claim("a.5.2", "adding_zeros", "zero added", "change, [1, 2, 3, 4] to [1, 2, 3, 4, 0]")
def _zeros(tried: list[Vector]) -> Finding:
    """An added zero raises I."""
    rises = [_index(w, [0.0]) - _index(w) for w in tried]
    return Finding(_index(RAMP, [0.0]) - _index(RAMP), min(rises) > 0)


@claim("a.5.2", "mechanism", "p-norm with zero", "relative change of the p-norm")
def _zeros_norm(tried: list[Vector]) -> Finding:
    """An added zero lowers the p-norm."""
    value = norm(np.append(RAMP, 0.0), P) / norm(RAMP, P) - 1
    return Finding(value, value < 0, None, "norms are unchanged; d^(1/q - 1/p) falls")


@claim("a.5.2", "concentration", "focus with zero", "change of their share")
def _zeros_share(tried: list[Vector]) -> Finding:
    """An added zero makes nonzeros less concentrated."""
    value = float(np.mean(np.append(RAMP, 0.0) != 0) - np.mean(RAMP != 0))
    return Finding(value, value > 0, None, "they are a smaller share: more concentrated")
