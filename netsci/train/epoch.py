"""Train one epoch: for each batch compute gradients, step the optimizer and call the hooks of the method."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from netsci.sparse import Watch, sparse_layers, views
from netsci.topology import Evolution
from netsci.train.activations import say_bad_threshold
from netsci.train.inputs import Inputs
from netsci.train.learners import Learner, rate_at
from netsci.train.methods.base import Hooks, Step, Steps
from netsci.train.random_keys import LEARNING, generator_at
from netsci.train.recipe import Recipe
from netsci.train.testing import Rows, row

Progress = Callable[[int, float], None]


class DivergedError(ValueError):
    """The loss of a run became infinite or NaN, or a threshold of its activations not above 0."""


@dataclass
class State:
    """The changing parts of a run. epoch, step : epochs and batches done. rows : rows of the table so far."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    hooks: Hooks
    epoch: int = 0
    step: int = 0
    rows: Rows = field(default_factory=list)


def steps_of(recipe: Recipe, inputs: Inputs) -> Steps:
    """Return the length of a run: epochs, and batches in an epoch.

    Examples
    --------
    >>> recipe = Recipe().replace(epochs=3, batch=40, limit=100)
    >>> steps_of(recipe, Inputs(recipe, "cpu"))
    Steps(epochs=3, batches=3)
    """
    o = recipe.optimisation
    return Steps(o.epochs, -(-inputs.n_train // o.batch))


def train_epoch(
    state: State, recipe: Recipe, inputs: Inputs, learn: Learner, progress: Progress | None = None
) -> tuple[Rows, list[Evolution]]:
    """Train the epoch state.epoch. Return its rows for the table, and the changes of the topology.

    Raises DivergedError if the loss is infinite or NaN, or a threshold of an activation not above 0.
    """
    total: Any = 0.0
    counts: dict[str, int] = {}
    evolutions: list[Evolution] = []
    steps, watch = steps_of(recipe, inputs), Watch()
    state.model.train()
    for number, (x, labels) in enumerate(inputs.batches(state.epoch), start=1):
        step = Step(state.epoch, number, steps, state.optimizer, lambda: views(state.model, watch))
        state.hooks.before_batch(step)
        needs = state.hooks.needs(step)
        if needs:
            watch.attach(sparse_layers(state.model), needs)
        try:
            learnt = _learn(state, step, recipe, learn, x, labels)
            total = total + learnt.loss
            evolution = _after_step(state.hooks, step, total, recipe)
        finally:
            watch.detach()
        if evolution is not None:
            evolutions.append(evolution)
        for name, count in learnt.counts.items():
            counts[name] = counts.get(name, 0) + count
        state.step += 1
        if progress is not None:
            progress(state.epoch, number / steps.batches)
    _check_finite(total, step, recipe)
    if bad := say_bad_threshold(state.model):
        raise DivergedError(f"in epoch {step.epoch} {bad}")
    rows = [row("loss", float(total) / inputs.n_train, "mean a sample")]
    rows += [row(f"{name} in learning", count, "count") for name, count in counts.items()]
    return rows + state.hooks.after_epoch(step), evolutions


def _learn(state: State, step: Step, recipe: Recipe, learn: Learner, x: Any, labels: Any) -> Any:
    """Take one step of the optimizer; return the report of the learner."""
    model, optimizer = state.model, state.optimizer
    rate = rate_at(recipe, step.epoch, (step.batch - 1) / step.steps.batches)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad(set_to_none=True)
    learnt = learn(model, x, labels, generator_at(recipe.seed, step.epoch, step.batch - 1, LEARNING))
    state.hooks.after_backward(step)
    if recipe.optimisation.clip is not None:
        nn.utils.clip_grad_norm_(model.parameters(), recipe.optimisation.clip)
    optimizer.step()
    return learnt


def _after_step(hooks: Hooks, step: Step, total: Any, recipe: Recipe) -> Evolution | None:
    """Call the hook after_step. If it fails because the loss is not finite, say so."""
    try:
        return hooks.after_step(step)
    except ValueError:
        _check_finite(total, step, recipe)
        raise


def _check_finite(total: Any, step: Step, recipe: Recipe) -> None:
    """Raise DivergedError if the summed loss is infinite or NaN."""
    if not math.isfinite(float(total)):
        raise DivergedError(
            f"the loss became infinite or NaN in epoch {step.epoch}: lower lr "
            f"({recipe.optimisation.lr:g}), or set clip, which limits the norm of the gradient"
        )
