"""A recipe's run as a record: the task of a sweep of recipes (`netsci.train.cells`).

A run goes on from its own checkpoint if it was stopped. NETSCI_DEVICE names the device ("cpu" if unset): it
changes rounding and, under rate coding, the noise that is drawn, so the record notes it. NETSCI_THREADS is
the number of threads of a CPU run, 1 if unset.
"""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from netsci.measure import bit_flip, false_spikes, spike_dropout
from netsci.sparse import sparse_layers
from netsci.sweep import Record
from netsci.train.allocation import keep_freed_memory
from netsci.train.build import build
from netsci.train.cells import DIVERGED
from netsci.train.epoch import DivergedError
from netsci.train.inputs import Inputs
from netsci.train.loop import Run, train
from netsci.train.random_keys import generator_at
from netsci.train.recipe import Recipe
from netsci.train.start_network import find_start
from netsci.train.stored_network import StoredNetwork
from netsci.train.testing import row

NOISE: dict[str, Callable[..., NDArray[Any]]] = {
    "bit-flip": bit_flip,
    "false-spike": false_spikes,
    "spike-dropout": spike_dropout,
}
NOISE_PURPOSE = 20  # of the generators of the test noise, beside those of `netsci.train`
LARGEST = 250_000  # bytes of the compressed masks in a record, but for seed 0
KEPT_LINKS = 20_000  # the last topology is kept in the record up to this many links a layer


def run(
    *,
    dataset: str,
    noise: tuple[float, ...] = (),
    traced: bool = False,
    folder: Path | None = None,
    networks: int | None = None,
    network: str | Path | None = None,
    origin: str = "",
    **recipe: Any,
) -> Record:
    """Train by a recipe (its values by name) and record every epoch, the first and last topology, and more.

    dataset : the recipe's `data`.
    noise : shares of flipped bits, false or dropped spikes at which the trained network is tested.
    traced : count spikes and operations of the whole test set.
    networks : put the network of the last epoch, and of each epoch that is a multiple of this (0: of none),
        into the subfolder "kept" of folder; None for no network.
    network : file of the network that the run starts from, as the recipe's `start` or `origin` say.
    origin : what that network is, for the name of the run, where its content is not known before it is made.

    S-TP is tested after its last epoch only: a test after each would take a third of the time. A run whose
    loss becomes infinite or NaN is a result too: its accuracies are NaN, and the note "diverged" says when.
    """
    keep_freed_memory()
    device = os.environ.get("NETSCI_DEVICE", "cpu")
    if device == "cpu":
        torch.set_num_threads(int(os.environ.get("NETSCI_THREADS", "1")))
    chosen = Recipe.of({"data": dataset, **recipe})
    stp = chosen.optimisation.learner == "stp"
    every = networks or 0 if folder else 0
    if origin and network is None:
        raise ValueError(f"network is missing: the run starts from that of {origin!r}; give its file")
    how: dict[str, Any] = {"device": device, "test_every": 0 if stp else 1, "keep_every": every}
    try:
        run = train(chosen, folder=folder, network=network, **how)
    except DivergedError as error:
        source = Inputs(chosen, "cpu").source
        notes = {"source": source, "device": device_name(device), DIVERGED: str(error)}
        return Record(_diverged(chosen.optimisation.epochs), notes)
    if networks is not None and folder:
        _keep_networks(Path(folder))
    arrays = {f"table_{name}": column.to_numpy() for name, column in run.table.items()}
    for name in ("table_layer", "table_measure", "table_unit"):
        arrays[name] = arrays[name].astype(str)
    for name, layer in sparse_layers(run.model).items():
        if layer.n_links <= KEPT_LINKS and layer.sparsity > 0.5:
            links = layer.links
            arrays[f"links_{name}_indices"], arrays[f"links_{name}_indptr"] = links.indices, links.indptr
            arrays[f"links_{name}_shape"] = np.array(links.shape)
    start = find_start(run.recipe, network, folder)
    arrays |= masks(run, start)
    if noise:
        arrays["noise_p"] = np.array(noise)
        arrays["noise_kind"] = np.array(list(NOISE))
        arrays["noise_accuracy"] = np.array(
            [[noisy(run, kind, p) if p else run.accuracy for p in noise] for kind in NOISE]
        )
    if traced:
        arrays |= totals(run)
    notes = {"source": run.inputs.source, "device": device_name(device)}
    return Record(arrays, notes if start is None else notes | {"start": start.sum})


