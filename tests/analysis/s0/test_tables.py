"""S0's tables: printed cells, and the runs that answer them; from made-up and committed records."""

import csv

import numpy as np
import pandas as pd
import pytest

from analysis.engine import make
from analysis.engine.entries import NO_GPU, UNFINISHED, beside, pivot, tabulate
from analysis.engine.printed import EXPECTED, Entry, Source, read_printed
from analysis.engine.statistics import same
from analysis.engine.table import read_words
from analysis.engine.training import gain, total
from analysis.engine.words import NAMES, column_name, row_name
from analysis.s0 import recipes
from analysis.s0.answers import (
    COMPARED,
    MEASURED,
    NOISES,
    PJ_PER_SOP,
    accuracy_under,
    node_sparsity,
    robustness,
)
from analysis.s0.costs import seconds
from analysis.s0.tables import error
from analysis.s0.tables import parts as s0_parts
from netsci.sweep import Record, load_record, run_cells
from netsci.train import Run
from netsci.train.cells import read_epoch
from tests.analysis.committed import EXHIBITS, RESULTS, tables_of
from tests.analysis.s0.made import DESK, KINDS, SCALES, TABLES, entries_of, entry, record, stored

ROWS = {1: 116, 2: 56, 3: 12, 4: 64, 5: 40, 6: 20, 7: 20, 8: 20, 9: 12, 10: 30, 11: 30, 12: 30, 13: 30}
ROWS |= {14: 32, 15: 20, 16: 20}  # as the list of the printed tables counts them


