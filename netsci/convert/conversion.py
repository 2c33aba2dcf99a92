"""Convert a trained network to a spiking one by any method; its links stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from netsci.arguments import shorten
from netsci.convert.activations import QCFS, SQCFS
from netsci.convert.building import make_program
from netsci.convert.calibration import first_images
from netsci.convert.layers import weights
from netsci.convert.methods import METHODS
from netsci.convert.methods.rate import check_trained
from netsci.convert.program import Program
from netsci.convert.recording import Unconvertible
from netsci.sparse.layer import SparseLayer


def convert(ann: nn.Module, method: str, calibration: Any = None, **options: Any) -> Any:
    """Convert a trained network to a spiking one. The network itself is not changed, nor is any link.

    Parameters
    ----------
    ann : a network of `netsci.models` or any torch module on the CPU, float32, in evaluation mode. Its
        forward may use linear layers and convolutions (sparse or dense), batch normalisation before the
        activation, ReLU, `QCFS` or `SQCFS` as module or function, average pooling, sums, concatenation,
        reshaping and dropout; for dcgs also max pooling, GELU, layer normalisation, softmax and
        scaled-dot-product attention. Embeddings are class tokens and tables of positions that are added;
        none is looked up, for images hold no token numbers. Control flow may depend on shapes, not on values.
    method : "qcfs", "cs_qcfs", "snm", "aec" or "dcgs", or another name in `METHODS`.
    calibration : training images [n, ...], or an iterable of batches of them or of (images, labels). None
        only if the network has trained thresholds and says its input, see below.
    options : those of the method, by name.
        qcfs, cs_qcfs : theta ("p999", "max", "twice_mean" or a number), of ReLUs; levels (None or L); steps
            (T).
        snm : theta (None or a list of arrays); compat (False or True); steps (T).
        aec : window (T, 8), start ("cifar10", "cifar100" or two triples), compat (False or True). It has no
            steps: each neuron says its value once in the window.
        dcgs : n (thresholds of a sign: 4, or 8 for line), neuron ("with_neg" or "positive" in place of
            ReLUs, "line" before layers and products; None takes line where there is GELU, softmax, layer
            normalisation or attention), steps (T of N = T 2^n, 8), theta ("moments" or "p999"), scale,
            level ("layer", "channel" or "neuron"), channel_axis, coding ("differential" or "rate"),
            encode_image (True or False), iterations (None, or 100 as released).

    Returns
    -------
    SpikingModel. Without calibration the shape of the images is that of `ann.input_shape`, or of the linear
    layer that reads the input.

    Raises
    ------
    ValueError
        (`Unconvertible`) With the name and path of what cannot be converted, why, and what to do.
    TypeError
        If ann is no module, an option is not one of the method's, or calibration holds no images.

    Examples
    --------
    >>> ann = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)).eval()
    >>> model = convert(ann, "qcfs", torch.rand(8, 2), steps=4)
    >>> model.simulate(torch.rand(5, 2)).spikes.shape, model.thresholds.layer.tolist()
    ((2, 4), ['1'])

    Source: S1, S2.
    """
    METHODS.check(method, "method")
    chosen = METHODS[method]
    filled = chosen.fill_options(options)
    check_network(ann)
    images = _guess_images(ann) if calibration is None else None
    if images is None:
        images, calibration = first_images(calibration)
    program = _follow(ann, images)
    chosen.check_steps(program)
    model = chosen.build(program, calibration, filled)
    check_masks(program, model.masks, getattr(model, "network", None))
    return model


def check_network(ann: Any) -> None:
    """Raise TypeError or ValueError unless a network can be converted as it is.

    Looked at are its mode, its device, its dtype and the thresholds that it has learned.
    """
    if not isinstance(ann, nn.Module):
        raise TypeError(f"ann must be a torch module; got {shorten(ann)}")
    if any(one.training for one in ann.modules()):
        raise ValueError(
            "ann is in training mode, in which dropout and normalisation differ: call ann.eval() first"
        )
    for name, one in [*ann.named_parameters(), *ann.named_buffers()]:
        if one.device.type != "cpu":
            raise ValueError(
                f"ann must be on the CPU; {name!r} is on {one.device}: convert a copy, ann.cpu()"
            )
        if one.is_floating_point() and one.dtype != torch.float32:
            raise ValueError(f"ann must be float32; {name!r} is {one.dtype}: convert a copy, ann.float()")
    for name, module in ann.named_modules():
        if isinstance(module, (QCFS, SQCFS)):
            check_trained(name, module)
        if hasattr(module, "step") and callable(module.step):
            raise Unconvertible(
                f"{name!r} ({type(module).__name__}) is a neuron over time: ann spikes already; give the "
                "network with ReLU, QCFS or SQCFS"
            )


def check_masks(program: Program, masks: dict[str, sp.csr_array], network: Any) -> None:
    """Raise RuntimeError unless a conversion left every link where it was, and put weights nowhere else."""
    before = {step.name: step.layer for step in program.steps if step.layer is not None}
    if set(before) != set(masks):
        raise RuntimeError(f"the conversion changed the layers from {sorted(before)} to {sorted(masks)}")
    for name, layer in before.items():
        old, new = layer.links, masks[name]
        if old.shape != new.shape or (old != new).nnz:
            raise RuntimeError(f"the conversion changed the links of layer {name!r}")
    for step in () if network is None else network.program.steps:
        if step.layer is None:
            continue
        module = step.layer.module
        if isinstance(module, SparseLayer):
            if module.links.shape != step.layer.links.shape or (module.links != step.layer.links).nnz:
                raise RuntimeError(f"the conversion changed the links of layer {step.name!r}")
            continue
        groups = getattr(module, "groups", 1)
        outside = int(np.count_nonzero(weights(module).numpy())) > step.layer.links.nnz
        if groups == 1:
            dense = weights(module).numpy().reshape(len(module.weight), -1).T
            outside = bool((dense[~step.layer.links.toarray()] != 0).any())
        if outside:
            raise RuntimeError(f"the conversion gave layer {step.name!r} weights where it has no links")


def _follow(ann: nn.Module, images: Tensor) -> Program:
    """Return the program of a network; what its forward raises on these images is a wrong shape."""
    try:
        return make_program(ann, images)
    except Unconvertible:
        raise
    except (RuntimeError, ValueError, IndexError) as error:
        raise ValueError(
            f"calibration must be images as ann takes them; {list(images.shape)} fails: {error}"
        ) from error


def _guess_images(ann: nn.Module) -> Tensor:
    """Return random images where a network says its input's shape; raise ValueError where it does not."""
    shape = getattr(ann, "input_shape", None)
    if isinstance(shape, tuple) and shape:
        return _draw_images(shape)
    first = next(
        (one for one in ann.modules() if hasattr(one, "in_features") or hasattr(one, "in_channels")), None
    )
    if first is None or not hasattr(first, "in_features"):
        raise ValueError(
            "calibration must be training images, some of which show the shape of the input; got None"
        )
    width: Any = first.in_features
    return _draw_images((int(width),))


def _draw_images(shape: tuple[int, ...]) -> Tensor:
    """Return four images on which program and network are compared: on zeros most faults would not show."""
    return torch.rand(4, *shape, generator=torch.Generator().manual_seed(7))
