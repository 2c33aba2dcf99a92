"""Recipes that train a network on for its conversion: the network's own recipe, with these changes.

    ReLU network -> qcfs                          -> convert(..., "qcfs")
    ReLU network -> cs-qcfs-1 [-> cs-qcfs-2]      -> convert(..., "cs_qcfs")
    ReLU network -> aec                           -> convert(..., "aec")

Links stay as they are. Where a network has no convolution, CS-QCFS ends with stage 1. S1 and S2 print for
CS-QCFS learning rates {.05, .01, .005, .001}, batches {32, 64, 128}, L {4, 8} and 300 + 100 epochs, and not
which ones won; for AEC Adam at 1e-5, cosine, 200 epochs. Optimizer, momentum and schedule of QCFS and CS-QCFS
are a reading: heavy-ball momentum .9, cosine.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netsci.arguments import check_path
from netsci.train.recipe import Recipe

_FRESH: dict[str, Any] = {"lr_schedule": "cosine", "milestones": (), "warmup": 0, "clip": None}
_LEVELS: dict[str, Any] = {**_FRESH, "optimizer": "sgd_plain", "lr": 0.01, "momentum": 0.9, "batch": 64}
_EIGHT: dict[str, Any] = {"activation_options": (("levels", 8),)}

# name -> (what it does, values by field)
FINE_TUNING: Mapping[str, tuple[str, dict[str, Any]]] = {
    "qcfs": (
        "QCFS in place of ReLUs, thresholds learn",
        {**_LEVELS, **_EIGHT, "activation": "qcfs", "epochs": 300},
    ),
    "cs-qcfs-1": (
        "stage 1 of CS-QCFS: QCFS with softplus thresholds by layer",
        {**_LEVELS, **_EIGHT, "activation": "sqcfs", "epochs": 300},
    ),
    "cs-qcfs-2": (
        "stage 2 of CS-QCFS, from stage 1: thresholds by channel of convolutions",
        {**_LEVELS, "activation": "cs_qcfs", "epochs": 100},
    ),
    "aec": (
        "AEC's codes in place of ReLUs; six numbers a layer and normalisations learn",
        {
            **_FRESH,
            "activation": "aec",
            "activation_options": (("window", 8),),
            "optimizer": "adam",
            "lr": 1e-5,
            "epochs": 200,
            "weight_decay": 0.0,
            "dropout": 0.0,
        },
    ),
}


def tune_for_conversion(network: str | Path, name: str, **changes: Any) -> Recipe:
    """Return the recipe that trains a network on for its conversion, its links as they are.

    It is the recipe in the file with the values of `FINE_TUNING[name]`. Stage 2 of CS-QCFS has the levels of
    stage 1. Train it with `train(recipe, network=network)`.

    network : a network.safetensors. name : "qcfs", "cs-qcfs-1", "cs-qcfs-2" or "aec". changes : other values
    of the recipe.

    Raises
    ------
    TypeError, ValueError
        If there is no such name, the file cannot be read or holds no recipe, its network spikes or was
        trained with other thresholds than this begins with, or a value is not allowed.

    Examples
    --------
    >>> import tempfile
    >>> from netsci.train import PRESETS, train
    >>> folder, small = Path(tempfile.mkdtemp()), {"limit": 50, "epochs": 1, "sparsity": 0.5}
    >>> run = train(PRESETS["digits-mlp"].replace(options=(("hidden", (8,)),), **small), folder=folder)
    >>> recipe = tune_for_conversion(folder / "network.safetensors", "qcfs", epochs=2)
    >>> train(recipe, network=folder / "network.safetensors").model.activations[0].levels
    8

    Source: S1, S2 (CS-QCFS, AEC).
    """
    from netsci.train.start_network import freeze_links

    check_path(network, "network")
    if not isinstance(name, str) or name not in FINE_TUNING:
        raise ValueError(f"name must be one of {', '.join(FINE_TUNING)}; got {name!r}")
    before = freeze_links(network)
    net, values = before.net, dict(FINE_TUNING[name][1])
    if net.spiking:
        raise ValueError(f"network {str(network)!r} spikes already: give one of ReLUs, spiking=False")
    begins = ("sqcfs", "cs_qcfs") if name == "cs-qcfs-2" else ("relu", values["activation"])
    if net.activation not in begins:
        mend = "train it with cs-qcfs-1 first" if name == "cs-qcfs-2" else "give the network of ReLUs"
        raise ValueError(
            f"network {str(network)!r} has the activation {net.activation!r}, and {name} begins with "
            f"{begins[0]!r}: {mend}"
        )
    if net.activation != "relu":  # trained thresholds stay, and so do levels and window
        stay = ("levels", "window")
        kept = tuple(pair for pair in net.activation_options if pair[0] in stay)
        values["activation_options"] = kept
    return before.replace(**{**values, **changes})
