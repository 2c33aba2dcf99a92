"""Several processes that train one network: the same links on each, and scores of the whole batch.

Every process has a replica of the module and a part of each batch, and `torch.distributed` averages the
gradients (`torch.nn.parallel.DistributedDataParallel`). A step of evolution then runs on each process: views
average the gradient and the activity over processes, and the links that process 0 has drawn replace those of
the others. Without a process group all functions here return what they are given.

    evolve_module(net, rule, zeta=0.3, optimizer=optimizer, rng=rng, views=views(net, watch))
    model = DistributedDataParallel(net)  # again: a step gives the layers other values, which it must watch
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch.distributed as dist
from torch import Tensor

from netsci.topology import Evolution


def is_shared() -> bool:
    """Return whether this process is one of several of a process group.

    Examples
    --------
    >>> is_shared()
    False
    """
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def average(values: Tensor) -> Tensor:
    """Return the mean of a tensor over the processes; all of them must ask for it in the same order.

    Examples
    --------
    >>> import torch
    >>> average(torch.ones(2))
    tensor([1., 1.])
    """
    if not is_shared():
        return values
    total = values.clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()


def share(step: Evolution) -> Evolution:
    """Return the step of evolution of process 0, so that rounding cannot lead processes to other links."""
    if not is_shared():
        return step
    parts = ("removed", "regrown", "percolated", "overlap", "deficit", "uniform_fill")
    held: list[Any] = [None]
    if dist.get_rank() == 0:
        held = [[[p.links for p in step.graph.projections], {name: getattr(step, name) for name in parts}]]
    dist.broadcast_object_list(held, src=0)
    links, others = held[0]
    return replace(step, graph=step.graph.with_links(links), **others)
