"""SD-SNN against reference values: ranges, live weights, weights and percentage of every epoch, exactly."""

from dataclasses import replace

import numpy as np
import pytest

from netsci.topology import development as dev
from tests.golden_files import golden, label


@pytest.mark.parametrize("path", golden("prune", "sdsnn_*.npz"), ids=label)
def test_golden_epochs_of_sd_snn(path):
    values = np.load(path)
    assert int(values["count_threshold"]) == dev.THRESHOLD
    epochs = sum(key.endswith("W_in2") for key in values)
    seen = 0
    for epoch in range(epochs):
        given = weights = np.ascontiguousarray(values[f"e{epoch}/W_in2"].T)
        state = dev.begin(given, compat=True) if epoch == 0 else dev.renew_ranges(state, given)  # noqa: F821
        if epoch > dev.THRESHOLD:
            weights = dev.clip(state, given)
        if epoch >= dev.BEGIN:
            state = dev.die(dev.grow(state, weights, dev.percentile_at(epoch, "linear")))
            weights = weights * state.alive
            state = replace(state, percent=dev.raise_percent(state, epoch, None, width=512))
            assert state.percent == float(values[f"e{epoch}/percent"])
        if f"e{epoch}/W_out2" in values:
            seen += 1
            assert np.array_equal(weights.T, values[f"e{epoch}/W_out2"])
            assert np.array_equal(state.alive.T, values[f"e{epoch}/alive2"])
            assert np.array_equal(state.high.T.ravel(), values[f"e{epoch}/range_pos2"])
            assert np.array_equal(state.low.T.ravel(), values[f"e{epoch}/range_neg2"])
    assert seen > 2
    assert not state.alive.all()
