"""Speed of converted networks against SpikingJelly's converter and torch's CSR, in one run.

Samples per processor second on one thread, batch 100, T = 16: the answers of an integrate-and-fire network of
a ReLU perceptron (thresholds: the largest activation, v0 half of it). Every contestant is a process of its
own that waits on a pipe; rounds alternate, ratios are taken within a round. Before a clock is looked at,
spikes of each layer must be the same within .1 %, and answers in 99 of 100: a peer that differs more is
listed and not timed against. Exit status 1 if a goal is missed, 2 if no peer computes the same.

    python benchmarks/convert.py [--rounds 7] [--seconds 1] [--network 784-1568-10 ...] [--csv FILE]
"""

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.peers import environment
from benchmarks.peers.workers import Worker

NETWORKS = ("784-1568-10", "3072-3072-3072-10")
SPARSITIES = (0.99, 0.0)
PEERS = ("converter", "tuned", "csr")
STEPS, BATCH, BATCHES = 16, 100, 4
BRIGHT = {784: 0.19, 3072: 1.0}  # share of pixels above 0
SAME_SPIKES, SAME_ANSWERS = 1e-3, 0.99
BY_STEP, COUNTED = "netsci, by step", "netsci, counted"  # the answers after each step; all counts beside them
COUNTING = 0.10  # what counting everything may cost over the same answers
SWEEP_STEPS, SWEEP_PASSES, SWEEP_MEGABYTES = 64, 1.5, 200.0
# At least how many times as fast as converter, tuned and csr, and the aim.
GOALS: dict[tuple[str, float], dict[str, tuple[float, float]]] = {
    ("784-1568-10", 0.99): {"converter": (150, 250), "tuned": (45, 80), "csr": (25, 45)},
    ("3072-3072-3072-10", 0.99): {"converter": (50, 75), "tuned": (20, 30), "csr": (8, 13)},
    ("784-1568-10", 0.0): {"converter": (25, 30), "tuned": (10, 12)},
    ("3072-3072-3072-10", 0.0): {"converter": (3, 5), "tuned": (1.3, 2)},
}


def write_problem(path: Path, network: str, sparsity: float) -> None:
    """Write weights with 0 at absent links (the output layer is linked fully), biases and images."""
    widths = [int(width) for width in network.split("-")]
    rng = np.random.default_rng([*widths, round(100 * sparsity)])
    problem: dict[str, Any] = {"layers": len(widths) - 1, "steps": STEPS}
    for i, (rows, columns) in enumerate(pairwise(widths)):
        present = 1.0 - (sparsity if i + 2 < len(widths) else 0.0)
        mask = np.zeros(rows * columns, bool)
        mask[rng.choice(mask.size, round(mask.size * present), replace=False)] = True
        values = rng.normal(0.0, np.sqrt(2.0 / (rows * present)), mask.size) * mask
        problem[f"weight_{i}"] = np.ascontiguousarray(values.reshape(rows, columns).T.astype(np.float32))
        problem[f"bias_{i}"] = rng.normal(0.0, 0.02, columns).astype(np.float32)
    shape = (BATCHES, BATCH, widths[0])
    images = rng.random(shape) * (rng.random(shape) < BRIGHT.get(widths[0], 1.0))
    np.savez(path, images=images.astype(np.float32), **problem)


def compare(outputs: np.ndarray, expected: np.ndarray, spikes: list[int], wanted: list[int]) -> str:
    """Return what differs too much from our network, "" if nothing does."""
    away = [abs(a - b) / max(b, 1) for a, b in zip(spikes, wanted, strict=True)]
    same = float((outputs.argmax(1) == expected.argmax(1)).mean())
    said = []
    if max(away) > SAME_SPIKES:
        said.append(f"spikes of a layer differ by {max(away):.2%}")
    if same < SAME_ANSWERS:
        said.append(f"answers are the same in {same:.1%}")
    return ", ".join(said)


class Arena:
    """The processes of one network."""

    def __init__(self, stack: ExitStack, network: str, sparsity: float, python: Path) -> None:
        self.network, self.sparsity = network, sparsity
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.problem = self.folder / "problem.npz"
        write_problem(self.problem, network, sparsity)
        self.own = stack.enter_context(Worker(Path(sys.executable), "netsci_convert.py"))
        self.peers = {
            name: stack.enter_context(Worker(python, "spikingjelly_ann2snn.py"))
            for name in PEERS
            if name != "csr" or sparsity
        }

    def agree(self) -> dict[str, str]:
        """Build all networks, drop the peers that compute something else, and return why."""
        for name, worker in {"own": self.own, **self.peers}.items():
            worker.ask("build", problem=str(self.problem), variant=name)
        expected, wanted = self._answers(self.own)
        if not all(wanted):
            raise SystemExit(f"{self.network}: a layer is silent, nothing to compare")
        apart = {}
        for name, worker in list(self.peers.items()):
            outputs, spikes = self._answers(worker)
            why = compare(outputs, expected, spikes, wanted)
            if why:
                apart[name] = why
                del self.peers[name]
        return apart

    def _answers(self, worker: Worker) -> tuple[np.ndarray, list[int]]:
        spikes = worker.ask("check", path=str(self.folder / "found.npz"))["spikes"]
        with np.load(self.folder / "found.npz") as data:
            return data["outputs"], spikes

    def rounds(self, rounds: int, seconds: float) -> pd.DataFrame:
        """Return a row a round and contestant: samples a processor second."""
        jobs: list[tuple[str, Worker, str]] = [
            ("netsci", self.own, "classify"),
            (BY_STEP, self.own, "predict"),
            (COUNTED, self.own, "trace"),
        ]
        jobs += [(name, worker, "run") for name, worker in self.peers.items()]
        rows = []
        for turn in range(rounds):
            for name, worker, work in jobs[turn % len(jobs) :] + jobs[: turn % len(jobs)]:
                found = worker.ask("measure", seconds=seconds, work=work)
                rows.append({"round": turn, "who": name, "speed": found["samples"] / found["cpu_seconds"]})
        return pd.DataFrame(rows).assign(network=self.network, sparsity=self.sparsity)


