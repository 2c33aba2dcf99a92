"""A page claims no structure of random networks, and tells what is planted: a small run of the benchmark."""

import numpy as np
import pytest

from benchmarks.sentences import PLANTED, claims, count_claims, count_told, random_masks
from netsci.graph import LayeredGraph


def test_forty_random_networks_have_no_structure() -> None:
    claimed, kinds = count_claims(40)
    assert set(kinds) == {"uniform", "Erdos-Renyi", "regular", "non-square", "chain"}
    assert claimed <= 6  # of 40 at 1 in 20, more come with a chance of .003


@pytest.mark.parametrize("kind", PLANTED)
def test_planted_structure_is_told(kind: str) -> None:
    assert count_told(kind, 6) == 6


def test_a_denial_is_no_claim_and_a_claim_is_one() -> None:
    rng = np.random.default_rng(1)
    (mask,) = PLANTED["4 x 4 patches"](rng)
    said = claims(LayeredGraph.from_masks([mask]))
    assert any("corrected for all of them" in sentence for sentence in said)
    assert any("(corrected p = 0.01) stands out" in sentence for sentence in said)
    silent = [claims(LayeredGraph.from_masks(random_masks(rng)["chain"]())) for _ in range(3)]
    assert sum(map(bool, silent)) <= 1


def test_regular_masks_have_equal_degrees() -> None:
    (mask,) = random_masks(np.random.default_rng(2))["regular"]()
    for axis in (0, 1):
        assert np.ptp(mask.toarray().sum(axis=axis)) == 0
