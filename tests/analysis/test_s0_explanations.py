"""Explanations of differences from S0 quote cells that exist, and are silent where they do not apply."""

from itertools import product

import pytest

from analysis.s0_additions import entries_of
from analysis.s0_comparisons import entries as of_figure
from analysis.s0_explanations import CONSTANT_PIXELS, EXPLANATIONS, Cell, Explanation, explanations
from netsci.data import available, load
from tests.analysis.s0_made import tables

FC = "mnist/2fc/ch-snn"
GAIN = (FC, "accuracy_improvement_percent")
LOSSES = {(FC, "training_loss"): 4e-5, (FC, "dense_training_loss"): 2e-8}


@pytest.mark.parametrize("exhibit", EXPLANATIONS)
def test_every_explanation_quotes_cells_of_its_exhibit(exhibit):
    if "figure" in exhibit:
        listed = {(entry.row, entry.column) for _, entry in of_figure(exhibit)}
    else:
        listed = {(entry.row, entry.column) for entry in entries_of(exhibit)}
    for explanation in EXPLANATIONS[exhibit]:
        assert set(explanation.cells) <= listed
        assert explanation.cells


@pytest.mark.parametrize("exhibit", EXPLANATIONS)
@pytest.mark.parametrize(("mean", "printed"), [(5.0, 50.0), (50.0, 1.0), (-0.5, 0.5), (9.8, 9.8)])
def test_every_explanation_is_a_sentence_or_nothing(exhibit, mean, printed):
    for explanation in EXPLANATIONS[exhibit]:
        text = explanation.said(dict.fromkeys(explanation.cells, Cell(mean, printed)))
        assert text == "" or (text[0].isupper() and text.endswith("."))
        assert "{" not in text
        assert "nan" not in text.split()


def test_every_explanation_is_said_for_some_difference():
    for several in EXPLANATIONS.values():
        for explanation in several:
            tried = [Cell(5.0, 50.0), Cell(50.0, 1.0), Cell(-0.5, 0.5), Cell(9.8, 9.8), Cell(0.0, 0.1)]
            mixed = (
                [one, two, *[rest] * len(explanation.cells)] for one, two, rest in product(tried, repeat=3)
            )
            known = (dict(zip(explanation.cells, of, strict=False)) for of in mixed)
            assert any(explanation.said(cells) for cells in known), explanation.text


def test_a_difference_is_explained_only_while_it_is_there():
    lower = explanations("s0.table1", "desk", tables({GAIN: -0.59} | LOSSES, {GAIN: 0.16}))
    assert len(lower) == 1
    assert "(training loss 4e-05 of CH-SNN and 2e-08 of dense)" in lower[0]
    assert lower[0].startswith("Why MNIST 2FC differs from dense by -0.59 points where S0 prints +0.16")
    assert explanations("s0.table1", "desk", tables({GAIN: 0.2} | LOSSES, {GAIN: 0.16})) == []
    assert explanations("s0.table1", "desk", tables({GAIN: -0.59} | LOSSES)) == []  # nothing is printed
    assert explanations("s0.table1", "desk", tables({}, {GAIN: 0.16})) == []  # nothing was run
    for scale in ("smoke", "paper"):
        assert explanations("s0.table1", scale, tables({GAIN: -0.59} | LOSSES, {GAIN: 0.16})) == []
    assert explanations("s0.table13", "desk", tables({GAIN: -0.59} | LOSSES, {GAIN: 0.16})) == []


def test_a_level_is_divided_into_the_gap_and_the_rest():
    keys = [(FC, c) for c in ("accuracy_percent", "dense_accuracy_percent", "accuracy_improvement_percent")]
    printed = dict(zip(keys, (98.97, 98.81, 0.16), strict=True))
    ours = dict(zip(keys, (97.85, 98.5, -0.65), strict=True))
    (said,) = explanations("s0.table1", "desk", tables(ours, printed))
    assert (
        "has 97.85 % against 98.97 %, 1.12 points less: 0.81 by that gap, 0.31 since dense has 98.50" in said
    )
    for key, value in ((keys[0], 99.0), (keys[1], 98.9), (keys[2], 0.2)):
        assert explanations("s0.table1", "desk", tables(ours | {key: value}, printed)) == []


