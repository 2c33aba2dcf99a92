"""Join layers whose widths fit into one LayeredGraph.

Layers that do not fit begin a chain of their own in the same graph.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from netsci.graph.layered import LayeredGraph
from netsci.graph.projection import Population, Projection
from netsci.io.network.arrays.naming import list_names
from netsci.io.network.arrays.zeros_and_ones import is_correlation
from netsci.io.network.layers import Layer
from netsci.io.network.order.widths import fit, loops
from netsci.io.network.structure import channels_first, structure

_QKV = re.compile(r"(?i)(?<![a-z])w?_?(q|k|v|query|key|value)(?![a-z])")
_SHORTCUT = re.compile(r"(.*\.)(downsample|shortcut|skip|skip_connection|identity_conv)(\.|$|_)")


def join(layers: list[Layer]) -> tuple[LayeredGraph, list[str]]:
    """Return the graph of layers in order, and notes on flattens, recurrent layers and breaks.

    A layer reads the one before it, or those that the file names. Of several (a residual sum) the last one
    that fits is its source, which is noted.
    """
    drawn = _Drawn()
    for layer in layers:
        drawn.add(layer)
    notes = drawn.notes
    if drawn.breaks:
        more = f"; and {len(drawn.breaks) - 6} more" if len(drawn.breaks) > 6 else ""
        notes.append(
            f"{len(drawn.breaks) + 1} separate chains, because widths do not fit: "
            + "; ".join(drawn.breaks[:6])
            + more
        )
    return LayeredGraph(tuple(drawn.populations), tuple(drawn.projections)), notes


class _Drawn:
    """The graph as far as it is drawn."""

    def __init__(self) -> None:
        self.populations: list[Population] = []
        self.projections: list[Projection] = []
        self.notes: list[str] = []
        self.breaks: list[str] = []
        self.taken: set[str] = set()
        self.last: Layer | None = None
        self.here: Population | None = None  # what the last layer fills
        # What each layer that is drawn reads, and the layer that fills it.
        self.sources: dict[str, tuple[Population, Layer | None]] = {}
        # Where each array's layer ends, and where each input of the network begins (without a layer).
        self.ends: dict[str, tuple[Population, Layer | None]] = {}

    def add(self, layer: Layer) -> None:
        """Append one layer with the populations that are new."""
        if self._shortcut(layer):
            return
        found = self._source(layer)
        if found and loops(found[0].size, layer):
            name = found[0].name
            self.projections.append(_projection(layer, name, name, layer.positions, self.notes))
            self.notes.append(f"{layer.name} is recurrent: from {name} onto itself")
            self.ends[layer.array] = found
            return
        rows_per_unit = fit(found[1], layer, found[0].size) if found else 0
        if found and rows_per_unit:
            source = found[0]
            if rows_per_unit != layer.positions:
                self.notes.append(
                    f"{layer.name} reads {source.name} flattened: {rows_per_unit} rows a channel"
                )
                if layer.channels_last:
                    layer = _channels_first(layer, source.size)
        else:
            rows_per_unit, source = layer.positions, self._entry(layer)
        known = self.ends.get(layer.into)
        if known and known[0].size == layer.shape[1]:  # an update of what another layer fills
            self.projections.append(_projection(layer, source.name, known[0].name, rows_per_unit, self.notes))
            self.ends[layer.array] = known
            return
        target = Population(_free(layer.name, self.taken), layer.shape[1])
        self.populations.append(target)
        self.projections.append(_projection(layer, source.name, target.name, rows_per_unit, self.notes))
        self.ends[layer.array] = target, layer
        self.sources[layer.array] = source, found[1] if found and found[0] is source else None
        if not layer.aside:
            self.last, self.here = layer, target

    def _source(self, layer: Layer) -> tuple[Population, Layer | None] | None:
        """Return the population that a layer reads, where one is known, and the layer that fills it."""
        if layer.starts:
            return None
        shared = self.sources.get(layer.beside)
        if shared and fit(shared[1], layer, shared[0].size):
            return shared
        if layer.after is None:
            shared = self._sibling(layer)
            if shared and fit(shared[1], layer, shared[0].size):
                return shared
            return (self.here, self.last) if self.here else None
        known = [(name, self.ends[name]) for name in layer.after if name in self.ends]
        fits = [end for _, end in known if loops(end[0].size, layer) or fit(end[1], layer, end[0].size)]
        if not fits:
            return known[-1][1] if known else None
        source = fits[-1]
        others = list(dict.fromkeys(end[0].name for _, end in known if end[0] != source[0]))
        if others:
            self.notes.append(f"{layer.name} reads {source[0].name}, joined here, and {list_names(others)}")
        return source

    def _sibling(self, layer: Layer) -> tuple[Population, Layer | None] | None:
        """Return what the layer before reads where both are of the q, k and v that read the same."""
        if self.last is None or self.last.array == layer.array:
            return None
        ours, theirs = (_QKV.sub("*", name, count=1) for name in (layer.array, self.last.array))
        return self.sources.get(self.last.array) if ours == theirs and "*" in ours else None

    def _shortcut(self, layer: Layer) -> bool:
        """Draw a shortcut around the layers of its block, between the same populations, if it fits."""
        named = _SHORTCUT.match(layer.array)
        if not named or layer.after is not None or self.last is None or self.here is None:
            return False
        inside = [name for name in self.sources if name.startswith(named[1])]
        target = self.here
        if not inside or not self.last.array.startswith(named[1]):
            return False
        source, _ = self.sources[inside[0]]
        if source.size != layer.channels or target.size != layer.shape[1]:
            return False
        self.projections.append(_projection(layer, source.name, target.name, layer.positions, self.notes))
        self.notes.append(f"{layer.name} is a shortcut from {source.name} to {target.name}")
        return True

    def _entry(self, layer: Layer) -> Population:
        """Return a new population for a layer to read, since none that is there fits."""
        name = f"input of {layer.name}" if self.populations else "input"
        source = Population(_free(name, self.taken), layer.channels)
        self.populations.append(source)
        inputs = [name for name in layer.after or () if name not in self.ends]
        if len(inputs) == 1 and layer.after == tuple(inputs):
            self.ends[inputs[0]] = (source, None)
        elif self.last and not layer.starts:
            self.breaks.append(_break(self._before(layer), layer))
        return source

    def _before(self, layer: Layer) -> Layer:
        """Return the last layer that is read, or else the one before."""
        known = [end[1] for end in map(self.ends.get, layer.after or ()) if end]
        return next(one for one in [*known[::-1], self.last] if one is not None)


def _projection(layer: Layer, source: str, target: str, rows_per_unit: int, notes: list[str]) -> Projection:
    values = layer.values
    if layer.mask is None and is_correlation(values):
        notes.append(f"the diagonal of {layer.name} holds no numbers, so it has no links there")
        values = np.where(np.eye(len(values), dtype=bool), 0, values)
    links, weights = structure(values, layer.mask)
    if weights is not None and not np.isfinite(weights.data).all():
        notes.append(f"weights of {layer.name} hold NaN or infinite values: links kept, weights dropped")
        weights = None
    return Projection(source, target, links, weights, rows_per_unit, layer.name)


def _channels_first(layer: Layer, channels: int) -> Layer:
    """Return a layer that reads a flatten of channels last with its rows in our order, channel by channel."""
    values, mask = (None if m is None else channels_first(m, channels) for m in (layer.values, layer.mask))
    return replace(layer, values=values, mask=mask)


def _free(name: str, taken: set[str]) -> str:
    """Return the name, or the name with the first number that makes it new."""
    new, number = name, 2
    while new in taken:
        new, number = f"{name} ({number})", number + 1
    taken.add(new)
    return new


def _break(last: Layer, layer: Layer) -> str:
    width = last.shape[1]
    text = f"{last.name} ends with {width}, {layer.name} begins with {layer.channels}"
    groups = width // layer.channels
    if layer.convolution and width % layer.channels == 0 and layer.shape[1] % groups == 0:
        text += f" (a grouped convolution of {groups} groups?)"
    return text
