"""Workers for cells: processes of this machine, those of a scheduler that runs already, or jobs of SLURM.

No part of this is needed, or imported, where cells run one after another in one process.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
import os
import shlex
import signal
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netsci.io.lock import exit_on_sigterm

if TYPE_CHECKING:
    from distributed import Client

CLUSTERS = "local, tcp://HOST:PORT, or slurm:queue=NAME,walltime=HH:MM:SS,memory=4GB"
PATIENCE = 20  # seconds to wait for a scheduler to answer
DEATH_TIMEOUT = 30  # seconds that a worker of SLURM has to start and to find its scheduler, else its job ends
SETTINGS: dict[str, Any] = {
    "distributed.nanny.pre-spawn-environ": {},  # as many threads as in this process: the same numbers
    "distributed.scheduler.worker-ttl": "15 minutes",  # a kernel may keep a worker from answering for long
    **{f"distributed.worker.memory.{name}": False for name in ("target", "spill", "pause", "terminate")},
}
LISTS = ("job_extra_directives", "job_script_prologue", "worker_extra_args")  # ";" between their values


class ClusterError(ValueError):
    """A cluster that cannot be started or found, or that has ended."""


@contextlib.contextmanager
def open_client(cluster: str, jobs: int) -> Iterator[Client]:
    """Start or find a cluster, and yield a client of it.

    "local" starts `jobs` processes here. An address such as tcp://host:8786 is that of a scheduler whose
    workers can import the tasks. "slurm:queue=long,walltime=24:00:00,memory=8GB" asks for `jobs` jobs of one
    core, with any options of dask-jobqueue's SLURMCluster.

    Raises ClusterError for anything else, where no scheduler answers, and where dask is not installed.
    """
    kind, _, options = cluster.partition(":")
    if kind not in ("local", "tcp", "tls", "slurm"):
        raise ClusterError(f"cluster must be {CLUSTERS}; got {cluster!r}")
    try:
        import dask
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ClusterError(
            f"cluster {cluster!r} needs {error.name}: pip install 'netsci-suite[cluster]', or take one job "
            "(jobs=1, --jobs 1)"
        ) from error
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is said by the sweep
    with contextlib.ExitStack() as stack:
        if (before := exit_on_sigterm()) is not None:  # take the workers along, and SLURM's jobs
            stack.callback(signal.signal, signal.SIGTERM, before)
        stack.enter_context(dask.config.set(SETTINGS))
        target: Any = cluster
        if kind == "local":
            target = stack.enter_context(start_local(jobs))
        elif kind == "slurm":
            target = stack.enter_context(start_slurm(options, jobs))
        try:
            client = Client(target, timeout=PATIENCE, set_as_default=False)
        except OSError as error:
            raise ClusterError(
                f"cluster {cluster!r} does not answer ({error}): start `dask scheduler` there first"
            ) from error
        stack.enter_context(client)
        stack.enter_context(client.as_current())
        yield client


def start_local(jobs: int) -> Any:
    """Start a scheduler in this process and workers, processes of one thread, on this machine."""
    from distributed import Nanny, SpecCluster

    host = {"host": "127.0.0.1", "dashboard": False}
    # without a time limit: starting takes long on a busy machine, and a worker ends with this process anyway
    options = {**host, "nthreads": 1, "silence_logs": logging.CRITICAL}
    return SpecCluster(
        workers={number: {"cls": Nanny, "options": options} for number in range(jobs)},
        scheduler={"cls": scheduler_class(), "options": {**host, "port": 0}},
        silence_logs=logging.CRITICAL,
        name="cells",
    )


def start_slurm(options: str, jobs: int) -> Any:
    """Start a scheduler in this process, and ask SLURM for jobs of one worker each.

    options : NAME=VALUE of dask-jobqueue's SLURMCluster, with commas between; else ClusterError is raised.
    """
    from dask_jobqueue import SLURMCluster
    from dask_jobqueue.core import Job

    known = set(inspect.signature(SLURMCluster.job_cls).parameters) | set(inspect.signature(Job).parameters)
    given: dict[str, Any] = {"cores": 1, "processes": 1, "memory": "4GB"}
    for option in filter(None, options.split(",")):
        name, equals, value = option.partition("=")
        if not equals or name not in known:
            raise ClusterError(
                f"cluster takes slurm:NAME=VALUE,..., names being {', '.join(sorted(known))}; got {option!r}"
            )
        given[name] = value.split(";") if name in LISTS else int(value) if value.isdecimal() else value
    exported = {name: value for name, value in os.environ.items() if name.startswith("NETSCI_")}
    exported["PYTHONPATH"] = os.pathsep.join(find_code())
    prologue = [f"export {name}={shlex.quote(value)}" for name, value in sorted(exported.items())]
    given["job_script_prologue"] = prologue + given.get("job_script_prologue", [])
    slurm = SLURMCluster(
        **{"python": sys.executable, "death_timeout": DEATH_TIMEOUT, **given},
        scheduler_cls=scheduler_class(),
        scheduler_options={"dashboard": False, "dashboard_address": None},
    )
    if jobs:
        slurm.scale(jobs=jobs)
    return slurm


def find_code() -> list[str]:
    """Return the folders that this process imports from, but for those of Python itself and its packages."""
    own = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    found = [os.path.abspath(path) for path in [*sys.path, str(Path(__file__).parents[2])]]
    return [path for path in dict.fromkeys(found) if os.path.isdir(path) and not path.startswith(own)]


def scheduler_class() -> type:
    """Return a scheduler without a web server, so without a dashboard and its port."""
    from distributed import Scheduler

    class QuietScheduler(Scheduler):  # type: ignore[misc]
        def start_http_server(self, *_: Any, **__: Any) -> None:
            """Open no port."""

    return QuietScheduler
