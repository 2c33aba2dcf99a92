"""Layers that stand side by side: networks in one file, experts, towers, ensembles, two heads."""

from __future__ import annotations

import re
from dataclasses import replace

from netsci.io.errors import printable
from netsci.io.guess import Guess
from netsci.io.network.arrays.naming import list_names
from netsci.io.network.layers import Layer
from netsci.io.network.order.widths import fit, loops

# Networks of these names in one file stand side by side, even where their widths would fit.
_SEVERAL = tuple(
    re.compile(
        rf"(net|model|module)?_?({names})(_?(net|network|model|encoder|tower|branch|state_dict))?(_?[ab\d])?"
    )
    for names in (
        "g|d|gen|disc|generator|discriminator",
        "actor|critic\\d?|policy|value",
        "teacher|student",
        "online|target",
        "user|item",
        "query|document|doc|passage|candidate",
        "left|right",
        "text|image|vision|visual|audio|video",
    )
)
_MEMBER = re.compile(
    r"^(?P<group>.*?(^|[._])(?P<kind>(experts|towers|ensembles?|members|replicas)[._]|"
    r"(expert|tower|member|replica)_?))(?P<number>\d+)(?=[._]|$)"
)


def split_networks(layers: list[Layer]) -> tuple[list[list[Layer]], list[str]]:
    """Return the layers of each network where the names tell of several (a GAN), and note it."""
    parts = [layer.array.lower().split(".") for layer in layers]
    depth = 0
    while all(len(one) > depth + 1 for one in parts) and len({one[depth] for one in parts}) == 1:
        depth += 1
    owners = [one[depth] for one in parts]
    for group in _SEVERAL:
        found = list(dict.fromkeys(owner for owner in owners if group.fullmatch(owner)))
        if len(found) > 1:
            said = f"{len(found)} networks, kept apart: {list_names([printable(one) for one in found])}"
            return _cut(layers, owners, set(found)), [said]
    return [layers], []


def _cut(layers: list[Layer], owners: list[str], names: set[str]) -> list[list[Layer]]:
    """Return the layers of each network; what lies between two stays with the one before."""
    groups: dict[str, list[Layer]] = {}
    here = ""
    for layer, owner in zip(layers, owners, strict=True):
        if owner in names:
            here = owner
        groups.setdefault(here, []).append(layer)
    return list(groups.values())


def mark_parallel(layers: list[Layer]) -> tuple[list[Layer], list[str]]:
    """Let each expert read what the first one reads, and each tower or member begin by itself."""
    marked: list[Layer] = []
    firsts: dict[str, Layer] = {}
    groups: dict[str, set[str]] = {}
    before = ""
    for layer in layers:
        found = _MEMBER.match(layer.name)
        here = found[0] if found else ""
        if found and here != before:
            group = found["group"]
            first = firsts.setdefault(group, layer)
            if group in groups and here not in groups[group]:
                experts = found["kind"].startswith("expert")
                layer = replace(layer, beside=first.array, starts=not experts)
            groups.setdefault(group, set()).add(here)
        marked.append(layer)
        before = here
    several = {group: members for group, members in groups.items() if len(members) > 1}
    notes: list[str] = [
        Guess(f"{len(members)} {printable(group).rstrip('._')} side by side, not one after the other")
        for group, members in several.items()
    ]
    return marked, notes


def mark_heads(layers: list[Layer]) -> tuple[list[Layer], list[str]]:
    """Let a second head read what the first reads: it has its shape, and cannot read the first."""
    marked = list(layers)
    pairs: list[str] = []
    trunk = layers[0]  # what the heads so far read
    for i in range(1, len(layers)):
        first, second = layers[i - 1 : i + 1]
        if i > 1 and not marked[i - 1].beside:
            trunk = layers[i - 2]
        if i == 1 or not _are_heads(trunk, first, second):
            continue
        marked[i] = replace(second, beside=first.array, after=None)
        pairs.append(f"{second.name} beside {first.name}")
        if i + 1 < len(layers) and fit(second, layers[i + 1], second.shape[1]):
            marked[i + 1] = replace(layers[i + 1], after=(second.array, first.array))
    return marked, [Guess(f"layers of one shape read the same: {list_names(pairs)}")] if pairs else []


def _are_heads(trunk: Layer, first: Layer, second: Layer) -> bool:
    parents = {layer.name.rpartition(".")[0] for layer in (first, second)}
    alike = first.shape == second.shape and first.positions == second.positions and len(parents) == 1
    if not alike or first.starts or second.starts or second.recurrent or loops(trunk.shape[1], first):
        return False
    return fit(trunk, first, trunk.shape[1]) > 0 and not fit(first, second, first.shape[1])


def first_members(layers: list[Layer]) -> list[Layer]:
    """Return the layers, of each stack its first matrix alone."""
    seen: set[str] = set()
    found = []
    for layer in layers:
        stack = "" if layer.member is None else _stack_of(layer)
        if not stack or stack not in seen:
            found.append(layer)
        seen.add(stack)
    return found


def _stack_of(layer: Layer) -> str:
    return layer.array.rpartition("[")[0]


def weave_members(layers: list[Layer], others: list[Layer]) -> list[Layer]:
    """Return layers with all matrices of stacks: member by member through stacks that follow each other."""
    if not others:
        return layers
    members: dict[str, list[Layer]] = {}
    for layer in others:
        members.setdefault(_stack_of(layer), []).append(layer)
    found: list[Layer] = []
    run: list[Layer] = []
    for layer in layers:
        stack = "" if layer.member is None else _stack_of(layer)
        if run and not (stack and _follows(run[-1], layer, members)):
            found += _woven(run, members)
            run = []
        if stack:
            run.append(layer)
        else:
            found.append(layer)
    return found + (_woven(run, members) if run else [])


def _follows(before: Layer, layer: Layer, members: dict[str, list[Layer]]) -> bool:
    """Whether a stack has as many members as the one before, each of which can read its own."""
    count, other = (len(members.get(_stack_of(one), ())) for one in (before, layer))
    return count == other and not layer.starts and fit(before, layer, before.shape[1]) > 0


def _woven(run: list[Layer], members: dict[str, list[Layer]]) -> list[Layer]:
    """Return the chains of a run of stacks, member by member; all read what the first one reads."""
    found = list(run)
    for i, first in enumerate(members.get(_stack_of(run[0]), [])):
        found.append(replace(first, beside=run[0].array))
        found += [members[_stack_of(head)][i] for head in run[1:]]
    return found
