"""Optimizers of a recipe.

"sgd" has Nesterov's momentum, "sgd_plain" the heavy-ball momentum. m is the momentum and g the gradient with
the weight decay added:

    b <- m b + g        sgd: w <- w - lr (g + m b)        sgd_plain: w <- w - lr b

"adam" and "adamw" are torch's, with its betas and eps. An optimizer is registered as a function (groups,
optimisation) that returns a torch.optim.Optimizer: `groups` are its parameter groups with their weight decay,
`optimisation` is that part of the recipe. Register your own with netsci.train.OPTIMIZERS.register(name,
function).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from netsci.train.parts import Optimisation

Groups = list[dict[str, Any]]


def sgd(groups: Groups, o: Optimisation) -> Optimizer:
    """Return gradient descent with Nesterov's momentum; plain descent at momentum 0."""
    from torch.optim import SGD

    return SGD(groups, lr=o.lr, momentum=o.momentum, nesterov=o.momentum > 0)


def sgd_plain(groups: Groups, o: Optimisation) -> Optimizer:
    """Return gradient descent with the plain, heavy-ball momentum."""
    from torch.optim import SGD

    return SGD(groups, lr=o.lr, momentum=o.momentum)


def adam(groups: Groups, o: Optimisation) -> Optimizer:
    """Return Adam, the weight decay added to the gradient."""
    from torch.optim import Adam

    return Adam(groups, lr=o.lr)


def adamw(groups: Groups, o: Optimisation) -> Optimizer:
    """Return AdamW, the weight decay apart from the gradient."""
    from torch.optim import AdamW

    return AdamW(groups, lr=o.lr)
