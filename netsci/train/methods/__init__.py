"""Training methods: draw the first links of a network and change them while it trains.

A method is a subclass of `Method` that overrides one or two functions; `netsci.train.methods.base` describes
all of them, `netsci.train.methods.set` is an example. Register your own as a class or as a path:

    class Mine(Method):
        def start(self, net, steps, rng):
            return MyHooks(net, rng)  # a subclass of Hooks

    METHODS.register("mine", Mine)  # or "my_file:Mine", which is imported on first use
    train(recipe.replace(method="mine"))

To remove and regrow links by scores of your own, you need not write hooks: let `start` return an
`netsci.train.evolving.Evolving`, as `ch.py` does, or return a rule from a subclass of `Exchange`, as
`mest.py` does. Register the method again in a process that resumes a run.
"""

from __future__ import annotations

from netsci.train.choices import METHODS
from netsci.train.methods.base import Hooks, Method, Step, Steps

__all__ = ["METHODS", "Hooks", "Method", "Step", "Steps"]
