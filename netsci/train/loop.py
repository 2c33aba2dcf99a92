"""One loop for every model: train an epoch, evolve the topology, test, keep a row, write a checkpoint.

    recipe -> data, model -> [ batches -> gradients -> optimizer ] -> evolve -> test -> table, checkpoint

The order within an epoch is S0's (appendix A.5): weights first, then removal, percolation and regrowth, then
the test.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

from netsci.data import DataSet
from netsci.io.files import write_atomically
from netsci.measure import Trace
from netsci.spiking import record
from netsci.topology import Evolution
from netsci.train.build import build
from netsci.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from netsci.train.evolving import Evolver, structure
from netsci.train.inputs import Inputs
from netsci.train.learners import learner, optimizer_of, rate_at
from netsci.train.places import EVOLUTION, LEARNING, keyed
from netsci.train.recipe import Recipe

CHECKPOINT, TABLE, RECIPE, NETWORK = (
    "checkpoint.safetensors",
    "table.csv",
    "recipe.json",
    "network.safetensors",
)
COUNTED = 1000  # test samples whose synaptic operations are counted every epoch
Observer = Callable[["Moment"], None]
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Moment:
    """What an observer sees after an epoch (0 before training): do not change the model."""

    epoch: int
    model: nn.Module
    evolution: Evolution | None
    rows: Rows


@dataclass(frozen=True)
class Run:
    """A finished (or paused) run: its model, and its table.

    table : tidy, with columns epoch, layer, measure, value, unit. Measures: loss, accuracy, link sparsity,
        links, node sparsity, overlap, SOPs a sample (of the first 1,000 test samples), firing rate, seconds,
        and under S-TP the spikes used in learning.
    """

    recipe: Recipe
    model: nn.Module
    inputs: Inputs
    table: pd.DataFrame
    epoch: int

    @property
    def accuracy(self) -> float:
        """Share of test samples classified correctly after the last epoch."""
        rows = self.table[(self.table["measure"] == "accuracy") & (self.table["epoch"] == self.epoch)]
        return float(rows["value"].iloc[-1])

    def trace(self, limit: int | None = None) -> Trace:
        """Return the spikes and operations of the test set, or of its first samples."""
        return trace_of(self.model, self.inputs, limit)


@dataclass
class _State:
    """What changes while a run goes on."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    evolver: Evolver
    epoch: int = 0
    step: int = 0
    rows: Rows = field(default_factory=list)


def train(
    recipe: Recipe,
    *,
    folder: str | Path | None = None,
    resume: bool = True,
    device: str = "cpu",
    data: DataSet | None = None,
    stop_after: int | None = None,
    observe: Observer | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> Run:
    """Train a network and return it with its table.

    Parameters
    ----------
    recipe : everything that decides the numbers (the device's rounding aside).
    folder : where the checkpoint, the table and at last the network are written after every epoch; None
        keeps everything in memory. A run that finds its own checkpoint there goes on from it and ends as if
        it had never stopped; with resume=False it begins anew.
    device : "cpu", "cuda" or another of torch's.
    data : in place of `netsci.data.load(recipe.task.data)`.
    stop_after : pause after this epoch, so that the run can be resumed later.
    observe : called after every epoch, and before the first, with a Moment.
    progress : called with the epoch and the share of it that is done.

    Raises
    ------
    ValueError
        If the folder holds the checkpoint of another recipe or a damaged one, or the recipe does not fit its
        data.
    """
    inputs = Inputs(recipe, device, data=data)
    place = Path(folder) if folder is not None else None
    state = _start(recipe, inputs, device, place if resume else None)
    if state.epoch == 0 and not state.rows:
        state.rows += _rows(0, structure(state.model) + test(state.model, inputs))
        _observed(observe, state, None)
    learn = learner(recipe)
    last = min(recipe.optimisation.epochs, stop_after or recipe.optimisation.epochs)
    while state.epoch < last:
        state.epoch += 1
        begin = time.perf_counter()
        measured = _train_epoch(state, recipe, inputs, learn, progress)
        evolution = _evolve(state, recipe, measured)
        measured += structure(state.model) + test(state.model, inputs)
        measured.append(_row("seconds", time.perf_counter() - begin, "s"))
        state.rows += _rows(state.epoch, measured)
        _observed(observe, state, evolution)
        if place is not None:
            _write(place, recipe, state)
    if place is not None and state.epoch == recipe.optimisation.epochs:
        save_network(place / NETWORK, state.model)
    return Run(recipe, state.model, inputs, pd.DataFrame(state.rows), state.epoch)


def _start(recipe: Recipe, inputs: Inputs, device: str, place: Path | None) -> _State:
    """Return the state to begin with: the drawn network, or the one of the folder's checkpoint."""
    model = build(recipe, inputs).to(device)
    found = (
        None if place is None or not (place / CHECKPOINT).exists() else load_checkpoint(place / CHECKPOINT)
    )
    if found is None or place is None:
        return _State(model, optimizer_of(recipe, model), Evolver(model, recipe))
    if Recipe.of(found.recipe) != recipe:
        other = {
            k: v for k, v in found.recipe.items() if recipe.flat().get(k) != Recipe.of(found.recipe).flat()[k]
        }
        raise ValueError(
            f"{place / CHECKPOINT} belongs to another recipe (its {other}): take another folder, or begin "
            "anew with resume=False"
        )
    evolver = Evolver(model, recipe)  # before loading: the links wanted are those at the start
    model.load_state_dict(found.model)
    optimizer = optimizer_of(recipe, model)
    optimizer.load_state_dict(found.optimizer)
    evolver.stopped = set(found.notes["stopped"])
    return _State(model, optimizer, evolver, found.epoch, found.step, found.notes["rows"])


def _train_epoch(
    state: _State, recipe: Recipe, inputs: Inputs, learn: Any, progress: Callable[[int, float], None] | None
) -> Rows:
    """Run one epoch of weight training; return its rows."""
    o = recipe.optimisation
    model, optimizer = state.model, state.optimizer
    batches = -(-inputs.n_train // o.batch)
    model.train()
    total: Any = 0.0
    counts: dict[str, int] = {}
    for number, (x, labels) in enumerate(inputs.batches(state.epoch)):
        rate = rate_at(recipe, state.epoch, number / batches)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad(set_to_none=True)
        learnt = learn(model, x, labels, keyed(recipe.seed, state.epoch, number, LEARNING))
        if o.clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), o.clip)
        optimizer.step()
        total = total + learnt.loss
        for name, count in learnt.counts.items():
            counts[name] = counts.get(name, 0) + count
        state.step += 1
        if progress is not None:
            progress(state.epoch, (number + 1) / batches)
    rows = [_row("loss", float(total) / inputs.n_train, "mean a sample")]
    return rows + [_row(f"{name} in learning", count, "count") for name, count in counts.items()]


