"""Speed of spiking networks in training and inference, against SpikingJelly and snnTorch in one run.

Samples per processor second on one thread, batch 100, T = 8, direct coding. Every contestant is a process of
its own that waits on a pipe; rounds alternate between them, and ratios are taken within a round. Before a
clock is looked at, all must give the same spikes and gradients for the same weights and input: exit status 2
if they do not. Exit status 1 if a target is missed.

    python benchmarks/spiking.py [--rounds 7] [--seconds 1] [--network 784-1568-10 ...] [--csv FILE]
"""

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.peers import agreement, environment, tables
from benchmarks.peers.workers import Worker

NETWORKS = ("784-1568-10", "784-1568-1568-10")
MODES = ("train", "infer")
STEPS, BATCH, ALPHA, THRESHOLD = 8, 100, 0.5, 1.0
BRIGHT = 0.19  # share of pixels above 0, as in MNIST
EPOCH = 60_000  # samples of MNIST
EVOLUTION_SHARE = 0.05  # of an epoch that a step of evolution may cost


@dataclass(frozen=True)
class Contestant:
    """One way to train a network: who, how, with which share of links absent, and what it stands for."""

    library: str
    variant: str
    sparsity: float
    script: str
    role: str  # "peer", "tuned peer" (layer 1 once), "own dense" or "own sparse"


CONTESTANTS = (
    Contestant("SpikingJelly", "repeat", 0.0, "spikingjelly_mlp.py", "peer"),
    Contestant("SpikingJelly", "once", 0.0, "spikingjelly_mlp.py", "tuned peer"),
    Contestant("SpikingJelly", "masked", 0.99, "spikingjelly_mlp.py", "tuned peer"),
    Contestant("snnTorch", "repeat", 0.0, "snntorch_mlp.py", "peer"),
    Contestant("snnTorch", "once", 0.0, "snntorch_mlp.py", "tuned peer"),
    Contestant("netsci", "dense", 0.0, "netsci_mlp.py", "own dense"),
    *(Contestant("netsci", "sparse", s, "netsci_mlp.py", "own sparse") for s in (0.9, 0.95, 0.99)),
)
REFERENCE = CONTESTANTS[0]


