"""Make a data set of the pooled features of a trained network with convolutions."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from netsci.arguments import check_instance, check_path
from netsci.data import DataSet, load
from netsci.data.features import ARRAYS, TEXTS, checksum_of
from netsci.graph.checks import as_whole
from netsci.io.files import write_atomically
from netsci.models.conv_net import ConvNet
from netsci.train.build import build
from netsci.train.checkpoint import load_checkpoint
from netsci.train.devices import check_device
from netsci.train.folder import CHECKPOINT, find_checkpoint
from netsci.train.inputs import Inputs
from netsci.train.recipe import Recipe
from netsci.train.start_network import find_start


@torch.no_grad()
def pooled_features(model: nn.Module, data: DataSet, *, batch: int = 100, device: str = "cpu") -> DataSet:
    """Return the rates of a network's last feature maps as images [n, channels, 1, 1] of a new data set.

    A rate is the mean, over time and places of a map, of the spikes that the classifier receives. Each
    feature is stored as uint8: its smallest rate on the training images becomes 0 and its largest 255, since
    rates differ little between images. A feature that never changes is 0. The model ends in evaluation mode;
    its weights do not change.

    Parameters
    ----------
    model : a network with convolutions and a classifier, such as `netsci.models.conv6fc2(...)`, trained.
    data : images [n, C, H, W] or events [n, T, C, H, W] as the model reads them.
    batch : images at a time.
    device : where the model is.

    Raises
    ------
    TypeError, ValueError
        If the model has no convolutions, the images do not fit it, or all features are constant.

    Examples
    --------
    >>> from netsci.data import load
    >>> from netsci.models import conv2fc2
    >>> digits = load("digits").subset(30, 20, rng=np.random.default_rng(0))
    >>> features = pooled_features(conv2fc2((1, 8, 8), 10, padding=1, steps=2), digits)
    >>> features.shape, len(features.y_train), int(features.x_train.max())
    ((40, 1, 1), 30, 255)

    Source: S0 appendix A.5, which speaks of 512 inputs of CIFAR-10 and does not say what they are.
    Reading: the rates of 6Conv2FC's 512 last maps, averaged over time and places, each over its range.
    """
    if not isinstance(model, ConvNet):
        raise TypeError(f"model must be a network with convolutions (conv6fc2); got {type(model).__name__}")
    check_instance(data, DataSet, "data", "a netsci.data.DataSet")
    check_device(device)
    if as_whole(batch, "batch") < 1:
        raise ValueError(f"batch must be at least 1; got {batch}")
    model.eval()
    train_rates, test_rates = (_rates(model, data, x, batch, device) for x in (data.x_train, data.x_test))
    if not len(train_rates):
        raise ValueError("data must hold training images: they set the scale of the features")
    least, most = train_rates.min(axis=0), train_rates.max(axis=0)
    if not (most > least).any():
        raise ValueError("no unit of the last feature maps changes between images: train the network first")
    x_train, x_test = (_as_images(rates, least, most) for rates in (train_rates, test_rates))
    return DataSet(
        name=f"{data.name}-features",
        x_train=x_train,
        y_train=data.y_train,
        x_test=x_test,
        y_test=data.y_test,
        classes=data.classes,
        source=f"{x_train.shape[1]} pooled features of a trained network on {data.source}",
        checksum=checksum_of(x_train, data.y_train, x_test, data.y_test),
    )


def features_of_run(folder: str | Path, *, device: str = "cpu") -> DataSet:
    """Return the pooled features (see `pooled_features`) of a finished run's network, on all of its data.

    folder : the folder that `train` or `netsci train` wrote. device : "cpu", "cuda" or another of torch.

    Raises
    ------
    TypeError, ValueError
        If the folder holds no finished run of a network with convolutions, or the images were rate-coded.
    """
    check_path(folder, "folder")
    place = Path(folder)
    try:
        if not (place / CHECKPOINT).exists():
            raise FileNotFoundError(f"{CHECKPOINT} is missing")
        recipe = Recipe.of(load_checkpoint(place / CHECKPOINT).recipe)  # which has a checksum
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(
            f"folder must hold a run of `netsci train`; {str(place)!r} does not ({error})"
        ) from error
    if recipe.task.encoding == "rate":
        raise ValueError(
            "encoding of the run must be 'direct' or 'events': with 'rate' the input spikes, and so the "
            "features, are random"
        )
    data = load(recipe.task.data, **dict(recipe.task.data_options))
    inputs = Inputs(recipe, "cpu", data=data)
    checkpoint = find_checkpoint(place, recipe, inputs.checksum)
    if checkpoint is None or checkpoint.epoch < recipe.optimisation.epochs:
        done = checkpoint.epoch if checkpoint else 0
        raise ValueError(
            f"{place} holds {done} of {recipe.optimisation.epochs} epochs: finish its training first "
            "(give the same `netsci train` command again)"
        )
    check_device(device)
    model = build(recipe, inputs, find_start(recipe, None, place))
    model.load_state_dict(checkpoint.model)
    return pooled_features(model.to(device), data, device=device)


def save_features(path: str | Path, data: DataSet) -> None:
    """Write features as an .npz file for `netsci.data.load("cifar10-features")`, atomically.

    Raises OSError if the file cannot be written.
    """
    buffer = io.BytesIO()
    arrays = {name: np.asarray(getattr(data, name)) for name in (*ARRAYS, *TEXTS)}
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    write_atomically(Path(path), buffer.getvalue())


def _rates(model: ConvNet, data: DataSet, x: Any, batch: int, device: str) -> NDArray[np.float32]:
    """Return the mean spikes [n, channels] of the last feature maps."""
    channels = model.feature_shape[0]
    rows = []
    for start in range(0, len(x), batch):
        block = np.asarray(x[start : start + batch])
        events = block.ndim == 5
        images = torch.from_numpy(block.astype(np.float32) if events else data.scale(block)).to(device)
        spikes = model.features(images.transpose(0, 1) if events else images)  # [T, batch, C H W]
        maps = spikes.reshape(*spikes.shape[:2], channels, -1).float()
        rows.append(maps.mean(dim=(0, 3)).cpu().numpy())
    return np.concatenate(rows) if rows else np.zeros((0, channels), np.float32)


def _as_images(
    rates: NDArray[np.float32], least: NDArray[np.float32], most: NDArray[np.float32]
) -> NDArray[np.uint8]:
    span = np.where(most > least, most - least, np.float32(np.inf))
    levels: NDArray[np.uint8] = np.rint(255.0 * np.clip((rates - least) / span, 0.0, 1.0)).astype(np.uint8)
    return levels[:, :, None, None]
