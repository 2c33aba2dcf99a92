import json
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.engine.exhibit import Exhibit
from analysis.engine.sheet import Sheet
from analysis.engine.store import describe, load_tables, provenance, save_tables
from netsci.sweep import CHANGED, Cell, Task, run_cells


def cell(seed: int = 0, task: str = "draw", version: int = 1, **parameters: object) -> Cell:
    parameters = parameters or ({"size": 5} if task == "draw" else {})
    return Cell.of(
        Task(task, f"tests.sweep.tasks:{task}"), version=version, data="none", seed=seed, **parameters
    )


def exhibit(*cells: Cell) -> Exhibit:
    def tabulate(records):
        rows = [
            {"seed": c["seed"], "measure": "mean", "value": r.arrays["values"].mean()}
            for c, r in records.items()
        ]
        return {"table": pd.DataFrame(rows)}

    return Exhibit(
        id="numbers",
        title="Numbers",
        paper="none",
        place="",
        caption="Means.",
        cells=cells,
        tabulate=tabulate,
        draw=lambda tables, backend: None,
        sheet=lambda tables: Sheet(tables["table"].assign(row="all", column="mean")),
    )


def test_tables_count_only_if_made_from_these_cells(tmp_path):
    made = exhibit(cell(0), cell(1))
    assert load_tables(made, tmp_path) is None
    tables = made.tabulate(run_cells(made.cells, tmp_path))
    save_tables(made, tables, run_cells(made.cells, tmp_path), tmp_path)
    pd.testing.assert_frame_equal(load_tables(made, tmp_path)["table"], tables["table"], rtol=1e-6)
    assert load_tables(exhibit(cell(0), cell(2)), tmp_path) is None
    provenance = json.loads((tmp_path / "numbers/provenance.json").read_text())
    assert provenance["seeds"] == [0, 1]
    assert f"numpy {np.__version__}" in provenance["run"]["versions"][0]
    assert provenance["run"]["seconds"] >= 0
    assert load_tables(replace(made, version=2), tmp_path) is None
    (tmp_path / "numbers/table.csv").unlink()
    assert load_tables(made, tmp_path) is None


def test_provenance_counts_devices_and_trees_that_differed():
    runs = [
        {"device": "GPU Z", "commit": f"abc{CHANGED}", "seconds": 2.0},
        {"device": "GPU Z", "commit": "abc", "seconds": 1.0},
        {"commit": f"def{CHANGED}"},
    ]
    found = provenance(exhibit(cell(0), cell(1), cell(2)), ["table"], runs)["run"]
    assert found["device"] == {"GPU Z": 2}
    assert found["changed"] == 2
    assert found["seconds"] == 3.0
    assert found["commit"] == ["abc", f"abc{CHANGED}", f"def{CHANGED}"]


def test_a_page_says_where_runs_were_made():
    run = {"seconds": 1.0, "commit": ["abc"], "versions": ["v"], "machine": ["m"]}
    tabulated = {"commit": "t", "at": "now"}
    old = {"cells": ["a", "b", "c"], "seeds": [0], "data": ["d"], "tabulated": tabulated, "run": run}
    assert "devices of the runs" not in describe(old)
    new = old | {"run": run | {"device": {"GPU Z": 2, "cpu, 1 thread(s)": 1}, "changed": 2}}
    shown = describe(new)
    assert shown["devices of the runs"] == "GPU Z (2 of the runs); cpu, 1 thread(s) (1 of the runs)"
    assert shown["commit of the runs"] == "abc; 2 of 3 from a work tree that differed from its commit"
    assert describe(old | {"cells": []})["runs"] == "none is finished: printed values only"
