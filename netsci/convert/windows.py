"""Windows of time, of a few images and steps: what each step of a program reads, and how much fits.

In a window all steps run layer by layer, with samples [steps x images].
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from math import prod

from torch import Tensor

from netsci.convert.program import Program, Step

ROOM = 2**24  # numbers that a run holds at a time
WINDOW = 16  # steps that run together
MOST_IMAGES = 256  # that run together


@dataclass(frozen=True)
class Window:
    """Some steps of time: first + 1 to first + steps, of a number of images."""

    first: int
    steps: int
    images: int


# What listens: (place of the step, its output as [steps, images, units...], the window). The output of
# neurons are their spikes -1, 0 and 1; what is the same at all steps of all windows has one step.
See = Callable[[int, Tensor, Window], None]


def find_reads(program: Program, other: Mapping[int, tuple[int, ...]]) -> dict[int, tuple[int, ...]]:
    """Return what each step that the output needs reads, by its place; other says it of some places."""
    found: dict[int, tuple[int, ...]] = {}
    waiting = [len(program.steps) - 1]
    while waiting:
        place = waiting.pop()
        if place not in found:
            found[place] = other.get(place, program.steps[place].inputs)
            waiting += found[place]
    return dict(sorted(found.items()))


def find_still(reads: Mapping[int, tuple[int, ...]], neurons: Collection[int]) -> set[int]:
    """Return the steps that no spike reaches, of those that are run."""
    found: set[int] = set()
    for place, read in reads.items():
        if place not in neurons and all(used in found for used in read):
            found.add(place)
    return found


def images_that_fit(
    program: Program,
    reads: Mapping[int, tuple[int, ...]],
    still: Iterable[int],
    window: int,
    kept: int = 0,
    room: int = ROOM,
) -> int:
    """Return how many images may run together: what they hold at a time has at most `room` numbers.

    still : steps whose outputs are held throughout, once for all steps of time: those with an axis of samples
    for each image, constants once in all. window : steps of time of all other outputs, which are held until
    their last use. kept : numbers of an image that neurons keep.
    """
    held = set(still)
    sizes = {place: prod(program.steps[place].sample) * program.steps[place].places for place in reads}
    once = sum(sizes[place] for place in held if program.steps[place].axis is None)
    each = kept + sum(sizes[place] for place in held if program.steps[place].axis is not None)
    last = {used: place for place, used_here in reads.items() for used in used_here}
    now = most = 0
    for place, used_here in reads.items():
        copies = [used for used in used_here if used in held and program.steps[used].axis is not None]
        now += 0 if place in held else sizes[place]
        most = max(most, now + sum(sizes[used] for used in copies if place not in held))
        now -= sum(sizes[used] for used in set(used_here) if last[used] == place and used not in held)
    left = max(room // 4, room - once)
    return max(1, min(MOST_IMAGES, left // max(1, each + window * most)))


def split_time(value: Tensor, step: Step, steps: int) -> Tensor:
    """Return the output of a step, whose samples are [steps x images], as [steps, images, units...]."""
    if steps == 1 and step.places == 1 and not step.axis:
        return value[None]
    rows = value.movedim(step.axis or 0, 0)
    lead = (steps, len(rows) // (steps * step.places))
    if step.places > 1:
        return rows.reshape(*lead, step.places, *step.sample)
    return rows.reshape(*lead, *step.sample)


def join_time(value: Tensor, step: Step) -> Tensor:
    """Return [steps, images, units...] in the shape of the output of a step."""
    samples = value.shape[0] * value.shape[1] * step.places
    return value.reshape(samples, *step.sample).movedim(0, step.axis or 0)
