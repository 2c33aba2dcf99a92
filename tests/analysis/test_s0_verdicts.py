"""What is said of S0's tables, on made-up tables where a claim holds and where it does not."""

import numpy as np
import pandas as pd
import pytest

from analysis import s0_grid
from analysis.s0_chsnn import _JUDGES
from analysis.s0_claims import paired, ratio, verdict
from analysis.s0_plan import STP_LR, TUNED
from tests.analysis.s0_made import tables

FC = "mnist/2fc/ch-snn"


def said(name: str, made, scale: str = "desk") -> str:
    return verdict(_JUDGES.get(name), scale, made)


def table1(gains: list[float], printed: float = 0.16, sops: float = 1e6):
    sparse = [98.0, 98.4, 98.2]
    ours = {
        (FC, "accuracy_percent"): sparse,
        (FC, "dense_accuracy_percent"): [s - g for s, g in zip(sparse, gains, strict=False)],
        (FC, "accuracy_improvement_percent"): gains,
        (FC, "sops_per_sample"): [sops] * 3,
        (FC, "dense_sops_per_sample"): [4.2e7] * 3,
    }
    return tables(ours, {(FC, "accuracy_improvement_percent"): printed, ("mnist/2fc/dpap", "x"): 1.0})


@pytest.mark.parametrize(
    ("gains", "printed", "words"),
    [
        (
            [0.15, 0.16, 0.17],
            0.16,
            ["+0.16 points (+0.14 to +0.18)", "a gain beyond", "the same sign and inside"],
        ),
        ([-0.5, -0.6, -0.55], 0.16, ["a loss beyond", "printed +0.16, not the same sign and outside"]),
        ([0.5, -0.5, 0.1], 0.16, ["no difference beyond", "the same sign and inside"]),
        ([0.3, 0.3, 0.31], np.nan, ["a gain beyond the spread of the seeds; dense needs"]),
        ([0.2], 0.16, ["+0.20 points, one seed; printed +0.16, the same sign; dense"]),
    ],
)
def test_gain_of_table_1(gains, printed, words):
    text = said("s0.table1", table1(gains, printed))
    for part in [*words, "dense needs 42.0 times the synaptic operations"]:
        assert part in text
    assert text.endswith("5 of 6 cells were run.")


def table2(sparse: list[float], energy: float):
    rows = {name: f"mnist/3fc/{name}" for name in ("ch-snn", "dense")}
    ours = {
        (rows["ch-snn"], "accuracy_percent"): sparse,
        (rows["dense"], "accuracy_percent"): [97.0, 97.2, 97.4],
        (rows["ch-snn"], "energy_mj"): [energy] * 3,
        (rows["dense"], "energy_mj"): [900.0] * 3,
        (rows["ch-snn"], "firing_rate_percent"): [energy / 3] * 3,
        (rows["dense"], "firing_rate_percent"): [30.0] * 3,
    }
    printed = {
        (rows["ch-snn"], "accuracy_percent"): 97.56,
        (rows["dense"], "accuracy_percent"): 97.29,
        (rows["ch-snn"], "energy_mj"): 48.0,
        (rows["dense"], "energy_mj"): 948.0,
        (rows["ch-snn"], "firing_rate_percent"): 16.83,
        (rows["dense"], "firing_rate_percent"): 31.22,
    }
    return tables(ours, printed)


def test_accuracy_and_energy_of_table_2():
    better = said("s0.table2", table2([97.25, 97.5, 97.72], 45.0))
    assert "printed 97.56 and 97.29; difference +0.29 points, a gain beyond" in better
    assert "printed +0.27, the same sign and inside" in better
    assert "dense needs 20.0 times the energy, printed 19.8 times" in better
    worse = said("s0.table2", table2([96.0, 96.2, 96.41], 300.0))
    assert "a loss beyond" in worse
    assert "not the same sign and outside" in worse
    assert "dense needs 3.0 times the energy" in worse


def test_figure_3_compares_rates_and_energy():
    less = said("s0.figure3", table2([97.3, 97.5, 97.72], 45.0))
    assert "CH-SNN fires less (15.00 % against 30.00 %, printed 16.83 and 31.22)" in less
    more = said("s0.figure3", table2([96.0, 96.2, 96.41], 120.0))
    assert "CH-SNN fires not less (40.00 % against 30.00 %" in more


def test_differences_are_paired_by_seed():
    made = tables(
        {("a", "x"): [1.0, 5.0, 3.0], ("b", "x"): [0.9, 4.8, 2.9]}, {("a", "x"): 2.0, ("b", "x"): 1.0}
    )
    made["table"] = made["table"].sample(frac=1, random_state=0)
    gap = paired(made, "a", "b", "x")
    assert gap.mean == pytest.approx(0.4 / 3)
    assert gap.high - gap.mean == pytest.approx(4.302653 * np.std([0.1, 0.2, 0.1], ddof=1) / np.sqrt(3))
    assert (gap.n, gap.printed) == (3, 1.0)


