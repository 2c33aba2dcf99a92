"""DCGS: a network's steps in differential (or rate) coding, step by step, without training.

A zero pass finds what every wire says of an image of zeros, its bias b. The image comes at t = 1 and zeros
after it, so that the first layer multiplies once. A wire carries b + x_t, and its decoded value is phi_t =
phi_{t-1} + x_t / t. Layers, normalisation and average pools stay as they are; `dcgs_modules` does the rest,
and `dcgs_plan` says where neurons stand. Rate coding shows the image at every step and has no zero pass.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from netsci.convert.dcgs_plan import Action, DcgsOptions, Site, Step, find_sites, plan_actions
from netsci.convert.dcgs_run import DcgsModel, FanOut
from netsci.convert.dcgs_statistics import Moments, add_moments, take_moments, take_quantile
from netsci.convert.dcgs_threshold import solve_threshold
from netsci.convert.value_checks import check_batches, check_values


def convert_steps(
    steps: Sequence[Step],
    calibration: Iterable[Tensor],
    options: DcgsOptions | None = None,
    *,
    fan_out: FanOut | None = None,
) -> DcgsModel:
    """Return the spiking network of a network's steps; the steps run as they are.

    calibration : batches [batch, ...] of training images. fan_out : maps a layer's step and the shape of a
    sample of its input to the existing links that leave each of its units; None counts no operations.

    Raises
    ------
    TypeError, ValueError
        If the steps cannot be converted, or the calibration is empty, not floating or not finite.

    Source: S1 3.2.
    """
    options = DcgsOptions() if options is None else options
    actions = plan_actions(steps)
    sites: list[Site] | None = None
    found: dict[str, Any] = {}
    count = 0
    for batch in check_batches(calibration, "calibration"):
        check_values(batch, "calibration")
        values = _run_ann(actions, batch)
        if sites is None:
            shapes = {place: tuple(getattr(one, "shape", ())) for place, one in values.items()}
            sites = find_sites(actions, shapes, options)
        for site in sites:
            _take(found, site, values[site.place], options)
        count += len(batch)
    if sites is None:
        raise ValueError("calibration must hold at least one batch of training images; got none")
    if not sites:
        where = "no layer" if options.line else "no ReLU"
        raise ValueError(f"the network has {where} before which neurons could stand; see the option neuron")
    like = next(iter(_floats(values)))
    thresholds = {site.name: _find_threshold(found[site.name], count, options, like) for site in sites}
    return DcgsModel(tuple(actions), tuple(sites), thresholds, options, fan_out)


def _floats(values: Mapping[int, Any]) -> Iterable[Tensor]:
    return (one for one in values.values() if isinstance(one, Tensor) and one.is_floating_point())


@torch.no_grad()
def _run_ann(actions: Sequence[Action], batch: Tensor) -> dict[int, Any]:
    values: dict[int, Any] = {}
    for place, action in enumerate(actions):
        values[place] = batch if action.step.kind == "input" else action.run(values, len(batch))
    return values


def _take(found: dict[str, Any], site: Site, value: Tensor, options: DcgsOptions) -> None:
    """Add what one batch says of the neurons of a site."""
    check_values(value, f"the input of {site.name}")
    known = found.get(site.name)
    if options.by_quantile:
        both_signs = "magnitude" if options.iterations is None else "value"
        of = both_signs if site.ahead else "positive"
        one = take_quantile(value, level=options.level, channel_axis=site.channel_axis, of=of)
        found[site.name] = len(value) * one if known is None else known + len(value) * one
    else:
        now = take_moments(value, level=options.level, channel_axis=site.channel_axis)
        found[site.name] = now if known is None else add_moments(known, now)


def _find_threshold(found: Any, count: int, options: DcgsOptions, like: Tensor) -> Tensor:
    scale = options.scale if options.scale is not None else 4.0 if options.line else 1.0
    if isinstance(found, Moments):
        levels = options.steps * 2**options.n
        theta = solve_threshold(
            found.mean.cpu().numpy(),
            found.variance.cpu().numpy(),
            levels=levels,
            iterations=options.iterations,
        )
    else:
        theta = (found / count).cpu().numpy()
    return torch.as_tensor(scale * np.maximum(theta, 0.0), dtype=like.dtype, device=like.device)
