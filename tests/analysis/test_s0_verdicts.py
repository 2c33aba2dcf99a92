"""What is said of S0's tables, on made-up tables where a claim holds and where it does not."""

import pandas as pd
import pytest

from analysis import s0_explanations, s0_grid
from analysis.s0_chsnn import _JUDGES
from analysis.s0_claims import verdict
from analysis.s0_plan import STP_LR, STP_SWEEP_LR, TUNED
from tests.analysis.s0_made import tables

FC = "mnist/2fc/ch-snn"


def said(name: str, made, scale: str = "desk") -> str:
    return verdict(_JUDGES.get(name), scale, made)


DELTAS = {("mnist", "delta_1"): 97.0, ("mnist", "delta_0.5"): 98.0, ("mnist", "delta_0"): 96.0}


def test_delta_of_table_3():
    assert "δ = 0.5 is best holds (one seed)" in said("s0.table3", tables(DELTAS))
    wrong = DELTAS | {("mnist", "delta_0"): 99.0}
    assert "is best does not hold: the best is 0 (one" in said("s0.table3", tables(wrong))
    tie = said("s0.table3", tables(DELTAS | {("mnist", "delta_1"): 98.0}))
    assert "is not decided: the difference, 0.00 points, is within 0.40 points of sampling error" in tie
    assert "the best is 1 and 0.5" in tie
    close = said("s0.table3", tables(DELTAS | {("mnist", "delta_1"): 97.97}))
    assert "is not decided: the difference, +0.03 points, is within 0.40 points" in close
    above = said("s0.table3", tables(DELTAS | {("mnist", "delta_1"): 98.03}))
    assert "is not decided: the difference, -0.03 points, is within 0.39 points" in above


def test_delta_over_seeds_is_judged_by_their_interval():
    steady = {key: [v, v + 1, v - 1] for key, v in DELTAS.items()}  # the same difference in each seed
    text = said("s0.table3", tables(steady))
    assert "is best holds.\n3 of 3 cells" in text
    assert "one seed" not in text
    steady["mnist", "delta_1"] = [97.0, 99.4, 97.0]
    text = said("s0.table3", tables(steady))
    assert "is not decided: the difference, +0.20 points, is within" in text
    assert "of the interval over seeds" in text


def test_a_claim_over_an_incomplete_set_is_not_decided():
    some = {key: v for key, v in DELTAS.items() if key[1] != "delta_0"}
    text = said("s0.table3", tables(some, DELTAS))
    assert "is best is not decided: 2 of 3 choices were run (one seed).\n2 of 3 cells" in text
    rates = {("mnist/ch-snn", f"lr_{rate}"): v for rate, v in RATES.items()}
    some = dict(list(rates.items())[:2])
    assert "budget, is not decided: 2 of 3 choices were run" in said("s0.table5", tables(some, rates))
    steps = {("mnist/2conv2fc/ch-snn", f"t_{t}"): 90.0 + t / 4 for t in (2, 4, 8, 16)}
    some = {key: v for key, v in steps.items() if key[1] != "t_2"}
    text = said("s0.table15", tables(some, steps))
    assert "every doubling is not decided: 3 of 4 choices were run" in text
    assert "optimum" not in text


