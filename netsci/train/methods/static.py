"""Static sparse training: the first links stay."""

from __future__ import annotations

from netsci.train.methods.base import Method


class Static(Method):
    """The first links are drawn as the recipe says, and never change."""

    reads = ("sparsity", "initial")
