import csv
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis import s0_chsnn, s0_comparisons, s0_data
from analysis.s0_answers import ANSWERS, NOISES, PJ_PER_SOP, SEVERAL, node_sparsity, seeds_of, total
from analysis.s0_entries import (
    EXPECTED,
    NO_GPU,
    UNFINISHED,
    Entry,
    Source,
    answered,
    at_epoch,
    beside,
    compared,
    gain,
    printed,
    tabulate,
)
from analysis.s0_names import NAMES, column_name, row_name
from analysis.s0_plan import SCALES
from tests.analysis.s0_made import KINDS, record

ROWS = {1: 116, 2: 56, 3: 12, 4: 64, 5: 40, 6: 20, 7: 20, 8: 20, 9: 12, 10: 30, 11: 30, 12: 30, 13: 30}
ROWS |= {14: 32, 15: 20, 16: 20}  # as the list of the printed tables counts them
TABLES = [f"s0.table{n}" for n in ROWS]


def the(table: str, row: str, column: str) -> Entry:
    return next(e for e in s0_chsnn.entries_of(table) if (e.row, e.column) == (row, column))


def source(table: str, row: str, column: str, scale: str = "desk"):
    return ANSWERS[table](the(table, row, column), scale, seeds_of(scale, 0, table))


def test_every_table_has_its_exhibit():
    assert list(s0_chsnn.TITLES) == TABLES == list(ANSWERS)
    made = [exhibit.id for exhibit in s0_chsnn.exhibits()]
    assert made[:3] == ["s0-grid", "s0-stp-grid", "s0-stp-grid-full"]
    assert made[3:] == [t.replace(".", "-") for t in [*TABLES, "s0.figure2", "s0.figure3"]]


@pytest.mark.parametrize("table", TABLES)
def test_printed_is_the_file_with_its_readings(table):
    with (EXPECTED / f"{table}.csv").open(newline="", encoding="utf-8") as stored:
        lines = list(csv.DictReader(stored))
    entries = printed(table)
    assert len(entries) == len(lines) == ROWS[int(table.removeprefix("s0.table"))]
    for entry, line in zip(entries, lines, strict=True):
        assert (entry.row, entry.column, entry.unit) == (line["row"], line["column"], line["unit"])
        assert entry.printed == float(line["value"]) if line["value"] else np.isnan(entry.printed)
        assert line["note"] in entry.note
        assert (line["reading"] in entry.note) == (line["reading"] != "as_printed")


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("table", TABLES)
def test_every_cell_is_answered_or_has_a_reason(table, scale, monkeypatch):
    monkeypatch.setattr(s0_data, "at_hand", lambda name: True)
    entries, cells = answered(
        s0_chsnn.entries_of(table), lambda entry: ANSWERS[table](entry, scale, seeds_of(scale, 0, table))
    )
    assert len(entries) >= len(printed(table))
    assert all((entry.source is None) == bool(entry.reason) for entry in entries)
    assert all(entry.source is None or entry.source.cells for entry in entries)
    assert {cell["dataset"] for cell in cells} <= {"digits"} if scale == "smoke" else True
    assert (scale == "smoke") or all(cell["dataset"] != "digits" for cell in cells)
    seeds = {cell["seed"] for cell in cells}
    several = scale == "paper" or (scale == "desk" and table in SEVERAL)
    assert not cells or seeds == ({0, 1, 2} if several else {0})


def test_methods_of_others_and_missing_data_are_named():
    reasons = {
        (table, entry.row): ANSWERS[table](entry, "desk", range(3))
        for table in TABLES
        for entry in printed(table)
        if isinstance(ANSWERS[table](entry, "desk", range(3)), str)
    }
    assert "DPAP: the method is not part" in reasons["s0.table1", "mnist/2fc/dpap"]
    assert "DVS-Gesture" in reasons["s0.table13", "dvs-gesture/bit-flip/dense"]
    assert "ImageNet" in reasons["s0.table16", "imagenet/resnet18/ch-snn"]
    assert reasons["s0.table11", "n-mnist/bit-flip/dense"] == "at this scale it was left out for time"
    assert reasons["s0.table2", "cifar-10/3fc/dense"] == (
        "S-TP on CIFAR-10 reads features of a trained 6Conv2FC, which needs a GPU; "
        "`netsci features` makes them"
    )
    assert not any("was run on MNIST" in reason for reason in reasons.values())


