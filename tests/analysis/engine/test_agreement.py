"""Long runs that were made anew, in part, beside the committed ones."""

from dataclasses import replace

import pandas as pd
import pytest

from analysis import figures
from analysis.engine import agreement
from analysis.engine.cells import Record, record_path
from tests.analysis.s0.made import record

LONG_AGO = "2020-01-01T00:00:00+00:00"


@pytest.fixture
def long():
    (exhibit,) = (e for e in figures.catalogue() if e.id == "s0-table2")
    return exhibit


def save(root, cell, at=LONG_AGO, device="cpu, 1 thread(s)", **values):
    made = record(cell, **values)
    Record(made.arrays, {"run_at": at, "device": device}).save(record_path(root / "analysis/results", cell))


def check(exhibit, ours, theirs):
    found, left = agreement.pairs(exhibit, ours / "analysis/results", theirs / "analysis/results")
    return list(found), left, agreement.check_long(exhibit, found) if found else None


def test_a_part_that_was_made_anew_is_compared_with_the_same_part(long, tmp_path):
    fresh, committed = tmp_path / "fresh", tmp_path / "committed"
    for cell in long.cells:
        save(committed, cell)
    for cell in long.cells[:2]:
        save(fresh, cell, at="2020-06-01T00:00:00+00:00", device="cpu, one thread")  # long ago, yet made anew
    cells, left, result = check(long, fresh, committed)
    assert cells == list(long.cells[:2])
    assert left == "4 not made on both sides"
    assert result == (True, [])


def test_copies_and_runs_of_other_devices_are_left_out(long, tmp_path):
    fresh, committed = tmp_path / "fresh", tmp_path / "committed"
    for cell in long.cells:
        save(committed, cell)
    save(fresh, long.cells[0])
    save(fresh, long.cells[1], at="2020-06-01T00:00:00+00:00", device="GPU Z")
    cells, left, _ = check(long, fresh, committed)
    assert cells == []
    assert left == "1 a copy, 1 made on other devices, 4 not made on both sides"


def test_means_that_disagree_are_found_and_single_runs_are_not_judged(long, tmp_path):
    fresh, committed = tmp_path / "fresh", tmp_path / "committed"
    three = [cell for cell in long.cells if cell["dense"]]
    for cell in three:
        save(committed, cell, accuracy=0.9 + 0.001 * cell["seed"])
        save(fresh, cell, at="2020-06-01T00:00:00+00:00", accuracy=0.7 + 0.001 * cell["seed"])
    identical, problems = check(long, fresh, committed)[2]
    assert not identical
    assert "accuracy_percent" in "\n".join(problems)
    assert "energy_mj" not in "\n".join(problems)
    one = replace(long, cells=tuple(three[:1]))
    assert check(one, fresh, committed)[2] == (False, [])


def test_the_whole_check_says_what_it_left_out(long, tmp_path, capsys):
    committed = tmp_path / "committed/analysis/results"
    assert agreement.main(tmp_path, [long], committed) == 0
    said = capsys.readouterr().out
    assert "s0-table2: skipped, no run to compare (6 not made on both sides)" in said
    assert "agreement: 0 exhibits" in said
    cell = long.cells[0]
    save(tmp_path / "committed", cell)
    made = record(cell)
    made.notes.update(run_at="2021-01-01T00:00:00+00:00", device="cpu, 1 thread(s)")
    made.save(record_path(tmp_path / "results", cell))
    assert agreement.main(tmp_path, [long], committed) == 0
    said = capsys.readouterr().out
    assert "s0-table2: 1 of 6 runs compared (5 not made on both sides)" in said
    assert "agreement: 1 exhibits, 1 with the same tables, 0 problems" in said


def test_what_takes_hours_is_left_out(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("NETSCI_DATA", str(tmp_path))
    long = [exhibit for exhibit in figures.catalogue() if exhibit.seconds is not None]
    assert {exhibit.id[:3] for exhibit in long} == {"s0-"}
    assert agreement.main(tmp_path, long, figures.ROOT / "analysis/results") == 0
    printed = capsys.readouterr().out
    assert all(f"{exhibit.id}: skipped, no run to compare" in printed for exhibit in long)
    assert "agreement: 0 exhibits" in printed


def test_the_last_epoch_of_each_measure_is_compared():
    rows = [("a", 0, 1.0), ("a", 5, 2.0), ("a", 6, float("nan")), ("b", 3, 4.0)]
    table = pd.DataFrame([{"measure": m, "epoch": e, "seed": 0, "value": v} for m, e, v in rows])
    assert agreement.last_epoch(table)["value"].tolist() == [2.0, 4.0]
