"""S1's Table 4 on a small vision transformer: dense, sparse training, and pruning after training.

The network is a ViT of width 96 and depth 6 on ten classes of Tiny ImageNet (64 x 64 pixels, patches of 8).
S1 evolves from epoch 10 to 60 % of its 300 epochs, every five: 35 times. EPOCHS hold as many, by fractions.
"""

from __future__ import annotations

from typing import Any

from analysis.engine.cross import Changes
from analysis.engine.printed import Reader, Source
from analysis.engine.pruned import Pruning, dense_values, pruned_cell
from analysis.engine.training import cell, last
from netsci.sweep import Cell
from netsci.train.presets import PRESETS
from netsci.train.recipe import Recipe

EPOCHS = 30
EVOLUTIONS = 35
EVERY = 0.5  # epochs between two evolutions; the first one is after a thirtieth of the epochs
TUNED = EPOCHS // 3  # the last third of the epochs, behind a dense network of the first two thirds
SPARSITY = 0.7
TEST_IMAGES = 500
VIT = PRESETS["cifar10-deit"].replace(
    data="tiny-imagenet-10",
    options=(("patch", 8), ("width", 96), ("depth", 6), ("heads", 3)),
    epochs=EPOCHS,
    warmup=1,
    mixed=False,
    evolve_every=EVERY,
    evolve_after=EVERY,
)
_SMOKE: dict[str, Any] = {
    **{"data": "digits", "augment": "none", "epochs": 3, "warmup": 0, "limit": 100, "test_limit": 50},
    **{"batch": 50, "options": (("patch", 4), ("width", 24), ("depth", 1), ("heads", 3))},
}
# SET exchanges as many links as CHTs at the same times, and both start from random links. CHTs also removes
# links that lead nowhere, and may stop early. GMP starts with all links, and has its own share of the epochs.
TRAINED: dict[str, Changes] = {
    "dense": {"dense": True},
    "ours": {"initial": "uniform"},
    "set": {"method": "set", "initial": "uniform", "until": 0.6, "zeta": 0.1, "schedule": "cosine"},
    "gmp": {"method": "gmp", "until": 0.75, "zeta": 0.0},
}
ONE_SHOT = {  # name in the table -> method of netsci.prune, in the printed order
    "sparsegpt": "sparsegpt",
    "ria-rec": "ria_rec",
    "wanda-rec": "wanda_rec",
    "ria": "ria",
    "wanda": "wanda",
    "ri": "ri",
    "magnitude": "magnitude",
}
SMOKE_ROWS = ("dense", "ours", "ria-rec", "magnitude")
AT_SMOKE = "the smoke scale runs dense, CHTs, RIA_rec and magnitude alone"
PAPER = "the paper's scale, ViT-B/16 on ImageNet, needs a GPU and a checkpoint of DeiT, and none is at hand"
READ: dict[str, Reader] = {
    "ann_accuracy_percent": last("accuracy"),
    "fine_tuned_accuracy_percent": last("accuracy"),
    "before_fine_tuning_percent": last("one-shot accuracy"),
    "link_sparsity_percent": last("link sparsity"),
}
_EPOCH = {True: 25.0, False: 30.0}  # seconds of an epoch on one core, dense and sparse, about
_PRUNE = 20.0  # seconds that pruning and two tests take, about


def recipe_of(method: str, scale: str) -> Recipe:
    """Return the recipe of a network that is trained from the start."""
    base = VIT.replace(**_SMOKE) if scale == "smoke" else VIT
    return base.replace(**TRAINED[method])


def cell_of(method: str, scale: str, seed: int) -> Cell:
    """Return the cell of the network of a row: trained from the start, or pruned at the end of dense."""
    if method in ONE_SHOT:
        return cell_of_pruned(method, scale, seed, tuned=False)
    recipe = recipe_of(method, scale)
    every = recipe.optimisation.epochs // 3 if method == "dense" else 0
    return cell(recipe.replace(seed=seed), networks=every)


def cell_of_pruned(method: str, scale: str, seed: int, *, tuned: bool) -> Cell:
    """Return the cell of a pruned dense network: of its end, or tuned, of two thirds of its epochs."""
    epochs = recipe_of("dense", scale).optimisation.epochs
    third = epochs // 3
    dense = cell(recipe_of("dense", scale).replace(seed=seed), networks=third)
    chosen: dict[str, Any] = {"after": epochs - third, "epochs": third} if tuned else {}
    return pruned_cell(dense, Pruning(ONE_SHOT[method], SPARSITY, **chosen))


def vit(scale: str, seeds: range, *, dataset: str, network: str, method: str, measure: str) -> Source | str:
    """Answer a cell of Table 4 of what is trained: two seeds at desk scale, one of what is fine-tuned."""
    if scale == "paper":
        return PAPER
    if scale == "smoke" and method not in SMOKE_ROWS:
        return AT_SMOKE
    tuned = measure in ("fine_tuned_accuracy_percent", "before_fine_tuning_percent")
    if method not in ONE_SHOT:
        if tuned:
            return "it is trained for all epochs, and not pruned after training"
        return Source(READ[measure], tuple((cell_of(method, scale, seed),) for seed in seeds))
    if tuned and scale == "desk":
        seeds = seeds[:1]
    cells = tuple((cell_of_pruned(method, scale, seed, tuned=tuned),) for seed in seeds)
    return Source(READ[measure], cells)


def seconds(of: Cell) -> float:
    """Return about how many seconds a run of Table 4 takes on one core."""
    given = dict(of.parameters)
    if given["dataset"] == "digits":
        return 1.0
    if "origin" in given:
        return float(_PRUNE + given["epochs"] * _EPOCH[False])
    return float(given["epochs"] * _EPOCH[bool(dense_values(of)["dense"])])
