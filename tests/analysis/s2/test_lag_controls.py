"""The comparison of lags and its controls: by hand, with labels swapped, dealt at random, and matched."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.s2 import lag_control_table, lag_figure, lag_parts
from analysis.s2.lag_cells import say_turned
from analysis.s2.lag_controls import PRINTED, SAME, compare_controls, list_controls, match_members
from analysis.s2.lag_figure import find_turned
from analysis.s2.lag_grid import EARLIER, STARTS
from analysis.s2.lag_networks import Rule, find_times, make_pairs
from analysis.s2.lag_rows import FIRST, LATER, LONGER, NOTHING, OPEN, SHORTER, compare
from tests.analysis.s2.made_curves import curves, grid, member

FEW = {"bootstrap": 200}


def compared(members):
    pairs, _ = make_pairs(members)
    return compare(find_times(pairs, members, Rule()), 0, **FEW)


def test_lags_and_parts_by_hand():
    # accuracy flat from 7 + k % 3 (dense) and 11 + k % 3, rate from 4 + k % 2 and 5 + k % 2
    found = compared(grid(6, dense=(7, 4), sparse=(11, 5)))
    lags = [(7 + k % 3) - (4 + k % 2) for k in range(6)]
    assert (found.pairs, found.settings, found.n_dense, found.never) == (6, 6, 6, 0)
    assert found.dense == pytest.approx(np.mean(lags))
    assert (found.difference, found.accuracy_later, found.rate_later) == pytest.approx((3.0, 4.0, 1.0))
    assert found.difference == pytest.approx(found.accuracy_later - found.rate_later)
    assert found.p_dense == stats.wilcoxon(lags, alternative="greater", method="exact").pvalue or (
        found.p_dense == pytest.approx(1 / 2**6)
    )
    assert (found.verdict, found.order) == (LONGER, FIRST)
    assert found.positive_sparse - found.positive_dense == pytest.approx(3.0)


def test_swapped_labels_turn_the_sign():
    members = grid(6, dense=(7, 4), sparse=(11, 5))
    there, back = compared(members), compared(grid(6, dense=(11, 5), sparse=(7, 4)))
    assert (there.difference, there.effect) == pytest.approx((-back.difference, -back.effect))
    assert (there.verdict, back.verdict) == (LONGER, SHORTER)
    assert there.p_longer < 0.05 < back.p_longer


def test_an_accuracy_that_settles_first_is_no_lag():
    found = compared(grid(6, dense=(4, 9), sparse=(4, 9)))
    assert (found.order, found.verdict) == (LATER, OPEN)
    assert found.p_all > 0.5


def test_a_dense_network_of_two_sparsities_counts_once_among_networks():
    members = grid(4, (7, 4), (9, 4))
    members += [member("99 %", k, curves(9 + k % 3, 4)) for k in range(4)]
    found = compared(members)
    assert (found.pairs, found.settings, found.n_dense, found.n_sparse) == (8, 4, 4, 8)


def test_nothing_to_compare():
    assert compared([]).verdict == NOTHING
    assert compare_controls([], 0).empty


def test_random_labels_show_no_effect():
    rng = np.random.default_rng(0)
    members = [
        member(links, k, curves(*(int(n) for n in rng.integers(3, 12, 2))))
        for k in range(60)
        for links in ("dense", "95 %")
    ]
    found = compared(members)
    assert found.verdict == OPEN
    assert found.difference_low < 0 < found.difference_high


def test_controls_by_chance_undo_what_is_there():
    found = compare_controls(grid(24, dense=(7, 4), sparse=(11, 5)), 0, **FEW).set_index("name")
    assert found.loc[PRINTED, "verdict"] == LONGER
    assert abs(found.loc["dense, sparse swapped", "difference"]) < 1.5
    assert found.loc["dense, sparse swapped", "null"]
    assert abs(found.loc["accuracy, rate swapped", "dense"]) < 2
    # pairs are dealt anew, and a mean over complete pairs stays
    assert found.loc["pairs shuffled", "difference"] == pytest.approx(found.loc[PRINTED, "difference"])


def test_the_start_of_the_window_and_neurons_left_out_change_no_lag():
    found = compare_controls(grid(6, dense=(7, 4), sparse=(11, 5)), 0, **FEW).set_index("name")
    for name in ("start of the window", "per connected neuron", "pairs shuffled"):
        assert (found.loc[name, "null"], found.loc[name, "kind"]) == (True, SAME)
        assert found.loc[name, "difference"] == found.loc[PRINTED, "difference"]
        assert found.loc[name, "dense"] == pytest.approx(found.loc[PRINTED, "dense"])


def test_smooth_curves_have_the_lag_of_every_window_and_tolerance_below_their_rise():
    found = compare_controls(grid(6, dense=(7, 4), sparse=(11, 5)), 0, **FEW).set_index("name")
    for name in ("window 5, 1 %", "window 10, 0.2 %", "window 10, 0.5 %", "window 10, 1 %, ±"):
        assert found.loc[name, "difference"] == found.loc[PRINTED, "difference"]
    assert found.loc["window 10 less window 5", "dense"] == 0.0
    assert found.loc["window 10, 2 %", "difference"] == 0.0  # no curve rises by more: on the floor


def test_names_of_controls_fit_the_axis_and_are_different():
    early = [member("dense", k, curves(7, 4), purpose=EARLIER, after=1) for k in range(6)]
    starts = [
        member(links, k, curves(7, 4, label=f"CS-QCFS L=4, {words}"), purpose=STARTS)
        for words in ("the maximum", "twice the mean")
        for links in ("dense", "95 %")
        for k in range(6)
    ]
    again = [
        member(links, k, curves(7, 4, label="CS-QCFS L=4")) for links in ("dense", "95 %") for k in range(6)
    ]
    names = [c.name for c in list_controls([*grid(6, (7, 4), (11, 5)), *early, *starts, *again], 0)]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 26
    starts = {f"thresholds: {words}" for words in ("the maximum", "twice the mean", "99.9 %")}
    assert starts | {"accuracy within 0.5"} <= set(names)


def test_matched_pairs_agree_in_accuracy_and_use_each_network_once():
    levels = {"dense": (0.95, 0.93), "95 %": (0.902, 0.898)}
    members = [member(k, n, curves(7, 4, level=of)) for k, own in levels.items() for n, of in enumerate(own)]
    assert match_members(members).empty
    early = [member("dense", n, curves(6, 4, level=0.9), purpose=EARLIER, after=1) for n in range(3)]
    found = match_members([*members, *early])
    assert found["pair"].nunique() == 2
    assert found["accuracy_gap"].abs().max() <= 0.5 + 1e-9
    assert not found["member"].duplicated().any()
    assert set(found.loc[found["connectivity"] == "dense", "member"]) <= {4, 5, 6}


def test_methods_and_data_are_not_mixed_in_matched_pairs():
    a = member("dense", 0, curves(7, 4, level=0.9, label="SNM"))
    b = member("95 %", 0, curves(7, 4, level=0.9, label="CS-QCFS L=4"))
    c = member("95 %", 0, curves(7, 4, level=0.9), data="other")
    assert match_members([a, b, c]).empty


def controls_of(verdicts, nulls=()):
    rows = [{"name": n, "null": n in nulls, "verdict": v, "order": FIRST} for n, v in verdicts.items()]
    return pd.DataFrame(rows)


def test_which_controls_turn_a_verdict():
    table = controls_of({PRINTED: LONGER, "a": OPEN, "b": LONGER, "c": SHORTER, "n": OPEN}, nulls=("n",))
    assert find_turned(table, "verdict", LONGER) == (["a", "c"], 3, True)
    assert say_turned(*find_turned(table, "verdict", LONGER)) == "; not so in 2 of 3 controls (a; c)"
    table = controls_of({PRINTED: OPEN, "a": OPEN, "b": LONGER})
    assert say_turned(*find_turned(table, "verdict", LONGER)) == "; so in 1 of 2 controls (b)"
    assert find_turned(table.iloc[1:], "verdict", LONGER) == ([], 0, False)


TABLES = {
    "figure": lag_figure.make_tables,
    "controls": lag_control_table.make_tables,
    "parts": lag_parts.make_tables,
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_without_any_record_have_their_columns(name):
    tables = TABLES[name]({}, 0, {})
    assert tables["table"].columns.tolist() == lag_figure.tabulate([]).columns.tolist()
    module = {"figure": lag_figure, "controls": lag_control_table, "parts": lag_parts}[name]
    assert module.sheet(tables).values["value"].dropna().eq(0).all()
    assert module.arrange(tables)[0].columns
