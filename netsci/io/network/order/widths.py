"""Whether one layer can read another: by their widths."""

from __future__ import annotations

from netsci.io.network.layers import Layer


def fit(before: Layer | None, after: Layer, width: int) -> int:
    """Return how many rows of `after` each unit of `before`, `width` wide, owns, 0 where none fits."""
    rows = after.shape[0]
    if after.channels == width:
        return after.positions
    flattens = before is not None and before.convolution and not after.convolution and rows % width == 0
    return rows // width if flattens else 0


def loops(width: int, layer: Layer) -> bool:
    """Return whether a layer that is recurrent by its name maps a population of this width onto itself."""
    return layer.recurrent and layer.channels == layer.shape[1] == width


def pieces(layers: list[Layer]) -> list[list[Layer]]:
    """Cut layers where they do not chain."""
    found: list[list[Layer]] = []
    last: Layer | None = None
    for layer in layers:
        if last and loops(last.shape[1], layer):
            found[-1].append(layer)
            continue
        if last and not layer.starts and fit(last, layer, last.shape[1]):
            found[-1].append(layer)
        else:
            found.append([layer])
        last = layer
    return found


def only_chain(runs: list[list[Layer]]) -> list[Layer]:
    """Return runs of layers in the only order in which each can read the one before, or nothing."""
    if not 1 < len(runs) <= 64:
        return []
    ends = [next((one for one in run[::-1] if not one.recurrent), run[-1]) for run in runs]
    after = [
        [j for j, run in enumerate(runs) if i != j and fit(end, run[0], end.shape[1])]
        for i, end in enumerate(ends)
    ]
    followed = {j for found in after for j in found}
    starts = [i for i in range(len(runs)) if i not in followed]
    if len(starts) != 1 or any(len(found) > 1 for found in after):
        return []
    order = [starts[0]]
    while after[order[-1]] and len(order) <= len(runs):
        order.append(after[order[-1]][0])
    return [layer for i in order for layer in runs[i]] if len(order) == len(runs) else []
