"""Long runs that were made anew, in part, beside the committed ones."""

from dataclasses import replace

import pandas as pd
import pytest

from analysis.engine import agreement
from analysis.engine.agreement import Outcome
from netsci.sweep import Record, record_path
from tests.analysis.committed import EXHIBITS, RESULTS
from tests.analysis.s0.made import record

LONG = EXHIBITS["s0-table2"]
LONG_AGO, ANEW = "2020-01-01T00:00:00+00:00", "2020-06-01T00:00:00+00:00"  # long ago, too


@pytest.fixture
def folder(tmp_path):
    """A folder whose "committed" holds every run, made long ago."""
    for cell in LONG.cells:
        save(tmp_path / "committed", cell)
    return tmp_path


def save(root, cell, at=LONG_AGO, device="cpu, 1 thread(s)", **values):
    made = record(cell, **values)
    Record(made.arrays, {"run_at": at, "device": device}).save(record_path(root, cell))


def check(exhibit, folder):
    return agreement.check(exhibit, *(folder / whose for whose in ("fresh", "committed")))


def test_a_part_that_was_made_anew_is_compared_with_the_same_part(folder):
    for cell in LONG.cells[:2]:
        save(folder / "fresh", cell, at=ANEW, device="cpu, one thread")
    told = "2 of 6 runs compared (4 not made on both sides)"
    assert check(LONG, folder) == Outcome(True, left_out=told)


def test_copies_and_runs_of_other_devices_are_left_out(folder):
    save(folder / "fresh", LONG.cells[0])
    save(folder / "fresh", LONG.cells[1], at=ANEW, device="GPU Z")
    told = "skipped, no run to compare (1 a copy, 1 made on other devices, 4 not made on both sides)"
    assert check(LONG, folder) == Outcome(left_out=told)


def test_means_that_disagree_are_found_and_single_runs_are_not_judged(folder):
    three = [cell for cell in LONG.cells if cell["dense"]]
    for cell in three:
        save(folder / "committed", cell, accuracy=0.9 + 0.001 * cell["seed"])
        save(folder / "fresh", cell, at=ANEW, accuracy=0.7 + 0.001 * cell["seed"])
    found = check(LONG, folder)
    assert not found.same
    assert "accuracy_percent" in "\n".join(found.problems)
    assert "energy_mj" not in "\n".join(found.problems)
    one = replace(LONG, cells=tuple(three[:1]))
    assert check(one, folder) == Outcome(False)


def test_the_whole_check_says_what_it_left_out(tmp_path, capsys):
    committed = tmp_path / "committed"
    assert agreement.main(tmp_path, [LONG], committed) == 0
    said = capsys.readouterr().out
    assert "s0-table2: skipped, no run to compare (6 not made on both sides)" in said
    assert "agreement: 0 exhibits" in said
    cell = LONG.cells[0]
    save(tmp_path / "committed", cell)
    made = record(cell)
    made.notes.update(run_at="2021-01-01T00:00:00+00:00", device="cpu, 1 thread(s)")
    made.save(record_path(tmp_path / "results", cell))
    assert agreement.main(tmp_path, [LONG], committed) == 0
    said = capsys.readouterr().out
    assert "s0-table2: 1 of 6 runs compared (5 not made on both sides)" in said
    assert "agreement: 1 exhibits, 1 with the same tables, 0 problems" in said


def test_what_takes_hours_is_left_out(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("NETSCI_DATA", str(tmp_path))
    long = [exhibit for exhibit in EXHIBITS.values() if exhibit.seconds is not None]
    assert {"s0-"} <= {exhibit.id[:3] for exhibit in long}
    assert agreement.main(tmp_path, long, RESULTS) == 0
    printed = capsys.readouterr().out
    assert all(f"{exhibit.id}: skipped, no run to compare" in printed for exhibit in long)
    assert "agreement: 0 exhibits" in printed


def test_the_last_epoch_of_each_measure_is_compared():
    rows = [("a", 0, 1.0), ("a", 5, 2.0), ("a", 6, float("nan")), ("b", 3, 4.0)]
    table = pd.DataFrame([{"measure": m, "epoch": e, "seed": 0, "value": v} for m, e, v in rows])
    assert agreement.last_epoch(table)["value"].tolist() == [2.0, 4.0]
