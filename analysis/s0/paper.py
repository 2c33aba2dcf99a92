"""The recipes of S0 at the paper's sizes, for machines with GPUs and the data sets.

Events are binned to T frames. How the paper sizes event frames is not printed; where its link sparsity tells,
it is taken from that: 94.73 % of 2Conv2FC on DVS-Gesture is 95 % of a layer that sees 64 x 64 pixels.
"""

from __future__ import annotations

from typing import Any

from analysis.engine.training import DATA
from analysis.engine.words import NAMES
from netsci.train.presets import PRESETS
from netsci.train.recipe import Net, Optimisation, Recipe, Task, Topology

OFFICIAL = {name: name for name in NAMES if name in DATA} | {"cifar-10": "cifar10", "cifar-100": "cifar100"}
FEATURES = "cifar10-features"  # 512 of them, the inputs of S-TP: S0 does not say what they are
EPOCHS = 100  # printed for S-TP; taken for the others too
AUGMENTED = ("cifar-10", "cifar-100")
NETWORKS = {
    "2fc": "mnist-2fc",
    "2conv2fc": "mnist-2conv2fc",
    "6conv2fc": "cifar10-6conv2fc",
    "spikformer": "cifar10-spikformer",
}
POOLING = {  # of event frames: to 64 x 64 pixels; Spikformer sees 32 x 32, 64 tokens as in CIFAR-10
    ("dvs-gesture", "2conv2fc"): 2,
    ("dvs-gesture", "6conv2fc"): 2,
    ("dvs-gesture", "spikformer"): 4,
    ("cifar10-dvs", "6conv2fc"): 2,
    ("cifar10-dvs", "spikformer"): 4,
}
EVENTS = ("n-mnist", "dvs-gesture", "cifar10-dvs")
# S-TP: T is what Table 2's spike counts imply; frames are binary, so that noise can flip them.
STP: dict[str, dict[str, Any]] = {
    "n-mnist": {"steps": 85, "pooling": 2, "inputs": 2 * 17 * 17, "sparsity": 0.99},
    "dvs-gesture": {"steps": 200, "pooling": 4, "inputs": 2 * 32 * 32, "sparsity": 0.99},
}
# The printed 69.37 and 66.94 % are 70 % in every convolution but the first. The optimiser is not printed.
# Its convolutions regrow by the node-based score, as CHT-Conv's do (`im2col`); S0's CH-CNN is not public.
RESNET: dict[str, Recipe] = {
    name: Recipe(
        Task(name, steps=4, augment="crop_flip"),
        Net("resnet18", (("stem", stem),), readout="sum"),
        Topology(sparsity=0.7, initial="uniform", regrowth="ch3_l3n"),
        Optimisation(
            optimizer="sgd", lr=0.1, weight_decay=1e-4, batch=batch, epochs=EPOCHS, warmup=5, mixed=True
        ),
    )
    for name, stem, batch in (("tiny-imagenet", "cifar", 128), ("imagenet", "imagenet", 256))
}


def back_propagated_in_full(dataset: str, network: str) -> Recipe:
    """Return the recipe of a network of Tables 1, 9, 15 and 16.

    >>> back_propagated_in_full("dvs-gesture", "2conv2fc").task.data_options
    (('pooling', 2), ('steps', 8))
    """
    if network == "resnet18":
        return RESNET[dataset]
    recipe = PRESETS[NETWORKS[network]]
    recipe = recipe.replace(data=OFFICIAL[dataset], epochs=EPOCHS, augment=dataset in AUGMENTED)
    if dataset not in EVENTS:
        return recipe
    pooling = POOLING.get((dataset, network), 1)
    return recipe.replace(
        encoding="events", data_options=(("pooling", pooling), ("steps", recipe.task.steps))
    )


def target_propagated_in_full(dataset: str) -> Recipe:
    """Return the recipe of S-TP's network: input, twice its width, twice again, classes.

    >>> target_propagated_in_full("n-mnist").net.options
    (('hidden', (1156, 1156)),)
    """
    recipe = PRESETS["mnist-stp-3fc"]
    if dataset == "mnist":
        return recipe
    if dataset == "cifar-10":
        return recipe.replace(data=FEATURES, options=(("hidden", (1024, 1024)),))
    found = STP[dataset]
    return recipe.replace(
        data=OFFICIAL[dataset],
        data_options=(("binary", True), ("pooling", found["pooling"]), ("steps", found["steps"])),
        encoding="events",
        steps=found["steps"],
        options=(("hidden", (2 * found["inputs"],) * 2),),
        sparsity=found["sparsity"],
    )


def with_steps(recipe: Recipe, steps: int) -> Recipe:
    """Return a recipe with another number of time steps, events binned alike.

    >>> with_steps(back_propagated_in_full("n-mnist", "2conv2fc"), 4).task.data_options
    (('pooling', 1), ('steps', 4))
    """
    options = tuple((name, steps if name == "steps" else value) for name, value in recipe.task.data_options)
    return recipe.replace(steps=steps, data_options=options)
