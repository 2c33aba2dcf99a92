"""Committed records of S0: each belongs to a cell, and the stored tables are those that they give."""

import pandas as pd
import pytest

from analysis import figures, s0_grid
from analysis.engine.cells import find_record, load_record
from analysis.statistics import same

RESULTS = figures.ROOT / "analysis/results"
LONG = [exhibit for exhibit in figures.catalogue() if exhibit.seconds is not None]


def test_every_record_belongs_to_a_cell():
    paths = (find_record(RESULTS, cell) for exhibit in LONG for cell in exhibit.cells)
    wanted = {path.name for path in paths if path}
    there = {path.name for path in (RESULTS / "records").iterdir()}
    assert there
    assert not there - wanted


@pytest.mark.parametrize("exhibit", LONG, ids=lambda exhibit: exhibit.id)
def test_stored_tables_are_those_of_the_records(exhibit, tmp_path):
    exhibit = figures.finished(exhibit, RESULTS)
    stored = RESULTS / exhibit.id / "table.csv"
    if not (exhibit.cells or exhibit.printed):
        assert not stored.exists()
        return
    assert stored.exists(), "make it: python -m analysis.figures"
    made = exhibit.tabulate({cell: load_record(RESULTS, cell) for cell in exhibit.cells})
    made["table"].to_csv(tmp_path / "table.csv", index=False, float_format="%.7g")
    fresh, kept = (pd.read_csv(path) for path in (tmp_path / "table.csv", stored))
    assert same(fresh, kept, tolerance=1e-6)


@pytest.mark.parametrize("grid", s0_grid.GRIDS, ids=lambda grid: grid.id)
def test_the_best_choices_of_whole_grids_are_those_that_the_tables_take(grid):
    table = pd.read_csv(RESULTS / grid.id / "table.csv")
    assert len(table) == 2 * len(grid.choices)
    assert grid.used
    for network, key in s0_grid.NETWORKS.items():
        if key in grid.used:
            assert s0_grid.best(grid, table, network) == dict(grid.used[key])


def test_what_is_said_of_the_gap_at_10_epochs():
    """Table 1 explains its gap: "it is there after 10 epochs, too, at the best of four rates of each"."""
    grid = s0_grid.BACK_PROPAGATED
    table = pd.read_csv(RESULTS / grid.id / "table.csv")
    top = table.groupby("network")["value"].max()
    later = pd.read_csv(RESULTS / "s0-table1/table.csv").query("row == 'mnist/2fc/ch-snn'")
    later = later.groupby("column")["value"].mean()
    assert {cell["epochs"] for cell in s0_grid.grid_cells("desk")} == {10}
    assert table.groupby("network")["lr"].nunique().eq(4).all()
    assert top["CH-SNN"] - top["dense"] == pytest.approx(later["accuracy_improvement_percent"], abs=0.1)
