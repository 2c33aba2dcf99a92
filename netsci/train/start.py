"""The state that a run of training starts from: of a new network, or of a checkpoint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import nn

from netsci.train.build import build
from netsci.train.epoch import State, steps_of
from netsci.train.folder import check_files, find_checkpoint
from netsci.train.inputs import Inputs
from netsci.train.learners import optimizer_of
from netsci.train.methods.base import Hooks, Step, method_of
from netsci.train.random_keys import EVOLUTION, METHOD, generator_at
from netsci.train.recipe import Recipe
from netsci.train.stored_network import StoredNetwork


def begin(
    recipe: Recipe, inputs: Inputs, device: str, place: Path | None, start: StoredNetwork | None = None
) -> State:
    """Return the first state of a run: of a new network, of `start`, or of the checkpoint in its folder.

    Raises ValueError if the checkpoint does not fit.
    """
    model = build(recipe, inputs, start).to(device)
    checkpoint = None if place is None else find_checkpoint(place, recipe, inputs.checksum)
    hooks = _start_hooks(recipe, model, inputs)  # before loading: methods see the network at its start
    if checkpoint is None or place is None:
        return State(model, optimizer_of(recipe, model), hooks)
    try:
        model.load_state_dict(checkpoint.model)
        optimizer = optimizer_of(recipe, model)
        optimizer.load_state_dict(checkpoint.optimizer)
        # Versions before methods kept the layers that had stopped, and nothing else.
        old = checkpoint.method is None
        hooks.load_state_dict({"stopped": checkpoint.notes["stopped"]} if old else checkpoint.method or {})
        rows = checkpoint.notes["rows"]
    except (RuntimeError, ValueError, KeyError) as error:
        raise ValueError(
            f"{place} holds a checkpoint that does not fit this version ({error}): continue with the version "
            "that wrote it, or start again with resume=False"
        ) from error
    check_files(place, checkpoint)
    return State(model, optimizer, hooks, checkpoint.epoch, checkpoint.step, rows)


def _start_hooks(recipe: Recipe, model: nn.Module, inputs: Inputs) -> Hooks:
    """Start the hooks of the recipe's method. Those of a dense network do nothing."""
    method = method_of(recipe)
    if method is None:
        return Hooks()

    def draw(step: Step, part: int = 0) -> np.random.Generator:
        # The key of a step at the end of an epoch is that of evolutions before there were others.
        number = step.batch % step.steps.batches
        return generator_at(recipe.seed, step.epoch, number, METHOD + part if part else EVOLUTION)

    return method.start(model, steps_of(recipe, inputs), draw)