def test_rates_are_explained_while_that_of_dense_is_lower_by_more():
    rows, columns = ("mnist/3fc/dense", "mnist/3fc/ch-snn"), ("firing_rate_percent", "energy_mj")
    keys = [(row, column) for column in columns for row in rows]
    printed = dict(zip(keys, (31.2, 16.8, 948.0, 48.0), strict=True))
    ours = dict(zip(keys, (12.4, 8.7, 285.0, 23.5), strict=True))
    (said,) = explanations("s0.table2", "desk", tables(ours, printed))
    assert "dense 12.4 % against 31.2 %, CH-SNN 8.7 % against 16.8 %" in said
    assert explanations("s0.table2", "desk", tables(ours | {keys[1]: 5.0}, printed)) == []
    assert explanations("s0.table2", "desk", tables(ours | {keys[3]: 50.0}, printed)) == []


def test_no_unit_lost_is_said_of_networks_that_lost_none():
    keys = [(f"{data}/2conv2fc/ch-snn", "node_sparsity_percent") for data in ("mnist", "n-mnist")]
    printed = dict(zip(keys, (0.04, 8.09), strict=True))
    (said,) = explanations("s0.table9", "desk", tables(dict.fromkeys(keys, 0.0), printed))
    assert said.startswith("Why 2Conv2FC loses no unit where S0 prints 0.04 % for MNIST and 8.09 %")
    assert explanations("s0.table9", "desk", tables({keys[0]: 0.0, keys[1]: 0.5}, printed)) == []


def test_table_4s_level_is_said_while_all_its_cells_are_below():
    keys = [(f"mnist/{v}", f"sparsity_{s}") for v in ("none", "sscti_only", "sswi_only") for s in (70, 80)]
    printed = dict.fromkeys(keys, 97.5)
    (said,) = explanations("s0.table4", "desk", tables(dict.fromkeys(keys, 96.5), printed))
    assert said.startswith("Why accuracies at 70 and 80 % are lower than printed: sweeps train on 12,000")
    above = tables(dict.fromkeys(keys, 96.5) | {keys[2]: 98.0}, printed)
    assert explanations("s0.table4", "desk", above) == []


def test_a_budget_that_favours_one_network_is_told():
    losses = {("mnist/3fc/dense", "training_loss"): 0.0055, ("mnist/3fc/ch-snn", "training_loss"): 0.0044}
    for exhibit in ("s0.table2", "s0.figure3"):
        (said,) = explanations(exhibit, "desk", tables(losses))
        assert "dense less: its training loss is 0.0055, that of CH-SNN 0.0044" in said
    losses["mnist/3fc/dense", "training_loss"] = 0.004
    assert explanations("s0.table2", "desk", tables(losses)) == []


def test_units_that_evolution_takes_are_told_from_those_that_never_had_links():
    keys = [(FC, f"{first}node_sparsity_percent") for first in ("", "first_")]
    made = tables(dict(zip(keys, (10.81, 8.55), strict=True)), {keys[0]: 2.03})
    (said,) = explanations("s0.table9", "desk", made)
    assert "8.55 % of the units before training; evolution adds 2.26 points, against 2.03 % printed" in said


@pytest.mark.skipif("mnist" not in available(), reason="NETSCI_DATA does not name a folder with MNIST")
def test_constant_pixels_of_mnist():
    pixels = load("mnist").x_train.reshape(60_000, 784)
    assert int((pixels.max(axis=0) == pixels.min(axis=0)).sum()) == CONSTANT_PIXELS


def test_all_cells_are_needed():
    both = Explanation("{0.mean:g} and {1.mean:g}", (("a", "x"), ("b", "x")), lambda *_: True)
    assert both.said({("a", "x"): Cell(1, 2)}) == ""
    assert both.said({("a", "x"): Cell(1, 2), ("b", "x"): Cell(3, 4)}) == "1 and 3"


def test_figure_3_says_that_training_sizes_differ_once():
    made = tables({("mnist/both", f"sparsity_{s}"): 97.0 for s in (80, 95, 99)})
    said = explanations("s0.figure3", "desk", made)
    assert len(said) == 1
    assert "trained on 12,000 images; dense and CH-SNN had all 60,000, so the two are not to be" in said[0]
    assert explanations("s0.figure3", "desk", tables({("mnist/both", "sparsity_80"): 97.0})) == said


def test_dropped_spikes_are_explained_where_they_cost_less_than_printed():
    keys = [(f"mnist/spike-dropout/{method}", "p_20") for method in ("dense", "ch-snn")]
    printed = dict(zip(keys, (67.65, 66.58), strict=True))
    said = explanations("s0.table10", "desk", tables(dict(zip(keys, (97.94, 98.16), strict=True)), printed))
    assert "leave 97.94 % (dense) and 98.16 % (CH-SNN) where S0 prints 67.65 and 66.58 %" in said[0]
    assert explanations("s0.table10", "desk", tables(printed, printed)) == []
