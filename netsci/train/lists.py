"""Lists of presets and methods, one on each line, for `netsci train --list` and `--methods`."""

from __future__ import annotations

from netsci.train.choices import ABOUT
from netsci.train.fine_tuning import FINE_TUNING
from netsci.train.presets import PRESETS
from netsci.train.recipe import Recipe


def list_presets() -> str:
    """Describe the presets and the fine-tunings of a network for its conversion, one on each line.

    Examples
    --------
    >>> list_presets().splitlines()[0]
    'digits-2fc             mlp on digits, 95 % sparse, T = 8, 30 epochs'
    """
    lines = []
    for name, recipe in PRESETS.items():
        t, o = recipe.task, recipe.optimisation
        steps = f"T = {t.steps}, " if recipe.net.spiking else ""
        lines.append(
            f"{name:22} {recipe.net.model} on {t.data}, {_say_sparsity(recipe)}, {steps}{o.epochs} epochs"
        )
    tuned = [f"{name:22} {what}; with --network" for name, (what, _) in FINE_TUNING.items()]
    return "\n".join(lines + tuned)


def _say_sparsity(recipe: Recipe) -> str:
    """Return how sparse a network is at its end, in words."""
    if recipe.topology is None:
        return "dense"
    found = recipe.topology.sparsity
    if not isinstance(found, tuple):
        return f"{100 * found:g} % sparse"
    return " and ".join(f"{name} {100 * share:g} % sparse" for name, share in found)


def list_methods() -> str:
    """Describe the training methods, one on each line, with their source.

    Examples
    --------
    >>> print(list_methods().splitlines()[4])
    rigl      exchange the smallest weights for the largest gradients (Evci et al. 2020)
    """
    return "\n".join(f"{name:9} {what} ({source})" for name, (what, source) in ABOUT.items())
