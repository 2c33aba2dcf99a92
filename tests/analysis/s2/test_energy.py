"""S2's Table 2 and Figure 2: networks of s2-mlp, saturation and best windows, both protocols of selection."""

import numpy as np
import pytest

from analysis import s2
from analysis.engine.converted import read_plain, source_of
from analysis.s2 import energy
from analysis.s2.energy import seconds
from netsci.measure import saturation_time
from tests.analysis.engine.conversion_records import make_record
from tests.analysis.engine.test_claims import cells_of

SCALES = {scale: {one.id: one for one in s2.exhibits(0, scale)} for scale in ("smoke", "desk", "paper")}
CELLS = tuple(energy.plan_networks("desk", 0).values())


def fake_record(number):
    rng, curves = np.random.default_rng(number), {}
    for label in (read_plain(one).label for one in CELLS[0]["conversions"]):
        window = int(label.rpartition("=")[2]) if "=" in label else 0
        steps = 1 if window else 64
        correct = np.minimum(np.arange(steps) // 3 + rng.integers(1, 9), 9)
        curves[label] = (correct.tolist(), (rng.uniform(1, 9) * np.arange(1, steps + 1)).tolist(), window)
    return make_record(**curves)


RECORDS = {cell: fake_record(number) for number, cell in enumerate(CELLS)}
for _record in RECORDS.values():
    for _number, _label in enumerate(_record.arrays["labels"]):
        names = ("table_conversion", "table_layer", "table_measure", "table_value", "table_unit")
        for _name, _value in zip(names, (_label, "all", "link sparsity", 0.99, "share"), strict=True):
            _record.arrays[_name] = np.append(_record.arrays[_name], _value)
MADE = {id_: SCALES["desk"][id_].tabulate(RECORDS) for id_ in ("s2-table2", "s2-figure2")}
NAMES = {name: shown for name, (_, shown) in energy.NETWORKS.items()}


def sheet_of(id_):
    return SCALES["desk"][id_].sheet(MADE[id_])


def test_table_and_figure_come_from_the_same_records():
    sheet, courses = sheet_of("s2-table2"), MADE["s2-figure2"]["courses"]
    assert set(SCALES["desk"]["s2-figure2"].cells) == set(CELLS)
    checked = 0
    for name, shown in NAMES.items():
        for method, conversion in (("qcfs", "CS-QCFS"), ("snm", "SNM"), ("aec", "AEC")):
            row = f"cifar-10/mlp/{method}/{name}"
            of = courses[(courses["network"] == shown) & (courses["conversion"] == conversion)]
            for seed, one in of.groupby("seed"):
                accuracy = one["accuracy"].to_numpy()
                if method == "aec":
                    place = int(accuracy.argmax())
                    assert one["T"].tolist() == [2, 4, 8, 16, 32, 64]
                else:
                    place = saturation_time(accuracy, window=10) - 1
                at = one.iloc[place]
                assert sheet.by_seed((row, "t"))[seed] == at["T"]
                assert sheet.by_seed((row, "snn_accuracy_percent"))[seed] == pytest.approx(at["accuracy"])
                for column, of_course in (
                    ("energy_uj", "repeated, estimate"),
                    ("exact_energy_uj", "repeated, exact"),
                    ("once_energy_uj", "once, exact"),
                ):
                    assert sheet.by_seed((row, column))[seed] == pytest.approx(at[of_course])
                over = at["once, exact"] / at["own ANN"]
                assert sheet.by_seed((row, "once_over_own_ann"))[seed] == pytest.approx(over)
                checked += 1
    assert checked == 3 * len(CELLS)


def test_reductions_are_of_the_dense_network_that_they_name():
    sheet = sheet_of("s2-table2")
    for method in ("qcfs", "snm", "aec"):
        row = f"cifar-10/mlp/{method}/"
        for column, dense, of in (
            ("reduction_percent", "dense", "energy_uj"),
            ("own_reduction_percent", "dense-own", "energy_uj"),
            ("exact_reduction_percent", "dense", "exact_energy_uj"),
            ("once_reduction_percent", "dense", "once_energy_uj"),
            ("own_once_reduction_percent", "dense-own", "once_energy_uj"),
        ):
            both = [sheet.by_seed((row + kind, of)) for kind in (dense, "sparse")]
            wanted = (100 * (1 - both[1] / both[0])).dropna()
            found = sheet.by_seed((f"{row}sparse", column))
            assert found.index.tolist() == wanted.index.tolist()
            assert found.to_numpy() == pytest.approx(wanted.to_numpy())


def test_networks_are_those_of_s2_mlp():
    assert {source_of(one) for one in CELLS} <= set(SCALES["desk"]["s2-mlp"].cells)
    planned = energy.plan_networks("desk", 0)
    seeds = {name: [s for n, s in planned if n == name] for name in energy.NETWORKS}
    assert seeds["sparse"] == seeds["dense-own"] == [0, 1, 2]
    assert seeds["dense-60"] == [0]
    rates = {name: source_of(planned[name, 0])["lr"] for name in energy.NETWORKS}
    assert rates["dense"] == rates["sparse"] != rates["dense-own"] == rates["dense-60"]
    epochs = {name: source_of(planned[name, 0])["epochs"] for name in energy.NETWORKS}
    assert epochs == {"dense": 15, "sparse": 15, "dense-own": 15, "dense-60": 60}
    assert source_of(planned["sparse", 0])["sparsity"] == 0.99


@pytest.mark.parametrize("id_", ["s2-table2", "s2-figure2"])
def test_claims_speak_of_cells_that_have_runs(id_):
    exhibit, sheet = SCALES["desk"][id_], sheet_of(id_)
    assert len(exhibit.caption.split()) <= 60
    assert sum(claim.main for claim in exhibit.claims) == 1
    for claim in exhibit.claims:
        assert len(claim.words.split()) <= 20
        for key in cells_of(claim):
            runs = len(sheet.by_seed(key)) or ("/vgg16/" in key[0] and key in planned_of(exhibit))
            assert runs, claim.words


def planned_of(exhibit):
    """Cells of a table that have runs, finished or not."""
    entries = exhibit.tabulate({})["entries"]
    entries = entries[entries["reason"] == "its run is not finished"]
    return set(zip(entries["row"], entries["column"], strict=True))


def test_nothing_is_left_out_without_a_reason():
    entries = SCALES["desk"]["s2-table2"].tabulate({})["entries"]
    assert set(entries["reason"]) == {
        "its run is not finished", energy.LEFT_OUT, energy.STRAY,
    }  # fmt: skip
    printed = entries[entries["printed"].notna() & entries["row"].str.startswith("cifar-10/mlp")]
    assert set(printed["reason"]) == {"its run is not finished"}


def test_vgg_stands_at_one_setting_of_the_grid_of_figure_3():
    figure, table = (set(SCALES["desk"][id_].cells) for id_ in ("s2-figure3", "s2-table2"))
    for method, labels in (("qcfs", {"CS-QCFS L=8"}), ("snm", {"SNM"}), ("aec", {"AEC T=16", "AEC T=64"})):
        planned = energy.plan_vgg(0, method)
        assert set(planned) == {("dense", 0), ("sparse", 0)}
        assert set(planned.values()) <= table
        assert (method == "aec") or set(planned.values()) <= figure
        for (kind, _), one in planned.items():
            source = source_of(one)
            assert (source["lr"], source["batch"], bool(source["dense"])) == (0.05, 128, kind == "dense")
            assert labels <= {read_plain(plain).label for plain in one["conversions"]}
            assert one["test_limit"] == 2000


def test_accuracies_of_vgg_are_those_of_as_many_images_as_it_was_tested_on():
    for method in ("qcfs", "snm", "aec"):
        for kind, _ in (planned := energy.plan_vgg(0, method)):
            row = f"cifar-10/vgg16/{method}/{kind}"
            assert energy.count_images("desk", row) == planned[kind, 0]["test_limit"]
    found = {
        name: energy.error("desk")([(f"cifar-10/{name}/snm/dense", "snn_accuracy_percent")], [80.0])
        for name in ("vgg16", "mlp")
    }
    assert found == pytest.approx({"vgg16": np.sqrt(1600 / 2000), "mlp": 0.4})
    assert {cell["test_limit"] for cell in CELLS} == {None}


def test_windows_are_tuned_one_by_one():
    one = energy.conversions("desk")
    windows = [dict(c.tunings[0].changes)["activation_options"] for c in one if c.method == "aec"]
    assert windows == [(("window", w),) for w in (2, 4, 8, 16, 32, 64)]
    assert [c.tunings[0].epochs for c in one if c.tunings] == [5, *[2] * 6]


def test_costs():
    dense, sparse = (energy.plan_networks("desk", 0)[name, 0] for name in ("dense-own", "sparse"))
    assert 60 < seconds(sparse) < seconds(dense) < 3600
