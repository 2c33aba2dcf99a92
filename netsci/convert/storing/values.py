"""Arguments of steps as values that JSON holds, and back.

Numbers, texts, True, False and None stand for themselves. Everything else is a dictionary with one key that
says what it is: {"ref": 3} is the output of step 3, {"tuple": [...]} a tuple.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from netsci.arguments import shorten
from netsci.convert.program import Size
from netsci.convert.recording import Ref

_PLAIN = (bool, int, float, str)
_DTYPES = {str(one): one for one in vars(torch).values() if isinstance(one, torch.dtype)}
_FORMATS = {str(one): one for one in (torch.contiguous_format, torch.preserve_format, torch.channels_last)}


def encode(value: Any, said: str) -> Any:
    """Return a value as JSON holds it; TypeError, with what it belongs to, if JSON cannot.

    Examples
    --------
    >>> encode((Ref(3), slice(None, 2)), "a step")
    {'tuple': [{'ref': 3}, {'slice': [None, 2, None]}]}
    """
    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, Ref):
        return {"ref": value.place}
    if isinstance(value, Size):
        return {"size": [value.p, value.q]}
    if isinstance(value, slice):
        return {"slice": [encode(one, said) for one in (value.start, value.stop, value.step)]}
    if isinstance(value, (list, tuple)):
        return {"list" if isinstance(value, list) else "tuple": [encode(one, said) for one in value]}
    if isinstance(value, Mapping):
        return {"dict": {str(name): encode(one, said) for name, one in value.items()}}
    if value is Ellipsis:
        return {"ellipsis": True}
    if isinstance(value, torch.dtype):
        return {"dtype": str(value)}
    if isinstance(value, torch.memory_format):
        return {"memory_format": str(value)}
    if isinstance(value, torch.device):
        return {"device": str(value)}
    raise TypeError(f"{said} has the argument {shorten(value)}, which no file can hold: leave it out")


def decode(value: Any) -> Any:
    """Return the value that `encode` turned into JSON; ValueError if it is none.

    Examples
    --------
    >>> decode(encode([Ref(1), Size(0, 2), ...], "a step"))
    [Ref(place=1), Size(p=0, q=2), Ellipsis]
    """
    if value is None or isinstance(value, _PLAIN):
        return value
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError(f"an argument of a step is {shorten(value)}")
    ((kind, held),) = value.items()
    if kind == "ref":
        return Ref(int(held))
    if kind == "size":
        return Size(int(held[0]), int(held[1]))
    if kind == "slice":
        return slice(*(decode(one) for one in held))
    if kind in ("list", "tuple"):
        found = [decode(one) for one in held]
        return found if kind == "list" else tuple(found)
    if kind == "dict":
        return {name: decode(one) for name, one in held.items()}
    if kind == "ellipsis":
        return Ellipsis
    if kind == "dtype" and held in _DTYPES:
        return _DTYPES[held]
    if kind == "memory_format" and held in _FORMATS:
        return _FORMATS[held]
    if kind == "device":
        return torch.device(held)
    raise ValueError(f"an argument of a step is {shorten(value)}")
