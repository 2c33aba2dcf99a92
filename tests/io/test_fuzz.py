"""Damaged files of every format through the front door; `benchmarks/fuzz.py` loads many more of the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.fuzz import MAX_BYTES, MAX_SECONDS, PATIENCE, REAL, Outcome, run
from netsci.io import load
from netsci.io.sandbox import isolation
from tests.io.mutations import case, seeds
from tests.io.seeds import SEEDS

pytestmark = pytest.mark.skipif(not isolation.AVAILABLE, reason="this system cannot fork")
FILES = 25


def check(outcome: Outcome, count: int) -> None:
    assert outcome.failed == []
    assert outcome.crashed == []
    assert outcome.files == outcome.accepted + outcome.refused == count
    assert outcome.refused > 0
    assert outcome.over == []
    assert 0 < outcome.slowest[0] < MAX_SECONDS
    assert outcome.slowest[0] < outcome.latest[0] < PATIENCE
    assert 0 < outcome.heaviest[0] < MAX_BYTES
    assert not outcome.missed


@pytest.mark.parametrize("name", SEEDS)
def test_damaged_files_load_or_are_refused_soon_and_in_little_memory(name):
    check(run(name, 1, range(FILES)), FILES)


@pytest.mark.skipif("NETSCI_DATA" not in os.environ, reason="NETSCI_DATA names no folder of real files")
def test_damaged_real_files():
    check(run(REAL, 1, range(2 * FILES)), 2 * FILES)


@pytest.mark.parametrize("name", SEEDS)
def test_the_files_are_whole_before_and_the_same_every_time(tmp_path, name):
    files = seeds(name, tmp_path)
    for number in range(len(files)):
        assert load(tmp_path / f"{name}{number}", isolate=False).graph.n_links > 0
    assert seeds(name, tmp_path) == files
    cases = [case(files, name, 1, number) for number in range(60)]
    assert [case(files, name, 1, number) for number in range(60)] == cases
    assert len(set(cases)) > 50
    assert sum(data in files for data in cases) < 10
    assert case(files, name, 2, 0) != cases[0]


def test_a_miss_is_a_miss(monkeypatch, tmp_path):
    import benchmarks.fuzz as fuzz

    def broken(path: Path):
        raise KeyError("x")

    path = tmp_path / "net"
    seeds("npy", tmp_path)
    path.write_bytes((tmp_path / "npy0").read_bytes())
    assert not fuzz.judged(path, 3).missed
    monkeypatch.setattr(fuzz, "MAX_SECONDS", 0.0)
    assert fuzz.judged(path, 3).missed
    monkeypatch.undo()
    monkeypatch.setattr(fuzz, "PATIENCE", 0.0)
    assert fuzz.judged(path, 3).missed
    monkeypatch.undo()
    monkeypatch.setattr(fuzz, "MAX_BYTES", 1e6)
    assert fuzz.judged(path, 3).missed
    monkeypatch.undo()
    assert fuzz.Outcome(files=1, over=[3]).missed
    monkeypatch.undo()
    monkeypatch.setattr(fuzz, "load", broken)
    outcome = fuzz.judged(path, 3)
    assert outcome.missed
    assert outcome.failed[0][0] == 3
    assert "KeyError" in outcome.failed[0][1]