def test_ablation_of_table_4():
    def made(**of: dict[int, float]):
        return tables({(f"mnist/{v}", f"sparsity_{s}"): a for v, by in of.items() for s, a in by.items()})

    text = said(
        "s0.table4",
        made(
            none={99: 9.8, 95: 10.5, 80: 96.0},
            sscti_only={99: 70.0, 95: 80.0, 80: 95.0},
            sswi_only={99: 78.0, 80: 97.0},
            both={99: 90.0, 80: 98.0},
            both_as_printed={99: 15.0, 80: 98.5},
        ),
    )
    assert "both > each alone > neither holds at 99 % (both 90.00 > SSWI alone 78.00 > SSCTI" in text
    assert "both > each alone > neither is not decided at 95 %: 2 of 4 variants run." in text
    assert "MNIST: both > each alone > neither does not hold at 80 % (both 98.00 > SSWI alone" in text
    assert "highest of all variants: both at 99 %, both, eq. 2 as printed at 80 %" in text
    assert "not learning: neither at 99 %, both, eq. 2 as printed at 99 %, neither at 95 %" in text
    assert (
        "MNIST, against both with phi: eq. 2 as printed -75.00 points at 99 %; eq. 2 as printed +0.50 points "
        "at 80 %."
    ) in text
    close = said(
        "s0.table4", made(none={99: 50.0}, sscti_only={99: 70.0}, sswi_only={99: 77.9}, both={99: 78.0})
    )
    assert "neither is not decided at 99 % (both 78.00 > SSWI alone 77.90" in close
    assert "the difference, +0.10 points, is within 1.17 points of sampling error)" in close
    assert "not learning: none" in close
    assert "against both" not in close
    near = made(
        none={99: 50.0},
        sscti_only={99: 70.0},
        sswi_only={99: 75.0},
        both={99: 78.0},
        both_calibrated={99: 78.5},
    )
    assert "SSWI calibrated +0.50 points at 99 %, within error" in said("s0.table4", near)
    never = said(
        "s0.table4", made(none={99: 50.0}, sscti_only={99: 70.0}, sswi_only={99: 78.0}, both={99: 75.0})
    )
    assert "neither does not hold at 99 % (SSWI alone 78.00 > both 75.00" in never


def test_an_incomplete_sparsity_still_names_what_does_not_learn():
    text = said("s0.table4", tables({("mnist/none", "sparsity_99"): 9.8}))
    assert "1 of 4 variants run.\nMNIST: below 20 %, so not learning: neither at 99 %" in text


RATES = {"0.01": 67.0, "0.001": 95.0, "0.0001": 98.0}


def test_learning_rates_of_table_5():
    row = "mnist/ch-snn"
    falls = {(row, f"lr_{rate}"): value for rate, value in RATES.items()}
    text = said("s0.table5", tables(falls, falls))
    assert "best at learning rate 0.0001, 98.00 % (printed at 0.0001), lowest 67.00 %" in text
    assert "as the rate rises, at this budget, holds" in text
    assert f"These runs have {s0_explanations.STP_EPOCHS} epochs on 12,000 images, S0's 100" in text
    rises = {key: 165 - value for key, value in falls.items()}
    text = said("s0.table5", tables(rises, falls))
    assert "best at learning rate 0.01, 98.00 % (printed at 0.0001)" in text
    assert "at this budget, does not hold" in text
    flat = falls | {(row, "lr_0.001"): 97.9}
    assert "is not decided: the difference, +0.10 points" in said("s0.table5", tables(flat))


def test_table_5_reads_what_is_printed_of_rates_that_were_not_run():
    row = "mnist/ch-snn"
    falls = {(row, f"lr_{rate}"): value for rate, value in RATES.items()}
    text = said("s0.table5", tables({(row, "lr_0.001"): 97.0}, falls))
    assert "best at learning rate 0.001, 97.00 % (printed at 0.0001)" in text


@pytest.mark.parametrize("table", ["s0.table6", "s0.table7", "s0.table8"])
def test_spreads(table):
    columns = ("bs_16", "bs_100") if table == "s0.table6" else ("zeta_0.5", "zeta_0.1")
    printed = {("mnist", c): v for c, v in zip(columns, (98.08, 97.98), strict=True)}
    small = said(table, tables({("mnist", columns[0]): 97.0, ("mnist", columns[1]): 97.2}, printed))
    assert "a spread of 0.20 points (printed 0.10); S0's negligible variation" in small
    assert "less than 1 point, holds" in small
    close = said(table, tables({("mnist", columns[0]): 97.0, ("mnist", columns[1]): 97.9}))
    assert "is not decided: its distance to that, +0.10 points, is within 0.45 points of sampling" in close
    large = said(table, tables({("mnist", columns[0]): 99.1, ("mnist", columns[1]): 97.0}))
    assert "a spread of 2.10 points; S0's negligible" in large
    assert "less than 1 point, does not hold" in large
    more = printed | {("mnist", "zeta_0.3"): 97.0}
    some = said(table, tables({("mnist", columns[0]): 97.0, ("mnist", columns[1]): 97.2}, more))
    assert "(printed 1.08)" in some
    assert "is not decided: 2 of 3 choices were run" in some
    one = said(table, tables({("mnist", columns[0]): 97.0}, more))
    assert "MNIST: 97.00 %; S0's negligible variation" in one
    assert "is not decided: 1 of 3 choices was run.\n1 of 3 cells" in one


