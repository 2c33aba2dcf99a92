"""Static sparse training: the first links never change."""

from __future__ import annotations

from netsci.train.methods.base import Method


class Static(Method):
    """Draw the first links as the recipe says, and keep them."""

    reads = ("sparsity", "initial", "initial_options", "allocation")
