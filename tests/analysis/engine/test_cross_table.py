"""Tables of crosses: means with intervals, runs that stopped early or diverged, what is not run."""

import numpy as np
import pandas as pd
import pytest

from analysis.engine.cross_table import EARLY, NOT_PLANNED, pivot, rise, stopped
from analysis.engine.entries import NO_GPU, UNFINISHED
from analysis.engine.sheet import Sheet

NAMES = ("network", "training")


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
    assert stopped(ends, NAMES) == ({("a", "x")} if marked else set())


def tables(values, ends=()):
    table = pd.DataFrame(values, columns=["network", "training", "seed", "value"])
    last = pd.DataFrame(ends, columns=["network", "training", "seed", "rise", "error"])
    return {"table": table, "ends": last}


def arranged(made, printed=None):
    of = made["table"].rename(columns={"network": "row", "training": "column"}).fillna({"value": 0.0})
    sheet = Sheet(of[["row", "column", "seed", "value"]], printed or {}, error=lambda keys, means: 1.0)
    planned = {"dense": {"15": UNFINISHED, "60": NO_GPU}, "CHTs": {"60": UNFINISHED}}
    return pivot(NAMES, planned, made, sheet)


def test_every_cell_says_its_mean_or_why_there_is_none():
    made = tables(
        [("dense", "15", s, v) for s, v in enumerate((50.0, 52.0, 54.0))] + [("CHTs", "60", 0, 57.8)],
        [("dense", "15", 0, 2.0, 0.5), ("CHTs", "60", 0, 0.1, 0.5)],
    )
    found, missing = arranged(made, printed={("CHTs", "60"): 61.0})
    assert found.columns == ("15", "60")
    (_, (short, long)), (_, (none, own)) = found.rows
    assert short.ours == "52.00 (47.03 to 56.97), stopped early"
    assert (long.ours, long.reason) == ("", NO_GPU)
    assert (none.ours, none.reason) == ("", NOT_PLANNED)
    assert (own.printed, own.ours) == ("61.00", "57.80")
    assert missing == ((NO_GPU, "dense, 60"),)
    assert EARLY in found.unit
    assert found.compares


def test_runs_that_diverged_are_counted_and_not_averaged():
    made = tables([("dense", "15", 0, 50.0), ("dense", "15", 1, np.nan), ("CHTs", "60", 0, np.nan)])
    found, missing = arranged(made)
    assert missing == ((NO_GPU, "dense, 60"),)
    assert found.rows[0][1][0].ours == "1 of 2 diverged"
    assert found.rows[1][1][1].ours == "diverged"
    assert EARLY not in found.unit
    assert not found.compares
