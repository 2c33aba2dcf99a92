"""Prune the network that a dense run has left, test it, train it on if asked: the task of pruned cells.

dense cell -> its network (found, or trained again) -> pruned on training images -> tested -> record
                                                    -> [trained on with frozen links -> tested -> record]
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from analysis.engine.networks import LostNetworkError, find_networks
from analysis.engine.pruned import CHANNELS, LAST
from netsci.io.lock import FolderLock
from netsci.prune import METHODS, depgraph
from netsci.sparse import densify, sparse_layers
from netsci.sweep import Cell, Record
from netsci.train.allocation import keep_freed_memory
from netsci.train.cells import DIVERGED
from netsci.train.network_file import save_network
from netsci.train.prune_file import (
    CALIBRATION,
    Opened,
    calibrate_on,
    count_links,
    freeze,
    measure_accuracy,
    open_data,
    open_trained,
    prune_module,
)
from netsci.train.prune_options import DEPGRAPH, Wanted
from netsci.train.recorded import LARGEST, device_name
from netsci.train.recorded import run as train_recorded

START = "pruned.safetensors"
Links = Mapping[str, tuple[int, int]]


def run(
    *,
    dataset: str,
    seed: int,
    origin: str,
    method: str,
    sparsity: Any,
    form: str,
    after: int,
    epochs: int,
    rate: float,
    dropout: float | None = None,
    dense: Cell,
    networks: int | None = None,
    folder: Path | None = None,
) -> Record:
    """Prune a network and record accuracy, links by layer and the masks that are left.

    dense : the cell whose run leaves the network, of the name `origin`. folder : the partial folder of this
    run, in a folder of the sweep's records; None for one that is thrown away. networks : put the network, as
    it is in the end, into the subfolder "kept" of folder; None for none. The other values are those of
    `analysis.engine.pruned.Pruning`.

    With epochs the record is that of a run that starts from the pruned network, its links frozen, and goes on
    from its own checkpoint if it was stopped. If the dense run diverged, accuracies are NaN, and the note
    "diverged" says why.

    Raises ValueError if the dense cell has another name, or leaves no network after that epoch.
    """
    if dense.name != origin:
        raise ValueError(f"dense must be the cell {origin}, whose network is pruned; got {dense.name}")
    keep_freed_memory()
    device = os.environ.get("NETSCI_DEVICE", "cpu")
    if device == "cpu":
        torch.set_num_threads(int(os.environ.get("NETSCI_THREADS", "1")))
    with tempfile.TemporaryDirectory() if folder is None else nullcontext(folder) as place:
        results = Path(place).parent.parent if folder is not None else Path(place)
        try:
            path = find_network(dense, results, after)
        except LostNetworkError as error:
            lost = dict.fromkeys(("dense accuracy", "one-shot accuracy"), np.nan)
            return Record(tabulate(lost, {}, 0), {DIVERGED: f"the dense run: {error}"})
        opened = open_trained(path)
        wanted = Wanted(method, sparsity, epochs=epochs, device=device)
        inputs = open_data(opened, wanted)
        batch = calibrate_on(inputs).cpu()
        accuracy = {"dense accuracy": measure_accuracy(opened.model, inputs)}
        opened.model.cpu()
        pruned = prune_module(opened.model, wanted, batch)
        tested = make_smaller(opened.model, sparsity, batch) if form == CHANNELS else pruned
        accuracy["one-shot accuracy"] = measure_accuracy(tested, inputs)
        pruned.cpu()
        parameters = sum(one.numel() for one in tested.parameters()) if form == CHANNELS else 0
        arrays = tabulate(accuracy, count_links(pruned), parameters)
        arrays |= pack_masks(pruned, seed)
        calibrated = method == DEPGRAPH or METHODS[method].reads != "nothing"
        notes = {
            "source": inputs.source,
            "device": device_name(device),
            "calibration": str(min(CALIBRATION, inputs.n_train) if calibrated else 0),
        }
        if epochs:
            how = {"epochs": epochs, "rate": rate, "dropout": dropout}
            tuned = tune(pruned, opened, inputs, Path(place), how, networks)
            return Record(join(arrays, tuned.arrays), tuned.notes | notes)
        if networks is not None and folder is not None:
            keep(pruned, opened, inputs, Path(folder) / "kept")
        return Record(arrays, notes)


def find_network(dense: Cell, results: Path, after: int) -> Path:
    """Return the network that a run has left after an epoch; two processes do not make it again at once.

    Raises LostNetworkError if the run diverged, ValueError if there is none of that epoch, and
    FolderHeldError while another process makes it.
    """
    place = results / "again" / dense.name
    try:
        with FolderLock(place):
            found = find_networks(dense, results)
    finally:
        for one in (place, place.parent):
            if one.is_dir() and not any(one.iterdir()):
                one.rmdir()
    if after not in found:
        known = ", ".join("the last" if epoch == LAST else str(epoch) for epoch in found)
        raise ValueError(f"after must be one of the epochs that {dense.name} left, {known}; got {after}")
    return found[after]


def make_smaller(model: nn.Module, sparsity: Any, batch: torch.Tensor) -> nn.Module:
    """Return the network without the channels that DepGraph removes."""
    held = sparse_layers(model)
    return depgraph(densify(model) if held else model, batch, sparsity=sparsity, form=CHANNELS)


def tabulate(accuracy: Mapping[str, float], links: Links, parameters: int) -> dict[str, NDArray[Any]]:
    """Return the table of a network that was pruned: accuracies, links and link sparsity by layer.

    "accuracy" is that of the pruned network. parameters : of the smaller network, 0 where the shapes stay.

    Examples
    --------
    >>> made = tabulate({"one-shot accuracy": 0.5}, {"a": (2, 8)}, 0)
    >>> dict(zip(made["table_measure"].tolist(), made["table_value"].tolist(), strict=True))
    {'one-shot accuracy': 0.5, 'accuracy': 0.5, 'links': 2.0, 'link sparsity': 0.75}
    """
    rows = [("all", name, value, "share") for name, value in accuracy.items()]
    rows.append(("all", "accuracy", accuracy["one-shot accuracy"], "share"))
    for layer, (count, cells) in links.items():
        rows.append((layer, "links", float(count), "count"))
        rows.append((layer, "link sparsity", 1.0 - count / cells, "share"))
    if links:
        counts, all_cells = map(sum, zip(*links.values(), strict=True))
        rows.append(("all", "link sparsity", 1.0 - counts / all_cells, "share"))
    if parameters:
        rows.append(("all", "parameters", float(parameters), "count"))
    layers, measures, values, units = zip(*rows, strict=True)
    return {
        "table_epoch": np.zeros(len(rows), np.int64),
        "table_layer": np.array(layers),
        "table_measure": np.array(measures),
        "table_value": np.array(values, np.float64),
        "table_unit": np.array(units),
    }


def join(before: Mapping[str, NDArray[Any]], after: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the arrays of a run that went on, with the two accuracies from before it in its table."""
    told = np.isin(before["table_measure"], ("dense accuracy", "one-shot accuracy"))
    table = [name for name in before if name.startswith("table_")]
    return dict(after) | {name: np.concatenate([before[name][told], after[name]]) for name in table}


