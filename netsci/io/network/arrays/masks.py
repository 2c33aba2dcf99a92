"""Which arrays are masks, and of which layer: told by names, modules, parametrizations or a list's order.

Nothing is tied by its shape alone, but where the name says "mask" and a single layer has the shape. A full
triangle (a causal mask) is neither a mask nor a layer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from netsci.io.errors import CheckpointError, printable
from netsci.io.guess import Guess
from netsci.io.network.arrays.naming import describe, is_weight_name, list_names, scores_of
from netsci.io.network.arrays.zeros_and_ones import is_binary, is_triangle
from netsci.io.network.contents import Contents, OpenGuess

_ATTENTION = re.compile(
    r"attn|attention|causal|padding|(^|[._])(src|tgt|pad|token|future)([._]|$)|mask_token"
)
_PARAMETRIZED = re.compile(r"^(.*)parametrizations\.(\w+)\.\d+\.(\w+)$")
_LISTED = re.compile(r"^(.*[._])?masks\.(\d+)$")
_EMPTY_WORDS = {
    "module", "_orig_mod", "weight", "weights", "w", "kernel", "orig", "mask", "masks", "msk", "m", "model",
    "net", "network", "original", "parametrizations", "pruning", "prune", "sparse", "state", "dict", "param",
}  # fmt: skip
_ONE_OF_TWO = (
    "where two layers have the shape, name each mask after its layer: NAME.weight_mask beside NAME.weight"
)


@dataclass
class Ties:
    """The masks of a file.

    Parameters
    ----------
    pairs : the mask of each masked array.
    alone : masks by their name that belong to no array here.
    apart : arrays that are neither masks of a layer nor layers: triangles, and what nothing ties.
    notes : what was decided.
    """

    pairs: dict[str, str] = field(default_factory=dict)
    alone: set[str] = field(default_factory=set)
    apart: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def tie_masks(path: Path, contents: Contents, layers: list[str]) -> Ties:
    """Return the masks of a file; `layers` are the arrays that are layers by their names.

    Raises
    ------
    CheckpointError
        If a mask could belong to two layers of one shape.
    """
    arrays = contents.arrays
    ties = Ties()
    triangles = {n for n, a in arrays.items() if not is_weight_name(n) and is_triangle(a)}
    _tie_by_name(arrays, ties, triangles)
    if contents.uses:
        return ties
    weights = [
        n for n in layers if n not in ties.alone and n not in ties.pairs.values() and n not in triangles
    ]
    binary = {n for n in arrays if n not in ties.pairs.values() and is_binary(arrays[n])}
    real = [n for n in weights if n not in binary or is_weight_name(n)]
    _tie_by_module(arrays, binary, ties)
    _tie_by_list(path, arrays, real, ties)
    _tie_by_key(path, arrays, real, binary, ties)
    _tie_by_shape(path, arrays, real, ties)
    _set_apart(contents, real, binary, triangles, ties)
    return ties


def _tie_by_name(arrays: dict[str, Any], ties: Ties, triangles: set[str]) -> None:
    for name in arrays:
        bases = _find_masked(name)
        if not bases:
            continue
        partner = next((base for base in bases if base in arrays and base != name), None)
        if partner and name in triangles and arrays[partner].shape != arrays[name].shape:
            partner = None
        if partner is None:
            ties.alone.add(name)
        else:
            ties.pairs[partner] = name


def _find_masked(name: str) -> list[str]:
    """Return which arrays a mask of this name may belong to, best first; nothing where it is no mask."""
    if match := _PARAMETRIZED.match(name):
        own = f"{match[1]}parametrizations.{match[2]}.original"
        return [own, f"{own}1"] if "mask" in match[3] else []
    if match := re.fullmatch(r"(.+)[._]masks?", name):
        base = match[1]
        return [f"{base}_orig", f"{base}.weight_orig", f"{base}.weight", f"{base}_weight", base]
    if match := re.fullmatch(r"masks?[._](.+)", name):
        base = match[1]
        return [
            f"{base}_orig", f"{base}.weight", f"weight_{base}", f"weight.{base}", f"w_{base}", base,
            f"{base.removesuffix('.weight')}.weight_orig",
        ]  # fmt: skip
    return [name] if re.fullmatch(r"(\w+[/.])*(masks?\d*)", name) else []


def _tie_by_module(arrays: dict[str, Any], binary: set[str], ties: Ties) -> None:
    """Tie zeros and ones of a weight's shape that lie in its module, whatever they are called."""
    taken = set(ties.pairs.values())
    for name in [one for one in arrays if one in binary - taken]:
        prefix, dot, _ = name.rpartition(".")
        owners = [f"{prefix}{dot}{leaf}" for leaf in ("weight", "weight_orig", "kernel")] if dot else []
        if match := _PARAMETRIZED.match(name):
            owners = [f"{match[1]}parametrizations.{match[2]}.original"]
        for owner in owners:
            free = owner in arrays and owner != name and owner not in ties.pairs and owner not in binary
            if free and arrays[owner].shape == arrays[name].shape and not is_weight_name(name):
                ties.pairs[owner] = name
                ties.alone.discard(name)


