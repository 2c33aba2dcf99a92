"""Methods of pruning after training, by name: where they live, what they do and where they come from."""

from __future__ import annotations

from typing import Any

from netsci.registry import Registry

# name -> netsci.prune.method.PruneMethod
METHODS: Registry[Any] = Registry(
    "pruning method",
    {
        "magnitude": "netsci.prune.magnitude:METHOD",
        "ri": "netsci.prune.ri:METHOD",
        "ria": "netsci.prune.ria:METHOD",
        "wanda": "netsci.prune.wanda:METHOD",
        "sparsegpt": "netsci.prune.sparsegpt:METHOD",
        "ria_rec": "netsci.prune.ria:RECONSTRUCT",
        "wanda_rec": "netsci.prune.wanda:RECONSTRUCT",
    },
    public="netsci.prune.METHODS",
)

# method -> (what it does, source), for lists of methods
ABOUT: dict[str, tuple[str, str]] = {
    "magnitude": ("remove the smallest weights of a layer, no data", "Han et al. 2015"),
    "ri": ("remove weights that are a small share of their input's and output's", "Zhang et al. 2024 (RI)"),
    "ria": ("RI times the strength of the input", "Zhang et al. 2024 (RIA), S1 Table 4"),
    "wanda": ("remove the least weight times size of the input, output by output", "Sun et al. 2024 (Wanda)"),
    "sparsegpt": ("remove what costs least, let later weights make up for it", "Frantar and Alistarh 2023"),
    "ria_rec": ("the links of RIA, weights as SparseGPT makes up for them", "S1 Table 4 (RIA_rec)"),
    "wanda_rec": ("the links of Wanda, weights as SparseGPT makes up for them", "S1 Table 4 (Wanda_rec)"),
}
