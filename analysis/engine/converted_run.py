"""Convert the network that another run has left, several ways: the task of converted cells.

source cell -> its network (found, or made again) -> [trained on, links frozen] -> converted -> simulated
            -> arrays of each conversion (written when it is done) -> record

A run that was stopped goes on: a fine-tuning from its checkpoint, and what is converted is not made again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from analysis.engine.conversion_arrays import count_blocks, measure, say_lost, tabulate
from analysis.engine.converted import Conversion, Tuning, read_plain
from analysis.engine.pruned_run import find_network
from netsci.convert import METHODS
from netsci.sweep import Cell, Record, find_record, load_record
from netsci.sweep.names import write_value
from netsci.train import Recipe, load_network, train, tune_for_conversion
from netsci.train.allocation import keep_freed_memory
from netsci.train.cells import DIVERGED
from netsci.train.converted import RunImages, convert_trained, find_right, read_images
from netsci.train.epoch import DivergedError
from netsci.train.folder import NETWORK
from netsci.train.inputs import Inputs
from netsci.train.network_file import read_recipe
from netsci.train.recorded import device_name
from netsci.train.start_network import same_links
from netsci.train.stored_network import read_stored
from netsci.train.thresholds import SilentLayerError

TUNED, DONE = "tuned", "conversion-{}.npz"
LOST = "not converted"  # the note that says of which conversions there is nothing, and why


@dataclass(frozen=True, eq=False)
class Work:
    """What all conversions of a run share: the network's file and recipe, images, limits, folder, device."""

    network: Path
    recipe: Recipe
    images: RunImages
    steps: int
    first: int
    blocks: int
    place: Path
    device: str


def run(
    *,
    dataset: str,
    seed: int,
    origin: str,
    conversions: Sequence[Any],
    steps: int,
    test_limit: int | None,
    first: int,
    calibration: int,
    after: int,
    blocks: int,
    source: Cell,
    folder: Path | None = None,
) -> Record:
    """Convert a network several ways and record what the spiking networks do at each step.

    source : the cell whose run leaves the network, of the name `origin`. folder : the partial folder of this
    run, in a folder of the sweep's records; None for one that is thrown away. conversions : as
    `Conversion.plain` writes them. The other values are those of `analysis.engine.converted.converted_cell`.

    A fine-tuning that diverges, or cannot start because a layer is silent on training images, is a result
    too: its conversion has accuracies of NaN and no arrays, and the note "not converted" says why, by label.
    A record whose source diverged has none but such conversions, and the note has "".

    Raises ValueError if the source has another name, or leaves no network after that epoch.
    """
    if source.name != origin:
        raise ValueError(f"source must be the cell {origin}, whose network is converted; got {source.name}")
    keep_freed_memory()
    device = os.environ.get("NETSCI_DEVICE", "cpu")
    if device == "cpu":
        torch.set_num_threads(int(os.environ.get("NETSCI_THREADS", "1")))
    chosen = [read_plain(one) for one in conversions]
    with tempfile.TemporaryDirectory() if folder is None else nullcontext(folder) as place:
        results = Path(place).parent.parent if folder is not None else Path(place)
        if why := _find_divergence(source, results):
            lost = [say_lost(one) for one in chosen]
            return Record(tabulate(chosen, lost, {"ann accuracy": np.nan}), {LOST: {"": why}})
        network = find_network(source, results, after)
        recipe = read_recipe(network)
        inputs = Inputs(recipe.replace(augment="none"), "cpu")
        images = read_images(inputs, recipe, calibration, test_limit)
        work = Work(network, recipe, images, steps, first, blocks, Path(place), device)
        found: list[Mapping[str, np.ndarray]] = []
        missing: dict[str, str] = {}
        for number, one in enumerate(chosen):
            record = _convert_once(number, one, chosen[number + 1 :], work)
            found.append(record.arrays)
            if LOST in record.notes:
                missing[one.label] = record.notes[LOST]
        right = find_right(load_network(network), images)
        shared = {
            "ann accuracy": float(right.mean()),
            "images": float(len(images.images)),
            "calibration images": float(images.n_calibration),
        }
        notes: dict[str, Any] = {"source": images.source, "device": device_name(device)}
        arrays = tabulate(chosen, found, shared) | count_blocks(right, blocks)
        return Record(arrays, notes | ({LOST: missing} if missing else {}))


def _find_divergence(source: Cell, results: Path) -> str:
    """Return why a source left no network, "" unless it diverged."""
    if find_record(results, source) is None:
        return ""
    return str(load_record(results, source).notes.get(DIVERGED, ""))


def _convert_once(number: int, one: Conversion, later: Sequence[Conversion], work: Work) -> Record:
    """Return the arrays of a conversion: those that an earlier start has written, or new ones."""
    path = work.place / DONE.format(number)
    if not path.exists():
        try:
            network = _tune(one.tunings, work)
            Record(_convert(one, network, work)).save(path)
        except (DivergedError, SilentLayerError) as error:
            Record(say_lost(one), {LOST: str(error)}).save(path)
    _clear(work.place / TUNED, later)
    return Record.load(path)


def _convert(one: Conversion, network: Path, work: Work) -> dict[str, np.ndarray]:
    """Return the arrays of a conversion of the network in a file."""
    ann = load_network(network)
    timed = "steps" in METHODS[one.method].options  # T of the others is a window
    found = convert_trained(
        ann,
        one.method,
        dict(one.options),
        work.images,
        work.recipe,
        steps=work.steps if timed else None,
        first=work.first,
        blocks=work.blocks,
        on="cuda" if work.device.startswith("cuda") else "cpu",
    )
    return measure(found)


def _tune(tunings: Sequence[Tuning], work: Work) -> Path:
    """Return the network that is left after all tunings, one from the other; the source's without any.

    Raises RuntimeError if a link changed.
    """
    network = work.network
    for count, one in enumerate(tunings, start=1):
        place = work.place / TUNED / key_of(tunings[:count])
        if not (place / NETWORK).exists():
            recipe = tune_for_conversion(network, one.name, epochs=one.epochs, **dict(one.changes))
            place.mkdir(parents=True, exist_ok=True)
            train(recipe, folder=place, network=network, device=work.device, test_every=0)
        network = place / NETWORK
    if tunings:
        before, after = read_stored(work.network).links, read_stored(network).links
        if not same_links(before, {name: after[name] for name in before}):
            raise RuntimeError("fine-tuning changed the links")
    return network


def key_of(tunings: Sequence[Tuning]) -> str:
    """Return the name of the folder of these tunings: conversions that begin alike share it.

    Examples
    --------
    >>> one = Tuning("qcfs", 2)
    >>> key_of([one]) == key_of([Tuning("qcfs", 2)]) != key_of([one, one])
    True
    """
    text = write_value([[one.name, one.epochs, one.changes] for one in tunings])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _clear(place: Path, later: Sequence[Conversion]) -> None:
    """Delete the networks and checkpoints of tunings that no later conversion begins with."""
    kept = {key_of(one.tunings[:count]) for one in later for count in range(1, len(one.tunings) + 1)}
    if place.is_dir():
        for one in place.iterdir():
            if one.name not in kept:
                shutil.rmtree(one, ignore_errors=True)
