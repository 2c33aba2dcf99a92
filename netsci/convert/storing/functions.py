"""Functions of a program by name, and back: torch's own that a conversion knows, and no others.

A file says "functional.avg_pool2d" or "Tensor.flatten". Only names that `netsci.convert.kinds` has are
read, so that no file can call anything else.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from netsci.convert import kinds
from netsci.convert.building import halve
from netsci.convert.folding import keep
from netsci.convert.recording import AVERAGES
from netsci.convert.rewriting import soften_scores

Function = Callable[..., Any]
PLACES: dict[str, Any] = {"torch": torch, "functional": functional, "Tensor": Tensor, "operator": operator}
OWN: dict[str, Function] = {"halve": halve, "keep": keep, "soften_scores": soften_scores}
ATTRIBUTES = ("T", "mT", "H", "mH", "data")
POOLS = {one.__name__: one for one in AVERAGES}
# Names of these functions in their places, where they go by another name there.
_MORE = {"max_pool1d", "max_pool2d", "max_pool3d", "boolean_dispatch"}


@cache
def all_functions() -> dict[str, Function]:
    """Return the functions that a file may name, by "place.name".

    Examples
    --------
    >>> all_functions()["Tensor.flatten"] is Tensor.flatten, "torch.load" in all_functions()
    (True, False)
    """
    wanted = set().union(
        kinds.MOVES, kinds.ADD, kinds.SCALE, kinds.JOIN, kinds.AVERAGE, kinds.MAXIMUM, kinds.OTHERS, _MORE
    )
    found: dict[str, Function] = {f"own.{name}": function for name, function in OWN.items()}
    for place, home in PLACES.items():
        for name in sorted(wanted):
            one = getattr(home, name, None)
            if callable(one) and not isinstance(one, type):
                found[f"{place}.{name}"] = one
    for name in ATTRIBUTES:
        found[f"attribute.{name}"] = getattr(Tensor, name).__get__
    return found


def name_function(function: Function, said: str) -> Any:
    """Return the name of a function, or what makes a pooling; TypeError if a file cannot say it.

    said : what the function is in the network, for the error.

    Examples
    --------
    >>> name_function(torch.relu, "a step"), name_function(nn.AvgPool1d(3).forward, "a step")["pool"]
    ('torch.relu', 'AvgPool1d')
    """
    owner = getattr(function, "__self__", None)
    if isinstance(owner, nn.Module) and type(owner) in AVERAGES:
        return {"pool": type(owner).__name__, "options": _pool_options(owner)}
    for name, known in all_functions().items():
        if known is function or (name.startswith("attribute.") and known == function):
            return name
    shown = getattr(function, "__name__", type(function).__name__)
    raise TypeError(
        f"{said} runs {shown!r}, a function that no file can name: build the network of torch's own "
        "functions and modules to save it"
    )


def find_function(given: Any) -> Function:
    """Return the function of a name, or of what makes a pooling; ValueError if it is not known."""
    if isinstance(given, dict):
        name, options = given["pool"], given["options"]
        if name not in POOLS:
            raise ValueError(f"it names the pooling {name!r}, which is not known")
        made: Any = POOLS[name](**{key: _tuples(value) for key, value in options.items()})
        function: Function = made.forward
        return function
    if given not in all_functions():
        raise ValueError(f"it names the function {given!r}, which is not known")
    return all_functions()[given]


def _pool_options(pool: nn.Module) -> dict[str, Any]:
    names: Any = pool.__constants__
    return {str(name): getattr(pool, name) for name in names}


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
