"""The parts of a recipe: the task, the network, its topology and its optimisation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from netsci.choices import ACTIVATIONS, ARCHITECTURES, READOUTS, SURROGATES
from netsci.data.augment import AUGMENTATIONS
from netsci.graph.checks import check_choice, check_fraction, check_number
from netsci.topology import DELTA, DENSITY, INITIAL, WEIGHTS, ZETA, EvolutionRule
from netsci.train.checks import check_flag, check_pairs, check_whole
from netsci.train.choices import ENCODINGS, LEARNERS, LOSSES, LR_SCHEDULES, METHODS, OPTIMIZERS
from netsci.train.renamed import read_old_values
from netsci.train.times import check_time

CORRELATED = {"sscti": "phi", "sscti_as_printed": "as_printed"}  # topologies that look at the data
CALIBRATED = "sswi_calibrated"  # first weights: those of SSWI, scaled to a firing rate


@dataclass(frozen=True)
class Task:
    """The data and how a network sees them.

    data : name of a data set, see `netsci.data.load`. data_options : its options, as pairs (name, value).
    encoding : "direct" (every time step sees the image itself), "rate" (Bernoulli spikes whose probability is
        the intensity of the pixel) or "events" (the data already have a time axis); a name in
        `netsci.train.ENCODINGS`.
    steps : number of time steps T, at least 1.
    limit : number of training images to use, balanced over classes; None for all. test_limit : the same for
        test images.
    validation : number of training images to hold out. The run is tested on them *in place of* the test set:
        use this to choose hyper-parameters. 0 for none.
    augment : how training images are varied: "none", "shift" (moved at random, zeros fill the border) or
        "crop_flip" (moved, and half of them mirrored: do not use it for digits); a name in
        `netsci.data.augment.AUGMENTATIONS`. max_shift : largest move in pixels, in each direction.
    """

    data: str = "digits"
    data_options: tuple[tuple[str, Any], ...] = ()
    encoding: str = "direct"
    steps: int = 8
    limit: int | None = None
    test_limit: int | None = None
    validation: int = 0
    augment: str = "none"
    max_shift: int = 4

    def __post_init__(self) -> None:
        read_old_values(self)
        ENCODINGS.check(self.encoding, "encoding")
        if not isinstance(self.data, str) or not self.data:
            raise TypeError(f"data must be the name of a data set (str); got {self.data!r}")
        check_pairs(self.data_options, "data_options")
        AUGMENTATIONS.check(self.augment, "augment")
        check_whole(self.steps, 1, "steps")
        check_whole(self.max_shift, 0, "max_shift")
        check_whole(self.validation, 0, "validation")
        for name in ("limit", "test_limit"):
            if getattr(self, name) is not None:
                check_whole(getattr(self, name), 1, name)


@dataclass(frozen=True)
class Net:
    """The network and its neurons (S0 eq. 1).

    model : a name in `netsci.models.ARCHITECTURES`. options : options of that architecture, as pairs
        (name, value).
    alpha : factor by which the membrane decays in a step, in [0, 1]. threshold : of the neurons, positive.
    surrogate : a name in `netsci.spiking.SURROGATES`. detach_reset : whether the gradient ignores the reset.
    readout : "rate", "sum" or "membrane", see `netsci.models.readout`.
    spiking : False for a network without time. Its units then are the `activation`, a name in
        `netsci.models.ACTIVATIONS`.
    bias : True adds biases where the architecture has none by default (all layers of an mlp, the convolutions
        of conv2fc2). dropout : probability that training leaves out a hidden unit of a sample, in [0, 1).
    weights : how the first weights are drawn: "sswi" (S0 eq. 3), "sswi_calibrated" (sswi, then each layer is
        scaled to the firing rate `weights_rate`), "swi" (variance 2 / mean number of links of a unit) or
        "kaiming" (variance 2 / fan-in, which does not depend on sparsity).
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
    activation: str = "relu"
    bias: bool = False
    dropout: float = 0.0

    def __post_init__(self) -> None:
        ARCHITECTURES.check(self.model, "model")
        SURROGATES.check(self.surrogate, "surrogate")
        READOUTS.check(self.readout, "readout")
        ACTIVATIONS.check(self.activation, "activation")
        check_choice(self.weights, (*WEIGHTS, CALIBRATED), "weights")
        check_fraction(self.weights_rate, "weights_rate")
        check_fraction(self.alpha, "alpha")
        check_number(self.threshold, "threshold")
        check_pairs(self.options, "options")
        for name in ("detach_reset", "spiking", "bias"):
            check_flag(getattr(self, name), name)
        check_fraction(self.dropout, "dropout")
        if self.dropout == 1.0:
            raise ValueError("dropout must lie below 1: at 1 it leaves out every hidden unit")
        if not 0.0 < self.threshold < math.inf:
            raise ValueError(f"threshold must be positive and finite; got {self.threshold!r}")