def test_a_constant_zeta_is_compared_with_the_falling_one():
    constant = {("mnist", f"zeta_{z}"): v for z, v in ((0.1, 97.0), (0.5, 95.0))}
    falling = {("mnist/falling", f"zeta_{z}"): v for z, v in ((0.1, 98.0), (0.5, 97.0))}
    text = said("s0.table8", tables(constant | falling))
    assert "MNIST: accuracy from 95.00 to 97.00 % over 2 choices, a spread of 2.00 points" in text
    assert "(Table 7) against a constant one: +1.00 at ζ = 0.1, +2.00 at ζ = 0.5 points; S0's" in text
    assert "under a constant one holds (one seed)" in text
    close = said("s0.table8", tables(constant | falling | {("mnist/falling", "zeta_0.1"): 97.1}))
    assert "is not decided: the difference, +0.10 points, is within" in close
    turned = said("s0.table8", tables(constant | falling | {("mnist/falling", "zeta_0.1"): 96.0}))
    assert "-1.00 at ζ = 0.1, +2.00 at ζ = 0.5 points" in turned
    assert "under a constant one does not hold" in turned
    some = said("s0.table8", tables(constant, constant | falling))
    assert "Table 7" not in some


def test_node_sparsity_of_table_9():
    key = (FC, "node_sparsity_percent")
    inside = said("s0.table9", tables({key: [1.9, 2.0, 2.1]}, {key: 2.03}))
    assert "MNIST 2FC, CH-SNN: 2.00 % (1.75 to 2.25)" in inside
    assert "printed 2.03 %, inside the interval" in inside
    assert "printed 2.03 %, less" in said("s0.table9", tables({key: [31.0, 32.0, 33.0]}, {key: 2.03}))
    assert "away (one seed); printed 2.03 %, more" in said("s0.table9", tables({key: 1.0}, {key: 2.03}))


def noisy(dense: float, sparse: float) -> dict[tuple[str, str], float]:
    rows = {"dense": dense, "ch-snn": sparse}
    return {
        (f"mnist/{kind}/{method}", column): 98.0 - lost * (column == "p_20")
        for kind in ("bit-flip", "false-spike")
        for method, lost in rows.items()
        for column in ("p_0", "p_20")
    }


def test_noise_of_tables_10_to_13():
    text = said("s0.table10", tables(noisy(30.0, 20.0), noisy(20.0, 30.0)), "paper")
    assert "MNIST, here: dense loses fewer points than CH-SNN under 0 of 2 kinds" in text
    assert (
        "(bit flips 30.0 and 20.0, false spikes 30.0 and 20.0; beyond the spread of the seeds: none)" in text
    )
    assert "MNIST, as printed: dense loses fewer points than CH-SNN under 2 of 2 kinds" in text


def test_losses_by_noise_are_compared_seed_by_seed():
    several = {key: [value, value + 1, value - 1] for key, value in noisy(30.0, 20.0).items()}
    assert "beyond the spread of the seeds: bit flips, false spikes" in said("s0.table10", tables(several))
    key = ("mnist/bit-flip/ch-snn", "p_20")
    several[key] = [20.0, 78.0, 78.0]
    assert "of the seeds: false spikes)" in said("s0.table10", tables(several), "paper")
    for row in ("dense", "ch-snn"):
        several[f"mnist/false-spike/{row}", "p_20"] = [98.01, 99.01, 97.01]
    assert "false spikes 0.0 and 0.0" in said("s0.table10", tables(several))


