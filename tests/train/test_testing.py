"""What is counted on the testing side: events are spikes, also where a frame holds several of them."""

from dataclasses import replace

import numpy as np
import pytest

from netsci.data import load
from netsci.train import PRESETS, train

STEPS = 3


def frames(most: int):
    """Digits as frames of events [n, T, 1, 8, 8] of up to `most` events a place."""
    data = load("digits").subset(60, 20, rng=np.random.default_rng(3))

    def made(x):
        return np.minimum(np.repeat(x[:, None], STEPS, axis=1) // 4, most).astype(np.uint8)

    return replace(data, x_train=made(data.x_train), x_test=made(data.x_test))


@pytest.mark.parametrize("name", ["mnist-2conv2fc", "mnist-stp-3fc"])
def test_numbers_of_events_are_graded_spikes(name):
    options = (("padding", 1),) if "conv" in name else (("hidden", (32, 32)),)
    recipe = PRESETS[name].replace(data="digits", encoding="events", steps=STEPS, epochs=1, window=2)
    recipe = recipe.replace(options=options, sparsity=0.8, batch=20)
    for most, kind in ((4, "graded"), (1, "spikes")):
        run = train(recipe, data=frames(most))
        trace = run.trace()
        first = trace.projections[0]
        there = frames(most).x_test != 0
        assert (first.kind, first.sops > 0, first.macs) == (kind, True, 0)
        assert int(first.events.sum()) == int(there.sum())
        assert trace.populations[0].spikes.sum() == there.sum()
        rows = run.table[(run.table["measure"] == "SOPs") & (run.table["epoch"] == 1)]
        assert rows["value"].item() == trace.sops / 20
