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

    data : name in `netsci.data`; data_options : its options, as pairs.
    encoding : "direct" (the image itself at every step), "rate" (Bernoulli spikes of the pixels' intensity)
        or "events" (the data have time already); a name in `netsci.train.ENCODINGS`.
    steps : time steps T, at least 1.
    limit : training images used, class-balanced, or None for all. test_limit : likewise for testing.
    validation : training images held out and tested on *in place of* the test set, to choose
        hyper-parameters; 0 for none.
    augment : what happens to training images: "none", "shift" (moved at random, zeros coming in) or
        "crop_flip" (moved, and half of them mirrored: not for digits); a name in
        `netsci.data.augment.AUGMENTATIONS`. max_shift : pixels by which they are moved at most, each way.
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
    """The network: a name in `netsci.models.ARCHITECTURES`, its options as pairs, and its neurons (S0 eq. 1).

    alpha : decay of the membrane a step, in [0, 1]. threshold : positive.
    surrogate : a name in `netsci.spiking.SURROGATES`; readout : "rate", "sum" or "membrane", see
        `netsci.models.readout`.
    spiking : False for a network without time, of the `activation`: a name in `netsci.models.ACTIVATIONS`.
    bias : True for biases also where the architecture has none by itself (all layers of an mlp, convolutions
        of conv2fc2). dropout : probability of leaving out a hidden unit of a sample in training, in [0, 1).
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
            raise ValueError("dropout must lie below 1: a network without units learns nothing")
        if not 0.0 < self.threshold < math.inf:
            raise ValueError(f"threshold must be positive and finite; got {self.threshold!r}")


@dataclass(frozen=True)
class Topology:
    """Which links there are at first and how they evolve; S0's four stages.

    Times are numbers of epochs, fractions allowed, or texts such as "100 steps", see `netsci.train.plan`.

    method : a name in `netsci.train.methods.METHODS`: what draws the first links and changes them in
        training. "ch_snn" does as the other fields say. A method that decides some of them itself, as "set"
        and "rigl" decide removal and regrowth, refuses other values there. method_options : its own options,
        as pairs.
    sparsity : share of absent links in every sparse layer, in [0, 1); the output layer is dense.
    initial_sparsity, density_course : share of absent links at the start, and how it comes to `sparsity`, a
        name in `netsci.topology.DENSITY`; None for a density that stays.
    initial : topology of the first layer and, in multilayer perceptrons, tiled between hidden layers;
        layers after convolutions or attention are uniform in any case.
    removal, regrowth, delta, permanent, as_printed, percolate : see `netsci.topology.EvolutionRule`; delta
        may be a pair, of removal and of regrowth.
    delta_end, delta_course : delta at the end, and how it gets there, a name in `netsci.topology.DELTA`; None
        for a delta that stays.
    zeta, schedule : share of links removed, and its course.
    evolve_every : time between evolutions; 0 for a static topology. evolve_after : time without evolution at
        the start. until : when the evolving part ends, as a share of all epochs, or a text.
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
    until: float | str = 1.0
    evolve_every: float | str = 1
    early_stop: float | None = 0.95
    method: str = "ch_snn"
    method_options: tuple[tuple[str, Any], ...] = ()
    initial_sparsity: float | None = None
    density_course: str = "linear"
    delta_end: float | tuple[float, float] | None = None
    delta_course: str = "linear"
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
        check_choice(self.delta_course, tuple(DELTA), "delta_course")
        if self.delta_end is not None:
            ends = self.delta_end if isinstance(self.delta_end, tuple) else (self.delta_end,) * 2
            for delta in ends:
                check_fraction(delta, "delta_end")
            if len(ends) != 2:
                raise ValueError(f"delta_end must be one number or a pair; got {self.delta_end!r}")
        elif self.delta_course != "linear":
            raise ValueError(f"delta_end is missing: delta_course {self.delta_course!r} leads there")

    def _check_sparsity(self) -> None:
        check_choice(self.density_course, tuple(DENSITY), "density_course")
        names = ["sparsity"] if self.initial_sparsity is None else ["sparsity", "initial_sparsity"]
        for name in names:
            check_fraction(getattr(self, name), name)
            if getattr(self, name) == 1.0:
                raise ValueError(f"{name} must lie below 1: a network without links learns nothing")
        if self.initial_sparsity is None and self.density_course != "linear":
            raise ValueError(
                f"initial_sparsity is missing: density_course {self.density_course!r} begins there"
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
    """How weights are learnt.

    learner : "gradient" (back-propagation through time with surrogates; plain for rectified linear units) or
        "stp" (sparse target propagation), for an mlp with readout "rate"; window : its target window in
        steps.
    loss : of the read-out against the label ("gradient" only): "mse", "cross_entropy", or another name in
        `netsci.train.LOSSES`. label_smoothing : share of the target that all classes divide, in [0, 1).
    optimizer : "sgd" (descent with Nesterov's momentum), "sgd_plain" (with the plain, heavy-ball momentum),
        "adam" or "adamw" (decay apart from the gradient); betas and eps are torch's. Or another name in
        `netsci.train.OPTIMIZERS`.
    momentum : in [0, 1], of the two kinds of sgd; at 0 they are the same, plain descent.
    weight_decay : of weights, not of biases and normalisations; at least 0.
    batch : training samples to a step; the last step of an epoch takes what is left. epochs : at least 1.
    lr : at the start; warmup : epochs in which it rises as a line first; lr_schedule : "constant", "cosine"
        to 0, "steps" (a tenth at 1/2 and at 3/4 of the epochs), "milestones" (times milestone_factor after
        each of these numbers of epochs) or "linear" (to linear_end times lr in the share linear_over of the
        epochs); a name in `netsci.train.LR_SCHEDULES`.
    clip : largest norm of the whole gradient, or None. mixed : bfloat16 where the device is a GPU.
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
            raise ValueError("label_smoothing must lie below 1: else the labels say nothing")
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
        """Raise TypeError or ValueError unless the values of the learning-rate schedule fit."""
        for name in ("milestone_factor", "linear_end", "linear_over"):
            check_fraction(getattr(self, name), name)
        if self.linear_over == 0.0:
            raise ValueError("linear_over must be above 0, a share of the epochs; got 0.0")
        if not isinstance(self.milestones, tuple):
            raise TypeError(f"milestones must be epochs, such as (60, 120, 160); got {self.milestones!r}")
        for milestone in self.milestones:
            check_whole(milestone, 1, "each of milestones")
        if any(later <= earlier for earlier, later in pairwise(self.milestones)):
            raise ValueError(f"milestones must rise, such as (60, 120, 160); got {self.milestones!r}")
        if bool(self.milestones) != (self.lr_schedule == "milestones"):
            raise ValueError(
                "milestones belong to lr_schedule='milestones', which needs them, as (60, 120, 160); got "
                f"milestones {self.milestones!r} and lr_schedule {self.lr_schedule!r}"
            )