def test_delta_of_table_3():
    right = {("mnist", "delta_1"): 97.0, ("mnist", "delta_0.5"): 98.0, ("mnist", "delta_0"): 96.0}
    assert "δ = 0.5 is best holds (one seed: no test" in said("s0.table3", tables(right))
    wrong = right | {("mnist", "delta_0"): 99.0}
    assert "is best does not hold: the best is 0 (one" in said("s0.table3", tables(wrong))
    tie = right | {("mnist", "delta_1"): 98.0}
    assert "does not hold: the best is 1 and 0.5" in said("s0.table3", tables(tie))
    seeds = {key: [value, value + 1] for key, value in right.items()}
    assert "one seed" not in said("s0.table3", tables(seeds))


def test_ablation_of_table_4():
    def made(**of: dict[int, float]):
        return tables({(f"mnist/{v}", f"sparsity_{s}"): a for v, by in of.items() for s, a in by.items()})

    text = said(
        "s0.table4",
        made(
            none={99: 9.8, 80: 96.0},
            sscti_only={99: 70.0, 80: 95.0},
            sswi_only={99: 78.0, 80: 97.0},
            both={99: 90.0, 80: 98.0},
            both_as_printed={99: 15.0, 80: 98.5},
        ),
    )
    assert "both > each alone > neither holds at 99 % sparsity, not at 80 % (both 98.00 > SSWI alone" in text
    assert "best of all variants: both at 99 %, both, eq. 2 as printed at 80 %" in text
    assert "not learning: neither at 99 %, both, eq. 2 as printed at 99 %" in text
    never = said(
        "s0.table4", made(none={99: 50.0}, sscti_only={99: 70.0}, sswi_only={99: 78.0}, both={99: 77.0})
    )
    assert "holds at no sparsity, not at 99 % (SSWI alone 78.00 > both 77.00" in never
    assert "not learning: none" in never


def test_learning_rates_of_table_5():
    row, rates = "mnist/ch-snn", ("0.01", "0.001", "0.0001")
    falls = {(row, f"lr_{rate}"): value for rate, value in zip(rates, (67.0, 95.0, 98.0), strict=True)}
    text = said("s0.table5", tables(falls, falls))
    assert "best at learning rate 0.0001, 98.00 % (printed at 0.0001), lowest 67.00 %" in text
    assert "as the rate rises holds" in text
    rises = {key: 165 - value for key, value in falls.items()}
    text = said("s0.table5", tables(rises, falls))
    assert "best at learning rate 0.01, 98.00 % (printed at 0.0001)" in text
    assert "as the rate rises does not hold" in text


@pytest.mark.parametrize("table", ["s0.table6", "s0.table7", "s0.table8"])
def test_spreads(table):
    columns = ("bs_16", "bs_100") if table == "s0.table6" else ("zeta_0.5", "zeta_0.1")
    printed = {("mnist", c): v for c, v in zip(columns, (98.08, 97.98), strict=True)}
    small = said(table, tables({("mnist", columns[0]): 97.0, ("mnist", columns[1]): 97.9}, printed))
    assert "a spread of 0.90 points (printed 0.10); S0's negligible variation" in small
    assert "less than 1 point, holds" in small
    large = said(table, tables({("mnist", columns[0]): 99.1, ("mnist", columns[1]): 98.0}))
    assert "a spread of 1.10 points; S0's negligible" in large
    assert "less than 1 point, does not hold" in large


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
    text = said("s0.table10", tables(noisy(30.0, 20.0), noisy(20.0, 30.0)))
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
    assert "of the seeds: false spikes)" in said("s0.table10", tables(several))
    for row in ("dense", "ch-snn"):
        several[f"mnist/false-spike/{row}", "p_20"] = [98.01, 99.01, 97.01]
    assert "false spikes 0.0 and 0.0" in said("s0.table10", tables(several))


def test_rpdr_of_table_14():
    keys = [(f"mnist/{method}", "rpdr_average") for method in ("dense", "ch-snn")]
    printed = dict(zip(keys, (10.29, 12.09), strict=True))
    made = tables({keys[0]: [10.0, 10.2, 10.4], keys[1]: [12.0, 12.3, 12.4]}, printed)
    text = said("s0.table14", made)
    assert "dense is the more robust; printed 10.29 and 12.09, the same way round" in text
    made = tables({keys[0]: [10.0, 10.2, 10.4], keys[1]: [9.0, 10.5, 9.0]}, printed)
    text = said("s0.table14", made)
    assert "CH-SNN is the more robust, though not beyond the spread of the seeds" in text
    assert "the other way round" in text


