"""What attacks and lost paths are read against: random orders and random links, with their spread."""

import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from netsci.graph import LayeredGraph
from netsci.report.sections import percolation
from netsci.report.structure import attack_section
from netsci.report.tolerance import say_attacks, summarise_attack


def curves(mean: list[float], low: list[float], high: list[float]) -> pd.DataFrame:
    removed = np.linspace(0, 1, len(mean))
    return pd.DataFrame(
        {"removed": removed, "mean": mean, "low": low, "high": high}
        | {"outputs": mean, "outputs low": low, "outputs high": high}
    )


def test_a_half_and_its_range_by_hand() -> None:
    row = summarise_attack(
        "random nodes", curves([1, 0.9, 0.5, 0.2, 0], [1, 0.5, 0.1, 0, 0], [1, 1, 0.7, 0.4, 0])
    )
    assert (row["half gone at"], row["half gone at, range"]) == (0.5, "25 % to 75 %")
    assert row["half of the outputs lost at, range"] == "25 % to 75 %"


def test_the_range_is_that_of_the_runs() -> None:
    rng = np.random.default_rng(0)
    at = rng.integers(1, 21, 41)  # where each of 41 runs loses half
    runs = (np.arange(22)[None, :] < at[:, None]) * 1.0
    low, high = np.quantile(runs, (0.05, 0.95), axis=0, method="higher"), np.quantile(runs, 0.95, axis=0)
    row = summarise_attack("a", curves(runs.mean(axis=0), low[0], high))
    first, last = np.sort(at)[[2, 38]] / 21
    assert row["half gone at, range"] == f"{100 * first:.2f} % to {100 * last:.2f} %"


def test_an_attack_is_said_beside_a_random_order_and_not_alone() -> None:
    usual = summarise_attack("random nodes", curves([1, 0.9, 0.5], [1, 0.6, 0.5], [1, 1, 0.5]))
    hubs = summarise_attack("hubs first", curves([1, 0.4, 0], [1, 0.4, 0], [1, 0.4, 0]))
    assert say_attacks(pd.DataFrame([usual, hubs])).startswith(
        "The largest component has lost half of its nodes when 50 % of the nodes are removed, hubs first, "
        "and when 100 % of the nodes are removed in random order (100 % to 100 %). Half of the outputs that "
        "inputs reach are lost when"
    )
    assert say_attacks(pd.DataFrame([usual, usual | {"attack": "hubs first"}])) == ""  # not worse: not said
    assert say_attacks(pd.DataFrame([usual])) == say_attacks(pd.DataFrame([hubs])) == ""


def test_hubs_carry_a_star_and_the_page_says_both_numbers() -> None:
    mask = np.zeros((2, 40), bool)
    mask[0] = True
    section, _ = attack_section(LayeredGraph.from_masks([mask, np.eye(40)]))
    hubs, usual, low, high = map(
        float,
        re.match(
            r"The largest component has lost half of its nodes when ([\d.]+) % of the nodes are removed, "
            r"hubs first, and when ([\d.]+) % of the nodes are removed in random order "
            r"\(([\d.]+) % to ([\d.]+) %\)",
            section.verdict,
        ).groups(),
    )
    assert hubs < low <= usual <= high
    assert "Half of the outputs that inputs reach are lost" in section.verdict


def test_links_that_lead_nowhere_are_read_against_random_links() -> None:
    rng = np.random.default_rng(0)
    sizes = (30, 40, 20)
    masks = [rng.random(shape) < 0.06 for shape in pairwise(sizes)]
    section, _ = percolation(LayeredGraph.from_masks(masks))
    links, nodes = re.search(
        r"random links in the same numbers leave ([\d.]+) ± [\d.]+ links that lead nowhere and ([\d.]+) ± ",
        section.verdict,
    ).groups()
    drawn = []
    for _ in range(200):  # an oracle: masks of as many links, walked by hand
        first, second = (rng.permutation(mask.size).reshape(mask.shape) < mask.sum() for mask in masks)
        middle = first.any(axis=0) & second.any(axis=1)
        on_path = int(first[:, middle].sum() + second[middle].sum())
        live = first[:, middle].any(axis=1).sum() + middle.sum() + second[middle].any(axis=0).sum()
        drawn.append((int(first.sum() + second.sum()) - on_path, sum(sizes) - live))
    expected, spread = np.mean(drawn, axis=0), np.std(drawn, axis=0)
    assert float(links) == pytest.approx(expected[0], abs=3 * spread[0] / np.sqrt(10))
    assert float(nodes) == pytest.approx(expected[1], abs=3 * spread[1] / np.sqrt(10))
