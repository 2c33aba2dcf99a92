"""The training loop of every model: train an epoch, evolve the topology, test, write a checkpoint.

    recipe -> data, model -> [ batches -> gradients -> optimizer -> hooks ] -> test -> table, checkpoint

The hooks of the recipe's method (`netsci.train.methods`) change the topology. If they do so once an epoch,
the order is that of S0 (appendix A.5): train the weights, remove, percolate and regrow links, then test.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from netsci.data import DataSet
from netsci.graph.checks import as_whole
from netsci.io.lock import FolderLock, check_lock
from netsci.measure import Trace
from netsci.topology import Evolution
from netsci.train.build import build
from netsci.train.checkpoint import Checkpoint
from netsci.train.epoch import State, steps_of, train_epoch
from netsci.train.evolving import structure
from netsci.train.folder import (
    CHECKPOINT,
    NETWORK,
    RECIPE,
    TABLE,
    check_files,
    find_checkpoint,
    prepare_folder,
    save_network,
    write_progress,
)
from netsci.train.inputs import Inputs
from netsci.train.learners import learner, optimizer_of
from netsci.train.methods.base import Hooks, Step, method_of
from netsci.train.own_data import as_data_set
from netsci.train.random_keys import EVOLUTION, METHOD, generator_at
from netsci.train.recipe import Recipe
from netsci.train.testing import Rows, row, test, trace_of

__all__ = ["CHECKPOINT", "NETWORK", "RECIPE", "TABLE", "Moment", "Run", "save_network", "test", "train"]
Observer = Callable[["Moment"], None]
Progress = Callable[[int, float], None]


@dataclass(frozen=True)
class Moment:
    """What an observer gets after an epoch, and before training as epoch 0. It must not change the model.

    epoch : number of epochs done. model : the network as it is now. rows : rows of the table of this epoch,
    dictionaries with epoch, layer, measure, value and unit. evolutions : all changes of the
    topology in this epoch. evolution : the last of them, None if there is none.
    """

    epoch: int
    model: nn.Module
    evolution: Evolution | None
    rows: Rows
    evolutions: tuple[Evolution, ...] = ()


@dataclass(frozen=True)
class Run:
    """A finished or paused run, with its model and its table.

    recipe : of the run. inputs : its data, an `Inputs`.
    table : tidy, with columns epoch, layer, measure, value, unit. Measures: loss, accuracy, links, link
        sparsity, node sparsity, silent units, overlap, SOPs (synaptic operations) a sample, firing rate,
        seconds, and for S-TP the spikes used in learning. SOPs, firing rate and silent units are of the
        first 1,000 test samples. Epoch 0 is the network before training. The table of a resumed run is
        complete.
    epoch : number of epochs done.
    """

    recipe: Recipe
    model: nn.Module
    inputs: Inputs
    table: pd.DataFrame
    epoch: int

    @property
    def finished(self) -> bool:
        """Whether all epochs of the recipe are done. To continue a paused run, train in its folder again."""
        return self.epoch >= self.recipe.optimisation.epochs

    @property
    def accuracy(self) -> float:
        """Share of correct test samples in the last test; NaN if there was none."""
        rows = self.table[self.table["measure"] == "accuracy"]
        return float(rows["value"].iloc[-1]) if len(rows) else math.nan

    def trace(self, limit: int | None = None) -> Trace:
        """Record the spikes and operations on the test set, or on its first `limit` samples.

        Raises ValueError if the network does not spike.
        """
        return trace_of(self.model, self.inputs, limit)

    def _repr_html_(self) -> str:
        from netsci.train.representation import run_html

        return run_html(self)


def train(
    recipe: Recipe,
    *,
    folder: str | Path | None = None,
    resume: bool = True,
    device: str = "cpu",
    data: Any = None,
    download: bool = False,
    stop_after: int | None = None,
    test_every: int = 1,
    observe: Observer | None = None,
    progress: Progress | None = None,
) -> Run:
    """Train a network and return it with its table.

    Parameters
    ----------
    recipe : decides all numbers, apart from the rounding of the device.
    folder : where recipe, table and checkpoint are written after every epoch, and the network at the end;
        None to write nothing. Only one run at a time can use a folder.
    resume : whether to continue from the checkpoint in the folder. The result is the same as if the run had
        never stopped. False to start again.
    device : "cpu", "cuda" or another device of torch.
    data : what to use in place of `netsci.data.load(recipe.task.data)`: a DataSet, a pair of arrays or a
        torch Dataset, see `netsci.train.own_data`. The recipe of the run then has its name.
    download : whether to fetch the files of a data set that are missing.
    stop_after : pause after this epoch; 0 pauses before the first. Call `train` again to resume.
    test_every : test after each epoch that is a multiple of this; 0 tests after the last epoch only. It
        changes which rows the table has, but no number in them.
    observe : function of a Moment, called before the first and after every epoch.
    progress : function (epoch, share of it that is done), called after every batch.

    Raises
    ------
    TypeError, ValueError
        If the folder cannot be written, is in use by another run, or holds a checkpoint that is damaged or
        belongs to another recipe, version or data; if the recipe does not fit its data; if torch has no such
        device; if stop_after or test_every is no whole number; or if the loss becomes infinite or NaN.

    Examples
    --------
    >>> recipe = Recipe().replace(options=(("hidden", (16,)),), steps=2, epochs=2, limit=50, test_limit=20)
    >>> run = train(recipe.replace(sparsity=0.9))
    >>> run.epoch, run.finished, sorted(run.table["epoch"].unique().tolist())
    (2, True, [0, 1, 2])

    Source: S0 appendix A.5 (the order within an epoch).
    """
    last = _last(recipe, stop_after)
    if as_whole(test_every, "test_every") < 0:
        raise ValueError(f"test_every must be at least 0; got {test_every!r}")
    check_device(device)
    if data is not None:
        data = as_data_set(data)
        if data.name != recipe.task.data:  # the record must not say that it was another one
            recipe = recipe.replace(data=data.name, data_options=())
    place = prepare_folder(Path(folder)) if folder is not None else None
    with nullcontext() if place is None else FolderLock(place):
        return _train(recipe, place, last, resume, device, data, download, test_every, observe, progress)


def _train(
    recipe: Recipe,
    place: Path | None,
    last: int,
    resume: bool,
    device: str,
    data: DataSet | None,
    download: bool,
    test_every: int,
    observe: Observer | None,
    progress: Progress | None,
) -> Run:
    """Train as `train` does, in a folder that this run has locked."""
    inputs = Inputs(recipe, device, data=data, download=download)
    state = _start(recipe, inputs, device, place if resume else None)
    if state.epoch == 0 and not state.rows:
        tested = test(state.model, inputs) if _is_test_due(0, recipe, test_every) else []
        state.rows += _rows(0, structure(state.model) + tested)
        _call_observer(observe, state, [])
        if last == 0 and place is not None:
            _write(place, recipe, state, inputs.checksum)
    learn = learner(recipe)
    while state.epoch < last:
        state.epoch += 1
        begin, used = time.perf_counter(), time.process_time()
        measured, evolutions = train_epoch(state, recipe, inputs, learn, progress)
        measured += structure(state.model)
        if _is_test_due(state.epoch, recipe, test_every):
            measured += test(state.model, inputs)
        measured.append(row("seconds", time.perf_counter() - begin, "s"))
        measured.append(row("processor seconds", time.process_time() - used, "s"))
        state.rows += _rows(state.epoch, measured)
        _call_observer(observe, state, evolutions)
        if place is not None:
            _write(place, recipe, state, inputs.checksum)
    if place is not None and state.epoch == recipe.optimisation.epochs:
        check_lock(place)
        save_network(place / NETWORK, state.model, recipe)
    return Run(recipe, state.model, inputs, pd.DataFrame(state.rows), state.epoch)


def _last(recipe: Recipe, stop_after: Any) -> int:
    """Return the epoch after which to stop."""
    if not isinstance(recipe, Recipe):
        raise TypeError(f"recipe must be a Recipe, such as PRESETS[...]; got {type(recipe).__name__}")
    if stop_after is None:
        return recipe.optimisation.epochs
    if as_whole(stop_after, "stop_after") < 0:
        raise ValueError(f"stop_after must be an epoch, at least 0, or None; got {stop_after!r}")
    return min(recipe.optimisation.epochs, as_whole(stop_after, "stop_after"))


def _is_test_due(epoch: int, recipe: Recipe, every: int) -> bool:
    """Return whether to test the network after an epoch."""
    return epoch == recipe.optimisation.epochs or (every > 0 and epoch % every == 0)


def check_device(device: str) -> None:
    """Raise ValueError, with the reason, unless torch can use a device.

    Examples
    --------
    >>> check_device("cpu")
    """
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        why = str(error).splitlines()[0]
        raise ValueError(
            f"device must be one that torch has here, such as cpu; got {device!r} ({why})"
        ) from error


def _start(recipe: Recipe, inputs: Inputs, device: str, place: Path | None) -> State:
    """Return the first state: of a new network, or of the checkpoint in the folder."""
    model = build(recipe, inputs).to(device)
    checkpoint = None if place is None else find_checkpoint(place, recipe, inputs.checksum)
    hooks = _start_hooks(recipe, model, inputs)  # before loading: methods see the network at its start
    if checkpoint is None or place is None:
        return State(model, optimizer_of(recipe, model), hooks)
    try:
        model.load_state_dict(checkpoint.model)
        optimizer = optimizer_of(recipe, model)
        optimizer.load_state_dict(checkpoint.optimizer)
        # Versions before methods kept the layers that had stopped, and nothing else.
        old = checkpoint.method is None
        hooks.load_state_dict({"stopped": checkpoint.notes["stopped"]} if old else checkpoint.method or {})
        rows = checkpoint.notes["rows"]
    except (RuntimeError, ValueError, KeyError) as error:
        raise ValueError(
            f"{place} holds a checkpoint that does not fit this version ({error}): continue with the version "
            "that wrote it, or start again with resume=False"
        ) from error
    check_files(place, checkpoint)
    return State(model, optimizer, hooks, checkpoint.epoch, checkpoint.step, rows)


def _start_hooks(recipe: Recipe, model: nn.Module, inputs: Inputs) -> Hooks:
    """Start the hooks of the recipe's method. Those of a dense network do nothing."""
    method = method_of(recipe)
    if method is None:
        return Hooks()

    def draw(step: Step, part: int = 0) -> np.random.Generator:
        # The key of a step at the end of an epoch is that of evolutions before there were others.
        number = step.batch % step.steps.batches
        return generator_at(recipe.seed, step.epoch, number, METHOD + part if part else EVOLUTION)

    return method.start(model, steps_of(recipe, inputs), draw)


def _call_observer(observe: Observer | None, state: State, evolutions: list[Evolution]) -> None:
    state.model.eval()  # tested or not, whoever looks finds it in the same mode
    if observe is not None:
        here = [one for one in state.rows if one["epoch"] == state.epoch]
        last = evolutions[-1] if evolutions else None
        observe(Moment(state.epoch, state.model, last, here, tuple(evolutions)))


def _write(place: Path, recipe: Recipe, state: State, checksum: str) -> None:
    notes = {"rows": state.rows, "data": checksum}
    model, optimizer = state.model.state_dict(), state.optimizer.state_dict()
    method = state.hooks.state_dict()
    write_progress(place, Checkpoint(recipe.flat(), state.epoch, state.step, model, optimizer, notes, method))


def _rows(epoch: int, measured: Rows) -> Rows:
    return [
        {"epoch": epoch, **{k: row[k] for k in ("layer", "measure", "value", "unit")}} for row in measured
    ]
