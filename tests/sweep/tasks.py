"""Tasks small enough to run in a test."""

import numpy as np

from netsci.sweep import Record


def draw(*, seed: int, size: int) -> Record:
    return Record({"values": np.random.default_rng(seed).normal(size=size)}, {"size": size})


def fail(*, seed: int) -> Record:
    raise RuntimeError(f"seed {seed} fails")


def wrong(*, seed: int) -> int:
    return seed
