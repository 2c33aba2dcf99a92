"""Settings that are swapped and shuffled at random: by hand, against all swaps, and as whole settings."""

from itertools import product

import numpy as np
import pytest

from analysis.s2.lag_chance import find_complete, shuffle_settings, swap_settings, swap_times
from analysis.s2.lag_networks import Rule, find_times, make_pairs
from analysis.s2.lag_rows import compare
from tests.analysis.s2.made_curves import curves, member


def table_of(members):
    pairs, _ = make_pairs(members)
    return find_times(pairs, members, Rule())


def settings(differences, methods=("SNM",)):
    """A dense and a sparse network of each setting and method; the lag of sparse is this much longer."""
    return table_of(
        [
            member(links, k, curves(10 + longer * (links != "dense"), 4, label=label))
            for k, longer in enumerate(differences)
            for links in ("dense", "95 %")
            for label in methods
        ]
    )


def test_p_is_the_share_of_swaps_that_are_as_extreme():
    differences = (3, 1, -1, 2, 4)
    found = swap_settings(settings(differences), 0)
    own = abs(np.mean(differences))
    every = [abs(np.mean(np.multiply(signs, differences))) for signs in product((1, -1), repeat=5)]
    share = np.mean([one >= own - 1e-9 for one in every])
    assert found.p == pytest.approx(share, abs=0.02)
    assert found.differences.mean() == pytest.approx(0.0, abs=0.1)
    assert set(np.round(np.abs(found.differences), 6)) == set(np.round(every, 6))


def test_draws_repeat_by_seed_and_both_signs_count():
    table = settings((3, 1, 2, 4, 2, 3))
    assert swap_settings(table, 0).p == swap_settings(table, 0).p
    assert (swap_settings(table, 0).differences != swap_settings(table, 1).differences).any()
    other = swap_settings(settings((-3, -1, -2, -4, -2, -3)), 0)
    assert other.p == swap_settings(table, 0).p == pytest.approx(2 / 2**6, abs=0.01)


def test_no_draw_is_as_extreme_as_a_difference_of_all_settings():
    assert swap_settings(settings((2,) * 40), 0, draws=99).p == 0.01
    assert swap_settings(settings((0,) * 4), 0, draws=99).p == 1.0


def test_all_pairs_of_a_setting_change_places_together():
    methods = tuple(f"CS-QCFS L={n}" for n in (2, 4, 8, 16, 32))
    few = settings((3, 3, 3, 3), methods)
    # 20 pairs, but four coins: the mean is +-3, +-1.5 or 0, and every sixteenth draw is ours
    found = swap_settings(few, 0)
    assert set(np.abs(found.differences)) == {0.0, 1.5, 3.0}
    assert found.p == pytest.approx(2 / 16, abs=0.02)


def test_nothing_can_be_swapped_where_a_pair_joins_two_settings():
    table = settings((3, 1, 2))
    joined = table.assign(setting=table["setting"].where(table["connectivity"] == "dense", "another"))
    for one in (joined, table.iloc[:0]):
        found = swap_settings(one, 0)
        assert np.isnan(found.p)
        assert not len(found.differences)


def test_shuffled_settings_keep_their_networks_methods_and_means():
    methods = ("SNM", "CS-QCFS L=4")
    table = settings(range(8), methods)
    found = shuffle_settings(table, 0)
    pairs = find_complete(found)
    assert len(pairs) == len(table)
    sparse = pairs[pairs["connectivity"] == "sparse"].set_index("pair")
    dense = pairs[pairs["connectivity"] == "dense"].set_index("pair").loc[sparse.index]
    assert (sparse["method"] == dense["method"]).all()
    assert (sparse["setting"] != dense["setting"]).any()
    met = set(zip(dense["setting"], sparse["setting"], strict=True))
    assert len(met) == 8  # each setting meets one other, with all its methods
    was, now = compare(table, 0, bootstrap=100), compare(found, 0, bootstrap=100)
    assert (now.difference, now.settings, now.pairs) == (was.difference, was.settings, was.pairs)
    assert np.isnan(now.p_settings)


def test_shuffled_settings_stay_in_their_data_set():
    made = [
        member(links, k, curves(7, 4), data=data)
        for data in ("a", "b")
        for k in range(6)
        for links in ("dense", "95 %")
    ]
    pairs = find_complete(shuffle_settings(table_of(made), 0))
    assert (pairs.groupby("pair")["data"].nunique() == 1).all()


def test_times_are_swapped_in_all_networks_of_a_trained_one():
    methods = ("SNM", "CS-QCFS L=4")
    made = [
        member(links, k, curves(10 + longer * (links != "dense"), 4, label=label))
        for k, longer in enumerate((0, 2))
        for links in ("dense", "95 %", "99 %")
        for label in methods
    ]
    found = swap_times(find_complete(table_of(made)), 0)
    # dense lags 6 and 6, sparse ones 6 and 8: one coin for each setting and kind
    assert set(found["dense"]) == {-6.0, 0.0, 6.0}
    assert set(found["sparse"]) == {-7.0, -1.0, 1.0, 7.0}
    assert set(found["difference"]) == {s - d for s in (-7, -1, 1, 7) for d in (-6, 0, 6)}
    assert found["difference"].mean() == pytest.approx(0.0, abs=0.2)
