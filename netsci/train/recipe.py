"""What a training run is: data, network, topology, optimisation, seed. Nothing else decides its numbers."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from netsci.graph.checks import check_choice, check_fraction, check_number
from netsci.topology import INITIAL, WEIGHTS, ZETA, EvolutionRule

# Names of what needs torch, which recipes do without; `_known` finds the ones that a user added.
MODELS = ("mlp", "conv2fc2", "conv6fc2", "spikformer", "resnet18")
SURROGATES = ("rect", "atan")
READOUTS = ("rate", "sum", "membrane")
ENCODINGS = ("direct", "rate", "events")
CORRELATED = {"sscti": "phi", "sscti_as_printed": "as_printed"}  # topologies that look at the data
CALIBRATED = "sswi_calibrated"  # first weights: those of SSWI, scaled to a firing rate
LEARNERS = ("gradient", "stp")
LOSSES = ("mse", "cross_entropy")
OPTIMIZERS = ("sgd", "sgd_plain", "adam", "adamw")
RATES = ("constant", "cosine", "steps")


@dataclass(frozen=True)
class Task:
    """The data and how a network sees them.

    data : name in `netsci.data`; data_options : its options, as pairs.
    encoding : "direct" (the image itself at every step), "rate" (Bernoulli spikes of the pixels' intensity)
        or "events" (the data have time already).
    steps : time steps T, at least 1.
    limit : training images used, class-balanced, or None for all. test_limit : likewise for testing.
    validation : training images held out and tested on *in place of* the test set, to choose
        hyper-parameters; 0 for none.
    augment : random crop (4 pixels) and horizontal flip of training images.
    """

    data: str = "digits"
    data_options: tuple[tuple[str, Any], ...] = ()
    encoding: str = "direct"
    steps: int = 8
    limit: int | None = None
    test_limit: int | None = None
    validation: int = 0
    augment: bool = False

    def __post_init__(self) -> None:
        check_choice(self.encoding, ENCODINGS, "encoding")
        _pairs(self.data_options, "data_options")
        _flag(self.augment, "augment")
        _whole(self.steps, 1, "steps")
        _whole(self.validation, 0, "validation")
        for name in ("limit", "test_limit"):
            if getattr(self, name) is not None:
                _whole(getattr(self, name), 1, name)


@dataclass(frozen=True)
class Net:
    """The network: a name in `netsci.train.build.MODELS`, its options as pairs, and its neurons (S0 eq. 1).

    alpha : decay of the membrane a step, in [0, 1]. threshold : positive.
    surrogate : a name in `netsci.spiking.SURROGATES`; readout : "rate", "sum" or "membrane", see
        `netsci.models.readout`.
    spiking : False for rectified linear units, no time.
    weights : how they are drawn at first: "sswi" (S0 eq. 3), "sswi_calibrated" (the same, each layer then
        scaled to the firing rate `weights_rate`), "swi" (variance 2 / links in), "kaiming" (2 / fan-in,
        blind to sparsity).
    """

    model: str = "mlp"
    options: tuple[tuple[str, Any], ...] = ()
    alpha: float = 0.5
    threshold: float = 1.0
    surrogate: str = "atan"
    detach_reset: bool = False
    readout: str = "rate"
    spiking: bool = True
    weights: str = "sswi"
    weights_rate: float = 0.1

    def __post_init__(self) -> None:
        check_choice(self.model, _known(MODELS, "netsci.train.build", "MODELS"), "model")
        check_choice(
            self.surrogate, _known(SURROGATES, "netsci.spiking.surrogates", "SURROGATES"), "surrogate"
        )
        check_choice(self.readout, READOUTS, "readout")
        check_choice(self.weights, (*WEIGHTS, CALIBRATED), "weights")
        check_fraction(self.weights_rate, "weights_rate")
        check_fraction(self.alpha, "alpha")
        check_number(self.threshold, "threshold")
        _pairs(self.options, "options")
        for name in ("detach_reset", "spiking"):
            _flag(getattr(self, name), name)
        if not 0.0 < self.threshold < math.inf:
            raise ValueError(f"threshold must be positive and finite; got {self.threshold!r}")


@dataclass(frozen=True)
class Topology:
    """Which links there are at first and how they evolve; S0's four stages.

    sparsity : share of absent links in every sparse layer, in [0, 1); the output layer is dense.
    initial : topology of the first layer and, in multilayer perceptrons, tiled between hidden layers;
        layers after convolutions or attention are uniform in any case.
    removal, regrowth, delta, permanent, as_printed : see `netsci.topology.EvolutionRule`; delta may be a
        pair, of removal and of regrowth.
    zeta, schedule, until : share of links removed, its course over the epochs, and the part of them that
        evolves. evolve_every : epochs between evolutions; 0 for a static topology.
    early_stop : overlap of removed and regrown links above which a layer stops evolving for good, or None.
    """

    sparsity: float = 0.99
    initial: str = "sscti"
    removal: str = "lrs"
    regrowth: str = "ch3_l3"
    delta: float | tuple[float, float] = 0.5
    permanent: bool = True
    as_printed: bool = False
    zeta: float = 0.3
    schedule: str = "cosine"
    until: float = 1.0
    evolve_every: int = 1
    early_stop: float | None = 0.95

    def __post_init__(self) -> None:
        check_fraction(self.sparsity, "sparsity")
        if self.sparsity == 1.0:
            raise ValueError("sparsity must lie below 1: a network without links learns nothing")
        for name in ("permanent", "as_printed"):
            _flag(getattr(self, name), name)
        check_choice(self.initial, (*CORRELATED, *INITIAL), "initial")
        check_choice(self.schedule, tuple(ZETA), "schedule")
        for name in ("zeta", "until"):
            check_fraction(getattr(self, name), name)
        if self.early_stop is not None:
            check_fraction(self.early_stop, "early_stop")
        _whole(self.evolve_every, 0, "evolve_every")
        self.rule  # noqa: B018  # raises where its choices do not fit

    @property
    def rule(self) -> EvolutionRule:
        """The rule of the evolution steps."""
        return EvolutionRule(self.removal, self.regrowth, self.delta, self.permanent, self.as_printed)


@dataclass(frozen=True)
class Optimisation:
    """How weights are learnt.

    learner : "gradient" (back-propagation through time with surrogates; plain for rectified linear units) or
        "stp" (sparse target propagation), for an mlp with readout "rate"; window : its target window in
        steps.
    loss : of the read-out against the label ("gradient" only): "mse" or "cross_entropy".
    optimizer : "sgd" (descent with Nesterov's momentum), "sgd_plain" (with the plain, heavy-ball momentum),
        "adam" or "adamw" (decay apart from the gradient); betas and eps are torch's.
    momentum : in [0, 1], of the two kinds of sgd; at 0 they are the same, plain descent.
    weight_decay : of weights, not of biases and normalisations; at least 0.
    batch : training samples to a step; the last step of an epoch takes what is left. epochs : at least 1.
    lr : at the start; course : "constant", "cosine" to 0, or "steps" (a tenth at 1/2 and at 3/4 of the
        epochs); warmup : epochs in which it rises as a line first.
    clip : largest norm of the whole gradient, or None. mixed : bfloat16 where the device is a GPU.
    """

    learner: str = "gradient"
    window: int = 4
    loss: str = "cross_entropy"
    optimizer: str = "adam"
    lr: float = 1e-3
    course: str = "cosine"
    warmup: int = 0
    momentum: float = 0.9
    weight_decay: float = 0.0
    clip: float | None = None
    batch: int = 100
    epochs: int = 100
    mixed: bool = False

    def __post_init__(self) -> None:
        check_choice(self.learner, LEARNERS, "learner")
        check_choice(self.loss, LOSSES, "loss")
        check_choice(self.optimizer, OPTIMIZERS, "optimizer")
        check_choice(self.course, RATES, "course")
        check_fraction(self.momentum, "momentum")
        for name, low in (("batch", 1), ("epochs", 1), ("window", 1), ("warmup", 0)):
            _whole(getattr(self, name), low, name)
        _flag(self.mixed, "mixed")
        for name in ("lr", "weight_decay"):
            check_number(getattr(self, name), name)
            if not 0.0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be at least 0 and finite; got {getattr(self, name)!r}")
        if self.clip is not None:
            check_number(self.clip, "clip")
        if self.clip is not None and not self.clip > 0.0:
            raise ValueError(f"clip must be positive, or None; got {self.clip!r}")


@dataclass(frozen=True)
class Recipe:
    """One run; `topology` is None for a dense network.

    Examples
    --------
    >>> recipe = Recipe().replace(lr=0.01, sparsity=0.95, seed=3)
    >>> recipe.optimisation.lr, recipe.topology.sparsity, Recipe.of(recipe.flat()) == recipe
    (0.01, 0.95, True)
    """

    task: Task = field(default_factory=Task)
    net: Net = field(default_factory=Net)
    topology: Topology | None = field(default_factory=Topology)
    optimisation: Optimisation = field(default_factory=Optimisation)
    seed: int = 0

    def __post_init__(self) -> None:
        _whole(self.seed, 0, "seed")
        if self.optimisation.learner == "stp":
            self._check_stp()

    def _check_stp(self) -> None:
        """Raise ValueError unless sparse target propagation can learn what the other parts say."""
        if self.net.model in MODELS and self.net.model != "mlp":
            raise ValueError(
                "S-TP learns in multilayer perceptrons: set model to 'mlp', or learner to 'gradient'; got "
                f"{self.net.model!r}"
            )
        if self.task.encoding == "direct":
            raise ValueError("S-TP learns from spikes: set encoding to 'rate', or take data with events")
        if not self.net.spiking:
            raise ValueError("S-TP learns from spikes: set spiking to True, or learner to 'gradient'")
        if self.net.readout != "rate":
            raise ValueError(
                f"S-TP compares output spikes with labels: set readout to 'rate'; got {self.net.readout!r}"
            )
        if self.optimisation.window > self.task.steps:
            raise ValueError(
                f"window must be at most steps = {self.task.steps}; got {self.optimisation.window}"
            )

    def replace(self, **changes: Any) -> Recipe:
        """Return the recipe with other values for fields of any of its parts: their names are unique.

        dense=True drops the topology. All changes are made at once: they need to fit each other only. Lists
        become tuples and numpy's numbers Python's, so that a recipe is the same when it is read from a file.

        Raises
        ------
        TypeError, ValueError
            If no part has a name, a value does not fit, or a dense network is given a topology.

        Examples
        --------
        >>> Recipe().replace(learner="stp", encoding="rate").optimisation.learner
        'stp'
        """
        dense = changes.pop("dense", False)
        _flag(dense, "dense")
        parts: dict[str, Any] = {"topology": None} if dense else {}
        groups: dict[str, dict[str, Any]] = {}
        for name, value in _plain(changes).items():
            owner = _OWNERS.get(name)
            if owner is None:
                raise ValueError(f"a recipe has no {name!r}; it has {', '.join(sorted(_OWNERS))}")
            groups.setdefault(owner, {})[name] = value
        for owner, values in groups.items():
            if owner == "seed":
                parts |= values
                continue
            part = parts.get(owner, getattr(self, owner))
            if part is None:
                raise ValueError(f"{', '.join(values)}: a dense network has no topology")
            parts[owner] = dataclasses.replace(part, **values)
        return dataclasses.replace(self, **parts)

    def flat(self) -> dict[str, Any]:
        """Return all values by name, and `dense`.

        Examples
        --------
        >>> Recipe(seed=3).flat()["seed"], Recipe(topology=None).flat()["dense"]
        (3, True)
        """
        values: dict[str, Any] = {"seed": self.seed, "dense": self.topology is None}
        for part in (self.task, self.net, self.topology, self.optimisation):
            if part is not None:
                values.update({f.name: getattr(part, f.name) for f in fields(part)})
        return values

    def defaults(self) -> dict[str, Any]:
        """Return what each value in `flat()` is where nothing else is said.

        Examples
        --------
        >>> Recipe().replace(lr=0.5).defaults()["lr"]
        0.001
        """
        values: dict[str, Any] = {"seed": 0, "dense": False}
        for part in (self.task, self.net, self.topology, self.optimisation):
            if part is not None:
                values.update({f.name: f.default for f in fields(part)})
        return values

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Recipe:
        """Return the recipe with these values by name, as `flat` gives them or JSON keeps them.

        Raises TypeError or ValueError as `replace` does.

        Examples
        --------
        >>> Recipe.of({"options": [["hidden", [64]]]}).net.options
        (('hidden', (64,)),)
        """
        return cls().replace(**values)


_PARTS: dict[str, type] = {"task": Task, "net": Net, "topology": Topology, "optimisation": Optimisation}
_OWNERS = {f.name: part for part, kind in _PARTS.items() for f in fields(kind)} | {"seed": "seed"}


def _known(names: tuple[str, ...], module: str, table: str) -> tuple[str, ...]:
    """Return names and those of a module's table: without the module, which needs torch, none were added."""
    return tuple(dict.fromkeys((*names, *getattr(sys.modules.get(module), table, ()))))


def _plain(value: Any) -> Any:
    """Return a value without lists and without numpy's numbers, in whatever holds them."""
    if isinstance(value, (list, tuple)):
        return tuple(_plain(item) for item in value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    # without numpy, of which recipes need nothing: its numbers are those with a dtype and one item
    return value.item() if hasattr(value, "dtype") and getattr(value, "ndim", None) == 0 else value


def _flag(value: Any, name: str) -> None:
    if not isinstance(value, bool):  # else "no" would be taken for yes
        raise TypeError(f"{name} must be True or False; got {value!r}")


def _pairs(value: Any, name: str) -> None:
    fits = isinstance(value, tuple) and all(
        isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) for pair in value
    )
    if not fits:
        raise TypeError(f"{name} must be pairs of a name and a value, (('hidden', (64,)),); got {value!r}")


def _whole(value: Any, low: int, name: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise ValueError(f"{name} must be a whole number of at least {low}; got {value!r}")
