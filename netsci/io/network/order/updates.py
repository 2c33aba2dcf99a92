"""Low-rank updates (LoRA): two matrices beside the weight that they change.

The first reads what the weight reads, the second adds to what the weight fills. In an adapter's file the
weight is missing: each pair then stands alone.
"""

from __future__ import annotations

import re
from dataclasses import replace

from netsci.io.guess import Guess
from netsci.io.network.arrays.naming import natural_key
from netsci.io.network.layers import Layer

_UPDATE = re.compile(
    r"^(?P<base>.*?)[._]?lora(_linear_layer|_layer)?[._](?P<side>A|B|a|b|down|up)(?P<end>([._]\w+)?)$"
)


def take_updates(layers: list[Layer]) -> tuple[list[Layer], list[Layer], list[str]]:
    """Return the layers without low-rank updates, the updates pair by pair, and notes."""
    sides: dict[tuple[str, str], dict[str, Layer]] = {}
    for layer in layers:
        if match := _UPDATE.match(layer.name):
            side = "in" if match["side"] in ("A", "a", "down") else "out"
            base = re.sub(r"\.parametrizations\.weight\.\d+$", "", match["base"])
            sides.setdefault((base, match["end"]), {})[side] = layer
    pairs = {key: found for key, found in sides.items() if len(found) == 2}
    if not pairs:
        return layers, [], []
    taken = {id(layer) for found in pairs.values() for layer in found.values()}
    rest = [layer for layer in layers if id(layer) not in taken]
    owners = {re.sub(r"\.(base_layer|linear|original|base)$", "", layer.name): layer for layer in rest}
    updates: list[Layer] = []
    missing = 0
    for base, end in sorted(pairs, key=lambda key: natural_key(key[0] + key[1])):
        first, second = _turn(pairs[base, end]["in"], pairs[base, end]["out"])
        owner = owners.get(base)
        missing += owner is None
        near = {"starts": True} if owner is None else {"beside": owner.array}
        updates.append(replace(first, aside=True, **near))
        into = "" if owner is None else owner.array
        updates.append(replace(second, after=(first.array,), into=into, aside=True))
    return rest, updates, _say(len(pairs), missing)


def _turn(first: Layer, second: Layer) -> tuple[Layer, Layer]:
    """Return a pair whose inner side is the rank, the smaller one where both fit."""
    plain = first.shape[1] if first.shape[1] == second.channels else None
    turned = first.channels if first.channels == second.shape[1] and not first.convolution else None
    if turned is not None and (plain is None or turned < plain):
        return first.turn(), second.turn()
    return first, second


def _say(count: int, missing: int) -> list[str]:
    if not missing:
        return [f"low-rank updates (LoRA) are drawn beside the weights that they change: {_pairs(count)}"]
    return [
        Guess(
            f"low-rank updates (LoRA) of weights that are not in this file: {_pairs(missing)}, each "
            "drawn apart; merge "
            "them into the model (in peft: merge_and_unload) to see its network"
        )
    ]


def _pairs(count: int) -> str:
    return "1 pair" if count == 1 else f"{count} pairs"


def put_updates(layers: list[Layer], updates: list[Layer]) -> list[Layer]:
    """Return the layers with each pair of updates behind the layer that it changes, or at the end."""
    behind: dict[str, list[Layer]] = {}
    for first, second in zip(updates[::2], updates[1::2], strict=True):
        behind.setdefault(second.into, []).extend([first, second])
    found = [one for layer in layers for one in (layer, *behind.get(layer.array, []))]
    return found + behind.get("", [])
