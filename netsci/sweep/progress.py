"""How far a sweep is, and about how long it will still take, on stderr."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import fmean

from rich import progress as bars
from rich.console import Console

from netsci.sweep.cells import Cell

EVERY = 60.0  # seconds between lines where stderr is no terminal


def estimate_left(
    expected: Mapping[Cell, float],
    taken: Mapping[Cell, float],
    elapsed: Mapping[Cell, float],
    waiting: Sequence[Cell],
    workers: int,
) -> float:
    """Return about how many seconds a sweep will still take, NaN while nothing is known.

    expected : seconds of a run, where known. taken : of runs that are done. elapsed : of those that run.
    Expected seconds are scaled by how long those that are done took of theirs; a run of which nothing is
    expected takes the mean of those that are done.
    """
    known = [cell for cell in taken if math.isfinite(expected.get(cell, math.nan))]
    planned = sum(expected[cell] for cell in known)
    scale = sum(taken[cell] for cell in known) / planned if planned else 1.0
    mean = fmean(taken.values()) if taken else math.nan

    def take(cell: Cell) -> float:
        return expected[cell] * scale if math.isfinite(expected.get(cell, math.nan)) else mean

    running = [max(take(cell) - seconds, 0.0) for cell, seconds in elapsed.items()]
    each = [*running, *(take(cell) for cell in waiting)]
    return max([sum(each) / max(workers, 1), *running]) if each else 0.0


def write_duration(seconds: float) -> str:
    """Return about how long something takes.

    Examples
    --------
    >>> write_duration(40), write_duration(600), write_duration(9000)
    ('less than a minute', 'about 10 min', 'about 2.5 hours')
    """
    if seconds < 60:
        return "less than a minute"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} hours"


@dataclass
class Progress:
    """Counts runs as they start and end, and shows the count and the time left in a bar, or in lines."""

    cells: Sequence[Cell]
    expected: Mapping[Cell, float]
    bar: bars.Progress
    started: dict[Cell, float] = field(default_factory=dict)
    taken: dict[Cell, float] = field(default_factory=dict)
    ended: set[Cell] = field(default_factory=set)
    workers: int = 1

    def __post_init__(self) -> None:
        self.task = self.bar.add_task("runs", total=len(self.cells), left="")
        self.said = time.monotonic()

    def start(self, cell: Cell) -> None:
        """Count a run that starts."""
        self.started[cell] = time.monotonic()
        self.tick(self.workers)

    def stop(self, cell: Cell) -> None:
        """Count a run that stopped before its end, and will start again."""
        self.started.pop(cell, None)

    def end(self, cell: Cell) -> None:
        """Count a run that is done or has failed."""
        if cell in self.started:
            self.taken[cell] = time.monotonic() - self.started.pop(cell)
        self.ended.add(cell)
        self.tick(self.workers)

    def tick(self, workers: int) -> None:
        """Show the count and the time left with this many workers."""
        self.workers, now = workers, time.monotonic()
        elapsed = {cell: now - begun for cell, begun in self.started.items()}
        waiting = [cell for cell in self.cells if cell not in self.started and cell not in self.ended]
        seconds = estimate_left(self.expected, self.taken, elapsed, waiting, workers)
        left = "" if math.isnan(seconds) or not seconds else f"{write_duration(seconds)} left"
        left = left if workers else "waiting for workers"
        self.bar.update(self.task, completed=len(self.ended), left=left)
        if not self.bar.console.is_terminal and now - self.said >= EVERY:
            self.said = now
            self.say(f"{len(self.ended)} of {len(self.cells)} runs done{', ' if left else ''}{left}")

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self.bar.console.print(line, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def show_progress(cells: Sequence[Cell], expected: Mapping[Cell, float]) -> Iterator[Progress]:
    """Show how many of the cells are done while a block runs."""
    texts = [bars.TextColumn(f"{{task.{name}}}") for name in ("description", "fields[left]")]
    columns = (texts[0], bars.BarColumn(), bars.MofNCompleteColumn(), bars.TimeElapsedColumn(), texts[1])
    with bars.Progress(*columns, console=Console(stderr=True)) as bar:
        yield Progress(cells, expected, bar)
