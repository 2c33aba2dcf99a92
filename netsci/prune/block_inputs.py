"""What the layers of a module see, block after block, while the caller prunes one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

from torch import nn

from netsci.prune.blocks import entry_of, split_into_blocks
from netsci.prune.handing_on import Given, before, catch_inputs, check_inputs, copies, find_ways, hand_on
from netsci.prune.layer_inputs import Reached, collect, order_of_calls, run_quietly
from netsci.prune.method import PruneMethod
from netsci.prune.statistics import InputStatistics
from netsci.prune.targets import Target
from netsci.sparse.shapes import layer_shapes

Seen = Iterator[tuple[list[Target], dict[str, InputStatistics]]]


def see_blocks(
    copy: nn.Module,
    method: PruneMethod,
    targets: list[Target],
    batches: list[Any],
    propagate: str,
    handing: bool,
) -> Seen:
    """Yield the layers of a block and statistics of their inputs, made when the blocks before are pruned.

    handing : whether a block may be run on what the block before it gave, instead of the whole module.
    """
    if method.reads == "nothing":
        yield targets, {}
        return
    by_name = {one.name: one for one in targets}
    calls = order_of_calls(copy, by_name, batches[0])
    missing = [name for name in by_name if name not in calls]
    if missing:
        raise ValueError(
            f"calibration must reach every layer; no call of {missing[0]!r} was seen: leave it out by layers"
        )
    hessian = method.reads == "hessian"
    if propagate == "dense":
        yield targets, collect(copy, by_name, batches, hessian=hessian)
        return
    yield from _see_in_turn(copy, by_name, calls, batches, hessian, handing)


def _see_in_turn(
    copy: nn.Module,
    by_name: dict[str, Target],
    calls: list[str],
    batches: list[Any],
    hessian: bool,
    handing: bool,
) -> Seen:
    """Yield block after block, with the inputs that the pruned blocks before give it."""
    every = dict.fromkeys([*(_fused(copy, name) for name in layer_shapes(copy)), *by_name])
    blocks = split_into_blocks(copy, every, calls)
    entries = [entry_of(copy, names, list(every)) for names in blocks]
    ways: list[Any] = [None] * len(blocks)
    if handing and len(set(entries)) == len(entries):
        ways[:-1] = find_ways(copy, entries, by_name, batches[0])
    given: Any = None
    series: list[str] = []  # of blocks that are run one by one
    for number, (names, entry, way) in enumerate(zip(blocks, entries, ways, strict=True)):
        if way is not None and given is None:
            given = catch_inputs(copy, entry, batches)
        if given is None:
            # A forward may end where the next block begins, if no layer of this one is called later.
            later = blocks[number + 1][0] if number + 1 < len(blocks) else None
            if later is not None and set(names) & set(calls[calls.index(later) :]):
                later = None
            statistics = collect(copy, names, batches, hessian=hessian, until=later)
        else:
            run = partial(_call, copy.get_submodule(entry), alone=entry in names)
            statistics = collect(copy, names, given, hessian=hessian, call=run)
        yield [by_name[name] for name in names], statistics
        if given is None:
            continue
        series.append(entry)
        if way is not None:
            given = hand_on(copy, entry, way, given)
        else:
            check_inputs(copy, series, given, batches)
            given, series = None, []


def _call(block: nn.Module, given: Given, *, alone: bool) -> None:
    """Run a block on what it is given. alone : whether it is one layer, whose output no one needs here."""
    arguments, named = given
    with ExitStack() as hooks:
        if alone:  # behind the hook that sums up its inputs
            hooks.enter_context(before(block, _stop))
        run_quietly(block, copies(arguments), named)


def _stop(*_: Any) -> None:
    raise Reached


def _fused(module: nn.Module, name: str) -> str:
    """Return the name of the layer that holds these links: of a part of a fused layer that of the whole."""
    names = dict(module.named_modules())
    return name if name in names else name.rpartition(".")[0]
