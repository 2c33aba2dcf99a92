"""The exhibits of the time lag: tables, pages and verdicts follow the data, on made curves."""

import numpy as np
import pandas as pd
import pytest

from analysis import s2
from analysis.s2 import lag_control_table, lag_drawing, lag_figure, lag_networks, lag_parts
from analysis.s2.lag_figure import AGAINST, BOTH
from analysis.s2.lag_grid import VGG_NET
from tests.analysis.s2.made_curves import STEPS, curves, grid, member

EXHIBITS = {one.id: one for one in s2.exhibits()}
MODULES = {"s2-figure3": lag_figure, "s2-lag-controls": lag_control_table, "s2-lag-parts": lag_parts}
SNM_AND_MORE = ("SNM", "CS-QCFS L=4", "CS-QCFS L=8")


def make(module, members, monkeypatch):
    monkeypatch.setattr(module, "read_members", lambda plan, records: members)
    return module.make_tables({}, 0, {}, bootstrap=100)


def rulings(id_, members, monkeypatch):
    tables = make(MODULES[id_], members, monkeypatch)
    return EXHIBITS[id_].rulings(tables).set_index("claim")


def several(settings, dense, sparse):
    """Networks of several methods, with settings as in `grid`."""
    return [
        member(links, k, curves(at[0] + k % 3, at[1] + k % 2, label=label))
        for k in range(settings)
        for links, at in (("dense", dense), ("95 %", sparse))
        for label in SNM_AND_MORE
    ]


def vgg(settings, dense, sparse):
    """Networks of VGG-16, apart from those of perceptrons."""
    return [
        member(links, k, curves(at[0] + k % 3, at[1]), data="CIFAR-10, VGG-16/8", kind=VGG_NET)
        for k in range(settings)
        for links, at in (("dense", dense), ("50 %", sparse))
    ]


def test_verdicts_turn_with_the_data(monkeypatch):
    longer, first = (
        "Sparse networks lag longer than dense ones of the same setting",
        "The firing rate settles before the accuracy, in dense and in sparse networks",
    )
    alike = "Dense and sparse saturate alike: accuracies less than two steps apart"
    of = rulings("s2-figure3", several(8, (7, 4), (11, 5)), monkeypatch)
    assert of.loc[[longer, first, alike], "holds"].tolist() == ["yes", "yes", "no"]
    of = rulings("s2-figure3", several(8, (11, 5), (7, 4)), monkeypatch)
    assert of.loc[[longer, first, alike], "holds"].tolist() == ["no", "yes", "no"]
    of = rulings("s2-figure3", several(8, (4, 9), (5, 9)), monkeypatch)
    assert of.loc[[longer, first, alike], "holds"].tolist() == ["yes", "no", "yes"]
    tested = of.index[of.index.str.startswith("Wilcoxon's test")]
    assert of.loc[tested, "holds"].tolist() == ["no"]


def test_a_claim_says_under_which_controls_it_turns(monkeypatch):
    of = rulings("s2-figure3", several(8, (7, 4), (11, 5)), monkeypatch)
    said = of.loc["Sparse networks lag longer than dense ones of the same setting", "ours"]
    # at 2 % all curves sit on the floor: the rules of four windows, and nothing else
    assert said == "+3; turned in none of 26 controls, undecided in 4"
    short = several(8, (7, 4), (11, 5)) + vgg(8, (11, 5), (7, 4))
    of = rulings("s2-figure3", short, monkeypatch)
    said = of.loc["Sparse networks lag longer than dense ones of the same setting", "ours"]
    assert said == "+3; turned in 1 of 27 controls (VGG-16), undecided in 4"


