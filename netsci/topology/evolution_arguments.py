"""What `evolve` is given, checked and laid out with one entry for each projection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from netsci.arguments import check_flag, check_iterable, shorten
from netsci.graph.layered import LayeredGraph
from netsci.indices import check_stored
from netsci.topology.rule import EvolutionRule
from netsci.topology.view import LayerView, view_of

Targets = Mapping[str, int] | Sequence[int | None] | None
Flags = Sequence[bool] | None
Views = Mapping[str, LayerView] | None


def choose_views(graph: LayeredGraph, views: Views) -> list[LayerView]:
    """Return the view of each projection: the given one, else one of its links and weights."""
    given = {} if views is None else views
    if not isinstance(given, Mapping):
        raise TypeError(f"views must be a mapping from projections' names to views; got {shorten(views)}")
    seen: list[LayerView] = []
    for p in graph.projections:
        view = given.get(p.name)
        if view is not None and not all(hasattr(view, part) for part in ("links", "weights", "restrict")):
            raise TypeError(f"views[{p.name!r}] must be a LayerView; got {shorten(view)}")
        if view is not None:
            check_stored(view.links, f"links of views[{p.name!r}]")
        if view is not None and (view.links.shape != p.shape or (view.links != p.links).nnz):
            raise ValueError(
                f"views[{p.name!r}] has other links than the projection: make the views after the "
                "links have changed"
            )
        seen.append(view_of(p) if view is None else view)
    return seen


def choose_evolvable(
    graph: LayeredGraph, rule: EvolutionRule, evolvable: Flags, seen: Sequence[LayerView]
) -> list[bool]:
    """Return, for each projection, whether it evolves."""
    projections = graph.projections
    if evolvable is not None:
        check_iterable(evolvable, "evolvable", "a list with True or False for each projection")
        for on in evolvable:
            check_flag(on, "an entry of evolvable")
    free = [True] * len(projections) if evolvable is None else [bool(on) for on in evolvable]
    if len(free) != len(projections):
        raise ValueError(
            f"evolvable must have one entry for each of {len(projections)} projections; got {len(free)}"
        )
    for p, on, view in zip(projections, free, seen, strict=True):
        if on and p.undirected:
            raise ValueError(
                f"projection {p.name!r} is undirected and cannot evolve: set its entry of evolvable to False"
            )
        if on and view.weights is None and rule.removal != "random":
            raise ValueError(
                f"removal {rule.removal!r} needs weights, and projection {p.name!r} has none: give the graph "
                "weights, set its entry of evolvable to False, or take removal 'random'"
            )
    return free


def read_targets(graph: LayeredGraph, target_links: Targets) -> list[int]:
    """Return the number of links that each projection shall have after the step."""
    names = [p.name for p in graph.projections]
    if target_links is None:
        wanted: list[Any] = [None] * len(names)
    elif isinstance(target_links, Mapping):
        unknown = set(target_links) - set(names)
        if unknown:
            raise ValueError(
                f"target_links names {sorted(unknown)}, but the projections are {names}: name these only"
            )
        shared = sorted(name for name in target_links if names.count(name) > 1)
        if shared:
            raise ValueError(
                f"target_links names {shared}, but several projections have this name: pass a list with one "
                "entry for each projection"
            )
        wanted = [target_links.get(name) for name in names]
    else:
        check_iterable(
            target_links, "target_links", "a mapping by name, or a list with one entry a projection"
        )
        wanted = list(target_links)
        if len(wanted) != len(names):
            raise ValueError(
                f"target_links must have one entry for each of {len(names)} projections; got {len(wanted)}"
            )
    for name, target in zip(names, wanted, strict=True):
        if target is not None and (isinstance(target, bool) or not isinstance(target, (int, np.integer))):
            raise TypeError(f"target_links of {name!r} must be a whole number or None; got {target!r}")
        if target is not None and target < 0:
            raise ValueError(f"target_links of {name!r} must be at least 0; got {target}")
    return [
        int(p.links.nnz if target is None else target)
        for p, target in zip(graph.projections, wanted, strict=True)
    ]
