"""What is said of CH-SNN beside dense networks, on made-up tables where it gains and where it does not."""

import numpy as np
import pandas as pd
import pytest

from analysis.s0_chsnn import _JUDGES
from analysis.s0_claims import verdict
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
        ([0.2], 0.16, ["+0.20 points, one seed, within sampling error; printed +0.16, the same sign"]),
        ([0.6], 0.16, ["+0.60 points, one seed, beyond sampling error; printed"]),
        ([-0.6], 0.16, ["-0.60 points, one seed, beyond sampling error; printed +0.16, not the same"]),
    ],
)
def test_gain_of_table_1(gains, printed, words):
    text = said("s0.table1", table1(gains, printed))
    for part in [*words, "dense needs 42.0 times the synaptic operations"]:
        assert part in text
    assert "5 of 6 cells were run." in text


def test_table_1_compares_the_seeds_that_both_have():
    text = said("s0.table1", table1([0.2]))  # CH-SNN 98.0, 98.4, 98.2; dense of the first seed only
    assert "CH-SNN 98.00 %, dense 97.80 %; difference +0.20 points" in text
    assert "(left out: 2 seeds that only one of the two has)" in text
    assert "left out" not in said("s0.table1", table1([0.2, 0.2, 0.2]))
    made = tables({(FC, "accuracy_percent"): 98.0, (FC, "dense_accuracy_percent"): [98.1, 98.2]})
    assert "(left out: 1 seed that only one of the two has)" in said("s0.table1", made)


def test_table_1_has_printed_levels_and_operations_of_both_kinds():
    made = {
        (FC, "accuracy_percent"): 97.85,
        (FC, "dense_accuracy_percent"): 98.5,
        (FC, "macs_per_sample"): 12_294.0,
        (FC, "dense_macs_per_sample"): 1_229_312.0,
    }
    printed = {(FC, "accuracy_percent"): 98.97, (FC, "dense_accuracy_percent"): 98.81}
    text = said("s0.table1", tables(made, printed))
    assert "CH-SNN 97.85 %, printed 98.97, dense 98.50 %, S0's gain implies 98.81; difference -0.65" in text
    assert "dense needs 100.0 times the multiply-accumulates of the first layer." in text


def test_table_1_says_what_stands_alone():
    key = (FC, "dense_accuracy_percent")
    text = said("s0.table1", tables({key: 98.5}, {key: 98.81}))
    assert "MNIST 2FC: dense 98.50 %, S0's gain implies 98.81; no CH-SNN run to compare" in text


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
    better = said("s0.table2", table2([97.25, 97.5, 97.72], 45.0), "paper")
    assert "printed 97.56 and 97.29; difference +0.29 points (+0.20 to +0.38), a gain beyond" in better
    assert "printed +0.27, the same sign and inside" in better
    assert "dense needs 20.0 times the energy, printed 19.8 times" in better
    worse = said("s0.table2", table2([96.0, 96.2, 96.41], 300.0), "paper")
    assert "a loss beyond" in worse
    assert "not the same sign and outside" in worse
    assert "dense needs 3.0 times the energy" in worse
    made = table2([96.0, 96.2, 96.41], 300.0)
    spikes = tables(
        {("mnist/3fc/dense", "spike_count"): 30.0, ("mnist/3fc/ch-snn", "spike_count"): 20.0},
        {("mnist/3fc/dense", "spike_count"): 50.0, ("mnist/3fc/ch-snn", "spike_count"): 25.0},
    )
    both = {name: pd.concat([made[name], spikes[name]]) for name in made}
    assert (
        "3.0 times the energy, printed 19.8 times: 1.50 times the spikes, 2.0 times the operations a spike; "
        "printed 2.00 times the spikes, 9.9 times the operations a spike."
    ) in said("s0.table2", both, "paper")


def test_figure_3_compares_rates_and_energy():
    less = said("s0.figure3", table2([97.3, 97.5, 97.72], 45.0))
    assert "CH-SNN fires less (15.00 % against 30.00 %, printed 16.83 and 31.22)" in less
    more = said("s0.figure3", table2([96.0, 96.2, 96.41], 120.0))
    assert "CH-SNN fires not less (40.00 % against 30.00 %" in more


def test_figure_2_counts_where_ch_snn_leads():
    def entry(method: str, x: float, y: float) -> dict[tuple[str, str], float]:
        row = f"mnist/2fc/{method}"
        accuracy = {(row, "accuracy_percent"): 98.0 + y, (row, "dense_accuracy_percent"): 98.0}
        return {(row, "link_sparsity_percent"): x, (row, "accuracy_improvement_percent"): y} | accuracy

    printed = entry("dpap", 77.0, -0.07) | entry("sd-snn", 46.0, 0.09) | entry("ch-snn", 97.75, 0.16)
    text = said("s0.figure2", tables(entry("ch-snn", 97.7, 0.1), printed))
    assert text.startswith("In print CH-SNN is both sparsest and gains most on 1 of 1 networks")
    assert "beyond all 2 other printed points in both" in text
    assert "MNIST 2FC, CH-SNN here: +0.10 points at 97.70 % sparsity, one seed, within sampling error" in text
    text = said("s0.figure2", tables(entry("ch-snn", 97.7, 0.05), printed | entry("ch-snn", 97.7, 0.08)))
    assert "on 0 of 1 networks with several methods (not on MNIST 2FC)" in text
    assert "; not beyond all 2 other printed points" in text
