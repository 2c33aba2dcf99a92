"""The ANN that a spiking network follows, as a module of its own."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from netsci.convert.program import Program


class StraightNet(nn.Module):
    """A program as a module: layers with folded normalisations, and an activation at each population.

    Layers and activations are submodules, under their former names with "/" in place of "." ("features/0").

    Examples
    --------
    >>> import torch
    >>> from netsci.convert import convert
    >>> ann = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)).eval()
    >>> model = convert(ann, "qcfs", torch.rand(8, 2), levels=4)
    >>> sorted(name for name, _ in model.to_ann().named_children())
    ['0', '1', '2']
    """

    def __init__(self, program: Program, activations: Mapping[int, nn.Module]) -> None:
        super().__init__()
        steps = list(program.steps)
        self._own: dict[int, str] = {}
        for place, step in enumerate(steps):
            module: Any = activations.get(place)
            if step.layer is not None:
                module = step.layer.module
            if module is None:
                continue
            own = copy.deepcopy(module)
            name = step.name.replace(".", "/")
            self.add_module(name, own)
            self._own[place] = name
            steps[place] = replace(step, layer=None, function=own, args=step.args[:1], named={})
        self.__dict__["program"] = replace(program, steps=tuple(steps))

    def forward(self, x: Tensor) -> Tensor:
        """Return class scores [batch, classes] of x [batch, ...]."""
        program: Program = self.__dict__["program"]
        return program.run(x)
