"""The weights inside a checkpoint: which of its dictionaries hold them, and under which names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from netsci.io.errors import CheckpointError, printable
from netsci.io.limits import check_count

# The first of these that is a dictionary holds the network; the order settles checkpoints with several.
_WRAPPERS = (
    "state_dict", "model_state_dict", "model_state", "model", "net", "network", "net_state_dict",
    "network_state_dict", "model_weights", "weights", "params", "parameters", "module", "ema_state_dict",
)  # fmt: skip
_MASKS = re.compile(
    r"((?!attn|attention|causal|padding|pad|src|tgt|loss|token)[a-z]+_)?masks?(_(dict|list|state(_dict)?))?"
)
# Adam's moments have the shape of the layers they belong to.
_NOT_WEIGHTS = re.compile(
    r"optim|^opts?$|^(adam|adamw|sgd)$|sched|scaler|^amp$|momentum|exp_avg|grad(ient)?s?$|rng|^hyper_?param|"
    r"^args$|^config$|^callbacks$|^loops$|history|metrics"
)
_PACKED = "._packed_params._packed_params"
_PREFIXES = ("module.", "_orig_mod.", "_forward_module.")
_MAX_DEPTH = 8


def flatten(path: Path, loaded: Any, is_array: Callable[[Any], bool]) -> tuple[dict[str, Any], list[str]]:
    """Return the arrays of a loaded checkpoint by dotted name, optimizers left out, and notes."""
    notes: list[str] = []
    found: dict[str, Any] = {}
    if is_array(loaded):
        return {"weight": loaded}, notes
    items = _items(loaded) or {}
    _walk(path, loaded, "", 0, is_array, found, notes, set())
    if not found and (_is_optimizer(items) or any(map(_is_optimizer, map(_items, items.values())))):
        raise CheckpointError(
            path,
            "it holds the state of an optimizer and no weights",
            "give the file of the model: torch.save(model.state_dict(), 'weights.pt')",
        )
    return _without_common_prefix(found), notes


def _walk(
    path: Path,
    value: Any,
    prefix: str,
    depth: int,
    is_array: Callable[[Any], bool],
    found: dict[str, Any],
    notes: list[str],
    seen: set[int],
) -> None:
    items = _items(value)
    if items is None or id(value) in seen or _is_optimizer(items):
        return
    if depth > _MAX_DEPTH:
        raise CheckpointError(
            path, f"its dictionaries nest deeper than {_MAX_DEPTH}", "save the state dict alone"
        )
    seen.add(id(value))  # a pickle may contain itself
    check_count(path, len(items) + len(found), "entries")
    inner = _wrapper(items, is_array)
    if inner is not None:
        masks = _mask_containers(items, inner, is_array)
        kept = {inner, *(key for key in items if key in masks or _NOT_WEIGHTS.search(key.lower()))}
        others = [k for k in items if k not in kept and _holds({"": items[k]}, is_array, matrices=True)]
        if others:
            notes.append(f"read {inner!r}; {', '.join(map(printable, others))} left out")
        _walk(path, items[inner], prefix, depth + 1, is_array, found, notes, seen)
        for key in sorted(masks, key=len, reverse=True):  # the last one counts: "masks" over "first_masks"
            _walk(path, {"masks": masks[key]}, prefix, depth + 1, is_array, found, notes, seen)
        return
    for key, entry in items.items():
        name = f"{prefix}{key}"
        if is_array(entry):
            found[name] = entry
        elif name.endswith(_PACKED) and isinstance(entry, tuple) and entry and is_array(entry[0]):
            found[name.removesuffix(_PACKED) + ".weight"] = entry[0]
        elif not _NOT_WEIGHTS.search(key.lower()):
            _walk(path, entry, f"{name}.", depth + 1, is_array, found, notes, seen)


def _items(value: Any) -> dict[str, Any] | None:
    if isinstance(value, Mapping):
        return {str(key): entry for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return {str(i): entry for i, entry in enumerate(value)}
    return None


def _wrapper(items: dict[str, Any], is_array: Callable[[Any], bool]) -> str | None:
    """Return the key whose dictionary is the network, unless weights lie beside it."""
    if any(is_array(value) and value.ndim >= 2 and key.endswith("weight") for key, value in items.items()):
        return None
    by_lower = {key.lower(): key for key in reversed(items)}
    return next(
        (by_lower[w] for w in _WRAPPERS if w in by_lower and _holds(items[by_lower[w]], is_array)), None
    )


def _is_optimizer(items: dict[str, Any] | None) -> bool:
    """Whether a dictionary is what an optimizer's state_dict() returns, whatever it is kept under."""
    return items is not None and {"state", "param_groups"} <= set(items)


def _holds(
    value: Any, is_array: Callable[[Any], bool], seen: set[int] | None = None, *, matrices: bool = False
) -> bool:
    """Whether there is an array (a matrix) anywhere inside; each dictionary is looked at once."""
    seen = set() if seen is None else seen
    items = _items(value)
    if not items or id(value) in seen or len(seen) > 1000 or _is_optimizer(items):
        return False
    seen.add(id(value))
    found = (v for v in items.values() if is_array(v))
    if any(not matrices or v.ndim >= 2 for v in found):
        return True
    return any(_holds(v, is_array, seen, matrices=matrices) for v in items.values())


def _mask_containers(items: dict[str, Any], inner: str, is_array: Callable[[Any], bool]) -> dict[str, Any]:
    """Return what lies beside the network under a name of masks, or inside of what belongs to a pruner."""
    found: dict[str, Any] = {}
    for key, value in items.items():
        if key == inner:
            continue
        if _MASKS.fullmatch(key.lower()) and (is_array(value) or _holds(value, is_array)):
            found[key] = value
        elif re.search(r"prun|spars", key.lower()):
            inside = _items(value) or {}
            held = [
                one
                for name, one in inside.items()
                if _MASKS.fullmatch(name.lower()) and _holds(one, is_array)
            ]
            found.update({key: held[0]} if held else {})
    return found


def _without_common_prefix(found: dict[str, Any]) -> dict[str, Any]:
    """Drop what DataParallel and torch.compile put before every name but those of masks kept apart."""
    for _ in range(4):
        own = [name for name in found if not name.startswith("masks.")]
        prefix = next((p for p in _PREFIXES if own and all(name.startswith(p) for name in own)), None)
        if prefix is None or any(name == prefix for name in own):
            break
        found = {
            name if name.startswith("masks.") else name.removeprefix(prefix): value
            for name, value in found.items()
        }
    return found
