"""What a training method may do: draw the first links, and act after a batch's gradients, step, and epoch.

    first_links -> network -> start -> [ gradients -> after_backward -> step -> after_step ] -> after_epoch

A method overrides what it needs. Everything that its hooks remember goes through state_dict, so that a run
that was killed goes on with the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import scipy.sparse as sp

from netsci.topology import Evolution, LayerView
from netsci.train.choices import METHODS

if TYPE_CHECKING:
    import torch
    from torch import nn

    from netsci.train.inputs import Inputs
    from netsci.train.parts import Topology
    from netsci.train.recipe import Recipe

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Steps:
    """How long a run is: epochs, and batches in each of them."""

    epochs: int
    batches: int


@dataclass(frozen=True)
class Step:
    """The batch at which a hook is called.

    epoch : from 1. batch : number in its epoch, from 1. steps : how long the run is.
    optimizer : the one that learns. views : function that returns what may be seen of each sparse layer, by
        name: links, weights and, if `Hooks.needs` asked for them before this batch, gradient and activity.
    """

    epoch: int
    batch: int
    steps: Steps
    optimizer: torch.optim.Optimizer
    views: Callable[[], Mapping[str, LayerView]]

    @property
    def done(self) -> int:
        """Number of batches since the start of the run, this one included."""
        return (self.epoch - 1) * self.steps.batches + self.batch


# rng(step) or rng(step, part): the generator of this step, of part 0, 1, ...: parts are independent. The same
# step has the same numbers in a run that was resumed.
Draw = Callable[..., np.random.Generator]


class Hooks:
    """What a method does while a network trains. Every function may be overridden; these do nothing."""

    def needs(self, step: Step) -> Collection[str]:
        """Return what `step.views` shall know of the batch to come: "gradient", "activity", or both."""
        return ()

    def after_backward(self, step: Step) -> None:
        """Act when the gradients of a batch are there, before they are clipped and used."""

    def after_step(self, step: Step) -> Evolution | None:
        """Act after the optimizer's step; return what changed in the topology, if anything did."""
        return None

    def after_epoch(self, step: Step) -> Rows:
        """Act after the last batch of an epoch, before the test; return rows for the table.

        A row has layer, measure, value and unit.
        """
        return []

    def state_dict(self) -> dict[str, Any]:
        """Return all that later steps depend on, by name: torch tensors, or what JSON can hold."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take what `state_dict` had returned, in a run that goes on."""


class Method:
    """A training method: the first links of a network, and the hooks of its training.

    Parameters
    ----------
    topology : of the recipe.
    options : the recipe's `method_options`, as keywords.

    reads : names of the fields of `Topology` that the method reads; all, unless it says otherwise. Another
        field must keep its default, so that no value of a recipe is ignored in silence.
    """

    reads: ClassVar[Collection[str] | None] = None

    def __init__(self, topology: Topology, **options: Any) -> None:
        if options:
            raise ValueError(f"{type(self).__name__} has no method_options; got {', '.join(sorted(options))}")
        self.topology = topology

    def first_links(
        self,
        shapes: Mapping[str, tuple[int, int]],
        inputs: Inputs,
        rng: Callable[[int], np.random.Generator],
    ) -> dict[str, sp.csr_array]:
        """Return the first links of the sparse layers, as the topology's `initial` and sparsity say.

        shapes : (rows, columns) by layer, in order. rng : function of a layer's place (0, 1, ...) in that
        order that returns its generator. Returns bool CSR [rows, columns] by layer.
        """
        from netsci.train.methods.first_links import first_links

        return first_links(self.topology, shapes, inputs, rng)

    def start(self, net: nn.Module, steps: Steps, rng: Draw) -> Hooks:
        """Return the hooks of a run; `net` is the network at its start, also where a run is resumed."""
        return Hooks()


def method_of(recipe: Recipe) -> Method | None:
    """Return the method of a recipe; None for a dense network.

    Raises ValueError if the recipe sets a field that its method does not read.

    Examples
    --------
    >>> from netsci.train import Recipe
    >>> type(method_of(Recipe().replace(method="set"))).__name__
    'Set'
    """
    topology = recipe.topology
    if topology is None:
        return None
    kind = METHODS[topology.method]
    reads = getattr(kind, "reads", None)
    if reads is not None:
        own = {"method", "method_options", *reads}
        for field in fields(topology):
            value = getattr(topology, field.name)
            if field.name not in own and field.default is not MISSING and value != field.default:
                raise ValueError(
                    f"method {topology.method!r} does not read {field.name}, which is {value!r}: leave it at "
                    f"{field.default!r}, or take another method"
                )
    method: Method = kind(topology, **dict(topology.method_options))
    return method