def _tie_by_list(path: Path, arrays: dict[str, Any], real: list[str], ties: Ties) -> None:
    """Tie the masks of a list to the layers in their order, where they fit in one way alone."""
    lists: dict[str, list[str]] = {}
    for name in sorted(ties.alone, key=lambda n: int(m[2]) if (m := _LISTED.match(n)) else 0):
        if match := _LISTED.match(name):
            lists.setdefault(match[1] or "", []).append(name)
    for listed in lists.values():
        free = [name for name in real if name not in ties.pairs]
        ways = _places([arrays[n].shape for n in listed], [arrays[n].shape for n in free])
        if len(ways) > 1:
            raise _two_layers(path, listed[0], [printable(free[way[0]]) for way in ways])
        if ways:
            ties.pairs |= {free[place]: name for place, name in zip(ways[0], listed, strict=True)}
            ties.alone -= set(listed)
            ties.notes.append(
                Guess("the masks of a list are taken in the order of the layers, as their shapes fit")
            )


def _places(wanted: list[Any], held: list[Any]) -> list[list[int]]:
    """Return up to two ways in which a list of shapes lies in another, in order."""
    ways: list[list[int]] = []
    waiting: list[list[int]] = [[]]
    while waiting and len(ways) < 2 and len(waiting) < 10_000:
        way = waiting.pop()
        if len(way) == len(wanted):
            ways.append(way)
            continue
        first = way[-1] + 1 if way else 0
        last = len(held) - (len(wanted) - len(way))
        waiting += [[*way, place] for place in range(first, last + 1) if held[place] == wanted[len(way)]]
    return ways


def _tie_by_key(path: Path, arrays: dict[str, Any], real: list[str], binary: set[str], ties: Ties) -> None:
    """Tie a mask to the layer whose name ends as its own does, prefixes and words for weights aside."""
    by_end: dict[tuple[str, ...], list[str]] = {}
    for name in real:
        key = _key(name)
        for start in range(len(key)):
            by_end.setdefault(key[start:], []).append(name)
    named = {n for n in binary if re.match(r"^m_?\d+$", n.lower())}
    for name in sorted((ties.alone | named) - set(ties.pairs.values())):
        key = _key(name)
        options = by_end.get(key, []) if key else []
        if not options:  # a mask with prefixes that the weights lack
            starts = range(1, len(key))
            options = next(
                (by_end[key[s:]] for s in starts if [_key(n) for n in by_end.get(key[s:], [])] == [key[s:]]),
                [],
            )
        fits = [n for n in options if arrays[n].shape == arrays[name].shape and n != name]
        exact = [n for n in fits if _key(n) == key]
        fits = exact if len(exact) == 1 else [n for n in fits if n not in ties.pairs]
        if len(fits) > 1:
            raise _two_layers(path, name, list(map(printable, fits)))
        if fits and fits[0] not in ties.pairs:
            ties.pairs[fits[0]] = name
            ties.alone.discard(name)


def _key(name: str) -> tuple[str, ...]:
    """Return what a name says beside the words for weights and masks: "W1" and "mask_1" give ("1",)."""
    words = re.split(r"[._/]+", name.lower())
    kept = []
    for word in words:
        short = re.fullmatch(r"(weights?|masks?|w|m|kernel)(\d+)", word)
        if short:
            kept.append(short[2])
        elif word and word not in _EMPTY_WORDS:
            kept.append(word)
    return tuple(kept)


