"""Tables of crosses: means with intervals, runs that stopped early or diverged, what is not run."""

import numpy as np
import pandas as pd
import pytest

from analysis.engine.claims import Order, ruling
from analysis.engine.cross_table import (
    EARLY,
    NOTHING,
    Planned,
    estimate_cells,
    find_stopped,
    pivot,
    read_accuracies,
    rise,
)
from analysis.engine.entries import NO_GPU, UNFINISHED
from analysis.engine.sheet import Sheet
from netsci.sweep import Record

NAMES = ("network", "training")


def test_accuracies_are_those_after_an_epoch_of_training():
    arrays = {
        "table_measure": np.array(["accuracy", "loss", "accuracy", "accuracy"]),
        "table_epoch": np.array([0, 1, 1, 2]),
        "table_value": np.array([0.1, 3.0, 0.5, 0.75]),
    }
    assert read_accuracies(Record(arrays, {})).tolist() == [50.0, 75.0]


def test_rise_is_that_of_the_last_fifth_over_the_fifth_before():
    gain, error = rise(np.array([10.0] * 6 + [60.0, 62.0, 70.0, 72.0]), 10_000)
    assert gain == pytest.approx(10.0)
    assert error == pytest.approx(100 * np.sqrt(0.72 * 0.28 / 10_000))
    assert np.isnan(rise(np.array([90.0]), 100)).all()
    assert rise(np.array([50.0, 60.0]), 100)[0] == 10.0


@pytest.mark.parametrize(("gain", "marked"), [(0.7, False), (0.9, True), (np.nan, False), (-3.0, False)])
def test_a_rise_counts_from_two_standard_errors(gain, marked):
    ends = pd.DataFrame(
        {"network": ["a"] * 2, "training": ["x"] * 2, "rise": [gain] * 2, "error": [0.4, 0.4]}
    )
    assert find_stopped(ends, NAMES) == ({("a", "x")} if marked else set())


def tables(values, ends=()):
    table = pd.DataFrame(values, columns=["network", "training", "seed", "value"])
    last = pd.DataFrame(ends, columns=["network", "training", "seed", "rise", "error"])
    return {"table": table, "ends": last}


def sheet_of(made, printed=None):
    of = made["table"].rename(columns={"network": "row", "training": "column"})
    lost = of[of["value"].isna()]
    failed = frozenset(zip(lost["row"], lost["column"], strict=True))
    return Sheet(
        of[["row", "column", "seed", "value"]], printed or {}, error=lambda keys, means: 1.0, failed=failed
    )


def arranged(made, printed=None):
    planned = {
        "CHTs": {"60": Planned(UNFINISHED, 1)},
        "dense": {"15": Planned(UNFINISHED, 3), "60": Planned(NO_GPU, 1)},
    }
    return pivot(NAMES, ("15", "60", "another"), planned, made, sheet_of(made, printed))


def test_every_cell_says_its_mean_or_why_there_is_none():
    made = tables(
        [("dense", "15", s, v) for s, v in enumerate((50.0, 52.0, 54.0))] + [("CHTs", "60", 0, 57.8)],
        [("dense", "15", 0, 2.0, 0.5), ("CHTs", "60", 0, 0.1, 0.5)],
    )
    found, missing = arranged(made, printed={("CHTs", "60"): 61.0})
    assert found.columns == ("15", "60")
    (_, (none, own)), (_, (short, long)) = found.rows
    assert short.ours == "52.00 (47.03 to 56.97), stopped early"
    assert (long.ours, long.reason) == ("", NO_GPU)
    assert (none.ours, none.reason) == ("", NOTHING.reason)
    assert (own.printed, own.ours) == ("61.00", "57.80")
    assert missing == ((NO_GPU, "dense, 60"),)
    assert EARLY in found.unit
    assert found.compares


def test_seeds_that_are_not_run_are_counted():
    found, missing = arranged(tables([("dense", "15", 0, 50.0)]))
    assert found.rows[1][1][0].ours == "50.00, 1 of 3 seeds"
    assert missing == ((UNFINISHED, "CHTs, 60"), (NO_GPU, "dense, 60"))


def test_runs_that_diverged_are_counted_and_not_averaged():
    made = tables([("dense", "15", 0, 50.0), ("dense", "15", 1, np.nan), ("CHTs", "60", 0, np.nan)])
    found, missing = arranged(made)
    assert missing == ((NO_GPU, "dense, 60"),)
    assert found.rows[1][1][0].ours == "1 of 3 diverged"
    assert found.rows[0][1][1].ours == "diverged"
    assert EARLY not in found.unit
    assert not found.compares


@pytest.mark.parametrize(
    ("values", "holds"),
    [
        ((50.0, np.nan), "undecided"),
        ((np.nan, 50.0), "undecided"),
        ((60.0, 50.0), "yes"),
        ((40.0, 50.0), "no"),
    ],
)
def test_no_claim_on_a_network_that_diverged_is_decided(values, holds):
    made = tables([("dense", "15", 0, values[0]), ("CHTs", "60", 0, values[1])])
    claim = Order(words="dense is better", place="", pairs=((("dense", "15"), ("CHTs", "60")),))
    assert ruling(claim, sheet_of(made))["holds"] == holds


def test_estimates_are_means_of_cells_with_several_runs_none_of_which_diverged():
    runs = [("dense", "long, 15", s, v) for s, v in enumerate((50.0, 52.0, 54.0))]
    runs += [
        ("dense", "60", 0, 57.8),
        ("CHTs", "60", 0, 55.0),
        ("CHTs", "60", 1, 57.0),
        ("CHTs", "60", 2, np.nan),
    ]
    made = tables(runs)
    shown = estimate_cells(NAMES, {"long, 15": "long"}, made, sheet_of(made))
    assert shown["value"].tolist() == [50.0, 52.0, 54.0, 55.0, 57.0, 52.0, 57.8]
    assert shown["low"].isna().tolist() == [True] * 5 + [False] * 2
    assert shown.iloc[-2][["network", "panel", "column"]].tolist() == ["dense", "long", "15"]
    assert shown.iloc[-2][["low", "high"]].tolist() == pytest.approx([47.03, 56.97], abs=0.005)
    assert shown.iloc[-1][["low", "high", "panel", "column"]].tolist() == [57.8, 57.8, "", "60"]
    assert shown["panel"].tolist() == ["long"] * 3 + [""] * 2 + ["long", ""]
    pair = tables([("dense", "60", 0, 57.0), ("dense", "60", 1, 58.0)])
    low, high = estimate_cells(NAMES, {}, pair, sheet_of(pair)).iloc[-1][["low", "high"]]
    assert low < 57.0 < 58.0 < high
    rest = tables([("dense", "60", 0, 55.0), ("dense", "60", 1, np.nan), ("dense", "60", 2, np.nan)])
    shown = estimate_cells(NAMES, {}, rest, sheet_of(rest))
    assert shown["value"].tolist() == [55.0]
    assert shown["low"].isna().all()
    alone = tables([("dense", "60", 0, 57.8)])
    assert estimate_cells(NAMES, {}, alone, sheet_of(alone))[["value", "low"]].to_numpy().tolist() == [
        [57.8, 57.8]
    ]
