"""The order of layers: that of the file where it has one, else what numbers, names and widths tell.

Text order tells nothing. Where the order is not known, layers stay apart, and that is said.
"""

from __future__ import annotations

import re
from dataclasses import replace

from netsci.io.guess import Guess
from netsci.io.network.arrays.naming import natural_key
from netsci.io.network.contents import Contents
from netsci.io.network.layers import Layer
from netsci.io.network.order.blocks import wire_blocks
from netsci.io.network.order.parallel import (
    first_members,
    mark_heads,
    mark_parallel,
    split_networks,
    weave_members,
)
from netsci.io.network.order.tree import Runs, order_by_names
from netsci.io.network.order.updates import put_updates, take_updates
from netsci.io.network.order.widths import only_chain, pieces

_FILE = "the layers are in the order of the file"
_WIDTHS = "the order of the layers was found from their widths"
_ANOTHER = "the layers do not chain in the order of the file: put in another in which they do"
_TURNED = "matrices were transposed where their names did not ask for it: only so do they chain"


def arrange(layers: list[Layer], contents: Contents) -> tuple[list[Layer], list[str]]:
    """Return the layers in the order and orientation in which they chain, and notes on what was decided.

    A torch dict is taken as it is, unless it does not chain and another order does. Where the order of the
    file means nothing, numbers under one common name order the layers (layers.2 before layers.10), then the
    only order that chains, then the names of stages (encoder, decoder). Where only names tell the
    orientation, the transposes are tried last. Blocks of a transformer are joined by the names of their
    parts, and low-rank updates lie beside the weight that they change.
    """
    if contents.uses and contents.ordered:
        return layers, []
    layers, updates, notes = take_updates(layers)
    heads = first_members(layers)
    arranged, said = _arrange_heads(heads, contents)
    first = {id(layer) for layer in heads}
    arranged = weave_members(arranged, [layer for layer in layers if id(layer) not in first])
    return put_updates(arranged, updates), notes + said


def _arrange_heads(layers: list[Layer], contents: Contents) -> tuple[list[Layer], list[str]]:
    if len(layers) < 2:
        return layers, _orientation(contents, False)
    wired = None if contents.uses else wire_blocks(layers, contents.ordered)
    if wired is not None:
        return wired[0], wired[1] + _orientation(contents, False)
    networks, notes = split_networks(layers)
    found: list[Layer] = []
    for network in networks:
        arranged, said = _keep_order(network) if contents.ordered else _find_order(network, contents)
        found += [
            replace(one, starts=one.starts or (i == 0 and bool(found))) for i, one in enumerate(arranged)
        ]
        notes += [note for note in said if note not in notes]
    return found, notes


def _keep_order(layers: list[Layer]) -> tuple[list[Layer], list[str]]:
    """Keep the order of the file, unless names were sorted as text, or another order alone chains."""
    names = [layer.array for layer in layers]
    natural = sorted(layers, key=lambda layer: natural_key(layer.name))
    runs = order_by_names(layers, widths=False)
    # layers.10 before layers.2 is no order that a model is built in.
    if names == sorted(names) != [layer.array for layer in natural] and len(runs.lists) == 1:
        return mark_parallel(runs.lists[0])[0], [Guess("names were sorted as text: put in natural order")]
    marked, said = mark_parallel(layers)
    marked, heads = mark_heads(marked)
    if len(pieces(marked)) == 1 or said or any(layer.starts or layer.beside for layer in marked):
        return marked, said + heads
    if len(runs.lists) == 1:  # names tell an order, so that widths need not
        chains = len(pieces(runs.lists[0])) == 1
        return (runs.lists[0], [Guess(_ANOTHER), *runs.notes]) if chains else (marked, heads)
    if len(pieces(layers)) == len(layers) and (chain := only_chain([[layer] for layer in layers])):
        return chain, [Guess(_ANOTHER), Guess(_WIDTHS)]
    return marked, heads


def _find_order(layers: list[Layer], contents: Contents) -> tuple[list[Layer], list[str]]:
    """Find the order from numbers, names and widths; of an npz try its own, and transposes, before widths."""
    by_name = contents.orientation == "by_name"
    keeps_order = by_name or contents.orientation == "in_out"  # who wrote the file chose its order
    text = [layer.array for layer in layers]
    for turn in (False, True) if by_name else (False,):
        tried = [layer.turn() for layer in layers] if turn else layers
        runs = order_by_names(tried, widths=not by_name)
        if len(runs.lists) == 1 and len(pieces(runs.lists[0])) == 1:
            return runs.lists[0], runs.notes + _orientation(contents, turn)
        if keeps_order and len(pieces(tried)) == 1 and (by_name or text != sorted(text)):
            natural = sorted(text, key=natural_key) == text
            return tried, ([] if natural and not turn else [Guess(_FILE)]) + _orientation(contents, turn)
    runs = order_by_names(layers, widths=True)
    return _apart(runs), runs.notes + _orientation(contents, False)


def _apart(runs: Runs) -> list[Layer]:
    """Return the layers of all runs, each of which begins a chain of its own."""
    found: list[Layer] = []
    for run in runs.lists:
        first, *rest = mark_parallel(run)[0]
        found += [replace(first, starts=True) if found else first, *rest]
    return found


def _orientation(contents: Contents, turned: bool) -> list[str]:
    if contents.orientation != "by_name":
        return []
    if turned:
        return [Guess(_TURNED)]
    torch_named = [name for name in contents.arrays if re.search(r"\.(weight|mask)\w*$", name)]
    if len(torch_named) == len(contents.arrays):
        return ["names as in torch (*.weight): matrices are [out, in] and were transposed"]
    if torch_named:
        return [
            "matrices named as in torch (*.weight) are [out, in] and were transposed, the others were not"
        ]
    return [Guess("matrices are taken as [presynaptic, postsynaptic]")]
