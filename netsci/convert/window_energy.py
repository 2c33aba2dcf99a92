"""The energy of a network whose T is a window (aec), in the readings of networks that run step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from netsci.arguments import as_count
from netsci.measure import StepTrace, Trace, energy_readings

if TYPE_CHECKING:
    import pandas as pd


def window_energy(
    trace: StepTrace, window: int, counts: Sequence[str] = ("exact", "estimate")
) -> pd.DataFrame:
    """Return the energy per image of one window; columns and counts as in `netsci.measure.energy_readings`.

    trace : of one step, as `SpikingModel.simulate` gives it of aec. window : T, which stands in the column
    steps. "once" is what such a network does: its first layer reads the image once. "repeated" counts that
    layer T times, as the papers do. Both have the same events.

    Raises ValueError if the trace has more steps than one, or window is not above 0; TypeError for wrong
    types.

    Source: S2 Table 2 (AEC).
    """
    window = as_count(window, "window")
    if trace.steps != 1:
        raise ValueError(f"trace must be of one window, a trace of one step; it has {trace.steps} steps")
    whole = trace.trace
    populations = [replace(one, spikes_by_step=_pad(one.spikes_by_step, window)) for one in whole.populations]
    projections = []
    for one in whole.projections:
        held = one.kind == "analog" and bool(one.from_input)
        projections.append(
            replace(
                one,
                operations_by_step=_pad(one.operations_by_step, window),
                events_by_step=_pad(one.events_by_step, window),
                applications=one.applications * (1 if held else window),
            )
        )
    return energy_readings(
        Trace(window, whole.samples, tuple(populations), tuple(projections)), counts=counts
    )


def _pad(counts: Any, window: int) -> Any:
    """Return counts of a window, all of them at its first step."""
    return np.concatenate([counts, np.zeros(window - 1, np.int64)])
