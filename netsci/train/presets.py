"""Recipes by name: those of the papers as far as they are printed, and small ones on built-in data.

S0 does not print the optimizer, learning rate, membrane decay and loss of its back-propagated networks. The
values here are common choices and were not tuned. One exception is MNIST 2FC: the exhibit "s0-grid" of
`analysis` chose its learning rate, loss and first weights on held-out training images.
"""

from __future__ import annotations

from netsci.train.recipe import Net, Optimisation, Recipe, Task, Topology

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
    "cifar10-spikformer": Recipe(
        Task("cifar10-jpeg", steps=4, augment="crop_flip"),
        Net("spikformer"),
        Topology(sparsity=0.95, initial="uniform"),
        Optimisation(
            optimizer="adamw", lr=1e-3, weight_decay=0.05, batch=128, epochs=100, warmup=5, mixed=True
        ),
    ),
}