def _diverged(epochs: int) -> dict[str, NDArray[Any]]:
    """Return the table of a run that diverged: an accuracy of NaN after each epoch."""
    line = row("accuracy", math.nan, "share")
    return {"table_epoch": np.arange(1, epochs + 1)} | {
        f"table_{name}": np.array([value] * epochs) for name, value in line.items()
    }


def _keep_networks(folder: Path) -> None:
    """Move the networks of a run's folder to its subfolder "kept"."""
    (folder / "kept").mkdir(exist_ok=True)
    for path in folder.glob("network*.safetensors"):
        path.rename(folder / "kept" / path.name)


def masks(run: Run, start: StoredNetwork | None = None) -> dict[str, NDArray[Any]]:
    """Return the first and the last links of every layer that evolves or could, packed to bits.

    start : the network that the run started from, if it drew none. `unpack` reads the arrays. Seeds other
    than 0 leave them out where a record would become too large.

    Examples
    --------
    >>> from netsci.train import train
    >>> made = masks(train(Recipe().replace(limit=50, epochs=1, options=(("hidden", (64,)),))))
    >>> unpack(made, "first", "layers.0").sum(), sorted(made)
    (np.int64(41), ['first_layers.0', 'first_layers.0_shape', 'last_layers.0', 'last_layers.0_shape'])
    """
    held = sparse_layers(run.model)
    names = [name for name in getattr(run.model, "sparse_names", ()) if name in held]
    if run.recipe.topology is None:
        return {}
    first = sparse_layers(build(run.recipe, run.inputs, start))
    packed: dict[str, NDArray[Any]] = {}
    for when, layers in (("first", first), ("last", held)):
        for name in names:
            links = layers[name].links
            packed[f"{when}_{name}"] = np.packbits(links.toarray())
            packed[f"{when}_{name}_shape"] = np.array(links.shape)
    if run.recipe.seed and sum(len(zlib.compress(bits.tobytes())) for bits in packed.values()) > LARGEST:
        return {}
    return packed


def unpack(arrays: Mapping[str, NDArray[Any]], when: str, layer: str) -> NDArray[np.bool_]:
    """Return the mask of a layer, bool [rows, columns], from the arrays of a record.

    when : "first" or "last". Raises KeyError if the record has none.
    """
    rows, columns = arrays[f"{when}_{layer}_shape"]
    bits = np.unpackbits(arrays[f"{when}_{layer}"], count=int(rows * columns))
    return bits.reshape(rows, columns).astype(bool)


@torch.no_grad()
def noisy(run: Run, kind: str, share: float) -> float:
    """Return the accuracy on the test set with one kind of noise in the input spikes."""
    run.model.eval()
    correct = 0
    for number, (x, labels) in enumerate(run.inputs.tests()):
        purpose = NOISE_PURPOSE + list(NOISE).index(kind)
        rng = generator_at(run.recipe.seed, number, int(1000 * share), purpose)
        spikes = NOISE[kind](x.cpu().numpy(), share, rng=rng)
        # back in the memory order of the spikes, neurons first, which the layers like
        noised = torch.from_numpy(np.ascontiguousarray(spikes.transpose(2, 0, 1))).to(x).permute(1, 2, 0)
        correct += int((run.model(noised).argmax(1) == labels).sum())
    return correct / run.inputs.n_test


def totals(run: Run) -> dict[str, NDArray[Any]]:
    """Return spikes and operations of the whole test set; the input is a population of spikes like others."""
    trace = run.trace()
    found = {
        "spikes": trace.spikes,
        "SOPs": trace.sops,
        "MACs": trace.macs,
        "firing rate": trace.firing_rate,
        "firing rate without input": trace.firing_rate_without_input,
    }
    return {"total_names": np.array(list(found)), "total_values": np.array(list(found.values()), np.float64)}


def device_name(device: str) -> str:
    """Return what a device is called."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"{device}, {torch.get_num_threads()} thread(s)"
