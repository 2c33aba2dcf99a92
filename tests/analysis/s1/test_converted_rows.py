"""S1's Tables 2 to 4 and A4b and Figure 5 as spiking networks: which are converted, what is read of them."""

import math
from functools import cache

import numpy as np
import pytest

from analysis import s1
from analysis.engine.converted import read_plain, source_of
from analysis.engine.pruned import dense_values
from analysis.s1 import converted_6conv, converted_vit, transformers
from analysis.s1.conversion_costs import seconds
from netsci.convert import METHODS
from netsci.measure import saturation_time
from netsci.sweep import Record
from tests.analysis.engine.conversion_records import make_record
from tests.analysis.engine.test_claims import cells_of

SCALES = {scale: {one.id: one for one in s1.exhibits(0, scale)} for scale in ("smoke", "desk", "paper")}
TABLES = ("s1-table2", "s1-table3", "s1-table4", "s1-tableA4b")
EVERY = (*TABLES, "s1-figure5")
CELLS = {id_: SCALES["desk"][id_].cells for id_ in EVERY}
CONVERTED = list(
    dict.fromkeys(c for cells in CELLS.values() for c in cells if "conversions" in dict(c.parameters))
)


def fake_record(number, cell):
    """Return a record of a converted cell: accuracy that rises, energies that grow with T and the cell."""
    rng, steps, curves = np.random.default_rng(number), cell["steps"], {}
    for label in (read_plain(one).label for one in cell["conversions"]):
        correct = np.minimum(rng.integers(1, 5) + np.arange(steps) // 2, rng.integers(6, 10))
        curves[label] = (correct.tolist(), (rng.uniform(1, 9) * np.arange(1, steps + 1)).tolist(), 0)
    return make_record(**curves)


def trained_record():
    """Return a record of a run: 432 links of the first layer, 1,000 operations a sample."""
    rows = [
        ("convs.0", "links", 432.0), ("classifier.0", "links", 10.0), ("classifier.0", "link sparsity", 0.9),
        ("all", "SOPs", 1000.0), ("all", "accuracy", 0.5), ("all", "link sparsity", 0.7),
        ("all", "one-shot accuracy", 0.3),
    ]  # fmt: skip
    layers, measures, values = zip(*rows, strict=True)
    arrays = {"table_layer": np.array(layers), "table_measure": np.array(measures)}
    arrays |= {"last_convs.0": np.packbits(np.ones((27, 16), bool)), "last_convs.0_shape": np.array([27, 16])}
    return Record(arrays | {"table_value": np.array(values)}, {})


RECORDS = {cell: fake_record(number, cell) for number, cell in enumerate(CONVERTED)}
RECORDS |= {cell: trained_record() for cells in CELLS.values() for cell in cells if cell not in RECORDS}
MADE = {id_: SCALES["desk"][id_].tabulate({c: RECORDS[c] for c in CELLS[id_]}) for id_ in EVERY}


@cache
def sheet_of(id_):
    return SCALES["desk"][id_].sheet(MADE[id_])


def read(id_, row, column):
    return sheet_of(id_).by_seed((row, column))[0]


def test_networks_are_those_that_the_tables_train():
    trained = {cell for id_ in TABLES for cell in CELLS[id_]} - set(CONVERTED)
    assert {source_of(one) for one in CONVERTED} <= trained
    of_vit = [one for one in CONVERTED if dense_values(source_of(one))["model"] == "vit"]
    assert len(of_vit) == 10
    assert len(CONVERTED) - len(of_vit) == 4 + 2  # four splits, and CHTs on the images of two rivals
    pruned = [source_of(one) for one in of_vit if "origin" in dict(source_of(one).parameters)]
    assert len(pruned) == len(transformers.ONE_SHOT)
    assert {one["epochs"] for one in pruned} == {0}
    assert {one["seed"] for one in CONVERTED} == {0}


def test_conversions_are_those_of_the_paper():
    for cell in CONVERTED:
        ways = [read_plain(one) for one in cell["conversions"]]
        for way in ways:
            METHODS[way.method].fill_options(dict(way.options))
            assert dict(way.options).get("steps", 8) == 8
        if dense_values(source_of(cell))["model"] == "vit":
            assert [dict(way.options)["scale"] for way in ways] in ([4.0], [4.0, 8.0])
            assert {dict(way.options)["n"] for way in ways} == {8}
            assert cell["steps"] == 32
        else:
            assert [way.method for way in ways] in (["dcgs", "cs_qcfs"], ["dcgs"])
            assert cell["steps"] >= converted_6conv.T
    both = [one for one in CONVERTED if len(one["conversions"]) == 2 and one["steps"] == 32]
    assert len(both) == len(converted_vit.BOTH)


def test_columns_are_read_at_t_8():
    converted = {
        split: next(c for c in CELLS["s1-table3"] if c in CONVERTED and source_of(c) == source)
        for split, source in (
            (split, next(s for s in CELLS["s1-table3"] if s not in CONVERTED and s["sparsity"] == share))
            for split, share in sparsities().items()
        )
    }
    for split, cell in converted.items():
        row, a = f"cifar-10/6conv2fc/dcgs/sparsity_{split}", RECORDS[cell].arrays
        assert read("s1-table3", row, "snn_accuracy_percent") == pytest.approx(10.0 * a["0_correct"][7])
        once_estimate = 4.6e-6 * a["0_energy_macs"][1, 1, 7]
        assert read("s1-table3", row, "energy_uj") == pytest.approx(once_estimate)
        if split != converted_6conv.LEAST:
            least = read("s1-table3", f"cifar-10/6conv2fc/dcgs/sparsity_{converted_6conv.LEAST}", "energy_uj")
            saved = 100 * (1 - once_estimate / least)
            assert read("s1-table3", row, "reduction_percent") == pytest.approx(saved)
    dpap = RECORDS[converted["57.87"]].arrays
    row = "cifar-10/6conv2fc/match-dpap/ours-cs-qcfs"
    assert read("s1-table2", row, "snn_accuracy_percent") == pytest.approx(10.0 * dpap["1_correct"][7])
    assert read("s1-table2", row, "energy_uj") == pytest.approx(4.6e-6 * dpap["1_energy_macs"][0, 1, 7])
    dcgs = "cifar-10/6conv2fc/match-dpap/ours-dcgs"
    assert read("s1-table2", dcgs, "snn_accuracy_percent") == pytest.approx(10.0 * dpap["0_correct"][7])


def sparsities():
    cells = [c for c in CELLS["s1-table3"] if c not in CONVERTED]
    found = {"35.26": None, "57.87": None, "72.84": None, "90.62": None}
    order = sorted((one["sparsity"] for one in cells), key=lambda pairs: dict(pairs)["linear"])
    return dict(zip(found, order, strict=True))


def test_energy_of_networks_that_spike_by_themselves_by_hand():
    row = "cifar-10/6conv2fc/match-dpap/dpap"
    places = (31 + 32 + 31) ** 2  # of a kernel of 3 x 3, without padding
    first = 4.6e-6 * 3 * 16 * places
    assert read("s1-table2", row, "once_energy_uj") == pytest.approx(0.9e-3 + first)
    assert read("s1-table2", row, "energy_uj") == pytest.approx(0.9e-3 + 4 * first)
    less = trained_record()
    less.arrays["table_measure"][3] = "another"
    with pytest.raises(ValueError, match="no measure 'SOPs'"):
        converted_6conv.read_direct("once", "desk")(less)


def test_table_figure_and_times_of_vision_transformers_come_from_the_same_records():
    courses = MADE["s1-figure5"]["courses"]
    names = {shown: row for row, shown in converted_vit.NETWORKS.items()}
    wide = 0
    for (conversion, network), of in courses.groupby(["conversion", "network"]):
        row, at = f"imagenet/vit-b/{names[network]}", of[of["T"] == 8].iloc[0]
        prefix = "dcgs_t8" if conversion == "DCGS" else "dcgs-c8_t8"
        accuracy = read("s1-table4", row, f"{prefix}_snn_accuracy_percent")
        assert accuracy == pytest.approx(at["accuracy"])
        energy = read("s1-table4", row, f"{prefix}_energy_mj")
        assert energy == pytest.approx(1e-3 * at["once, estimate"])
        wide += conversion != "DCGS"
        if conversion == "DCGS":
            flat = saturation_time(of["accuracy"].to_numpy(), window=5, at="start")
            assert read("s1-tableA4b", row, "dcgs_t0") == flat
    assert wide == 2
    dense, ours = (read("s1-table4", f"imagenet/vit-b/{r}", "dcgs_t8_energy_mj") for r in ("dense", "ours"))
    saved = read("s1-table4", "imagenet/vit-b/ours", "dcgs_t8_energy_reduction_percent")
    assert saved == pytest.approx(100 * (1 - ours / dense))


@pytest.mark.parametrize("id_", EVERY)
def test_claims_speak_of_cells_that_have_runs(id_):
    exhibit, sheet = SCALES["desk"][id_], sheet_of(id_)
    assert len(exhibit.caption.split()) <= 60
    assert sum(claim.main for claim in exhibit.claims) == 1
    for claim in exhibit.claims:
        for key in cells_of(claim):
            assert len(sheet.by_seed(key)), key
    assert "not run" not in set(exhibit.rulings(MADE[id_])["holds"])


@pytest.mark.parametrize("id_", TABLES)
@pytest.mark.parametrize("scale", list(SCALES))
def test_nothing_is_left_out_without_a_reason(scale, id_):
    entries = SCALES[scale][id_].tabulate({})["entries"]
    assert (entries["reason"] != "").all()
    if scale == "desk":
        run = set(zip(MADE[id_]["table"]["row"], MADE[id_]["table"]["column"], strict=True))
        for line in MADE[id_]["entries"].itertuples():
            assert (line.row, line.column) in run or line.reason, line


def test_a_set_network_is_not_converted_and_says_so():
    said = {"dataset": "imagenet", "network": "vit-b", "measure": "dcgs_t8_snn_accuracy_percent"}
    assert converted_vit.vit("desk", range(1), method="set", **said) == converted_vit.NOT_CONVERTED
    said["measure"] = "dcgs-c8_t8_snn_accuracy_percent"
    assert converted_vit.vit("desk", range(1), method="ria", **said) == converted_vit.ONE_SCALE


def test_costs_are_finite_and_small_at_smoke_scale():
    assert all(60 < seconds(one) < 2 * 3600 for one in CONVERTED)
    for id_ in EVERY:
        assert all(math.isfinite(seconds(c)) for c in CELLS[id_] if c in CONVERTED)
        smoke = [c for c in SCALES["smoke"][id_].cells if "conversions" in dict(c.parameters)]
        assert smoke
        assert all(seconds(c) <= 5 for c in smoke)
