"""Which steps of a network DCGS leaves as they are, and before which it puts neurons.

A network is steps in order; each reads the outputs of earlier ones by their places. The first is the input,
the last the output. Neurons of both signs ("line") stand on the wires into layers and products; those of a
ReLU take its place. A max pool right behind a ReLU goes before it, which changes no value: the maximum of
spikes is not that of what they say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from netsci.arguments import as_count, check_choice, check_flag
from netsci.convert.dcgs_neuron import CODINGS, KINDS, MOST_THRESHOLDS
from netsci.convert.dcgs_statistics import LEVELS
from netsci.convert.value_checks import as_positive

# Linear up to a constant: a wire with its bias passes through as it is.
AFFINE = (
    "input",
    "constant",
    "layer",
    "norm",
    "add",
    "shift",
    "scale",
    "average",
    "sum",
    "pad",
    "move",
    "join",
)
POINTWISE = ("gelu", "layer norm", "softmax")
OTHERS = ("activation", "maximum", "product")


MOST_STEPS = 1 << 20


@dataclass(frozen=True)
class DcgsOptions:
    """How DCGS converts.

    n : thresholds of a sign (4 for CNNs, 8 for ViTs).
    steps : T of N = T 2^n, at which thresholds are best; one choice serves a whole sweep of T.
    neuron : "with_neg" or "positive" in place of each ReLU, or "line" before each layer and product.
    coding : "differential" or "rate".
    theta : "moments" (the root of k) or "p999" (99.9 % quantile); None takes moments for ReLU neurons, p999
        for line.
    scale : factor of the thresholds; None takes 4 for line and 1 else.
    level, channel_axis : one threshold a layer, channel or neuron; None takes axis 1 of images and the last
        of all else.
    encode_image : line neurons on the image too, so that no layer multiplies.
    iterations : None; or 100 as released: steps of the fixed point in place of its root, and quantiles of x
        in place of |x| for line neurons.

    Raises
    ------
    TypeError, ValueError
        If a value is not of these kinds.

    Source: S1 3.2.
    """

    n: int = 4
    steps: int = 8
    neuron: str = "with_neg"
    coding: str = "differential"
    theta: str | None = None
    scale: float | None = None
    level: str = "channel"
    channel_axis: int | None = None
    encode_image: bool = True
    iterations: int | None = None

    def __post_init__(self) -> None:
        as_count(self.n, "n", most=MOST_THRESHOLDS)
        as_count(self.steps, "steps", most=MOST_STEPS)
        check_choice(self.neuron, KINDS, "neuron")
        check_choice(self.coding, CODINGS, "coding")
        check_choice(self.theta, ("moments", "p999", None), "theta")
        check_choice(self.level, LEVELS, "level")
        check_flag(self.encode_image, "encode_image")
        if self.scale is not None:
            as_positive(self.scale, "scale")
        if self.iterations is not None:
            as_count(self.iterations, "iterations")

    @property
    def line(self) -> bool:
        """Whether neurons stand before layers, and not in place of ReLUs."""
        return self.neuron == "line"

    @property
    def by_quantile(self) -> bool:
        """Whether thresholds are quantiles."""
        return self.theta == "p999" or (self.theta is None and self.line)


class Step(Protocol):
    """One step of a network; `netsci.convert.program.Step` is one.

    kind : a name in `AFFINE`, `POINTWISE` or `OTHERS`. name : path of its module. inputs : places of the
    steps that it reads. run(values, batch) : its output, from values by place and the number of samples.
    """

    @property
    def kind(self) -> str: ...  # noqa: D102

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def inputs(self) -> Sequence[int]: ...  # noqa: D102

    def run(self, values: Mapping[int, Any], batch: int) -> Any: ...  # noqa: D102


@dataclass(frozen=True)
class Action:
    """A step at its place in the plan. reads : place that the step names -> place that it reads."""

    step: Step
    reads: Mapping[int, int]

    def run(self, values: Mapping[int, Any], batch: int) -> Any:
        """Return the output for the outputs of earlier actions, by place."""
        return self.step.run({own: values[place] for own, place in self.reads.items()}, batch)

    def apply(self, inputs: Sequence[Tensor], batch: int) -> Any:
        """Return the output for these inputs, in the order of `reads`."""
        return self.step.run(dict(zip(self.reads, inputs, strict=True)), batch)


@dataclass(frozen=True)
class Site:
    """Neurons on the wire of a place. name : of who reads them first. channel_axis : of their thresholds."""

    name: str
    place: int
    channel_axis: int
    ahead: bool  # before layers and products, and not in place of a ReLU


def plan_actions(steps: Sequence[Step]) -> list[Action]:
    """Return the steps as actions, with each max pool before the ReLU that it follows.

    Raises
    ------
    ValueError
        If there is no step, or one has a kind that DCGS cannot do or reads what comes later.
    """
    if not steps:
        raise ValueError("steps must hold at least the input and a layer; got none")
    actions = []
    for place, step in enumerate(steps):
        if step.kind not in (*AFFINE, *POINTWISE, *OTHERS):
            raise ValueError(
                f"step {step.name!r} is of kind {step.kind!r}, which dcgs cannot convert: it knows "
                f"{', '.join((*AFFINE, *POINTWISE, *OTHERS))}; write attention as products and a softmax"
            )
        if any(not 0 <= one < place for one in step.inputs):
            raise ValueError(
                f"step {step.name!r} at {place} must read earlier steps; got {list(step.inputs)}"
            )
        actions.append(Action(step, {one: one for one in step.inputs}))
    for place, step in enumerate(steps):
        _swap_with_relu(actions, steps, place, step)
    return actions


def _swap_with_relu(actions: list[Action], steps: Sequence[Step], place: int, step: Step) -> None:
    """Put a max pool at the place of the ReLU that it alone reads, and that ReLU at the pool's."""
    if step.kind != "maximum" or len(step.inputs) != 1:
        return
    before = step.inputs[0]
    relu = steps[before]
    if relu.kind != "activation" or any(before in one.inputs for one in steps[place + 1 :]):
        return
    if any(before in one.inputs for one in steps[:place]):
        return
    (source,) = relu.inputs
    actions[before] = Action(step, {before: source})
    actions[place] = Action(relu, {source: before})


