"""What `netsci convert` says of a converted run: ten lines, or an object for JSON."""

from __future__ import annotations

import math
from typing import Any

from netsci.convert import METHODS
from netsci.train.convert_run import TOLERANCE, WINDOWS, ConvertedRun

SHOWN = 4  # numbers of steps in the table on the terminal
MOST_LAYERS = 8  # whose rates stand in one line


def list_conversions() -> str:
    """Describe the methods of conversion, with their options.

    Examples
    --------
    >>> print(list_conversions().splitlines()[0])
    qcfs: integrate-and-fire neurons for quantised activations, one threshold a layer
    """
    lines = []
    for name in METHODS:
        method = METHODS[name]
        lines.append(f"{name}: {method.about}")
        for option, (default, what) in method.options.items():
            shown = "--steps" if option == "steps" else f"--set {option}={default!r}"
            lines.append(f"    {shown:22} {what}")
    return "\n".join(lines)


def choose_steps(last: int, shown: int = SHOWN) -> list[int]:
    """Return some numbers of steps from 1 to the last, each about as many times the one before.

    Examples
    --------
    >>> choose_steps(64), choose_steps(3)
    ([1, 4, 16, 64], [1, 2, 3])
    """
    if last <= shown:
        return list(range(1, last + 1))
    return sorted({round(last ** (k / (shown - 1))) for k in range(shown)})


def say_conversion(found: ConvertedRun) -> list[str]:
    """Return what a converted run did, in about ten lines."""
    model, trace = found.model, found.trace
    links, places = _count_links(found)
    lines = [
        f"{model.method}, {_when(found)}: {len(model.masks)} layers and {links:,} links "
        f"({_percent(1 - links / places)} sparse), the same as in the ANN; {_thresholds(found)}"
    ]
    own = _own_ann(found)
    lines.append(
        f"{trace.images:,} test images of {found.source}; ANN: accuracy {_percent(found.ann_accuracy)}, "
        f"{own['macs']:,.0f} MACs, {_joule(own['energy_pj'])} an image"
    )
    lines += _table(found)
    of_time = "in the window" if found.window else f"and step up to T = {trace.steps}"
    lines.append(f"spikes a neuron {of_time}, by layer (LASFR): {_rates(found)}")
    lines += _saturation(found)
    if model.network.shows_once:
        lines.append('the image is shown once: "once" is what this network does, "repeated" as papers count')
    lines.append(_estimates(found))
    return [*lines, *(f"note: {note}" for note in model.notes)]


def _when(found: ConvertedRun) -> str:
    return f"T = {found.trace.steps}" if found.window is None else f"one window, T = {found.window}"


def _thresholds(found: ConvertedRun) -> str:
    """Return where the thresholds come from."""
    statistics = set(found.model.thresholds["statistic"])
    measured = f"from {found.calibration:,} training images"
    parts = {"trained": "trained", "given": "given"}
    said = [words for name, words in parts.items() if name in statistics]
    said += [measured] if statistics - set(parts) else []
    return f"thresholds {' and '.join(said)}"


def _table(found: ConvertedRun) -> list[str]:
    """Return the rows of a few T; energies are exact, in both readings of the first layer."""
    lines = [
        f"{'T':>5} {'accuracy':>9} {'MASFR':>7} {'SOPs':>12} {'MACs once':>11} {'repeated':>12} "
        f"{'energy once':>12} {'/ ANN':>7} {'repeated':>10} {'/ ANN':>7}"
    ]
    exact = found.energy[found.energy["count"] == "exact"].set_index(["steps", "reading"])
    # A window is one step of the trace, and its T that of the energies.
    places = {found.window: 0} if found.window else {t: t - 1 for t in choose_steps(found.trace.steps)}
    for step, place in places.items():
        once, repeated = exact.loc[(step, "once")], exact.loc[(step, "repeated")]
        lines.append(
            f"{step:>5} {_percent(found.trace.accuracy[place]):>9} "
            f"{found.trace.running_rate[place]:>7.4f} {once['sops']:>12,.0f} {once['macs']:>11,.0f} "
            f"{repeated['macs']:>12,.0f} {_joule(once['energy_pj']):>12} {once['snn_over_own_ann']:>7.2f} "
            f"{_joule(repeated['energy_pj']):>10} {repeated['snn_over_own_ann']:>7.2f}"
        )
    return lines


