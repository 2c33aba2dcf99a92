"""Tasks small enough to run in a test."""

import numpy as np

from netsci.sweep import Record


def draw(*, seed: int, size: int) -> Record:
    return Record({"values": np.random.default_rng(seed).normal(size=size)}, {"size": size})


def fail(*, seed: int) -> Record:
    raise RuntimeError(f"seed {seed} fails")


def wrong(*, seed: int) -> int:
    return seed


def leave(*, seed: int, folder, letters: int = 0) -> Record:
    (folder / "kept").mkdir()
    (folder / "kept" / "note.txt").write_text("abc"[:letters])
    (folder / "other.txt").write_text("not to stay")
    return Record({"seed": np.array(seed)})
