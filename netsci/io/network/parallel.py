"""Layers that stand side by side: networks in one file, experts, towers, members of an ensemble, two heads."""

from __future__ import annotations

import re
from dataclasses import replace

from netsci.io.errors import printable
from netsci.io.guess import Guess
from netsci.io.network.layers import Layer
from netsci.io.network.naming import list_names
from netsci.io.network.widths import fit, loops

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
    r"^(?P<group>.*?(^|[._])(?P<kind>experts?|towers?|ensembles?|members?|replicas?))[._]?(?P<number>\d+)(?=[._]|$)"
)


def mark_networks(layers: list[Layer]) -> tuple[list[Layer], list[str]]:
    """Let each further network begin where the names tell of several (a GAN), and note it."""
    parts = [layer.array.lower().split(".") for layer in layers]
    depth = 0
    while all(len(one) > depth + 1 for one in parts) and len({one[depth] for one in parts}) == 1:
        depth += 1
    owners = [one[depth] for one in parts]
    for group in _SEVERAL:
        found = list(dict.fromkeys(owner for owner in owners if group.fullmatch(owner)))
        if len(found) > 1:
            firsts = {owners.index(owner) for owner in found}
            marked = [replace(layer, starts=i in firsts) for i, layer in enumerate(layers)]
            return marked, [
                f"{len(found)} networks, kept apart: {list_names([printable(one) for one in found])}"
            ]
    return layers, []


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
        Guess(f"{len(members)} side by side, not one after the other: {printable(group)}")
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


def weave_members(layers: list[Layer], others: list[Layer]) -> list[Layer]:
    """Return layers with the members of stacks: one member after the other through stacks that follow each other."""
    if not others:
        return layers
    members: dict[str, list[Layer]] = {}
    for layer in others:
        members.setdefault(layer.array.rpartition("[")[0], []).append(layer)
    found: list[Layer] = []
    run: list[Layer] = []
    for layer in [*layers, None]:
        stack = layer.array.rpartition("[")[0] if layer is not None and layer.member == 0 else ""
        count = len(members.get(run[0].array.rpartition("[")[0], ())) if run else 0
        if run and (not stack or len(members.get(stack, ())) != count or not _follows(run[-1], layer)):
            found += _woven(run, members)
            run = []
        if layer is not None and stack:
            run.append(layer)
        elif layer is not None:
            found.append(layer)
    return found


def _follows(before: Layer, layer: Layer | None) -> bool:
    return layer is not None and not layer.starts and fit(before, layer, before.shape[1]) > 0


def _woven(run: list[Layer], members: dict[str, list[Layer]]) -> list[Layer]:
    """Return the chains of a run of stacks, member by member; all read what the first one reads."""
    found = list(run)
    for i, first in enumerate(members.get(run[0].array.rpartition("[")[0], [])):
        found.append(replace(first, beside=run[0].array))
        found += [members[head.array.rpartition("[")[0]][i] for head in run[1:]]
    return found