def find_sites(
    actions: Sequence[Action], shapes: Mapping[int, tuple[int, ...]], options: DcgsOptions
) -> list[Site]:
    """Return where neurons stand, at most one population on a wire; shapes are those of the outputs."""
    found: dict[int, Site] = {}
    image = _reached_by_image(actions)
    for action in actions:
        kind, name = action.step.kind, action.step.name
        if not (kind in ("layer", "product") if options.line else kind == "activation"):
            continue
        for number, place in enumerate(action.reads.values(), start=1):
            if not options.encode_image and kind == "layer" and place in image:
                continue
            images = len(shapes[place]) == 4 and kind != "product"
            axis = (1 if images else -1) if options.channel_axis is None else options.channel_axis
            label = f"{name}.{number}" if len(action.reads) > 1 else name
            found.setdefault(place, Site(label, place, axis, options.line))
    return list(found.values())


def _reached_by_image(actions: Sequence[Action]) -> set[int]:
    """Return the places that hold the image, moved or rescaled, before any layer."""
    found: set[int] = set()
    for place, action in enumerate(actions):
        if action.step.kind == "input":
            found.add(place)
        passes = action.step.kind in AFFINE and action.step.kind not in ("layer", "constant")
        if passes and action.reads and all(one in found for one in action.reads.values()):
            found.add(place)
    return found


def find_analog_layers(actions: Sequence[Action], sites: Sequence[Site]) -> list[str]:
    """Return the layers whose inputs are no spikes: the image, or graded values of another part."""
    spiking = {site.place for site in sites if site.ahead}
    taken = {site.place for site in sites if not site.ahead}
    said: set[int] = set()  # places whose values are sums of spikes
    found = []
    for place, action in enumerate(actions):
        reads = list(action.reads.values())
        kind = action.step.kind
        if kind == "layer" and not all(one in spiking or one in said for one in reads):
            found.append(action.step.name)
        neurons = kind == "activation" and bool(reads) and reads[0] in taken
        passes = kind in AFFINE and kind not in ("layer", "constant", "input") and bool(reads)
        if neurons or (passes and all(one in said for one in reads)):
            said.add(place)
    return found
