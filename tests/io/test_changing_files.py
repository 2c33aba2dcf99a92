"""The checksum of a network that was read is that of the bytes that were read."""

import importlib
import shutil

import numpy as np
import pytest
from safetensors.numpy import save_file

from netsci.io import CheckpointError, load
from netsci.io.files import sha256

LOAD = importlib.import_module("netsci.io.load")


def _write(path, name, seed=0):
    mask = np.random.default_rng(seed).random((9, 12)) < 0.4
    save_file({f"{name}.weight": mask.astype("f4")}, path)
    return path


@pytest.mark.parametrize("isolate", [True, False])
def test_a_file_that_is_exchanged_before_it_is_read(tmp_path, monkeypatch, isolate):
    path, other = _write(tmp_path / "a.safetensors", "before"), _write(tmp_path / "b.safetensors", "after")

    def exchange(file):
        found = sha256(file)
        shutil.copy(other, path)
        return found

    monkeypatch.setattr(LOAD, "sha256", exchange)
    loaded = load(path, isolate=isolate)
    assert [p.name for p in loaded.graph.projections] == ["after"]
    assert loaded.sha256 == sha256(other)


def test_a_file_that_never_stays_as_it_is(tmp_path, monkeypatch):
    path, count = _write(tmp_path / "a.safetensors", "x"), iter(range(99))

    def change(file):
        found = sha256(file)
        _write(path, "x", next(count) + 1)
        return found

    monkeypatch.setattr(LOAD, "sha256", change)
    with pytest.raises(CheckpointError, match="changes while it is read; wait"):
        load(path, isolate=False)


def test_a_file_that_goes_away(tmp_path, monkeypatch):
    path, parse = _write(tmp_path / "a.safetensors", "x"), LOAD.parse

    def vanish(*arguments, **options):
        found = parse(*arguments, **options)
        path.unlink()
        return found

    monkeypatch.setattr(LOAD, "parse", vanish)
    with pytest.raises(CheckpointError, match="no such file"):
        load(path, isolate=False)


def test_a_file_that_stays_is_read_once(tmp_path, monkeypatch):
    path, parse, read = _write(tmp_path / "a.safetensors", "x"), LOAD.parse, []
    monkeypatch.setattr(LOAD, "parse", lambda *a, **o: read.append(1) or parse(*a, **o))
    assert load(path, isolate=False).sha256 == sha256(path)
    assert read == [1]
