"""Committed records that are made again: which are drawn, and what counts as the same."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from analysis.engine.converted import Conversion, converted_cell
from analysis.engine.networks import start_from
from analysis.engine.pruned import Pruning, pruned_cell
from analysis.engine.verdict import Verdict, compare
from analysis.engine.verify import LONGEST, draw_cells, find_hasty, verify
from netsci.sweep import Cell, Record, Task, load_record, record_path, run_cells
from netsci.train import PRESETS, Recipe, recipe_cell
from tests.analysis.committed import EXHIBITS, RESULTS
from tests.analysis.engine.conversion_records import make_record

RECIPE = Recipe().replace(limit=60, test_limit=40, epochs=1, steps=2, options=(("hidden", (16,)),))


def record(accuracies, seconds=1.0, **more):
    rows = [("accuracy", value) for value in accuracies] + [("seconds", seconds)]
    names, values = zip(*rows, strict=True)
    arrays = {"table_measure": np.array(names), "table_value": np.array(values), **more}
    return Record(arrays, {"seconds": seconds})


def test_times_and_what_a_later_version_keeps_do_not_count():
    verdict = compare(record([0.5, 0.75]), record([0.5, 0.75], 9.0, masks=np.ones(3)))
    assert (verdict.differing, verdict.numbers, verdict.holds) == (0, 4, True)


@pytest.mark.parametrize(("again", "holds"), [(0.9012, True), (0.95, False), (float("nan"), False)])
def test_other_numbers_hold_where_the_accuracies_agree(again, holds):
    verdict = compare(record([0.5, 0.9]), record([0.5, again]))
    assert (verdict.differing, verdict.holds) == (1, holds)
    assert "1 of 4 numbers differ; accuracy 90.00 %" in str(verdict)


def test_first_links_that_whole_numbers_draw_must_be_the_same():
    mine, other = (record([0.5], first_a=np.arange(3) + add, last_a=np.arange(2)) for add in (0, 1))
    assert not compare(mine, other, initial="uniform").holds
    assert "first links" in str(compare(mine, other, initial="uniform"))
    assert compare(mine, other, initial="sscti").holds  # correlations round
    last = record([0.5], first_a=np.arange(3), last_a=np.arange(2) + 1)
    assert compare(mine, last, initial="uniform").holds


def test_records_without_a_common_array_do_not_stand():
    assert not compare(Record({"a": np.ones(2)}, {}), Record({"b": np.ones(2)}, {})).holds


def test_missing_rows_and_other_lengths_differ():
    assert not compare(record([0.5]), record([0.5, 0.9])).holds
    assert compare(record([0.5], links=np.arange(3)), record([0.5], links=np.arange(4))).differing == 4


def test_a_record_that_was_changed_does_not_stand(tmp_path):
    cells = [recipe_cell(RECIPE.replace(seed=seed), kept=True) for seed in range(2)]
    records = run_cells(cells, tmp_path)
    said = []
    assert verify(cells, tmp_path, 1, 0, said.append)
    assert len(said) == 1
    assert "stands: all" in said[0]
    wrong = {**records[cells[0]].arrays}
    accuracy = wrong["table_measure"] == "accuracy"
    wrong["table_value"] = np.where(accuracy, 1.0 - wrong["table_value"], wrong["table_value"])
    Record(wrong, records[cells[0]].notes).save(next(tmp_path.rglob(f"{cells[0].name}*.npz")))
    assert not verify(cells, tmp_path, 2, 0, said.append)
    assert sum("DOES NOT STAND" in line for line in said) == 1


def test_only_short_and_committed_runs_are_drawn(tmp_path, monkeypatch):
    task = Task("toy", "tests.analysis.engine.test_verify:record")
    cells = [
        Cell.of(task, version=1, data="none", kept=kept, accuracies=(0.1 * n,))
        for n, kept in enumerate([True, True, False])
    ]
    run_cells(cells, tmp_path)
    assert set(draw_cells(cells, tmp_path, 5, 0)) == set(cells[:2])
    assert draw_cells(cells, tmp_path, 5, 0, among=cells[1:]) == [cells[1]]
    assert set(draw_cells(cells, tmp_path, 5, 0, longest=float("inf"))) >= set(cells[:2])
    assert draw_cells(cells, tmp_path, 1, 0) == draw_cells(cells, tmp_path, 1, 0)
    assert len({draw_cells(cells, tmp_path, 1, seed)[0] for seed in range(9)}) == 2
    monkeypatch.setattr("analysis.engine.verify.LONGEST", 0.0)
    assert set(draw_cells(cells, tmp_path, 5, 0, longest=float("inf"))) == set(cells[:2])
    said = []
    assert verify(cells, tmp_path, 5, 0, said.append)
    assert said == ["no committed record took less than ten minutes"]
    assert str(Verdict(0, 3, (0.1, 0.1))) == "all 3 numbers are the same"


def test_what_a_run_starts_from_is_made_first(tmp_path):
    """In a clean clone there are records and no networks."""
    source = recipe_cell(RECIPE, kept=True, networks=0)
    second = recipe_cell(RECIPE.replace(seed=1), kept=True, **start_from(source, tmp_path))
    cells = [source, second, recipe_cell(RECIPE, kept=True)]  # another exhibit needs no network of the source
    run_cells([source], tmp_path)
    record = run_cells([second], tmp_path)[second]
    shutil.rmtree(tmp_path / "kept")
    said = []
    assert verify(cells, tmp_path, 3, 0, said.append)
    assert [line for line in said if line.startswith(second.name)] == [
        f"{second.name}: stands: all {compare(record, record).numbers} numbers are the same"
    ]
    shutil.rmtree(tmp_path / "kept")
    false = load_record(tmp_path, source)
    wrong = np.where(false.arrays["table_measure"] == "accuracy", 0.01, false.arrays["table_value"])
    Record({**false.arrays, "table_value": wrong}, false.notes).save(record_path(tmp_path, source))
    assert not verify([source, second], tmp_path, 2, 0, said.append)
    assert any(line.startswith(f"{second.name}: DOES NOT STAND: {source.name} was trained") for line in said)


@pytest.mark.parametrize("epochs", [0, 1])
def test_a_pruned_network_is_made_again_from_its_dense_run(tmp_path, epochs):
    dense = recipe_cell(RECIPE.replace(dense=True), kept=True, networks=0)
    pruned = pruned_cell(dense, Pruning("wanda", 0.7, epochs=epochs))
    records = run_cells([dense, pruned], tmp_path)
    shutil.rmtree(tmp_path / "kept")
    said = []
    assert verify([dense, pruned], tmp_path, 2, 0, said.append)
    assert [line.split(": ")[1] for line in said] == ["stands"] * 2
    assert {line.split(": ")[0] for line in said} == {dense.name, pruned.name}
    arrays = dict(records[pruned].arrays)
    layer = next(name for name in arrays if name.startswith("last_") and not name.endswith("_shape"))
    arrays[layer] = np.roll(arrays[layer], 1)  # as many links, elsewhere
    Record(arrays, records[pruned].notes).save(record_path(tmp_path, pruned))
    del said[:]
    assert verify([dense, pruned], tmp_path, 2, 0, said.append)  # what fine-tuning rounds is not refused
    (line,) = (line for line in said if line.startswith(pruned.name))
    assert "numbers differ; accuracy" in line
    measured = records[pruned].arrays["table_measure"] == "accuracy"
    wrong = np.where(
        measured, 1.0 - records[pruned].arrays["table_value"], records[pruned].arrays["table_value"]
    )
    Record({**records[pruned].arrays, "table_value": wrong}, records[pruned].notes).save(
        record_path(tmp_path, pruned)
    )
    assert not verify([dense, pruned], tmp_path, 2, 0, said.append)


def test_time_counts_what_a_run_starts_from(tmp_path, monkeypatch):
    """A network that is missing is trained again, that of a pruned cell always: both take their time."""
    source = recipe_cell(RECIPE, kept=True, networks=0)
    second = recipe_cell(RECIPE.replace(seed=1), kept=True, **start_from(source, tmp_path))
    pruned = pruned_cell(source, Pruning("magnitude", 0.5))
    for cell, seconds in ((source, 400.0), (second, 300.0), (pruned, 300.0)):
        place = record_path(tmp_path, cell)
        place.parent.mkdir(exist_ok=True)
        record([0.5], seconds).save(place)
    cells = [source, second, pruned]
    assert draw_cells(cells, tmp_path, 3, 0) == [source]
    assert draw_cells([second], tmp_path, 1, 0) == []  # whose start nothing leaves
    there = tmp_path / "kept" / source.name / "network.safetensors"
    there.parent.mkdir(parents=True)
    there.touch()
    assert set(draw_cells(cells, tmp_path, 3, 0)) == {source, second}
    monkeypatch.setattr("analysis.engine.verify.LONGEST", 701.0)
    assert set(draw_cells(cells, tmp_path, 3, 0)) == set(cells)


def test_no_committed_run_was_faster_than_its_work():
    assert find_hasty(EXHIBITS.values(), RESULTS) == {}
    exhibit = next(one for one in EXHIBITS.values() if one.id == "s0-grid")
    slow = replace(exhibit, seconds=lambda cell: 1e6)
    assert len(find_hasty([slow], RESULTS)) == len(exhibit.cells)


def test_a_converted_network_is_judged_by_its_accuracy_and_its_source_counts(tmp_path):
    mine, other, far = (make_record(SNM=([1, 2, right], [1.0, 2.0, 3.0], 0)) for right in (9000, 9030, 9500))
    for one in (mine, other, far):
        one.arrays["table_value"][one.arrays["table_measure"] == "images"] = 10_000.0
    assert compare(mine, mine).differing == 0
    close = compare(mine, other)
    assert close.differing > 0
    assert close.accuracy == pytest.approx((0.9, 0.903))
    assert close.holds
    assert not compare(mine, far).holds
    recipe = PRESETS["digits-mlp"].replace(dense=True, epochs=1, limit=60)
    source = recipe_cell(recipe, kept=True, networks=0)
    one = converted_cell(source, [Conversion("SNM", "snm")], steps=2)
    for cell, taken in ((source, LONGEST), (one, 1.0)):
        Record({"a": np.ones(1)}, {"seconds": taken}).save(record_path(tmp_path, cell))
    assert draw_cells([one], tmp_path, 3, 0) == []  # its source is trained again, and takes too long
    Record({"a": np.ones(1)}, {"seconds": 2.0}).save(record_path(tmp_path, source))
    assert draw_cells([one], tmp_path, 3, 0) == [one]
