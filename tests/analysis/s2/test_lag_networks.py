"""Pairs of the time lag and when their curves settle, on made curves and against loops."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.s2 import lag_networks as nets
from analysis.s2.lag_grid import EARLIER
from analysis.s2.lag_networks import Rule, drop_repeats, find_times, make_pairs
from netsci.measure import saturation_time, saturation_times
from tests.analysis.s2.made_curves import IMAGES, STEPS, curves, grid, member


def test_made_curves_settle_a_window_after_they_are_flat():
    one = curves(accuracy_at=7, rate_at=4)
    assert saturation_time(one.accuracy, window=10) == 17
    assert saturation_time(one.running_rate, window=10) == 14


def test_times_and_lag_of_each_network_by_hand():
    members = grid(3, dense=(7, 4), sparse=(9, 4))
    pairs, counts = make_pairs(members)
    times = find_times(pairs, members, Rule()).set_index(["connectivity", "batch"])
    assert counts == {
        "networks": 6,
        "at chance": 0,
        "pairs at chance": 0,
        "pairs": 3,
        "trained networks": 6,
    }
    assert [times.loc[("dense", k), "accuracy_time"] for k in range(3)] == [17, 18, 19]
    assert [times.loc[("sparse", k), "rate_time"] for k in range(3)] == [14, 15, 14]


def test_times_agree_with_a_loop_over_other_rules():
    members = grid(2, dense=(7, 4), sparse=(9, 4))
    pairs, _ = make_pairs(members)
    for rule in (Rule(window=5), Rule(tolerance=0.03), Rule(at="start"), Rule(rule="two-sided")):
        times = find_times(pairs, members, rule)
        for line in times.itertuples():
            k = members[line.member].curves
            how = {"window": rule.window, "tolerance": rule.tolerance, "at": rule.at, "rule": rule.rule}
            assert line.accuracy_time == saturation_time(k.correct / IMAGES, **how)
            spikes = np.cumsum(k.spikes.sum(axis=0)) / (110 * IMAGES * np.arange(1, STEPS + 1))
            assert line.rate_time == saturation_time(spikes, **how)


def test_networks_at_chance_or_diverged_are_counted_and_make_no_pair():
    lost = [
        member("dense", 7, curves(5, 5)),
        member("95 %", 7, curves(5, 5, level=0.105)),  # within three standard errors of a tenth
        member("dense", 8, None),
        member("95 %", 8, curves(5, 5)),
        member("dense", 9, curves(5, 5)),  # without a partner so far
    ]
    pairs, counts = make_pairs([*grid(2, (7, 4), (9, 4)), *lost])
    assert set(pairs["batch"]) == {0, 1}
    assert (counts["at chance"], counts["pairs at chance"], counts["pairs"]) == (2, 2, 2)
    assert counts["networks"] == 9
    assert not member("95 %", 7, curves(5, 5, level=0.12)).at_chance


def test_a_dense_network_stands_once_for_each_sparsity_and_counts_once():
    made = [member(links, 0, curves(7, 4)) for links in ("dense", "95 %", "99 %")]
    pairs, counts = make_pairs(made)
    assert counts["pairs"] == 2
    assert pairs.groupby("pair")["connectivity"].apply(sorted).tolist() == [["dense", "sparse"]] * 2
    assert drop_repeats(pairs)["member"].tolist() == [0, 1, 2]
    assert pairs["ann"].nunique() == 2  # the sparse ones of a setting are drawn together


def test_networks_of_other_purposes_are_no_part_of_the_grid():
    early = member("dense", 0, curves(5, 5), purpose=EARLIER, after=1)
    assert make_pairs([*grid(1, (7, 4), (9, 4)), early])[1]["networks"] == 2


def test_no_network_makes_no_pair():
    pairs, counts = make_pairs([])
    assert pairs.empty
    assert counts["pairs"] == 0
    assert find_times(pairs, [], Rule()).empty


def test_rate_of_each_step_is_the_running_mean_undone():
    k = curves(7, 4)
    steps = np.arange(1, STEPS + 1)
    assert np.cumsum(nets.read_step_rate(k)) / steps == pytest.approx(nets.read_rate(k))
    assert nets.read_step_rate(k)[:6].tolist() != nets.read_rate(k)[:6].tolist()


def test_null_is_flat_from_the_first_step_where_all_layers_fire_at_once():
    assert np.ptp(nets.read_null(curves(7, 4))) == pytest.approx(0.0, abs=1e-12)


def test_encoders_are_left_out_of_masfr():
    k = curves(7, 4)
    two = replace(
        k, populations=("image", *k.populations), spikes=np.vstack([k.spikes[:1] + 5, k.spikes]),
        units=np.append(9, k.units),
    )  # fmt: skip
    assert not np.allclose(two.running_rate, k.running_rate)
    assert np.allclose(replace(two, encoders=("image",)).running_rate, k.running_rate)


def test_neurons_left_out_scale_the_rate_and_move_no_time():
    k = curves(7, 4)
    ratio = nets.read_connected_rate(k) / nets.read_rate(k)
    assert ratio == pytest.approx(np.ones(STEPS))
    times = [
        saturation_times(read(k)[None], window=10) for read in (nets.read_rate, nets.read_connected_rate)
    ]
    assert times[0] == times[1]


def test_the_first_images_have_their_own_curves():
    k = curves(7, 4)
    assert nets.read_first_accuracy(k) == pytest.approx(k.accuracy, abs=1e-3)
    assert nets.read_first_rate(k) == pytest.approx(k.running_rate, rel=1e-3)


def test_answers_have_no_share_before_the_first_step():
    share = nets.read_unchanged(curves(7, 4))
    assert share[0] == 0.0
    assert (share[1:] == 1.0).all()
