"""The interface of a training method: draw the first links, and act while the network trains.

    first_links -> network -> start
        -> [ before_batch -> gradients -> after_backward -> step -> after_step ] -> after_epoch

Override what your method needs; every function has a default. A run can be killed and resumed with the same
numbers if `Hooks.state_dict` returns all that later steps depend on. To draw random numbers, use the
generator that `rng` returns, never a global state.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from netsci.topology import Evolution, LayerView
from netsci.train.choices import METHODS

if TYPE_CHECKING:
    import torch
    from torch import nn

    from netsci.train.inputs import Inputs
    from netsci.train.methods.first_links import DrawLayer, Links, Shapes
    from netsci.train.parts import Topology
    from netsci.train.recipe import Recipe

Rows = list[dict[str, Any]]
_OPTION = Parameter.KEYWORD_ONLY


@dataclass(frozen=True)
class Steps:
    """The length of a run: number of epochs, and number of batches in an epoch."""

    epochs: int
    batches: int


@dataclass(frozen=True)
class Step:
    """The batch for which a hook is called.

    epoch : from 1. batch : number of the batch in its epoch, from 1. steps : length of the run.
    optimizer : optimizer of the run; pass it to `netsci.sparse.evolve_module`.
    views : function without arguments that returns a `netsci.topology.LayerView` of each sparse layer, by
        name: its links and weights and, if `Hooks.needs` asked for them, its gradient and activity.
    """

    epoch: int
    batch: int
    steps: Steps
    optimizer: torch.optim.Optimizer
    views: Callable[[], Mapping[str, LayerView]]

    @property
    def done(self) -> int:
        """Number of batches since the start of the run, including this one."""
        return (self.epoch - 1) * self.steps.batches + self.batch


# rng(step) or rng(step, part) returns a generator. Parts 0, 1, ... of a step are independent. A run that was
# resumed gets the same numbers at the same step.
Draw = Callable[..., np.random.Generator]


class Hooks:
    """What a training method does while a network trains; override what you need, the defaults do nothing.

    needs(step) returns what `step.views()` must know: "gradient", "activity", both or none. On each batch
    before_batch(step) acts before the network sees it, after_backward(step) before the optimizer, and
    after_step(step) after it; this returns an Evolution or None. after_epoch(step) returns rows for the
    table. state_dict() and load_state_dict(state) let a run resume. `step` is a
    `netsci.train.methods.base.Step`.
    """

    def needs(self, step: Step) -> Collection[str]:
        """Return what `step.views()` must know after the next batch: "gradient", "activity", both or ()."""
        return ()

    def before_batch(self, step: Step) -> None:
        """Act before the network sees a batch."""

    def after_backward(self, step: Step) -> None:
        """Act after the gradients of a batch are computed, before they are clipped and used."""

    def after_step(self, step: Step) -> Evolution | None:
        """Act after the step of the optimizer. Return the change of the topology, None if there is none."""
        return None

    def after_epoch(self, step: Step) -> Rows:
        """Act after the last batch of an epoch, before the test. Return rows for the table of the run.

        A row is a dictionary with layer, measure, value and unit.
        """
        return []

    def state_dict(self) -> dict[str, Any]:
        """Return all that later steps depend on, by name: torch tensors, or values that JSON can hold."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore, in a resumed run, what `state_dict` returned."""


class Method:
    """A training method: the first links of a network, and the hooks of its training.

    Parameters
    ----------
    topology : of the recipe, a `netsci.train.Topology`.
    options : the recipe's `method_options`, as keywords. A method with options has an __init__ of its own.

    reads : class attribute, names of the fields of `Topology` that the method reads; None for all. A recipe
        that sets another field is refused, so that no value is ignored unnoticed.
    begins : class attribute, "linear" and "conv" -> the first epoch after which a link of such a layer can
        go, where that is late: `netsci train` says so of a run that ends before.
    """

    reads: ClassVar[Collection[str] | None] = None
    begins: ClassVar[Mapping[str, int]] = {}

    def __init__(self, topology: Topology, **options: Any) -> None:
        if options:
            own = [name for name, one in signature(type(self)).parameters.items() if one.kind is _OPTION]
            known = f"be among {', '.join(own)} for" if own else "be empty: it takes none in"
            raise ValueError(
                f"method_options must {known} method {topology.method!r}; got {', '.join(sorted(options))}"
            )
        self.topology = topology
        # (channels, height, width) of what convolutions read, by name; `build` fills it
        self.kernels: Mapping[str, tuple[int, int, int]] = {}

    def first_links(self, shapes: Shapes, inputs: Inputs, rng: DrawLayer) -> Links:
        """Draw the first links of the sparse layers; by default as the recipe's `initial` and `sparsity` say.

        shapes : (inputs, outputs) of each sparse layer by name, in order. inputs : the data of the run.
        rng : function that returns the generator of a layer, given its place 0, 1, ... in that order.
        Returns a bool CSR matrix [inputs, outputs] by layer.
        """
        from netsci.train.methods.first_links import first_links

        return first_links(self.topology, shapes, inputs, rng, kernels=self.kernels)

    def resolved(self, net: nn.Module, usual: Collection[str]) -> Topology:
        """Return the topology of the recipe with a sparsity for each sparse layer, by its name in a network.

        net : the network, dense before its links are drawn. usual : names of the layers that the model makes
        sparse by itself. Raises ValueError if the method does not fit the network.
        """
        from netsci.train.sparsities import resolve

        return resolve(self.topology, net, usual)

    def start(self, net: nn.Module, steps: Steps, rng: Draw) -> Hooks:
        """Return the hooks of a run.

        net : the network before training, also if the run is resumed. net.sparse_names are the names of the
        layers that may evolve; the sparse output layer is not among them. steps : length of the run.
        rng : function (step, part=0) that returns a generator, see `Draw`.
        """
        return Hooks()


def method_of(recipe: Recipe) -> Method | None:
    """Make the method of a recipe; None for a dense network.

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
    usual = type(topology).settings(topology.method)
    if reads is not None:
        own = {"method", "method_options", *reads}
        for field in fields(topology):
            value = getattr(topology, field.name)
            if field.name not in own and value != usual[field.name]:
                raise ValueError(
                    f"method {topology.method!r} does not use {field.name}: leave it at its default "
                    f"{usual[field.name]!r}, or take another method; got {value!r}"
                )
    method: Method = kind(topology, **dict(topology.method_options))
    return method
