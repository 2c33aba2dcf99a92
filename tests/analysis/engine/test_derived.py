"""Cells that follow from others: by hand, of our runs and of printed values."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.engine.derived import Derived, derive, read_derived
from analysis.engine.sheet import Sheet, sample_error

A, B, C = (("r", name) for name in "abc")
FRAME = pd.DataFrame(
    [(*A, 0, 6.0), (*A, 1, 8.0), (*B, 0, 2.0), (*B, 1, 4.0), (*B, 2, 5.0)],
    columns=["row", "column", "seed", "value"],
)
MADE = Sheet(FRAME, {A: 10.0, B: 4.0}, {A: "percent"}, sample_error(lambda row: 100))


@pytest.mark.parametrize(
    ("kind", "ours", "printed"), [("difference", [4, 4], 6), ("ratio", [3, 2], 2.5), ("mean", [4, 6], 7)]
)
def test_they_are_computed_seed_by_seed(kind, ours, printed):
    found = derive(MADE, [Derived(C, kind, (A, B), "mJ")])
    assert found.by_seed(C).tolist() == ours  # seed 2 has no a
    assert (found.printed[C], found.unit(C), C in found.implied) == (printed, "mJ", True)
    assert found.by_seed(A).equals(MADE.by_seed(A))
    assert A not in found.implied


def test_what_lacks_a_cell_is_not_there():
    found = derive(MADE, [Derived(C, "ratio", (A, ("r", "none")))])
    assert len(found.by_seed(C)) == 0
    assert C not in found.printed


def test_what_follows_from_a_cell_that_diverged_has_diverged():
    found = derive(replace(MADE, failed=frozenset({A})), [Derived(C, "difference", (A, B))])
    assert found.failed == {A, C}
    assert derive(replace(MADE, failed=frozenset({A})), [Derived(C, "mean", (B,))]).failed == {A}


def test_later_ones_use_earlier_ones_and_differences_know_their_parts():
    twice = derive(MADE, [Derived(C, "difference", (A, B)), Derived(("r", "d"), "ratio", (C, B))])
    assert twice.by_seed(("r", "d")).tolist() == [2, 1]
    one = derive(Sheet(FRAME[FRAME["seed"] == 0], error=MADE.error), [Derived(C, "difference", (A, B))])
    error = np.sqrt((6 * 94 + 2 * 98) / 100)
    assert one.estimate(C).high - one.estimate(C).mean == pytest.approx(1.96 * error, rel=1e-3)
    mean = derive(Sheet(FRAME[FRAME["seed"] == 0], error=lambda k, m: np.nan), [Derived(C, "mean", (A, B))])
    assert np.isnan(mean.estimate(C).high)


def test_literals_are_read():
    literal = {"cell": "@|gap", "each": ["m", "n"], "difference": ["@/a|x", "@/b|x"], "unit": "percent"}
    found = read_derived([literal, {"cell": "all|gap", "mean": ["{m,n}|gap"]}])
    assert found[1] == Derived(("n", "gap"), "difference", (("n/a", "x"), ("n/b", "x")), "percent")
    assert found[2] == Derived(("all", "gap"), "mean", (("m", "gap"), ("n", "gap")))
    with pytest.raises(ValueError, match="needs one of difference, ratio, mean"):
        read_derived([{"cell": "a|b"}])
    with pytest.raises(ValueError, match="a ratio is of two cells; 'a\\|b' names 1"):
        read_derived([{"cell": "a|b", "ratio": ["a|c"]}])