def _rates(found: ConvertedRun) -> str:
    rates = [
        f"{name} {row[-1]:.3f}"
        for name, units, row in zip(
            found.trace.layers, found.trace.units, found.trace.running_rates, strict=True
        )
        if units
    ]
    rest = f" and {len(rates) - MOST_LAYERS} more" if len(rates) > MOST_LAYERS else ""
    percolated = "" if math.isnan(found.live) else f"; {_percent(1 - found.live)} of the neurons percolated"
    return ", ".join(rates[:MOST_LAYERS]) + rest + percolated


def _saturation(found: ConvertedRun) -> list[str]:
    """Return a line a window: the end of the window, and in brackets its start. A window has none."""
    if found.window is not None:
        return [
            "T is a window, and the answer comes at its end: no curve by T, no saturation time and no time "
            f"lag; --set window={2 * found.window} converts for another T"
        ]
    rows = found.saturation.set_index(["curve", "window", "at"])
    times, changes = rows["time"], rows["change"]
    lines = []
    for window in WINDOWS:
        parts = []
        for curve in ("accuracy", "firing rate"):
            end, start = times[curve, window, "end"], times[curve, window, "start"]
            change = changes[curve, window, "end"]
            falls = f", falling by {_percent(-change)}" if change < -TOLERANCE else ""
            parts.append(
                f"{curve} never" if math.isnan(end) else f"{curve} at T = {end:g} (from {start:g} on{falls})"
            )
        lines.append(f"saturation, window {window}, at most {100 * TOLERANCE:g} % a step: {', '.join(parts)}")
    return lines


def _estimates(found: ConvertedRun) -> str:
    at = found.window or found.trace.steps
    last = found.energy[found.energy["steps"] == at].set_index(["reading", "count"])
    ratio = {one: last.loc[(one, "exact"), "estimated_over_exact"] for one in ("once", "repeated")}
    share = {one: last.loc[(one, "exact"), "first_layer_share"] for one in ("once", "repeated")}
    return (
        f"at T = {at}: papers' estimate over exact energy {ratio['once']:.2f} once, "
        f"{ratio['repeated']:.2f} repeated; first layer's share {_percent(share['once'])} and "
        f"{_percent(share['repeated'])}"
    )


def summarise(found: ConvertedRun) -> dict[str, Any]:
    """Return a converted run as JSON holds it; an undefined number is None."""
    model, trace = found.model, found.trace
    links, places = _count_links(found)
    return {
        "method": model.method,
        "steps": trace.steps,
        "window": found.window,
        "options": dict(model.options),
        "notes": list(model.notes),
        "data": found.source,
        "calibration_images": found.calibration,
        "test_images": trace.images,
        "layers": len(model.masks),
        "links": links,
        "sparsity": _plain(1 - links / places),
        "ann": {"accuracy": _plain(found.ann_accuracy)} | _own_ann(found),
        "by_step": _records(found.by_step()),
        "energy": _records(found.energy),
        "saturation": _records(found.saturation),
    }


def _own_ann(found: ConvertedRun) -> dict[str, Any]:
    exact = found.energy[found.energy["count"] == "exact"].iloc[0]
    energy = float(exact["own_ann_pj"])
    return {"macs": round(energy / float(exact["pj_per_mac"])), "energy_pj": energy}


def _count_links(found: ConvertedRun) -> tuple[int, int]:
    masks = found.model.masks.values()
    return sum(int(mask.nnz) for mask in masks), sum(mask.shape[0] * mask.shape[1] for mask in masks)


def _records(table: Any) -> list[dict[str, Any]]:
    return [{name: _plain(value) for name, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _joule(picojoule: float) -> str:
    return f"{picojoule / 1e6:.4g} uJ"
