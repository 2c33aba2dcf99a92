"""The training loop of every model: train an epoch, evolve the topology, test, write a checkpoint.

    recipe -> data, model -> [ batches -> gradients -> optimizer -> hooks ] -> test -> table, checkpoint

The hooks of the recipe's method (`netsci.train.methods`) change the topology. If they do so once an epoch,
the order is that of S0 (appendix A.5): train the weights, remove, percolate and regrow links, then test.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from torch import nn

from netsci.arguments import as_whole, check_callable, check_flag, check_path
from netsci.io.lock import check_lock
from netsci.measure import Trace
from netsci.topology import Evolution
from netsci.train.checkpoint import Checkpoint
from netsci.train.devices import check_device
from netsci.train.epoch import State, train_epoch
from netsci.train.folder import (
    CHECKPOINT,
    KEPT,
    NETWORK,
    RECIPE,
    TABLE,
    open_folder,
    write_progress,
)
from netsci.train.inputs import Inputs
from netsci.train.learners import learner
from netsci.train.network_file import save_network
from netsci.train.own_data import as_data_set
from netsci.train.recipe import Recipe
from netsci.train.start import begin
from netsci.train.start_network import find_start, keep_start
from netsci.train.structure import structure
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
    network: str | Path | None = None,
    stop_after: int | None = None,
    test_every: int = 1,
    keep_every: int = 0,
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
    network : the network.safetensors of another run, or another safetensors file with the tensors of this
        network: weights and links are taken from it in place of first ones, by a fresh optimizer. "static"
        keeps its links, other methods go on from them. Its copy, start.safetensors, lies in the folder before
        training. The recipe's `start` names its content; if it is "", the recipe of the run has it.
    stop_after : pause after this epoch; 0 pauses before the first. Call `train` again to resume.
    test_every : test after each epoch that is a multiple of this; 0 tests after the last epoch only. It
        changes which rows the table has, but no number in them.
    keep_every : also write the network to the folder after each epoch that is a multiple of this, as
        network-0005.safetensors; 0 writes the last one only.
    observe : function of a Moment, called before the first and after every epoch.
    progress : function (epoch, share of it that is done), called after every batch.

    Raises
    ------
    TypeError, ValueError
        If the folder cannot be written, is in use by another run, or holds a checkpoint that is damaged or
        belongs to another recipe, version or data; if the recipe does not fit its data; if network is not
        what the recipe starts from, does not fit it, or has another sparsity; if torch has no such device; if
        stop_after or test_every is no whole number; or if the loss becomes infinite or NaN.

    Examples
    --------
    >>> recipe = Recipe().replace(options=(("hidden", (16,)),), steps=2, epochs=2, limit=50, test_limit=20)
    >>> run = train(recipe.replace(sparsity=0.9))
    >>> run.epoch, run.finished, sorted(run.table["epoch"].unique().tolist())
    (2, True, [0, 1, 2])

    Source: S0 appendix A.5 (the order within an epoch).
    """
    last = _last(recipe, stop_after)
    for name, number in (("test_every", test_every), ("keep_every", keep_every)):
        if as_whole(number, name) < 0:
            raise ValueError(f"{name} must be at least 0; got {number!r}")
    if keep_every and folder is None:
        raise ValueError(f"keep_every writes to the folder of the run: give one; got keep_every={keep_every}")
    check_device(device)
    for name, flag in (("resume", resume), ("download", download)):
        check_flag(flag, name)
    for name, function in (("observe", observe), ("progress", progress)):
        if function is not None:
            check_callable(function, name, "a function, or None")
    if folder is not None:
        check_path(folder, "folder")
    if data is not None:
        data = as_data_set(data)
        if data.name != recipe.task.data:  # the record must not say that it was another one
            recipe = recipe.replace(data=data.name, data_options=())
    with open_folder(folder) as place:
        start = find_start(recipe, network, place)
        if start is not None:
            recipe = recipe.replace(start=start.sum)
        inputs = Inputs(recipe, device, data=data, download=download)
        state = begin(recipe, inputs, device, place if resume else None, start)
        if place is not None:
            keep_start(place, start, fresh=not state.rows)
        return _train(state, inputs, place, last, _Watch(test_every, keep_every, observe, progress))


@dataclass(frozen=True)
class _Watch:
    """After how many epochs to test and to keep the network, and whom to tell."""

    test_every: int
    keep_every: int
    observe: Observer | None
    progress: Progress | None


def _train(state: State, inputs: Inputs, place: Path | None, last: int, watch: _Watch) -> Run:
    """Train from a state as `train` does, in a folder that this run has locked."""
    recipe = inputs.recipe
    if state.epoch == 0 and not state.rows:
        tested = test(state.model, inputs) if _is_test_due(0, recipe, watch.test_every) else []
        state.rows += _rows(0, structure(state.model) + tested)
        _call_observer(watch.observe, state, [])
        if last == 0 and place is not None:
            _write(place, recipe, state, inputs.checksum)
    learn = learner(recipe)
    while state.epoch < last:
        state.epoch += 1
        started, used = time.perf_counter(), time.process_time()
        measured, evolutions = train_epoch(state, recipe, inputs, learn, watch.progress)
        measured += structure(state.model)
        if _is_test_due(state.epoch, recipe, watch.test_every):
            measured += test(state.model, inputs)
        measured.append(row("seconds", time.perf_counter() - started, "s"))
        measured.append(row("processor seconds", time.process_time() - used, "s"))
        state.rows += _rows(state.epoch, measured)
        _call_observer(watch.observe, state, evolutions)
        if place is not None:
            _write(place, recipe, state, inputs.checksum)
            if watch.keep_every and state.epoch % watch.keep_every == 0:
                _save(place / KEPT.format(state.epoch), state.model, recipe, inputs)
    if place is not None and state.epoch == recipe.optimisation.epochs:
        _save(place / NETWORK, state.model, recipe, inputs)
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


def _save(path: Path, model: nn.Module, recipe: Recipe, inputs: Inputs) -> None:
    check_lock(path.parent)
    save_network(path, model, recipe, shape=inputs.shape, classes=inputs.classes)


def _rows(epoch: int, measured: Rows) -> Rows:
    return [
        {"epoch": epoch, **{k: row[k] for k in ("layer", "measure", "value", "unit")}} for row in measured
    ]
