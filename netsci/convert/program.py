"""A network as a straight program: steps in order, each a function of earlier ones.

`netsci.convert.building` makes a program of a network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from torch import Tensor

from netsci.convert.layers import Layer
from netsci.convert.recording import Ref


@dataclass(frozen=True)
class Size:
    """A number that depends on the batch: p + q batch."""

    p: int
    q: int


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a program.

    kind : "input", "constant", "layer", "norm", "activation", "add", "shift" (adds a constant), "scale",
        "average", "maximum", "move" (reshape, flatten, indexing), "join", "gelu", "layer norm", "softmax",
        "product" (linear in each of two steps), "attention", "neurons" (spikes in place of numbers, put
        there by a conversion), or the name of a function that is not known here.
    name : path of the module, for messages and tables. line : of the user's code.
    function, args, named : what runs, with `Ref` for the outputs of earlier steps and `Size` for numbers.
    sample : shape of the output without the axis of the samples. axis : that axis, None without. places :
        places of the axis that belong to one sample.
    layer : of a layer. module : of an activation, QCFS, SQCFS or AEC; None for a ReLU.
    """

    kind: str
    name: str
    line: str
    function: Callable[..., Any] | None
    args: tuple[Any, ...]
    named: Mapping[str, Any]
    sample: tuple[int, ...]
    axis: int | None
    places: int = 1
    layer: Layer | None = None
    module: Any = None
    value: Tensor | None = field(default=None, repr=False)

    @cached_property
    def inputs(self) -> tuple[int, ...]:
        """The places of the steps that it reads."""
        return tuple(dict.fromkeys(find_refs((self.args, dict(self.named)))))

    def run(self, values: Mapping[int, Any], batch: int) -> Any:
        """Return the output for the outputs of earlier steps."""
        if self.value is not None:
            return self.value
        function: Any = self.layer.module if self.layer is not None else self.function
        args, named = _resolve((self.args, dict(self.named)), values, batch)
        return function(*args, **named)


@dataclass(frozen=True, eq=False)
class Program:
    """Steps in order; the first is the input, the last the output. shape : of one sample of the input."""

    steps: tuple[Step, ...]
    shape: tuple[int, ...]

    def run(self, x: Tensor, see: Callable[[int, Any], Any] | None = None) -> Tensor:
        """Return the class scores of x [batch, ...]. see(place, value) may replace the output of any step."""
        values: dict[int, Any] = {}
        last = self.last_uses()
        for place, step in enumerate(self.steps):
            found = x if step.kind == "input" else step.run(values, len(x))
            found = found if see is None else see(place, found)
            values[place] = found
            for used in step.inputs:
                if last[used] == place:
                    del values[used]
        out: Tensor = values[len(self.steps) - 1]
        return out

    def last_uses(self) -> dict[int, int]:
        """Return for each step the last step that reads it."""
        return {used: place for place, step in enumerate(self.steps) for used in step.inputs}

    def users(self, place: int) -> list[int]:
        """Return the steps that read a step."""
        return [other for other, step in enumerate(self.steps) if place in step.inputs]

    def of_kind(self, *kinds: str) -> list[int]:
        """Return the places of the steps of these kinds."""
        return [place for place, step in enumerate(self.steps) if step.kind in kinds]


def find_refs(given: Any) -> Iterator[int]:
    """Yield the places of all `Ref` in arguments."""
    if isinstance(given, Ref):
        yield given.place
    elif isinstance(given, (list, tuple)):
        for one in given:
            yield from find_refs(one)
    elif isinstance(given, dict):
        yield from find_refs(list(given.values()))


def renumber(given: Any, numbers: Mapping[int, int]) -> Any:
    """Return arguments whose `Ref` count the places that numbers give for the former ones."""
    if isinstance(given, Ref):
        return Ref(numbers[given.place])
    if isinstance(given, (list, tuple)):
        return type(given)(renumber(one, numbers) for one in given)
    if isinstance(given, dict):
        return {name: renumber(one, numbers) for name, one in given.items()}
    return given


def _resolve(given: Any, values: Mapping[int, Any], batch: int) -> Any:
    """Return arguments with values in place of `Ref` and `Size`."""
    if isinstance(given, Ref):
        return values[given.place]
    if isinstance(given, Size):
        return given.p + given.q * batch
    if isinstance(given, (list, tuple)):
        return type(given)(_resolve(one, values, batch) for one in given)
    if isinstance(given, dict):
        return {name: _resolve(one, values, batch) for name, one in given.items()}
    if isinstance(given, slice):
        return slice(*_resolve((given.start, given.stop, given.step), values, batch))
    return given
