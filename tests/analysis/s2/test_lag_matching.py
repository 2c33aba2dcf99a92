"""Pairs of one accuracy: each network once, closer on MNIST, gaps and numbers as counted by hand."""

import pytest

from analysis.s2 import lag_control_table
from analysis.s2.lag_controls import MATCHED
from analysis.s2.lag_grid import EARLIER, VGG_NET
from analysis.s2.lag_matching import ALL, match_members, measure_matching, say_matching
from tests.analysis.s2.made_curves import curves, member


def made(links, number, level, **place):
    return member(links, number, curves(7, 4, level=level), **place)


def test_matched_pairs_agree_in_accuracy_and_use_each_network_once():
    levels = {"dense": (0.95, 0.93), "95 %": (0.902, 0.898)}
    members = [made(k, n, level) for k, own in levels.items() for n, level in enumerate(own)]
    assert match_members(members).empty
    early = [made("dense", n, 0.9, purpose=EARLIER, after=1) for n in range(3)]
    found = match_members([*members, *early])
    assert found["pair"].nunique() == 2
    assert found["accuracy_gap"].abs().max() <= 0.5 + 1e-9
    assert not found["member"].duplicated().any()
    assert set(found.loc[found["connectivity"] == "dense", "member"]) <= {4, 5, 6}


def test_methods_and_data_are_not_mixed_in_matched_pairs():
    a = member("dense", 0, curves(7, 4, level=0.9, label="SNM"))
    b = member("95 %", 0, curves(7, 4, level=0.9, label="CS-QCFS L=4"))
    c = made("95 %", 0, 0.9, data="other")
    d = made("95 %", 0, 0.9, kind=VGG_NET)
    assert match_members([a, b, c, d]).empty


def test_pairs_on_mnist_must_agree_to_a_tenth_of_a_point():
    for gap, number in ((0.0005, 1), (0.003, 0)):
        both = [made("dense", 0, 0.98, data="MNIST"), made("95 %", 0, 0.98 - gap, data="MNIST")]
        assert match_members(both)["pair"].nunique() == number
        other = [made("dense", 0, 0.98), made("95 %", 0, 0.98 - gap)]
        assert match_members(other)["pair"].nunique() == 1


def test_pairs_of_several_data_sets_have_names_of_their_own():
    members = [made(k, n, 0.9, data=data) for data in "ab" for n in range(2) for k in ("dense", "95 %")]
    assert match_members(members)["pair"].nunique() == 4


def test_gaps_before_and_after_by_hand():
    # dense .95 and .93 against .90 and .92: 5 and 1 points apart; an earlier epoch of dense has .90
    members = [made("dense", 0, 0.95), made("95 %", 0, 0.90), made("dense", 1, 0.93), made("95 %", 1, 0.92)]
    members += [made("dense", 0, 0.902, purpose=EARLIER, after=1)]
    found = measure_matching(members).set_index("data")
    for data in ("made", ALL):
        assert found.loc[data, "gap_before"] == pytest.approx(3.0)
        assert found.loc[data, "gap"] == pytest.approx(0.2)
        assert found.loc[data, ["pairs_before", "pairs", "dense", "sparse"]].tolist() == [2, 1, 1, 1]
    assert measure_matching([]).empty
    assert say_matching(measure_matching([])) == ""


def test_the_page_says_the_numbers_and_where_they_are_fewer(monkeypatch):
    def members(settings, methods):
        return [
            member(links, n, curves(7, 4, level=0.9, label=label))
            for n in range(settings)
            for links in ("dense", "95 %")
            for label in methods
        ]

    several = ("SNM", "CS-QCFS L=2", "CS-QCFS L=4")
    fewer = "fewer than the 30 pairs from 10 of each kind"
    for made_of, few in (
        ((10, several), False),
        ((9, (*several, "CS-QCFS L=8")), True),
        ((10, several[:2]), True),
    ):
        own = members(*made_of)
        said = say_matching(measure_matching(own))
        assert (fewer in said) == few
        assert f"{made_of[0] * len(made_of[1])}, from {made_of[0]} dense and {made_of[0]} sparse" in said
    monkeypatch.setattr(lag_control_table, "read_members", lambda plan, records: own)
    tables = lag_control_table.make_tables({}, 0, {}, bootstrap=100)
    assert say_matching(tables["matching"]) in lag_control_table.arrange(tables)[0].unit
    values = tables["table"].set_index(["row", "column"])["value"]
    assert values[MATCHED, "matched pairs"] == 20
    assert values[MATCHED, "dense ANNs"] == values[MATCHED, "sparse ANNs"] == 10


def test_no_matched_pair_is_a_number_too(monkeypatch):
    own = [made("dense", n, 0.95) for n in range(3)] + [made("95 %", n, 0.9) for n in range(3)]
    monkeypatch.setattr(lag_control_table, "read_members", lambda plan, records: own)
    tables = lag_control_table.make_tables({}, 0, {}, bootstrap=100)
    known = lag_control_table.sheet(tables).known[MATCHED, "matched pairs"]
    assert (known.mean, known.n) == (0, 3)
    assert "no pair within 0.5" in lag_control_table.arrange(tables)[0].unit
