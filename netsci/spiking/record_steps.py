"""How many time steps a recorded pass has, from the calls of the neurons and the shape of the data.

Neurons that are called step by step do not say T. The rarest of them is called once a step, unless it follows
several layers in turn (a module that is used twice) or the data [T, batch, ...] hold fewer steps.
"""

from collections import Counter
from collections.abc import Hashable, Sequence

from netsci.spiking.record_events import Call

_SAY = "pass steps=T"


def steps_of_calls(calls: Sequence[Call], shape: tuple[int, ...], samples: int) -> int:
    """Return T of neurons that are called step by step.

    Raises ValueError if the data show fewer steps than the calls, which then repeat within a step.
    """
    numbers = Counter((one.name, one.shape) for one in calls)
    rarest = min(numbers, key=lambda key: numbers[key])
    own = [one for one in calls if (one.name, one.shape) == rarest]
    period = find_period([one.after for one in own])
    if period is None:
        raise ValueError(
            f"neurons {rarest[0]!r} were called {len(own)} times, behind one layer and another in no "
            "order that "
            f"repeats, so that T is not known; {_SAY}"
        )
    steps = len(own) // period
    told = data_steps(shape, samples)
    if told is None or told == steps or steps % told:
        return steps
    raise ValueError(
        f"neurons {rarest[0]!r} were called {len(own)} times, and the data {list(shape)} have {told} "
        "steps of "
        f"{samples} samples: a module that runs several times in a step, or a network that keeps its "
        "own time, is "
        f"not told apart; {_SAY}"
    )


def find_period(names: Sequence[Hashable]) -> int | None:
    """Return how many entries of a sequence make a step: it repeats, or all of it is one; None if unclear.

    Names are those of layers, "" where none ran before.

    >>> find_period(["a", "b", "a", "b"]), find_period(["a", "b"]), find_period(["", "a", "a"])
    (2, 2, 1)
    >>> find_period(["a", "a", "b", "a"]) is None
    True
    """
    known = names[1:] if len(names) > 1 and not names[0] else names
    if len(set(known)) == 1:
        return 1
    for period in range(2, len(names) // 2 + 1):
        if len(names) % period == 0 and all(a == b for a, b in zip(names, names[period:], strict=False)):
            return period
    return len(names) if len(set(names)) == len(names) else None


def data_steps(shape: tuple[int, ...], samples: int) -> int | None:
    """Return T of data [T, samples, ...], or None where the shape is none of these or may be [batch, ...]."""
    if len(shape) < 2 or shape[1] != samples or shape[0] < 1 or shape[0] == samples:
        return None
    return shape[0]


def check_frames(calls: Sequence[Call], shape: tuple[int, ...], samples: int, wanted: int | None) -> None:
    """Raise ValueError where neurons that run all steps in a call are called for each frame of the data."""
    told = data_steps(shape, samples)
    if wanted is not None or told is None or told < 2:
        return
    numbers = Counter((one.name, one.shape) for one in calls)
    own = len(calls[0].by_step)
    if all(count % told == 0 for count in numbers.values()) and own != told:
        raise ValueError(
            f"every neuron was called for each of the {told} frames of the data {list(shape)}, and "
            f"ran {own} steps in "
            f"each call: the network keeps its own time; give it one batch [batch, ...], or {_SAY}"
        )


def check_axes(layer: str, leading: Sequence[tuple[int, ...]], steps: int, samples: int) -> None:
    """Raise ValueError where the first layer reads another axis beside those of T and samples.

    leading : the axes before those of one input, for each call of the layer.
    """
    for axes in leading:
        if len(axes) < 2 or axes[:2] == (steps, samples):
            continue
        raise ValueError(
            f"layer {layer!r} reads data with the leading axes {list(axes)}, where the neurons show "
            f"{steps} steps of "
            f"{samples} samples: if the first axis is time, pass call=... with your loop over time, "
            "or one batch "
            f"[batch, ...] to a network that keeps its own time; if another axis is none of time, {_SAY}"
        )
