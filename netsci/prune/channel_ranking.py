"""Which channels go, the least important first: ranks of channels, and their removal step by step.

The best channel of a group always stays. Ties: the group that torch-pruning finds first, then the channel of
the lower number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netsci.prune.channel_graph import ChannelGraph, ChannelGroup


@dataclass(frozen=True)
class Pool:
    """Groups that are ranked together, by their roots, and how many of their channels are gone by each step.

    Examples
    --------
    >>> Pool(("conv1",), (2, 4)).gone[-1]
    4
    """

    roots: tuple[str, ...]
    gone: tuple[int, ...]


def rank_channels(importances: Mapping[str, NDArray[np.float64]]) -> list[tuple[str, int]]:
    """Return (root, channel), the lowest importance first, without the best channel of each group.

    Examples
    --------
    >>> rank_channels({"a": np.array([3.0, 1.0]), "b": np.array([0.5, 2.0, 1.0])})
    [('b', 0), ('a', 1), ('b', 2)]
    """
    entries: list[tuple[str, int]] = []
    values: list[NDArray[np.float64]] = []
    for root, importance in importances.items():
        order = np.sort(np.argsort(importance, kind="stable")[:-1])
        entries += [(root, int(channel)) for channel in order]
        values.append(importance[order])
    if not entries:
        return []
    return [entries[place] for place in np.argsort(np.concatenate(values), kind="stable")]


def spread_channels(groups: Sequence[ChannelGroup], number: int) -> dict[str, int]:
    """Return how many channels each group loses if `number` go in all, and all lose nearly the same share.

    Channel c = 0, 1, ... of n goes at the share c / n; of channels that go at one share, that of an earlier
    group goes first.

    Examples
    --------
    >>> made = [ChannelGroup(name, "conv", size, {}) for name, size in (("a", 4), ("b", 8))]
    >>> [spread_channels(made, number) for number in (1, 2, 5)]
    [{'a': 1, 'b': 0}, {'a': 1, 'b': 1}, {'a': 2, 'b': 3}]
    """
    shares = np.concatenate([np.arange(group.size - 1) / group.size for group in groups] or [np.zeros(0)])
    owners = np.repeat(np.arange(len(groups)), [group.size - 1 for group in groups])
    first = owners[np.argsort(shares, kind="stable")[:number]]
    counts = np.bincount(first, minlength=len(groups))
    return {group.root: int(count) for group, count in zip(groups, counts, strict=True)}


def remove_channels(graph: ChannelGraph, pools: Sequence[Pool], importance: str | None) -> None:
    """Remove the channels of lowest importance, step by step; importances are computed anew for each step."""
    before = [0] * len(pools)
    for step in range(len(pools[0].gone) if pools else 0):
        importances = graph.find_importances(importance)
        for place, pool in enumerate(pools):
            lowest = rank_channels({root: importances[root] for root in pool.roots})
            now = pool.gone[step] - before[place]
            for root in pool.roots:
                if channels := [channel for one, channel in lowest[:now] if one == root]:
                    graph.remove(root, channels)
            before[place] = pool.gone[step]
