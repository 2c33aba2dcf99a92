"""Damaged records: named, put aside and made anew, or refused where that takes hours; never believed."""

from __future__ import annotations

import json
import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from netsci.io.files import sha256
from netsci.sweep import (
    Cell,
    DamagedRecordError,
    DamagedRecordsError,
    Names,
    Record,
    Task,
    load_record,
    record_path,
    run_cells,
)
from netsci.sweep.records import SUMS


def cell(seed: int = 0, *, kept: bool = False) -> Cell:
    task = Task("draw", "tests.sweep.tasks:draw")
    return Cell.of(task, version=1, data="none", kept=kept, seed=seed, size=30)


def flip(raw: bytes, bit: int) -> bytes:
    changed = bytearray(raw)
    changed[bit // 8] ^= 1 << (bit % 8)
    return bytes(changed)


def same(a: Record, b: Record) -> bool:
    arrays = a.arrays.keys() == b.arrays.keys() and all(
        np.array_equal(a.arrays[n], b.arrays[n]) for n in a.arrays
    )
    return arrays and a.notes == b.notes


def write_as_before(record: Record, path: Path) -> None:
    """Write a record as versions without checksums did."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **record.arrays, notes=np.array(json.dumps(record.notes)))


def test_flipped_bits_change_nothing_or_are_noticed(tmp_path):
    rng = np.random.default_rng(0)
    whole = Record({"a": rng.random(300), "links": rng.integers(0, 9, (40, 2))}, {"cell": "x"})
    whole.save(tmp_path / "r.npz")
    raw, noticed = (tmp_path / "r.npz").read_bytes(), 0
    for bit in rng.choice(8 * len(raw), 200, replace=False):
        (tmp_path / "q.npz").write_bytes(flip(raw, int(bit)))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                found = Record.load(tmp_path / "q.npz")
            except DamagedRecordError as error:
                noticed += "q.npz is damaged" in str(error)
                continue
        assert same(found, whole), bit
    assert noticed > 150


@pytest.mark.parametrize("length", [0, 1, 30, 500])
def test_a_record_that_was_cut_off_is_damaged(tmp_path, length):
    Record({"a": np.arange(90.0)}).save(tmp_path / "r.npz")
    (tmp_path / "r.npz").write_bytes((tmp_path / "r.npz").read_bytes()[:length])
    with pytest.raises(DamagedRecordError, match="cannot be read"):
        Record.load(tmp_path / "r.npz")
    with pytest.raises(FileNotFoundError):
        Record.load(tmp_path / "none.npz")


def test_a_record_that_lost_its_sum_is_damaged(tmp_path):
    Record({"a": np.arange(3.0)}).save(tmp_path / "r.npz")
    with np.load(tmp_path / "r.npz") as stored:
        rest = {name: stored[name] for name in stored.files if name != "sha256"}
    np.savez(tmp_path / "r.npz", **rest)
    with pytest.raises(DamagedRecordError, match="does not fit"):
        Record.load(tmp_path / "r.npz")


def test_a_damaged_record_is_put_aside_and_made_anew(tmp_path, capsys):
    whole = run_cells([cell(0), cell(1)], tmp_path)
    path = record_path(tmp_path, cell(0))
    damaged = flip(path.read_bytes(), 8 * (path.stat().st_size // 2))
    path.write_bytes(damaged)
    again = run_cells([cell(0), cell(1)], tmp_path)
    said = capsys.readouterr().err
    assert cell(0).name in said
    assert "is damaged" in said
    assert path.with_suffix(".damaged").read_bytes() == damaged  # nothing is lost
    assert np.array_equal(again[cell(0)].arrays["values"], whole[cell(0)].arrays["values"])
    run_cells([cell(0)], tmp_path)
    assert capsys.readouterr().err == ""


def test_the_record_of_another_cell_is_made_anew(tmp_path, capsys):
    run_cells([cell(0), cell(1)], tmp_path)
    shutil.copy(record_path(tmp_path, cell(1)), record_path(tmp_path, cell(0)))
    again = run_cells([cell(0)], tmp_path)[cell(0)]
    assert f"it holds the record of the run {cell(1).key}" in capsys.readouterr().err
    assert np.array_equal(again.arrays["values"], np.random.default_rng(0).normal(size=30))


def test_records_of_long_runs_are_named_and_never_made_again(tmp_path):
    long = [cell(seed, kept=True) for seed in range(3)]
    run_cells(long, tmp_path)
    for one in long[:2]:
        path = record_path(tmp_path, one)
        path.write_bytes(flip(path.read_bytes(), 8 * (path.stat().st_size // 2)))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.npz")}
    with pytest.raises(DamagedRecordsError) as told:
        run_cells([*long, cell(9)], tmp_path)
    assert all(str(record_path(tmp_path, one)) in str(told.value) for one in long[:2])
    assert str(record_path(tmp_path, long[2])) not in str(told.value)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.npz")} == before


def test_an_older_record_is_read_and_said_to_be_unchecked(tmp_path):
    made = cell(0)
    path = record_path(tmp_path, made)
    write_as_before(Record({"values": np.ones(3)}, {"cell": made.key}), path)
    with pytest.warns(UserWarning, match="holds no checksum.*unchecked"):
        assert load_record(tmp_path, made).arrays["values"].tolist() == [1.0] * 3
    (tmp_path / SUMS).write_text(json.dumps({f"runs/{path.name}": sha256(path)}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(load_record(tmp_path, made).arrays["values"]) == 3
    write_as_before(Record({"values": np.zeros(3)}, {"cell": made.key}), path)
    with pytest.raises(DamagedRecordError, match=r"is not that in sums\.json"):
        load_record(tmp_path, made)
    (tmp_path / SUMS).write_text("{")
    with pytest.raises(ValueError, match=r"sums\.json is damaged"):
        load_record(tmp_path, made)


def test_the_key_of_an_earlier_name_is_the_cells_own(tmp_path):
    old = cell(0)
    run_cells([old], tmp_path)
    new = cell(5)
    aliased = replace(new, task=replace(new.task, names=Names(aliases={old.name: new.name})))
    assert load_record(tmp_path, aliased).notes["cell"] == old.key
