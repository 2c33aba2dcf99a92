"""The grids of our choices: the tables take what is best, and are judged by it."""

from dataclasses import replace

import pandas as pd
import pytest

from analysis.s0 import grids
from tests.analysis.committed import RESULTS, tables_of
from tests.analysis.s0.made import DESK


@pytest.mark.parametrize("id_", grids.GRIDS)
def test_the_best_choices_of_whole_grids_are_those_that_the_tables_take(id_):
    grid, table = grids.GRIDS[id_], pd.read_csv(RESULTS / id_ / "table.csv")
    assert len(table) == 2 * len(grid.choices)
    for network, key in grids.NETWORKS.items():
        if key in grid.used:
            best = table.loc[table[table["network"] == network]["value"].idxmax()]
            assert {name: best[name] for name in grid.names} == dict(grid.used[key])


def test_what_is_said_of_the_gap_at_10_epochs():
    """Table 1's note says that its gap is there after 10 epochs, too, at the best of four rates of each."""
    table = pd.read_csv(RESULTS / "s0-grid/table.csv")
    top = table.groupby("network")["value"].max()
    later = pd.read_csv(RESULTS / "s0-table1/table.csv").query("row == 'mnist/2fc/ch-snn'")
    later = later.groupby("column")["value"].mean()
    assert {cell["epochs"] for cell in grids.GRIDS["s0-grid"].cells("desk")} == {10}
    assert table.groupby("network")["lr"].nunique().eq(4).all()
    assert top["CH-SNN"] - top["dense"] == pytest.approx(later["accuracy_improvement_percent"], abs=0.1)


def test_a_grid_is_judged_by_its_best():
    exhibit, tables = DESK["s0-stp-grid-full"], tables_of("s0-stp-grid-full")
    wrong = tables | {"table": tables["table"].assign(value=100.0 - tables["table"]["value"])}
    assert set(exhibit.rulings(tables)["holds"]) == {"undecided"}
    assert set(exhibit.rulings(wrong)["holds"]) == {"no"}
    assert replace(exhibit, scale="smoke").note() is None
