"""A converted run: what the network of a run does as a spiking one, on the images of that run.

recipe -> data -> training images (thresholds), test images -> convert, simulate -> ConvertedRun

`netsci.train.convert_run` is the command on it, sweeps of conversions have it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from netsci.convert import convert
from netsci.convert.window_energy import window_energy
from netsci.measure import StepTrace, energy_by_step, saturation_point
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
    the first test images alone, where it was asked for.
    """

    model: Any
    trace: StepTrace
    recipe: Recipe
    source: str
    calibration: int
    ann_accuracy: float
    live: float
    first: StepTrace | None = None

    @property
    def window(self) -> int | None:
        """T of a network whose T is a window, so that nothing has a curve by T (aec); None of others."""
        found: int | None = getattr(self.model.network, "window", None)
        return found

    @cached_property
    def energy(self) -> pd.DataFrame:
        """The energy per image at every T, see `netsci.measure.energy_by_step`; of a window, at its T."""
        if self.window is not None:
            return window_energy(self.trace, self.window)
        return energy_by_step(self.trace.trace)

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
    on: str = "cpu",
) -> ConvertedRun:
    """Convert a trained network with the training images of its run, and run it on the test images.

    method, options : see `netsci.convert.convert`. steps : T up to which it runs; None takes that of the
    conversion, and a method whose T is a window takes no other. first : trace this many of the first test
    images alone too. on : "cpu" or "cuda", where the spiking network runs.

    Raises TypeError or ValueError as `convert` and `SpikingModel.simulate` do.
    """
    model = convert(ann, method, list(images.calibration), **options)
    n = len(images.images)
    parts = []
    for part in (slice(0, first), slice(first, n)) if 0 < first < n else (slice(0, n),):
        parts.append(model.simulate(images.images[part], steps, labels=images.labels[part], on=on))
    trace = parts[0] if len(parts) == 1 else parts[0] + parts[1]
    live = {name: n for name, n in model.live_units().items() if name not in trace.encoders}
    right = count_right(ann, images) / n
    return ConvertedRun(
        model,
        trace,
        recipe,
        images.source,
        images.n_calibration,
        right,
        sum(live.values()) / (float(trace.units[trace.behind].sum()) or float("nan")),
        parts[0] if first else None,
    )


@torch.no_grad()
def count_right(ann: nn.Module, images: RunImages) -> int:
    """Return how many test images a network answers right."""
    found = [ann(part).argmax(1) for part in torch.split(images.images, TEST_BATCH)]
    return int((torch.cat(found) == images.labels).sum())


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
