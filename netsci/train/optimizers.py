"""Optimizers: what makes a step of the gradient.

The momentum of "sgd" is Nesterov's, that of "sgd_plain" torch's own, with m the momentum and g the gradient,
decay included:

    b <- m b + g        sgd: w <- w - lr (g + m b)        sgd_plain: w <- w - lr b

"adam" and "adamw" are torch's, with its betas and eps. `OPTIMIZERS` knows them by name: functions of (groups,
optimisation) that return a torch optimizer of these parameter groups. Register your own there.
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
