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
_CHT = {"removal": "magnitude", "initial": "csti", "zeta": 0.3, "schedule": "cosine", "until": 0.75}
SETTINGS: dict[str, dict[str, Any]] = {}
