"""Whether contestants compute the same function: spikes, rates, loss and gradients of one batch."""

from collections.abc import Mapping

import numpy as np

# A current that lies on the threshold to the last bit may fire or not as sums are ordered; each such spike
# moves the gradients a little.
SPIKES_OTHERWISE = 1e-4  # share of the spikes of a layer
GRADIENT_DISTANCE = 1e-2  # relative, in the Euclidean norm


def differences(
    found: Mapping[str, np.ndarray], reference: Mapping[str, np.ndarray], masks: list[np.ndarray]
) -> dict[str, float]:
    """Return the share of other spikes and the relative distance of the gradient at links, by layer."""
    away = {}
    for i, mask in enumerate(masks):
        spikes, expected = found[f"spikes_{i}"], reference[f"spikes_{i}"]
        if spikes.shape != expected.shape:
            raise ValueError(f"spikes of layer {i + 1} have shape {spikes.shape}, not {expected.shape}")
        fired = max(int(expected.sum()), 1)
        away[f"spikes_{i}"] = float((spikes != expected).sum() / fired)
        gradient, wanted = found[f"gradient_{i}"][mask], reference[f"gradient_{i}"][mask]
        norm = float(np.linalg.norm(wanted))
        distance = float(np.linalg.norm(gradient - wanted))
        away[f"gradient_{i}"] = distance / norm if norm else float("inf" if distance else 0.0)
    away["rates"] = float(np.abs(found["rates"] - reference["rates"]).mean())
    return away


def disagreement(away: Mapping[str, float]) -> list[str]:
    """Return what is too far apart, in words; nothing if the functions are the same."""
    bounds = {"spikes": SPIKES_OTHERWISE, "rates": SPIKES_OTHERWISE, "gradient": GRADIENT_DISTANCE}
    return [
        f"{name.replace('_', ' of layer ')} differ by {value:.2g}"
        for name, value in away.items()
        if not value <= bounds[name.partition("_")[0]]  # NaN differs, too
    ]
