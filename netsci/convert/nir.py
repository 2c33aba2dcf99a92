"""Spiking networks to NIR, the interchange format of neuromorphic tools, and back bit for bit.

What NIR says of a neuron is `IF`: v starts at 0, and at v > threshold it fires and v becomes v_reset. Neurons
of QCFS and CS-QCFS start at half of their threshold, fire at v >= threshold, and keep what is above it. So a
file holds their thresholds folded into the weights (all are 1), and what NIR lacks in metadata: v0, reset
"subtract", T, the mask of each layer, and the program. Weights are dense, with exact zeros. A reader that
knows IF alone runs another network: `deviation` says how far it is off.

SNM needs signed, DCGS graded and AEC timed spikes, which no NIR neuron has.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from netsci.arguments import as_count, check_path, shorten
from netsci.convert.activations import QCFS
from netsci.convert.file import build_model, pack_content
from netsci.convert.kinds import levels_of
from netsci.convert.model import MOST_STEPS, SpikingModel, check_images
from netsci.convert.recording import Unconvertible
from netsci.convert.storing.nir_lif import LIF_FORMAT, build_lif, find_lif, make_lif
from netsci.convert.storing.nir_nodes import Nodes, cut_groups
from netsci.convert.storing.parts import MASK, Tensors
from netsci.convert.thresholds import fold_thresholds
from netsci.convert.windows import split_time
from netsci.io.files import write_atomically

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "netsci spiking network in NIR 1"
KNOWN = ("qcfs", "cs_qcfs")
_SPIKES = {"snm": "signed", "dcgs": "graded", "aec": "timed"}
_MEND = "convert by qcfs or cs_qcfs, or save_spiking"
FOLDED = "thresholds are folded into the weights: every neuron fires at 1; the table says what they were"


def fold_model(model: SpikingModel) -> SpikingModel:
    """Return the network whose thresholds are all 1, with the same spikes up to rounding: what a file holds.

    Raises `Unconvertible` for other methods than qcfs and cs_qcfs, and where no scale of weights can stand
    for a threshold (a residual sum, a threshold of 0).
    """
    if not isinstance(model, SpikingModel) or model.method not in KNOWN:
        name = str(getattr(model, "method", shorten(model)))
        spikes = _SPIKES.get(name, "signed, graded or timed")
        raise Unconvertible(
            f"{name} cannot be written to NIR, which has no neuron of {spikes} spikes: {_MEND}"
        )
    if FOLDED in model.notes:
        return model
    activations: dict[int, nn.Module] = {}
    for place, one in model.activations.items():
        levels = levels_of(one)
        activations[place] = nn.ReLU() if levels is None else QCFS(levels, 1.0).requires_grad_(False)
    network = fold_thresholds(model.network)
    return replace(model, network=network, activations=activations, notes=(*model.notes, FOLDED))


def save_nir(path: str | Path, model: Any) -> None:
    """Write a spiking network to a NIR file (HDF5), whole or not at all.

    model : of qcfs or cs_qcfs, which is written as `fold_model` returns it; or a perceptron of LIF neurons of
    `netsci.models.mlp`, whose reset to 0 NIR knows.

    Raises
    ------
    Unconvertible
        If the method's spikes are none of NIR's, or a step has no node there.
    ModuleNotFoundError
        Without the package nir: pip install 'netsci-suite[nir]'.
    OSError
        If the file cannot be written.
    """
    check_path(path, "path")
    nir = _import_nir()
    lif = find_lif(model)
    if lif is not None:
        graph = make_lif(nir, lif)
    else:
        folded = fold_model(model)
        nodes = Nodes(folded.network, folded.steps)
        content, tensors, _ = pack_content(folded)
        own = {
            f"{name}.{part}" if name else part for name in folded.masks for part in ("weight", MASK, "bias")
        }
        others = {name: value.numpy() for name, value in tensors.held.items() if name not in own}
        names = list(others)
        metadata = {
            "netsci_format": FORMAT,
            "netsci_network": json.dumps(content, allow_nan=False),
            "netsci_nodes": json.dumps(nodes.layers),
            "netsci_tensors": json.dumps(
                [[name, str(others[name].dtype), len(others[name])] for name in names]
            ),
            "steps": folded.steps,
        }
        metadata |= {f"tensor_{k}": others[name] for k, name in enumerate(names) if len(others[name])}
        graph = nodes.graph(metadata)
    buffer = io.BytesIO()
    nir.write(buffer, graph)
    write_atomically(path, buffer.getvalue())


def load_nir(path: str | Path) -> Any:
    """Return the spiking network in a NIR file of `save_nir`, bit for bit as `fold_model` returned it.

    Weights, biases and masks are those of the nodes. A perceptron of LIF neurons is a module of
    `netsci.models`.

    Raises ValueError if the file is no NIR file, not one of ours, or damaged; ModuleNotFoundError without
    the package nir.
    """
    check_path(path, "path")
    nir = _import_nir()
    try:
        graph = nir.read(str(path))
        said = dict(graph.metadata)
    except (OSError, KeyError, ValueError, TypeError, AssertionError, AttributeError, RuntimeError) as error:
        raise ValueError(f"{path} cannot be read as a NIR file ({error})") from error
    form = _text(said.get("netsci_format", ""))
    try:
        if form == LIF_FORMAT:
            return build_lif(graph, json.loads(_text(said["netsci_network"])))
        if form == FORMAT:
            return build_model(json.loads(_text(said["netsci_network"])), _read_tensors(graph, said))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RuntimeError) as error:
        raise ValueError(f"{path} is damaged: {error}; write it again") from error
    raise ValueError(
        f"{path} must be a NIR file of netsci.convert.nir, whose metadata hold v0, reset and T; "
        + (f"its format is {form!r}" if form else "it has no such metadata: netsci.io.load reads its links")
    )


@dataclass(frozen=True)
class Deviation:
    """What changes where a back end reads a file's IF neurons as NIR defines them: no v0, reset to 0.

    steps, images : what was run. answers_changed : images whose answer after all steps is another.
    rates : table with columns layer, rate (spikes a neuron and step as meant), plain_rate (as read plainly).
    """

    steps: int
    images: int
    answers_changed: int
    rates: pd.DataFrame

    @property
    def share(self) -> float:
        """Share of the images whose answer is another."""
        return self.answers_changed / self.images


def deviation(file: str | Path, x: Any, steps: int | None = None) -> Deviation:
    """Return how far the plain reading of a NIR file is from the network that was meant.

    The plain reading, as NIR defines IF: v = 0 at the start; v += I; a spike at v > 1, and v = 0 after it.
    The answer is the class with the largest sum of the output, in both.

    file : of `save_nir`, of a converted network. x : images [n, ...] as the ANN takes them. steps : T; None
    for that of the file. Raises ValueError as `load_nir`, and for a file of LIF neurons, where NIR says all.
    """
    import pandas as pd

    model = load_nir(file)
    if not isinstance(model, SpikingModel):
        raise ValueError(
            f"{file} holds LIF neurons, whose start and reset NIR knows: only v = threshold differs (v > "
            "threshold there)"
        )
    steps = model.steps if steps is None else as_count(steps, "steps", 1, MOST_STEPS)
    images = check_images(x, model.network.program.shape)
    trace = model.simulate(images, steps)
    counts: dict[int, int] = dict.fromkeys(model.network.neurons, 0)
    answers = []
    for part in torch.split(images, model.network.images_at_once):
        answers.append(_run_plainly(model, part, steps, counts))
    changed = int((model.predict(images, steps)[-1] != np.concatenate(answers)).sum())
    names = [model.network.program.steps[place].name for place in counts]
    meant = {name: int(units.sum()) for name, units in trace.events_by_unit.items()}
    sizes = {name: len(units) for name, units in trace.events_by_unit.items()}
    rows = [
        {
            "layer": name,
            "rate": meant[name] / (sizes[name] * steps * len(images)),
            "plain_rate": counts[place] / (sizes[name] * steps * len(images)),
        }
        for name, place in zip(names, counts, strict=True)
    ]
    return Deviation(steps, len(images), changed, pd.DataFrame(rows))


@torch.no_grad()
def _run_plainly(model: SpikingModel, images: Tensor, steps: int, counts: dict[int, int]) -> Any:
    """Return the answers of some images by IF neurons of NIR, and add their spikes to `counts`."""
    program = model.network.program
    membranes: dict[int, Tensor] = {}
    held: dict[int, Any] = {}

    def see(place: int, value: Any) -> Any:
        if place in model.network.neurons:
            v = membranes.get(place, 0.0) + held[program.steps[place].inputs[0]]
            value = (v > 1.0).to(v.dtype)
            membranes[place] = v * (1.0 - value)
            counts[place] += int(value.sum())
        held[place] = value
        return value

    total: Any = 0.0
    for _ in range(steps):
        out = split_time(program.run(images, see), program.steps[-1], 1)[0]
        total = total + out.flatten(1).double()
    return np.asarray(total).argmax(1)


def _read_tensors(graph: Any, said: Mapping[str, Any]) -> Tensors:
    """Return the tensors of a file: weights and masks of its nodes, all others of its metadata."""
    held: dict[str, Tensor] = {}
    for name, node in json.loads(_text(said["netsci_nodes"])).items():
        one, start = graph.nodes[node], f"{name}." if name else ""
        groups = int(one.metadata.get("groups", 1))
        weight = cut_groups(np.array(one.weight, np.float32), groups)
        mask = cut_groups(np.array(one.metadata["mask"], bool), groups)
        held[f"{start}weight"], held[f"{start}{MASK}"] = torch.from_numpy(weight), torch.from_numpy(mask)
        if hasattr(one, "bias"):
            held[f"{start}bias"] = torch.from_numpy(np.array(one.bias, np.float32))
    for k, (name, kind, length) in enumerate(json.loads(_text(said["netsci_tensors"]))):
        found = np.array(said[f"tensor_{k}"] if length else [], np.dtype(kind))
        if len(found) != length:
            raise ValueError(f"its tensor {name!r} has another length")
        held[name] = torch.from_numpy(found)
    return Tensors(held)


def _import_nir() -> Any:
    """Return the package nir; ModuleNotFoundError, with what to install, if it is not there."""
    try:
        import nir
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "NIR files need the package nir, which is not installed: pip install 'netsci-suite[nir]'",
            name="nir",
        ) from error
    return nir


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