def summarise(measured: pd.DataFrame) -> pd.DataFrame:
    """Return a row a network and contestant: median speed, and our speed over theirs with its range.

    Beside what counts stand the answers after each step; beside all others the answers after the last one.
    """
    rows = []
    for (network, sparsity), group in measured.groupby(["network", "sparsity"], sort=False):
        speeds = group.pivot(index="round", columns="who", values="speed")
        for name in speeds.columns:
            ratio = speeds[BY_STEP if name == COUNTED else "netsci"] / speeds[name]
            least, aim = GOALS[(network, sparsity)].get(name, (np.nan, np.nan))
            rows.append(
                {"network": network, "sparsity": sparsity, "who": name, "speed": speeds[name].median()}
                | {"ratio": ratio.median(), "ratio_min": ratio.min(), "ratio_max": ratio.max()}
                | {"at_least": least, "aim": aim}
            )
    return pd.DataFrame(rows)


def judge(table: pd.DataFrame) -> list[str]:
    """Return the goals that are missed, in words."""
    missed = []
    for row in table.itertuples():
        if row.ratio < row.at_least:
            missed.append(
                f"{row.network} at {row.sparsity:.0%}: {row.ratio:.3g} times {row.who}, not {row.at_least:g}"
            )
        if row.who == COUNTED and row.ratio > 1 + COUNTING:
            missed.append(f"{row.network} at {row.sparsity:.0%}: counting costs {row.ratio - 1:.0%}")
    return missed


def measure_sweep(python: Path) -> tuple[dict[str, float], list[str]]:
    """Return passes and megabytes of T = 1..64 with all counts of the sparse CIFAR-sized network."""
    with ExitStack() as stack:
        arena = Arena(stack, NETWORKS[1], SPARSITIES[0], python)
        arena.own.ask("build", problem=str(arena.problem), variant="own")
        found = arena.own.ask("sweep", steps=SWEEP_STEPS)
    passes = found["sweep"] / found["ann"]
    missed = []
    if passes > SWEEP_PASSES:
        missed.append(
            f"T = 1..{SWEEP_STEPS} costs {passes:.2f} passes of the dense ANN, at most {SWEEP_PASSES}"
        )
    if found["megabytes"] > SWEEP_MEGABYTES:
        missed.append(
            f"T = 1..{SWEEP_STEPS} takes {found['megabytes']:.0f} MB, at most {SWEEP_MEGABYTES:.0f}"
        )
    return {"passes": passes, "megabytes": found["megabytes"]}, missed


def read_options(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="processor time of a measurement")
    parser.add_argument("--network", nargs="*", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--no-sweep", action="store_true", help="leave out T = 1..64")
    parser.add_argument("--csv", type=Path, help="write the table here")
    chosen = parser.parse_args(arguments)
    if chosen.rounds < 1:
        parser.error(f"--rounds must be at least 1; got {chosen.rounds}")
    if not chosen.seconds > 0:
        parser.error(f"--seconds must be above 0; got {chosen.seconds}")
    return chosen


def main() -> None:
    chosen = read_options()
    python = environment.ready()
    measured, missed = [], []
    for network in chosen.network:
        for sparsity in SPARSITIES:
            with ExitStack() as stack:
                arena = Arena(stack, network, sparsity, python)
                apart = arena.agree()
                for name, why in apart.items():
                    print(
                        f"{network} at {sparsity:.0%}: {name} is another function ({why}), not timed against"
                    )
                if not arena.peers:
                    sys.exit(2)
                print(f"{network} at {sparsity:.0%}: {', '.join(arena.peers)} and netsci compute the same")
                measured.append(arena.rounds(chosen.rounds, chosen.seconds))
    table = summarise(pd.concat(measured))
    versions = environment.pinned(environment.REQUIREMENTS.read_text())
    named = ("spikingjelly", "torch", "numpy")
    print(", ".join(f"{name} {versions[name]}" for name in named), f"; load {os.getloadavg()[0]:.1f}", sep="")
    print(table.round(3).to_string(index=False))
    missed += judge(table)
    if not chosen.no_sweep:
        found, more = measure_sweep(python)
        missed += more
        print(f"T = 1..{SWEEP_STEPS}: {found['passes']:.2f} dense passes, {found['megabytes']:.0f} MB")
    if chosen.csv:
        chosen.csv.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(chosen.csv, index=False)
    print(*(missed or ["all goals are met"]), sep="\n")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