@pytest.mark.parametrize("table", TABLES)
def test_names_are_for_people(table):
    entries = s0_chsnn.entries_of(table)
    for name in [row_name(e.row) for e in entries] + [column_name(e.column) for e in entries]:
        assert not set(name) & set("/_"), name
    pairs = {(row_name(e.row), column_name(e.column)) for e in entries}
    assert len(pairs) == len({(e.row, e.column) for e in entries})


def test_a_row_and_columns_by_name():
    assert row_name("imagenet/resnet18/dpap/sparsity_51.71") == "ImageNet ResNet-18, DPAP, 51.71 % sparse"
    assert column_name("accuracy_improvement_percent") == "accuracy, CH-SNN less dense"
    assert column_name("p_5") == "P = 5 %"
    with pytest.raises(KeyError):
        NAMES["unknown"]


def test_a_changed_record_changes_the_table():
    exhibit = next(e for e in s0_chsnn.exhibits() if e.id == "s0-table1")
    records = {cell: record(cell) for cell in exhibit.cells}
    before = exhibit.tabulate(records)
    victim = next(c for c in exhibit.cells if not c["dense"] and c["dataset"] == "mnist" and c["seed"] == 1)
    records[victim] = record(victim, accuracy=0.5)
    after = exhibit.tabulate(records)
    differ = after["table"][after["table"]["value"] != before["table"]["value"]]
    assert set(differ["column"]) == {"accuracy_percent", "accuracy_improvement_percent"}
    assert set(differ["seed"]) == {1}
    assert set(differ["row"]) == {"mnist/2fc/ch-snn"}
    assert after["entries"].equals(before["entries"])


def test_gains_are_paired_by_seed():
    found = source("s0.table1", "mnist/2fc/ch-snn", "accuracy_improvement_percent")
    assert [(a["seed"], b["seed"]) for a, b in found.cells] == [(0, 0), (1, 1), (2, 2)]
    assert all((a["dense"], b["dense"]) == (False, True) for a, b in found.cells)
    records = {}
    for seed, (sparse, dense) in enumerate(found.cells):
        records[sparse] = record(sparse, accuracy=0.9 + 0.01 * seed)
        records[dense] = record(dense, accuracy=0.88 + 0.01 * seed)
    assert dict(found.values(records)) == pytest.approx({0: 2.0, 1: 2.0, 2: 2.0})


def test_rpdr_of_the_printed_accuracies_is_the_printed_one():
    """Table 14 from Tables 10 to 13."""
    accuracy = {}
    for number, dataset in ((10, "mnist"), (11, "n-mnist"), (12, "cifar-10"), (13, "dvs-gesture")):
        for entry in printed(f"s0.table{number}"):
            _, kind, method = entry.row.split("/")
            accuracy.setdefault((dataset, method), {}).setdefault(kind, []).append(entry.printed / 100)
    compared_ = 0
    for entry in printed("s0.table14"):
        dataset, method = entry.row.split("/")
        read = source("s0.table14", f"mnist/{method}", entry.column).read
        given = record()
        given.arrays["noise_accuracy"] = np.array([accuracy[dataset, method][kind] for kind in KINDS])
        assert read(given) == pytest.approx(entry.printed, abs=0.02), (entry.row, entry.column)
        compared_ += 1
    assert compared_ == 32


def test_energy_of_the_printed_operations_is_the_printed_one():
    """948, 48, 4.4 mJ and the rest: operations are printed with two digits."""
    values = {(e.row, e.column): e.printed for e in printed("s0.table2")}
    rows = {row for row, _ in values}
    assert values["mnist/3fc/dense", "energy_mj"] == 948
    for row in rows:
        given = record()
        given.arrays["total_values"][1] = values[row, "sops"]
        energy = total("SOPs", PJ_PER_SOP * 1e-9)(given)
        wanted = values[row, "energy_mj"]
        assert energy == pytest.approx(wanted, rel=0.03, abs=0.06 if wanted < 1 else 0), row


def test_noise_is_read_at_its_kind_and_share():
    given = record()
    given.arrays["noise_p"] = np.array(NOISES["mnist"])
    given.arrays["noise_accuracy"] = np.arange(15).reshape(3, 5) / 100
    read = source("s0.table10", "mnist/false-spike/dense", "p_15").read
    assert read(given) == pytest.approx(8.0)


