"""Training methods by name: what draws the first links of a network and changes them while it trains.

A method is a `Method` (see `netsci.train.methods.base`): one file that overrides one or two functions. A file
of your own is registered by a path, or as the class itself:

    class Mine(Method):
        def start(self, net, steps, rng):
            return MyHooks(net, rng)  # a Hooks with after_backward, after_step or after_epoch

    METHODS.register("mine", "my_file:Mine")
    train(recipe.replace(method="mine"))

A run that is resumed in another process needs the registration there too.
"""

from __future__ import annotations

from netsci.train.choices import METHODS
from netsci.train.methods.base import Hooks, Method, Step, Steps

__all__ = ["METHODS", "Hooks", "Method", "Step", "Steps"]
