"""Make the batches that a network sees: shuffle, augment and encode a data set, on a device.

Data in memory are moved to the device at once. Data on disk (`netsci.data.Stored`, such as ImageNet) are read
batch by batch, again in every epoch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from netsci.arguments import check_flag, check_instance
from netsci.data import DataSet, Stored, load
from netsci.data.augment import augment
from netsci.models import ARCHITECTURES
from netsci.train.choices import ENCODINGS
from netsci.train.devices import check_device
from netsci.train.intensities import Intensities, channel_moments
from netsci.train.random_keys import (
    AUGMENTATION,
    ENCODING,
    ORDER,
    SPLIT,
    TESTING,
    generator_at,
)
from netsci.train.recipe import Recipe, Task

TEST_BATCH = 500


@dataclass(frozen=True)
class Side:
    """Inputs and labels for training or for testing.

    x : on a device, [n, ...] (flat models: [n, features] or [n, T, features]), or `Stored`, read later.
    y : int64 [n] on a device.
    """

    x: Tensor | Stored
    y: Tensor


class Inputs:
    """The training and test batches of a recipe.

    A batch is [B, ...] for images that the network sees at every step, and [T, B, ...] for spikes and events.
    A network that does not spike sees the images themselves, float32 [B, ...], or the mean of events over
    time. If the recipe sets `validation`, held-out training images replace the test images. A batch of an
    epoch is the same on every machine, but the rate code draws from numpy on a CPU and from torch on a GPU.

    Parameters
    ----------
    recipe : its task says which data to use and how to encode them.
    device : device of the batches, and of data in memory.
    data : a data set to use in place of `netsci.data.load(recipe.task.data)`.

    Raises
    ------
    TypeError, ValueError
        If there are no such data, if encoding, steps or augmentation do not fit them, or if they do not fit
        into the memory of the device.

    Examples
    --------
    >>> inputs = Inputs(Recipe().replace(limit=100, batch=20), "cpu")
    >>> x, y = next(inputs.batches(1))
    >>> x.shape, y.shape, inputs.n_train
    (torch.Size([20, 64]), torch.Size([20]), 100)
    """

    def __init__(
        self, recipe: Recipe, device: str, *, data: DataSet | None = None, download: bool = False
    ) -> None:
        check_instance(recipe, Recipe, "recipe", "a netsci.train.Recipe, such as PRESETS[...]")
        check_flag(download, "download")
        check_device(device)
        task = recipe.task
        if data is None:
            data = load(task.data, download=download, **dict(task.data_options))
        if not isinstance(data, DataSet):
            raise TypeError(
                f"data must be a netsci.data.DataSet, as_data_set(...); got {type(data).__name__}"
            )
        self.recipe, self.device = recipe, device
        self.source, self.checksum = data.source, data.checksum
        data = choose_data(data, task)
        for labels, what, mend in (
            (data.y_train, "training", "give some"),
            (data.y_test, "test", "give some, or set validation to hold out training images"),
        ):
            if not len(labels):
                raise ValueError(f"data {data.name!r} have no {what} images: {mend}")
        x = data.x_train
        self.full = data.full
        self.has_time = len(x.shape) == 5
        if self.has_time != (task.encoding == "events"):
            raise ValueError(
                f"encoding {task.encoding!r} does not fit data {task.data!r}, which "
                + (
                    "has a time axis: set encoding to 'events'"
                    if self.has_time
                    else "has no time axis: set encoding to 'direct' or 'rate'"
                )
            )
        if self.has_time and x.shape[1] != task.steps:
            raise ValueError(
                f"steps must be {x.shape[1]}, the number of time steps of {task.data!r}; got {task.steps}"
            )
        self.shape = tuple(x.shape[2 if self.has_time else 1 :])  # of one image: [C, H, W]
        self.classes = len(data.classes)
        self.flat = bool(getattr(ARCHITECTURES[recipe.net.model], "flat", False))
        if task.augment != "none" and self.has_time:
            raise ValueError(
                f"augment must be 'none' for {task.data!r}, which has a time axis; got {task.augment!r}"
            )
        self._moments: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
        self.train_side = self._side(data.x_train, data.y_train)
        self.test_side = self._side(data.x_test, data.y_test)

    def _side(self, x: NDArray[Any] | Stored, y: NDArray[np.int64]) -> Side:
        labels = torch.from_numpy(y.astype(np.int64)).to(self.device)
        if not isinstance(x, np.ndarray):
            return Side(x, labels)
        try:
            return Side(self._tensor(x).to(self.device), labels)
        except torch.OutOfMemoryError as error:
            raise ValueError(
                f"device {self.device!r} has no memory for {x.nbytes} bytes of data: set limit, or load them "
                "batch by batch (option lazy=True, if the data set has it)"
            ) from error

    def _tensor(self, x: NDArray[Any]) -> Tensor:
        """Return samples as a torch tensor; for flat models each sample is one row of features."""
        images = torch.from_numpy(np.ascontiguousarray(x))
        return images.flatten(2 if self.has_time else 1) if self.flat else images

    def _make(self, x: Stored, rows: slice | NDArray[np.int64]) -> Tensor:
        """Read some rows of stored data."""
        return self._tensor(np.require(x[rows], requirements="W"))  # torch warns of what it may not write to

    @property
    def n_train(self) -> int:
        """Number of training samples."""
        return len(self.train_side.y)

    @property
    def n_test(self) -> int:
        """Number of testing samples."""
        return len(self.test_side.y)

    def intensities(self, limit: int | None = None) -> Intensities:
        """Return the training inputs, or the first `limit`, as [samples, features] in [0, 1].

        >>> x = Inputs(Recipe(), "cpu").intensities(100)
        >>> x.shape, x[:20].shape, float(x[:].max())
        ((100, 64), (20, 64), 1.0)
        """
        return Intensities(self, limit)

    def batches(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the training batches of an epoch, inputs and labels int64 [B]; the last may be smaller."""
        seed, batch = self.recipe.seed, self.recipe.optimisation.batch
        order = generator_at(seed, epoch, 0, ORDER).permutation(self.n_train)
        augment = self.recipe.task.augment != "none"
        for number, first in enumerate(range(0, self.n_train, batch)):
            rng = generator_at(seed, epoch, number, AUGMENTATION) if augment else None
            x, y = self._batch(self.train_side, order[first : first + batch], rng)
            yield self._encode(x, epoch, number, ENCODING), y

    def tests(self, limit: int | None = None, *, batch: int = TEST_BATCH) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the test batches, always the same ones."""
        count = self.n_test if limit is None else min(limit, self.n_test)
        for number, first in enumerate(range(0, count, batch)):
            yield self.encode_test(self.test_side, np.arange(first, min(first + batch, count)), number)

    def encode_test(self, side: Side, rows: NDArray[np.int64], number: int) -> tuple[Tensor, Tensor]:
        """Return some rows of test data, also of other test data of this set, as `tests` yields a batch."""
        x, y = self._batch(side, rows)
        return self._encode(x, 0, number, TESTING), y

    def _batch(
        self, side: Side, rows: NDArray[np.int64], augmentation: np.random.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return samples and labels; for flat models features first, the memory order of sparse layers.

        With a generator, augment the images as the recipe says.
        """
        places = torch.from_numpy(rows).to(self.device)
        if isinstance(side.x, Tensor):
            # Samples lie in one piece: taken as columns they would cost ten times more.
            x = side.x.index_select(0, places)
        else:
            x = self._make(side.x, rows).to(self.device)
        if augmentation is not None:
            task = self.recipe.task
            images = x.reshape(-1, *self.shape)
            x = augment_images(images, task.augment, task.max_shift, rng=augmentation).reshape(x.shape)
        if self.flat:
            x = x.permute(*reversed(range(x.ndim))).contiguous()
        return x, side.y[places]

    def scale(self, x: Tensor) -> Tensor:
        """Return pixels as intensities in [0, 1], float32. Events are counts and do not change."""
        return x.to(torch.float32) if self.has_time else x.to(torch.float32).mul_(1.0 / self.full)

    def normalise(self, x: Tensor) -> Tensor:
        """Return intensities [B, C, H, W] or [C H W, B] minus their mean over their standard deviation.

        Both are of a channel of the training images. A channel without spread is only moved. Without
        `normalise` in the recipe nothing changes.
        """
        if not self.recipe.task.normalise:
            return x
        if self._moments is None:
            self._moments = channel_moments(self.intensities(), self.shape)
        mean, spread = (torch.from_numpy(part).to(x.device) for part in self._moments)
        if not self.flat:
            return (x - mean[:, None, None]) / spread[:, None, None]
        pixels = math.prod(self.shape[1:])
        mean, spread = (part.repeat_interleave(pixels)[:, None] for part in (mean, spread))
        return (x - mean) / spread

    def _encode(self, x: Tensor, epoch: int, number: int, purpose: int) -> Tensor:
        rng = generator_at(self.recipe.seed, epoch, number, purpose)
        found: Tensor = ENCODINGS[self.recipe.task.encoding](self, x, rng)
        if self.flat or self.recipe.net.spiking or found.ndim != 4:
            return found
        # Channels side by side, the memory order in which few channels are convolved fastest: a training step
        # of VGG-16 and ResNet-18 with an eighth of their channels takes .7 of the time.
        return found.contiguous(memory_format=torch.channels_last)


