"""A converted network: it runs over time, and knows its thresholds, its links and what it was made of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from netsci.arguments import as_count, check_choice, read_array, shorten
from netsci.convert.answers import Answers, split_classes
from netsci.convert.counting import Counter
from netsci.convert.devices import exact_products, move_network
from netsci.measure import StepTrace

if TYPE_CHECKING:
    import pandas as pd

MOST_STEPS = 100_000
DEVICES = ("cpu", "cuda")
CHECKED = 256  # images that are looked at together for NaN
OUTPUT = "output"  # the neurons that a conversion adds behind the last layer


@dataclass(frozen=True, eq=False)
class SpikingModel:
    """A spiking network made of an ANN by `netsci.convert.convert`.

    method : the name of the conversion. steps : the number of time steps that it is meant for; 1 of aec,
    whose T is a window and not a number of steps.
    network : the program and its neurons. activations : the ANN's activation at each population, by its
    place in the program. thresholds : table with columns layer, per, unit, statistic, threshold, status.
    notes : what a reader must know, such as that thresholds come from calibration and nothing was trained.
    options : those of the method; "given" stands for arrays, which the thresholds hold.

    Images are shown at every step (direct encoding); dcgs shows them at the first alone, and aec has one. The
    answer after T steps is the class with the largest sum of the output over T steps, the lowest of equal
    ones.

    Source: S1, S2.
    """

    method: str
    steps: int
    network: Any
    activations: Mapping[int, nn.Module]
    thresholds: pd.DataFrame
    notes: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def masks(self) -> dict[str, sp.csr_array]:
        """The links of each layer, bool CSR [presynaptic, postsynaptic]: those of the ANN."""
        program = self.network.program
        found = {}
        for place in program.of_kind("layer"):
            step = program.steps[place]
            if step.layer is not None:
                found[step.name] = step.layer.links.copy()
        return found

    def to_ann(self) -> nn.Module:
        """Return the ANN that this network follows, normalisations folded, as a module without time.

        Its activations are QCFS with the thresholds of the neurons, or ReLU where a conversion has no levels;
        behind the last layer there is none, even where output neurons spike.
        It shares no memory with this network, and its layers have the same links.
        """
        from netsci.convert.straight import StraightNet

        program = self.network.program
        added = {p: nn.Identity() for p in self.activations if program.steps[p].name == OUTPUT}
        return StraightNet(program, {**self.activations, **added})

    def simulate(self, x: Any, steps: int | None = None, labels: Any = None, *, on: str = "cpu") -> StepTrace:
        """Run the network on images and count everything that it does, for all T = 1..steps at once.

        x : images [n, ...] as the ANN takes them, an array or a tensor. steps : T; None for `steps`.
        labels : classes [n], for the right answers. on : "cpu" or "cuda".

        Raises
        ------
        TypeError, ValueError
            If the images are not those of the network or hold NaN, or labels or steps do not fit.
        """
        steps, images = self._check(x, steps, on)
        classes = _check_labels(labels, len(images), self._n_classes)
        counter = Counter(self.network, steps)
        place = 0
        with exact_products():
            network = self._network_on(on)
            for part in self._parts(images):
                own = None if classes is None else classes[place : place + len(part)]
                counter.answers.see(network.stream(part.to(on), steps, counter.see), own)
                place += len(part)
        return counter.trace(with_labels=classes is not None)

    def predict(self, x: Any, steps: int | None = None, *, on: str = "cpu") -> NDArray[np.int64]:
        """Return the answer after each step, int64 [T, images]; arguments and errors as in `simulate`."""
        steps, images = self._check(x, steps, on)
        with exact_products():
            network = self._network_on(on)
            found = [Answers(steps).see(network.stream(p.to(on), steps)) for p in self._parts(images)]
        return np.concatenate(found, axis=1)

    def currents(self, x: Any, steps: int | None = None, *, on: str = "cpu") -> NDArray[np.float32]:
        """Return the output at each step, float32 [T, images, classes].

        It is the current of the last layer, threshold times spike where output neurons fire (snm), or what
        the last wire says at a step, o_t = phi_(t-1) + s_t (dcgs). The mean over T stands for the class
        scores. Arguments and errors as in `simulate`.
        """
        steps, images = self._check(x, steps, on)
        found = []
        with exact_products():
            network = self._network_on(on)
            for part in self._parts(images):
                windows = [split_classes(one).cpu() for one in network.stream(part.to(on), steps)]
                found.append(torch.cat(windows))
        return np.asarray(torch.cat(found, dim=1), dtype=np.float32)

    def classify(self, x: Any, steps: int | None = None, *, on: str = "cpu") -> NDArray[np.int64]:
        """Return the answer after all T steps, int64 [images]: what `predict` says last, in less time.

        Scores are those of `predict` up to rounding. Arguments and errors as in `simulate`.
        """
        from netsci.convert.last import mean_output
        from netsci.convert.stream import Network

        if not isinstance(self.network, Network):  # not linear in spikes behind the last neurons
            last: NDArray[np.int64] = self.predict(x, steps, on=on)[-1]
            return last
        steps, images = self._check(x, steps, on)
        with exact_products() if on == "cuda" else nullcontext():
            network = self._network_on(on)
            found = [mean_output(network, part.to(on), steps).flatten(1) for part in self._parts(images)]
        answers: NDArray[np.int64] = torch.cat(found).float().cpu().numpy().argmax(1).astype(np.int64)
        return answers

    def diagnose(self, x: Any, steps: int | None = None) -> pd.DataFrame:
        """Return where the network departs from its ANN, the worst layer first; see `diagnose_layers`.

        Arguments and errors as in `simulate`.
        """
        from netsci.convert.diagnosis import diagnose_layers

        steps, images = self._check(x, steps, "cpu")
        return diagnose_layers(self.network, self.activations, self._parts(images), steps)

    def live_units(self) -> dict[str, int]:
        """Return how many neurons of each population lie on a path from the input to the output.

        The others are percolated: no link leads to them from the input, or from them to the output.
        `netsci.measure.rate_table(trace, live_units=...)` takes it, for a MASFR without them.

        Examples
        --------
        >>> from netsci.convert import convert
        >>> from netsci.sparse import SparseLinear
        >>> net = nn.Sequential(SparseLinear([[1, 1, 0]]), nn.ReLU(), SparseLinear([[1], [0], [1]])).eval()
        >>> convert(net, "qcfs", torch.rand(8, 1), theta=1.0).live_units()
        {'1': 1}
        """
        from netsci.convert.percolated import find_live

        return {name: int(live.sum()) for name, live in find_live(self.network).items()}

    def _network_on(self, on: str) -> Any:
        return self.network if on == "cpu" else move_network(self.network, on)

    @property
    def _n_classes(self) -> int:
        last = self.network.program.steps[-1]
        return int(math.prod(last.sample) * last.places)

    def _parts(self, images: Tensor) -> Iterator[Tensor]:
        """Yield the images, float32, in parts that run together."""
        for part in _split(images, self.network.images_at_once):
            yield part.to("cpu", torch.float32)

    def _check(self, x: Any, steps: int | None, on: str) -> tuple[int, Tensor]:
        """Return steps and images; raise where they cannot run."""
        found = self._count_steps(steps)
        check_choice(on, DEVICES, "on")
        if on == "cuda" and not torch.cuda.is_available():
            raise ValueError("on must be 'cpu' here: torch finds no CUDA device")
        return found, read_images(x, self.network.program.shape)

    def _count_steps(self, steps: int | None) -> int:
        """Return T; raise where it is none, or the network has a window in its place."""
        window = getattr(self.network, "window", None)
        if window is not None and steps is not None:
            raise ValueError(
                f"steps must be left out: T of {self.method} is a window, in which each neuron says its "
                f"value once, and at an earlier T it would be another code; got {steps!r}. Convert with "
                f"another window to see another T (here window={window})"
            )
        return self.steps if steps is None else as_count(steps, "steps", 1, MOST_STEPS)


def check_images(x: Any, shape: tuple[int, ...]) -> Tensor:
    """Return images float32 [n, ...] on the CPU.

    Raises TypeError or ValueError if they are no numbers of this shape, none at all, or hold NaN.

    Examples
    --------
    >>> check_images([[1, 2]], (2,)).dtype
    torch.float32
    """
    return read_images(x, shape).to("cpu", torch.float32)


def read_images(x: Any, shape: tuple[int, ...]) -> Tensor:
    """Do what `check_images` does, and leave the images in their own dtype, so that no copy is made of all.

    Examples
    --------
    >>> read_images([[1, 2]], (2,)).dtype
    torch.int64
    """
    images = x if isinstance(x, Tensor) else torch.from_numpy(_numbers(x))
    if images.is_complex():
        raise TypeError(f"x must hold real numbers; its dtype is {images.dtype}")
    wanted = f"[n, {', '.join(map(str, shape))}]"
    if images.ndim != len(shape) + 1 or tuple(images.shape[1:]) != shape:
        raise ValueError(
            f"x must be {wanted}, images as the ANN takes them; its shape is {list(images.shape)}"
        )
    if not len(images):
        raise ValueError(f"x must hold at least one image; its shape is {list(images.shape)}")
    images = images.detach()
    if not all(_is_finite(part.to(torch.float32)) for part in _split(images, CHECKED)):
        raise ValueError("x holds NaN or infinite values: leave these images out, or mend them")
    return images


def _split(images: Tensor, most: int) -> Sequence[Tensor]:
    """Return images in parts of at most so many; all together where they are few, which takes less time."""
    return (images,) if len(images) <= most else torch.split(images, most)


def _is_finite(part: Tensor) -> bool:
    """Return whether all numbers are finite; a finite sum says it in one pass, another may have overflown."""
    return math.isfinite(float(part.sum())) or bool(torch.isfinite(part).all())


def _numbers(x: Any) -> NDArray[Any]:
    array = read_array(x, "x")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"x must hold real numbers [n, ...]; got {shorten(x)}")
    return np.ascontiguousarray(array)


def _check_labels(labels: Any, n: int, classes: int) -> NDArray[np.int64] | None:
    """Return labels int64 [n], None without; classes : how many the network has."""
    if labels is None:
        return None
    found = read_array(labels.detach().cpu() if isinstance(labels, Tensor) else labels, "labels")
    if found.dtype.kind not in "iu":
        raise TypeError(
            f"labels must be whole numbers, the class of each image; their dtype is {found.dtype}"
        )
    if found.shape != (n,):
        raise ValueError(f"labels must be [{n}], one for each image of x; their shape is {list(found.shape)}")
    if n and (found < 0).any():
        raise ValueError(f"labels must be classes, whole numbers from 0; the smallest is {found.min()}")
    if n and (found >= classes).any():
        raise ValueError(
            f"labels must be classes of the network, 0 to {classes - 1}; the largest is {found.max()}"
        )
    return found.astype(np.int64)
