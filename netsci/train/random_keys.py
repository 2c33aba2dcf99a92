"""Random numbers that depend on the place in a run where they are drawn, and on nothing else.

Each draw of a run (order of samples, noise, links) has its own generator, seeded by (seed, step, part,
purpose). A run that was resumed, or that skips a test, therefore draws the same numbers, and no generator
state has to be saved.
"""

from __future__ import annotations

import numpy as np

from netsci.arguments import as_whole

TOPOLOGY, WEIGHTS, ORDER, EVOLUTION, SPLIT, ENCODING, TESTING, LEARNING, AUGMENTATION, MODEL = range(10)
METHOD = 100  # METHOD + part, part = 1, 2, ...: further generators of a method's hooks


def generator_at(seed: int, step: int, part: int, purpose: int) -> np.random.Generator:
    """Return the generator for one purpose at one place of a run.

    seed : of the recipe. step : number of the epoch or batch. part : number of the layer or batch.
    purpose : what the numbers are for, one of this module's constants (TOPOLOGY, WEIGHTS, ORDER, ...). All
    are whole numbers of at least 0; different ones give independent numbers.

    Examples
    --------
    >>> bool(generator_at(1, 2, 3, ORDER).random() == generator_at(1, 2, 3, ORDER).random())
    True
    """
    key = {"seed": seed, "step": step, "part": part, "purpose": purpose}
    for name, value in key.items():
        if as_whole(value, name) < 0:
            raise ValueError(f"{name} must be at least 0; got {value}")
    return np.random.default_rng([int(value) for value in key.values()])


keyed = generator_at  # its former name
