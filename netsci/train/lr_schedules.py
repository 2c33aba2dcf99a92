"""Learning-rate schedules: the learning rate after the warm-up.

t epochs are over (fractions count), w is the warm-up and E the number of epochs; s = (t - w) / (E - w):

    constant     lr
    cosine       lr / 2 (1 + cos(pi s))
    steps        lr, lr / 10 from s = 1/2, lr / 100 from s = 3/4
    milestones   lr milestone_factor^n, n = number of milestones with t >= milestone
    linear       on a line from lr at s = 0 to linear_end lr at s = linear_over, then constant

A schedule is a function (optimisation, t) that returns the rate; `optimisation` is that part of the recipe.
Register your own with netsci.train.LR_SCHEDULES.register(name, function).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from netsci.train.parts import Optimisation


def constant(o: Optimisation, elapsed: float) -> float:
    """Return lr."""
    return o.lr


def cosine(o: Optimisation, elapsed: float) -> float:
    """Return the rate along half a cosine, from lr down to 0."""
    return o.lr / 2.0 * (1.0 + float(np.cos(np.pi * _share(o, elapsed))))


def steps(o: Optimisation, elapsed: float) -> float:
    """Return lr, from half of the epochs on lr / 10, from three quarters on lr / 100."""
    share = _share(o, elapsed)
    return o.lr * 0.1 ** ((share >= 0.5) + (share >= 0.75))


def milestones(o: Optimisation, elapsed: float) -> float:
    """Return lr times milestone_factor for each milestone that is over (in epochs, warm-up included)."""
    return o.lr * o.milestone_factor ** sum(elapsed >= milestone for milestone in o.milestones)


def linear(o: Optimisation, elapsed: float) -> float:
    """Return the rate on a line from lr to linear_end lr, reached after the share linear_over of epochs."""
    done = min(1.0, _share(o, elapsed) / o.linear_over)
    return o.lr * (1.0 + done * (o.linear_end - 1.0))


def _share(o: Optimisation, elapsed: float) -> float:
    """Return the share of the epochs after the warm-up that is over."""
    return min(1.0, (elapsed - o.warmup) / max(1, o.epochs - o.warmup))
