"""Blocks of a module: layers that are pruned together, before the data are run through what is left of them.

As in the released drivers, layers of one block see what its dense form gives them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from torch import nn


def split_into_blocks(module: nn.Module, layers: Iterable[str], calls: Sequence[str]) -> list[list[str]]:
    """Return the layers that are called, in the order of their first calls, in blocks.

    A stack is a torch.nn.Sequential or ModuleList with at least two entries that hold layers. The block of a
    layer is the smallest entry of a stack around it that holds another layer too; a layer without such an
    entry is a block of its own.

    layers : names of all layers of the module. calls : names of those that are pruned, in order of call.

    Examples
    --------
    >>> pair = lambda: nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    >>> split_into_blocks(nn.Sequential(pair(), pair()), ["0.0", "0.2", "1.0", "1.2"], ["0.0", "0.2", "1.0"])
    [['0.0', '0.2'], ['1.0']]
    """
    every = list(layers)
    blocks: list[list[str]] = []
    last = None
    for name in dict.fromkeys(calls):
        entry = _entry_around(module, name, every)
        if entry is not None and entry == last:
            blocks[-1].append(name)
        else:
            blocks.append([name])
        last = entry
    return blocks


def entry_of(module: nn.Module, block: Sequence[str], layers: Sequence[str]) -> str:
    """Return the name of the module that is a block: the entry of a stack around it, or the layer itself.

    Examples
    --------
    >>> net = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), nn.Linear(2, 2))
    >>> entry_of(net, ["0.0", "0.1"], ["0.0", "0.1", "1"]), entry_of(net, ["1"], ["0.0", "0.1", "1"])
    ('0', '1')
    """
    entry = _entry_around(module, block[0], layers)
    return block[0] if entry is None else entry


def _entry_around(module: nn.Module, name: str, layers: Sequence[str]) -> str | None:
    """Return the smallest entry of a stack that holds a layer and another one; None if there is none."""
    path = name.split(".")
    for end in range(len(path), 0, -1):
        entry, above = ".".join(path[:end]), ".".join(path[: end - 1])
        held = [one for one in layers if one == entry or one.startswith(f"{entry}.")]
        if len(held) > 1 and _is_stack(module.get_submodule(above), above, layers):
            return entry
    return None


def _is_stack(container: nn.Module, name: str, layers: Sequence[str]) -> bool:
    if not isinstance(container, (nn.Sequential, nn.ModuleList)):
        return False
    prefix = f"{name}." if name else ""
    entries = {one.removeprefix(prefix).split(".")[0] for one in layers if one.startswith(prefix)}
    return len(entries) > 1
