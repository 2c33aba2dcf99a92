"""Spread a sparsity over the layers of a network.

    uniform       every layer has the density 1 - S
    erdos_renyi   density of a layer ~ (a + b) / (a b), a and b its input and output channels (or units)
    erk           density of a layer ~ (a + b + h + w) / (a b h w), h x w its kernel; a linear layer as above

The densities keep the whole number of links at (1 - S) of all cells. A layer that would pass 1 is dense, and
the rest is scaled anew.

Source: Mocanu et al., SET (2018); Evci et al., RigL (2020), Erdos-Renyi-Kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from netsci.arguments import as_count, check_choice, check_fraction, check_iterable, shorten

KINDS = ("conv", "linear", "dense")
WILD = "*?["
Sparsity = float | Mapping[str, float] | Iterable[tuple[str, float]]


@dataclass(frozen=True)
class LayerShape:
    """Size and kind of a layer that may be sparse.

    inputs, outputs : channels of a convolution, units of a linear layer.
    kind : "conv", "linear", or "dense" for a layer that stays dense unless its very name is given, such as
        the classifier.
    kernel : height and width of the kernel.

    Examples
    --------
    >>> LayerShape(64, 128, "conv", (3, 3)).cells
    73728
    """

    inputs: int
    outputs: int
    kind: str = "linear"
    kernel: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        check_choice(self.kind, KINDS, "kind")
        for name, value in (("inputs", self.inputs), ("outputs", self.outputs)):
            as_count(value, name, 1, 2**62)
        check_iterable(self.kernel, "kernel", "(height, width)")
        if len(self.kernel) != 2:
            raise ValueError(f"kernel must be (height, width); got {shorten(self.kernel)}")
        for side in self.kernel:
            as_count(side, "a side of kernel", 1, 2**31)

    @property
    def rows_per_unit(self) -> int:
        """Rows of links that each input owns: the places of the kernel."""
        return self.kernel[0] * self.kernel[1]

    @property
    def cells(self) -> int:
        """Number of links of the dense layer."""
        return self.inputs * self.outputs * self.rows_per_unit


def densities(
    shapes: Mapping[str, LayerShape],
    sparsity: Sparsity,
    allocation: str = "uniform",
    *,
    otherwise: Sparsity | None = None,
) -> dict[str, float]:
    """Return the density of every layer, in (0, 1], by name.

    Parameters
    ----------
    shapes : {layer name: LayerShape}.
    sparsity : share of absent links, in [0, 1), of all layers but the dense ones; or a mapping (or pairs)
        from "conv", "linear", the name of a layer or a pattern of names, as in "blocks.*.fc1", to such a
        share. A name wins over a pattern, a pattern over a kind, and the pattern with more plain characters
        over another one. Layers without an entry are dense. A layer of the kind "dense" is sparse only if its
        very name is given.
    allocation : how the layers that share one entry spread its sparsity: "uniform", "erdos_renyi" or "erk".
    otherwise : sparsity of the layers for which `sparsity` has no entry; None: they are dense.

    Raises
    ------
    TypeError, ValueError
        If a sparsity is no number in [0, 1), an entry matches no layer, two patterns are equally special, or
        a layer would be left without links.

    Examples
    --------
    >>> shapes = {"conv": LayerShape(4, 8, "conv", (3, 3)), "fc": LayerShape(8, 10, "dense")}
    >>> densities(shapes, {"conv": 0.75})
    {'conv': 0.25, 'fc': 1.0}
    """
    check_choice(allocation, tuple(ALLOCATIONS), "allocation")
    if not isinstance(shapes, Mapping) or not all(isinstance(one, LayerShape) for one in shapes.values()):
        raise TypeError(f"shapes must be {{layer name: LayerShape}}; got {shorten(shapes)}")
    wanted = as_entries(sparsity, "sparsity")
    groups = _group(shapes, wanted, "sparsity")
    if otherwise is not None:
        rest = {name: shape for name, shape in shapes.items() if name not in groups}
        others = as_entries(otherwise, "otherwise")
        _check_entries(shapes, others, "otherwise")
        groups |= {name: ("otherwise", *found) for name, found in _choose_all(rest, others).items()}
    found = dict.fromkeys(shapes, 1.0)
    for group in dict.fromkeys(groups.values()):
        members = {name: shapes[name] for name, own in groups.items() if own == group}
        found |= spread(members, float(group[-1]), allocation)
    for name, density in found.items():
        if round(density * shapes[name].cells) < 1:
            raise ValueError(
                f"layer {name}, {shapes[name].cells} cells, must keep at least one link; it has a density of "
                f"{density:.3g}: lower the sparsity"
            )
    return found


def spread(shapes: Mapping[str, LayerShape], sparsity: float, allocation: str) -> dict[str, float]:
    """Return the densities of layers that share one sparsity; see `densities`.

    Examples
    --------
    >>> round(spread({"a": LayerShape(100, 100), "b": LayerShape(10, 10)}, 0.9, "erk")["b"], 4)
    0.9182
    """
    score = ALLOCATIONS[allocation]
    if score is None:
        return dict.fromkeys(shapes, 1.0 - sparsity)
    wanted = (1.0 - sparsity) * sum(shape.cells for shape in shapes.values())
    full: dict[str, float] = {}
    free = dict(shapes)
    while free:
        left = wanted - sum(shapes[name].cells for name in full)
        factor = left / sum(score(shape) * shape.cells for shape in free.values())
        over = [name for name, shape in free.items() if factor * score(shape) >= 1.0]
        if not over:
            return {name: full[name] if name in full else factor * score(shapes[name]) for name in shapes}
        full |= dict.fromkeys(over, 1.0)
        free = {name: shape for name, shape in free.items() if name not in full}
    return dict.fromkeys(shapes, 1.0)


def _erdos_renyi(shape: LayerShape) -> float:
    return (shape.inputs + shape.outputs) / (shape.inputs * shape.outputs)


def _erk(shape: LayerShape) -> float:
    if shape.kind != "conv":
        return _erdos_renyi(shape)
    return (shape.inputs + shape.outputs + sum(shape.kernel)) / shape.cells


ALLOCATIONS: dict[str, Callable[[LayerShape], float] | None] = {
    "uniform": None,
    "erdos_renyi": _erdos_renyi,
    "erk": _erk,
}


def as_entries(sparsity: Any, name: str) -> dict[str, float]:
    """Return the entries of a sparsity; that of a single number is called "" and means every layer.

    Raises TypeError or ValueError if it is no number in [0, 1) or mapping to such numbers.

    Examples
    --------
    >>> as_entries(0.5, "sparsity"), as_entries([("conv", 0.5)], "sparsity")
    ({'': 0.5}, {'conv': 0.5})
    """
    if getattr(sparsity, "shape", None) == ():  # one number of an array or a tensor
        sparsity = sparsity.item()
    if isinstance(sparsity, (int, float)) and not isinstance(sparsity, bool):
        entries: dict[Any, Any] = {"": sparsity}
    else:
        if isinstance(sparsity, Mapping):
            pairs = list(sparsity.items())
        else:
            check_iterable(sparsity, name, "a number, or a mapping from layers to numbers")
            pairs = [tuple(pair) if isinstance(pair, (list, tuple)) else (pair,) for pair in sparsity]
        if any(len(pair) != 2 or not isinstance(pair[0], str) for pair in pairs):
            raise TypeError(
                f"{name} must be a number or a mapping {{layer, pattern, 'conv' or 'linear': number}}; got "
                f"{shorten(sparsity)}"
            )
        entries = dict(pairs)
        if len(entries) < len(pairs):
            raise ValueError(f"{name} must name each layer or pattern once; got {shorten(sparsity)}")
    for key, value in entries.items():
        called = f"{name}[{key!r}]" if key else name
        check_fraction(value, called)
        if value == 1.0:
            raise ValueError(f"{called} must lie below 1: a layer without links cannot learn")
    return entries


def _group(
    shapes: Mapping[str, LayerShape], entries: Mapping[str, float], parameter: str
) -> dict[str, tuple[Any, ...]]:
    _check_entries(shapes, entries, parameter)
    return _choose_all(shapes, entries)


def _choose_all(shapes: Mapping[str, LayerShape], entries: Mapping[str, float]) -> dict[str, tuple[Any, ...]]:
    """Return (entry, sparsity) of each layer that has one."""
    found: dict[str, tuple[Any, ...]] = {}
    for name, shape in shapes.items():
        entry = _choose(name, shape, entries)
        if entry is not None:
            found[name] = (entry, entries[entry])
    return found


def _choose(name: str, shape: LayerShape, entries: Mapping[str, float]) -> str | None:
    """Return the most special entry for a layer, None without one."""
    if name in entries:
        return name
    if shape.kind == "dense":
        return None
    patterns = [entry for entry in entries if _is_pattern(entry) and fnmatchcase(name, entry)]
    if patterns:
        plain = {entry: sum(letter not in WILD for letter in entry) for entry in patterns}
        best = [entry for entry in patterns if plain[entry] == max(plain.values())]
        if len({entries[entry] for entry in best}) > 1:
            raise ValueError(f"sparsity of layer {name!r} is not clear: {' and '.join(best)} match it alike")
        return best[0]
    return next((entry for entry in (shape.kind, "") if entry in entries), None)


def _is_pattern(entry: str) -> bool:
    return any(letter in WILD for letter in entry)


def _check_entries(shapes: Mapping[str, LayerShape], entries: Mapping[str, float], parameter: str) -> None:
    """Raise ValueError if an entry matches no layer."""
    kinds = {shape.kind for shape in shapes.values()}
    for entry in entries:
        if entry in shapes or entry in kinds - {"dense"} or not entry:
            continue
        if _is_pattern(entry) and any(
            fnmatchcase(name, entry) for name, shape in shapes.items() if shape.kind != "dense"
        ):
            continue
        names = [name if shape.kind != "dense" else f"{name} (dense)" for name, shape in shapes.items()]
        known = "".join(f"{kind!r}, " for kind in sorted(kinds - {"dense"}))
        raise ValueError(
            f"{parameter} names {entry!r}, which matches no layer: name {known}{'or ' if known else ''}one "
            f"of {', '.join(names)}"
        )