def weights(widths: list[int], sparsity: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Return float32 weights [in, out] with 0 at absent links, the last layer linked fully.

    Their scale makes about a fifth of the neurons fire in a step, at any sparsity.
    """
    found = []
    for i, (rows, columns) in enumerate(pairwise(widths)):
        absent = sparsity if i + 2 < len(widths) else 0.0
        mask = np.zeros(rows * columns, bool)
        mask[rng.choice(mask.size, round(mask.size * (1.0 - absent)), replace=False)] = True
        spread = (3.0 if i == 0 else 2.0) * np.sqrt(2.07 / (rows * (1.0 - absent)))
        values = rng.normal(0.0, spread, mask.size) * mask
        found.append(values.reshape(rows, columns).astype(np.float32))
    return found


def write_problem(path: Path, network: str, sparsity: float) -> list[np.ndarray]:
    """Write weights, images and labels for a network; return where its links are."""
    widths = [int(width) for width in network.split("-")]
    rng = np.random.default_rng([*widths, round(100 * sparsity)])
    layers = weights(widths, sparsity, rng)
    shape = (4, BATCH, widths[0])
    images = (rng.random(shape) * (rng.random(shape) < BRIGHT)).astype(np.float32)
    labels = rng.integers(0, widths[-1], shape[:2])
    problem: dict[str, Any] = {f"weight_{i}": layer for i, layer in enumerate(layers)}
    problem |= {"layers": len(layers), "steps": STEPS, "alpha": ALPHA, "threshold": THRESHOLD}
    np.savez(path, images=images, labels=labels, **problem)
    return [layer != 0 for layer in layers]


class Arena:
    """The processes of one network's contestants, and the problems that they work on."""

    def __init__(self, stack: ExitStack, network: str, optimizer: str, python: Path) -> None:
        self.network, self.optimizer = network, optimizer
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.masks = {
            sparsity: write_problem(self.problem(sparsity), network, sparsity)
            for sparsity in sorted({one.sparsity for one in CONTESTANTS})
        }
        own = Path(sys.executable)
        self.workers = {
            one: stack.enter_context(Worker(own if one.library == "netsci" else python, one.script))
            for one in CONTESTANTS
        }
        self.reference = stack.enter_context(Worker(python, REFERENCE.script))

    def problem(self, sparsity: float) -> Path:
        return self.folder / f"problem_{sparsity}.npz"

    def build(self, worker: Worker, sparsity: float, variant: str) -> str:
        """Have a worker make its network; return its version of torch."""
        request = {"problem": str(self.problem(sparsity)), "variant": variant, "optimizer": self.optimizer}
        return str(worker.ask("build", **request)["torch"])

    def answers(self, worker: Worker) -> dict[str, np.ndarray]:
        """Return what a worker computes for the first batch."""
        worker.ask("check", path=str(self.folder / "found.npz"))
        with np.load(self.folder / "found.npz") as data:
            return dict(data)

    def agree(self) -> tuple[list[str], dict[str, list[float]]]:
        """Build all networks; return what they do not agree on, and the firing rates of the layers."""
        expected, problems, rates, torches = {}, [], {}, set()
        for sparsity in self.masks:
            torches.add(self.build(self.reference, sparsity, REFERENCE.variant))
            expected[sparsity] = self.answers(self.reference)
            fired = [expected[sparsity][f"spikes_{i}"].mean() for i in range(len(self.masks[sparsity]))]
            rates[f"{sparsity:.0%}"] = [round(float(rate), 3) for rate in fired]
            if not min(fired) > 0:
                problems.append(f"at sparsity {sparsity:.0%} a layer is silent: nothing to compare")
        for one, worker in self.workers.items():
            torches.add(self.build(worker, one.sparsity, one.variant))
            away = agreement.differences(
                self.answers(worker), expected[one.sparsity], self.masks[one.sparsity]
            )
            problems += [
                f"{one.library} {one.variant} {one.sparsity:.0%}: {text}"
                for text in agreement.disagreement(away)
            ]
        if len(torches) > 1:
            problems.append(f"the environments have different versions of torch: {sorted(torches)}")
        return problems, rates

    def rounds(self, rounds: int, seconds: float) -> pd.DataFrame:
        """Return one row a round, mode and contestant; the order turns by one place a round."""
        rows = []
        for turn in range(rounds):
            order = [*CONTESTANTS[turn % len(CONTESTANTS) :], *CONTESTANTS[: turn % len(CONTESTANTS)]]
            for mode in MODES:
                for one in order:
                    found = self.workers[one].ask("measure", mode=mode, seconds=seconds)
                    rows.append(
                        {"network": self.network, "mode": mode, "library": one.library}
                        | {"variant": one.variant, "sparsity": one.sparsity, "role": one.role}
                        | {"round": turn, "samples_per_cpu_second": found["samples"] / found["cpu_seconds"]}
                    )
        return pd.DataFrame(rows)

    def evolution(self, repeat: int, zeta: float) -> float:
        """Return the median processor seconds of a step of evolution at 99 %."""
        worker = next(
            w for one, w in self.workers.items() if (one.role, one.sparsity) == ("own sparse", 0.99)
        )
        return float(np.median(worker.ask("evolution", repeat=repeat, zeta=zeta)["cpu_seconds"]))


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="processor time of a measurement")
    parser.add_argument("--network", nargs="*", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--optimizer", choices=("sgd", "adam"), default="sgd", help="the same for all")
    parser.add_argument("--zeta", type=float, default=0.3, help="share of links an evolution step removes")
    parser.add_argument("--csv", type=Path, help="write the table here")
    chosen = parser.parse_args(arguments)
    if chosen.rounds < 1:
        parser.error(f"--rounds must be at least 1; got {chosen.rounds}")
    if not chosen.seconds > 0:
        parser.error(f"--seconds must be above 0; got {chosen.seconds}")
    if not 0 <= chosen.zeta <= 1:
        parser.error(f"--zeta must lie in [0, 1]; got {chosen.zeta}")
    return chosen


def main() -> None:
    chosen = options()
    python = environment.ready()
    measured, evolved = [], {}
    for network in chosen.network:
        with ExitStack() as stack:
            arena = Arena(stack, network, chosen.optimizer, python)
            problems, rates = arena.agree()
            if problems:
                print("not the same function, nothing was timed:", *problems, sep="\n  ", file=sys.stderr)
                sys.exit(2)
            print(f"{network}: all contestants give the same spikes and gradients; firing rates {rates}")
            measured.append(arena.rounds(chosen.rounds, chosen.seconds))
            if network == NETWORKS[0]:
                evolved[network] = arena.evolution(chosen.rounds, chosen.zeta)
    versions = environment.pinned(environment.REQUIREMENTS.read_text())
    named = ("spikingjelly", "snntorch", "torch", "numpy")
    print(", ".join(f"{name} {versions[name]}" for name in named), f"; load {os.getloadavg()[0]:.1f}", sep="")
    table = tables.summary(pd.concat(measured))
    for network, seconds in evolved.items():
        table = tables.with_evolution(table, network, seconds, EPOCH, EVOLUTION_SHARE)
    tables.show(table)
    if chosen.csv:
        chosen.csv.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(chosen.csv, index=False)
    sys.exit(tables.verdict(table))


if __name__ == "__main__":
    main()
