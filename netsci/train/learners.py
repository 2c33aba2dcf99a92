"""How a batch becomes gradients: back-propagation through time, or sparse target propagation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from netsci.spiking import stp_gradients
from netsci.train.recipe import Recipe


@dataclass(frozen=True)
class Learnt:
    """A batch's summed loss (tensor, so that the device need not be waited for) and what else was counted."""

    loss: Tensor
    counts: dict[str, int]


Learner = Callable[[nn.Module, Tensor, Tensor, np.random.Generator], Learnt]


def learner(recipe: Recipe) -> Learner:
    """Return the function (model, x, labels, rng) -> Learnt that fills the parameters' gradients.

    x is a batch as `Inputs` gives it, labels int64 [B]; rng draws the windows of S-TP.

    Examples
    --------
    >>> model = nn.Linear(2, 3)
    >>> learn = learner(Recipe())
    >>> learnt = learn(model, torch.ones(4, 2), torch.zeros(4, dtype=torch.int64), np.random.default_rng(7))
    >>> model.weight.grad.shape, learnt.loss.ndim
    (torch.Size([3, 2]), 0)
    """
    if recipe.optimisation.learner == "stp":
        return _stp(recipe)
    return _gradient(recipe)


def loss_of(recipe: Recipe) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the mean loss of scores [B, classes] against labels int64 [B].

    "mse" is the squared distance to the one-hot label, averaged over samples and classes.

    Examples
    --------
    >>> loss_of(Recipe().replace(loss="mse"))(torch.tensor([[1.0, 1.0]]), torch.tensor([0])).item()
    0.5
    """
    if recipe.optimisation.loss == "mse":
        return _squared_error
    return nn.functional.cross_entropy


def _squared_error(scores: Tensor, labels: Tensor) -> Tensor:
    target = nn.functional.one_hot(labels, scores.shape[1]).to(scores.dtype)
    return nn.functional.mse_loss(scores, target)


def _gradient(recipe: Recipe) -> Learner:
    criterion = loss_of(recipe)
    mixed = recipe.optimisation.mixed

    def learn(model: nn.Module, x: Tensor, labels: Tensor, rng: np.random.Generator) -> Learnt:
        with torch.autocast(x.device.type, torch.bfloat16, enabled=mixed and x.is_cuda):
            scores = model(x)
        loss = criterion(scores.float(), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        return Learnt(loss.detach() * len(labels), {})

    return learn


def _stp(recipe: Recipe) -> Learner:
    window = recipe.optimisation.window

    def learn(model: nn.Module, x: Tensor, labels: Tensor, rng: np.random.Generator) -> Learnt:
        step: Any = stp_gradients(model, x, labels, rng=rng, window=window)
        counts = {"spikes used": step.spikes_used, "spikes": step.spikes_total}
        return Learnt(step.loss, counts)

    return learn


def optimizer_of(recipe: Recipe, model: nn.Module) -> torch.optim.Optimizer:
    """Return the optimizer; weight decay acts on weights, not on biases and normalisations.

    The momentum of "sgd" is Nesterov's, that of "sgd_plain" torch's own, with m the momentum and g the
    gradient, decay included:

        b <- m b + g        sgd: w <- w - lr (g + m b)        sgd_plain: w <- w - lr b

    Examples
    --------
    >>> [len(group["params"]) for group in optimizer_of(Recipe(), nn.Linear(2, 3)).param_groups]
    [1, 1]
    """
    o = recipe.optimisation
    decayed: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        weight = name.endswith(("weight", "values")) and not (name.endswith("weight") and parameter.ndim == 1)
        (decayed if weight else plain).append(parameter)
    groups = [
        {"params": params, "weight_decay": decay}
        for params, decay in ((decayed, o.weight_decay), (plain, 0.0))
        if params
    ]
    if o.optimizer in ("sgd", "sgd_plain"):
        nesterov = o.optimizer == "sgd" and o.momentum > 0
        return torch.optim.SGD(groups, lr=o.lr, momentum=o.momentum, nesterov=nesterov)
    kind = torch.optim.Adam if o.optimizer == "adam" else torch.optim.AdamW
    return kind(groups, lr=o.lr)


def rate_at(recipe: Recipe, epoch: int, done: float) -> float:
    """Return the learning rate in an epoch (from 1) of which the share `done`, in [0, 1], is over.

    With t = epoch - 1 + done epochs over, warmup w and E epochs in all, s = (t - w) / (E - w):

        t < w       lr (t + 1/32) / (w + 1/32)
        constant    lr
        cosine      lr / 2 (1 + cos(pi s))
        steps       lr, lr / 10 from s = 1/2, lr / 100 from s = 3/4

    Examples
    --------
    >>> recipe = Recipe().replace(lr=0.1, epochs=10, course="cosine")
    >>> rate_at(recipe, 1, 0.0), rate_at(recipe, 6, 0.0), rate_at(recipe, 10, 1.0)
    (0.1, 0.05, 0.0)
    """
    o = recipe.optimisation
    elapsed = epoch - 1 + done
    if elapsed < o.warmup:
        return o.lr * (elapsed + 1.0 / 32.0) / (o.warmup + 1.0 / 32.0)
    if o.course == "constant":
        return o.lr
    share = min(1.0, (elapsed - o.warmup) / max(1, o.epochs - o.warmup))
    if o.course == "cosine":
        return o.lr / 2.0 * (1.0 + float(np.cos(np.pi * share)))
    return o.lr * 0.1 ** ((share >= 0.5) + (share >= 0.75))
