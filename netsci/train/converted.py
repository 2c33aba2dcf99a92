"""A converted run: what the network of a run does as a spiking one, on the images of that run.

recipe -> data -> training images (thresholds), test images -> convert, simulate -> ConvertedRun

`netsci.train.convert_run` is the command on it, sweeps of conversions have it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from itertools import pairwise
from math import prod
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from netsci.convert import convert
from netsci.convert.window_energy import window_energy
from netsci.measure import StepTrace, energy_by_step, saturation_point
from netsci.measure.energy_readings import COUNTS
from netsci.train.inputs import TEST_BATCH, Inputs
from netsci.train.recipe import Recipe

if TYPE_CHECKING:
    import pandas as pd

WINDOWS = (5, 10)  # S1, S2
TOLERANCE = 0.01
MOST_IMAGES = 10**9
MOST_NUMBERS = 2**30  # of the test images in memory


@dataclass(frozen=True, eq=False)
class RunImages:
    """The images of a run that a conversion sees, as its network takes them.

    calibration : batches of training images. images, labels : test images and their classes int64 [n].
    source : of the data.
    """

    calibration: tuple[Tensor, ...]
    images: Tensor
    labels: Tensor
    source: str

    @property
    def n_calibration(self) -> int:
        """Number of training images that set thresholds."""
        return sum(map(len, self.calibration))


@dataclass(frozen=True, eq=False)
class ConvertedRun:
    """A spiking network, what it did on the test images, and the ANN beside it.

    source : of the data. recipe : of the run. calibration : number of training images that set thresholds.
    ann_accuracy : share of right answers of the ANN on the same test images. live : share of the
    neurons behind layers that are connected to input and output; NaN without neurons. first : the trace of
    the first test images alone, where it was asked for. blocks : traces of neighbouring test images, as many
    as were asked for. ann_right : which answers of the ANN are right, bool [images].
    """

    model: Any
    trace: StepTrace
    recipe: Recipe
    source: str
    calibration: int
    ann_accuracy: float
    live: float
    first: StepTrace | None = None
    blocks: tuple[StepTrace, ...] = ()
    ann_right: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))

    @property
    def window(self) -> int | None:
        """T of a network whose T is a window, so that nothing has a curve by T (aec); None of others."""
        found: int | None = getattr(self.model.network, "window", None)
        return found

    @cached_property
    def energy(self) -> pd.DataFrame:
        """The energy per image at every T, see `netsci.measure.energy_by_step`; of a window, at its T."""
        return self.energy_of(self.trace)

    def energy_of(self, trace: StepTrace, counts: Sequence[str] = COUNTS) -> pd.DataFrame:
        """Return the energy per image of a trace of this network at every T; of a window, at its T."""
        if self.window is not None:
            return window_energy(trace, self.window, counts)
        return energy_by_step(trace.trace, counts=counts)

    @cached_property
    def saturation(self) -> pd.DataFrame:
        """Saturation times: curve, window, at ("end" or "start"), time, change (NaN: it never saturates).

        change : of the curve over the window, relative. A falling curve saturates too: far below 0 it is no
        plateau. No rows where T is a window: there is no curve.
        """
        import pandas as pd

        if self.window is not None:
            return pd.DataFrame(columns=["curve", "window", "at", "time", "change"])
        curves = {"accuracy": self.trace.accuracy, "firing rate": self.trace.running_rate}
        rows = []
        for window in WINDOWS:
            for at in ("end", "start"):
                for name, curve in curves.items():
                    point = saturation_point(curve, window=window, tolerance=TOLERANCE, at=at)
                    time, change = (np.nan, np.nan) if point is None else (point.time, point.change)
                    rows.append({"curve": name, "window": window, "at": at, "time": time, "change": change})
        return pd.DataFrame(rows)

    def by_step(self) -> pd.DataFrame:
        """Return a row for every T: accuracy, rates (MASFR, of live neurons, LASFR by layer), energies.

        Where T is a window there is one row, whose steps are the window and whose rates are spikes a neuron.
        """
        import pandas as pd

        trace = self.trace
        columns: dict[str, Any] = {
            "steps": np.arange(1, trace.steps + 1) if self.window is None else np.array([self.window]),
            "accuracy": trace.accuracy,
            "answers_changed": trace.answers_changed,
            "firing_rate": trace.running_rate,
            "live_firing_rate": trace.running_rate / (self.live or np.nan),
        }
        for name, units, rates in zip(trace.layers, trace.units, trace.running_rates, strict=True):
            if units:
                columns[f"firing_rate {name}"] = rates
        for (reading, count), rows in self.energy.groupby(["reading", "count"], sort=False):
            for name in ("sops", "macs", "energy_pj", "first_layer_share", "snn_over_own_ann"):
                columns[f"{name} {reading} {count}"] = rows[name].to_numpy()
        columns["own_ann_pj"] = self.energy[self.energy["count"] == "exact"]["own_ann_pj"].iloc[0]
        return pd.DataFrame(columns)


def read_images(inputs: Inputs, recipe: Recipe, calibration: int, limit: int | None = None) -> RunImages:
    """Return the images of a run on which its network is converted.

    inputs : the data of the run, not augmented. recipe : of the run. calibration : number of training
    images. limit : number of test images, balanced over classes as the recipe's are; None for all.

    The test images are those of the data set, also where the run held out training images.

    Raises ValueError if the test images do not fit into memory.
    """
    images, labels = _read_tests(inputs, recipe, limit)
    return RunImages(tuple(_take_batches(inputs, calibration)), images, labels, inputs.source)


def convert_trained(
    ann: nn.Module,
    method: str,
    options: Mapping[str, Any],
    images: RunImages,
    recipe: Recipe,
    *,
    steps: int | None = None,
    first: int = 0,
    blocks: int = 0,
    on: str = "cpu",
) -> ConvertedRun:
    """Convert a trained network with the training images of its run, and run it on the test images.

    method, options : see `netsci.convert.convert`. steps : T up to which it runs; None takes that of the
    conversion, and a method whose T is a window takes no other. first : trace this many of the first test
    images alone too. blocks : trace as many parts of the test images alone too, equal to one image. on :
    "cpu" or "cuda", where the spiking network runs.

    Raises TypeError or ValueError as `convert` and `SpikingModel.simulate` do.
    """
    n = len(images.images)
    if not 0 <= blocks <= n:
        raise ValueError(f"blocks must be at most {n}, one for each test image; got {blocks}")
    model = convert(ann, method, list(images.calibration), **options)
    edges = cut_blocks(n, blocks) if blocks else (0, n)
    cuts = sorted({*edges, *([first] if 0 < first < n else [])})
    parts = {
        pair: model.simulate(images.images[slice(*pair)], steps, labels=images.labels[slice(*pair)], on=on)
        for pair in pairwise(cuts)
    }

    def join(begin: int, end: int) -> StepTrace:
        whole: StepTrace = reduce(add, (one for (a, b), one in parts.items() if begin <= a and b <= end))
        return whole

    trace = join(0, n)
    live = {name: n for name, n in model.live_units().items() if name not in trace.encoders}
    right = find_right(ann, images)
    return ConvertedRun(
        model,
        trace,
        recipe,
        images.source,
        images.n_calibration,
        float(right.mean()),
        sum(live.values()) / (float(trace.units[trace.behind].sum()) or float("nan")),
        join(0, min(first, n)) if first else None,
        tuple(join(*pair) for pair in pairwise(edges)) if blocks else (),
        right,
    )


def cut_blocks(images: int, blocks: int) -> tuple[int, ...]:
    """Return where blocks of neighbouring images begin, and the end of the last.

    Examples
    --------
    >>> cut_blocks(10, 4)
    (0, 2, 5, 7, 10)
    """
    return tuple(images * block // blocks for block in range(blocks + 1))


@torch.no_grad()
def find_right(ann: nn.Module, images: RunImages) -> NDArray[np.bool_]:
    """Return which test images a network answers right, bool [images]."""
    found = [ann(part).argmax(1) for part in torch.split(images.images, TEST_BATCH)]
    return np.asarray(torch.cat(found) == images.labels)


def _take_batches(inputs: Inputs, count: int) -> Iterator[Tensor]:
    """Yield the images of training batches of the first epoch, `count` images in all."""
    for x, _ in inputs.batches(1):
        yield x[:count]
        count -= len(x)
        if count <= 0:
            return


def _read_tests(inputs: Inputs, recipe: Recipe, limit: int | None) -> tuple[Tensor, Tensor]:
    """Return the test images of the data set, scaled as the run scaled its own, and their labels."""
    least = min(one for one in (limit, recipe.task.test_limit, MOST_IMAGES) if one is not None)
    changes: dict[str, Any] = {"validation": 0, "augment": "none"}
    if least < MOST_IMAGES:
        changes["test_limit"] = least
    tests = Inputs(recipe.replace(**changes), "cpu")
    if tests.n_test * prod(inputs.shape) > MOST_NUMBERS:
        raise ValueError(
            f"limit must be set: {tests.n_test:,} test images of {list(inputs.shape)} do not fit into memory"
        )
    parts = []
    for number, first in enumerate(range(0, tests.n_test, TEST_BATCH)):
        rows = np.arange(first, min(first + TEST_BATCH, tests.n_test))
        parts.append(inputs.encode_test(tests.test_side, rows, number))
    return torch.cat([x for x, _ in parts]), torch.cat([y for _, y in parts])
