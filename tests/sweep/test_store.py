"""A cell is run once; records lie under its name."""

import subprocess
from dataclasses import replace

import numpy as np
import pytest

from netsci.sweep import (
    CHANGED,
    Cell,
    FailedCellsError,
    Names,
    Record,
    Task,
    describe_origin,
    find_record,
    load_record,
    record_path,
    run_cells,
)


def cell(seed: int = 0, task: str = "draw", version: int = 1, **parameters: object) -> Cell:
    parameters = parameters or ({"size": 5} if task == "draw" else {})
    return Cell.of(
        Task(task, f"tests.sweep.tasks:{task}"), version=version, data="none", seed=seed, **parameters
    )


def test_a_cell_runs_once(tmp_path):
    done = []
    first = run_cells([cell(0), cell(1), cell(0)], tmp_path, done=done.append)
    stamps = {c: record_path(tmp_path, c).stat().st_mtime_ns for c in first}
    again = run_cells([cell(1), cell(0)], tmp_path)
    assert sorted(c["seed"] for c in done) == [0, 1]
    assert {c: record_path(tmp_path, c).stat().st_mtime_ns for c in again} == stamps
    expected = np.random.default_rng(1).normal(size=5)
    assert np.array_equal(again[cell(1)].arrays["values"], expected)
    assert again[cell(1)].notes["seconds"] >= 0


def test_a_failing_run_keeps_the_finished_ones_and_leaves_no_half_file(tmp_path):
    with pytest.raises(RuntimeError, match="seed 3 fails"):
        run_cells([cell(0), cell(3, "fail")], tmp_path)
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [record_path(tmp_path, cell(0)).name]


def test_a_task_must_return_a_record(tmp_path):
    with pytest.raises(FailedCellsError, match=r"TypeError: .* must return a Record"):
        run_cells([cell(1, "wrong")], tmp_path)


def test_records_come_back_as_they_went(tmp_path):
    record = Record({"a": np.arange(3, dtype=np.int32), "b": np.array([[np.nan, 1.0]])}, {"note": "é"})
    record.save(tmp_path / "record.npz")
    back = Record.load(tmp_path / "record.npz")
    assert back.notes == record.notes
    assert back.arrays["a"].dtype == np.int32
    assert np.array_equal(back.arrays["b"], record.arrays["b"], equal_nan=True)


def test_the_record_of_another_cell_is_refused(tmp_path):
    run_cells([cell(0)], tmp_path)
    record_path(tmp_path, cell(0)).rename(record_path(tmp_path, cell(1)))
    with pytest.raises(ValueError, match="holds the record of the run"):
        load_record(tmp_path, cell(1))
    with pytest.raises(FileNotFoundError, match="run the cell"):
        load_record(tmp_path, cell(0))


def test_a_record_under_an_earlier_name_is_found_and_read(tmp_path):
    old = cell(0)
    run_cells([old], tmp_path)
    names = Names({"draw": {"1": {"size": 5}}}, {})
    new = replace(old, task=replace(old.task, names=names))
    assert new.name != old.name
    assert find_record(tmp_path, new) is None
    aliased = replace(old, task=replace(old.task, names=replace(names, aliases={old.name: new.name})))
    assert aliased == new
    assert find_record(tmp_path, aliased) == record_path(tmp_path, old)
    assert len(load_record(tmp_path, aliased).arrays["values"]) == 5


def test_where_a_record_lies_by_its_kind(tmp_path):
    kept = replace(cell(0), kept=True)
    run_cells([kept], tmp_path)
    assert record_path(tmp_path, kept) == tmp_path / "records" / f"{kept.name}.npz"
    assert find_record(tmp_path, cell(0)) == record_path(tmp_path, kept)


def run_git(folder, *words):
    options = ["-c", "user.name=a", "-c", "user.email=a@b"]
    done = subprocess.run(["git", *options, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_the_origin_of_numbers_is_the_commit_of_the_code_that_makes_them(tmp_path):
    code, notes = tmp_path / "code.py", tmp_path / "notes.txt"
    code.write_text("x = 1\n")
    notes.write_text("a\n")
    run_git(tmp_path, "init", "-q")
    assert describe_origin(code)["commit"] == "unknown: not a git checkout"  # not yet part of it
    run_git(tmp_path, "add", ".")
    run_git(tmp_path, "commit", "-qm", "one")
    commit = run_git(tmp_path, "rev-parse", "HEAD")
    notes.write_text("b\n")
    assert describe_origin(code)["commit"] == commit
    code.write_text("x = 2\n")
    assert describe_origin(code)["commit"] == f"{commit}{CHANGED}"
