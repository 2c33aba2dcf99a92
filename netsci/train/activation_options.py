"""Options of activations that spiking neurons can follow; without torch, so that a recipe can check them.

    qcfs      theta floor(clip(x / theta, 0, 1) L + 1/2) / L; the layer's theta learns
    sqcfs     the same, theta = softplus(lambda), which stays above 0: stage 1 of CS-QCFS
    cs_qcfs   lambda for each channel of a convolution, one for a linear layer: stage 2 of CS-QCFS
    aec       at most two spikes that say a value; six numbers a layer and normalisations learn

`netsci.train.activations` makes them, `netsci.train.thresholds` starts their thresholds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from netsci.choices import suggest
from netsci.graph.checks import check_choice
from netsci.train.checks import check_positive, check_whole

QUANTISED = ("qcfs", "sqcfs", "cs_qcfs")
CODED = "aec"
STARTS = ("p999", "max", "twice_mean")  # what theta starts at, from training images; or a number
_LEVELS: dict[str, Any] = {"levels": 8, "theta": "p999"}
# activation -> its options with their defaults
OPTIONS: dict[str, dict[str, Any]] = {
    "relu": {},
    **dict.fromkeys(QUANTISED, _LEVELS),
    CODED: {"window": 8, "start": "cifar10"},
}


def fill_options(activation: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all options of an activation; those that are given, of one that netsci does not have.

    Examples
    --------
    >>> fill_options("qcfs", {"levels": 4})
    {'levels': 4, 'theta': 'p999'}
    """
    return {**OPTIONS.get(activation, {}), **given}


def check_options(activation: str, given: Mapping[str, Any], *, spiking: bool) -> None:
    """Raise TypeError or ValueError unless an activation takes these options, and the network can have it."""
    learns = activation in (*QUANTISED, CODED)
    if spiking and (learns or given):
        what = f"activation {activation!r}" if learns else "activation_options"
        raise ValueError(f"{what} is of a network without time: set spiking=False; got spiking=True")
    known = OPTIONS.get(activation)
    if known is None:
        return  # one of the user's own, whose function looks at them
    for name in given:
        if name not in known:
            takes = f"takes {', '.join(known)}" if known else "takes none"
            raise ValueError(
                f"activation_options of {activation!r} must not contain {name!r}: it {takes}"
                f"{suggest(name, known)}"
            )
    for name, value in given.items():
        _CHECKS[name](value)


def _check_theta(value: Any) -> None:
    if isinstance(value, str):
        check_choice(value, STARTS, "theta of activation_options (or a number above 0)")
    else:
        check_positive(value, "theta of activation_options")


_CHECKS: dict[str, Callable[[Any], None]] = {
    "levels": lambda value: check_whole(value, 1, "levels of activation_options"),
    "theta": _check_theta,
    "window": lambda value: check_whole(value, 1, "window of activation_options"),
    "start": lambda value: None,  # AEC reads it
}