@dataclass(frozen=True)
class Topology:
    """The first links and how they change in training (S0's four stages).

    A time is a number of epochs, fractions allowed, or a text such as "100 steps", see `netsci.train.plan`.

    method : the training method, a name in `netsci.train.METHODS`: it draws the first links and changes them.
        "ch_snn" reads all other fields. A method may fix some fields itself, as "set" and "rigl" fix removal
        and regrowth: leave those at their defaults. method_options : options of the method, as pairs
        (name, value).
    sparsity : share of absent links in every sparse layer, in [0, 1). The output layer is dense.
    initial_sparsity : share of absent links at the start; None if it equals `sparsity` all the time.
        density_schedule : how it then changes to `sparsity`, a name in `netsci.topology.DENSITY`.
    initial : first links, "sscti", "sscti_as_printed" or a name in `netsci.topology.INITIAL`. Layers behind
        convolutions or attention are uniform in any case.
    removal, regrowth, delta, permanent, as_printed, percolate : see `netsci.topology.EvolutionRule`. delta
        may be a pair (removal, regrowth).
    delta_end : delta at the end, one number or such a pair; None if delta stays. delta_schedule : how it
        changes, a name in `netsci.topology.DELTA`.
    zeta : share of links that an evolution removes. schedule : how it changes, "cosine" or "static".
    evolve_every : time between two evolutions; 0 for links that never change. evolve_after : time before the
        first one is due. until : when evolution ends, as a share of all epochs or as a text.
    early_stop : a layer stops evolving for good when more than this share of its regrown links had just been
        removed; None to go on.
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
    until: float | str = 1.0
    evolve_every: float | str = 1
    early_stop: float | None = 0.95
    method: str = "ch_snn"
    method_options: tuple[tuple[str, Any], ...] = ()
    initial_sparsity: float | None = None
    density_schedule: str = "linear"
    delta_end: float | tuple[float, float] | None = None
    delta_schedule: str = "linear"
    percolate: bool = True
    evolve_after: float | str = 0

    def __post_init__(self) -> None:
        METHODS.check(self.method, "method")
        check_pairs(self.method_options, "method_options")
        for name in ("permanent", "as_printed", "percolate"):
            check_flag(getattr(self, name), name)
        check_choice(self.initial, (*CORRELATED, *INITIAL), "initial")
        check_choice(self.schedule, tuple(ZETA), "schedule")
        self._check_sparsity()
        self._check_times()
        check_fraction(self.zeta, "zeta")
        if self.early_stop is not None:
            check_fraction(self.early_stop, "early_stop")
        self.rule  # noqa: B018  # raises where its choices do not fit
        check_choice(self.delta_schedule, tuple(DELTA), "delta_schedule")
        if self.delta_end is not None:
            ends = self.delta_end if isinstance(self.delta_end, tuple) else (self.delta_end,) * 2
            for delta in ends:
                check_fraction(delta, "delta_end")
            if len(ends) != 2:
                raise ValueError(f"delta_end must be one number, or two as delta has; got {self.delta_end!r}")
        elif self.delta_schedule != "linear":
            raise ValueError(f"delta_end is missing: set it for delta_schedule {self.delta_schedule!r}")

    def _check_sparsity(self) -> None:
        check_choice(self.density_schedule, tuple(DENSITY), "density_schedule")
        names = ["sparsity"] if self.initial_sparsity is None else ["sparsity", "initial_sparsity"]
        for name in names:
            check_fraction(getattr(self, name), name)
            if getattr(self, name) == 1.0:
                raise ValueError(f"{name} must lie below 1: a network without links cannot learn")
        if self.initial_sparsity is None and self.density_schedule != "linear":
            raise ValueError(
                f"initial_sparsity is missing: set it for density_schedule {self.density_schedule!r}"
            )

    def _check_times(self) -> None:
        for name in ("evolve_every", "evolve_after"):
            check_time(getattr(self, name), name)
        if isinstance(self.until, str):
            check_time(self.until, "until")
        else:
            check_fraction(self.until, "until")

    @property
    def rule(self) -> EvolutionRule:
        """The rule of the evolution steps, with the delta of the start."""
        return EvolutionRule(
            self.removal, self.regrowth, self.delta, self.permanent, self.as_printed, self.percolate
        )

    @property
    def first_sparsity(self) -> float:
        """Share of absent links in every sparse layer at the start."""
        return self.sparsity if self.initial_sparsity is None else self.initial_sparsity


@dataclass(frozen=True)
class Optimisation:
    """How the weights are learnt.

    learner : "gradient" (back-propagation, through time and with surrogates if the network spikes), "stp"
        (sparse target propagation, for an mlp with readout "rate"), or another name in
        `netsci.train.LEARNERS`. window : target window of "stp", in time steps.
    loss : of the class scores against the label, for "gradient": "mse", "cross_entropy", or another name in
        `netsci.train.LOSSES`. label_smoothing : share of the target that is spread evenly over all classes,
        in [0, 1).
    optimizer : "sgd" (Nesterov's momentum), "sgd_plain" (heavy-ball momentum), "adam", "adamw", or another
        name in `netsci.train.OPTIMIZERS`. Betas and eps are torch's defaults.
    momentum : of "sgd" and "sgd_plain", in [0, 1]; at 0 both are plain gradient descent.
    weight_decay : of weights, at least 0. Biases and normalisations do not decay.
    batch : training samples in a step; the last step of an epoch takes the rest. epochs : at least 1.
    lr : learning rate at the start. warmup : number of epochs in which it first rises along a line.
    lr_schedule : how it changes afterwards: "constant", "cosine" (to 0), "steps" (divided by 10 at 1/2 and at
        3/4 of the epochs), "milestones" (times milestone_factor after each number of epochs in milestones),
        "linear" (to linear_end times lr, reached after the share linear_over of the epochs), or another name
        in `netsci.train.LR_SCHEDULES`.
    clip : largest norm of the whole gradient, or None. mixed : whether a GPU computes in bfloat16.
    """

    learner: str = "gradient"
    window: int = 4
    loss: str = "cross_entropy"
    optimizer: str = "adam"
    lr: float = 1e-3
    lr_schedule: str = "cosine"
    warmup: int = 0
    momentum: float = 0.9
    weight_decay: float = 0.0
    clip: float | None = None
    batch: int = 100
    epochs: int = 100
    mixed: bool = False
    label_smoothing: float = 0.0
    milestones: tuple[int, ...] = ()
    milestone_factor: float = 0.1
    linear_end: float = 0.01
    linear_over: float = 0.9

    def __post_init__(self) -> None:
        LEARNERS.check(self.learner, "learner")
        LOSSES.check(self.loss, "loss")
        OPTIMIZERS.check(self.optimizer, "optimizer")
        LR_SCHEDULES.check(self.lr_schedule, "lr_schedule")
        self._check_schedule()
        for name in ("momentum", "label_smoothing"):
            check_fraction(getattr(self, name), name)
        if self.label_smoothing == 1.0:
            raise ValueError("label_smoothing must lie below 1: at 1 all labels have the same target")
        for name, low in (("batch", 1), ("epochs", 1), ("window", 1), ("warmup", 0)):
            check_whole(getattr(self, name), low, name)
        check_flag(self.mixed, "mixed")
        for name in ("lr", "weight_decay"):
            check_number(getattr(self, name), name)
            if not 0.0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be at least 0 and finite; got {getattr(self, name)!r}")
        if self.clip is not None:
            check_number(self.clip, "clip")
        if self.clip is not None and not self.clip > 0.0:
            raise ValueError(f"clip must be positive, or None; got {self.clip!r}")

    def _check_schedule(self) -> None:
        """Raise TypeError or ValueError unless the values of the learning-rate schedule are allowed."""
        for name in ("milestone_factor", "linear_end", "linear_over"):
            check_fraction(getattr(self, name), name)
        if self.linear_over == 0.0:
            raise ValueError("linear_over must be above 0, a share of the epochs; got 0.0")
        if not isinstance(self.milestones, tuple):
            raise TypeError(
                f"milestones must be a tuple of epochs, such as (60, 120, 160); got {self.milestones!r}"
            )
        for milestone in self.milestones:
            check_whole(milestone, 1, "each of milestones")
        if any(later <= earlier for earlier, later in pairwise(self.milestones)):
            raise ValueError(f"milestones must rise, such as (60, 120, 160); got {self.milestones!r}")
        if bool(self.milestones) != (self.lr_schedule == "milestones"):
            raise ValueError(
                "give milestones, as (60, 120, 160), with lr_schedule='milestones' and only then; got "
                f"milestones {self.milestones!r} and lr_schedule {self.lr_schedule!r}"
            )
