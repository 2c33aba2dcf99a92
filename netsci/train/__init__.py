"""One training loop for every model: data in, topology evolution, checkpoints, resume.

Recipes and presets need no torch; it is imported when something that trains is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from netsci.train.choices import ENCODINGS, LEARNERS, LOSSES, LR_SCHEDULES, METHODS, OPTIMIZERS
from netsci.train.fine_tuning import FINE_TUNING, tune_for_conversion
from netsci.train.methods import Hooks, Method
from netsci.train.presets import PRESETS
from netsci.train.recipe import Net, Optimisation, Recipe, Task, Topology

if TYPE_CHECKING:
    from netsci.train.allocation import keep_freed_memory
    from netsci.train.allocation import keep_memory as keep_memory
    from netsci.train.cells import TRAINING, read_epoch, read_total, recipe_cell
    from netsci.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
    from netsci.train.features import features_of_run, pooled_features
    from netsci.train.inputs import Inputs
    from netsci.train.loop import Moment, Run, train
    from netsci.train.network_file import load_network, read_recipe, save_network
    from netsci.train.own_data import as_data_set
    from netsci.train.random_keys import generator_at
    from netsci.train.random_keys import keyed as keyed
    from netsci.train.start_network import freeze_links

_LATER = {  # what is imported on first use, for most of it needs torch
    "TRAINING": "cells",
    "read_epoch": "cells",
    "read_total": "cells",
    "recipe_cell": "cells",
    "Checkpoint": "checkpoint",
    "load_checkpoint": "checkpoint",
    "save_checkpoint": "checkpoint",
    "features_of_run": "features",
    "pooled_features": "features",
    "Inputs": "inputs",
    "as_data_set": "own_data",
    "keep_freed_memory": "allocation",
    "keep_memory": "allocation",  # former name
    "generator_at": "random_keys",
    "keyed": "random_keys",  # former name
    "Moment": "loop",
    "Run": "loop",
    "freeze_links": "start_network",
    "load_network": "network_file",
    "read_recipe": "network_file",
    "save_network": "network_file",
    "train": "loop",
}

__all__ = [
    "ENCODINGS",
    "FINE_TUNING",
    "LEARNERS",
    "LOSSES",
    "LR_SCHEDULES",
    "METHODS",
    "OPTIMIZERS",
    "PRESETS",
    "TRAINING",
    "Checkpoint",
    "Hooks",
    "Inputs",
    "Method",
    "Moment",
    "Net",
    "Optimisation",
    "Recipe",
    "Run",
    "Task",
    "Topology",
    "as_data_set",
    "features_of_run",
    "freeze_links",
    "generator_at",
    "keep_freed_memory",
    "load_checkpoint",
    "load_network",
    "pooled_features",
    "read_epoch",
    "read_recipe",
    "read_total",
    "recipe_cell",
    "save_checkpoint",
    "save_network",
    "train",
    "tune_for_conversion",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"netsci.train.{_LATER[name]}"), name)
    globals()[name] = found
    return found
