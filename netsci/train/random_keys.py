"""Random numbers that depend on where in a run they are drawn, and on nothing else.

A run draws each batch's order, noise and links from a generator keyed by (seed, step, part, purpose). So a
resumed run, a parallel one and one that skips an evaluation draw the same numbers: there is no generator
state to save, and the position in the run is the key.
"""

from __future__ import annotations

import numpy as np

TOPOLOGY, WEIGHTS, ORDER, EVOLUTION, SPLIT, ENCODING, TESTING, LEARNING, AUGMENTATION, MODEL = range(10)
METHOD = 100  # METHOD + part, part = 1, 2, ...: further generators of a method's hooks


def keyed(seed: int, step: int, part: int, purpose: int) -> np.random.Generator:
    """Return the generator of one purpose at one place of a run.

    Examples
    --------
    >>> bool(keyed(1, 2, 3, ORDER).random() == keyed(1, 2, 3, ORDER).random())
    True
    """
    return np.random.default_rng([seed, step, part, purpose])
