"""Choices by name of `netsci.train`: names and where they live, so that a recipe needs no torch.

`netsci.train` gives them out. The file that implements a choice says what its functions take and return.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netsci.registry import Registry

# name -> function (inputs, x, rng) -> what the network sees, see netsci.train.encodings
ENCODINGS: Registry[Callable[..., Any]] = Registry(
    "encoding",
    {
        "direct": "netsci.train.encodings:direct",
        "rate": "netsci.train.encodings:rate",
        "events": "netsci.train.encodings:events",
    },
    public="netsci.train.ENCODINGS",
)

# name -> function (recipe) -> learner (model, x, labels, rng) -> BatchLoss, see netsci.train.learners
LEARNERS: Registry[Callable[..., Any]] = Registry(
    "learner",
    {"gradient": "netsci.train.learners:gradient", "stp": "netsci.train.learners:stp"},
    public="netsci.train.LEARNERS",
)

# name -> function (scores, labels) -> mean loss, see netsci.train.losses
LOSSES: Registry[Callable[..., Any]] = Registry(
    "loss",
    {"mse": "netsci.train.losses:mse", "cross_entropy": "torch.nn.functional:cross_entropy"},
    public="netsci.train.LOSSES",
)

# name -> function (optimisation, epochs over) -> learning rate, see netsci.train.lr_schedules
LR_SCHEDULES: Registry[Callable[..., float]] = Registry(
    "learning-rate schedule",
    {
        "constant": "netsci.train.lr_schedules:constant",
        "cosine": "netsci.train.lr_schedules:cosine",
        "steps": "netsci.train.lr_schedules:steps",
        "milestones": "netsci.train.lr_schedules:milestones",
        "linear": "netsci.train.lr_schedules:linear",
    },
    public="netsci.train.LR_SCHEDULES",
)

# name -> subclass of netsci.train.Method
METHODS: Registry[Any] = Registry(
    "method",
    {
        "ch_snn": "netsci.train.methods.ch:CannistraciHebb",
        "static": "netsci.train.methods.static:Static",
        "set": "netsci.train.methods.set:Set",
        "rigl": "netsci.train.methods.rigl:RigL",
        "cht": "netsci.train.methods.ch:CannistraciHebb",
        "chts": "netsci.train.methods.ch:CannistraciHebb",
        "chtss": "netsci.train.methods.ch:CannistraciHebb",
        "cht_conv": "netsci.train.methods.cht_conv:ChtConv",
        "srigl": "netsci.train.methods.srigl:SRigL",
        "mest": "netsci.train.methods.mest:Mest",
        "ndsnn": "netsci.train.methods.ndsnn:Ndsnn",
        "gmp": "netsci.train.methods.gmp:Gmp",
        "deep_r": "netsci.train.methods.deep_r:DeepR",
        "grad_r": "netsci.train.methods.grad_r:GradR",
        "dpap": "netsci.train.methods.dpap:Dpap",
        "sd_snn": "netsci.train.methods.sd_snn:SdSnn",
    },
    public="netsci.train.METHODS",
)

# name -> function (groups, optimisation) -> torch optimizer, see netsci.train.optimizers
OPTIMIZERS: Registry[Callable[..., Any]] = Registry(
    "optimizer",
    {
        "sgd": "netsci.train.optimizers:sgd",
        "sgd_plain": "netsci.train.optimizers:sgd_plain",
        "adam": "netsci.train.optimizers:adam",
        "adamw": "netsci.train.optimizers:adamw",
    },
    public="netsci.train.OPTIMIZERS",
)

# method -> values of `Topology` that its recipe has by itself; what a recipe gives goes before them
_EARLY = {"schedule": "cosine", "until": 0.75}
_CHT = {"removal": "magnitude", "initial": "csti", "zeta": 0.3, **_EARLY}
_CHTS = {
    **_CHT,
    "regrowth": (("conv", "ch3_l3n"), ("linear", "ch2_l3n")),
    "delta": 0.5,
    "delta_end": (0.9, 0.5),  # odds |w|^T of removal with T from 1 to 9
    "delta_schedule": "linear_exponent",
}
_RANDOM = {"initial": "erdos_renyi"}
_RIGL = {"zeta": 0.3, **_EARLY, "evolve_every": "100 steps", "allocation": "erk"}
SETTINGS: dict[str, dict[str, Any]] = {
    "static": _RANDOM,
    "set": {**_RANDOM, "zeta": 0.3, "schedule": "static"},
    "rigl": {**_RANDOM, **_RIGL},
    "cht": {**_CHT, "regrowth": "ch3_l3", "delta": 1.0},
    "chts": _CHTS,
    "chtss": {**_CHTS, "initial_sparsity": 0.5, "density_schedule": "sigmoid"},
    "cht_conv": {
        **_CHTS,
        "initial": "uniform",
        "sparsity": (("conv", 0.78), ("linear", 0.99)),
        "initial_sparsity": (("conv", 0.2),),
        "density_schedule": "sigmoid",
        "steepness": "1 per epoch",
    },
    "srigl": _RIGL,
    "mest": {**_RANDOM, "zeta": 0.3, **_EARLY},
    "ndsnn": {**_RANDOM, "zeta": 0.5, **_EARLY, "density_schedule": "cubic"},
    "gmp": {**_RANDOM, "zeta": 0.0, "until": 0.75, "initial_sparsity": 0.0, "density_schedule": "cubic"},
    "deep_r": {**_RANDOM, "initial_sparsity": 0.0},
    "grad_r": {},
    "dpap": {"sparsity": 0.0},  # it takes none
    "sd_snn": {"sparsity": 0.0},
}

# method -> (what it does, source), for lists of methods
ABOUT: dict[str, tuple[str, str]] = {
    "dense": ("keep all links", "the control of every other method"),
    "ch_snn": ("remove by importance, regrow by CH3-L3, percolate", "S0 (CH-SNN)"),
    "static": ("keep random links", "the control of every evolution"),
    "set": ("exchange weights nearest 0, of both signs, for random links", "Mocanu et al. 2018"),
    "rigl": ("exchange the smallest weights for the largest gradients", "Evci et al. 2020"),
    "cht": ("exchange the smallest weights for links of best CH3-L3", "S1, S2 (CHT)"),
    "chts": ("as CHT, but draw links by their scores", "S1, S2 (CHTs)"),
    "chtss": ("as CHTs, while the density falls along a sigmoid", "S1, S2 (CHTss)"),
    "cht_conv": ("train convolutions with CHTss, unfolded", "S1 (CHT-Conv)"),
    "srigl": ("as RigL, with as many inputs for each unit; remove weak units", "Lasby et al. 2024"),
    "mest": ("exchange the least |weight| + 0.01 |gradient| for random links", "Yuan et al. 2021"),
    "ndsnn": ("remove many, regrow fewer by gradient: the density falls", "Huang et al. 2023"),
    "gmp": ("remove the smallest weights as the density falls", "Zhu and Gupta 2017"),
    "deep_r": ("put links whose sign changes to sleep, wake random ones", "Bellec et al. 2018"),
    "grad_r": ("let gradients move the strength of sleeping links too", "Chen et al. 2021"),
    "dpap": ("let spikes decide which units and synapses survive", "Han et al. 2025 (DPAP)"),
    "sd_snn": ("remove units of narrow weights, regrow weights", "Han et al. 2025 (SD-SNN)"),
}
