"""Learning-rate schedules: the rate after so many epochs, without warm-up.

With t epochs over (a fraction within an epoch), w epochs of warm-up, E epochs in all, s = (t - w) / (E - w):

    constant     lr
    cosine       lr / 2 (1 + cos(pi s))
    steps        lr, lr / 10 from s = 1/2, lr / 100 from s = 3/4
    milestones   lr times milestone_factor for each of the milestones that is over, t >= milestone
    linear       from lr at s = 0 as a line to linear_end lr at s = linear_over, then constant

`LR_SCHEDULES` knows them by name: functions of (optimisation, t) that return the rate; register yours there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from netsci.train.parts import Optimisation


def constant(o: Optimisation, elapsed: float) -> float:
    """Return the rate of the start."""
    return o.lr


def cosine(o: Optimisation, elapsed: float) -> float:
    """Return the rate on half a wave from lr down to 0."""
    return o.lr / 2.0 * (1.0 + float(np.cos(np.pi * _share(o, elapsed))))


def steps(o: Optimisation, elapsed: float) -> float:
    """Return the rate, a tenth of it from the half on, a hundredth from three quarters on."""
    share = _share(o, elapsed)
    return o.lr * 0.1 ** ((share >= 0.5) + (share >= 0.75))


def milestones(o: Optimisation, elapsed: float) -> float:
    """Return the rate, times the factor for each milestone (in epochs, warm-up included) that is over."""
    return o.lr * o.milestone_factor ** sum(elapsed >= milestone for milestone in o.milestones)


def linear(o: Optimisation, elapsed: float) -> float:
    """Return the rate on a line to linear_end times lr, reached after the share linear_over of the epochs."""
    done = min(1.0, _share(o, elapsed) / o.linear_over)
    return o.lr * (1.0 + done * (o.linear_end - 1.0))


def _share(o: Optimisation, elapsed: float) -> float:
    """Return the share of the epochs after the warm-up that is over."""
    return min(1.0, (elapsed - o.warmup) / max(1, o.epochs - o.warmup))
