"""Learners: compute the gradients of a batch, by back-propagation or by sparse target propagation.

A learner is registered as a function of the recipe that returns a function (model, x, labels, rng) ->
BatchLoss. That one fills parameter.grad. Register your own with netsci.train.LEARNERS.register(name,
function).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from netsci.train.choices import LEARNERS, LOSSES, LR_SCHEDULES, OPTIMIZERS

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer

    from netsci.train.recipe import Recipe


@dataclass(frozen=True)
class BatchLoss:
    """What a learner reports of a batch.

    loss : sum of the loss over the samples, a tensor (so that the program need not wait for a GPU).
    counts : other numbers by name; the table of the run sums them over an epoch.
    """

    loss: Tensor
    counts: dict[str, int]


Learner = Callable[[Any, Any, Any, np.random.Generator], BatchLoss]


def learner(recipe: Recipe) -> Learner:
    """Return the function (model, x, labels, rng) -> BatchLoss that fills the parameters' gradients.

    x : a batch of `Inputs`. labels : int64 [B]. rng : generator for dropout, or for the windows of S-TP.

    Examples
    --------
    >>> import torch
    >>> from netsci.train import Recipe
    >>> model = torch.nn.Linear(2, 3)
    >>> learn = learner(Recipe())
    >>> learnt = learn(model, torch.ones(4, 2), torch.zeros(4, dtype=torch.int64), np.random.default_rng(7))
    >>> model.weight.grad.shape, learnt.loss.ndim
    (torch.Size([3, 2]), 0)
    """
    learn: Learner = LEARNERS[recipe.optimisation.learner](recipe)
    return learn


def loss_of(recipe: Recipe) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the loss function (scores, labels) of a recipe, label smoothing included.

    Raises ValueError if the recipe smooths labels and the loss has no keyword label_smoothing.

    Examples
    --------
    >>> import torch
    >>> from netsci.train import Recipe
    >>> loss_of(Recipe().replace(loss="mse"))(torch.tensor([[1.0, 1.0]]), torch.tensor([0])).item()
    0.5
    """
    o = recipe.optimisation
    function = LOSSES[o.loss]
    if not o.label_smoothing:
        return function
    if "label_smoothing" not in inspect.signature(function).parameters:
        raise ValueError(
            f"label_smoothing must be 0 for the loss {o.loss!r}, which has no keyword label_smoothing; got "
            f"{o.label_smoothing}"
        )
    return partial(function, label_smoothing=o.label_smoothing)


def gradient(recipe: Recipe) -> Learner:
    """Return the learner that back-propagates the loss; through time, with surrogates, if the network spikes.

    With mixup, each image is mixed with another one of its batch, x <- a x + (1 - a) x', and the loss is a
    L(y) + (1 - a) L(y'), a drawn once a batch from Beta(mixup, mixup). Dropout draws from torch's global
    generator. It is seeded for each batch and restored afterwards.
    """
    import torch

    criterion = loss_of(recipe)
    mixed, alpha = recipe.optimisation.mixed, recipe.optimisation.mixup

    def learn(model: nn.Module, x: Tensor, labels: Tensor, rng: np.random.Generator) -> BatchLoss:
        with torch.random.fork_rng([x.device] if x.is_cuda else []):
            seed_generators(int(rng.integers(2**62)), x)
            share, other = 1.0, labels
            if alpha:
                share = float(rng.beta(alpha, alpha))
                x, other = _mix(x, labels, share, rng, over_time=recipe.task.encoding != "direct")
            with torch.autocast(x.device.type, torch.bfloat16, enabled=mixed and x.is_cuda):
                scores = model(x)
        loss = criterion(scores.float(), labels)
        if share != 1.0:
            loss = share * loss + (1.0 - share) * criterion(scores.float(), other)
        loss.backward()  # type: ignore[no-untyped-call]
        return BatchLoss(loss.detach() * len(labels), {})

    return learn


def seed_generators(seed: int, x: Tensor) -> None:
    """Seed torch's global generator of the CPU, and of the GPU where x lies there, as torch.manual_seed does.

    That function also queues a seed, with a trace of the stack, for each kind of device that is not there:
    about a millisecond a call.
    """
    import torch

    torch.default_generator.manual_seed(seed)
    if x.is_cuda:
        torch.cuda.manual_seed(seed)


def _mix(
    x: Tensor, labels: Tensor, share: float, rng: np.random.Generator, *, over_time: bool
) -> tuple[Tensor, Tensor]:
    """Return a batch mixed with itself in another order, and the labels of that order."""
    import torch

    order = torch.from_numpy(rng.permutation(len(labels))).to(labels.device)
    axis = 1 if over_time and x.ndim in (3, 5) else 0  # [T, B, ...] has the batch second
    return share * x + (1.0 - share) * x.index_select(axis, order), labels[order]


def stp(recipe: Recipe) -> Learner:
    """Return the learner of sparse target propagation, see `netsci.spiking.stp_gradients`."""
    from netsci.spiking import stp_gradients

    window = recipe.optimisation.window

    def learn(model: nn.Module, x: Tensor, labels: Tensor, rng: np.random.Generator) -> BatchLoss:
        step: Any = stp_gradients(model, x, labels, rng=rng, window=window)
        counts = {"spikes used": step.spikes_used, "spikes": step.spikes_total}
        return BatchLoss(step.loss, counts)

    return learn


def optimizer_of(recipe: Recipe, model: nn.Module) -> Optimizer:
    """Return the optimizer of a recipe for a model. Biases and normalisations have no weight decay.

    See `netsci.train.optimizers`.

    Examples
    --------
    >>> from torch import nn
    >>> from netsci.train import Recipe
    >>> [len(group["params"]) for group in optimizer_of(Recipe(), nn.Linear(2, 3)).param_groups]
    [1, 1]
    """
    o = recipe.optimisation
    decayed: list[Any] = []
    plain: list[Any] = []
    for name, parameter in model.named_parameters():
        weight = name.endswith(("weight", "values")) and not (name.endswith("weight") and parameter.ndim == 1)
        (decayed if weight else plain).append(parameter)
    groups = [
        {"params": params, "weight_decay": decay}
        for params, decay in ((decayed, o.weight_decay), (plain, 0.0))
        if params
    ]
    optimizer: Optimizer = OPTIMIZERS[o.optimizer](groups, o)
    return optimizer


def rate_at(recipe: Recipe, epoch: int, done: float) -> float:
    """Return the learning rate at a time of a run.

    epoch : from 1. done : share of it that is over, in [0, 1]. With t = epoch - 1 + done and w the warm-up:

        t < w       lr (t + 1/32) / (w + 1/32)
        t >= w      the rate of the schedule, see `netsci.train.lr_schedules`

    Examples
    --------
    >>> from netsci.train import Recipe
    >>> recipe = Recipe().replace(lr=0.1, epochs=10, lr_schedule="cosine")
    >>> rate_at(recipe, 1, 0.0), rate_at(recipe, 6, 0.0), rate_at(recipe, 10, 1.0)
    (0.1, 0.05, 0.0)
    """
    o = recipe.optimisation
    elapsed = epoch - 1 + done
    if elapsed < o.warmup:
        return o.lr * (elapsed + 1.0 / 32.0) / (o.warmup + 1.0 / 32.0)
    return LR_SCHEDULES[o.lr_schedule](o, elapsed)
