"""Which layers of a module are pruned, and which share of the links of each goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from torch import nn

from netsci.arguments import check_text, shorten
from netsci.choices import suggest
from netsci.sparse.chosen_links import choose_densities, find_layers, layer_and_part
from netsci.sparse.conv import SparseConv2d
from netsci.topology.allocation import WILD, LayerShape, as_entries

TINY = 1e-9  # in place of the first share, twice as much of the second: layers are found by it


@dataclass(frozen=True)
class Target:
    """A layer to prune: its name, and (first output, past the last one, share of links that go) of its parts.

    A fused qkv whose parts have one share is one part.
    """

    name: str
    parts: tuple[tuple[int, int, float], ...]


def choose_targets(module: nn.Module, sparsity: Any, layers: Any) -> list[Target]:
    """Return the layers to prune, in the module's order; see `netsci.prune.prune` for the arguments.

    Raises TypeError or ValueError if a name or an entry matches no layer, or a layer cannot be pruned.

    Examples
    --------
    >>> choose_targets(nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2)), 0.5, None)
    [Target(name='0', parts=((0, 3, 0.5),))]
    """
    shapes, barred = find_layers(module)
    entries = as_entries(sparsity, "sparsity")
    # Only which entry is whose is asked here: shares near 1 would be refused by the rounding of densities.
    probe = {name: (place + 1) * TINY for place, name in enumerate(entries)}
    shares = {1.0 - probe[name]: share for name, share in entries.items()}
    chosen = None if layers is None else _read_names(module, layers, shapes, barred)
    if chosen is not None:
        barred = {name: reason for name, reason in barred.items() if name in chosen}
        shapes = {name: _lift(module, name, shapes[name], chosen) for name in shapes}
    found = choose_densities(module, probe, "uniform", shapes, barred)
    wanted = {name: shares[density] for name, density in found.items() if density in shares}
    if chosen is not None:
        without = sorted(set(chosen) - set(wanted))
        if without:
            raise ValueError(f"sparsity must have an entry for layer {without[0]!r}; got {shorten(sparsity)}")
        wanted = {name: share for name, share in wanted.items() if name in chosen}
    if not wanted:
        left = ", ".join(name for name in shapes if name not in barred)
        barred_said = "; ".join(f"{name} cannot be pruned: {reason}" for name, reason in barred.items())
        raise ValueError(
            "sparsity prunes no layer, since the last linear layer stays dense unless layers or sparsity "
            f"gives its name{f' ({barred_said})' if barred else ''}: name one of "
            f"{left or 'none, the module has no layer that can be pruned'}"
        )
    return _gather(module, wanted, shapes)


def _read_names(
    module: nn.Module, layers: Any, shapes: Mapping[str, LayerShape], barred: Mapping[str, str]
) -> dict[str, bool]:
    """Return the layers that are named -> whether by their very name, not by a pattern."""
    if isinstance(layers, (str, Mapping)) or not isinstance(layers, Iterable):
        raise TypeError(f"layers must be a list of layer names, or None; got {shorten(layers)}")
    known = {name: (name,) for name in shapes if name not in barred}
    for name in known.copy():
        whole = name.rpartition(".")[0]
        if layer_and_part(module, name)[1] >= 0:
            known[whole] = (*known.get(whole, ()), name)
    chosen: dict[str, bool] = {}
    for name in layers:
        check_text(name, "each of layers")
        wild = any(letter in WILD for letter in name) and name not in known
        hits = [one for one in known if fnmatchcase(one, name)] if wild else [name] if name in known else []
        if wild:
            hits = [one for one in hits if all(shapes[part].kind != "dense" for part in known[one])]
        bad = [one for one in barred if one == name or (wild and not hits and fnmatchcase(one, name))]
        if bad:
            which = "which" if bad[0] == name else f"and {bad[0]}"
            raise ValueError(f"layers names {name!r}, {which} cannot be pruned: {barred[bad[0]]}")
        if not hits:
            raise ValueError(
                f"layers names {name!r}, which matches no layer: name one of {', '.join(known)}"
                + suggest(name, known)
            )
        for part in (part for hit in hits for part in known[hit]):
            chosen[part] = chosen.get(part, False) or not wild
    if not chosen:
        raise ValueError("layers must name at least one layer, or be None; it is empty")
    return chosen


def _lift(module: nn.Module, name: str, shape: LayerShape, chosen: Mapping[str, bool]) -> LayerShape:
    """Return the shape of a layer, of its real kind where it stays dense unless named, and is named."""
    if shape.kind != "dense" or not chosen.get(name):
        return shape
    is_conv = isinstance(module.get_submodule(name), (nn.Conv2d, SparseConv2d))
    return replace(shape, kind="conv" if is_conv else "linear")


def _gather(module: nn.Module, wanted: Mapping[str, float], shapes: Mapping[str, LayerShape]) -> list[Target]:
    """Return the layers as the module has them: parts of a fused layer under its name."""
    parts: dict[str, list[tuple[int, int, float]]] = {}
    for name, share in wanted.items():
        width = shapes[name].outputs
        place = layer_and_part(module, name)[1]
        layer = name if place < 0 else name.rpartition(".")[0]
        first = max(place, 0) * width
        parts.setdefault(layer, []).append((first, first + width, share))
    targets = []
    for layer, own in parts.items():
        equal = len({share for *_, share in own}) == 1
        whole = sum(last - first for first, last, _ in own) == own[-1][1] - own[0][0]
        targets.append(
            Target(layer, ((own[0][0], own[-1][1], own[0][2]),) if equal and whole else tuple(own))
        )
    return targets
