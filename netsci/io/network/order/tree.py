"""The order that names tell: numbers under one common name, and the names of stages (encoder before decoder).

The names of layers make a tree, part by part. At each of its forks the parts are ordered by their numbers, or
by the only order that chains, or by their words; where none of these tells, they stay apart.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field

from netsci.io.errors import printable
from netsci.io.guess import Guess
from netsci.io.network.arrays.naming import list_names, natural_key
from netsci.io.network.layers import Layer
from netsci.io.network.order.widths import fit, only_chain, pieces

_STAGES = [
    re.compile(f"^({words})(_?(#|layers?|blocks?|proj|conv))*$")
    for words in (
        r"inp?|inputs?|first|stem|embed\w*|patch_embed\w*|conv_in|proj_in|fc_in|from_\w+|i2h",
        r"conv\w*|features?|backbone|cnn|enc|encoders?|down|downs|pre",
        r"hid(den)?|h|layers?|blocks?|body|mid(dle)?|bottleneck|trunk|lif\w*|rnn|lstm|gru|core",
        r"dec|decoders?|deconv\w*|up|ups|post",
        r"fc|linear|dense|lin|mlp|fully_connected",
        r"head|heads|classifiers?|cls|out|outputs?|fc_out|last|final|logits|readout|score|lm_head|fc_last|pred\w*",
        r"downsample|shortcut|skip|skip_connection|identity_conv",
    )
]
# Members of such a family stand side by side: those of a list (towers.0), and those with a number (tower1).
_LISTED = re.compile(
    r"^(\w+_)?(experts?|towers|ensembles?|members|models|nets|networks|critics|actors|agents|branches|paths|streams|"
    r"heads|views|replicas|particles)$"
)
_NUMBERED = re.compile(
    r"^(\w+_)?(expert|tower|member|critic|actor|agent|branch|path|stream|head|view|replica|particle)$"
)


@dataclass
class Runs:
    """Lists of layers, each in a known order; what lies in two lists is not known to follow one another."""

    lists: list[list[Layer]]
    notes: list[str] = field(default_factory=list)


def order_by_names(layers: list[Layer], *, widths: bool) -> Runs:
    """Return runs of layers in the order that names tell; with `widths` also the only one that chains."""
    parts = {id(layer): re.split(r"[./]", layer.name) for layer in layers}
    runs = _order(layers, parts, 0, widths)
    if len(runs.lists) > 1:
        runs.lists = [piece for run in runs.lists for piece in pieces(run)]
        runs.lists.sort(key=lambda run: natural_key(run[0].name))
        runs.notes.append(_unknown(runs.lists))
    return runs


def _order(layers: list[Layer], parts: dict[int, list[str]], depth: int, widths: bool) -> Runs:
    if len(layers) == 1:
        return Runs([layers])
    deepest = max(len(parts[id(layer)]) for layer in layers)
    children = _children(layers, parts, depth)
    while len(children) == 1:  # parts that all share
        depth += 1
        if depth >= deepest:
            return Runs([[one] for one in layers])
        children = _children(layers, parts, depth)
    families: dict[str, list[str]] = {}
    for child in children:
        families.setdefault(_family(child), []).append(child)
    found: dict[str, Runs] = {}
    for family, members in families.items():
        inner = {name: _order(children[name], parts, depth + 1, widths) for name in members}
        above = parts[id(layers[0])][depth - 1] if depth else ""
        found |= _join_members(family, inner, above)
    return _join_families(found, widths)


def _children(layers: list[Layer], parts: dict[int, list[str]], depth: int) -> dict[str, list[Layer]]:
    """Return layers by the part of their names at a depth, "" where a name is shorter."""
    found: dict[str, list[Layer]] = {}
    for layer in layers:
        own = parts[id(layer)]
        found.setdefault(own[depth] if depth < len(own) else "", []).append(layer)
    return found


def _join_members(family: str, inner: dict[str, Runs], above: str) -> dict[str, Runs]:
    """Return the members of one family as one run by their numbers, or each by itself."""
    if len(inner) == 1:
        return dict(inner)
    ordered = sorted(inner, key=natural_key)
    notes = [note for name in ordered for note in inner[name].notes]
    listed = family in ("", "#")
    lists = [run for name in ordered for run in inner[name].lists]
    if (_LISTED.match(above) if listed else _NUMBERED.match(family.strip("_#"))) is not None:
        return {family: Runs(lists, notes)}
    if not _are_consecutive(ordered):
        return {name: inner[name] for name in ordered}
    whole = all(len(inner[name].lists) == 1 for name in ordered)
    return {family: Runs([[layer for run in lists for layer in run]] if whole else lists, notes)}


def _join_families(found: dict[str, Runs], widths: bool) -> Runs:
    """Return different names as one run by the only order that chains or by their words, else apart."""
    notes = [note for runs in found.values() for note in runs.notes]
    lists = [run for runs in found.values() for run in runs.lists]
    if len(found) == 1:
        return Runs(lists, notes)
    if any(len(runs.lists) > 1 for runs in found.values()):
        return Runs(lists, notes)
    if widths and (chain := only_chain(lists)):
        said = "the order of the layers was found from their widths"
        return Runs([chain], [*notes, Guess(said)])
    stages = {name: _stage(name) for name in found}
    if -1 not in stages.values() and len(set(stages.values())) == len(stages):
        order = sorted(found, key=lambda name: stages[name])
        chain = [layer for name in order for layer in found[name].lists[0]]
        joints = itertools.pairwise(order)
        ends = [
            (found[a].lists[0][-1], found[b].lists[0][0]) for a, b in joints if stages[b] < len(_STAGES) - 1
        ]
        if widths or all(fit(a, b, a.shape[1]) for a, b in ends):
            said = (
                f"the order of the layers is that of their names: {list_names(list(map(printable, order)))}"
            )
            return Runs([chain], [*notes, Guess(said)])
    return Runs(lists, notes)


def _stage(family: str) -> int:
    """Return the place of a name among the usual stages of a network, or -1."""
    return next((place for place, words in enumerate(_STAGES) if words.match(family.lower())), -1)


def _family(part: str) -> str:
    """Return a part of a name without its numbers: fc1 and fc2, dense and dense_1 are one family each."""
    return re.sub(r"(?<=.)_?#$", "", re.sub(r"\d+", "#", part))


def _are_consecutive(members: list[str]) -> bool:
    """Whether numbers can be places in a sequence: all of a list's, else only a run with few gaps."""
    if all(name.isdecimal() for name in members):
        return True
    numbers = [[int(digits) for digits in re.findall(r"\d{1,18}", name)] for name in members]
    if len({len(one) for one in numbers}) > 1:  # dense, dense_1, dense_2
        numbers = [one if len(one) == max(map(len, numbers)) else [*one, 0] for one in numbers]
    last = [one[-1] if one else 0 for one in numbers]
    first = [one[:-1] for one in numbers]
    same = all(one == first[0] for one in first)
    return not same or max(last) - min(last) < 2 * len(last)


def _unknown(lists: list[list[Layer]]) -> Guess:
    shown = list_names([run[0].name for run in lists])
    return Guess(
        "neither names nor widths tell in which order these follow one another, so they stand apart, "
        "and nothing "
        f"is computed across them: {shown}; numbers in their names (layers.0, layers.1) tell it"
    )
