"""How an image becomes input to a spiking network.

Direct: the image itself is the current of every step. Nothing is to be computed here: a model takes x of
shape [batch, ...], applies its first layer once and lets its neurons see the same current at all steps. This
input is *not* spikes; its operations count as multiplications.

Rate: `rate` draws spikes whose probability is the intensity.
"""

import torch
from torch import Tensor

from netsci.arguments import as_count


def rate(x: Tensor, steps: int, *, generator: torch.Generator) -> Tensor:
    """Return Bernoulli spikes [steps, batch, ...]: each is 1 with the probability x, else 0.

    x holds floating intensities in [0, 1]. The spikes have its dtype and its device; the generator must be on
    the same device.

    Raises
    ------
    TypeError, ValueError
        If x is not floating or has values outside [0, 1] (NaN is outside), steps is not a whole number above
        0, or generator is not a torch.Generator or is on another device.

    Examples
    --------
    >>> rate(torch.tensor([[0.0, 1.0]]), 2, generator=torch.Generator()).tolist()
    [[[0.0, 1.0]], [[0.0, 1.0]]]
    """
    if not isinstance(x, Tensor) or not x.is_floating_point():
        raise TypeError("x must be a floating tensor of intensities in [0, 1]; divide whole numbers by 255")
    if not isinstance(generator, torch.Generator):
        raise TypeError(
            "generator must be a torch.Generator, such as torch.Generator(x.device).manual_seed(7); got "
            f"{type(generator).__name__}"
        )
    if generator.device.type != x.device.type:
        raise ValueError(f"generator is on {generator.device} and x on {x.device}; make it on {x.device}")
    steps = as_count(steps, "steps")
    if not bool(((x >= 0) & (x <= 1)).all()):
        raise ValueError("x must hold probabilities in [0, 1]; rescale the intensities")
    # Half precision has so few numbers near 0 that small probabilities would be several times too large.
    fine = torch.promote_types(x.dtype, torch.float32)
    draws = torch.rand((steps, *x.shape), dtype=fine, device=x.device, generator=generator)
    return (draws < x).to(x.dtype)
