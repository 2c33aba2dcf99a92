"""What a file holds of a network by a rate-coded method: its neurons and the ANN's activations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netsci.convert.model import SpikingModel
from netsci.convert.neurons import KINDS, Neuron
from netsci.convert.program import Program
from netsci.convert.storing.parts import Tensors, pack_activation, unpack_activation
from netsci.convert.storing.programs import Common
from netsci.convert.stream import Network


def pack_model(model: SpikingModel, tensors: Tensors) -> tuple[Program, dict[str, Any]]:
    """Return the program of a model and what its neurons are; their thresholds go into `tensors`."""
    neurons = [
        {
            "place": place,
            "name": one.name,
            "kind": one.kind,
            "theta": tensors.put(f"neurons/{place}/theta", one.theta),
            "compat": one.compat,
        }
        for place, one in model.network.neurons.items()
    ]
    activations = [
        {"place": place, "module": pack_activation(one, f"activations/{place}", tensors)}
        for place, one in model.activations.items()
    ]
    return model.network.program, {"neurons": neurons, "activations": activations}


def unpack_model(program: Program, said: Mapping[str, Any], common: Common, tensors: Tensors) -> SpikingModel:
    """Return the model that `pack_model` took apart; ValueError if neurons and program do not fit."""
    neurons = {}
    for one in said["neurons"]:
        place, theta = one["place"], tensors.get(one["theta"])
        _check_place(program, place)
        sample = program.steps[place].sample
        if theta.expand(sample).shape != sample or not bool((theta >= 0).all()) or one["kind"] not in KINDS:
            raise ValueError(f"the neurons {one['name']!r} have a kind or thresholds that do not fit")
        neurons[place] = Neuron(str(one["name"]), one["kind"], theta, bool(one["compat"]))
    activations = {one["place"]: unpack_activation(one["module"], tensors) for one in said["activations"]}
    if set(activations) != set(neurons):
        raise ValueError("its activations do not stand where its neurons are")
    return SpikingModel(
        common.method,
        common.steps,
        Network(program, neurons),
        activations,
        common.thresholds,
        common.notes,
        common.options,
    )


def _check_place(program: Program, place: Any) -> None:
    if not isinstance(place, int) or not 0 <= place < len(program.steps):
        raise ValueError(f"its neurons stand at step {place!r}, which the program does not have")
    if program.steps[place].kind != "activation":
        raise ValueError(f"its neurons stand at step {place}, which is no activation")
