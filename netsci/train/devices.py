"""Check that torch can use a device before anything is computed."""

from __future__ import annotations

import torch

from netsci.arguments import check_instance


def check_device(device: str) -> None:
    """Raise TypeError or ValueError, with the reason, unless torch can use a device.

    Examples
    --------
    >>> check_device("cpu")
    """
    check_instance(device, (str, torch.device), "device", "the name of a device of torch, such as cpu")
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        why = str(error).splitlines()[0]
        raise ValueError(
            f"device must be one that torch has here, such as cpu; got {device!r} ({why})"
        ) from error