def _evolve(state: _State, recipe: Recipe, measured: Rows) -> Evolution | None:
    if not state.evolver.due(state.epoch):
        return None
    step = state.evolver.step(state.epoch, state.optimizer, keyed(recipe.seed, state.epoch, 0, EVOLUTION))
    for name, overlap in step["overlap"].items():
        if name in state.evolver.targets:
            measured.append({**_row("overlap", overlap, "share"), "layer": name})
    evolution: Evolution = step["evolution"]
    return evolution


@torch.no_grad()
def test(model: nn.Module, inputs: Inputs) -> Rows:
    """Return rows of accuracy and, for spiking networks, of operations and firing rates."""
    model.eval()
    correct: Any = 0
    for x, labels in inputs.tests():
        correct = correct + (model(x).argmax(1) == labels).sum()
    rows = [_row("accuracy", int(correct) / inputs.n_test, "share")]
    if inputs.recipe.net.spiking:
        counted = min(COUNTED, inputs.n_test)
        trace = trace_of(model, inputs, counted)
        rows.append(_row("SOPs", trace.sops / counted, "a sample"))
        rows.append(_row("firing rate", trace.firing_rate, "spikes a neuron and step"))
    return rows


def trace_of(model: nn.Module, inputs: Inputs, limit: int | None = None) -> Trace:
    """Return the spikes and operations of a model on the (first) testing samples."""
    return record(model, (x for x, _ in inputs.tests(limit)))


def _observed(observe: Observer | None, state: _State, evolution: Evolution | None) -> None:
    if observe is not None:
        here = [row for row in state.rows if row["epoch"] == state.epoch]
        observe(Moment(state.epoch, state.model, evolution, here))


def _write(place: Path, recipe: Recipe, state: _State) -> None:
    """Write what is known after an epoch; the checkpoint last, since it is what counts."""
    place.mkdir(parents=True, exist_ok=True)
    write_atomically(place / RECIPE, json.dumps(recipe.flat(), indent=1) + "\n")
    write_atomically(place / TABLE, pd.DataFrame(state.rows).to_csv(index=False))
    notes = {"rows": state.rows, "stopped": sorted(state.evolver.stopped)}
    model, optimizer = state.model.state_dict(), state.optimizer.state_dict()
    save_checkpoint(
        place / CHECKPOINT, Checkpoint(recipe.flat(), state.epoch, state.step, model, optimizer, notes)
    )


def save_network(path: Path, model: nn.Module) -> None:
    """Write the weights as torch names and lays them out, zero at missing links: for reports and others."""
    from safetensors.torch import save

    from netsci.sparse import sparse_layers

    tensors = {}
    sparse = sparse_layers(model)
    for name, parameter in model.named_parameters():
        layer, _, kind = name.rpartition(".")
        dense = sparse[layer].weight if layer in sparse and kind == "values" else parameter
        tensors[f"{layer}.weight" if layer in sparse and kind == "values" else name] = (
            dense.detach().cpu().contiguous()
        )
    write_atomically(path, save(tensors))


def _row(measure: str, value: float, unit: str) -> dict[str, Any]:
    return {"layer": "all", "measure": measure, "value": value, "unit": unit}


def _rows(epoch: int, measured: Rows) -> Rows:
    return [
        {"epoch": epoch, **{k: row[k] for k in ("layer", "measure", "value", "unit")}} for row in measured
    ]
