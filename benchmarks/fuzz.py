"""Damaged files of every format that is read: each must load, or raise CheckpointError, soon and small.

python benchmarks/fuzz.py                        2,000 damaged files of each format
python benchmarks/fuzz.py --format onnx gml      these formats only
python benchmarks/fuzz.py --case onnx 17         write the file of one case, and load it without isolation

With NETSCI_DATA set, the real files in its folder `checkpoints` are damaged as well (format "real").
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a script, from anywhere

from netsci.io import CheckpointError, load
from netsci.io.sandbox import isolation
from netsci.io.sandbox.isolation import last_usage
from tests.io.mutations import case, seeds
from tests.io.seeds import SEEDS

MAX_SECONDS = 1.0  # of the processor
PATIENCE = 20.0  # seconds by the clock
MAX_BYTES = 500e6  # resident, the libraries' share included
REAL = "real"
BATCH = 50


@dataclass
class Outcome:
    """What became of the damaged files of one format.

    Parameters
    ----------
    crashed, over : those among the refused that killed the child that read them, or took too much.
    failed : (number, what) of those that raised anything else.
    slowest : seconds of the processor and number; the bound is on these, because other work on the machine
        makes any file late by chance.
    latest : seconds by the clock and number; the bound is that of a file that hangs without working.
    heaviest : resident bytes and number.
    extra_bytes : the most that a child took beside what one takes that reads nothing.
    """

    files: int = 0
    accepted: int = 0
    refused: int = 0
    crashed: list[int] = field(default_factory=list)
    over: list[int] = field(default_factory=list)
    failed: list[tuple[int, str]] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, -1)
    latest: tuple[float, int] = (0.0, -1)
    heaviest: tuple[int, int] = (0, -1)
    extra_bytes: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, other: Outcome) -> None:
        for name in ("files", "accepted", "refused", "crashed", "over", "failed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for reason, count in other.reasons.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + count
        self.slowest = max(self.slowest, other.slowest)
        self.latest = max(self.latest, other.latest)
        self.heaviest = max(self.heaviest, other.heaviest)
        self.extra_bytes = max(self.extra_bytes, other.extra_bytes)

    @property
    def missed(self) -> bool:
        slow = self.slowest[0] > MAX_SECONDS or self.latest[0] > PATIENCE
        return bool(self.failed or self.over) or slow or self.heaviest[0] > MAX_BYTES


def originals(name: str, folder: Path) -> list[bytes]:
    """Return the valid files of a format; of "real", those that people put on the net."""
    if name != REAL:
        return seeds(name, folder)
    files = sorted(Path(os.environ["NETSCI_DATA"], "checkpoints").iterdir())
    return [file.read_bytes() for file in files if file.name != "index.json" and file.stat().st_size]


def run(name: str, seed: int, numbers: range) -> Outcome:
    """Load the damaged files of these numbers."""
    outcome = Outcome()
    # A file that never ends need not be waited for as long as a user would wait.
    patient = mock.patch.object(isolation, "BASE_SECONDS", PATIENCE)
    with patient, tempfile.TemporaryDirectory() as folder:
        files = originals(name, Path(folder))
        path = Path(folder, "net.bin")
        for data in files:  # so that no damaged file waits for a library
            path.write_bytes(data)
            attempt(path)
        for number in numbers:
            path.write_bytes(case(files, name, seed, number))
            outcome.add(judged(path, number))
    return outcome


def attempt(path: Path) -> tuple[float, str | None]:
    """Load a file; return seconds, and why it is refused."""
    begin, reason = time.perf_counter(), None
    try:
        json.dumps(load(path).summary(), allow_nan=False)
    except CheckpointError as error:
        reason = error.reason
        if not str(error).isprintable():
            raise ValueError(f"a message that cannot be shown: {error!r}") from error
    return time.perf_counter() - begin, reason


def judged(path: Path, number: int) -> Outcome:
    outcome = Outcome(files=1)
    try:
        before = last_usage()
        seconds, reason = attempt(path)
        used = last_usage()
        used = None if used is before else used  # an empty file reaches no child
    except Exception:
        outcome.failed.append((number, traceback.format_exc(limit=-4)))
        return outcome
    outcome.accepted, outcome.refused = int(reason is None), int(reason is not None)
    if reason is not None:
        outcome.crashed += [number] if "crashed its reader" in reason else []
        outcome.over += [number] if "its limit" in reason or "more memory" in reason else []
        outcome.reasons[reason[:60]] = 1
    outcome.latest = (seconds, number)
    if used:
        outcome.slowest = (used.cpu_seconds, number)
        outcome.heaviest = (used.peak_bytes, number)
        outcome.extra_bytes = used.peak_bytes - used.baseline_bytes
    return outcome


def show_case(name: str, seed: int, number: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(f"{name}-{seed}-{number}.bin")
        path.write_bytes(case(originals(name, Path(folder)), name, seed, number))
    print(f"{path}, {path.stat().st_size} bytes", flush=True)
    print(json.dumps(load(path, isolate=False).summary(), indent=1))


def line(name: str, found: Outcome) -> str:
    peak = found.heaviest[0]
    return (
        f"{name:>14} {found.files:>6} {found.accepted:>9} {found.refused:>8} {len(found.crashed):>8} "
        f"{len(found.over):>5} {len(found.failed):>7} {found.slowest[0]:>6.2f} "
        f"{found.latest[0]:>7.2f} {peak / 1e6:>8.0f} "
        f"{found.extra_bytes / 1e6:>9.0f}{'  missed' if found.missed else ''}"
    )


def arguments() -> argparse.Namespace:
    known = [*SEEDS, REAL] if os.environ.get("NETSCI_DATA") else list(SEEDS)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="damaged files of each format")
    parser.add_argument("--format", nargs="*", choices=known, default=known)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, help="write the results here, as JSON")
    parser.add_argument("--case", nargs=2, metavar=("FORMAT", "NUMBER"))
    return parser.parse_args()


def main() -> None:
    options = arguments()
    if options.case:
        show_case(options.case[0], options.seed, int(options.case[1]))
        return
    begin = time.perf_counter()
    found = {name: Outcome() for name in options.format}
    print("        format  files  accepted  refused  crashed  over  failed  cpu s  wall s  peak MB  extra MB")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.workers, mp_context=context) as pool:
        for name, outcome in found.items():
            starts = range(0, options.count, BATCH)
            batches = [range(i, min(i + BATCH, options.count)) for i in starts]
            for part in pool.map(run, [name] * len(batches), [options.seed] * len(batches), batches):
                outcome.add(part)
            print(line(name, outcome), flush=True)
            for number, what in outcome.failed[:5]:
                print(f"--case {name} {number} --seed {options.seed}\n{what}", file=sys.stderr, flush=True)
            if options.out:
                record = {"seed": options.seed, "count": options.count, "formats": {}}
                record["formats"] = {name: asdict(part) for name, part in found.items() if part.files}
                options.out.write_text(json.dumps(record, indent=1) + "\n")
    files = sum(outcome.files for outcome in found.values())
    print(f"{files:,} files in {time.perf_counter() - begin:,.0f} s")
    sys.exit(any(outcome.missed for outcome in found.values()))


if __name__ == "__main__":
    main()