def _tie_by_shape(path: Path, arrays: dict[str, Any], real: list[str], ties: Ties) -> None:
    """Tie what is called a mask to the one layer of its shape; refuse it where there are two."""
    for name in sorted(ties.alone):
        # A folder of its own in the file (s10/mask) is another story than the weights'.
        if _ATTENTION.search(name.lower()) or is_triangle(arrays[name]) or "/" in name:
            continue
        fits = [n for n in real if arrays[n].shape == arrays[name].shape and n not in ties.pairs]
        if len(fits) > 1:
            raise _two_layers(path, name, list(map(printable, fits)))
        if fits:
            ties.pairs[fits[0]] = name
            ties.alone.discard(name)
            said = (
                f"{printable(name)} is taken as the mask of {printable(fits[0])}, the one layer of its shape"
            )
            ties.notes.append(Guess(said))


def _set_apart(
    contents: Contents, real: list[str], binary: set[str], triangles: set[str], ties: Ties
) -> None:
    """Note triangles, scores, and zeros and ones that nothing ties: no layers beside real weights."""
    arrays = contents.arrays
    tied = set(ties.pairs.values()) | set(ties.pairs)
    shown = [n for n in arrays if n in triangles and n not in tied]
    others = [n for n in real if n not in binary]
    if shown and (others or any(re.search(r"tril|triu|mask|causal|bias", n.lower()) for n in shown)):
        ties.apart |= set(shown)
        ties.alone -= set(shown)
        ties.notes.append(
            f"full triangles, neither masks nor layers: {list_names([describe(n, arrays[n]) for n in shown])}"
        )
    _note_loose(contents, [n for n in arrays if n in binary and n not in tied], others, ties)
    scores = [n for n in arrays if scores_of(n, arrays)]
    if scores:
        ties.notes.append(
            OpenGuess(
                f"scores of a pruner are no layers: {list_names(list(map(printable, scores)))}; which "
                "links they "
                "leave is not in the file, so the weights are shown as stored"
            )
        )


def _note_loose(contents: Contents, binary: list[str], real: list[str], ties: Ties) -> None:
    """Note zeros and ones of a layer's shape that nothing ties; numbers of an npz stay layers."""
    arrays = contents.arrays
    shapes = {shape for n in real for shape in (arrays[n].shape, arrays[n].shape[::-1])}
    templates = {_template(n) for n in real}
    leaves = {n.rpartition(".")[2] for n in real if "." in n}
    loose = []
    for name in binary:
        if name in ties.apart or is_weight_name(name) or not real:
            continue
        boolean = arrays[name].dtype.kind == "b"
        alike = _template(name) in templates or name.rpartition(".")[2] in leaves
        fits = arrays[name].shape in shapes and (boolean or not alike)
        if boolean or (fits and contents.orientation != "by_name"):
            ties.apart.add(name)
        if fits and not _ATTENTION.search(name.lower()):
            loose.append(name)
    if loose:
        shown = list_names([describe(n, arrays[n]) for n in loose])
        ties.notes.append(
            OpenGuess(
                f"zeros and ones of a layer's shape, which nothing ties to it: {shown}; if they are "
                "masks, name them "
                "after their layers (NAME.weight_mask beside NAME.weight)"
            )
        )


def _template(name: str) -> str:
    return re.sub(r"\d+", "#", name.lower())


def _two_layers(path: Path, name: str, layers: list[str]) -> CheckpointError:
    return CheckpointError(
        path,
        f"the mask {printable(name)} could belong to {' or '.join(layers[:3])}, which have one shape",
        _ONE_OF_TWO,
    )


def check_mask(path: Path, name: str, mask: Any) -> None:
    """Raise CheckpointError for a mask with NaN, which differs from zero and would count as links."""
    values = mask.data if sp.issparse(mask) else mask
    if values.dtype.kind in "fc" and not np.isfinite(values).all():
        raise CheckpointError(
            path,
            f"the mask {printable(name)} holds NaN or infinite values",
            "save it again with 1 (or True) where a link is and 0 elsewhere",
        )
