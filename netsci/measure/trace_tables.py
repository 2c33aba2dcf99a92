"""The tidy tables of a trace."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from netsci.measure.absence import link_sparsity
from netsci.measure.trace import Trace

if TYPE_CHECKING:
    import pandas as pd


def counts_table(trace: Trace) -> "pd.DataFrame":
    """Return a tidy table: part ("population", "projection" or "network"), name, measure, value, unit."""
    import pandas as pd

    rows: list[tuple[str, str, str, float, str]] = []
    for one in trace.populations:
        rate = math.nan if not one.size else float(trace.firing_rates(one.name).mean())
        counts = (("units", one.size, "units"), ("spikes", int(one.spikes.sum()), "spikes"))
        rows += [("population", one.name, *found) for found in counts]
        rows.append(("population", one.name, "firing_rate", rate, "spikes per unit and step"))
    for seen in trace.projections:
        rows += [
            ("projection", seen.name, "links", seen.links, "links"),
            ("projection", seen.name, "link_sparsity", link_sparsity(seen.links, seen.dense_links), ""),
            ("projection", seen.name, "events", int(seen.events.sum()), "events"),
            ("projection", seen.name, "sops", seen.sops, "operations"),
            ("projection", seen.name, "macs", seen.macs, "operations"),
        ]
    whole = [("steps", trace.steps, "steps"), ("samples", trace.samples, "samples")]
    whole += [("spikes", trace.spikes, "spikes"), ("sops", trace.sops, "operations")]
    whole.append(("macs", trace.macs, "operations"))
    rows += [("network", "all", *found) for found in whole]
    for measure in ("firing_rate", "firing_rate_without_input"):
        rows.append(("network", "all", measure, getattr(trace, measure), "spikes per unit and step"))
    rows.append(("network", "all", "link_sparsity", trace.link_sparsity, ""))
    rows.append(("network", "all", "uncounted", len(trace.uncounted), "modules"))
    found = pd.DataFrame(rows, columns=["part", "name", "measure", "value", "unit"])
    return found.astype({"value": np.float64})


def raster_table(trace: Trace) -> "pd.DataFrame":
    """Return the recorded single spikes: population, size, sample, step, unit, one row a spike."""
    import pandas as pd

    columns: dict[str, list[Any]] = {n: [] for n in ("population", "size", "sample", "step", "unit")}
    for one in trace.populations:
        if one.raster is not None:
            columns["population"] += [one.name] * len(one.raster)
            columns["size"] += [one.size] * len(one.raster)
            for place, name in enumerate(("step", "sample", "unit")):
                columns[name] += one.raster[:, place].tolist()
    kinds = {name: "str" if name == "population" else np.int64 for name in columns}
    return pd.DataFrame(columns).astype(kinds)


def rate_histogram(trace: Trace, bins: int) -> "pd.DataFrame":
    """Return the histogram of `Trace.rate_histogram`."""
    import pandas as pd

    if bins < 1:
        raise ValueError(f"bins must be at least 1; got {bins!r}")
    rates = {one.name: trace.firing_rates(one.name) for one in trace.populations if one.kind != "analog"}
    rates = {name: found for name, found in rates.items() if len(found)}
    top = max([1.0 / trace.steps, *(float(found.max()) for found in rates.values())])
    edges = np.linspace(0.0, top, bins + 1)
    frames = []
    for name, found in rates.items():
        units = np.histogram(found, edges)[0]
        part = {"population": name, "left": edges[:-1], "right": edges[1:], "units": units}
        frames.append(pd.DataFrame({**part, "density": units / (len(found) * np.diff(edges))}))
    kinds = {"population": "str", "left": float, "right": float, "units": np.int64, "density": float}
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(kinds)).astype(kinds)
