"""Activations of a network: neurons, ReLUs, or what spiking neurons can follow, QCFS, SQCFS and AEC.

Source: S0 eq. 1; S1, S2 (CS-QCFS, AEC).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod

import torch
from torch import Tensor, nn

from netsci.convert.activations import QCFS, SQCFS
from netsci.convert.aec import AEC
from netsci.convert.building import make_program
from netsci.convert.program import Program
from netsci.convert.rewriting import reads_convolution
from netsci.models import ACTIVATIONS
from netsci.spiking import LIF
from netsci.train.activation_options import OPTIONS, QUANTISED, fill_options
from netsci.train.recipe import Recipe

Learnt = QCFS | SQCFS | AEC


def activation_of(recipe: Recipe) -> Callable[[], nn.Module]:
    """Return the function that makes one activation of the network: a neuron, or the recipe's `activation`.

    Thresholds start later, see `netsci.train.thresholds`.

    Examples
    --------
    >>> activation_of(Recipe().replace(spiking=False))()
    ReLU()
    >>> quantised = Recipe().replace(spiking=False, activation="qcfs", activation_options=(("levels", 4),))
    >>> activation_of(quantised)()
    QCFS(levels=4, theta=1)
    """
    if recipe.net.spiking:
        return partial(neuron, recipe)
    name, options = recipe.net.activation, dict(recipe.net.activation_options)
    if name in OPTIONS:
        options = fill_options(name, options)
    if name in QUANTISED:  # a statistic is found when the network is there
        options["theta"] = 1.0 if isinstance(options["theta"], str) else float(options["theta"])
    make: Callable[[], nn.Module] = partial(ACTIVATIONS[name], **options)
    return make


def neuron(recipe: Recipe) -> LIF:
    """Make one layer of neurons of a recipe.

    Examples
    --------
    >>> neuron(Recipe().replace(threshold=4.0)).threshold
    4.0

    Source: S0 eq. 1.
    """
    net = recipe.net
    return LIF(net.alpha, net.threshold, surrogate=net.surrogate, detach_reset=net.detach_reset)


def find_learnt(model: nn.Module) -> dict[str, Learnt]:
    """Return the activations of a network that learn, by name.

    Examples
    --------
    >>> list(find_learnt(nn.Sequential(nn.Linear(2, 3), QCFS(4), nn.Linear(3, 2))))
    ['1']
    """
    return {name: one for name, one in model.named_modules() if isinstance(one, Learnt)}


def split_channels(model: nn.Module, recipe: Recipe, shape: tuple[int, ...], flat: bool) -> None:
    """Give the activations behind convolutions a threshold for each channel, if the recipe says cs_qcfs.

    shape : of an image [C, H, W]. flat : whether the network takes images as rows. Without values (on
    torch's meta device) nothing changes.

    Raises ValueError if no activation follows a convolution.
    """
    if recipe.net.activation != "cs_qcfs" or any(one.is_meta for one in model.parameters()):
        return
    images = torch.rand(5, *((prod(shape),) if flat else shape), generator=torch.Generator().manual_seed(7))
    program = follow(model, images)
    places = [place for place in program.of_kind("activation") if reads_convolution(program, place)]
    for place in places:
        step = program.steps[place]
        module = model.get_submodule(step.name)
        if isinstance(module, SQCFS) and len(step.sample) >= 3:
            module.lam = module.split_channels(step.sample[-3]).lam
    if not any(one.lam.ndim for one in model.modules() if isinstance(one, SQCFS)):
        raise ValueError(
            f"activation 'cs_qcfs' has a threshold for each channel of a convolution, and {recipe.net.model} "
            "has none here: take 'sqcfs', which is the same for linear layers"
        )


def say_bad_threshold(model: nn.Module) -> str:
    """Return which threshold left its range in training, and what to do; "" if none did.

    Examples
    --------
    >>> net = nn.Sequential(QCFS(4))
    >>> _ = net[0].theta.data.fill_(-1.0)
    >>> say_bad_threshold(net)[:35]
    "the threshold of '0' became -1: tak"
    """
    for path, module in find_learnt(model).items():
        if isinstance(module, AEC):
            low = min(
                float(number.detach()) for number in (module.theta1, module.theta2, module.k1, module.k2)
            )
            what, mend = "a theta or k of", "lower lr"
        else:
            low, what = float(module.theta.detach().min()), "the threshold of"
            mend = (
                "lower lr" if isinstance(module, SQCFS) else "take activation='sqcfs', which stays above 0, "
            )
            mend += "" if isinstance(module, SQCFS) else "lower lr, or let theta start higher"
        if not low > 0:
            return f"{what} {path!r} became {low:.4g}: {mend}"
    return ""


def follow(model: nn.Module, images: Tensor) -> Program:
    """Return the program of a network in evaluation mode, and put its mode back.

    Examples
    --------
    >>> len(follow(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), torch.ones(5, 2)).of_kind("activation"))
    1
    """
    modes = {one: one.training for one in model.modules()}
    try:
        return make_program(model.eval(), images)
    finally:
        for one, mode in modes.items():
            one.training = mode
