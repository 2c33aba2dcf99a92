"""Tables and their provenance: what is damaged is named and made anew; what is committed fits its sums."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis.engine.store import load_tables, save_tables
from analysis.engine.sums import RESULTS, list_sums
from netsci.sweep import read_sums, run_cells
from netsci.sweep.records import SUMS
from tests.analysis.engine.test_store import cell, exhibit


@pytest.fixture
def made(tmp_path):
    made = exhibit(cell(0), cell(1))
    records = run_cells(made.cells, tmp_path)
    save_tables(made, made.tabulate(records), records, tmp_path)
    return made


def _flip(path, bit):
    raw = bytearray(path.read_bytes())
    raw[bit // 8] ^= 1 << (bit % 8)
    path.write_bytes(raw)


@pytest.mark.parametrize("name", ["table.csv", "provenance.json"])
def test_flipped_bits_are_noticed_or_change_nothing(made, tmp_path, name, capsys):
    path, rng = tmp_path / "numbers" / name, np.random.default_rng(1)
    raw, whole = path.read_bytes(), load_tables(made, tmp_path)
    assert capsys.readouterr().err == ""
    for bit in rng.choice(8 * len(raw), 200, replace=8 * len(raw) < 200):
        _flip(path, int(bit))
        found = load_tables(made, tmp_path)
        said = capsys.readouterr().err
        if found is None:
            assert str(path) in said
            assert "made anew" in said
        else:  # a flip in the name of the sums, or in one of a white space
            assert "unchecked" in said or json.loads(path.read_text()) == json.loads(raw)
            pd.testing.assert_frame_equal(found["table"], whole["table"])
        path.write_bytes(raw)


def test_tables_of_before_are_read_and_said_to_be_unchecked(made, tmp_path, capsys):
    place = tmp_path / "numbers/provenance.json"
    source = json.loads(place.read_text())
    del source["sha256"]
    place.write_text(json.dumps(source))
    assert load_tables(made, tmp_path) is not None
    assert "read unchecked" in capsys.readouterr().err
    (tmp_path / SUMS).write_text(json.dumps(list_sums(tmp_path)))
    assert load_tables(made, tmp_path) is not None
    assert capsys.readouterr().err == ""
    table = tmp_path / "numbers/table.csv"
    table.write_text(table.read_text().replace("0", "1", 1))
    assert load_tables(made, tmp_path) is None
    assert f"{table} is damaged" in capsys.readouterr().err


def test_committed_results_fit_their_sums():
    """After results have changed on purpose: python -m analysis.engine.sums."""
    assert read_sums(RESULTS) == list_sums(RESULTS)
