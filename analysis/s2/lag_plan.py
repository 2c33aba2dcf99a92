"""Which networks the time lag is measured on: S2 Table 1's grid, and more for controls.

The plan is in the order in which cells are worth running: after any part of it there are pairs of all data
sets, and the exhibits say how many. VGG-16 comes after the perceptrons of the first stage.
"""

from __future__ import annotations

from collections.abc import Mapping

from analysis.engine.converted import BLOCKS, read_plain, source_of
from analysis.s1.convolutions import EVERY, VGG
from analysis.s1.convolutions import seconds as vgg_seconds
from analysis.s1.recipes import PERCEPTRONS
from analysis.s2.lag_grid import BATCHES, LEVELS, RATES, STAGES, STEPS, VGG_NET, Data, Grid, Place
from netsci.sweep import Cell
from netsci.train.recipe import Recipe

WIDTH = 512


def _perceptron(data: str) -> Recipe:
    """Return the training of a perceptron, which evolves as often as VGG-16 does."""
    return PERCEPTRONS[data].replace(options=(("hidden", (WIDTH, WIDTH)),), epochs=15, evolve_every=EVERY)


_MATCHED = ((0.01, 64), (0.05, 64), (0.005, 64), (0.01, 128), (0.05, 128), (0.001, 64))
_EARLY = (1, 3)
DESK = Grid(
    (
        Data("CIFAR-10", _perceptron("cifar10-jpeg"), (0.95, 0.99), early=_EARLY, settings=_MATCHED),
        Data("MNIST", _perceptron("mnist"), (0.95,), early=_EARLY, settings=_MATCHED),
        Data("Fashion-MNIST", _perceptron("fashion-mnist"), (0.95,), early=_EARLY, settings=_MATCHED),
    ),
    RATES,
    BATCHES,
    LEVELS,
    STEPS,
    last=RATES[-1],
    slow=BATCHES[-1],
)
_DIGITS = PERCEPTRONS["mnist"].replace(
    data="digits",
    options=(("hidden", (48, 48)),),
    epochs=3,
    limit=900,
    test_limit=300,
    evolve_every=EVERY,
)
SMOKE = Grid(
    (Data("digits", _DIGITS, (0.8,), early=(1,), settings=((0.05, 20), (0.01, 20))),),
    (0.05, 0.01),
    (20,),
    (4, 8),
    40,
    first=100,
    calibration=300,
    stages=(("cs-qcfs-1", 1),),
)
_HALF = {"conv": 0.5, "linear": 0.5}
VGG_DESK = Grid(
    (
        Data(
            "CIFAR-10, VGG-16/8",
            VGG,
            (0.5,),
            kind=VGG_NET,
            dense={"dense": True, "dropout": 0.5},
            rule={"sparsity": _HALF, "initial_sparsity": {"conv": 0.2, "linear": 0.2}},
        ),
    ),
    (0.05, 0.01, 0.005),
    (128, 64),
    (8, 4, 16),
    STEPS,
    limit=2000,
    blocks=BLOCKS,
    stages=(("cs-qcfs-1", 1), ("cs-qcfs-2", 1)),
    windows=(4, 16, 64),
)
GRIDS = {"smoke": (SMOKE,), "desk": (DESK, VGG_DESK), "paper": (DESK, VGG_DESK)}


def plan_conversions(scale: str, seed: int) -> dict[Cell, Place]:
    """Return the cells that convert, of all grids of a scale, in the order that they are worth running."""
    found: dict[Cell, Place] = {}
    for stage in range(STAGES):
        for grid in GRIDS[scale]:
            found |= grid.plan(seed, stage)
    return found


def plan(scale: str, first_seed: int) -> dict[Cell, tuple[Place, ...]]:
    """Return all cells in the order in which they are worth running: each network before its conversion.

    scale : "smoke", "desk" or "paper" (as desk). Values are the places that a cell serves.
    """
    found: dict[Cell, tuple[Place, ...]] = {}
    for one, place in plan_conversions(scale, first_seed).items():
        for each in (source_of(one), one):
            found[each] = (*found.get(each, ()), place)
    return found


# Seconds of one core, about, on a machine that does other things too: an epoch at batch 64, dense and sparse.
_EPOCH: Mapping[str, tuple[float, float]] = {
    "mnist": (5.2, 5.0),
    "fashion-mnist": (5.2, 5.0),
    "cifar10-jpeg": (11.4, 4.5),
}
_OF_BATCH = {32: 1.7, 64: 1.0, 128: 0.65}  # times that of batch 64
_TUNING, _TUNED = 1.5, 1.4  # seconds beside the epochs of a fine-tuning; an epoch of it in epochs
_SIMULATED = {"snm": (13.0, 10.0), "cs_qcfs": (6.0, 4.0)}  # 64 steps of 10,000 images, dense and sparse
_VGG_SIMULATED = 60.0  # 64 steps of 2,000 images


def seconds(one: Cell) -> float:
    """Return about how many seconds a cell takes on one core; the network that it converts is trained."""
    source = dict(one.aside).get("source", one)
    recipe = dict(source.parameters)
    if recipe["dataset"] == "digits":
        return 1.0
    sparse, vgg = not recipe["dense"], recipe["model"] == "vgg16"
    epoch = _EPOCH[recipe["dataset"]][sparse] * _OF_BATCH[recipe["batch"]]
    epoch = vgg_seconds(source) / recipe["epochs"] if vgg else epoch
    if source is one:
        return float(recipe["epochs"] * epoch)
    taken = 0.0
    for plain in dict(one.parameters)["conversions"]:
        way = read_plain(plain)
        taken += _VGG_SIMULATED if vgg else _SIMULATED[way.method][sparse]
        taken += sum(_TUNING + _TUNED * epoch * tuning.epochs for tuning in way.tunings)
    return taken
