"""Convert the network of a finished run: thresholds from its training images, answers on its test images."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from netsci.arguments import as_count
from netsci.convert import METHODS
from netsci.convert.file import is_spiking
from netsci.train.converted import (
    MOST_IMAGES,
    TOLERANCE,
    WINDOWS,
    ConvertedRun,
    convert_trained,
    read_images,
)
from netsci.train.folder import CHECKPOINT, NETWORK, find_checkpoint
from netsci.train.inputs import Inputs
from netsci.train.network_file import load_network, read_recipe
from netsci.train.recipe import Recipe

STEPS = 32  # T, where the user gives none
__all__ = ["TOLERANCE", "WINDOWS", "ConvertedRun", "convert_run", "find_network", "read_changes"]


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
    options of the method, "name=value"; steps=N among them is that of the method (the T that dcgs makes
    thresholds for), where it is another than T. calibration : number of training images. limit : number of
    test images, balanced over classes as the recipe's are; None for all.
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
    images = read_images(_open_inputs(Path(source), recipe, download), recipe, calibration, limit)
    wanted = steps if steps is not None else options.get("steps")
    return convert_trained(ann, method, options, images, recipe, steps=wanted)


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