@pytest.mark.parametrize(
    ("values", "rise", "optimum"),
    [
        ((98.0, 98.5, 99.0, 99.1), "holds", "holds (more steps add +0.10)"),
        ((98.0, 98.5, 99.0, 99.4), "holds", "does not hold (more steps add +0.40)"),
        ((98.0, 99.2, 99.0, 98.9), "does not hold", "does not hold (more steps add -0.10)"),
        ((98.0, 98.5, 99.0, 99.0), "does not hold", "holds (more steps add +0.00)"),
    ],
)
def test_time_steps_of_table_15(values, rise, optimum):
    row = "mnist/2conv2fc/ch-snn"
    made = tables({(row, f"t_{t}"): v for t, v in zip((2, 4, 8, 16), values, strict=True)})
    text = said("s0.table15", made)
    assert f"every doubling {rise};" in text
    assert f"below more, {optimum}" in text


def test_figure_2_counts_where_ch_snn_leads():
    def entry(method: str, x: float, y: float) -> dict[tuple[str, str], float]:
        row = f"mnist/2fc/{method}"
        return {(row, "link_sparsity_percent"): x, (row, "accuracy_improvement_percent"): y}

    printed = entry("dpap", 77.0, -0.07) | entry("sd-snn", 46.0, 0.09) | entry("ch-snn", 97.75, 0.16)
    text = said("s0.figure2", tables(entry("ch-snn", 97.7, 0.1), printed))
    assert text.startswith("In print CH-SNN is both sparsest and gains most on 1 of 1 networks")
    assert "beyond all 2 other printed points in both" in text
    text = said("s0.figure2", tables(entry("ch-snn", 97.7, 0.05), printed | entry("ch-snn", 97.7, 0.08)))
    assert "on 0 of 1 networks with several methods (not on MNIST 2FC)" in text
    assert "; not beyond all 2 other printed points" in text


@pytest.mark.parametrize("name", ["s0.table11", "s0.table16", "s0.table1"])
def test_nothing_run_says_why(name):
    made = tables({}, {("imagenet/resnet18/ch-snn", "accuracy_percent"): 62.0})
    assert said(name, made) == "None of 1 cells was run: not at hand."


def test_smoke_scale_is_named_first():
    made = tables({("mnist", "delta_1"): 97.0, ("mnist", "delta_0.5"): 98.0})
    assert said("s0.table3", made, "smoke").startswith("Smoke scale, on digits, nothing of it to be compared")


def test_a_ratio_without_operations():
    assert (ratio(3.0, 2.0), ratio(1.0, 0.0)) == ("1.5 times", "infinitely many times")


@pytest.mark.parametrize("grid", [s0_grid.BACK_PROPAGATED, s0_grid.STP], ids=lambda grid: grid.id)
def test_grids_say_whether_their_best_is_used(grid):
    rows = [
        {"network": network, **choice, "value": 90.0 + 5 * (choice == dict(grid.used[key]))}
        for network, key in s0_grid.NETWORKS.items()
        for choice in map(dict, grid.choices)
    ]
    table = pd.DataFrame(rows)
    text = s0_grid.verdict(grid, "desk", {"table": table})
    assert text.count(f"as {grid.used_by} has it") == 2
    assert "95.00 % (worst 90.00 %" in text
    dense = table["network"] == "dense"
    table.loc[dense.idxmax(), "value"] = 96.0
    if dict(grid.choices[0]) != dict(grid.used["dense"]):
        text = s0_grid.verdict(grid, "desk", {"table": table})
        assert f"dense: learning rate {grid.choices[0]['lr']:g}" in text
        assert f"{grid.used_by} has learning rate {grid.used['dense']['lr']:g}" in text
    assert "nothing is chosen here" in s0_grid.verdict(grid, "smoke", {"table": table})


def test_grids_hold_what_is_used():
    assert all(dict(TUNED[key]) in map(dict, s0_grid.BACK_PROPAGATED.choices) for key in TUNED)
    assert all({"lr": rate} in s0_grid.STP.choices for rate in STP_LR.values())
    for cells in (s0_grid.grid_cells("desk"), s0_grid.stp_grid_cells("desk")):
        halves = [[c for c in cells if c["dense"] is dense] for dense in (True, False)]
        assert len(halves[0]) == len(halves[1])
        assert [c["lr"] for c in halves[0]] == [c["lr"] for c in halves[1]]
        assert {c["validation"] for c in cells} == {10_000}
