"""Hooks on every module of a network while something runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn


@contextmanager
def hook_modules(
    module: nn.Module,
    before: Callable[[str, nn.Module], Any],
    after: Callable[[str, nn.Module], Any],
    *,
    always: bool = False,
) -> Iterator[None]:
    """Hold hooks on all modules of a network; they go whatever happens.

    before, after : get the name of a module and the module, and return its hooks: before(module, args,
    kwargs), and after(module, args, kwargs, output). always : call the hooks behind even if forward raises.

    Examples
    --------
    >>> import torch
    >>> names: list[str] = []
    >>> net = nn.Sequential(nn.Linear(1, 1))
    >>> with hook_modules(net, lambda name, _: lambda *_: names.append(name), lambda *_: lambda *_: None):
    ...     _ = net(torch.ones(1, 1))
    >>> names
    ['', '0']
    """
    handles: list[Any] = []
    try:
        for name, one in module.named_modules():
            handles.append(one.register_forward_pre_hook(before(name, one), with_kwargs=True))
            handles.append(one.register_forward_hook(after(name, one), with_kwargs=True, always_call=always))
        yield
    finally:
        for handle in handles:
            handle.remove()
