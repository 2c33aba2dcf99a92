"""The parts of a recipe: the task, the network and its optimisation, and where its topology stands."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from netsci.choices import ACTIVATIONS, ARCHITECTURES, READOUTS, SURROGATES
from netsci.data.augment import AUGMENTATIONS
from netsci.graph.checks import check_choice, check_fraction, check_number
from netsci.topology import WEIGHTS
from netsci.train.activation_options import check_options
from netsci.train.checks import check_flag, check_pairs, check_whole
from netsci.train.choices import ENCODINGS, LEARNERS, LOSSES, LR_SCHEDULES, OPTIMIZERS
from netsci.train.renamed import read_old_values
from netsci.train.topology import CORRELATED, Topology

__all__ = ["CALIBRATED", "CORRELATED", "Net", "Optimisation", "Task", "Topology"]

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
        "crop_flip" (moved, and half of them mirrored: do not use it for digits), or other names in
        `netsci.data.augment.AUGMENTATIONS`, joined by "+". max_shift : largest move in pixels, in each
        direction.
    normalise : True for pixels minus their mean, over their standard deviation, of each channel of the
        training images. First links and weights are drawn as without it.
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
    normalise: bool = False

    def __post_init__(self) -> None:
        read_old_values(self)
        ENCODINGS.check(self.encoding, "encoding")
        if not isinstance(self.data, str) or not self.data:
            raise TypeError(f"data must be the name of a data set (str); got {self.data!r}")
        check_pairs(self.data_options, "data_options")
        check_flag(self.normalise, "normalise")
        if self.normalise and self.encoding != "direct":
            raise ValueError(
                f"normalise must be False for encoding {self.encoding!r}, which has no negative intensities"
            )
        for name in self.augment.split("+") if isinstance(self.augment, str) else [self.augment]:
            AUGMENTATIONS.check(name, "augment")
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
        `netsci.models.ACTIVATIONS`: "relu", or what spiking neurons can follow: "qcfs" (L levels below a
        threshold that learns), "sqcfs" (the threshold is a softplus: stage 1 of CS-QCFS), "cs_qcfs" (one for
        each channel of a convolution: stage 2), "aec" (a code of two spikes: of a trained network, see
        `start`, only six numbers a layer and normalisations learn). With these and a `start`, links stay.
    activation_options : as pairs (name, value). levels : L (8). theta : what thresholds start at, "p999" (the
        99.9 % quantile of the activations of training images with ReLUs), "max", "twice_mean" (of those
        above 0) or a number; a `start` that has thresholds gives them. Of "aec" window : T (8). start : the
        six numbers, "cifar10", "cifar100" or ((theta1, d1, k1), (theta2, d2, k2)).
    bias : True adds biases where the architecture has none by default (all layers of an mlp, the convolutions
        of conv2fc2). dropout : probability that training leaves out a hidden unit of a sample, in [0, 1).
    weights : how the first weights are drawn: "sswi" (S0 eq. 3), "sswi_calibrated" (sswi, then each layer is
        scaled to the firing rate `weights_rate`), "swi" (variance 2 / mean number of links of a unit) or
        "kaiming" (variance 2 / fan-in, which does not depend on sparsity).
    start : SHA-256 of the content of the network file that the run starts from, 64 hexadecimal digits; "" for
        first links and weights of its own. Give the file to `train(..., network=path)`, which fills it in.
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
    start: str = ""
    activation_options: tuple[tuple[str, Any], ...] = ()

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
        check_pairs(self.activation_options, "activation_options")
        for name in ("detach_reset", "spiking", "bias"):
            check_flag(getattr(self, name), name)
        check_options(self.activation, dict(self.activation_options), spiking=self.spiking)
        if not isinstance(self.start, str) or not re.fullmatch("|[0-9a-f]{64}", self.start):
            raise ValueError(
                "start must be '' or the SHA-256 of a network file's content, 64 digits of 0-9 and a-f, as "
                f"train(..., network=path) fills it in; got {self.start!r}"
            )
        check_fraction(self.dropout, "dropout")
        if self.dropout == 1.0:
            raise ValueError("dropout must lie below 1: at 1 it leaves out every hidden unit")
        if not 0.0 < self.threshold < math.inf:
            raise ValueError(f"threshold must be positive and finite; got {self.threshold!r}")


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
    mixup : alpha of the Beta distribution by which training images and labels of a batch are mixed in pairs;
        0 for none.
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
    mixup: float = 0.0

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
        for name in ("lr", "weight_decay", "mixup"):
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