def choose_data(data: DataSet, task: Task) -> DataSet:
    """Return the part of a data set that a task uses. It is the same for every seed.

    Raises ValueError if `validation` is more than the number of training images.

    Examples
    --------
    >>> len(choose_data(load("digits"), Task(limit=50)).y_train)
    50
    """
    if task.validation:
        data = data.split(task.validation, rng=generator_at(0, 0, 0, SPLIT))
    if task.limit is not None or task.test_limit is not None:
        train = min(task.limit or len(data.y_train), len(data.y_train))
        test = min(task.test_limit or len(data.y_test), len(data.y_test))
        data = data.subset(train, test, rng=generator_at(0, 1, 0, SPLIT))
    return data


def augment_images(images: Tensor, name: str, max_shift: int, *, rng: np.random.Generator) -> Tensor:
    """Augment uint8 images [B, C, H, W], see `netsci.data.augment.AUGMENTATIONS`.

    Examples
    --------
    >>> images = torch.ones(2, 3, 8, 8, dtype=torch.uint8)
    >>> augment_images(images, "crop_flip", 4, rng=np.random.default_rng(7)).shape
    torch.Size([2, 3, 8, 8])
    """
    pixels = augment(images.cpu().numpy(), name, rng=rng, max_shift=max_shift)
    return torch.from_numpy(np.ascontiguousarray(pixels)).to(images.device)
