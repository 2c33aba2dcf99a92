"""DPAP: what spikes say of units and synapses, and which of these survive.

Every unit has a trace t <- .5 t + s over the steps; c is its last value over the number of steps, summed over
the places of a feature map. After each batch, over all epochs:

    BCM[pre, post] += sum over the samples of c_pre c_post (c_post - theta)
    theta          <- running mean over the batches of c_post, for each place in the batch
    trace          += sum over the samples of c_post

    dendrite = minmax(sum over pre of BCM) minmax(trace)             of each unit
    u        = (x - min) / (75th percentile - min) within [0, 1]     x : dendrite, or BCM of a synapse
    d        = 2 u - .65, + 5 if above 0          units of convolutions, tau = 12
    d        = 2 u - 1.5, + 2 if above 0          units and synapses of linear layers, tau = 13
    R        <- .999 R + d exp(-floor((e - 5) / tau))                from epoch e = 5 on; R = 10 at first

What has R below 0 is pruned for good. If all x are equal, minmax is .5; u is .5 for all where the 75th
percentile is the minimum, as in a layer of which more than three quarters are silent: then all die alike.

Source: Han et al., 2025 (DPAP) and its released code (BrainCog).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.topology.cells import links_of

BEGIN = 5  # first epoch of survival, from 0
FIRST_SURVIVAL = 10.0
PERCENTILE = 75.0
STAY = 0.999
# kind of layer -> what is taken off 2 u, what is added above 0, epochs after which d counts e times less
COURSE = {"conv": (0.65, 5.0, 12), "linear": (1.5, 2.0, 13)}

_Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Activity:
    """What batches have said of a layer; float64.

    bcm : [pre, post]. theta : [batch, post]. trace : [post]. batches : their number.
    """

    bcm: _Floats
    theta: _Floats
    trace: _Floats
    batches: int

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of its arrays."""
        return tuple(one.name for one in fields(cls) if one.name != "batches")

    @classmethod
    def of(cls, batch: int, pre: int, post: int) -> Activity:
        """Return the activity of a layer that has seen no batch.

        Examples
        --------
        >>> Activity.of(4, 3, 2).theta.shape
        (4, 2)
        """
        return cls(np.zeros((pre, post)), np.zeros((batch, post)), np.zeros(post), 0)


def add_batch(
    activity: Activity, before: Any, after: Any, *, in_place: bool = False, product: Any = None
) -> Activity:
    """Return the activity after one more batch.

    before, after : c of the units before and behind the layer, [batch, pre] and [batch, post]; all arrays, or
    all tensors of one device. in_place : whether the activity that is given takes the sums, which saves a
    matrix a batch. product : array [pre, post] to work in; it changes no number.

    Raises ValueError if the batch has another size than the ones before, since theta is kept by place.

    Examples
    --------
    >>> one = add_batch(Activity.of(1, 1, 1), np.array([[2.0]]), np.array([[3.0]]))
    >>> one.bcm.item(), one.theta.item(), add_batch(one, np.ones((1, 1)), np.ones((1, 1))).theta.item()
    (18.0, 3.0, 2.0)
    """
    if after.shape != activity.theta.shape or before.shape != (len(after), len(activity.bcm)):
        raise ValueError(
            f"after must be {list(activity.theta.shape)}, [batch, post], and before "
            f"{[len(activity.theta), len(activity.bcm)]}; got {list(after.shape)} and {list(before.shape)}: "
            "leave out a last batch that is smaller"
        )
    before, after = _double(before), _double(after)
    bcm, theta, trace, count = activity.bcm, activity.theta, activity.trace, activity.batches + 1
    drive = after * (after - theta)
    change = before.T @ drive if product is None else np.matmul(before.T, drive, out=product)
    if not in_place:
        theta = (theta * activity.batches + after) / count
        return Activity(bcm + change, theta, trace + after.sum(0), count)
    bcm += change
    theta *= activity.batches
    theta += after
    theta /= count
    trace += after.sum(0)
    return replace(activity, batches=count)


def _double(values: Any) -> Any:
    """Return an array or a tensor as float64."""
    return values.double() if hasattr(values, "double") else np.asarray(values, np.float64)


def minmax(x: _Floats) -> _Floats:
    """Return (x - min) / (max - min); .5 if all are equal.

    Examples
    --------
    >>> minmax(np.array([1.0, 3.0, 2.0])).tolist(), minmax(np.ones(2)).tolist()
    ([0.0, 1.0, 0.5], [0.5, 0.5])
    """
    return _scale(x, float(np.max(x, initial=-np.inf)))


def _scale(x: _Floats, top: float) -> _Floats:
    least = float(np.min(x, initial=np.inf))
    if not x.size or top == least:
        return np.full(x.shape, 0.5)
    return np.asarray(np.clip((x - least) / (top - least), 0.0, 1.0))


def dendrite(activity: Activity) -> _Floats:
    """Return minmax(sum over pre of BCM) minmax(trace) of every unit, [post]."""
    return minmax(activity.bcm.sum(0)) * minmax(activity.trace)


def survive(survival: _Floats, x: _Floats, kind: str, epoch: int) -> _Floats:
    """Return R after an epoch, of the same shape.

    x : dendrite of the units, or BCM of the synapses. kind : of the layer, "conv" or "linear". epoch : from
    0; before epoch 5 R does not change.

    Examples
    --------
    >>> survive(np.full(4, 10.0), np.array([0.0, 1.0, 1.0, 1.0]), "linear", 5).round(3).tolist()
    [8.49, 12.49, 12.49, 12.49]
    """
    if epoch < BEGIN:
        return survival
    off, more, tau = COURSE[kind]
    drive = 2.0 * _scale(x, float(np.percentile(x, PERCENTILE)) if x.size else 0.0) - off
    drive = np.where(drive > 0.0, drive + more, drive)
    renewed: _Floats = STAY * survival + drive * math.exp(-((epoch - BEGIN) // tau))
    return renewed


def surviving(links: sp.csr_array, units: _Floats, synapses: _Floats | None = None) -> sp.csr_array:
    """Return the links, bool CSR [pre, post], whose unit and whose synapse have R of at least 0.

    units : R, [post]. synapses : R, [pre, post]; None where only units die.

    Examples
    --------
    >>> links = sp.csr_array(np.ones((2, 2), bool))
    >>> surviving(links, np.array([1.0, -1.0]), np.array([[1.0, 1.0], [-1.0, 1.0]])).toarray().tolist()
    [[True, False], [False, False]]
    """
    held = links.tocoo()
    alive = units[held.col] >= 0.0
    if synapses is not None:
        alive &= synapses[held.row, held.col] >= 0.0
    places = held.row[alive].astype(np.int64) * links.shape[1] + held.col[alive]
    return links_of(places, links.shape)
