"""Cells that count their starts, wait, and kill their own process: `log` is a folder."""

import os
import signal
import time
from pathlib import Path

import numpy as np

from netsci.sweep import Cell, Record, Task

TASK = Task("cluster-test", "tests.sweep.cluster_tasks:run")


def make_cell(seed: int, log: Path, **parameters: object) -> Cell:
    return Cell.of(TASK, version=1, data="none", seed=seed, log=str(log), **parameters)


def run(
    *,
    seed: int,
    log: str,
    seconds: float = 0.0,
    kills: int = 0,
    fails: bool = False,
    forgets: bool = False,
    folder: Path,
) -> Record:
    """Keep a step in the folder, wait, then die `kills` times; the record says from which step it went on."""
    starts = Path(log) / f"{seed}.starts"
    with starts.open("a") as stream:
        stream.write(f"{os.getpid()}\n")
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "step"
    resumed = kept.exists()
    kept.write_text("1")
    for _ in range(int(seconds * 20)):
        time.sleep(0.05)
    if len(starts.read_text().split()) <= kills:
        if forgets:
            kept.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    if fails:
        raise RuntimeError(f"seed {seed} fails")
    draws = np.random.default_rng(seed).normal(size=4)
    variables = [os.environ.get(f"NETSCI_{whose}", "") for whose in ("CLIENTS", "WORKERS")]
    return Record({"values": draws}, {"resumed": resumed, "process": os.getpid(), "variables": variables})
