"""Recipes by name: those of the papers as far as they are printed, and small ones on built-in data.

S0 does not print the optimizer, learning rate, membrane decay and loss of its back-propagated networks. The
values here are common choices and were not tuned. One exception is MNIST 2FC: the exhibit "s0-grid" of
`analysis` chose its learning rate, loss and first weights on held-out training images. S1 and S2 print ranges
of learning rates for their ANNs, and neither which one won nor zeta and delta.
"""

from __future__ import annotations

from typing import Any

from netsci.train.recipe import Net, Optimisation, Recipe, Task, Topology

_ANN: dict[str, Any] = {"spiking": False, "weights": "swi", "bias": True}
_LINEAR: dict[str, Any] = {"optimizer": "sgd_plain", "lr_schedule": "linear"}

PRESETS: dict[str, Recipe] = {
    "digits-2fc": Recipe(
        Task("digits", steps=8),
        Net("mlp", (("hidden", (512,)),), readout="sum"),
        Topology(sparsity=0.95),
        Optimisation(lr=5e-3, batch=50, epochs=30),
    ),
    "mnist-2fc": Recipe(
        Task("mnist", steps=8),
        Net("mlp", (("hidden", (1568,)),), readout="sum"),
        Topology(sparsity=0.99),
        Optimisation(lr=5e-3, batch=100, epochs=100),
    ),
    "mnist-stp-3fc": Recipe(
        Task("mnist", encoding="rate", steps=50),
        Net("mlp", (("hidden", (1568, 1568)),), alpha=0.9, threshold=4.0),
        Topology(sparsity=0.95, zeta=0.35),
        Optimisation(learner="stp", window=4, lr=1e-4, lr_schedule="constant", batch=100, epochs=100),
    ),
    "digits-stp-3fc": Recipe(
        Task("digits", encoding="rate", steps=20),
        Net("mlp", (("hidden", (128, 128)),), alpha=0.9, threshold=4.0),
        Topology(sparsity=0.9, zeta=0.35),
        Optimisation(learner="stp", window=4, lr=1e-3, lr_schedule="constant", batch=50, epochs=20),
    ),
    "mnist-2conv2fc": Recipe(
        Task("mnist", steps=8),
        Net("conv2fc2", readout="sum"),
        Topology(sparsity=0.95, initial="uniform"),
        Optimisation(lr=2e-3, batch=100, epochs=30),
    ),
    "cifar10-6conv2fc": Recipe(
        Task("cifar10-jpeg", steps=8, augment="crop_flip"),
        Net("conv6fc2", readout="sum"),
        Topology(sparsity=0.95, initial="uniform"),
        Optimisation(
            optimizer="adamw", lr=1e-3, weight_decay=0.01, batch=128, epochs=100, warmup=2, mixed=True
        ),
    ),
    "digits-mlp": Recipe(
        Task("digits", normalise=True),
        Net("mlp", (("hidden", (128, 128)),), **_ANN),
        Topology(0.95, method="chts", initial="uniform"),
        Optimisation(lr=0.03, weight_decay=5e-4, batch=50, epochs=30, **_LINEAR),
    ),
    "digits-qcfs": Recipe(
        Task("digits", normalise=True),
        Net("mlp", (("hidden", (128, 128)),), activation="qcfs", activation_options=(("levels", 8),), **_ANN),
        Topology(0.9, method="static", initial="uniform"),
        Optimisation(lr=0.03, weight_decay=5e-4, batch=50, epochs=30, **_LINEAR),
    ),
    "fashion-mnist-mlp": Recipe(
        Task("fashion-mnist", normalise=True),
        Net("mlp", (("hidden", (1000, 1000)),), **_ANN),
        Topology(0.99, method="chts"),
        Optimisation(lr=0.03, weight_decay=5e-4, batch=128, epochs=30, **_LINEAR),
    ),
    "cifar10-mlp": Recipe(
        Task("cifar10-jpeg", normalise=True),
        Net("mlp", (("hidden", (3072, 3072)),), **_ANN),
        Topology(0.99, method="chts"),
        Optimisation(lr=0.025, weight_decay=5e-4, batch=32, epochs=100, **_LINEAR),
    ),
    "cifar10-vgg16": Recipe(
        Task("cifar10-jpeg", augment="crop_flip+autoaugment+cutout", normalise=True),
        Net("vgg16", (("hidden", (512,)), ("pooling", "average")), spiking=False, dropout=0.2),
        Topology(method="cht_conv"),
        Optimisation(
            optimizer="sgd_plain", lr=0.1, weight_decay=5e-4, batch=128, epochs=200, warmup=5, mixed=True
        ),
    ),
    "cifar10-resnet18": Recipe(
        Task("cifar10-jpeg", augment="crop_flip+autoaugment+cutout", normalise=True),
        Net("resnet18", spiking=False),
        Topology(method="cht_conv", sparsity={"conv": 0.78}),
        Optimisation(
            optimizer="sgd_plain",
            lr=0.1,
            lr_schedule="milestones",
            milestones=(60, 120, 160),
            weight_decay=5e-4,
            batch=128,
            epochs=200,
            mixed=True,
        ),
    ),
    "cifar10-deit": Recipe(
        Task("cifar10-jpeg", augment="crop_flip", normalise=True),
        Net("vit", (("patch", 4), ("width", 192), ("depth", 12), ("heads", 3)), spiking=False),
        Topology(0.7, method="chts", initial="brf", zeta=0.1, evolve_every=5, evolve_after=5, until=0.6),
        Optimisation(
            optimizer="adamw",
            lr=5e-4,
            weight_decay=0.05,
            batch=128,
            epochs=100,
            warmup=5,
            label_smoothing=0.1,
            mixed=True,
        ),
    ),
    "cifar10-spikformer": Recipe(
        Task("cifar10-jpeg", steps=4, augment="crop_flip"),
        Net("spikformer"),
        Topology(sparsity=0.95, initial="uniform"),
        Optimisation(
            optimizer="adamw", lr=1e-3, weight_decay=0.05, batch=128, epochs=100, warmup=5, mixed=True
        ),
    ),
}