def pack_masks(model: nn.Module, seed: int) -> dict[str, NDArray[Any]]:
    """Return the links of each layer that lost some, packed to bits, as `netsci.train.recorded.unpack` reads.

    Seeds other than 0 leave them out where a record would become too large.
    """
    masks = {
        name: layer.links.toarray() for name, layer in sparse_layers(model).items() if layer.sparsity > 0.0
    }
    if seed and sum(mask.size for mask in masks.values()) / 8 > LARGEST:
        return {}
    packed: dict[str, NDArray[Any]] = {}
    for name, mask in masks.items():
        packed[f"last_{name}"] = np.packbits(mask)
        packed[f"last_{name}_shape"] = np.array(mask.shape)
    return packed


def tune(
    pruned: nn.Module,
    opened: Opened,
    inputs: Any,
    place: Path,
    how: Mapping[str, Any],
    networks: int | None,
) -> Record:
    """Return the record of a run that starts from a pruned network and keeps its links."""
    frozen = freeze(opened.recipe, pruned)
    rate = how["rate"] * opened.recipe.optimisation.lr
    frozen = frozen.replace(epochs=how["epochs"], lr=rate, warmup=0)
    if how["dropout"] is not None:
        frozen = frozen.replace(dropout=how["dropout"])
    save_network(place / START, pruned, frozen, shape=inputs.shape, classes=inputs.classes)
    values = frozen.flat()
    dataset = values.pop("data")
    folder: dict[str, Any] = {"folder": place, "networks": networks, "network": place / START}
    return train_recorded(dataset=dataset, **folder, **values)


def keep(model: nn.Module, opened: Opened, inputs: Any, place: Path) -> None:
    """Write a pruned network to a folder, its links frozen."""
    place.mkdir(exist_ok=True)
    frozen = freeze(opened.recipe, model)
    save_network(place / "network.safetensors", model, frozen, shape=inputs.shape, classes=inputs.classes)
