"""Sweeps: run a grid of cells once, wherever there are workers, and keep a record of each.

A cell is a task with its parameters; `netsci.train.recipe_cell` makes one of a recipe. For a task of your own
write a function that makes a `Record`, in a file that workers can import, here tasks.py:

    from netsci.graph import LayeredGraph
    from netsci.sweep import Record
    from netsci.topology import erdos_renyi

    def run(*, links, seed):
        rng = np.random.default_rng(seed)
        graph = LayeredGraph.from_masks([erdos_renyi((50, 40), links, rng=rng).toarray()])
        return Record({"degrees": graph.degrees()["layer0"]})

Then name the grid and run it. Whatever dies, start again: what is in the folder is not run again. `data` says
which data were read, for the names of runs; the task does not see it.

    from netsci.sweep import Cell, Task, run_cells

    task = Task("my-grid", "tasks:run")
    cells = [Cell.of(task, version=1, data="none", links=n, seed=i) for n in (90, 200) for i in range(3)]
    records = run_cells(cells, "results", jobs=4)  # or cluster="tcp://host:8786", or "slurm:queue=long"
    largest = {(cell["links"], cell["seed"]): records[cell].arrays["degrees"].max() for cell in cells}
"""

from netsci.sweep.cells import Cell, Task
from netsci.sweep.cluster import CLUSTERS, ClusterError
from netsci.sweep.names import Names, write_value
from netsci.sweep.records import CHANGED, DamagedRecordError, Record, describe_origin, read_clock, read_sums
from netsci.sweep.running import DamagedRecordsError, FailedCellsError, run_cells
from netsci.sweep.store import find_kept, find_record, load_record, record_path

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
    "find_kept",
    "find_record",
    "load_record",
    "read_clock",
    "read_sums",
    "record_path",
    "run_cells",
    "write_value",
]
