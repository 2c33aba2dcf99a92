"""Sweeps: run a grid of cells once, wherever there are workers, and keep a record of each.

Write a function that makes a `Record`, in a file that workers can import, here tasks.py:

    from netsci.sweep import Record
    from netsci.train import Recipe, train

    def run(*, dataset, folder, **recipe):
        recipe = Recipe.of({"data": dataset, **recipe})
        run = train(recipe, folder=folder)  # goes on from its checkpoint if it was stopped
        return Record({"accuracy": run.table.query("measure == 'accuracy'")["value"].to_numpy()})

Then name the grid and run it. Whatever dies, start again: what is in the folder is not run again. `data` says
which data were read, for the names of runs; the task does not see it.

    from netsci.sweep import Cell, Task, run_cells

    task = Task("my-grid", "tasks:run")
    cells = [
        Cell.of(task, version=1, data="digits of 2026", dataset="digits", sparsity=sparsity, seed=seed)
        for sparsity in (0.8, 0.9, 0.95) for seed in range(3)
    ]
    records = run_cells(cells, "results", jobs=4)  # or cluster="tcp://host:8786", or "slurm:queue=long"
    accuracies = {(cell["sparsity"], cell["seed"]): records[cell].arrays["accuracy"][-1] for cell in cells}
"""

from netsci.sweep.cells import Cell, Task
from netsci.sweep.cluster import CLUSTERS, ClusterError
from netsci.sweep.names import Names, write_value
from netsci.sweep.records import CHANGED, DamagedRecordError, Record, describe_origin, read_clock, read_sums
from netsci.sweep.running import DamagedRecordsError, FailedCellsError, run_cells
from netsci.sweep.store import find_record, load_record, record_path

__all__ = [
    "CHANGED",
    "CLUSTERS",
    "Cell",
    "ClusterError",
    "DamagedRecordError",
    "DamagedRecordsError",
    "FailedCellsError",
    "Names",
    "Record",
    "Task",
    "describe_origin",
    "find_record",
    "load_record",
    "read_clock",
    "read_sums",
    "record_path",
    "run_cells",
    "write_value",
]