@pytest.mark.parametrize("number", ROWS)
def test_printed_is_the_file_with_its_readings(number):
    with (EXPECTED / f"s0.table{number}.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    entries = read_printed(f"s0.table{number}")
    assert len(entries) == len(lines) == ROWS[number]
    for e, line in zip(entries, lines, strict=True):
        assert (e.row, e.column, e.unit) == (line["row"], line["column"], line["unit"])
        assert e.printed == float(line["value"]) if line["value"] else np.isnan(e.printed)
        assert line["note"] in e.note
        assert (line["reading"] in e.note) == (line["reading"] != "as_printed")
    assert TABLES[f"s0-table{number}"]["printed"][: len(entries)] == entries


@pytest.mark.parametrize("scale", ["smoke", "desk", "paper"])
@pytest.mark.parametrize("id_", TABLES)
def test_every_cell_is_answered_or_has_a_reason(id_, scale, monkeypatch):
    monkeypatch.setattr(recipes, "at_hand", lambda name: True)
    entries = entries_of(id_, scale)
    assert all((e.source is None) == bool(e.reason) for e in entries)
    cells = {cell for e in entries if e.source for group in e.source.cells for cell in group}
    assert all((cell["dataset"] == "digits") == (scale == "smoke") for cell in cells)
    several = scale == "paper" or (scale == "desk" and TABLES[id_].get("seeds", 1) == 3)
    assert not cells or {cell["seed"] for cell in cells} == ({0, 1, 2} if several else {0})
    for name in [row_name(e.row) for e in entries] + [column_name(e.column) for e in entries]:
        assert not set(name) & set("/_"), name
    assert len({(row_name(e.row), column_name(e.column)) for e in entries}) == len(entries)


def test_methods_of_others_and_missing_data_are_named():
    reasons = {(id_, e.row): e.reason for id_ in TABLES for e in entries_of(id_, "desk")}
    assert "on equal terms" in reasons["s0-table1", "mnist/2fc/dpap"]
    assert reasons["s0-table1", "mnist/2conv2fc/dpap"] == "DPAP: left out for time"
    assert "DVS-Gesture" in reasons["s0-table1", "dvs-gesture/2conv2fc/deep-r"]
    assert "DVS-Gesture" in reasons["s0-table13", "dvs-gesture/bit-flip/dense"]
    assert "ImageNet" in reasons["s0-table16", "imagenet/resnet18/ch-snn"]
    assert reasons["s0-table11", "n-mnist/bit-flip/dense"] == "at this scale it was left out for time"
    assert "`netsci features` makes them" in reasons["s0-table2", "cifar-10/3fc/dense"]
    with pytest.raises(ValueError, match="fits none of"):
        read_words(TABLES["s0-table3"], "mnist/dense", "delta_1")
    with pytest.raises(KeyError):
        NAMES["unknown"]


def test_a_gain_is_called_that_of_its_own_method():
    """C8: Grad R's -0.30 is no gain of CH-SNN."""
    shown = beside(tables_of("s0-table1"))
    gains = shown[shown["printed"].isin([-0.30, -0.71])]
    assert set(gains["row"]) == {"CIFAR-10 6Conv2FC, Grad R", "CIFAR-10 6Conv2FC, DPAP"}
    assert set(gains["column"]) == {"accuracy gain over the method's own dense network"}
    assert not shown["column"].str.contains("CH-SNN").any()


def test_a_changed_record_changes_the_table():
    exhibit = DESK["s0-table1"]
    records = {cell: record(cell) for cell in exhibit.cells}
    before = exhibit.tabulate(records)
    ours = [c for c in exhibit.cells if not c["dense"] and c["method"] == "ch_snn"]
    victim = next(c for c in ours if c["dataset"] == "mnist" and c["seed"] == 1)
    records[victim] = record(victim, accuracy=0.5)
    after = exhibit.tabulate(records)
    differ = after["table"][after["table"]["value"] != before["table"]["value"]]
    assert set(differ["column"]) == {"accuracy_percent", "accuracy_improvement_percent"}
    assert set(differ["seed"]) == {1}
    assert set(differ["row"]) == {"mnist/2fc/ch-snn"}
    assert after["entries"].equals(before["entries"])


def test_gains_are_paired_by_seed_and_losses_are_the_other_way_round():
    found = entry("s0-table1", "mnist/2fc/ch-snn", "accuracy_improvement_percent").source
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
        for e in read_printed(f"s0.table{number}"):
            _, kind, method = e.row.split("/")
            accuracy.setdefault((dataset, method), {}).setdefault(kind, []).append(e.printed / 100)
    for e in read_printed("s0.table14"):
        dataset, method = e.row.split("/")
        read = entry("s0-table14", f"mnist/{method}", e.column).source.read
        given = record()
        given.arrays["noise_accuracy"] = np.array([accuracy[dataset, method][kind] for kind in KINDS])
        assert read(given) == pytest.approx(e.printed, abs=0.02), (e.row, e.column)


def test_energy_of_the_printed_operations_is_the_printed_one():
    """948, 48, 4.4 mJ and the rest: operations are printed with two digits."""
    values = {(e.row, e.column): e.printed for e in read_printed("s0.table2")}
    for row in {row for row, _ in values}:
        given = record()
        given.arrays["total_values"][1] = values[row, "sops"]
        wanted = values[row, "energy_mj"]
        energy = total("SOPs", PJ_PER_SOP * 1e-9)(given)
        assert energy == pytest.approx(wanted, rel=0.03, abs=0.06 if wanted < 1 else 0), row


def test_readers_by_hand():
    given = record()
    given.arrays["noise_p"] = np.array(NOISES["mnist"])
    given.arrays["noise_accuracy"] = np.arange(15).reshape(3, 5) / 100
    assert entry("s0-table10", "mnist/false-spike/dense", "p_15").source.read(given) == pytest.approx(8.0)
    given.arrays["table_measure"] = np.array(["node sparsity"] * 3)
    given.arrays["table_layer"] = np.array(["all", "layer0", "all"])
    given.arrays["table_value"] = np.array([0.5, 0.75, 0.125])
    assert (read_epoch(given, "node sparsity"), read_epoch(given, "node sparsity", epoch=0)) == (0.125, 0.5)
    assert (node_sparsity(given), node_sparsity(given, epoch=0)) == (12.5, 50.0)
    given.arrays["table_measure"] = np.array(["accuracy"] * 3)  # a dense network has no such row
    assert node_sparsity(given) == 0.0
    with pytest.raises(ValueError, match="no measure 'loss'"):
        read_epoch(given, "loss")


def test_no_reader_has_a_number_of_a_run_that_diverged():
    lost = {
        "table_measure": ["accuracy"],
        "table_layer": ["all"],
        "table_epoch": [1],
        "table_value": [np.nan],
    }
    given = Record({name: np.array(values) for name, values in lost.items()}, {"diverged": "in epoch 1"})
    readers = [read for read, which in COMPARED.values() if len(which) == 1] + list(MEASURED.values())
    readers += [accuracy_under("bit-flip", 0.1), robustness("average"), robustness("bit-flip")]
    assert all(np.isnan(read(given)) for read in readers)
    assert all(np.isnan(read(*pair)) for pair in ((given, record()), (record(), given)) for read in [gain()])


def test_the_first_layer_of_table_1_is_counted_apart():
    for row in ("mnist/2fc/ch-snn", "fashion-mnist/2fc/ch-snn"):
        sparse = entry("s0-table1", row, "macs_per_sample")
        assert sparse.note.startswith("not in the paper")
        assert {c["dense"] for cells in sparse.source.cells for c in cells} == {False}
        assert sparse.source.read(record(sparse.source.cells[0][0])) == 12_294
        dense = entry("s0-table1", row, "dense_macs_per_sample").source
        assert dense.read(record(dense.cells[0][0])) == 784 * 1568
    smoke = entry("s0-table1", "mnist/2fc/ch-snn", "dense_macs_per_sample", "smoke").source
    assert smoke.read(record()) == 64 * 64


def test_what_is_missing_says_whether_it_needs_a_gpu():
    here, elsewhere = (
        entry("s0-table1", f"{network}/ch-snn", "accuracy_percent").source.cells[0][0]
        for network in ("mnist/2fc", "cifar-10/6conv2fc")
    )
    reasons = []
    for cells in ((here, here), (here, elsewhere)):
        of = Entry("r", "c", "percent", 1.0, source=Source(gain(), (cells,)))
        reasons += tabulate([of], seconds, {})["entries"]["reason"].tolist()
    assert reasons == [UNFINISHED, NO_GPU]


def test_beside_and_pivot_say_what_is_printed_run_and_not_run(tmp_path):
    tables = stored("s0-table3", "desk", tmp_path)[1]
    tables["table"]["value"] = 97.0
    shown = beside(tables)
    run = shown[shown["mean"].notna()]
    assert len(shown) == 12
    assert set(run["row"]) == {"MNIST"}
    assert run["difference"].tolist() == pytest.approx([97 - 98.28, 97 - 98.40, 97 - 98.30])
    others = shown[shown["mean"].isna()]
    assert others["printed"].notna().all()
    assert (others["reason"].str.len() > 10).all()
    table, missing = pivot(tables)
    assert table.columns == ("δ = 1", "δ = 0.5", "δ = 0")
    cells = dict(table.rows)["MNIST"]
    assert [(cell.printed, cell.ours) for cell in cells] == [
        ("98.28", "97.00"),
        ("98.40", "97.00"),
        ("98.30", "97.00"),
    ]
    assert dict(table.rows)["N-MNIST"][0].reason == "at this scale it was left out for time"
    assert ("at this scale it was left out for time", "N-MNIST") in missing
    assert table.unit == "All in percent."


def test_table_1_stands_as_it_is_printed():
    """What S0 prints comes first; what it only implies is marked, and what we add comes behind."""
    table, _ = pivot(tables_of("s0-table1"))
    first = ("link sparsity (percent)", "accuracy (percent)")
    assert table.columns[:2] == first
    assert table.columns[2].startswith("accuracy gain over")
    dense = table.columns.index("accuracy of the method's own dense network (percent)")
    assert dense > 2
    cells = dict(dict(table.groups)["MNIST"])["2FC, CH-SNN"]
    assert (cells[2].printed, cells[dense].printed) == ("0.16", "98.81 (implied)")


def test_a_gain_has_the_error_of_both_networks():
    row = "mnist/2conv2fc/ch-snn"
    both = ((row, "accuracy_percent"), (row, "dense_accuracy_percent"))
    assert s0_parts((row, "accuracy_improvement_percent")) == both
    assert s0_parts(("imagenet/resnet18/ch-snn", "accuracy_loss_percent"))[0][1] == "accuracy_percent"
    assert s0_parts((row, "link_sparsity_percent")) == ((row, "link_sparsity_percent"),)


def test_one_seed_has_the_error_of_its_test_images():
    keys = [("mnist/2fc/ch-snn", "accuracy_percent")]
    real = [("n-mnist/2conv2fc/ch-snn", "accuracy_percent")]
    assert error("desk")(keys, [90.0]) == pytest.approx(0.3)
    assert error("desk")(real, [90.0]) == pytest.approx(np.sqrt(900 / 1_100))
    assert error("paper")(real, [90.0]) == pytest.approx(0.3)
    assert error("smoke")(keys, [90.0]) == pytest.approx(3.0)
    for column in ("link_sparsity_percent", "accuracy_improvement_percent", "energy_mj"):
        assert np.isnan(error("desk")([("mnist/2fc/ch-snn", column)], [50.0]))
    assert error("desk")([("mnist", "delta_0")], [90.0]) == pytest.approx(0.3)


def test_figures_take_the_runs_of_the_tables():
    assert set(DESK["s0-figure2"].cells) < set(DESK["s0-table1"].cells)
    behind = {*DESK["s0-table2"].cells, *DESK["s0-table4"].cells}
    assert set(DESK["s0-table2"].cells) < set(DESK["s0-figure3"].cells) < behind
    assert {e.row.split("/")[0] for e in TABLES["s0-figure2"]["printed"]} == {"mnist", "n-mnist", "cifar-10"}


def test_smoke_runs_end_to_end(tmp_path):
    """Three exhibits, really run at the smoke scale."""
    values = {}
    for id_ in ("s0-table1", "s0-table2", "s0-table14"):
        exhibit = SCALES["smoke"][id_]
        tables = exhibit.tabulate(run_cells(exhibit.cells, tmp_path))
        values[id_] = tables["table"].set_index(["row", "column"])["value"]
    one = values["s0-table1"]["mnist/2fc/ch-snn"]
    gained = one["accuracy_percent"] - one["dense_accuracy_percent"]
    assert one["accuracy_improvement_percent"] == pytest.approx(gained)
    assert 0 < one["link_sparsity_percent"] < 90  # the output layer is dense
    two = values["s0-table2"]
    for method in ("dense", "ch-snn"):
        row = two[f"mnist/3fc/{method}"]
        assert row["energy_mj"] == pytest.approx(1.5e-9 * row["sops"], rel=1e-5)
    assert two["mnist/3fc/dense"]["link_sparsity_percent"] == 0
    assert two["mnist/3fc/dense"]["sops"] > two["mnist/3fc/ch-snn"]["sops"] > 0
    kinds = values["s0-table14"]["mnist/dense"]
    assert kinds["rpdr_average"] == pytest.approx(kinds.drop("rpdr_average").mean(), abs=1e-4)


@pytest.mark.parametrize("id_", [id_ for id_ in DESK if id_ in EXHIBITS])  # what is committed
def test_stored_tables_are_those_of_the_records(id_, tmp_path):
    exhibit = make.drop_unfinished(DESK[id_], RESULTS)
    made = exhibit.tabulate({cell: load_record(RESULTS, cell) for cell in exhibit.cells})
    for name, table in made.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False, float_format="%.7g")
        fresh, kept = (pd.read_csv(folder / f"{name}.csv") for folder in (tmp_path, RESULTS / id_))
        assert same(fresh, kept, tolerance=1e-6), name


def test_captions_name_the_samples_that_are_counted():
    assert "of the first 1,000 test samples" in " ".join(Run.__doc__.split())
    assert "of the first 1,000 test samples" in TABLES["s0-table1"]["caption"]