def test_rpdr_of_table_14():
    keys = [(f"mnist/{method}", "rpdr_average") for method in ("dense", "ch-snn")]
    printed = dict(zip(keys, (10.29, 12.09), strict=True))
    made = tables({keys[0]: [10.0, 10.2, 10.4], keys[1]: [12.0, 12.3, 12.4]}, printed)
    text = said("s0.table14", made, "paper")
    assert "dense is the more robust; printed 10.29 and 12.09, the same way round" in text
    made = tables({keys[0]: [10.0, 10.2, 10.4], keys[1]: [9.0, 10.5, 9.0]}, printed)
    text = said("s0.table14", made, "paper")
    assert "CH-SNN is the more robust, though not beyond the spread of the seeds" in text
    assert "the other way round" in text


def seeds(one):
    return {key: [value, value + 1, value - 1] for key, value in one.items()}


@pytest.mark.parametrize(
    ("values", "rise", "optimum"),
    [
        ((95.0, 97.0, 99.0, 99.8), "holds", "does not hold (more steps add +0.80)"),
        ((95.0, 97.0, 99.0, 98.0), "does not hold", "holds (more steps add -1.00)"),
        ((95.0, 99.8, 99.0, 99.05), "does not hold", "does not hold (more steps add +0.05)"),
        ((95.0, 97.0, 99.0, 99.1), "is not decided: the", "is not decided: the"),
    ],
)
def test_time_steps_of_table_15(values, rise, optimum):
    row = "mnist/2conv2fc/ch-snn"
    made = tables({(row, f"t_{t}"): v for t, v in zip((2, 4, 8, 16), values, strict=True)})
    text = said("s0.table15", made)
    assert f"every doubling {rise}" in text
    assert f"below more, {optimum}" in text


@pytest.mark.parametrize("grid", s0_grid.GRIDS, ids=lambda grid: grid.id)
def test_grids_say_whether_their_best_is_used(grid):
    used = {key: dict(grid.used.get(key, grid.used["sparse"])) for key in s0_grid.NETWORKS.values()}
    rows = [
        {"network": network, **choice, "value": 90.0 + 5 * (choice == used[key])}
        for network, key in s0_grid.NETWORKS.items()
        for choice in map(dict, grid.choices)
    ]
    table = pd.DataFrame(rows)
    text = s0_grid.verdict(grid, "desk", {"table": table})
    assert text.count(f"95.00 % (worst 90.00 %), taken for {grid.used_by}") == len(grid.used)
    compared = text.count("95.00 % (worst 90.00 %), which no table takes: it is here to be compared")
    assert compared == 2 - len(grid.used)
    dense = table["network"] == "dense"
    table.loc[dense.idxmax(), "value"] = 96.0
    if "dense" in grid.used and dict(grid.choices[0]) != dict(grid.used["dense"]):
        text = s0_grid.verdict(grid, "desk", {"table": table})
        assert f"dense: learning rate {grid.choices[0]['lr']:g}" in text
        taken = f"taken for {grid.used_by}: learning rate {grid.used['dense']['lr']:g}"
        assert f"96.00 % (worst 90.00 %), at the edge of the grid; {taken}" in text
    ends = (min(choice["lr"] for choice in grid.choices), max(choice["lr"] for choice in grid.choices))
    for lr in sorted({choice["lr"] for choice in grid.choices}):
        best = table.assign(value=90.0 + (table["lr"] == lr))
        told = s0_grid.verdict(grid, "desk", {"table": best}).count("at the edge of the grid")
        assert told == (2 if lr in ends else 0), lr
    assert "nothing is chosen here" in s0_grid.verdict(grid, "smoke", {"table": table})


def test_grids_hold_what_is_used():
    assert all(dict(TUNED[key]) in map(dict, s0_grid.BACK_PROPAGATED.choices) for key in TUNED)
    assert {"lr": STP_SWEEP_LR} in s0_grid.STP.choices
    assert all({"lr": rate} in s0_grid.STP_FULL.choices for rate in STP_LR.values())
    for cells in (s0_grid.grid_cells("desk"), s0_grid.stp_grid_cells("desk")):
        halves = [[c for c in cells if c["dense"] is dense] for dense in (True, False)]
        assert len(halves[0]) == len(halves[1])
        assert [c["lr"] for c in halves[0]] == [c["lr"] for c in halves[1]]
        assert {c["validation"] for c in cells} == {10_000}