def test_a_rate_that_settles_earlier_makes_no_longer_lag_alone(monkeypatch):
    both = "Sparse networks lag longer, and their rate settles earlier"
    for dense, sparse, holds in (
        ((7, 7), (7, 4), "yes"),  # the rate three steps earlier: the lag three steps longer
        ((11, 7), (7, 4), "no"),  # the accuracy four steps earlier: the lag one step shorter
        ((7, 4), (11, 5), "no"),  # longer since the accuracy settles later
    ):
        assert rulings("s2-figure3", several(8, dense, sparse), monkeypatch).loc[both, "holds"] == holds
    tables = make(lag_figure, several(8, (11, 4), (11, 5)), monkeypatch)
    assert lag_figure.sheet(tables).remarks[BOTH, "rate earlier"] == "; no lag is longer"
    tables = make(lag_figure, several(8, (7, 4), (11, 5)), monkeypatch)
    assert (BOTH, "rate earlier") not in lag_figure.sheet(tables).remarks


def test_vgg_is_in_no_statistic_of_the_perceptrons(monkeypatch):
    own = several(6, (7, 4), (11, 5))
    alone = make(lag_figure, own, monkeypatch)
    both = make(lag_figure, [*own, *vgg(6, (14, 5), (7, 4))], monkeypatch)
    values = [one["table"].set_index(["row", "column"])["value"] for one in (alone, both)]
    same = [key for key in values[0].index if key[0] != "controls"]
    assert not [key for key in values[0].index if key[0] == VGG_NET]
    assert np.array_equal(values[0][same], values[1][same], equal_nan=True)
    assert values[1]["VGG-16", "pairs"] == 6
    assert values[1]["VGG-16", "lag"] == -6.0
    assert alone["density"].equals(both["density"])
    networks = both["networks"]
    assert networks.groupby("network")["lag"].count().to_dict() == {"perceptron": 36, "VGG-16": 12}
    drawn = [
        str(lag_drawing._scatter(lag_drawing.find_shown(one["networks"]), 0, "dense"))
        for one in (alone, both)
    ]
    assert drawn[0] == drawn[1]
    parts = make(lag_parts, [*own, *vgg(6, (14, 5), (7, 4))], monkeypatch)["table"]
    of_parts = parts.set_index(["row", "column"])["value"]
    assert (of_parts["all", "lag"], of_parts["VGG-16", "lag"]) == (3.0, -6.0)


def test_networks_that_never_settle_stand_by_kind(monkeypatch):
    late = [member("dense", 9, curves(7, 4)), member("95 %", 9, curves(STEPS, 4))]
    members = [*several(3, (7, 4), (11, 5)), *late]
    values = make(lag_figure, members, monkeypatch)["table"].set_index(["row", "column"])["value"]
    assert (values["dense", "never settled"], values["sparse", "never settled"]) == (0, 1)
    table, _ = lag_control_table.arrange(make(lag_control_table, members, monkeypatch))
    never = dict(table.rows)["Number of networks that never settle|accuracy or rate"]
    assert [one.ours for one in never[:3]] == ["0", "1", ""]


def test_settings_that_are_swapped_stand_beside_the_tests_of_s2(monkeypatch):
    tables = make(lag_figure, several(8, (7, 4), (11, 5)), monkeypatch)
    values = tables["table"].set_index(["row", "column"])["value"]
    assert values[BOTH, "p, settings swapped"] == pytest.approx(2 / 2**8, abs=0.005)
    table, _ = lag_figure.arrange(tables)
    (row,) = (cells for label, cells in table.rows if "dense and sparse swapped" in label)
    assert row[0].ours.startswith("0.00")


@pytest.mark.parametrize("id_", MODULES)
def test_captions_and_claims_are_short(id_):
    assert len(EXHIBITS[id_].caption.split()) <= 60
    for claim in EXHIBITS[id_].claims:
        assert len(claim.words.split()) <= 20


def test_claims_of_parts_follow_the_parts(monkeypatch):
    of = rulings("s2-lag-parts", several(8, (7, 4), (11, 4)), monkeypatch)
    assert of.loc["The accuracy of sparse networks settles later", "holds"] == "yes"
    assert of.loc["The rate of sparse networks settles earlier", "holds"] in ("no", "undecided")
    of = rulings("s2-lag-parts", several(8, (7, 6), (7, 4)), monkeypatch)
    assert of.loc["The rate of sparse networks settles earlier", "holds"] == "yes"


