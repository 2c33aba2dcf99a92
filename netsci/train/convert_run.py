"""Convert the network of a finished run: thresholds from its training images, answers on its test images."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from netsci.arguments import as_count
from netsci.convert import METHODS, convert
from netsci.convert.file import is_spiking
from netsci.convert.window_energy import window_energy
from netsci.measure import StepTrace, energy_by_step, saturation_times
from netsci.train.folder import CHECKPOINT, NETWORK, find_checkpoint
from netsci.train.inputs import TEST_BATCH, Inputs
from netsci.train.network_file import load_network, read_recipe
from netsci.train.recipe import Recipe

if TYPE_CHECKING:
    import pandas as pd

WINDOWS = (5, 10)  # S1, S2
TOLERANCE = 0.01
STEPS = 32  # T, where the user gives none
MOST_IMAGES = 10**9
MOST_NUMBERS = 2**30  # of the test images in memory


@dataclass(frozen=True, eq=False)
class ConvertedRun:
    """A spiking network, what it did on the test images, and the ANN beside it.

    source : of the data. recipe : of the run. calibration : number of training images that set thresholds.
    ann_accuracy : share of right answers of the ANN on the same test images. live : share of the spiking
    neurons that are connected to input and output; NaN without neurons.
    """

    model: Any
    trace: StepTrace
    recipe: Recipe
    source: str
    calibration: int
    ann_accuracy: float
    live: float

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
        """Saturation times: curve, window, at ("end" or "start"), time (NaN: it never saturates).

        No rows where T is a window: there is no curve.
        """
        import pandas as pd

        if self.window is not None:
            return pd.DataFrame(columns=["curve", "window", "at", "time"])
        curves = {"accuracy": self.trace.accuracy, "firing rate": self.trace.running_rate}
        rows = []
        for window in WINDOWS:
            for at in ("end", "start"):
                times = saturation_times(
                    np.array(list(curves.values())), window=window, tolerance=TOLERANCE, at=at
                )
                rows += [
                    {"curve": name, "window": window, "at": at, "time": time}
                    for name, time in zip(curves, times.tolist(), strict=True)
                ]
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


def convert_run(
    source: str | Path,
    method: str,
    changes: Sequence[str] = (),
    *,
    steps: int | None = None,
    calibration: int = 10_000,
    limit: int | None = None,
    download: bool = False,
) -> ConvertedRun:
    """Convert the network of a run, and run it on the run's test images at T = 1, ..., steps.

    source : the folder of a finished run, or its network.safetensors. method : see `netsci.convert.convert`.
    steps : T; None takes 32. A method whose T is a window (aec) has none, and runs one window. changes :
    options of the method, "name=value". calibration : number of training images. limit : number of test
    images, balanced over classes as the recipe's are; None for all.
    download : fetch the data set if its files are missing.

    The test images are those of the data set, also where the run held out training images.

    Raises
    ------
    TypeError, ValueError
        If there is no finished run, its network cannot be converted, or an option is not the method's.
    """
    METHODS.check(method, "method")
    options = _read_options(method, steps, changes)
    calibration = as_count(calibration, "calibration", 1, MOST_IMAGES)
    if limit is not None:
        limit = as_count(limit, "limit", 1, MOST_IMAGES)
    place = find_network(Path(source))
    recipe = read_recipe(place)
    ann = load_network(place)
    inputs = _open_inputs(Path(source), recipe, download)
    batches = list(_take_batches(inputs, calibration))
    model = convert(ann, method, [x for x, _ in batches], **options)
    images, labels = _read_tests(inputs, recipe, limit)
    trace = model.simulate(images, labels=labels)
    right = _count_right(ann, images, labels)
    live = sum(model.live_units().values()) / (float(trace.units.sum()) or float("nan"))
    seen = sum(len(x) for x, _ in batches)
    return ConvertedRun(model, trace, recipe, inputs.source, seen, right / len(images), live)


def _read_options(method: str, steps: int | None, changes: Sequence[str]) -> dict[str, Any]:
    """Return the options of a method; TypeError or ValueError if one is not its own."""
    options: dict[str, Any] = {}
    if steps is not None:
        options["steps"] = as_count(steps, "steps")
    elif "steps" in METHODS[method].options:
        options["steps"] = STEPS
    options |= read_changes(changes)
    METHODS[method].fill_options(options)
    return options


def read_changes(changes: Sequence[str]) -> dict[str, Any]:
    """Return values by name of texts "name=value"; a value is a Python literal or a word.

    Examples
    --------
    >>> read_changes(["theta=max", "levels=8"])
    {'theta': 'max', 'levels': 8}
    """
    values: dict[str, Any] = {}
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals:
            raise ValueError(f"--set takes NAME=VALUE, such as theta=max; got {change!r}")
        try:
            values[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            values[name] = text
    return values


def find_network(source: Path) -> Path:
    """Return the network.safetensors of a run; ValueError, with what to do, if there is none."""
    if source.is_dir():
        if not (source / NETWORK).is_file():
            begun = (source / CHECKPOINT).exists()
            raise ValueError(
                f"{source} holds no {NETWORK}: "
                + ("finish its training first" if begun else "give the folder of a run of `netsci train`")
            )
        return source / NETWORK
    if not source.is_file():
        raise ValueError(f"there is no file or folder {source}: give the folder of a finished run")
    if is_spiking(source):
        raise ValueError(
            f"{source} is a spiking network already: give the run, or the network.safetensors, that it was "
            "made of"
        )
    return source


def _open_inputs(source: Path, recipe: Recipe, download: bool) -> Inputs:
    """Return the data as the run saw them, its images not varied; ValueError if they are others."""
    if recipe.net.spiking:
        raise ValueError(
            f"{source} holds a network that spikes already ({recipe.net.model}): train one with "
            "spiking=False, such as the preset digits-mlp"
        )
    inputs = Inputs(recipe.replace(augment="none"), "cpu", download=download)
    if source.is_dir() and (source / CHECKPOINT).exists():
        find_checkpoint(source, recipe, inputs.checksum)
    return inputs


def _take_batches(inputs: Inputs, count: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield training batches of the first epoch with `count` images in all."""
    for x, y in inputs.batches(1):
        yield x[:count], y[:count]
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


@torch.no_grad()
def _count_right(ann: nn.Module, images: Tensor, labels: Tensor) -> int:
    found = [ann(part).argmax(1) for part in torch.split(images, TEST_BATCH)]
    return int((torch.cat(found) == labels).sum())
