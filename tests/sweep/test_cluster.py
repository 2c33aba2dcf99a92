"""Cells on workers: real local clusters, whose workers and clients are killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from netsci.io.lock import find_holder
from netsci.sweep import FailedCellsError, Names, record_path, run_cells, running
from netsci.sweep import cluster as clusters
from netsci.sweep.cluster import start_slurm
from tests.io.sandbox.processes import alive, children
from tests.sweep.cluster_tasks import make_cell as cell

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "NETSCI_CLIENTS": "the client's"}
CLIENT = """
import signal, sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell switches it off for what it starts with &
from netsci.sweep import ClusterError, run_cells, running
from tests.sweep.cluster_tasks import make_cell as cell
log, jobs, cluster, seconds = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
if "blind" in sys.argv:  # the workers look for a file that is not there
    running.make_marker = lambda results: log / "not there"
if "hasty" in sys.argv:
    running.PATIENCE = 2
try:
    cells = [cell(seed, log, seconds=seconds) for seed in range(4)]
    run_cells(cells, log / "out", jobs=jobs, cluster=cluster)
except ClusterError as error:
    sys.exit(f"ClusterError: {error}")
"""


def start_client(
    log: Path, *words: str, jobs: int = 2, cluster: str = "local", seconds: float = 60
) -> subprocess.Popen:
    arguments = [sys.executable, "-c", CLIENT, str(log), str(jobs), cluster, str(seconds), *words]
    return subprocess.Popen(arguments, cwd=ROOT, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)


def starts(log: Path, seed: int) -> list[int]:
    path = log / f"{seed}.starts"
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def descendants(pid: int) -> list[int]:
    return [found for child in children(pid) for found in [child, *descendants(child)]]


def wait_until(happens: Callable[[], bool], seconds: float = 120) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if happens():
            return True
        time.sleep(0.05)
    return False


def die(pids: list[int]) -> bool:
    return wait_until(lambda: not any(map(alive, pids)), seconds=30)


def test_one_worker_is_this_process_and_needs_no_dask(tmp_path):
    code = CLIENT + "print('distributed' in sys.modules, 'dask' in sys.modules)"
    arguments = [sys.executable, "-c", code, str(tmp_path), "1", "local", "0"]
    told = subprocess.run(arguments, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert told.stdout == "False False\n", told.stderr


def test_four_workers_make_the_records_of_one(tmp_path):
    one, four = tmp_path / "one", tmp_path / "four"
    cells = [cell(seed, tmp_path) for seed in range(5)]
    here, there = run_cells(cells, one), run_cells(cells, four, jobs=4)
    for made in cells:
        assert np.array_equal(here[made].arrays["values"], there[made].arrays["values"])
    assert {here[made].notes["process"] for made in cells} == {os.getpid()}
    assert os.getpid() not in {there[made].notes["process"] for made in cells}
    assert [path.suffix for path in (four / "runs").iterdir()] == [".npz"] * 5


def test_deaths_and_exceptions_are_reported_by_name_and_the_others_go_on(tmp_path, capsys):
    killer, once = cell(0, tmp_path, kills=9), cell(1, tmp_path, kills=1)
    failing, good = cell(2, tmp_path, fails=True), [cell(seed, tmp_path, seconds=0.5) for seed in (3, 4)]
    with pytest.raises(FailedCellsError) as failed:
        run_cells([killer, once, failing, *good], tmp_path, jobs=2)
    lines = str(failed.value).splitlines()
    assert lines[0].startswith("2 of 5 runs failed")
    assert any(killer.name in line and "its worker died 2 times" in line for line in lines)
    assert any(failing.name in line and "RuntimeError: seed 2 fails" in line for line in lines)
    assert len(starts(tmp_path, 0)) == 2
    assert len(starts(tmp_path, 1)) == 2
    assert len(set(starts(tmp_path, 1))) == 2
    assert f"{once.name}: goes on from its partial folder" in capsys.readouterr().err
    done = run_cells([once, *good], tmp_path)  # nothing is left to do
    assert [done[made].notes["resumed"] for made in (once, *good)] == [True, False, False]
    assert os.getpid() not in {record.notes["process"] for record in done.values()}
    with pytest.raises(FailedCellsError, match="1 of 2 runs failed"):
        run_cells([once, failing], tmp_path)


def test_a_stopped_run_that_is_renamed_goes_on(tmp_path, monkeypatch):
    stopped = tmp_path / "out/records/name-of-before.partial"
    stopped.mkdir(parents=True)
    (stopped / "step").write_text("1")
    made = cell(0, tmp_path)
    names = Names(aliases={"name-of-before": made.name})
    made = replace(made, task=replace(made.task, names=names))
    assert run_cells([made], tmp_path / "out")[made].notes["resumed"]
    assert not stopped.exists()
    assert record_path(tmp_path / "out", made).exists()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, -2)]
)
def test_nobody_outlives_a_killed_client(tmp_path, number, code):
    client = start_client(tmp_path)
    try:
        assert wait_until(lambda: len(starts(tmp_path, 0) + starts(tmp_path, 1)) == 2)
        family = descendants(client.pid)
        assert set(starts(tmp_path, 0)) <= set(family)
        client.send_signal(number)
        assert client.wait(timeout=30) == code
        assert die(family)
    finally:
        client.kill()
        client.communicate()
    assert not list((tmp_path / "out").rglob("*.npz"))
    done = run_cells([cell(0, tmp_path, seconds=0)], tmp_path / "out")
    assert len(done) == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_ended_loses_no_record_and_leaves_nobody(tmp_path, number):
    client = start_client(tmp_path, seconds=2)
    try:
        assert wait_until(lambda: len(starts(tmp_path, 0) + starts(tmp_path, 1)) == 2)
        family = descendants(client.pid)
        os.kill(int(starts(tmp_path, 0)[0]), number)
        told = client.communicate(timeout=120)[1]
        assert client.returncode == 0, told
        assert die(family)
    finally:
        client.kill()
        client.communicate()
    assert len(list((tmp_path / "out").rglob("*.npz"))) == 4
    assert not list((tmp_path / "out").rglob("*.partial"))


def test_two_clients_write_each_record_once(tmp_path):
    clients = [start_client(tmp_path, jobs=1, seconds=0.5) for _ in range(2)]
    told = [client.communicate(timeout=120)[1] for client in clients]
    assert [client.returncode for client in clients] == [0, 0], told
    assert [len(starts(tmp_path, seed)) for seed in range(4)] == [1, 1, 1, 1]
    assert len({starts(tmp_path, seed)[0] for seed in range(4)}) == 2  # both had a share


@pytest.fixture
def scheduler(tmp_path):
    file = tmp_path / "scheduler.json"
    words = ["--scheduler-file", str(file), "--no-dashboard"]
    worker = ["dask_worker", *words, "--nthreads", "1", "--local-directory", str(tmp_path / "scratch")]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{arguments[0]}", *arguments[1:]],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NETSCI_WORKERS": "the worker's"},
            stderr=subprocess.DEVNULL,
        )
        for arguments in (["dask_scheduler", *words, "--host", "127.0.0.1", "--port", "0"], worker)
    ]
    assert wait_until(file.exists)
    yield [*started, json.loads(file.read_text())["address"]]
    for process in started:
        process.kill()
        process.wait()


def test_a_scheduler_address(tmp_path, scheduler, monkeypatch, capsys):
    address = scheduler[2]
    client = start_client(tmp_path, cluster=address)
    assert wait_until(lambda: len(starts(tmp_path, 0)) == 1)
    first = starts(tmp_path, 0)
    assert first[0] in descendants(scheduler[1].pid)
    client.kill()  # the worker is not its child, and its nanny starts another
    client.communicate()
    assert die(first)

    for name in ("CLIENTS", "WORKERS"):
        monkeypatch.setenv(f"NETSCI_{name}", "the client's")
    seen, unseen = cell(10, tmp_path, kills=1), cell(11, tmp_path, kills=1, forgets=True)
    notes = run_cells([seen], tmp_path / "out", cluster=address)[seen].notes
    assert notes["resumed"]
    assert notes["variables"] == ["the client's", "the worker's"]
    monkeypatch.setattr(running, "make_marker", lambda results: tmp_path / "not there")
    run_cells([unseen], tmp_path / "out", cluster=address)
    assert record_path(tmp_path / "out", unseen).exists()
    assert f"{unseen.name}: begins anew, nothing is kept in" in capsys.readouterr().err
    assert len(list((tmp_path / "out").rglob(".sweep-*"))) == 1  # the killed client's

    family = descendants(scheduler[1].pid)
    scheduler[0].kill()
    assert die([scheduler[1].pid, *family])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_scheduler_that_dies_or_hangs_is_told_in_a_line(tmp_path, scheduler, number):
    client = start_client(tmp_path, "hasty", cluster=scheduler[2])
    assert wait_until(lambda: len(starts(tmp_path, 0)) == 1)
    scheduler[0].send_signal(number)
    told = client.communicate(timeout=60)[1]
    assert client.returncode == 1
    last = told.splitlines()[-1]
    assert last.startswith("ClusterError: the scheduler does not answer any more (")
    assert "Traceback" not in told
    assert not list((tmp_path / "out").rglob(".sweep-*"))


def test_two_clients_of_a_worker_that_cannot_see_the_results_run_each_cell_once(tmp_path, scheduler):
    clients = [start_client(tmp_path, "blind", cluster=scheduler[2], seconds=1) for _ in range(2)]
    partial = record_path(tmp_path / "out", cell(0, tmp_path, seconds=1.0)).with_suffix(".partial")
    assert wait_until(lambda: len(starts(tmp_path, 0)) == 1)
    holder = find_holder(partial)
    assert holder is not None
    assert holder.process in {client.pid for client in clients}
    told = [client.communicate(timeout=120)[1] for client in clients]
    assert [client.returncode for client in clients] == [0, 0], told
    assert [len(starts(tmp_path, seed)) for seed in range(4)] == [1, 1, 1, 1]
    assert [path.suffix for path in (tmp_path / "out/runs").iterdir()] == [".npz"] * 4


def test_a_job_script_of_slurm(monkeypatch):
    monkeypatch.setenv("NETSCI_DATA", "/data/sets of all")
    with start_slurm(
        "queue=long,walltime=02:30:00,memory=8GB,job_extra_directives=--gres=gpu:1;-x n1", 0
    ) as slurm:
        lines = slurm.job_script().splitlines()
        assert slurm.scheduler_info["services"] == {}  # no dashboard
    for line in (
        "#SBATCH -p long",
        "#SBATCH -t 02:30:00",
        "#SBATCH --mem=8G",
        "#SBATCH --gres=gpu:1",
        "#SBATCH -x n1",
    ):
        assert line in lines, lines
    assert "export NETSCI_DATA='/data/sets of all'" in lines
    assert any(line.startswith(f"export PYTHONPATH={ROOT}") for line in lines)
    assert sys.executable in lines[-1]
    assert "--nthreads 1" in lines[-1]
    assert "--death-timeout 30" in lines[-1]


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        ("sge", "cluster must be local, tcp"),
        ("slurm:long", "NAME=VALUE"),
        ("slurm:no_such=1", "got 'no_such=1'"),
        ("tcp://127.0.0.1:1", "does not answer"),
    ],
)
def test_a_cluster_that_is_none(tmp_path, monkeypatch, cluster, words):
    monkeypatch.setattr(clusters, "PATIENCE", 1)
    with pytest.raises(ValueError, match=words):
        run_cells([cell(0, tmp_path)], tmp_path, cluster=cluster, jobs=2)