def test_parts_add_up_in_every_group(monkeypatch):
    parts = make(lag_parts, several(4, (7, 4), (11, 5)), monkeypatch)["parts"]
    lag = parts[parts["heading"] == lag_parts.MEASURES[lag_parts.DECOMPOSED]]
    for _, rows in lag.groupby("row"):
        value = rows.set_index("part")["value"]
        assert value["lag"] == pytest.approx(value["accuracy"] - value["rate"])


def test_printed_p_values_stand_beside_ours(monkeypatch):
    tables = make(lag_figure, several(4, (7, 4), (11, 5)), monkeypatch)
    sheet = lag_figure.sheet(tables)
    assert sheet.printed[AGAINST, "p, positive lags"] == 1.266e-8
    assert sheet.printed["all", "p"] == 6.119e-62
    assert (BOTH, "lag") not in sheet.printed
    table, missing = lag_figure.arrange(tables)
    assert table.compares
    assert not missing


def test_networks_without_a_pair_stay_in_the_table(monkeypatch):
    lost = [member("dense", 9, None), member("95 %", 9, curves(5, 5, level=0.1))]
    tables = make(lag_figure, [*grid(2, (7, 4), (9, 4)), *lost], monkeypatch)
    networks = tables["networks"]
    assert networks["pair"].tolist() == ["yes"] * 4 + ["at chance"] * 2
    assert networks["lag"].isna().sum() == 2
    values = tables["table"].set_index(["row", "column"])["value"]
    assert (values["all", "at chance"], values["all", "pairs"]) == (2, 2)


@pytest.mark.parametrize("id_", MODULES)
@pytest.mark.parametrize("backend", ["matplotlib", "plotly"])
def test_exhibits_draw_what_is_there_and_nothing(id_, backend, monkeypatch):
    for members in ([], several(3, (7, 4), (9, 4))):
        tables = make(MODULES[id_], members, monkeypatch)
        assert EXHIBITS[id_].draw(tables, backend) is not None


@pytest.mark.parametrize("id_", MODULES)
def test_claims_speak_of_cells_that_are_made(id_, monkeypatch):
    members = several(3, (7, 4), (9, 4))
    tables = make(MODULES[id_], members, monkeypatch)
    known = set(zip(tables["table"]["row"], tables["table"]["column"], strict=True))
    needs_more = {"VGG-16"} if id_ != "s2-figure3" else set()
    for claim in EXHIBITS[id_].claims:
        for contrast in claim.contrasts:
            assert contrast.key in known or contrast.key[0] in needs_more
        assert len(claim.words.split()) <= 20


def test_tables_survive_their_files(monkeypatch, tmp_path):
    tables = make(lag_figure, several(3, (7, 4), (9, 4)), monkeypatch)
    read = {}
    for name, table in tables.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        read[name] = pd.read_csv(tmp_path / f"{name}.csv", converters={"row": str, "column": str})
    was, now = (EXHIBITS["s2-figure3"].rulings(one) for one in (tables, read))
    assert was["holds"].tolist() == now["holds"].tolist()
    assert np.allclose(was["gap"], now["gap"], equal_nan=True)


def test_layers_have_names_by_method():
    assert lag_parts.name_layers(lag_networks.SNM) == ("hidden 1", "hidden 2", "output")
    assert lag_parts.name_layers("CS-QCFS L=4") == ("hidden 1", "hidden 2")


def test_shares_at_the_earliest_step_stand_in_the_table_of_controls(monkeypatch):
    # the rate is flat from the first step on in one of two networks, and its window ends at 11
    tables = make(lag_control_table, several(4, (7, 1), (9, 4)), monkeypatch)
    table, _ = lag_control_table.arrange(tables)
    shares = dict(table.rows)["Share of networks that settle at the earliest step, 11|rate"]
    assert [one.ours for one in shares[:3]] == ["50 %", "0 %", ""]
