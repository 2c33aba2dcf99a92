"""The catalogue with what is committed of it, and a look into a table."""

from functools import cache

import numpy as np
import pandas as pd

from analysis import figures
from analysis.engine.exhibit import Tables
from analysis.engine.make import drop_unfinished
from analysis.engine.store import load_tables

RESULTS = figures.ROOT / "analysis/results"
# Long runs that are planned and of which none is finished have nothing that is committed.
PLANNED = {
    exhibit.id: exhibit
    for exhibit in figures.catalogue()
    if exhibit.seconds and not exhibit.printed and not (RESULTS / exhibit.id).exists()
}
EXHIBITS = {exhibit.id: exhibit for exhibit in figures.catalogue() if exhibit.id not in PLANNED}


@cache
def tables_of(id_: str) -> Tables:
    """Return the committed tables of an exhibit; None where they were made from other cells."""
    return load_tables(drop_unfinished(EXHIBITS[id_], RESULTS), RESULTS)


def value(table: pd.DataFrame, **where: object) -> float:
    """Return the one value of a table where its columns are as given."""
    rows = table[np.logical_and.reduce([table[name] == wanted for name, wanted in where.items()])]
    assert len(rows) == 1, (where, len(rows))
    return rows["value"].iloc[0]
