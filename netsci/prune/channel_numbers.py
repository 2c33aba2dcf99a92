"""How many channels go from each group: a share of its channels, or as many as leave a share of the weights.

local    each group loses the same share of its channels; the lowest importances of the group go
global   groups are ranked together by importance over the mean (or maximum) of their group
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from netsci.prune.channel_graph import CONV, LINEAR, ChannelGraph
from netsci.prune.channel_ranking import Pool, rank_channels, remove_channels, spread_channels

Shares = Mapping[str, float]  # "conv", "linear" or "all" -> share that goes
ALL = "all"  # both kinds together
_CALLED = {CONV: "convolutions", LINEAR: "linear layers", ALL: "convolutions and linear layers"}


@dataclass(frozen=True)
class Wanted:
    """What `netsci.prune.depgraph` is asked for, checked: shares by kind, and how to choose channels.

    named : whether the kinds were named; if not, a kind without channels to remove is left out.
    """

    shares: Shares
    named: bool
    match: str
    importance: str | None
    steps: int
    scope: str


def choose_channels(module: nn.Module, example: tuple[Any, ...], wanted: Wanted) -> ChannelGraph:
    """Return the graph of a copy of a module from which the channels are gone.

    Raises ValueError if a kind has no channels that may go, or not enough of them.
    """
    graph = ChannelGraph(module, example)
    wanted = _leave_out(graph, wanted)
    pools = _by_share(graph, wanted)
    if wanted.match == "parameters":
        pools = _by_weights(graph, wanted, lambda: ChannelGraph(module, example))
    remove_channels(graph, pools, wanted.importance)
    return graph


def _leave_out(graph: ChannelGraph, wanted: Wanted) -> Wanted:
    """Return what is wanted without kinds of layers that have no channels to remove, if none was named."""
    having = {kind: share for kind, share in wanted.shares.items() if _roots(graph, kind)}
    lacking = [kind for kind, share in wanted.shares.items() if share > 0.0 and kind not in having]
    if lacking and (wanted.named or not having):
        raise ValueError(
            "sparsity must be of layers that have channels to remove; the module has none among its "
            f"{_CALLED[lacking[0]] if wanted.named else _CALLED[ALL]}: the layers that give its outputs "
            f"({', '.join(sorted(graph.classifiers)) or 'none'}) and its first input are never pruned"
        )
    return replace(wanted, shares=having)


def _roots(graph: ChannelGraph, kind: str) -> tuple[str, ...]:
    """Return the roots of the groups of a kind."""
    return tuple(root for root, group in graph.find_groups().items() if kind in (ALL, group.kind))


def _by_share(graph: ChannelGraph, wanted: Wanted) -> list[Pool]:
    """Return pools that lose a share of channels: floor(n (1 - share) + 1e-9) of n stay, at least one."""
    groups, pools = graph.find_groups(), []
    for kind, share in wanted.shares.items():
        roots = _roots(graph, kind)
        for members in [roots] if wanted.scope == "global" else [(root,) for root in roots]:
            n = sum(groups[root].size for root in members)
            by_step = [(step + 1) / wanted.steps * share for step in range(wanted.steps)]
            left = [max(len(members), int(n * (1.0 - part) + 1e-9)) for part in by_step]
            pools.append(Pool(members, tuple(n - one for one in left)))
    return pools


def _by_weights(graph: ChannelGraph, wanted: Wanted, make: Callable[[], ChannelGraph]) -> list[Pool]:
    """Return pools that leave a share of the weights of each kind, found by bisection.

    The weights of one kind may depend on channels of the other (a linear layer reads channels): kinds are
    matched in turn until none moves.
    """
    numbers = dict.fromkeys(wanted.shares, 0)
    goals = {kind: _Goal(graph, kind, share) for kind, share in wanted.shares.items()}
    for _ in range(4):
        before = dict(numbers)
        for kind, goal in goals.items():

            def count(number: int, kind: str = kind, goal: _Goal = goal) -> int:
                return goal.count(_count_left(graph, wanted, numbers | {kind: number}, make))

            numbers[kind] = goal.find(count)
        if numbers == before:
            return _pools(graph, wanted, numbers)
    raise ValueError(
        "sparsity cannot be matched for convolutions and linear layers at once, which share their channels "
        f"in this module; got {dict(wanted.shares)!r}: give one share for all, with scope='global'"
    )


class _Goal:
    """How many weights of a kind are to be left, and the number of channels whose removal leaves them."""

    def __init__(self, graph: ChannelGraph, kind: str, share: float) -> None:
        kinds = (CONV, LINEAR) if kind == ALL else (kind,)
        self.kind, self.share = kind, share
        self.names = [name for one in kinds for name in graph.names_of(one)]
        self.dense = sum(graph.layers[name].weight.numel() for name in self.names)
        groups = graph.find_groups()
        self.most = sum(groups[root].size - 1 for root in _roots(graph, kind))

    def count(self, left: Mapping[str, int]) -> int:
        """Return how many weights the layers of the kind have."""
        return sum(left[name] for name in self.names)

    def find(self, left: Callable[[int], int]) -> int:
        """Return the number of channels that leaves the number of weights nearest to the wanted one.

        Of two that are as near, the larger.
        """
        target = (1.0 - self.share) * self.dense
        low, high = 0, self.most  # the smallest number that leaves no more than the target
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if left(middle) <= target else (middle + 1, high)
        rest = left(low)
        if self.most == 0 and self.share > 0.0:
            raise ValueError(
                f"sparsity must be 0 for {self.kind} layers here: every group of them has one channel, which "
                f"stays; got {self.share!r}"
            )
        if rest > target and low and rest - target > left(low - 1) - rest:
            raise ValueError(
                f"sparsity must be one that channels can reach; at least one channel of each group stays, so "
                f"{self.kind} layers reach at most {1.0 - rest / self.dense:.4f}; got {self.share!r}"
            )
        return low - 1 if low and left(low - 1) - target < abs(target - rest) else low


def _count_left(
    graph: ChannelGraph, wanted: Wanted, numbers: Mapping[str, int], make: Callable[[], ChannelGraph]
) -> dict[str, int]:
    """Return how many weights each layer has left without as many channels of each kind."""
    pools = _pools(graph, wanted, numbers)
    if wanted.scope == "local":
        return graph.count_weights({pool.roots[0]: pool.gone[-1] for pool in pools})
    if wanted.steps > 1:  # importances depend on what went before
        tried = make()
        remove_channels(tried, pools, wanted.importance)
        return tried.count_weights({})
    importances = graph.find_importances(wanted.importance)
    removed: dict[str, int] = {}
    for pool in pools:
        for root, _ in rank_channels({root: importances[root] for root in pool.roots})[: pool.gone[-1]]:
            removed[root] = removed.get(root, 0) + 1
    return graph.count_weights(removed)


def _pools(graph: ChannelGraph, wanted: Wanted, numbers: Mapping[str, int]) -> list[Pool]:
    """Return pools that lose these numbers of channels of each kind, in equal steps."""
    groups, pools = graph.find_groups(), []
    for kind, number in numbers.items():
        roots = _roots(graph, kind)
        if wanted.scope == "global":
            totals = {roots: number}
        else:
            spread = spread_channels([groups[root] for root in roots], number)
            totals = {(root,): count for root, count in spread.items()}
        for members, total in totals.items():
            gone = tuple(-(-total * (step + 1) // wanted.steps) for step in range(wanted.steps))
            pools.append(Pool(members, gone))
    return pools
