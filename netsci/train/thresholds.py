"""Start thresholds of activations that spiking neurons can follow, from training images or from a file.

    links and weights, drawn or from a file -> thresholds, from training images or from the file -> training

Thresholds start at a statistic of the activations that the same network has with ReLUs. AEC starts at the
authors' six numbers, scaled to the largest activation; then these and normalisations alone learn.

Source: S1, S2 (CS-QCFS, AEC).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from netsci.convert.activations import SQCFS
from netsci.convert.aec import AEC
from netsci.convert.calibration import measure_thresholds
from netsci.train.activation_options import CODED, QUANTISED, fill_options
from netsci.train.activations import Learnt, find_learnt, follow
from netsci.train.inputs import Inputs
from netsci.train.random_keys import SPLIT, generator_at
from netsci.train.recipe import Recipe

SEEN = 2000  # training images from which thresholds start
OWN = ("theta", "lam", "theta1")  # tensors that networks of other activations lack


class SilentLayerError(ValueError):
    """An activation that no training image makes active, so that its threshold cannot start from them."""


def fit_thresholds(tensors: Mapping[str, Tensor], model: nn.Module, name: str) -> dict[str, Tensor]:
    """Return the tensors of a file with what the activations of a network need.

    theta becomes lambda and lambda theta; that of a layer is spread over channels. Where the file has no
    threshold at all, those of the model stand in, which `start_thresholds` then starts.

    name : of the file, for messages.

    Raises ValueError if thresholds are not above 0, are of some activations only, or are by channel where the
    recipe has one for the layer.
    """
    found, own = dict(tensors), find_learnt(model)
    has = [path for path in own if _read(found, path, own[path])]
    if has and len(has) < len(own):
        lacking = next(path for path in own if path not in has)
        raise ValueError(
            f"network {name!r} has thresholds of {has[0]!r} and none of {lacking!r}: give one that "
            "has all, or a network of ReLUs"
        )
    for path, module in own.items():
        wanted = module.state_dict()
        if path not in has:
            found |= {f"{path}.{key}": value for key, value in wanted.items()}
        elif isinstance(module, AEC):
            _check_code({key: found[f"{path}.{key}"] for key in wanted}, path, name)
        else:
            (key, value), theta = *wanted.items(), _take_theta(found, path, name)
            if theta.ndim and theta.shape != value.shape:
                raise ValueError(
                    f"network {name!r} has {theta.numel()} thresholds in {path!r}, and the recipe "
                    f"{max(value.numel(), 1)}: take activation='cs_qcfs', or give the network of stage 1"
                )
            number = theta if key == "theta" else theta + torch.log(-torch.expm1(-theta))
            found[f"{path}.{key}"] = number.expand(value.shape).clone()
    expected = model.state_dict()
    for path in found:
        if path not in expected and path.rpartition(".")[2] in OWN:
            raise ValueError(
                f"network {name!r} was trained with thresholds, such as {path!r}, which the activation of "
                "the recipe does not have: take the activation of its recipe, or start from the ReLU network"
            )
    return found


def start_thresholds(model: nn.Module, recipe: Recipe, inputs: Inputs, held: Mapping[str, Tensor]) -> None:
    """Start the thresholds of a new network, and let only what should learn do so.

    held : tensors of the file that the run starts from: where it has thresholds, they stay.

    Raises
    ------
    ValueError
        If the network holds no such activation, or another one beside; a layer is never active on training
        images; theta is given and the file has thresholds; or AEC has no trained network to code.
    """
    name, given = recipe.net.activation, dict(recipe.net.activation_options)
    if name not in (*QUANTISED, CODED):
        return
    own = find_learnt(model)
    if not own:
        raise ValueError(
            f"activation {name!r} has no place: the network {recipe.net.model!r} holds no activation; give "
            "it hidden layers, or an architecture whose `build` calls the activation that it gets"
        )
    if name == CODED and not held:
        raise ValueError(
            "activation 'aec' codes what a trained network computes, whose weights do not learn: give that "
            "network (netsci train --network FILE --preset aec)"
        )
    if any(_read(held, path, module) for path, module in own.items()):
        asked = [option for option in ("theta", "start") if option in given]
        if asked:
            raise ValueError(
                f"{asked[0]} of activation_options is what activations start at, and the network that the "
                f"run starts from has trained them: leave it out; got {given[asked[0]]!r}"
            )
    else:
        _measure(model, fill_options(name, given), inputs)
    if name == CODED:
        _freeze_weights(model)


def take_training_images(inputs: Inputs, limit: int) -> Tensor:
    """Return training images as the network takes them, not augmented, float32 on the CPU; always the same.

    Examples
    --------
    >>> recipe = Recipe().replace(spiking=False)
    >>> take_training_images(Inputs(recipe, "cpu"), 50).shape
    torch.Size([50, 64])
    """
    rows = generator_at(0, 2, 0, SPLIT).permutation(inputs.n_train)[:limit]
    x, _ = inputs.encode_test(inputs.train_side, np.sort(rows), 0)
    return x.cpu()


def _measure(model: nn.Module, options: Mapping[str, Any], inputs: Inputs) -> None:
    """Start thresholds at a statistic of the activations that training images have with ReLUs."""
    plain, own = copy.deepcopy(model), find_learnt(model)
    for path in own:
        parent, _, last = path.rpartition(".")
        setattr(plain.get_submodule(parent), last, nn.ReLU())
    theta = options.get("theta", "max")
    images = take_training_images(inputs, SEEN)
    program = follow(plain, images[:5])
    places = {program.steps[place].name: place for place in program.of_kind("activation")}
    if places.keys() != own.keys():
        odd = sorted(places.keys() ^ own.keys())[0]
        raise ValueError(
            f"the network {inputs.recipe.net.model!r} must call each of its activations once, as a module, "
            f"and no other ReLU; {odd!r} does not fit: mend its forward"
        )
    if not isinstance(theta, str):
        return  # a number, which the activations have
    found = measure_thresholds(program, list(places.values()), images, statistic=theta)
    for path, place in places.items():
        value = found[place].values.reshape(())
        if not float(value) > 0:
            raise SilentLayerError(
                f"{path!r} is not active on {len(images)} training images, so theta={theta!r} would be 0: "
                "take theta='max' or a number, or a network that is trained"
            )
        _set_threshold(own[path], value)


@torch.no_grad()
def _set_threshold(module: Learnt, theta: Tensor) -> None:
    if isinstance(module, AEC):
        module.fit_scale(theta.reshape(1))
    elif isinstance(module, SQCFS):
        module.lam.copy_((theta + torch.log(-torch.expm1(-theta))).expand_as(module.lam))
    else:
        module.theta.copy_(theta)


def _freeze_weights(model: nn.Module) -> None:
    """Let only codes and batch normalisations learn."""
    kinds = (AEC, nn.modules.batchnorm._BatchNorm)
    free = {p for one in model.modules() if isinstance(one, kinds) for p in one.parameters()}
    for parameter in model.parameters():
        parameter.requires_grad_(parameter in free)


def _read(tensors: Mapping[str, Tensor], path: str, module: Learnt) -> bool:
    """Return whether a file has the threshold, or the code, of an activation."""
    names = ("theta1",) if isinstance(module, AEC) else ("theta", "lam")
    return any(f"{path}.{name}" in tensors for name in names)


def _take_theta(tensors: dict[str, Tensor], path: str, name: str) -> Tensor:
    """Remove theta or lambda from the tensors of a file; return theta."""
    lam, theta = (tensors.pop(f"{path}.{key}", None) for key in ("lam", "theta"))
    found = softplus(lam.float()) if lam is not None else theta
    if found is None:
        raise ValueError(f"network {name!r} has no threshold of {path!r}")
    if not bool((found > 0).all()):
        raise ValueError(
            f"network {name!r} must have thresholds above 0; that of {path!r} is {float(found.min()):.4g}: "
            "train it again with activation='sqcfs', whose threshold stays above 0, or start from ReLUs"
        )
    return found.float()


def _check_code(code: Mapping[str, Tensor], path: str, name: str) -> None:
    bad = [key for key in ("theta1", "k1", "theta2", "k2", "scale") if not bool((code[key] > 0).all())]
    if bad:
        raise ValueError(
            f"network {name!r} must have codes with theta, k and scale above 0; {bad[0]} of {path!r} is "
            f"{float(code[bad[0]]):.4g}: train it again at a lower lr, or start from ReLUs"
        )
