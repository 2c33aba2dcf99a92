"""Stubs for plain data beside the weights: settings, paths, counters, arrays of numpy.

A checkpoint often keeps the arguments of its program. Their classes are neither imported nor called: a stub
takes the place of each, ignores what it is given, and is left out of the network. Dictionaries and lists of
other kinds become plain ones, because they may hold the weights.
"""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from typing import Any

import numpy as np

# Named one by one or by a package that holds settings and nothing else.
_PLAIN = re.compile(
    r"argparse\.Namespace|types\.SimpleNamespace|pathlib(\._local)?\.(Pure)?(Posix|Windows)?Path|uuid\.UUID|"
    r"datetime\.(datetime|date|time|timedelta|timezone)|decimal\.Decimal|fractions\.Fraction|typing\.Any|"
    r"(builtins|__builtin__)\.(dict|list|tuple|frozenset|int|float|str|bool|bytes|complex|slice|range|object|long|unicode|xrange)|"
    r"omegaconf\.[\w.]+|ml_collections\.config_dict\.[\w.]+|torch\.torch_version\.TorchVersion"
)
_MAPPINGS = re.compile(
    r"collections\.(defaultdict|Counter)|easydict\.EasyDict|addict\.(addict\.)?Dict|munch\.(Munch|DefaultMunch)|"
    r"(yacs|fvcore\.common)\.config\.CfgNode|(mmengine|mmcv\.utils)\.config(\.config)?\.ConfigDict|"
    r"(pytorch_lightning|lightning|lightning_fabric)\.[\w.]+\.AttributeDict"
)
_SEQUENCES = re.compile(r"collections\.deque")
_TYPES = {
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
    "float64",
}  # fmt: skip
_ARRAYS = re.compile(r"numpy\.ndarray|numpy\.(_core|core)\.multiarray\._reconstruct")


class Inert:
    """Takes the place of an object and does nothing."""

    def __init__(self, *args: Any, **named: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass


class _Mapping:
    """Takes the place of a kind of dictionary, and is a plain one."""

    def __new__(cls, *args: Any) -> Any:
        return OrderedDict()


class _Sequence:
    """Takes the place of a kind of list, and is a plain one."""

    def __new__(cls, *args: Any) -> Any:
        return []


class PickledArray(Inert):
    """Takes the place of an array of numpy, and keeps its numbers as they are stored."""

    state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def numbers(self) -> Any:
        """Return the array, or None where it does not hold as many real numbers as it says."""
        if not isinstance(self.state, tuple) or len(self.state) != 5:
            return None
        _, shape, dtype, by_columns, raw = self.state
        sides = isinstance(shape, tuple) and all(type(side) is int and 0 <= side < 2**40 for side in shape)
        if not sides or not isinstance(dtype, np.dtype) or dtype.kind not in "biuf":
            return None
        if not isinstance(raw, bytes) or len(raw) != math.prod(shape) * dtype.itemsize:
            return None
        flat = np.frombuffer(raw, dtype).astype(dtype.newbyteorder("="))
        return flat.reshape(shape, order="F" if by_columns else "C") if dtype.name in _TYPES else None

    @property
    def ndim(self) -> int:
        """The number of axes, -1 where there are no numbers to read."""
        numbers = self.numbers()
        return -1 if numbers is None else numbers.ndim


def _dtype(code: Any, *rest: Any) -> Any:
    """Return a type of real numbers, and a stub for any other."""
    real = isinstance(code, str) and re.fullmatch(r"[<>=|]?(\?|[biuf?]\d?)", code)
    return np.dtype(code) if real else Inert()


def _scalar(dtype: Any, *data: Any) -> Any:
    """Return a number of numpy, and nothing for what is none."""
    make: Any = np.float64(0).__reduce__()[0]
    return make(dtype, *data) if isinstance(dtype, np.dtype) else None


def numpy_stubs() -> list[Any]:
    """Return what stands in for the names by which numbers and arrays of numpy are pickled."""
    scalars = [(_scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")]
    kinds = {type(np.dtype(code)) for code in "?bhilqBHILQefd"}
    # Named so that what they are called is no name of a file.
    stubs = [(PickledArray, "numpy.ndarray"), (Inert, "netsci.Inert")]
    return [*scalars, (_dtype, "numpy.dtype"), *stubs, *kinds]


def stub(name: str) -> Any:
    """Return the stub for a global of a pickle by its full name, or None for what is no plain data.

    >>> stub("argparse.Namespace").__name__, stub("os.system")
    ('Inert', None)
    """
    if _MAPPINGS.fullmatch(name):
        return _Mapping
    if _SEQUENCES.fullmatch(name):
        return _Sequence
    if _ARRAYS.fullmatch(name):
        return PickledArray
    return Inert if _PLAIN.fullmatch(name) else None
