"""S1's Tables A1 and A3: hyperparameters of training and of CS-QCFS, as printed and as they ran here."""

from __future__ import annotations

from typing import Any

from analysis.engine.names import RUN_NAMES
from analysis.engine.recipe_table import compare, describe_recipes, make_record
from analysis.engine.sheet import Key
from analysis.s1.competitors import chts, read_splits
from analysis.s1.converted_nets import EPOCHS, PRINTED
from analysis.s1.convolutions import RESNET, VGG
from netsci.sweep import Cell, Record, Task
from netsci.train.activation_options import OPTIONS
from netsci.train.fine_tuning import FINE_TUNING
from netsci.train.recipe import Recipe

TASKS = {
    "s1-tableA1": Task("s1-table-a1", "analysis.s1.recipe_tables:state_a1", RUN_NAMES),
    "s1-tableA3": Task("s1-table-a3", "analysis.s1.recipe_tables:state_a3", RUN_NAMES),
}
SOURCE = "none: recipes of this library, printed values, analysis/expected/s1.table{}.csv"
SCHEDULES = {"cosine": "cosine annealing", "linear": "linear to 0", "steps": "step decay"}
UNUSED = "/"  # as S1 writes it


def describe() -> dict[str, dict[str, Any]]:
    """Return cells and functions of the exhibits, by id."""
    found = {}
    for id_, task in TASKS.items():
        cell = Cell.of(task, version=1, data=SOURCE.format(id_.removeprefix("s1-table")))
        found[id_] = describe_recipes(cell)
    return found


def state_a1() -> Record:
    """State Tables A1a to A1c: training of VGG-16, ResNet-18 and 6Conv2FC."""
    recipes = {"vgg16": VGG, "resnet18": RESNET, "6conv2fc": chts(next(iter(read_splits())), "desk")}
    ran: dict[Key, str] = {}
    for row, recipe in recipes.items():
        ran |= {(row, column): value for column, value in state_training(recipe).items()}
    for row, recipe in recipes.items():
        ran |= {(row, column): value for column, value in state_more(recipe).items()}
    return make_record(compare(("s1.tableA1a", "s1.tableA1b", "s1.tableA1c"), ran))


def state_training(recipe: Recipe) -> dict[str, str]:
    """Return the printed hyperparameters of a training run, as they ran, written as S1 writes them."""
    how = recipe.optimisation
    return {
        "epochs": f"{how.epochs}",
        "learning_rate": f"{how.lr:g}",
        "batch_size": f"{how.batch}",
        "scheduler": SCHEDULES[how.lr_schedule],
        "milestones": ",".join(map(str, how.milestones)) or UNUSED,
        "warmup": f"{how.warmup:g}" if how.warmup else UNUSED,
    }


def state_more(recipe: Recipe) -> dict[str, str]:
    """Return what S1 prints elsewhere or not at all."""
    how, options = recipe.optimisation, dict(recipe.net.options)
    width = options["width"]
    return {
        "optimizer": how.optimizer,
        "weight_decay": f"{how.weight_decay:g}",
        "dropout": f"{recipe.net.dropout:g}",
        "width": f"{width:g} of the channels" if width < 1 else f"{width} channels in the first block",
        "data": f"{recipe.task.data}, {recipe.task.augment}",
    }


def state_a3() -> Record:
    """State Table A3: both stages of CS-QCFS."""
    first, second = (FINE_TUNING[f"cs-qcfs-{stage}"][1] for stage in (1, 2))
    epochs = EPOCHS["desk"]
    levels = dict(first["activation_options"])["levels"]
    ran = {
        "train_epochs": f"{epochs[0]}",
        "finetune_epochs": f"{epochs[1]}",
        "learning_rate": " and ".join(dict.fromkeys(f"{one['lr']:g}" for one in (first, second))),
        "batch_size": " and ".join(dict.fromkeys(f"{one['batch']}" for one in (first, second))),
        "L": f"{levels}",
        "scheduler": SCHEDULES[first["lr_schedule"]],
        "milestones": ",".join(map(str, first["milestones"])) or UNUSED,
        "warmup": f"{first['warmup']}",
        "dropout": f"{dict(PRINTED)['dropout']:g}",
        "first_threshold": f"{OPTIONS['sqcfs']['theta']} of the activations (99.9 %)",
        "momentum": f"{first['momentum']:g}",
    }
    return make_record(compare(("s1.tableA3",), {("cs-qcfs", name): value for name, value in ran.items()}))
