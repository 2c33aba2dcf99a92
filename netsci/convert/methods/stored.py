"""What a file holds of a network by each kind of spikes: its neurons and the ANN's activations.

RATE is for integrate-and-fire neurons, TIMED for codes of spike times, GRADED for multi-threshold neurons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from netsci.convert.aec import AEC
from netsci.convert.dcgs_neuron import MultiThreshold
from netsci.convert.graded import GradedNetwork
from netsci.convert.model import SpikingModel
from netsci.convert.neurons import KINDS, Neuron
from netsci.convert.program import Program, Step
from netsci.convert.storing.parts import Tensors, pack_activation, unpack_activation
from netsci.convert.storing.programs import Common
from netsci.convert.stream import Network
from netsci.convert.timed import TimedNetwork

Neurons = dict[int, Any]


@dataclass(frozen=True)
class Form:
    """How a file holds the neurons of a network.

    kinds : of the steps where neurons may stand. say(neuron, name, tensors) : returns what JSON holds of one
    population, and puts its tensors into `tensors` under `name`. read(said, step, tensors) : returns the
    population again. build(program, neurons) : returns the network.
    """

    kinds: tuple[str, ...]
    say: Callable[[Any, str, Tensors], dict[str, Any]]
    read: Callable[[Mapping[str, Any], Step, Tensors], Any]
    build: Callable[[Program, Neurons], Any]

    def pack(self, model: SpikingModel, tensors: Tensors) -> tuple[Program, dict[str, Any]]:
        """Return the program of a model and what its neurons are; their tensors go into `tensors`."""
        neurons = [
            {"place": place, **self.say(one, f"neurons/{place}", tensors)}
            for place, one in model.network.neurons.items()
        ]
        activations = [
            {"place": place, "module": pack_activation(one, f"activations/{place}", tensors)}
            for place, one in model.activations.items()
        ]
        return model.network.program, {"neurons": neurons, "activations": activations}

    def unpack(
        self, program: Program, said: Mapping[str, Any], common: Common, tensors: Tensors
    ) -> SpikingModel:
        """Return the model that `pack` took apart; ValueError if neurons and program do not fit."""
        neurons = {}
        for one in said["neurons"]:
            self._check_place(program, one["place"])
            neurons[one["place"]] = self.read(one, program.steps[one["place"]], tensors)
        activations = {one["place"]: unpack_activation(one["module"], tensors) for one in said["activations"]}
        if set(activations) != set(neurons):
            raise ValueError("its activations do not stand where its neurons are")
        return SpikingModel(
            common.method,
            common.steps,
            self.build(program, neurons),
            activations,
            common.thresholds,
            common.notes,
            common.options,
        )

    def _check_place(self, program: Program, place: Any) -> None:
        if not isinstance(place, int) or not 0 <= place < len(program.steps):
            raise ValueError(f"its neurons stand at step {place!r}, which the program does not have")
        if program.steps[place].kind not in self.kinds:
            raise ValueError(f"its neurons stand at step {place}, which is no {' or '.join(self.kinds)}")


def _say_neuron(neuron: Neuron, name: str, tensors: Tensors) -> dict[str, Any]:
    theta = tensors.put(f"{name}/theta", neuron.theta)
    return {"name": neuron.name, "kind": neuron.kind, "theta": theta, "compat": neuron.compat}


def _read_neuron(said: Mapping[str, Any], step: Step, tensors: Tensors) -> Neuron:
    theta = _read_theta(said, step, tensors)
    if said["kind"] not in KINDS:
        raise ValueError(f"the neurons {step.name!r} have a kind that does not fit: {said['kind']!r}")
    return Neuron(str(said["name"]), said["kind"], theta, bool(said["compat"]))


def _read_theta(said: Mapping[str, Any], step: Step, tensors: Tensors) -> Tensor:
    """Return thresholds that fit the units of a step."""
    theta = tensors.get(said["theta"])
    fits = theta.ndim <= len(step.sample) and all(
        own in (1, side) for own, side in zip(theta.shape[::-1], step.sample[::-1], strict=False)
    )
    if not fits or not bool((theta >= 0).all()):
        raise ValueError(f"the neurons {step.name!r} have thresholds that do not fit")
    return theta


def _say_code(code: AEC, name: str, tensors: Tensors) -> dict[str, Any]:
    return {"module": pack_activation(code, name, tensors)}


def _read_code(said: Mapping[str, Any], step: Step, tensors: Tensors) -> AEC:
    code = unpack_activation(said["module"], tensors)
    if not isinstance(code, AEC):
        raise ValueError(f"the neurons {step.name!r} are no codes of spike times")
    numbers = torch.stack([value.reshape(()) for value in code.state_dict().values()])
    if not bool(torch.isfinite(numbers).all()) or min(code.theta1, code.theta2, code.k1, code.k2) <= 0:
        raise ValueError(f"the codes {step.name!r} have thresholds that do not fall")
    return code


def _build_timed(program: Program, neurons: Neurons) -> TimedNetwork:
    windows = {code.window for code in neurons.values()}
    if len(windows) != 1:
        raise ValueError(f"its codes have the windows {sorted(windows)}, and must have one")
    return TimedNetwork(program, neurons, windows.pop())


def _say_graded(neuron: MultiThreshold, name: str, tensors: Tensors) -> dict[str, Any]:
    theta = tensors.put(f"{name}/theta", neuron.theta)
    return {"theta": theta, "n": neuron.n, "kind": neuron.kind, "coding": neuron.coding}


def _read_graded(said: Mapping[str, Any], step: Step, tensors: Tensors) -> MultiThreshold:
    return MultiThreshold(_read_theta(said, step, tensors), said["n"], said["kind"], said["coding"])


def _build_graded(program: Program, neurons: Neurons) -> GradedNetwork:
    codings = {neuron.coding for neuron in neurons.values()}
    if len(codings) != 1:
        raise ValueError(f"its neurons have the codings {sorted(codings)}, and must have one")
    return GradedNetwork(program, neurons, codings.pop())


RATE = Form(("activation",), _say_neuron, _read_neuron, Network)
TIMED = Form(("activation",), _say_code, _read_code, _build_timed)
GRADED = Form(("activation", "neurons"), _say_graded, _read_graded, _build_graded)