def test_the_last_epoch_is_read():
    given = record()
    given.arrays["table_measure"] = np.array(["accuracy"] * 3)
    given.arrays["table_layer"] = np.array(["all", "fc1", "all"])
    given.arrays["table_value"] = np.array([0.1, 0.7, 0.2])
    assert (at_epoch(given, "accuracy"), at_epoch(given, "accuracy", epoch=0)) == (0.2, 0.1)
    with pytest.raises(KeyError, match="no measure 'loss'"):
        at_epoch(given, "loss")


def test_beside_says_what_is_printed_run_and_not_run():
    table = "s0.table3"
    entries, cells = answered(printed(table), lambda e: ANSWERS[table](e, "desk", range(1)))
    made = tabulate(entries, {cell: record(cell, accuracy=0.97) for cell in cells})
    shown = beside(made)
    assert len(shown) == 12
    run = shown[shown["mean"].notna()]
    assert set(run["row"]) == {"MNIST"}
    assert run["difference"].tolist() == pytest.approx([97 - 98.28, 97 - 98.40, 97 - 98.30])
    assert run["reason"].isna().all()
    others = shown[shown["mean"].isna()]
    assert others["printed"].notna().all()
    assert others["difference"].isna().all()
    assert all(others["reason"].str.len() > 10)


def test_tables_without_runs_are_read(tmp_path):
    """From files, where a column of empty texts comes back as NaN."""
    made = tabulate([replace(e, reason="not at hand") for e in printed("s0.table11")], {})
    for name, table in made.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    back = {name: pd.read_csv(tmp_path / f"{name}.csv") for name in made}
    assert compared(back)["mean"].isna().all()
    assert compared(back)["note"].map(type).eq(str).all()
    assert len(beside(back)) == 30


def test_figures_take_the_runs_of_the_tables():
    by_id = {exhibit.id: exhibit for exhibit in s0_chsnn.exhibits()}
    assert set(by_id["s0-figure2"].cells) < set(by_id["s0-table1"].cells)
    behind = {*by_id["s0-table2"].cells, *by_id["s0-table4"].cells}
    assert set(by_id["s0-figure3"].cells) < behind
    assert set(by_id["s0-table2"].cells) < set(by_id["s0-figure3"].cells)
    rows = {e.row.split("/")[0] for _, e in s0_comparisons.entries("s0.figure2")}
    assert rows == {"mnist", "n-mnist", "cifar-10"}


def test_node_sparsity_is_a_percentage_of_the_last_epoch():
    given = record()
    given.arrays["table_measure"] = np.array(["node sparsity"] * 3)
    given.arrays["table_layer"] = np.array(["all", "layer0", "all"])
    given.arrays["table_value"] = np.array([0.5, 0.75, 0.125])
    assert node_sparsity(given) == 12.5
    given.arrays["table_measure"] = np.array(["accuracy"] * 3)  # a dense network has no such row
    assert node_sparsity(given) == 0.0


def test_the_first_layer_of_table_1_is_counted_apart():
    for row in ("mnist/2fc/ch-snn", "fashion-mnist/2fc/ch-snn"):
        assert the("s0.table1", row, "macs_per_sample").note == "not in the paper"
        sparse = source("s0.table1", row, "macs_per_sample")
        assert {c["dense"] for cells in sparse.cells for c in cells} == {False}
        assert sparse.read(record(sparse.cells[0][0])) == 12_294
        dense = source("s0.table1", row, "dense_macs_per_sample")
        assert dense.read(record(dense.cells[0][0])) == 784 * 1568
    smoke = source("s0.table1", "mnist/2fc/ch-snn", "dense_macs_per_sample", "smoke")
    assert smoke.read(record()) == 64 * 64


def test_a_gain_needs_a_gpu_if_one_of_its_runs_does():
    here, elsewhere = (
        source("s0.table1", "mnist/2fc/ch-snn", "accuracy_percent").cells[0][0],
        source("s0.table1", "cifar-10/6conv2fc/ch-snn", "accuracy_percent").cells[0][0],
    )
    reasons = []
    for cells in ((here, here), (here, elsewhere)):
        entry = Entry("r", "c", "percent", 1.0, source=Source(gain(), (cells,)))
        reasons += tabulate([entry], {})["entries"]["reason"].tolist()
    assert reasons == [UNFINISHED, NO_GPU]
