"""The comparison of lags and its controls: by hand, with labels swapped, dealt at random, and matched."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.s2 import lag_control_table, lag_figure, lag_parts
from analysis.s2.lag_controls import LATE, MATCHED, OTHER, PRINTED, SAME, compare_controls, list_controls
from analysis.s2.lag_grid import EARLIER, STARTS, VGG_NET
from analysis.s2.lag_networks import Rule, find_times, make_pairs
from analysis.s2.lag_rows import FIRST, LATER, LONGER, NOTHING, OPEN, PARTLY, SHORTER, compare
from analysis.s2.lag_turns import find_turns
from tests.analysis.s2.made_curves import STEPS, curves, grid, member

FEW = {"bootstrap": 200}


def compared(members):
    pairs, _ = make_pairs(members)
    return compare(find_times(pairs, members, Rule()), 0, **FEW)


def test_lags_and_parts_by_hand():
    # accuracy flat from 7 + k % 3 (dense) and 11 + k % 3, rate from 4 + k % 2 and 5 + k % 2
    found = compared(grid(6, dense=(7, 4), sparse=(11, 5)))
    lags = [(7 + k % 3) - (4 + k % 2) for k in range(6)]
    assert (found.pairs, found.settings, found.n_dense) == (6, 6, 6)
    assert (found.never_dense, found.never_sparse) == (0, 0)
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
    swapped = found.loc["dense, sparse swapped"]
    assert abs(swapped["difference"]) < 0.1
    # the mean of 24 coins of 3 steps each: 95 % lie within 2 x 3 / sqrt(24)
    assert (swapped["difference_low"], swapped["difference_high"]) == pytest.approx((-1.25, 1.25), abs=0.25)
    assert (swapped["null"], swapped["verdict"]) == (True, OPEN)
    times = found.loc["accuracy, rate swapped"]
    assert times[["dense", "sparse", "difference"]].abs().max() < 0.1
    # lags of 3.5, of 24 coins: 2 x 3.5 / sqrt(24)
    assert (times["dense_low"], times["dense_high"]) == pytest.approx((-1.43, 1.43), abs=0.25)
    assert (times["null"], times["order"], times["verdict"]) == (True, OPEN, OPEN)
    # settings are dealt anew, and a mean over complete pairs stays
    assert found.loc["settings shuffled", "difference"] == pytest.approx(found.loc[PRINTED, "difference"])
    assert found.loc["settings shuffled", "settings"] == found.loc[PRINTED, "settings"] == 24


def test_the_start_of_the_window_and_neurons_left_out_change_no_lag():
    found = compare_controls(grid(6, dense=(7, 4), sparse=(11, 5)), 0, **FEW).set_index("name")
    for name in ("start of the window", "per connected neuron", "settings shuffled"):
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
    assert starts | {MATCHED} <= set(names)


def controls_of(verdicts, nulls=(), orders=None):
    orders = orders or {}
    rows = [
        {"name": n, "null": n in nulls, "verdict": v, "order": orders.get(n, FIRST)}
        for n, v in verdicts.items()
    ]
    return pd.DataFrame(rows)


def test_an_undecided_control_turns_no_verdict():
    table = controls_of({PRINTED: LONGER, "a": OPEN, "b": LONGER, "c": SHORTER, "n": OPEN}, nulls=("n",))
    turns = find_turns(table, "longer")
    assert (turns.shown, turns.opposite, turns.undecided, turns.number) == (("b",), ("c",), ("a",), 3)
    assert turns.turned == ("c",)
    assert str(turns) == "; turned in 1 of 3 controls (c), undecided in 1"
    none = find_turns(controls_of({PRINTED: LONGER, "a": OPEN}), "longer")
    assert str(none) == "; turned in none of 1 controls, undecided in 1"


def test_controls_turn_the_opposite_too_and_nothing_that_is_undecided():
    table = controls_of({PRINTED: SHORTER, "a": OPEN, "b": LONGER, "c": SHORTER})
    assert find_turns(table, "longer").turned == ("b",)
    table = controls_of({PRINTED: OPEN, "a": OPEN, "b": LONGER, "c": SHORTER})
    assert find_turns(table, "longer").turned == ()
    said = "; shown in 1 of 3 controls (b), the opposite in 1 (c), undecided in 1"
    assert str(find_turns(table, "longer")) == said
    assert find_turns(table.iloc[1:], "longer").number == 0
    assert str(find_turns(table.iloc[1:], "longer")) == ""


def test_an_accuracy_that_settles_first_in_one_kind_refutes_the_order():
    table = controls_of(dict.fromkeys((PRINTED, "a", "b"), LONGER), orders={"a": PARTLY, "b": OPEN})
    assert find_turns(table, "rate first").turned == ("a",)
    members = [member(k, n, curves(*at)) for n in range(6) for k, at in (("dense", (9, 4)), ("95 %", (4, 9)))]
    assert compared(members).order == PARTLY


def noisy(settled, rate_at, noise):
    """Curves whose share of right answers drops at one step after it is flat, and comes back."""
    made = curves(settled, rate_at)
    correct = made.correct.copy()
    correct[settled + 4] = round(correct[settled + 4] * (1 - noise))
    return replace(made, correct=correct)


def test_a_monotone_accuracy_has_no_noise_and_the_difference_is_what_noise_adds():
    members = [
        member(links, k, noisy(7 + k % 3, 4, 0.03 * (links != "dense")))
        for k in range(6)
        for links in ("dense", "95 %")
    ]
    found = compare_controls(members, 0, **FEW).set_index("name")
    assert found.loc[PRINTED, "difference"] == 6.0  # the window starts anew after the drop
    assert found.loc["accuracy: monotone fit", "difference"] == 0.0
    added = found.loc["measured less monotone"]
    assert (added["dense"], added["sparse"], added["difference"]) == (0.0, 6.0, 6.0)
    assert (added["kind"], found.loc["accuracy: monotone fit", "kind"]) == (OTHER, "")


def test_on_a_smooth_accuracy_the_monotone_fit_changes_nothing():
    found = compare_controls(grid(6, dense=(7, 4), sparse=(11, 5)), 0, **FEW).set_index("name")
    assert found.loc["accuracy: monotone fit", "difference"] == found.loc[PRINTED, "difference"]
    assert found.loc["measured less monotone", "difference"] == 0.0


def test_a_made_rate_keeps_the_times_of_the_accuracy_and_is_no_chance():
    found = compare_controls(grid(6, dense=(7, 4), sparse=(11, 5)), 0, **FEW).set_index("name")
    null = found.loc["rate: onset, then constant"]
    assert null["accuracy_later"] == found.loc[PRINTED, "accuracy_later"] == 4.0
    assert null["rate_later"] == 0.0
    assert null["kind"] == OTHER


def test_networks_that_never_settle_are_counted_by_kind_and_settle_last_in_a_control():
    rising = curves(STEPS, 4)  # its accuracy rises by 1.9 % up to the end
    members = [*grid(6, (7, 4), (11, 5)), member("dense", 9, curves(7, 4)), member("95 %", 9, rising)]
    found = compare_controls(members, 0, **FEW).set_index("name")
    base, late = found.loc[PRINTED], found.loc[LATE]
    assert (base["never_dense"], base["never_sparse"], base["pairs"]) == (0, 1, 6)
    assert (late["never_dense"], late["never_sparse"], late["pairs"]) == (0, 0, 7)
    assert late["difference"] == pytest.approx((6 * 3.0 + (STEPS + 1 - 17)) / 7)
    assert (late["kind"], bool(late["null"])) == ("", False)
    whole = compare_controls(members[:12], 0, **FEW).set_index("name")
    assert whole.loc[LATE, "kind"] == SAME  # none is missing: no vote


def test_vgg_stands_apart_from_the_perceptrons():
    vgg = [
        member(links, k, curves(*at), data="VGG", kind=VGG_NET)
        for k in range(4)
        for links, at in (("dense", (11, 5)), ("50 %", (7, 4)))
    ]
    found = compare_controls([*grid(6, (7, 4), (11, 5)), *vgg], 0, **FEW).set_index("name")
    assert (found.loc[PRINTED, "pairs"], found.loc[PRINTED, "difference"]) == (6, 3.0)
    assert (found.loc[VGG_NET, "pairs"], found.loc[VGG_NET, "difference"]) == (4, -3.0)
    assert "VGG" not in " ".join(found.index[found["heading"] == "Data"])
    assert compare_controls(vgg, 0, **FEW)["name"].tolist() == [VGG_NET]


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
